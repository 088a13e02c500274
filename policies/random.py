"""Random: tasks and wishes are drawn. The floor to compare with."""

import numpy as np

from auxon.sim.jit import jit, spread
from auxon.sim.observation import Observation
from auxon.sim.rng import DESIRE, philox
from auxon.sim.rules import robot_id

from .quota import Scripted, Wishes


@jit
def _draw(sites: np.ndarray, desire: np.ndarray, seed: int, step: int) -> None:
    for s in sites:
        for k in range(desire.shape[1]):
            desire[s, k] = (float(philox(seed, DESIRE, step, robot_id(s, k, 0))[0]) + 1.0) / 2.0**32


class Random(Scripted):
    """Robots spread evenly over tasks; what is built is drawn anew at every step."""

    def wishes(self, observation: Observation) -> tuple[Wishes, Wishes]:
        """Weigh all tasks alike and draw what to build."""
        desire = np.zeros(observation.sites.orders.shape)
        spread(_draw, observation.here, desire, observation.seed, observation.step)
        return np.ones(observation.flows.crew.shape), desire
