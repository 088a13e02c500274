"""Functions that cells are made of, written over `lanes.Operations`: the same bits everywhere.

Coefficients were fitted by iterated least squares towards the least greatest error.
"""

from .lanes import Lanes, Operations

_TANH_MAX = 8.2
"""From here on tanh is 1 in float32."""
_TANH_P = (1.4671198478310998e-08, 2.1512540115509182e-05, 0.0035489380825310946,
           0.13425524532794952, 0.9999999403953552)  # fmt: skip
_TANH_Q = (8.300656304527365e-07, 0.0003373899089638144, 0.02607860416173935,
           0.4675884246826172, 1.0)  # fmt: skip
_EXP = (0.0013814583653584123, 0.008368724025785923, 0.04166838899254799, 0.1666652113199234,
        0.4999999403953552, 1.0, 1.0)  # fmt: skip
_LOG = tuple(2.0 / n for n in range(15, 0, -2))
_TO_WHOLE = 1.5 * 2.0**23
"""Adding it and taking it off rounds a float32 to a whole number."""
_LN2_HIGH = 0.693359375
"""Few bits, so that its product with a small whole number is exact."""
_LN2_LOW = -2.12194440e-4


def polynomial(o: Operations, x: Lanes, coefficients: tuple[float, ...]) -> Lanes:
    """Return the polynomial by Horner's rule, highest coefficient first."""
    total = o.const(coefficients[0])
    for c in coefficients[1:]:
        total = o.fma(total, x, o.const(c))
    return total


def clip(o: Operations, x: Lanes, low: float, high: float) -> Lanes:
    """Return x between two bounds; what is not a number stays so."""
    x = o.where_less(o.const(high), x, o.const(high), x)
    return o.where_less(x, o.const(low), o.const(low), x)


def tanh_parts(o: Operations, x: Lanes) -> tuple[Lanes, Lanes]:
    """Return p and q > 0 with p / q = tanh x, within 4e-7: divisions of several can be merged."""
    x = clip(o, x, -_TANH_MAX, _TANH_MAX)
    square = o.mul(x, x)
    return o.mul(x, polynomial(o, square, _TANH_P)), polynomial(o, square, _TANH_Q)


def sigmoid_parts(o: Operations, x: Lanes) -> tuple[Lanes, Lanes]:
    """Return p and q > 0 with p / q = 2 / (1 + e^-x) = 1 + tanh(x / 2), twice the sigmoid."""
    p, q = tanh_parts(o, o.mul(x, o.const(0.5)))
    return o.add(p, q), q


def tanh(o: Operations, x: Lanes) -> Lanes:
    """Return tanh x, within 4e-7."""
    return o.div(*tanh_parts(o, x))


def sigmoid(o: Operations, x: Lanes) -> Lanes:
    """Return 1 / (1 + e^-x), within 2e-7."""
    p, q = sigmoid_parts(o, x)
    return o.div(o.mul(p, o.const(0.5)), q)


def exp(o: Operations, x: Lanes) -> Lanes:
    """Return e^x for x in -87..88 (bounds beyond), within 2e-7 of itself."""
    x = clip(o, x, -87.0, 88.0)
    n = o.fma(x, o.const(1.4426950408889634), o.const(_TO_WHOLE))
    n = o.sub(n, o.const(_TO_WHOLE))
    r = o.fma(n, o.const(-_LN2_HIGH), x)
    r = o.fma(n, o.const(-_LN2_LOW), r)
    return o.times_2_to(polynomial(o, r, _EXP), n)


def log_1_plus(o: Operations, x: Lanes) -> Lanes:
    """Return ln(1 + x) for x in 0..1, within 2e-7 of itself.

    2 (t + t^3/3 + t^5/5 ...) with t = x / (2 + x).
    """
    t = o.div(x, o.add(x, o.const(2.0)))
    return o.mul(t, polynomial(o, o.mul(t, t), _LOG))
