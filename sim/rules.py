"""Scalar rules, true of one robot, one task, one stock: plain Python, numba and CUDA."""

import numpy as np

from .jit import jit

FRACTION_BITS = 24
"""Weibull quantiles are fixed-point with this many bits after the point."""
SERIAL_BITS = 32
SPECIES_BITS = 12


@jit
def muldiv(a: int, b: int, c: int) -> int:
    """Return floor(a * b / c) exactly, for 0 <= a, b and 0 < c with a result below 2**50.

    The product may pass 2**63: the quotient is guessed in floating point, and the remainder, which
    is small, is right even in wrapping 64-bit arithmetic and mends the guess.
    """
    a, b, c = int(a), int(b), int(c)
    q = int(float(a) * float(b) / float(c))
    r = int(a * b - q * c)
    while r < 0:
        q -= 1
        r += c
    while r >= c:
        q += 1
        r -= c
    return q


@jit
def robot_id(site: int, species: int, serial: int) -> int:
    """Return the id of the `serial`-th robot of a species born at a site.

    No counter is shared between sites or species, so neither shards nor one robot more renumber
    anybody.
    """
    return (((int(site) << SPECIES_BITS) | int(species)) << SERIAL_BITS) | int(serial)


@jit
def serial_of(robot: int) -> int:
    """Return a robot's serial number within its site of birth and species."""
    return robot & 0xFFFFFFFF


@jit
def quantile(table: np.ndarray, word: int) -> int:
    """Return a draw of a unit Weibull lifetime in fixed point.

    Parameters
    ----------
    table : (2, 33, 17) int64
        `auxon.sim.weibull.quantiles`: lifetime at survival 2**-(z+2) * (1 + m/16) and at one minus
        that.
    word : int
        32 random bits: the survival probability (word + 1/2) / 2**32.

    Returns
    -------
    int
        Lifetime times 2**24, linear between corners 1/16 octave apart: within 0.03 % of the exact
        one for shapes of 1 and more, 0.2 % for 0.45.
    """
    half = word >> 31
    x = (word & 0x7FFFFFFF) if half == 0 else 0x7FFFFFFF - (word & 0x7FFFFFFF)
    x = 2 * int(x) + 1  # odd, below 2**32: probability x / 2**33 of the nearer tail
    z = 0
    while x < 0x80000000:
        x <<= 1
        z += 1
    m = (x >> 27) & 15
    rest = x & 0x7FFFFFF
    low = int(table[half, z, m])
    high = int(table[half, z, m + 1])
    return low + (((high - low) * rest) >> 27)


@jit
def life_seconds(table: np.ndarray, scale_s: int, word: int) -> int:
    """Return after how many seconds of use a robot fails: at least one."""
    return max(1, muldiv(quantile(table, word), scale_s, 1 << FRACTION_BITS))
