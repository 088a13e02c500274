"""How fast a GPU takes a step of robots' networks, beside the CPU, in one interleaved run.

Run from the root: ``python -m benchmarks.policy_gpu_speed``; it wants numba, numba-cuda and a GPU.
Times are of the clock; each round takes every contender once. 28 inputs, 32 hidden units, one set
of weights, and once a thousand; the CPU uses all its threads. "On the device" is the kernel alone,
its arrays there; "there and back" brings inputs and memory and fetches memory and h, from and to
arrays that the system may move, as NumPy's are. Operations are those of the products, an addition
and a multiplication for each weight; gates and tanh are not counted. Answers have the same bits, or
nothing of that cell is timed and how many differ is printed. In numba's simulator sizes are tiny,
times mean nothing and no result is kept.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from auxon.policies import cells
from auxon.policies.cuda_cells import CudaCell
from auxon.sim.cuda import check, device_name, empty, simulated, to_device, to_host, wait
from auxon.sim.jit import threads

RESULTS = Path(__file__).parent / "results" / "policy_gpu_speed.json"
INPUTS, HIDDEN = 28, 32
SIZES = (100_000, 1_000_000)
GENOMES = 1000
ROUNDS = 9
REPEATS = 20
"""Steps on the device timed as one, so that asking for them counts as little as in a long run."""

Contenders = dict[str, tuple[Callable[[], object], int]]
"""What to call, and how many steps that is."""


def timed(contenders: Contenders) -> dict[str, list[float]]:
    """Return milliseconds a step of each, round by round."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(2 if simulated() else ROUNDS):
        for name, (call, steps) in contenders.items():
            start = time.perf_counter()
            call()
            wait()
            taken[name].append((time.perf_counter() - start) / steps * 1e3)
    return taken


def measure(name: str, n: int, genomes: int = 1) -> list[dict[str, Any]]:
    """Compare answers, then times; return a row for each contender."""
    cell, rng = cells.make(name), np.random.default_rng(n)
    weights = {
        k: (rng.standard_normal((genomes, *shape)) * 0.3).astype(np.float32)
        for k, shape in cell.shapes(INPUTS, HIDDEN).items()
    }
    packed = cell.pack(weights)
    operations = 2.0 * sum(w[0].size for w in weights.values() if w.ndim == 3)
    first = np.linspace(0, n, genomes + 1).astype(np.int64)
    x = rng.standard_normal((n, INPUTS), np.float32)
    memory = np.zeros((n, cell.memory_width(HIDDEN)), np.float32)
    h = np.empty((n, HIDDEN), np.float32)
    net = CudaCell(name, packed)
    groups = net.groups(first)
    there: Any = to_device(x), to_device(memory), empty(h.shape, np.float32)
    x_there, memory_there, h_there = there
    for _ in range(2):
        cell.step(packed, first, x, memory, h)
        net.step(groups, x_there, memory_there, h_there)
    apart = differences(memory, to_host(memory_there)), differences(h, to_host(h_there))
    what = f"{name} {n:,}" + (f", {genomes:,} genomes" if genomes > 1 else "")
    if any(apart):
        print(f"{what}: other bits in {apart[0]} of {memory.size} numbers of memory, "
              f"{apart[1]} of {h.size} of h")  # fmt: skip
        return []

    def there_and_back() -> None:
        x_there.copy_to_device(x)
        if memory.size:
            memory_there.copy_to_device(memory)
        net.step(groups, x_there, memory_there, h_there)
        if memory.size:
            memory_there.copy_to_host(memory)
        h_there.copy_to_host(h)

    def on_the_device() -> None:
        for _ in range(repeats):
            net.step(groups, x_there, memory_there, h_there)

    repeats = 1 if simulated() else REPEATS
    taken = timed(
        {
            "CPU": (lambda: cell.step(packed, first, x, memory, h), 1),
            "there and back": (there_and_back, 1),
            "on the device": (on_the_device, repeats),
        }
    )
    rows = []
    for where, each in taken.items():
        median = statistics.median(each)
        share = statistics.median(b / a for a, b in zip(taken["CPU"], each, strict=True))
        row = {
            "cell": name,
            "where": where,
            "robots": n,
            "genomes": genomes,
            "min_ms": min(each),
            "median_ms": median,
            "million_robots_per_s": n / median / 1e3,
            "share_of_the_cpu": share,
            "gflop_per_s": operations * n / median / 1e6,
        }
        rows.append(row)
        print(f"{what:32}{where:16}" + "".join(f"{row[k]:>12.4g}" for k in list(row)[4:]))
    return rows


def differences(expected: Any, found: Any) -> int:
    return int((expected.view(np.int32) != found.view(np.int32)).sum())


def main() -> None:
    """Print the table and keep it."""
    check()
    print(f"{device_name()}; CPU: {threads()} threads; {INPUTS} inputs, {HIDDEN} hidden units")
    titles = ("min ms", "median ms", "million/s", "of the CPU", "GFLOP/s")
    print(" " * 48 + "".join(f"{title:>12}" for title in titles))
    rows = []
    for name in ("lstm", "mlp", "slstm", "fwp"):
        for n in (3,) if simulated() else SIZES:
            rows += measure(name, n)
    if not simulated():
        rows += measure("lstm", SIZES[-1], GENOMES)
        RESULTS.parent.mkdir(exist_ok=True)
        machine = {"gpu": device_name(), "threads": threads(), "rows": rows}
        RESULTS.write_text(json.dumps(machine, indent=1) + "\n")


if __name__ == "__main__":
    main()
