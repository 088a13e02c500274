"""Phase *build*: finish robots, open orders, set bills of materials aside for the next ones.

Orders are opened late and few at a time: only while the assembly work in sight is less than the
policy's `ahead_s` of all assemblers. A waiting order takes its whole bill of materials at once or
nothing, the longest-waiting species first; younger orders may not take what it still waits for.
"""

import numpy as np

from .board import FAR
from .jit import inner, jit
from .state import Flows, Sites
from .tables import BUILD, Tables

PATIENCE_S = 400 * 86_400
"""An order that has waited so long is cancelled; it holds nothing."""


@jit
def build(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, desire: np.ndarray, ahead_s: int, most: int,
    step: int, dt_s: int,
) -> None:  # fmt: skip
    """Complete, order and start constructions at these sites; fills births and consumed.

    Parameters
    ----------
    sites : (n,) int64
    desire : (S, K) float64
        How much the policy wants one more of each species; zero or less: not at all.
    ahead_s : int
        Assembly work in sight that is enough, in seconds of each healthy assembler.
    most : int
        Robots at a site, those ordered and under construction included, that are enough.
    """
    first = t.time_s.shape[0]
    for p in range(t.time_s.shape[0] - 1, -1, -1):
        if t.task_kind[p] == BUILD:
            first = p
    waiting = np.zeros(t.idle_W.shape[0], np.int64)
    free, own = np.zeros(t.main.shape[0], np.int64), np.zeros(t.main.shape[0], np.int64)
    for s in sites:
        if t.assembler >= 0:
            _complete(t, w, f, s, first)
            _order(t, w, f, desire[s], ahead_s, most, s, first, step, dt_s)
            _start(t, w, f, s, first, step, waiting, free, own)
        for m in range(w.season.shape[1]):
            w.season[s, m] += f.consumed[s, m]
            w.use_fp[s, m] += (f.consumed[s, m] * 256 - w.use_fp[s, m]) >> 4


@inner
def _complete(t: Tables, w: Sites, f: Flows, s: int, first: int) -> None:
    for k in range(t.idle_W.shape[0]):
        p = first + k
        done = min(w.building[s, k], w.bank_s[s, p] // t.time_s[p])
        w.building[s, k] -= done
        w.bank_s[s, p] = min(w.bank_s[s, p] - done * t.time_s[p], t.time_s[p])
        f.births[s, k] = done
        f.runs[s, p] = done


@inner
def _order(
    t: Tables, w: Sites, f: Flows, desire: np.ndarray, ahead_s: int, most: int, s: int, first: int,
    step: int, dt_s: int,
) -> None:  # fmt: skip
    species = t.idle_W.shape[0]
    in_sight = 0
    robots = 0
    for k in range(species):
        if w.orders[s, k] > 0 and (step - w.ordered_at[s, k]) * dt_s > PATIENCE_S:
            w.orders[s, k] -= 1
            w.ordered_at[s, k] = step
        in_sight += (w.orders[s, k] + w.building[s, k]) * t.time_s[first + k]
        in_sight -= w.bank_s[s, first + k]
        robots += f.healthy[s, k] + f.broken[s, k] + f.births[s, k]
        robots += w.orders[s, k] + w.building[s, k]
    enough = ahead_s * f.healthy[s, t.assembler]
    while in_sight < enough and robots < most:
        best = -1
        highest = 0.0
        for k in range(species):
            have = float(max(1, f.healthy[s, k] + f.broken[s, k]))
            share = have / (have + float(w.orders[s, k] + w.building[s, k] + f.births[s, k]))
            worth = desire[k] * (share * share) * (share * share)
            if worth > highest:
                highest = worth
                best = k
        if best < 0:
            return
        if w.orders[s, best] == 0:
            w.ordered_at[s, best] = step
        w.orders[s, best] += 1
        robots += 1
        in_sight += t.time_s[first + best]


@inner
def _start(
    t: Tables, w: Sites, f: Flows, s: int, first: int, step: int, waiting: np.ndarray,
    free: np.ndarray, own: np.ndarray,
) -> None:  # fmt: skip
    """Set bills aside; the last three, (K,), (M,) and (M,), are scratch."""
    stock, keep, ordered_at = w.stock[s], f.keep[s], w.ordered_at[s]
    own[:] = 0  # what is kept for the overdue order, as far as it is there
    for k in range(waiting.shape[0]):
        waiting[k] = w.orders[s, k]
        if f.urgent[s, first + k] > 0:
            for j in range(t.in_start[first + k], t.in_start[first + k + 1]):
                own[t.in_material[j]] = t.in_amount[j]
    for m in range(free.shape[0]):
        unkept = stock[m] - keep[m]
        free[m] = max(0, unkept)
        own[m] = max(0, unkept + own[m]) - free[m]
    while True:
        k = -1
        for j in range(waiting.shape[0]):
            if waiting[j] > 0 and (k < 0 or ordered_at[j] < ordered_at[k]):
                k = j
        if k < 0:
            return
        p = first + k
        if f.urgent[s, p] > 0:
            for j in range(t.in_start[p], t.in_start[p + 1]):
                free[t.in_material[j]] += own[t.in_material[j]]
        n = min(waiting[k], _bills(t, free, p))
        for j in range(t.in_start[p], t.in_start[p + 1]):
            m = t.in_material[j]
            taken = n * t.in_amount[j]
            stock[m] -= taken
            free[m] -= taken
            f.consumed[s, m] += taken
        w.orders[s, k] -= n
        w.building[s, k] += n
        if n > 0:
            ordered_at[k] = step
        if n < waiting[k]:  # keep what is there for the one that waits
            for j in range(t.in_start[p], t.in_start[p + 1]):
                m = t.in_material[j]
                free[m] = max(0, free[m] - t.in_amount[j])
        waiting[k] = 0


@inner
def _bills(t: Tables, free: np.ndarray, p: int) -> int:
    """Return how many bills of materials of build p are free."""
    bills = FAR
    for j in range(t.in_start[p], t.in_start[p + 1]):
        bills = min(bills, free[t.in_material[j]] // t.in_amount[j])
    return int(bills)
