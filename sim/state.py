"""The state of a world as arrays: sites, and robots grouped by site.

Everything conserved is a whole number. Rows of robots lie in one segment per site, in order of
birth there, with room to grow, so that a site's robots are together in cache. Only live rows count;
the rest is spare. Segments lie in no order.
"""

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .rules import robot_id
from .tables import Tables

I64 = NDArray[np.int64]

_Arrays = TypeVar("_Arrays", "Sites", "Flows", "Segments")

SLACK = 1.25
"""Capacity of a segment over what it holds, when it is laid out anew."""


class Sites(NamedTuple):
    """Arrays over sites (S), materials (M), tasks (P) and species (K); int64 throughout."""

    stock: I64
    """(S, M) grams of bulk or pieces."""
    bank_s: I64
    """(S, P) machine time worked and not yet used up by a run."""
    orders: I64
    """(S, K) robots ordered whose bill of materials has not been set aside."""
    ordered_at: I64
    """(S, K) step since which the first of these orders has been waiting."""
    building: I64
    """(S, K) robots under construction: their bill of materials is in them."""
    serial: I64
    """(S, K) serial number of the next robot born."""
    clock_s: I64
    """(S, K) use of a robot of each species that has been healthy since the start."""
    use_fp: I64
    """(S, M) running mean of consumption per step, 8 bits after the point."""
    pressure_fp: I64
    """(S, K) running mean of feasible backlog per machine and step, 8 bits after the point."""
    electric_fp: I64
    """(S,) running mean of electricity wanted over electricity there is, 8 bits after the point."""
    energy_fp: I64
    """(S,) the same of electricity and heat together."""
    season: I64
    """(S, M) consumption since the last import was ordered."""
    transit: I64
    """(S, M) cargo on its way."""
    ration: I64
    """(S, M) stock when the last cargo landed, or at the start."""
    lands_at: I64
    """(S,) step at which it lands, -1 for none."""
    imported: I64
    """(S, M) cargo ever sent."""
    claim: I64
    """(S,) rock in place at the start, grams."""
    kind: I64
    """(S,) which of `World.kinds` its industry is."""
    body: I64
    """(S,) where it lies, or flies to."""
    lineage: I64
    """(S,)"""
    rank: I64
    """(S,) expeditions from the seed to it."""
    origin: I64
    """(S,) site that sent it, -1 for a seed."""
    state: I64
    """(S,) `SETTLED`, `LOADING`, `FLYING`, `LOST` or `JOINED`."""
    left_at: I64
    """(S,) step in which it leaves or left its origin, -1 for a seed and while that is open."""
    arrives_at: I64
    """(S,) step in which it arrives or arrived; 0 for a seed."""
    fuel: I64
    """(S,) material that it brakes with, -1 for none."""
    burn_g: I64
    """(S,) of it, to be thrown out on leaving."""
    brake_g: I64
    """(S,) of it, to be thrown out on arrival."""
    sent: I64
    """(S,) expeditions that left."""
    goal: I64
    """(S,) site for which a ship's cargo is meant, -1 for an expedition."""
    foreign: I64
    """(S, M) what a unit of a material from elsewhere cost on arrival, in seconds of a gram of
    machine (`auxon.sim.prices`)."""
    packing: I64
    """(S, M) what a ship that loads still lacks; of a site, what all its ships lack."""
    told_at: I64
    """(S, N) steps in which it last told the others of itself, latest first, -1 for none. N is
    `REPORTS`, and 0 where nobody trades."""
    told: I64
    """(S, N, 3, M) what it told: its `stock`, what it wanted in all, and `foreign`."""


SETTLED, LOADING, FLYING, LOST, JOINED = range(5)
"""States of a site: an expedition is one that is not there yet. What a ship loads is its stock."""


REPORTS = 2
"""Reports of a site that are kept: when the last is still under way, the one before has come."""


class Books(NamedTuple):
    """What has left the society for good; with this, grams of every element stay the same."""

    exhaust: I64
    """(M,) thrown out by ships."""
    lost: I64
    """(M,) stock of ships that were lost."""
    wrecks: I64
    """(kinds, K) robots lost with them."""


class Flows(NamedTuple):
    """What one step finds and does; made anew each step. Arrays over S, P, K, M; int64."""

    crew: I64
    """(S, P) healthy robots on each task."""
    healthy: I64
    """(S, K)"""
    broken: I64
    """(S, K)"""
    keep: I64
    """(S, M) spare parts, and what making them takes where they are short: not for everybody."""
    urgent: I64
    """(S, P) 1 for tasks that may take what is kept: repairs, and those that make what is short of
    it."""
    gross: I64
    """(S, M) wanted in all: base, open orders, repairs, and what planned runs take."""
    planned: I64
    """(S, P) runs called for."""
    room_s: I64
    """(S, P) machine time that can be used now: called for, and inputs at hand."""
    labour_s: I64
    """(S, P) machine time worked in this step."""
    runs: I64
    """(S, P) runs made; completed robots for builds."""
    used_s: I64
    """(S, K) use per healthy robot."""
    consumed: I64
    """(S, M) taken by runs, bills and repairs."""
    supply_W: I64
    """(S, K) electric power of one healthy robot of each species."""
    heat_W: I64
    """(S, K) heat likewise."""
    supply_J: I64
    """(S,) electric energy there is."""
    demand_J: I64
    """(S,) electric energy that all the room would take, idle draw included."""
    spent_J: I64
    """(S,) energy spent, electric and heat."""
    births: I64
    """(S, K)"""
    deaths: I64
    """(S, K) retired and taken apart."""
    failures: I64
    """(S, K)"""
    repairs: I64
    """(S, K)"""
    shipped: I64
    """(S, M) cargo that left in this step."""
    landed: I64
    """(S, M) cargo that landed in this step."""
    sheltered: I64
    """(S, K) of the healthy, those in shelter."""
    services: I64
    """(S, K) robots that had themselves serviced."""
    wrecked: I64
    """(S, K) of the failures, those past repair."""
    richness: I64
    """(S,) mean yield of the faces dug at, 256 being the usual."""


class Robots(NamedTuple):
    """Columns over capacity rows; see `Segments` for which rows are live."""

    id: I64
    parent: I64
    """id of the assembler that built it, -1 for a founder."""
    born: NDArray[np.int32]
    """Step of birth."""
    generation: NDArray[np.int16]
    species: NDArray[np.int16]
    design: NDArray[np.int16]
    """Heritable variant of the species; 0 is the species as written."""
    task: NDArray[np.int16]
    """Task it is on, -1 for none."""
    broken: NDArray[np.int8]
    """0 healthy, 1 broken, 2 a wreck: past repair, and taken apart in the same step."""
    phase: NDArray[np.uint8]
    """Reviews its task in steps that leave this remainder."""
    since_s: I64
    """The species' clock at the site when it was born or last repaired."""
    fails_at_s: I64
    """What that clock will show when it fails."""
    repairs: NDArray[np.int16]
    shelter: NDArray[np.bool_]
    """It is where no flare hits it, and works nothing."""
    face: NDArray[np.uint8]
    """Where at the site it digs, if it does."""

    @classmethod
    def empty(cls, rows: int) -> "Robots":
        """Return columns of that many rows."""
        kinds = dict(
            id=np.int64, parent=np.int64, born=np.int32, generation=np.int16, species=np.int16,
            design=np.int16, task=np.int16, broken=np.int8, phase=np.uint8, since_s=np.int64,
            fails_at_s=np.int64, repairs=np.int16, shelter=np.bool_, face=np.uint8,
        )  # fmt: skip
        return cls(**{name: np.zeros(rows, kind) for name, kind in kinds.items()})


class Segments(NamedTuple):
    """Where each site's robots lie: rows first[s] to first[s] + count[s], room for capacity[s]."""

    first: I64
    count: I64  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    capacity: I64


def empty_sites(tables: Tables, sites: int, reports: int = 0) -> Sites:
    """Return sites with nothing on them, with room for so many reports of each."""
    m, p, k = len(tables.main), len(tables.time_s), len(tables.idle_W)
    sizes = dict(
        stock=m, bank_s=p, orders=k, ordered_at=k, building=k, serial=k, clock_s=k,
        use_fp=m, pressure_fp=k, electric_fp=None, energy_fp=None, season=m, transit=m, ration=m,
        lands_at=None, imported=m, claim=None, kind=None, body=None, lineage=None, rank=None,
        origin=None, state=None, left_at=None, arrives_at=None, fuel=None, burn_g=None,
        brake_g=None, sent=None, goal=None, foreign=m, packing=m, told_at=reports,
    )  # fmt: skip
    made = {
        n: np.zeros(sites if size is None else (sites, size), np.int64) for n, size in sizes.items()
    }
    made["told"] = np.zeros((sites, reports, 3, m), np.int64)
    made["pressure_fp"][:] = 256
    made["electric_fp"][:] = 256
    made["energy_fp"][:] = 256
    for name in ("lands_at", "origin", "left_at", "fuel", "goal", "told_at"):
        made[name][:] = -1
    return Sites(**made)


def empty_flows(tables: Tables, sites: int) -> Flows:
    """Return the flows of a step in which nothing happens."""
    m, p, k = len(tables.main), len(tables.time_s), len(tables.idle_W)
    sizes = dict(
        crew=p, healthy=k, broken=k, keep=m, urgent=p, gross=m, planned=p, room_s=p,
        labour_s=p, runs=p, used_s=k, consumed=m, supply_W=k, heat_W=k, supply_J=None,
        demand_J=None, spent_J=None, births=k, deaths=k, failures=k, repairs=k, shipped=m, landed=m,
        sheltered=k, services=k, wrecked=k, richness=None,
    )  # fmt: skip
    return Flows(
        **{
            n: np.zeros(sites if size is None else (sites, size), np.int64)
            for n, size in sizes.items()
        }
    )


def empty_books(tables: Tables, kinds: int) -> Books:
    """Return books of a society that has lost nothing."""
    m, k = len(tables.main), len(tables.idle_W)
    return Books(np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros((kinds, k), np.int64))


def more(arrays: _Arrays, rows: _Arrays) -> _Arrays:
    """Return arrays over sites with rows behind them.

    There is room behind the arrays they are views of, so that the next rows cost little.
    """
    n, new = len(arrays[0]), len(rows[0])
    return type(arrays)(*(_longer(a, add, n, new) for a, add in zip(arrays, rows, strict=True)))


def _longer(array: I64, rows: I64, n: int, new: int) -> I64:
    room: I64 = array if array.base is None else array.base
    if len(room) < n + new:
        room = np.empty((2 * (n + new), *array.shape[1:]), array.dtype)
        room[:n] = array
    room[n : n + new] = rows
    return room[: n + new]


def found(
    robots_by_site: list[list[int]], review_steps: int, faces: int
) -> tuple[Robots, Segments, I64]:
    """Return founders: columns, segments and the next serial numbers.

    Parameters
    ----------
    robots_by_site : list of list of int
        ``[site][species]`` how many.
    review_steps : int
        Length of the review cycle.
    faces : int
        Places to dig at a site, over which they spread; 0: one is as good as another.

    Returns
    -------
    Robots, Segments, (S, K) int64
        Failure times are left at zero: `auxon.sim.world` draws them.
    """
    counts = np.array(robots_by_site, np.int64)
    count = counts.sum(1)
    capacity = _capacity(count)
    first = np.cumsum(capacity) - capacity
    robots = Robots.empty(int(capacity.sum()))
    for s, row in enumerate(counts):
        rows = slice(int(first[s]), int(first[s] + count[s]))
        species = np.repeat(np.arange(len(row)), row)
        serial = np.arange(count[s]) - np.repeat(np.cumsum(row) - row, row)
        robots.id[rows] = robot_id(s, 0, 0) + (species << 32) + serial
        robots.parent[rows] = -1
        robots.species[rows] = species
        robots.task[rows] = -1
        robots.phase[rows] = serial % review_steps
        robots.face[rows] = serial % max(1, faces)
    return robots, Segments(first, count, capacity), counts.copy()


def regrow(
    robots: Robots, memory: NDArray[np.float32], segments: Segments, need: I64
) -> tuple[Robots, NDArray[np.float32], Segments]:
    """Return a layout in which each site has room for `need` robots, or the old one if it has.

    Segments that are too small move behind the others. When no room is left there, all are laid
    out anew, with as much room again as half of them take.

    Parameters
    ----------
    memory : (rows, width) float32
        Laid out like the columns.
    need : (S,) int64
        Robots each site is about to hold.
    """
    small = np.flatnonzero(need > segments.capacity)
    if not len(small):
        return robots, memory, segments
    end = int((segments.first + segments.capacity).max())
    room = _capacity(need[small])
    if end + int(room.sum()) > len(robots.id):
        return lay_out(robots, memory, segments, need)
    first, capacity = segments.first.copy(), segments.capacity.copy()
    first[small] = end + np.cumsum(room) - room
    capacity[small] = room
    columns: list[NDArray[Any]] = [*robots, memory]
    for s in small:
        old, new, n = segments.first[s], first[s], segments.count[s]
        for column in columns:
            column[new : new + n] = column[old : old + n]
    return robots, memory, Segments(first, segments.count, capacity)


def lay_out(
    robots: Robots, memory: NDArray[np.float32], segments: Segments, need: I64
) -> tuple[Robots, NDArray[np.float32], Segments]:
    """Return a new layout, site after site, as `regrow` does when no room is left."""
    capacity = _capacity(need)
    first = np.cumsum(capacity) - capacity
    rows = int(capacity.sum())
    behind = rows // 2 if len(need) > 1 else 0
    laid = Robots.empty(rows + behind)
    wider = np.zeros((rows + behind, memory.shape[1]), np.float32)
    new = Segments(first, segments.count, capacity)
    olds: list[NDArray[Any]] = [*robots, memory]
    news: list[NDArray[Any]] = [*laid, wider]
    source, target = live_rows(segments), live_rows(new)
    for old_column, new_column in zip(olds, news, strict=True):
        new_column[target] = old_column[source]
    return laid, wider, new


def _capacity(need: I64) -> I64:
    """Room for so many robots and some to come; none where there are none."""
    return np.where(need > 0, np.maximum((need * SLACK).astype(np.int64), need + 16), 0)


def live_rows(segments: Segments) -> I64:
    """Return the indices of live rows, site after site."""
    count = segments.count
    shift = segments.first - (np.cumsum(count) - count)
    found: I64 = np.repeat(shift, count) + np.arange(count.sum())
    return found


def site_of(segments: Segments, rows: I64 | int) -> I64:
    """Return the site in whose segment each row lies."""
    there = np.flatnonzero(segments.capacity)
    order = there[np.argsort(segments.first[there])]
    at = np.searchsorted(segments.first[order], rows, side="right") - 1
    return np.asarray(order[at], np.int64)
