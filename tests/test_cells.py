"""Cells of learned policies: right, and the same bits in any company and however computed."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from auxon.policies import cells, fwp, lanes, lstm, mlp, slstm
from auxon.policies.cells import CELLS, Packed, Weights
from auxon.sim import jit
from auxon.sim.errors import UsageError
from tests.cell_references import REFERENCES

ROOT = Path(__file__).parents[1]
NAMES = sorted(CELLS)
SIZES = [(28, 32), (5, 7), (1, 1), (40, 70)]
"""Inputs, hidden units: the usual, and such as fill no vector."""


def drawn(name: str, inputs: int, hidden: int, genomes: int, seed: int = 0) -> Weights:
    """Return stacked weights, biases too unlike zero."""
    rng = np.random.default_rng(seed)
    shapes = cells.make(name).shapes(inputs, hidden)
    return {
        k: rng.normal(0, 1 / max(shape) ** 0.5, (genomes, *shape)).astype(np.float32)
        for k, shape in shapes.items()
    }


def steps(
    name: str, packed: Packed, first: list[int], x: np.ndarray, memory: np.ndarray
) -> np.ndarray:
    """Step through x (T, n, I) and return h (T, n, H); memory is changed."""
    h = np.empty((*x.shape[:2], packed.hidden), np.float32)
    for t in range(len(x)):
        cells.make(name).step(packed, first, x[t], memory, h[t])
    return h


def inputs_of(T: int, n: int, inputs: int, seed: int = 1, scale: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal((T, n, inputs))).astype(np.float32)


@pytest.mark.parametrize(("inputs", "hidden"), SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_follow_the_equations(name: str, inputs: int, hidden: int) -> None:
    T, n = 12, 23
    weights = drawn(name, inputs, hidden, 2)
    first = [0, 9, n]
    x = inputs_of(T, n, inputs, scale=2.0)
    memory = np.zeros((n, cells.make(name).memory_width(hidden)), np.float32)
    plain = memory.astype(np.float64)
    packed = cells.make(name).pack(weights)
    for t in range(T):
        if t == 7:  # some are reset
            memory[::3] = 0
            plain[::3] = 0
        h = steps(name, packed, first, x[t : t + 1], memory)[0]
        for r in range(n):
            own = {k: w[int(r >= 9)].astype(np.float64) for k, w in weights.items()}
            expected, plain[r] = REFERENCES[name](own, x[t, r].astype(np.float64), plain[r])
            # 1e-5: float32 sums of up to 110 products, 12 steps
            np.testing.assert_allclose(h[r], expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(memory, plain, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_robot_has_the_same_bits_in_any_company(name: str) -> None:
    n = 250
    weights = drawn(name, 28, 32, 3)
    cell = cells.make(name)
    packed = cell.pack(weights)
    x = inputs_of(3, n, 28)
    memory = np.zeros((n, cell.memory_width(32)), np.float32)
    h = steps(name, packed, [0, 101, 101, n], x, memory)
    alone = cell.pack({k: w[2:] for k, w in weights.items()})
    for count in (1, 2, 5, 6, 13, 97):
        for place in (101, 120, n - count):
            own = np.zeros((count, memory.shape[1]), np.float32)
            mine = steps(name, alone, [0, count], x[:, place : place + count].copy(), own)
            np.testing.assert_array_equal(mine, h[:, place : place + count])
            np.testing.assert_array_equal(own, memory[place : place + count])


@pytest.mark.parametrize("name", NAMES)
def test_threads_change_nothing(name: str) -> None:
    n = 6000  # so many that threads are used
    before = jit.threads()
    packed = cells.make(name).pack(drawn(name, 28, 32, 2))
    x = inputs_of(2, n, 28)
    found = []
    try:
        for count in (1, 2):
            if jit.threads(count) < count:
                pytest.skip("numba may use only one thread here")
            memory = np.zeros((n, cells.make(name).memory_width(32)), np.float32)
            found.append((steps(name, packed, [0, 2500, n], x, memory), memory))
    finally:
        jit.threads(before)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def digest(names: list[str] = NAMES) -> str:
    """Return what cells compute, hashed; of small inputs and of such as saturate all gates."""
    total = hashlib.sha256()
    for name in names:
        for inputs, hidden, scale in ((28, 32, 1.0), (5, 7, 1.0), (28, 32, 300.0)):
            packed = cells.make(name).pack(drawn(name, inputs, hidden, 2))
            memory = np.zeros((40, cells.make(name).memory_width(hidden)), np.float32)
            x = inputs_of(4, 40, inputs, scale=scale)
            total.update(steps(name, packed, [0, 11, 40], x, memory).tobytes())
            total.update(memory.tobytes())
    return total.hexdigest()


@pytest.mark.parametrize(
    "environment", [{"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_CPU_FEATURES": "+avx2,+fma"}]
)
def test_plain_python_and_other_registers_give_the_same_bits(
    environment: dict[str, str],
) -> None:
    if "NUMBA_CPU_FEATURES" in environment:
        features = Path("/proc/cpuinfo")
        if not features.exists() or " avx512f " not in features.read_text():
            pytest.skip("this processor has no two widths of registers")
    assert elsewhere("digest()", environment) == digest()


def elsewhere(expression: str, environment: dict[str, str]) -> str:
    """Return what an expression of this module is in a process of its own."""
    code = f"from tests.test_cells import *; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | environment, check=True,
        capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip


@pytest.mark.slow
def test_kernels_compiled_apart_do_not_meet_in_the_cache(tmp_path: Path) -> None:
    # symbols of equal names: the kernel loaded second once ran the code of the first
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    for name in NAMES:
        assert elsewhere(f"digest(['{name}'])", cache) == digest([name])
    assert elsewhere("digest()", cache) == digest()


@pytest.mark.skipif(lanes.config.DISABLE_JIT, reason="plain Python has no symbols")
def test_kernels_have_symbols_of_their_own() -> None:
    layers = [mlp._layer, lstm._layer, slstm._layer, fwp._program, fwp._out]
    assert len({one.apply.py_func.__qualname__ for one in layers}) == len(layers)


@pytest.mark.parametrize("name", NAMES)
def test_wild_inputs_stay_finite(name: str) -> None:
    packed = cells.make(name).pack(drawn(name, 28, 32, 1))
    memory = np.zeros((30, cells.make(name).memory_width(32)), np.float32)
    h = steps(name, packed, [0, 30], inputs_of(20, 30, 28, scale=1e4), memory)
    assert np.isfinite(h).all()
    assert np.isfinite(memory).all()


@pytest.mark.parametrize("name", NAMES)
def test_initial_weights_fit(name: str) -> None:
    cell = cells.make(name)
    weights = cell.initial(28, 32, np.random.default_rng(3))
    assert {k: w.shape for k, w in weights.items()} == cell.shapes(28, 32)
    assert all(w.dtype == np.float32 for w in weights.values())
    again = cell.initial(28, 32, np.random.default_rng(3))
    assert all((again[k] == w).all() for k, w in weights.items())


def test_the_mlp_has_as_many_parameters_as_the_lstm() -> None:
    def count(name: str, inputs: int, hidden: int) -> int:
        shapes = cells.make(name).shapes(inputs, hidden)
        return sum(int(np.prod(shape)) for shape in shapes.values())

    for inputs, hidden in ((28, 32), (40, 70), (12, 16)):
        assert count("mlp", inputs, hidden) == pytest.approx(
            count("lstm", inputs, hidden), rel=0.01
        )


def test_nobody_is_fine() -> None:
    packed = cells.make("lstm").pack(drawn("lstm", 3, 4, 2))
    nothing = np.empty((0, 3), np.float32)
    cells.make("lstm").step(
        packed, [0, 0, 0], nothing, np.empty((0, 8), np.float32), np.empty((0, 4), np.float32)
    )


def test_arrays_that_do_not_fit_are_refused() -> None:
    cell = cells.make("lstm")
    packed = cell.pack(drawn("lstm", 3, 4, 1))
    x, memory, h = (np.zeros((6, width), np.float32) for width in (3, 8, 4))
    with pytest.raises(UsageError, match=r"memory is float32 \(6, 7\), expected float32 \(6, 8\)"):
        cell.step(packed, [0, 6], x, memory[:, :7], h)
    with pytest.raises(UsageError, match=r"lstm\.step: x is float64"):
        cell.step(packed, [0, 6], x.astype(np.float64), memory, h)
    with pytest.raises(UsageError, match=r"h is float32 \(6, 4\), expected .* row after row"):
        cell.step(packed, [0, 6], x, memory, np.zeros((4, 6), np.float32).T)
    with pytest.raises(UsageError, match=r"first is \[0 5\], expected 2 numbers that rise"):
        cell.step(packed, [0, 5], x, memory, h)
    with pytest.raises(UsageError, match=r"first is \[\], expected"):
        cell.step(packed, [], x, memory, h)
    with pytest.raises(UsageError, match="there are fwp, lstm, mlp, slstm"):
        cells.make("gru")
