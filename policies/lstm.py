"""LSTM: a memory cell behind three gates (Hochreiter and Schmidhuber 1997, with forget gates).

    i, f, o = sigmoid(W_i [x; h]), sigmoid(W_f [x; h]), sigmoid(W_o [x; h])
    g = tanh(W_g [x; h]);  c = f c + i g;  h = o tanh(c)

doi:10.1162/neco.1997.9.8.1735; forget gates: Gers, Schmidhuber, Cummins 2000,
doi:10.1162/089976600300015015. Gates lie in torch's order i, f, g, o; memory is [h, c].
"""

import numpy as np

from auxon.sim.jit import jit

from .cells import Cell, Packed, Shapes, Weights, orthogonal, tile
from .lane_maths import sigmoid_parts, tanh_parts
from .lanes import Lanes, Operations
from .layer import Layer


def _gates(o: Operations, z: list[Lanes], s: list[Lanes]) -> tuple[list[Lanes], list[Lanes]]:
    (i, i_q), (f, f_q), (out, out_q) = (sigmoid_parts(o, z[k]) for k in (0, 1, 3))
    g, g_q = tanh_parts(o, z[2])
    # over one divisor: dividing takes longer than all the rest; every q lies in 1..270
    below = o.mul(i_q, g_q)
    kept = o.mul(o.mul(f, s[0]), below)
    c = o.fma(o.mul(i, g), f_q, kept)
    c = o.div(o.mul(c, o.const(0.5)), o.mul(below, f_q))
    p, q = tanh_parts(o, c)
    return [c], [o.div(o.mul(o.mul(out, p), o.const(0.5)), o.mul(out_q, q))]


_layer = Layer(_gates, gates=4, states=1)
_apply = _layer.apply


@jit
def _kernel(
    tiles: np.ndarray, before: np.ndarray, first: np.ndarray, w: np.ndarray, x: np.ndarray,
    memory: np.ndarray, h: np.ndarray,
) -> None:  # fmt: skip
    H = h.shape[1]
    for t in tiles:
        genome, a, b = tile(t, before, first)
        _apply(w[genome], x[a:b], memory[a:b, :H], memory[a:b, H:], h[a:b])
        # only now: every block of units reads the whole old h
        for r in range(a, b):
            for j in range(H):
                memory[r, j] = h[r, j]


class LSTM(Cell):
    """The LSTM."""

    name = "lstm"
    kernel = staticmethod(_kernel)

    def memory_width(self, hidden: int) -> int:
        """Return 2 hidden: [h, c]."""
        return 2 * hidden

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
        return Packed(inputs, hidden, (_layer.pack(both, weights["bias"]),))
