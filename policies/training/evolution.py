"""Evolution strategies (Salimans et al. 2017, arXiv:1703.03864) on what a colony comes to.

Antithetic pairs, ranks instead of scores, and common random numbers: all candidates of a generation
live in the same worlds, with the same seeds.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Score = Callable[[F64], F64]


class Evolution:
    """A mean that moves along the ranked differences of pairs, by Adam.

    Parameters
    ----------
    start : (D,) float64
    sigma : float
        Standard deviation of a step in each coordinate.
    rate : float
        Of learning, in units of sigma.
    pairs : int
    seed : int
    """

    def __init__(self, start: F64, sigma: float, rate: float, pairs: int, seed: int) -> None:
        self.mean = start.copy()
        self.sigma, self.rate, self.pairs, self.seed = sigma, rate, pairs, seed
        self.generation = 0
        self._m = np.zeros_like(start)
        self._v = np.zeros_like(start)

    def ask(self) -> F64:
        """Return (2 pairs, D) candidates: each step taken forward and backward."""
        step = self._steps()
        return self.mean + self.sigma * np.concatenate([step, -step])

    def tell(self, scores: Sequence[float] | F64) -> None:
        """Move the mean by the scores of what `ask` gave, in its order; more is better."""
        rank = ranks(np.asarray(scores, float))
        weight = rank[: self.pairs] - rank[self.pairs :]
        slope = weight @ self._steps() / self.pairs
        self.generation += 1
        self._m += 0.1 * (slope - self._m)
        self._v += 0.001 * (slope * slope - self._v)
        m = self._m / (1.0 - 0.9**self.generation)
        v = self._v / (1.0 - 0.999**self.generation)
        self.mean += self.rate * self.sigma * m / (np.sqrt(v) + 1e-12)

    def _steps(self) -> F64:
        rng = np.random.default_rng([self.seed, self.generation])
        return rng.standard_normal((self.pairs, len(self.mean)))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what `restore` needs to go on."""
        return {
            "mean": self.mean, "m": self._m, "v": self._v,
            "generation": np.array([self.generation]),
        }  # fmt: skip

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from where `state` was taken."""
        self.mean, self._m, self._v = (state[n].copy() for n in ("mean", "m", "v"))
        (self.generation,) = map(int, state["generation"])


def ranks(scores: F64) -> F64:
    """Return ranks from -1/2 to 1/2; equal scores have the mean of their ranks."""
    order = np.argsort(scores, kind="stable")
    place = np.empty(len(scores))
    place[order] = np.arange(len(scores))
    for value in np.unique(scores):
        same = scores == value
        place[same] = place[same].mean()
    return place / (len(scores) - 1) - 0.5
