"""Cargo between sites: a site in need orders from the neighbour where it is cheapest on arrival.

Nobody sees into another site. When its turn comes a site tells the others what it has, wants and
pays, unless it takes no orders; they know it when light has brought it, and hold it to be so until
the next report. What its front buys (`auxon.sim.belt_schema.FrontEntry`) a site orders when it
holds less than half of it, from one of the nearest sites of its lineage in the space of orbits that
have told of themselves lately: those that can make it, or had more than they called for. A seller's
price is what its materials cost there (`auxon.sim.prices`); to it come the propellant of the flight
at the same prices and the rent of the carrier for as long as it flies. The order goes to the seller
with the least sum, if that is no more than so many times what the goods alone cost. Goods that cost
nothing there, as the seller neither makes nor ever bought them, are to spare: with nothing to
compare it with, any freight will do. The seller loads a ship with it as it would an expedition's
kit, less by what is too heavy for the trip when the day comes; or the order is void, if by now
nobody lives there or another was first.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .belt_plan import BeltPlan
from .destinations import Destinations
from .prices import POWER_SHARE, price
from .state import FLYING, LOADING, REPORTS, SETTLED

if TYPE_CHECKING:
    from .world import World

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


class Order(NamedTuple):
    """What a site orders.

    Attributes
    ----------
    seller : int
    cargo : (M,) int64
    cost : float
        Of goods and freight, in seconds of a gram of machine.
    landed : (M,) float64
        What a unit costs on arrival.
    """

    seller: int
    cargo: I64
    cost: float
    landed: F64


class Trade:
    """Finds orders that pay.

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
        buys = plan.buys(world.material_names)
        self._buys = np.tile(buys, (len(plan.lineages), 1))
        carrier = plan.entry.drive.carrier
        self._carrier = world.species_names.index(carrier) if carrier else -1

    def takes_none(self) -> NDArray[np.bool_]:
        """Return which sites take no orders: nobody lives there, or they load a cargo.

        A cargo whose day of departure is fixed is loaded.
        """
        w = self._world.sites
        none: NDArray[np.bool_] = (w.state != SETTLED) | (self._world.segments.count == 0)
        none[w.origin[(w.state == LOADING) & (w.goal >= 0) & (w.left_at < 0)]] = True
        return none

    def report(self, s: int) -> None:
        """Let a site tell the others of itself, if it takes orders."""
        if self.takes_none()[s]:
            return
        world, w = self._world, self._world.sites
        w.told_at[s, 1:], w.told[s, 1:] = w.told_at[s, :-1].copy(), w.told[s, :-1].copy()
        w.told_at[s, 0] = world.step_count
        w.told[s, 0] = w.stock[s], world.flows.gross[s], w.foreign[s]

    def order(self, s: int) -> Order | None:
        """Return the cheapest order of a site, None if it needs nothing or nothing pays."""
        w = self._world.sites
        if ((w.state == LOADING) & (w.goal == s)).any():
            return None
        need = self._need(s)
        if not need.any():
            return None
        found = [
            self._from(s, int(j), w.told[j, latest], need)
            for j in self._sellers(s)
            if (latest := self._heard(s, int(j))) is not None
        ]
        return min((o for o in found if o), key=lambda o: (o.cost, o.seller), default=None)

    def _need(self, s: int) -> I64:
        """Return what a site lacks of what it buys, if it has less than half of something."""
        w = self._world.sites
        wanted = self._buys[w.kind[s]]
        there = w.stock[s] + w.stock[(w.state == FLYING) & (w.goal == s)].sum(0)
        if not (2 * there < wanted).any():
            return np.zeros_like(wanted)
        least = self._world.tables.least
        lack: I64 = np.maximum(wanted - there, 0) // least * least
        return lack

    def _sellers(self, s: int) -> I64:
        """Return the nearest sites of the lineage that have told of themselves, near ones first."""
        w = self._world.sites
        lately = (w.told_at[:, 0] >= 0) & (w.told_at[:, 0] >= self._stale())
        others = np.flatnonzero(lately & (w.lineage == w.lineage[s]) & (w.body != w.body[s]))
        points = self._where.points
        square = np.zeros(len(others))
        for here, there in zip(points[w.body[s]], points[w.body[others]].T, strict=True):
            square = square + (there - here) * (there - here)  # in a stated order
        most = self._entry.neighbours
        if len(others) > most:  # sorting a few instead of all: equals stay in order
            near = square <= np.partition(square, most - 1)[most - 1]
            others, square = others[near], square[near]
        found: I64 = others[np.argsort(square, kind="stable")[:most]]
        return found

    def _stale(self) -> int:
        """Return the first step of which a report still counts."""
        return self._world.step_count - REPORTS * self.every

    def _heard(self, s: int, seller: int) -> int | None:
        """Return which report of a seller is the last that a site has heard."""
        world, w = self._world, self._world.sites
        light_s = self._where.light_s(int(w.body[seller]), int(w.body[s]))
        for n, at in enumerate(w.told_at[seller].tolist()):
            if max(0, self._stale()) <= at and (world.step_count - at) * world.dt_s >= light_s:
                return n
        return None

    def _from(self, s: int, seller: int, report: I64, need: I64) -> Order | None:
        """Return the order to one seller after its report, if it pays."""
        world, w, t = self._world, self._world.sites, self._world.tables
        kind = world.kinds[w.kind[seller]]
        stock, gross, _ = report
        spare = np.maximum(stock - gross, 0)
        cargo = np.where((kind.main >= 0) | (spare >= need), need, 0)
        carrier_g = int(kind.species_mass_g[self._carrier]) if self._carrier >= 0 else 0
        most_g = round(self._drive.payload_kg * 1000)
        room_g = most_g
        for _ in range(2):  # then as much less as the propellant asks for
            cargo_g = int(cargo @ t.unit_mass_g)
            if cargo_g + carrier_g > room_g:
                cargo = cargo * max(0, room_g - carrier_g) // cargo_g // t.least * t.least
                cargo_g = int(cargo @ t.unit_mass_g)
            if cargo_g == 0:
                return None
            payload_g = cargo_g + carrier_g
            (trip,) = self._where.trips(int(w.body[seller]), w.body[s : s + 1], payload_g, stock)
            if trip is None:
                return None
            flying_g = payload_g + trip.burn_g + trip.brake_g
            if flying_g <= most_g:
                break
            # a thousandth less, for lots are whole
            room_g = payload_g * most_g // flying_g * 999 // 1000
        else:
            return None
        theirs = np.empty(len(t.main))
        price(kind, report, theirs)
        flight_s = float((trip.arrives_at - trip.left_at) * world.dt_s)
        freight = float(trip.burn_g + trip.brake_g) * float(theirs[trip.fuel])
        freight += carrier_g * (1.0 + POWER_SHARE) * flight_s
        goods = 0.0
        for m in np.flatnonzero(cargo):
            goods += float(cargo[m]) * float(theirs[m])
        if goods > 0 and goods + freight > self._entry.dearest * goods:
            return None
        return Order(seller, cargo, goods + freight, theirs + freight / cargo_g * t.unit_mass_g)
