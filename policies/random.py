"""Random: tasks and wishes are drawn. The floor to compare with."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.jit import jit
from auxon.sim.observation import Action, Observation
from auxon.sim.rng import DESIRE, philox
from auxon.sim.rules import robot_id

from .quota import match


@jit
def _wishes(desire: np.ndarray, seed: int, step: int) -> None:
    for s in range(desire.shape[0]):
        for k in range(desire.shape[1]):
            desire[s, k] = (float(philox(seed, DESIRE, step, robot_id(s, k, 0))[0]) + 1.0) / 2.0**32


class Random:
    """Robots spread evenly over the tasks open to them; what is built is drawn anew at every step.

    Attributes
    ----------
    memory_width : int
        0: it remembers nothing.
    """

    memory_width = 0

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        """Draw tasks and wishes."""
        desire = np.empty(observation.sites.orders.shape)
        _wishes(desire, observation.seed, observation.step)
        weight = np.ones(observation.flows.crew.shape)
        return Action(match(observation, weight), desire), memory
