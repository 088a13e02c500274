"""Phases *wear* and *repair*, and births: loops over the rows of robots.

Robots wear by use. Each fails when its use since birth or repair reaches a Weibull draw made then;
repairs go to broken robots of a species in order of birth; at the end of its life a robot is taken
apart, and so is one that failed past repair.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from .jit import SERIAL_BELOW, inner, jit, spread, threads
from .partial import Partial
from .rng import HIT, LIFE, PARENT, philox
from .rules import life_seconds, robot_id
from .state import Flows, Robots, Segments, Sites
from .tables import BUILD, Tables

CHUNK = 16_384
"""Rows per chunk of a parallel sweep: wear and failure times of a chunk fit in cache."""


@jit
def first_failures(sites: np.ndarray, t: Tables, r: Robots, segments: Segments, seed: int) -> None:
    """Draw when each founder fails first."""
    for s in sites:
        for i in range(segments.first[s], segments.first[s] + segments.count[s]):
            k = r.species[i]
            word = philox(seed, LIFE, 0, r.id[i])[0]
            r.fails_at_s[i] = life_seconds(t.quantile[k], t.scale_s[k], word)


@jit
def count_crews(sites: np.ndarray, f: Flows, r: Robots, segments: Segments) -> None:
    """Count healthy, sheltered and broken robots and crews; a step keeps them up to date."""
    for s in sites:
        f.crew[s] = 0
        f.healthy[s] = 0
        f.broken[s] = 0
        f.sheltered[s] = 0
        for i in range(segments.first[s], segments.first[s] + segments.count[s]):
            if r.broken[i] != 0:
                f.broken[s, r.species[i]] += 1
            else:
                f.healthy[s, r.species[i]] += 1
                if r.shelter[i]:
                    f.sheltered[s, r.species[i]] += 1
                if r.task[i] >= 0:
                    f.crew[s, r.task[i]] += 1


@jit
def _failing(r: Robots, clock_s: np.ndarray, start: int, stop: int, rows: np.ndarray) -> np.int64:
    """List which of the rows start:stop break now, in ``rows[start:]``; return how many."""
    # slices: indices from 0 need no check for being negative, and the loop becomes SIMD
    fails_at_s, species = r.fails_at_s[start:stop], r.species[start:stop]
    broken, found = r.broken[start:stop], rows[start:]
    n = np.uint64(0)
    for i in range(stop - start):
        found[n] = start + i  # stays only if n moves on: no branch to guess
        n += np.uint64((fails_at_s[i] <= clock_s[np.uint16(species[i])]) & (broken[i] == 0))
    return np.int64(n)


@numba.njit(cache=True, parallel=True)
def _failing_chunks(
    r: Robots, clock_s: np.ndarray, start: int, stop: int, rows: np.ndarray
) -> np.ndarray:
    """Do the same for every chunk, with several threads; return how many in each."""
    counts = np.zeros(-(-(stop - start) // CHUNK), np.int64)
    for c in numba.prange(counts.shape[0]):
        a = start + c * CHUNK
        counts[c] = _failing(r, clock_s, a, min(a + CHUNK, stop), rows)
    return counts


@inner
def fail(o: Partial, f: Flows, r: Robots, s: int, i: int, seed: int, step: int) -> None:
    """Break the robot in row i at site s, perhaps past repair."""
    k = r.species[i]
    r.broken[i] = 1
    f.healthy[s, k] -= 1
    f.broken[s, k] += 1
    f.failures[s, k] += 1
    if r.task[i] >= 0:
        f.crew[s, r.task[i]] -= 1
    if r.shelter[i]:
        r.shelter[i] = False
        f.sheltered[s, k] -= 1
    if o.wreck > 0 and int(philox(seed, HIT, step, r.id[i])[1]) < o.wreck:
        r.broken[i] = 2
        f.wrecked[s, k] += 1


@jit
def _break(o: Partial, f: Flows, r: Robots, s: int, rows: np.ndarray, seed: int, step: int) -> None:
    """Break the robots in these rows."""
    for i in rows:
        fail(o, f, r, s, i, seed, step)


@jit
def _wear_out(
    sites: np.ndarray, o: Partial, w: Sites, f: Flows, r: Robots, segments: Segments,
    rows: np.ndarray, seed: int, step: int,
) -> None:  # fmt: skip
    """Do both at each of these sites."""
    for s in sites:
        for k in range(w.clock_s.shape[1]):
            w.clock_s[s, k] += f.used_s[s, k]
        a = segments.first[s]
        b = a + segments.count[s]
        n = _failing(r, w.clock_s[s], a, b, rows)
        _break(o, f, r, s, rows[a : a + n], seed, step)


def wear(
    sites: NDArray[np.int64], o: Partial, w: Sites, f: Flows, r: Robots, segments: Segments,
    rows: np.ndarray, seed: int, step: int,
) -> None:  # fmt: skip
    """Move every species' clock on by its use; break the robots whose time has come.

    The rows of a large site are swept by several threads. The result is the same.

    Parameters
    ----------
    sites : (n,) int64
    rows : (rows + 1,) int64
        Scratch.
    """
    large = segments.count[sites] >= SERIAL_BELOW
    if threads() == 1 or not large.any():
        spread(_wear_out, sites, o, w, f, r, segments, rows, seed, step)
        return
    spread(_wear_out, sites[~large], o, w, f, r, segments, rows, seed, step)
    for s in sites[large]:
        w.clock_s[s] += f.used_s[s]
        a, b = int(segments.first[s]), int(segments.first[s] + segments.count[s])
        for c, n in enumerate(_failing_chunks(r, w.clock_s[s], a, b, rows)):
            first = a + c * CHUNK
            _break(o, f, r, s, rows[first : first + n], seed, step)


@jit
def repair(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, r: Robots, segments: Segments, seed: int,
    step: int,
) -> None:  # fmt: skip
    """Return repaired robots to work: of each species the first born of the broken."""
    for s in sites:
        total = f.repairs[s].sum()
        if total == 0:
            continue
        left = f.repairs[s].copy()
        i = segments.first[s]
        while total > 0:
            k = r.species[i]
            if r.broken[i] == 1 and left[k] > 0:
                left[k] -= 1
                total -= 1
                r.broken[i] = 0
                r.repairs[i] += 1
                r.since_s[i] = w.clock_s[s, k]
                r.fails_at_s[i] = r.since_s[i] + life_seconds(
                    t.quantile[k], t.scale_s[k], philox(seed, LIFE, step, r.id[i])[0]
                )
                f.healthy[s, k] += 1
                f.broken[s, k] -= 1
                if r.task[i] >= 0:
                    f.crew[s, r.task[i]] += 1
            i += 1


@jit
def retire(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, r: Robots, segments: Segments,
    memory: np.ndarray, gone: Robots, dead: int, review_steps: int, step: int, dt_s: int,
) -> int:  # fmt: skip
    """Take apart robots past their life at their review, and wrecks; fills deaths.

    Parameters
    ----------
    sites : (n,) int64
    memory : (rows, width) float32
        What the policy remembers for each robot; moves with its row.
    gone : Robots
        Receives the rows of the dead; room for all.
    dead : int
        Rows of it taken.

    Returns
    -------
    int
        Rows of it taken now.
    """
    now = step % review_steps
    shortest = t.life_s.min()
    for s in sites:
        a, b = segments.first[s], segments.first[s] + segments.count[s]
        # rows are in order of birth: beyond the first that is too young for any species nobody dies
        old = a
        while old < b and (step - r.born[old]) * dt_s >= shortest:
            old += 1
        if f.wrecked[s].any():
            old = b
        to = a
        for i in range(a, old):
            k = r.species[i]
            over = r.phase[i] == now and (step - r.born[i]) * dt_s >= t.life_s[k]
            if over or r.broken[i] == 2:
                f.deaths[s, k] += 1
                if r.broken[i] != 0:
                    f.broken[s, k] -= 1
                else:
                    f.healthy[s, k] -= 1
                    if r.shelter[i]:
                        f.sheltered[s, k] -= 1
                    if r.task[i] >= 0:
                        f.crew[s, r.task[i]] -= 1
                copy_row(r, i, gone, dead)
                dead += 1
                continue
            if to < i:
                copy_row(r, i, r, to)
                for c in range(memory.shape[1]):
                    memory[to, c] = memory[i, c]
            to += 1
        if to == old:
            continue
        for i in range(old, b):
            copy_row(r, i, r, to)
            for c in range(memory.shape[1]):
                memory[to, c] = memory[i, c]
            to += 1
        segments.count[s] = to - a
        for k in range(t.idle_W.shape[0]):
            for j in range(t.bill_start[k], t.bill_start[k + 1]):
                w.stock[s, t.worn_of[t.bill_material[j]]] += f.deaths[s, k] * t.bill_amount[j]
    return dead


@inner
def copy_row(r: Robots, i: int, other: Robots, to: int) -> None:
    """Copy every column of row i to row `to` of other columns, or of the same."""
    other.id[to] = r.id[i]
    other.parent[to] = r.parent[i]
    other.born[to] = r.born[i]
    other.generation[to] = r.generation[i]
    other.species[to] = r.species[i]
    other.design[to] = r.design[i]
    other.task[to] = r.task[i]
    other.broken[to] = r.broken[i]
    other.phase[to] = r.phase[i]
    other.since_s[to] = r.since_s[i]
    other.fails_at_s[to] = r.fails_at_s[i]
    other.repairs[to] = r.repairs[i]
    other.shelter[to] = r.shelter[i]
    other.face[to] = r.face[i]


@inner
def _of_species(species: np.ndarray, wanted: int, first: int, rows: np.ndarray) -> np.int64:
    """List rows of a species; return how many."""
    n = np.uint64(0)
    for i in range(species.shape[0]):
        rows[n] = first + i  # stays only if n moves on: no branch to guess
        n += np.uint64(species[i] == wanted)
    return np.int64(n)


@jit
def _by_task(task: np.ndarray, rows: np.ndarray, tasks: int, crews: np.ndarray) -> np.ndarray:
    """Sort rows by task, in order of birth; those on task p are crews[start[p]:start[p + 1]]."""
    start = np.zeros(tasks + 1, np.int64)
    for n in range(rows.shape[0]):
        if task[rows[n]] >= 0:
            start[task[rows[n]] + 1] += 1
    start = np.cumsum(start)
    place = start.copy()
    for n in range(rows.shape[0]):
        p = task[rows[n]]
        if p >= 0:
            crews[place[p]] = rows[n]
            place[p] += 1
    return start


@jit
def bear(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, r: Robots, segments: Segments, seed: int,
    step: int, review_steps: int, faces: int, memory: np.ndarray, assembler: np.ndarray,
    builder: np.ndarray,
) -> None:  # fmt: skip
    """Append the robots completed in this step; the segments must have room.

    The parent is drawn among the assemblers of the site, first among those on this very build,
    healthy or not.

    Parameters
    ----------
    sites : (n,) int64
    faces : int
        Places to dig at a site; 0: one is as good as another.
    memory : (rows, width) float32
        Cleared for the newborn.
    assembler, builder : (rows + 1,) int64
        Scratch.
    """
    for s in sites:
        if f.births[s].sum() == 0:
            continue
        a = segments.first[s]
        b = a + segments.count[s]
        assemblers = _of_species(r.species[a:b], t.assembler, a, assembler)
        start = _by_task(r.task, assembler[:assemblers], t.time_s.shape[0], builder)
        for p in range(t.time_s.shape[0]):
            if t.task_kind[p] != BUILD or f.births[s, t.task_target[p]] == 0:
                continue
            k = t.task_target[p]
            here = start[p + 1] - start[p]
            candidates, choice = (
                (builder[start[p] :], here) if here > 0 else (assembler, assemblers)
            )
            for _ in range(f.births[s, k]):
                i = a + segments.count[s]
                segments.count[s] += 1
                serial = w.serial[s, k]
                w.serial[s, k] += 1
                robot = robot_id(s, k, serial)
                r.id[i] = robot
                r.parent[i] = -1
                r.generation[i] = 0
                r.design[i] = 0
                if choice > 0:
                    parent = candidates[int(philox(seed, PARENT, step, robot)[0]) % choice]
                    r.parent[i] = r.id[parent]
                    r.generation[i] = r.generation[parent] + 1
                    r.design[i] = r.design[parent]
                r.born[i] = step
                r.species[i] = k
                r.task[i] = -1
                r.broken[i] = 0
                r.shelter[i] = False
                r.face[i] = serial % max(1, faces)
                r.phase[i] = serial % review_steps
                r.since_s[i] = w.clock_s[s, k]
                r.repairs[i] = 0
                for c in range(memory.shape[1]):
                    memory[i, c] = 0.0
                r.fails_at_s[i] = r.since_s[i] + life_seconds(
                    t.quantile[k], t.scale_s[k], philox(seed, LIFE, step, robot)[0]
                )
                f.healthy[s, k] += 1
