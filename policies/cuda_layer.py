"""A layer of a network on a CUDA device: what `layer` is on the CPU, with the same bits.

A block of threads takes `ROBOTS` robots of one genome at once. What they read lies in the memory
that a block shares: the weights, and the inputs turned, a row an input, a column a robot. A thread
has R robots and `SUMS` sums of each, up to 64, all in registers. For each input it reads R numbers
and 4 weights, 16 bytes at a time, and makes 4 R fused multiply-adds: with one robot a thread it
would read a number for each of them, and wait for that. In an LSTM of 32 units the 32 threads of a
warp have the same 16 robots and a unit each, hence the four gates of that unit: what its maths
needs is in one thread, inputs come by broadcast, weights without conflict, and what the threads
read and write of a robot's memory is 128 bytes side by side. Smaller layers take fewer robots a
thread, so that no thread is idle.

A sum starts from the bias and takes the inputs one by one, each by one fused multiply-add, as on
the CPU. What a unit does with its sums is the very `Maths` of the CPU, written into the kernel by
the very `lanes.Emitted`, one robot after the other, since 64 sums leave few registers for what lies
between. Nothing comes from a library. In numba's simulator `lanes.Plain` does both.
"""

import importlib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from auxon.sim.cuda import THREADS, for_device, simulated

from .lanes import I64, Emitted, Plain
from .layer import Layer

_cuda: Any = importlib.import_module("numba.cuda")

ROBOTS = 64
"""Robots that a block takes at once."""
STRIDE = ROBOTS + 4
"""Columns of turned inputs: a multiple of 4, to be read 16 bytes at a time, yet not of 32, so that
writing a robot's inputs one below another meets few conflicts."""
TARGET = "numba.cuda.extending", "numba.cuda.types"
"""Who compiles; tests take the CPU's."""
SUMS = 4
"""Sums of a thread for each of its robots: its weights for an input are read at once."""


class Places(NamedTuple):
    """Where the results of a thread's units go, in steps of float32.

    Attributes
    ----------
    robot, unit, result : int
        From one robot to the next, one unit to the next, one state or output to the next.
    """

    robot: int
    unit: int
    result: int = 0


class CudaLayer:
    """A layer of so many inputs and units, for kernels.

    Parameters
    ----------
    layer : Layer
        Of the CPU.
    inputs, units : int
    y_to, s_to : Places
        Where outputs go, and, in a layer that has states, these with the outputs after them.

    Attributes
    ----------
    rows : int
        R, robots of a thread.
    wide : int
        Units of a thread, whose gates are its `SUMS`.
    lanes : int
        Threads that have the same robots; their first units are neighbours.
    blocks : int
        How often a thread does all that, to get through all units.
    size : int
        Float32 of weights.
    products : callable
        ``products(room, x_at, w_at, block, z)``: fill in sums, z (SUMS * R,) a local array, robots
        side by side; inputs and weights lie in `room` from `x_at` and `w_at` on.
    take : callable
        ``take(a, i, step, live, s, k)``: read a state of each of `live` robots (R at most), from
        the i-th of `a` on, `step` apart, to the k-th of s, a local array, and those after it.
    finish : callable
        ``finish(z, s, live, left, to_s, s_at, to_y, y_at)``: do the maths and write results.
        `left` counts units from the thread's first on; states go into array `to_s`, from `s_at` on,
        and outputs into `to_y`.
    """

    def __init__(
        self, layer: Layer, inputs: int, units: int, y_to: Places, s_to: Places | None = None
    ) -> None:
        self.layer, self.inputs, self.units, self.y_to = layer, inputs, units, y_to
        self.wide = SUMS // layer.gates
        # as many as keep all threads busy
        self.rows = 4
        while self.rows < 16 and self._lanes() * self.wide < units:
            self.rows *= 2
        self.lanes = self._lanes()
        self.blocks = -(-units // (self.lanes * self.wide))
        self.size = self.blocks * (1 + inputs) * self.lanes * SUMS
        self.products = self._products()
        self.take = taken(self.rows)
        self.finish = _finish(layer, self.wide, self.rows, self.lanes, s_to or y_to, y_to)

    def _lanes(self) -> int:
        return THREADS * self.rows // ROBOTS

    def pack(self, packed: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return weights as the kernel reads them.

        Parameters
        ----------
        packed : (G, blocks, 1 + inputs, wide * gates, WIDTH) float32
            As `layer.Layer.pack` returns them.

        Returns
        -------
        (G, size) float32
            Block by block the bias and the inputs, of each the lanes' `SUMS`.
        """
        G, _, K, both, width = packed.shape
        gates = self.layer.gates
        full = packed.reshape(G, -1, K, both // gates, gates, width)
        full = full.transpose(0, 2, 4, 1, 3, 5).reshape(G, K, gates, -1)[..., : self.units]
        room = np.zeros((G, K, gates, self.blocks * self.wide * self.lanes), np.float32)
        room[..., : self.units] = full
        room = room.reshape(G, K, gates, self.blocks, self.wide, self.lanes)
        return np.ascontiguousarray(room.transpose(0, 3, 1, 5, 4, 2)).reshape(G, self.size)

    def _products(self) -> Any:
        inputs, lanes, rows, line = self.inputs, self.lanes, self.rows, self.lanes * SUMS
        begin, add = _sums(rows)

        def products(room: Any, x_at: int, w_at: int, block: int, z: Any) -> None:
            t = _cuda.threadIdx.x
            x = x_at + t // lanes * rows
            w = w_at + block * (1 + inputs) * line + t % lanes * SUMS
            begin(room, w, z)
            for k in range(inputs):
                add(room, x + k * STRIDE, w + (1 + k) * line, z)

        return for_device(products)


def _sums(rows: int) -> tuple[Any, Any]:
    """Return what starts a thread's sums from the bias, and what adds one input's products."""
    if simulated():
        o = Plain()

        def plain_begin(room: Any, w: int, z: Any) -> None:
            z.reshape(SUMS, rows)[:] = room[w : w + SUMS, None]

        def plain_add(room: Any, x: int, w: int, z: Any) -> None:
            square = z.reshape(SUMS, rows)
            square[:] = o.fma(room[None, x : x + rows], room[w : w + SUMS, None], square)

        return plain_begin, plain_add

    def weights(o: Emitted, room: Any, w: Any) -> list[Any]:
        four = _load(Emitted(o.builder, SUMS), room, w, 16)
        return [o.splat(o.builder.extract_element(four, _whole(e))) for e in range(SUMS)]

    def begin(o: Emitted, room: Any, w: Any, z: Any) -> None:
        for e, bias in enumerate(weights(o, room, w)):
            _store(o, bias, z, _whole(e * rows))

    def add(o: Emitted, room: Any, x: Any, w: Any, z: Any) -> None:
        inputs = _load(o, room, x, 16)
        for e, weight in enumerate(weights(o, room, w)):
            at = _whole(e * rows)
            _store(o, o.fma(inputs, weight, _load(o, z, at)), z, at)

    return _intrinsic(begin, rows), _intrinsic(add, rows)


def taken(rows: int) -> Any:
    """Return what reads numbers of so many robots, see `CudaLayer`."""
    if simulated():

        def plain(a: Any, i: int, step: int, live: int, s: Any, k: int) -> None:
            for r in range(min(rows, live)):
                s[k + r] = a.reshape(-1)[i + r * step]

        return plain

    def take(o: Emitted, a: Any, i: Any, step: Any, live: Any, s: Any, k: Any) -> None:
        b = o.builder
        for r in range(rows):
            with b.if_then(b.icmp_signed("<", _whole(r), live)):
                value = b.load(b.gep(a, [b.add(i, b.mul(step, _whole(r)))]))
                b.store(value, b.gep(s, [b.add(k, _whole(r))]))

    return _intrinsic(take, 1)


def _finish(layer: Layer, wide: int, rows: int, lanes: int, s_to: Places, y_to: Places) -> Any:
    """Return what does a layer's maths for a thread's units and robots; see `CudaLayer`."""
    gates, states = layer.gates, layer.states

    def results(count: int, to: Places, j: int, r: int) -> list[int]:
        return [r * to.robot + j * lanes * to.unit + k * to.result for k in range(count)]

    if simulated():

        def plain(
            z: Any, s: Any, live: int, left: int, to_s: Any, s_at: int, to_y: Any, y_at: int
        ) -> None:
            for j in range(wide):
                rest = range(min(rows, live) if j * lanes < left else 0)
                sums, old = (
                    [a[(j * n + k) * rows : (j * n + k + 1) * rows] for k in range(n)]
                    for a, n in ((z, gates), (s, states))
                )
                with np.errstate(all="ignore"):
                    new, out = layer.maths(Plain(), sums, old)
                new = new and new + out
                for made, a, at, to in ((new, to_s, s_at, s_to), (out, to_y, y_at, y_to)):
                    for r in rest:
                        for value, place in zip(made, results(len(made), to, j, r), strict=True):
                            a.reshape(-1)[at + place] = value[r]

        return plain

    def finish(
        o: Emitted, z: Any, s: Any, live: Any, left: Any, to_s: Any, s_at: Any, to_y: Any, y_at: Any
    ) -> None:
        b = o.builder
        for r in range(rows):
            for j in range(wide):
                there = b.and_(
                    b.icmp_signed("<", _whole(r), live), b.icmp_signed("<", _whole(j * lanes), left)
                )
                # one robot after the other: what is between sums and results takes registers, too
                with b.if_then(there):
                    sums, old = (
                        [_load(o, a, _whole((j * n + k) * rows + r)) for k in range(n)]
                        for a, n in ((z, gates), (s, states))
                    )
                    new, out = layer.maths(o, sums, old)
                    new = new and new + out
                    for made, a, at, to in ((new, to_s, s_at, s_to), (out, to_y, y_at, y_to)):
                        for value, place in zip(made, results(len(made), to, j, r), strict=True):
                            _store(o, value, a, b.add(at, _whole(place)))

    return _intrinsic(finish, 1)


def _intrinsic(write: Callable[..., None], width: int) -> Any:
    """Return a function for kernels, which ``write(o, *args)`` writes into them.

    Parameters
    ----------
    write : callable
        Gets the addresses of arrays of float32, and whole numbers.
    width : int
        Lanes of `o`.
    """
    extending, types = (importlib.import_module(name) for name in TARGET)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = []
        for kind, value in zip(signature.args, args, strict=True):
            if isinstance(kind, types.Array):
                value = context.make_array(kind)(context, builder, value=value).data
            found.append(value)
        write(Emitted(builder, width), *found)
        return context.get_dummy_value()

    def typed(*args: Any) -> Any:
        kinds = [kind if isinstance(kind, types.Array) else types.int64 for kind in args]
        return types.void(*kinds), code

    # numba counts the arguments that it sees
    counts: dict[int, Callable[..., Any]] = {
        3: lambda _, a, b, c: typed(a, b, c),
        4: lambda _, a, b, c, d: typed(a, b, c, d),
        6: lambda _, a, b, c, d, e, f: typed(a, b, c, d, e, f),
        8: lambda _, a, b, c, d, e, f, g, h: typed(a, b, c, d, e, f, g, h),
    }
    return extending.intrinsic(counts[len(inspect.signature(write).parameters) - 1])


def _whole(value: int) -> Any:
    return ir.Constant(I64, value)


def _load(o: Emitted, array: Any, at: Any, align: int = 4) -> Any:
    value = o.load(o.builder.gep(array, [at]))
    value.align = align
    return value


def _store(o: Emitted, value: Any, array: Any, at: Any) -> None:
    place = o.builder.bitcast(o.builder.gep(array, [at]), value.type.as_pointer())
    o.builder.store(value, place).align = 4
