"""A site's worth at prices that hold for every single one: nobody fails, ages or idles.

Linear programs over prices: of materials, machine time, electricity, energy and robots, such that
no task makes a profit, no robot is worth less than its scrap, and none earns more than r times its
worth. `auxon.sim.belt_bound` says what follows.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from .balance import YEAR_S
from .critical import critical
from .tables import BUILD, Tables

F64 = NDArray[np.float64]

_FASTER = (1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0)
"""Rates over the fastest growth at which prices are looked for."""
_NOTHING = 1e-9
"""A year: slower growth is rounding."""
_ABOVE = 1e-9
"""Share of the rate that a rate is raised by, so that there are prices in spite of rounding."""


@dataclass(frozen=True)
class Ageless:
    """What a site can do at best on one kind of ground.

    Attributes
    ----------
    tables : Tables
    electric_W, heat_W : (K,) float64
        Power of a robot of each species.
    free : collection of int
        Materials that come from outside.
    gifts : collection of int
        Species that come from outside.
    """

    tables: Tables
    electric_W: F64
    heat_W: F64
    free: Collection[int] = ()
    gifts: Collection[int] = ()

    @cached_property
    def rate_per_year(self) -> float:
        """The fastest growth; 0 if there is none."""
        if not (self.tables.task_kind == BUILD).any():
            return 0.0
        found = critical(self._matrix)
        return found.rate if found and found.rate > _NOTHING else 0.0

    def growing_years(self, have: tuple[F64, F64], need: F64) -> float:
        """Return the least time in which what a site has can become the robots that it needs.

        Parameters
        ----------
        have : ((K,), (M,)) float64
            Robots and stock.
        need : (K,) float64
            Robots.
        """
        least = 0.0
        if self.rate_per_year == 0.0:
            return least
        for faster in _FASTER:
            rate = self.rate_per_year * faster * (1.0 + _ABOVE)
            worth = self._dearest(rate, self._worth(*have), self._worth(need, 0.0 * have[1]))
            if worth > 1.0:
                least = max(least, math.log(worth) / rate)
        return least

    def most_per_year(self, robots: F64, stock: F64) -> float:
        """Return how often a robot, on average over many, can make its share of a kit.

        The least w at which no robot but the free ones earns more than w a year while the kit is
        worth 1: kits that a robot makes a year.
        """
        rows, activities = self._kept
        work = activities - self._tasks
        paid = (work >= 0) & (work < len(self.tables.idle_W)) & ~np.isin(work, list(self.gifts))
        # unknown: the prices, and w
        matrix = csr_array(hstack([self._matrix(0.0).T, csr_array(-1.0 * paid[:, None])]))
        kit = np.append(self._worth(robots, stock)[rows], 0.0)
        cost = np.zeros(len(kit))
        cost[-1] = 1.0
        result = linprog(  # type: ignore[call-overload]  # the stubs know dense matrices only
            cost, A_ub=matrix, b_ub=np.zeros(matrix.shape[0]), A_eq=kit[None, :], b_eq=[1.0],
            method="highs",
        )  # fmt: skip
        return float(result.fun) if result.status == 0 else math.inf

    # ------------------------------------------------------------------ programs

    @property
    def _tasks(self) -> int:
        return len(self.tables.time_s)

    def _worth(self, robots: F64, stock: "F64 | float") -> F64:
        """Return what multiplies the prices, in the units of the matrix."""
        t = self.tables
        goods = np.zeros(self._rows)
        goods[: len(t.main)] = stock * t.unit_mass_g / 1000.0
        goods[len(t.main) + len(t.idle_W) + 2 :] = robots * t.species_mass_g / 1000.0
        return goods

    @property
    def _rows(self) -> int:
        return len(self.tables.main) + 2 * len(self.tables.idle_W) + 2

    @cached_property
    def _kept(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Goods that may have a price, and activities that take some of these.

        What comes from free goods alone is free: parts of robots that come from outside, worn.
        """
        t = self.tables
        first = len(t.main) + len(t.idle_W) + 2
        dear = np.ones(self._rows, np.bool_)
        dear[[t.rock, *self.free, *(first + k for k in self.gifts)]] = False
        goods = self._at(1.0)
        for _ in range(self._rows):
            takes = (goods[dear] < 0).any(axis=0)
            given = (goods[:, ~takes] > 0).any(axis=1) & dear
            if not given.any():
                break
            dear &= ~given
        return np.flatnonzero(dear), np.flatnonzero(takes)

    @cached_property
    def _fixed(self) -> F64:
        """(goods, activities) of tasks, a year of work, and taking apart: kg, years, kW years."""
        t = self.tables
        m, k, p = len(t.main), len(t.idle_W), self._tasks
        kg = t.unit_mass_g / 1000.0
        species_kg = t.species_mass_g / 1000.0
        goods = np.zeros((self._rows, p + 2 * k))
        task = np.arange(p)
        of_in, of_out = np.repeat(task, np.diff(t.in_start)), np.repeat(task, np.diff(t.out_start))
        np.add.at(goods, (t.in_material, of_in), -t.in_amount * kg[t.in_material])
        np.add.at(goods, (t.out_material, of_out), t.out_amount * kg[t.out_material])
        years = t.time_s / YEAR_S
        goods[m + t.task_species, task] -= years
        goods[m + k, task] -= years * (t.power_W - t.heat_W) / 1000.0
        goods[m + k + 1, task] -= years * t.power_W / 1000.0
        first = m + k + 2
        builds = np.flatnonzero(t.task_kind == BUILD)
        goods[first + t.task_target[builds], builds] += species_kg[t.task_target[builds]]
        work, scrap = p + np.arange(k), p + k + np.arange(k)
        has_tasks = np.diff(t.option_start) > 0
        goods[m + np.arange(k), work] = has_tasks
        goods[m + k, work] = self.electric_W / 1000.0
        goods[m + k + 1, work] = (self.electric_W + self.heat_W) / 1000.0
        goods[first + np.arange(k), scrap] = -species_kg
        of_bill = np.repeat(np.arange(k), np.diff(t.bill_start))
        worn = t.worn_of[t.bill_material]
        np.add.at(goods, (worn, p + k + of_bill), t.bill_amount * kg[worn])
        return goods

    def _at(self, rate_per_year: float) -> F64:
        """Return (goods, activities) of them all at a rate."""
        t = self.tables
        k = np.arange(len(t.idle_W))
        goods = self._fixed.copy()
        robots = goods[len(t.main) + len(k) + 2 :]
        robots[k, self._tasks + k] = -rate_per_year * t.species_mass_g / 1000.0
        return goods

    def _matrix(self, rate_per_year: float) -> csr_array:
        return csr_array(self._at(rate_per_year)[np.ix_(*self._kept)])

    def _dearest(self, rate_per_year: float, have: F64, need: F64) -> float:
        """Return what is needed over what there is, at the prices where that is most."""
        rows, activities = self._kept
        result = linprog(  # type: ignore[call-overload]  # the stubs know dense matrices only
            -need[rows], A_ub=csr_array(self._matrix(rate_per_year).T),
            b_ub=np.zeros(len(activities)),
            A_eq=have[rows][None, :], b_eq=[1.0], method="highs",
        )  # fmt: skip
        return float(-result.fun) if result.status == 0 else 1.0
