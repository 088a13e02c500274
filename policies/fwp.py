"""FWP: a fast-weight programmer, whose memory is a matrix that it rewrites by the delta rule.

    q, k = softmax(W_q x), softmax(W_k x);  v = W_v x;  beta = sigmoid(w_beta x)
    F += beta (v - F k) k^T;  h = tanh(W_h [F q; x])

A slow network writes what a fast one then computes: Schmidhuber 1991 (TR FKI-147-91; 1992,
doi:10.1162/neco.1992.4.1.131). That is an unnormalised linear transformer, and the delta rule lets
it overwrite: Schlag, Irie, Schmidhuber 2021, arXiv:2102.11174; softmax for q and k as Irie et al.
2021, arXiv:2106.06295. Keys and values are half as long as h, D = hidden / 2: at 32 hidden units F
has four times the numbers that an LSTM remembers.

Memory is F, the column of each key in turn. The softmax is of its argument clipped to -40..40: sums
then cannot overflow, and nobody needs to look for the greatest first.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from auxon.sim.jit import jit

from .cells import TILE, Cell, Packed, Shapes, Weights, orthogonal, tile
from .lane_maths import clip, exp, sigmoid, tanh
from .lanes import F32, I64, WIDTH, Emitted, Lanes, Operations, Plain, config, loop
from .layer import Layer, address, intrinsic, part


def _slow(o: Operations, z: list[Lanes], _: list[Lanes]) -> tuple[list[Lanes], list[Lanes]]:
    q, k = (exp(o, clip(o, z[j], -40.0, 40.0)) for j in (0, 1))
    return [], [q, k, z[2], sigmoid(o, z[3])]


def _unit(o: Operations, z: list[Lanes], _: list[Lanes]) -> tuple[list[Lanes], list[Lanes]]:
    return [], [tanh(o, z[0])]


_program = Layer(_slow, gates=4, outputs=4)
_program_apply = _program.apply
_out = Layer(_unit, wide=2)
_out_apply = _out.apply


def _plain_delta(fast: Any, y: Any, out: Any) -> None:
    """Rewrite fast weights and read them, in NumPy.

    Parameters
    ----------
    fast : (n, D * D) float32
        Key by key; overwritten.
    y : (n, 4 D) float32
        q and k, each of sum 1, v, and beta, the same in all its D places.
    out : (n, D) float32
        F q; written.
    """
    o = Plain()
    D = out.shape[1]
    q, k, v, beta = (y[:, D * j : D * (j + 1)] for j in range(4))
    F = fast.reshape(-1, D, D)
    known = np.zeros_like(v)
    for j in range(D):
        known = o.fma(F[:, j], k[:, j, None], known)
    change = o.mul(beta, o.sub(v, known))
    total = np.zeros_like(v)
    for j in range(D):
        F[:, j] = o.fma(change, k[:, j, None], F[:, j])
        total = o.fma(F[:, j], q[:, j, None], total)
    out[:] = total


@intrinsic
def _micro(_: Any, F: Any, y: Any, out: Any, D: Any, skip: Any) -> Any:
    """Do `_plain_delta` for one robot and the values from ``skip`` on, given addresses."""

    def write(_: Any, builder: Any, __: Any, args: Any) -> Any:
        F, y, out, D, skip = args
        o = Emitted(builder, WIDTH)
        F, y, out = (builder.inttoptr(p, F32.as_pointer()) for p in (F, y, out))
        mask = o.first(builder.sub(D, skip))
        q, k, v, beta = (
            builder.gep(y, [builder.mul(D, ir.Constant(I64, j))]) for j in range(4)
        )  # fmt: skip

        def scalar(place: Any, j: Any) -> Any:
            return o.splat(builder.load(builder.gep(place, [j])))

        def column(j: Any) -> Any:
            return builder.gep(F, [builder.add(builder.mul(j, D), skip)])

        def know(j: Any, carried: list[Any]) -> list[Any]:
            return [o.fma(o.load_masked(column(j), mask), scalar(k, j), carried[0])]

        known = loop(builder, D, know, [o.const(0.0)])[0]
        wanted = o.load_masked(builder.gep(v, [skip]), mask)
        change = o.mul(o.load_masked(builder.gep(beta, [skip]), mask), o.sub(wanted, known))

        def rewrite(j: Any, carried: list[Any]) -> list[Any]:
            new = o.fma(change, scalar(k, j), o.load_masked(column(j), mask))
            o.store_masked(new, column(j), mask)
            return [o.fma(new, scalar(q, j), carried[0])]

        total = loop(builder, D, rewrite, [o.const(0.0)])[0]
        o.store_masked(total, builder.gep(out, [skip]), mask)
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    return types.void(*[types.int64] * 5), write


def _compiled_delta(fast: Any, y: Any, out: Any) -> None:
    D = out.shape[1]
    for r in range(out.shape[0]):
        for skip in range(0, D, WIDTH):
            _micro(
                address(fast) + r * fast.strides[0],
                address(y) + r * y.strides[0],
                address(out) + r * out.strides[0],
                D,
                skip,
            )


_delta = _plain_delta if config.DISABLE_JIT else part(_compiled_delta)


@jit
def _kernel(
    tiles: np.ndarray, before: np.ndarray, first: np.ndarray, program: np.ndarray,
    out: np.ndarray, x: np.ndarray, memory: np.ndarray, h: np.ndarray,
) -> None:  # fmt: skip
    D = out.shape[2] - 1 - x.shape[1]
    y = np.empty((TILE, 4 * D), np.float32)
    read = np.empty((TILE, D), np.float32)
    none = y[:, :0]
    for t in tiles:
        genome, a, b = tile(t, before, first)
        _program_apply(program[genome], x[a:b], none, none, y[: b - a])
        for r in range(b - a):
            for start in (0, D):
                total = np.float32(0.0)
                for j in range(start, start + D):
                    total += y[r, j]
                for j in range(start, start + D):
                    y[r, j] /= total
        _delta(memory[a:b], y[: b - a], read[: b - a])
        _out_apply(out[genome], read[: b - a], x[a:b], none, h[a:b])


class FWP(Cell):
    """The fast-weight programmer, of one head."""

    name = "fwp"
    kernel = staticmethod(_kernel)
    program = _program
    out = _out

    def memory_width(self, hidden: int) -> int:
        """Return the numbers of F, a quarter of hidden squared."""
        return _length(hidden) ** 2

    def shapes(self, inputs: int, hidden: int) -> Shapes:
        """Return ``weight_qkv`` and ``bias_qkv`` (q, k, v, beta), ``weight_h`` and ``bias_h``."""
        D = _length(hidden)
        return {
            "weight_qkv": (3 * D + 1, inputs),
            "bias_qkv": (3 * D + 1,),
            "weight_h": (hidden, D + inputs),
            "bias_h": (hidden,),
        }

    def initial(self, inputs: int, hidden: int, rng: np.random.Generator) -> Weights:
        """Return orthogonal weights, no bias: at first half of each error is mended."""
        D = _length(hidden)
        return {
            "weight_qkv": np.concatenate(
                [orthogonal(D, inputs, rng, 3), orthogonal(1, inputs, rng)]
            ),
            "bias_qkv": np.zeros(3 * D + 1, np.float32),
            "weight_h": orthogonal(hidden, D + inputs, rng),
            "bias_h": np.zeros(hidden, np.float32),
        }

    def pack(self, weights: Weights) -> Packed:
        """Lay weights out for `step`; beta is computed once a value, so that it needs no layer."""
        _, rows, inputs = weights["weight_qkv"].shape
        every = [*range(rows - 1), *[rows - 1] * (rows // 3)]
        program = _program.pack(weights["weight_qkv"][:, every], weights["bias_qkv"][:, every])
        out = _out.pack(weights["weight_h"], weights["bias_h"])
        return Packed(inputs, weights["weight_h"].shape[1], (program, out))


def _length(hidden: int) -> int:
    return max(1, hidden // 2)
