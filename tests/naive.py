"""The slow, obvious twin: `docs/rules.md` in plain Python, written from that page alone.

Robots are objects, stocks are dictionaries by name, a phase is a method. Nothing here knows the
engine but for the sunlight, which the rules name. The engine must reach the same digest after every
step.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

from auxon.sim.orbit import flux_w_m2

from .naive_lore import DAY_S, Lore, Task, philox
from .naive_site import Robot, Site
from .naive_veil import Veil

LIFE, ROTATION, PARENT = 1, 3, 4


class NaiveWorld:
    """Sites, and the phases of a step."""

    def __init__(self, scenario: Any, seed: int, sites: int = 1) -> None:
        self.scenario, self.seed, self.step_count = scenario, seed, 0
        self.lore = lore = Lore(scenario)
        self.observed = False
        self.veil = Veil(scenario, seed)
        claim = lore.whole_lots(lore.reserve, int(scenario.site.claim_kg * 1000))
        self.sites = [Site(lore, s, scenario.seed_stock, claim) for s in range(sites)]
        for site in self.sites:
            self.found(site, scenario.seed_robots)

    def found(self, site: Site, robots: Mapping[str, int]) -> None:
        """Put the founders there."""
        for k in site.lore.species:
            for _ in range(robots.get(k, 0)):
                site.robots.append(self.make_robot(site, k, None))

    def observe(self) -> None:
        """Run the phases before anybody decides."""
        if not self.observed:
            for site in self.sites:
                site.now = SimpleNamespace()
            self.land()
            for phase in (self._environment, self._arrivals, self._observe):
                for site in self.awake():
                    phase(site)
            self.observed = True

    def step(
        self,
        tasks: dict[int, int],
        desire: list[list[float]],
        ahead_s: int = 16 * DAY_S,
        conduct: Mapping[int, int] | None = None,
        hold: Collection[int] = (),
    ) -> None:
        """Run one step.

        `tasks` says what each robot whose review has come takes up, by id; `conduct` what it does
        beside that, if anything; `desire` how much each site wants each species; `hold` which
        sites lay down no expedition.
        """
        self.observe()
        self.decide(tasks)
        for site in self.awake():
            for r in self.due(site):
                self.veil.behave(r, (conduct or {}).get(r.id, 0), self.step_count, site.lore)
        for site in self.awake():
            site.count()
            self._work(site)
        for site in self.awake():
            if self.lore.industry.assembler:
                self._build(
                    site, dict(zip(self.lore.species, desire[site.number], strict=True)), ahead_s
                )
            self._note_use(site)
        self.wear()
        for site in self.awake():
            self._repair(site)
        self.launch(hold)
        self.observed = False
        self.step_count += 1

    def land(self) -> None:
        """Let ships arrive, where there are any."""

    def launch(self, hold: Collection[int]) -> None:
        """Let ships load and leave, where there are any."""

    def decide(self, tasks: dict[int, int]) -> None:
        """Let robots whose review has come take up their tasks."""
        for site in self.awake():
            for r in self.due(site):
                r.task = tasks[r.id]

    def wear(self) -> None:
        """Let every robot wear by its use."""
        for site in self.awake():
            self.advance(site)
            for r in site.robots:
                well = not r.broken
                r.wear_out(site.clock[r.species])
                self.veil.strike(site, r, self.step_count)
                if well and r.broken and self.veil.wrecks(r, self.step_count):
                    r.broken = 2

    def advance(self, site: Site) -> None:
        """Move the clocks on by what the species were used."""
        for k in self.lore.species:
            site.clock[k] += site.now.used[k]

    def awake(self) -> list[Site]:
        """Settled sites where somebody lives."""
        return [site for site in self.sites if site.robots and site.state == 0]

    def due(self, site: Site) -> list[Any]:
        """Healthy robots whose review has come."""
        turn = self.step_count % self.lore.review
        return [r for r in site.robots if r.phase == turn and not r.broken]

    def digest(self) -> str:
        """Hash everything there is."""
        numbers = [self.step_count]
        for site in self.sites:
            numbers += site.numbers()
            robots = sorted(site.robots, key=lambda r: r.id)
            for f in fields(Robot):
                column = [getattr(r, f.name) for r in robots]
                numbers += map(self.lore.species.index, column) if f.name == "species" else column
        numbers += self.books()
        data = b"".join(int(n).to_bytes(8, "little", signed=True) for n in numbers)
        return blake2b(data, digest_size=16).hexdigest()

    def books(self) -> list[int]:
        """What ships threw out, what was lost with them, and who: nothing without ships."""
        return [0] * (2 * len(self.lore.materials) + len(self.lore.species))

    def life(self, lore: Lore, species: str, ident: int) -> int:
        """Use after which a robot made or mended now will break."""
        return lore.weibull[species].life_s(philox(self.seed, LIFE, self.step_count, ident)[0])

    def make_robot(self, site: Site, species: str, parent: Robot | None) -> Any:
        """Make the next robot of a species, with no parent for founders and orphans."""
        serial = site.serial[species]
        site.serial[species] += 1
        ident = ((site.number << 12 | self.lore.species.index(species)) << 32) | serial
        return self.robot_class(
            ident,
            parent.id if parent else -1,
            self.step_count,
            parent.generation + 1 if parent else 0,
            species,
            parent.design if parent else 0,
            -1,
            0,
            serial % self.lore.review,
            site.clock[species],
            site.clock[species] + self.life(site.lore, species, ident),
            0,
            0,
            serial % self.veil.faces,
        )

    robot_class: Any = Robot

    def body_of(self, site: Site) -> Any:
        """Where a site lies: all on one, here."""
        return self.scenario.body

    def _environment(self, site: Site) -> None:
        body, lore = self.body_of(site), site.lore
        days = (self.step_count + 0.5) * self.scenario.rules.step_days
        sun = flux_w_m2(body.a_au, body.e, body.M_deg, days) * self.scenario.site.sun_fraction
        if self.veil.shaded(site, self.step_count):
            sun *= 1 - self.veil.shadow.depth
        site.now = now = SimpleNamespace(supply_W={}, warmth_W={})
        now.consumed = dict.fromkeys(lore.materials, 0)
        for k, s in lore.industry.species.items():
            now.supply_W[k] = int(s.collector_m2 * s.efficiency * sun)
            now.warmth_W[k] = int(s.collector_m2 * s.heat_efficiency * sun)

    def _arrivals(self, site: Site) -> None:
        imports, lore = self.scenario.imports, site.lore

        def land() -> None:
            if 0 <= site.lands_at <= self.step_count:
                site.put(site.transit, 1)
                site.transit = dict.fromkeys(lore.materials, 0)
                site.lands_at = -1
                site.ration = dict(site.stock)

        land()
        if (
            not imports
            or site.origin >= 0
            or self.step_count % max(1, round(imports.every_days * DAY_S / lore.dt))
        ):
            return
        later = self.veil.shipment(site, self.step_count)
        if site.lands_at >= 0 or later is None:
            return
        wanted = [m for m in lore.materials if m in imports.materials]
        want = {m: max(0, 3 * site.season[m] + 4 * lore.largest[m] - site.stock[m]) for m in wanted}
        asked_g = sum(n * lore.industry.materials[m].mass_g for m, n in want.items())
        budget_g = round(imports.budget_kg * 1000)
        for m, n in want.items():
            if asked_g > budget_g:
                n = n * budget_g // asked_g
            site.transit[m] = lore.whole_lots(m, n)
            site.imported[m] += site.transit[m]
        site.lands_at = self.step_count + round(imports.transit_days * DAY_S / lore.dt) + later
        site.season = dict.fromkeys(lore.materials, 0)
        land()

    def _observe(self, site: Site) -> None:
        lore, now = site.lore, site.now
        site.count()
        stock = site.stock
        gross = {m: (site.use_fp[m] * 345_600 // lore.dt >> 8) + n for m, n in lore.largest.items()}
        now.gross, coming = gross, dict.fromkeys(lore.materials, 0)
        now.planned = planned = dict.fromkeys(lore.tasks, 0)
        self._keep(site)
        for k in lore.species:
            for m, n in lore.parts[k].items():
                gross[m] += n * now.broken[k]
            for m, n in lore.bill[k].items():
                gross[m] += n * site.orders[k]
            if k in lore.build:
                planned[lore.build[k]] = site.building[k]
            if k in lore.repair:
                planned[lore.repair[k]] = now.broken[k]
        imports = self.scenario.imports
        for m in lore.materials:
            gross[m] += now.keep[m] + site.packing[m]
            if imports and m in imports.materials and lore.main[m]:
                gross[m] += 3 * site.season[m]  # rather made here than ordered

        def plan(task: Task, runs: int) -> None:
            planned[task] += runs
            for m, n in task.takes.items():
                gross[m] += runs * n
            for m, n in task.gives.items():
                coming[m] += runs * n

        for _ in range(3):
            for m in lore.sweep:
                lack = gross[m] - stock[m] - coming[m]
                for t in lore.spare[m]:
                    if lack > 0:
                        runs = min(-(-lack // t.gives[m]), site.feasible(t) - planned[t])
                        if runs > 0:
                            plan(t, runs)
                            lack -= runs * t.gives[m]
                main = lore.main[m]
                if lack > 0 and main:
                    plan(main, -(-lack // main.gives[m]))

        now.room = {}
        for t in lore.tasks:
            runs = planned[t] if t.kind == "build" else min(planned[t], site.feasible(t))
            room = max(0, runs * t.time_s - site.bank[t])
            if t.graded and room > 0:
                room = room * site.claim // stock[lore.reserve] + 1
            now.room[t] = max(60, room) if room > 0 else 0
        for k in lore.species:
            backlog = sum(now.room[t] for t in lore.of[k])
            target = backlog * 256 // (max(1, now.healthy[k]) * lore.dt)
            site.pressure_fp[k] += (target - site.pressure_fp[k]) >> 3

    def rationed(self, site: Site, m: str) -> int:
        """What is not for now: half of what there was at the last landing, till the next."""
        imports, dt = self.scenario.imports, self.lore.dt
        period = max(1, round(imports.every_days * DAY_S / dt))
        if site.lands_at >= 0:
            wait = site.lands_at - self.step_count
        else:
            flight = round(imports.transit_days * DAY_S / dt)
            wait = period - self.step_count % period + flight
        kept: int = site.ration[m] * min(wait, period) // (2 * period)
        return kept

    def _keep(self, site: Site) -> None:
        """Set parts aside for repairs, and where they are short, what it takes to make them."""
        lore, now = site.lore, site.now
        now.urgent = set(lore.repair.values())
        now.keep = keep = dict(lore.corn)
        imports = self.scenario.imports
        for m in lore.materials:
            if imports and m in imports.materials and not lore.main[m]:
                keep[m] += self.rationed(site, m)
        for k in lore.species:
            for m, n in lore.parts[k].items():
                keep[m] += n * (1 + (now.healthy[k] + now.broken[k]) // 64)
        waits = {k: self.step_count - site.ordered_at[k] for k in lore.build if site.orders[k] > 0}
        late = [k for k, steps in waits.items() if steps * lore.dt > 30 * DAY_S]
        now.overdue = max(late, key=waits.__getitem__, default=None)
        if now.overdue:
            now.urgent.add(lore.build[now.overdue])
            for m, n in lore.bill[now.overdue].items():
                keep[m] += n
        for m in lore.sweep:
            main = lore.main[m]
            if site.stock[m] < keep[m] and main and main not in now.urgent:
                now.urgent.add(main)
                for used, n in main.takes.items():
                    keep[used] += n

    def _work(self, site: Site) -> None:
        lore, now, dt = site.lore, site.now, site.lore.dt
        labour = dict.fromkeys(lore.tasks, 0)
        for k in lore.species:
            gap = {}
            for t in lore.of[k]:
                labour[t] = min(now.crew[t.number] * dt, now.room[t])
                gap[t] = now.room[t] - labour[t]
            spare = (now.healthy[k] - now.hidden[k]) * dt - sum(labour[t] for t in lore.of[k])
            all_gaps = sum(gap.values())
            for t in lore.of[k]:
                if all_gaps > 0:
                    labour[t] += gap[t] if all_gaps <= spare else spare * gap[t] // all_gaps

        labour = self._share_power(site, labour)
        now.used = {}
        for k in lore.species:
            total = sum(labour[t] for t in lore.of[k])
            now.used[k] = total // now.healthy[k] if now.healthy[k] else 0
            if not lore.of[k]:
                now.used[k] = dt
        for t in lore.tasks:
            graded = t.graded and labour[t] > 0  # a claim may be 0
            grade = (site.stock[lore.reserve], site.claim) if graded else (1, 1)
            found = labour[t] * grade[0] // grade[1]
            site.bank[t] += (
                found * self.veil.richness(site, self.step_count) >> 8 if t.graded else found
            )

        runs = {}
        now.repaired = dict.fromkeys(lore.species, 0)
        for k, t in lore.repair.items():
            runs[t] = min(site.bank[t] // t.time_s, now.broken[k], site.feasible(t))
            site.take(t.takes, runs[t])
            now.repaired[k] = runs[t]
        processes = [t for t in lore.tasks if t.kind == "process"]
        want = {t: site.bank[t] // t.time_s for t in processes}
        asked = dict.fromkeys(lore.materials, 0)
        for t in processes:
            for m, n in t.takes.items():
                asked[m] += n * want[t]
        for t in processes:
            there = {m: site.there(t, m) for m in t.takes}
            shares = [want[t] * there[m] // asked[m] for m in t.takes if asked[m] > there[m]]
            runs[t] = min([want[t], *shares])
        for t in processes:
            site.take(t.takes, runs[t])
        first = philox(self.seed, ROTATION, self.step_count, site.number)[0] % len(lore.tasks)
        for t in lore.tasks[first:] + lore.tasks[:first]:
            if t.kind == "process" and runs[t] < want[t] and site.feasible(t) >= 1:
                site.take(t.takes, 1)
                runs[t] += 1
        for t, n in runs.items():
            site.bank[t] = min(site.bank[t] - n * t.time_s, t.time_s)
            site.put(t.gives, n)

    def _share_power(self, site: Site, labour: dict[Task, int]) -> dict[Task, int]:
        """Slow everybody down to the power there is, and note how scarce it was."""
        lore, now = site.lore, site.now

        def ratio(a: int, b: int) -> int:
            return 4096 if a >= 16 * b else 256 * a // b

        def joules(robots: dict[str, int], watts: dict[str, int]) -> int:
            return sum(robots[k] * watts[k] * lore.dt for k in lore.species)

        in_the_open = {k: now.healthy[k] - now.hidden[k] for k in lore.species}
        supply, heat = joules(in_the_open, now.supply_W), joules(in_the_open, now.warmth_W)
        idle = joules(now.healthy, {k: s.idle_W for k, s in lore.industry.species.items()})
        power = sum(n * t.power_W for t, n in labour.items())
        electric = power - sum(n * t.heat_W for t, n in labour.items())
        left = max(0, supply - idle)
        site.electric_fp += (ratio(idle + electric, supply) - site.electric_fp) >> 3
        site.energy_fp += (ratio(idle + power, supply + heat) - site.energy_fp) >> 3
        shared = {}
        for t, n in labour.items():
            least = n
            if power > left + heat:
                least = min(least, n * (left + heat) // power)
            if electric > left:
                least = min(least, n * left // electric)
            shared[t] = least
        return shared

    def _build(self, site: Site, desire: dict[str, float], ahead_s: int) -> None:
        lore, now, step = site.lore, site.now, self.step_count
        done = {}
        for k, t in lore.build.items():
            done[k] = min(site.building[k], site.bank[t] // t.time_s)
            site.building[k] -= done[k]
            site.bank[t] = min(site.bank[t] - done[k] * t.time_s, t.time_s)
        self._order(site, desire, ahead_s, done)

        free = {m: max(0, site.stock[m] - now.keep[m]) for m in lore.materials}
        own = {}
        if now.overdue:
            for m, amount in lore.bill[now.overdue].items():
                own[m] = max(0, site.stock[m] - now.keep[m] + amount) - free[m]
        waiting = [k for k in lore.species if site.orders[k] > 0]
        for k in sorted(waiting, key=lambda k: site.ordered_at[k]):
            bill = lore.bill[k]
            for m in own if k == now.overdue else ():
                free[m] += own[m]
            n = min([site.orders[k], *(free[m] // amount for m, amount in bill.items())])
            site.take(bill, n)
            site.orders[k] -= n
            site.building[k] += n
            if n > 0:
                site.ordered_at[k] = step
            for m, amount in bill.items():
                free[m] = max(0, free[m] - (n + (site.orders[k] > 0)) * amount)

        assemblers = [r for r in site.robots if r.species == lore.industry.assembler]
        for k, t in lore.build.items():
            parents = [r for r in assemblers if r.task == t.number] if done[k] else []
            for _ in range(done[k]):
                site.robots.append(self._bear(site, k, parents or assemblers))

    def _note_use(self, site: Site) -> None:
        for m, consumed in site.now.consumed.items():
            site.season[m] += consumed
            site.use_fp[m] += (consumed * 256 - site.use_fp[m]) >> 4

    def _order(
        self, site: Site, desire: dict[str, float], ahead_s: int, done: dict[str, int]
    ) -> None:
        """Drop stale orders, then order what is wanted most until assemblers have work ahead."""
        lore, now, step = site.lore, site.now, self.step_count
        for k in lore.species:
            if site.orders[k] > 0 and (step - site.ordered_at[k]) * lore.dt > 400 * DAY_S:
                site.orders[k] -= 1
                site.ordered_at[k] = step
        in_sight = sum(
            (site.orders[k] + site.building[k]) * t.time_s - site.bank[t]
            for k, t in lore.build.items()
        )
        enough = self.scenario.rules.most_robots
        there = sum(now.healthy[k] + now.broken[k] + done[k] for k in lore.species)
        while in_sight < ahead_s * now.healthy[lore.industry.assembler]:
            if there + sum(site.orders.values()) + sum(site.building.values()) >= enough:
                break
            best, most = None, 0.0
            for k in lore.species:
                h = max(1, now.healthy[k] + now.broken[k])
                s = h / (h + site.orders[k] + site.building[k] + done[k])
                wish = desire[k] * (s * s) * (s * s)
                if wish > most:
                    best, most = k, wish
            if best is None:
                break
            if site.orders[best] == 0:
                site.ordered_at[best] = step
            site.orders[best] += 1
            in_sight += lore.build[best].time_s

    def _bear(self, site: Site, species: str, parents: list[Any]) -> Any:
        """Make a robot whose parent is drawn among some."""
        orphan = self.make_robot(site, species, None)
        if parents:
            draw = philox(self.seed, PARENT, self.step_count, orphan.id)[0]
            parent = parents[draw % len(parents)]
            orphan.parent, orphan.design = parent.id, parent.design
            orphan.generation = parent.generation + 1
        return orphan

    def _repair(self, site: Site) -> None:
        lore, repaired = site.lore, site.now.repaired
        for r in site.robots:
            if r.broken == 1 and repaired[r.species] > 0:
                repaired[r.species] -= 1
                r.mend(site.clock[r.species], self.life(site.lore, r.species, r.id))
        kept = []
        for r in site.robots:
            s = lore.industry.species[r.species]
            old = (self.step_count - r.born) * lore.dt >= round(s.life_h * 3600)
            if (old and r.phase == self.step_count % lore.review) or r.broken == 2:
                site.put(lore.worn(s.bill), 1)
                self.forget(r)
            else:
                kept.append(r)
        site.robots = kept

    def forget(self, robot: Any) -> None:
        """Let go of a robot that was taken apart; for worlds that keep a list of their own."""
