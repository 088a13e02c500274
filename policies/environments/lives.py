"""Who lives, since when, and what has come of it: columns kept beside a world's robots.

A robot decides when its review is due, some are born and some taken apart in between, and rows
move. What matters to a learner is the *life*: the decisions of one robot in their order. At a site
rows lie in order of birth, so who is still there, who has gone and who is new comes out of one
pass over the ids of two moments.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auxon.sim.jit import inner, jit
from auxon.sim.state import Segments

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


class Lives(NamedTuple):
    """Columns over the rows of a world's robots."""

    robot: I64
    """Its id."""
    life: I64
    """Number of the life: robots have the same ids in every episode, lives do not."""
    decided_at: I64
    """Step of its last decision, -1 before the first."""
    worth: F64
    """What its colony was worth then."""


def empty_lives(rows: int) -> Lives:
    """Return columns of that many rows, filled with nothing."""
    robot, life, decided_at = (np.empty(rows, np.int64) for _ in range(3))
    return Lives(robot, life, decided_at, np.empty(rows))


@jit
def follow(
    before: Segments, was: Lives, now: Segments, robots: np.ndarray, lives: Lives, gone: Lives,
    place: np.ndarray, first: int, apart: bool,
) -> tuple[int, int]:  # fmt: skip
    """Fill in the columns for where rows are now, and list who has gone.

    Parameters
    ----------
    before, was : Segments, Lives
        As it was.
    now, robots : Segments, (rows,) int64
        Where robots are now, and their ids.
    lives : Lives
        Filled in. May be `was` if no segment has moved: rows then only close up.
    gone, place : Lives, (rows,) int64
        Receive the rows of those who have gone, and their sites.
    first : int
        Number of the next life.
    apart : bool
        `lives` is not `was`.

    Returns
    -------
    int, int
        Number of the next life now; how many have gone.
    """
    left = 0
    for s in range(now.first.shape[0]):
        i, end = before.first[s], before.first[s] + before.count[s]
        j = now.first[s]
        if not apart:
            same = _same(was.robot[i:end], robots[j : j + now.count[s]])
            i += same
            j += same
        while j < now.first[s] + now.count[s]:
            while i < end and was.robot[i] != robots[j]:
                _copy(was, i, gone, left)
                place[left] = s
                left += 1
                i += 1
            if i < end:
                _copy(was, i, lives, j)
                i += 1
            else:
                lives.robot[j] = robots[j]
                lives.life[j] = first
                lives.decided_at[j] = -1
                lives.worth[j] = 0.0
                first += 1
            j += 1
        while i < end:
            _copy(was, i, gone, left)
            place[left] = s
            left += 1
            i += 1
    return first, left


@inner
def _same(was: np.ndarray, now: np.ndarray) -> int:
    """Return how many rows at the beginning hold whom they held: all before the first that died."""
    low, high = 0, min(was.shape[0], now.shape[0])
    while low < high:
        middle = (low + high) // 2
        if was[middle] == now[middle]:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def _copy(lives: Lives, i: int, other: Lives, to: int) -> None:
    other.robot[to] = lives.robot[i]
    other.life[to] = lives.life[i]
    other.decided_at[to] = lives.decided_at[i]
    other.worth[to] = lives.worth[i]


@jit
def account(
    lives: Lives, rows: np.ndarray, site: np.ndarray, worth: np.ndarray, step: int,
    reward: np.ndarray, elapsed: np.ndarray,
) -> None:  # fmt: skip
    """Say what deciding robots earned since their last decisions, and note this one.

    Parameters
    ----------
    rows, site : (n,) int64
    worth : (S,) float64
        What colonies are worth now.
    reward, elapsed : (n,) float32, (n,) int64
        Filled in: growth of that, and steps. As they were for those who decide for the first time.
    """
    for n in range(rows.shape[0]):
        i, now = rows[n], worth[site[n]]
        if lives.decided_at[i] >= 0:
            reward[n] = now - lives.worth[i]
            elapsed[n] = step - lives.decided_at[i]
        lives.decided_at[i] = step
        lives.worth[i] = now
