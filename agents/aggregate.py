"""One number, or anything else, from all values of an attribute."""

from collections.abc import Callable
from typing import Any

import numpy as np

from auxon.sim.errors import UsageError
from auxon.sim.toml_errors import nearest

Function = Callable[..., Any]

BY_NAME: dict[str, Function] = {
    name: getattr(np, name) for name in ("max", "mean", "median", "min", "std", "sum")
}
_ON_ARRAYS: dict[Function, Function] = {max: np.max, min: np.min, sum: np.sum}
"""Python's own walk an array number by number."""


def aggregate(function: str | Function, values: Any) -> Any:
    """Return a function of values; a number as Python's own.

    Parameters
    ----------
    function : str or callable
        A name in `BY_NAME`, or anything that takes the values.
    values : array or list

    Raises
    ------
    UsageError
        No function has that name.
    """
    if isinstance(function, str):
        if function not in BY_NAME:
            raise UsageError(f"agg: no function '{function}'; {nearest(function, list(BY_NAME))}")
        function = BY_NAME[function]
    elif isinstance(values, np.ndarray) and values.dtype != object:
        function = _ON_ARRAYS.get(function, function)
    result = function(values)
    return result.item() if isinstance(result, np.generic) else result
