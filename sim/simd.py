"""How rules for long rows are compiled: scalar parts that merge into one loop, which becomes SIMD.

A scalar rule marked `inlined` is copied into the loop that calls it. Only so can the compiler turn
the loop into vector instructions: with calls in it the same loop ran 8 times slower. Four things
keep a loop from becoming SIMD, and rules here avoid them: branches (a choice between two values
that are both at hand is none), inner loops, functions of a library, slices of 2-D arrays. Division
follows IEEE: nothing raises, so callers keep divisors from zero. As everywhere there is no
``fastmath``, and no multiply-add is fused: the same bits with or without vectors.

numba's cache watches the file of a loop, not those of the rules copied into it: after changing a
rule remove ``sim/__pycache__/*.nb*``.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from . import jit  # noqa: F401  (names the thread layer)

_F = TypeVar("_F", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def inlined(function: _F) -> _F:
    """Compile a scalar rule without branches or loops; kernels that call it get a copy."""
    return cast(_F, numba.njit(inline="always", **_OPTIONS)(function))


def rows(function: _F) -> _F:
    """Compile a loop over rows, or a scalar rule with branches that such loops call."""
    return cast(_F, numba.njit(**_OPTIONS)(function))


def parallel_rows(function: _F) -> _F:
    """Compile a loop (`numba.prange`) over blocks of rows; no block may touch another's."""
    return cast(_F, numba.njit(parallel=True, **_OPTIONS)(function))
