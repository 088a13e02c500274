"""Activity analysis of recipes: what steady runs of processes can leave over (Koopmans 1951).

A cone of run vectors v >= 0 with every material made at least as fast as used, N v >= 0; following
recipes forward cannot judge a loop, this can. Runs are scaled to a kilogram of input, so that no
number is far from 1; linear programs are solved with HiGHS.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .industry import Industry, Process

if TYPE_CHECKING:
    from scipy.sparse import csr_array

F64 = NDArray[np.float64]

KWH_KJ = 3600.0
_TOLERANCE = 1e-10
"""The least HiGHS takes."""
_PRICED = 1e-8
"""Kilograms of imports per kilogram, above which a price in a solution is one."""


class Able(NamedTuple):
    """What steady runs can do."""

    materials: frozenset[str]
    """Of which something can be left over."""
    processes: frozenset[str]
    """Which can run."""


@dataclass(frozen=True)
class Copy:
    """The runs that make one bill with the least imports, and of those the least energy.

    Attributes
    ----------
    runs : Mapping[str, float]
        Process -> runs, above 0.
    imports_kg : Mapping[str, float]
        Material -> kilograms, above 0.
    """

    runs: Mapping[str, float]
    imports_kg: Mapping[str, float]


def able(industry: Industry, processes: Collection[str], given: Collection[str]) -> Able:
    """Find what can be made net from what is given, and which processes can run at all.

    As sums of possible runs are possible, one program that asks for up to a kilogram of every
    material and a run of every process finds all of them at once.

    Parameters
    ----------
    processes : collection of str
        Which there are; the others do not run.
    given : collection of str
        Materials of which there is any amount.
    """
    from scipy.sparse import eye_array, hstack

    rows = [name for name in industry.materials if name not in set(given)]
    names = list(processes)
    if not names:
        return Able(frozenset(), frozenset())
    net = _net(industry, names, rows)
    m, n = net.shape
    result = _solve(
        np.concatenate([np.zeros(n), -np.ones(n + m)]),
        hstack([-net, -net, eye_array(m)]),
        np.zeros(m),
        [(0, None)] * n + [(0, 1)] * (n + m),
    )
    runs, left = result.x[n : 2 * n], result.x[2 * n :]
    return Able(
        frozenset(name for name, x in zip(rows, left, strict=True) if x > 0.5),
        frozenset(name for name, x in zip(names, runs, strict=True) if x > 0.5),
    )


def copy(
    industry: Industry,
    processes: Collection[str],
    importable: Collection[str],
    bill: Mapping[str, float],
) -> Copy:
    """Find the runs for a bill: least imported mass first, then, holding that, least energy.

    Parameters
    ----------
    processes : collection of str
        Which may run.
    importable : collection of str
        Materials that may come from Earth. Of the bill, what is not here must be makable.
    bill : Mapping[str, float]
        Material -> kilograms wanted.

    Raises
    ------
    ArithmeticError
        The bill can be neither made nor imported.
    """
    from scipy.sparse import csr_array, hstack, vstack

    rock = industry.reserve().name
    rows = [name for name in industry.materials if name != rock]
    names, foreign = list(processes), [name for name in rows if name in set(importable)]
    place = {name: i for i, name in enumerate(rows)}
    mass_kg = sum(bill.values())
    wanted = np.zeros(len(rows))
    for name, kg in bill.items():
        wanted[place[name]] += kg / mass_kg
    n, k = len(names), len(foreign)
    spots = ([place[name] for name in foreign], range(k))
    landed = csr_array((np.ones(k), spots), shape=(len(rows), k))
    balance = csr_array(-hstack([_net(industry, names, rows), landed]))
    imported = np.concatenate([np.zeros(n), np.ones(k)])
    least = _solve(imported, balance, -wanted, [(0, None)] * (n + k))
    # complementary slackness: what has a price must stay as it is for imports to stay the least
    priced = -least.ineqlin.marginals > _PRICED
    energy = np.zeros(n + k)
    for i, name in enumerate(names):
        process = industry.processes[name]
        energy[i] = process.energy_kJ / KWH_KJ / _input_kg(industry, process)
    result = _solve(
        energy,
        vstack([balance, -balance[priced]]),
        np.concatenate([-wanted, wanted[priced]]),
        [(0, 0 if price > _PRICED else None) for price in least.lower.marginals],
    )
    runs = {
        name: float(x) * mass_kg / _input_kg(industry, industry.processes[name])
        for name, x in zip(names, result.x[:n], strict=True)
        if x > 0
    }
    imports_kg = {
        name: float(x) * mass_kg for name, x in zip(foreign, result.x[n:], strict=True) if x > 0
    }
    return Copy(runs, imports_kg)


def drain(
    industry: Industry, processes: Collection[str], given: Collection[str], stuck: Collection[str]
) -> str:
    """Name what runs dry first: top it up, and processes run that `able` finds unable to.

    Any material of a losing loop would do (steel, sheet of it, scrap of that). Named is one that
    is made only from by-products, if there is one, as its proper maker must be what is missing;
    of several, one that many processes take.

    Parameters
    ----------
    processes : collection of str
        All there are.
    stuck : collection of str
        Those that cannot run.
    """
    from scipy.sparse import eye_array, hstack

    names, taken = list(processes), dict.fromkeys(industry.materials, 0)
    for process in stuck:
        for name in industry.processes[process].inputs:
            taken[name] += 1
    makers: dict[str, list[Process]] = {}
    for process in names:
        p = industry.processes[process]
        for name in set(p.outputs) - p.byproducts:
            makers.setdefault(name, []).append(p)
    aside = set(industry.materials) - set(makers) - set(given)
    rank = {
        name: (all(aside & set(p.inputs) for p in makers.get(name, ())) and name in makers, n)
        for name, n in taken.items()
    }
    rows = [name for name in industry.materials if name not in set(given)]
    net = _net(industry, names, rows)
    m, n = net.shape
    result = _solve(
        np.concatenate(
            [np.zeros(n), [(1 if rank[x][0] else 100) / max(taken[x], 1) for x in rows]]
        ),
        hstack([-net, -eye_array(m)]),
        np.zeros(m),
        [(1.0 if name in set(stuck) else 0.0, None) for name in names]
        + [(0, None if taken[name] else 0) for name in rows],
    )
    topped = [name for name, kg in zip(rows, result.x[n:], strict=True) if kg > _PRICED]
    return max(topped, key=lambda name: rank[name])


def amounts_kg(industry: Industry, amounts: Mapping[str, int]) -> dict[str, float]:
    """Return kilograms of counted amounts."""
    return {n: a * industry.materials[n].mass_g / 1000 for n, a in amounts.items()}


def _input_kg(industry: Industry, process: Process) -> float:
    return sum(amounts_kg(industry, process.inputs).values())


def _net(industry: Industry, processes: list[str], rows: list[str]) -> "csr_array":
    """Return kilograms of each material that a process gives less what it takes, per kg taken."""
    from scipy.sparse import csr_array

    place = {name: i for i, name in enumerate(rows)}
    spots: list[tuple[int, int]] = []
    kg: list[float] = []
    for column, name in enumerate(processes):
        process = industry.processes[name]
        taken_kg = _input_kg(industry, process)
        for sign, amounts in ((1, process.outputs), (-1, process.inputs)):
            for material, each_kg in amounts_kg(industry, amounts).items():
                if material in place:
                    spots.append((place[material], column))
                    kg.append(sign * each_kg / taken_kg)
    i, j = np.array(spots, dtype=np.int64).reshape(-1, 2).T
    return csr_array((kg, (i, j)), shape=(len(rows), len(processes)))


def _solve(cost: F64, matrix: Any, limit: F64, bounds: Sequence[tuple[float, float | None]]) -> Any:
    """Minimise cost x with matrix x <= limit; a vertex, so that nothing runs without need."""
    from scipy.optimize import linprog

    result = linprog(
        cost,
        A_ub=matrix,
        b_ub=limit,
        bounds=bounds,
        method="highs-ds",
        options={
            "primal_feasibility_tolerance": _TOLERANCE,
            "dual_feasibility_tolerance": _TOLERANCE,
        },
    )
    if result.status != 0:
        raise ArithmeticError(f"linear program over processes: {result.message}")
    return result
