"""How fast robots' networks are computed, beside BLAS, torch and JAX, in interleaved rounds.

Run from the root: ``python -m benchmarks.policy_speed``. One LSTM step, 28 inputs, 32 hidden units,
float32. Everybody has one thread and is charged processor time, so that other work on the machine
counts little; each round takes every contender once, ratios are those of the rounds. sgemm is the
bare product of the same shape by NumPy's OpenBLAS, 1,024 rows at a time into one buffer: no gates,
nothing kept. OpenBLAS knows few processors and takes slow kernels on others, so all is done twice,
as it chooses and with its kernels for AVX-512. Answers are held against each other first. torch and
JAX take part where they are installed; JAX computes in threads of its own, whose time the system
books late, so of JAX only the median means anything. Draws docs/pictures/policy-speed.png.
"""

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

from auxon.policies import cells, lanes
from auxon.sim import jit

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "policy_speed.json"
PICTURE = HERE.parent / "docs" / "pictures" / "policy-speed.png"
INPUTS, HIDDEN = 28, 32
SIZES = (1000, 100_000, 1_000_000)
GENOMES = (1, 100, 1000, 10_000)
ROUNDS = {1000: 60, 100_000: 12, 1_000_000: 5}
CALLS = {1000: 20, 100_000: 1, 1_000_000: 1}
"""Calls timed as one: the clock of a thread is coarse."""
ROWS = 1024
"""Of sgemm at once: here it is fastest, its product stays in the second cache."""
SGEMM_SHARE, TIMES_FASTER, MILLION_MS = 0.7, 3.0, 100.0
"""Aims: of sgemm's rate; times torch and JAX from 1e5 robots on; a million robots, milliseconds of
each of two threads."""
ALONE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
KERNELS = {"as OpenBLAS chooses": {}, "AVX-512": {"OPENBLAS_CORETYPE": "SkylakeX"}}

F32 = NDArray[np.float32]
Contenders = dict[str, Callable[[], F32]]
"""What to call; returns h."""


def drawn(n: int) -> tuple[F32, F32, F32]:
    """Return inputs, h and c of n robots."""
    rng = np.random.default_rng(n)
    x, h, c = (rng.standard_normal((n, w), np.float32) for w in (INPUTS, HIDDEN, HIDDEN))
    return x, np.tanh(h), c


def ours(name: str, n: int, genomes: int = 1) -> Callable[[], F32]:
    """Return a step of a cell, in place: the state moves on from call to call."""
    cell = cells.make(name)
    weights = cell.initial(INPUTS, HIDDEN, np.random.default_rng(0))
    packed = cell.pack({k: np.repeat(w[None], genomes, 0) for k, w in weights.items()})
    x, h, c = drawn(n)
    memory = np.zeros((n, cell.memory_width(HIDDEN)), np.float32)
    if name == "lstm":
        memory[:] = np.concatenate([h, c], 1)
    first = np.linspace(0, n, genomes + 1).astype(np.int64)
    out = np.empty((n, HIDDEN), np.float32)

    def step() -> F32:
        cell.step(packed, first, x, memory, out)
        return out

    return step


def sgemm(n: int) -> Callable[[], F32]:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((n, INPUTS + HIDDEN), np.float32)
    b = rng.standard_normal((INPUTS + HIDDEN, 4 * HIDDEN), np.float32)
    room = np.empty((min(n, ROWS), 4 * HIDDEN), np.float32)

    def product() -> F32:
        for k in range(0, n, ROWS):
            rows = a[k : k + ROWS]
            np.dot(rows, b, out=room[: len(rows)])
        return room

    return product


def torch_lstm(n: int) -> Contenders:
    if importlib.util.find_spec("torch") is None:
        return {}
    import torch

    torch.set_num_threads(1)
    weights = cells.make("lstm").initial(INPUTS, HIDDEN, np.random.default_rng(0))
    whole, cell = torch.nn.LSTM(INPUTS, HIDDEN), torch.nn.LSTMCell(INPUTS, HIDDEN)
    with torch.no_grad():
        for net, mark in ((whole, "_l0"), (cell, "")):
            for k in ("weight_ih", "weight_hh"):
                getattr(net, k + mark).copy_(torch.from_numpy(weights[k]))
            getattr(net, "bias_ih" + mark).copy_(torch.from_numpy(weights["bias"]))
            getattr(net, "bias_hh" + mark).zero_()
    x, h, c = (torch.from_numpy(a) for a in drawn(n))

    def sequence() -> F32:
        with torch.inference_mode():
            made: F32 = whole(x[None], (h[None], c[None]))[0][0].numpy()
        return made

    def single() -> F32:
        with torch.inference_mode():
            made: F32 = cell(x, (h, c))[0].numpy()
        return made

    return {"torch.nn.LSTM": sequence, "torch.nn.LSTMCell": single}


def jax_lstm(n: int) -> Contenders:
    if importlib.util.find_spec("jax") is None:
        return {}
    jax: Any = importlib.import_module("jax")
    weights = cells.make("lstm").initial(INPUTS, HIDDEN, np.random.default_rng(0))
    both = np.concatenate([weights["weight_ih"], weights["weight_hh"]], 1).T
    w, bias, x, h, c = (jax.numpy.asarray(a) for a in (both, weights["bias"], *drawn(n)))

    @jax.jit  # type: ignore[untyped-decorator]
    def cell(w: Any, bias: Any, x: Any, h: Any, c: Any) -> Any:
        z = jax.numpy.concatenate([x, h], 1) @ w + bias
        i, f, g, o = jax.numpy.split(z, 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
        return jax.nn.sigmoid(o) * jax.numpy.tanh(c), c

    return {"JAX": lambda: np.asarray(jax.block_until_ready(cell(w, bias, x, h, c))[0])}


def rounds(contenders: Contenders, n: int) -> dict[str, dict[str, float]]:
    """Time all in turns; return rates and shares of sgemm's."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS[n]):
        for name, call in contenders.items():
            clock = time.process_time if name == "JAX" else time.thread_time
            start = clock()
            for _ in range(CALLS[n]):
                call()
            seconds[name].append((clock() - start) / CALLS[n])
    base = seconds["sgemm"]
    return {
        name: {
            "best_M_per_s": n / max(min(took), 1e-9) / 1e6,
            "median_M_per_s": n / statistics.median(took) / 1e6,
            "of_sgemm": statistics.median(b / s for b, s in zip(base, took, strict=True)),
        }
        for name, took in seconds.items()
    }


def measure() -> dict[str, Any]:
    """Measure everything in this process, one thread each."""
    jit.threads(1)
    found: dict[str, Any] = {"lstm": {}, "cells": {}, "genomes": {}}
    for n in SIZES:
        contenders = {"auxon": ours("lstm", n), **torch_lstm(n), **jax_lstm(n)}
        answers = {name: call().copy() for name, call in contenders.items()}
        for name, h in answers.items():
            assert np.abs(h - answers["auxon"]).max() < 1e-5, f"{name} finds another h"
        found["lstm"][str(n)] = rounds({"sgemm": sgemm(n), **contenders}, n)
    for n in SIZES[:2]:
        every = {name: ours(name, n) for name in cells.CELLS}
        found["cells"][str(n)] = rounds({"sgemm": sgemm(n), **every}, n)
    n = SIZES[1]
    alike = {str(G): ours("lstm", n, G) for G in GENOMES}
    first = alike["1"]().copy()
    for G, step in alike.items():  # all genomes are equal, so one answer is all answers
        assert G == "1" or (step() == first).all(), "genomes mix"
    found["genomes"] = rounds({"sgemm": sgemm(n), **alike}, n)
    return found


def million_ms() -> dict[str, float]:
    """Return what a step of a million robots takes on two threads.

    On a busy machine only the processor time of each thread says what the step needs.
    """
    count = jit.threads(2)
    step, wall, processor = ours("lstm", 1_000_000), [], []
    for _ in range(30):
        start, busy = time.perf_counter(), time.process_time()
        step()
        wall.append((time.perf_counter() - start) * 1e3)
        processor.append((time.process_time() - busy) * 1e3 / count)
    return {
        "threads": count,
        "least_ms": min(wall),
        "median_ms": statistics.median(wall),
        "least_processor_ms_a_thread": min(processor),
        "median_processor_ms_a_thread": statistics.median(processor),
        "load": os.getloadavg()[0],
    }


def draw(found: dict[str, Any]) -> None:
    """Draw rates of the LSTM by contender and size, and of many genomes."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.6), width_ratios=(2, 1), layout="constrained"
    )
    lstm = found["lstm"]
    names = list(lstm[str(SIZES[0])])
    for k, name in enumerate(names):
        rate = [lstm[str(n)][name]["median_M_per_s"] for n in SIZES]
        label = "sgemm alone (OpenBLAS, AVX-512)" if name == "sgemm" else name
        colour = {"sgemm": "0.75", "auxon": "C0"}.get(name, f"C{k}")
        place = np.arange(len(SIZES)) + (k - len(names) / 2 + 0.5) * 0.8 / len(names)
        left.bar(place, rate, 0.75 / len(names), label=label, color=colour)
    left.set_xticks(np.arange(len(SIZES)), [f"{n:,} robots" for n in SIZES])
    left.set_ylabel("million robots a second and core")
    left.set_title("one LSTM step, 28 inputs, 32 hidden", fontsize=10)
    left.set_ylim(0, left.get_ylim()[1] * 1.35)
    left.legend(fontsize=8, ncols=2, frameon=False, loc="upper center")
    rates = [found["genomes"][str(G)]["median_M_per_s"] for G in GENOMES]
    right.semilogx(GENOMES, rates, "o-")
    right.set_ylim(0, max(rates) * 1.25)
    right.set_xlabel("genomes among 100,000 robots")
    right.set_title("each genome its own weights", fontsize=10)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=130)
    plt.close(figure)


def aims(found: dict[str, Any], million: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Return each aim's figure and whether it is met."""
    made: dict[str, dict[str, Any]] = {}
    for n, row in found["lstm"].items():
        share = row["auxon"]["of_sgemm"]
        made[f"{n} robots: share of sgemm"] = {"found": share, "met": share > SGEMM_SHARE}
        for name in ("torch.nn.LSTM", "JAX"):
            if name in row and int(n) >= SIZES[1]:
                times = share / row[name]["of_sgemm"]
                made[f"{n} robots: times {name}"] = {"found": times, "met": times > TIMES_FASTER}
    busy = million["least_processor_ms_a_thread"]
    made["a million robots, least ms of each thread"] = {"found": busy, "met": busy < MILLION_MS}
    return made


def main() -> None:
    """Print the tables and keep them, with a picture."""
    results: dict[str, Any] = {"machine": platform.machine(), "lanes": lanes.WIDTH}
    for title, kernels in KERNELS.items():
        child = [sys.executable, "-m", "benchmarks.policy_speed", "alone"]
        environment = {**os.environ, **ALONE, **kernels}
        said = subprocess.run(child, env=environment, check=True, capture_output=True, text=True)
        found = results[title] = json.loads(said.stdout)
        print(f"\nsgemm {title}; M a second and core (median), share of sgemm's")
        for part, table in found.items():
            for n, row in table.items() if part != "genomes" else [("100000", table)]:
                for name, figures in row.items():
                    rate, share = figures["median_M_per_s"], figures["of_sgemm"]
                    print(f"{part:8} {n:>8} {name:18} {rate:7.2f} {share:6.0%}")
    if "JAX" not in found["lstm"][str(SIZES[0])]:
        print("JAX is not installed: not compared")
    results["million"] = million_ms()
    results["aims"] = aims(found, results["million"])
    for aim, verdict in results["aims"].items():
        print(f"{aim:42} {verdict['found']:8.2f} {'met' if verdict['met'] else 'MISSED'}")
    draw(found)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["alone"]:
        print(json.dumps(measure()))
    else:
        main()
