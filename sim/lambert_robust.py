"""Lambert's problem one case at a time: any geometry, any number of revolutions.

Izzo 2015, doi:10.1007/s10569-014-9587-y. The time T falls with x, for N revolutions it has one
minimum; roots are kept in brackets and found by Halley's method, which halves the bracket where it
would leave it. What his formulas lose near lambda = 1, at the parabola and near x = -1 is avoided
by the forms of `sim/lambert_terms.py` and below.
"""

import math

from .explog import log
from .lambert_terms import W_MAX, conic, derivatives, geometry, shape, start, velocities
from .simd import rows
from .trig import PI

_ITERATIONS = 200
_NEAR_PARABOLA = 1e-4
"""1 - x^2 below which the slope of T is taken from the parabola; Newton needs no better."""
_X_INFINITE = 1e30


@rows
def time_of_flight(x: float, lam: float, rest: float, revolutions: int) -> float:
    """Return Izzo's T, to 1e-15 of itself for all x > -1 and lambda.

    Parameters
    ----------
    x : float
        Above -1; below 1 if there are revolutions.
    lam : float
        Lambda, -1 to 1.
    rest : float
        1 - lambda^2, given apart since it may be small.
    revolutions : int
        Full ones before arrival.

    Returns
    -------
    float
    """
    y, _, eta, w2 = conic(x, lam, rest)
    if x < 0.0:
        # cos^2 by sin^2: both terms below are positive where those of w^2 cancel
        one_minus = rest / (1.0 + lam) if lam > 0.0 else 1.0 - lam
        w2 = eta * eta * (1.0 - x) * (1.0 + x) / (2.0 * (one_minus - x * eta))
    w = math.sqrt(w2)
    if w <= W_MAX:
        above, below = shape(w, w2)
        T = eta * (2.0 * lam + eta * eta * above / (below * w2 * w))
    else:
        root = math.sqrt(x * x - 1.0)
        sinh = root * eta
        cosh = 2.0 * w2 - 1.0
        T = (x - lam * y - log(sinh + cosh) / root) / (root * root)
    if revolutions > 0:
        u = (1.0 - x) * (1.0 + x)
        T += revolutions * PI / (u * math.sqrt(u))
    return T


@rows
def _slopes(x: float, T: float, lam: float, rest: float) -> tuple[float, float]:
    """Return first and second derivative of T at x, the first one finite at the parabola."""
    if abs(1.0 - x * x) < _NEAR_PARABOLA:
        return -0.4 * (1.0 - lam * lam * lam * lam * lam), 0.0
    _, per_y, _, _ = conic(x, lam, rest)
    u, first, second, _ = derivatives(x, T, per_y, lam, rest)
    return first / u, second / (u * u)


@rows
def _root(
    T: float, lam: float, rest: float, revolutions: int, low: float, high: float, falling: float,
    x: float,
) -> float:  # fmt: skip
    """Return the x between low and high where the time is T, from an x between them.

    There the time falls with x (`falling` is 1) or rises (-1).
    """
    for _ in range(_ITERATIONS):
        here = time_of_flight(x, lam, rest, revolutions)
        f = here - T
        if falling * f > 0.0:
            low = x
        else:
            high = x
        first, second = _slopes(x, here, lam, rest)
        bend = first - 0.5 * f * second / first
        following = x - f / bend
        near = 2e-16
        if not low <= following <= high:
            following = 0.5 * (low + high)
        elif revolutions == 0 and second != 0.0:
            near = 1e-6 * rest  # the error is the cube of the step: the root is simple
        done = abs(following - x) <= near * (1.0 + x)
        x = following
        if done:
            break
    return x


@rows
def shortest(lam: float, rest: float, revolutions: int) -> float:
    """Return the x at which so many revolutions (1 or more) take least time."""
    low, high = -1.0, 1.0
    x = 0.0
    for _ in range(_ITERATIONS):
        first, second = _slopes(x, time_of_flight(x, lam, rest, revolutions), lam, rest)
        if first < 0.0:
            low = x
        else:
            high = x
        following = x - first / second if second > 0.0 else low
        if not low < following < high:
            following = 0.5 * (low + high)
        done = abs(following - x) <= 1e-14
        x = following
        if done:
            break
    return x


@rows
def x_direct(T: float, lam: float, rest: float) -> float:
    """Return the x of the transfer without a full revolution that takes the time T."""
    first = start(T, lam, rest)
    return _root(T, lam, rest, 0, -1.0, _X_INFINITE, 1.0, first if first > -1.0 else 0.0)


@rows
def x_revolving(T: float, lam: float, rest: float, revolutions: int) -> tuple[float, float, int]:
    """Return the x of both transfers with so many revolutions.

    Returns
    -------
    left, right : float
        Izzo's branches: below and above the x of the shortest time. The left ellipse is the one
        with the longer way.
    found : int
        1, or 0 if no transfer with so many revolutions is as short as T.
    """
    middle = shortest(lam, rest, revolutions)
    if time_of_flight(middle, lam, rest, revolutions) > T:
        return middle, middle, 0
    left = _root(T, lam, rest, revolutions, -1.0, middle, 1.0, 0.5 * (middle - 1.0))
    right = _root(T, lam, rest, revolutions, middle, 1.0, -1.0, 0.5 * (middle + 1.0))
    return left, right, 1


@rows
def lambert_any(
    x1: float, y1: float, z1: float, x2: float, y2: float, z2: float, tof: float, mu: float
) -> tuple[float, float, float]:
    """Return the numbers f, g, h of `lambert_terms.velocities` for any direct transfer.

    They are not a number where the positions are the same, or opposite each other.
    """
    r1, r2, dot, c, s, lam, rest, per_time = geometry(x1, y1, z1, x2, y2, z2, mu)
    if lam == 0.0 or c == 0.0:
        return math.nan, math.nan, math.nan
    x = x_direct(per_time * tof, lam, rest)
    y, _, _, _ = conic(x, lam, rest)
    return velocities(x, y, r1, r2, dot, c, s, lam, per_time)


@rows
def lambert_revolving(
    x1: float, y1: float, z1: float, x2: float, y2: float, z2: float, tof: float, mu: float,
    revolutions: int,
) -> tuple[int, float, float, float, float, float, float]:  # fmt: skip
    """Return how many transfers have so many revolutions (0 or 2), and f, g, h of left and right.

    Zeros where the positions are the same, or opposite each other.
    """
    r1, r2, dot, c, s, lam, rest, per_time = geometry(x1, y1, z1, x2, y2, z2, mu)
    if lam == 0.0 or c == 0.0:
        return 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    left, right, found = x_revolving(per_time * tof, lam, rest, revolutions)
    y, _, _, _ = conic(left, lam, rest)
    f1, g1, h1 = velocities(left, y, r1, r2, dot, c, s, lam, per_time)
    y, _, _, _ = conic(right, lam, rest)
    f2, g2, h2 = velocities(right, y, r1, r2, dot, c, s, lam, per_time)
    return 2 * found, f1, g1, h1, f2, g2, h2
