"""The slow, obvious twin of the engine: `docs/rules.md` in plain Python, written from that page alone.

Robots are objects, stocks are dictionaries by name, a phase is a method. Nothing here knows `auxon.sim` but for the
sunlight, which the rules name. The engine must reach the same digest after every step.
"""

import math
from collections import Counter
from dataclasses import dataclass, fields
from decimal import Context, Decimal
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

from auxon.sim.orbit import flux_w_m2

DAY_S = 86_400
LIFE, ROTATION, PARENT = 1, 3, 4


def philox(seed: int, stream: int, step: int, ident: int) -> tuple[int, int, int, int]:
    """Four random 32-bit words: Philox4x32-10, Salmon et al. 2011, doi:10.1145/2063384.2063405."""
    low = 0xFFFFFFFF
    a, b, c, d = ident & low, ident >> 32 & low, step & low, stream
    key, yek = seed & low, seed >> 32
    for _ in range(10):
        p, q = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = q >> 32 ^ b ^ key, q & low, p >> 32 ^ d ^ yek, p & low
        key, yek = key + 0x9E3779B9 & low, yek + 0xBB67AE85 & low
    return a, b, c, d


class Weibull:
    """Lifetimes of one species, from a table of quantiles computed with 24 digits."""

    def __init__(self, shape: float, mtbf_h: float) -> None:
        self.scale_s = max(1, round(mtbf_h * 3600 / math.gamma(1 + 1 / shape)))
        self.power = Context(prec=24).divide(Decimal(1), Decimal(shape))
        self.table: dict[tuple[int, int, int], int] = {}

    def quantile(self, half: int, z: int, c: int) -> int:
        if (half, z, c) not in self.table:
            digits = Context(prec=24)
            p = digits.divide(Decimal(16 + c), Decimal(16 * 2 ** (z + 2)))
            survival = digits.subtract(Decimal(1), p) if half else p
            hazard = digits.ln(survival).copy_negate()
            q = digits.exp(digits.multiply(digits.ln(hazard), self.power))
            self.table[half, z, c] = int(digits.multiply(q, Decimal(2**24)))
        return self.table[half, z, c]

    def life_s(self, u: int) -> int:
        half = u >> 31
        x = u & 0x7FFFFFFF
        if half:
            x = 0x7FFFFFFF - x
        x = 2 * x + 1
        z = 0
        while x < 2**31:
            x, z = 2 * x, z + 1
        c, rest = x >> 27 & 15, x & 0x7FFFFFF
        here, there = self.quantile(half, z, c), self.quantile(half, z, c + 1)
        q = here + ((there - here) * rest >> 27)
        return max(1, q * self.scale_s // 2**24)


@dataclass(frozen=True)
class Task:
    """Something a robot may do."""

    number: int
    kind: str
    name: str  # of the process, or of the species built or repaired
    machine: str
    time_s: int
    takes: dict[str, int]
    gives: dict[str, int]
    power_W: int
    heat_W: int
    graded: bool = False


@dataclass(eq=False)
class Robot:
    """One machine. The fields stand in the order of the digest."""

    id: int
    parent: int
    born: int
    generation: int
    species: str
    design: int
    task: int
    broken: int
    phase: int
    wear: int
    fails_at: int
    repairs: int

    def wear_out(self, used_s: int) -> None:
        """Wear by a step's use, and perhaps break."""
        if not self.broken:
            self.wear += used_s
            self.broken = int(self.wear >= self.fails_at)

    def mend(self, fails_at: int) -> None:
        """Be as good as new."""
        self.broken, self.wear, self.fails_at = 0, 0, fails_at
        self.repairs += 1


class Lore:
    """What the scenario says and what follows from it, the same at every site and step."""

    def __init__(self, scenario: Any) -> None:
        industry = self.industry = scenario.industry
        self.dt = round(scenario.rules.step_days * DAY_S)
        self.review = scenario.rules.review_steps
        self.materials, self.species = list(industry.materials), list(industry.species)
        self.reserve = next(m.name for m in industry.materials.values() if m.kind == "reserve")
        self.weibull = {
            k: Weibull(s.weibull_shape, s.mtbf_h) for k, s in industry.species.items()
        }
        self.bill = {k: dict(s.bill) for k, s in industry.species.items()}
        self.parts = {
            k: dict(s.repair_parts) if industry.repairer else {}
            for k, s in industry.species.items()
        }
        self.tasks: list[Task] = []
        for p in industry.processes.values():
            self._add("process", p.name, p.machine, p.machine_seconds, p.energy_kJ, p.heat_kJ,
                      p.inputs, p.outputs)  # fmt: skip
        for s in industry.species.values() if industry.assembler else ():
            self._add("build", s.name, industry.assembler, s.assembly_seconds, s.assembly_kJ, 0,
                      s.bill, {})  # fmt: skip
        for s in industry.species.values() if industry.repairer else ():
            energy_kJ = -(-s.assembly_kJ * s.repair_seconds // s.assembly_seconds)
            self._add("repair", s.name, industry.repairer, s.repair_seconds, energy_kJ, 0,
                      s.repair_parts, self.worn(s.repair_parts))  # fmt: skip
        self.of = {k: [t for t in self.tasks if t.machine == k] for k in self.species}
        self.build = {t.name: t for t in self.tasks if t.kind == "build"}
        self.repair = {t.name: t for t in self.tasks if t.kind == "repair"}
        self.largest = {
            m: max((t.takes.get(m, 0) for t in self.tasks), default=0) for m in self.materials
        }
        self.main, self.spare = {}, {}
        process = {t.name: t for t in self.tasks if t.kind == "process"}
        makers = {}
        for m in self.materials:
            makers[m] = [
                process[p.name]
                for p in industry.processes.values()
                if m in p.outputs and m not in p.byproducts
            ]
            self.main[m] = process[industry.route[m]] if m in industry.route else None
            self.spare[m] = [t for t in makers[m] if t is not self.main[m]]
        self.sweep = self._sweep(makers)

    def _add(self, kind: str, name: str, machine: str, time_s: int, energy_kJ: int, heat_kJ: int,
             takes: Any, gives: Any) -> None:  # fmt: skip
        power_W, heat_W = -(-energy_kJ * 1000 // time_s), heat_kJ * 1000 // time_s
        self.tasks.append(
            Task(len(self.tasks), kind, name, machine, time_s, dict(takes), dict(gives),
                 power_W, heat_W, self.reserve in takes)
        )  # fmt: skip

    def _sweep(self, makers: dict[str, list[Task]]) -> list[str]:
        """Materials, users before what they use where there are no loops."""
        seen: set[str] = set()
        finished: list[str] = []

        def walk(m: str) -> None:
            if m in seen:
                return
            seen.add(m)
            for maker in makers[m]:
                for used in maker.takes:
                    walk(used)
            finished.append(m)

        for k in self.species:
            for m in [*self.industry.species[k].bill, *self.industry.species[k].repair_parts]:
                walk(m)
        for m in self.materials:
            walk(m)
        return finished[::-1]

    def worn(self, parts: Any) -> dict[str, int]:
        """What these parts become by use."""
        worn: Counter[str] = Counter()
        for m, n in parts.items():
            worn[f"worn_{m}" if f"worn_{m}" in self.industry.materials else m] += n
        return dict(worn)

    def whole_lots(self, m: str, amount: int) -> int:
        step = self.industry.materials[m].step
        return amount // step * step


class Site:
    """A colony: its stock, its books, its robots in order of birth."""

    def __init__(self, lore: Lore, number: int, scenario: Any) -> None:
        self.number = number
        claim = lore.whole_lots(lore.reserve, int(scenario.site.claim_kg * 1000))
        self.stock = {m: scenario.seed_stock.get(m, 0) for m in lore.materials}
        self.stock[lore.reserve] = claim
        self.bank = {t: 0 for t in lore.tasks}
        self.orders = dict.fromkeys(lore.species, 0)
        self.ordered_at = dict.fromkeys(lore.species, 0)
        self.building = dict.fromkeys(lore.species, 0)
        self.serial = dict.fromkeys(lore.species, 0)
        self.use_fp = dict.fromkeys(lore.materials, 0)
        self.pressure_fp = dict.fromkeys(lore.species, 256)
        self.electric_fp = self.energy_fp = 256
        self.season = dict.fromkeys(lore.materials, 0)
        self.transit = dict.fromkeys(lore.materials, 0)
        self.lands_at = -1
        self.imported = dict.fromkeys(lore.materials, 0)
        self.claim = claim
        self.robots: list[Any] = []

    def numbers(self) -> list[int]:
        """All of it in the order of the rules, for the digest."""
        out: list[int] = []
        for name, value in vars(self).items():
            if name not in ("number", "robots", "now"):
                out += value.values() if isinstance(value, dict) else [value]
        return out

    def feasible(self, task: Task) -> int:
        """Runs the stock suffices for; only repairs may touch what is kept for repairs."""
        keep = self.now.keep
        there = {m: self.stock[m] - (task.kind != "repair" and keep[m]) for m in task.takes}
        return min((max(0, there[m]) // n for m, n in task.takes.items()), default=2**40)

    def take(self, parts: dict[str, int], times: int) -> None:
        for m, n in parts.items():
            self.stock[m] -= n * times
            self.now.consumed[m] += n * times

    def put(self, parts: dict[str, int], times: int) -> None:
        for m, n in parts.items():
            self.stock[m] += n * times

    def count(self, lore: Lore) -> None:
        """Count heads."""
        now = self.now
        now.healthy, now.broken = dict.fromkeys(lore.species, 0), dict.fromkeys(lore.species, 0)
        now.crew = [0] * len(lore.tasks)
        for r in self.robots:
            if r.broken:
                now.broken[r.species] += 1
            else:
                now.healthy[r.species] += 1
                if r.task >= 0:
                    now.crew[r.task] += 1


class NaiveWorld:
    """Sites, and the phases of a step."""

    def __init__(self, scenario: Any, seed: int, sites: int = 1) -> None:
        self.scenario, self.seed, self.step_count = scenario, seed, 0
        self.lore = lore = Lore(scenario)
        self.observed = False
        self.sites = [Site(lore, s, scenario) for s in range(sites)]
        for site in self.sites:
            for k in lore.species:
                for _ in range(scenario.seed_robots.get(k, 0)):
                    site.robots.append(self.make_robot(site, k, None))

    def observe(self) -> None:
        """Run the phases before anybody decides."""
        if not self.observed:
            for phase in (self._environment, self._arrivals, self._observe):
                for site in self.sites:
                    phase(site)
            self.observed = True

    def step(self, tasks: dict[int, int], desire: list[list[float]]) -> None:
        """Run one step.

        `tasks` names what each robot whose review has come takes up, by id; `desire` how much each site wants
        each species.
        """
        self.observe()
        for site in self.sites:
            for r in self.due(site):
                r.task = tasks[r.id]
        for site in self.sites:
            site.count(self.lore)
            self._work(site)
        for site in self.sites:
            if self.lore.industry.assembler:
                self._build(site, dict(zip(self.lore.species, desire[site.number], strict=True)))
        for site in self.sites:
            for r in site.robots:
                r.wear_out(site.now.used[r.species])
        for site in self.sites:
            self._repair(site)
        self.observed = False
        self.step_count += 1

    def due(self, site: Site) -> list[Any]:
        """Healthy robots whose review has come."""
        turn = self.step_count % self.lore.review
        return [r for r in site.robots if r.phase == turn and not r.broken]

    def digest(self) -> str:
        """Hash everything there is."""
        numbers = [self.step_count]
        for site in self.sites:
            numbers += site.numbers()
        robots = sorted((r for s in self.sites for r in s.robots), key=lambda r: r.id)
        for f in fields(Robot):
            column = [getattr(r, f.name) for r in robots]
            numbers += map(self.lore.species.index, column) if f.name == "species" else column
        data = b"".join(int(n).to_bytes(8, "little", signed=True) for n in numbers)
        return blake2b(data, digest_size=16).hexdigest()

    def life(self, species: str, ident: int) -> int:
        """Use after which a robot made or mended now will break."""
        return self.lore.weibull[species].life_s(philox(self.seed, LIFE, self.step_count, ident)[0])

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
            0,
            self.life(species, ident),
            0,
        )

    robot_class: Any = Robot

    def _environment(self, site: Site) -> None:
        body, lore = self.scenario.body, self.lore
        days = (self.step_count + 0.5) * lore.dt / DAY_S
        sun = flux_w_m2(body.a_au, body.e, body.M_deg, days) * self.scenario.site.sun_fraction
        site.now = now = SimpleNamespace(supply_W={}, warmth_W={})
        now.consumed = dict.fromkeys(lore.materials, 0)
        for k, s in lore.industry.species.items():
            now.supply_W[k] = int(s.collector_m2 * s.efficiency * sun)
            now.warmth_W[k] = int(s.collector_m2 * s.heat_efficiency * sun)

    def _arrivals(self, site: Site) -> None:
        imports, lore = self.scenario.imports, self.lore

        def land() -> None:
            if 0 <= site.lands_at <= self.step_count:
                site.put(site.transit, 1)
                site.transit = dict.fromkeys(lore.materials, 0)
                site.lands_at = -1

        land()
        if not imports or self.step_count % max(1, round(imports.every_days * DAY_S / lore.dt)):
            return
        wanted = [m for m in lore.materials if m in imports.materials]
        want = {
            m: max(0, 2 * site.season[m] + 4 * lore.largest[m] - site.stock[m]) for m in wanted
        }
        asked_g = sum(n * lore.industry.materials[m].mass_g for m, n in want.items())
        budget_g = int(imports.budget_kg * 1000)
        for m, n in want.items():
            if asked_g > budget_g:
                n = n * budget_g // asked_g
            site.transit[m] = lore.whole_lots(m, n)
            site.imported[m] += site.transit[m]
        site.lands_at = self.step_count + round(imports.transit_days * DAY_S / lore.dt)
        site.season = dict.fromkeys(lore.materials, 0)
        land()

    def _observe(self, site: Site) -> None:
        lore, now = self.lore, site.now
        site.count(lore)
        stock = site.stock
        now.keep = keep = dict.fromkeys(lore.materials, 0)
        gross = {m: (site.use_fp[m] * 345_600 // lore.dt >> 8) + n for m, n in lore.largest.items()}
        coming = dict.fromkeys(lore.materials, 0)
        planned = dict.fromkeys(lore.tasks, 0)
        for k in lore.species:
            for m, n in lore.parts[k].items():
                keep[m] += n * (1 + (now.healthy[k] + now.broken[k]) // 64)
                gross[m] += n * now.broken[k]
            for m, n in lore.bill[k].items():
                gross[m] += n * site.orders[k]
            if k in lore.build:
                planned[lore.build[k]] = site.building[k]
            if k in lore.repair:
                planned[lore.repair[k]] = now.broken[k]
        for m in lore.materials:
            gross[m] += keep[m]

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
                room = room * site.claim // stock[lore.reserve]
            now.room[t] = room
        for k in lore.species:
            backlog = sum(now.room[t] for t in lore.of[k])
            target = backlog * 256 // (max(1, now.healthy[k]) * lore.dt)
            site.pressure_fp[k] += (target - site.pressure_fp[k]) >> 3

    def _work(self, site: Site) -> None:
        lore, now, dt = self.lore, site.now, self.lore.dt
        labour = {}
        for k in lore.species:
            gap = {}
            for t in lore.of[k]:
                labour[t] = min(now.crew[t.number] * dt, now.room[t])
                gap[t] = now.room[t] - labour[t]
            spare = now.healthy[k] * dt - sum(labour[t] for t in lore.of[k])
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
            grade = (site.stock[lore.reserve], site.claim) if t.graded else (1, 1)
            site.bank[t] += labour[t] * grade[0] // grade[1]

        runs = {}
        now.repaired = dict.fromkeys(lore.species, 0)
        for k, t in lore.repair.items():
            runs[t] = min(site.bank[t] // t.time_s, now.broken[k], site.feasible(t))
            site.take(t.takes, runs[t])
            now.repaired[k] = runs[t]
        processes = [t for t in lore.tasks if t.kind == "process"]
        want = {t: site.bank[t] // t.time_s for t in processes}
        there = {m: max(0, site.stock[m] - now.keep[m]) for m in lore.materials}
        asked = dict.fromkeys(lore.materials, 0)
        for t in processes:
            for m, n in t.takes.items():
                asked[m] += n * want[t]
        for t in processes:
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
        lore, now = self.lore, site.now

        def ratio(a: int, b: int) -> int:
            return 4096 if a >= 16 * b else 256 * a // b

        def joules(watts: dict[str, int]) -> int:
            return sum(now.healthy[k] * watts[k] * lore.dt for k in lore.species)

        supply, heat = joules(now.supply_W), joules(now.warmth_W)
        idle = joules({k: s.idle_W for k, s in lore.industry.species.items()})
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

    def _build(self, site: Site, desire: dict[str, float]) -> None:
        lore, now, step = self.lore, site.now, self.step_count
        done = {}
        for k, t in lore.build.items():
            done[k] = min(site.building[k], site.bank[t] // t.time_s)
            site.building[k] -= done[k]
            site.bank[t] = min(site.bank[t] - done[k] * t.time_s, t.time_s)
        self._order(site, desire, done)

        free = {m: max(0, site.stock[m] - now.keep[m]) for m in lore.materials}
        waiting = [k for k in lore.species if site.orders[k] > 0]
        for k in sorted(waiting, key=lambda k: site.ordered_at[k]):
            bill = lore.bill[k]
            n = min([site.orders[k], *(free[m] // amount for m, amount in bill.items())])
            site.take(bill, n)
            site.orders[k] -= n
            site.building[k] += n
            if n > 0:
                site.ordered_at[k] = step
            for m, amount in bill.items():
                free[m] = max(0, free[m] - (n + (site.orders[k] > 0)) * amount)

        for m in lore.materials:
            site.season[m] += now.consumed[m]
            site.use_fp[m] += (now.consumed[m] * 256 - site.use_fp[m]) >> 4

        assemblers = [r for r in site.robots if r.species == lore.industry.assembler]
        for k, t in lore.build.items():
            parents = [r for r in assemblers if r.task == t.number] if done[k] else []
            for _ in range(done[k]):
                site.robots.append(self._bear(site, k, parents or assemblers))

    def _order(self, site: Site, desire: dict[str, float], done: dict[str, int]) -> None:
        """Drop stale orders, then order what is wanted most until the assemblers have work for a while."""
        lore, now, step = self.lore, site.now, self.step_count
        for k in lore.species:
            if site.orders[k] > 0 and (step - site.ordered_at[k]) * lore.dt > 400 * DAY_S:
                site.orders[k] -= 1
                site.ordered_at[k] = step
        in_sight = sum(
            (site.orders[k] + site.building[k]) * t.time_s - site.bank[t]
            for k, t in lore.build.items()
        )
        while in_sight < 16 * DAY_S * now.healthy[lore.industry.assembler]:
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
        lore, repaired = self.lore, site.now.repaired
        for r in site.robots:
            if r.broken and repaired[r.species] > 0:
                repaired[r.species] -= 1
                r.mend(self.life(r.species, r.id))
        kept = []
        for r in site.robots:
            s = lore.industry.species[r.species]
            old = (self.step_count - r.born) * lore.dt >= round(s.life_h * 3600)
            if old and r.phase == self.step_count % lore.review:
                site.put(lore.worn(s.bill), 1)
                self.forget(r)
            else:
                kept.append(r)
        site.robots = kept

    def forget(self, robot: Any) -> None:
        """Let a robot that was taken apart go; a hook for worlds that keep other lists of robots."""
