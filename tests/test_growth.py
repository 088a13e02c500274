"""Von Neumann's growth against cases solved by hand, by eigenvalues and by plain bisection."""

import math
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eig
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.special import lambertw

import auxon
from auxon.sim.critical import critical
from auxon.sim.errors import UsageError
from auxon.sim.growth import BalancedGrowth, balanced_growth

Floats = NDArray[np.float64]

EXACT = 1e-9
"""What is asked of every case with a closed form; 1e-14 was seen."""
LEONTIEF = [[0.1, 0.4], [0.5, 0.2]]


def assert_equilibrium(found: BalancedGrowth, A: ArrayLike, B: ArrayLike) -> None:
    """Nothing falls short, nothing makes a profit, and what is made has a value.

    These alone make the factor the one of a maximal growth: KMT's conditions. 1e-9 of what goes
    through each good and process.
    """
    taken, given = np.asarray(A, float), np.asarray(B, float)
    x, p, factor = found.intensities, found.prices, found.factor
    assert x.min() >= 0
    assert p.min() >= 0
    assert (x.sum(), p.sum()) == pytest.approx((1, 1))
    assert (given @ x >= factor * taken @ x - EXACT * (given + factor * taken) @ x).all()
    assert (p @ given <= factor * p @ taken + EXACT * p @ (given + factor * taken)).all()
    assert p @ given @ x > 0


# ------------------------------------------------------------------ exact cases


def test_leontief() -> None:
    """Two goods, rho = 3/5."""
    found = balanced_growth(LEONTIEF, np.eye(2))
    assert found.factor == pytest.approx(5 / 3, abs=EXACT)
    assert found.intensities == pytest.approx([4 / 9, 5 / 9], abs=EXACT)
    assert found.prices == pytest.approx([1 / 2, 1 / 2], abs=EXACT)


def test_gale() -> None:
    """Gale, The Theory of Linear Economic Models (1960), ch. 9.6: cube root of 2, a free good."""
    A = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]]).T
    B = np.array([[1, 0, 0, 0], [0, 0, 2, 0], [0, 1, 0, 1]]).T
    found = balanced_growth(A, B)
    c = 2 ** (1 / 3)
    assert found.factor == pytest.approx(c, abs=EXACT)
    # goods 2 and 3 go round: x1 = c x2, x3 = c x1, hence the sum 1 + c + c^2 in units of x2
    assert found.intensities == pytest.approx(np.array([c, 1, c**2]) / (1 + c + c**2), abs=EXACT)
    assert found.intensities == pytest.approx([0.32748, 0.25992, 0.41260], abs=5e-6)
    assert found.prices == pytest.approx([0.41260, 0.32748, 0.25992, 0], abs=5e-6)
    assert found.prices[3] == 0
    assert_equilibrium(found, A, B)


def test_a_durable_machine_of_life_two() -> None:
    """Goods: parts, new and old machines; z^3 = 2 z + 2. A period to assemble, two parts each."""
    A = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]).T
    B = np.array([[2, 0, 1], [2, 0, 0], [0, 1, 0]]).T
    found = balanced_growth(A, B)
    z = found.factor
    assert z == pytest.approx(1.7692923542, abs=1e-10)
    assert z**3 == pytest.approx(2 * z + 2, abs=EXACT)
    # machine prices: an old one is worth 2 parts a period on, a new one that and an old one more
    old = 2 / z
    by_hand = np.array([1, (2 + old) / z, old])
    assert found.prices == pytest.approx(by_hand / by_hand.sum(), abs=EXACT)
    assert found.prices == pytest.approx([0.25643, 0.45370, 0.28987], abs=5e-6)
    running = np.array([1, 1 / z, z])  # z machines are assembled for one new that works
    assert found.intensities == pytest.approx(running / running.sum(), abs=EXACT)


def test_a_missing_vitamin() -> None:
    """Robots need 0.05 of what nothing makes: all that is left is their upkeep of 0.95."""
    A = np.array([[0, 1], [1, 0], [0, 0.05]])  # goods: part, robot, vitamin; mining, assembly
    B = np.array([[2, 0], [0.95, 1], [0, 0]])
    found = balanced_growth(A, B)
    assert found.factor == pytest.approx(0.95, abs=EXACT)
    assert found.intensities == pytest.approx([1, 0], abs=EXACT)
    assert_equilibrium(found, A, B)
    supplied = balanced_growth(A[:2], B[:2])  # z^2 = 0.95 z + 2
    assert supplied.factor == pytest.approx((0.95 + math.sqrt(0.95**2 + 8)) / 2, abs=EXACT)


def test_leontief_closure() -> None:
    """Outputs (I - A)^-1 d for a final demand d, as a closed economy that neither grows nor falls.

    A household takes d and gives a claim; the first process takes as much of the claim as its
    output for d, 20/13, allows. That leaves exactly the outputs of the open economy, factor 1.
    """
    gross = np.linalg.solve(np.eye(2) - LEONTIEF, [1, 0])
    assert gross == pytest.approx([1.5384615, 0.9615385], abs=5e-8)
    A = np.zeros((3, 3))
    A[:2, :2], A[:2, 2], A[2, 0] = LEONTIEF, [1, 0], 13 / 20
    found = balanced_growth(A, np.eye(3))
    assert found.factor == pytest.approx(1, abs=EXACT)
    assert found.intensities[:2] / found.intensities[2] == pytest.approx(gross, abs=EXACT)


@pytest.mark.parametrize(("scale", "productive"), [(1.66, True), (1.67, False)])
def test_productive_if_and_only_if_it_grows(scale: float, productive: bool) -> None:
    """Outputs for any demand are positive if rho(A) < 1, that is, if the factor exceeds 1."""
    A = scale * np.array(LEONTIEF)
    outputs = np.linalg.inv(np.eye(2) - A)
    assert bool((outputs > 0).all()) == productive
    assert (balanced_growth(A, np.eye(2)).factor > 1) == productive


def test_euler_and_lotka_in_steps() -> None:
    """Leslie's matrix as a technology: one process for each age, which uses up that age.

    Sum of l_a m_a lambda^-a over a = 1..4, with l_a = 0.95^a; R0 and lambda as published.
    """
    births, survival = np.array([0, 0.8, 1.2, 0.5]), 0.95
    B = np.diag([survival] * 3, -1)
    B[0] = survival * births
    ages = np.arange(1, 5)
    assert (survival**ages * births).sum() == pytest.approx(2.158103125, abs=1e-9)
    found = balanced_growth(np.eye(4), B)
    assert found.factor == pytest.approx(1.3179809123, abs=1e-10)
    assert (survival**ages * births * found.factor**-ages).sum() == pytest.approx(1, abs=EXACT)
    stable = (survival / found.factor) ** ages
    assert found.intensities == pytest.approx(stable / stable.sum(), abs=EXACT)


def test_a_copy_a_step_after_one_step() -> None:
    found = balanced_growth(np.eye(2), [[0, 1], [1, 1]])  # young, grown
    golden = (1 + math.sqrt(5)) / 2
    assert found.factor == pytest.approx(golden, abs=EXACT)
    assert found.intensities == pytest.approx([1 - 1 / golden, 1 / golden], abs=EXACT)


def test_euler_and_lotka_in_continuous_time() -> None:
    """Births b after maturation tau, hazard mu: b e^-(r + mu) tau = r + mu.

    No pair of matrices, but a family of them: newborn robots, of which e^-(r + mu) tau grow up for
    one born now, and work (r + mu)^-1 each.
    """
    b, tau, mu = 1.0, 1.0, 0.1

    def family(rate: float) -> csr_array:
        grown = math.exp(-(rate + mu) * tau)
        return csr_array(np.array([[-1.0, b], [grown, -(rate + mu)]]))

    found = critical(family, least=-mu)
    assert found is not None
    assert found.rate == pytest.approx(0.4671432904, abs=1e-10)
    assert found.rate == pytest.approx(lambertw(b * tau).real / tau - mu, abs=EXACT)
    assert math.log(2) / found.rate == pytest.approx(1.4837999, abs=5e-8)


# ------------------------------------------------------------------ reducible technologies


@pytest.mark.parametrize(
    ("A", "factor", "intensities"),
    [
        ([[0.5, 0], [0, 0.25]], 4, [0, 1]),  # apart: the faster
        ([[0.5, 0], [0.3, 0.25]], 4, [0, 1]),  # the slower needs the faster
        ([[0.5, 0.3], [0, 0.25]], 2, [1, 0]),  # the faster needs the slower
        ([[0.25, 0.3], [0, 0.5]], 4, [1, 0]),
    ],
)
def test_the_largest_factor_of_a_reducible_technology(
    A: list[list[float]], factor: float, intensities: list[float]
) -> None:
    found = balanced_growth(A, np.eye(2))
    assert found.factor == pytest.approx(factor, abs=EXACT)
    assert found.intensities == pytest.approx(intensities, abs=EXACT)
    assert_equilibrium(found, A, np.eye(2))


def test_the_faster_that_feeds_the_slower_stops() -> None:
    """What needs the faster part could come along; it would only cost growth."""
    leontief = np.array(LEONTIEF)
    A = np.block([[leontief, np.ones((2, 2))], [np.zeros((2, 2)), 2 * leontief]])
    found = balanced_growth(A, np.eye(4))
    assert found.factor == pytest.approx(5 / 3, abs=EXACT)
    assert found.intensities == pytest.approx([4 / 9, 5 / 9, 0, 0], abs=EXACT)
    assert_equilibrium(found, A, np.eye(4))


def test_equal_parts() -> None:
    """The mix is open, the factor is not."""
    found = balanced_growth(np.diag([0.5, 0.5, 0.8]), np.eye(3))
    assert found.factor == pytest.approx(2, abs=EXACT)
    assert found.intensities[2] == pytest.approx(0, abs=EXACT)


# ------------------------------------------------------------------ drawn at random


def irreducible(random: np.random.Generator, n: int) -> Floats:
    """Draw a matrix half full, with a cycle through all goods."""
    matrix: Floats = random.random((n, n)) * (random.random((n, n)) < 0.5)
    return matrix + 0.1 * np.roll(np.eye(n), 1, axis=1)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 40])
def test_single_production_is_one_over_the_perron_root(n: int) -> None:
    random = np.random.default_rng(n)
    for _ in range(4):
        A = irreducible(random, n)
        found = balanced_growth(A, np.eye(n))
        assert found.factor == pytest.approx(1 / np.abs(np.linalg.eigvals(A)).max(), rel=EXACT)
        assert_equilibrium(found, A, np.eye(n))


@pytest.mark.parametrize("n", [2, 4, 8])
def test_square_joint_production_is_a_generalised_eigenvalue(n: int) -> None:
    """det(B - alpha A) = 0, at the alpha with positive vectors on both sides: all of it runs."""
    random = np.random.default_rng(n)
    for _ in range(4):
        A = 0.2 + random.random((n, n))  # B^-1 A then is positive, with positive vectors
        B = np.eye(n) + 0.02 * random.random((n, n))
        values, left, right = cast(tuple[Any, Any, Any], eig(B, A, left=True))
        positive = [
            value.real
            for value, p, x in zip(values, left.T, right.T, strict=True)
            if abs(value.imag) < 1e-12
            and (p.real / p.real[0] > 0).all()
            and (x.real / x.real[0] > 0).all()
        ]
        assert len(positive) == 1
        found = balanced_growth(A, B)
        assert found.factor == pytest.approx(positive[0], rel=EXACT)
        assert_equilibrium(found, A, B)


def bisected(A: Floats, B: Floats) -> float:
    """Bisect the factor by the sign of a matrix game, to 1e-6: slow and obvious."""
    m, n = A.shape
    low, high = 0.0, float((B.sum(0) / A.sum(0)).max())
    while high - low > 1e-7:
        factor = (low + high) / 2
        result = linprog(
            np.append(np.zeros(n), -1.0),
            A_ub=np.hstack([factor * A - B, np.ones((m, 1))]),
            b_ub=np.zeros(m),
            A_eq=[np.append(np.ones(n), 0.0)],
            b_eq=[1.0],
            bounds=[(0, None)] * n + [(None, None)],
        )
        low, high = (factor, high) if cast(Any, result).x[n] >= 0 else (low, factor)
    return low


@pytest.mark.parametrize(("m", "n"), [(3, 5), (6, 9), (8, 5)])
def test_any_shape_against_bisection(m: int, n: int) -> None:
    """More processes than goods, or fewer. Tolerance: the bisection's, over slopes near 1."""
    random = np.random.default_rng(m)
    for _ in range(3):
        A = random.random((m, n)) * (random.random((m, n)) < 0.6)
        A[random.integers(0, m, n), np.arange(n)] += 0.2
        B = random.random((m, n)) * (random.random((m, n)) < 0.6) + 0.01
        found = balanced_growth(A, B)
        assert found.factor == pytest.approx(bisected(A, B), abs=1e-5)
        assert_equilibrium(found, A, B)


def test_units_do_not_matter() -> None:
    """A good in grams instead of tonnes, a process in runs of another size."""
    random = np.random.default_rng(7)
    A, B = irreducible(random, 6), np.eye(6) + 0.05 * random.random((6, 6))
    goods, runs = 10.0 ** random.integers(-4, 5, 6), 10.0 ** random.integers(-4, 5, 6)
    found = balanced_growth(A, B)
    changed = balanced_growth(goods[:, None] * A * runs, goods[:, None] * B * runs)
    assert changed.factor == pytest.approx(found.factor, rel=EXACT)
    intensities = changed.intensities * runs
    assert intensities / intensities.sum() == pytest.approx(found.intensities, rel=1e-6)


def test_sparse_is_dense() -> None:
    found = balanced_growth(csr_array(LEONTIEF), csr_array(np.eye(2)))
    assert found.factor == balanced_growth(LEONTIEF, np.eye(2)).factor


def test_a_good_that_nothing_makes_and_nothing_needs_in_the_end() -> None:
    A = [[0.5, 0.1], [0.0, 1.0]]  # the second process takes what nothing makes
    B = [[1.0, 5.0], [0.0, 0.0]]
    found = balanced_growth(A, B)
    assert found.factor == pytest.approx(2, abs=EXACT)
    assert found.intensities == pytest.approx([1, 0], abs=EXACT)


# ------------------------------------------------------------------ what is refused

I2 = [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("A", "B", "text"),
    [
        ([[1, 0]], I2, r"found A of shape \(1, 2\) and B of shape \(2, 2\); expected the same"),
        ([[1, -2], [0, 1]], I2, r"found A\[0, 1\] = -2; expected finite amounts, none of them neg"),
        (I2, [[1, 0], [math.nan, 1]], r"found B\[1, 0\] = nan; expected finite"),
        (I2, [[1, 0], [0, math.inf]], r"found B\[1, 1\] = inf; expected finite"),
        ([[1, 0], [1, 0]], I2, "column 1 of A is zero; expected every process to take something"),
        ([1, 2], I2, "found no goods x processes in A; expected a matrix"),
        ([], I2, "found no goods x processes in A"),
        ([[1], [1, 2]], I2, "found no goods x processes in A"),
        ([["iron"]], I2, "found no goods x processes in A"),
        (I2, [[0, 1], [0, 0]], "nothing gives good 1, and no process can run again and again"),
    ],
)
def test_what_is_refused(A: ArrayLike, B: ArrayLike, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        balanced_growth(A, B)


def test_the_front_door() -> None:
    assert auxon.growth.balanced_growth is balanced_growth
    assert auxon.growth.bound is not None
