"""The micro-kernel that all cells share: ``y, s = maths(bias + W [a; b], s)`` for rows of robots.

A block of units' weights is read once for R robots, whose sums stay in registers over all inputs;
what the cell does with them (gates, tanh) follows in registers too, and nothing in between is
written to memory (Goto and van de Geijn 2008, doi:10.1145/1356052.1356053, for the product). numba
turns plain loops into a fifth of this speed, so an intrinsic writes the vector instructions.

A robot's sum starts from the bias and takes the inputs one by one, each by one fused multiply-add,
wherever the robot stands among the rows and however wide the registers are: the same bits alone, in
any company, on any machine, and in plain Python. R robots are always computed; where fewer are
left, the last stands in for the missing, and nothing of those is written.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic as _intrinsic
from numpy.typing import NDArray

from .lanes import F32, I64, SUMS, WIDTH, Emitted, Lanes, Operations, Plain, config, loop

Maths = Callable[[Operations, list[Lanes], list[Lanes]], tuple[list[Lanes], list[Lanes]]]
"""``maths(o, gates, states) -> (states, outputs)``"""

Decorator = Callable[[Any], Any]

intrinsic: Decorator = _intrinsic
_njit: Any = numba.njit
part: Decorator = _njit(
    nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""Compile what only kernels call, and do not cache it: a cached kernel holds its code."""

ALIGN = 64
"""Bytes: a vector of weights never lies across two lines of cache."""


class Layer:
    """Weights in, rows through.

    Parameters
    ----------
    maths : callable
        What a unit does, see `Maths`.
    gates, states, outputs : int
        Sums, states and outputs a unit has.
    wide : int
        Blocks of units computed at once: more for few gates, so that registers are used.

    Attributes
    ----------
    apply : callable
        ``apply(w, a, b, s, y)``, for kernels. ``w``: one genome's of `pack`; ``a`` (n, A) and ``b``
        (n, B): inputs, of which B may be 0; ``s`` (n, states * units): read and written; ``y``
        (n, outputs * units): written. Float32, columns side by side; rows may be anywhere.
    """

    def __init__(
        self, maths: Maths, gates: int = 1, states: int = 0, outputs: int = 1, wide: int = 1
    ) -> None:
        self.maths = maths
        self.gates = gates
        self.states = states
        self.outputs = outputs
        self.wide = wide
        shape = (maths, gates, states, outputs, wide)
        self.apply = _plain(*shape) if config.DISABLE_JIT else _compiled(*shape)

    def pack(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return weights as the kernel reads them.

        Parameters
        ----------
        weight : (G, gates * units, A + B) float32
            Gate by gate, as torch has them.
        bias : (G, gates * units) float32

        Returns
        -------
        (G, blocks, 1 + A + B, wide * gates, WIDTH) float32
            Units in blocks, the last filled up with zeros; the bias comes first.
        """
        G, rows, K = weight.shape
        units = rows // self.gates
        blocks = -(-units // (self.wide * WIDTH))
        full = np.zeros((G, 1 + K, self.gates, blocks * self.wide * WIDTH), np.float32)
        full[:, 0, :, :units] = bias.reshape(G, self.gates, units)
        full[:, 1:, :, :units] = np.moveaxis(weight.reshape(G, self.gates, units, K), 3, 1)
        full = full.reshape(G, 1 + K, self.gates, blocks, self.wide, WIDTH)
        packed = _aligned((G, blocks, 1 + K, self.wide, self.gates, WIDTH))
        packed[...] = full.transpose(0, 3, 1, 4, 2, 5)
        return packed.reshape(G, blocks, 1 + K, self.wide * self.gates, WIDTH)


def _aligned(shape: tuple[int, ...]) -> NDArray[np.float32]:
    size = int(np.prod(shape)) * 4
    room = np.empty(size + ALIGN, np.uint8)
    skip = -room.ctypes.data % ALIGN
    return room[skip : skip + size].view(np.float32).reshape(shape)


def _plain(maths: Maths, gates: int, states: int, outputs: int, wide: int) -> Any:
    """Return `Layer.apply` in NumPy."""
    o = Plain()

    def apply(w: Any, a: Any, b: Any, s: Any, y: Any) -> None:
        n, units = len(y), y.shape[1] // outputs
        z = np.broadcast_to(w[:, 0], (n, *w[:, 0].shape))
        with np.errstate(all="ignore"):  # as vector instructions do
            for k, column in enumerate((*a.T, *b.T), 1):
                z = o.fma(column[:, None, None, None], w[:, k], z)
            z = z.reshape(n, len(w), wide, gates, WIDTH)
            sums = [z[:, :, :, g].reshape(n, -1)[:, :units] for g in range(gates)]
            new, out = maths(o, sums, [s[:, units * j : units * (j + 1)] for j in range(states)])
        if new:
            s[:] = np.concatenate(new, 1)
        y[:] = np.concatenate(out, 1)

    return apply


@intrinsic
def address(_: Any, array: Any) -> Any:
    """Return where an array's data lie, as int64; the caller keeps it alive."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, value=args[0])
        return builder.ptrtoint(view.data, I64)

    return types.int64(array), write


def _compiled(maths: Maths, gates: int, states: int, outputs: int, wide: int) -> Any:
    """Return `Layer.apply` for numba."""
    rows = SUMS // (wide * gates)
    micro = _micro(maths, gates, states, outputs, wide, rows)

    def apply(w: Any, a: Any, b: Any, s: Any, y: Any) -> None:
        n, units = y.shape[0], y.shape[1] // outputs
        for block in range(w.shape[0]):
            skip = block * wide * WIDTH
            for i in range(0, n, rows):
                micro(
                    address(w) + block * w.strides[0],
                    address(a) + i * a.strides[0], a.strides[0], a.shape[1],
                    address(b) + i * b.strides[0], b.strides[0], b.shape[1],
                    address(s) + i * s.strides[0] + skip * 4, s.strides[0],
                    address(y) + i * y.strides[0] + skip * 4, y.strides[0],
                    units * 4, min(rows, n - i), units - skip,
                )  # fmt: skip

    # symbols are called after this: two kernels out of the cache, each with an `apply` of its own
    # under one name, would both run the first
    apply.__qualname__ = f"apply_{maths.__module__}_{maths.__name__}".replace(".", "_")
    return part(apply)


def _micro(maths: Maths, gates: int, states: int, outputs: int, wide: int, rows: int) -> Any:
    """Return the intrinsic for ``rows`` robots and one block of units."""
    sums = wide * gates

    def write(_: Any, builder: Any, __: Any, args: Any) -> Any:
        w, a, a_step, a_count, b, b_step, b_count, s, s_step, y, y_step, gap, live, units = args
        o = Emitted(builder, WIDTH)

        def whole(value: int) -> Any:
            return ir.Constant(I64, value)

        def at(place: Any, elements: Any = 0) -> Any:
            pointer = builder.inttoptr(place, F32.as_pointer())
            return builder.gep(pointer, [whole(elements) if elements == 0 else elements])

        lives = [builder.icmp_signed("<", whole(r), live) for r in range(rows)]

        def places(start: Any, step: Any) -> list[Any]:
            # the row of each robot, and for those missing the last there is
            found = [start]
            for alive in lives[1:]:
                found.append(builder.add(found[-1], builder.select(alive, step, whole(0))))
            return found

        def products(start: Any, step: Any, count: Any, weights: Any, total: Any) -> list[Any]:
            row = places(start, step)

            def turn(k: Any, carried: list[Any]) -> list[Any]:
                here = at(weights, builder.mul(k, whole(sums * WIDTH)))
                vectors = [o.load(builder.gep(here, [whole(i * WIDTH)])) for i in range(sums)]
                new = []
                for r in range(rows):
                    x = o.splat(builder.load(at(row[r], k)))
                    for i in range(sums):
                        new.append(o.fma(x, vectors[i], carried[r * sums + i]))
                return new

            return loop(builder, count, turn, total)

        o.align_stack()
        line = whole(sums * WIDTH * 4)
        bias = [o.load(at(builder.add(w, whole(i * WIDTH * 4)))) for i in range(sums)]
        w_a = builder.add(w, line)
        w_b = builder.add(w_a, builder.mul(line, a_count))
        z = products(a, a_step, a_count, w_a, bias * rows)
        z = products(b, b_step, b_count, w_b, z)

        s_row, y_row = places(s, s_step), places(y, y_step)
        for r in range(rows):
            for j in range(wide):
                left = builder.sub(units, whole(j * WIDTH))
                mask = o.first(builder.select(lives[r], left, whole(0)))

                def piece(row: Any, k: int, j: int = j) -> Any:
                    skip = builder.add(builder.mul(gap, whole(k)), whole(j * WIDTH * 4))
                    return at(builder.add(row, skip))

                old = [o.load_masked(piece(s_row[r], k), mask) for k in range(states)]
                first = r * sums + j * gates
                new, out = maths(o, z[first : first + gates], old)
                for k in range(states):
                    o.store_masked(new[k], piece(s_row[r], k), mask)
                for k in range(outputs):
                    o.store_masked(out[k], piece(y_row[r], k), mask)
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    @intrinsic
    def micro(
        _: Any, w: Any, a: Any, a_step: Any, a_count: Any, b: Any, b_step: Any, b_count: Any,
        s: Any, s_step: Any, y: Any, y_step: Any, gap: Any, live: Any, units: Any,
    ) -> Any:  # fmt: skip
        return types.void(*[types.int64] * 14), write

    return micro
