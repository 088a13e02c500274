"""Growth across a belt with flights as they are: an estimate, no bound (`auxon.sim.belt_bound`)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .balance import balance
from .belt_facts import SHORTEST_DAYS, BeltFacts
from .destinations import GRID
from .orbit import YEAR_DAYS
from .porkchop import cheapest
from .technology import technology
from .transfers import edelbaum_m_s
from .wave import front_speed, growth

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_ORIGINS = 16
_DAYS = np.linspace(0.0, 12.0, 7) * YEAR_DAYS
"""Where from, and when, flights are looked at for the estimate: a revolution in the outer belt is
some five to six years."""


class Trips(NamedTuple):
    """Flights that would be chosen if no body were taken, one row each.

    Attributes
    ----------
    wait_years, flight_years : (n,) float64
        Until departure, and in flight.
    delta_v_m_s : (n,) float64
    propellant_kg : (n,) float64
    survival : (n,) float64
        Chance to arrive.
    step_m_s : (n,) float64
        Distance in the space of orbits.
    ahead_m_s : (n,) float64
        The same along the belt's longest axis there.
    """

    wait_years: F64
    flight_years: F64
    delta_v_m_s: F64
    propellant_kg: F64
    survival: F64
    step_m_s: F64
    ahead_m_s: F64


@dataclass(frozen=True)
class Estimate:
    """Growth with flights as they are.

    Attributes
    ----------
    sites_per_year : float
        Growth of the number of sites; 0 if it does not grow.
    doubling_time_years : float or None
    wave_m_s_per_year : float
        Speed of the front in the space of orbits.
    wait_days, flight_days, delta_v_m_s, propellant_kg, survival : float
        Medians; the mean of the chance to survive.
    trips : int
        That they were taken from.
    """

    sites_per_year: float
    doubling_time_years: float | None
    wave_m_s_per_year: float
    wait_days: float
    flight_days: float
    delta_v_m_s: float
    propellant_kg: float
    survival: float
    trips: int


class Estimator(BeltFacts):
    """Makes the estimate."""

    def estimate(self) -> Estimate | None:
        """Return growth with flights as they are, and sites that grow like the home body's."""
        kit = self._entry.kit
        assert kit
        trips, home = self._trips(), balance(technology(self._scenario))
        if trips is None or home is None or home.rate_per_year <= 0:
            return None
        every_years = self._entry.search.every_days / YEAR_DAYS
        growing_years = math.log(max(1.0, kit.spare)) / home.rate_per_year + every_years
        delay_years = trips.wait_years + trips.flight_years

        def births(rate: float, theta: float = 0.0) -> float:
            lean = np.cosh(np.minimum(theta * trips.ahead_m_s, 700.0))
            landed = float((trips.survival * np.exp(-rate * delay_years) * lean).mean())
            again = float(np.exp(-rate * (trips.wait_years + 2.0 * every_years)).mean())
            times = 1.0 / (1.0 - again)
            if kit.most is not None:
                times *= 1.0 - again**kit.most
            return landed * math.exp(-rate * growing_years) * times

        rate = growth(births)
        step = float(np.sqrt((trips.ahead_m_s**2).mean()))
        return Estimate(
            sites_per_year=rate,
            doubling_time_years=math.log(2) / rate if rate > 0 else None,
            wave_m_s_per_year=front_speed(births, step),
            wait_days=float(np.median(trips.wait_years)) * YEAR_DAYS,
            flight_days=float(np.median(trips.flight_years)) * YEAR_DAYS,
            delta_v_m_s=float(np.median(trips.delta_v_m_s)),
            propellant_kg=float(np.median(trips.propellant_kg)),
            survival=float(trips.survival.mean()),
            trips=len(trips.step_m_s),
        )

    def _trips(self) -> Trips | None:
        """Return what sites on some bodies would choose on some days."""
        front = self._plan.front_of_body
        lives = np.flatnonzero(front >= 0)
        spread = np.unique(np.linspace(0, len(lives) - 1, _ORIGINS).astype(int))
        points = self._near.points
        axis = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
        rows = []
        for here in lives[spread].tolist():
            near = self._neighbours[0][here]
            near = near[self._value(near) > 0]
            for day in _DAYS.tolist() if len(near) else []:
                if (best := self._best(here, near, day)) is not None:
                    to, *rest = best
                    step = points[int(to)] - points[here]
                    rows.append((*rest, float(np.sqrt(step @ step)), float(step @ axis)))
        return Trips(*np.array(rows).T) if rows else None

    def _value(self, bodies: I64) -> F64:
        worth = np.append(self._plan.values, 0.0)
        found: F64 = worth[self._plan.front_of_body[bodies]]
        return found

    def _best(self, here: int, near: I64, day: float) -> tuple[float, ...] | None:
        """Return body, wait, flight, delta-v, propellant and survival of the trip chosen."""
        drive, search = self._entry.drive, self._entry.search
        assert drive
        exhaust_m_s = drive.propellants[0].exhaust_m_s
        if drive.acceleration_m_s2:
            a = self._orbits.a_au
            cost = np.array([edelbaum_m_s(float(a[here]), float(a[b]), 0.0) for b in near])
            tof = np.maximum(cost / drive.acceleration_m_s2 / 86_400, self._dt_days)
            leave = np.full(len(near), day + self._dt_days)
        else:
            last = max(SHORTEST_DAYS, search.flight_days)
            cost, leave, tof = cheapest(
                self._orbits, here, near,
                day + np.linspace(self._dt_days, max(self._dt_days, search.window_days), GRID),
                np.unique(np.linspace(min(SHORTEST_DAYS, last), last, GRID)),
            )  # fmt: skip
        best, found = 0.0, None
        value = self._value(near)
        for i, body in enumerate(near.tolist()):
            mass = math.exp(min(cost[i] / exhaust_m_s, 700.0))
            if cost[i] > drive.most_km_s * 1000 or self._kit_kg * mass > self._most_kg:
                continue
            wait_days, chance = float(leave[i]) - day, self._survival(float(tof[i]))
            years = (wait_days + float(tof[i])) / YEAR_DAYS
            score = value[i] * self._flux[body] / self._flux[here] * chance / mass / (1.0 + years)
            if score > best:
                best = score
                burnt_kg = self._kit_kg * (mass - 1.0)
                found = (
                    float(body), wait_days / YEAR_DAYS, float(tof[i]) / YEAR_DAYS, float(cost[i]),
                    burnt_kg, chance,
                )  # fmt: skip
        return found
