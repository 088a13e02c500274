"""Where the mass of a replica goes, as pictures: between machines, or process by process."""

from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from auxon.sim.activity import able, amounts_kg, copy
from auxon.sim.industry import Industry
from auxon.sim.lost import makes_new
from auxon.sim.mass_flows import EARTH, ROBOTS, ROCK, SURPLUS, WASTE, Flow, depths

from . import charts

MOST_FLOWS = 60
"""More ribbons cannot be told apart."""
_LEAST = 1e-9
"""Kilograms per kilogram, below which a flow is rounding."""
_ENDS = {ROCK: "#8C6D46", EARTH: "#CC79A7", ROBOTS: "#0072B2", WASTE: "#999999", SURPLUS: "#56B4E9"}
_PROCESS, _MATERIAL = "#E69F00", "#009E73"
_BETWEEN = "#8C6D46"
_GEAR = "⚙ "

__all__ = ["MOST_FLOWS", "Flow", "between_processes", "loops", "picture", "words"]


def between_processes(
    industry: Industry, imported: Collection[str], replica: Mapping[str, int]
) -> tuple[Flow, ...]:
    """Return kilograms from materials to processes and back, for a kilogram of replica.

    The runs are those of `auxon.sim.closure.closure`: the least mass from Earth, then the least
    energy. Processes have a gear before their names, as some are called like what they make.

    Parameters
    ----------
    imported : collection of str
        Materials that may come from Earth, beside those of kind vitamin.
    replica : Mapping[str, int]
        Robots by species.
    """
    bill: dict[str, float] = {}
    for name, n in replica.items():
        for part, kg in amounts_kg(industry, industry.species[name].bill).items():
            bill[part] = bill.get(part, 0.0) + n * kg
    rock = industry.reserve().name
    foreign = {m.name for m in industry.materials.values() if m.kind == "vitamin"} | set(imported)
    at_hand = [
        p.name
        for p in industry.processes.values()
        if makes_new(industry, p) and p.machine in industry.species
    ]
    makable = able(industry, at_hand, {rock, *foreign}).materials
    made = copy(industry, at_hand, foreign | (set(industry.materials) - makable - {rock}), bill)
    edges: dict[tuple[str, str], float] = {}
    left = dict.fromkeys(industry.materials, 0.0)
    for name, runs in made.runs.items():
        process = industry.processes[name]
        for material, kg in amounts_kg(industry, process.inputs).items():
            edges[ROCK if material == rock else material, _called(name)] = runs * kg
            left[material] -= runs * kg
        for material, kg in amounts_kg(industry, process.outputs).items():
            edges[_called(name), material] = runs * kg
            left[material] += runs * kg
    for material, kg in made.imports_kg.items():
        edges[EARTH, material] = kg
        left[material] += kg
    for material, kg in bill.items():
        edges[material, ROBOTS] = kg
        left[material] -= kg
    for material, kg in left.items():
        wanted = industry.materials[material].kind in ("feedstock", "part", "vitamin")
        if material != rock and kg > 0:
            edges[material, SURPLUS if wanted else WASTE] = kg
    all_kg = sum(bill.values())
    flows = [Flow(a, b, kg / all_kg) for (a, b), kg in edges.items() if kg / all_kg > _LEAST]
    return tuple(sorted(flows, key=lambda flow: -flow.kg))


def _called(process: str) -> str:
    return _GEAR + process


def _split(flows: Iterable[Flow]) -> tuple[list[Flow], list[Flow]]:
    """Return flows that lead on, and those that lead back, both the largest first."""
    ordered = sorted(flows, key=lambda flow: -flow.kg)
    depth = depths({(f.source, f.target): f.kg for f in ordered})
    on = [f for f in ordered if depth[f.source] < depth[f.target]]
    return on, [f for f in ordered if depth[f.source] >= depth[f.target]]


def loops(flows: Iterable[Flow]) -> pd.DataFrame:
    """Return what goes round, which a picture of layers leaves out: from, to, kg."""
    _, back = _split(flows)
    return pd.DataFrame(back, columns=["from", "to", "kg"])


def picture(flows: Iterable[Flow], most: int = MOST_FLOWS) -> charts.Option:
    """Draw flows from rock and Earth on the left to robots and waste on the right.

    Parameters
    ----------
    flows : iterable of Flow
        Kilograms for a kilogram of replica.
    most : int
        The largest so many are drawn.
    """
    on, _ = _split(flows)
    drawn = [Flow(words(f.source), words(f.target), f.kg) for f in on[:most]]
    option = charts.sankey(pd.DataFrame(drawn, columns=["source", "target", "value"]))
    series = option["series"][0]
    for node in series["data"]:
        usual = _PROCESS if node["name"].startswith(_GEAR) else _MATERIAL
        node["itemStyle"] = {"color": _ENDS.get(node["name"], usual)}
    for link in series["links"]:
        end = link["target"] if link["target"] in _ENDS else link["source"]
        link["lineStyle"] = {"color": _ENDS.get(end, _BETWEEN)}
    series |= {
        "right": 70,
        "nodeWidth": 10,
        "layoutIterations": 64,
        "label": {"fontSize": 11, "width": 88, "overflow": "break"},
        "labelLayout": {"hideOverlap": True},
    }
    return option


def words(name: str) -> str:
    """Return a name as people write it."""
    return name.replace("_", " ")
