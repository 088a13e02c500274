"""Phase *observe*: each site posts what it lacks and what can be worked on.

The board is material-requirements planning with local knowledge only: a base stock for everything,
demand from open orders and breakdowns, passed up the bills of materials to the process that makes
each thing, as far as stock does not cover it. What other processes can make from what lies about is
planned first.
"""

import numpy as np

from .imports import IMPORT_SEASONS, rationed
from .jit import inner, jit
from .rules import muldiv
from .state import Flows, Sites
from .tables import BUILD, REPAIR, Tables

COVER_S = 4 * 86_400
"""Base stock lasts so long at the mean consumption, beside the largest single input."""
OVERDUE_S = 30 * 86_400
"""When an order has waited so long for its bill, that is kept for it like spare parts."""
ROBOTS_PER_SPARE = 64
"""Spare parts are kept for one repair of each species, and one more for so many of its robots."""
LEAST_WORK_S = 60
"""Nobody takes up a task for less."""
PASSES = 3
"""Sweeps of the demand, enough for loops such as steel -> grinding media -> rock -> steel to
settle."""
_SMALL = 1 << 44
"""Below this the product of use and `COVER_S` fits into 63 bits."""
FAR = 1 << 40
"""More runs than any site can make in a step."""


@inner
def open_to(
    t: Tables, stock: np.ndarray, keep: np.ndarray, urgent: np.ndarray, p: int, j: int
) -> int:
    """Return what task p may take of the material of its input j.

    Urgent tasks may take what is kept but for seed corn; that is for the loop that makes more.
    """
    m = t.in_material[j]
    kept = t.corn[m] if urgent[p] > 0 else keep[m]
    return int(max(0, stock[m] - kept + t.in_corn[j]))


@inner
def feasible_runs(
    t: Tables, stock: np.ndarray, keep: np.ndarray, urgent: np.ndarray, p: int, most: int
) -> int:
    """Return how many runs of task p the stock allows, at most so many."""
    runs = most
    for j in range(t.in_start[p], t.in_start[p + 1]):
        there = open_to(t, stock, keep, urgent, p, j)
        if there < runs * t.in_amount[j]:  # a product costs a tenth of a quotient
            runs = there // t.in_amount[j]
    return int(runs)


@inner
def _keep(
    t: Tables, w: Sites, f: Flows, s: int, step: int, dt_s: int, period: int, flight: int
) -> None:
    """Keep seed corn, rations, spare parts, an overdue bill; what makes them, where they lack."""
    stock, keep, urgent = w.stock[s], f.keep[s], f.urgent[s]
    for m in range(keep.shape[0]):
        keep[m] = t.corn[m]
        if t.imported[m] and t.main[m] < 0:
            keep[m] += rationed(w, s, m, step, period, flight)
    overdue = -1
    for k in range(t.idle_W.shape[0]):
        if w.orders[s, k] > 0 and (step - w.ordered_at[s, k]) * dt_s > OVERDUE_S:
            if overdue < 0 or w.ordered_at[s, k] < w.ordered_at[s, overdue]:
                overdue = k
    for p in range(t.time_s.shape[0]):
        urgent[p] = 0
        if t.task_kind[p] == REPAIR:
            urgent[p] = 1
            k = t.task_target[p]
            sets = 1 + (f.healthy[s, k] + f.broken[s, k]) // ROBOTS_PER_SPARE
            for j in range(t.in_start[p], t.in_start[p + 1]):
                keep[t.in_material[j]] += sets * t.in_amount[j]
        elif t.task_kind[p] == BUILD and t.task_target[p] == overdue:
            urgent[p] = 1
            for j in range(t.in_start[p], t.in_start[p + 1]):
                keep[t.in_material[j]] += t.in_amount[j]
    for m in t.sweep:
        p = t.main[m]
        if stock[m] < keep[m] and p >= 0 and urgent[p] == 0:
            urgent[p] = 1
            for j in range(t.in_start[p], t.in_start[p + 1]):
                keep[t.in_material[j]] += t.in_amount[j]


@inner
def plan(
    t: Tables, p: int, runs: int, planned: np.ndarray, gross: np.ndarray, coming: np.ndarray
) -> None:
    """Call for runs of task p: more of its inputs are wanted, more of its outputs will come."""
    planned[p] += runs
    for j in range(t.in_start[p], t.in_start[p + 1]):
        gross[t.in_material[j]] += runs * t.in_amount[j]
    for j in range(t.out_start[p], t.out_start[p + 1]):
        coming[t.out_material[j]] += runs * t.out_amount[j]


@jit
def observe(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, step: int, dt_s: int, period: int, flight: int
) -> None:
    """Fill keep, gross, planned and room_s, and bring the running pressures up to date.

    Parameters
    ----------
    sites : (n,) int64
        Where.
    period, flight : int
        Steps between two orders of imports, and of a cargo's flight; 1 and 0 without imports.
    """
    coming = np.zeros(t.main.shape[0], np.int64)
    steps = COVER_S // dt_s
    whole = steps * dt_s == COVER_S
    for s in sites:
        stock, gross, planned = w.stock[s], f.gross[s], f.planned[s]
        coming[:] = 0
        _keep(t, w, f, s, step, dt_s, period, flight)
        for m in range(t.main.shape[0]):
            use = w.use_fp[s, m]
            if use < _SMALL:
                cover = use * steps if whole else use * COVER_S // dt_s
            else:
                cover = muldiv(use, COVER_S, dt_s)
            ready = (cover >> 8) + t.largest_in[m]
            gross[m] = ready + f.keep[s, m] + w.packing[s, m]
            if t.imported[m] and t.main[m] >= 0:  # rather made here than ordered
                gross[m] += IMPORT_SEASONS * w.season[s, m]
        for p in range(t.time_s.shape[0]):
            k = t.task_target[p]
            if t.task_kind[p] == BUILD:
                planned[p] = w.building[s, k]
                waiting = w.orders[s, k]
            elif t.task_kind[p] == REPAIR:
                planned[p] = f.broken[s, k]
                waiting = f.broken[s, k]
            else:
                planned[p] = 0
                waiting = 0
            if waiting > 0:
                for j in range(t.in_start[p], t.in_start[p + 1]):
                    gross[t.in_material[j]] += waiting * t.in_amount[j]
        for _ in range(PASSES):
            settled = True
            for m in t.sweep:
                lack = gross[m] - stock[m] - coming[m]
                for j in range(t.spare_start[m], t.spare_start[m + 1]):
                    if lack <= 0:
                        break
                    p = t.spare_task[j]
                    amount = t.spare_gives[j]
                    wanted = planned[p] - (-lack // amount)
                    runs = feasible_runs(t, stock, f.keep[s], f.urgent[s], p, wanted) - planned[p]
                    if runs > 0:
                        settled = False
                        plan(t, p, runs, planned, gross, coming)
                        lack -= runs * amount
                p = t.main[m]
                if lack > 0 and p >= 0:
                    settled = False
                    plan(t, p, -(-lack // t.main_gives[m]), planned, gross, coming)
            if settled:
                break
        _room(t, w, f, s)
        _pressures(t, w, f, s, dt_s)


@inner
def _room(t: Tables, w: Sites, f: Flows, s: int) -> None:
    """Machine time that can be used now, per task."""
    for p in range(t.time_s.shape[0]):
        runs = f.planned[s, p]
        if runs == 0:
            f.room_s[s, p] = 0
            continue
        if t.task_kind[p] != BUILD:
            runs = feasible_runs(t, w.stock[s], f.keep[s], f.urgent[s], p, runs)
        room = max(0, runs * t.time_s[p] - w.bank_s[s, p])
        if t.graded[p] and room > 0:
            room = muldiv(room, w.claim[s], w.stock[s, t.rock]) + 1
        # shares of a second are rounded down: a last second could stay undone for ever
        f.room_s[s, p] = max(room, LEAST_WORK_S) if room > 0 else 0


@inner
def _pressures(t: Tables, w: Sites, f: Flows, s: int, dt_s: int) -> None:
    """Keep running means, over some eight steps, of feasible backlog per machine."""
    room_s = f.room_s[s]
    for k in range(t.idle_W.shape[0]):
        backlog = 0
        for j in range(t.option_start[k], t.option_start[k + 1]):
            backlog += room_s[t.option_task[j]]
        now = muldiv(backlog, 256, max(1, f.healthy[s, k]) * dt_s)
        w.pressure_fp[s, k] += (now - w.pressure_fp[s, k]) >> 3
