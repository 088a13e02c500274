"""The lightest seed: the least mass of robots and stock from which a whole industry regrows.

Which robots and resources must be carried so that a colony can make one of every kind of robot it
consists of? Menezes and Kabamba posed the question (Artificial Life 18:27-51, 2011,
doi:10.1162/ARTL_a_00048) for robots made by robots. Here a robot is made of parts, parts come of
processes, both take machines, whole amounts and power; the answer is an integer program.

Unknowns are n_k robots of species k and s_m of material m in the seed. A regrowth is told in
*generations*: in generation t = 1..T process p runs x_pt times and b_kt robots of k are built, by
machines that were there before it. With a_pm and g_pm what a run takes and gives, B_km bills, the
mass

    sum_k mass_k n_k + sum_m mass_m s_m                                    is least such that
    s_m + sum_(t <= u) (sum_p (g_pm - a_pm) x_pt - sum_k B_km b_kt) >= 0   for m, u = 1..T,
    x_pt <= X (n_k + sum_(u < t) b_ku)                                     k the machine of p,
    n_k + sum_t b_kt >= 1                                                  for every species,
    sum_k (n_k + sum_t b_kt) (supply_k - idle_k) >= 1 W                    power is left at last,
    and before each generation in which something takes electricity.

Materials that are free (the rock in place, imports) have no balance. Building takes the assembler
as a machine. supply_k is the electricity of a collector at the mean flux over the orbit,
S / (a^2 sqrt(1 - e^2)), times `sun_fraction`; the last line stands only if something takes
electricity at all. Recycling is left out: worn pieces come of robots that were there before.

Balances alone would let a loop feed itself within a generation. What is reached from a seed is
therefore computed forwards (`auxon.sim.reach`): an act is possible once its machine is there,
carried or reached; each input is free, made by something possible, or carried in the amount of one
run; and, if it takes electricity, once what is carried gives more than its own idle draw, or a
collector was built. Every species must be reached, and every act of the plan. If a wanted w is not,
what is reached is enlarged for as long as w stays out of reach; a seed that reaches w holds
something of the rest:

    sum_(k outside) [n_k >= 1] + sum_(m outside) [s_m >= the next amount a run takes] + ... >= [w]

These cuts (disjunctive landmarks of planning, found as in implicit hitting sets) are added until
the optimum needs none.

Two programs are solved. Without generations (one balance, no machines but by the cuts) the optimum
is a *bound*: no seed at all is lighter. With T = 1, 2, ... it is the lightest seed that regrows in
T generations, heavier than need be at first. Its plan is then carried out in whole runs
(`auxon.sim.replay`); where a batch must be saved up from what circulates, what lacks is added to
the seed. The seed returned is the lightest that was so carried out. With as many generations as
there are species to build nothing is left out, and small industries come to an end with bound and
seed the same; large ones end with the time, and the gap is reported.

Nothing wears here, nothing is kept as spare parts, the Sun is always at its mean, and time does not
matter: colonies that live by the rules of a step need more (`auxon.regrowth`).
"""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from .errors import ScenarioError
from .orbit import mean_flux_w_m2
from .reach import POWER, Act, Prop, Reach, Rules, acts
from .replay import Replay, Stage
from .scenario import Scenario

LIMIT_S = 20.0
"""Time for the search; what is not proved by then is reported as a gap."""
_BUILD_KG, _RUN_KG = 1e-3, 1e-6
"""Surcharges on a robot built and on a run: of seeds of one mass the one with least work is found.
A robot weighs as much as its bill, so ties are many. The bound is computed without them."""
_MOST_RUNS = 10_000
"""X: no regrowth takes more runs of one process in a generation."""
_MORE_RUNS = 20
"""In large industries X becomes twice the runs of the first plan and so many more."""
_FINE, _COARSE, _LARGE = 1e-7, 1e-2, 300
"""Gap at which a program is solved, with fewer columns than `_LARGE` and with more."""
_SLACK = 1e-6
"""Tolerance of the solver on a column, kilograms or pieces."""

F64 = NDArray[np.float64]
Row = tuple[dict[int, float], float]
"""Coefficients by column, and the least that their sum may be."""


@dataclass(frozen=True)
class Seed:
    """A seed, and how the industry grows from it.

    Attributes
    ----------
    robots : dict
        Species -> how many.
    stock : dict
        Material -> grams of whole lots, or pieces.
    mass_kg : (float, float)
        Of the robots, of the stock.
    order : tuple of Stage
        The seed, then the species in the order in which they are built.
    generations : int
        In how many generations.
    bound_kg : float
        No seed is lighter.
    replayed : bool
        The industry was regrown from it in whole runs.
    """

    robots: dict[str, int]
    stock: dict[str, int]
    mass_kg: tuple[float, float]
    order: tuple[Stage, ...]
    generations: int
    bound_kg: float
    replayed: bool

    @property
    def total_kg(self) -> float:
        """Mass of robots and stock."""
        return sum(self.mass_kg)

    @property
    def gap(self) -> float:
        """Share of the mass that a lighter seed may save at most."""
        return max(0.0, 1.0 - self.bound_kg / self.total_kg) if self.total_kg else 0.0

    @property
    def proved_optimal(self) -> bool:
        """Whether it regrows the industry and no seed is lighter."""
        return self.replayed and self.gap < 1e-5

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {
            "robots": self.robots,
            "stock": self.stock,
            "robots_kg": self.mass_kg[0],
            "stock_kg": self.mass_kg[1],
            "total_kg": self.total_kg,
            "bound_kg": self.bound_kg,
            "gap": self.gap,
            "generations": self.generations,
            "proved_optimal": self.proved_optimal,
            "replayed": self.replayed,
            "order": [
                {"species": s.species, "processes": [*s.processes], "materials": [*s.materials]}
                for s in self.order
            ],
        }


def seed_mass_kg(
    scenario: Scenario, robots: Mapping[str, int], stock: Mapping[str, int]
) -> tuple[float, float]:
    """Return the mass of robots and of stock.

    Parameters
    ----------
    robots, stock : Mapping[str, int]
        As in `Seed`.
    """
    i = scenario.industry
    return (
        sum(n * i.species[k].mass_g for k, n in robots.items()) / 1000,
        sum(n * i.materials[m].mass_g for m, n in stock.items()) / 1000,
    )


def lightest_seed(scenario: Scenario, limit_s: float = LIMIT_S) -> Seed:
    """Find the lightest seed of a scenario's industry; see the module.

    Parameters
    ----------
    scenario : Scenario
        Its own seed does not count.
    limit_s : float
        Time after which the search ends with what it has.
    """
    return _Search(scenario, time.monotonic() + limit_s).run()


class _Search:
    """The program: columns n by species, s by material, x by act, a binary by proposition.

    Where generations are told apart, their acts follow, and the first x say nothing.
    """

    def __init__(self, scenario: Scenario, deadline: float) -> None:
        self.scenario, self.deadline = scenario, deadline
        i = self.industry = scenario.industry
        self.free = {i.reserve().name, *(scenario.imports.materials if scenario.imports else ())}
        body = scenario.body
        flux = mean_flux_w_m2(body.a_au, body.e) * scenario.site.sun_fraction
        self.net_W = {
            s.name: int(s.collector_m2 * s.efficiency * flux) - s.idle_W for s in i.species.values()
        }
        self.acts = acts(i)
        self.electric = any(a.electric for a in self.acts)
        collectors = {k for k, net in self.net_W.items() if net > 0}
        self.rules = Rules(i, self.acts, self.free, collectors)
        self.species = list(i.species)
        self.carried = list(self.rules.levels)
        self.first_stock = len(self.species)
        self.first_act = self.first_stock + len(self.carried)
        self.first_prop = self.first_act + len(self.acts)
        self.columns = self.first_prop + len(self.rules.props)
        self.column = {m: self.first_stock + j for j, m in enumerate(self.carried)}
        draw_W = sum(max(0, -net) for net in self.net_W.values())
        self.most = {  # a second robot of a kind is of use for its power alone
            k: 1 + (math.ceil((draw_W + 1) / net) if net > 0 else 0)
            for k, net in self.net_W.items()
        }
        self.cuts: list[Row] = []
        self.cut_acts: set[int] = set()
        self.generations: list[int] = []
        self.runs: dict[str, int] = {}
        self.wanted = [self.rules.number[Prop("species", k)] for k in self.species]
        self._bounds_and_costs()

    # ------------------------------------------------------------------ the program

    def _unit_kg(self, m: str) -> float:
        """Kilograms in a unit of its column: one piece, or a kilogram of bulk."""
        material = self.industry.materials[m]
        return material.mass_g / 1000 if material.unit == "piece" else 1.0

    def _amount(self, m: str, counted: int) -> float:
        return counted if self.industry.materials[m].unit == "piece" else counted / 1000

    def _bounds_and_costs(self) -> None:
        self.upper = np.ones(self.columns)
        self.integral = np.ones(self.columns, np.int8)
        self.mass_kg = np.zeros(self.columns)
        self.surcharge_kg = np.zeros(self.columns)
        for j, k in enumerate(self.species):
            self.upper[j] = self.most[k]
            self.mass_kg[j] = self.industry.species[k].mass_g / 1000
        for m, j in self.column.items():
            self.upper[j] = np.inf
            self.integral[j] = self.industry.materials[m].unit == "piece"
            self.mass_kg[j] = self._unit_kg(m)
        for j, act in enumerate(self.acts, self.first_act):
            self.upper[j] = self._most_runs(act)
            self.surcharge_kg[j] = _BUILD_KG if act.builds else _RUN_KG
        self.prop_kg = np.zeros(len(self.rules.props))
        for i, p in enumerate(self.rules.props):
            if p.kind == "species":
                self.prop_kg[i] = self.industry.species[p.name].mass_g / 1000
            elif p.kind == "stock":
                self.prop_kg[i] = self.industry.materials[p.name].mass_g * p.amount / 1000
            elif p == POWER:
                arrays = [s.mass_g for k, s in self.industry.species.items() if self.net_W[k] > 0]
                self.prop_kg[i] = min(arrays, default=0) / 1000
        kinds = ("species", "stock", "power")
        can = [i for i, p in enumerate(self.rules.props) if p.kind in kinds]
        self.carriable = sorted(can, key=lambda i: (self.prop_kg[i], i))

    def _balances(self) -> list[Row]:
        """Return the balances: nothing falls short, after any generation."""
        sums: dict[str, dict[int, float]] = {m: {j: 1.0} for m, j in self.column.items()}
        rows: list[Row] = []
        for start in self._starts():
            for j, act in enumerate(self.acts, start):
                for sign, amounts in ((1, act.gives), (-1, act.takes)):
                    for m, counted in amounts.items():
                        if m in sums:
                            sums[m][j] = sums[m].get(j, 0.0) + sign * self._amount(m, counted)
            rows += [(dict(row), 0.0) for row in sums.values()]
        return rows

    def _presence(self) -> list[Row]:
        """Demand machines for what is done, one of every species, and power left at last."""
        robots: dict[str, dict[int, float]] = {k: {j: 1.0} for j, k in enumerate(self.species)}
        rows: list[Row] = []
        for start in self._starts():
            for j, act in enumerate(self.acts, start):
                if self.generations:
                    most = self._most_runs(act)
                    there = {i: most * n for i, n in robots[act.machine].items()}
                    rows.append((there | {j: -1.0}, 0.0))
            if self.generations:
                powered = start + len(self.acts)
                work = {
                    j: -1.0 / self._most_runs(a)
                    for j, a in enumerate(self.acts, start)
                    if a.electric
                }
                rows += [(work | {powered: float(len(work))}, 0.0), self._powered(robots, powered)]
            built = {a.builds: j for j, a in enumerate(self.acts, start) if a.builds}
            for k, j in built.items():
                robots[k] = robots[k] | {j: 1.0}
        for k, row in robots.items():
            rows += [(row, 1.0), (dict.fromkeys(row, -1.0), -float(self.most[k]))]
        if self.electric:
            power = {j: n * self.net_W[k] / 1000 for k, r in robots.items() for j, n in r.items()}
            rows.append((power, 1e-3))
        return rows

    def _links(self) -> list[Row]:
        """Say what a proposition carried, or an act wanted, means for the amounts."""
        rows: list[Row] = []
        u = {p: self.first_prop + i for i, p in enumerate(self.rules.props)}
        for j, k in enumerate(self.species):
            rows.append(({j: 1.0, u[Prop("species", k)]: -1.0}, 0.0))
        for m, levels in self.rules.levels.items():
            row, below = {self.column[m]: 1.0}, 0
            for i, level in enumerate(levels):
                row[u[Prop("stock", m, level)]] = -self._amount(m, level - below)
                if i:  # whoever carries this much carries less, too
                    less, more = Prop("stock", m, below), Prop("stock", m, level)
                    rows.append(({u[less]: 1.0, u[more]: -1.0}, 0.0))
                below = level
            rows.append((row, 0.0))
        rows.append(self._powered({k: {j: 1.0} for j, k in enumerate(self.species)}, u[POWER]))
        for start in self._starts():
            for j, act in enumerate(self.acts, start):
                if (done := u[Prop("act", act.name)]) in self.cut_acts:
                    rows.append(({j: -1.0, done: self._most_runs(act)}, 0.0))
        return rows

    def _powered(self, robots: Mapping[str, dict[int, float]], binary: int) -> Row:
        """Let a binary be 1 only if robots give more electricity than they draw."""
        net_kW = {j: n * self.net_W[k] / 1000 for k, row in robots.items() for j, n in row.items()}
        draw_kW = sum(-w * self.most[k] / 1000 for k, w in self.net_W.items() if w < 0)
        return net_kW | {binary: -1e-3 - draw_kW}, -draw_kW

    def _most_runs(self, act: Act) -> float:
        """X of the module; of robots, as many as are of use."""
        return float(self.most[act.builds] if act.builds else self.runs.get(act.name, _MOST_RUNS))

    # ------------------------------------------------------------------ the search

    def run(self) -> Seed:
        """Bound the mass from below, then find seeds that regrow in one generation, two, ..."""
        bound_kg = self._relaxed()
        best = self._replayed(self._everything())
        most = max(1, len(self.species) - 1)  # something is carried
        for generations in range(1, most + 1):
            self._another_generation()
            found = self._converge()
            if found is not None:
                seed = self._replayed(found.x)
                if generations == 1 and self.columns > _LARGE:
                    self._limit_runs(found.x)
                if seed.replayed and seed.total_kg < best.total_kg:
                    best = seed
                if generations == most and not self.runs:
                    bound_kg = max(bound_kg, self._bound_kg())
            if time.monotonic() > self.deadline or best.total_kg * (1 - 1e-6) <= bound_kg:
                break
        return replace(best, bound_kg=min(bound_kg, best.total_kg))

    def _relaxed(self) -> float:
        """Return a bound: everything is built in the end, in any order that the cuts allow."""
        while True:
            found = self._solve(self.mass_kg + self.surcharge_kg)
            if found.x is None or time.monotonic() > self.deadline or not self._cut_off(found.x):
                return self._bound_kg()

    def _bound_kg(self) -> float:
        """Return a lower bound of the mass, without surcharges."""
        bound_kg = self._solve(self.mass_kg).mip_dual_bound
        return 0.0 if bound_kg is None else max(0.0, bound_kg)

    def _limit_runs(self, x: F64) -> None:
        """Rule out many more runs than one generation takes: programs with small X are solved fast.

        Plans are still sound, but the lightest may be missed.
        """
        now = self.generations[0]
        self.runs = {
            a.name: 2 * round(x[j]) + _MORE_RUNS
            for j, a in enumerate(self.acts, now)
            if not a.builds
        }
        self.upper[now : now + len(self.acts)] = [*map(self._most_runs, self.acts)]

    def _converge(self) -> Any:
        """Return a solution for the generations there are, None if there was no time for any.

        Everything is reached in it, unless the time was over: then the replay adds what lacks.
        """
        found = None
        while time.monotonic() < self.deadline:
            now = self._solve(self.mass_kg + self.surcharge_kg)
            if now.x is None:
                break
            found = now
            if not self._cut_off(now.x):
                break
        return found

    def _solve(self, cost_kg: F64) -> Any:
        """Solve the program as it stands."""
        rows = [*self._balances(), *self._presence(), *self._links(), *self.cuts]
        at = [(i, j, a) for i, (row, _) in enumerate(rows) for j, a in row.items()]
        i, j, a = zip(*at, strict=True)
        matrix = csr_array((a, (i, j)), shape=(len(rows), self.columns))
        left_s = max(0.1, self.deadline - time.monotonic())
        found = milp(
            cost_kg,
            integrality=self.integral,
            bounds=Bounds(0, self.upper),
            constraints=LinearConstraint(matrix, np.array([least for _, least in rows]), np.inf),
            options={
                "time_limit": left_s,
                "mip_rel_gap": _FINE if self.columns < _LARGE else _COARSE,
            },
        )
        if found.status == 2:
            raise ScenarioError([self._powerless()])
        return found

    def _cut_off(self, x: F64) -> bool:
        """Cut a solution off if not everything that it wants is reached; return whether so."""
        used = [
            self.rules.number[Prop("act", act.name)]
            for start in self._starts()
            for j, act in enumerate(self.acts, start)
            if x[j] > 0.5
        ]
        return self._cut(self._carried(x), [*self.wanted, *used])

    def _starts(self) -> list[int]:
        """First columns of the acts of each generation; of all acts, if none is told apart."""
        return self.generations or [self.first_act]

    def _carried(self, x: F64) -> list[int]:
        """Numbers of the propositions that a solution carries."""
        number = self.rules.number
        here = [number[Prop("species", k)] for j, k in enumerate(self.species) if x[j] > 0.5]
        for m, levels in self.rules.levels.items():
            has = x[self.column[m]] + _SLACK
            here += [number[Prop("stock", m, a)] for a in levels if self._amount(m, a) <= has]
        if sum(self.net_W[k] * round(x[j]) for j, k in enumerate(self.species)) > 0:
            here.append(number[POWER])
        return here

    def _cut(self, carried: list[int], wanted: list[int]) -> bool:
        """Add a cut for what is not reached; carry the lightest thing of it; go on till all is.

        Returns
        -------
        bool
            Whether anything was out of reach.
        """
        now = Reach(self.rules)
        now.add(carried)
        cut = False
        for target in wanted:
            while not now.true[target]:
                cut = True
                wide = Reach(self.rules)
                wide.add(i for i in range(len(now.true)) if now.true[i])
                for i in self.carriable:  # the lightest first: what is left out is heavy
                    if not wide.true[i]:
                        wide.add([i], unless=target)
                outside: dict[tuple[str, str], int] = {}
                for i in self.carriable:  # of each material the least amount
                    if not wide.true[i]:
                        outside.setdefault(self.rules.props[i][:2], i)
                row = {self.first_prop + i: 1.0 for i in outside.values()}
                if self.rules.props[target].kind == "act":
                    self.cut_acts.add(self.first_prop + target)
                    self.cuts.append((row | {self.first_prop + target: -1.0}, 0.0))
                else:
                    self.cuts.append((row, 1.0))
                now.add([min(outside.values(), key=lambda i: (self.prop_kg[i], i))])
        return cut

    def _everything(self) -> F64:
        """Return the seed that carries every robot: it needs no plan."""
        x: F64 = np.zeros(self.columns)
        x[: len(self.species)] = 1.0
        best = max(range(len(self.species)), key=lambda j: self.net_W[self.species[j]])
        x[best] = self.most[self.species[best]]
        return x

    def _powerless(self) -> str:
        draw_W = sum(s.idle_W for s in self.industry.species.values())
        return (
            f"species: one of each draws {draw_W} W when idle, and no collector gives more than it "
            "draws at this body; expected one whose collector_m2 * efficiency * mean flux exceeds "
            "its idle_W; add a species that does or enlarge its collector"
        )

    def _another_generation(self) -> None:
        """Tell apart one generation more: what it builds works in the next.

        Its columns are those of the acts, and a binary for power at its beginning.
        """
        at = slice(self.first_act, self.first_prop)
        self.generations.append(self.columns)
        self.columns += len(self.acts) + 1
        self.upper = np.concatenate([self.upper, [*map(self._most_runs, self.acts)], [1.0]])
        self.integral = np.concatenate([self.integral, self.integral[at], [1]])
        self.mass_kg = np.concatenate([self.mass_kg, self.mass_kg[at], [0.0]])
        self.surcharge_kg = np.concatenate([self.surcharge_kg, self.surcharge_kg[at], [0.0]])

    # ------------------------------------------------------------------ what it means

    def _replayed(self, x: F64) -> Seed:
        """Return a solution as a seed, carried out as far as it goes."""
        robots = {k: round(x[j]) for j, k in enumerate(self.species) if x[j] > 0.5}
        stock = {}
        for m, j in self.column.items():
            material = self.industry.materials[m]
            counted = x[j] if material.unit == "piece" else 1000 * x[j]
            if lots := math.ceil((counted - 1000 * _SLACK) / material.step):
                stock[m] = lots * material.step
        replay = Replay(
            self.industry, self.acts, self.net_W, self.free, Counter(robots), Counter(stock)
        )
        ready, generations = True, 0
        for start in self.generations:
            if start < len(x):
                plan = {a.name: round(x[j]) for j, a in enumerate(self.acts, start)}
                added = replay.carry_out(plan)
                generations += any(plan[a.name] for a in self.acts if a.builds)
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
            replayed=ready and all(replay.robots[k] for k in self.species),
        )
