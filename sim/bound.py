"""The bound on growth of a scenario: how fast a colony can grow at best, and what holds it.

No colony under the rules of `docs/rules.md` grows faster for long than the balanced growth of its
technology (`auxon.sim.technology`): valued at its prices, what a colony has grows by e^r a step at
most, whatever its robots do (von Neumann 1937; the expected value, as lifetimes are drawn).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .balance import YEAR_S, Balance, balance
from .orbit import mean_flux_w_m2
from .scenario import Scenario
from .sensitivity import Sensitivity, sensitivity
from .tables import BUILD, PROCESS, REPAIR, compile_industry
from .technology import Technology

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Bound:
    """The bound of one scenario.

    Attributes
    ----------
    scenario : Scenario
    sunlight_w_m2 : float
        For which it holds, night taken off; the mean over an orbit if nothing else was asked for.
    stepped : Balance or None
        As the rules have it, one step of lag a recipe. None: no robot can be built again and again.
    continuous : Balance or None
        The same without lag, as if steps were short.
    """

    scenario: Scenario
    sunlight_w_m2: float
    stepped: Balance | None
    continuous: Balance | None

    @property
    def rate_per_year(self) -> float:
        """Growth per year, with lag; minus infinity if nothing can grow."""
        return self.stepped.rate_per_year if self.stepped else -math.inf

    @property
    def continuous_per_year(self) -> float:
        """Growth per year without lag."""
        return self.continuous.rate_per_year if self.continuous else -math.inf

    @property
    def doubling_time_years(self) -> float | None:
        """Time to double, None if it cannot grow."""
        return math.log(2) / self.rate_per_year if self.rate_per_year > 0 else None

    @cached_property
    def sensitivity(self) -> Sensitivity | None:
        """What a little more of this and that would change."""
        return sensitivity(self.stepped) if self.stepped else None
