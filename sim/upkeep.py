"""What a robot gives and takes over its life, discounted at a growth rate.

In balanced growth at rate r, for one robot born now there were exp(-r a) born at age a ago. So per
birth, the robots at work are the expected discounted time at work of one life, and the repairs its
discounted number of repairs: Euler and Lotka's sums, with renewals.

One repair buys W(a), the discounted time at work until the next failure or the end of the life a
later. Work W and repairs R per birth that some policy can reach are those with

    W - k R  <=  W0 + sum over ages a of e^(-r a) m(a) max(0, W(a) - k)     for every k >= 0,

W0 being the work until the first failure and m the renewal density of a robot repaired at once:
whoever pays k for a repair buys those that are worth it. Working at full use is best, as waiting
only discounts (for r >= 0). Two prices are enough for a bound that is all but exact: k = 0, where
every repair is made, and k = W of a whole life, where none is: what they leave out are repairs
shortly before the end.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from .tables import Tables
from .weibull import CELLS, OCTAVES

F64 = NDArray[np.float64]

CUTS = 2
"""Inequalities for each species: every repair is free, none is worth it."""
_LARGEST = 300.0
"""Exponents stop here, at e^300, which no sensible rate of decline reaches."""
_MOST = 1 << 13
"""Longest list of ages; who is older is taken to work for ever without repair: still a bound."""


def survival(t: Tables, species: int, use_s: F64) -> F64:
    """Return the probability that a robot lasts longer than so much use.

    Parameters
    ----------
    use_s : (n,) float64

    Returns
    -------
    (n,) float64
        From the table that draws come from, linear in between as they are (see
        `auxon.sim.rules.quantile`).
    """
    z, cell = np.divmod(np.arange(OCTAVES * CELLS), CELLS)
    tail = (CELLS + cell) / CELLS / 2.0 ** (z + 2)
    unit = t.quantile[species][:, z, cell] / 2.0**24
    lives = np.concatenate([unit[0], unit[1], t.quantile[species][0, 0, CELLS : CELLS + 1] / 2**24])
    lasting = np.concatenate([tail, 1 - tail, [0.5]])
    order = np.lexsort((-lasting, lives))
    found: F64 = np.interp(
        use_s / t.scale_s[species], lives[order], lasting[order], left=1.0, right=0.0
    )
    found[use_s < 1.0] = 1.0  # quantiles are rounded down to 0, but all last a second
    return found


def _renewals(first: F64, cycle: F64) -> F64:
    """Coefficients of first / (1 - cycle) as power series, by Newton's iteration."""
    n = len(first)
    inverse = np.ones(1)
    while len(inverse) < n:
        wide = min(n, 2 * len(inverse))
        product = fftconvolve(cycle[:wide], inverse)[:wide]
        product[0] += 2.0
        product[: len(inverse)] -= inverse  # now 2 - (1 - cycle) inverse
        inverse = fftconvolve(product, inverse)[:wide]
    found: F64 = np.maximum(fftconvolve(first, inverse)[:n], 0.0)
    return found


@dataclass(frozen=True)
class Life:
    """Ages of one species and what happens at each, at full use.

    Attributes
    ----------
    tick_s : float
        Time between ages.
    ticks : int
        Ages at which it can work, from 1.
    lag : int
        1: as the steps go; 0: everything at once.
    first : (n,) float64
        Probability of working at age 1, 2, ... without any repair.
    again : (n,) float64
        The same after a repair.
    renewed : (n,) float64
        Expected repairs at age 1, 2, ... if every failure is repaired at once.
    old_s : float
        Length of life that `ticks` leave out.
    """

    tick_s: float
    ticks: int
    lag: int
    first: F64
    again: F64
    renewed: F64
    old_s: float

    @cached_property
    def _working(self) -> F64:
        """(3, n) chance of working at age 1, 2...: always repaired, never, newly repaired at 0."""
        always = self.first.copy()
        always[1:] += fftconvolve(self.renewed, self.again)[: self.ticks - 1]
        return np.stack([always, self.first, self.again])

    def cuts(self, rate: float) -> tuple[F64, F64]:
        """Return prices k and limits h of W - k R <= h, in seconds per birth.

        Parameters
        ----------
        rate : float
            Per second.

        Returns
        -------
        prices, limits : (CUTS,) float64
        """
        age_s = self.tick_s * np.arange(1, self.ticks + 1)
        tick_s = self.tick_s if self.lag else self.tick_s * _mean_exp(rate * self.tick_s)
        work_s = self._working @ (tick_s * np.exp(np.minimum(-rate * age_s, _LARGEST)))
        # whoever is older works as if it never failed any more
        last = np.exp(min(-rate * age_s[-1], _LARGEST))
        old_s = last * self.old_s * _mean_exp(-rate * self.old_s)
        return np.array([0.0, work_s[2]]), work_s[:2] + old_s

    def alive_s(self, rate: float, life_s: float) -> float:
        """Return discounted seconds of existence per birth, broken or not."""
        return life_s * _mean_exp(-rate * life_s)


def _mean_exp(x: float) -> float:
    """Mean of exp(u) for u between 0 and x."""
    x = min(x, _LARGEST)
    return float(np.expm1(x) / x) if abs(x) > 1e-12 else 1.0


def life(t: Tables, species: int, dt_s: int, review_steps: int, lag: bool) -> Life:
    """Return the life of a species.

    Parameters
    ----------
    dt_s, review_steps : int
        Of the scenario.
    lag : bool
        True: in steps, as the rules have it: it first works in the step after its birth, in which
        it already wears; a repair takes the step after the failure; it is taken apart at the first
        review after its life. False: as if steps were short; failures count a little late.
    """
    if lag:
        tick_s = float(dt_s)
        all_ticks = -(-int(t.life_s[species]) // dt_s) + review_steps - 1
    else:
        life_s = float(t.life_s[species] + review_steps * dt_s)
        tick_s = min(life_s / 1024, float(t.scale_s[species]) / 256)
        all_ticks = int(np.ceil(life_s / tick_s))
    ticks = int(min(all_ticks, _MOST))
    lasts = survival(t, species, tick_s * np.arange(ticks + 2, dtype=np.float64))
    shift = int(lag)
    first, again = lasts[shift : ticks + shift], lasts[:ticks]
    # probability that the repair comes at age 1, 2, ...: failed in the tick before, or in this one
    fails_first = (lasts[:-1] - lasts[1:])[:ticks]
    cycle = np.zeros(ticks + 1)
    fails = lasts[:-1] - lasts[1:]
    cycle[1 + shift :] = fails[: ticks - shift]
    renewed = _renewals(np.concatenate([[0.0], fails_first]), cycle)[1:]
    return Life(tick_s, ticks, shift, first, again, renewed, tick_s * (all_ticks - ticks))
