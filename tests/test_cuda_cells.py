"""Networks on CUDA: the CPU's bits, in numba's simulator, as PTX, and on a GPU.

See `test_cuda_orbits`. The simulator runs all of a kernel but what `cuda_layer` writes into it as
instructions; these, which no GPU is needed for, are compiled for the CPU and held against it.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
import pytest

from auxon.policies import cells, cuda_cells, cuda_kernels, cuda_layer, lanes
from auxon.policies.cuda_cells import CudaCell
from auxon.policies.cuda_layer import Places
from auxon.policies.fwp import FWP
from auxon.policies.layer import Layer, _aligned
from auxon.sim import cuda
from auxon.sim.errors import UsageError
from tests.cuda_cell_cases import F32, Case, differences
from tests.cuda_compiled import (
    compiled,
    each_architecture,
    needs_numba_cuda,
    simulate,
    spills_nothing,
)

CELLS = sorted(cells.CELLS)
IN_SIMULATOR = """
import json, sys
from auxon.policies import cuda_cells
from tests.cuda_cell_cases import Case, differences

cuda_cells.BLOCKS = 1  # so a block has two turns from 128 robots on
cases = [Case(name, *rest) for name, *rest in json.loads(sys.argv[1])]
print(json.dumps([differences(case) for case in cases]))
"""
each_cell = pytest.mark.parametrize("name", CELLS)


def test_the_simulator_gives_the_bits_of_the_cpu() -> None:
    # several genomes, one without robots; as shipped; two turns; units that fill no thread's share
    cases = [Case(name, 5, 6, [0, 3, 3, 8]) for name in CELLS]
    cases += [Case("lstm", 28, 32, [0, 5]), Case("slstm", 2, 33, [0, 2])]
    cases += [Case(name, 2, 2, [0, 129]) for name in ("fwp", "lstm", "mlp")]
    found = json.loads(simulate("-c", IN_SIMULATOR, json.dumps(cases)))
    assert found == [{}] * len(cases)


@pytest.mark.slow
def test_the_benchmark_runs_in_the_simulator() -> None:
    printed = simulate("-m", "benchmarks.policy_gpu_speed")
    assert printed.count("on the device") == len(CELLS)


def test_a_turn_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are many robots a block takes several times `ROBOTS`."""
    made = []
    monkeypatch.setattr(cuda_cells, "check", lambda: None)
    monkeypatch.setattr(cuda_cells, "to_device", lambda array: array)
    packed = cells.make("lstm").pack(weights("lstm", 2))
    net = CudaCell("lstm", packed)
    for n in (0, 100, 1_000_000):
        groups = net.groups([0, n // 3, n])
        made.append((groups.robots, groups.blocks, groups.turns, *groups.before))
    assert made[0] == (0, 0, 1, 0, 0, 0)
    assert made[1] == (100, 3, 1, 0, 1, 3)
    assert made[2] == (1_000_000, 2234, 7, 0, 745, 2234)


def weights(name: str, genomes: int, inputs: int = 4, hidden: int = 4) -> cells.Weights:
    shapes = cells.make(name).shapes(inputs, hidden)
    return {k: np.ones((genomes, *shape), np.float32) for k, shape in shapes.items()}


@needs_numba_cuda
@each_architecture
@each_cell
def test_ptx_rounds_where_the_cpu_does(
    name: str, cc: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ptx = compile_cell(name, cc, monkeypatch)
    assert not cuda.fused(ptx)
    assert ".f64" not in ptx
    assert ptx.count("fma.rn.f32") > 500
    assert ptx.count("ld.shared.v4") > 5
    assert ptx.count(".shared .align") == 1  # nothing is before it, so it is aligned
    assert ".local" not in ptx  # sums are in registers
    assert "call" not in ptx.replace("callseq", "")  # no library, everything inlined
    assert not {"approx", "ftz", "rcp"} & set(ptx.replace("\t", ".").replace(" ", ".").split("."))
    spills_nothing(ptx, cc, tmp_path)


@needs_numba_cuda
@each_cell
def test_nothing_is_fused_but_what_is_meant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is meant taken apart, none is left."""

    def apart(self: lanes.Emitted, a: Any, b: Any, c: Any) -> Any:
        return self.add(self.mul(a, b), c)

    monkeypatch.setattr(lanes.Emitted, "fma", apart)
    monkeypatch.setattr(cuda_kernels, "_fma", lambda a, b, c: a * b + c)
    ptx = compile_cell(name, (9, 0), monkeypatch)
    assert not cuda.fused(ptx)
    assert "fma" not in ptx
    assert ptx.count("mul.rn.f32") > 500


def compile_cell(name: str, cc: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> str:
    cuda.leave_unfused()
    kernel, layers = cuda_cells.kernel.__wrapped__(name, 28, 32)
    first, numbers = np.empty(2, np.int64), np.empty((2, 2), np.float32)
    args = (first, first, 1, *[numbers] * len(layers), numbers, numbers, numbers)
    return compiled(kernel, args, cc, monkeypatch)


@pytest.mark.skipif(lanes.config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize(("name", "hidden"), [("lstm", 32), ("slstm", 9), ("fwp", 16), ("mlp", 32)])
def test_instructions_do_what_plain_python_does(
    name: str, hidden: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, kind = 7, cells.make(name)
    layer: Layer = kind.program if isinstance(kind, FWP) else getattr(kind, "layer")  # noqa: B009
    monkeypatch.setattr(cuda_layer, "for_device", lambda function: function)
    monkeypatch.setattr(cuda_layer, "TARGET", ("numba.extending", "numba.types"))

    def run(plain: bool) -> list[F32]:
        monkeypatch.setattr(cuda_layer, "simulated", lambda: plain)
        y_to, s_to = Places(hidden, 1, 8 * hidden), Places(4 * hidden, 1, hidden)
        on = cuda_layer.CudaLayer(layer, inputs, hidden, y_to, s_to)
        begin, add = cuda_layer._sums(on.rows)
        take, finish, rows, states = on.take, on.finish, on.rows, layer.states

        def thread(room: Any, z: Any, s: Any, memory: Any, h: Any, live: int, left: int) -> None:
            begin(room, 0, z)
            for k in range(inputs):
                add(room, 64 + 16 * k, 4 + 4 * k, z)
            for k in range(states):
                take(memory, k * hidden, 4 * hidden, live, s, k * rows)
            finish(z, s, live, left, memory, 0, h, 1)

        rng, made = np.random.default_rng(3), []
        room = _aligned((200,))
        call: Any = thread if plain else numba.njit(thread, error_model="numpy")
        for live, left in ((64, hidden), (-3, hidden), (3, hidden), (64, 1), (2, hidden - 1)):
            room[:] = rng.standard_normal(200)
            sizes = 4 * on.rows, max(states, 1) * rows, 4 * rows * hidden + 9, 64 * hidden + 99
            z, s, memory, h = (rng.standard_normal(size).astype(np.float32) for size in sizes)
            before = h.copy()
            call(room, z, s, memory, h, live, left)
            assert (h == before).all() == (live < 0)
            made += [memory, h]
        return made

    for found, expected in zip(run(False), run(True), strict=True):
        assert found.tobytes() == expected.tobytes()


def test_arguments_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_cells, "check", lambda: None)
    monkeypatch.setattr(cuda_cells, "to_device", there)
    net = CudaCell("lstm", cells.make("lstm").pack(weights("lstm", 2)))
    for first in ([0, 3], [0, 5, 3], [1, 2, 3]):
        with pytest.raises(UsageError, match=r"expected 3 numbers that rise from 0"):
            net.groups(first)
    groups = net.groups([0, 2, 3])
    x, memory, h = (there(np.zeros((3, width), np.float32)) for width in (4, 8, 4))
    with pytest.raises(UsageError, match=r"h is float32 \(3, 4\) of the host"):
        net.step(groups, x, memory, np.zeros((3, 4), np.float32))
    with pytest.raises(
        UsageError, match=r"x is float64 .* expected float32 \(3, 4\) of the device"
    ):
        net.step(groups, there(np.zeros((3, 4))), memory, h)
    with pytest.raises(UsageError, match="row after row"):
        net.step(groups, x, memory, there(np.zeros((4, 3), np.float32).T[:3]))


def there(array: Any) -> Any:
    """Stand in for what is on a device."""

    class There(np.ndarray[Any, Any]):
        def copy_to_host(self) -> None:
            raise NotImplementedError

    return array.view(There)


def test_too_large_a_network_gives_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    device = SimpleNamespace(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN=1000)
    monkeypatch.setattr(cuda, "_cuda", SimpleNamespace(get_current_device=lambda: device))
    kernel = cuda.BlockKernel(lambda: None, 1001)
    with pytest.raises(UsageError, match=r"shares 1001 bytes in a block; .* 1000"):
        kernel._share(())


SIZES = {"shipped": (28, 32), "odd": (5, 7), "large": (28, 64)}


@pytest.mark.gpu
@pytest.mark.parametrize("size", SIZES)
@each_cell
def test_the_device_gives_the_bits_of_the_cpu(name: str, size: str) -> None:
    case = Case(name, *SIZES[size], [0, 1, 1, 65, 12_345, 20_000])
    assert differences(case) == {}


@pytest.mark.gpu
def test_many_genomes_and_many_turns() -> None:
    few = Case("lstm", 28, 32, [*range(0, 5001, 5)])
    many = Case("lstm", 28, 32, [0, 300_001])
    assert [differences(few), differences(many)] == [{}, {}]
