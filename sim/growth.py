"""Von Neumann's growth for any pair of input and output matrices, and the bound of a scenario.

>>> from auxon.sim.growth import balanced_growth
>>> found = balanced_growth([[0.1, 0.4], [0.5, 0.2]], [[1, 0], [0, 1]])  # Leontief, two goods
>>> round(found.factor, 9)
1.666666667
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse

from .bound import Bound, bound
from .critical import critical
from .errors import UsageError

__all__ = ["BalancedGrowth", "Bound", "balanced_growth", "bound"]

F64 = NDArray[np.float64]

_LEAST = -20.0
"""Natural logarithm of the least factor looked for; what shrinks faster is as good as nothing."""


@dataclass(frozen=True)
class BalancedGrowth:
    """The fastest balanced growth of a technology.

    Attributes
    ----------
    factor : float
        What everything grows by in one period.
    intensities : (n,) float64
        Of the processes; they add up to 1.
    prices : (m,) float64
        Of the goods; they add up to 1.
    """

    factor: float
    intensities: F64
    prices: F64


def balanced_growth(A: ArrayLike | csr_array, B: ArrayLike | csr_array) -> BalancedGrowth:
    """Find the fastest growth at which every good is made as fast as it will be used.

    The factor is the largest alpha for which there are intensities x >= 0, not all of them 0, with

        (B - alpha A) x >= 0,

    and at it there are prices p >= 0 at which no process makes a profit, p (B - alpha A) <= 0 (von
    Neumann 1945, doi:10.2307/2296111; without his assumption that every process deals in every
    good: Kemeny, Morgenstern and Thompson 1956, doi:10.2307/1905746).

    A technology whose parts can do without each other (a reducible one) may have several such
    factors, one for each part. The largest is returned, with intensities and prices that belong to
    it: what has no part in the fastest growth does not run. With B the identity the factor is one
    over the largest eigenvalue of A; with one process for every good, and all in use, it is a
    generalised eigenvalue, det(B - alpha A) = 0.

    Parameters
    ----------
    A, B : (m, n) array_like or sparse array of float
        What each of n processes takes of each of m goods, and gives a period later; not negative. A
        good that stays, such as a machine, is one good for each age.

    Returns
    -------
    BalancedGrowth

    Raises
    ------
    UsageError
        Shapes differ, an entry is negative or not a number, a process takes nothing, or nothing can
        be made from itself again.
    """
    taken, given = _matrix("A", A), _matrix("B", B)
    if taken.shape != given.shape:
        raise UsageError(
            f"balanced_growth: found A of shape {taken.shape} and B of shape {given.shape}; "
            "expected the same goods x processes; leave a row or column of zeros for what only "
            "one of them has"
        )
    idle = np.flatnonzero(taken.sum(axis=0) == 0)
    if len(idle):
        raise UsageError(
            f"balanced_growth: column {idle[0]} of A is zero; expected every process to take "
            "something, as what comes from nothing grows without bound; leave out the process, or "
            "let it take its machine"
        )
    found = critical(lambda rate: csr_array(given - np.exp(rate) * taken), least=_LEAST)
    if found is None:
        bare = np.flatnonzero((given.sum(axis=1) == 0) & (taken.sum(axis=1) > 0)).tolist()
        which = f"nothing gives good {', '.join(map(str, bare))}, and " if bare else ""
        raise UsageError(
            f"balanced_growth: {which}no process can run again and again on what processes give; "
            "expected a way to make everything that some set of processes takes; add one"
        )
    return BalancedGrowth(float(np.exp(found.rate)), found.activities, found.prices)


def _matrix(name: str, entries: ArrayLike | csr_array) -> csr_array:
    """Return a checked matrix."""
    try:
        matrix = csr_array(entries if issparse(entries) else np.asarray(entries, dtype=float))
    except (TypeError, ValueError):
        matrix = csr_array((0, 0))
    if len(matrix.shape) != 2 or 0 in matrix.shape:
        raise UsageError(
            f"balanced_growth: found no goods x processes in {name}; expected a matrix of at least "
            "one good and one process; give a list of rows of equal length"
        )
    matrix = matrix.astype(float)
    bad = np.flatnonzero(~(np.isfinite(matrix.data) & (matrix.data >= 0)))
    if len(bad):
        entry = matrix.tocoo()
        at = f"{name}[{entry.coords[0][bad[0]]}, {entry.coords[1][bad[0]]}]"
        raise UsageError(
            f"balanced_growth: found {at} = {entry.data[bad[0]]:g}; expected finite amounts, none "
            "of them negative; write what goes in into A and what comes out into B"
        )
    return matrix
