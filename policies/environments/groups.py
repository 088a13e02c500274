"""Species and tasks by what they are for: what a manager of a colony speaks of."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.industry import Industry, Material
from auxon.sim.tables import PROCESS, Tables

GROUPS = ("collectors", "miners", "processors", "makers", "assemblers", "repairers")
"""Of species: who turns sunlight into power, digs and hauls rock, changes materials, makes parts,
builds robots, repairs them. Who does several things is of the first of them in the order
collectors, assemblers, repairers, makers, miners, processors; who does nothing is a processor."""
COLLECTORS, MINERS, PROCESSORS, MAKERS, ASSEMBLERS, REPAIRERS = range(6)

Groups = NDArray[np.int64]


def task_groups(tables: Tables, industry: Industry) -> Groups:
    """Return (P,) the group that a task serves.

    Mining takes rock in place, or ore and gives nothing else; making gives parts; what is left is
    processing. A build or a repair serves the group of its target.
    """
    materials = list(industry.materials.values())
    of_species = species_groups(tables, industry)
    return np.array(
        [
            _process_group(tables, materials, p) if kind == PROCESS else of_species[target]
            for p, (kind, target) in enumerate(
                zip(tables.task_kind, tables.task_target, strict=True)
            )
        ],
        np.int64,
    )


def species_groups(tables: Tables, industry: Industry) -> Groups:
    """Return (K,) the group of each species."""
    t = tables
    materials = list(industry.materials.values())
    names = list(industry.species)
    groups = np.full(len(names), PROCESSORS)
    for k, name in enumerate(names):
        tasks = t.option_task[t.option_start[k] : t.option_start[k + 1]]
        does = {_process_group(t, materials, p) for p in tasks if t.task_kind[p] == PROCESS}
        if t.electric_m2[k] + t.heat_m2[k] > 0:
            groups[k] = COLLECTORS
        elif name == industry.assembler:
            groups[k] = ASSEMBLERS
        elif name == industry.repairer:
            groups[k] = REPAIRERS
        elif MAKERS in does:
            groups[k] = MAKERS
        elif MINERS in does:
            groups[k] = MINERS
    return groups


def _process_group(t: Tables, materials: list[Material], p: int) -> int:
    made = [materials[m] for m in t.out_material[t.out_start[p] : t.out_start[p + 1]]]
    used = [materials[m] for m in t.in_material[t.in_start[p] : t.in_start[p + 1]]]
    if any(m.kind in ("part", "vitamin") for m in made):
        return MAKERS
    if t.graded[p] or (used and all(m.kind == "ore" for m in used + made)):
        return MINERS
    return PROCESSORS
