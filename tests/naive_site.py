"""The twin's robots and sites: what there is, in the order of the digest. See `tests.naive`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .naive_lore import Lore, Task


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
    since: int
    fails_at: int
    repairs: int
    shelter: int
    face: int

    def wear_out(self, clock_s: int) -> None:
        """Break if the clock of the species says so."""
        if not self.broken and clock_s >= self.fails_at:
            self.give_out()

    def give_out(self) -> None:
        """Break, which one does in the open."""
        self.broken, self.shelter = 1, 0

    def mend(self, clock_s: int, life_s: int) -> None:
        """Be as good as new."""
        self.broken, self.since, self.fails_at = 0, clock_s, clock_s + life_s
        self.repairs += 1


class Site:
    """A colony: its stock, its books, its robots in order of birth."""

    def __init__(self, lore: Lore, number: int, stock: Mapping[str, int], claim: int) -> None:
        self.lore, self.number = lore, number
        self.stock: dict[str, int] = {m: stock.get(m, 0) for m in lore.materials}
        self.stock[lore.reserve] = claim
        self.bank = {t: 0 for t in lore.tasks}
        self.orders = dict.fromkeys(lore.species, 0)
        self.ordered_at = dict.fromkeys(lore.species, 0)
        self.building = dict.fromkeys(lore.species, 0)
        self.serial = dict.fromkeys(lore.species, 0)
        self.clock = dict.fromkeys(lore.species, 0)
        self.use_fp = dict.fromkeys(lore.materials, 0)
        self.pressure_fp = dict.fromkeys(lore.species, 256)
        self.electric_fp = self.energy_fp = 256
        self.season = dict.fromkeys(lore.materials, 0)
        self.transit = dict.fromkeys(lore.materials, 0)
        self.ration = dict(self.stock)
        self.lands_at = -1
        self.imported = dict.fromkeys(lore.materials, 0)
        self.claim = claim
        self.kind = self.body = self.lineage = self.rank = 0
        self.origin = -1
        self.state = 0
        self.left_at, self.arrives_at = -1, 0
        self.fuel, self.burn_g, self.brake_g = -1, 0, 0
        self.sent = 0
        self.goal = -1
        self.foreign = dict.fromkeys(lore.materials, 0)
        self.packing = dict.fromkeys(lore.materials, 0)
        self.told: list[list[int]] = []  # of each report: the step, then what it told
        self.robots: list[Any] = []
        self.now = SimpleNamespace()  # what this step found and did

    def numbers(self) -> list[int]:
        """All of it in the order of the rules, for the digest."""
        out: list[int] = []
        for name, value in vars(self).items():
            if name not in ("lore", "number", "told", "robots", "now"):
                out += value.values() if isinstance(value, dict) else [value]
        out += [at for at, *_ in self.told]
        return out + [n for _, *told in self.told for n in told]

    def there(self, task: Task, m: str) -> int:
        """What a task may take of a material: urgent ones all but seed corn, its loop that too."""
        corn = self.lore.corn[m]
        kept: int = corn if task in self.now.urgent else self.now.keep[m]
        if task in self.lore.loop[m]:
            kept -= corn
        return max(0, self.stock[m] - kept)

    def feasible(self, task: Task) -> int:
        """Runs the stock suffices for."""
        return min((self.there(task, m) // n for m, n in task.takes.items()), default=2**40)

    def take(self, parts: dict[str, int], times: int) -> None:
        for m, n in parts.items():
            self.stock[m] -= n * times
            self.now.consumed[m] += n * times

    def put(self, parts: dict[str, int], times: int) -> None:
        for m, n in parts.items():
            self.stock[m] += n * times

    def count(self) -> None:
        """Count heads."""
        lore, now = self.lore, self.now
        now.healthy, now.broken = dict.fromkeys(lore.species, 0), dict.fromkeys(lore.species, 0)
        now.hidden = dict.fromkeys(lore.species, 0)
        now.crew = [0] * len(lore.tasks)
        for r in self.robots:
            if r.broken:
                now.broken[r.species] += 1
            else:
                now.healthy[r.species] += 1
                now.hidden[r.species] += r.shelter
                if r.task >= 0:
                    now.crew[r.task] += 1
