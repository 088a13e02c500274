"""The twin of what is hidden: the section of `docs/rules.md` on ``[partial]``, in plain objects."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from .naive_lore import DAY_S, Lore, philox

FACE, ORE, FLARE, HIT, SHADOW, SHIPMENT = range(8, 14)
WORDS = 2**32
NONE = SimpleNamespace(wear=None, ore=None, flares=None, shadow=None, shipments=None)


class Veil:
    """What robots do not see, and what befalls them.

    Attributes
    ----------
    happened : Counter
        Events by name, for tests that want to see them all.
    """

    def __init__(self, scenario: Any, seed: int) -> None:
        entry = scenario.partial or NONE
        self.seed = seed
        self.dt = round(scenario.rules.step_days * DAY_S)
        self.wear, self.ore, self.flares = entry.wear, entry.ore, entry.flares
        self.shadow, self.shipments = entry.shadow, entry.shipments
        self.faces: int = self.ore.faces if self.ore else 1
        self.happened: Counter[str] = Counter()

    def steps(self, days: float) -> int:
        """Steps in so many days, one at least."""
        steps: int = max(1, round(days * DAY_S / self.dt))
        return steps

    def behave(self, robot: Any, conduct: int, step: int, lore: Lore) -> None:
        """Do what was chosen beside the task: 1 shelter, 2 service, 4 move."""
        self.happened["leaves shelter"] += robot.shelter and not conduct & 1
        robot.shelter = 0
        if conduct & 1 and self.flares:
            robot.shelter, robot.task = 1, -1
            self.happened["shelter"] += 1
        if conduct & 2 and self.wear and lore.industry.repairer:
            robot.broken, robot.shelter = 1, 0
            self.happened["service"] += 1
        if conduct & 4 and self.ore:
            w = philox(self.seed, FACE, step, robot.id)[1]
            robot.face = (robot.face + 1 + w % (self.ore.faces - 1)) % self.ore.faces
            self.happened["move"] += 1

    def strike(self, site: Any, robot: Any, step: int) -> None:
        """Let a flare break a robot, if there is one and it is in the open."""
        if not self.flares or robot.broken or not self.flaring(site, step):
            return
        if robot.shelter:
            self.happened["safe in shelter"] += 1
        elif philox(self.seed, HIT, step, robot.id)[0] < int(self.flares.hit * WORDS):
            robot.give_out()
            self.happened["hit"] += 1

    def flaring(self, site: Any, step: int) -> bool:
        """Whether a flare strikes a site."""
        a_step = self.flares.per_year * self.dt / (365.25 * 86400)
        return philox(self.seed, FLARE, step, site.number)[0] < int(a_step * WORDS)

    def wrecks(self, robot: Any, step: int) -> bool:
        """Whether a robot that breaks is past repair."""
        if not self.wear:
            return False
        past = philox(self.seed, HIT, step, robot.id)[1] < int(self.wear.wreck * WORDS)
        self.happened["wreck"] += past
        return past

    def richness(self, site: Any, step: int) -> int:
        """Mean yield of the faces at which somebody digs."""
        if not self.ore:
            return 256
        dig = [r for r in site.robots if not r.broken and r.task >= 0]
        yields = [
            self.face_yield(site, r.face, step) for r in dig if site.lore.tasks[r.task].graded
        ]
        self.happened["rich"] += sum(yields) > 256 * len(yields)
        self.happened["poor"] += sum(yields) < 256 * len(yields)
        return sum(yields) // len(yields) if yields else 256

    def face_yield(self, site: Any, face: int, step: int) -> int:
        """What one face yields."""
        period, number = self.steps(self.ore.days), 16 * site.number + face
        turn = (step + philox(self.seed, ORE, 0, number)[0] % period) // period
        self.happened["dug through"] += turn > 0
        span = int(self.ore.spread * 256)
        return 256 - span + philox(self.seed, ORE, turn + 1, number)[1] % (2 * span + 1)

    def shaded(self, site: Any, step: int) -> bool:
        """Whether a site lies in shadow."""
        if not self.shadow:
            return False
        every = self.steps(self.shadow.every_days)
        begins = philox(self.seed, SHADOW, 0, site.number)[0] % every
        dark = (step + begins) % every < self.steps(self.shadow.days)
        self.happened["shadow" if dark else "light"] += 1
        return dark

    def shipment(self, site: Any, step: int) -> int | None:
        """Steps that a shipment is late, None if it is not sent."""
        if not self.shipments:
            return 0
        u, v = philox(self.seed, SHIPMENT, step, site.number)[:2]
        if site.lands_at >= 0:
            self.happened["one flies already"] += 1
        if u < int(self.shipments.missed * WORDS):
            self.happened["missed"] += 1
            return None
        late: int = v % (round(self.shipments.late_days * DAY_S / self.dt) + 1)
        self.happened["late"] += late > 0
        return late
