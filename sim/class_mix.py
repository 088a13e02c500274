"""How many bodies are of which class, by distance from the Sun and size, and a draw from that.

Counted among the 10,000 brightest bodies of the main belt, those with a class in Mahlke et al. 2022
(doi:10.1051/0004-6361/202243587), each standing for all of its zone and magnitude, above 12 km,
where dark bodies are seen as well as bright ones. Below 20 km rare classes are smoothed, K and V
raised for the families of Eos and Vesta; the mix of 12 to 20 km is held for smaller ones. As in
DeMeo and Carry 2013 (doi:10.1016/j.icarus.2013.06.027), C and P together are the most, then S.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .body_class import LETTERS, column

ZONES_AU = (2.065, 2.502, 2.824, 3.279)
"""Resonances 4:1, 3:1, 5:2 and 2:1 with Jupiter: edges of the inner, middle and outer belt."""

BEYOND: Mapping[str, float] = {"P": 50, "D": 30, "C": 20}
"""Per cent outside 2:1. Assumed: no S was found among Hildas and Trojans (DeMeo and Carry 2013)."""

MIX: Mapping[float, tuple[Mapping[str, float], ...]] = {
    600: ({"C": 100}, {"C": 100}, {"C": 100}, {"C": 100}),
    300: ({"V": 100}, {"B": 100}, {"C": 67, "B": 33}, BEYOND),
    50: (
        {"C": 39, "S": 44, "M": 8.5, "P": 3.5, "V": 1.5, "E": 1.7, "L": 1.8},
        {"C": 48, "S": 20, "P": 13, "M": 10, "D": 2.4, "A": 2, "B": 2, "L": 1.6, "K": 0.5}
        | {"E": 0.5},
        {"C": 54, "P": 25.6, "S": 8.9, "M": 5.3, "D": 3.4, "K": 1.5, "B": 0.9, "L": 0.4},
        BEYOND,
    ),
    20: (
        {"C": 38.3, "S": 30.2, "P": 12.8, "M": 8.7, "B": 4.9, "D": 2.7, "K": 1.3, "L": 1.1},
        {"C": 39.7, "S": 25.1, "P": 21.1, "M": 10.2, "D": 1.3, "L": 1.3, "A": 0.6, "K": 0.4}
        | {"E": 0.3},
        {"C": 52, "P": 22.6, "S": 10.6, "M": 7.5, "D": 2.7, "K": 2.1, "A": 1, "B": 0.9, "L": 0.6},
        BEYOND,
    ),
    0: (
        {"C": 39, "S": 33, "P": 9, "V": 6, "M": 5, "B": 3, "D": 2, "A": 1, "K": 0.8, "L": 0.8}
        | {"E": 0.4},
        {"C": 57, "S": 17.5, "P": 17, "M": 4.5, "L": 1.6, "D": 0.7, "A": 0.6, "B": 0.5, "K": 0.4}
        | {"V": 0.2},
        {"C": 53.5, "P": 27.3, "S": 6, "D": 2.8, "B": 2.5, "M": 2.5, "K": 4, "A": 0.7}
        | {"L": 0.6, "V": 0.1},
        BEYOND,
    ),
}
"""Per cent of the bodies by least diameter in km, then by zone: inner, middle, outer, beyond. Above
300 km there are six: Ceres; Vesta, Pallas, and Hygiea, Interamnia and Europa."""

_BLOCK = 65_536
"""Bodies drawn at a time: a row of shares for each takes memory."""

LEAST = 1e-4
"""Share every class has at least, so that one with the albedo of a body can be found."""


def mixes() -> NDArray[np.float64]:
    """Return the shares by size group, zone and class code, (5, 4, 11), adding up to 1."""
    table = [[[mix.get(x, 0.0) for x in LETTERS] for mix in zones] for zones in MIX.values()]
    shares = np.array(table) / 100 + LEAST
    return np.asarray(shares / shares.sum(axis=2, keepdims=True), np.float64)


def zone(a_au: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 0 inside 3:1, 1 inside 5:2, 2 inside 2:1, 3 beyond, (n,) int64."""
    return np.searchsorted(ZONES_AU[1:], a_au, side="right").astype(np.int64)


def draw_class(
    a_au: NDArray[np.float64],
    size: NDArray[np.int8],
    albedo: NDArray[np.float64],
    u: NDArray[np.float64],
    same_size: bool,
) -> NDArray[np.int8]:
    """Draw a class for each body.

    Only + - * / and comparisons decide, so that every machine draws the same.

    Parameters
    ----------
    a_au : (n,) float64
        Semi-major axis.
    size : (n,) int8
        Place in `MIX`: 0 from 600 km on, 1 from 300, 2 from 50, 3 from 20, 4 below.
    albedo : (n,) float64
        Geometric; rules out the classes that are never so dark or bright. NaN rules out none.
    u : (n,) float64
        Uniform in [0, 1).
    same_size : bool
        The mix of bodies of one size; False: of bodies of one absolute magnitude, where bright
        classes are more frequent by their albedo, as smaller ones are seen (numbers fall with the
        square of the diameter).

    Returns
    -------
    (n,) int8
        Class codes.
    """
    table, dark, bright = mixes(), column("dark"), column("bright")
    seen_more = np.ones(len(dark)) if same_size else column("albedo")
    codes = np.empty(len(a_au), np.int8)
    for start in range(0, len(a_au), _BLOCK):
        rows = slice(start, start + _BLOCK)
        shares, seen = table[size[rows], zone(a_au[rows])], albedo[rows, None]
        fits = (seen >= dark) & (seen < bright)
        weight = np.where(np.isnan(seen), seen_more, fits)
        upto = np.cumsum(shares * weight, axis=1)
        codes[rows] = np.argmax(upto > (u[rows] * upto[:, -1])[:, None], axis=1)
    return codes
