"""Balanced growth of a technology: what runs, what is there, what it is worth."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .critical import Boundless, critical
from .errors import UsageError
from .orbit import YEAR_DAYS
from .technology import Technology

F64 = NDArray[np.float64]

YEAR_S = YEAR_DAYS * 86_400.0
_FASTEST_DECLINE = -20.0
"""Per year: a colony that shrinks faster is as good as dead."""


@dataclass(frozen=True)
class Balance:
    """The fastest balanced growth of a technology, for a fleet of 1 kg.

    Attributes
    ----------
    technology : Technology
    rate_per_year : float
        Of exponential growth; below zero if each generation makes less than itself.
    activities : (n,) float64
        Runs, births and repairs a step, and seconds of work a step, as `Technology` numbers them.
    prices : (m,) float64
        What a unit of each good is worth, in kg of newborn fleet in this mix.
    proved : bool
        See `auxon.sim.critical.Critical`.
    """

    technology: Technology
    rate_per_year: float
    activities: F64
    prices: F64
    proved: bool

    @property
    def rate_per_s(self) -> float:
        """The rate per second."""
        return self.rate_per_year / YEAR_S

    @cached_property
    def births(self) -> F64:
        """(K,) births a step."""
        return self.technology.births(self.activities)

    @cached_property
    def repairs(self) -> F64:
        """(K,) repairs a step."""
        return self.technology.repairs(self.activities)

    @cached_property
    def fleet(self) -> F64:
        """(K,) robots there are, broken ones included."""
        return self.births * self.technology.existing(self.rate_per_s)

    @cached_property
    def work_s(self) -> F64:
        """(K,) seconds of work a step."""
        return self.activities[self.technology.tasks :]

    @cached_property
    def worth(self) -> F64:
        """(K,) value of a newborn robot, in kg of newborn fleet; nan where none is built."""
        of, t = self.technology, self.technology.tables
        worth = np.full(len(t.idle_W), np.nan)
        matrix = of.matrix(self.rate_per_s)
        for k in np.flatnonzero(self.births > 0):
            column = matrix[:, [of.build_of(int(k))]].toarray().ravel()
            worth[k] = float(self.prices @ np.maximum(column, 0.0))
        return worth

    @cached_property
    def rents(self) -> F64:
        """(K,) value of a step's work of each species in the fleet: they sum to its interest."""
        of = self.technology
        matrix = of.matrix(self.rate_per_s)[:, of.tasks :]
        earned = matrix.maximum(0).T @ self.prices
        found: F64 = earned * self.work_s
        return found


def balance(technology: Technology) -> Balance | None:
    """Solve for balanced growth.

    Returns
    -------
    Balance or None
        None when no robot can be built again and again at all.

    Raises
    ------
    UsageError
        Something makes itself from nothing, and growth has no bound.
    """
    if not len(technology.builds):
        return None
    try:
        found = critical(lambda rate: technology.matrix(rate / YEAR_S), least=_FASTEST_DECLINE)
    except Boundless:
        raise UsageError(
            "this industry grows without bound; expected every robot to take machine time, energy "
            "or material to make; give its processes and builds times above zero"
        ) from None
    if found is None:
        return None
    t = technology.tables
    rate_per_s = found.rate / YEAR_S
    births = technology.births(found.activities)
    mass_kg = t.species_mass_g / 1000.0
    activities = found.activities / float(births * technology.existing(rate_per_s) @ mass_kg)
    prices = found.prices.copy()
    prices[[t.rock, *technology.free]] = 0.0  # their rows are empty, and any price would do
    unscaled = Balance(technology, found.rate, activities, prices, found.proved)
    newborn_kg = float(unscaled.births @ mass_kg)
    value = float(np.nansum(unscaled.births * unscaled.worth))
    # a newborn is worth nothing where something else is what grows
    scaled = prices * newborn_kg / value if value > 0 else prices
    return Balance(technology, found.rate, activities, scaled, found.proved)
