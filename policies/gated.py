"""What cells of four gates share: the names, the start and the layout of their weights."""

from typing import ClassVar

import numpy as np

from .cells import Cell, Packed, Shapes, Weights, orthogonal
from .layer import Layer


class Gated(Cell):
    """A cell whose gates i, f, g, o each see all inputs and the last h.

    Attributes
    ----------
    layer : Layer
        What its units do.
    """

    layer: ClassVar[Layer]

    def shapes(self, inputs: int, hidden: int) -> Shapes:
        """Return ``weight_ih``, ``weight_hh`` and one ``bias``; torch has two, which are added."""
        return {
            "weight_ih": (4 * hidden, inputs),
            "weight_hh": (4 * hidden, hidden),
            "bias": (4 * hidden,),
        }

    def initial(self, inputs: int, hidden: int, rng: np.random.Generator) -> Weights:
        """Return orthogonal weights gate by gate, no bias but 1 for the forget gate.

        Jozefowicz, Zaremba, Sutskever 2015: such a bias makes up most of what LSTMs lacked.
        """
        bias = np.zeros(4 * hidden, np.float32)
        bias[hidden : 2 * hidden] = 1.0
        return {
            "weight_ih": orthogonal(hidden, inputs, rng, 4),
            "weight_hh": orthogonal(hidden, hidden, rng, 4),
            "bias": bias,
        }

    def pack(self, weights: Weights) -> Packed:
        """Lay weights out for `step`."""
        inputs, hidden = weights["weight_ih"].shape[2], weights["weight_hh"].shape[2]
        both = np.concatenate([weights["weight_ih"], weights["weight_hh"]], 2)
        return Packed(inputs, hidden, (self.layer.pack(both, weights["bias"]),))
