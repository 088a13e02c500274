"""Kepler's equation and the elementary functions, held to 40 digits."""

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from auxon.sim.errors import UsageError
from auxon.sim.explog import exp_less_1, log
from auxon.sim.kepler import E_FIXED, eccentric, eccentric_anomalies, eccentric_any
from auxon.sim.trig import reduced, sin_cos, sin_cos_half_turn

mp.dps = 40
ROUNDING = 2.0**-53
ANOMALIES = np.concatenate([np.linspace(0.0, 3.1415926, 25), np.geomspace(1e-10, 0.5, 25)])
ORDINARY = (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.989999)
NEAR_PARABOLIC = (0.99, 0.999, 0.999999, 1 - 1e-9, 1 - 1e-13)


def exact(M: float, e: float) -> mpf:
    """The root to 40 digits: bisection between M and M + e, then Newton's method."""
    m, ecc = mpf(M), mpf(e)
    low, high = m, min(m + ecc, mp.pi)
    for _ in range(60):
        middle = (low + high) / 2
        if middle - ecc * mpmath.sin(middle) > m:
            high = middle
        else:
            low = middle
    root = high
    for _ in range(6):
        f = root - ecc * mpmath.sin(root) - m
        root -= f / (1 - ecc * mpmath.cos(root))
    return root


@pytest.mark.parametrize("e", ORDINARY)
def test_ordinary_ellipses(e: float) -> None:
    M = np.concatenate([ANOMALIES, -ANOMALIES])
    found = eccentric_anomalies(M, np.full(len(M), e))
    for mean, E in zip(M, found, strict=True):
        true = exact(abs(mean), e) * (1 if mean >= 0 else -1)
        # the residual carries a rounding or two of numbers up to pi, over the slope 1 - e cos E
        tolerance = 4 * ROUNDING + 4 * ROUNDING / (1 - e * mpmath.cos(true))
        assert abs(E - true) < tolerance < 1e-12
        E_again, sine, cosine = eccentric(mean, e)
        assert E_again == E
        assert abs(sine - mpmath.sin(true)) < tolerance + 4 * ROUNDING
        assert abs(cosine - mpmath.cos(true)) < tolerance + 4 * ROUNDING


@pytest.mark.parametrize("e", NEAR_PARABOLIC)
def test_near_parabolas(e: float) -> None:
    for mean in np.concatenate([[0.0], np.geomspace(1e-14, 3.14, 40)]):
        true = exact(mean, e)
        E, sine, cosine = eccentric_any(mean, e)
        # near the perihelion E^3 / 6 ~ M: a rounding of M or 1 - e is a third or half of one of E
        tolerance = 8 * ROUNDING * true
        assert abs(E - true) <= tolerance
        assert abs(sine - mpmath.sin(true)) <= tolerance + 4 * ROUNDING * mpmath.sin(true)
        assert abs(cosine - mpmath.cos(true)) <= tolerance + 4 * ROUNDING
        assert eccentric_any(-mean, e)[0] == -E


def test_both_solvers_meet_and_rows_choose_between_them() -> None:
    e = np.array([0.5, E_FIXED - 1e-12, E_FIXED, 0.9999])
    M = np.array([1.0, 0.02, 0.02, 1e-5])
    found = eccentric_anomalies(M, e)
    one_by_one = [eccentric(m, x)[0] for m, x in zip(M[:2], e[:2], strict=True)]
    one_by_one += [eccentric_any(m, x)[0] for m, x in zip(M[2:], e[2:], strict=True)]
    assert found.tolist() == one_by_one
    assert found[1] == pytest.approx(found[2], rel=1e-10)  # e differs by 1e-12, the root by 3e-11


def test_whole_turns_do_not_matter() -> None:
    for turns in (1, -3, 1000, 100_000):
        M = 1.25 + turns * 2 * np.pi
        # M itself is known to half of its last digit
        assert abs(reduced(M) - (mpf(M) - turns * 2 * mp.pi)) < 4 * ROUNDING
        assert eccentric(M, 0.2)[0] == pytest.approx(eccentric(1.25, 0.2)[0], abs=2e-16 * abs(M))


def test_sine_and_cosine() -> None:
    rng = np.random.default_rng(1)
    angles = [
        *rng.uniform(-1e6, 1e6, 2000),
        *np.arange(-8, 9) * np.pi / 4,
        *rng.uniform(-4, 4, 500),
    ]
    for x in angles:
        sine, cosine = sin_cos(float(x))
        assert abs(sine - mpmath.sin(x)) < 2e-16  # documented: below one rounding of 1
        assert abs(cosine - mpmath.cos(x)) < 2e-16
    for x in rng.uniform(0, np.pi, 500):
        sine, cosine = sin_cos_half_turn(float(x))
        assert abs(sine - mpmath.sin(x)) < 4e-16
        assert abs(cosine - mpmath.cos(x)) < 4e-16


def test_exponential_and_logarithm() -> None:
    rng = np.random.default_rng(2)
    for x in [0.0, 1e-12, *rng.uniform(0, 1, 200), *rng.uniform(0, 700, 200)]:
        # n ln 2 is subtracted in two parts; what is left is off by a rounding of x ln 2
        assert abs(exp_less_1(float(x)) - mpmath.expm1(x)) <= 4e-16 * mpmath.expm1(x)
    for x in [1.0, 1 + 1e-12, *rng.uniform(1, 2, 200), *np.exp(rng.uniform(0, 80, 200))]:
        assert abs(log(float(x)) - mpmath.log(x)) <= 3e-16 * max(mpmath.log(x), mpf("0.01"))
    assert exp_less_1(710.0) == np.inf


def test_what_is_refused() -> None:
    with pytest.raises(UsageError, match=r"shapes \(2,\) and \(1,\); expected two rows of one"):
        eccentric_anomalies([1.0, 2.0], [0.1])
    with pytest.raises(UsageError, match=r"e\[1\] is 1.0; expected 0 <= e < 1; parabolas"):
        eccentric_anomalies([1.0, 2.0], [0.1, 1.0])
