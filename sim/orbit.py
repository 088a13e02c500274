"""Sunlight on a body, with + - * / and sqrt only: the same flux on every machine."""

import math

from .jit import jit

SOLAR_W_M2 = 1361.0
"""Total solar irradiance at 1 AU (Kopp and Lean 2011, doi:10.1029/2010GL045777)."""
YEAR_DAYS = 365.25
GAUSS_K = 0.01720209895
"""Gaussian gravitational constant, AU^1.5 per day."""


@jit
def _sin_cos(x: float) -> tuple[float, float]:
    """Sine and cosine by Taylor series after reduction to [-pi, pi]; error below 1e-12."""
    x -= 2 * math.pi * math.floor(x / (2 * math.pi) + 0.5)
    square = x * x
    sine = cosine = 0.0
    for n in range(15, -1, -1):
        sine = 1.0 - square / ((2 * n + 2) * (2 * n + 3)) * sine
        cosine = 1.0 - square / ((2 * n + 1) * (2 * n + 2)) * cosine
    return x * sine, cosine


@jit
def heliocentric_au(a_au: float, e: float, mean_anomaly_rad: float) -> float:
    """Return the distance from the Sun, r = a (1 - e cos E) with E - e sin E = M.

    Parameters
    ----------
    a_au : float
        Semi-major axis, AU.
    e : float
        Eccentricity, below 0.99.
    mean_anomaly_rad : float

    Returns
    -------
    float
        AU.
    """
    sine, cosine = _sin_cos(mean_anomaly_rad)
    x = mean_anomaly_rad + (e if e < 0.8 else 1.0) * sine
    for _ in range(12):
        sine, cosine = _sin_cos(x)
        last = x
        x -= (x - e * sine - mean_anomaly_rad) / (1.0 - e * cosine)
        if x == last:  # more steps would find the same
            break
    return a_au * (1.0 - e * _sin_cos(x)[1])


@jit
def flux_w_m2(a_au: float, e: float, mean_anomaly_deg: float, days: float) -> float:
    """Return the solar flux `days` after the epoch of the elements, in W/m2."""
    motion = GAUSS_K / (a_au * math.sqrt(a_au))
    r = heliocentric_au(a_au, e, mean_anomaly_deg * (math.pi / 180.0) + motion * days)
    return SOLAR_W_M2 / (r * r)


def mean_flux_w_m2(a_au: float, e: float) -> float:
    """Return the mean solar flux over the time of an orbit, S / (a^2 sqrt(1 - e^2)), in W/m2."""
    return SOLAR_W_M2 / (a_au * a_au * math.sqrt(1.0 - e * e))
