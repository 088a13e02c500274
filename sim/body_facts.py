"""What a catalogue does not say of a body, derived from what it says, and marked as derived.

Sizes follow from brightness, D = 1329 km / sqrt(albedo) 10^(-H/5) (Fowler and Chillemi 1992),
masses from the density of the class, classes, where nobody knows them, from the mix at that
distance from the Sun. Which class of the mix a body gets depends on its name alone.
"""

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .belt import Belt, Measured
from .body_class import CLASSES, UNKNOWN, class_codes, column
from .class_mix import MIX, draw_class
from .jit import jit
from .rng import philox

CLASS_STREAM = 101
"""Stream of `auxon.sim.rng.philox`: which class a body of unknown class gets."""
SIZE_AT_H = (3.0, 5.0, 9.3, 11.3)
"""Absolute magnitudes of about 600, 300, 50 and 20 km: bodies of unknown class and size that are
brighter are taken for larger."""

MEASURED_FACTS = {
    "H_mag": Measured.H,
    "albedo": Measured.ALBEDO,
    "diameter_km": Measured.DIAMETER,
    "mass_kg": Measured.MASS,
    "rotation_h": Measured.ROTATION,
}
"""Column -> bit of `Belt.measured`."""

F64 = NDArray[np.float64]


def diameter_km(H_mag: F64, albedo: F64) -> F64:
    """Return the diameter of a body of this absolute magnitude and geometric albedo, km."""
    return 1329.0 / np.sqrt(albedo) * 10.0 ** (-0.2 * H_mag)


def sphere_kg(diameter: F64, density_kg_m3: F64) -> F64:
    """Return the mass of a sphere of this diameter in km, kg."""
    return density_kg_m3 * (np.pi / 6) * (diameter * 1e3) ** 3


@jit
def _uniform(ids: NDArray[np.int64], out: F64) -> None:
    """Fill with numbers in [0, 1), one for each id."""
    for k in range(len(ids)):
        out[k] = philox(0, CLASS_STREAM, 0, ids[k])[0] / 4294967296.0


def drawn_by_name(names: NDArray[np.object_]) -> F64:
    """Return a number in [0, 1) for each name, whatever stands beside it, (n,) float64."""
    out = np.empty(len(names))
    _uniform(np.array([crc32(name.encode()) for name in names], np.int64), out)
    return out


def complete(
    elements: Mapping[str, F64],
    facts: Mapping[str, F64],
    name: NDArray[np.object_],
    number: NDArray[np.int32],
    labels: Sequence[str | None] | None,
) -> Belt:
    """Make a belt of what a catalogue says, NaN where it says nothing.

    Parameters
    ----------
    elements : mapping of (n,) float64
        ``a_au`` to ``epoch_jd_tdb``, as in `Belt`.
    facts : mapping of (n,) float64
        ``H_mag, albedo, diameter_km, mass_kg, rotation_h``. Each body has H_mag or diameter_km.
    name : (n,) object
    number : (n,) int32
    labels : sequence of str or None, length n, or None
        Published classes; None if the catalogue has none at all.

    Returns
    -------
    Belt
    """
    measured = np.zeros(len(name), np.uint8)
    for fact, bit in MEASURED_FACTS.items():
        measured |= np.where(np.isfinite(facts[fact]), np.uint8(bit), np.uint8(0))
    H_mag, albedo, diameter = facts["H_mag"], facts["albedo"], facts["diameter_km"]

    implied = (1329.0 / diameter) ** 2 * 10.0 ** (-0.4 * H_mag)
    albedo = np.where(np.isnan(albedo), np.clip(implied, 0.01, 1.4), albedo)
    code = np.full(len(name), UNKNOWN, np.int8)
    if labels is not None:
        code = class_codes(labels, albedo)
        measured |= np.where(code != UNKNOWN, np.uint8(Measured.TAXONOMY), np.uint8(0))
    rows = np.flatnonzero(code == UNKNOWN)
    by_H = np.searchsorted(SIZE_AT_H, H_mag[rows], side="right")
    by_diameter = np.searchsorted([-km for km in MIX if km], -diameter[rows])
    size = np.where(np.isnan(diameter[rows]), by_H, by_diameter).astype(np.int8)
    u = drawn_by_name(name[rows])
    code[rows] = draw_class(elements["a_au"][rows], size, albedo[rows], u, same_size=False)

    albedo = np.where(np.isnan(albedo), column("albedo")[code], albedo)
    from_size = 5 * np.log10(1329.0 / (diameter * np.sqrt(albedo)))
    H_mag = np.where(np.isnan(H_mag), from_size, H_mag)
    diameter = np.where(np.isnan(diameter), diameter_km(H_mag, albedo), diameter)
    mass = sphere_kg(diameter, column("density_kg_m3")[code])
    rocks = tuple(dict.fromkeys(c.composition for c in CLASSES))
    rock_of_class = np.array([rocks.index(c.composition) for c in CLASSES], np.int16)
    return Belt(
        name=name,
        number=number,
        **elements,
        H_mag=H_mag,
        albedo=albedo,
        diameter_km=diameter,
        mass_kg=np.where(np.isnan(facts["mass_kg"]), mass, facts["mass_kg"]),
        rotation_h=facts["rotation_h"],
        taxonomy=code,
        composition=rock_of_class[code],
        measured=measured,
        compositions=rocks,
    )
