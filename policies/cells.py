"""What learned policies think with: one step of a small network, for all robots at once.

>>> cell = make("lstm")
>>> weights = cell.initial(inputs=28, hidden=32, rng=np.random.default_rng(0))
>>> packed = cell.pack({name: w[None] for name, w in weights.items()})  # one genome
>>> x = np.zeros((5, 28), np.float32)
>>> memory = np.zeros((5, cell.memory_width(32)), np.float32)
>>> h = np.empty((5, 32), np.float32)
>>> cell.step(packed, [0, 5], x, memory, h)

A cell maps each robot's inputs x and memory to h, from which a policy's heads read, and to its next
memory. Weights are named float32 arrays; `pack` takes them with a leading axis of genomes. Memory
of zeros is that of a newborn, for every cell. A robot's result has the same bits alone or in any
company, on one thread or many, and with ``NUMBA_DISABLE_JIT=1``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from auxon.sim.errors import UsageError
from auxon.sim.jit import inner, jit, spread

Shapes = dict[str, tuple[int, ...]]
Weights = dict[str, NDArray[np.float32]]

TILE = 96
"""Robots computed together: what they read and write stays in the second cache."""
TILES_APART = 48
"""Tiles under which one thread is faster than several."""
CELLS = {"fwp": "FWP", "lstm": "LSTM", "mlp": "MLP", "slstm": "SLSTM"}


class Packed(NamedTuple):
    """Weights of all genomes as a kernel reads them.

    Attributes
    ----------
    inputs, hidden : int
    layers : tuple of (G, ...) float32 arrays
    """

    inputs: int
    hidden: int
    layers: tuple[NDArray[np.float32], ...]


class Cell(ABC):
    """A kind of network.

    Attributes
    ----------
    name : str
    kernel : callable
        Compiled: ``kernel(tiles, before, first, *layers, x, memory, h)``, see `tile`.
    """

    name: ClassVar[str]
    kernel: ClassVar[Callable[..., Any]]

    @abstractmethod
    def memory_width(self, hidden: int) -> int:
        """Return how many float32 a robot remembers."""

    @abstractmethod
    def shapes(self, inputs: int, hidden: int) -> Shapes:
        """Return the name and shape of each array of weights of one genome."""

    @abstractmethod
    def initial(self, inputs: int, hidden: int, rng: np.random.Generator) -> Weights:
        """Return weights to start learning from, of one genome.

        They pass through LAPACK: their last bits are the machine's.
        """

    @abstractmethod
    def pack(self, weights: Weights) -> Packed:
        """Return weights laid out for `step`.

        Parameters
        ----------
        weights : dict of (G, ...) float32
            The arrays of `shapes`, stacked over genomes.
        """

    def step(
        self, packed: Packed, first: Sequence[int] | NDArray[np.int64], x: NDArray[np.float32],
        memory: NDArray[np.float32], h: NDArray[np.float32],
    ) -> None:  # fmt: skip
        """Take one step.

        Parameters
        ----------
        packed : Packed
            Of G genomes.
        first : (G + 1,) int64
            Robots ``first[g]`` to ``first[g + 1]`` have genome g; the last is n.
        x : (n, inputs) float32
        memory : (n, memory_width(hidden)) float32
            Read, and overwritten with what is remembered next.
        h : (n, hidden) float32
            Written.

        Raises
        ------
        UsageError
            An array does not fit: kernels write where they are told.
        """
        n = len(x)
        rows = {
            "x": (x, packed.inputs),
            "memory": (memory, self.memory_width(packed.hidden)),
            "h": (h, packed.hidden),
        }
        for name, (array, width) in rows.items():
            fits = array.shape == (n, width) and array.dtype == np.float32
            if not fits or not array.flags.carray:
                found = f"{array.dtype} {array.shape}"
                raise UsageError(
                    f"{self.name}.step: {name} is {found}, expected float32 {(n, width)}, "
                    "writable, row after row; see numpy.ascontiguousarray"
                )
        first = np.ascontiguousarray(first, np.int64)
        genomes = len(packed.layers[0])
        before = np.zeros(genomes + 1, np.int64)
        if len(first) != genomes + 1 or not _count_tiles(first, n, before):
            raise UsageError(
                f"{self.name}.step: first is {first}, expected {genomes + 1} numbers that rise "
                f"from 0 to {n}: where each genome's robots begin, and the end"
            )
        tiles = np.arange(before[-1])
        args = (before, first, *packed.layers, x, memory, h)
        spread(self.kernel, tiles, *args, apart=TILES_APART)


@jit
def _count_tiles(first: np.ndarray, n: int, before: np.ndarray) -> bool:
    """Count the tiles before each genome; say whether first rises from 0 to n."""
    fits = first[0] == 0 and first[-1] == n
    for g in range(len(first) - 1):
        size = first[g + 1] - first[g]
        fits = fits and size >= 0
        before[g + 1] = before[g] + (size + TILE - 1) // TILE
    return bool(fits)


@inner
def tile(t: int, before: np.ndarray, first: np.ndarray) -> tuple[int, int, int]:
    """Return the genome of tile t, its first robot and the end of its robots.

    Parameters
    ----------
    before : (G + 1,) int64
        Tiles of the genomes before each.
    first : (G + 1,) int64
        As in `Cell.step`.
    """
    low, high = 0, len(before) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if before[middle] <= t:
            low = middle
        else:
            high = middle
    start = first[low] + (t - before[low]) * TILE
    return low, start, min(start + TILE, first[low + 1])


def orthogonal(
    rows: int, columns: int, rng: np.random.Generator, blocks: int = 1
) -> NDArray[np.float32]:
    """Return blocks of orthonormal rows or columns, whichever are fewer, one below another.

    Saxe, McClelland, Ganguli 2014, arXiv:1312.6120.

    Returns
    -------
    (blocks * rows, columns) float32
    """
    made = []
    for _ in range(blocks):
        tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # else the signs are LAPACK's choice
        made.append(q if rows >= columns else q.T)
    return np.concatenate(made).astype(np.float32)


def make(name: str) -> Cell:
    """Return the cell of a name of `CELLS`.

    Raises
    ------
    UsageError
        No cell has that name.
    """
    if name not in CELLS:
        raise UsageError(f"cell '{name}' is not known; there are {', '.join(CELLS)}.")
    made: Cell = getattr(import_module(f"auxon.policies.{name}"), CELLS[name])()
    return made
