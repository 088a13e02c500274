"""An industry compiled to arrays: what the kernels read and nobody writes.

A *task* is anything a robot can work on: a run of a process, building a species, repairing a
species. Tasks are numbered processes first (in order of declaration), then builds, then repairs
(each in order of species).
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .industry import Industry
from .union import Ground
from .weibull import quantiles, scale_seconds

PROCESS, BUILD, REPAIR = 0, 1, 2

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U32 = NDArray[np.uint32]
"""Numbers that are never negative: numba need not ask whether they count from the end."""


class Tables(NamedTuple):
    """Frozen arrays over M materials, P tasks, K species, E elements, in counted units."""

    task_kind: NDArray[np.int8]
    """(P,) PROCESS, BUILD or REPAIR."""
    task_species: U32
    """(P,) the species whose machine time it takes."""
    task_target: I32
    """(P,) the species built or repaired, -1 for a process."""
    time_s: I64
    """(P,) machine time of one run."""
    power_W: I64
    """(P,) electric and heat power while working, rounded up."""
    heat_W: I64
    """(P,) part of it that may come as heat, rounded down."""
    graded: NDArray[np.bool_]
    """(P,) takes rock in place, whose finding takes longer as the claim empties."""
    in_start: U32
    """(P+1,) inputs of task p are entries in_start[p]:in_start[p+1] of the next two."""
    in_material: U32
    in_amount: I64
    in_corn: I64
    """Seed corn of the material, where the task is of its loop and may take it; else 0."""
    out_start: U32
    out_material: U32
    out_amount: I64
    option_start: U32
    """(K+1,) tasks open to species k are option_task[option_start[k]:option_start[k+1]]."""
    option_task: U32
    main: I32
    """(M,) the process to which demand is passed, -1 for none."""
    main_gives: I64
    """(M,) how much of the material one run of it gives."""
    main_gives_g: NDArray[np.float64]
    """(M,) grams of everything with a main maker that one run of it gives."""
    spare_start: U32
    """(M+1,) other processes that make a material: they run on what lies in stock."""
    spare_task: U32
    spare_gives: I64
    sweep: U32
    """Materials that some task makes, users before what they use as far as loops allow."""
    largest_in: I64
    """(M,) largest single input of any task."""
    corn: I64
    """(M,) seed corn: what one run of its own loop takes of it at most, kept from all else."""
    imported: NDArray[np.bool_]
    """(M,) may come from Earth."""
    least: I64
    """(M,) least change of a stock: grams of a lot, or one piece."""
    unit_mass_g: I64
    """(M,) grams per counted unit."""
    bill_start: U32
    """(K+1,) bill of materials of species k."""
    bill_material: U32
    bill_amount: I64
    worn_of: U32
    """(M,) what a material becomes when a robot is taken apart: pieces wear, bulk stays."""
    elements_g: I64
    """(M, E) grams of each element in the least amount."""
    species_mass_g: I64
    """(K,)"""
    species_elements_g: I64
    """(K, E)"""
    idle_W: I64
    """(K,)"""
    life_s: I64
    """(K,) calendar age of retirement."""
    scale_s: I64
    """(K,) Weibull scale of use between failures."""
    electric_m2: NDArray[np.float64]
    """(K,) collector that turns sunlight into electricity: area times efficiency."""
    heat_m2: NDArray[np.float64]
    """(K,) the same for heat."""
    quantile: I64
    """(K, 2, 33, 17) unit Weibull lifetimes."""
    assembler: int
    """Species that builds, -1 for none."""
    rock: int
    """Material that is the rock in place."""


def _rows(lists: list[dict[int, int]]) -> tuple[U32, U32, I64]:
    start = np.zeros(len(lists) + 1, np.uint32)
    start[1:] = np.cumsum([len(row) for row in lists])
    index = np.array([i for row in lists for i in row], np.uint32)
    amount = np.array([a for row in lists for a in row.values()], np.int64)
    return start, index, amount


def _lists(lists: list[list[int]]) -> tuple[U32, U32]:
    start, index, _ = _rows([dict.fromkeys(row, 0) for row in lists])
    return start, index


def _sweep(makers: list[list[int]], inputs: list[dict[int, int]], first: list[int]) -> list[int]:
    """Order materials, users first: reverse postorder of a depth-first walk."""
    done: list[int] = []
    seen: set[int] = set()
    for root in first:
        if root in seen:
            continue
        seen.add(root)
        walk = [(root, iter([i for p in makers[root] for i in inputs[p]]))]
        while walk:
            node, below = walk[-1]
            for child in below:
                if child not in seen:
                    seen.add(child)
                    walk.append((child, iter([i for p in makers[child] for i in inputs[p]])))
                    break
            else:
                done.append(node)
                walk.pop()
    return done[::-1]


def _loops(main: list[int], inputs: list[dict[int, int]]) -> list[set[int]]:
    """Return, for each material, its main maker, the main makers of what that takes, and so on."""
    loops = []
    for material in range(len(main)):
        loop: set[int] = set()
        wanted = [material]
        while wanted:
            p = main[wanted.pop()]
            if p >= 0 and p not in loop:
                loop.add(p)
                wanted += inputs[p]
        loops.append(loop)
    return loops


def compile_ground(ground: Ground, imported: Collection[str] = ()) -> Tables:
    """Return the arrays of an industry within a union, numbered as the union is."""
    return compile_industry(ground.industry, imported, ground.processes, ground.reserve)


def compile_industry(
    industry: Industry,
    imported: Collection[str] = (),
    possible: Collection[str] | None = None,
    reserve: str | None = None,
) -> Tables:
    """Return the arrays of an industry.

    Parameters
    ----------
    imported : collection of str
        Materials that may come from Earth.
    possible : collection of str, optional
        Processes that can run at all; the others keep their numbers, and nobody works on them.
    reserve : str, optional
        The rock in place, where there are several.
    """
    materials, species = list(industry.materials.values()), list(industry.species.values())
    m_of = {m.name: i for i, m in enumerate(materials)}
    k_of = {k.name: i for i, k in enumerate(species)}
    kind: list[int] = []
    machine: list[int] = []
    target: list[int] = []
    time_s: list[int] = []
    energy_kJ: list[int] = []
    heat_kJ: list[int] = []
    inputs: list[dict[int, int]] = []
    outputs: list[dict[int, int]] = []

    def add(what: int, by: str, of: int, seconds: int, energy: int, heat: int) -> None:
        kind.append(what)
        machine.append(k_of[by])
        target.append(of)
        time_s.append(seconds)
        energy_kJ.append(energy)
        heat_kJ.append(heat)

    closed = []
    for i, p in enumerate(industry.processes.values()):
        add(PROCESS, p.machine, -1, p.machine_seconds, p.energy_kJ, p.heat_kJ)
        if possible is not None and p.name not in possible:
            closed.append(i)
        runs = i not in closed
        inputs.append({m_of[m]: a for m, a in p.inputs.items() if runs})
        outputs.append({m_of[m]: a for m, a in p.outputs.items() if runs})
    if industry.assembler:
        for k, s in enumerate(species):
            add(BUILD, industry.assembler, k, s.assembly_seconds, s.assembly_kJ, 0)
            inputs.append({m_of[m]: a for m, a in s.bill.items()})
            outputs.append({})
    if industry.repairer:
        for k, s in enumerate(species):
            # hand tools draw what the assembler's do, in proportion to time
            add(REPAIR, industry.repairer, k, s.repair_seconds, 0, 0)
            energy_kJ[-1] = -(-s.assembly_kJ * s.repair_seconds // s.assembly_seconds)
            inputs.append({m_of[m]: a for m, a in s.repair_parts.items()})
            outputs.append({m_of[worn(industry, m)]: a for m, a in s.repair_parts.items()})

    rock = m_of[reserve or industry.reserve().name]
    names = list(industry.processes)
    makers: list[list[int]] = [[] for _ in materials]
    for i, process in enumerate(industry.processes.values()):
        for m in process.outputs:
            if m not in process.byproducts and i not in closed:
                makers[m_of[m]].append(i)
    main = [
        names.index(industry.route[m.name]) if m.name in industry.route else -1 for m in materials
    ]
    spare = [[p for p in row if p != main[m]] for m, row in enumerate(makers)]
    products = [m_of[m] for s in species for m in (*s.bill, *s.repair_parts)]
    largest = np.zeros(len(materials), np.int64)
    for taken in inputs:
        for index, amount in taken.items():
            largest[index] = max(largest[index], amount)

    loops = _loops(main, inputs)
    corn = [max((inputs[p].get(m, 0) for p in loop), default=0) for m, loop in enumerate(loops)]
    in_corn = [corn[m] if p in loops[m] else 0 for p, row in enumerate(inputs) for m in row]

    elements = industry.elements
    of_material = np.array(
        [[m.elements_g.get(e, 0) for e in elements] for m in materials], np.int64
    )
    of_species = np.array(
        [
            sum((of_material[m_of[m]] * (a // materials[m_of[m]].step) for m, a in s.bill.items()))
            for s in species
        ],
        np.int64,
    )
    seconds = np.array(time_s, np.int64)
    in_start, in_material, in_amount = _rows(inputs)
    out_start, out_material, out_amount = _rows(outputs)
    options = [
        [p for p, k in enumerate(machine) if k == j and p not in closed]
        for j in range(len(species))
    ]
    option_start, option_task = _lists(options)
    spare_start, spare_task = _lists(spare)
    swept = _sweep(makers, inputs, [*products, *range(len(materials))])
    bill_start, bill_material, bill_amount = _rows(
        [{m_of[m]: a for m, a in s.bill.items()} for s in species]
    )
    return Tables(
        task_kind=np.array(kind, np.int8),
        task_species=np.array(machine, np.uint32),
        task_target=np.array(target, np.int32),
        time_s=seconds,
        power_W=-(-np.array(energy_kJ, np.int64) * 1000 // seconds),
        heat_W=np.array(heat_kJ, np.int64) * 1000 // seconds,
        graded=np.array([rock in row for row in inputs]),
        in_start=in_start,
        in_material=in_material,
        in_amount=in_amount,
        in_corn=np.array(in_corn, np.int64),
        out_start=out_start,
        out_material=out_material,
        out_amount=out_amount,
        option_start=option_start,
        option_task=option_task,
        main=np.array(main, np.int32),
        main_gives=np.array([outputs[p][m] if p >= 0 else 0 for m, p in enumerate(main)], np.int64),
        main_gives_g=np.array(
            [
                sum(a * materials[o].mass_g for o, a in outputs[p].items() if main[o] >= 0)
                if p >= 0
                else 0
                for p in main
            ],
            float,
        ),
        spare_start=spare_start,
        spare_task=spare_task,
        spare_gives=np.array([outputs[p][m] for m, row in enumerate(spare) for p in row], np.int64),
        sweep=np.array([m for m in swept if makers[m]], np.uint32),
        largest_in=largest,
        corn=np.array(corn, np.int64),
        imported=np.array([m.name in imported for m in materials]),
        least=np.array([m.step for m in materials], np.int64),
        unit_mass_g=np.array([m.mass_g for m in materials], np.int64),
        bill_start=bill_start,
        bill_material=bill_material,
        bill_amount=bill_amount,
        worn_of=np.array([m_of[worn(industry, m.name)] for m in materials], np.uint32),
        elements_g=of_material,
        species_mass_g=np.array([s.mass_g for s in species], np.int64),
        species_elements_g=of_species,
        idle_W=np.array([s.idle_W for s in species], np.int64),
        life_s=np.array([round(s.life_h * 3600) for s in species], np.int64),
        scale_s=np.array([scale_seconds(s.mtbf_h, s.weibull_shape) for s in species], np.int64),
        electric_m2=np.array([s.collector_m2 * s.efficiency for s in species], float),
        heat_m2=np.array([s.collector_m2 * s.heat_efficiency for s in species], float),
        quantile=np.stack([quantiles(s.weibull_shape) for s in species]),
        assembler=k_of[industry.assembler] if industry.assembler else -1,
        rock=rock,
    )


def worn(industry: Industry, name: str) -> str:
    """Return what a material becomes when taken out of a robot: pieces wear, bulk stays."""
    return f"worn_{name}" if f"worn_{name}" in industry.materials else name
