"""The cells once more, in torch, for gradients: the arrays and sums of `auxon.policies.cells`.

Sequences are padded: (robots, decisions, inputs). Every robot's sequence lies within one life, so
that no reset happens inside it; what it remembered at the start comes with it.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

Parameters = dict[str, Tensor]
Unroll = Callable[[Parameters, Tensor, Tensor], Tensor]
"""From weights, inputs (N, T, I) and memory (N, M) at the start to (N, T, H)."""


def mlp(w: Parameters, x: Tensor, memory: Tensor) -> Tensor:
    """Two layers of tanh; memory is empty."""
    middle = torch.tanh(x @ w["weight_1"].T + w["bias_1"])
    return torch.tanh(middle @ w["weight_2"].T + w["bias_2"])


def lstm(w: Parameters, x: Tensor, memory: Tensor) -> Tensor:
    """Gates i, f, g, o; memory [h, c]."""
    hidden = w["weight_hh"].shape[1]
    state = memory[:, :hidden][None].contiguous(), memory[:, hidden:][None].contiguous()
    none = torch.zeros_like(w["bias"])
    out: Tensor = torch.lstm(
        x, state, [w["weight_ih"], w["weight_hh"], w["bias"], none],
        has_biases=True, num_layers=1, dropout=0.0, train=False, bidirectional=False,
        batch_first=True,
    )[0]  # fmt: skip
    return out


def slstm(w: Parameters, x: Tensor, memory: Tensor) -> Tensor:
    """Gates i, f, g, o; memory [c, n, m, h]; where n = 0 nothing is remembered yet."""
    c, n, m, h = memory.chunk(4, 1)
    ahead = x @ w["weight_ih"].T + w["bias"]
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = (ahead[:, t] + h @ w["weight_hh"].T).chunk(4, 1)
        kept = torch.where(n > 0.0, logsigmoid(f) + m, i - 1e4)
        m = torch.maximum(kept, i)
        new, old = torch.exp(i - m), torch.exp(kept - m)
        c = old * c + new * torch.tanh(g)
        n = old * n + new
        h = torch.sigmoid(o) * c / n
        out.append(h)
    return torch.stack(out, 1)


def fwp(w: Parameters, x: Tensor, memory: Tensor) -> Tensor:
    """Fast weights; memory is F, the column of each key in turn."""
    d = w["weight_qkv"].shape[0] // 3
    fast = memory.reshape(-1, d, d)  # key, value
    said = x @ w["weight_qkv"].T + w["bias_qkv"]
    q, k = (torch.softmax(said[..., j * d : j * d + d].clamp(-40.0, 40.0), -1) for j in (0, 1))
    v, beta = said[..., 2 * d : 3 * d], torch.sigmoid(said[..., 3 * d :])
    read = []
    for t in range(x.shape[1]):
        known = (fast * k[:, t, :, None]).sum(1)
        change = beta[:, t] * (v[:, t] - known)
        fast = fast + k[:, t, :, None] * change[:, None]
        read.append((fast * q[:, t, :, None]).sum(1))
    both = torch.cat([torch.stack(read, 1), x], -1)
    return torch.tanh(both @ w["weight_h"].T + w["bias_h"])


UNROLL: dict[str, Unroll] = {"mlp": mlp, "lstm": lstm, "fwp": fwp, "slstm": slstm}
