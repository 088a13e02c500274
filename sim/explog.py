"""Exponential, logarithm, power with + - * / and powers of two: the same bits on every machine.

A library's may differ in the last bit between machines.
"""

import numpy as np

from .simd import rows

_LN2_HIGH = 0.6931471803691238
"""33 bits of ln 2: its product with a whole number below 2**20 is exact."""
_LN2_LOW = 1.9082149292705877e-10
_EXP_MAX = 709.0


@rows
def exp_less_1(x: float) -> float:
    """Return e^x - 1 for x >= 0, to some 3e-16 of itself; infinity above 709.

    x = n ln 2 + r with |r| at most half of ln 2; e^r - 1 is its Taylor series.
    """
    if x > _EXP_MAX:
        return float("inf")
    n = int(x / (_LN2_HIGH + _LN2_LOW) + 0.5)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    total = 0.0
    for k in range(15, 0, -1):
        total = r / k * (1.0 + total)
    power = 1.0
    for _ in range(n):
        power *= 2.0
    return power * total + (power - 1.0)


@rows
def log(x: float) -> float:
    """Return the natural logarithm of x >= 1, within 3e-16 of itself or of 0.01.

    x = 2^k m with m in (3/4, 3/2]; ln m = 2 (t + t^3/3 + t^5/5 ...) with t = (m - 1) / (m + 1).
    """
    k = 0
    while x > 1.5:
        x *= 0.5
        k += 1
    t = (x - 1.0) / (x + 1.0)
    z = t * t
    total = 0.0
    for n in range(25, 1, -2):
        total = z * (1.0 / n + total)
    return k * _LN2_HIGH + (k * _LN2_LOW + 2.0 * t * (1.0 + total))


@rows
def power(x: float, exponent: float) -> float:
    """Return x^exponent for x >= 0 and an exponent above 0, to some 1e-13 of itself.

    A half and a quarter are square roots, which are exact to the last bit. All else is
    e^(exponent ln x), by way of 1/x below 1.
    """
    if exponent == 0.5:
        return float(np.sqrt(x))
    if exponent == 0.25:
        return float(np.sqrt(np.sqrt(x)))
    if x <= 0.0:
        return 0.0
    if x < 1.0:
        return 1.0 / (1.0 + exp_less_1(exponent * log(1.0 / x)))
    return 1.0 + exp_less_1(exponent * log(x))
