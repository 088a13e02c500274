"""What the twin is made of: random numbers, lifetimes, tasks, what follows from an industry."""

import math
from collections import Counter
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

DAY_S = 86_400


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


@dataclass(frozen=True, eq=False)
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


class Lore:
    """What the scenario says and what follows from it, the same at every site and step."""

    def __init__(self, scenario: Any, ground: Any = None) -> None:
        """Of a scenario, or of one of the kinds of site in its belt."""
        industry = self.industry = ground.industry if ground else scenario.industry
        mine = ground.processes if ground else set(industry.processes)
        self.dt = round(scenario.rules.step_days * DAY_S)
        self.review = scenario.rules.review_steps
        self.materials, self.species = list(industry.materials), list(industry.species)
        rocks = [m.name for m in industry.materials.values() if m.kind == "reserve"]
        self.reserve: str = ground.reserve if ground else rocks[0]
        self.weibull = {k: Weibull(s.weibull_shape, s.mtbf_h) for k, s in industry.species.items()}
        self.bill = {k: dict(s.bill) for k, s in industry.species.items()}
        self.parts = {
            k: dict(s.repair_parts) if industry.repairer else {}
            for k, s in industry.species.items()
        }
        self.tasks: list[Task] = []
        for p in industry.processes.values():
            here = p.name in mine  # those of other kinds keep their numbers
            self._add("process", p.name, p.machine if here else "", p.machine_seconds, p.energy_kJ,
                      p.heat_kJ, p.inputs if here else {}, p.outputs if here else {})  # fmt: skip
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
                if m in p.outputs and m not in p.byproducts and p.name in mine
            ]
            self.main[m] = process[industry.route[m]] if m in industry.route else None
            self.spare[m] = [t for t in makers[m] if t is not self.main[m]]
        self.sweep = self._sweep(makers)
        self.loop: dict[str, set[Task]] = {m: self._loop(m, set()) for m in self.materials}
        self.corn = {
            m: max((t.takes.get(m, 0) for t in self.loop[m]), default=0) for m in self.materials
        }

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

    def _loop(self, m: str, known: set[Task]) -> set[Task]:
        """The main maker of a material and those of what it takes, all the way back."""
        maker = self.main[m]
        if maker and maker not in known:
            known.add(maker)
            for taken in maker.takes:
                self._loop(taken, known)
        return known

    def worn(self, parts: Any) -> dict[str, int]:
        """What these parts become by use."""
        worn: Counter[str] = Counter()
        for m, n in parts.items():
            worn[f"worn_{m}" if f"worn_{m}" in self.industry.materials else m] += n
        return dict(worn)

    def whole_lots(self, m: str, amount: int) -> int:
        step: int = self.industry.materials[m].step
        return amount // step * step
