"""A world: the state, and the phases that step it.

`World.phases` is the step, in the order it runs; `World.plan()` prints it.
"""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .board import observe
from .build import build
from .conservation import Ledger
from .errors import UsageError
from .imports import arrive, order_imports
from .jit import spread
from .observation import Observation, Policy, due, turn_to
from .orbit import YEAR_DAYS, flux_w_m2

if TYPE_CHECKING:
    from .scenario import Scenario
from .state import Robots, Segments, Sites, empty_flows, empty_sites, found, regrow, site_of
from .tables import compile_industry
from .wear import bear, count_crews, first_failures, repair, retire, wear
from .work import work


class World:
    """One society on its body, as arrays.

    Parameters
    ----------
    scenario : Scenario
    policy : Policy
        Chooses tasks and what to build.
    seed : int
        64 bits; with the scenario it decides everything.
    sites : int
        Identical colonies, each with its own seed and claim; they do not see each other.
    check : bool
        Check the grams of every element after every phase and stop at the first that changes.

    Attributes
    ----------
    step_count : int
        Steps made.
    tables : Tables
    sites : Sites
    flows : Flows
        Of the last step.
    robots : Robots
    segments : Segments
    memory : (rows, width) float32
        What the policy remembers for each robot.
    dead : Robots
        Those taken apart in the last step, as they were.
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
        self._key = seed if seed < 2**63 else seed - 2**64  # kernels take signed numbers
        self.step_count = 0
        self.dt_s = round(scenario.rules.step_days * 86_400)
        self.review_steps = scenario.rules.review_steps
        industry = scenario.industry
        imports = scenario.imports
        t = self.tables = compile_industry(industry, imports.materials if imports else ())
        self._import_period, self._import_flight = 1, 0
        if imports:
            self._import_period = max(1, round(imports.every_days * 86_400 / self.dt_s))
            self._import_flight = round(imports.transit_days * 86_400 / self.dt_s)
        self.material_names = tuple(industry.materials)
        self.species_names = tuple(industry.species)
        self.elements = industry.elements
        self.task_names = (
            *industry.processes,
            *(f"build {k}" for k in industry.species if industry.assembler),
            *(f"repair {k}" for k in industry.species if industry.repairer),
        )
        self.sites = empty_sites(t, sites)
        self.flows = empty_flows(t, sites)
        for i, name in enumerate(self.material_names):
            self.sites.stock[:, i] = scenario.seed_stock.get(name, 0)
        lot = int(t.least[t.rock])
        rock = int(scenario.site.claim_kg * 1000) // lot * lot
        self.sites.stock[:, t.rock] = rock
        self.sites.claim[:] = rock
        self.sites.ration[:] = self.sites.stock
        numbers = [scenario.seed_robots.get(k, 0) for k in self.species_names]
        self.robots, self.segments, serial = found([numbers] * sites, self.review_steps)
        self.sites.serial[:] = serial
        self.memory = np.zeros((len(self.robots.id), policy.memory_width), np.float32)
        self.dead = self._gone = Robots.empty(0)
        self._make_scratch()
        self._desire, self._ahead_s = np.zeros((sites, len(self.species_names))), 0
        self.listeners: list[Callable[[World], None]] = []
        self._awake = np.arange(sites)
        first_failures(self._awake, t, self.robots, self.segments, self._key)
        count_crews(self.flows, self.robots, self.segments)
        self._ledger = Ledger(self) if check else None

    # ------------------------------------------------------------------ a step

    def step(self) -> None:
        """Run the phases once."""
        for phase in self.phases:
            getattr(self, f"_{phase}")()
            if self._ledger:
                self._ledger.check(phase)
        self.step_count += 1

    @classmethod
    def plan(cls) -> str:
        """Return the phases of a step, one a line with what each does."""
        lines = (getattr(cls, f"_{phase}").__doc__ for phase in cls.phases)
        return "\n".join(f"{p:12} {d}" for p, d in zip(cls.phases, lines, strict=True))

    def _environment(self) -> None:
        """Sunlight from the body's true distance sets the power of every array."""
        body, site = self.scenario.body, self.scenario.site
        days = (self.step_count + 0.5) * self.scenario.rules.step_days
        sun = flux_w_m2(body.a_au, body.e, body.M_deg, days) * site.sun_fraction
        self.flows.supply_W[:] = (self.tables.electric_m2 * sun).astype(np.int64)
        self.flows.heat_W[:] = (self.tables.heat_m2 * sun).astype(np.int64)

    def _arrivals(self) -> None:
        """Cargo from Earth lands; the next is ordered when its time has come."""
        spread(arrive, self._awake, self.sites, self.flows, self.step_count)
        imports = self.scenario.imports
        if imports is not None and self.step_count % self._import_period == 0:
            order_imports(
                self._awake, self.tables, self.sites, self.flows, round(imports.budget_kg * 1000),
                self.step_count, self._import_flight,
            )  # fmt: skip

    def _observe(self) -> None:
        """Each site posts what it lacks and what can be worked on."""
        spread(
            observe, self._awake, self.tables, self.sites, self.flows, self.step_count, self.dt_s,
            self._import_period, self._import_flight,
        )  # fmt: skip

    def _decide(self) -> None:
        """Robots whose review is due choose their task; the policy says what it wants built."""
        rows, site = self._scratch
        n = due(
            self._awake, self.robots, self.segments, self.step_count % self.review_steps, rows, site
        )
        rows, site = rows[:n], site[:n]
        seen = Observation(
            0, self._awake, self.tables, self.sites, self.flows, rows, site, self.robots, self._key,
            self.step_count, self.dt_s,
        )  # fmt: skip
        remembers = (
            self.policy.memory_width > 0
        )  # gathering nothing for half a million rows takes time
        memory = self.memory[rows] if remembers else np.empty((n, 0), np.float32)
        action, memory = self.policy.act(seen, memory)
        if remembers:
            self.memory[rows] = memory
        turn_to(self.flows, self.robots, rows, site, action.task)
        self._desire, self._ahead_s = action.desire, action.ahead_s

    def _work(self) -> None:
        """Labour, power and inputs are shared out; whole runs and repairs are made."""
        spread(
            work, self._awake, self.tables, self.sites, self.flows, self._key, self.step_count,
            self.dt_s,
        )  # fmt: skip

    def _build(self) -> None:
        """Finish, order and start constructions; the newborn appear."""
        t, w, f = self.tables, self.sites, self.flows
        spread(build, self._awake, t, w, f, self._desire, self._ahead_s, self.step_count, self.dt_s)
        if f.births.any():
            need = self.segments.count + f.births.sum(1)
            self.robots, self.memory, self.segments = regrow(
                self.robots, self.memory, self.segments, need
            )
            if len(self.robots.id) >= len(self._scratch[0]):
                self._make_scratch()
            bear(
                self._awake, t, w, f, self.robots, self.segments, self._key, self.step_count,
                self.review_steps, self.memory, *self._scratch,
            )  # fmt: skip

    def _wear(self) -> None:
        """Use wears robots; some break."""
        wear(self._awake, self.sites, self.flows, self.robots, self.segments, self._scratch[0])

    def _repair(self) -> None:
        """Repaired robots return to work; those past their life are taken apart."""
        t, f, r = self.tables, self.flows, self.robots
        spread(repair, self._awake, t, self.sites, f, r, self.segments, self._key, self.step_count)
        if len(self._gone.id) < self.robot_count:
            self._gone = Robots.empty(len(r.id))  # pages nobody writes to cost nothing
        dead = retire(
            self._awake, t, self.sites, f, r, self.segments, self.memory, self._gone, 0,
            self.review_steps, self.step_count, self.dt_s,
        )  # fmt: skip
        self.dead = Robots._make(column[:dead].copy() for column in self._gone)

    def _record(self) -> None:
        """Whoever listens takes down what happened."""
        for listener in self.listeners:
            listener(self)

    def adopt(
        self,
        step_count: int,
        sites: Sites,
        robots: Robots,
        memory: NDArray[np.float32],
        segments: Segments,
    ) -> None:
        """Go on from another state, as a checkpoint holds it; all must fit this scenario."""
        self.step_count, self.sites = step_count, sites
        self.robots, self.memory, self.segments = robots, memory, segments
        self.dead = Robots.empty(0)
        self._make_scratch()
        for flow in self.flows:
            flow[:] = 0
        count_crews(self.flows, robots, segments)

    def _make_scratch(self) -> None:
        """Take room for lists of rows, kept from step to step: fresh pages cost time."""
        rows = len(self.robots.id)
        self._scratch = np.empty(rows + 1, np.int64), np.empty(rows + 1, np.int64)

    # ------------------------------------------------------------------ what there is

    @property
    def robot_count(self) -> int:
        """Robots alive, broken ones included."""
        return int(self.segments.count.sum())

    @property
    def years(self) -> float:
        """Time since the start in Julian years."""
        return self.step_count * self.dt_s / (YEAR_DAYS * 86_400)

    @property
    def mass_g(self) -> int:
        """Mass of all robots, grams."""
        return int(((self.flows.healthy + self.flows.broken) @ self.tables.species_mass_g).sum())

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
        memory, if any, follows.
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
        return h.hexdigest()
