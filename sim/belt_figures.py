"""What the main belt is like, in figures: sizes, distances, eccentricities, inclinations, families.

Distances and shapes of orbits were counted among its 10,000 brightest bodies (absolute magnitude up
to 13.52; osculating elements of JPL at JD 2461000.5), between 2.12 and 3.20 AU.
"""

from typing import NamedTuple

import numpy as np


def _table(text: str) -> tuple[float, ...]:
    return tuple(float(number) for number in text.split())


SIZES: tuple[tuple[float, float], ...] = (
    (1000, 0.1),
    (900, 1),
    (600, 1.001),
    (500, 3),
    (300, 6),
    (200, 20),
    (100, 180),
    (75, 309),
    (50, 544),
    (30, 1000),
    (20, 1850),
    (10, 7300),
    (5, 38_000),
    (3, 130_000),
    (1, 1_360_000),
    (0.5, 4_500_000),
)
"""Diameter in km, and how many bodies are larger. Down to 20 km counted (measured diameters, else
from H and albedo); 1 km: Bottke et al. 2005, doi:10.1016/j.icarus.2004.10.026; between, chosen so
that the number brighter than H 13.5 comes out (5 km: 40,000 to 90,000 are published); 0.5 km: the
slope -1.7 of Bottke et al., from memory. Straight lines between them, in logarithms; none lies
between 600 and 900 km."""

A_EDGES_AU = np.linspace(2.12, 3.20, 109)
"""Edges of the bins of `A_COUNTS`."""

A_COUNTS = _table(
    """
    1 0 1 2 5 21 24 44 32 39 80 80 90 60 36 31 21 30 14 33 29 39 49 58 54 69 53 56 52 59 57 47 47
    48 34 28 19 0 0 9 26 64 96 111 115 138 156 162 159 135 122 110 112 120 137 154 115 97 60 51 60
    88 105 89 118 116 135 119 72 28 5 42 59 93 78 76 81 77 76 71 54 58 36 9 37 62 143 260 240 245
    195 123 158 155 159 78 118 148 183 212 206 205 287 278 322 297 240 213
    """
)
"""Bodies by semi-major axis: the gaps at 2.50, 2.82 and 2.96 AU, and the families, are in it."""

ZONE_SHARES = ((0, 100, 0), (20, 20, 60), (10.7, 33.8, 55.5), (6.9, 25.1, 68.0), (7.5, 27.5, 65.0))
"""Per cent of the bodies in the inner, middle and outer belt, by the sizes of
`auxon.sim.class_mix.MIX`: from 600 km on, from 300, from 50, from 20, below.
Counted with classes as in `auxon.sim.class_mix`; below 20 km so that the zones of the 10,000
brightest come out."""

SHARES = (0, 0.01, 0.025, *(k / 20 for k in range(1, 20)), 0.975, 0.99, 1)
"""Shares of the bodies that lie below the quantiles."""

E_QUANTILES = (
    _table(
        """
        0.0058 0.0272 0.0406 0.0536 0.0708 0.0849 0.0948 0.1039 0.1132 0.124 0.1319 0.1387 0.1481
        0.1551 0.1641 0.1718 0.1805 0.1918 0.2002 0.2112 0.2267 0.2486 0.2644 0.2809 0.3008
        """
    ),
    _table(
        """
        0.0034 0.0207 0.0356 0.0481 0.0672 0.0822 0.0965 0.1066 0.1151 0.1235 0.1316 0.1393 0.1479
        0.1565 0.1639 0.1719 0.1793 0.1877 0.1981 0.2124 0.2349 0.2675 0.2936 0.3178 0.3944
        """
    ),
    _table(
        """
        0.0009 0.0123 0.0207 0.031 0.0446 0.0547 0.0637 0.072 0.0793 0.0869 0.0944 0.1015 0.1087
        0.1155 0.1248 0.1353 0.1469 0.1591 0.1713 0.185 0.2043 0.2357 0.2624 0.298 0.387
        """
    ),
)
"""Eccentricity at `SHARES`, by zone."""

SIN_I_QUANTILES = (
    _table(
        """
        0.0013 0.0168 0.0264 0.0334 0.0456 0.0556 0.0636 0.0706 0.0768 0.0832 0.0884 0.0936 0.0995
        0.1051 0.1117 0.1202 0.1298 0.1426 0.1681 0.2039 0.357 0.4019 0.4205 0.4329 0.5163
        """
    ),
    _table(
        """
        0.0052 0.0304 0.0455 0.059 0.0819 0.1029 0.1211 0.1364 0.1498 0.1625 0.1768 0.1925 0.2065
        0.2138 0.2205 0.228 0.2355 0.2417 0.2473 0.2567 0.2704 0.311 0.3947 0.5154 0.7277
        """
    ),
    _table(
        """
        0.0009 0.0097 0.0164 0.0224 0.0345 0.0443 0.055 0.084 0.1184 0.1472 0.158 0.1669 0.1754
        0.1835 0.1906 0.1989 0.2118 0.2321 0.2544 0.2753 0.3017 0.3584 0.3925 0.4262 0.6618
        """
    ),
)
"""Sine of the inclination at `SHARES`, by zone."""

CATALOGUED = (119_000, 131_000, 134_000)
"""Bodies among which Nesvorny, Broz and Carruba 2015 looked for families, 384,337 in all, by zone;
how they fall to the zones is from memory (MU)."""


class Family(NamedTuple):
    """A family: fragments of one body, on like orbits and of one class."""

    name: str
    members: int
    letter: str
    a_au: float
    a_half_width: float
    e: float
    sin_i: float


FAMILIES = (
    Family("Flora", 13_786, "S", 2.230, 0.10, 0.140, 0.080),
    Family("Vesta", 15_252, "V", 2.362, 0.11, 0.100, 0.115),
    Family("Massalia", 6_424, "S", 2.409, 0.06, 0.162, 0.025),
    Family("Polana", 19_073, "C", 2.400, 0.09, 0.180, 0.045),
    Family("Erigone", 1_776, "C", 2.370, 0.06, 0.210, 0.087),
    Family("Eunomia", 5_670, "S", 2.630, 0.10, 0.149, 0.226),
    Family("Maria", 2_940, "S", 2.580, 0.07, 0.100, 0.260),
    Family("Adeona", 2_236, "C", 2.665, 0.05, 0.167, 0.200),
    Family("Gefion", 2_547, "S", 2.774, 0.04, 0.129, 0.158),
    Family("Agnia", 2_125, "S", 2.770, 0.05, 0.066, 0.062),
    Family("Hoffmeister", 1_819, "C", 2.787, 0.03, 0.047, 0.078),
    Family("Koronis", 5_949, "S", 2.890, 0.06, 0.045, 0.037),
    Family("Eos", 9_789, "K", 3.020, 0.09, 0.077, 0.173),
    Family("Hygiea", 4_854, "C", 3.140, 0.07, 0.136, 0.089),
    Family("Themis", 4_782, "C", 3.130, 0.07, 0.153, 0.019),
    Family("Veritas", 1_294, "C", 3.170, 0.02, 0.066, 0.159),
)
"""Large families of Nesvorny, Broz and Carruba 2015 (doi:10.2458/azu_uapress_9780816532131-ch016):
members in their catalogue, usual class, centre in proper elements, half width of a triangle in
semi-major axis; figures from memory (MH; Polana with Nysa)."""

FAMILY_E_HALF_WIDTH = 0.04
FAMILY_SIN_I_HALF_WIDTH = 0.015
"""Half widths of a family's triangles in e and sin i: fragments, and the difference between proper
and osculating elements; assumed."""
