"""Lambert's problem for long rows: the orbit from here to there in a given time, about the Sun.

Izzo's method (2015, "Revisiting Lambert's problem", doi:10.1007/s10569-014-9587-y): one unknown x
stands for the conic, T(x) for the time (`sim/lambert_terms.py`), and Householder's method of order
four (his equation 21) finds x. Here a start good to some hundredths and two steps replace his loop,
so that there are no branches and numba makes SIMD of it. Where that does not reach all digits a
flag says so and `sim/lambert_robust.py` solves anew: near-radial and very slow or fast transfers,
one in thousands among asteroids. It also finds transfers with full revolutions.

All motion goes the way most bodies do, with a positive z component of angular momentum. Units are
the caller's: mu in his unit of length cubed over that of time squared. Positions opposite each
other leave the plane open: their velocities are not a number.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .ephemeris import SUN_AU3_D2
from .errors import UsageError
from .lambert_robust import lambert_any, lambert_revolving
from .lambert_terms import conic, derivatives, geometry, shape, start, velocities
from .simd import inlined, rows

F64 = NDArray[np.float64]

_X_MIN, _X_MAX = -0.95, 4.0
"""Outside, the fast formula of the time loses digits."""
_REST_MIN, _LAM2_MIN = 1e-4, 1e-12
"""The like for the angle between the positions: near 0 and 180 degrees."""
_STEP_MAX = 1e-3
"""Largest last step, as a share of 1 + x, after which the error is below rounding."""
_CURVATURE = 2e-4
"""Least |1 - x^2| at which the derivatives keep their digits."""
_X_LEAST = -0.999
"""Below -1, where a step may lead, there is no conic."""


@inlined
def _step(x: float, T: float, lam: float, rest: float) -> tuple[float, float]:
    """Return x after one step of Householder's method, and the step."""
    x = 1.0 + _CURVATURE if abs(1.0 - x * x) < _CURVATURE else x
    _, per_y, eta, w2 = conic(x, lam, rest)
    w = math.sqrt(w2)
    above, below = shape(w, w2)
    here = eta * (2.0 * lam + eta * eta * above / (below * w2 * w))
    u, first, second, third = derivatives(x, here, per_y, lam, rest)
    f = here - T
    square = first * first
    half = 0.5 * f * second
    below = first * (square - half - half) + third * (f * f) * (1.0 / 6.0)
    step = f * u * (square - half) / below
    return x - step, step


@inlined
def lambert(
    x1: float, y1: float, z1: float, x2: float, y2: float, z2: float, tof: float, mu: float
) -> tuple[float, float, float, bool]:
    """Solve one direct transfer without branches.

    Parameters
    ----------
    x1, y1, z1, x2, y2, z2 : float
        Positions at start and end.
    tof : float
        Time of flight, above 0.
    mu : float
        GM of the Sun.

    Returns
    -------
    f, g, h : float
        The velocity is f r1 + g r2 at the start and h r2 - g r1 at the end.
    flagged : bool
        The numbers may be wrong: take those of `lambert_robust.lambert_any`.
    """
    r1, r2, dot, c, s, lam, rest, per_time = geometry(x1, y1, z1, x2, y2, z2, mu)
    # what is flagged in any case must not divide by zero
    apart = (rest > _REST_MIN) & (lam * lam > _LAM2_MIN)
    c = c if apart else s
    lam = lam if apart else 0.6
    rest = rest if apart else 0.64
    T = per_time * tof
    x = start(T, lam, rest)
    x, _ = _step(x, T, lam, rest)
    # not max(): where x is no number, a GPU's would give the other
    x = _X_LEAST if x <= _X_LEAST else x
    x, step = _step(x, T, lam, rest)
    lx = lam * x
    y = math.sqrt(rest + lx * lx)
    f, g, h = velocities(x, y, r1, r2, dot, c, s, lam, per_time)
    good = (abs(step) <= _STEP_MAX * (1.0 + x)) & (x > _X_MIN) & (x < _X_MAX) & apart
    return f, g, h, not good


@rows
def solve_flagged(
    x1: F64, y1: F64, z1: F64, x2: F64, y2: F64, z2: F64, tof: F64, mu: float, vx1: F64, vy1: F64,
    vz1: F64, vx2: F64, vy2: F64, vz2: F64, flagged: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Solve those rows anew that are flagged, by the solver for all cases."""
    for i in range(tof.shape[0]):
        if flagged[i]:
            f, g, h = lambert_any(x1[i], y1[i], z1[i], x2[i], y2[i], z2[i], tof[i], mu)
            vx1[i], vx2[i] = f * x1[i] + g * x2[i], h * x2[i] - g * x1[i]
            vy1[i], vy2[i] = f * y1[i] + g * y2[i], h * y2[i] - g * y1[i]
            vz1[i], vz2[i] = f * z1[i] + g * z2[i], h * z2[i] - g * z1[i]


@rows
def lambert_rows(
    x1: F64, y1: F64, z1: F64, x2: F64, y2: F64, z2: F64, tof: F64, mu: float, vx1: F64, vy1: F64,
    vz1: F64, vx2: F64, vy2: F64, vz2: F64, flagged: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Solve rows of direct transfers; see `lambert_velocities`."""
    count = 0
    for i in range(tof.shape[0]):
        f, g, h, flag = lambert(x1[i], y1[i], z1[i], x2[i], y2[i], z2[i], tof[i], mu)
        vx1[i], vy1[i], vz1[i] = f * x1[i] + g * x2[i], f * y1[i] + g * y2[i], f * z1[i] + g * z2[i]
        vx2[i], vy2[i], vz2[i] = h * x2[i] - g * x1[i], h * y2[i] - g * y1[i], h * z2[i] - g * z1[i]
        flagged[i] = flag
        count += flag
    if count > 0:
        solve_flagged(x1, y1, z1, x2, y2, z2, tof, mu, vx1, vy1, vz1, vx2, vy2, vz2, flagged)


def lambert_velocities(r1: ArrayLike, r2: ArrayLike, tof: ArrayLike, mu: float = SUN_AU3_D2) -> F64:
    """Solve many direct transfers.

    Parameters
    ----------
    r1, r2 : (3, n) array_like
        Positions at start and end; AU, if `mu` is left as it is.
    tof : (n,) array_like
        Times of flight, above 0; days, likewise.
    mu : float
        GM of the central body in the units of the others.

    Returns
    -------
    (6, n) float64
        Velocities at start (first three rows) and end. Not a number where positions are the same,
        or opposite each other, which leaves the plane open.

    Raises
    ------
    UsageError
        Shapes that do not fit, times that are not above 0.
    """
    start, end, days = check_transfers(r1, r2, tof, mu)
    out = np.empty((6, len(days)))
    (x1, y1, z1), (x2, y2, z2) = start, end
    flagged = np.empty(len(days), np.bool_)
    lambert_rows(
        x1, y1, z1, x2, y2, z2, days, mu, out[0], out[1], out[2], out[3], out[4], out[5], flagged
    )
    return out


def check_transfers(
    r1: ArrayLike, r2: ArrayLike, tof: ArrayLike, mu: float
) -> tuple[F64, F64, F64]:
    """Return what `lambert_velocities` was given as arrays, or refuse it as said there."""
    start, end, days = (np.ascontiguousarray(each, np.float64) for each in (r1, r2, tof))
    if days.ndim != 1 or start.shape != (3, len(days)) or end.shape != start.shape:
        raise UsageError(
            f"lambert_velocities: r1 is {start.shape}, r2 {end.shape}, tof {days.shape}; expected "
            "(3, n), (3, n), (n,); give one column a transfer"
        )
    _check_times(days, mu)
    return start, end, days


class Transfer(NamedTuple):
    """One orbit from here to there.

    Attributes
    ----------
    revolutions : int
        Full ones before arrival.
    branch : str
        ``"direct"`` without revolutions; else ``"left"`` or ``"right"``, in Izzo's words: the
        larger ellipse flown the long way about, or the smaller.
    v1, v2 : (3,) float64
        Velocities at start and end.
    """

    revolutions: int
    branch: str
    v1: F64
    v2: F64


def lambert_all(
    r1: ArrayLike, r2: ArrayLike, tof: float, max_revolutions: int, mu: float = SUN_AU3_D2
) -> list[Transfer]:
    """Find every transfer with up to so many full revolutions.

    Parameters
    ----------
    r1, r2 : (3,) array_like
        Positions at start and end; AU, if `mu` is left as it is.
    tof : float
        Time of flight, above 0; days, likewise.
    max_revolutions : int
        0 or more.
    mu : float
        GM of the central body in the units of the others.

    Returns
    -------
    list of Transfer
        The direct one, then left and right for each number of revolutions that fits the time.

    Raises
    ------
    UsageError
        Shapes that do not fit, a time not above 0, positions the same or opposite each other.
    """
    start, end = np.asarray(r1, np.float64), np.asarray(r2, np.float64)
    if start.shape != (3,) or end.shape != (3,):
        raise UsageError(
            f"lambert_all: r1 is {start.shape}, r2 {end.shape}; expected (3,) each; give x, y, z"
        )
    _check_times(np.array([tof]), mu)
    (x1, y1, z1), (x2, y2, z2) = start.tolist(), end.tolist()
    numbers = lambert_any(x1, y1, z1, x2, y2, z2, float(tof), mu)
    if not np.isfinite(numbers).all():
        raise UsageError(
            f"lambert_all: {start} and {end} are the same or opposite each other; expected a "
            "plane; move one of them by a little"
        )
    found = [("direct", 0, numbers)]
    for revolutions in range(1, max_revolutions + 1):
        count, f1, g1, h1, f2, g2, h2 = lambert_revolving(
            x1, y1, z1, x2, y2, z2, float(tof), mu, revolutions
        )
        if count == 0:
            break
        found += [("left", revolutions, (f1, g1, h1)), ("right", revolutions, (f2, g2, h2))]
    return [
        Transfer(revolutions, branch, f * start + g * end, h * end - g * start)
        for branch, revolutions, (f, g, h) in found
    ]


def _check_times(tof: F64, mu: float) -> None:
    if not (tof > 0).all():
        row = int(np.argmin(tof > 0))
        raise UsageError(f"tof[{row}] is {tof[row]}; expected more than 0; arrive after departing")
    if not mu > 0:
        raise UsageError(f"mu is {mu}; expected more than 0; give GM in the units of the positions")
