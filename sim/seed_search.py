"""The search for the lightest seed: the least robots and stock from which an industry regrows.

Which robots and resources must be carried so that a colony can make one of every kind of robot it
consists of? Menezes and Kabamba posed the question (Artificial Life 18:27-51, 2011,
doi:10.1162/ARTL_a_00048) for robots made by robots. Here a robot is made of parts, parts come of
processes, both take machines, whole amounts and power; the answer is an integer program
(`auxon.sim.seed_program`), to which cuts are added (`auxon.sim.landmarks`) until the optimum needs
none.

What is reached from a seed is computed forwards (`auxon.sim.reach`): an act is possible once its
machine is there, carried or reached; each input is free, made by something possible, or carried in
the amount of one run; and, if it takes electricity, once what is carried gives more than its own
idle draw, or a collector was built. Every species must be reached, and every act of the plan.

Two programs are solved. Without generations the optimum is a *bound*: no seed at all is lighter.
With T = 1, 2, ... it is the lightest seed that regrows in T generations, heavier than need be at
first. Its plan is then carried out in whole runs (`auxon.sim.replay`); where a batch must be saved
up from what circulates, what lacks is added to the seed. The seed returned is the lightest that was
so carried out. With as many generations as there are species to build nothing is left out, and
small industries come to an end with bound and seed the same; large ones end after `GENERATIONS`,
others when the nodes of branch and bound are used up, and the gap is reported.

The same scenario gives the same seed, however busy the machine is: work is counted in nodes, rounds
and generations. Another version of the solver may well break ties in another way.

Nothing wears here, nothing is kept as spare parts, the Sun is always at its mean, and time does not
matter: colonies that live by the rules of a step need more (`auxon.viable`).
"""

from collections import Counter
from dataclasses import replace

from .landmarks import Cut, Landmarks
from .reach import Prop
from .replay import Replay
from .scenario import Scenario
from .seed import Seed, seed_mass_kg
from .seed_program import F64, Effort, Program, Solution

MOST_S = 1_800.0
"""No program should take so long: the longest of the shipped scenarios takes some 15 s, and two
minutes on a machine that eight others share."""
GENERATIONS = 2
"""In large industries. A third makes the seed of `closed` 6 % lighter, in three times the time."""
_LARGE = 300
"""Columns from which an industry is large: coarse gap, few generations, limited runs."""
_FINE, _COARSE = 1e-7, 0.03
"""Gaps. The last hundredths of large programs take most of the time: ties between materials."""
_FEW_NODES, _MANY_NODES = 5_000, 15_000
"""Of branch and bound for all programs together, in large industries and in small ones, in which a
node takes less: some 20 s either way."""
_ROUNDS = 40
"""Of cuts, for one program; the shipped scenarios need 10."""


def lightest_seed(scenario: Scenario, most_s: float = MOST_S) -> Seed:
    """Find the lightest seed of a scenario's industry; see the module.

    Parameters
    ----------
    scenario : Scenario
        Its own seed does not count.
    most_s : float
        A program that takes longer ends the search, which then says so in `Seed.cut_short`.

    Raises
    ------
    ScenarioError
        If robots cannot be fed at this body.
    """
    return _Search(scenario, most_s).run()


class _Search:
    def __init__(self, scenario: Scenario, most_s: float) -> None:
        self.scenario = scenario
        self.program = Program(scenario)
        self.large = self.program.columns > _LARGE
        effort = (_COARSE, _FEW_NODES) if self.large else (_FINE, _MANY_NODES)
        self.effort = Effort(*effort, most_s)
        self.landmarks = Landmarks(scenario.industry, self.program.rules, self.program.net_W)
        number = self.program.rules.number
        self.wanted = [number[Prop("species", k)] for k in self.program.species]
        self.cut_short = False

    def run(self) -> Seed:
        """Bound the mass from below, then find seeds that regrow in one generation, two, ..."""
        program = self.program
        bound_kg = self._bound_kg()
        best = self._replayed(program.everything())
        most = max(1, len(program.species) - 1)  # something is carried
        for generations in range(1, (min(most, GENERATIONS) if self.large else most) + 1):
            if self._is_over() or best.total_kg * (1 - 1e-6) <= bound_kg:
                break
            program.add_generation()
            best = min(best, *self._seeds(), key=lambda seed: seed.total_kg)
            if generations == most and not self.large:
                bound_kg = max(bound_kg, self._solve(surcharged=False).bound_kg)
        return replace(best, bound_kg=min(bound_kg, best.total_kg), cut_short=self.cut_short)

    def _solve(self, whole: bool = True, surcharged: bool = True) -> Solution:
        found = self.program.solve(self.effort, whole, surcharged)
        self.effort = self.effort._replace(nodes=max(0, self.effort.nodes - found.nodes))
        self.cut_short |= found.cut_short
        return found

    def _is_over(self) -> bool:
        """Whether the work that may be done is done."""
        return self.cut_short or self.effort.nodes == 0

    def _bound_kg(self) -> float:
        """Return a lower bound of the mass: everything is built in the end, in any order."""
        program, seen = self.program, set[Cut]()
        for _ in range(_ROUNDS):  # the linear program needs most of the cuts, and no time
            x = self._solve(whole=False).x
            cuts = [] if x is None else self.landmarks.cuts(program.half_carried(x), self.wanted)
            if seen.issuperset(cuts):
                break
            program.add_cuts(cut for cut in cuts if cut not in seen)
            seen.update(cuts)
        for _ in range(_ROUNDS):
            x = self._solve().x
            if x is None or not self._cut_off(x):
                break
        if self.large and x is not None:
            program.limit_runs(x)
        return self._solve(surcharged=False).bound_kg

    def _seeds(self) -> list[Seed]:
        """Return seeds for the generations there are, the last the best that was looked for.

        A solution whose replay has nothing to add, or less than the gap, needs no cuts.
        """
        seeds: list[Seed] = []
        for _ in range(_ROUNDS):
            x = self._solve().x
            if x is None:
                break
            if (seed := self._replayed(x)).replayed:
                seeds.append(seed)
                if seed.total_kg * (1 - self.effort.gap) <= self.program.mass_kg(x):
                    break
            if not self._cut_off(x):
                break
        return seeds

    def _cut_off(self, x: F64) -> bool:
        """Cut a solution off if not all is reached that it wants; return whether so."""
        cuts = self.landmarks.cuts(self.program.carried(x), [*self.wanted, *self.program.done(x)])
        self.program.add_cuts(cuts)
        return bool(cuts) and not self._is_over()

    def _replayed(self, x: F64) -> Seed:
        """Return a solution as a seed, carried out as far as it goes."""
        program = self.program
        robots, stock = program.robots(x), program.stock(x)
        replay = Replay(
            program.industry,
            program.acts,
            program.net_W,
            program.free,
            Counter(robots),
            Counter(stock),
        )
        ready, generations = True, 0
        for t in range(len(program.generations)):
            plan = program.plan(x, t)
            added = replay.carry_out(plan)
            generations += any(plan[a.name] for a in program.acts if a.builds)
            ready = ready and added is not None
            for m, n in (added or {}).items():
                stock[m] = stock.get(m, 0) + n
        return Seed(
            robots=robots,
            stock=stock,
            mass_kg=seed_mass_kg(self.scenario, robots, stock),
            order=tuple(replay.stages),
            generations=generations,
            bound_kg=0.0,
            replayed=ready and all(replay.robots[k] for k in program.species),
            cut_short=False,
        )
