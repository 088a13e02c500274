"""A world model: from what a robot has seen so far, what it will see at its next review.

It is used two ways. Pre-training: the cell of a policy first learns to predict what a scripted
society sees, and its memory then knows what matters before anything is rewarded. Curiosity: the
reward is how much the model improves on what a robot saw (Schmidhuber 1991, "Curious model-building
control systems", doi:10.1109/IJCNN.1991.170605; 2010, doi:10.1109/TAMD.2010.2056368), not how wrong
it was, so noise that nobody can learn is soon dull. Sites that plan use another, of sites:
`society_model`.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auxon.policies.inputs import INPUTS
from auxon.policies.weights import Arrays

from .lives import Lives
from .torch_cells import UNROLL, Parameters

F32 = NDArray[np.float32]


class WorldModel:
    """A cell and a linear read-out that says the next inputs.

    Parameters
    ----------
    cell : str
    arrays : dict of (1, ...) float32
        Weights of the cell to start from.
    hidden : int
    learning_rate : float
    """

    def __init__(self, cell: str, arrays: Arrays, hidden: int, learning_rate: float) -> None:
        self.unroll = UNROLL[cell]
        self.parameters: Parameters = {
            n: torch.tensor(a[0], requires_grad=True) for n, a in arrays.items() if n != "readout"
        }
        self.readout = torch.zeros(hidden + 1, len(INPUTS), requires_grad=True)
        self.optimiser = torch.optim.Adam([*self.parameters.values(), self.readout], learning_rate)
        self.scale: F32 = np.ones(len(INPUTS), np.float32)
        """Standard deviation of what is to be said: all senses count alike."""

    def fit_scale(self, lives: Lives) -> None:
        """Take the scale of each sense from a window; what never changes does not count."""
        seen = lives.x[np.arange(lives.x.shape[1])[None] < lives.length[:, None]]
        deviation = seen.std(0)
        self.scale = np.where(deviation > 1e-3, deviation, 1e6).astype(np.float32)

    def errors(self, lives: Lives) -> F32:
        """Return (N, T) mean squared error on what is seen after each decision; last 0."""
        with torch.no_grad():
            found: F32 = self._errors(lives, slice(None)).numpy()
        return found

    def learn(self, lives: Lives, rng: np.random.Generator, minibatches: int) -> float:
        """Go once over a window; return the mean error met."""
        met = []
        for some in np.array_split(rng.permutation(len(lives.length)), minibatches):
            there = followed(lives)[some]
            if not there.any():
                continue
            loss: Any = self._errors(lives, some)[torch.from_numpy(there)].mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            met.append(loss.item())
        return float(np.mean(met))

    def arrays(self) -> Arrays:
        """Return the cell's weights as one set."""
        return {n: p.detach().numpy()[None].copy() for n, p in self.parameters.items()}

    def _errors(self, lives: Lives, some: Any) -> Tensor:
        x = torch.from_numpy(lives.x[some])
        h = self.unroll(self.parameters, x, torch.from_numpy(lives.memory[some]))
        said = h[:, :-1] @ self.readout[:-1] + self.readout[-1] + x[:, :-1]  # what changes
        miss = ((said - x[:, 1:]) / torch.from_numpy(self.scale)).square().mean(-1)
        there = torch.from_numpy(followed(lives)[some][:, :-1].astype(np.float32))
        return torch.nn.functional.pad(miss * there, (0, 1))


def followed(lives: Lives) -> NDArray[np.bool_]:
    """Return (N, T) whether another decision of the same life follows in the window."""
    return np.asarray(np.arange(lives.x.shape[1])[None] < lives.length[:, None] - 1)


def as_before(lives: Lives, scale: F32) -> F32:
    """Return (N, T) the error of whoever says that nothing will change."""
    out = np.zeros(lives.x.shape[:2], np.float32)
    out[:, :-1] = np.square((lives.x[:, 1:] - lives.x[:, :-1]) / scale).mean(-1)
    return out
