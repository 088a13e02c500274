"""Phases *arrivals* and *launch* across a belt: ships load, leave, get lost, found sites, join.

An expedition is a site that is not there yet: a row in `Sites` whose stock is what it carries and
whose segment holds who is aboard. A site with robots to spare lays one down; what its kit lacks is
called for like any other demand, and loaded as it comes. When the kit and the carriers are
complete a trip is looked for and its propellant taken; robots board on the day of departure. If
they are not all there by then, another trip is looked for.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .belt_plan import BeltPlan
from .destinations import Destinations, Trip
from .observation import Kit
from .rng import VOYAGE, philox
from .state import FLYING, JOINED, LOADING, LOST, SETTLED
from .trade import Order, Trade
from .wear import count_crews

if TYPE_CHECKING:
    from .world import World

I64 = NDArray[np.int64]


class Event(NamedTuple):
    """What happened to a ship in this step, and the ship as it was then.

    Attributes
    ----------
    what : str
        laid_down, ordered (a cargo), unloaded (a cargo for which there is no trip), left, lost,
        joined, settled, or settled without a claim: stranded (nobody can dig that rock) or crowded
        (others have taken it).
    ship, origin : int
    goal : int
        Site that a cargo is for, -1 for an expedition.
    start, body : int
        Bodies it leaves and flies to.
    lineage, rank, left_at, arrives_at : int
    fuel : int
        Material, -1 for none.
    burn_g, brake_g : int
        Of it.
    crew : (K,) int64
    stock : (M,) int64
        What it holds, what it will brake with included; of an order what is to be loaded.
    """

    what: str
    ship: int
    origin: int
    goal: int
    start: int
    body: int
    lineage: int
    rank: int
    left_at: int
    arrives_at: int
    fuel: int
    burn_g: int
    brake_g: int
    crew: I64
    stock: I64


class Travel:
    """What moves between the bodies of a world; without a belt nothing does.

    Attributes
    ----------
    events : list of Event
        Of the step, in order. Nothing reads them but listeners.
    moves : int
        Times that robots went aboard, ashore or down with a ship, in this process.
    where : Destinations or None
        None where nobody travels.
    kit : Kit or None
        What an expedition is; None where nobody leaves.
    """

    def __init__(self, world: "World") -> None:
        self.events: list[Event] = []
        self.moves = 0
        self.where: Destinations | None = None
        self.kit: Kit | None = None
        self._world = world
        self._plan: BeltPlan | None = world.scenario.belt
        if self._plan is None or not (self._plan.entry.kit or self._plan.entry.trade):
            self._plan = None
            return
        assert self._plan.entry.drive
        # nobody settles elsewhere without a kit, or when there is no elsewhere
        self._kit = self._plan.entry.kit if len(self._plan.bodies) > 1 else None
        self._every = max(1, round(self._plan.entry.search.every_days * 86_400 / world.dt_s))
        robots = self._kit.robots if self._kit else {}
        self._robots = np.array([robots.get(k, 0) for k in world.species_names], np.int64)
        self._stock = self._plan.kit_stock(world.material_names)
        spare = self._kit.spare if self._kit else 1.0
        self._spare = np.ceil(self._robots * spare).astype(np.int64)
        carrier = self._plan.entry.drive.carrier
        self._carrier = world.species_names.index(carrier) if carrier else -1
        self._pilot = np.zeros_like(self._robots)
        if carrier:
            self._spare[self._carrier] = 0  # built when they are needed
            self._pilot[self._carrier] = 1
        if self._kit:
            drive, most = self._plan.entry.drive, world.scenario.rules.most_robots
            self.kit = Kit(
                self._robots, self._stock, self._spare, self._every, drive.loss_per_launch, most
            )
        self.where = self._where = Destinations(world, self._plan)
        self._trade = Trade(world, self._plan, self._where) if self._plan.entry.trade else None

    # ------------------------------------------------------------------ arrivals

    def arrive(self) -> bool:
        """Let ships arrive whose time has come, in order of their numbers; say if any have."""
        self.events.clear()
        if self._plan is None:
            return False
        w = self._world.sites
        due = np.flatnonzero((w.state == FLYING) & (w.arrives_at == self._world.step_count))
        for ship in due:
            self._land(int(ship))
        return len(due) > 0

    def _land(self, ship: int) -> None:
        world, w = self._world, self._world.sites
        days = (w.arrives_at[ship] - w.left_at[ship]) * world.dt_s / 86_400
        word = float(philox(world.key, VOYAGE, int(w.left_at[ship]), ship)[0])
        if word >= self._where.survival(float(days)) * 2.0**32:
            self._lose(ship)
            return
        self._throw_out(ship, int(w.brake_g[ship]))
        if w.goal[ship] >= 0:
            self._join(ship, int(w.goal[ship]))
            return
        home = (w.body == w.body[ship]) & (w.lineage == w.lineage[ship]) & (w.state == SETTLED)
        inhabited = np.flatnonzero(home & (world.segments.count > 0))
        if len(inhabited):
            self._join(ship, int(inhabited[0]))
        else:
            self._settle(ship)

    def _lose(self, ship: int) -> None:
        world, w, books = self._world, self._world.sites, self._world.books
        self._tell("lost", ship)
        self.moves += 1
        w.state[ship] = LOST
        books.lost[:] += w.stock[ship]
        w.stock[ship] = 0
        a = world.segments.first[ship]
        aboard = world.robots.species[a : a + world.segments.count[ship]]
        books.wrecks[w.kind[ship]] += np.bincount(aboard, minlength=len(self._robots))
        world.segments.count[ship] = 0
        for counted in (world.flows.healthy, world.flows.broken):
            counted[ship] = 0

    def _join(self, ship: int, site: int) -> None:
        world, w = self._world, self._world.sites
        self._tell("joined", ship)
        w.state[ship] = JOINED
        w.stock[site] += w.stock[ship]
        w.stock[ship] = 0
        a = world.segments.first[ship]
        self._move(ship, np.arange(a, a + world.segments.count[ship]), site)

    def _settle(self, ship: int) -> None:
        """Found a site; its robots learn what the rock is."""
        assert self._plan
        world, w = self._world, self._world.sites
        w.state[ship] = SETTLED
        front = self._where.front(int(w.body[ship]))
        fronts = len(self._plan.fronts)
        here = int((w.body == w.body[ship])[w.state == SETTLED].sum())
        room = here <= self._plan.entry.sites_per_body
        self._tell("stranded" if front < 0 else "settled" if room else "crowded", ship)
        if front >= 0:
            w.kind[ship] = w.lineage[ship] * fronts + front
        if front >= 0 and room:
            world.stake(ship)
        else:  # nothing to dig: they live on what they have
            w.ration[ship] = w.stock[ship]

    # ------------------------------------------------------------------ launch

    def launch(self) -> None:
        """Let sites load what their kits lack; let ships leave whose day has come."""
        if self._plan is None:
            return
        world = self._world
        w = world.sites
        for ship in np.flatnonzero((w.state == LOADING) & (w.left_at == world.step_count)):
            self._leave(int(ship))
        self._pack()
        sites = np.flatnonzero((w.state == SETTLED) & (world.segments.count > 0))
        loading = np.flatnonzero(w.state == LOADING)
        origin = w.origin[loading]
        for s in sites[(sites + world.step_count) % self._every == 0]:
            self._review(int(s), loading[origin == s])
        if self._trade:
            for s in sites[(sites + world.step_count) % self._trade.every == 0]:
                self._trade.report(int(s))
                if order := self._trade.order(int(s)):
                    self._take_order(int(s), order)

    def _take_order(self, buyer: int, order: Order) -> None:
        """Let the seller lay down a ship for it, unless nobody lives there or it loads another."""
        assert self._trade
        if self._trade.takes_none()[order.seller]:
            return
        ship = self._lay_down(order.seller)
        w = self._world.sites
        w.goal[ship] = buyer
        self._pack_for(ship, order.cargo)
        ordered = order.cargo > 0
        w.foreign[buyer, ordered] = order.landed[ordered].astype(np.int64)
        self._tell("ordered", ship, order.cargo)

    def _pack_for(self, ship: int, cargo: I64) -> None:
        """Let the origin of a ship call for what it is to carry."""
        w = self._world.sites
        w.packing[ship] += cargo
        w.packing[w.origin[ship]] += cargo

    def _pack(self) -> None:
        """Let each ship take half of what its site does not keep, up to what it lacks."""
        w, t, keep = self._world.sites, self._world.tables, self._world.flows.keep
        for ship in np.flatnonzero((w.state == LOADING) & (w.left_at < 0)):
            if w.packing[ship].any():
                s = int(w.origin[ship])
                free = np.maximum(w.stock[s] - keep[s], 0)
                taken = np.minimum((free + 1) // 2 // t.least * t.least, w.packing[ship])
                w.stock[s] -= taken
                w.stock[ship] += taken
                self._pack_for(int(ship), -taken)

    def _review(self, s: int, loading: I64) -> None:
        """See to the ships that a site loads; begin to load another kit."""
        world, w, f = self._world, self._world.sites, self._world.flows
        self._order_carriers(s, loading)
        for ship in loading[w.left_at[loading] < 0]:
            self._make_ready(s, int(ship))
        if self._kit is None or (w.goal[loading] < 0).any():
            return
        if self._kit.most is not None and w.sent[s] >= self._kit.most:
            return
        if not world.may_launch[s]:
            return
        if (f.healthy[s] >= self._spare).all():
            ship = self._lay_down(s)
            self._pack_for(ship, self._stock)
            self._tell("laid_down", ship)

    def _order_carriers(self, s: int, loading: I64) -> None:
        """Order the carriers that lack for all ships that a site loads."""
        if self._carrier < 0:
            return
        w, f, k = self._world.sites, self._world.flows, self._carrier
        wanted = sum(int(self._crew(int(ship))[k]) for ship in loading)
        lack = wanted - int(f.healthy[s, k] + f.broken[s, k])
        if lack > (coming := int(w.orders[s, k] + w.building[s, k])):
            if w.orders[s, k] == 0:
                w.ordered_at[s, k] = self._world.step_count
            w.orders[s, k] += lack - coming

    def _make_ready(self, s: int, ship: int) -> None:
        """Look for a trip when all is loaded."""
        w = self._world.sites
        if not w.packing[ship].any() and (self._world.flows.healthy[s] >= self._crew(ship)).all():
            self._tank(ship)

    def _crew(self, ship: int) -> I64:
        """Return how many robots of each species fly: a kit's, or one carrier with a cargo."""
        return self._robots if self._world.sites.goal[ship] < 0 else self._pilot

    def _lay_down(self, s: int) -> int:
        """Return a new ship of a site; numbers of ships that are no more are used again."""
        world, w = self._world, self._world.sites
        over = np.flatnonzero(np.isin(w.state, (LOST, JOINED)))
        ship = int(over[0]) if len(over) else world.add_site()
        world.clear_site(ship)
        w = world.sites
        w.kind[ship], w.lineage[ship], w.body[ship] = w.kind[s], w.lineage[s], w.body[s]
        w.rank[ship], w.origin[ship], w.state[ship] = w.rank[s] + 1, s, LOADING
        w.left_at[ship], w.goal[ship] = -1, -1
        return ship

    def _tank(self, ship: int) -> None:
        """Look for a trip that the carriers can push; if there is one, take its propellant."""
        assert self._plan
        assert self._plan.entry.drive
        world, w = self._world, self._world.sites
        s = int(w.origin[ship])
        t, crew = world.kinds[w.kind[s]], self._crew(ship)
        payload_g = int(crew @ t.species_mass_g) + int(w.stock[ship] @ t.unit_mass_g)
        free = np.maximum(w.stock[s] - world.flows.keep[s], 0)
        free[t.rock] = 0
        most_g = 2**62
        if self._carrier >= 0:
            most_g = int(crew[self._carrier]) * round(self._plan.entry.drive.payload_kg * 1000)
        buyer = int(w.goal[ship])
        if buyer >= 0:
            (trip,) = self._where.trips(int(w.body[s]), w.body[buyer : buyer + 1], payload_g, free)
        else:
            trip = self._where.choose(s, payload_g, most_g, free)
        if trip is None or payload_g + trip.burn_g + trip.brake_g > most_g:
            if buyer >= 0 and self._lighten(ship, trip, payload_g, most_g):
                self._tank(ship)
            return
        w.body[ship], w.left_at[ship], w.arrives_at[ship] = trip.body, trip.left_at, trip.arrives_at
        w.fuel[ship], w.burn_g[ship], w.brake_g[ship] = trip.fuel, trip.burn_g, trip.brake_g
        w.stock[ship, trip.fuel] += trip.burn_g + trip.brake_g
        w.stock[s, trip.fuel] -= trip.burn_g + trip.brake_g

    def _lighten(self, ship: int, trip: Trip | None, payload_g: int, most_g: int) -> bool:
        """Unload what of a cargo is too heavy for a trip, all of it without one; say if some stays.

        The day of the trip for which it was ordered may be over when it is loaded. A ship that has
        nothing left to carry is no more, so that its site can take other orders.
        """
        w, t = self._world.sites, self._world.tables
        stays = np.zeros_like(w.stock[ship])
        if trip:
            cargo_g = int(w.stock[ship] @ t.unit_mass_g)
            flying_g = payload_g + trip.burn_g + trip.brake_g
            # a thousandth less, for lots are whole
            room_g = payload_g * most_g // flying_g * 999 // 1000 - (payload_g - cargo_g)
            stays = w.stock[ship] * max(0, room_g) // cargo_g // t.least * t.least
        if not stays.any():
            self._tell("unloaded", ship)
            w.state[ship] = JOINED
        w.stock[w.origin[ship]] += w.stock[ship] - stays
        w.stock[ship] = stays
        return bool(stays.any())

    def _leave(self, ship: int) -> None:
        world, w, f = self._world, self._world.sites, self._world.flows
        s = int(w.origin[ship])
        crew = self._crew(ship)
        if (f.healthy[s] < crew).any():
            self._wait(ship)
            return
        w.clock_s[ship] = w.clock_s[s]
        a, b = world.segments.first[s], world.segments.first[s] + world.segments.count[s]
        species, well = world.robots.species[a:b], world.robots.broken[a:b] == 0
        boarding = [
            np.flatnonzero(well & (species == k))[-n:]  # the youngest
            for k, n in enumerate(crew)
            if n
        ]
        if boarding:
            self._move(s, a + np.sort(np.concatenate(boarding)), ship)
        w.state[ship] = FLYING
        w.sent[s] += w.goal[ship] < 0
        self._throw_out(ship, int(w.burn_g[ship]))
        self._tell("left", ship)

    def _wait(self, ship: int) -> None:
        """Give the propellant back: another trip is looked for."""
        w = self._world.sites
        s = int(w.origin[ship])
        tanked = w.burn_g[ship] + w.brake_g[ship]
        w.stock[s, w.fuel[ship]] += tanked
        w.stock[ship, w.fuel[ship]] -= tanked
        w.body[ship], w.left_at[ship], w.arrives_at[ship] = w.body[s], -1, 0
        w.fuel[ship], w.burn_g[ship], w.brake_g[ship] = -1, 0, 0

    def _throw_out(self, ship: int, grams: int) -> None:
        w, books = self._world.sites, self._world.books
        w.stock[ship, w.fuel[ship]] -= grams
        books.exhaust[w.fuel[ship]] += grams

    def _tell(self, what: str, ship: int, stock: I64 | None = None) -> None:
        """Let listeners know of a ship as it is now."""
        w, f = self._world.sites, self._world.flows
        origin = int(w.origin[ship])
        self.events.append(
            Event(
                what=what,
                ship=ship,
                origin=origin,
                goal=int(w.goal[ship]),
                start=int(w.body[origin]),
                body=int(w.body[ship]),
                lineage=int(w.lineage[ship]),
                rank=int(w.rank[ship]),
                left_at=int(w.left_at[ship]),
                arrives_at=int(w.arrives_at[ship]),
                fuel=int(w.fuel[ship]),
                burn_g=int(w.burn_g[ship]),
                brake_g=int(w.brake_g[ship]),
                crew=f.healthy[ship] + f.broken[ship],
                stock=w.stock[ship].copy() if stock is None else stock,
            )
        )

    # ------------------------------------------------------------------ robots that move

    def _move(self, s: int, rows: I64, to: int) -> None:
        """Move robots to another site; there they are in order of birth again."""
        world = self._world
        self.moves += 1
        offsets = rows - world.segments.first[s]
        coming = np.zeros(len(world.segments.first), np.int64)
        coming[to] = len(rows)
        world.make_room(coming)
        r, segments, w = world.robots, world.segments, world.sites
        rows = segments.first[s] + offsets
        k = r.species[rows]
        at = segments.first[to] + segments.count[to]
        columns: list[NDArray[np.generic]] = [*r, world.memory]
        for column in columns:
            column[at : at + len(rows)] = column[rows]
        new = slice(int(at), int(at) + len(rows))
        shift = w.clock_s[to][k] - w.clock_s[s][k]
        r.since_s[new] += shift
        r.fails_at_s[new] += shift
        r.task[new] = -1
        r.shelter[new] = False
        segments.count[to] += len(rows)
        whole = slice(int(segments.first[to]), int(at) + len(rows))
        order = np.lexsort((r.id[whole], r.born[whole]))
        a, b = int(segments.first[s]), int(segments.first[s] + segments.count[s])
        stays = np.ones(b - a, np.bool_)
        stays[offsets] = False
        for column in columns:
            column[whole] = column[whole][order]
            column[a : a + int(stays.sum())] = column[a:b][stays]
        segments.count[s] = int(stays.sum())
        count_crews(np.array([s, to]), world.flows, r, segments)
