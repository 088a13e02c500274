"""The solver of the critical rate against brute force that shares nothing with it."""

import math
from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from auxon.sim.critical import PROOF, Boundless, Critical, Family, critical
from auxon.sim.errors import UsageError
from auxon.sim.growth import balanced_growth

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

EXACT = 1e-9
"""Of a factor or rate: the solver proves 1e-10, and both oracles are exact to some 1e-12, as the
sizes of the matrices are at most 6 and their entries of order 1."""
SIGN = 1e-10
"""Parts of a vector that an oracle takes for zero, of the largest or of what goes through a good:
what eigenvalues and bases of null spaces lose at these sizes is under 1e-11, and a vector that
really has a wrong sign misses by that little once in 1e9."""
LEAST = -20.0
SEEDS = 30
"""Of each kind of pair."""


# ------------------------------------------------------------------ brute force


@cache
def squares(m: int, n: int, k: int, fewer: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every choice of k - fewer of m rows and k of n columns."""
    rows, columns = list(combinations(range(m), k - fewer)), list(combinations(range(n), k))
    of = [(r, c) for r in rows for c in columns]
    shape = (len(of), -1)
    row, column = (np.array([pair[i] for pair in of], dtype=int).reshape(shape) for i in range(2))
    return row, column


def fits(matrix: Floats, size: Floats, columns: NDArray[np.int64], x: Floats) -> NDArray[np.bool_]:
    """Tell for each support and vector whether x >= 0 and M x >= 0, up to `SIGN`."""
    x = x * np.sign(x.sum(axis=1, keepdims=True))
    full = np.zeros((len(x), matrix.shape[-1]))
    np.put_along_axis(full, columns, np.maximum(x, 0.0), axis=1)
    left = np.einsum("...ij,...j->...i", matrix, full)
    through = np.einsum("...ij,...j->...i", size, full)
    positive = (x >= -SIGN * np.abs(x).max(axis=1, keepdims=True)).all(axis=1)
    found: NDArray[np.bool_] = positive & (left >= -SIGN * through).all(axis=1) & full.any(axis=1)
    return found


def largest_factor(A: Floats, B: Floats) -> float:
    """Return the largest factor a with (B - a A) x >= 0: over all square supports, the eigenvalues.

    At the largest factor, an extreme ray x of the solutions has as many goods that bind as it has
    activities: with one fewer, it could be followed to a larger factor. So a is a root of
    det (B - a A) of some square part, here 1 / mu - c for an eigenvalue mu of (B + c A)^-1 A.
    """
    (m, n), best, c = A.shape, 0.0, math.pi / 4
    for k in range(1, min(m, n) + 1):
        rows, columns = squares(m, n, k, 0)
        part = rows[:, :, None], columns[:, None, :]
        a, b = A[part], B[part]
        regular = np.linalg.cond(b + c * a) < 1e12
        values, vectors = np.linalg.eig(np.linalg.solve((b + c * a)[regular], a[regular]))
        columns = columns[regular]
        real = (np.abs(values.imag) <= SIGN * np.abs(values)) & (values.real > 1e-9)
        which, root = np.nonzero(real)
        factor = 1 / values.real[which, root] - c
        x = vectors[which, :, root].real
        larger = factor > best + SIGN
        factor, x, which = factor[larger], x[larger], which[larger]
        M = B - factor[:, None, None] * A
        good = fits(M, B + factor[:, None, None] * A, columns[which], x)
        best = max(best, factor[good].max(initial=0.0))
    return best


def has_solution(matrix: Floats, size: Floats) -> bool:
    """Tell whether M x >= 0 for some x >= 0, not 0, by trying all extreme rays there can be.

    One with k activities is the null vector of k - 1 goods that bind.
    """
    m, n = matrix.shape
    for k in range(1, min(m + 1, n) + 1):
        rows, columns = squares(m, n, k, 1)
        bind = matrix[rows[:, :, None], columns[:, None, :]]
        x = np.linalg.svd(bind)[2][:, -1, :] if k > 1 else np.ones((len(columns), 1))
        if fits(matrix, size, columns, x).any():
            return True
    return False


def bisected(family: Callable[[float], Floats], size: Callable[[float], Floats]) -> float:
    """Return the largest rate between -8 and 8 with a solution."""
    low, high = -8.0, 8.0
    assert has_solution(family(low), size(low))
    assert not has_solution(family(high), size(high))
    while high - low > 1e-11:
        middle = (low + high) / 2
        if has_solution(family(middle), size(middle)):
            low = middle
        else:
            high = middle
    return low


# ------------------------------------------------------------------ what is drawn


def some(random: np.random.Generator, m: int, n: int, share: float) -> Floats:
    """Draw a matrix of lognormal amounts, some of them zero."""
    found: Floats = random.lognormal(size=(m, n)) * (random.random((m, n)) < share)
    return found


def drawn(seed: int, kind: int) -> Pair:
    """Draw inputs A and outputs B of one of five kinds; every process takes something."""
    random = np.random.default_rng([seed, kind])
    m, n = random.integers(1, 7, 2)
    if kind == 0:  # anything, often with goods that nothing gives, or nothing takes
        A, B = some(random, m, n, 0.4), some(random, m, n, 0.4)
    elif kind == 1:  # full
        A, B = some(random, m, n, 1.0), some(random, m, n, 1.0)
    elif kind == 2:  # one product a process
        A, B = some(random, n, n, 0.4), np.diag(random.lognormal(size=n))
    elif kind == 3:  # parts that can do without each other, and one that takes from the other
        k, n = int(random.integers(1, 4)), 6
        A, B = some(random, n, n, 0.7), some(random, n, n, 0.3) + np.diag(random.lognormal(size=n))
        A[k:, :k] = B[k:, :k] = B[:k, k:] = 0.0
    else:  # machines that wear, and more goods or processes than fit
        A, B = some(random, m, n, 0.5), some(random, m, n, 0.3)
        machine = some(random, m, n, 0.3)
        A, B = A + machine, B + machine * random.uniform(0.8, 1.0, n)
    bare = np.flatnonzero(A.sum(axis=0) == 0)
    A[random.integers(0, len(A), len(bare)), bare] = random.lognormal(size=len(bare))
    return A, B


def linear(A: Floats, B: Floats) -> Family:
    """Return the family of two matrices; exponents end at 300, as in `auxon.sim.technology`."""
    return lambda rate: csr_array(B - math.exp(min(rate, 300.0)) * A)


def assert_proved(found: Critical, matrix: Floats, size: Floats) -> None:
    """Nothing falls short, nothing makes a profit: each to `PROOF` of what goes through it.

    Twice that, as the solver measures in a size that counts a unit's growth in addition.
    """
    x, p = found.activities, found.prices
    assert found.proved
    assert min(x.min(), p.min()) >= 0
    assert (x.sum(), p.sum()) == pytest.approx((1, 1))
    assert (matrix @ x >= -2 * PROOF * size @ x).all()
    assert (p @ matrix <= 2 * PROOF * p @ size).all()


# ------------------------------------------------------------------ pairs of matrices


def test_the_oracle_by_hand() -> None:
    """Gale's three processes, 2^(1/3); a reducible pair; what cannot run again."""
    A = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]], float).T
    B = np.array([[1, 0, 0, 0], [0, 0, 2, 0], [0, 1, 0, 1]], float).T
    assert largest_factor(A, B) == pytest.approx(2 ** (1 / 3), abs=1e-12)
    reducible = np.array([[0.5, 0.3], [0, 0.25]])
    assert largest_factor(reducible, np.eye(2)) == pytest.approx(2, abs=1e-12)
    assert largest_factor(np.eye(2), np.array([[0.0, 1], [0, 0]])) == 0
    assert bisected(lambda r: B - math.exp(r) * A, lambda r: B + math.exp(r) * A) == pytest.approx(
        math.log(2) / 3, abs=1e-10
    )


@pytest.mark.parametrize("kind", range(5))
def test_any_pair(kind: int) -> None:
    """The largest factor, with activities and prices that prove it, or none where there is none."""
    growing = 0
    for seed in range(SEEDS):
        A, B = drawn(seed, kind)
        factor = largest_factor(A, B)
        found = critical(linear(A, B), least=LEAST)
        if factor < math.exp(LEAST):
            assert found is None, seed
            if seed % 4 == 0:
                with pytest.raises(UsageError, match="no process can run again and again"):
                    balanced_growth(A, B)
            continue
        growing += 1
        assert found is not None, seed
        assert math.exp(found.rate) == pytest.approx(factor, rel=EXACT), seed
        assert_proved(found, B - math.exp(found.rate) * A, B + math.exp(found.rate) * A)
        if seed % 4:
            continue
        front = balanced_growth(A, B)
        assert front.factor == pytest.approx(factor, rel=EXACT)
        same = Critical(found.rate, front.intensities, front.prices, proved=True)
        assert_proved(same, B - front.factor * A, B + front.factor * A)
    assert growing >= SEEDS / 2  # the test is about these


@pytest.mark.parametrize("kind", range(5))
def test_units_do_not_matter(kind: int) -> None:
    """Goods and runs in units up to 1e8 times as large or small."""
    for seed in range(5):
        A, B = drawn(seed, kind)
        random = np.random.default_rng(seed)
        goods, runs = (10.0 ** random.uniform(-8, 8, size) for size in A.shape)
        found = critical(linear(A, B), least=LEAST)
        units = goods[:, None] * runs
        changed = critical(linear(A * units, B * units), least=LEAST)
        if found is None:
            assert changed is None
            continue
        assert changed is not None
        assert changed.rate == pytest.approx(found.rate, abs=EXACT)
        assert_proved(
            changed,
            (B - math.exp(changed.rate) * A) * units,
            (B + math.exp(changed.rate) * A) * units,
        )


# ------------------------------------------------------------------ families with lags


def lagged(seed: int) -> tuple[Callable[[float], Floats], Callable[[float], Floats]]:
    """Draw a family as `auxon.sim.technology` has them, and the size of what goes through it.

    Inputs were made some periods before, worn parts come back later, work of a life is discounted,
    and some goods are used as they are made.
    """
    random = np.random.default_rng(seed)
    m, n = (int(k) for k in random.integers(2, 5, 2))
    now, early, late = (some(random, m, n, share) for share in (0.3, 0.4, 0.3))
    given = some(random, m, n, 0.4)
    given[np.arange(m), random.integers(0, n, m)] += 3.0  # every good: then some rate is feasible
    early[random.integers(0, m, n), np.arange(n)] += 0.1  # else something would come from nothing
    lag, age = random.uniform(0.2, 2, (m, n)), random.uniform(0.5, 5, (m, n))
    life = random.uniform(1, 10)

    def parts(rate: float) -> tuple[Floats, Floats]:
        worked = -math.expm1(-rate * life) / rate if abs(rate) > 1e-9 else life
        made = given * worked / life + late * np.exp(-rate * age)
        return made, 0.2 * now + early * np.exp(rate * lag)

    def family(rate: float) -> Floats:
        made, taken = parts(rate)
        return made - taken

    return family, lambda rate: sum(parts(rate), np.zeros((m, n)))


def test_families_with_lags() -> None:
    """No eigenvalue problem any more: bisected, by the extreme rays at each rate."""
    for seed in range(40):
        family, size = lagged(seed)
        found = critical(lambda rate, of=family: csr_array(of(rate)))  # type: ignore[misc]
        assert found is not None
        assert found.rate == pytest.approx(bisected(family, size), abs=EXACT), seed
        assert_proved(found, family(found.rate), size(found.rate))


# ------------------------------------------------------------------ the ends


def test_what_cannot_run_at_any_rate() -> None:
    """Nothing is given; a good that is taken is not; the rate is under the least."""
    assert critical(linear(np.eye(2), np.zeros((2, 2))), least=LEAST) is None
    assert critical(linear(np.ones((2, 1)), np.array([[9.0], [0]])), least=LEAST) is None
    slow = linear(np.eye(1), np.array([[math.exp(-5)]]))
    assert critical(slow, least=-4.9) is None
    found = critical(slow, least=-5.1)
    assert found is not None
    assert found.rate == pytest.approx(-5, abs=EXACT)


@pytest.mark.parametrize(
    ("A", "B"),
    [
        ([[0.0]], [[1.0]]),
        ([[0.0, 1], [0, 1]], [[1.0, 0], [1, 2]]),
        ([[0.5, 0], [0, 0]], [[1.0, 0], [0, 1]]),  # the rest has a rate of its own
    ],
)
def test_what_comes_from_nothing(A: list[list[float]], B: list[list[float]]) -> None:
    with pytest.raises(Boundless):
        critical(linear(np.array(A), np.array(B)))


# ------------------------------------------------------------------ larger ones


@pytest.mark.parametrize("seed", range(3))
def test_flows_sixteen_orders_apart(seed: int) -> None:
    """A ring of 200 processes, some of which take one more good: 1 over the Perron root.

    The root by the power method on a positive matrix, whose quotients close in on it from both
    sides (Collatz). Flows differ by sixteen orders of magnitude, so that plain linear programs
    miss the small ones, which all the rest depend on; found so, at a rate too high by 0.06.
    """
    random, n = np.random.default_rng(seed), 200
    made, A = random.lognormal(size=n), np.zeros((n, n))
    A[np.arange(-1, n - 1), np.arange(n)] = random.lognormal(size=n)
    A[random.integers(n, size=20), random.integers(n, size=20)] += 0.1 * random.lognormal(size=20)
    per_piece = A / made + 0.1 * np.eye(n)
    x = np.ones(n)
    for _ in range(20):  # squared each time: the power 2^20
        per_piece = per_piece @ per_piece
        per_piece /= per_piece.max()
    x = per_piece @ x
    quotients = (A / made) @ x / x
    assert np.ptp(quotients) < 1e-11 * quotients.max()
    found = critical(linear(A, np.diag(made)), least=LEAST)
    assert found is not None
    assert found.rate == pytest.approx(-math.log(quotients.mean()), abs=EXACT)
    factor = math.exp(found.rate)
    assert_proved(found, np.diag(made) - factor * A, np.diag(made) + factor * A)


def test_never_a_wrong_answer() -> None:
    """Whole amounts drawn from 1 to 1e10 each: solved and proved, or refused.

    Linear programs in double precision often cannot tell whether such an industry grows.
    """
    solved = 0
    for seed in range(4):
        random, n = np.random.default_rng(seed), 25
        A, B = (np.round(10 ** random.uniform(0, 10, (n, n))) for _ in range(2))
        A, B = A * (random.random((n, n)) < 0.15), B * (random.random((n, n)) < 0.1)
        A[np.arange(-1, n - 1), np.arange(n)] += 1000.0
        B += np.diag(np.round(10 ** random.uniform(0, 10, n)))
        try:
            found = critical(linear(A, B), least=LEAST)
        except UsageError:
            continue
        assert found is not None
        factor = math.exp(found.rate)
        assert_proved(found, B - factor * A, B + factor * A)
        solved += 1
    assert solved >= 2
