"""The one place that says how rules are compiled.

Kernels are cached beside their source, release the interpreter lock and follow IEEE arithmetic (no
``fastmath``: a digest may not depend on the compiler's mood). The thread layer is ``workqueue``: on
a busy machine ``omp`` was seen to stall 10-300 ms a step. With ``NUMBA_DISABLE_JIT=1`` every kernel
is plain Python.
"""

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")
import numba

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}

SERIAL_BELOW = 300_000
"""Robots under which one thread is faster than several."""


def jit(function: _F) -> _F:
    """Compile a rule or a serial loop over rows."""
    return _compile(function, {})


def inner(function: _F) -> _F:
    """Compile a part that only kernels call: no door for Python, half the time to compile."""
    return _compile(function, {"no_cpython_wrapper": True})


def _compile(function: _F, options: dict[str, Any]) -> _F:
    options = {**_OPTIONS, **options}
    return cast(_F, functools.wraps(function)(numba.njit(**options)(function)))


def _available() -> int:
    return int(getattr(numba.config, "NUMBA_NUM_THREADS"))  # noqa: B009 (made at import, unknown to mypy)


def threads(count: int | None = None) -> int:
    """Set how many threads kernels use (None leaves it) and return the number in force."""
    if count is not None:
        numba.set_num_threads(max(1, min(count, _available())))
    return int(numba.get_num_threads())
