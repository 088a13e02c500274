"""Transfers without a date: published examples, independent minima, grams to the last one."""

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from scipy.optimize import minimize_scalar

from auxon.sim.transfers import (
    G0_M_S2,
    PROPELLANT_MAX_G,
    circular_m_s,
    edelbaum_m_s,
    hohmann,
    propellant_g,
    thrust_days,
)


def test_hohmann_of_the_books() -> None:
    """Vallado 2013, example 6-1: 6569.4781 to 42159.4856 km about the Earth, by ratios."""
    low, high, mu = 6569.4781, 42159.4856, 398600.4418
    found = hohmann(1.0, high / low, 0.0)
    scale = math.sqrt(mu / low) / circular_m_s(1.0)
    # six decimals are printed
    assert found.first_m_s * scale == pytest.approx(2.457038, abs=1e-6)
    assert found.second_m_s * scale == pytest.approx(1.478187, abs=1e-6)
    minutes = found.days / 365.2568983 * 2 * math.pi * math.sqrt(low**3 / mu) / 60
    assert minutes == pytest.approx(315.403, abs=1e-3)


@pytest.mark.parametrize(
    ("a1", "a2", "tilt", "km_s", "years"),
    [
        # computed with another program before this one was written; printed to two decimals
        (2.2, 3.2, 0.0, 3.40, 2.22), (2.2, 3.2, 5.0, 3.74, 2.22), (2.2, 3.2, 10.0, 4.61, 2.22),
        (2.4, 2.8, 0.0, 1.42, 2.10), (2.7, 2.8, 2.0, 0.71, 2.28), (2.77, 2.77, 10.0, 3.12, 2.31),
    ],
)  # fmt: skip
def test_hohmann_in_the_belt(a1: float, a2: float, tilt: float, km_s: float, years: float) -> None:
    found = hohmann(a1, a2, tilt)
    assert found.delta_v_m_s == pytest.approx(1000 * km_s, abs=5)
    assert found.days / 365.25 == pytest.approx(years, abs=0.005)
    back = hohmann(a2, a1, tilt)
    assert back.delta_v_m_s == pytest.approx(found.delta_v_m_s, rel=1e-12)  # roundings


def test_the_plane_change_is_split_best() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        a1, a2, tilt = rng.uniform(1, 4), rng.uniform(1, 4), rng.uniform(0, 60)
        found = hohmann(a1, a2, tilt)
        mean, turn = (a1 + a2) / 2, math.radians(tilt)
        v1, v2, v = circular_m_s(a1), circular_m_s(a2), circular_m_s(mean)
        p, q = v * math.sqrt(a2 / a1), v * math.sqrt(a1 / a2)

        def cost(first: float) -> float:
            one = v1**2 + p**2 - 2 * v1 * p * math.cos(first)  # noqa: B023 (used at once)
            two = v2**2 + q**2 - 2 * v2 * q * math.cos(turn - first)  # noqa: B023
            return math.sqrt(max(one, 0.0)) + math.sqrt(max(two, 0.0))

        ends = min(cost(0.0), cost(turn))
        inside = minimize_scalar(cost, bounds=(0, turn), method="bounded", options={"xatol": 1e-10})
        # the law of cosines loses half of its digits where both speeds are nearly the same
        assert found.delta_v_m_s == pytest.approx(min(ends, inside.fun), rel=1e-7)
        assert found.delta_v_m_s == pytest.approx(
            cost(math.radians(found.first_tilt_deg)), rel=1e-7
        )


def test_edelbaum_of_the_books() -> None:
    """7000 to 42166 km, 28.5 degrees, 3.5e-7 km/s2: 5.78378 km/s, 191.26 days.

    Kechichian 1997, "Reformulation of Edelbaum's low-thrust transfer problem using optimal control
    theory", doi:10.2514/2.4145.
    """
    scale = math.sqrt(398601.3 / 7000) / circular_m_s(1.0)
    delta_v_km_s = edelbaum_m_s(1.0, 42166 / 7000, 28.5) * scale
    assert delta_v_km_s == pytest.approx(5.78378, abs=2e-5)  # five decimals, a rounded mu
    assert thrust_days(delta_v_km_s * 1000, 3.5e-4) == pytest.approx(191.26, abs=0.01)


def test_edelbaum_limits() -> None:
    v1, v2 = circular_m_s(2.2), circular_m_s(3.2)
    assert edelbaum_m_s(2.2, 3.2, 0.0) == pytest.approx(v1 - v2, rel=1e-14)
    for tilt in (115.0, 180.0):  # beyond 2 rad: out to infinity and back
        assert edelbaum_m_s(2.2, 3.2, tilt) == pytest.approx(v1 + v2, rel=1e-14)
    assert [round(edelbaum_m_s(2.2, 3.2, tilt), -1) for tilt in (0, 5, 10)] == [3430, 4250, 6060]


def exact_propellant(dry_g: int, delta_v: float, exhaust: float) -> int:
    with mpmath.workdps(60):
        return int(mpmath.ceil(dry_g * mpmath.expm1(mpf(delta_v / exhaust))))


def test_propellant_to_the_gram() -> None:
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(3000):
        dry = int(10 ** rng.uniform(0, 14))
        delta_v, exhaust = rng.uniform(0, 12_000), rng.uniform(1500, 45_000)
        exact = exact_propellant(dry, delta_v, exhaust)
        found = propellant_g(dry, delta_v, exhaust)
        # one gram below 1e15; beyond, what a rounding or two of 53 bits is
        assert abs(found - exact) <= max(1, exact * 1e-15), (dry, delta_v, exhaust)
        wrong += found != exact
    assert wrong < 30  # only where the exact value comes within a rounding of a whole gram


def test_propellant_never_vanishes_nor_overflows() -> None:
    assert propellant_g(0, 5000.0, 3000.0) == 0
    assert propellant_g(10**9, 0.0, 3000.0) == 0
    assert propellant_g(1, 1e-9, 4500.0) == 1  # rounded up
    assert propellant_g(10**12, 1e6, 10.0) == PROPELLANT_MAX_G
    assert propellant_g(10**12, 16 * 4500.0, 4500.0) == PROPELLANT_MAX_G
    # twice the velocity takes the propellant of the propellant: (1 + p)^2 - 1
    once = propellant_g(10**12, 1000.0, 300 * G0_M_S2) / 10**12
    twice = propellant_g(10**12, 2000.0, 300 * G0_M_S2) / 10**12
    assert twice == pytest.approx((1 + once) ** 2 - 1, abs=4e-12)  # a gram in 1e12
