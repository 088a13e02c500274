"""How fast a GPU computes motion and transfers, beside the CPU, in one interleaved run.

Run from the root: ``python -m benchmarks.orbit_gpu_speed``; it wants numba, numba-cuda and a GPU.
Times are of the clock, as a GPU's must be; each round takes every contender once. The CPU uses all
threads for states and charts, one for the rest. "There and back" is the door with arrays of the
host; "on the device" is the kernel alone, its arrays there. Answers have the same bits, or nothing
is timed. In numba's simulator the sizes are tiny, times mean nothing and no result is kept.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxon.sim import cuda_orbits
from auxon.sim.cuda import check, device_name, empty, simulated, to_device, to_host, wait
from auxon.sim.ephemeris import SUN_AU3_D2, states
from auxon.sim.jit import threads
from auxon.sim.kepler import eccentric_anomalies
from auxon.sim.lambert import lambert_velocities
from auxon.sim.porkchop import porkchop
from tests.orbit_cases import EPOCH_JD, belt

RESULTS = Path(__file__).parent / "results" / "orbit_gpu_speed.json"
ROUNDS = 15

F64 = NDArray[np.float64]
Contenders = dict[str, Callable[[], object]]


def timed(what: str, items: int, contenders: Contenders) -> list[dict[str, Any]]:
    """Time all of them, one after the other, again and again; the first is the CPU."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(2 if simulated() else ROUNDS):
        for name, call in contenders.items():
            start = time.perf_counter()
            call()
            wait()
            seconds[name].append(time.perf_counter() - start)
    table = []
    first = next(iter(seconds.values()))
    for name, each in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(first, each, strict=True))
        least, median = min(each) / items * 1e9, statistics.median(each) / items * 1e9
        print(f"{what:12}{name:18}{least:>12.3f}{median:>12.3f}{1e3 / median:>12.1f}{ratio:>10.1f}")
        table.append(
            {
                "what": what,
                "where": name,
                "items": items,
                "min_ns": least,
                "median_ns": median,
                "million_per_s": 1e3 / median,
                "times_the_cpu": ratio,
            }
        )
    return table


def kepler(count: int) -> list[dict[str, Any]]:
    """Kepler's equation for eccentricities of the belt."""
    rng = np.random.default_rng(4)
    M, e = rng.uniform(-np.pi, np.pi, count), np.minimum(rng.rayleigh(0.105, count), 0.6)
    there, out = (to_device(M), to_device(e)), empty(count)
    same(eccentric_anomalies(M, e), cuda_orbits.eccentric_anomalies(M, e))
    contenders: Contenders = {
        "CPU": lambda: eccentric_anomalies(M, e),
        "there and back": lambda: cuda_orbits.eccentric_anomalies(M, e),
        "on the device": lambda: cuda_orbits.eccentric_kernel(count, *there, out),
    }
    return timed("kepler", count, contenders)


def motion(count: int) -> list[dict[str, Any]]:
    """Where all bodies of a belt are."""
    o, jd = belt(count, 1), EPOCH_JD + 100
    there, room, out = to_device(o), np.empty((6, count)), empty((6, count))
    same(states(o, jd), cuda_orbits.states(o, jd))
    contenders: Contenders = {
        "CPU": lambda: states(o, jd, room),
        "there and back": lambda: cuda_orbits.states(o, jd),
        "on the device": lambda: cuda_orbits.states_kernel(count, there, jd, out),
    }
    return timed("state", count, contenders)


def transfers(count: int) -> list[dict[str, Any]]:
    """Transfers between random pairs of asteroids, half a year to three."""
    r1, r2 = states(belt(count, 1), EPOCH_JD)[:3], states(belt(count, 2), EPOCH_JD)[:3]
    tof = np.random.default_rng(3).uniform(180, 1100, count)
    there = to_device(r1), to_device(r2), to_device(tof)
    out, flagged = empty((6, count)), empty(count, np.bool_)
    same(lambert_velocities(r1, r2, tof), cuda_orbits.lambert_velocities(r1, r2, tof))
    contenders: Contenders = {
        "CPU": lambda: lambert_velocities(r1, r2, tof),
        "there and back": lambda: cuda_orbits.lambert_velocities(r1, r2, tof),
        "on the device": lambda: cuda_orbits.lambert_kernel(
            count, *there, SUN_AU3_D2, out, flagged
        ),
    }
    return timed("lambert", count, contenders)


def charts(days: int, flights: int) -> list[dict[str, Any]]:
    """A porkchop chart of ten years."""
    o = belt(2, 5)
    axes = EPOCH_JD + np.linspace(0, 3650, days), np.linspace(180, 1800, flights)
    there, shape = (to_device(o), 0, 1, *map(to_device, axes)), (days, flights)
    out, flagged = empty(shape), empty(shape, np.bool_)
    found = cuda_orbits.porkchop(o, 0, 1, *axes)
    same(porkchop(o, 0, 1, *axes).delta_v_m_s, found.delta_v_m_s)
    contenders: Contenders = {
        "CPU": lambda: porkchop(o, 0, 1, *axes),
        "there and back": lambda: cuda_orbits.porkchop(o, 0, 1, *axes),
        "on the device": lambda: cuda_orbits.porkchop_kernel(days * flights, *there, out, flagged),
    }
    table = timed("porkchop", days * flights, contenders)
    print(f"{to_host(flagged).mean():.2e} of the cells were flagged and left to the CPU")
    return table


def same(expected: F64, found: F64) -> None:
    """Stop where the device gives other bits than the CPU."""
    assert expected.tobytes() == found.tobytes(), np.abs(expected - found).max()


def main() -> None:
    """Print the table and keep it."""
    check()
    print(f"{device_name()}; CPU: {threads()} threads")
    print(f"{'':30}{'min ns':>12}{'median ns':>12}{'million/s':>12}{'times':>10}")
    n, side = (64, 8) if simulated() else (2_000_000, 2000)
    table = kepler(n) + motion(n) + transfers(n) + charts(side, side)
    if not simulated():
        RESULTS.parent.mkdir(exist_ok=True)
        machine = {"gpu": device_name(), "threads": threads(), "rows": table}
        RESULTS.write_text(json.dumps(machine, indent=1) + "\n")


if __name__ == "__main__":
    main()
