"""The one place that says how rules are compiled.

Kernels are cached beside their source, release the interpreter lock and follow IEEE arithmetic (no
``fastmath``: a digest may not depend on the compiler's mood). The thread layer is ``workqueue``: on
a busy machine ``omp`` was seen to stall 10-300 ms a step. With ``NUMBA_DISABLE_JIT=1`` every kernel
is plain Python.
"""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")
import numba

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = {"cache": True, "nogil": True, "no_cfunc_wrapper": True, "error_model": "numpy"}

SERIAL_BELOW = 300_000
"""Robots of one site under which one thread is faster than several."""
SITES_APART = 512
"""Sites under which one thread is faster than several: handing out work costs up to a millisecond,
a kernel some microseconds a site."""
PARTS = 2
"""Parts for each thread: sites differ, and who is done first takes the next."""


def jit(function: _F) -> _F:
    """Compile a rule or a serial loop over rows."""
    return _compile(function, {})


def inner(function: _F) -> _F:
    """Compile a part that only kernels call: no door for Python, half the time to compile.

    It is copied into its callers and counts no references. Counting them for a hundred arrays of
    state cost more at each call than most parts compute. So it allocates nothing (numba refuses it:
    the kernel makes the scratch) and returns no array.
    """
    return _compile(function, {"no_cpython_wrapper": True, "forceinline": True, "_nrt": False})


def _compile(function: _F, options: dict[str, Any]) -> _F:
    options = {**_OPTIONS, **options}
    return cast(_F, functools.wraps(function)(numba.njit(**options)(function)))


def spread(
    kernel: Callable[..., Any], sites: NDArray[np.int64], *args: Any, apart: int = SITES_APART
) -> None:
    """Call ``kernel(sites, *args)``; where there are many sites, in parts, by several threads.

    Parameters
    ----------
    kernel : callable
        Compiled. What it does at one site does not depend on another, so neither the parts nor
        their order can matter.
    sites : (n,) int64
        Or robots, or whatever the kernel goes through.
    apart : int
        So many are many.
    """
    count = threads()
    if count == 1 or len(sites) < apart:
        kernel(sites, *args)
        return
    parts = np.array_split(sites, PARTS * count)
    # a list: what one part raises, this raises
    list(_pool(count).map(lambda part: kernel(part, *args), parts))


@functools.lru_cache(1)
def _pool(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, "auxon-sites")


def _available() -> int:
    return int(getattr(numba.config, "NUMBA_NUM_THREADS"))  # noqa: B009 (made at import, unknown to mypy)


def threads(count: int | None = None) -> int:
    """Set how many threads kernels use (None leaves it) and return the number in force."""
    if count is not None:
        numba.set_num_threads(max(1, min(count, _available())))
    return int(numba.get_num_threads())
