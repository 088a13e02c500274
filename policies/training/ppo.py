"""Recurrent proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347) over lives.

A minibatch is whole lives, so every sequence starts from the memory it had and no reset falls
within. The memory is the one the robot acted with: in the first minibatch after a window the ratio
of probabilities is 1, and a test says so.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auxon.policies.weights import CONDUCTS, Arrays, Weights

from .config import PPOEntry
from .lives import Lives, advantages
from .torch_cells import UNROLL, Parameters


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


class Learner:
    """Weights as torch parameters, a critic on the same memory, and their optimiser.

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
        self.unroll = UNROLL[weights.cell]
        self.parameters: Parameters = {
            n: torch.tensor(a[0], requires_grad=True) for n, a in weights.arrays.items()
        }
        self.critic = torch.zeros(weights.hidden + 1, requires_grad=True)
        self.scale = 1.0
        """Running standard deviation of returns: the critic learns in units of it."""
        self.optimiser = torch.optim.Adam(self._all(), entry.learning_rate, eps=1e-5)
        self.seed, self.updates = seed, 0

    def _all(self) -> list[Tensor]:
        return [*self.parameters.values(), self.critic]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that `restore` needs to go on."""
        out = {f"weight {n}": p.detach().numpy().copy() for n, p in self.parameters.items()}
        out["critic"] = self.critic.detach().numpy().copy()
        out["counts"] = np.array([self.updates, self.scale])
        for i, p in enumerate(self._all()):
            kept = self.optimiser.state[p]
            for name in ("exp_avg", "exp_avg_sq", "step"):
                out[f"adam {i} {name}"] = kept[name].detach().numpy().copy()
        return out

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from where `state` was taken."""
        with torch.no_grad():
            for n, p in self.parameters.items():
                p.copy_(torch.from_numpy(state[f"weight {n}"]))
            self.critic.copy_(torch.from_numpy(state["critic"]))
        self.updates, self.scale = int(state["counts"][0]), float(state["counts"][1])
        for i, p in enumerate(self._all()):
            self.optimiser.state[p] = {
                name: torch.tensor(state[f"adam {i} {name}"])
                for name in ("exp_avg", "exp_avg_sq", "step")
            }

    def arrays(self) -> Arrays:
        """Return the weights as one set for inference."""
        return {n: p.detach().numpy()[None].copy() for n, p in self.parameters.items()}

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
        may = torch.tensor([float(open_conduct >> j & 1) for j in range(len(CONDUCTS))])
        self.updates += 1
        rng = np.random.default_rng([self.seed, self.updates])
        sums = np.zeros(4)
        batches = 0
        first_error = 0.0
        for _ in range(self.entry.epochs):
            for some in _minibatches(rng, len(lives.length), self.entry.minibatches):
                longest = int(lives.length[some].max())
                cut = some, slice(0, longest)
                mask = torch.from_numpy(learns[cut])
                if not mask.any():
                    continue
                said, guess = self.think(
                    torch.from_numpy(lives.x[cut]), torch.from_numpy(lives.memory[some])
                )
                bits = torch.from_numpy(_bits(lives.conduct[cut]))
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
                loss: Any = policy + 0.5 * miss - self.entry.entropy * spread
                self.optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self._all(), 0.5)
                self.optimiser.step()
                clipped = ((ratio.detach() - 1.0).abs() > self.entry.clip).float().mean()
                sums += [policy.item(), miss.item(), spread.item(), clipped.item()]
                batches += 1
        policy_loss, value_loss, spread_mean, share = sums / max(1, batches)
        return Progress(policy_loss, value_loss, spread_mean, share, first_error)

    def think(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return what robots say, (N, T, READOUT), and the critic's value, in units of `scale`."""
        h = self.unroll(self.parameters, x, memory)
        read = self.parameters["readout"]
        return h @ read[:-1] + read[-1], h @ self.critic[:-1] + self.critic[-1]


def _minibatches(rng: np.random.Generator, lives: int, parts: int) -> list[NDArray[np.int64]]:
    return np.array_split(rng.permutation(lives), min(parts, lives))


def conduct_likelihood(logit: Tensor, bits: Tensor, may: Tensor) -> tuple[Tensor, Tensor]:
    """Return log probability and entropy of independent choices, of those that are open."""
    taken = -torch.nn.functional.softplus(torch.where(bits > 0, -logit, logit))
    p = torch.sigmoid(logit)
    entropy = torch.nn.functional.softplus(logit) - p * logit
    return (taken * may).sum(-1), (entropy * may).sum(-1)


def _bits(conduct: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (conduct[..., None] >> np.arange(len(CONDUCTS)) & 1).astype(np.float32)
