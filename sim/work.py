"""Phase *work*: robots give machine time, power and inputs are shared out, whole runs are made."""

import numpy as np

from .board import feasible_runs, open_to
from .jit import inner, jit
from .rng import ROTATION, philox
from .rules import muldiv
from .state import Flows, Sites
from .tables import BUILD, PROCESS, REPAIR, Tables


@jit
def work(sites: np.ndarray, t: Tables, w: Sites, f: Flows, seed: int, step: int, dt_s: int) -> None:
    """Work one step at these sites; repairs are made here as runs, builds only worked on."""
    tasks, species = t.time_s.shape[0], t.idle_W.shape[0]
    want = np.zeros(tasks, np.int64)
    asked = np.zeros(t.main.shape[0], np.int64)
    for s in sites:
        _share_labour(t, f, s, dt_s)
        _share_power(t, w, f, s, dt_s)
        for k in range(species):
            f.used_s[s, k] = 0
        for p in range(tasks):
            labour = f.labour_s[s, p]
            if labour == 0:
                continue
            f.used_s[s, t.task_species[p]] += labour
            if t.graded[p] and labour > 0:
                labour = muldiv(labour, w.stock[s, t.rock], w.claim[s]) * f.richness[s] >> 8
            w.bank_s[s, p] += labour
        for k in range(species):
            # a species without tasks, such as an array, is in use all the time
            if t.option_start[k] == t.option_start[k + 1]:
                f.used_s[s, k] = dt_s
            elif f.healthy[s, k] > 0:
                f.used_s[s, k] //= f.healthy[s, k]
        _run(t, w, f, s, want, asked, seed, step)


@inner
def _share_labour(t: Tables, f: Flows, s: int, dt_s: int) -> None:
    """Give each task the time of its crew, then that of robots of the kind without work."""
    crew, room_s, labour_s = f.crew[s], f.room_s[s], f.labour_s[s]
    for k in range(t.idle_W.shape[0]):
        spare = (f.healthy[s, k] - f.sheltered[s, k]) * dt_s
        gap = 0
        for j in range(t.option_start[k], t.option_start[k + 1]):
            p = t.option_task[j]
            labour = min(crew[p] * dt_s, room_s[p])
            labour_s[p] = labour
            spare -= labour
            gap += room_s[p] - labour
        if gap == 0:
            continue
        for j in range(t.option_start[k], t.option_start[k + 1]):
            p = t.option_task[j]
            short = room_s[p] - labour_s[p]
            if short > 0:
                labour_s[p] += short if gap <= spare else muldiv(spare, short, gap)


@inner
def _share_power(t: Tables, w: Sites, f: Flows, s: int, dt_s: int) -> None:
    """Slow everybody by the same ratio when electricity or heat falls short."""
    supply = 0
    heat = 0
    idle = 0
    for k in range(t.idle_W.shape[0]):
        open_s = (f.healthy[s, k] - f.sheltered[s, k]) * dt_s
        supply += open_s * f.supply_W[s, k]
        heat += open_s * f.heat_W[s, k]
        idle += f.healthy[s, k] * t.idle_W[k] * dt_s
    power = 0
    warm = 0
    labour_s = f.labour_s[s]
    for p in range(t.time_s.shape[0]):
        power += labour_s[p] * t.power_W[p]
        warm += labour_s[p] * t.heat_W[p]
    left = max(0, supply - idle)
    electric = power - warm
    f.supply_J[s] = supply
    f.demand_J[s] = idle + max(power - heat, electric)
    w.electric_fp[s] += (_ratio_fp(idle + electric, supply) - w.electric_fp[s]) >> 3
    w.energy_fp[s] += (_ratio_fp(idle + power, supply + heat) - w.energy_fp[s]) >> 3
    spent = min(supply, idle)
    for p in range(t.time_s.shape[0]):
        labour = labour_s[p]
        if labour == 0:
            continue
        # all of the energy must come from somewhere, and what is not heat must be electricity
        if power > left + heat:
            labour = min(labour, muldiv(labour_s[p], left + heat, power))
        if electric > left:
            labour = min(labour, muldiv(labour_s[p], left, electric))
        labour_s[p] = labour
        spent += labour * t.power_W[p]
    f.spent_J[s] = spent


@inner
def _ratio_fp(wanted: int, there: int) -> int:
    """Return wanted / there with 8 bits after the point, at most 16."""
    if wanted >= 16 * there:
        return 1 << 12
    return muldiv(wanted, 256, there)


@inner
def _run(
    t: Tables, w: Sites, f: Flows, s: int, want: np.ndarray, asked: np.ndarray, seed: int, step: int
) -> None:
    """Make whole runs: inputs in proportion to what is asked, then one more where it fits."""
    stock, bank_s, runs = w.stock[s], w.bank_s[s], f.runs[s]
    keep, urgent = f.keep[s], f.urgent[s]
    tasks = t.time_s.shape[0]
    for m in range(asked.shape[0]):
        asked[m] = 0
    for p in range(tasks):
        want[p] = 0
        runs[p] = 0
        if t.task_kind[p] == PROCESS:
            if bank_s[p] >= t.time_s[p]:
                want[p] = bank_s[p] // t.time_s[p]
            if want[p] > 0:
                for j in range(t.in_start[p], t.in_start[p + 1]):
                    asked[t.in_material[j]] += want[p] * t.in_amount[j]
        elif t.task_kind[p] == REPAIR:  # repairs come first
            n = min(bank_s[p] // t.time_s[p], f.broken[s, t.task_target[p]])
            runs[p] = feasible_runs(t, stock, keep, urgent, p, n)
            _take(t, stock, p, runs[p])
    for p in range(tasks):
        if want[p] > 0:
            runs[p] = want[p]
            for j in range(t.in_start[p], t.in_start[p + 1]):
                there = open_to(t, stock, keep, urgent, p, j)
                needed = asked[t.in_material[j]]
                if needed > there:
                    runs[p] = min(runs[p], muldiv(want[p], there, needed))
    for p in range(tasks):
        if t.task_kind[p] == PROCESS:
            _take(t, stock, p, runs[p])
    turn = int(philox(seed, ROTATION, step, s)[0]) % tasks
    for i in range(turn, turn + tasks):
        p = i if i < tasks else i - tasks
        if runs[p] < want[p] and feasible_runs(t, stock, keep, urgent, p, 1) > 0:
            runs[p] += 1
            _take(t, stock, p, 1)
    for p in range(tasks):
        if t.task_kind[p] == BUILD:
            continue
        bank_s[p] = min(bank_s[p] - runs[p] * t.time_s[p], t.time_s[p])
        if t.task_kind[p] == REPAIR:
            f.repairs[s, t.task_target[p]] = runs[p]
        if runs[p] == 0:
            continue
        for j in range(t.in_start[p], t.in_start[p + 1]):
            f.consumed[s, t.in_material[j]] += runs[p] * t.in_amount[j]
        for j in range(t.out_start[p], t.out_start[p + 1]):
            stock[t.out_material[j]] += runs[p] * t.out_amount[j]


@inner
def _take(t: Tables, stock: np.ndarray, p: int, runs: int) -> None:
    """Take the inputs of so many runs of task p."""
    if runs == 0:
        return
    for j in range(t.in_start[p], t.in_start[p + 1]):
        stock[t.in_material[j]] -= runs * t.in_amount[j]
