"""What a policy is shown, what it answers, and how the answer is applied.

A policy sees what a robot can sense: itself, its site's board, and for each task open to it a few
features. Nothing in the features depends on how many species or processes a scenario has.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .jit import inner, jit, spread
from .partial import NOTHING, Partial
from .rng import CHOICE, philox
from .senses import ROBOT_FEATURES as ROBOT_FEATURES
from .senses import look_around, outlook, sense
from .state import Flows, Robots, Segments, Sites
from .tables import BUILD, Tables

TASK_FEATURES = (
    "room",  # machine time that could be used, in days of every machine of the kind, at most 8
    "crowding",  # time of the crew over the room, at most 8
    "cover",  # stock over base stock of the output that is shortest, at most 8
    "pressure",  # backlog of the own kind, in steps, at most 8
    "product_pressure",  # builds: backlog of the kind to be built, in steps, at most 8
    "under_way",  # builds: ordered and under construction over what there is, at most 8
    "power",  # energy wanted over energy there is, at most 8
    "is_process",
    "is_build",
    "is_repair",
)
_CAP = 8.0
_ROBOTS_APART = 50_000
"""Deciding robots under which one thread is faster than several."""
AHEAD_S = 16 * 86_400
"""Assembly work in sight that is enough for those who do not know better."""


class Kit(NamedTuple):
    """What every site knows of expeditions, where there are any.

    Attributes
    ----------
    robots : (K,) int64
        Who flies.
    stock : (M,) int64
        What they take along, grams or pieces.
    spare : (K,) int64
        Healthy robots a site must have before it lays down a ship.
    every : int
        Steps from one review of a site to the next: at site s when ``(s + step) % every`` is 0.
    loss_per_launch : float
        Share of ships lost whatever the time.
    most_robots : int
        Robots with which a site stops growing.
    """

    robots: NDArray[np.int64]
    stock: NDArray[np.int64]
    spare: NDArray[np.int64]
    every: int
    loss_per_launch: float
    most_robots: int


@dataclass(frozen=True)
class Observation:
    """Everything the deciding robots can see at one step.

    Attributes
    ----------
    kind : int
        Number of the kind of site: of equal ones the tables are the same.
    here : (n,) int64
        The sites in question: all of one kind, robots alive. Answers for others are not asked for.
    tables, sites, flows : Tables, Sites, Flows
        The industry of this kind of site, and the board of every site; read only.
    rows : (n,) int64
        Rows of the deciding robots: healthy ones whose review is due.
    robots : Robots
        All columns; read only.
    site : (n,) int64
        Site of each deciding robot.
    seed, step, dt_s : int
    partial : Partial
        What is hidden here, and which conducts are open: `may_shelter`, `may_service`, `may_move`.
    kit : Kit or None
        What an expedition is; None where nobody leaves.
    """

    kind: int
    here: NDArray[np.int64]
    tables: Tables
    sites: Sites
    flows: Flows
    rows: NDArray[np.int64]
    site: NDArray[np.int64]
    robots: Robots
    seed: int
    step: int
    dt_s: int
    partial: Partial = NOTHING
    kit: Kit | None = None

    def words(self) -> NDArray[np.uint32]:
        """Return (n, 4) random words of 32 bits for the robots' choices, keyed by their ids."""
        return _words(self.robots.id, self.rows, self.seed, self.step)

    def task_features(self) -> NDArray[np.float64]:
        """Return (S, P, F) features of each task at each site here; F as in `TASK_FEATURES`."""
        s, p = self.flows.crew.shape
        out = np.zeros((s, p, len(TASK_FEATURES)))
        spread(_task_features, self.here, self.tables, self.sites, self.flows, self.dt_s, out)
        return out

    def robot_features(self) -> NDArray[np.float64]:
        """Return (n, R) features of each deciding robot; R as in `ROBOT_FEATURES`."""
        out = np.empty((len(self.rows), len(ROBOT_FEATURES)))
        near = outlook(len(self.sites.claim))
        look_around(self.here, self.partial, self.seed, self.step, *near)
        spread(
            sense, np.arange(len(out)), self.partial, self.tables, self.sites, self.robots,
            self.rows, self.site, self.seed, self.step, self.dt_s, *near, out, apart=_ROBOTS_APART,
        )  # fmt: skip
        return out

    def options(self, species: int) -> NDArray[np.uint32]:
        """Return the tasks open to a species."""
        t = self.tables
        return t.option_task[t.option_start[species] : t.option_start[species + 1]]


@dataclass(frozen=True)
class Action:
    """What a policy answers.

    Attributes
    ----------
    task : (n,) int16
        Task each deciding robot turns to, among those open to its species; -1: none.
    desire : (S, K) float64
        How much each site wants one more of each species; not above zero: not at all.
    ahead_s : int
        Assembly work in sight that is enough, in seconds of each healthy assembler: no more orders
        are opened then.
    conduct : (n,) uint8 or None
        What each deciding robot does beside its task, as bits of `auxon.sim.conduct`; those that
        are not open are ignored. None: nothing.
    launch : (S,) bool or None
        False where a site that could lay down an expedition in this step is not to; ships that load
        already go on. None: every site may.
    """

    task: NDArray[np.int16]
    desire: NDArray[np.float64]
    ahead_s: int = AHEAD_S
    conduct: NDArray[np.uint8] | None = None
    launch: NDArray[np.bool_] | None = None


class Policy(Protocol):
    """What chooses the tasks. Memory goes in and comes out; the world keeps it beside the robot."""

    memory_width: int
    """float32 numbers a robot remembers; zeros for the newborn."""

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        """Return the action and the new memory, (n, memory_width), of the deciding robots."""
        ...


@jit
def due(
    sites: np.ndarray, r: Robots, segments: Segments, now: int, rows: np.ndarray, site: np.ndarray
) -> int:
    """List healthy robots whose review phase is `now`; return how many."""
    n = np.int64(0)
    for s in sites:
        a, b = segments.first[s], segments.first[s] + segments.count[s]
        found = _due_rows(r.phase[a:b], r.broken[a:b], np.uint8(now), a, rows[n:])
        site[n : n + found] = s
        n += found
    return int(n)


@inner
def _due_rows(
    phase: np.ndarray, broken: np.ndarray, now: np.uint8, first: int, rows: np.ndarray
) -> np.int64:
    n = np.uint64(0)  # unsigned: an index that cannot be negative needs no check
    for i in range(phase.shape[0]):
        rows[n] = first + i  # stays only if n moves on: no branch to guess
        n += np.uint64((phase[i] == now) & (broken[i] == 0))
    return np.int64(n)


@jit
def turn_to(f: Flows, r: Robots, rows: np.ndarray, site: np.ndarray, task: np.ndarray) -> None:
    """Put robots on their tasks and keep the crews counted."""
    for n in range(rows.shape[0]):
        i = rows[n]
        old = r.task[i]
        new = task[n]
        if old != new:
            if old >= 0:
                f.crew[site[n], old] -= 1
            if new >= 0:
                f.crew[site[n], new] += 1
            r.task[i] = new


@jit
def _words(ids: np.ndarray, rows: np.ndarray, seed: int, step: int) -> np.ndarray:
    out = np.empty((rows.shape[0], 4), np.uint32)
    for n in range(rows.shape[0]):
        a, b, c, d = philox(seed, CHOICE, step, ids[rows[n]])
        out[n, 0] = a
        out[n, 1] = b
        out[n, 2] = c
        out[n, 3] = d
    return out


@inner
def cover(t: Tables, w: Sites, f: Flows, s: int, p: int) -> float:
    """Return stock over what is wanted of the output of p that is shortest, at most 8."""
    least = _CAP
    for j in range(t.out_start[p], t.out_start[p + 1]):
        m = t.out_material[j]
        if f.gross[s, m] > 0 and t.largest_in[m] > 0:
            least = min(least, w.stock[s, m] / f.gross[s, m])
    return least


@jit
def _task_features(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, dt_s: int, out: np.ndarray
) -> None:
    for s in sites:
        for p in range(f.crew.shape[1]):
            describe(t, w, f, s, p, dt_s, out[s, p])


@inner
def describe(t: Tables, w: Sites, f: Flows, s: int, p: int, dt_s: int, out: np.ndarray) -> None:
    """Fill in (F,) the features of task p at site s."""
    k = t.task_species[p]
    room = f.room_s[s, p]
    out[0] = min(_CAP, room / (max(1, f.healthy[s, k]) * float(dt_s)))
    out[1] = min(_CAP, f.crew[s, p] * float(dt_s) / max(1, room))
    out[2] = cover(t, w, f, s, p)
    out[3] = min(_CAP, w.pressure_fp[s, k] / 256.0)
    out[4] = 0.0
    out[5] = 0.0
    if t.task_kind[p] == BUILD:
        made = t.task_target[p]
        have = max(1, f.healthy[s, made] + f.broken[s, made])
        out[4] = min(_CAP, w.pressure_fp[s, made] / 256.0)
        out[5] = min(_CAP, (w.orders[s, made] + w.building[s, made]) / have)
    out[6] = min(_CAP, w.energy_fp[s] / 256.0)
    out[7] = 0.0
    out[8] = 0.0
    out[9] = 0.0
    out[7 + t.task_kind[p]] = 1.0
