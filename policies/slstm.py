"""sLSTM: an LSTM with an exponential input gate and a normaliser (Beck et al. 2024, xLSTM).

    log i = W_i [x; h];  f, o = sigmoid(W_f [x; h]), sigmoid(W_o [x; h]);  g = tanh(W_g [x; h])
    m' = max(log f + m, log i);  i' = exp(log i - m');  f' = exp(log f + m - m')
    c = f' c + i' g;  n = f' n + i';  h = o c / n

arXiv:2405.04517, equations 8 to 15, with the sigmoid forget gate of the authors' code. Gates lie in
the order i, f, g, o; memory is [c, n, m, h]. One of i' and f' is always 1, so one exponential gives
both. Where n = 0 nothing is remembered yet and m' = log i, as if m were minus infinity; from then
on n >= 1.
"""

import numpy as np

from auxon.sim.jit import jit

from .cells import tile
from .gated import Gated
from .lane_maths import exp, log_1_plus, sigmoid_parts, tanh_parts
from .lanes import Lanes, Operations
from .layer import Layer


def _gates(o: Operations, z: list[Lanes], s: list[Lanes]) -> tuple[list[Lanes], list[Lanes]]:
    c, n, m = s
    zero, one = o.const(0.0), o.const(1.0)
    # log sigmoid(x) = min(x, 0) - ln(1 + e^-|x|)
    low = o.where_less(z[1], zero, z[1], zero)
    size = o.sub(o.add(low, low), z[1])  # -|x|
    kept = o.add(o.sub(low, log_1_plus(o, exp(o, size))), m)
    ahead = o.sub(kept, z[0])
    e = exp(o, o.where_less(ahead, zero, ahead, o.sub(zero, ahead)))
    new = o.where_less(ahead, zero, one, e)
    old = o.where_less(ahead, zero, e, one)
    m = o.where_less(ahead, zero, z[0], kept)
    empty = o.where_less(zero, n, zero, one)
    new = o.where_less(zero, empty, one, new)
    m = o.where_less(zero, empty, z[0], m)
    g, g_q = tanh_parts(o, z[2])
    c = o.fma(old, c, o.div(o.mul(new, g), g_q))
    n = o.fma(old, n, new)
    out, out_q = sigmoid_parts(o, z[3])
    return [c, n, m], [o.div(o.mul(o.mul(out, c), o.const(0.5)), o.mul(out_q, n))]


_layer = Layer(_gates, gates=4, states=3)
_apply = _layer.apply


@jit
def _kernel(
    tiles: np.ndarray, before: np.ndarray, first: np.ndarray, w: np.ndarray, x: np.ndarray,
    memory: np.ndarray, h: np.ndarray,
) -> None:  # fmt: skip
    past = 3 * h.shape[1]
    for t in tiles:
        genome, a, b = tile(t, before, first)
        _apply(w[genome], x[a:b], memory[a:b, past:], memory[a:b, :past], h[a:b])
        # only now: every block of units reads the whole old h
        for r in range(a, b):
            for j in range(h.shape[1]):
                memory[r, past + j] = h[r, j]


class SLSTM(Gated):
    """The sLSTM, of one head."""

    name = "slstm"
    kernel = staticmethod(_kernel)
    layer = _layer

    def memory_width(self, hidden: int) -> int:
        """Return 4 hidden: [c, n, m, h]."""
        return 4 * hidden
