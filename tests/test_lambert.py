"""Lambert's problem: the equation to 90 digits, two other solvers, the books, and an integrator."""

import math

import mpmath
import numpy as np
import pytest
import rebound
from lamberthub import gooding1990, izzo2015
from mpmath import mpf
from numpy.typing import NDArray

from auxon.sim.ephemeris import SUN_AU3_D2, states
from auxon.sim.errors import UsageError
from auxon.sim.lambert import Transfer, lambert_all, lambert_rows, lambert_velocities
from auxon.sim.lambert_robust import lambert_any, shortest, time_of_flight, x_direct, x_revolving
from auxon.sim.lambert_terms import W_MAX, shape
from tests.orbit_cases import EPOCH_JD, belt

F64 = NDArray[np.float64]
EARTH_KM3_S2 = 398600.4418


def exact_time(x: float, lam: float, revolutions: int) -> mpf:
    """Izzo 2015, equations 17 and 18, with digits enough for all that cancels."""
    with mpmath.workdps(90):
        x_, lam_ = mpf(x), mpf(lam)
        u = 1 - x_ * x_
        y = mpmath.sqrt(1 - lam_ * lam_ * u)
        if u > 0:
            psi = mpmath.acos(x_ * y + lam_ * u) + revolutions * mpmath.pi
            return (psi / mpmath.sqrt(u) - x_ + lam_ * y) / u
        root = mpmath.sqrt(-u)
        return (mpmath.asinh((y - x_ * lam_) * root) / root - x_ + lam_ * y) / u


def hard_lambdas(count: int, seed: int) -> list[float]:
    """Any, near 1 and near -1."""
    rng = np.random.default_rng(seed)
    near = 10 ** rng.uniform(-8, -1, (2, count))
    return [*rng.uniform(-1, 1, count), *(1 - near[0]), *(near[1] - 1)]


def rest(lam: float) -> float:
    with mpmath.workdps(40):
        return float(1 - mpf(lam) ** 2)


def test_the_shape_of_the_time_of_flight() -> None:
    for w in np.linspace(0.0, W_MAX, 80):
        above, below = shape(w, w * w)
        with mpmath.workdps(40):
            true = mpf(2) / 3 * mpmath.hyp2f1(mpf(-1) / 2, mpf(3) / 2, mpf(5) / 2, 1 - mpf(w) ** 2)
        assert abs(above / below - true) < 1e-15 * true  # both sums have positive terms: roundings


def test_the_time_of_flight() -> None:
    rng = np.random.default_rng(1)
    for n, lam in enumerate(hard_lambdas(250, 2)):
        x = (
            rng.uniform(-0.99, 3),
            -1 + 10 ** rng.uniform(-5, -1),
            10 ** rng.uniform(0, 3),
            1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-9, -2),
        )[n % 4]
        revolutions = n % 3 if x < 0.999 else 0
        true = exact_time(x, lam, revolutions)
        found = time_of_flight(x, lam, rest(lam), revolutions)
        # where w leaves the polynomials, a digit of 16 goes in the logarithm (measured 9e-15)
        assert abs(found - true) < 2e-14 * true, (x, lam)


def test_the_robust_solver_solves() -> None:
    rng = np.random.default_rng(3)
    for lam in hard_lambdas(250, 4):
        T = 10 ** rng.uniform(-3, 3)
        x = x_direct(T, lam, rest(lam))
        # near x = -1 and 1 a rounding of x moves T by T / (1 - x^2) of it
        sensitivity = 1 + 1 / abs(1 - x * x) if x < 0.999 else 1.0
        assert abs(exact_time(x, lam, 0) - T) < 2e-14 * T + 4e-16 * T * sensitivity, (T, lam)


@pytest.mark.parametrize("revolutions", [1, 2, 7])
def test_the_robust_solver_revolves(revolutions: int) -> None:
    rng = np.random.default_rng(5)
    for lam in hard_lambdas(40, 6):
        x_least = shortest(lam, rest(lam), revolutions)
        least = time_of_flight(x_least, lam, rest(lam), revolutions)
        beside = [time_of_flight(x_least + d, lam, rest(lam), revolutions) for d in (-1e-4, 1e-4)]
        assert least < min(beside)
        assert x_revolving(least * (1 - 1e-9), lam, rest(lam), revolutions)[2] == 0
        T = least * (1 + 10 ** rng.uniform(-8, 1))
        left, right, found = x_revolving(T, lam, rest(lam), revolutions)
        assert found == 1
        assert left < x_least < right
        for x in (left, right):
            tolerance = 2e-14 + 2e-15 / (1 - x * x)  # a rounding of x
            assert abs(exact_time(x, lam, revolutions) - T) < tolerance * T


def belt_pairs(count: int, seed: int) -> tuple[F64, F64, F64]:
    """Positions of random asteroids now and of others then; half a year to three."""
    return (
        states(belt(count, seed), EPOCH_JD)[:3],
        states(belt(count, seed + 1), EPOCH_JD)[:3],
        np.random.default_rng(seed).uniform(180, 1100, count),
    )


def robust(r1: F64, r2: F64, tof: F64) -> F64:
    out = np.empty((6, len(tof)))
    for n in range(len(tof)):
        (x1, y1, z1), (x2, y2, z2) = r1[:, n].tolist(), r2[:, n].tolist()
        f, g, h = lambert_any(x1, y1, z1, x2, y2, z2, tof[n], SUN_AU3_D2)
        out[:3, n], out[3:, n] = f * r1[:, n] + g * r2[:, n], h * r2[:, n] - g * r1[:, n]
    return out


def test_fast_and_robust_agree_on_the_belt() -> None:
    r1, r2, tof = belt_pairs(5000, 7)
    fast = np.empty((6, 5000))
    flagged = np.empty(5000, np.bool_)
    (x1, y1, z1), (x2, y2, z2), (a, b, c, d, e, f) = r1, r2, fast
    lambert_rows(x1, y1, z1, x2, y2, z2, tof, SUN_AU3_D2, a, b, c, d, e, f, flagged)
    assert flagged.mean() < 0.002  # "one in thousands"
    far = np.linalg.norm(fast - robust(r1, r2, tof), axis=0) / np.linalg.norm(fast, axis=0)
    assert far.max() < 1e-13  # measured 7e-15; short arcs lose a digit


def test_fast_and_robust_agree_on_anything() -> None:
    """Near 0 and 180 degrees, days to decades: flags must catch all that goes wrong."""
    rng = np.random.default_rng(8)
    n = 20_000
    angle = np.where(rng.random(n) < 0.5, rng.uniform(0, 2 * np.pi, n), 0.0)
    angle += np.where(rng.random(n) < 0.5, 0.0, np.pi) + 10 ** rng.uniform(-6, -0.5, n)
    d1, d2 = rng.uniform(0.5, 5, (2, n))
    zero = np.zeros(n)
    r1 = np.array([d1, zero, zero])
    r2 = np.array([d2 * np.cos(angle), d2 * np.sin(angle), 0.1 * d2 * np.sin(angle)])
    tof = 10 ** rng.uniform(1, 4, n)
    fast, slow = lambert_velocities(r1, r2, tof), robust(r1, r2, tof)
    # near 180 degrees the plane, near 0 the direction hangs on the last digits of the positions
    apart = np.minimum(np.abs(np.sin(angle)), 1.0)
    far = np.linalg.norm(fast - slow, axis=0) / np.linalg.norm(slow, axis=0)
    assert (far * apart).max() < 1e-13


@pytest.mark.parametrize("oracle", [gooding1990, izzo2015])
def test_against_other_solvers(oracle: type) -> None:
    r1, r2, tof = belt_pairs(200, 9)
    found = lambert_velocities(r1, r2, tof)
    for n in range(200):
        v1, v2 = oracle(SUN_AU3_D2, r1[:, n].copy(), r2[:, n].copy(), tof[n])
        # their last steps are 1e-5 or less, then squared; measured 3e-14
        assert np.abs(found[:3, n] - v1).max() < 1e-12 * np.linalg.norm(v1)
        assert np.abs(found[3:, n] - v2).max() < 1e-12 * np.linalg.norm(v2)


@pytest.mark.parametrize("oracle", [gooding1990, izzo2015])
def test_revolutions_against_other_solvers(oracle: type) -> None:
    rng = np.random.default_rng(10)
    r1, r2, _ = belt_pairs(25, 11)
    for n in range(25):
        a, b, tof = r1[:, n].copy(), r2[:, n].copy(), rng.uniform(3000, 9000)
        found = lambert_all(a, b, tof, 20)
        most = found[-1].revolutions
        assert most > 0
        expected = [(0, "direct"), *((m, s) for m in range(1, most + 1) for s in ("left", "right"))]
        assert [(each.revolutions, each.branch) for each in found] == expected
        for transfer in found[1:]:
            v1, _ = oracle(
                SUN_AU3_D2, a, b, tof, M=transfer.revolutions, low_path=transfer.branch == "right",
                maxiter=100, rtol=1e-12, atol=1e-12,
            )  # fmt: skip
            # near the least time x is the root of a parabola: half of the digits
            assert np.abs(transfer.v1 - v1).max() < 1e-7 * np.linalg.norm(v1)
        with pytest.raises(ValueError, match="No feasible solution"):
            oracle(SUN_AU3_D2, a, b, tof, M=most + 1)


@pytest.mark.parametrize(
    ("mu", "r1", "r2", "tof_s", "v1", "v2", "rounding"),
    [
        # Vallado 2013, Fundamentals of Astrodynamics and Applications, example 7-5
        (
            EARTH_KM3_S2, (15945.34, 0, 0), (12214.83899, 10249.46731, 0), 76 * 60,
            (2.058913, 2.915965, 0), (-3.451565, 0.910315, 0), 1e-6,
        ),
        # Curtis 2014, Orbital Mechanics for Engineering Students, example 5.2
        (
            398600.0, (5000, 10000, 2100), (-14600, 2500, 7000), 3600,
            (-5.99249, 1.92536, 3.24564), (-3.31246, -4.19662, -0.38529), 4e-5,
        ),
    ],
)  # fmt: skip
def test_the_books(
    mu: float, r1: tuple[float, ...], r2: tuple[float, ...], tof_s: float, v1: tuple[float, ...],
    v2: tuple[float, ...], rounding: float,
) -> None:  # fmt: skip
    direct = lambert_all(r1, r2, tof_s, 0, mu)[0]
    np.testing.assert_allclose(direct.v1, v1, rtol=0, atol=rounding)  # the book's own digits
    np.testing.assert_allclose(direct.v2, v2, rtol=0, atol=rounding)


def carried(r1: F64, v1: F64, tof: float) -> F64:
    """Where an integrator that knows nothing of conics takes a body."""
    sim = rebound.Simulation()
    sim.G = SUN_AU3_D2
    sim.integrator = "ias15"
    sim.add(m=1.0)
    sim.N_active = 1
    sim.add(m=0.0, x=r1[0], y=r1[1], z=r1[2], vx=v1[0], vy=v1[1], vz=v1[2])
    sim.integrate(tof)
    return np.array([*sim.particles[1].xyz, *sim.particles[1].vxyz])


def invariants(r: F64, v: F64) -> tuple[float, F64]:
    return float(v @ v / 2 - SUN_AU3_D2 / math.sqrt(r @ r)), np.cross(r, v)


def test_solutions_arrive_and_conserve() -> None:
    r1, r2, _ = belt_pairs(30, 12)
    rng = np.random.default_rng(13)
    hyperbolas = 0
    for n in range(30):
        tof = 10 ** rng.uniform(1.5, 3.8)
        transfers: list[Transfer] = lambert_all(r1[:, n], r2[:, n], tof, 3)
        for each in transfers:
            energy, h = invariants(r1[:, n], each.v1)
            energy2, h2 = invariants(r2[:, n], each.v2)
            # roundings, of terms as large as the kinetic energy
            scale = each.v1 @ each.v1 + each.v2 @ each.v2
            assert abs(energy - energy2) < 4e-15 * scale
            product = np.linalg.norm(r1[:, n]) * np.linalg.norm(each.v1)
            assert np.abs(h - h2).max() < 1e-14 * product
            assert h[2] > 0
            hyperbolas += energy > 0
            if each.revolutions < 2:  # else errors of the velocity grow with each revolution
                there = carried(r1[:, n], each.v1, tof)
                size = np.linalg.norm(r2[:, n]) + np.linalg.norm(each.v1) * tof
                assert np.abs(there[:3] - r2[:, n]).max() < 1e-11 * size
    assert hyperbolas > 3


def test_positions_in_line() -> None:
    here = np.ones(3)
    r1, r2 = np.stack([here, here, here]).T, np.stack([-2 * here, here, 2 * here]).T
    opposite, same, radial = lambert_velocities(r1, r2, [500.0, 500.0, 500.0]).T
    assert np.isnan([opposite, same]).all()
    np.testing.assert_allclose(np.cross(here, radial[:3]), 0.0, atol=1e-17)  # straight up
    np.testing.assert_allclose(carried(here, radial[:3], 500.0)[:3], 2 * here, rtol=1e-11)
    with pytest.raises(UsageError, match="or opposite each other; expected a plane; move one of"):
        lambert_all(here, -2 * here, 500.0, 0)


def test_what_is_refused() -> None:
    with pytest.raises(UsageError, match=r"r1 is \(2, 1\), r2 \(3, 1\), tof \(1,\); expected"):
        lambert_velocities(np.ones((2, 1)), np.ones((3, 1)), [1.0])
    with pytest.raises(UsageError, match=r"tof\[1\] is 0.0; expected more than 0; arrive after"):
        lambert_velocities(np.ones((3, 2)), np.ones((3, 2)), [1.0, 0.0])
    with pytest.raises(UsageError, match=r"mu is -1.0; expected more than 0; give GM"):
        lambert_velocities(np.ones((3, 1)), np.ones((3, 1)), [1.0], -1.0)
    with pytest.raises(UsageError, match=r"r1 is \(2,\), r2 \(3,\); expected \(3,\) each"):
        lambert_all([1, 2], [1, 2, 3], 1.0, 0)
