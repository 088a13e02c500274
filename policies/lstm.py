"""LSTM: a memory cell behind three gates (Hochreiter and Schmidhuber 1997, with forget gates).

    i, f, o = sigmoid(W_i [x; h]), sigmoid(W_f [x; h]), sigmoid(W_o [x; h])
    g = tanh(W_g [x; h]);  c = f c + i g;  h = o tanh(c)

doi:10.1162/neco.1997.9.8.1735; forget gates: Gers, Schmidhuber, Cummins 2000,
doi:10.1162/089976600300015015. Gates lie in torch's order i, f, g, o; memory is [h, c].
"""

import numpy as np

from auxon.sim.jit import jit

from .cells import tile
from .gated import Gated
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


class LSTM(Gated):
    """The LSTM."""

    name = "lstm"
    kernel = staticmethod(_kernel)
    layer = _layer

    def memory_width(self, hidden: int) -> int:
        """Return 2 hidden: [h, c]."""
        return 2 * hidden
