"""Synthetic orbits for the tests of motion, like those of the main belt."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.ephemeris import Orbits, orbits

F64 = NDArray[np.float64]
EPOCH_JD = 2461000.5


def belt_elements(count: int, seed: int) -> tuple[F64, F64, F64, F64, F64, F64]:
    """Semi-major axes of 2.1 to 3.3 AU; e and i as spread in the main belt (Rayleigh)."""
    rng = np.random.default_rng(seed)
    a_au, e = rng.uniform(2.1, 3.3, count), np.minimum(rng.rayleigh(0.105, count), 0.6)
    i_deg = rng.rayleigh(8.0, count)
    node_deg, peri_deg, M_deg = rng.uniform(0, 360, (3, count))
    return a_au, e, i_deg, node_deg, peri_deg, M_deg


def belt(count: int, seed: int) -> Orbits:
    """The same, made ready."""
    return orbits(*belt_elements(count, seed), EPOCH_JD)
