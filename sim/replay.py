"""From a seed to one of every species, in whole runs that take no more than is there.

That a balance closes does not mean that some order of its runs never falls short of something; here
the runs are made.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from .industry import Industry
from .reach import POWER, Act, Prop, Reach, Rules

_PARTS = 50
"""A process makes its planned runs in so many portions."""


@dataclass(frozen=True)
class Stage:
    """The seed, or a species built for the first time, and what becomes possible with it.

    Attributes
    ----------
    species : str
        Empty for the seed.
    processes, materials : tuple of str
        What can run, and be made, from now on.
    """

    species: str
    processes: tuple[str, ...]
    materials: tuple[str, ...]


@dataclass
class Replay:
    """A colony without time or wear.

    Attributes
    ----------
    industry : Industry
    acts : list of Act
    net_W : Mapping[str, int]
        Electricity of a robot of each species, less its idle draw.
    free : set of str
        Materials that are there without end.
    robots, stock : Counter
        What is there now: the seed, at first.
    stages : list of Stage
        What has become possible so far.
    """

    industry: Industry
    acts: list[Act]
    net_W: Mapping[str, int]
    free: set[str]
    robots: Counter[str]
    stock: Counter[str]
    stages: list[Stage] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Find out what the seed makes possible."""
        self._runs = [a for a in self.acts if not a.builds]
        self._rules = Rules(self.industry, self._runs, self.free, set())
        self._ever = Reach(self._rules)
        self._note("")

    def _true(self, rules: Rules) -> list[int]:
        """Numbers of the propositions that hold now."""
        number = rules.number
        here = [number[Prop("species", k)] for k in +self.robots]
        for m, levels in rules.levels.items():
            here += [number[Prop("stock", m, a)] for a in levels if self.stock[m] >= a]
        if sum(n * self.net_W[k] for k, n in self.robots.items()) > 0:
            here.append(number[POWER])
        return here

    def _note(self, species: str) -> None:
        """Note what has become possible with a new species."""
        before = bytearray(self._ever.true)
        self._ever.add(self._true(self._rules))
        act = {a.name: self._rules.number[Prop("act", a.name)] for a in self._runs}
        old = {m for a in self._runs if before[act[a.name]] for m in a.gives}
        fresh = [a for a in self._runs if self._ever.true[act[a.name]] and not before[act[a.name]]]
        made = dict.fromkeys(m for a in fresh for m in a.gives if m not in old)
        self.stages.append(Stage(species, tuple(a.name for a in fresh), tuple(made)))

    def carry_out(self, plan: Mapping[str, int]) -> Counter[str] | None:
        """Make planned runs, one after another, then build the planned robots.

        All processes keep pace, so that what circulates comes back before it is used up: whoever is
        furthest behind and can run does so, for a small part of its plan. A whole run may take more
        than has come back; when nothing can run, what the run that lacks the least lacks in grams
        is added to the stock.

        Parameters
        ----------
        plan : Mapping[str, int]
            How often to do which act.

        Returns
        -------
        Counter or None
            What had to be added, by material; None if a machine or power
            lacks, and nothing was changed.
        """
        stock, added = Counter(self.stock), Counter[str]()
        left = {a.name: plan[a.name] for a in self._runs if plan.get(a.name, 0)}
        runs = [a for a in self._runs if a.name in left]
        if not all(self._can(a) for a in self.acts if plan.get(a.name, 0)):
            return None
        while runs:
            runs.sort(key=lambda a: -left[a.name] / plan[a.name])
            for act in runs:
                enough = [stock[m] // a for m, a in act.takes.items() if m not in self.free]
                if n := min([-(-plan[act.name] // _PARTS), left[act.name], *enough]):
                    break
            else:
                act, n = min(runs, key=lambda a: self._lacks_g(a, stock)), 1
                for m, lack in self._lacks(act, stock).items():
                    stock[m] += lack
                    added[m] += lack
            left[act.name] -= n
            for m, a in act.takes.items():
                stock[m] -= n * a
            for m, a in act.gives.items():
                stock[m] += n * a
            runs = [a for a in runs if left[a.name]]
        new = []
        for act in self.acts:
            if act.builds and (n := plan.get(act.name, 0)):
                for m, a in act.takes.items():
                    stock[m] -= n * a
                new += [act.builds] * n
        for m in stock:
            if stock[m] < 0 and m not in self.free:
                step = self.industry.materials[m].step
                added[m] += -(stock[m] // step) * step
                stock[m] += -(stock[m] // step) * step
        self.stock = stock
        for k in new:
            self.robots[k] += 1
            if self.robots[k] == 1:
                self._note(k)
        return added

    def _can(self, act: Act) -> bool:
        """Whether there are a machine and power for an act."""
        if not act.heated or sum(n * self.net_W[k] for k, n in self.robots.items()) > 0:
            return self.robots[act.machine] > 0
        kinds = self.industry.species
        warm = any(kinds[k].collector_m2 * kinds[k].heat_efficiency > 0 for k in +self.robots)
        return warm and not act.electric and self.robots[act.machine] > 0

    def _lacks(self, act: Act, stock: Mapping[str, int]) -> dict[str, int]:
        """Return what one run lacks, in counted units of whole lots."""
        lacks = {m: a - stock[m] for m, a in act.takes.items() if m not in self.free}
        return {m: n for m, n in lacks.items() if n > 0}

    def _lacks_g(self, act: Act, stock: Mapping[str, int]) -> int:
        lacks = self._lacks(act, stock).items()
        return sum(n * self.industry.materials[m].mass_g for m, n in lacks)
