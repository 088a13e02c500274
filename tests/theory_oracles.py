"""What theory says: renewal equation, machine repairman, Euler and Lotka, logistic growth.

None of it knows the engine. `tests/test_theory.py` holds each to published values before it holds
the engine to it.
"""

import heapq
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]

MACHINES, CREWS, FAILURE, REPAIR = 5, 2, 0.1, 0.5
"""The repairman: machines, crews, failures per machine and repairs per crew in unit time."""
PUBLISHED = {"down": 0.8906691800, "failures": 0.4109330820, "queue": 0.0688030160}
"""M/M/2 repair of 5 machines (availability .8218661640), per unit time."""


def renewals(eta_steps: float, steps: int, lost: int) -> Floats:
    """Return the mean number of failures by each step: Weibull lives of shape 2, seen once a step.

    The renewal equation m(n) = sum_j P(life ends in step j) (1 + m(n - j - lost)); a machine works
    again `lost` steps after the one it failed in.
    """
    survival = np.exp(-((np.arange(steps + 1) / eta_steps) ** 2))
    p = survival[:-1] - survival[1:]
    m = np.zeros(steps + 1)
    for n in range(1, steps + 1):
        later = np.zeros(n)
        if n - 1 - lost > 0:
            later[: n - 1 - lost] = m[n - 1 - lost : 0 : -1]
        m[n] = p[:n] @ (1 + later)
    return m


def birth_death(crews: int, repair: float) -> dict[str, float]:
    """Return means of the M/M/r repairman: p_n by balance, n machines down."""
    p = [1.0]
    for n in range(1, MACHINES + 1):
        p.append(p[-1] * (MACHINES - n + 1) * FAILURE / (min(n, crews) * repair))
    total = sum(p)
    down = sum(n * x for n, x in enumerate(p)) / total
    queue = sum(max(0, n - crews) * x for n, x in enumerate(p)) / total
    return {"down": down, "failures": (MACHINES - down) * FAILURE, "queue": queue}


def single_crew(failure: float, repair_time: float, transform: Callable[[float], float]) -> float:
    """Return failures per unit time of MACHINES under one crew (Takacs 1962, M/G/1//N).

    Parameters
    ----------
    failure : float
        Rate of each machine that is up.
    repair_time : float
        Mean.
    transform : callable
        Laplace transform of the repair time's distribution.
    """
    at = [transform(i * failure) for i in range(1, MACHINES)]
    terms = np.cumprod([1.0, *((1 - h) / h for h in at)])
    ways = [math.comb(MACHINES - 1, n) for n in range(MACHINES)]
    busy_per_idle = MACHINES * failure * repair_time * float(np.dot(ways, terms))
    return busy_per_idle / (1 + busy_per_idle) / repair_time


def simulated(crews: int, exponential: bool, repair: float, seed: int) -> dict[str, float]:
    """Return means of a repairman followed event by event: an independent model of the queue.

    5,000 time units after 50 to forget the start, which is 30 times 1 / (FAILURE + REPAIR).
    """
    rng = np.random.default_rng(seed)
    events = [(float(rng.exponential(1 / FAILURE)), False) for _ in range(MACHINES)]
    heapq.heapify(events)
    start, end = 50.0, 5050.0
    total = dict.fromkeys(PUBLISHED, 0.0)
    now, down = 0.0, 0
    while now < end:
        then, repaired = heapq.heappop(events)
        held = max(0.0, min(then, end) - max(now, start))
        total["down"] += down * held
        total["queue"] += max(0, down - crews) * held
        now = then
        if start <= now < end and not repaired:
            total["failures"] += 1
        in_service = min(down, crews) - repaired
        down += -1 if repaired else 1
        if repaired:
            heapq.heappush(events, (now + float(rng.exponential(1 / FAILURE)), False))
        if min(down, crews) > in_service:
            time = float(rng.exponential(1 / repair)) if exponential else 1 / repair
            heapq.heappush(events, (now + time, True))
    return {name: value / (end - start) for name, value in total.items()}


def growth_factor(
    births: float, maturation: int, survival: float = 1.0, life: float = math.inf
) -> float:
    """Return lambda per step of Euler and Lotka.

    The sum over working steps a = 1.. of births s^a lambda^-(maturation - 1 + a) is 1.

    Parameters
    ----------
    births : float
        Laid per worker and step.
    maturation : int
        Steps from the one a copy is laid in to the first it works in.
    survival : float
        Probability of surviving a step's work; the step of birth counts.
    life : float
        Steps worked at most.
    """

    def excess(factor: float) -> float:
        x = survival / factor
        working = x * (1 - x**life) / (1 - x) if life < math.inf else x / (1 - x)
        return float(births * factor ** (1 - maturation) * working - 1)

    return float(brentq(excess, survival * (1 + 1e-9), 1 + births, xtol=1e-15))


def logistic(n0: float, capacity: float, growth: float | Floats) -> Floats:
    """Return Verhulst's population after growth = r t."""
    return np.asarray(capacity / (1 + (capacity / n0 - 1) * np.exp(-growth)))
