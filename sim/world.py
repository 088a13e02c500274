"""A world: the state, and the phases that step it.

`World.phases` is the step, in the order it runs; `World.plan()` prints it.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .board import observe
from .build import build
from .conduct import behave
from .conservation import Ledger
from .errors import UsageError
from .faces import grade
from .imports import arrive, order_imports
from .jit import spread
from .observation import Action, Observation, Policy, due, turn_to
from .orbit import YEAR_DAYS
from .partial import partial_of
from .places import Places, places
from .state import (
    REPORTS,
    SETTLED,
    Books,
    Robots,
    Segments,
    Sites,
    empty_books,
    empty_flows,
    empty_sites,
    found,
    more,
    regrow,
    site_of,
)
from .sunlight import shine
from .travel import Travel
from .wear import bear, count_crews, first_failures, repair, retire, wear
from .weather import strike
from .work import work

if TYPE_CHECKING:
    from .scenario import Scenario

I64 = NDArray[np.int64]


class World:
    """One society, on its body or across its belt, as arrays.

    Parameters
    ----------
    scenario : Scenario
    policy : Policy
        Chooses tasks and what to build.
    seed : int
        64 bits; with the scenario it decides everything.
    sites : int
        Identical colonies, each with its own seed and claim; they do not see each other. One in a
        scenario with a belt, whose lineages say where they start.
    check : bool
        Check the grams of every element after every phase and stop at the first that changes.

    Attributes
    ----------
    step_count : int
        Steps made.
    kinds : tuple of Tables
        The industry of each kind of site, all numbered alike.
    tables : Tables
        The first of them.
    places : Places
        The bodies.
    sites : Sites
    flows : Flows
        Of the last step.
    robots : Robots
    segments : Segments
    books : Books
    memory : (rows, width) float32
        What the policy remembers for each robot.
    dead : Robots
        Those taken apart in the last step, as they were.
    travel : Travel
        What flies between bodies.
    partial : Partial
        What is hidden from robots and befalls them.
    may_launch : (S,) bool
        Which sites the policy lets lay down expeditions in this step.
    """

    phases = (
        "environment",
        "arrivals",
        "observe",
        "decide",
        "work",
        "build",
        "wear",
        "repair",
        "launch",
        "record",
    )

    def __init__(
        self,
        scenario: "Scenario",
        policy: Policy,
        seed: int = 1,
        sites: int = 1,
        check: bool = False,
    ) -> None:
        if not 0 <= seed < 2**64:
            raise UsageError(f"seed {seed} has more than 64 bits; take one from 0 to 2**64 - 1.")
        self.scenario, self.policy, self.seed = scenario, policy, seed
        self.key = seed if seed < 2**63 else seed - 2**64  # kernels take signed numbers
        self.step_count = 0
        self.dt_s = round(scenario.rules.step_days * 86_400)
        self.review_steps = scenario.rules.review_steps
        self._most_robots = scenario.rules.most_robots
        self.partial = partial_of(scenario)
        imports = scenario.imports
        self._import_period, self._import_flight = 1, 0
        if imports:
            self._import_period = max(1, round(imports.every_days * 86_400 / self.dt_s))
            self._import_flight = round(imports.transit_days * 86_400 / self.dt_s)
        self.places: Places = places(scenario, sites)
        self.kinds = self.places.kinds
        t = self.tables = self.kinds[0]
        industry = self.places.industry
        self.material_names = tuple(industry.materials)
        self.species_names = tuple(industry.species)
        self.elements = industry.elements
        self.task_names = (
            *industry.processes,
            *(f"build {k}" for k in industry.species if industry.assembler),
            *(f"repair {k}" for k in industry.species if industry.repairer),
        )
        seeds = self.places.seeds
        trade = self.scenario.belt and self.scenario.belt.entry.trade
        self._reports = REPORTS if trade else 0
        self.sites = empty_sites(t, len(seeds), self._reports)
        self.flows = empty_flows(t, len(seeds))
        self.books = empty_books(t, len(self.kinds))
        for s, start in enumerate(seeds):
            w = self.sites
            w.kind[s], w.body[s], w.lineage[s] = start.kind, start.body, start.lineage
            for i, name in enumerate(self.material_names):
                w.stock[s, i] = start.stock.get(name, 0)
            self.stake(s)
        numbers = [[start.robots.get(k, 0) for k in self.species_names] for start in seeds]
        self.robots, self.segments, serial = found(numbers, self.review_steps, self.partial.faces)
        self.sites.serial[:] = serial
        self.memory = np.zeros((len(self.robots.id), policy.memory_width), np.float32)
        self.dead = self._gone = Robots.empty(0)
        self._make_scratch()
        self._lived = self.segments.count > 0
        self._desire = np.zeros((len(seeds), len(self.species_names)))
        self._ahead_s: dict[int, int] = {}
        self.may_launch = np.ones(len(seeds), np.bool_)
        self.listeners: list[Callable[[World], None]] = []
        for kind, here in self.awake():
            first_failures(here, self.kinds[kind], self.robots, self.segments, self.key)
        count_crews(np.arange(len(seeds)), self.flows, self.robots, self.segments)
        self.travel = Travel(self)
        self._ledger = Ledger(self) if check else None

    # ------------------------------------------------------------------ a step

    def step(self) -> None:
        """Run the phases once."""
        self.begin()
        self._run("decide")
        self.finish()

    def begin(self) -> None:
        """Run the phases before *decide*.

        `step` asks the policy then. Whoever would decide in its place calls `begin`, answers each
        of `turns` with `take`, and calls `finish`.
        """
        for flow in self.flows:  # where nobody lives any more nothing happens
            flow[(self.segments.count == 0) & self._lived] = 0
        self._lived = self.segments.count > 0
        self._run(*self.phases[: self.phases.index("decide")])

    def finish(self) -> None:
        """Run the phases after *decide*."""
        self._run(*self.phases[self.phases.index("decide") + 1 :])
        self.step_count += 1

    def _run(self, *phases: str) -> None:
        for phase in phases:
            getattr(self, f"_{phase}")()
            if self._ledger:
                self._ledger.check(phase)

    @classmethod
    def plan(cls) -> str:
        """Return the phases of a step, one a line with what each does."""
        lines = (getattr(cls, f"_{phase}").__doc__ for phase in cls.phases)
        return "\n".join(f"{p:12} {d}" for p, d in zip(cls.phases, lines, strict=True))

    def _environment(self) -> None:
        """Sunlight from each body's true distance sets the power of every array."""
        days = (self.step_count + 0.5) * self.scenario.rules.step_days
        at = self.places
        for kind, here in self.awake():
            spread(
                shine, here, self.partial, self.kinds[kind], self.sites, self.flows, at.a_au, at.e,
                at.M_deg, days, self.scenario.site.sun_fraction, self.key, self.step_count,
            )  # fmt: skip

    def _arrivals(self) -> None:
        """Ships arrive; cargo from Earth lands; the next is ordered when its time has come."""
        if self.travel.arrive():
            self._environment()  # who has just come sees the Sun, too
        imports = self.scenario.imports
        ordering = imports is not None and self.step_count % self._import_period == 0
        for kind, here in self.awake():
            spread(arrive, here, self.sites, self.flows, self.step_count)
            if imports is not None and ordering:
                seeds = here[self.sites.origin[here] < 0]  # Earth knows who started there
                order_imports(
                    seeds, self.partial, self.kinds[kind], self.sites, self.flows,
                    round(imports.budget_kg * 1000), self.key, self.step_count,
                    self._import_flight,
                )  # fmt: skip

    def _observe(self) -> None:
        """Each site posts what it lacks and what can be worked on."""
        for kind, here in self.awake():
            spread(
                observe, here, self.kinds[kind], self.sites, self.flows, self.step_count,
                self.dt_s, self._import_period, self._import_flight,
            )  # fmt: skip

    def _decide(self) -> None:
        """Robots whose review is due choose their task; the policy says what it wants built."""
        for seen in self.turns():
            self.take(seen, *self.policy.act(seen, self.recall(seen)))

    def turns(self) -> Iterator[Observation]:
        """Yield what is seen at each kind of site; good until the next is asked for."""
        if len(self._desire) < len(self.sites.claim):
            self._desire = np.zeros((len(self.sites.claim), len(self.species_names)))
        self.may_launch = np.ones(len(self.sites.claim), np.bool_)
        now = self.step_count % self.review_steps
        for kind, here in self.awake():
            rows, site = self._scratch
            n = due(here, self.robots, self.segments, now, rows, site)
            rows, site = rows[:n], site[:n]
            yield Observation(
                kind, here, self.kinds[kind], self.sites, self.flows, rows, site, self.robots,
                self.key, self.step_count, self.dt_s, self.partial, self.travel.kit,
            )  # fmt: skip

    def recall(self, seen: Observation) -> NDArray[np.float32]:
        """Return (n, width) what the policy remembers for each deciding robot."""
        # gathering nothing for half a million rows takes time
        if self.policy.memory_width == 0:
            return np.empty((len(seen.rows), 0), np.float32)
        return self.memory[seen.rows]

    def take(self, seen: Observation, action: Action, memory: NDArray[np.float32]) -> None:
        """Do what was decided on an observation; both as `Policy.act` returns them."""
        if self.policy.memory_width > 0:
            self.memory[seen.rows] = memory
        turn_to(self.flows, self.robots, seen.rows, seen.site, action.task)
        behave(
            self.partial, self.flows, self.robots, seen.rows, seen.site, action.conduct, self.key,
            self.step_count,
        )  # fmt: skip
        self._desire[seen.here] = action.desire[seen.here]
        self._ahead_s[seen.kind] = action.ahead_s
        if action.launch is not None:
            self.may_launch[seen.here] = action.launch[seen.here]

    def _work(self) -> None:
        """Labour, power and inputs are shared out; whole runs and repairs are made."""
        for kind, here in self.awake():
            if self.partial.faces:
                spread(
                    grade, here, self.partial, self.kinds[kind], self.flows, self.robots,
                    self.segments, self.key, self.step_count,
                )  # fmt: skip
            spread(
                work, here, self.kinds[kind], self.sites, self.flows, self.key, self.step_count,
                self.dt_s,
            )  # fmt: skip

    def _build(self) -> None:
        """Finish, order and start constructions; the newborn appear."""
        w, f = self.sites, self.flows
        for kind, here in self.awake():
            spread(
                build, here, self.kinds[kind], w, f, self._desire, self._ahead_s[kind],
                self._most_robots, self.step_count, self.dt_s,
            )  # fmt: skip
        if not f.births.any():
            return
        self.make_room(f.births.sum(1))
        for kind, here in self.awake():
            bear(
                here, self.kinds[kind], w, f, self.robots, self.segments, self.key,
                self.step_count, self.review_steps, self.partial.faces, self.memory,
                *self._scratch,
            )  # fmt: skip

    def _wear(self) -> None:
        """Use wears robots; some break, in a flare more."""
        o, f, r, at = self.partial, self.flows, self.robots, (self.key, self.step_count)
        for _, here in self.awake():
            wear(here, o, self.sites, f, r, self.segments, self._scratch[0], *at)
            if o.flare:
                spread(strike, here, o, f, r, self.segments, *at)

    def _repair(self) -> None:
        """Repaired robots return to work; those past it or their life are taken apart."""
        w, f, r = self.sites, self.flows, self.robots
        if len(self._gone.id) < self.robot_count:
            self._gone = Robots.empty(len(r.id))  # pages nobody writes to cost nothing
        dead = 0
        for kind, here in self.awake():
            t = self.kinds[kind]
            spread(repair, here, t, w, f, r, self.segments, self.key, self.step_count)
            dead = retire(
                here, t, w, f, r, self.segments, self.memory, self._gone, dead,
                self.review_steps, self.step_count, self.dt_s,
            )  # fmt: skip
        self.dead = Robots._make(column[:dead].copy() for column in self._gone)

    def _launch(self) -> None:
        """Expeditions load and leave; cargo is sent."""
        self.travel.launch()

    def _record(self) -> None:
        """Whoever listens takes down what happened."""
        for listener in self.listeners:
            listener(self)

    # ------------------------------------------------------------------ who is where

    def awake(self) -> Iterator[tuple[int, I64]]:
        """Yield each kind with its settled sites where somebody lives, in order."""
        w = self.sites
        here = np.flatnonzero((w.state == SETTLED) & (self.segments.count > 0))
        if len(self.kinds) == 1:
            if len(here):
                yield 0, here
            return
        for kind in range(len(self.kinds)):
            if len(own := here[w.kind[here] == kind]):
                yield kind, own

    def stake(self, s: int) -> None:
        """Give a site its claim, of what is left of its body's rock."""
        w, t = self.sites, self.kinds[int(self.sites.kind[s])]
        left_g = self.places.rock_g[w.body[s]] - w.claim[w.body == w.body[s]].sum()
        lot_g = int(t.least[t.rock])
        rock_g = min(int(self.scenario.site.claim_kg * 1000), int(left_g)) // lot_g * lot_g
        w.stock[s, t.rock] = w.claim[s] = rock_g
        w.ration[s] = w.stock[s]

    def clear_site(self, s: int) -> None:
        """Make a site as new, with nothing on it."""
        for array, fresh in zip(
            self.sites, empty_sites(self.tables, 1, self._reports), strict=True
        ):
            array[s] = fresh[0]

    def add_site(self) -> int:
        """Append a site with nothing on it and return its number."""
        self.sites = more(self.sites, empty_sites(self.tables, 1, self._reports))
        self.flows = more(self.flows, empty_flows(self.tables, 1))
        nothing = np.zeros(1, np.int64)
        self.segments = more(self.segments, Segments(nothing, nothing, nothing))
        self._lived = np.append(self._lived, False)
        return len(self.sites.claim) - 1

    def make_room(self, coming: I64) -> None:
        """Make room for so many robots more at each site; rows may move."""
        self.robots, self.memory, self.segments = regrow(
            self.robots, self.memory, self.segments, self.segments.count + coming
        )
        if len(self.robots.id) >= len(self._scratch[0]):
            self._make_scratch()

    def adopt(
        self,
        step_count: int,
        sites: Sites,
        books: Books,
        robots: Robots,
        memory: NDArray[np.float32],
        segments: Segments,
    ) -> None:
        """Go on from another state, as a checkpoint holds it; all must fit this scenario."""
        # copies: arrays of a file are views of flat ones, behind which no site can be put
        self.sites = Sites._make(column.copy() for column in sites)
        self.step_count, self.books = step_count, books
        self.robots, self.memory, self.segments = robots, memory, segments
        self.dead = Robots.empty(0)
        self._make_scratch()
        self._lived = segments.count > 0
        self.flows = empty_flows(self.tables, len(sites.claim))
        count_crews(np.arange(len(sites.claim)), self.flows, robots, segments)

    def _make_scratch(self) -> None:
        """Take room for lists of rows, kept from step to step: fresh pages cost time."""
        rows = len(self.robots.id)
        self._scratch = np.empty(rows + 1, np.int64), np.empty(rows + 1, np.int64)

    # ------------------------------------------------------------------ what there is

    @property
    def robot_count(self) -> int:
        """Robots alive, broken ones and those in flight included."""
        return int(self.segments.count.sum())

    @property
    def years(self) -> float:
        """Time since the start in Julian years."""
        return self.step_count * self.dt_s / (YEAR_DAYS * 86_400)

    @property
    def species_mass_g(self) -> I64:
        """(S, K) mass of a robot of each species, as each site builds it."""
        masses = np.stack([t.species_mass_g for t in self.kinds])
        found: I64 = masses[self.sites.kind]
        return found

    @property
    def mass_g(self) -> int:
        """Mass of all robots, grams."""
        return int(((self.flows.healthy + self.flows.broken) * self.species_mass_g).sum())

    def wear_s(self, rows: Any) -> Any:
        """Return seconds of use since birth or the last repair.

        Parameters
        ----------
        rows : int or (n,) int64

        Returns
        -------
        int64 or (n,) int64
        """
        r = self.robots
        site = site_of(self.segments, rows)
        clock_s = self.sites.clock_s[site, r.species[rows]]
        return np.asarray(np.minimum(clock_s, r.fails_at_s[rows]) - r.since_s[rows])

    def digest(self) -> str:
        """Return 32 hex digits that two worlds share if and only if they are in the same state.

        blake2b over little-endian int64: the step; every array of `Sites`, site after site in the
        order of its fields; then every column of `Robots`, robots of a site in order of id. Policy
        memory, if any, follows. The arrays of `Books` come last.
        """
        h = hashlib.blake2b(digest_size=16)
        h.update(np.int64(self.step_count).astype("<i8").tobytes())
        for s in range(len(self.segments.first)):
            for array in self.sites:
                h.update(array[s].astype("<i8").tobytes())
            first = self.segments.first[s]
            rows = slice(first, first + self.segments.count[s])
            order = np.argsort(self.robots.id[rows])
            for column in self.robots:
                h.update(column[rows][order].astype("<i8").tobytes())
            if self.policy.memory_width:
                h.update(self.memory[rows][order].astype("<f4").tobytes())
        for array in self.books:
            h.update(array.astype("<i8").tobytes())
        return h.hexdigest()
