"""What the bound on growth across a belt, and the estimate beside it, know of the belt."""

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .belt_plan import BeltPlan
from .ephemeris import orbits
from .neighbours import Neighbours
from .orbit import SOLAR_W_M2, YEAR_DAYS, mean_flux_w_m2
from .places import places
from .tables import compile_ground
from .transfers import edelbaum_m_s

if TYPE_CHECKING:
    from .scenario import Scenario

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SHORTEST_DAYS = 20.0
"""No flight in two burns is shorter than this (`auxon.sim.destinations`)."""


class BeltFacts:
    """Sunlight, kits, flights and neighbours of a belt."""

    def __init__(self, scenario: "Scenario", plan: BeltPlan) -> None:
        self._scenario, self._plan = scenario, plan
        self._entry = plan.entry
        self._imported = scenario.imports.materials if scenario.imports else ()
        self._dt_days = round(scenario.rules.step_days * 86_400) / 86_400
        b = plan.bodies
        # the rock may turn out to be another, so each body counts if sites travel
        starts = np.unique(np.concatenate([x.bodies for x in plan.lineages]).astype(np.int64))
        self._habitable = np.arange(len(b)) if self._entry.kit else starts
        flux = [mean_flux_w_m2(a, e) for a, e in zip(b.a_au.tolist(), b.e.tolist(), strict=True)]
        self._flux = np.array(flux)

    @cached_property
    def sunniest_w_m2(self) -> float:
        """Greatest mean sunlight of a body where there can be sites."""
        return float(self._flux[self._habitable].max()) * self._scenario.site.sun_fraction

    @cached_property
    def _brightest_w_m2(self) -> float:
        b = self._plan.bodies
        nearest_au = (b.a_au * (1.0 - b.e))[self._habitable].min()
        return SOLAR_W_M2 / float(nearest_au) ** 2 * self._scenario.site.sun_fraction

    @cached_property
    def _kit(self) -> tuple[F64, F64]:
        """(K,) robots and (M,) stock of a kit."""
        assert self._entry.kit
        industry = self._plan.industry
        robots = [self._entry.kit.robots.get(k, 0) for k in industry.species]
        stock = self._plan.kit_stock(tuple(industry.materials))
        return np.array(robots, np.float64), stock.astype(np.float64)

    @cached_property
    def _kit_kg(self) -> float:
        robots, stock = self._kit
        t = compile_ground(self._plan.grounds[0])
        return float(robots @ t.species_mass_g + stock @ t.unit_mass_g) / 1000.0

    @cached_property
    def _most_kg(self) -> float:
        """What the carriers of a kit push."""
        drive, kit = self._entry.drive, self._entry.kit
        assert drive
        assert kit
        return drive.payload_kg * kit.robots[drive.carrier] if drive.carrier else math.inf

    def _survival(self, days: float) -> float:
        drive = self._entry.drive
        assert drive
        lasting: float = (1.0 - drive.loss_per_year) ** (days / YEAR_DAYS)
        return (1.0 - drive.loss_per_launch) * lasting

    @cached_property
    def _near(self) -> Neighbours:
        return Neighbours(self._orbits, 0.0)

    @cached_property
    def _orbits(self) -> Any:
        """As they are at the start of the run."""
        at, b = places(self._scenario, 1), self._plan.bodies
        return orbits(at.a_au, at.e, b.i_deg, b.node_deg, b.peri_deg, at.M_deg, np.zeros(len(b)))

    @cached_property
    def _neighbours(self) -> tuple[I64, F64]:
        bodies = len(self._plan.bodies)
        count = min(self._entry.search.neighbours, bodies - 1)
        return self._near.nearest(np.arange(bodies), count)

    @cached_property
    def _reach_m_s(self) -> float:
        return float(self._neighbours[1].max())

    @cached_property
    def _shortest_days(self) -> float:
        """The shortest flight that is looked for, or that a low thrust makes."""
        drive = self._entry.drive
        assert drive
        if not drive.acceleration_m_s2:
            return max(1.0, round(max(1.0, SHORTEST_DAYS / self._dt_days))) * self._dt_days
        here = np.repeat(np.arange(len(self._plan.bodies)), self._neighbours[0].shape[1])
        a = self._orbits.a_au
        # without the turn of the plane, which only adds to it
        legs = [
            edelbaum_m_s(float(a[i]), float(a[j]), 0.0)
            for i, j in zip(here.tolist(), self._neighbours[0].ravel().tolist(), strict=True)
        ]
        steps = round(min(legs) / drive.acceleration_m_s2 / 86_400 / self._dt_days)
        return max(1, steps) * self._dt_days
