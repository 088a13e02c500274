"""Where an expedition goes: the body that promises most for what it takes to get there.

A body's promise is the value of the rock it is thought to be, times its sunlight beside that of
the site, times the chance to arrive. It is divided by the mass that has to leave, propellant
included, and by the years until arrival and one more. Only the nearest bodies in the space of
orbits are looked at (`auxon.sim.neighbours`), and only some hundred transfers to each.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .belt_plan import BeltPlan
from .ephemeris import Orbits, light_time_s, orbits, state
from .explog import exp_less_1, log
from .neighbours import Neighbours
from .orbit import YEAR_DAYS, mean_flux_w_m2
from .porkchop import cheapest, flight
from .rng import SURVEY, philox
from .state import FLYING, LOADING, SETTLED
from .transfers import edelbaum_m_s, propellant_g
from .trig import DEGREE

if TYPE_CHECKING:
    from .world import World

I64 = NDArray[np.int64]

GRID = 24
"""Days of departure, and times of flight, that are tried for each body."""
_SHORTEST_DAYS = 20.0


class Trip(NamedTuple):
    """A flight that a ship can make.

    Attributes
    ----------
    body : int
    left_at, arrives_at : int
        Steps.
    fuel : int
        Material.
    burn_g, brake_g : int
        Of it, in whole lots.
    """

    body: int
    left_at: int
    arrives_at: int
    fuel: int
    burn_g: int
    brake_g: int


class Destinations:
    """Finds trips in a belt.

    Parameters
    ----------
    world : World
    plan : BeltPlan
    """

    def __init__(self, world: "World", plan: BeltPlan) -> None:
        assert plan.entry.drive
        self._world, self._plan, self._drive = world, plan, plan.entry.drive
        at, b = world.places, plan.bodies
        self.orbits: Orbits = orbits(
            at.a_au, at.e, b.i_deg, b.node_deg, b.peri_deg, at.M_deg, np.zeros(len(b))
        )
        self._near = Neighbours(self.orbits, 0.0)
        self.points = self._near.points
        self._front = plan.front_of_body
        flux = [mean_flux_w_m2(a, e) for a, e in zip(at.a_au.tolist(), at.e.tolist(), strict=True)]
        self._flux = np.array(flux)
        self._worth = np.append(plan.values, 0.0)  # no front, no value
        self._guess = plan.entry.search.certainty * self._worth[self._front]
        self._step_days = world.dt_s / 86_400
        self.flight_steps = round(plan.entry.search.flight_days / self._step_days)
        self._fuels = [
            (world.material_names.index(p.material), p.exhaust_m_s) for p in self._drive.propellants
        ]

    def front(self, body: int) -> int:
        """Return the front for the rock that a body turns out to have, -1 for none."""
        sure, other, *_ = philox(self._world.key, SURVEY, 0, body)
        if float(sure) < self._plan.entry.search.certainty * 2.0**32:
            return int(self._front[body])
        return int(self._front[int(other) % len(self._front)])

    def survival(self, days: float) -> float:
        """Return the chance to survive a flight, by + - * / alone."""
        per_year = self._drive.loss_per_year
        if per_year >= 1.0:
            return 0.0
        gone = exp_less_1(days / YEAR_DAYS * log(1.0 / (1.0 - per_year)))
        return (1.0 - self._drive.loss_per_launch) / (1.0 + gone)

    def choose(self, s: int, payload_g: int, most_g: int, stock: I64) -> Trip | None:
        """Return the best trip for a new site, or None.

        Parameters
        ----------
        s : int
            The site it leaves from.
        payload_g : int
            Mass without propellant.
        most_g : int
            Mass that can be pushed, propellant included.
        stock : (M,) int64
            What there is to take propellant from.
        """
        here = int(self._world.sites.body[s])
        search = self._plan.entry.search
        near = self._near.nearest(here, min(search.neighbours, len(self._flux) - 1))[0][0]
        promise = np.array([self._promise(s, int(b)) for b in near])
        near = near[promise > 0]
        if not len(near):
            return None
        trips = self.trips(here, near, payload_g, stock)
        best, found = 0.0, None
        for body, worth, trip in zip(near, promise[promise > 0], trips, strict=True):
            if trip is None or payload_g + trip.burn_g + trip.brake_g > most_g:
                continue
            days = (trip.arrives_at - trip.left_at) * self._step_days
            wait_days = (trip.arrives_at - self._world.step_count) * self._step_days
            mass = (payload_g + trip.burn_g + trip.brake_g) / payload_g
            score = worth * self._flux[body] / self._flux[here] * self.survival(days)
            score /= mass * (1.0 + wait_days / YEAR_DAYS)
            if score > best:
                best, found = score, trip
        return found

    def trips(self, here: int, targets: I64, payload_g: int, stock: I64) -> list[Trip | None]:
        """Return the cheapest trip from a body to each of others; None where it is too far."""
        if self._drive.acceleration_m_s2:
            return [self._spiral(here, int(b), payload_g, stock) for b in targets]
        step, days = self._world.step_count, self._step_days
        search = self._plan.entry.search
        waits = _whole_steps(1.0, search.window_days / days)
        flights = _whole_steps(_SHORTEST_DAYS / days, search.flight_days / days)
        cost, day, during = cheapest(
            self.orbits, here, targets, (step + waits) * days, flights * days
        )
        found: list[Trip | None] = []
        for body, dv, leave, tof in zip(targets.tolist(), cost, day, during, strict=True):
            trip = None
            if dv <= self._drive.most_km_s * 1000:
                burns = flight(self.orbits, here, body, leave, tof)
                left_at = round(leave / days)
                trip = self._fuelled(
                    Trip(body, left_at, left_at + round(tof / days), -1, 0, 0),
                    burns.departure_m_s, burns.arrival_m_s, payload_g, stock,
                )  # fmt: skip
            found.append(trip)
        return found

    def _spiral(self, here: int, body: int, payload_g: int, stock: I64) -> Trip | None:
        """Return a trip under low thrust, which may leave at once."""
        a, tilt = self.orbits.a_au, self._tilt_deg(here, body)
        dv_m_s = edelbaum_m_s(float(a[here]), float(a[body]), tilt)
        if dv_m_s > self._drive.most_km_s * 1000:
            return None
        assert self._drive.acceleration_m_s2
        seconds = dv_m_s / self._drive.acceleration_m_s2
        flight_steps = max(1, round(seconds / self._world.dt_s))
        left_at = self._world.step_count + 1
        trip = Trip(body, left_at, left_at + flight_steps, -1, 0, 0)
        return self._fuelled(trip, dv_m_s / 2, dv_m_s / 2, payload_g, stock)

    def _tilt_deg(self, one: int, other: int) -> float:
        """Return the angle between two orbital planes, by + - * / and sqrt."""
        poles = []
        for n in (one, other):
            p, q = (np.array([float(v[n]) for v in axis]) for axis in _axes(self.orbits))
            pole = np.array([p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], 0.0])
            pole[2] = p[0] * q[1] - p[1] * q[0]
            poles.append(pole / np.sqrt(pole[0] ** 2 + pole[1] ** 2 + pole[2] ** 2))
        x, y, z = poles[0] - poles[1]
        half = float(np.sqrt(x * x + y * y + z * z)) / 2  # sine of half the angle
        square = half * half
        arc = half * (1.0 + square * (1 / 6 + square * (3 / 40 + square * (15 / 336))))
        return 2.0 * arc / DEGREE

    def _fuelled(
        self, trip: Trip, burn_m_s: float, brake_m_s: float, payload_g: int, stock: I64
    ) -> Trip | None:
        """Return the trip with the first propellant of which there is enough."""
        least = self._world.tables.least
        for fuel, exhaust_m_s in self._fuels:
            lot = int(least[fuel])
            brake_g = -(-propellant_g(payload_g, brake_m_s, exhaust_m_s) // lot) * lot
            burn_g = -(-propellant_g(payload_g + brake_g, burn_m_s, exhaust_m_s) // lot) * lot
            if burn_g + brake_g <= stock[fuel]:
                return trip._replace(fuel=fuel, burn_g=burn_g, brake_g=brake_g)
        return None

    def _promise(self, s: int, body: int) -> float:
        """Return what a body is thought to be worth, 0 if it is known to be taken."""
        w, world = self._world.sites, self._world
        there = np.flatnonzero((w.body == body) & np.isin(w.state, (SETTLED, LOADING, FLYING)))
        known = self._guess[body]
        if len(there):
            delay_s = self.light_s(int(w.body[s]), body)
            since = np.where(w.state[there] == SETTLED, w.arrives_at[there], w.left_at[there])
            heard = (world.step_count - since) * world.dt_s >= delay_s
            own = w.lineage[there] == w.lineage[s]
            # one's own ships are planned together; of others one hears when they have arrived
            if (own & (heard | (w.state[there] != SETTLED))).any():
                return 0.0
            if (heard & (w.state[there] == SETTLED)).sum() >= self._plan.entry.sites_per_body:
                return 0.0
            if (heard & (w.state[there] == SETTLED)).any():
                known = self._worth[self.front(body)]
        return float(known)

    def light_s(self, one: int, other: int) -> float:
        """Return the time light takes between two bodies now."""
        days = self._world.step_count * self._step_days
        here, there = (state(self.orbits, body, days)[:3] for body in (one, other))
        return float(light_time_s(*here, *there))


def _axes(o: Orbits) -> tuple[tuple[NDArray[np.float64], ...], ...]:
    return (o.px, o.py, o.pz), (o.qx, o.qy, o.qz)


def _whole_steps(first: float, last: float) -> NDArray[np.float64]:
    """Return some whole numbers of steps from the first to the last."""
    spaced = np.linspace(max(1.0, first), max(1.0, first, last), GRID)
    return np.unique(np.round(spaced))
