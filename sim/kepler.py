"""Kepler's equation, E - e sin E = M, for rows of a million bodies and for single hard cases.

Below e = 0.99 a fixed number of operations suffices: a start, then two steps of Householder's
method of order five (Householder 1970, *The Numerical Treatment of a Single Nonlinear Equation*,
section 4.4). At worst, at e = 0.99, the start errs by 0.2, the first step leaves 4e-4, the second
rounding; at e = 0.5 they are 0.02, 1e-12 and rounding.
The start replaces sin E / E by (1 - E^2/pi^2) / (1 + b E^2), which is right at 0 and pi and, with
b = 1/6 - 1/pi^2, in its curvature at 0, so that the equation becomes a cubic; one step of Halley's
method from an upper bound of the root follows. Nearer to a parabola, a bracketed Newton iteration
with E - sin E as a series does it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import UsageError
from .simd import inlined, rows
from .trig import PI, reduced, sin_cos_half_turn

E_FIXED = 0.99
"""Eccentricity from which a fixed number of steps does not suffice."""
_A = 0.10132118364233778
"""1 / pi^2."""
_B = 0.06534548302432889
"""1/6 - 1/pi^2."""
_ITERATIONS = 100

F64 = NDArray[np.float64]


@inlined
def _start(M: float, e: float) -> float:
    """Return E for M in [0, pi], within 0.2."""
    inverse = 1.0 / ((1.0 - e) * (1.0 + e))
    upper = min(M + e, inverse * min(M * (1.0 + e), (M + PI * e) * (1.0 - e)))
    cubic = _B + e * _A
    slope0 = 1.0 - e
    square = _B * M
    f = ((cubic * upper - square) * upper + slope0) * upper - M
    half_f2 = 3.0 * cubic * upper - square
    f1 = (half_f2 - square) * upper + slope0
    return upper - f * f1 / (f1 * f1 - f * half_f2)


@inlined
def _step(E: float, M: float, e: float) -> tuple[float, float, float]:
    """Return what Householder's method of order five adds to E, and sine and cosine of E."""
    sine, cosine = sin_cos_half_turn(E)
    f2 = e * sine
    f3 = e * cosine
    f = E - f2 - M
    f1 = 1.0 - f3
    square = f1 * f1
    product = f * f2
    f_f = f * f
    above = 4.0 * f * (6.0 * f1 * (square - product) + f_f * f3)
    below = 12.0 * square * (2.0 * square - 3.0 * product) + f_f * (
        6.0 * f2 * f2 + 8.0 * f1 * f3 + product
    )
    return -above / below, sine, cosine


@inlined
def eccentric(M_rad: float, e: float) -> tuple[float, float, float]:
    """Solve Kepler's equation below e = 0.99, without branches.

    Parameters
    ----------
    M_rad : float
        Mean anomaly, of any size up to 1e6.
    e : float
        Eccentricity, 0 to 0.99.

    Returns
    -------
    tuple of three float
        E in [-pi, pi], its sine and its cosine, for M in [-pi, pi] within 5e-16 up to e = 0.5,
        4e-15 up to 0.9, 4e-14 up to 0.99: some roundings over 1 - e.
    """
    M = reduced(M_rad)
    sign = -1.0 if M < 0.0 else 1.0
    M = abs(M)
    E = _start(M, e)
    step, _, _ = _step(E, M, e)
    E = E + step
    d, sine, cosine = _step(E, M, e)
    # sine and cosine of E + d, d below 1e-3: Taylor's series up to d^4
    half = 0.5 * d * d
    cos_d = 1.0 - half * (1.0 - half * (1.0 / 6.0))
    sin_d = d * (1.0 - half * (1.0 / 3.0))
    return sign * (E + d), sign * (sine * cos_d + cosine * sin_d), cosine * cos_d - sine * sin_d


@inlined
def _less_sine(E: float) -> float:
    """E - sin E on [0, 1] by its series, with all digits."""
    z = E * E
    total = 0.0
    for n in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0):
        total = (1.0 - total) * z / (n * (n - 1.0))
    return E * z * (1.0 - total) / 6.0


@rows
def eccentric_any(M_rad: float, e: float) -> tuple[float, float, float]:
    """Solve Kepler's equation for any ellipse, 0 <= e < 1, by Newton's method in a bracket.

    Near a parabola and the perihelion, 1 - e and E - sin E are both small; they are added without
    taking a difference of large numbers: f = (1 - e) E + e (E - sin E) - M.

    Parameters
    ----------
    M_rad, e : float

    Returns
    -------
    tuple of three float
        E in [-pi, pi], its sine and its cosine.
    """
    M = reduced(M_rad)
    sign = -1.0 if M < 0.0 else 1.0
    M = abs(M)
    if M == 0.0:
        return 0.0, 0.0, 1.0
    low, high = M, min(M + e, PI)
    E = high
    for _ in range(_ITERATIONS):
        sine, cosine = sin_cos_half_turn(E)
        less = _less_sine(E) if E < 1.0 else E - sine
        f = (1.0 - e) * E + e * less - M
        if f > 0.0:
            high = E
        else:
            low = E
        slope = (1.0 - e) + e * (1.0 - cosine)
        following = E - f / slope if slope > 0.0 else low
        if following <= low or following >= high:
            following = 0.5 * (low + high)
        done = abs(following - E) <= 2e-16 * E
        E = following
        if done:
            break
    sine, cosine = sin_cos_half_turn(E)
    if E < 1.0:
        sine = E - _less_sine(E)
    return sign * E, sign * sine, cosine


@rows
def eccentric_rows(M_rad: F64, e: F64, out: F64) -> None:
    """Solve Kepler's equation for rows; see `eccentric_anomalies`."""
    hard = 0
    for i in range(M_rad.shape[0]):
        out[i] = eccentric(M_rad[i], e[i])[0]
        hard += e[i] >= E_FIXED
    if hard > 0:
        for i in range(M_rad.shape[0]):
            if e[i] >= E_FIXED:
                out[i] = eccentric_any(M_rad[i], e[i])[0]


def eccentric_anomalies(M_rad: ArrayLike, e: ArrayLike) -> F64:
    """Solve Kepler's equation for many bodies.

    Parameters
    ----------
    M_rad : (n,) array_like of float
        Mean anomalies, radians, up to 1e6.
    e : (n,) array_like of float
        Eccentricities, 0 <= e < 1.

    Returns
    -------
    (n,) float64
        Eccentric anomalies in [-pi, pi], radians.

    Raises
    ------
    UsageError
        Shapes that differ, or an eccentricity that is no ellipse's.
    """
    M, e = check_anomalies(M_rad, e)
    out = np.empty(M.shape)
    eccentric_rows(M, e, out)
    return out


def check_anomalies(M_rad: ArrayLike, e: ArrayLike) -> tuple[F64, F64]:
    """Return what `eccentric_anomalies` was given as rows, or refuse it as said there."""
    M, e = np.ascontiguousarray(M_rad, np.float64), np.ascontiguousarray(e, np.float64)
    if M.ndim != 1 or M.shape != e.shape:
        raise UsageError(
            f"eccentric_anomalies: shapes {M.shape} and {e.shape}; expected two rows of one "
            "length; give one e for each M"
        )
    check_ellipses(e)
    return M, e


def check_ellipses(e: F64) -> None:
    """Refuse eccentricities that are no ellipse's.

    Raises
    ------
    UsageError
        The first of them.
    """
    bad = ~((e >= 0) & (e < 1))
    if bad.any():
        row = int(np.argmax(bad))
        raise UsageError(
            f"e[{row}] is {e.flat[row]}; expected 0 <= e < 1; parabolas and hyperbolas are not "
            "served: leave them out"
        )
