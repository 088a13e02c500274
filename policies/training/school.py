"""Collects windows of lives from colonies in which apprentices act; PPO learns from them."""

import numpy as np
from numpy.typing import NDArray

from auxon.policies.learned import Decision
from auxon.policies.weights import CONDUCTS
from auxon.sim.conduct import open_conducts
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.outcome import doublings, masses_g
from auxon.sim.scenario import Scenario
from auxon.sim.world import World

from .apprentice import Apprentice
from .lives import Lives, Window
from .master import Master

F32 = NDArray[np.float32]
WRECKED = 2


class School:
    """Colonies of one scenario, from seed to horizon, window by window.

    Parameters
    ----------
    scenario : Scenario
    apprentice : Apprentice
    seed, colonies : int
    years : float
    master : Master, optional
        Says what it would do.
    """

    def __init__(
        self, scenario: Scenario, apprentice: Apprentice, seed: int, colonies: int, years: float,
        master: Master | None = None,
    ) -> None:  # fmt: skip
        self.apprentice, self.master = apprentice, master
        self.world = World(scenario, apprentice, seed, sites=colonies)
        self.founders_g = masses_g(self.world)
        self.left = round(years * YEAR_DAYS * 86_400 / self.world.dt_s)
        self.open = open_conducts(self.world.partial)
        self.window = Window()
        self._steps = 0
        apprentice.witness = self._note
        self.world.listeners += [apprentice.pay, self._bury]

    def lives(self, reviews: int) -> Lives | None:
        """Run so many reviews; return what was lived, None past the horizon or the last robot."""
        steps = min(self.left, reviews * self.world.review_steps)
        if steps == 0:
            return None
        self.window = Window()
        for _ in range(steps):
            self.world.step()
        self.left -= steps
        self._steps = steps
        return self.window.lives() if self.window.decisions else None

    @property
    def years(self) -> float:
        """Of the last window."""
        return self._steps * self.world.dt_s / (YEAR_DAYS * 86_400)

    @property
    def doublings(self) -> NDArray[np.float64]:
        """(S,) of each colony so far."""
        return doublings(masses_g(self.world), self.founders_g)

    def _note(self, d: Decision) -> None:
        a, o = self.apprentice, d.observation
        logit = d.said[:, -len(CONDUCTS) :]
        self.window.add(
            o.robots.id[o.rows], d.x, d.memory, d.conduct,
            log_probability(logit, d.conduct, self.open), a.earned,
            self.master.wanted(o) if self.master else np.zeros(len(o.rows), np.uint8),
        )  # fmt: skip

    def _bury(self, world: World) -> None:
        cost = np.where(world.dead.broken == WRECKED, -self.apprentice.failure(world), 0.0)
        self.window.bury(world.dead.id, cost.astype(np.float32))


def log_probability(logit: F32, conduct: NDArray[np.uint8], may: int) -> F32:
    """Return (n,) the log probability of each conduct, of what was open."""
    out = np.zeros(len(logit))
    for j in range(len(CONDUCTS)):
        if may >> j & 1:
            x = np.where(conduct >> j & 1, -logit[:, j], logit[:, j]).astype(float)
            out -= np.logaddexp(0.0, x)
    return out.astype(np.float32)
