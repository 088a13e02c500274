"""Weibull lifetimes as tables of whole numbers, the same on every machine.

A lifetime is ``scale * (-ln S)**(1/shape)`` for a uniform survival probability S. The library's
``log`` and ``pow`` may differ in the last bit between machines, so the table is computed once with
correctly rounded decimal arithmetic, and draws interpolate in integers
(`auxon.sim.rules.quantile`).
"""

import functools
import math
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from .rules import FRACTION_BITS

OCTAVES = 33
CELLS = 16


@functools.lru_cache
def quantiles(shape: float) -> NDArray[np.int64]:
    """Return unit-scale lifetimes at the corners of the cells.

    Parameters
    ----------
    shape : float
        Weibull shape k, dimensionless.

    Returns
    -------
    (2, 33, 17) int64
        ``[0, z, m]``: lifetime where the survival is 2**-(z+2) * (1 + m/16), so at most 1/2;
        ``[1, z, m]``: where the failure probability is that; fixed point, 24 bits after the point.
    """
    table = np.empty((2, OCTAVES, CELLS + 1), np.int64)
    with localcontext() as context:
        context.prec = 24
        power = 1 / Decimal(shape)
        for z in range(OCTAVES):
            for m in range(CELLS + 1):
                p = Decimal(CELLS + m) / CELLS / Decimal(2) ** (z + 2)
                for half, survival in enumerate((p, 1 - p)):
                    hazard = -survival.ln()
                    table[half, z, m] = int((hazard.ln() * power).exp() * (1 << FRACTION_BITS))
    table.flags.writeable = False
    return table


def scale_seconds(mtbf_h: float, shape: float) -> int:
    """Return the Weibull scale in seconds with mean `mtbf_h`: mean / Gamma(1 + 1/shape)."""
    return max(1, round(mtbf_h * 3600 / math.gamma(1 + 1 / shape)))
