"""What both Lambert solvers share: geometry, the equation of the time of flight, velocities.

The names are those of Izzo 2015, "Revisiting Lambert's problem", doi:10.1007/s10569-014-9587-y:
c the chord, s the semi-perimeter, lambda^2 = 1 - c/s, T = sqrt(2 mu / s^3) t, x the unknown,
y = sqrt(1 - lambda^2 (1 - x^2)). For x^2 < 1 the conic is an ellipse with the semi-major axis
s / (2 (1 - x^2)).

The time of flight is computed by one formula for ellipses, parabola and hyperbolas. With psi as in
his equation 17 and w = cos(psi / 2) (cosh for hyperbolas), equation 20 becomes

    T = eta (2 lambda + eta^2 H(w) / w^3),    eta = y - lambda x,    w^2 = (1 + lambda + x eta) / 2,
    H(w) = 2/3 2F1(-1/2, 3/2; 5/2; 1 - w^2) = (2 psi - sin 2 psi) / (16 sin^3(psi / 2)),

which has no singular point at the parabola. H is a ratio of polynomials here, within 7e-17 of it on
0 <= w <= 4 (least squares in 60 digits, weighted anew until the errors were level).
"""

import math

from .simd import inlined

W_MAX = 4.0
"""Largest w for which `shape` is good."""

_P0, _P1, _P2, _P3 = 0.39269908169872414, 1.561136368556185, 3.0951201537414743, 3.7545714005556206
_P4, _P5, _P6 = 2.7928233665423807, 1.224087305991419, 0.2962566455885096
_P7, _P8 = 0.034989709682551176, 0.0014860843724631989
_Q1, _Q2, _Q3, _Q4 = 3.975401118339969, 6.381658750900544, 5.295488610249043, 2.4132287237808465
_Q5, _Q6, _Q7 = 0.5910263653036244, 0.06997943804398617, 0.0029721684759777076
_U0, _U1, _U2, _V1, _V2 = 0.0268, 2.8557, 7.7575, 7.9145, 1.732
"""t^(2/3) = (U0 + U1 t + U2 t^2) / (1 + V1 t + V2 t^2) to 0.0014 on 0.02 <= t <= 1."""


@inlined
def shape(w: float, w2: float) -> tuple[float, float]:
    """Return numerator and denominator of H(w); w2 is the square of w."""
    w4 = w2 * w2
    above = ((_P0 + w * _P1) + w2 * (_P2 + w * _P3)) + w4 * (
        ((_P4 + w * _P5) + w2 * (_P6 + w * _P7)) + w4 * _P8
    )
    below = ((1.0 + w * _Q1) + w2 * (_Q2 + w * _Q3)) + w4 * ((_Q4 + w * _Q5) + w2 * (_Q6 + w * _Q7))
    return above, below


@inlined
def geometry(
    x1: float, y1: float, z1: float, x2: float, y2: float, z2: float, mu: float
) -> tuple[float, float, float, float, float, float, float, float]:
    """Return what the triangle of Sun and both positions says.

    Parameters
    ----------
    x1, y1, z1, x2, y2, z2 : float
        Positions, in any unit of length.
    mu : float
        GM in that unit cubed per unit of time squared.

    Returns
    -------
    r1, r2, dot : float
        Distances, and the scalar product of both positions.
    c, s : float
        Chord and semi-perimeter.
    lam : float
        Izzo's lambda, for motion with a positive z component of angular momentum; 0 if the
        positions are opposite each other.
    rest : float
        1 - lambda^2 = c / s, with all its digits.
    per_time : float
        T over the time of flight, sqrt(2 mu / s^3).
    """
    r1 = math.sqrt(x1 * x1 + y1 * y1 + z1 * z1)
    r2 = math.sqrt(x2 * x2 + y2 * y2 + z2 * z2)
    dx, dy, dz = x2 - x1, y2 - y1, z2 - z1
    c = math.sqrt(dx * dx + dy * dy + dz * dz)
    s = 0.5 * (r1 + r2 + c)
    dot = x1 * x2 + y1 * y2 + z1 * z2
    hx, hy, hz = y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2
    # (lambda s)^2 = (r1 r2 + dot) / 2, beyond a right angle without its cancellation
    far = dot < 0.0
    half_turn = r1 * r2 - dot if far else 1.0
    square = hx * hx + hy * hy + hz * hz if far else r1 * r2 + dot
    inverse = 1.0 / (s * half_turn)
    per_s = inverse * half_turn
    lam = per_s * math.sqrt(0.5 * square * (inverse * s))
    lam = -lam if hz < 0.0 else lam
    return r1, r2, dot, c, s, lam, c * per_s, math.sqrt(2.0 * mu * per_s) * per_s


@inlined
def conic(x: float, lam: float, rest: float) -> tuple[float, float, float, float]:
    """Return y, 1/y, eta = y - lambda x and w^2, all but the last with all their digits.

    For x below 0 the last may lose some; see `sim/lambert_robust.py`.
    """
    lx = lam * x
    y = math.sqrt(rest + lx * lx)
    total = y + abs(lx)
    inverse = 1.0 / (y * total)
    eta = rest * y * inverse if lx > 0.0 else total
    one_plus = rest / (1.0 - lam) if lam < 0.0 else 1.0 + lam
    return y, inverse * total, eta, 0.5 * (one_plus + x * eta)


@inlined
def start(T: float, lam: float, rest: float) -> float:
    """Return x within some hundredths: by three formulas, for ellipses long and short, hyperbolas.

    Long: Kepler's third law, 1 + x ~ T^(-2/3), by a fractional linear map that is right in value
    and slope at x = 0 and at -1. Short: x as a cubic in 1/T, right in value and slope at x = 0 and
    at the parabola. Hyperbolas: Izzo's equation 30.
    """
    w2 = 0.5 * (1.0 + lam if lam > 0.0 else rest / (1.0 - lam))
    w = math.sqrt(w2)
    eta = math.sqrt(rest)
    # time at x = 0, 2e-8 of it: H(w) for w up to 1 by fewer terms
    above = (
        0.3926990887740841
        + w * 0.7058597975459633
        + w2 * (0.8967401786994521 + w * 0.3919985412423554)
    )
    below = 1.0 + w * 1.797459431281053 + w2 * 0.7834869141344865
    T0 = eta * (2.0 * lam + rest * above / (below * w2 * w))
    l3 = lam * lam * lam
    T1 = (2.0 / 3.0) * (1.0 - l3)
    slope1 = 0.4 * (1.0 - l3 * lam * lam)
    # long: (T0/T)^(2/3) = over / under to 0.0014 for T up to 50 T0
    m = 0.75 * T0
    over = _U0 * T * T + T0 * (_U1 * T + _U2 * T0)
    under = T * T + T0 * (_V1 * T + _V2 * T0)
    long_above = m * (over - under)
    long_below = m * under + (1.0 - m) * over
    # short: u runs from 0 at T0 to 1 at T1
    gap = T0 - T1
    fast_above = T1 * (T1 - T) + slope1 * T
    fast_below = slope1 * T
    short_below = fast_below * T0 * (T1 * gap)
    slow = T >= T0
    short = T1 < T < T0
    above = long_above if slow else fast_above
    inverse = 1.0 / (short_below if short else long_below if slow else fast_below)
    u = (T0 - T) * (T1 * T1) * (T0 * slope1) * inverse
    wide = gap * gap * T * inverse
    m0 = 0.5 * wide * (T0 * T0) * slope1
    m1 = wide * (T1 * T1)
    cubic = u * (m0 + u * ((3.0 - 2.0 * m0 - m1) + u * (m0 + m1 - 2.0)))
    return cubic if short else above * inverse


@inlined
def derivatives(
    x: float, T: float, per_y: float, lam: float, rest: float
) -> tuple[float, float, float, float]:
    """Return u = 1 - x^2, and the derivatives of T times u, u^2 and u^3, where the time is T.

    Izzo 2015, equation 22, multiplied out; per_y is 1/y.
    """
    u = 1.0 - x * x
    l3y = lam * lam * lam * per_y
    l3y3 = 2.0 * rest * l3y * (per_y * per_y)
    first = x * (3.0 * T + 2.0 * l3y) - 2.0
    second = u * (3.0 * T + l3y3) + 5.0 * x * first
    lpy = lam * per_y
    third = x * (7.0 * second - 3.0 * (u * u) * l3y3 * (lpy * lpy)) + 8.0 * u * first
    return u, first, second, third


@inlined
def velocities(
    x: float,
    y: float,
    r1: float,
    r2: float,
    dot: float,
    c: float,
    s: float,
    lam: float,
    per_time: float,
) -> tuple[float, float, float]:
    """Return the numbers that make velocities of positions.

    With Izzo's algorithm 1, but by multiples of the positions in place of unit vectors.

    Returns
    -------
    f, g, h : float
        The velocity is f r1 + g r2 at the start, h r2 - g r1 at the end. Not finite where the
        positions are the same, or opposite each other.
    """
    gamma = 0.5 * per_time * s * s
    squares = r1 * r1 * (r2 * r2)
    inverse = 1.0 / (c * lam * squares)
    per_chord = inverse * squares
    rho = (r1 - r2) * lam * per_chord
    g = 0.5 * per_time * s * (y + lam * x) * per_chord
    minus, plus = lam * y - x, lam * y + x
    cut = g * dot
    per_square = inverse * c * lam
    f = (gamma * (minus - rho * plus) - cut) * (per_square * (r2 * r2))
    h = (cut - gamma * (minus + rho * plus)) * (per_square * (r1 * r1))
    return f, g, h
