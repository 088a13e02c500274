"""Broad taxonomic classes: what rock, how dense, how bright, and which front end digs it.

Densities and albedos are means of a class, good to a third for one body. Classes of the systems of
Tholen, Bus, Bus and DeMeo, and Mahlke and others are read as one of eleven broad ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .library import SHIPPED
from .toml_errors import read

MAX_CLAIM_KG = 4e15
"""Most rock that one site can claim (`auxon.sim.schema.SiteEntry`), as grams are counted in 64
bits."""
UNKNOWN = -1
"""Class code of a body whose class nobody knows."""


@dataclass(frozen=True)
class BodyClass:
    """A broad class.

    Attributes
    ----------
    letter, title : str
    composition : str
        Key in compositions.toml: the rock assumed where nothing better is known.
    density_kg_m3 : float
        Bulk, pores included; after Carry 2012, doi:10.1016/j.pss.2012.03.009.
    albedo : float
        Geometric, in V: median of the main belt's 10,000 brightest in Mahlke et al. 2022,
        doi:10.1051/0004-6361/202243587.
    albedo_spread : float
        Standard deviation of its natural logarithm, same source.
    dark, bright : float
        Albedos between which a body may be of this class.
    """

    letter: str
    title: str
    composition: str
    density_kg_m3: float
    albedo: float
    albedo_spread: float
    dark: float
    bright: float


CLASSES = (
    BodyClass("C", "carbonaceous, often hydrated", "CM", 1600, 0.049, 0.27, 0.0, 0.11),
    BodyClass("B", "carbonaceous, bluish", "CM", 2100, 0.060, 0.62, 0.0, 0.20),
    BodyClass("P", "primitive, dark, reddish", "tagish-lake", 1700, 0.046, 0.28, 0.0, 0.09),
    BodyClass("D", "primitive, dark, very red", "tagish-lake", 1300, 0.083, 0.47, 0.0, 0.15),
    BodyClass("S", "stony, ordinary chondrite", "L", 2700, 0.225, 0.34, 0.10, 0.45),
    BodyClass("K", "stony, dry carbonaceous", "CV", 3000, 0.135, 0.40, 0.07, 0.30),
    BodyClass("L", "stony, refractory-rich", "CV", 3000, 0.180, 0.32, 0.08, 0.32),
    BodyClass("A", "olivine", "LL", 3700, 0.210, 0.58, 0.07, 0.50),
    BodyClass("V", "basalt of Vesta", "howardite", 3400, 0.300, 0.50, 0.15, 1.5),
    BodyClass("M", "metal and enstatite", "psyche-mix", 3900, 0.135, 0.32, 0.075, 0.30),
    BodyClass("E", "enstatite, bright", "aubrite", 2700, 0.560, 0.25, 0.30, 1.5),
)
"""The broad classes. A body's class code is its place here. The rock of A and L is the nearest that
compositions.toml has: no olivine achondrite is in it, no CAI-rich chondrite but CV."""

LETTERS = "".join(c.letter for c in CLASSES)

_FIRST: Mapping[str, str] = {
    **{letter: letter for letter in LETTERS},
    **dict.fromkeys("G", "C"),  # Tholen: hydrated, strong ultraviolet band
    **dict.fromkeys("F", "B"),  # Tholen: flat, bluish
    **dict.fromkeys("TZ", "D"),
    **dict.fromkeys("QRO", "S"),
    **dict.fromkeys("J", "V"),
}
"""First letter of a published class -> broad class. X is told apart by albedo."""


def class_code(label: str | None, albedo: float = float("nan")) -> int:
    """Read a published class as a broad one.

    Parameters
    ----------
    label : str or None
        ``"Ch"``, ``"Sq"``, ``"Xk"``, ``"FC"``... of any of the usual systems.
    albedo : float
        Tells X apart: P below 0.075, E from 0.30 on, M between (Tholen 1984); P if unknown, as most
        of them are.

    Returns
    -------
    int
        Place in `CLASSES`, or `UNKNOWN`.
    """
    first = _first(label)
    if first == "X":
        first = "E" if albedo >= 0.30 else "M" if albedo >= 0.075 else "P"
    letter = _FIRST.get(first)
    return LETTERS.index(letter) if letter else UNKNOWN


def _first(label: str | None) -> str:
    """Return the first letter of a class; the Moon is of none."""
    return "" if label == "Moon" else (label or "").lstrip(" (:")[:1]


def class_codes(labels: Sequence[str | None], albedo: NDArray[np.float64]) -> NDArray[np.int8]:
    """Read published classes of many bodies; see `class_code`.

    Parameters
    ----------
    labels : sequence of str or None, length n
    albedo : (n,) float64
        NaN where unknown.

    Returns
    -------
    (n,) int8
    """
    known: dict[str | None, tuple[int, bool]] = {}
    codes = np.empty(len(labels), np.int8)
    for row, label in enumerate(labels):
        if label not in known:
            known[label] = class_code(label), _first(label) == "X"
        code, by_albedo = known[label]
        codes[row] = class_code(label, float(albedo[row])) if by_albedo else code
    return codes


def column(fact: str) -> NDArray[np.float64]:
    """Return a fact of every class, by class code: ``density_kg_m3``, ``albedo``..., float64."""
    return np.array([getattr(c, fact) for c in CLASSES], np.float64)


@cache
def front_ends() -> Mapping[str, str]:
    """Return, for each composition some shipped industry can dig, the name of its front end.

    The front ends say it themselves: ``classes`` of ``scenarios/industry/front-*.toml``.
    """
    files = sorted((SHIPPED / "industry").glob("front-*.toml"))
    return {rock: file.stem for file in files for rock in read(file).data.get("classes", ())}


def front_end(composition: str) -> str | None:
    """Return the industry file that digs this rock (``"front-cm"``), or None if there is none."""
    return front_ends().get(composition)


def usable_rock_kg(mass_kg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rock one site may claim of bodies of these masses, kg, (n,) float64."""
    return np.minimum(mass_kg, MAX_CLAIM_KG)
