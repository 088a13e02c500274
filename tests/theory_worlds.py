"""Worlds reduced until a theory describes them exactly: one or two species, one chain of processes.

Built from the resolved dataclasses, past the scenario files and their proofs: here a robot may be
one piece dug out of the rock, and an array may give 1361 W a square metre.

How the rules become a population with maturation (`nursery`): workers dig pieces ``egg_1`` out of
the rock, and that is all they do. A nursery robot, which neither wears nor is built, turns
``egg_1`` into ``egg_2`` and so on, one second each, and builds a worker from the last one. What a
process gives can be used from the next step on, what is built from the next step on, and a bill is
set aside in the very step its last piece is made. So what is dug in step n is one step on after
each of the `stages - 1` processes, is a robot at the end of step n + stages, and digs in step n +
stages + 1: maturation takes exactly `stages + 1` steps, whatever the labour.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from auxon.sim.industry import Industry, Material, Process, Species
from auxon.sim.observation import Action, Observation, Policy
from auxon.sim.scenario import Scenario
from auxon.sim.world import World

DAY_S = 86_400
NEVER_H = 1e9
"""A mean time between failures, or a life, that no test reaches."""
EGG_G = 1000
BY_HAND = {"source": "by hand", "confidence": "A"}


def bulk(name: str, kind: str) -> Material:
    """Return iron in bulk, counted in grams."""
    return Material(name, "g", kind, 1, {"Fe": 1}, 0.0, **BY_HAND)


def pieces(name: str, mass_g: int = EGG_G, kind: str = "part") -> tuple[Material, Material]:
    """Return an iron piece and its worn counterpart."""
    new = Material(name, "piece", kind, mass_g, {"Fe": mass_g}, 0.0, **BY_HAND)
    worn = Material(
        f"worn_{name}", "piece", "waste", mass_g, {"Fe": mass_g}, 0.0, worn_from=name, **BY_HAND
    )
    return new, worn


def process(
    name: str,
    machine: str,
    seconds: int,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    energy_kJ: int = 0,
    heat_kJ: int = 0,
) -> Process:
    """Return a process without byproducts."""
    return Process(
        name, machine, seconds, energy_kJ, heat_kJ, inputs, outputs, frozenset(), **BY_HAND
    )


def species(
    name: str,
    bill: Mapping[str, int] | None = None,
    *,
    mass_g: int = EGG_G,
    assembly_s: int = 1,
    repair_s: int = 1,
    idle_W: int = 0,
    mtbf_h: float = NEVER_H,
    shape: float = 1.0,
    life_h: float = NEVER_H,
    collector_m2: float = 0.0,
    efficiency: float = 0.0,
    heat_efficiency: float = 0.0,
) -> Species:
    """Return a species that needs neither spare parts nor energy to be built."""
    return Species(
        name=name, title=name, bill=bill or {"rock": 1}, repair_parts={}, mass_g=mass_g,
        assembly_seconds=assembly_s, assembly_kJ=0, repair_seconds=repair_s, idle_W=idle_W,
        mtbf_h=mtbf_h, weibull_shape=shape, life_h=life_h, collector_m2=collector_m2,
        efficiency=efficiency, heat_efficiency=heat_efficiency,
        source="by hand", confidence="A",
    )  # fmt: skip


def industry(
    materials: Iterable[Material],
    processes: Iterable[Process],
    kinds: Iterable[Species],
    assembler: str | None = None,
    repairer: str | None = None,
) -> Industry:
    """Return an industry on iron rock in which every product has one maker."""
    chain = list(processes)
    return Industry(
        materials={m.name: m for m in (bulk("rock", "reserve"), *materials)},
        processes={p.name: p for p in chain},
        species={k.name: k for k in kinds},
        assembler=assembler,
        repairer=repairer,
        route={m: p.name for p in chain for m in p.outputs},
    )


class Hands:
    """Nobody is assigned: hands go where the board has room. Some species are always wanted."""

    memory_width = 0

    def __init__(self, *wanted: int) -> None:
        self._wanted = list(wanted)

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        """Give nobody a task and want one more of each wanted species."""
        desire = np.zeros(observation.sites.orders.shape)
        desire[:, self._wanted] = 1.0
        return Action(np.full(len(observation.rows), -1, np.int16), desire), memory


def world(
    of: Industry,
    robots: Mapping[str, int],
    policy: Policy,
    *,
    stock: Mapping[str, int] | None = None,
    claim_kg: float = 1e12,
    review_steps: int = 200,
    imports: SimpleNamespace | None = None,
    a_au: float = 1.0,
    e: float = 0.0,
    sites: int = 1,
    check: bool = False,
) -> World:
    """Return a world of one-day steps; at 1 AU on a circle the Sun gives 1361 W/m2 always."""
    scenario = SimpleNamespace(
        industry=of,
        body=SimpleNamespace(a_au=a_au, e=e, M_deg=0.0),
        site=SimpleNamespace(sun_fraction=1.0, claim_kg=claim_kg),
        seed_robots=robots,
        seed_stock=stock or {},
        imports=imports,
        rules=SimpleNamespace(step_days=1.0, review_steps=review_steps, most_robots=10**9),
        belt=None,
        partial=None,
    )
    return World(cast(Scenario, scenario), policy, sites=sites, check=check)


def nursery(
    stages: int, egg_s: int, *, mtbf_h: float = NEVER_H, life_h: float = NEVER_H, chips: int = 0
) -> Industry:
    """Return workers (species 0) that dig eggs in `egg_s` seconds each, and a nursery (species 1).

    Parameters
    ----------
    stages : int
        Kinds of egg; maturation takes one step more.
    mtbf_h : float
        Mean of the exponential life of a worker: nobody repairs.
    chips : int
        Vitamins of 50 g in each worker, beside the egg.
    """
    eggs = [f"egg_{i + 1}" for i in range(stages)]
    materials = [m for egg in eggs for m in pieces(egg)]
    materials += pieces("chip", 50, "vitamin")
    chain = [process("dig", "worker", egg_s, {"rock": EGG_G}, {eggs[0]: 1})]
    chain += [process(f"hatch_{b}", "nursery", 1, {a: 1}, {b: 1}) for a, b in pairwise(eggs)]
    bill = {eggs[-1]: 1} | ({"chip": chips} if chips else {})
    worker = species("worker", bill, mass_g=EGG_G + 50 * chips, mtbf_h=mtbf_h, life_h=life_h)
    return industry(materials, chain, [worker, species("nursery")], assembler="nursery")


def run_healthy(of: World, steps: int) -> NDArray[np.int64]:
    """Step a world and return (steps + 1,) how many of its first species are healthy."""
    counts = [int(of.flows.healthy[:, 0].sum())]
    for _ in range(steps):
        of.step()
        counts.append(int(of.flows.healthy[:, 0].sum()))
    return np.array(counts)
