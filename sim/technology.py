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
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .orbit import mean_flux_w_m2
from .tables import BUILD, REPAIR, Tables, compile_industry
from .upkeep import CUTS, Life, life

if TYPE_CHECKING:
    from .scenario import Scenario

F64 = NDArray[np.float64]


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
        t, step = self.tables, float(np.exp(min(rate_per_s * self.dt_s, 300.0)))
        waiting = step if self.lag else 1.0
        rows: list[NDArray[np.int64]] = []
        columns: list[NDArray[np.int64]] = []
        values: list[F64] = []

        def add(row: object, column: object, value: object) -> None:
            r, c, v = np.broadcast_arrays(row, column, value)  # type: ignore[arg-type]
            rows.append(r.ravel().astype(np.int64))
            columns.append(c.ravel().astype(np.int64))
            values.append(v.ravel().astype(float))

        task = np.arange(self.tasks)
        add(t.in_material, np.repeat(task, np.diff(t.in_start)), -waiting * t.in_amount)
        add(t.out_material, np.repeat(task, np.diff(t.out_start)), t.out_amount)
        add(self.row_of("time") + t.task_species, task, -t.time_s)
        add(self.row_of("electricity"), task, -t.time_s * (t.power_W - t.heat_W))
        add(self.row_of("energy"), task, -t.time_s * t.power_W)

        species = np.arange(len(t.idle_W))
        work = self.tasks + species
        has_tasks = np.diff(t.option_start) > 0
        add(self.row_of("time") + species[has_tasks], work[has_tasks], 1.0)
        add(self.row_of("electricity"), work, self.electric_W - self.idle_W)
        add(self.row_of("energy"), work, self.electric_W + self.heat_W - self.idle_W)
        known: dict[int, tuple[F64, F64]] = {}
        for k in species:
            of = self.lives[k]
            if id(of) not in known:
                known[id(of)] = of.cuts(rate_per_s)
            prices_s, limits_s = known[id(of)]
            cuts = self.row_of("life", int(k)) + np.arange(CUTS)
            add(cuts, work[k], -1.0)
            for p in np.flatnonzero(t.task_target == k):
                # births a step times seconds of work a birth: seconds of work a step
                add(cuts, p, limits_s if t.task_kind[p] == BUILD else prices_s)
                if t.task_kind[p] == BUILD:
                    self._recycled(add, int(k), int(p), rate_per_s)
        matrix = csr_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=self.shape,
        )
        matrix.sum_duplicates()
        keep = np.ones(self.shape[0])
        keep[[t.rock, *self.free]] = 0.0
        return csr_array(matrix.multiply(keep[:, None]))

    def _recycled(self, add: object, k: int, p: int, rate_per_s: float) -> None:
        """Add what is left of a robot at the end of its life: worn parts of its bill."""
        t = self.tables
        bill = slice(t.bill_start[k], t.bill_start[k + 1])
        age_s = float(t.life_s[k])
        if self.lag:
            age_s = float(-(-int(t.life_s[k]) // self.dt_s) * self.dt_s)
        left = np.exp(min(-rate_per_s * age_s, 300.0)) * t.bill_amount[bill]
        add(t.worn_of[t.bill_material[bill]], p, left)  # type: ignore[operator]

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
        compile_industry(industry, imported),
        round(scenario.rules.step_days * 86_400),
        scenario.rules.review_steps,
        np.array([float(int(k.collector_m2 * k.efficiency * sunlight_w_m2)) for k in kinds]),
        np.array([float(int(k.collector_m2 * k.heat_efficiency * sunlight_w_m2)) for k in kinds]),
        lag,
        frozenset(names.index(m) for m in imported),
    )
