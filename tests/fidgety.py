"""A policy that conducts itself at random: for tests in which every rule of conduct is at work."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.conduct import MOVE, SERVICE, SHELTER
from auxon.sim.observation import Action, Observation, Policy
from auxon.sim.rng import philox

CONDUCT = 99
"""Stream: no rule draws from it."""


class Fidgety:
    """Lets another policy choose tasks; draws what robots do beside them.

    Parameters
    ----------
    policy : Policy
    shelter, service, move : float
        Probabilities at each review.
    """

    def __init__(
        self, policy: Policy, shelter: float = 0.3, service: float = 0.1, move: float = 0.2
    ) -> None:
        self.policy, self.memory_width = policy, policy.memory_width
        self.chances = {SHELTER: shelter, SERVICE: service, MOVE: move}

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        action, memory = self.policy.act(observation, memory)
        conduct = np.zeros(len(observation.rows), np.uint8)
        for n, row in enumerate(observation.rows):
            ident = int(observation.robots.id[row])
            words = philox(observation.seed, CONDUCT, observation.step, ident)
            for word, (bit, chance) in zip(words, self.chances.items(), strict=False):
                if int(word) < chance * 2**32:
                    conduct[n] |= bit
        return Action(action.task, action.desire, action.ahead_s, conduct), memory
