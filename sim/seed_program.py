"""The integer program of the lightest seed: its columns, its rows, and what a solution means.

Unknowns are n_k robots of species k and s_m of material m in the seed. A regrowth is told in
*generations*: in generation t = 1..T process p runs x_pt times and b_kt robots of k are built, by
machines that were there before it. With a_pm and g_pm what a run takes and gives, B_km bills, the
mass

    sum_k mass_k n_k + sum_m mass_m s_m                                    is least such that
    s_m + sum_(t <= u) (sum_p (g_pm - a_pm) x_pt - sum_k B_km b_kt) >= 0   for m, u = 1..T,
    x_pt <= X_p (n_k + sum_(u < t) b_ku)                                   k the machine of p,
    n_k + sum_t b_kt >= 1                                                  for every species,
    sum_k (n_k + sum_t b_kt) (supply_k - idle_k) >= 1 W                    power is left at last,
    and before each generation in which something takes electricity.

Materials that are free (the rock in place, imports) have no balance. Building takes the assembler
as a machine. supply_k is the electricity of a collector at the mean flux over the orbit,
S / (a^2 sqrt(1 - e^2)), times `sun_fraction`; the last line stands only if something takes
electricity at all. Recycling is left out: worn pieces come of robots that were there before.

Balances alone would let a loop feed itself within a generation; `auxon.sim.landmarks` cuts such
seeds off. With a binary [.] for each thing that can be carried a cut reads

    sum_k [n_k >= 1] + sum_m [s_m >= the next amount a run takes] + ... >= [w is wanted].
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from .errors import ScenarioError
from .landmarks import Cut
from .orbit import mean_flux_w_m2
from .reach import POWER, Act, Prop, Rules, acts
from .scenario import Scenario

_BUILD_KG, _RUN_KG = 1e-3, 1e-6
"""Surcharges on a robot built and on a run: of seeds of one mass the one with least work is found.
A robot weighs as much as its bill, so ties are many. The bound is computed without them."""
_MOST_RUNS = 10_000
"""X: no regrowth takes more runs of one process in a generation."""
_MORE_RUNS = 20
"""Where runs are limited, X_p is twice the runs of a solution and so many more."""
_SLACK = 1e-6
"""Tolerance of the solver on a column, kilograms or pieces."""

F64 = NDArray[np.float64]
Row = tuple[dict[int, float], float]
"""Coefficients by column, and the least that their sum may be."""


class Effort(NamedTuple):
    """How hard the solver tries: nothing here depends on how busy the machine is but `most_s`.

    Attributes
    ----------
    gap : float
        Share of the mass within which a solution counts as the best.
    nodes : int
        Of branch and bound.
    most_s : float
        Time after which it stops all the same.
    """

    gap: float
    nodes: int
    most_s: float


class Solution(NamedTuple):
    """What the solver found.

    Attributes
    ----------
    x : ndarray of float64, shape (columns,), or None
        None if it stopped before it found anything.
    bound_kg : float
        No solution costs less.
    nodes : int
        Of branch and bound that it took.
    cut_short : bool
        It was stopped by the clock.
    """

    x: F64 | None
    bound_kg: float
    nodes: int
    cut_short: bool


class Program:
    """The program: columns n by species, s by material, x by act, a binary by proposition.

    Where generations are told apart, their acts follow, and the first x say nothing. Before that,
    a solution is a *bound*: there is one balance and no machines but by the cuts.

    Parameters
    ----------
    scenario : Scenario

    Attributes
    ----------
    acts : list of Act
    rules : Rules
    free : set of str
        Materials that are there without end.
    net_W : dict
        Electricity of a robot of each species, less its idle draw.
    species : list of str
    columns : int
    generations : list of int
        First columns of the acts of each generation.
    """

    def __init__(self, scenario: Scenario) -> None:
        i = self.industry = scenario.industry
        self.free = {i.reserve().name, *(scenario.imports.materials if scenario.imports else ())}
        body = scenario.body
        flux = mean_flux_w_m2(body.a_au, body.e) * scenario.site.sun_fraction
        self.net_W = {
            s.name: int(s.collector_m2 * s.efficiency * flux) - s.idle_W for s in i.species.values()
        }
        self.acts = acts(i)
        self.rules = Rules(i, self.acts, self.free, {k for k, net in self.net_W.items() if net > 0})
        self.species = list(i.species)
        self.generations: list[int] = []
        first_stock = len(self.species)
        self._column = {m: first_stock + j for j, m in enumerate(self.rules.levels)}
        self._first_act = first_stock + len(self._column)
        self._first_prop = self._first_act + len(self.acts)
        self.columns = self._first_prop + len(self.rules.props)
        draw_W = sum(max(0, -net) for net in self.net_W.values())
        self._most = {  # a second robot of a kind is of use for its power alone
            k: 1 + (math.ceil((draw_W + 1) / net) if net > 0 else 0)
            for k, net in self.net_W.items()
        }
        self._runs: dict[str, int] = {}
        self._cuts: list[Row] = []
        self._cut_acts: set[int] = set()
        self._bounds_and_costs()

    def _bounds_and_costs(self) -> None:
        self._upper = np.ones(self.columns)
        self._integral = np.ones(self.columns, np.int8)
        self._mass_kg = np.zeros(self.columns)
        self._surcharge_kg = np.zeros(self.columns)
        for j, k in enumerate(self.species):
            self._upper[j] = self._most[k]
            self._mass_kg[j] = self.industry.species[k].mass_g / 1000
        for m, j in self._column.items():
            material = self.industry.materials[m]
            self._upper[j] = np.inf
            self._integral[j] = material.unit == "piece"
            self._mass_kg[j] = material.mass_g / 1000 if material.unit == "piece" else 1.0
        for j, act in enumerate(self.acts, self._first_act):
            self._upper[j] = self._most_runs(act)
            self._surcharge_kg[j] = _BUILD_KG if act.builds else _RUN_KG

    # ------------------------------------------------------------------ what it grows by

    def add_generation(self) -> None:
        """Tell apart one generation more: what it builds works in the next.

        Its columns are those of the acts, and a binary for power at its beginning.
        """
        at = slice(self._first_act, self._first_prop)
        self.generations.append(self.columns)
        self.columns += len(self.acts) + 1
        self._upper = np.concatenate([self._upper, [*map(self._most_runs, self.acts)], [1.0]])
        self._integral = np.concatenate([self._integral, self._integral[at], [1]])
        self._mass_kg = np.concatenate([self._mass_kg, self._mass_kg[at], [0.0]])
        self._surcharge_kg = np.concatenate([self._surcharge_kg, self._surcharge_kg[at], [0.0]])

    def limit_runs(self, x: F64) -> None:
        """Rule out many more runs than a solution without generations takes.

        Programs with small X are solved fast. Their plans are sound, but the lightest may be
        missed, and their bounds are none.

        Parameters
        ----------
        x : ndarray of float64, shape (columns,)
        """
        self._runs = {
            a.name: 2 * round(x[j]) + _MORE_RUNS
            for j, a in enumerate(self.acts, self._first_act)
            if not a.builds
        }

    def add_cuts(self, cuts: Iterable[Cut]) -> None:
        """Rule out what cuts rule out.

        Parameters
        ----------
        cuts : iterable of Cut
            Those of a species hold always, those of an act if it is done.
        """
        for cut in cuts:
            row = {self._first_prop + i: 1.0 for i in cut.some_of}
            if self.rules.props[cut.wanted].kind == "act":
                done = self._first_prop + cut.wanted
                self._cut_acts.add(done)
                self._cuts.append((row | {done: -1.0}, 0.0))
            else:
                self._cuts.append((row, 1.0))

    # ------------------------------------------------------------------ rows

    def _starts(self) -> list[int]:
        """First columns of the acts of each generation; of all acts, if none is told apart."""
        return self.generations or [self._first_act]

    def _amount(self, m: str, counted: int) -> float:
        """Pieces, or kilograms of bulk."""
        return counted if self.industry.materials[m].unit == "piece" else counted / 1000

    def _most_runs(self, act: Act) -> float:
        """X of the module; of robots, as many as are of use."""
        return float(self._most[act.builds] if act.builds else self._runs.get(act.name, _MOST_RUNS))

    def _balances(self) -> list[Row]:
        """Return the balances: nothing falls short, after any generation."""
        sums: dict[str, dict[int, float]] = {m: {j: 1.0} for m, j in self._column.items()}
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
            rows += [(row, 1.0), (dict.fromkeys(row, -1.0), -float(self._most[k]))]
        if any(a.electric for a in self.acts):
            power = {j: n * self.net_W[k] / 1000 for k, r in robots.items() for j, n in r.items()}
            rows.append((power, 1e-3))
        return rows

    def _links(self) -> list[Row]:
        """Say what a proposition carried, or an act wanted, means for the amounts."""
        rows: list[Row] = []
        u = {p: self._first_prop + i for i, p in enumerate(self.rules.props)}
        for j, k in enumerate(self.species):
            rows.append(({j: 1.0, u[Prop("species", k)]: -1.0}, 0.0))
        for m, levels in self.rules.levels.items():
            row, below = {self._column[m]: 1.0}, 0
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
                if (done := u[Prop("act", act.name)]) in self._cut_acts:
                    rows.append(({j: -1.0, done: self._most_runs(act)}, 0.0))
        return rows

    def _powered(self, robots: Mapping[str, dict[int, float]], binary: int) -> Row:
        """Let a binary be 1 only if robots give more electricity than they draw."""
        net_kW = {j: n * self.net_W[k] / 1000 for k, row in robots.items() for j, n in row.items()}
        draw_kW = sum(-w * self._most[k] / 1000 for k, w in self.net_W.items() if w < 0)
        return net_kW | {binary: -1e-3 - draw_kW}, -draw_kW

    # ------------------------------------------------------------------ solving it

    def solve(self, effort: Effort, whole: bool = True, surcharged: bool = True) -> Solution:
        """Solve the program as it stands.

        Parameters
        ----------
        effort : Effort
        whole : bool
            Robots, pieces and runs are whole; else the program is relaxed to a linear one.
        surcharged : bool
            Work costs something, too: not for a bound.

        Raises
        ------
        ScenarioError
            If robots cannot be fed at this body.
        """
        rows = [*self._balances(), *self._presence(), *self._links(), *self._cuts]
        at = [(i, j, a) for i, (row, _) in enumerate(rows) for j, a in row.items()]
        i, j, a = zip(*at, strict=True)
        matrix = csr_array((a, (i, j)), shape=(len(rows), self.columns))
        found = milp(
            self._mass_kg + self._surcharge_kg if surcharged else self._mass_kg,
            integrality=self._integral if whole else np.zeros_like(self._integral),
            bounds=Bounds(0, self._upper),
            constraints=LinearConstraint(matrix, np.array([least for _, least in rows]), np.inf),
            options={
                "time_limit": effort.most_s,
                "mip_rel_gap": effort.gap,
                "node_limit": effort.nodes,
            },
        )
        if found.status == 2:
            raise ScenarioError([self._powerless()])
        bound_kg = found.mip_dual_bound if whole else found.fun
        return Solution(
            found.x,
            0.0 if bound_kg is None else max(0.0, bound_kg),
            found.mip_node_count or 0,
            found.status == 1 and "Time limit" in found.message,
        )

    def _powerless(self) -> str:
        draw_W = sum(s.idle_W for s in self.industry.species.values())
        return (
            f"species: one of each draws {draw_W} W when idle, and no collector gives more than it "
            "draws at this body; expected one whose collector_m2 * efficiency * mean flux exceeds "
            "its idle_W; add a species that does or enlarge its collector"
        )

    # ------------------------------------------------------------------ what a solution means

    def everything(self) -> F64:
        """Return the seed that carries every robot: it needs no plan."""
        x: F64 = np.zeros(self.columns)
        x[: len(self.species)] = 1.0
        best = max(range(len(self.species)), key=lambda j: self.net_W[self.species[j]])
        x[best] = self._most[self.species[best]]
        return x

    def mass_kg(self, x: F64) -> float:
        """Return the mass of what is carried."""
        return float(self._mass_kg @ x)

    def robots(self, x: F64) -> dict[str, int]:
        """Return the robots carried, by species."""
        return {k: round(x[j]) for j, k in enumerate(self.species) if x[j] > 0.5}

    def stock(self, x: F64) -> dict[str, int]:
        """Return the materials carried, in grams of whole lots or pieces."""
        stock = {}
        for m, j in self._column.items():
            material = self.industry.materials[m]
            counted = x[j] if material.unit == "piece" else 1000 * x[j]
            if lots := math.ceil((counted - 1000 * _SLACK) / material.step):
                stock[m] = lots * material.step
        return stock

    def plan(self, x: F64, generation: int) -> dict[str, int]:
        """Return how often each act is done in a generation."""
        return {a.name: round(x[j]) for j, a in enumerate(self.acts, self.generations[generation])}

    def carried(self, x: F64) -> list[int]:
        """Return the numbers of the propositions that a solution carries."""
        number = self.rules.number
        here = [number[Prop("species", k)] for k in self.robots(x)]
        for m, levels in self.rules.levels.items():
            has = x[self._column[m]] + _SLACK
            here += [number[Prop("stock", m, a)] for a in levels if self._amount(m, a) <= has]
        if sum(self.net_W[k] * n for k, n in self.robots(x).items()) > 0:
            here.append(number[POWER])
        return here

    def half_carried(self, x: F64) -> list[int]:
        """Return those of which a solution of the linear program carries half or more."""
        here = x[self._first_prop : self._first_prop + len(self.rules.props)] >= 0.5
        return [i for i, p in enumerate(self.rules.props) if here[i] and p.kind != "act"]

    def done(self, x: F64) -> list[int]:
        """Return the numbers of the acts that a solution does."""
        return [
            self.rules.number[Prop("act", act.name)]
            for start in self._starts()
            for j, act in enumerate(self.acts, start)
            if x[j] > 0.5
        ]
