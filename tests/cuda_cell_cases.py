"""Steps of networks that the CPU and a CUDA device must take with the same bits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auxon.policies import cells
from auxon.policies.cuda_cells import CudaCell
from auxon.sim.cuda import to_device, to_host

STEPS = 3
F32 = NDArray[np.float32]


class Case(NamedTuple):
    """Robots in groups by genome.

    Attributes
    ----------
    name : str
        The cell.
    inputs, hidden : int
    first : list of int
        As in `cells.Cell.step`.
    """

    name: str
    inputs: int
    hidden: int
    first: list[int]


def drawn(case: Case) -> tuple[cells.Packed, F32, F32]:
    """Return weights, inputs (STEPS, n, inputs) and memory of newborns and others."""
    cell, rng = cells.make(case.name), np.random.default_rng(case.hidden)
    shapes = cell.shapes(case.inputs, case.hidden)
    weights = {
        k: (rng.standard_normal((len(case.first) - 1, *shape)) * 0.4).astype(np.float32)
        for k, shape in shapes.items()
    }
    n = case.first[-1]
    x = rng.standard_normal((STEPS, n, case.inputs), np.float32)
    # nothing, too much, and almost nothing, which some devices take for nothing
    x[:, ::5], x[1, 1::5], x[2, 2::5] = 0.0, 1e4, 1e-41
    memory = rng.standard_normal((n, cell.memory_width(case.hidden)), np.float32)
    if case.name == "slstm":
        normaliser = memory[:, case.hidden : 2 * case.hidden]
        normaliser[:] = 1 + np.abs(normaliser)
    memory[::2] = 0.0
    return cell.pack(weights), x, memory


def cpu_steps(case: Case) -> dict[str, F32]:
    """Return memory and h after each step (STEPS, n, width), by the CPU."""
    packed, x, memory = drawn(case)
    cell, n = cells.make(case.name), len(memory)
    kept = {"memory": np.empty((STEPS, *memory.shape), np.float32)}
    kept["h"] = np.empty((STEPS, n, case.hidden), np.float32)
    for k in range(STEPS):
        cell.step(packed, case.first, x[k], memory, kept["h"][k])
        kept["memory"][k] = memory
    return kept


def device_steps(case: Case) -> dict[str, F32]:
    """Return the same by the device."""
    packed, x, memory = drawn(case)
    net = CudaCell(case.name, packed)
    groups = net.groups(case.first)
    there, h = to_device(memory), to_device(np.zeros((len(memory), case.hidden), np.float32))
    kept: dict[str, list[F32]] = {"memory": [], "h": []}
    for k in range(STEPS):
        net.step(groups, to_device(x[k]), there, h)
        kept["memory"].append(to_host(there))
        kept["h"].append(to_host(h))
    return {name: np.stack(each) for name, each in kept.items()}


def differences(case: Case) -> dict[str, int]:
    """Return how many numbers have other bits on the device, array by array; {} is right."""
    found, expected = device_steps(case), cpu_steps(case)
    assert all(np.isfinite(array).all() for array in expected.values())
    apart = {k: int((found[k].view("i4") != expected[k].view("i4")).sum()) for k in expected}
    return {f"{k}, of {expected[k].size}": count for k, count in apart.items() if count}
