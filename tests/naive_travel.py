"""The twin across a belt: the section of `docs/rules.md` on ships, in plain objects.

Where a ship goes and what a site orders are choices: they are handed in, as tasks are. For each
choice the twin says in turn who asks, and for what; it must be what the engine asked.
"""

import math
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from auxon.sim.explog import exp_less_1, log
from auxon.sim.orbit import GAUSS_K

from .naive import NaiveWorld
from .naive_lore import DAY_S, Lore, philox
from .naive_site import Site
from .naive_veil import Veil

VOYAGE, SURVEY = 6, 7
SETTLED, LOADING, FLYING, LOST, JOINED = range(5)
UNSURE = 2**32


@dataclass(frozen=True)
class Asked:
    """What somebody asked for, and the answer: a trip, an order, or None.

    Attributes
    ----------
    who : int
        Site.
    what : tuple
        ("order",) or ("trip", goal, payload_g, what there is to throw out).
    """

    who: int
    what: tuple[Any, ...]
    answer: Any


class NaiveBelt(NaiveWorld):
    """Sites on many bodies, and ships between them.

    Attributes
    ----------
    choices : deque of Asked
        For the step to come; used up by it.
    happened : Counter
        Events by name, for tests that want to see them all.
    """

    def __init__(self, scenario: Any, seed: int) -> None:
        plan = self.plan = scenario.belt
        self.scenario, self.seed, self.step_count = scenario, seed, 0
        self.lores = [Lore(scenario, ground) for ground in plan.grounds]
        self.lore = self.lores[0]
        self.observed = False
        self.veil = Veil(scenario, seed)
        self.choices: deque[Asked] = deque()
        self.happened: Counter[str] = Counter()
        self.bodies = [self._body(row) for row in range(len(plan.bodies))]
        self.exhaust = dict.fromkeys(self.lore.materials, 0)
        self.lost = dict.fromkeys(self.lore.materials, 0)
        self.wrecks = [dict.fromkeys(self.lore.species, 0) for _ in self.lores]
        self.sites: list[Site] = []
        for number, lineage in enumerate(plan.lineages):
            for row in lineage.bodies:
                kind = number * len(plan.fronts) + self.bodies[row].front
                site = self._new(self.lores[kind], len(self.sites), lineage.stock)
                site.kind, site.body, site.lineage = kind, row, number
                self.sites.append(site)
                self.stake(site)
                self.found(site, lineage.robots)
        kit = plan.entry.kit or SimpleNamespace(robots={}, stock={})
        self.kit: dict[str, int] = {k: kit.robots.get(k, 0) for k in self.lore.species}
        self.kit_stock = {m: self._lots_up(m, kit.stock.get(m, 0)) for m in self.lore.materials}
        self.carrier = plan.entry.drive.carrier

    def _body(self, row: int) -> SimpleNamespace:
        plan, b = self.plan, self.plan.bodies
        a_au, M_deg = float(b.a_au[row]), float(b.M_deg[row])
        days = plan.start_jd - float(b.epoch_jd_tdb[row])
        if days != 0:
            M_deg = (M_deg + math.degrees(GAUSS_K / (a_au * math.sqrt(a_au))) * days) % 360.0
        rock = b.composition_of(row)
        front = plan.fronts.index(rock) if rock in plan.fronts else -1
        rock_g = int(min(float(b.mass_kg[row]), 4e15) * 1000)
        return SimpleNamespace(
            a_au=a_au, e=float(b.e[row]), M_deg=M_deg, front=front, rock_g=rock_g
        )

    def _new(self, lore: Lore, number: int, stock: Any) -> Site:
        site = Site(lore, number, stock, 0)
        if self.plan.entry.trade:
            site.told = [[-1] + 3 * len(lore.materials) * [0]] * 2
        return site

    def _lots_up(self, m: str, amount: int) -> int:
        step: int = self.lore.industry.materials[m].step
        return -(-amount // step) * step

    def body_of(self, site: Site) -> Any:
        """Where it lies."""
        return self.bodies[site.body]

    def awake(self) -> list[Site]:
        """Kind by kind."""
        return sorted(super().awake(), key=lambda site: site.kind)

    def books(self) -> list[int]:
        """What ships threw out, what was lost with them, and who."""
        wrecks = [n for wrecked in self.wrecks for n in wrecked.values()]
        return [*self.exhaust.values(), *self.lost.values(), *wrecks]

    def every(self, days: float) -> int:
        """Steps between two looks."""
        steps: int = max(1, round(days * DAY_S / self.lore.dt))
        return steps

    def stake(self, site: Site) -> None:
        """Claim what a site may, of what is left."""
        taken = sum(s.claim for s in self.sites if s.body == site.body)
        left = self.body_of(site).rock_g - taken
        claim = min(int(self.scenario.site.claim_kg * 1000), left)
        if claim == left:
            self.happened["claim of all that is left"] += 1
        site.claim = site.lore.whole_lots(site.lore.reserve, claim)
        site.stock[site.lore.reserve] = site.claim
        site.ration = dict(site.stock)

    # ------------------------------------------------------------------ arrivals

    def land(self) -> None:
        """Let ships arrive whose time has come."""
        for ship in self.sites:
            if ship.state == FLYING and ship.arrives_at == self.step_count:
                self._arrive(ship)

    def _arrive(self, ship: Site) -> None:
        u = philox(self.seed, VOYAGE, ship.left_at, ship.number)[0]
        if u >= self._survival(ship) * UNSURE:
            self._lose(ship)
            return
        self._throw_out(ship, ship.brake_g)
        if ship.goal >= 0:
            self.happened["cargo"] += 1
            self._join(ship, self.sites[ship.goal])
            return
        own = [
            s
            for s in self.awake()
            if s.body == ship.body and s.lineage == ship.lineage and s is not ship
        ]
        if own:
            self.happened["join"] += 1
            self._join(ship, min(own, key=lambda s: s.number))
        else:
            self._settle(ship)

    def _survival(self, ship: Site) -> float:
        drive = self.plan.entry.drive
        if drive.loss_per_year == 1:
            return 0.0
        days = (ship.arrives_at - ship.left_at) * self.lore.dt / DAY_S
        x = exp_less_1(days / 365.25 * log(1 / (1 - drive.loss_per_year)))
        return float((1 - drive.loss_per_launch) / (1 + x))

    def _lose(self, ship: Site) -> None:
        self.happened["loss of cargo" if ship.goal >= 0 else "loss"] += 1
        ship.state = LOST
        for m in self.lore.materials:
            self.lost[m] += ship.stock[m]
            ship.stock[m] = 0
        for r in ship.robots:
            self.wrecks[ship.kind][r.species] += 1
        ship.robots = []

    def _join(self, ship: Site, site: Site) -> None:
        if not site.robots:
            self.happened["join where nobody lives"] += 1
        ship.state = JOINED
        for m in self.lore.materials:
            site.stock[m] += ship.stock[m]
            ship.stock[m] = 0
        self._move(ship.robots, ship, site)

    def _settle(self, ship: Site) -> None:
        ship.state = SETTLED
        row, fronts = ship.body, len(self.plan.fronts)
        u, v = philox(self.seed, SURVEY, 0, row)[:2]
        if u < self.plan.entry.search.certainty * UNSURE:
            front = self.bodies[row].front
        else:
            front = self.bodies[v % len(self.bodies)].front
            self.happened["surprise"] += front != self.bodies[row].front
        if front >= 0:
            self._know(ship, ship.lineage * fronts + front)
        there = sum(s.state == SETTLED and s.body == row for s in self.sites)
        if front >= 0 and there <= self.plan.entry.sites_per_body:
            self.happened["settle"] += 1
            self.stake(ship)
        else:
            self.happened["no rock" if front < 0 else "no room"] += 1
            ship.ration = dict(ship.stock)

    def _know(self, ship: Site, kind: int) -> None:
        """Take up the industry of a kind of site; its tasks are numbered as those of any other."""
        ship.kind, ship.lore = kind, self.lores[kind]
        ship.bank = dict(zip(ship.lore.tasks, ship.bank.values(), strict=True))

    def _move(self, robots: list[Any], old: Site, new: Site) -> None:
        moving = list(robots)
        old.robots = [r for r in old.robots if r not in moving]
        for r in moving:
            shift = new.clock[r.species] - old.clock[r.species]
            r.since += shift
            r.fails_at += shift
            self.happened["out of shelter aboard"] += r.shelter
            r.task, r.shelter = -1, 0
        new.robots = sorted(new.robots + moving, key=lambda r: (r.born, r.id))

    def _throw_out(self, ship: Site, grams: int) -> None:
        fuel = self.lore.materials[ship.fuel]
        ship.stock[fuel] -= grams
        self.exhaust[fuel] += grams

    # ------------------------------------------------------------------ launch

    def launch(self, hold: Collection[int]) -> None:
        """Let ships leave and load; let sites think of expeditions and of cargo."""
        for ship in list(self.sites):
            if ship.state == LOADING and ship.left_at == self.step_count:
                self._leave(ship)
        for ship in self.sites:
            if ship.state == LOADING and ship.left_at == -1:
                self._pack(ship, self.sites[ship.origin])
        for s in [s for s in self.sites if s.robots and s.state == SETTLED]:
            if (s.number + self.step_count) % self.every(self.plan.entry.search.every_days) == 0:
                self._review(s, s.number in hold)
        trade = self.plan.entry.trade
        for s in [s for s in self.sites if s.robots and s.state == SETTLED] if trade else []:
            if (s.number + self.step_count) % self.every(trade.every_days) == 0:
                self._report(s)
                if order := self._answer(s, "order"):
                    self._take_order(s, order)
        assert not self.choices, f"asked by the engine only: {self.choices}"

    def _answer(self, who: Site, *what: Any) -> Any:
        asked = self.choices.popleft()
        assert (asked.who, asked.what) == (who.number, what)
        return asked.answer

    def _healthy(self, site: Site) -> Counter[str]:
        return Counter(r.species for r in site.robots if not r.broken)

    def _crew(self, ship: Site) -> dict[str, int]:
        if ship.goal < 0:
            return self.kit
        return {k: int(k == self.carrier) for k in self.lore.species}

    def _leave(self, ship: Site) -> None:
        site, crew = self.sites[ship.origin], self._crew(ship)
        healthy = self._healthy(site)
        if any(healthy[k] < n for k, n in crew.items()):
            self.happened["wait"] += 1
            fuel = self.lore.materials[ship.fuel]
            site.stock[fuel] += ship.burn_g + ship.brake_g
            ship.stock[fuel] -= ship.burn_g + ship.brake_g
            ship.burn_g = ship.brake_g = ship.arrives_at = 0
            ship.fuel = ship.left_at = -1
            ship.body = site.body
            return
        ship.clock = dict(site.clock)
        for k, n in crew.items():
            able = [r for r in site.robots if r.species == k and not r.broken]
            self._move(able[len(able) - n :], site, ship)
        ship.state = FLYING
        site.sent += ship.goal < 0
        self._throw_out(ship, ship.burn_g)
        self.happened["launch" if ship.goal < 0 else "launch of cargo"] += 1
        self.happened["everybody left"] += bool(ship.robots) and not site.robots

    def _pack(self, ship: Site, site: Site) -> None:
        for m in self.lore.materials:
            half = (max(0, site.stock[m] - self._kept(site, m)) + 1) // 2
            n = min(ship.packing[m], self.lore.whole_lots(m, half))
            self.happened["packing in parts"] += 0 < n < ship.packing[m]
            site.stock[m] -= n
            ship.stock[m] += n
            ship.packing[m] -= n
            site.packing[m] -= n

    def _call_for(self, ship: Site, cargo: dict[str, int]) -> None:
        for m, n in cargo.items():
            ship.packing[m] += n
            self.sites[ship.origin].packing[m] += n

    def _kept(self, site: Site, m: str) -> int:
        """What a site keeps; one where nobody lived in this step, nothing."""
        kept: int = site.now.keep[m] if hasattr(site.now, "keep") else 0
        return kept

    def _review(self, s: Site, hold: bool) -> None:
        kit, healthy = self.plan.entry.kit, self._healthy(s)
        ships = [x for x in self.sites if x.state == LOADING and x.origin == s.number]
        self.happened["two ships"] += len(ships) > 1
        self._order_carriers(s, ships)
        for ship in ships:
            if ship.left_at == -1:
                self._make_ready(ship, s)
        if any(ship.goal == -1 for ship in ships) or not kit or len(self.bodies) == 1:
            return
        enough = all(
            healthy[k] >= math.ceil(n * kit.spare) for k, n in self.kit.items() if k != self.carrier
        )
        if enough and (kit.most is None or s.sent < kit.most):
            self.happened["hold" if hold else "lay down"] += 1
            if hold:
                return
            self._call_for(self._lay_down(s), self.kit_stock)

    def _order_carriers(self, s: Site, ships: list[Site]) -> None:
        if k := self.carrier:
            there = sum(r.species == k for r in s.robots)
            lack = sum(self._crew(x)[k] for x in ships) - there - s.orders[k] - s.building[k]
            if lack > 0:
                self.happened["order of carriers"] += 1
                if s.orders[k] == 0:
                    s.ordered_at[k] = self.step_count
                s.orders[k] += lack

    def _make_ready(self, ship: Site, s: Site) -> None:
        crew, healthy = self._crew(ship), self._healthy(s)
        if not any(ship.packing.values()) and all(healthy[k] >= n for k, n in crew.items()):
            self._tank(ship, s, crew)

    def _tank(self, ship: Site, s: Site, crew: dict[str, int]) -> None:
        known, drive = s.lore.industry, self.plan.entry.drive
        payload_g = sum(n * known.species[k].mass_g for k, n in crew.items())
        payload_g += sum(n * known.materials[m].mass_g for m, n in ship.stock.items())
        free = [max(0, s.stock[m] - self._kept(s, m)) for m in self.lore.materials]
        free[self.lore.materials.index(s.lore.reserve)] = 0
        trip = self._answer(s, "trip", ship.goal, payload_g, tuple(free))
        if trip is None:
            self.happened["no trip"] += 1
            if ship.goal >= 0:
                self._unload(ship, s, {})
            return
        if self.carrier:
            pushed_g = crew[self.carrier] * round(drive.payload_kg * 1000)
            flying_g = payload_g + trip.burn_g + trip.brake_g
            if flying_g > pushed_g:
                self.happened["too heavy"] += 1
                if ship.goal >= 0:
                    cargo_g = sum(n * known.materials[m].mass_g for m, n in ship.stock.items())
                    room_g = payload_g * pushed_g // flying_g * 999 // 1000
                    room_g = max(0, room_g - (payload_g - cargo_g))
                    stays = {
                        m: self.lore.whole_lots(m, n * room_g // cargo_g)
                        for m, n in ship.stock.items()
                    }
                    self._unload(ship, s, stays)
                    if any(stays.values()):
                        self.happened["lighter"] += 1
                        self._tank(ship, s, crew)
                return
        ship.body, ship.left_at, ship.arrives_at = trip.body, trip.left_at, trip.arrives_at
        ship.fuel, ship.burn_g, ship.brake_g = trip.fuel, trip.burn_g, trip.brake_g
        fuel = self.lore.materials[trip.fuel]
        self.happened[f"tank {fuel}"] += 1
        s.stock[fuel] -= trip.burn_g + trip.brake_g
        ship.stock[fuel] += trip.burn_g + trip.brake_g

    def _unload(self, ship: Site, s: Site, stays: dict[str, int]) -> None:
        for m, n in ship.stock.items():
            s.stock[m] += n - stays.get(m, 0)
            ship.stock[m] = stays.get(m, 0)
        if not any(stays.values()):
            self.happened["unloaded"] += 1
            ship.state = JOINED

    def _takes_none(self, site: Site) -> bool:
        """Whether it takes no orders."""
        cargoes = [x for x in self.sites if x.state == LOADING and x.goal >= 0 and x.left_at < 0]
        loads = any(x.origin == site.number for x in cargoes)
        return loads or site.state != SETTLED or not site.robots

    def _report(self, site: Site) -> None:
        if self._takes_none(site):
            self.happened["silence"] += 1
            return
        gross = getattr(site.now, "gross", dict.fromkeys(self.lore.materials, 0))
        told = [*site.stock.values(), *gross.values(), *site.foreign.values()]
        site.told = [[self.step_count, *told], site.told[0]]
        self.happened["report"] += 1

    def _take_order(self, buyer: Site, order: Any) -> None:
        if self._takes_none(self.sites[order.seller]):
            self.happened["void order"] += 1
            return
        ship = self._lay_down(self.sites[order.seller])
        ship.goal = buyer.number
        cargo = dict(zip(self.lore.materials, map(int, order.cargo), strict=True))
        self._call_for(ship, cargo)
        for (m, n), price in zip(cargo.items(), order.landed, strict=True):
            if n > 0:
                buyer.foreign[m] = int(price)
        self.happened["order"] += 1

    def _lay_down(self, s: Site) -> Site:
        over = [x.number for x in self.sites if x.state in (LOST, JOINED)]
        number = over[0] if over else len(self.sites)
        ship = self._new(s.lore, number, {})
        ship.now = SimpleNamespace()
        self.sites[number : number + 1] = [ship]
        self.happened["number taken again"] += bool(over)
        self._know(ship, s.kind)
        ship.lineage, ship.body = s.lineage, s.body
        ship.origin, ship.rank = s.number, s.rank + 1
        ship.state, ship.left_at, ship.goal = LOADING, -1, -1
        return ship
