"""Artificial curiosity: robots are paid for what their world model learns from where they went."""

import numpy as np

from auxon.policies.weights import Weights

from .config import CuriosityEntry
from .lives import Lives
from .world_model import WorldModel, followed

MINIBATCHES = 8


class Curious:
    """A world model that learns as the robots act, and the reward that makes of it.

    Parameters
    ----------
    entry : CuriosityEntry
    weights : Weights
        The policy's, whose cell the model begins with.
    seed : int
    """

    def __init__(self, entry: CuriosityEntry, weights: Weights, seed: int) -> None:
        self.entry = entry
        self.model = WorldModel(weights.cell, weights.arrays, weights.hidden, entry.learning_rate)
        self.rng = np.random.default_rng([seed, 3])
        self.fitted = False

    def wonder(self, lives: Lives) -> dict[str, float]:
        """Learn from a window and pay for it, into the rewards; return what was measured."""
        if not self.fitted:
            self.model.fit_scale(lives)
            self.fitted = True
        there = followed(lives)
        fresh = Lives(**{**lives.__dict__, "memory": np.zeros_like(lives.memory)})
        before = self.model.errors(fresh)
        self.model.learn(fresh, self.rng, MINIBATCHES)
        progress = before - self.model.errors(fresh)
        spread = float(progress[there].std()) + 1e-9
        if not self.entry.wages:
            lives.reward[:] = 0.0
        lives.reward += np.where(there, self.entry.weight * progress / spread, 0.0)
        return {"loss": float(before[there].mean()), "progress": float(progress[there].mean())}
