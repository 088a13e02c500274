"""Networks on a CUDA device: twins of the cells of `cells`, with the same bits.

>>> packed = cells.make("lstm").pack(weights)
>>> net = CudaCell("lstm", packed)
>>> groups = net.groups([0, 5])  # five robots of one genome
>>> x, memory, h = (to_device(a) for a in (x, memory, h))
>>> net.step(groups, x, memory, h)

What a robot sees, remembers and answers stays on the device. `cuda_layer` says how it is computed.
Numbers and infinities have the CPU's bits; what is not a number is one there too, of whatever bits.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from auxon.sim.cuda import check, to_device
from auxon.sim.errors import UsageError

from . import cuda_kernels, fwp, lstm, mlp, slstm
from .cells import Packed, make
from .cuda_layer import ROBOTS

BLOCKS = 2048
"""Blocks are that many at least, if there are robots enough, before one takes more than `ROBOTS`:
some for every multiprocessor, and then a few times that, since they do not end at once."""
TURNS = 8
"""A block takes that many times `ROBOTS` at most: its weights are then paid for."""


class Groups(NamedTuple):
    """Which robots have which genome, as the kernels want to know it.

    Attributes
    ----------
    robots, blocks, turns : int
        All robots, blocks of threads, times `ROBOTS` that a block takes.
    before, first : (G + 1,) int64
        On the device: blocks of the genomes before each, and robots.
    """

    robots: int
    blocks: int
    turns: int
    before: Any
    first: Any


class CudaCell:
    """A cell with weights of some genomes on the device.

    Parameters
    ----------
    name : str
        Of `cells.CELLS`.
    packed : Packed
        As the cell of the CPU packs them.
    """

    def __init__(self, name: str, packed: Packed) -> None:
        check()
        self.name, self.inputs, self.hidden = name, packed.inputs, packed.hidden
        self.memory_width = make(name).memory_width(packed.hidden)
        self.genomes = len(packed.layers[0])
        self.kernel, layers = kernel(name, packed.inputs, packed.hidden)
        self._weights = tuple(
            to_device(on.pack(w)) for on, w in zip(layers, packed.layers, strict=True)
        )

    def groups(self, first: Sequence[int] | NDArray[np.int64]) -> Groups:
        """Say which robots have which genome; good for as many steps as that holds.

        Parameters
        ----------
        first : (G + 1,) int64
            As in `cells.Cell.step`.
        """
        starts = np.ascontiguousarray(first, np.int64)
        sizes = np.diff(starts)
        if len(starts) != self.genomes + 1 or starts[0] != 0 or (sizes < 0).any():
            raise UsageError(
                f"{self.name}.groups: first is {first}, expected {self.genomes + 1} numbers that "
                "rise from 0: where each genome's robots begin, and the end"
            )
        robots = int(starts[-1])
        turns = min(max(robots // (ROBOTS * BLOCKS), 1), TURNS)
        before = np.concatenate([[0], np.cumsum(-(-sizes // (turns * ROBOTS)))])
        return Groups(robots, int(before[-1]), turns, to_device(before), to_device(starts))

    def step(self, groups: Groups, x: Any, memory: Any, h: Any) -> None:
        """Take one step, without waiting for its end.

        Parameters
        ----------
        groups : Groups
        x : (n, inputs) float32
        memory : (n, memory_width) float32
            Read, and overwritten with what is remembered next.
        h : (n, hidden) float32
            Written. All three are of the device.

        Raises
        ------
        UsageError
            An array does not fit: kernels write where they are told.
        """
        n = groups.robots
        rows = {
            "x": (x, self.inputs),
            "memory": (memory, self.memory_width),
            "h": (h, self.hidden),
        }
        for name, (array, width) in rows.items():
            there = hasattr(array, "copy_to_host")
            fits = there and array.shape == (n, width) and array.dtype == np.float32
            if not fits or not _dense(array):
                where = "the device" if there else "the host"
                raise UsageError(
                    f"{self.name}.step: {name} is {array.dtype} {array.shape} of {where}, expected "
                    f"float32 {(n, width)} of the device, row after row; see auxon.sim.cuda"
                )
        if n > 0:
            order = groups.before, groups.first, groups.turns
            # a network without memory is given what is there
            kept = memory if self.memory_width else h
            self.kernel(groups.blocks, *order, *self._weights, x, kept, h)


def _dense(array: Any) -> bool:
    return bool(array.size == 0 or array.strides == (4 * array.shape[1], 4))


@functools.cache
def kernel(name: str, inputs: int, hidden: int) -> cuda_kernels.Made:
    """Return the kernel of a cell and its layers, which pack weights for it."""
    if name == "lstm":
        return cuda_kernels.gated(lstm.LSTM.layer, inputs, hidden, 0, hidden)
    if name == "slstm":
        return cuda_kernels.gated(slstm.SLSTM.layer, inputs, hidden, 3 * hidden, 0)
    if name == "mlp":
        return cuda_kernels.mlp(mlp.MLP.layer, inputs, mlp.width(inputs, hidden), hidden)
    length = max(1, hidden // 2)
    return cuda_kernels.fwp(fwp.FWP.program, fwp.FWP.out, inputs, length, hidden)
