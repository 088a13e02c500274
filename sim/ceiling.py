"""Imports on a budget: up to which mass a colony can grow exponentially, and up to which at all.

Materials come from Earth at V kilograms a year at most, however large the colony. Let i(r) be the
least mass of imports a year with which a kilogram of robots can grow at rate r: a colony of more
than V / i(r) kilograms cannot grow as fast as that for long, nor one of more than V / i(0) last.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, diags_array, hstack, vstack

from .balance import YEAR_S, Balance, balance
from .orbit import YEAR_DAYS
from .scenario import Scenario
from .technology import Technology, technology

F64 = NDArray[np.float64]

_RATES = 11
_TOP = 0.999
"""Share of the bound that counts as exponential growth; at the bound itself there is no room for a
choice between more and less imports, nor for rounding."""
_ROUNDS = 8


@dataclass(frozen=True)
class Ceiling:
    """Where imports on a budget end growth.

    Attributes
    ----------
    budget_kg_per_year : float
    rates_per_year : (n,) float64
        From 0 to `_TOP` of the bound on growth.
    imports_kg : (n,) float64
        Least imports a year, per kilogram of robots there are, for each rate. The fleet is chosen
        for it: at low rates it holds back on work that wears out what is imported.
    """

    budget_kg_per_year: float
    rates_per_year: F64
    imports_kg: F64

    @property
    def mass_kg(self) -> F64:
        """(n,) mass of robots up to which each rate can last; infinite if it takes no imports."""
        with np.errstate(divide="ignore"):
            found: F64 = self.budget_kg_per_year / self.imports_kg
        return found

    @property
    def exponential_until_kg(self) -> float:
        """Mass up to which growth can be all but the fastest."""
        return float(self.mass_kg[-1])

    @property
    def robots_per_kg(self) -> float:
        """Kilograms of robots a year that one kilogram more of imports a year adds above that."""
        rates, imports = np.diff(self.rates_per_year[-2:]), np.diff(self.imports_kg[-2:])
        return float(rates[0] / imports[0]) if imports[0] > 0 else float("inf")

    @property
    def sustained_kg(self) -> float:
        """Mass above which robots cannot even be replaced and repaired."""
        return float(self.mass_kg[0])


def ceiling(scenario: Scenario, fastest: Balance | None = None) -> Ceiling | None:
    """Return where the imports of a scenario end its growth.

    Parameters
    ----------
    fastest : Balance, optional
        Growth of the scenario with imports as wanted, if it is known already.

    Returns
    -------
    Ceiling or None
        None without imports, or if not even as many as wanted would let it grow.
    """
    imports = scenario.imports
    if imports is None:
        return None
    fastest = fastest or balance(technology(scenario))
    if fastest is None or fastest.rate_per_year <= 0:
        return None
    rates = np.linspace(0.0, _TOP * fastest.rate_per_year, _RATES)
    budget = imports.budget_kg / imports.every_days * YEAR_DAYS
    bounded = replace(fastest.technology, free=frozenset())
    foreign = sorted(fastest.technology.free)
    least = [_least_imports_kg(bounded, foreign, float(rate)) for rate in rates]
    return Ceiling(budget, rates, np.array(least))


def _least_imports_kg(technology: Technology, foreign: list[int], rate_per_year: float) -> float:
    """Return the least mass of imports a year for a kilogram of robots that grows at a rate.

    Parameters
    ----------
    technology : Technology
        In which nothing but rock is free.
    foreign : list of int
        Materials that can be imported.

    Raises
    ------
    ArithmeticError
        It cannot grow at this rate.
    """
    t, rate = technology.tables, rate_per_year / YEAR_S
    goods = technology.matrix(rate)
    kg = t.unit_mass_g[foreign] / 1000.0
    # cargo lands before the step's work, so it counts like what was made a step before
    landing = np.exp(rate * technology.dt_s) if technology.lag else 1.0
    spots = (foreign, range(len(foreign)))
    shape = (goods.shape[0], len(foreign))
    landed = csr_array((np.full(len(foreign), landing), spots), shape=shape)
    fleet_kg = np.zeros(goods.shape[1] + len(foreign))
    builds = technology.builds
    fleet_kg[builds] = technology.existing(rate) * t.species_mass_g / 1000.0
    cost = np.concatenate([np.zeros(goods.shape[1]), kg])

    matrix = csr_array(vstack([csr_array(hstack([goods, landed])), csr_array(fleet_kg[None, :])]))
    rows, columns = _scales(matrix)
    scaled = csr_array(diags_array(rows) @ matrix @ diags_array(columns))
    per = (cost * columns).max()
    result = linprog(  # type: ignore[call-overload]  # the stubs know dense matrices only
        cost * columns / per,
        A_ub=-scaled[:-1],
        b_ub=np.zeros(goods.shape[0]),
        A_eq=scaled[-1:],
        b_eq=[1.0],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if result.status != 0:
        raise ArithmeticError(f"least imports at {rate_per_year:g} a year: {result.message}")
    fleet = float(result.x @ (fleet_kg * columns))
    return float(result.x @ (cost * columns)) / fleet / technology.dt_s * YEAR_S


def _scales(matrix: csr_array) -> tuple[F64, F64]:
    """Return factors for rows and columns that bring the largest entries near 1 (Ruiz 2001)."""
    size = abs(matrix)
    rows, columns = np.ones(size.shape[0]), np.ones(size.shape[1])
    for _ in range(_ROUNDS):
        for axis, factors in ((1, rows), (0, columns)):
            now = diags_array(rows) @ size @ diags_array(columns)
            largest = now.max(axis=axis).toarray().ravel()
            factors /= np.sqrt(np.where(largest > 0, largest, 1.0))
    return rows, columns
