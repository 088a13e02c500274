"""What evolution may change of a set of weights."""

import numpy as np
from numpy.typing import NDArray

from auxon.policies.weights import CONDUCTS, Weights, flat, unflat

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class Freedom:
    """Coordinates in which weights are searched, and the weights that belong to them.

    Parameters
    ----------
    which : str
        ``conduct``: of each conduct's logit the logarithm of a factor, and a shift. ``readout``,
        ``all``: the numbers themselves.
    weights : Weights
        One set.
    """

    def __init__(self, which: str, weights: Weights) -> None:
        self._weights, self._which = weights, which
        self._whole = flat(weights)[0].astype(float)
        said = weights.arrays["readout"][0].size
        self._own = slice(len(self._whole) - said if which == "readout" else 0, None)

    @property
    def start(self) -> F64:
        """(D,) where the weights are."""
        if self._which == "conduct":
            return np.zeros(2 * len(CONDUCTS))
        return np.array(self._whole[self._own])

    def weights(self, at: F64) -> Weights:
        """Return as many sets of weights as there are rows: (n, D)."""
        rows = np.repeat(self._whole[None], len(at), 0)
        if self._which != "conduct":
            rows[:, self._own] = at
            return unflat(self._weights, rows.astype(np.float32))
        out = unflat(self._weights, rows.astype(np.float32))
        logit = out.arrays["readout"][:, :, -len(CONDUCTS) :]
        factor, shift = np.split(at.astype(np.float32), 2, axis=1)
        logit *= np.exp(factor)[:, None]
        logit[:, -1] += shift
        return out
