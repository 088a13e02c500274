"""Motion and transfers on CUDA: the CPU's bits, in numba's simulator, as PTX, and on a GPU.

The simulator runs kernels as plain Python: it shows that they give the right rule the right row.
PTX shows that the device rounds where the CPU does; for that numba-cuda must be installed, as `make
test-cuda` has it. Tests marked `gpu` need the thing itself: `make test-gpu`. This file imports
nothing but numba, numpy and pytest, so that a machine that has a GPU need not have more.
"""

import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import numba
import numpy as np
import pytest

from auxon.sim import cuda, cuda_orbits
from auxon.sim.errors import UsageError
from tests.cuda_cases import CPU, answers
from tests.cuda_compiled import (
    compiled,
    each_architecture,
    needs_numba_cuda,
    simulate,
    spills_nothing,
)
from tests.orbit_cases import EPOCH_JD, belt

ROWS = 200
IN_SIMULATOR = """
import sys
import numpy as np
from auxon.sim import cuda_orbits
from tests.cuda_cases import answers

np.savez(sys.argv[1], **answers(cuda_orbits, int(sys.argv[2])))
"""
F64, FLAGS, TWO = np.empty(2), np.empty(2, np.bool_), belt(2, 1)
KERNELS = {
    cuda_orbits.eccentric_kernel: (F64, F64, F64),
    cuda_orbits.states_kernel: (TWO, 1.0, np.empty((6, 2))),
    cuda_orbits.lambert_kernel: (*np.empty((2, 3, 2)), F64, 1.0, np.empty((6, 2)), FLAGS),
    cuda_orbits.porkchop_kernel: (
        TWO,
        0,
        1,
        F64,
        F64,
        np.empty((2, 2)),
        np.empty((2, 2), np.bool_),
    ),
}


def test_the_simulator_gives_the_bits_of_the_cpu(tmp_path: Path) -> None:
    file = tmp_path / "answers.npz"
    simulate("-c", IN_SIMULATOR, str(file), str(ROWS))
    found, expected = np.load(file), answers(CPU, ROWS)
    for name, array in expected.items():
        assert found[name].tobytes() == array.tobytes(), name
    assert np.isnan(expected["lambert"]).any(axis=0).sum() == 2  # the same place, and opposite
    assert (expected["porkchop"] > 0).all()


def test_the_benchmark_runs_in_the_simulator() -> None:
    printed = simulate("-m", "benchmarks.orbit_gpu_speed")
    assert printed.count("on the device") == 4
    assert "cells were flagged" in printed


@needs_numba_cuda
@each_architecture
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: str(kernel.__name__))
def test_ptx_rounds_where_the_cpu_does(
    kernel: cuda.Kernel, cc: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda.leave_unfused()
    ptx = compiled(kernel, (1, KERNELS[kernel]), cc, monkeypatch)
    assert ".version 9.0" in ptx  # of CUDA 13.0: a driver of that or later takes it
    assert not cuda.fused(ptx)
    assert ptx.count("mul.rn.f64") > 50
    assert ".visible .entry" in ptx
    assert "call" not in ptx.replace("callseq", "")  # no library, everything inlined
    spills_nothing(ptx, cc, tmp_path)


@needs_numba_cuda
def test_what_is_fused_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = cuda_orbits.states_kernel
    assert cuda.fused(compiled(kernel, (1, KERNELS[kernel]), (9, 0), monkeypatch, fastmath=True))


@needs_numba_cuda
def test_nothing_is_left_to_the_linker() -> None:
    """It makes one rounding of two whatever PTX says."""
    assert cuda_orbits.states_kernel._compiled.targetoptions["lto"] is False


def test_a_fused_kernel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a numba-cuda that heeds the option no more."""

    class Compiled(dict[tuple[int, int], Callable[..., None]]):
        overloads = ("one",)

        def inspect_asm(self) -> dict[str, str]:
            return {"one": "fma.rn.f64 %fd3, %fd1, %fd2, %fd3;"}

    kernel = cuda.Kernel(lambda row: None)
    launched: list[object] = []
    grid = (2, cuda.THREADS)
    kernel.__dict__["_compiled"] = Compiled({grid: lambda *args: launched.append(args)})
    monkeypatch.setattr(cuda, "check", lambda: None)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9")
    with pytest.raises(UsageError, match=r"numba-cuda 9.9 fuses multiply and add though told not"):
        kernel(cuda.THREADS + 1)
    assert launched == [(cuda.THREADS + 1, ())]


@pytest.mark.gpu
def test_the_device_gives_the_bits_of_the_cpu() -> None:
    found, expected = answers(cuda_orbits, 20_000), answers(CPU, 20_000)
    for name, array in expected.items():
        assert found[name].tobytes() == array.tobytes(), name


@pytest.mark.gpu
def test_what_is_on_the_device_stays_there() -> None:
    o = belt(1000, 4)
    there = cuda.to_device(o)
    assert cuda.to_device(there).e is there.e
    for day in (0.0, 10.0):
        assert np.array_equal(
            cuda_orbits.states(there, EPOCH_JD + day), CPU.states(o, EPOCH_JD + day)
        )


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    cuda.check.cache_clear()
    yield monkeypatch
    cuda.check.cache_clear()


def test_a_missing_package_gives_a_sentence(unchecked: pytest.MonkeyPatch) -> None:
    unchecked.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"numba-cuda is not installed; .*install auxon\[gpu\]"):
        cuda_orbits.eccentric_anomalies([1.0], [0.1])


def test_a_missing_device_gives_a_sentence(unchecked: pytest.MonkeyPatch) -> None:
    unchecked.setattr(importlib.util, "find_spec", lambda name: "there")
    unchecked.setattr("numba.cuda.is_available", lambda: False)
    unchecked.setattr("numba.cuda.cuda_error", lambda: "no\n driver\n")
    with pytest.raises(UsageError, match="there is no device: no driver; expected an NVIDIA GPU"):
        cuda_orbits.states(belt(3, 1), EPOCH_JD)


def test_the_simulator_wants_plain_python(unchecked: pytest.MonkeyPatch) -> None:
    unchecked.setattr(numba.config, "ENABLE_CUDASIM", 1)
    with pytest.raises(UsageError, match="NUMBA_DISABLE_JIT is not; expected both"):
        cuda.check()


def test_arguments_are_checked_as_on_the_cpu() -> None:
    with pytest.raises(UsageError, match="give one e for each M"):
        cuda_orbits.eccentric_anomalies([1.0, 2.0], [0.1])
    with pytest.raises(UsageError, match="give one column a transfer"):
        cuda_orbits.lambert_velocities(np.ones((3, 2)), np.ones((3, 2)), [1.0])
    with pytest.raises(UsageError, match="row 0 is origin and target"):
        cuda_orbits.porkchop(belt(3, 1), 0, 0, [EPOCH_JD], [100.0])
