"""How fast the growth bound is found: the shipped industries, and large random knowledge bases.

Run from the root: ``python -m benchmarks.growth_speed``. Times are processor time, so that other
work on the machine does not count; every answer is proved or the run fails.
"""

import json
import math
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from auxon.sim.balance import balance
from auxon.sim.critical import PROOF, Critical, critical
from auxon.sim.scenario import load, shipped
from auxon.sim.technology import technology

RESULTS = Path(__file__).parent / "results" / "growth_speed.json"
REPEATS = 5
SIZES = {500: 3, 1000: 3, 2000: 3}
"""Goods and processes, and how many knowledge bases of that size."""
MACHINES = 0.1
"""Share of goods that are machines."""
LIMIT_S = {"industry": 0.5, "knowledge base": 30.0}
"""A bound of an industry takes two of its rows: a second on a busy machine."""

F64 = NDArray[np.float64]


def knowledge_base(goods: int, seed: int) -> tuple[csr_array, csr_array]:
    """Return inputs A and outputs B of as many processes as goods, which can grow.

    Process j makes good j and up to two more from one to five others and a machine, which it gives
    back worn by 1 to 10 %. Outputs are scaled so that at some intensities everything grows by 5 to
    50 % a period. Amounts and intensities are lognormal.
    """
    rng = np.random.default_rng(seed)
    machines = int(goods * MACHINES)
    process = np.arange(goods)

    def some(least: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        counts = rng.integers(least, most + 1, goods)
        return rng.integers(goods, size=counts.sum()), np.repeat(process, counts)

    def matrix(good: NDArray[np.int64], of: NDArray[np.int64], amount: F64) -> csr_array:
        return csr_array(coo_array((amount, (good, of)), shape=(goods, goods)))

    inputs, byproducts = some(1, 5), some(0, 2)
    machine = rng.permutation(process) % machines  # each is used by some process
    size = rng.lognormal(size=goods)
    held = matrix(machine, process, size)
    left = matrix(machine, process, size * (1 - rng.uniform(0.01, 0.1, goods)))
    taken = held + matrix(*inputs, rng.lognormal(size=len(inputs[0])))
    made = matrix(process, process, rng.lognormal(size=goods))
    made = made + matrix(*byproducts, 0.3 * rng.lognormal(size=len(byproducts[0])))
    x = rng.lognormal(size=goods)
    wanted = rng.uniform(1.05, 1.5, goods) * (taken @ x) - left @ x
    given = csr_array(made.multiply((wanted / (made @ x))[:, None])) + left
    return csr_array(taken), csr_array(given)


def grow(taken: csr_array, given: csr_array) -> Critical:
    """Return its balanced growth, checked by its own activities and prices alone.

    No good allows a smaller factor than min (B x) / (A x), no process a larger one than
    max (p B) / (p A), over what runs and has a price (Kemeny, Morgenstern and Thompson 1956).
    """
    found = critical(lambda rate: csr_array(given - math.exp(rate) * taken))
    assert found is not None
    assert found.proved
    x, p, factor = found.activities, found.prices, math.exp(found.rate)
    short = given @ x - factor * (taken @ x) + 10 * PROOF * (taken @ x + given @ x)
    gain = p @ given - factor * (p @ taken) - 10 * PROOF * (p @ taken + p @ given)
    assert short.min() >= 0
    assert gain.max() <= 0
    assert p @ given @ x > 0
    return found


def seconds_of(call: Callable[[], object], repeats: int) -> list[float]:
    """Return seconds of processor time of so many calls."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return seconds


def row(kind: str, name: str, shape: tuple[int, int], seconds: list[float]) -> dict[str, Any]:
    """Return one line of the table, and print it."""
    median = statistics.median(seconds)
    print(f"{kind:15}{name:24}{shape[0]:>6} x{shape[1]:>6}{min(seconds):>9.3f}{median:>9.3f}")
    assert median < LIMIT_S[kind], f"{name} took {median:.2f} s"
    return {
        "kind": kind,
        "name": name,
        "goods": shape[0],
        "activities": shape[1],
        "runs": len(seconds),
        "min_s": min(seconds),
        "median_s": median,
    }


def main() -> None:
    """Print the table and keep it."""
    print(f"{'kind':15}{'name':24}{'goods x activities':>14}{'min s':>8}{'median':>9}")
    rows = []
    for name, _ in shipped():
        scenario = load(name)
        for lag in (True, False):
            once = technology(scenario, lag=lag)
            found = balance(once)
            assert found is None or found.proved

            def solve(scenario: Any = scenario, lag: bool = lag) -> object:
                return balance(technology(scenario, lag=lag))

            label = f"{name}, {'stepped' if lag else 'continuous'}"
            rows.append(row("industry", label, once.shape, seconds_of(solve, REPEATS)))
    for size, seeds in SIZES.items():
        bases = [knowledge_base(size, seed) for seed in range(seeds)]
        seconds = [seconds_of(partial(grow, *base), 1)[0] for base in bases]
        rows.append(row("knowledge base", f"{seeds} random ones", bases[0][0].shape, seconds))
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "threads": 1}
    RESULTS.write_text(json.dumps(machine | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
