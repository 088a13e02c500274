"""A policy with a few levers: what the market wishes, with more of this and less of that."""

import numpy as np
from numpy.typing import NDArray

from auxon.policies.market import Market
from auxon.policies.quota import Scripted, Wishes
from auxon.sim.explog import exp_less_1
from auxon.sim.industry import Industry
from auxon.sim.observation import AHEAD_S, Observation

from .groups import GROUPS, species_groups, task_groups

LEVERS = (
    *(f"want_{name}" for name in GROUPS),
    *(f"serve_{name}" for name in GROUPS),
    "sharpness",
    "ahead",
)
"""How much the species of a group are wanted; how many of the hands that have a choice the tasks
that serve it get; how sharply hands follow prices; how far ahead orders are opened."""
_LOG_4 = 1.3862943611198906
_G = len(GROUPS)


class Steered(Scripted):
    """The market, with levers; with all of them at zero it is the market, to the bit.

    At 1 a lever multiplies by four, at -1 it divides by four; sharpness goes from no prices at all
    (-1) to shares in proportion to what a task pays (1).

    Parameters
    ----------
    industry : Industry
        Of a world with one kind of site.

    Attributes
    ----------
    levers : (L,) float64
        From -1 to 1; L as in `LEVERS`.
    """

    def __init__(self, industry: Industry) -> None:
        self._industry, self._market = industry, Market()
        self._groups: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self.pull(np.zeros(len(LEVERS)))

    def pull(self, levers: NDArray[np.float64]) -> None:
        """Set the levers."""
        self.levers = levers
        factors = np.array([_factor(float(lever)) for lever in levers])
        self._wanted, self._served = factors[:_G], factors[_G : 2 * _G]
        self._sharpness = float(levers[2 * _G])
        self.ahead_s = round(AHEAD_S * float(factors[-1]))

    def wishes(self, observation: Observation) -> tuple[Wishes, Wishes]:
        """Return the market's wishes as the levers change them."""
        o = observation
        if self._groups is None:
            t, industry = o.tables, self._industry
            self._groups = species_groups(t, industry), task_groups(t, industry)
        species, task = self._groups
        weight, desire = self._market.wishes(o)
        room, x = o.flows.room_s.astype(np.float64), self._sharpness
        if x < 0:
            weight = weight - x * (room - weight)
        elif x > 0:  # over room, the weight is the root of what a task pays
            pays = np.divide(weight, room, out=np.ones_like(weight), where=room > 0)
            weight = weight * (1.0 + x * (pays - 1.0))
        return weight * self._served[task], desire * self._wanted[species]


def _factor(lever: float) -> float:
    """Return 4 to the power of a lever, the same bits on every machine."""
    above = 1.0 + float(exp_less_1(abs(lever) * _LOG_4))
    return above if lever >= 0 else 1.0 / above
