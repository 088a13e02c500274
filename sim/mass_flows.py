"""Where the mass of a replica goes: from rock and Earth through machines to robots and waste.

A material that several processes give and several take is shared out in proportion. Processes of a
machine are one node, unless mass passes through the machine at far-apart stages (a mill crushes
rock, later it separates calcine), which would draw the main stream as a loop.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from .activity import KWH_KJ, amounts_kg
from .industry import Industry

ROCK, EARTH, ROBOTS, SURPLUS, WASTE = "Rock", "Earth", "Robots", "Surplus", "Waste"
"""Ends of the flows; machines have names in small letters."""
OTHERS = "other machines"
_ENDS = (ROCK, EARTH, ROBOTS, SURPLUS, WASTE)
_MOST_MACHINES = 20
_WORTH_A_CUT = 0.03
"""Share of the mass that must no longer flow backwards to show a machine as two nodes."""


class Flow(NamedTuple):
    """Mass from one node to another."""

    source: str
    target: str
    kg: float


class Plan(NamedTuple):
    """Runs of processes, imports and bill of a replica."""

    runs: Mapping[str, float]
    imports_kg: Mapping[str, float]
    bill_kg: Mapping[str, float]


Edges = dict[tuple[str, str], float]


def flows_of(
    industry: Industry, plan: Plan
) -> tuple[tuple[Flow, ...], dict[str, tuple[float, float]]]:
    """Return flows between nodes, and electricity and heat at each node.

    Returns
    -------
    flows : tuple of Flow
        From the rock on. At every node but the ends, mass in is mass out.
    energy_kWh : dict
        Node -> (electric, heat).
    """
    edges = _between_processes(industry, plan)
    clusters = _clusters(industry, plan, edges)
    name_of = {p: name for name, group in clusters.items() for p in group}
    joined = _joined(edges, name_of)
    order = depths(joined)
    flows = [Flow(a, b, kg) for (a, b), kg in joined.items()]
    flows.sort(key=lambda f: (order.get(f.source, 0.0), -f.kg))
    energy_kWh: dict[str, tuple[float, float]] = {}
    for process, runs in plan.runs.items():
        p, node = industry.processes[process], name_of[process]
        electric, heat = energy_kWh.get(node, (0.0, 0.0))
        electric += runs * (p.energy_kJ - p.heat_kJ) / KWH_KJ
        energy_kWh[node] = (electric, heat + runs * p.heat_kJ / KWH_KJ)
    return tuple(flows), energy_kWh


def depths(edges: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Return the mean number of steps that the mass in each node has behind it.

    A node's depth is 1 more than the mean of its sources', weighed by mass; rock and Earth have 0.
    That is a linear system, so loops do no harm: h = 1 + W h, W the shares of the sources.
    """
    nodes = sorted({node for edge in edges for node in edge} - {ROCK, EARTH})
    place = {name: i for i, name in enumerate(nodes)}
    shares = np.zeros((len(nodes), len(nodes)))
    into = np.zeros(len(nodes))
    for (source, target), kg in edges.items():
        into[place[target]] += kg
        if source in place:
            shares[place[target], place[source]] += kg
    shares /= into[:, None]
    # a loop of its own, which no rock enters, has no depth: a trace of rock gives it a large one
    steps = np.linalg.solve(np.eye(len(nodes)) - (1 - 1e-9) * shares, np.ones(len(nodes)))
    return dict(zip(nodes, steps.tolist(), strict=True)) | {ROCK: 0.0, EARTH: 0.0}


def _between_processes(industry: Industry, plan: Plan) -> Edges:
    """Return kilograms between processes and ends, self-loops left out."""
    rock = industry.reserve().name
    makers: dict[str, list[tuple[str, float]]] = {}
    takers: dict[str, list[tuple[str, float]]] = {}
    for process, runs in plan.runs.items():
        p = industry.processes[process]
        for sides, amounts in ((makers, p.outputs), (takers, p.inputs)):
            for name, kg in amounts_kg(industry, amounts).items():
                sides.setdefault(name, []).append((process, runs * kg))
    for name, kg in plan.imports_kg.items():
        makers.setdefault(name, []).append((EARTH, kg))
    for name, kg in plan.bill_kg.items():
        takers.setdefault(name, []).append((ROBOTS, kg))
    edges: Edges = {}
    for name in sorted({*makers, *takers}):
        taken_kg = sum(kg for _, kg in takers.get(name, ()))
        if name == rock:
            makers.setdefault(name, []).append((ROCK, taken_kg))
        made_kg = sum(kg for _, kg in makers[name])
        left_kg = made_kg - taken_kg
        ends = list(takers.get(name, ()))
        if left_kg > 1e-9 * made_kg:
            wanted = industry.materials[name].kind in ("feedstock", "part", "vitamin")
            ends.append((SURPLUS if wanted else WASTE, left_kg))
        all_kg = sum(kg for _, kg in ends)
        for source, given in makers[name]:
            for target, kg in ends:
                if source != target:
                    edge = source, target
                    edges[edge] = edges.get(edge, 0.0) + given * kg / all_kg
    return edges


def _joined(edges: Mapping[tuple[str, str], float], name_of: Mapping[str, str]) -> Edges:
    joined: Edges = {}
    for (a, b), kg in edges.items():
        source, target = name_of.get(a, a), name_of.get(b, b)
        if source != target:
            joined[source, target] = joined.get((source, target), 0.0) + kg
    return joined


def _clusters(industry: Industry, plan: Plan, edges: Edges) -> dict[str, list[str]]:
    """Return node -> processes, at most `_MOST_MACHINES` nodes."""
    depth = depths(edges)
    through = _through(edges)
    groups: list[list[str]] = []
    for machine in industry.species:
        mine = [p for p in plan.runs if industry.processes[p].machine == machine]
        if mine:
            groups.append(sorted(mine, key=lambda p: depth[p]))
    worth_kg = _WORTH_A_CUT * sum(kg for (a, _), kg in edges.items() if a in (ROCK, EARTH))
    back_kg = _backwards(edges, groups)
    while True:
        cuts = [
            [*groups[:i], groups[i][:j], groups[i][j:], *groups[i + 1 :]]
            for i in range(len(groups))
            for j in range(1, len(groups[i]))
            if min(_sum(through, groups[i][:j]), _sum(through, groups[i][j:])) > worth_kg
        ]
        best = min(cuts, key=lambda cut: _backwards(edges, cut), default=groups)
        if _backwards(edges, best) > back_kg - worth_kg:
            break
        groups, back_kg = best, _backwards(edges, best)
    groups = _in_series(edges, groups)
    groups.sort(key=lambda group: -_sum(through, group))
    shown, rest = groups[:_MOST_MACHINES], groups[_MOST_MACHINES:]
    names = _names(industry, shown, through)
    clusters = dict(zip(names, shown, strict=True))
    if rest:
        clusters[OTHERS] = [p for group in rest for p in group]
    return clusters


def _through(edges: Edges) -> dict[str, float]:
    through: dict[str, float] = {}
    for (source, _), kg in edges.items():
        through[source] = through.get(source, 0.0) + kg
    return through


def _sum(through: Mapping[str, float], group: Iterable[str]) -> float:
    return sum(through.get(p, 0.0) for p in group)


def _backwards(edges: Edges, groups: list[list[str]]) -> float:
    """Return kilograms that flow back against the depth of nodes."""
    name_of = {p: group[0] for group in groups for p in group}
    joined = _joined(edges, name_of)
    depth = depths(joined)
    return sum(kg for (a, b), kg in joined.items() if depth[a] >= depth[b])


def _in_series(edges: Edges, groups: list[list[str]]) -> list[list[str]]:
    """Join machines that pass all they get on to the next one only: dig, haul."""
    groups = list(groups)
    while True:
        name_of = {p: group[0] for group in groups for p in group}
        joined = _joined(edges, name_of)
        targets: dict[str, list[str]] = {}
        sources: dict[str, list[str]] = {}
        for a, b in joined:
            targets.setdefault(a, []).append(b)
            sources.setdefault(b, []).append(a)
        pair = next(
            (
                (a, b)
                for a, b in joined
                if not {a, b} & set(_ENDS)
                and targets[a] == [b]
                and sources[b] == [a]
                and len(targets[b]) == 1
            ),
            None,
        )
        if pair is None:
            return groups
        first, second = (next(g for g in groups if g[0] == name) for name in pair)
        groups = [g for g in groups if g[0] not in pair]
        groups.append([*first, *second])


def _names(industry: Industry, groups: list[list[str]], through: Mapping[str, float]) -> list[str]:
    """Name nodes by their machines; where two would be called the same, add the main process."""
    machines = [
        ", ".join(dict.fromkeys(industry.processes[p].machine for p in group)) for group in groups
    ]
    return [
        name
        if machines.count(name) == 1
        else f"{name}: {max(group, key=lambda p: through.get(p, 0.0))}"
        for name, group in zip(machines, groups, strict=True)
    ]
