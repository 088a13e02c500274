"""The bound on growth of a scenario: how fast a colony can grow at best, how, and what holds it.

Valued at the prices of the fastest balanced growth (`auxon.sim.balance`), what a colony has grows
by the factor e^r a step at most, whatever its robots do (von Neumann 1945, doi:10.2307/2296111). So
no colony under `docs/rules.md` grows faster than that for long. What this takes for granted is
never worse than the rules:

* One step of lag for each recipe, as the rules have it; `continuous` leaves out that too.
* Amounts, robots and runs need not be whole; nothing waits for a robot to change its task.
* Ore is as easily found as on the first day, and there is rock for ever.
* Imports come as wanted, at no cost; `ceiling` says up to which mass their budget allows that.
* Lifetimes count by their expectation: it is the expected value of a colony that is bounded.
* All robots work all the time; what holds them back is short of energy or input, and has a price.
* Sunlight is the mean over an orbit. Energy cannot be stored, so that a changing Sun costs growth;
  but for the bright part of an eccentric orbit alone, give its own sunlight.

Of what `[partial]` of a scenario does, uneven rock alone can help: here all faces are as rich as
one can be, for ever. The rest can only hurt:

* *Shadow* takes sunlight away, *shipments* imports that are wanted anyway.
* *Flares* break robots before their time, and who hides works nothing.
* *Service* costs a repair and a step, as a failure does, and what it wins is less: whoever fails
  has worked until then. (With V the discounted work of a robot that is as new, one more step of
  work and then a repair is worth 1 + e^(-2r) V at least, service now e^(-r) V, which is no more as
  V <= 1 / (1 - e^(-r)).) Its lifetimes have the scenario's `shape` here, too.
* *Wrecks* are lost to work; their worn parts come back early, though. That helps nobody as long as
  no robot's worn parts are worth more than its bill, at the prices of the bound: then let every
  robot be worth at least its worn parts, and still nothing grows by more than e^r a step. Tests see
  to it that this is so in the scenarios that are shipped.

Across a belt this is that of one site on the home body; the society's: `auxon.sim.belt_bound`.
"""

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .balance import Balance, balance
from .belt_bound import BeltBound, belt_bound
from .ceiling import Ceiling, ceiling
from .hindrance import why_nothing_grows
from .orbit import mean_flux_w_m2
from .scenario import Scenario
from .sensitivity import Sensitivity, sensitivity
from .technology import technology

F64 = NDArray[np.float64]

KWH_J = 3.6e6
_DAY_S = 86_400.0
_USED = 1e-9
"""Share of a material's turnover, or of the largest value, below which it is rounding."""


class Kind(NamedTuple):
    """A species in the plan's fleet."""

    species: str
    robots_per_t: float
    """Robots in a tonne of fleet, broken ones included."""
    mass_share: float
    worth: float
    """Of a newborn robot, in kilograms of newborn fleet per kilogram of its own."""
    rent_share: float
    """What its work earns, as a share of what all work and power earn."""


class Intensity(NamedTuple):
    """A process of the plan."""

    process: str
    machine: str
    runs_per_day_t: float
    """Runs a day in a tonne of fleet."""


class Detour(NamedTuple):
    """A material that the plan makes mainly by another process than the industry's route."""

    material: str
    process: str
    route: str


class Scarcity(NamedTuple):
    """A good with a price: more of it would let the colony grow faster."""

    kind: str
    """machine time, power or material."""
    good: str
    value_share: float
    """What there is of it in a step, at its price, over what all work and power earn. Shares of
    machine time and power add up to 1; the value of a material contains that of what made it."""


@dataclass(frozen=True)
class Bound:
    """The bound of one scenario.

    Attributes
    ----------
    scenario : Scenario
    sunlight_w_m2 : float
        For which it holds, night taken off.
    stepped : Balance or None
        As the rules have it, one step of lag a recipe. None: no robot can be built again and again.
    continuous : Balance or None
        The same without lag, as if steps were short.
    """

    scenario: Scenario
    sunlight_w_m2: float
    stepped: Balance | None
    continuous: Balance | None

    @property
    def rate_per_year(self) -> float:
        """Growth per year, with lag; minus infinity if nothing can be built again and again."""
        return self.stepped.rate_per_year if self.stepped else -math.inf

    @property
    def continuous_per_year(self) -> float:
        """Growth per year without lag."""
        return self.continuous.rate_per_year if self.continuous else -math.inf

    @property
    def doubling_time_years(self) -> float | None:
        """Time to double, None if it cannot grow."""
        return math.log(2) / self.rate_per_year if self.rate_per_year > 0 else None

    @cached_property
    def why(self) -> str | None:
        """Why it cannot grow, None if it can."""
        if self.stepped is None:
            return why_nothing_grows(self.scenario)
        if self.rate_per_year > 0:
            return None
        return (
            "robots wear out before they have replaced themselves: at best "
            f"{100 * math.exp(self.rate_per_year):.2g} % of them are left after a year"
        )

    @cached_property
    def fleet(self) -> tuple[Kind, ...]:
        """The best mix of species, heaviest share first."""
        if (b := self.stepped) is None:
            return ()
        mass_kg = b.technology.tables.species_mass_g / 1000.0
        rents = b.rents / b.rents.sum()
        kinds = [
            Kind(
                name,
                float(b.fleet[k] * 1000),
                float(b.fleet[k] * mass_kg[k]),
                float(b.worth[k] / mass_kg[k]),
                float(rents[k]),
            )
            for k, name in enumerate(self.scenario.industry.species)
            if b.births[k] > 0
        ]
        return tuple(sorted(kinds, key=lambda kind: -kind.mass_share))

    @cached_property
    def processes(self) -> tuple[Intensity, ...]:
        """The processes that the plan uses, in order of declaration."""
        if (b := self.stepped) is None:
            return ()
        per_day_t = 1000 * _DAY_S / b.technology.dt_s
        industry = self.scenario.industry.processes.values()
        return tuple(
            Intensity(p.name, p.machine, float(runs * per_day_t))
            for p, runs in zip(industry, b.activities, strict=False)
            if runs > 0
        )

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """Processes that the plan does not use."""
        if self.stepped is None:
            return ()
        used = {p.process for p in self.processes}
        return tuple(name for name in self.scenario.industry.processes if name not in used)

    @cached_property
    def detours(self) -> tuple[Detour, ...]:
        """Materials that the plan makes mainly by another process than the industry's route."""
        industry = self.scenario.industry
        made: dict[str, dict[str, float]] = {}
        for p in self.processes:
            for material, amount in industry.processes[p.process].outputs.items():
                made.setdefault(material, {})[p.process] = amount * p.runs_per_day_t
        found = []
        for material, ways in made.items():
            most = max(ways, key=lambda name: ways[name])
            route = industry.route.get(material, most)
            if ways[most] > ways.get(route, 0.0):
                found.append(Detour(material, most, route))
        return tuple(found)

    @cached_property
    def rock_kg_per_kg(self) -> float | None:
        """Rock taken per kilogram of newborn robots."""
        if (b := self.stepped) is None:
            return None
        t = b.technology.tables
        taken_g = float(self._taken[t.in_material == t.rock].sum())
        return taken_g / 1000 / self._newborn_kg

    @cached_property
    def electric_kWh_per_kg(self) -> float | None:
        """Electricity per kilogram of newborn robots: tasks, and idle power."""
        if (b := self.stepped) is None:
            return None
        t, of = b.technology.tables, b.technology
        tasks_J = float(t.time_s * (t.power_W - t.heat_W) @ b.activities[: of.tasks])
        return (tasks_J + float(of.idle_W @ b.work_s)) / KWH_J / self._newborn_kg

    @cached_property
    def heat_kWh_per_kg(self) -> float | None:
        """Energy that may come as heat, per kilogram of newborn robots."""
        if (b := self.stepped) is None:
            return None
        t = b.technology.tables
        heat_J = float(t.time_s * t.heat_W @ b.activities[: b.technology.tasks])
        return heat_J / KWH_J / self._newborn_kg

    @cached_property
    def imports_kg_per_kg(self) -> dict[str, float]:
        """Material -> kilograms imported per kilogram of newborn robots, most first."""
        if (b := self.stepped) is None or not b.technology.free:
            return {}
        of = b.technology
        net = replace(of, free=frozenset()).matrix(b.rate_per_s) @ b.activities
        names = list(self.scenario.industry.materials)
        # cargo lands before the step's work, so it counts like what was made a step before
        landing = math.exp(b.rate_per_s * of.dt_s) if of.lag else 1.0
        kg = {
            names[m]: float(-net[m] * of.tables.unit_mass_g[m]) / 1000 / landing / self._newborn_kg
            for m in sorted(of.free)
        }
        return dict(sorted(((m, x) for m, x in kg.items() if x > 0), key=lambda item: -item[1]))

    @cached_property
    def scarce(self) -> tuple[Scarcity, ...]:
        """Goods that hold growth back, those of the greatest value first."""
        if (b := self.stepped) is None:
            return ()
        of = b.technology
        supplied = of.matrix(b.rate_per_s).maximum(0) @ b.activities
        value = b.prices * supplied / b.rents.sum()
        industry = self.scenario.industry
        rows = [
            *(("machine time", k, of.row_of("time", i)) for i, k in enumerate(industry.species)),
            *(("power", name, of.row_of(name)) for name in ("electricity", "energy")),
            *(("material", m, of.row_of("material", i)) for i, m in enumerate(industry.materials)),
        ]
        found = [Scarcity(kind, good, float(value[row])) for kind, good, row in rows]
        return tuple(
            sorted((x for x in found if x.value_share > _USED), key=lambda x: -x.value_share)
        )

    @cached_property
    def surplus_kg_per_kg(self) -> dict[str, float]:
        """Material -> kilograms left over per kilogram of newborn robots, most first.

        More of them would not help, and less would not hurt.
        """
        if (b := self.stepped) is None:
            return {}
        of = b.technology
        matrix = of.matrix(b.rate_per_s)
        left, made = matrix @ b.activities, matrix.maximum(0) @ b.activities
        names = self.scenario.industry.materials
        kg = {
            name: float(left[m] * of.tables.unit_mass_g[m]) / 1000 / self._newborn_kg
            for m, name in enumerate(names)
            if left[m] > _USED * made[m]
        }
        return dict(sorted(kg.items(), key=lambda item: -item[1]))

    @cached_property
    def sensitivity(self) -> Sensitivity | None:
        """What a little more of this and that would change."""
        return sensitivity(self.stepped) if self.stepped else None

    @cached_property
    def ceiling(self) -> Ceiling | None:
        """Up to which mass the budget of imports allows this growth, None without imports."""
        return ceiling(self.scenario, self.stepped) if self.stepped else None

    @cached_property
    def belt(self) -> BeltBound | None:
        """The bound of the whole society across its belt, None without one."""
        return belt_bound(self.scenario)

    @cached_property
    def _taken(self) -> F64:
        """What tasks take of each of their inputs in a step."""
        assert self.stepped
        t, tasks = self.stepped.technology.tables, self.stepped.technology.tasks
        taken: F64 = np.repeat(self.stepped.activities[:tasks], np.diff(t.in_start)) * t.in_amount
        return taken

    @cached_property
    def _newborn_kg(self) -> float:
        """Robots born in a step."""
        assert self.stepped
        return float(self.stepped.births @ self.stepped.technology.tables.species_mass_g) / 1000

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data for JSON; what is no number, or infinite, is None."""
        industry = self.scenario.industry
        found: dict[str, Any] = {
            "scenario": self.scenario.name,
            "sunlight_w_m2": self.sunlight_w_m2,
            "rate_per_year": self.rate_per_year,
            "continuous_per_year": self.continuous_per_year,
            "doubling_time_years": self.doubling_time_years,
            "proved": self.stepped.proved if self.stepped else None,
            "why": self.why,
            "fleet": [kind._asdict() for kind in self.fleet],
            "processes": [process._asdict() for process in self.processes],
            "unused": self.unused,
            "detours": [detour._asdict() for detour in self.detours],
            "rock_kg_per_kg": self.rock_kg_per_kg,
            "electric_kWh_per_kg": self.electric_kWh_per_kg,
            "heat_kWh_per_kg": self.heat_kWh_per_kg,
            "imports_kg_per_kg": self.imports_kg_per_kg,
            "scarce": [good._asdict() for good in self.scarce],
            "surplus_kg_per_kg": self.surplus_kg_per_kg,
            "sensitivity": None,
            "ceiling": None,
            "belt": self.belt.to_dict() if self.belt else None,
        }
        if s := self.sensitivity:
            names = {
                **dict.fromkeys(("productivity", "life", "mtbf", "robot_kg"), industry.species),
                "material_kg": industry.materials,
            }
            found["sensitivity"] = asdict(s) | {
                key: dict(zip(of, getattr(s, key), strict=True)) for key, of in names.items()
            }
        if c := self.ceiling:
            found["ceiling"] = asdict(c) | {
                "exponential_until_kg": c.exponential_until_kg,
                "robots_per_kg": c.robots_per_kg,
                "sustained_kg": c.sustained_kg,
            }
        plain: dict[str, Any] = _plain(found)
        return plain


def bound(scenario: Scenario, sunlight_w_m2: float | None = None) -> Bound:
    """Return the bound on growth of a scenario; see the module for what it takes for granted.

    Parameters
    ----------
    scenario : Scenario
    sunlight_w_m2 : float, optional
        Night taken off; by default the mean over an orbit.

    Returns
    -------
    Bound
        Also where nothing can grow: then `why` says so.

    Raises
    ------
    UsageError
        Something makes itself from nothing, and growth has no bound.
    """
    if sunlight_w_m2 is None:
        mean_w_m2 = mean_flux_w_m2(scenario.body.a_au, scenario.body.e)
        sunlight_w_m2 = mean_w_m2 * scenario.site.sun_fraction
    stepped, continuous = (
        balance(technology(scenario, sunlight_w_m2, lag)) for lag in (True, False)
    )
    return Bound(scenario, sunlight_w_m2, stepped, continuous)


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(x) for key, x in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(x) for x in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
