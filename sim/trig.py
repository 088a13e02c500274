"""Sine and cosine with + - * / and choices only: the same bits on every machine, and SIMD.

A library's sine may differ in the last bit between machines, and no vector version of it reaches
numba. The polynomials on [-pi/4, pi/4] are those of fdlibm, k_sin.c and k_cos.c (Sun Microsystems
1993), which err by less than 2**-58.
"""

from .simd import inlined

PI = 3.141592653589793
TWO_PI = 6.283185307179586
DEGREE = 0.017453292519943295
"""Radians."""

_ROUND = 6755399441055744.0
"""1.5 * 2**52: adding and subtracting it rounds to the nearest whole number."""
_HALF_PI_HIGH = 1.5707963267341256
"""33 bits of pi/2: the product with a whole number below 2**20 is exact."""
_HALF_PI_LOW = 6.077100506506192e-11
_TWO_PI_HIGH = 6.2831853069365025
"""33 bits of 2 pi."""
_TWO_PI_LOW = 2.4308402026024770e-10
_QUARTER_PI = 0.7853981633974483


@inlined
def _sine(r: float) -> float:
    """Sine on [-pi/4, pi/4]."""
    z = r * r
    high = 8.33333333332248946124e-03 + z * (
        -1.98412698298579493134e-04
        + z
        * (
            2.75573137070700676789e-06
            + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)
        )
    )
    return r + r * z * (-1.66666666666666324348e-01 + z * high)


@inlined
def _cosine(r: float) -> float:
    """Cosine on [-pi/4, pi/4]."""
    z = r * r
    high = 4.16666666666666019037e-02 + z * (
        -1.38888888888741095749e-03
        + z
        * (
            2.48015872894767294178e-05
            + z
            * (
                -2.75573143513906633035e-07
                + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)
            )
        )
    )
    return 1.0 - 0.5 * z + z * z * high


@inlined
def reduced(x_rad: float) -> float:
    """Return the angle less whole turns, in [-pi, pi], for |x| below 6e6.

    The error is below 1e-10 times the last bit of x, and one rounding of the result.
    """
    turns = (x_rad * (1.0 / TWO_PI) + _ROUND) - _ROUND
    return (x_rad - turns * _TWO_PI_HIGH) - turns * _TWO_PI_LOW


@inlined
def sin_cos(x_rad: float) -> tuple[float, float]:
    """Return sine and cosine of an angle of any size up to 1e6.

    Parameters
    ----------
    x_rad : float

    Returns
    -------
    tuple of two float
        Each within 2e-16.
    """
    quarters = (x_rad * (2.0 / PI) + _ROUND) - _ROUND
    r = (x_rad - quarters * _HALF_PI_HIGH) - quarters * _HALF_PI_LOW
    # which of the four: quarters less whole turns, 0 to 3
    which = quarters - 4.0 * ((quarters * 0.25 - 0.375 + _ROUND) - _ROUND)
    odd = (which - 2.0) * (which - 2.0) == 1.0
    sine = _sine(r)
    cosine = _cosine(r)
    s = cosine if odd else sine
    c = sine if odd else cosine
    return -s if which > 1.5 else s, -c if (which - 1.5) * (which - 1.5) < 1.0 else c


@inlined
def sin_cos_half_turn(x_rad: float) -> tuple[float, float]:
    """Return sine and cosine of an angle in [0, pi], in half the time.

    With h = x/2 - pi/4 they are cos 2h and -sin 2h. Errors stay below 4e-16, absolute.
    """
    h = 0.5 * x_rad - _QUARTER_PI
    sine = _sine(h)
    return 1.0 - 2.0 * sine * sine, -2.0 * sine * _cosine(h)
