"""The largest rate at which a system of inequalities still has a solution: the core of every bound.

A technology is a family of matrices M(r), one row a good, one column an activity: what activity j
leaves of good i at growth rate r. Balanced growth at r is possible when some x >= 0, x != 0 has
M(r) x >= 0. Faster growth asks for more, so the feasible rates end at a critical one. At that rate
there are prices p >= 0 at which no activity makes a profit, p M(r) <= 0 (von Neumann 1937, in
English Rev. Econ. Stud. 13, 1945, doi:10.2307/2296111).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, toms748
from scipy.sparse import csr_array, diags_array, hstack
from scipy.sparse.linalg import splu

F64 = NDArray[np.float64]
Index = NDArray[np.int64]
Family = Callable[[float], csr_array]

PROOF = 1e-10
"""A solution is proved when no good falls short, and no activity gains, by more than this share of
what goes through it. The rate is then as exact."""
_CLOSED = 1e-6
"""Width of the bracket, over the rate or over 1, at which a solution is taken without such proof."""
_NOTHING = 1e-14
"""Entries below this, in a matrix scaled to 1, are nothing."""
_BLUR = 1e-3
"""Rates this close may pass for one another in a linear program."""
_LP_TOLERANCE = 1e-10
"""The least HiGHS takes."""
_DOUBLINGS = 60
"""Of the first step, while looking for an infeasible rate."""
_SUPPORTS = (1e-4, 1e-7, 1e-9, 1e-11)
"""An activity or price below this share of the largest is none; tried in turn."""


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


class _Scaled:
    """A family in units in which its entries, activities and prices are near 1."""

    def __init__(self, family: Family) -> None:
        self.family = family
        size = abs(family(0.0))
        self.rows, self.columns = np.ones(size.shape[0]), np.ones(size.shape[1])
        for _ in range(20):  # Ruiz 2001, in the largest norm
            for axis, factors in ((1, self.rows), (0, self.columns)):
                now = diags_array(self.rows) @ size @ diags_array(self.columns)
                largest = now.max(axis=axis).toarray().ravel()
                factors /= np.sqrt(np.where(largest > 0, largest, 1.0))

    def at(self, rate: float) -> csr_array:
        matrix = csr_array(diags_array(self.rows) @ self.family(rate) @ diags_array(self.columns))
        matrix.data[np.abs(matrix.data) < _NOTHING] = 0.0
        matrix.eliminate_zeros()
        return matrix


def critical(family: Family, step: float = 1.0, least: float = -500.0) -> Critical | None:
    """Find the critical rate of a family of matrices.

    Linear programs (HiGHS) tell feasible rates from infeasible ones: the first give activities x,
    the second prices p (Farkas). The root of p M(r) x is off by the product of their errors.
    Once the supports of both are right, inverse iteration on these gives rate and vectors to
    rounding, which the inequalities prove. Where several rates have a solution (reducible
    technologies), the largest is found.

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
    """
    scaled = _Scaled(family)
    found = _bracket(scaled.at, step, least)
    if found is None:
        return None
    low, x, high, p = found
    while True:
        rate = _root(scaled.at, low, x, high, p)
        for support in _SUPPORTS:
            polished = _polish(scaled.at, low, high, x, p, support)
            if polished is not None:
                return _solution(scaled, *polished, proved=True)
        if high - low < _CLOSED * max(1.0, abs(rate)):
            return _solution(scaled, rate, x, p, proved=False)
        margin = 0.03 * (high - low)
        for trial in (rate + margin, rate - margin, 0.5 * (low + high)):
            if low < trial < high:
                feasible, vector = _probe(scaled.at(trial))
                if feasible:
                    low, x = trial, vector
                else:
                    high, p = trial, vector


def _solution(scaled: _Scaled, rate: float, x: F64, p: F64, proved: bool) -> Critical:
    x, p = x * scaled.columns, p * scaled.rows
    return Critical(rate, x / x.sum(), p / p.sum(), proved)


def _probe(matrix: csr_array) -> tuple[bool, F64]:
    """Return True and activities with M x >= 0, or False and prices with p M < 0.

    The value of the matrix game, the largest t with M x >= t for x >= 0 of sum 1, has the sign
    wanted; activities and prices are its strategies. What cannot be used at all is left out before:
    it would leave the value at zero.
    """
    rows, columns, ruled_out = _possible(matrix)
    x, p = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[0])
    if len(columns) == 0:
        return False, _prohibitive(matrix, p, ruled_out)
    part = matrix[rows][:, columns]
    m, n = part.shape
    if m == 0:
        x[columns] = 1.0 / n
        return True, x
    cost = np.zeros(n + 1)
    cost[n] = -1.0
    result = linprog(  # type: ignore[call-overload]  # the stubs know dense matrices only
        cost,
        A_ub=hstack([-part, np.ones((m, 1))], format="csr"),
        b_ub=np.zeros(m),
        A_eq=np.append(np.ones(n), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[(0, None)] * n + [(None, None)],
        method="highs",
        options={
            "primal_feasibility_tolerance": _LP_TOLERANCE,
            "dual_feasibility_tolerance": _LP_TOLERANCE,
        },
    )
    if result.status != 0:
        raise RuntimeError(f"linear program of balanced growth: {result.message}")
    if -result.fun > -10 * _LP_TOLERANCE:
        x[columns] = np.maximum(result.x[:n], 0.0)
        return True, x
    p[rows] = np.maximum(-result.ineqlin.marginals, 0.0)
    return False, _prohibitive(matrix, p, ruled_out)


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


def _prohibitive(matrix: csr_array, p: F64, ruled_out: list[tuple[Index, Index]]) -> F64:
    """Price what cannot be had so high that all that takes it makes a loss."""
    for rows, columns in reversed(ruled_out):
        part = matrix[rows][:, columns].toarray()
        gain = np.maximum(p @ matrix[:, columns], 0.0)
        needed = np.where(part < 0, 2 * gain / np.minimum(part, -_NOTHING), 0.0)
        p[rows] = np.maximum(1e-3 * (p.max() or 1.0), -needed.min(axis=1))
    return p


def _bracket(
    family: Family, step: float, least: float
) -> tuple[float, F64, float, F64] | None:
    """Return a feasible rate with activities and an infeasible one with prices."""
    feasible, vector = _probe(family(0.0))
    last = 0.0
    for _ in range(_DOUBLINGS):
        rate = last + step if feasible else last - step
        if rate < least:
            return None
        found, other = _probe(family(rate))
        if found != feasible:
            return (last, vector, rate, other) if feasible else (rate, other, last, vector)
        last, vector, step = rate, other, 2 * step
    raise Boundless


def _root(family: Family, low: float, x: F64, high: float, p: F64) -> float:
    """Return the rate between at which p M(r) x is zero."""

    def profit(rate: float) -> float:
        return float(p @ (family(rate) @ x))

    if not profit(low) > 0 > profit(high):
        return 0.5 * (low + high)
    return float(toms748(profit, low, high, xtol=1e-13, rtol=1e-13))


def _polish(
    family: Family, low: float, high: float, x: F64, p: F64, support: float
) -> tuple[float, F64, F64] | None:
    """Solve exactly for the supports of x and p; None if these are not the right ones."""
    used = np.flatnonzero(x > support * x.max())
    touched = abs(family(low))[:, used].sum(axis=1) > 0
    tight = np.flatnonzero((p > support * p[touched].max(initial=0.0)) & touched)
    if len(used) != len(tight) or not len(used):
        return None

    def part(rate: float) -> csr_array:
        return csr_array(family(rate)[tight][:, used])

    # near the end of the search the linear programs blur which side a rate is on
    wide = high - low + _BLUR * max(1.0, abs(low))
    low, high = low - wide, high + wide
    right, left = x[used], p[tight]
    rate = _root(part, low, right, high, left)
    for _ in range(8):
        square = part(rate).tocsc()
        square.setdiag(square.diagonal() + 1e-12)  # a singular matrix has no factors
        try:
            factors = splu(square)
        except RuntimeError:
            return None
        right, left = factors.solve(right), factors.solve(left, trans="T")
        right /= np.abs(right).max() * (np.sign(right.sum()) or 1.0)
        left /= np.abs(left).max() * (np.sign(left.sum()) or 1.0)
        if not (np.isfinite(right).all() and right.min() > 0 and left.min() > 0):
            return None
        last, rate = rate, _root(part, low, right, high, left)
        if abs(rate - last) < 1e-14 * max(1.0, abs(rate)):
            break
    by = float(left @ p[tight] / (left @ left)) or 1.0
    x, p = np.zeros_like(x), np.where(touched, 0.0, p / by)
    x[used], p[tight] = right, left
    matrix = family(rate)
    size = abs(matrix)
    short = (matrix @ x) / np.maximum(size @ x, _NOTHING)
    gain = (p @ matrix) / np.maximum(p @ size, _NOTHING)
    return (rate, x, p) if short.min() > -PROOF and gain.max() < PROOF else None
