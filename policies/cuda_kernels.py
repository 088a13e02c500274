"""The kernels of `cuda_cells`: what a thread does in one step of each cell; see `cuda_layer`.

Each takes ``(before, first, turns, *weights, x, memory, h)``; a block has up to `turns` times
`ROBOTS` robots of one genome, and reads its weights once for all of them. What is shared begins at
a multiple of 16 bytes, as reading by fours wants it, since it is all that a block shares.
"""

import importlib
from typing import Any

import numba
import numpy as np

from auxon.sim.cuda import THREADS, BlockKernel, for_device, simulated

from .cuda_layer import ROBOTS, STRIDE, SUMS, CudaLayer, Places, taken
from .lanes import Plain
from .layer import Layer

_cuda: Any = importlib.import_module("numba.cuda")
F32: Any = numba.float32
ZERO = np.float32(0.0)
Made = tuple[BlockKernel, tuple[CudaLayer, ...]]
"""A kernel and its layers."""
WARP = 32
WARPS = THREADS // WARP
AT_ONCE = ROBOTS // WARPS


def _robots(before: Any, first: Any, turns: int) -> tuple[int, int, int]:
    """Return the genome of a block, its first robot and the end of its robots."""
    block = _cuda.blockIdx.x
    low, high = 0, before.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if before[middle] <= block:
            low = middle
        else:
            high = middle
    start = first[low] + (block - before[low]) * turns * ROBOTS
    end = start + turns * ROBOTS
    return low, start, end if end < first[low + 1] else first[low + 1]


def _copy(size: int) -> Any:
    """Return what brings so many weights of a genome.

    Here and in `_turned` a thread asks for `AT_ONCE` numbers before it waits for the first.
    """

    def copy(source: Any, genome: int, room: Any, at: int) -> None:
        few = _cuda.local.array(AT_ONCE, F32)
        for start in range(_cuda.threadIdx.x, size, AT_ONCE * THREADS):
            for i in range(AT_ONCE):
                few[i] = source[genome, min(start + i * THREADS, size - 1)]
            for i in range(AT_ONCE):
                room[at + min(start + i * THREADS, size - 1)] = few[i]

    return for_device(copy)


def _turned(columns: int, first: int, width: int) -> Any:
    """Return what brings some columns of robots, a row of `columns` each, and turns them.

    For robots missing it brings anything.
    """
    take = taken(AT_ONCE)

    def turned(source: Any, start: int, live: int, room: Any, at: int) -> None:
        few = _cuda.local.array(AT_ONCE, F32)
        warp = _cuda.threadIdx.x // WARP
        count = (live - warp + WARPS - 1) // WARPS
        for k in range(_cuda.threadIdx.x % WARP, width, WARP):
            take(source, (start + warp) * columns + first + k, WARPS * columns, count, few, 0)
            for i in range(AT_ONCE):
                room[at + k * STRIDE + warp + i * WARPS] = few[i]

    return for_device(turned)


def gated(layer: Layer, inputs: int, hidden: int, h_at: int, s_at: int) -> Made:
    """Return the kernel of an LSTM whose memory has h and the states from these columns on.

    h is next to the states, so it is written as if it were one more.
    """
    states, X, H = layer.states, inputs, hidden
    M, apart = (states + 1) * H, (h_at - s_at) // states
    on = CudaLayer(layer, X + H, H, Places(H, 1), Places(M, 1, apart))
    size, blocks, P, R = on.size, on.blocks, on.lanes, on.rows
    products, take, finish = on.products, on.take, on.finish
    of_z, of_s = SUMS * R, states * R
    robots, copy = for_device(_robots), _copy(size)
    turn_x, turn_h = _turned(X, 0, X), _turned(M, h_at, H)

    def step(before: Any, first: Any, turns: int, w: Any, x: Any, memory: Any, h: Any) -> None:
        room = _cuda.shared.array(0, F32)
        z, s = _cuda.local.array(of_z, F32), _cuda.local.array(of_s, F32)
        genome, begin, end = robots(before, first, turns)
        copy(w, genome, room, 0)
        mine = _cuda.threadIdx.x // P * R
        for start in range(begin, end, ROBOTS):
            live = min(ROBOTS, end - start)
            turn_x(x, start, live, room, size)
            turn_h(memory, start, live, room, size + X * STRIDE)
            _cuda.syncthreads()
            for block in range(blocks):
                products(room, size, 0, block, z)
                unit = block * P + _cuda.threadIdx.x % P
                at = (start + mine) * M + s_at + unit
                count = live - mine if unit < H else 0
                for k in range(states):
                    take(memory, at + k * apart, M, count, s, k * R)
                y_at = (start + mine) * H + unit
                finish(z, s, live - mine, H - unit, memory, at, h, y_at)
            _cuda.syncthreads()  # before what is shared is written anew

    step.__name__ = layer.maths.__module__.rpartition(".")[2]
    return BlockKernel(step, 4 * (size + (X + H) * STRIDE)), (on,)


def _fma(a: Any, b: Any, c: Any) -> Any:
    return _cuda.fma(a, b, c)


def _dense(on: CudaLayer) -> Any:
    """Return what computes a layer without states for the robots of a block."""
    blocks, P, R, wide, units = on.blocks, on.lanes, on.rows, on.wide, on.units
    products, finish = on.products, on.finish
    of_z, robot, unit_step = SUMS * R, on.y_to.robot, on.y_to.unit

    def dense(room: Any, x_at: int, w_at: int, live: int, y: Any, y_at: int) -> None:
        z = _cuda.local.array(of_z, F32)
        mine = _cuda.threadIdx.x // P * R
        for block in range(blocks):
            products(room, x_at, w_at, block, z)
            unit = block * wide * P + _cuda.threadIdx.x % P
            at = y_at + mine * robot + unit * unit_step
            finish(z, z, live - mine, units - unit, y, 0, y, at)

    return for_device(dense)


def mlp(layer: Layer, inputs: int, middle: int, hidden: int) -> Made:
    """Return the kernel of two layers."""
    X, H = inputs, hidden
    on = CudaLayer(layer, X, middle, Places(1, STRIDE)), CudaLayer(layer, middle, H, Places(H, 1))
    size_1, size_2 = (o.size for o in on)
    x_at, y_at = size_1 + size_2, size_1 + size_2 + X * STRIDE
    lower, upper = map(_dense, on)
    robots, copy_1, copy_2 = for_device(_robots), _copy(size_1), _copy(size_2)
    turn_x = _turned(X, 0, X)

    def step(
        before: Any, first: Any, turns: int, w_1: Any, w_2: Any, x: Any, memory: Any, h: Any
    ) -> None:
        room = _cuda.shared.array(0, F32)
        genome, begin, end = robots(before, first, turns)
        copy_1(w_1, genome, room, 0)
        copy_2(w_2, genome, room, size_1)
        for start in range(begin, end, ROBOTS):
            live = min(ROBOTS, end - start)
            turn_x(x, start, live, room, x_at)
            _cuda.syncthreads()
            lower(room, x_at, 0, live, room, y_at)
            _cuda.syncthreads()
            upper(room, y_at, size_1, live, h, start * H)
            # the next turn overwrites x, which nobody reads now, and waits before it writes y

    step.__name__ = "mlp"
    return BlockKernel(step, 4 * (y_at + middle * STRIDE)), on


def fwp(program: Layer, out: Layer, inputs: int, length: int, hidden: int) -> Made:
    """Return the kernel of a fast-weight programmer of so long keys."""
    X, D, H = inputs, length, hidden
    on = (
        CudaLayer(program, X, D, Places(1, STRIDE, D * STRIDE)),
        CudaLayer(out, D + X, H, Places(H, 1)),
    )
    size_1, size_2 = (o.size for o in on)
    read_at = size_1 + size_2
    x_at, q_at = read_at + D * STRIDE, read_at + (D + X) * STRIDE
    k_at, v_at, beta_at = (q_at + j * D * STRIDE for j in (1, 2, 3))
    slow, fast = map(_dense, on)
    fma = Plain().fma if simulated() else for_device(_fma)
    robots, copy_1, copy_2 = for_device(_robots), _copy(size_1), _copy(size_2)
    turn_x = _turned(X, 0, X)

    def step(
        before: Any, first: Any, turns: int, w_1: Any, w_2: Any, x: Any, memory: Any, h: Any
    ) -> None:
        room = _cuda.shared.array(0, F32)
        F = _cuda.local.array(D, F32)
        genome, begin, end = robots(before, first, turns)
        copy_1(w_1, genome, room, 0)
        copy_2(w_2, genome, room, size_1)
        for start in range(begin, end, ROBOTS):
            live = min(ROBOTS, end - start)
            _cuda.syncthreads()
            turn_x(x, start, live, room, x_at)
            _cuda.syncthreads()
            slow(room, x_at, 0, live, room, q_at)
            _cuda.syncthreads()
            # half of the threads see to q, half to k, a robot each
            for i in range(_cuda.threadIdx.x, 2 * ROBOTS, THREADS):
                at = q_at + i // ROBOTS * D * STRIDE + i % ROBOTS
                if i % ROBOTS < live:
                    total = ZERO
                    for j in range(D):
                        total += room[at + j * STRIDE]
                    for j in range(D):
                        room[at + j * STRIDE] /= total
            _cuda.syncthreads()
            for i in range(_cuda.threadIdx.x, live * D, THREADS):
                robot, value = i // D, i % D
                row = start + robot
                known = ZERO
                for j in range(D):
                    F[j] = memory[row, j * D + value]
                    known = fma(F[j], room[k_at + j * STRIDE + robot], known)
                at = value * STRIDE + robot
                change = room[beta_at + at] * (room[v_at + at] - known)
                total = ZERO
                for j in range(D):
                    new = fma(change, room[k_at + j * STRIDE + robot], F[j])
                    memory[row, j * D + value] = new
                    total = fma(new, room[q_at + j * STRIDE + robot], total)
                room[read_at + at] = total
            _cuda.syncthreads()
            fast(room, read_at, size_1, live, h, start * H)

    step.__name__ = "fwp"
    return BlockKernel(step, 4 * (q_at + 4 * D * STRIDE)), on
