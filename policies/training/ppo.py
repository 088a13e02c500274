"""Recurrent proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347) over lives.

A minibatch is whole lives, so every sequence starts from the memory it had and no reset falls
within. The memory is the one the robot acted with: in the first minibatch after a window the ratio
of probabilities is 1, and a test says so.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auxon.policies.weights import CONDUCTS, Weights

from .config import PPOEntry
from .lives import Lives, advantages
from .student import Student


class Progress(NamedTuple):
    """What an update measured.

    Attributes
    ----------
    policy_loss, value_loss, entropy, clipped : float
        Means over the update; clipped: share of ratios beyond the clip.
    first_ratio_error : float
        Largest |ratio - 1| in the first minibatch.
    """

    policy_loss: float
    value_loss: float
    entropy: float
    clipped: float
    first_ratio_error: float


class Learner(Student):
    """Weights, and a critic on the same memory.

    Parameters
    ----------
    weights : Weights
        One set.
    entry : PPOEntry
    seed : int
        Of minibatches.
    """

    def __init__(self, weights: Weights, entry: PPOEntry, seed: int) -> None:
        self.entry = entry
        self.critic = torch.zeros(weights.hidden + 1, requires_grad=True)
        # the critic learns in units of `scale`, the running standard deviation of returns
        super().__init__(weights, entry.learning_rate, seed, self.critic)

    def update(self, lives: Lives, open_conduct: int) -> Progress:
        """Learn from a window; returns what it measured."""
        with torch.no_grad():
            _, expected = self.think(torch.from_numpy(lives.x), torch.from_numpy(lives.memory))
        value = expected.numpy() * self.scale
        gae, returns = advantages(lives, value, self.entry.discount, self.entry.mixing)
        learns = lives.learns
        self.scale += 0.1 * (float(returns[learns].std()) + 1e-6 - self.scale)
        gae = (gae - gae[learns].mean()) / (gae[learns].std() + 1e-8)
        target = returns / self.scale
        may = open_mask(open_conduct)
        sums = np.zeros(4)
        batches = 0
        first_error = 0.0
        for some in self.minibatches(len(lives.length), self.entry.epochs, self.entry.minibatches):
            longest = int(lives.length[some].max())
            cut = some, slice(0, longest)
            mask = torch.from_numpy(learns[cut])
            if not mask.any():
                continue
            said, guess = self.think(
                torch.from_numpy(lives.x[cut]), torch.from_numpy(lives.memory[some])
            )
            bits = torch.from_numpy(conduct_bits(lives.conduct[cut]))
            log_p, entropy = conduct_likelihood(said[..., -len(CONDUCTS) :], bits, may)
            old = torch.from_numpy(lives.log_probability[cut])
            ratio = torch.exp(log_p - old)[mask]
            if batches == 0:
                first_error = float((ratio.detach() - 1.0).abs().max())
            gain = torch.from_numpy(gae[cut])[mask]
            policy = -torch.min(
                ratio * gain, ratio.clamp(1.0 - self.entry.clip, 1.0 + self.entry.clip) * gain
            ).mean()
            miss = (guess - torch.from_numpy(target[cut]))[mask].square().mean()
            spread = entropy[mask].mean()
            self.step(policy + 0.5 * miss - self.entry.entropy * spread)
            clipped = ((ratio.detach() - 1.0).abs() > self.entry.clip).float().mean()
            sums += [policy.item(), miss.item(), spread.item(), clipped.item()]
            batches += 1
        policy_loss, value_loss, spread_mean, share = sums / max(1, batches)
        return Progress(policy_loss, value_loss, spread_mean, share, first_error)

    def think(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return what robots say, (N, T, READOUT), and the critic's value, in units of `scale`."""
        said, h = self.say(x, memory)
        return said, h @ self.critic[:-1] + self.critic[-1]


def open_mask(conduct: int) -> Tensor:
    """Return (3,) 1 for each conduct whose bit is set."""
    return torch.tensor([float(conduct >> j & 1) for j in range(len(CONDUCTS))])


def conduct_likelihood(logit: Tensor, bits: Tensor, may: Tensor) -> tuple[Tensor, Tensor]:
    """Return log probability and entropy of independent choices, of those that are open."""
    taken = -torch.nn.functional.softplus(torch.where(bits > 0, -logit, logit))
    p = torch.sigmoid(logit)
    entropy = torch.nn.functional.softplus(logit) - p * logit
    return (taken * may).sum(-1), (entropy * may).sum(-1)


def conduct_bits(conduct: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (..., 3) 1 for each conduct taken."""
    return (conduct[..., None] >> np.arange(len(CONDUCTS)) & 1).astype(np.float32)
