"""A belt made up from the figures of the real one: as many bodies as wanted, the same every time.

The k-th body is the k-th largest: one body for each whole number of the cumulative size
distribution. A belt of a thousand is therefore the beginning of a belt of a million. Class, zone
and family are decided by + - * / and comparisons of Philox words, alike on every machine. Sizes,
inclinations and albedos pass through logarithms and roots of the mathematics library, whose last
bit may differ: make a belt once, and let runs read its file.

Left out: Hungarias, Cybeles, Hildas and all else outside 2.12 to 3.20 AU; rotation; that nodes and
perihelia cluster a little.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .belt import Belt
from .belt_figures import (
    A_COUNTS,
    A_EDGES_AU,
    CATALOGUED,
    E_QUANTILES,
    FAMILIES,
    FAMILY_E_HALF_WIDTH,
    FAMILY_SIN_I_HALF_WIDTH,
    SHARES,
    SIN_I_QUANTILES,
    SIZES,
    ZONE_SHARES,
)
from .body_class import CLASSES, LETTERS, column
from .body_facts import sphere_kg
from .class_mix import MIX, draw_class, mixes, zone
from .errors import UsageError

EPOCH_JD_TDB = 2461000.5
"""Epoch of the elements: 21 November 2025."""

MOST = int(SIZES[-1][1])
"""Bodies at most: those above the smallest diameter of `SIZES`."""

F64 = NDArray[np.float64]


def synthetic(n: int, seed: int = 1) -> Belt:
    """Make the n largest bodies of a belt.

    Parameters
    ----------
    n : int
        1 to `MOST`; a million goes down to 1.2 km.
    seed : int
        At least 0, below 2**64.

    Returns
    -------
    Belt
        ``syn-0000001`` and so on, largest first; nothing in it is measured.

    Raises
    ------
    UsageError
        A number of bodies or a seed out of range.
    """
    if not 1 <= n <= MOST:
        raise UsageError(f"n: found {n:,}; expected 1 to {MOST:,}, those above 0.5 km; change it")
    if not 0 <= seed < 2**64:
        raise UsageError(f"seed: found {seed}; expected a number from 0 to 2^64 - 1; change it")

    rank = np.arange(n) + _uniform(seed, "size", n)
    knots = np.log(np.array(SIZES))
    diameter = np.exp(np.interp(np.log(np.maximum(rank, SIZES[0][1])), knots[:, 1], knots[:, 0]))
    counts = {km: count for km, count in SIZES if km in MIX}
    size = np.searchsorted([counts[km] for km in MIX if km], rank, side="right").astype(np.int8)

    a_au = _distances(size, _uniform(seed, "zone", n), _uniform(seed, "a", n))
    code = draw_class(a_au, size, np.full(n, np.nan), _uniform(seed, "class", n), same_size=True)
    family = _families(a_au, size, code, _uniform(seed, "family", n))
    e, sin_i = _shapes(seed, zone(a_au), family)

    spread = np.exp(column("albedo_spread")[code] * ndtri(_uniform(seed, "albedo", n) + 2.0**-54))
    albedo = np.clip(
        column("albedo")[code] * spread,
        np.maximum(column("dark"), 0.02)[code],
        np.minimum(column("bright"), 1.0)[code],
    )
    rocks = tuple(dict.fromkeys(c.composition for c in CLASSES))
    rock_of_class = np.array([rocks.index(c.composition) for c in CLASSES], np.int16)
    return Belt(
        name=np.array([f"syn-{k:07d}" for k in range(1, n + 1)], np.object_),
        number=np.zeros(n, np.int32),
        a_au=a_au,
        e=e,
        i_deg=np.degrees(np.arcsin(sin_i)),
        node_deg=360 * _uniform(seed, "node", n),
        peri_deg=360 * _uniform(seed, "peri", n),
        M_deg=360 * _uniform(seed, "M", n),
        epoch_jd_tdb=np.full(n, EPOCH_JD_TDB),
        H_mag=5 * np.log10(1329 / (diameter * np.sqrt(albedo))),
        albedo=albedo,
        diameter_km=diameter,
        mass_kg=sphere_kg(diameter, column("density_kg_m3")[code]),
        rotation_h=np.full(n, np.nan),
        taxonomy=code,
        composition=rock_of_class[code],
        measured=np.zeros(n, np.uint8),
        compositions=rocks,
    )


_STREAMS = (
    *("size", "zone", "a", "class", "family", "albedo", "node", "peri", "M"),
    *("e", "sin_i", "e again", "sin_i again"),
)


def _uniform(seed: int, stream: str, n: int) -> F64:
    """Return n numbers in [0, 1), multiples of 2^-53: raw words of numpy's Philox, keyed.

    numpy promises the raw words of a bit generator to stay the same (NEP 19), its distributions
    not.
    """
    key = np.array([seed, _STREAMS.index(stream)], np.uint64)
    words = np.random.Philox(key=key).random_raw(n) >> np.uint64(11)
    return words.astype(np.float64) * 2.0**-53


def _distances(size: NDArray[np.int8], u_zone: F64, u: F64) -> F64:
    """Draw semi-major axes: the zone by size, then the place within it as counted, AU."""
    upto = np.cumsum(np.array(ZONE_SHARES), axis=1) / 100
    where = np.minimum(np.sum(u_zone[:, None] >= upto[size], axis=1), 2)
    bins = zone((A_EDGES_AU[:-1] + A_EDGES_AU[1:]) / 2)
    a_au = np.empty(len(u))
    for k in range(3):
        here = np.flatnonzero(bins == k)
        heights = np.cumsum([0.0, *np.array(A_COUNTS, float)[here]])
        edges = A_EDGES_AU[here[0] : here[-1] + 2]
        rows = where == k
        a_au[rows] = np.interp(u[rows] * heights[-1], heights, edges)
    return a_au


def _families(
    a_au: F64, size: NDArray[np.int8], code: NDArray[np.int8], u: F64
) -> NDArray[np.int64]:
    """Draw the family of each body below 50 km, -1 for none.

    Of the bodies of its class at its distance so many are of a family as make up its share of its
    zone, nine tenths of them at most.
    """
    shares = np.array(ZONE_SHARES)[-1] / 100
    counts = np.array(A_COUNTS, float)
    bins = zone((A_EDGES_AU[:-1] + A_EDGES_AU[1:]) / 2)
    in_zone = np.array([counts[bins == k].sum() for k in range(3)])
    width = A_EDGES_AU[1] - A_EDGES_AU[0]
    density = shares[bins] * counts / in_zone[bins] / width
    place = np.clip(np.searchsorted(A_EDGES_AU, a_au, side="right") - 1, 0, len(counts) - 1)
    of_class = density[place] * mixes()[-1][zone(a_au), code]

    upto = np.zeros(len(a_au))
    family = np.full(len(a_au), -1)
    wanted = u * np.maximum(of_class, 1e-300)
    for k, f in enumerate(FAMILIES):
        near = np.maximum(0.0, 1 - np.abs(a_au - f.a_au) / f.a_half_width) / f.a_half_width
        home = zone(np.array([f.a_au]))[0]
        near *= shares[home] * f.members / CATALOGUED[home]
        here = np.where(code == LETTERS.index(f.letter), near, 0.0)
        here = np.minimum(here, np.maximum(0.9 * of_class - upto, 0.0))
        family[(wanted >= upto) & (wanted < upto + here) & (size == len(MIX) - 1)] = k
        upto += here
    return family


def _shapes(seed: int, zones: NDArray[np.int64], family: NDArray[np.int64]) -> tuple[F64, F64]:
    """Draw eccentricities and sines of inclination: of the zone, or about those of the family."""
    drawn = []
    for stream, quantiles, centre, half_width in (
        ("e", E_QUANTILES, [f.e for f in FAMILIES], FAMILY_E_HALF_WIDTH),
        ("sin_i", SIN_I_QUANTILES, [f.sin_i for f in FAMILIES], FAMILY_SIN_I_HALF_WIDTH),
    ):
        u, again = (_uniform(seed, name, len(zones)) for name in (stream, f"{stream} again"))
        values = np.empty(len(zones))
        for k in range(3):
            rows = zones == k
            values[rows] = np.interp(u[rows], SHARES, quantiles[k])
        about = np.array([*centre, 0.0])[family] + half_width * (u + again - 1)
        drawn.append(np.where(family >= 0, np.abs(about), values))
    return drawn[0], drawn[1]
