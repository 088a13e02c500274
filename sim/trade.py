"""Cargo between sites: a site in need asks its neighbours, and buys where it pays.

What a site calls for and has not, and what it will use while a ship is on its way, it looks for at
the nearest sites of its lineage in the space of orbits. A seller offers a share of what it does not
call for itself, at its price (`auxon.sim.prices`). The flight costs its propellant at that price,
too, and the rent of a carrier for as long as it flies. A purchase pays if what comes costs on
arrival no more than `DEAREST` times what the seller asks; the one that saves most of that is made.
A carrier of the seller's takes it there, and stays.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .belt_plan import BeltPlan
from .destinations import Destinations, Trip
from .prices import DEAREST, POWER_SHARE, price
from .state import FLYING, LOADING, SETTLED

if TYPE_CHECKING:
    from .world import World

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


class Purchase(NamedTuple):
    """What a site buys.

    Attributes
    ----------
    seller : int
    cargo : (M,) int64
    trip : Trip
    gain : float
        In seconds of a gram of machine.
    landed : (M,) float64
        What a unit costs on arrival.
    """

    seller: int
    cargo: I64
    trip: Trip
    gain: float
    landed: F64


class Trade:
    """Finds purchases.

    Parameters
    ----------
    world : World
    plan : BeltPlan
    where : Destinations
    """

    def __init__(self, world: "World", plan: BeltPlan, where: Destinations) -> None:
        assert plan.entry.trade
        assert plan.entry.drive
        self._world, self._where, self._drive = world, where, plan.entry.drive
        self._entry = plan.entry.trade
        self.every = max(1, round(self._entry.every_days * 86_400 / world.dt_s))
        self._traded = np.array([world.material_names.index(m) for m in self._entry.materials])
        carrier = plan.entry.drive.carrier
        self._carrier = world.species_names.index(carrier) if carrier else -1

    def purchase(self, s: int) -> Purchase | None:
        """Return the best purchase of a site, or None if none pays."""
        need = self._need(s)
        if not need.any():
            return None
        sellers = self._sellers(s)
        if not len(sellers):
            return None
        best: Purchase | None = None
        for j in sellers:
            found = self._from(s, int(j), need)
            if found and (best is None or found.gain > best.gain):
                best = found
        return best

    def _need(self, s: int) -> I64:
        """Return what a site calls for and has not, and uses until the ship after the next."""
        world, w = self._world, self._world.sites
        need = np.zeros(len(world.tables.main), np.int64)
        coming = w.stock[np.isin(w.state, (LOADING, FLYING)) & (w.goal == s)].sum(0)
        steps = self.every + self._where.flight_steps
        m = self._traded
        use = w.use_fp[s, m] * steps >> 8
        wanted = world.flows.gross[s, m] + use - w.stock[s, m] - coming[m]
        need[m] = np.where(world.kinds[w.kind[s]].main[m] < 0, np.maximum(wanted, 0), 0)
        return need

    def _sellers(self, s: int) -> I64:
        """Return the nearest settled sites on other bodies, near ones first."""
        w = self._world.sites
        others = np.flatnonzero(
            (w.state == SETTLED)
            & (w.lineage == w.lineage[s])
            & (w.body != w.body[s])
            & (self._world.segments.count > 0)
        )
        points = self._where.points
        gap = points[w.body[others]] - points[w.body[s]]
        square = np.zeros(len(others))
        for column in gap.T:  # in a stated order
            square = square + column * column
        order = np.lexsort((others, square))
        found: I64 = others[order[: self._entry.neighbours]]
        return found

    def _prices(self, s: int) -> F64:
        world = self._world
        out = np.empty(len(world.tables.main))
        kind = world.kinds[world.sites.kind[s]]
        price(kind, world.sites, world.flows, s, out)
        return out

    def _from(self, s: int, seller: int, need: I64) -> Purchase | None:
        """Return a purchase from one seller, if it pays."""
        world, w, t = self._world, self._world.sites, self._world.tables
        if self._carrier >= 0 and world.flows.healthy[seller, self._carrier] < 1:
            return None
        spare = np.maximum(w.stock[seller] - world.flows.gross[seller], 0)
        spare[world.kinds[w.kind[seller]].rock] = 0
        cargo = np.minimum(need, (spare * self._entry.share).astype(np.int64))
        cargo = cargo // t.least * t.least
        carrier_g = int(t.species_mass_g[self._carrier]) if self._carrier >= 0 else 0
        most_g = round(self._drive.payload_kg * 1000)
        cargo_g = int(cargo @ t.unit_mass_g)
        if cargo_g == 0:
            return None
        # half of what a carrier can push, at most: the rest is for propellant
        if cargo_g > most_g // 2:
            cargo = cargo * (most_g // 2) // cargo_g // t.least * t.least
            cargo_g = int(cargo @ t.unit_mass_g)
        payload_g = cargo_g + carrier_g
        (trip,) = self._where.trips(
            int(w.body[seller]), w.body[s : s + 1], payload_g, spare - cargo
        )
        if cargo_g == 0 or trip is None or payload_g + trip.burn_g + trip.brake_g > most_g:
            return None
        theirs = self._prices(seller)
        flight_s = float((trip.arrives_at - trip.left_at) * world.dt_s)
        freight = (trip.burn_g + trip.brake_g) * theirs[trip.fuel]
        freight += carrier_g * (1.0 + POWER_SHARE) * flight_s
        landed = theirs + freight / cargo_g * t.unit_mass_g
        gain = -freight
        for m in np.flatnonzero(cargo):
            gain += float(cargo[m]) * (DEAREST - 1.0) * theirs[m]
        return Purchase(seller, cargo, trip, gain, landed) if gain > 0 else None
