"""From a seed to one of every species, in whole runs that take no more than is there.

That a balance closes does not mean that some order of the runs never falls short: it is the
reachability problem of Petri nets, which is hard in general. The order is found level by level: an
integer program asks for as many new robots as possible from what is there, with means left for all
the others; then its runs are made in some order that works.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from .industry import Industry
from .reach import POWER, Act, Prop, Reach, Rules

_STEP_S = 5.0
"""Time for the program of one level."""
_MOST_RUNS = 100_000
_RUN = 1e-6
"""What a run costs in that program, where a new robot counts 1."""
_ORDERS = 50
"""Orders of the runs of a level that are tried."""


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
        arrays = {k for k, net in self.net_W.items() if net > 0}
        self._all_rules = Rules(self.industry, self.acts, self.free, arrays)
        self._ever = Reach(self._rules)
        self._note("")

    def run(self, plans: list[Counter[str]]) -> bool:
        """Carry out plans, one after another, of which the last need not say when.

        Parameters
        ----------
        plans : list of Counter
            How often to do which act. Of the last only the robots to be built count.

        Returns
        -------
        bool
            False if that did not work: `robots` are those at the end.
        """
        for plan in plans[:-1]:
            if not self._carry_out(plan):
                return False
        left = Counter({a.builds: n for a in self.acts if a.builds and (n := plans[-1][a.name])})
        while left:
            level = self._level(left)
            if level is None or not self._carry_out(level):
                return False
            left -= Counter({a.builds: level[a.name] for a in self.acts if a.builds})
        return True

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

    def _possible(self) -> list[Act]:
        """Return the acts that the robots there are can come to, without a new one."""
        reach = Reach(self._rules)
        reach.add(self._true(self._rules))
        number = self._rules.number
        found = [a for a in self._runs if reach.true[number[Prop("act", a.name)]]]
        if self.robots[self.industry.assembler or ""]:
            powered = bool(reach.true[number[POWER]])
            found += [a for a in self.acts if a.builds and (powered or not a.electric)]
        return found

    def _worth(self) -> dict[str, int]:
        """Return how many species would not come to be without each that is not there yet."""
        rules = self._all_rules
        kinds = [(k, rules.number[Prop("species", k)]) for k in self.industry.species]
        true = self._true(rules)
        worth = {}
        for k, blocked in kinds:
            reach = Reach(rules, without=blocked)
            reach.add(true)
            worth[k] = 1 if self.robots[k] else 1 + sum(not reach.true[i] for _, i in kinds)
        return worth

    def _level(self, left: Counter[str]) -> Counter[str] | None:
        """Return how often to do what, to build as many of `left` as can be built now."""
        now = self._possible()
        worth = self._worth()
        one = max(worth[k] for k in left) > 1  # something others depend on goes first, and alone
        names = [m for m in self.industry.materials if m not in self.free]
        row = {m: i for i, m in enumerate(names)}
        unit = [1.0 if self.industry.materials[m].unit == "piece" else 1e-3 for m in names]
        there = np.array([self.stock[m] * u for m, u in zip(names, unit, strict=True)])
        need = np.zeros(len(names))
        for k, n in left.items():
            for m, a in self.industry.species[k].bill.items():
                if m in row:
                    need[row[m]] += n * a * unit[row[m]]
        entries = []  # balances of what is done now come first, then those of all in the end
        for j, act in enumerate([*now, *self._runs]):
            for sign, amounts in ((1, act.gives), (-1, act.takes)):
                for m, a in amounts.items():
                    if m in row and j < len(now):
                        entries.append((row[m], j, sign * a * unit[row[m]]))
                    if m in row and not act.builds:  # bills are in `need`
                        entries.append((len(names) + row[m], j, sign * a * unit[row[m]]))
        builds = np.array([bool(a.builds) for a in now] + [False] * len(self._runs))
        if not entries or not builds.any():
            return None
        i, j, value = zip(*entries, strict=True)
        matrix = csr_array((value, (i, j)), shape=(2 * len(names), len(builds)))
        rest = [_RUN] * len(self._runs)
        upper = [left[a.builds] if a.builds else _MOST_RUNS for a in now]
        found = milp(
            np.array([-worth[a.builds] if a.builds else _RUN for a in now] + rest),
            integrality=np.ones(len(builds)),
            bounds=Bounds(0, np.array(upper + [_MOST_RUNS] * len(self._runs))),
            constraints=[
                LinearConstraint(matrix, np.concatenate([-there, need - there]), np.inf),
                LinearConstraint(builds.astype(float)[None], 1, 1 if one else np.inf),
            ],
            options={"time_limit": _STEP_S},
        )
        if found.x is None:
            return None
        return Counter({a.name: round(n) for a, n in zip(now, found.x, strict=False)})

    def _carry_out(self, plan: Counter[str]) -> bool:
        """Do what is planned, whole runs one after another."""
        rng = np.random.default_rng(1)
        planned = [a for a in self.acts if plan[a.name]]
        planned.sort(key=lambda a: (bool(a.builds), -self.net_W.get(a.builds, 0)))
        for _ in range(_ORDERS):
            if self._in_order(planned, plan):
                return True
            planned = [planned[i] for i in rng.permutation(len(planned))]
            planned.sort(key=lambda a: bool(a.builds))
        return False

    def _in_order(self, planned: list[Act], plan: Counter[str]) -> bool:
        stock, left = Counter(self.stock), Counter(plan)
        while runs := [a for a in planned if left[a.name] and not a.builds]:
            for act in runs:
                enough = [stock[m] // a for m, a in act.takes.items() if m not in self.free]
                if n := min([left[act.name], *enough]):
                    break
            else:
                return False
            left[act.name] -= n
            for m, a in act.takes.items():
                stock[m] -= n * a
            for m, a in act.gives.items():
                stock[m] += n * a
        self.stock = stock
        for act in planned:
            if act.builds:
                for m, a in act.takes.items():
                    self.stock[m] -= plan[act.name] * a
                new = not self.robots[act.builds]
                self.robots[act.builds] += plan[act.name]
                if new:
                    self._note(act.builds)
        return True
