"""A master who sees what is, and pupils who are shown readings: learning by cheating.

In a simulation the truth behind noisy readings is at hand. A script that acts on it teaches robots
that cannot see it (Chen et al. 2019, "Learning by cheating", arXiv:1912.12294): while they live as
they see fit, it says at every decision what it would have done in their place (Ross et al. 2011,
DAgger, arXiv:1011.0686), and they learn to foretell that from all that they remember. What a pupil
then says is the log odds that a conduct is called for, given its readings so far. It acts on some
power of these odds: whoever does a thing one time in five when the odds are one to four dithers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from auxon.policies.market import Market
from auxon.policies.rule import MarketRule
from auxon.policies.weights import CONDUCTS, Arrays, Weights
from auxon.sim.observation import Observation

from .config import MasterEntry
from .lives import Lives
from .ppo import conduct_bits, conduct_likelihood, open_mask
from .student import Student


class Master:
    """Conduct by thresholds, on readings without noise.

    Parameters
    ----------
    entry : MasterEntry
    """

    def __init__(self, entry: MasterEntry) -> None:
        self._market = Market(
            MarketRule(
                service_above=entry.service_above,
                shelter_above=entry.shelter_above,
                move_below=entry.move_below,
            )
        )

    def wanted(self, observation: Observation) -> NDArray[np.uint8]:
        """Return (n,) the bits of conduct that it would take in the place of each robot."""
        clear = observation.partial._replace(wear_noise=0.0, flare_noise=0.0, yield_noise=0.0)
        found = self._market.conduct(replace(observation, partial=clear))
        return np.zeros(len(observation.rows), np.uint8) if found is None else found


class Lesson(NamedTuple):
    """What an update measured.

    Attributes
    ----------
    loss : float
        Mean negative log likelihood of what the master would do, in nats a decision.
    wanted : float
        Conducts a decision that the master would take.
    """

    loss: float
    wanted: float


class Pupil(Student):
    """Weights that learn to foretell the master.

    Parameters
    ----------
    weights : Weights
        One set.
    entry : MasterEntry
    seed : int
        Of minibatches.
    """

    def __init__(self, weights: Weights, entry: MasterEntry, seed: int) -> None:
        self.entry = entry
        super().__init__(weights, entry.learning_rate, seed)

    def arrays(self) -> Arrays:
        """Return the weights to act by: with sharper odds."""
        found = super().arrays()
        found["readout"][:, :, -len(CONDUCTS) :] *= self.entry.sharpness
        return found

    def update(self, diary: Sequence[tuple[Lives, int]], left: float) -> list[Lesson]:
        """Learn from windows, in any order; return what each epoch measured.

        Parameters
        ----------
        diary : sequence of (Lives, int)
            With the bits of conduct that were open.
        left : float
            Share of the learning rate.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.entry.learning_rate * left
        rng = np.random.default_rng([self.seed, self.updates, len(diary)])
        lessons = []
        for _ in range(self.entry.epochs):
            met = np.array([self._learn(*diary[i]) for i in rng.permutation(len(diary))])
            lessons.append(Lesson(*np.average(met[:, :2], axis=0, weights=met[:, 2])))
        return lessons

    def _learn(self, lives: Lives, open_conduct: int) -> tuple[float, float, float]:
        """Go once over a window; return loss, conducts wanted, and how many decisions there are."""
        there = np.arange(lives.x.shape[1])[None] < lives.length[:, None]
        may = open_mask(open_conduct)
        loss_sum = wanted = 0.0
        for some in self.minibatches(len(lives.length), 1, self.entry.minibatches):
            cut = some, slice(0, int(lives.length[some].max()))
            mask = torch.from_numpy(there[cut])
            said, _ = self.say(torch.from_numpy(lives.x[cut]), torch.from_numpy(lives.memory[some]))
            bits = torch.from_numpy(conduct_bits(lives.wanted[cut]))
            log_p, _ = conduct_likelihood(said[..., -len(CONDUCTS) :], bits, may)
            loss = -log_p[mask].mean()
            self.step(loss)
            loss_sum += loss.item() * int(mask.sum())
            wanted += float((bits * may)[mask].sum())
        total = float(there.sum())
        return loss_sum / total, wanted / total, total
