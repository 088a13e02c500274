"""The largest rate at which a system of inequalities still has a solution: the core of every bound.

A technology is a family of matrices M(r), one row a good, one column an activity: what activity j
leaves of good i at growth rate r. Balanced growth at r is possible when some x >= 0, x != 0 has
M(r) x >= 0. Faster growth asks for more, so the feasible rates end at a critical one. At that rate
there are prices p >= 0 at which no activity makes a profit, p M(r) <= 0 (von Neumann 1937, in
English Rev. Econ. Stud. 13, 1945, doi:10.2307/2296111).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack
from scipy.sparse.csgraph import structural_rank
from scipy.sparse.linalg import splu

from .errors import UsageError

F64 = NDArray[np.float64]
Index = NDArray[np.int64]
Family = Callable[[float], csr_array]

PROOF = 1e-10
"""A solution is proved when no good falls short, and no activity gains, by more than this share of
what goes through it. The rate is then as exact."""
_NOTHING = 1e-14
"""In a scaled matrix: entries below this, value below this share of the largest."""
_CERTAIN = 1e-11
"""A rate is feasible for certain if no good falls short by more than this share of its flow."""
_ROUNDING = 1e-13
"""A rate is not feasible for certain if all activities lose more than this share of their worth."""
_NOISE = 1e-11
"""Activities and prices below this share of the largest, in a null vector, are nothing."""
_NEAR = 1e-6
"""A rate so many steps higher gives slopes."""
_SUPPORTS = (0.0, 1e-9)
"""An activity or price up to this share of the largest is none; tried in turn."""
_LP_TOLERANCE = 1e-10
"""The least HiGHS takes."""
_SIGN = 1e-12
"""A value of the game that may be 0: it comes from a vertex, so it is better than the above."""
_ROUNDS = 4
"""So often, an undecided game is played again in units of its last solution."""
_FLOOR = 1e-6
"""Such units fall by so much at most in a round."""
_SLIGHT = 1e-3
"""In them, an activity has an entry as large as this."""
_EXTREME = 1e60
"""And none is larger, or smaller than its inverse."""
_DOUBTS = 4
"""More undecided games end the search."""
_LARGE = 100_000
"""Elements of a matrix from which on the interior point method is faster,"""
_SPARSE = 7
"""if there are no more than so many entries a good and activity."""
_ABUNDANT = 1e6
"""A good with larger entries, in a scaled matrix, is counted by the largest."""
_EAGER = 4
"""While there is no bracket, one trial of so many goes beyond the root."""
_ITERATIONS = 20
"""Of a linear program, for each good and activity; 3 were seen. Some never end by themselves."""
_KEPT = 16
"""Matrices kept for their next use."""
_SWEEPS = 20
"""Of scaling."""
_TRIALS = 120
"""Linear programs at most."""
_NEWTON = 8
"""Of so many, all but one are steps of Newton's; the last halves the bracket."""
_REACH = 100.0
"""A root farther off, over the rate or in steps, is none."""
_CLOSE = 0.1
"""A root so near, over the rate or in steps, may be the critical rate."""
_DOUBLINGS = 60
"""Of the first step, beyond which growth has no bound."""
_HOPELESS = (
    "balanced growth: found amounts so far apart that no linear program of them can be solved; "
    "expected them within some ten orders of magnitude of one another; check units and amounts"
)


@dataclass(frozen=True)
class Critical:
    """Where growth ends.

    Attributes
    ----------
    rate : float
        The largest feasible rate.
    activities : (n,) float64
        x with M(rate) x >= 0, not negative, sum 1.
    prices : (m,) float64
        p with p M(rate) <= 0, not negative, sum 1.
    proved : bool
        Whether both hold to `PROOF`; otherwise the rate is the middle of a closed bracket.
    """

    rate: float
    activities: F64
    prices: F64
    proved: bool


class Boundless(ArithmeticError):
    """Every rate is feasible."""


@dataclass(frozen=True)
class _Level:
    """A solution of a family, and which activities might do at a higher rate."""

    rate: float
    x: F64
    p: F64
    stay: NDArray[np.bool_]
    shared: bool
    """Whether activities make what has a price, so that this is the critical rate of something."""
    proved: bool


def critical(family: Family, step: float = 1.0, least: float = -500.0) -> Critical | None:
    """Find the critical rate of a family of matrices.

    At each rate tried, the matrix game of M (HiGHS) tells by its value whether the rate is
    feasible; its strategies, activities x and prices p, prove it. The root of p M(r) x is the next
    rate to try (Newton's iteration on the value), and inverse iteration on the supports of both
    goes to the critical rate, where the inequalities prove it. At any higher rate, all activities
    that lose at the prices found are idle. Where others are left (reducible technologies), these
    are solved alone, so the largest of several rates is found.

    Parameters
    ----------
    family : callable
        rate -> (m, n) sparse matrix, finite; what is feasible at a rate is so at every lower one.
    step : float
        First step of the search, of the order of the rates in question.
    least : float
        Rates below this are not tried.

    Returns
    -------
    Critical or None
        None when no rate is feasible.

    Raises
    ------
    Boundless
        A rate of step * 2**60 is feasible.
    UsageError
        Amounts are too far apart for the linear programs to be solved, or their signs told.
    """
    scaled = _Scaled(family, step)
    columns = np.arange(len(scaled.columns))
    levels: list[tuple[Index, _Level]] = []
    start = 0.0
    while len(columns):
        found = _search(scaled.only(columns), start, step, least)
        if found is None:
            break
        levels.append((columns, found))
        columns = columns[found.stay]
        # what is worth nothing may be at its own critical rate, to which its own prices belong
        start = least = found.rate - (0.0 if found.shared else step)
    if not levels:
        return None
    top = max(level.rate for _, level in levels)
    ties = [i for i, (_, level) in enumerate(levels) if level.rate >= top - PROOF * step]
    for best in reversed(ties):  # the last may make something of value where the first does not
        columns, level = levels[best]
        matrix, size = scaled.at(level.rate), _size(scaled.at, level.rate, step)
        p = level.p
        for _, lower in reversed(levels[:best]):  # what it left idle loses at its prices
            loss = np.maximum(-(lower.p @ matrix), PROOF * (lower.p @ size))
            by = np.divide(p @ matrix, loss, out=np.zeros(len(loss)), where=loss > 0)
            p = p + lower.p * 2 * by.max(initial=0.0)
        if (p @ matrix <= PROOF * (p @ size)).all():
            break
    x = np.zeros(len(scaled.columns))
    x[columns] = level.x
    x, p = x * scaled.columns, p * scaled.rows
    return Critical(level.rate, x / x.sum(), p / p.sum(), level.proved)


class _Scaled:
    """A family in units in which its entries are near 1 at rate 0."""

    def __init__(self, family: Family, step: float) -> None:
        self.family = family
        self.rows, self.columns = _units(_size(family, 0.0, step))
        self.at = lru_cache(_KEPT)(self._at)

    def _at(self, rate: float) -> csr_array:
        matrix = _scaled(self.family(rate), self.rows, self.columns)
        matrix.data[np.abs(matrix.data) < _NOTHING] = 0.0
        return matrix

    def only(self, columns: Index) -> Family:
        return self.at if len(columns) == len(self.columns) else lambda r: self.at(r)[:, columns]


def _size(family: Family, rate: float, step: float) -> csr_array:
    """Return how large entries are, or soon would be: what is given and taken may cancel."""
    matrix = family(rate)
    return csr_array(abs(matrix) + abs(family(rate + step) - matrix))


def _units(matrix: csr_array) -> tuple[F64, F64]:
    """Return factors of rows and columns that bring entries near 1, whatever units they come in.

    The mean square of their logarithms is made least (Curtis and Reid 1972,
    doi:10.1093/imamat/10.1.118), by turns.
    """
    row, column = matrix.tocoo().coords
    there = matrix.data != 0
    row, column, logs = row[there], column[there], np.log(np.abs(matrix.data[there]))
    rows, columns = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    in_row = np.maximum(np.bincount(row, minlength=len(rows)), 1)
    in_column = np.maximum(np.bincount(column, minlength=len(columns)), 1)
    for _ in range(_SWEEPS):
        rows = -np.bincount(row, logs + columns[column], len(rows)) / in_row
        columns = -np.bincount(column, logs + rows[row], len(columns)) / in_column
    return np.exp(rows), np.exp(columns)


def _scaled(matrix: csr_array, rows: F64, columns: F64) -> csr_array:
    factors = np.repeat(rows, np.diff(matrix.indptr)) * columns[matrix.indices]
    return csr_array((matrix.data * factors, matrix.indices, matrix.indptr), matrix.shape)


def _search(family: Family, start: float, step: float, least: float) -> _Level | None:
    """Find a critical rate of a family, None if there is none from `least` on."""
    low, high, rate = -math.inf, math.inf, start
    x_low: F64 | None = None
    p_high: F64 | None = None
    doubts = 0
    game = _Game()
    for trial in range(1, _TRIALS):
        value, x, p = game.play(family(rate), _size(family, rate, step))
        doubts += not game.certain
        if value > -_SIGN:
            low, x_low = rate, x
        else:
            high, p_high = rate, _prohibitive(family(rate), p)
        if high <= least:
            return None
        if low >= step * 2.0**_DOUBLINGS:
            raise Boundless
        root = _root(family, rate, x, p, step)
        near = abs(root - rate) < _CLOSE * max(step, abs(rate))
        if near and (level := _proved(family, root, x, p, game, step)):
            return level
        far = step * 2.0**trial
        if x_low is None or p_high is None:
            beyond = low + far if p_high is None else high - far
            better = trial % _EAGER != 0 and (root > rate if p_high is None else root < rate)
            ahead = root if better else beyond
            rate = max(least, min(ahead, beyond) if p_high is None else max(ahead, beyond))
            continue
        if not low < root < high or trial % _NEWTON == 0:
            root = _root(family, rate, x_low, p_high, step)
            if level := _proved(family, root, x_low, p_high, game, step):
                return level
        if high - low < 0.5 * PROOF * step or doubts > _DOUBTS:
            break
        if not low < root < high or trial % _NEWTON == 0:
            root = 0.5 * (low + high)
        margin = min(0.01 * (high - low), PROOF * step * 8.0 ** (trial // 4))
        rate = max(low + margin, min(root, high - margin))
    if x_low is None or p_high is None:
        raise UsageError(_HOPELESS)
    rate, idle = 0.5 * (low + high), np.zeros(len(x_low), bool)
    if level := _level(family, rate, x_low, p_high, step):
        return level
    if doubts or high - low > PROOF * step:
        raise UsageError(_HOPELESS)
    return _Level(rate, x_low, p_high, idle, shared=True, proved=False)


def _proved(
    family: Family, rate: float, x: F64, p: F64, game: "_Game", step: float
) -> _Level | None:
    """Return a proved solution with about this rate and the supports of x and p, if there is."""
    rows, columns = game.by_prices[0], game.by_activities[1]
    touched = np.diff(family(rate)[:, x > 0].indptr) > 0
    pairs = [(x > share * columns, (p > share * rows) & touched) for share in _SUPPORTS]
    tried: set[bytes] = set()
    for used, tight in pairs + game.supports:
        key = used.tobytes() + tight.tobytes()
        if key in tried or used.sum() != tight.sum():
            continue
        tried.add(key)
        polished = _polished(family, rate, x, p, (tight, used), game, step)
        if polished is None:
            continue
        at, right, left = polished
        for noise in (_NOISE, 0.0):
            x_at = np.where(right > noise * columns, right, 0.0)
            p_at = np.where(left > noise * rows, left, 0.0)
            if level := _level(family, at, x_at, p_at, step):
                return level
    return _level(family, rate, x, p, step)


def _root(family: Family, rate: float, x: F64, p: F64, step: float) -> float:
    """Return the rate at which p M(r) x is zero, or the one given if there is none."""

    def surplus(rate: float) -> float:
        matrix = family(rate)
        flows = np.repeat(p, np.diff(matrix.indptr)) * matrix.data * x[matrix.indices]
        made, used = flows[flows > 0].sum(), -flows[flows < 0].sum()
        # nearly linear, if something of both is left
        return math.log(made / used) if made > 0 and used > 0 else made - used

    last, last_surplus = rate, surplus(rate)
    new = rate + math.copysign(1e-3 * max(step, abs(rate)), last_surplus)
    for _ in range(30):  # secants
        new_surplus = surplus(new)
        slope = (new_surplus - last_surplus) / (new - last)
        if not slope < -_NOISE / step:
            return rate
        last, last_surplus = new, new_surplus
        new -= new_surplus / slope
        if not abs(new - rate) < _REACH * max(step, abs(rate)):
            return rate
        if abs(new - last) < 0.1 * PROOF * max(step, abs(new)):
            return new
    return rate


def _polished(
    family: Family,
    rate: float,
    x: F64,
    p: F64,
    supports: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    game: "_Game",
    step: float,
) -> tuple[float, F64, F64] | None:
    """Go to the critical rate of some goods and activities by inverse iteration, if it leads there.

    Newton's iteration for the eigenvalue r of M(r) x = 0, with both vectors; it triples digits. A
    system of equations is solved for each in its own units, so that small parts come out right.
    """
    tight, used = map(np.flatnonzero, supports)
    (of_x, for_x), (of_p, for_p) = (
        (rows[tight], columns[used]) for rows, columns in (game.by_activities, game.by_prices)
    )
    right, left, last = x[used], p[tight], step
    while True:
        # the stubs know dense matrices better than sparse ones
        at, above = (csr_array(family(r)[tight][:, used]) for r in (rate, rate + _NEAR * step))
        if structural_rank(at) < len(used):  # SuperLU might fall over
            return None
        slope: Any = csr_array(above - at) / (_NEAR * step)
        beside = csr_array(at - slope * (PROOF * step))  # the rate, as it may have no factors there
        try:
            factors: Any = splu(_scaled(beside, of_x, for_x).tocsc())
            back: Any = factors if game.plain else splu(_scaled(beside, of_p, for_p).tocsc())
        except RuntimeError:
            return None
        right = for_x * factors.solve(of_x * (slope @ right))
        left = of_p * back.solve(for_p * (slope.T @ left), trans="T")
        pairs = ((right, for_x), (left, of_p))
        sizes = [math.copysign(abs(v / unit).max(), (v / unit).sum()) for v, unit in pairs]
        if not (np.isfinite(sizes).all() and all(sizes)):
            return None
        right, left = right / sizes[0], left / sizes[1]
        by = float(left @ (slope @ right))
        change = float(left @ (at @ right)) / by if by else math.inf
        if not abs(change) < 0.5 * last:
            break
        rate, last = rate - change, abs(change)
    if not last < PROOF * step or min((right / for_x).min(), (left / of_p).min()) < -PROOF:
        return None
    x, p = np.zeros_like(x), p.copy()
    p[np.diff(family(rate)[:, used].indptr) > 0] = 0.0
    x[used], p[tight] = right, left
    return rate, x, p


def _level(family: Family, rate: float, x: F64, p: F64, step: float) -> _Level | None:
    """Return the solution if the inequalities prove it."""
    matrix, size = family(rate), _size(family, rate, step)
    flows = size @ x
    if not flows.any() or (matrix @ x < -PROOF * flows).any():
        return None
    p = _prohibitive(matrix, p)
    worth = p @ size
    if not worth.any() or (p @ matrix > PROOF * worth).any():
        return None
    stay = p @ family(rate + step) >= -10 * PROOF * worth
    shared = bool(p @ flows > _NOTHING * p.max() * flows.max())
    return None if stay.all() else _Level(rate, x, p, stay, shared, proved=True)


class _Game:
    """The matrix game of M, and units in which it is best solved.

    Its value, the largest t with M x >= t for x >= 0 of sum 1, has the sign wanted. In a bad choice
    of units it may be too small to tell: then the game is played again in units of its last
    solution, once with all activities near 1, once with all prices.
    """

    def __init__(self) -> None:
        self.by_activities = self.by_prices = (np.ones(0), np.ones(0))
        """Units of goods and activities."""
        self.plain = True
        """Whether both are the same."""
        self.certain = True
        """Whether activities or prices prove the sign of the last value."""
        self.supports: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]] = []
        """Activities that may be used and goods that may be priced, further guesses."""

    def play(self, matrix: csr_array, size: csr_array) -> tuple[float, F64, F64]:
        """Return the value of the game, or one of its sign, and best strategies.

        What cannot be used at all is left out: it would leave the value at zero.
        """
        rows, columns, _ = _possible(matrix)
        hopeless = not len(columns)
        if hopeless:
            rows, columns = np.arange(matrix.shape[0]), np.arange(matrix.shape[1])
        elif not len(rows):
            yields = np.flatnonzero((matrix[:, columns] > 0).sum(axis=1))
            rows = yields if len(yields) else np.arange(matrix.shape[0])
        part, flows = matrix[rows][:, columns], csr_array(size[rows][:, columns])
        if self.plain:
            units = np.ones(matrix.shape[0]), np.ones(matrix.shape[1])
            units[0][rows], units[1][columns] = _units(flows)
            self.by_activities = self.by_prices = units
        x, p = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[0])
        for _ in range(_ROUNDS):
            first = self._solve(part, rows, columns, self.by_activities)
            second = first if self.plain else self._solve(part, rows, columns, self.by_prices)
            value, x[columns], p[rows] = first[0], first[1], second[2]
            left, gain = part @ x[columns], p[rows] @ part
            feasible = bool((left >= -_CERTAIN * (flows @ x[columns])).all())
            self.certain = feasible or bool((gain < -_ROUNDING * (p[rows] @ flows)).all())
            self._guess(rows, columns, (x, p), (left, gain), (first[0], second[0]))
            if self.certain:
                value = 0.0 if feasible else -1.0
                break
            self.plain = False
            self.by_activities = _adapted(self.by_activities, flows, rows, columns, x)
            turned = _adapted(self.by_prices[::-1], csr_array(flows.T), columns, rows, p)
            self.by_prices = turned[1], turned[0]
        return -1.0 if hopeless else value, x, p

    def _solve(
        self, part: csr_array, rows: Index, columns: Index, units: tuple[F64, F64]
    ) -> tuple[float, F64, F64]:
        """Return value and strategies of a game in some units."""
        of, by = units[0][rows], units[1][columns]
        largest = abs(_scaled(part, of, by)).max(axis=1).toarray()
        of = np.where(largest > _ABUNDANT, of / np.maximum(largest, 1.0), of)
        value, x, p = _program(_scaled(part, of, by))
        return value, x * by, p * of

    def _guess(
        self,
        rows: Index,
        columns: Index,
        found: tuple[F64, F64],
        balances: tuple[F64, F64],
        values: tuple[float, float],
    ) -> None:
        """Note what is used and priced, judged by x alone and by p alone."""
        (x, p), (left, gain) = found, balances
        of, by = self.by_activities[0][rows], self.by_prices[1][columns]
        used = x > _SUPPORTS[1] * self.by_activities[1]
        priced = p > _SUPPORTS[1] * self.by_prices[0]
        tight, lossless = np.zeros(len(p), bool), np.zeros(len(x), bool)
        share = x[columns] / self.by_activities[1][columns]
        worth = p[rows] / self.by_prices[0][rows]
        tight[rows] = left * of < (values[0] + _SUPPORTS[1]) * share.mean()
        lossless[columns] = gain * by > (values[1] - _SUPPORTS[1]) * worth.mean()
        self.supports = [(lossless, priced), (used, tight), (lossless, tight)]


def _adapted(
    units: tuple[F64, F64], flows: csr_array, rows: Index, columns: Index, x: F64
) -> tuple[F64, F64]:
    """Return units in which activities are near 1, and so is what goes through each good."""
    if not x.any():
        return units
    of, by = units[0].copy(), units[1].copy()
    share = x[columns] / by[columns]
    near = by[columns] * np.maximum(share / share.max(), _FLOOR)
    near = np.clip(near, 1 / _EXTREME, _EXTREME)
    largest = _scaled(flows, _inverse(flows @ near), near).max(axis=0).toarray()
    by[columns] = near * np.maximum(_SLIGHT * _inverse(largest), 1.0)
    of[rows] = _inverse(flows @ by[columns])
    return of, by


def _inverse(values: F64) -> F64:
    found: F64 = np.divide(1.0, values, out=np.ones_like(values), where=values > 0)
    return found


def _program(matrix: csr_array) -> tuple[float, F64, F64]:
    """Solve the linear program of the game, with other settings if some fail."""
    m, n = matrix.shape
    most = {"maxiter": _ITERATIONS * (m + n)}
    tight = most | {f"{side}_feasibility_tolerance": _LP_TOLERANCE for side in ("primal", "dual")}
    ways: list[tuple[str, dict[str, Any]]] = [
        ("highs", tight),
        ("highs-ds", tight | {"presolve": False}),
        ("highs-ipm", tight),
        ("highs", most),
    ]
    if m * n >= _LARGE and matrix.nnz < _SPARSE * (m + n):
        ways.insert(0, ways.pop(2))
    for method, options in ways:
        result = linprog(  # type: ignore[call-overload]
            np.append(np.zeros(n), -float(m)),  # keeps x and p, in the mean, at 1
            A_ub=hstack([-matrix, csr_array(np.ones((m, 1)))], format="csr"),
            b_ub=np.zeros(m),
            A_eq=np.append(np.ones(n), 0.0)[None, :],
            b_eq=[float(n)],
            bounds=[(0, None)] * n + [(None, None)],
            method=method,
            options=options,
        )
        if result.status == 0:
            x, p = np.maximum(result.x[:n], 0.0), np.maximum(-result.ineqlin.marginals, 0.0)
            return -float(result.fun) / m, x, p
    raise UsageError(_HOPELESS)


def _possible(matrix: csr_array) -> tuple[Index, Index, list[tuple[Index, Index]]]:
    """Return the goods that bind, the activities that can be, and what ruled out the others.

    A good that nothing yields rules out all that takes it; one that nothing takes never binds.
    """
    yields, takes = (matrix > 0).astype(float), (matrix < 0).astype(float)
    columns = np.ones(matrix.shape[1], dtype=bool)
    ruled_out: list[tuple[Index, Index]] = []
    while True:
        wanting = (yields @ columns == 0) & (takes @ columns > 0)
        if not wanting.any():
            return np.flatnonzero(takes @ columns > 0), np.flatnonzero(columns), ruled_out
        fails = (takes.T @ wanting.astype(float) > 0) & columns
        ruled_out.append((np.flatnonzero(wanting), np.flatnonzero(fails)))
        columns &= ~fails


def _prohibitive(matrix: csr_array, p: F64) -> F64:
    """Price what cannot be had so high that all that takes it makes a loss."""
    p = p.copy()
    for rows, columns in reversed(_possible(matrix)[2]):
        part = matrix[rows][:, columns].tocoo()
        gain = np.maximum(p @ matrix[:, columns], 0.0)
        row, column = part.coords
        needed = np.where(part.data < 0, 2 * gain[column] / np.maximum(-part.data, _NOTHING), 0.0)
        p[rows] = np.maximum(p[rows], 1e-3 * (p.max() or 1.0))
        more = np.zeros(len(rows))
        np.maximum.at(more, row, needed)
        p[rows] += more
    return p
