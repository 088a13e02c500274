"""Float32 arithmetic on many lanes, twice: as LLVM instructions and as NumPy arrays.

The mathematics of a cell is written once, over these operations, and gives the same bits either
way: only + - * /, fused multiply-add, choices and whole powers of two, each rounded as IEEE 754
says. `Emitted` writes vector instructions into a kernel that numba compiles; `Plain` computes at
once, for ``NUMBA_DISABLE_JIT=1`` and for tests.

NumPy has no fused multiply-add. `Plain.fma` adds in float64, where a product of two float32 is
exact, and rounds that sum to odd, so that rounding it again to float32 cannot go wrong (Boldo and
Melquiond 2008, doi:10.1109/TC.2007.70819).
"""
# ruff: noqa: D102  (what an operation does is said once, in `Operations`)

from collections.abc import Callable
from typing import Any, Protocol

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, codegen

Lanes = Any
"""A value of all lanes: an LLVM vector or an array."""

config: Any = numba.config  # made at import, unknown to mypy
_host_features: Any = codegen.get_host_cpu_features
_function: Any = cgutils.get_or_insert_function
_slot: Any = cgutils.alloca_once

F32 = ir.FloatType()
I32 = ir.IntType(32)
I64 = ir.IntType(64)


def _width() -> tuple[int, int]:
    """Return the lanes of a vector register here, and how many registers may hold sums."""
    features = (config.CPU_FEATURES or _host_features()).split(",")
    if "+avx512f" in features:
        return 16, 24  # of 32 registers
    if "+neon" in features:
        return 4, 24
    return 8, 12  # of 16


WIDTH, SUMS = (16, 24) if config.DISABLE_JIT else _width()


class Operations(Protocol):
    """What the mathematics of cells is written with."""

    def const(self, value: float) -> Lanes:
        """Return a number for every lane."""

    def add(self, a: Lanes, b: Lanes) -> Lanes:
        """Return a + b."""

    def sub(self, a: Lanes, b: Lanes) -> Lanes:
        """Return a - b."""

    def mul(self, a: Lanes, b: Lanes) -> Lanes:
        """Return a b."""

    def div(self, a: Lanes, b: Lanes) -> Lanes:
        """Return a / b."""

    def fma(self, a: Lanes, b: Lanes, c: Lanes) -> Lanes:
        """Return a b + c, rounded once."""

    def where_less(self, a: Lanes, b: Lanes, yes: Lanes, no: Lanes) -> Lanes:
        """Return yes where a < b, else no; no where either is not a number."""

    def times_2_to(self, a: Lanes, n: Lanes) -> Lanes:
        """Return a 2^n; n holds whole numbers in -126..127."""


class Plain:
    """The operations on arrays of float32."""

    def const(self, value: float) -> Lanes:
        return np.float32(value)

    def add(self, a: Lanes, b: Lanes) -> Lanes:
        return a + b

    def sub(self, a: Lanes, b: Lanes) -> Lanes:
        return a - b

    def mul(self, a: Lanes, b: Lanes) -> Lanes:
        return a * b

    def div(self, a: Lanes, b: Lanes) -> Lanes:
        return a / b

    def fma(self, a: Lanes, b: Lanes, c: Lanes) -> Lanes:
        product = np.multiply(a, b, dtype=np.float64)
        total = product + c
        part = total - product
        lost = (product - (total - part)) + (np.float64(c) - part)
        even = total.view(np.int64) & 1 == 0
        away = np.nextafter(total, np.where(lost > 0, np.inf, -np.inf))
        nudge = even & (lost != 0) & np.isfinite(lost)
        return np.where(nudge, away, total).astype(np.float32)

    def where_less(self, a: Lanes, b: Lanes, yes: Lanes, no: Lanes) -> Lanes:
        return np.where(a < b, yes, no)

    def times_2_to(self, a: Lanes, n: Lanes) -> Lanes:
        return np.ldexp(a, n.astype(np.int32))


class Emitted:
    """The operations as vector instructions, of ``width`` lanes, written where ``builder`` is."""

    def __init__(self, builder: ir.IRBuilder, width: int) -> None:
        self.builder = builder
        self.width = width
        self.type = ir.VectorType(F32, width)
        self._whole = ir.VectorType(I32, width)
        self._mask = ir.VectorType(ir.IntType(1), width)

    def const(self, value: float) -> Lanes:
        return ir.Constant(self.type, [float(np.float32(value))] * self.width)

    def add(self, a: Lanes, b: Lanes) -> Lanes:
        return self.builder.fadd(a, b)

    def sub(self, a: Lanes, b: Lanes) -> Lanes:
        return self.builder.fsub(a, b)

    def mul(self, a: Lanes, b: Lanes) -> Lanes:
        return self.builder.fmul(a, b)

    def div(self, a: Lanes, b: Lanes) -> Lanes:
        return self.builder.fdiv(a, b)

    def fma(self, a: Lanes, b: Lanes, c: Lanes) -> Lanes:
        return self._call(f"llvm.fma.v{self.width}f32", self.type, a, b, c)

    def where_less(self, a: Lanes, b: Lanes, yes: Lanes, no: Lanes) -> Lanes:
        return self.builder.select(self.builder.fcmp_ordered("<", a, b), yes, no)

    def times_2_to(self, a: Lanes, n: Lanes) -> Lanes:
        bits = self.builder.add(self.builder.fptosi(n, self._whole), self._every(127))
        return self.mul(a, self.builder.bitcast(self.builder.shl(bits, self._every(23)), self.type))

    def splat(self, scalar: Any) -> Lanes:
        """Return a scalar for every lane."""
        return self._splat(scalar, self.type)

    def first(self, count: Any) -> Any:
        """Return the mask of the first ``count`` (int64) lanes."""
        b = self.builder
        ordinal = ir.Constant(self._whole, list(range(self.width)))
        return b.icmp_signed("<", ordinal, self._splat(b.trunc(count, I32), self._whole))

    def load(self, address: Any) -> Lanes:
        """Return all lanes from an address, a pointer to float32."""
        value = self.builder.load(self.builder.bitcast(address, self.type.as_pointer()))
        value.align = 4
        return value

    def load_masked(self, address: Any, mask: Any) -> Lanes:
        """Return the lanes of a mask, 0 in others; nothing outside is touched."""
        place = self.builder.bitcast(address, self.type.as_pointer())
        name = f"llvm.masked.load.v{self.width}f32.p0"
        align = ir.Constant(I32, 4)
        return self._call(name, self.type, place, align, mask, self.const(0.0))

    def store_masked(self, value: Lanes, address: Any, mask: Any) -> None:
        """Write the lanes of a mask."""
        place = self.builder.bitcast(address, self.type.as_pointer())
        name = f"llvm.masked.store.v{self.width}f32.p0"
        self._call(name, ir.VoidType(), value, place, ir.Constant(I32, 4), mask)

    def align_stack(self) -> None:
        """Let the function's stack begin at a multiple of 64 bytes.

        LLVM knows how many registers it spills only when it is too late to align for them; then
        every spilled vector lies across two lines of cache. A slot of the stack that seems to be
        looked at asks for it in time.
        """
        slot = _slot(self.builder, self.type)
        slot.align = 64
        look = ir.FunctionType(ir.VoidType(), [slot.type])
        self.builder.asm(look, "", "r", [slot], True)

    def _every(self, whole: int) -> Any:
        return ir.Constant(self._whole, [whole] * self.width)

    def _splat(self, scalar: Any, kind: Any) -> Any:
        none = ir.Constant(kind, ir.Undefined)
        one = self.builder.insert_element(none, scalar, ir.Constant(I32, 0))
        return self.builder.shuffle_vector(one, none, ir.Constant(self._whole, [0] * self.width))

    def _call(self, name: str, result: Any, *args: Any) -> Any:
        kind = ir.FunctionType(result, [a.type for a in args])
        function = _function(self.builder.module, kind, name)
        return self.builder.call(function, args)


def loop(builder: ir.IRBuilder, count: Any, body: Callable[[Any, list[Any]], list[Any]],
         start: list[Any]) -> list[Any]:  # fmt: skip
    """Write a loop over i < count that carries values in registers.

    Parameters
    ----------
    builder : IRBuilder
    count : int64 value
    body : callable
        ``body(i, carried) -> carried`` writes one turn.
    start : list of values
        What is carried into the first turn.

    Returns
    -------
    list of values
        What the last turn carried, or ``start`` without turns.
    """
    before = builder.block
    head, turn, after = (builder.append_basic_block(name) for name in ("head", "turn", "after"))
    builder.branch(head)
    builder.position_at_end(head)
    i = builder.phi(I64)
    i.add_incoming(ir.Constant(I64, 0), before)
    carried = []
    for value in start:
        phi = builder.phi(value.type)
        phi.add_incoming(value, before)
        carried.append(phi)
    builder.cbranch(builder.icmp_signed("<", i, count), turn, after)
    builder.position_at_end(turn)
    new = body(i, carried)
    i.add_incoming(builder.add(i, ir.Constant(I64, 1)), builder.block)
    for phi, value in zip(carried, new, strict=True):
        phi.add_incoming(value, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return carried
