"""The cells once more, in torch, for gradients: the arrays and sums of `auxon.policies.cells`.

Sequences are padded: (robots, decisions, inputs). Every robot's sequence lies within one life, so
that no reset happens inside it; what it remembered at the start comes with it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Parameters = dict[str, Tensor]
Unroll = Callable[[Parameters, Tensor, Tensor], Tensor]
"""From weights, inputs (N, T, I) and memory (N, M) at the start to (N, T, H)."""


def lstm(w: Parameters, x: Tensor, memory: Tensor) -> Tensor:
    """Unroll an LSTM: gates i, f, g, o; memory [h, c]."""
    hidden = w["weight_hh"].shape[1]
    state = memory[:, :hidden][None].contiguous(), memory[:, hidden:][None].contiguous()
    none = torch.zeros_like(w["bias"])
    out: Tensor = torch.lstm(
        x, state, [w["weight_ih"], w["weight_hh"], w["bias"], none],
        has_biases=True, num_layers=1, dropout=0.0, train=False, bidirectional=False,
        batch_first=True,
    )[0]  # fmt: skip
    return out


UNROLL: dict[str, Unroll] = {"lstm": lstm}
