"""The functions cells are made of, against NumPy in float64; the rounding of a multiply-add."""

from fractions import Fraction

import numpy as np
import pytest

from auxon.policies import lane_maths
from auxon.policies.lanes import Plain

O = Plain()  # noqa: E741


def grid(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, 400_001).astype(np.float32)


def test_tanh_and_sigmoid_within_what_they_promise() -> None:
    x = np.concatenate([grid(-100, 100), grid(-9, 9), grid(-1e-3, 1e-3)])
    tanh = lane_maths.tanh(O, x)
    assert np.abs(tanh - np.tanh(x.astype(np.float64))).max() < 4e-7
    assert np.abs(tanh).max() <= 1
    sigmoid = lane_maths.sigmoid(O, x)
    assert np.abs(sigmoid - 1 / (1 + np.exp(-x.astype(np.float64)))).max() < 2e-7
    assert sigmoid.min() >= 0
    assert sigmoid.max() <= 1
    assert (lane_maths.tanh(O, -x) == -tanh).all()


def test_exp_and_log_within_what_they_promise() -> None:
    x = np.concatenate([grid(-87, 88), grid(-1, 1)])
    assert np.abs(lane_maths.exp(O, x) / np.exp(x.astype(np.float64)) - 1).max() < 2e-7
    assert lane_maths.exp(O, np.array([0.0, -1e9, 1e9], np.float32))[0] == 1
    assert np.isfinite(lane_maths.exp(O, np.array([-1e9, 1e9], np.float32))).all()
    u = grid(1e-6, 1)
    assert np.abs(lane_maths.log_1_plus(O, u) / np.log1p(u.astype(np.float64)) - 1).max() < 3e-7
    assert lane_maths.log_1_plus(O, np.array([0.0], np.float32))[0] == 0


def test_what_is_not_a_number_stays_so() -> None:
    nan = np.array([np.nan], np.float32)
    assert np.isnan(lane_maths.tanh(O, nan)).all()
    assert np.isnan(lane_maths.sigmoid(O, nan)).all()


def nearest(value: Fraction) -> np.float32:
    """Return the float32 nearest to a fraction, the even one of two."""
    guess = np.float32(float(value))
    near = [np.nextafter(guess, np.float32(s)) for s in (-np.inf, np.inf)]
    candidates = [guess, *near]
    miss = [abs(Fraction(float(c)) - value) for c in candidates]
    best = [c for c, m in zip(candidates, miss, strict=True) if m == min(miss)]
    return min(best, key=lambda c: int(c.view(np.int32)) & 1)


@pytest.mark.parametrize("exponent", [-30, -24, -23, 0, 12, 25])
def test_plain_multiply_add_rounds_once(exponent: int) -> None:
    rng = np.random.default_rng(exponent + 100)
    a, b = (rng.integers(2**23, 2**24, 500).astype(np.float32) for _ in "ab")
    # sums near the middle of two float32, where rounding twice would go wrong
    c = (rng.integers(-(2**23), 2**23, 500) * 2.0**exponent * 2.0**24).astype(np.float32)
    c[::3] = np.float32(2.0**-40) * np.where(rng.random(len(c[::3])) < 0.5, 1, -1)
    a[::3] = b[::3] = 2.0**12 + 1  # the product has 25 bits: halfway, but for c
    got = O.fma(a, b, c)
    twice = (a.astype(np.float64) * b + c).astype(np.float32)
    assert (got != twice).any()  # so the cases are hard ones
    for k in range(len(a)):
        exact = Fraction(float(a[k])) * Fraction(float(b[k])) + Fraction(float(c[k]))
        assert got[k] == nearest(exact), (a[k], b[k], c[k])
