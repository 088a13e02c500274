"""How fast motion and transfers are computed, beside other solvers, in one interleaved run.

Run from the root: ``python -m benchmarks.orbit_speed``. Times are processor time of all threads, so
that other work on the machine counts little; each round takes every contender once, ratios are
those of the rounds. Answers are held against each other first. pykep (575 MB) takes part where it
is installed; of version 3.0.1 the wheel lacks files that its Python part wants, so only its C++
core is loaded.
"""

import importlib.util
import json
import os
import platform
import statistics
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from lamberthub import izzo2015
from numpy.typing import NDArray

from auxon.sim.ephemeris import SUN_AU3_D2, Orbits, orbits, states
from auxon.sim.jit import threads
from auxon.sim.kepler import eccentric_rows
from auxon.sim.lambert import lambert_rows
from auxon.sim.lambert_robust import lambert_any
from auxon.sim.neighbours import Neighbours
from auxon.sim.porkchop import porkchop
from auxon.sim.simd import rows

RESULTS = Path(__file__).parent / "results" / "orbit_speed.json"
EPOCH_JD = 2461000.5
ROUNDS = 200
N = 4096
"""Rows a call: they lie in the second cache, as a block of a larger sweep does."""
FEW = 200
"""For solvers called one by one from Python."""
BODIES = 1_300_000
KEPLER_LEAST, CELLS_LEAST = 70e6, 25e6
"""A second: Kepler's equations on one core, cells of a chart on two, with vectors of 512 bits;
half of it with 256."""
PYKEP_LEAST = 20.0
"""Times pykep's speed, likewise."""

F64 = NDArray[np.float64]
Contender = tuple[Callable[[], object], int]
"""What to call, and how many items that computes."""


def belt(count: int, seed: int) -> Orbits:
    """Return orbits like those of the main belt."""
    rng = np.random.default_rng(seed)
    a_au, e = rng.uniform(2.1, 3.3, count), np.minimum(rng.rayleigh(0.105, count), 0.6)
    node, peri, M = rng.uniform(0, 360, (3, count))
    return orbits(a_au, e, rng.rayleigh(8.0, count), node, peri, M, EPOCH_JD)


def pykep_core() -> Any:
    """Return pykep's C++ core, or None where it is not installed."""
    spec = importlib.util.find_spec("pykep")
    if spec is None or spec.submodule_search_locations is None:
        return None
    shell = types.ModuleType("pykep")
    shell.__path__ = list(spec.submodule_search_locations)
    sys.modules["pykep"] = shell
    before = sys.getdlopenflags()
    sys.setdlopenflags(before | os.RTLD_GLOBAL)
    try:
        return importlib.import_module("pykep.core")
    finally:
        sys.setdlopenflags(before)


def vector_bits() -> int:
    """Return how long the vectors are that the compiler chose for the Lambert loop."""
    python = lambert_rows.py_func  # type: ignore[attr-defined]
    fresh = numba.njit(error_model="numpy")(python)
    fresh(*np.ones((7, 8)), 1.0, *np.empty((6, 8)), np.empty(8, np.bool_))
    text = "".join(fresh.inspect_asm().values())
    counts = {512: text.count("%zmm"), 256: text.count("%ymm")}
    bits, most = max(counts.items(), key=lambda each: each[1])
    return bits if most > 100 else 128


def rounds(contenders: dict[str, Contender], count: int) -> list[dict[str, Any]]:
    """Time all of them, one after the other, again and again; ns of processor time an item."""
    ns: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(count):
        for name, (call, items) in contenders.items():
            start = time.process_time_ns()
            call()
            ns[name].append((time.process_time_ns() - start) / items)
    table = []
    first = next(iter(ns.values()))
    for name, each in ns.items():
        ratio = statistics.median(a / b for a, b in zip(each, first, strict=True))
        median = statistics.median(each)
        print(f"{name:32}{min(each):>12.1f}{median:>12.1f}{1e3 / median:>12.2f}{ratio:>10.1f}")
        table.append(
            {
                "what": name,
                "rounds": count,
                "min_ns": min(each),
                "median_ns": median,
                "million_per_s": 1e3 / median,
                "times_the_first": ratio,
            }
        )
    return table


@rows
def one_by_one(r1: F64, r2: F64, tof: F64, out: F64) -> None:
    """Solve each transfer by the robust scalar solver."""
    for n in range(tof.shape[0]):
        f, g, h = lambert_any(
            r1[0, n], r1[1, n], r1[2, n], r2[0, n], r2[1, n], r2[2, n], tof[n], SUN_AU3_D2
        )
        for d in range(3):
            out[d, n] = f * r1[d, n] + g * r2[d, n]
            out[3 + d, n] = h * r2[d, n] - g * r1[d, n]


def lambert(core: Any) -> list[dict[str, Any]]:
    """Time the solvers on random pairs of asteroids, half a year to three."""
    r1, r2 = states(belt(N, 1), EPOCH_JD)[:3], states(belt(N, 2), EPOCH_JD)[:3]
    tof = np.random.default_rng(3).uniform(180, 1100, N)
    out, again, flagged = np.empty((6, N)), np.empty((6, N)), np.empty(N, np.bool_)
    arguments: tuple[Any, ...] = (*r1, *r2, tof, SUN_AU3_D2, *out, flagged)
    pairs = [(a.copy(), b.copy(), t) for a, b, t in zip(r1.T, r2.T, tof, strict=True)]
    lists = [(a.tolist(), b.tolist(), float(t)) for a, b, t in pairs]

    def fast() -> None:
        lambert_rows(*arguments)

    def hub() -> list[Any]:
        return [izzo2015(SUN_AU3_D2, *pair) for pair in pairs[:FEW]]

    def pykep() -> list[Any]:
        return [core.lambert_problem(*each, SUN_AU3_D2, False, 0) for each in lists]

    fast()
    one_by_one(r1, r2, tof, again)
    # short arcs lose a digit or two of sixteen
    assert np.abs(out - again).max() < 1e-13 * np.abs(out).max()
    found = np.array([np.concatenate(each) for each in hub()]).T
    assert np.abs(out[:, :FEW] - found).max() < 1e-12 * np.abs(out).max()
    contenders: dict[str, Contender] = {
        "lambert": (fast, N),
        "lambert, one by one": (lambda: one_by_one(r1, r2, tof, again), N),
        "lamberthub izzo2015, Python": (hub, FEW),
    }
    if core:
        theirs = np.array([[*p.v0[0], *p.v1[0]] for p in pykep()]).T
        assert np.abs(out - theirs).max() < 1e-12 * np.abs(out).max()
        contenders["pykep lambert_problem, C++"] = (pykep, N)
    return rounds(contenders, ROUNDS)


def kepler(core: Any) -> list[dict[str, Any]]:
    """Time Kepler's equation for eccentricities of the belt."""
    rng = np.random.default_rng(4)
    M, e = rng.uniform(-np.pi, np.pi, N), np.minimum(rng.rayleigh(0.105, N), 0.6)
    out = np.empty(N)

    def fast() -> None:
        eccentric_rows(M, e, out)

    def newton() -> F64:
        E: F64 = M + e * np.sin(M)
        for _ in range(6):
            E = E - (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
        return E

    fast()
    assert np.abs(out - newton()).max() < 1e-14
    contenders: dict[str, Contender] = {"kepler": (fast, N), "numpy, six Newton steps": (newton, N)}
    if core:
        theirs = np.asarray(core.m2e_v(M, e))
        assert np.abs(np.sin((out - theirs) / 2)).max() < 1e-13
        contenders["pykep m2e_v, C++"] = (lambda: core.m2e_v(M, e), N)
    return rounds(contenders, ROUNDS)


def charts() -> list[dict[str, Any]]:
    """Time a porkchop chart of ten years by one thread and by two, and what belongs to a belt."""
    o = belt(2, 5)
    departures, tof = EPOCH_JD + np.arange(0, 3650, 10.0), np.linspace(180, 1800, 350)
    cells = len(departures) * len(tof)

    def chart(count: int) -> F64:
        threads(count)
        return porkchop(o, 0, 1, departures, tof).delta_v_m_s

    assert chart(1).tobytes() == chart(2).tobytes()
    million = belt(BODIES, 6)
    out = np.empty((6, BODIES))
    threads(1)
    states(million, EPOCH_JD, out)
    near = Neighbours(million, EPOCH_JD)
    asked = np.arange(0, BODIES, BODIES // 1000)
    contenders: dict[str, Contender] = {
        "porkchop cell, 1 thread": (lambda: chart(1), cells),
        "porkchop cell, 2 threads": (lambda: chart(2), cells),
        f"state of one of {BODIES:,}": (lambda: states(million, EPOCH_JD + 100, out), BODIES),
        "20 neighbours of a body": (lambda: near.nearest(asked, 20), len(asked)),
        "tree of neighbours, per body": (lambda: Neighbours(million, EPOCH_JD), BODIES),
    }
    return rounds(contenders, 5)


def main() -> None:
    """Print the table and keep it."""
    core = pykep_core()
    bits = vector_bits()
    features = llvm.get_host_cpu_features()
    print(f"{llvm.get_host_cpu_name()}: vectors of {bits} bits; AVX-512: {features['avx512f']}")
    print("pykep takes part" if core else "pykep is not installed: no comparison with it")
    print(f"{'':32}{'min ns':>12}{'median ns':>12}{'million/s':>12}{'times':>10}")
    before = threads()
    table = kepler(core) + lambert(core) + charts()
    threads(before)
    by_name = {row["what"]: row for row in table}
    kepler_s = 1e9 / by_name["kepler"]["min_ns"]
    cells_s = 2e9 / by_name["porkchop cell, 2 threads"]["min_ns"]
    assert kepler_s > KEPLER_LEAST * bits / 512, f"Kepler: {kepler_s / 1e6:.0f} million/s a core"
    assert cells_s > CELLS_LEAST * bits / 512, f"porkchop: {cells_s / 1e6:.0f} million/s on two"
    if core:
        ratio = by_name["pykep lambert_problem, C++"]["times_the_first"]
        assert ratio > PYKEP_LEAST * bits / 512, f"Lambert: only {ratio:.0f} times pykep's core"
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {
        "machine": platform.machine(),
        "cpu": llvm.get_host_cpu_name(),
        "avx512": bool(features["avx512f"]),
        "vector_bits": bits,
        "pykep": core is not None,
    }
    RESULTS.write_text(json.dumps(machine | {"rows": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
