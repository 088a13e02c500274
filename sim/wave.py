"""How fast a number can grow, and how far a front can get, when every birth takes its time.

Everything hangs on one function: births that an individual can expect, one born at age a and at
a place x ahead of its parent counting as e^(-rate a + theta x). At theta = 0 the rate at which it
is 1 is that of Euler and Lotka (Lotka 1939, *Analyse demographique*): numbers grow by e^(rate t).
For other theta its root is a rate r(theta), and nobody gets further than c t for long, with

    c = min over theta > 0 of r(theta) / theta

(Biggins 1997, "How fast does a general branching random walk spread?",
doi:10.1007/978-1-4612-1862-3_2). Delay slows fronts down, too: none is faster than the longest
step over the delay, though births be as many as they will (Fort and Mendez 1999,
doi:10.1103/PhysRevLett.82.867).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq, minimize_scalar

Births = Callable[[float], float]
"""rate -> births expected of one individual, discounted at that rate; falls as the rate rises."""

_TINY = 1e-9
_DOUBLINGS = 60
_WIDE = math.log(1e6)
"""Least and greatest theta looked at, as logarithms about the scale of a step."""


def growth(births: Births) -> float:
    """Return the rate at which discounted births are 1: Euler's and Lotka's; 0 if it is below 0.

    Parameters
    ----------
    births : callable
        Continuous and falling for rates above 0.
    """
    if births(_TINY) <= 1.0:
        return 0.0
    high = 1.0
    for _ in range(_DOUBLINGS):
        if births(high) < 1.0:
            return float(brentq(lambda rate: births(rate) - 1.0, _TINY, high, xtol=1e-12))
        high *= 2.0
    return math.inf


def front_speed(births: Callable[[float, float], float], step: float) -> float:
    """Return the greatest speed of a front, 0 if numbers do not grow.

    Parameters
    ----------
    births : callable
        (rate, theta) -> births expected, discounted in time and weighted with e^(theta x).
    step : float
        A step as usual, in the units of x, that says where to look for theta.

    Returns
    -------
    float
        Units of x per unit of time.
    """
    if step <= 0 or growth(lambda rate: births(rate, 0.0)) == 0.0:
        return 0.0

    def speed(logarithm: float) -> float:
        theta = math.exp(logarithm) / step
        return growth(lambda rate: births(rate, theta)) / theta

    # r(theta) is convex, so that r(theta) / theta falls, then rises
    found = minimize_scalar(speed, bounds=(-_WIDE, math.log(200.0)), method="bounded")
    return float(found.fun)


@dataclass(frozen=True)
class Breeder:
    """What one site can send at best, from the moment at which its kit has landed.

    Attributes
    ----------
    rate_per_year : float
        At which its worth grows at most.
    growing_years : float
        Before that it cannot have what it must have before it loads a kit.
    first_years : float
        From there to the first departure, and from each departure to the next, at least.
    between_years : float
        The n-th departure is n - 1 times this later than the first may be, at least.
    kits_per_year : float
        That a full site can make at most.
    most : float
        That it sends at most.
    """

    rate_per_year: float
    growing_years: float
    first_years: float
    between_years: float
    kits_per_year: float = math.inf
    most: float = math.inf

    def sent(self, rate: float) -> float:
        """Return the kits that it sends, one sent at age a counting as e^(-rate a), at most.

        The least of the bounds that `auxon.sim.belt_bound` derives: departures are apart; kits
        have a worth; a full site makes so many.
        """
        # ships that meet on a body live as one site: two of them need not grow at all
        grown = max(math.exp(-rate * self.growing_years), 0.5)
        fades = -math.expm1(-rate * self.between_years)
        apart = grown * math.exp(-rate * self.first_years) / fades
        if math.isfinite(self.most):
            apart *= -math.expm1(-rate * self.between_years * self.most)
        r, gap = self.rate_per_year, self.first_years
        worth = 1.0
        if rate < r:
            worth = (-math.expm1(-r * gap)) ** (rate / r) / -math.expm1(-rate * gap)
        return min(apart, worth, 1.0 + self.kits_per_year / rate)
