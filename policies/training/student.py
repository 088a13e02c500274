"""Weights as torch parameters with an optimiser: what learns by gradients, and can be killed."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auxon.policies.weights import Arrays, Weights

from .torch_cells import UNROLL, Parameters

_ADAM = ("exp_avg", "exp_avg_sq", "step")


class Student:
    """The parameters of one set of weights, tensors of the training beside them, and Adam.

    Parameters
    ----------
    weights : Weights
        One set.
    learning_rate : float
    seed : int
        Of minibatches.
    beside : Tensor
        Learned along, and no part of the weights.
    """

    def __init__(self, weights: Weights, learning_rate: float, seed: int, *beside: Tensor) -> None:
        self.unroll = UNROLL[weights.cell]
        self.parameters: Parameters = {
            n: torch.tensor(a[0], requires_grad=True) for n, a in weights.arrays.items()
        }
        self.beside = beside
        self.optimiser = torch.optim.Adam(self.tensors(), learning_rate, eps=1e-5)
        self.seed, self.updates = seed, 0
        self.scale = 1.0
        """Running measure of what is learned, in whose units it is."""

    def tensors(self) -> list[Tensor]:
        """Return all that learns."""
        return [*self.parameters.values(), *self.beside]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that `restore` needs to go on."""
        out = {"counts": np.array([self.updates, self.scale])}
        for i, p in enumerate(self.tensors()):
            out[f"value {i}"] = p.detach().numpy().copy()
            for name in _ADAM:
                out[f"adam {i} {name}"] = self.optimiser.state[p][name].detach().numpy().copy()
        return out

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from where `state` was taken."""
        self.updates, self.scale = int(state["counts"][0]), float(state["counts"][1])
        with torch.no_grad():
            for i, p in enumerate(self.tensors()):
                p.copy_(torch.from_numpy(state[f"value {i}"]))
        for i, p in enumerate(self.tensors()):
            self.optimiser.state[p] = {n: torch.tensor(state[f"adam {i} {n}"]) for n in _ADAM}

    def arrays(self) -> Arrays:
        """Return the weights as one set for inference."""
        return {n: p.detach().numpy()[None].copy() for n, p in self.parameters.items()}

    def say(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return what robots say, (N, T, READOUT), and the memory they say it from."""
        h = self.unroll(self.parameters, x, memory)
        read = self.parameters["readout"]
        return h @ read[:-1] + read[-1], h

    def step(self, loss: Tensor) -> None:
        """Go down the gradient of a loss, which is clipped."""
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.tensors(), 0.5)
        self.optimiser.step()

    def minibatches(self, lives: int, epochs: int, parts: int) -> list[NDArray[np.int64]]:
        """Return which lives to learn from, minibatch after minibatch, in ever new orders."""
        self.updates += 1
        rng = np.random.default_rng([self.seed, self.updates])
        return [
            some
            for _ in range(epochs)
            for some in np.array_split(rng.permutation(lives), min(parts, lives))
        ]
