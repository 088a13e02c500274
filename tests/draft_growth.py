"""The draft industry of `tests/draft.py` as one linear technology, by conventions of its own."""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array, diags_array

from tests.draft import draft

YEAR_H = 8766.0


def draft_growth(local: bool, memoryless: bool) -> Callable[[float], csr_array]:
    """Return the matrices of the draft industry at each rate of growth per year.

    Columns are runs of processes a year, then robots. A robot is used for the availability of its
    hours, an array or repairer for all of them. Failures, hours used over `mtbf_h`, each take the
    repair parts and the repairer's time, but no energy, and stop nobody. Rock and vitamins are
    free, so is what is left over. Heat counts as electricity, and nothing concentrates sunlight.

    Parameters
    ----------
    local : bool
        Whether electronics are made at the site.
    memoryless : bool
        True: a share 1 / life of the robots retires each year, whatever their age. False: all do at
        one age. Their bill comes back worn.
    """
    of = draft(local)
    industry = of.industry
    free = {m.name for m in industry.materials.values() if m.kind in ("vitamin", "reserve")}
    robots = [s for s in industry.species.values() if not of.heat_W.get(s.name)]
    goods = [
        *(("material", name) for name in industry.materials if name not in free),
        *(("time", s.name) for s in robots),
        ("energy", "kJ"),
    ]
    place = {good: i for i, good in enumerate(goods)}
    n = len(industry.processes)
    steady, born, retired = (np.zeros((len(goods), n + len(robots))) for _ in range(3))

    def add(to: np.ndarray, kind: str, name: str | None, column: int, amount: float) -> None:
        if (row := place.get((kind, name or ""))) is not None:
            to[row, column] += amount

    def worn(name: str) -> str:
        return f"worn_{name}" if f"worn_{name}" in industry.materials else name

    for j, p in enumerate(industry.processes.values()):
        for material, amount in p.inputs.items():
            add(steady, "material", material, j, -amount)
        for material, amount in p.outputs.items():
            add(steady, "material", material, j, amount)
        add(steady, "time", p.machine, j, -p.machine_seconds)
        add(steady, "energy", "kJ", j, -p.energy_kJ)
    for j, s in enumerate(robots, n):
        always = s.name == industry.repairer or s.name in of.electric_W
        used_h = YEAR_H * (1.0 if always else of.availability)
        failures = used_h / s.mtbf_h
        for material, amount in s.bill.items():
            add(born, "material", material, j, -amount)
            add(retired, "material", worn(material), j, amount)
        for material, amount in s.repair_parts.items():
            add(steady, "material", material, j, -amount * failures)
            add(steady, "material", worn(material), j, amount * failures)
        add(born, "time", industry.assembler, j, -s.assembly_seconds)
        add(born, "energy", "kJ", j, -s.assembly_kJ)
        add(steady, "time", industry.repairer, j, -failures * s.repair_seconds)
        add(steady, "time", s.name, j, used_h * 3600)
        power_W = of.electric_W.get(s.name, 0.0) - s.idle_W
        add(steady, "energy", "kJ", j, power_W * YEAR_H * 3.6)

    life = np.array([s.life_h for s in robots]) / YEAR_H
    fixed, births, deaths = csr_array(steady), csr_array(born[:, n:]), csr_array(retired[:, n:])
    widen = csr_array((np.ones(len(robots)), (range(len(robots)), range(n, n + len(robots)))))

    def matrix(rate: float) -> csr_array:
        if memoryless:
            leave = 1 / life
        else:
            leave = rate / np.expm1(rate * life) if rate else 1 / life
        per_robot = births @ diags_array(rate + leave) + deaths @ diags_array(leave)
        return csr_array(fixed + per_robot @ widen)

    return matrix
