"""A scenario's industry as von Neumann's technology: what every activity leaves of every good.

All of it per step, in a colony that grows by the factor e^r a step and is large enough for whole
numbers not to matter. Activities are runs of each process, births and repairs of each species, and
seconds of work of each species. Goods are materials, machine time, electricity, energy, and the
work that the robots' lives allow (`auxon.sim.upkeep`). What is free has no row: the rock in place,
and what is imported unless an import budget is set.

With lag, as `docs/rules.md` has it: what a run or a repair takes must lie there at the start of the
step, so it was made a step before, when the colony was smaller by e^r; what a run gives can go into
a bill in the same step; a robot is born one step after its bill was taken, and works from the
next on.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .faces import richest
from .orbit import mean_flux_w_m2
from .tables import BUILD, REPAIR, Tables, compile_industry
from .upkeep import CUTS, Life, life

if TYPE_CHECKING:
    from .scenario import Scenario

F64 = NDArray[np.float64]


_LARGEST = 300.0
"""Exponents stop here, at e^300."""


class _Entries(NamedTuple):
    """Entries of the matrix: fixed ones, then inputs, worn parts, seconds of work per life."""

    fixed: F64
    recycled: F64
    age_s: F64
    """At which the worn parts come."""
    upkeep: list[tuple[int, int]]
    """Species of each build or repair, and which of `Life.cuts` counts: 1 limits, 0 prices."""
    bound: NDArray[np.bool_]
    """Entries of goods that do not come freely."""
    slot: NDArray[np.int64]
    """Where in the sparse matrix each of these is added."""
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]


@dataclass(frozen=True)
class Technology:
    """What grows, and in which sunlight.

    Attributes
    ----------
    tables : Tables
    dt_s, review_steps : int
    electric_W, heat_W : (K,) float64
        Power of a healthy robot of each species.
    lag : bool
        Whether steps take time; see the module.
    free : frozenset of int
        Materials that come from outside as wanted.
    """

    tables: Tables
    dt_s: int
    review_steps: int
    electric_W: F64
    heat_W: F64
    lag: bool = True
    free: frozenset[int] = frozenset()

    @cached_property
    def lives(self) -> list[Life]:
        """Life of each species; equal ones are computed once."""
        t = self.tables
        known: dict[tuple[object, ...], Life] = {}
        lives = []
        for k in range(len(t.idle_W)):
            key = (t.scale_s[k], t.life_s[k], t.quantile[k].tobytes())
            if key not in known:
                known[key] = life(t, k, self.dt_s, self.review_steps, self.lag)
            lives.append(known[key])
        return lives

    @cached_property
    def builds(self) -> NDArray[np.int64]:
        """Tasks that build a robot."""
        return np.flatnonzero(self.tables.task_kind == BUILD)

    def build_of(self, species: int) -> int:
        """Return the task that builds a species."""
        return int(self.builds[0]) + species

    @property
    def tasks(self) -> int:
        """Number of tasks: the first columns. A column of work for each species follows."""
        return len(self.tables.time_s)

    @cached_property
    def idle_W(self) -> F64:
        """Idle power of each species, 0 where it might not bind.

        The rules let unpowered robots do what needs no electricity even if idle power falls short.
        """
        t = self.tables
        electric = t.power_W - t.heat_W
        unpowered = (electric[t.task_kind == BUILD] == 0).any()
        return np.zeros(len(t.idle_W)) if unpowered else t.idle_W.astype(float)

    def row_of(self, kind: str, index: int = 0) -> int:
        """Return the row of a material, a species' time, electricity, energy, or a species' life.

        Parameters
        ----------
        kind : {"material", "time", "electricity", "energy", "life"}
        """
        m, k = len(self.tables.main), len(self.tables.idle_W)
        start = {"material": 0, "time": m, "electricity": m + k, "energy": m + k + 1}
        return start.get(kind, m + k + 2) + index * (CUTS if kind == "life" else 1)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        species = len(self.tables.idle_W)
        return self.row_of("life", species), self.tasks + species

    def matrix(self, rate_per_s: float) -> csr_array:
        """Return the (goods, activities) matrix at a rate of growth.

        Entries in grams or pieces, seconds and joules per run, per robot or per second of work.
        """
        t, at = self.tables, self._entries
        step = float(np.exp(min(rate_per_s * self.dt_s, _LARGEST))) if self.lag else 1.0
        left = np.exp(np.minimum(-rate_per_s * at.age_s, _LARGEST))
        cuts = {id(life): np.array(life.cuts(rate_per_s)) for life in self.lives}
        # births a step times seconds of work a birth: seconds of work a step
        per_task_s = np.array([cuts[id(self.lives[k])][kind] for k, kind in at.upkeep])
        values = [at.fixed, -step * t.in_amount, left * at.recycled, per_task_s.ravel()]
        data = np.bincount(at.slot, np.concatenate(values)[at.bound], len(at.indices))
        return csr_array((data, at.indices, at.indptr), shape=self.shape)

    @cached_property
    def _entries(self) -> "_Entries":
        """Where the entries are, and what there is of them at any rate."""
        t = self.tables
        task, species = np.arange(self.tasks), np.arange(len(t.idle_W))
        work = self.tasks + species
        has_tasks = np.flatnonzero(np.diff(t.option_start))
        time, electricity, energy = map(self.row_of, ("time", "electricity", "energy"))
        life = self.row_of("life") + CUTS * species[:, None] + np.arange(CUTS)
        fixed = [
            (t.out_material, np.repeat(task, np.diff(t.out_start)), t.out_amount),
            (time + t.task_species, task, -t.time_s),
            (time + has_tasks, work[has_tasks], 1.0),
            (electricity, task, -t.time_s * (t.power_W - t.heat_W)),
            (electricity, work, self.electric_W - self.idle_W),
            (energy, task, -t.time_s * t.power_W),
            (energy, work, self.electric_W + self.heat_W - self.idle_W),
            (life, work[:, None], -1.0),
        ]
        # a robot's worn parts come when it is taken apart
        built = t.task_target[self.builds]
        bills = [np.arange(t.bill_start[k], t.bill_start[k + 1]) for k in built]
        bill = np.concatenate(bills) if bills else np.zeros(0, np.int64)
        parts = [len(one) for one in bills]
        upkeep = np.flatnonzero(t.task_target >= 0)
        of = t.task_target[upkeep]
        growing = [
            (t.in_material, np.repeat(task, np.diff(t.in_start)), 0.0),
            (t.worn_of[t.bill_material[bill]], np.repeat(self.builds, parts), 0.0),
            (life[of], upkeep[:, None], 0.0),
        ]
        every: list[Any] = [*fixed, *growing]
        groups = [np.broadcast_arrays(*group) for group in every]
        rows, columns, values = (
            np.concatenate([group[i].ravel() for group in groups]) for i in range(3)
        )
        bound = ~np.isin(rows, [t.rock, *self.free])
        width = self.shape[1]
        cells, slot = np.unique(rows[bound] * width + columns[bound], return_inverse=True)
        age_s = t.life_s if not self.lag else -(-t.life_s // self.dt_s) * self.dt_s
        return _Entries(
            fixed=values[: sum(group[0].size for group in groups[: len(fixed)])],
            recycled=t.bill_amount[bill].astype(float),
            age_s=np.repeat(age_s[built], parts).astype(float),
            upkeep=[
                (int(k), int(t.task_kind[p] == BUILD)) for k, p in zip(of, upkeep, strict=True)
            ],
            bound=bound,
            slot=slot,
            indices=cells % width,
            indptr=np.searchsorted(cells, width * np.arange(self.shape[0] + 1)),
        )

    def existing(self, rate_per_s: float) -> F64:
        """Return (K,) robots in existence, broken ones included, per birth a step."""
        t = self.tables
        numbers = []
        for k in range(len(t.idle_W)):
            life_s = float(t.life_s[k] + (self.review_steps - 1) * self.dt_s)
            numbers.append(self.lives[k].alive_s(rate_per_s, life_s) / self.dt_s)
        return np.array(numbers)

    def births(self, activities: F64) -> F64:
        """Return (K,) births a step."""
        return self._by_species(activities, BUILD)

    def repairs(self, activities: F64) -> F64:
        """Return (K,) repairs a step."""
        return self._by_species(activities, REPAIR)

    def _by_species(self, activities: F64, kind: int) -> F64:
        t = self.tables
        found = np.zeros(len(t.idle_W))
        chosen = np.flatnonzero(t.task_kind == kind)
        found[t.task_target[chosen]] = activities[chosen]
        return found


def technology(
    scenario: "Scenario", sunlight_w_m2: float | None = None, lag: bool = True
) -> Technology:
    """Return the technology of a scenario, imports as wanted.

    Parameters
    ----------
    scenario : Scenario
    sunlight_w_m2 : float, optional
        Night taken off; the mean over an orbit by default.
    lag : bool
        Whether steps take time.
    """
    industry, imports = scenario.industry, scenario.imports
    imported = tuple(imports.materials) if imports else ()
    if sunlight_w_m2 is None:
        mean = mean_flux_w_m2(scenario.body.a_au, scenario.body.e)
        sunlight_w_m2 = mean * scenario.site.sun_fraction
    kinds = industry.species.values()
    names = list(industry.materials)
    return Technology(
        richest(compile_industry(industry, imported), scenario),
        round(scenario.rules.step_days * 86_400),
        scenario.rules.review_steps,
        np.array([float(int(k.collector_m2 * k.efficiency * sunlight_w_m2)) for k in kinds]),
        np.array([float(int(k.collector_m2 * k.heat_efficiency * sunlight_w_m2)) for k in kinds]),
        lag,
        frozenset(names.index(m) for m in imported),
    )
