"""MLP: two layers of tanh and no memory, the control for cells that remember.

    h = tanh(W_2 tanh(W_1 x + b_1) + b_2)

The first layer is as wide as gives the parameters of an LSTM of the same inputs and hidden units.
"""

import numpy as np

from auxon.sim.jit import jit

from .cells import TILE, Cell, Packed, Shapes, Weights, orthogonal, tile
from .lane_maths import tanh
from .lanes import Lanes, Operations
from .layer import Layer


def width(inputs: int, hidden: int) -> int:
    """Return how wide the first layer is."""
    lstm = 4 * hidden * (inputs + hidden + 1)
    return max(1, round((lstm - hidden) / (inputs + 1 + hidden)))


def _unit(o: Operations, z: list[Lanes], _: list[Lanes]) -> tuple[list[Lanes], list[Lanes]]:
    return [], [tanh(o, z[0])]


_layer = Layer(_unit, wide=2)
_apply = _layer.apply


@jit
def _kernel(
    tiles: np.ndarray, before: np.ndarray, first: np.ndarray, w_1: np.ndarray, w_2: np.ndarray,
    x: np.ndarray, memory: np.ndarray, h: np.ndarray,
) -> None:  # fmt: skip
    middle = np.empty((TILE, w_2.shape[2] - 1), np.float32)
    none = middle[:, :0]
    for t in tiles:
        genome, a, b = tile(t, before, first)
        y = middle[: b - a]
        _apply(w_1[genome], x[a:b], none, none, y)
        _apply(w_2[genome], y, none, none, h[a:b])


class MLP(Cell):
    """The multilayer perceptron."""

    name = "mlp"
    kernel = staticmethod(_kernel)
    layer = _layer

    def memory_width(self, hidden: int) -> int:
        """Return 0."""
        return 0

    def shapes(self, inputs: int, hidden: int) -> Shapes:
        """Return ``weight_1``, ``bias_1`` of the first layer, ``weight_2``, ``bias_2``."""
        middle = width(inputs, hidden)
        return {
            "weight_1": (middle, inputs),
            "bias_1": (middle,),
            "weight_2": (hidden, middle),
            "bias_2": (hidden,),
        }

    def initial(self, inputs: int, hidden: int, rng: np.random.Generator) -> Weights:
        """Return orthogonal weights, no bias."""
        middle = width(inputs, hidden)
        return {
            "weight_1": orthogonal(middle, inputs, rng),
            "bias_1": np.zeros(middle, np.float32),
            "weight_2": orthogonal(hidden, middle, rng),
            "bias_2": np.zeros(hidden, np.float32),
        }

    def pack(self, weights: Weights) -> Packed:
        """Lay weights out for `step`."""
        layers = tuple(_layer.pack(weights[f"weight_{k}"], weights[f"bias_{k}"]) for k in (1, 2))
        return Packed(weights["weight_1"].shape[2], weights["weight_2"].shape[1], layers)
