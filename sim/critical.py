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
from scipy.sparse.linalg import splu

from .errors import UsageError

F64 = NDArray[np.float64]
Index = NDArray[np.int64]
Family = Callable[[float], csr_array]

PROOF = 1e-10
"""A solution is proved when no good falls short, and no activity gains, by more than this share of
what goes through it. The rate is then as exact."""
_NOTHING = 1e-14
"""In a scaled matrix: entries below this, flows below this share of the largest."""
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
_ABUNDANT = 1e6
"""A good with larger entries, in a scaled matrix, is counted by the largest."""
_KEPT = 16
"""Matrices kept for their next use."""
_SWEEPS = 20
"""Of scaling."""
_TRIALS = 120
"""Linear programs at most."""
_NEWTON = 8
"""Of so many, all but one are steps of Newton's; the last halves the bracket."""
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
    feasible; its strategies are activities x and prices p. The root of p M(r) x is the next rate
    to try (Newton's iteration on the value), and inverse iteration on the supports of both goes to
    the critical rate, where the inequalities prove it. At any higher rate, all activities that lose
    at the prices found are idle. Where others are left (reducible technologies), these are solved
    alone, so the largest of several rates is found.

    Parameters
    ----------
    family : callable
        rate -> (m, n) sparse matrix; what is feasible at a rate is so at every lower one.
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
        The linear programs cannot be solved: amounts are too far apart.
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
    for trial in range(_TRIALS):
        value, x, p = _game(family(rate), _size(family, rate, step))
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
        if near and (level := _proved(family, root, x, p, step)):
            return level
        far = step * 2.0**trial
        if x_low is None or p_high is None:
            beyond = low + far if p_high is None else high - far
            better = trial % 2 == 0 and (root > rate if p_high is None else root < rate)
            ahead = root if better else beyond
            rate = max(least, min(ahead, beyond) if p_high is None else max(ahead, beyond))
            continue
        if not low < root < high or trial % _NEWTON == 0:
            root = _root(family, rate, x_low, p_high, step)
            if level := _proved(family, root, x_low, p_high, step):
                return level
        if high - low < 0.5 * PROOF * step:
            idle = np.zeros(len(x), bool)
            return _Level(0.5 * (low + high), x_low, p_high, idle, shared=True, proved=False)
        if not low < root < high or trial % _NEWTON == 0:
            root = 0.5 * (low + high)
        margin = min(0.01 * (high - low), PROOF * step * 8.0 ** (trial // 4))
        rate = max(low + margin, min(root, high - margin))
    raise UsageError(_HOPELESS)


def _proved(family: Family, rate: float, x: F64, p: F64, step: float) -> _Level | None:
    """Return a proved solution with about this rate and the supports of x and p, if there is."""
    touched = np.diff(family(rate)[:, x > 0].indptr) > 0
    size = 0
    for support in _SUPPORTS:
        used = np.flatnonzero(x > support * x.max())
        tight = np.flatnonzero((p > support * p[touched].max(initial=0.0)) & touched)
        if len(used) == len(tight) != size:
            size = len(used)
            polished = _polished(family, rate, x, p, tight, used, step)
            if polished and (level := _level(family, *polished, step)):
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
    new = rate + math.copysign(1e-3 * step, last_surplus)
    for _ in range(30):  # secants
        new_surplus = surplus(new)
        slope = (new_surplus - last_surplus) / (new - last)
        if not slope < -_NOISE / step:
            return rate
        last, last_surplus = new, new_surplus
        new -= new_surplus / slope
        if abs(new - last) < 0.1 * PROOF * max(step, abs(new)):
            return new
    return rate


def _polished(
    family: Family, rate: float, x: F64, p: F64, tight: Index, used: Index, step: float
) -> tuple[float, F64, F64] | None:
    """Go to the critical rate of some goods and activities by inverse iteration, if it leads there.

    Newton's iteration for the eigenvalue r of M(r) x = 0, with both vectors; it triples digits.
    """
    right, left, last = x[used], p[tight], step
    while True:
        # the stubs know dense matrices better than sparse ones
        at, above = (family(r)[tight][:, used].tocsc() for r in (rate, rate + _NEAR * step))
        slope: Any = (above - at) / (_NEAR * step)
        try:  # beside the rate, as it may have no factors there
            factors: Any = splu(at - slope * (PROOF * step))
        except RuntimeError:
            return None
        right, left = factors.solve(slope @ right), factors.solve(slope.T @ left, trans="T")
        sizes = [math.copysign(abs(v).max(), v.sum()) for v in (right, left)]
        if not (np.isfinite(sizes).all() and all(sizes)):
            return None
        right, left = right / sizes[0], left / sizes[1]
        by = float(left @ (slope @ right))
        change = float(left @ (at @ right)) / by if by else math.inf
        if not abs(change) < 0.5 * last:
            break
        rate, last = rate - change, abs(change)
    if not last < PROOF * step or min(right.min(), left.min()) < -PROOF:
        return None
    x, p = np.zeros_like(x), p.copy()
    p[np.diff(family(rate)[:, used].indptr) > 0] = 0.0
    x[used], p[tight] = np.where(right > _NOISE, right, 0.0), np.where(left > _NOISE, left, 0.0)
    return rate, x, p


def _level(family: Family, rate: float, x: F64, p: F64, step: float) -> _Level | None:
    """Return the solution if the inequalities prove it."""
    matrix, size = family(rate), _size(family, rate, step)
    flows = size @ x
    least = _NOTHING * flows.max(initial=0.0)
    if not least > 0 or (matrix @ x < -PROOF * np.maximum(flows, least)).any():
        return None
    p = _prohibitive(matrix, p)
    worth = p @ size
    least = _NOTHING * worth.max(initial=0.0)
    if not least > 0 or (p @ matrix > PROOF * np.maximum(worth, least)).any():
        return None
    stay = p @ family(rate + step) >= -10 * PROOF * worth
    shared = bool(p @ flows > _NOTHING * p.max() * flows.max())
    return None if stay.all() else _Level(rate, x, p, stay, shared, proved=True)


def _game(matrix: csr_array, size: csr_array) -> tuple[float, F64, F64]:
    """Return the value of a matrix game and best strategies.

    The value, the largest t with M x >= t for x >= 0 of sum 1, has the sign wanted. What cannot be
    used at all is left out: it would leave the value at zero.
    """
    rows, columns, _ = _possible(matrix)
    hopeless = not len(columns)
    if hopeless:
        rows, columns = np.arange(matrix.shape[0]), np.arange(matrix.shape[1])
    elif not len(rows):
        yields = np.flatnonzero((matrix[:, columns] > 0).sum(axis=1))
        rows = yields if len(yields) else np.arange(matrix.shape[0])
    part = matrix[rows][:, columns]
    units = _units(size[rows][:, columns])
    largest = abs(_scaled(part, *units)).max(axis=1).toarray()
    units[0][largest > _ABUNDANT] /= largest[largest > _ABUNDANT]
    value, best, dual = _program(_scaled(part, *units))
    x, p = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[0])
    x[columns], p[rows] = best * units[1], dual * units[0]
    return -1.0 if hopeless else value, x, p


def _program(matrix: csr_array) -> tuple[float, F64, F64]:
    """Solve the linear program of the game, with other settings if some fail."""
    m, n = matrix.shape
    tight = {f"{side}_feasibility_tolerance": _LP_TOLERANCE for side in ("primal", "dual")}
    for method, options in (
        ("highs", tight),
        ("highs-ds", tight | {"presolve": False}),
        ("highs-ipm", tight),
        ("highs", {}),
    ):
        result = linprog(  # type: ignore[call-overload]
            np.append(np.zeros(n), -1.0),
            A_ub=hstack([-matrix, csr_array(np.ones((m, 1)))], format="csr"),
            b_ub=np.zeros(m),
            A_eq=np.append(np.ones(n), 0.0)[None, :],
            b_eq=[1.0],
            bounds=[(0, None)] * n + [(None, None)],
            method=method,
            options=options,
        )
        if result.status == 0:
            x, p = np.maximum(result.x[:n], 0.0), np.maximum(-result.ineqlin.marginals, 0.0)
            return -float(result.fun), x, p
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
        np.maximum.at(p, rows[row], needed)
    return p
