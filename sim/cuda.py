"""The one place that says how rules run on a CUDA device: the very functions the CPU runs.

A kernel here is a rule for one row, and each thread takes a row:

    @by_row
    def double(row: int, x: F64, out: F64) -> None:
        out[row] = twice(x[row])

    double(len(x), to_device(x), out)

What it calls are the scalar rules of the other modules (`simd.inlined`, `simd.rows`, `jit.jit`);
numba-cuda compiles them anew for the device. The same bits as on the CPU come from what those rules
promise already, + - * / and square roots in a stated order, and from one thing more: NVVM fuses
multiply and add (x y + z with one rounding) unless told otherwise, so here it is told. PTX then
says ``mul.rn``, ``add.rn``, which its assembler may not fuse, and every kernel is looked at before
its results are used. An optimiser at link time sees no PTX and does fuse: there is none here. Two
more things that rules for both must do without: a library's functions but the square root, and
``min`` and ``max`` where one side may be no number, since the device takes the other side.

Only modules for the device import this one: numba-cuda and a driver are needed by nobody else. With
``NUMBA_ENABLE_CUDASIM=1 NUMBA_DISABLE_JIT=1`` kernels run as plain Python in numba's simulator,
which needs neither.
"""

import functools
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from .errors import UsageError

if not hasattr(np, "row_stack"):  # numba-cuda 0.30 asks for what NumPy 2.5 dropped
    setattr(np, "row_stack", np.vstack)  # noqa: B010  (as an assignment ruff forbids the name)
_cuda: Any = importlib.import_module("numba.cuda")
"""Untyped; for the simulator, which puts another in its place, it must have a name here."""
_config: Any = numba.config

THREADS = 128
"""Threads a block."""
_Columns = TypeVar("_Columns")


def simulated() -> bool:
    """Return whether kernels run in numba's simulator."""
    return bool(_config.ENABLE_CUDASIM)


@functools.cache
def check() -> None:
    """See that there is a device, and have everything compiled for it from now on unfused.

    Raises
    ------
    UsageError
        What is missing.
    """
    if simulated():
        if not _config.DISABLE_JIT:
            raise UsageError(
                "NUMBA_ENABLE_CUDASIM is set and NUMBA_DISABLE_JIT is not; expected both, since "
                "the simulator runs plain Python; set both to 1"
            )
        return
    if importlib.util.find_spec("numba_cuda") is None:
        raise UsageError(
            "CUDA is asked for and numba-cuda is not installed; expected it and an NVIDIA GPU; "
            "install auxon[gpu], or let the CPU do it"
        )
    if not _cuda.is_available():
        reason = " ".join(str(_cuda.cuda_error() or "no CUDA libraries").split()).rstrip(".")
        raise UsageError(
            f"CUDA is asked for and there is no device: {reason}; expected an NVIDIA GPU and its "
            "driver; mend that, or let the CPU do it"
        )
    leave_unfused()
    # a small belt makes a small grid, which is nothing to warn of
    _cuda.dispatcher.config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
    # PTX shows what the linker was given, not what it made of that: look at a result, too
    x, left = _cuda.to_device(np.array([1 + 2.0**-30])), _cuda.to_device(np.ones(1))
    Kernel(_rounding)._compiled[1, THREADS](1, (x, 1 + 2.0**-29, left))
    if left.copy_to_host()[0] != 0.0:
        raise _fuses()


def _rounding(row: int, x: Any, square: float, out: Any) -> None:
    """Leave 0 where the square of 1 + 2^-30 is rounded to 1 + 2^-29, and 2^-60 where it is not."""
    out[row] = x[row] * x[row] - square


@functools.cache
def leave_unfused() -> None:
    """Have NVVM keep multiply and add apart, in all that this process compiles.

    numba-cuda has no switch for it (NVIDIA/numba-cuda issue 118), so its compiler is wrapped.
    """
    nvvm: Any = importlib.import_module("numba.cuda.cudadrv.nvvm")
    compile_ir = nvvm.compile_ir
    nvvm.compile_ir = lambda ir, **options: compile_ir(ir, **{"fma": False, **options})


def fused(ptx: str) -> bool:
    """Return whether PTX rounds once where the CPU rounds twice, or lets its assembler do so.

    What is rounded once on purpose is float32 (see `auxon.policies.lanes`), and does not count.
    """
    unsaid = (f"{name}.{kind}" in ptx for name in ("mul", "add", "sub") for kind in ("f32", "f64"))
    return "fma.rn.f64" in ptx or any(unsaid)


def _fuses() -> UsageError:
    return UsageError(
        f"numba-cuda {importlib.metadata.version('numba-cuda')} fuses multiply and add "
        "though told not to; expected the bits of the CPU; install auxon[gpu]"
    )


class _Compiled:
    """A rule made a kernel, compiled when it is first called, and then looked at."""

    def __init__(self, rule: Callable[..., None]) -> None:
        functools.update_wrapper(self, rule)  # type: ignore[arg-type]
        self.rule = rule
        self._looked_at = 0

    def thread(self) -> Callable[..., None]:
        """Return what one thread does, for numba to compile."""
        return self.rule

    def _launch(self, configuration: tuple[Any, ...], *args: Any) -> None:
        self._compiled[configuration](*args)
        if not simulated() and len(self._compiled.overloads) > self._looked_at:
            self._looked_at = len(self._compiled.overloads)
            if any(map(fused, self._compiled.inspect_asm().values())):
                raise _fuses()

    @functools.cached_property
    def _compiled(self) -> Any:
        # optimised at link time it would be compiled by the linker, who was not told; `jit` of
        # numba-cuda 0.30 loses this option where it makes a decorator
        options = {} if simulated() else {"lto": False}
        return _cuda.jit(self.thread(), **options)


class Kernel(_Compiled):
    """A rule for one row, made a kernel.

    Parameters
    ----------
    rule : callable
        ``rule(row, *args)``, plain Python; no row may touch another's.
    """

    def __call__(self, count: int, *args: Any) -> None:
        """Run rows 0 to `count` - 1, without waiting for them to end.

        Parameters
        ----------
        count : int
        *args
            Numbers, arrays of the device, named tuples of them.
        """
        check()
        if count > 0:
            self._launch((-(-count // THREADS), THREADS), count, args)

    def thread(self) -> Callable[[int, Any], None]:
        """Return what one thread does; those beyond the last row do nothing."""
        rule = _cuda.jit(device=True)(self.rule)

        def row_or_none(count: int, args: Any) -> None:
            row = _cuda.grid(1)
            if row < count:
                rule(row, *args)

        return row_or_none


class BlockKernel(_Compiled):
    """A rule for the threads of a block, who share memory, made a kernel.

    Parameters
    ----------
    rule : callable
        ``rule(*args)``, plain Python: what one of `THREADS` threads does. It calls `numba.cuda`
        under a name of its module, and what `for_device` made.
    shared : int
        Bytes that a block shares, ``shared.array(0, dtype)`` in the rule.
    """

    def __init__(self, rule: Callable[..., None], shared: int) -> None:
        super().__init__(rule)
        self.shared = shared
        self._told = False

    def __call__(self, blocks: int, *args: Any) -> None:
        """Run so many blocks, without waiting for them to end.

        Parameters
        ----------
        blocks : int
        *args
            Numbers and arrays of the device, of the same types at every call.

        Raises
        ------
        UsageError
            No block of the device shares so much.
        """
        check()
        if blocks > 0:
            if not (self._told or simulated()):
                self._share(tuple(map(self._compiled.typeof_pyval, args)))
            self._launch((blocks, THREADS, 0, self.shared), *args)

    def _share(self, signature: Any) -> None:
        """Have the driver give what is asked for: over 48 KB it must be told, numba-cuda does not.

        See the driver's ``cuKernelSetAttribute``.
        """
        most = _cuda.get_current_device().MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
        if self.shared > most:
            raise UsageError(
                f"kernel {self.rule.__name__} shares {self.shared} bytes in a block; expected at "
                f"most {most}, which is what the device has; let the CPU do it"
            )
        function = self._compiled.compile(signature)._codelibrary.get_cufunc()
        of: Any = importlib.import_module("numba.cuda.cudadrv.driver")
        attribute = of.binding.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        of.driver.cuKernelSetAttribute(attribute, self.shared, function.handle, function.device.id)
        function.set_shared_memory_carveout(100)  # of the first cache: as much as can be shared
        self._told = True


def by_row(rule: Callable[..., None]) -> Kernel:
    """Make a rule for one row a kernel; see `Kernel`."""
    return Kernel(rule)


def for_device(function: Callable[..., Any]) -> Any:
    """Make a function one that kernels call, and that becomes a part of them."""
    return _cuda.jit(device=True, **({} if simulated() else {"forceinline": True}))(function)


def to_device(columns: _Columns) -> _Columns:
    """Return an array, or a named tuple of arrays, on the device; what is there already, stays."""
    if isinstance(columns, tuple):
        return type(columns)(*map(to_device, columns))
    if hasattr(columns, "copy_to_host"):
        return columns
    check()
    moved: _Columns = _cuda.to_device(columns)
    return moved


def empty(shape: int | tuple[int, ...], dtype: Any = np.float64) -> Any:
    """Return a new array on the device, with anything in it."""
    check()
    return _cuda.device_array(shape, dtype)


def to_host(array: Any) -> NDArray[Any]:
    """Return a copy of an array of the device, when all it was given to do before is done."""
    copy: NDArray[Any] = array.copy_to_host()
    return copy


def wait() -> None:
    """Wait until the device has done all that it was given."""
    _cuda.synchronize()


def device_name() -> str:
    """Return what the device calls itself."""
    check()
    name = "numba's simulator" if simulated() else _cuda.get_current_device().name
    return name.decode() if isinstance(name, bytes) else str(name)
