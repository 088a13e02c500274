"""Planner: the central plan that decentralised policies are measured against.

What is built follows the fleet of the fastest balanced growth (`auxon.sim.balance`) in the sunlight
of the day: always the species that lags most behind its share. Everything else is as in `kanban`.
Cheap machines get some slack, so that a lump of work at one of them does not hold up the dear ones;
repairers more, as nobody repairs the last one.
"""

import math

import numpy as np
from numpy.typing import NDArray

from auxon.sim.balance import balance
from auxon.sim.observation import Observation
from auxon.sim.tables import REPAIR
from auxon.sim.technology import Technology

from .kanban import Kanban
from .quota import Wishes

F64 = NDArray[np.float64]

SLACK = 1.13
"""Of species that make up less than `CHEAP` of the planned fleet's mass."""
CHEAP = 0.05
REPAIRERS = 8.0
"""Hands for repairs over the plan's, and at least `LEAST`, and one for so many robots:"""
ROBOTS_PER_REPAIRER = 256
LEAST = 2
"""Of every planned species: the last one of a kind may be needed for its successor."""
SUNLIGHT_LEVELS = 32
"""Plans are made for sunlight rounded to half of so many levels between powers of two: 3 to 6 %."""
DIGITS = 4
"""Decimals kept of a share of the fleet: the last bits of a linear program's solution may differ
between machines, and may not decide what is built."""


class Planner(Kanban):
    """Follows the plan of the bound; where there is none, keeps the fleet as it is."""

    ahead_s = 4 * 86_400

    def __init__(self) -> None:
        self._plans: dict[tuple[int, int, int], F64] = {}

    def wishes(self, observation: Observation) -> tuple[Wishes, Wishes]:
        """Share hands in proportion to room; want what lags behind the plan."""
        o = observation
        there = (o.flows.healthy + o.flows.broken).astype(float)
        wanted = np.zeros_like(there)
        for s in o.here:
            wanted[s] = self._wanted(o, int(s), there[s])
        lag = wanted / np.maximum(there, 0.5)
        # with the order rule's own fourth power: who has the least of its share comes first
        desire = (lag / np.maximum(lag.max(axis=1, keepdims=True), 1e-12)) ** 4
        return o.flows.room_s.astype(np.float64), desire

    def _wanted(self, o: Observation, s: int, there: F64) -> F64:
        """Return how many robots of each species a fleet of this mass should have."""
        mass_g = o.tables.species_mass_g.astype(float)
        shares = self._shares(o, s)
        if not shares.any():
            return there
        wanted = shares * (there @ mass_g) / mass_g
        for p in np.flatnonzero(o.tables.task_kind == REPAIR)[:1]:
            k = o.tables.task_species[p]
            wanted[k] = max(wanted[k], LEAST + there.sum() // ROBOTS_PER_REPAIRER)
        found: F64 = np.where(shares > 0, np.maximum(wanted, LEAST), 0.0)
        return found

    def _shares(self, o: Observation, s: int) -> F64:
        """Return the planned share of the fleet's mass for each species; zeros without a plan."""
        t = o.tables
        most = int(np.argmax(t.electric_m2))
        sun_w_m2 = o.flows.supply_W[s, most] / max(t.electric_m2[most], 1e-9)
        mantissa, exponent = math.frexp(sun_w_m2)
        level = round(mantissa * SUNLIGHT_LEVELS)
        plan = (o.kind, level, exponent)
        if plan not in self._plans:
            sun_w_m2 = math.ldexp(level / SUNLIGHT_LEVELS, exponent)
            free = frozenset(np.flatnonzero(t.imported).tolist())
            power_W = t.electric_m2 * sun_w_m2, t.heat_m2 * sun_w_m2
            self._plans[plan] = _mix(Technology(t, o.dt_s, 1, *power_W, free=free))
        return self._plans[plan]


def _mix(technology: Technology) -> F64:
    """Return shares of the fleet's mass with slack, summing to 1; zeros if nothing can grow."""
    t = technology.tables
    plan = balance(technology)
    if plan is None:
        return np.zeros(len(t.idle_W))
    shares = plan.fleet * t.species_mass_g / 1000.0
    slack = np.where(shares < CHEAP, SLACK, 1.0)
    repairs = np.flatnonzero(t.task_kind == REPAIR)
    for k in t.task_species[repairs[:1]]:
        if not plan.work_s[k]:
            continue
        repairing = float(plan.activities[repairs] @ t.time_s[repairs]) / plan.work_s[k]
        slack[k] *= 1 + (REPAIRERS - 1) * repairing
    shares = shares * slack
    rounded: F64 = np.round(shares / shares.sum(), DIGITS)
    # a species that the plan needs is never rounded away
    return np.where(shares > 0, np.maximum(rounded, 10.0**-DIGITS), 0.0)
