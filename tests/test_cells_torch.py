"""Cells against torch, in which they are trained: the same h and memory over sequences with resets.

Without torch nothing here runs, and the summary of the run says so.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from auxon.policies import cells
from tests.test_cells import drawn, inputs_of

torch: Any = pytest.importorskip("torch", reason="NO TORCH: cells are not held to what trains them")
F: Any = torch.nn.functional

T, N, INPUTS, HIDDEN = 30, 17, 28, 32
TOLERANCE = 1e-5
"""Sums in float32 in another order, over steps that mostly forget."""

Tensors = dict[str, Any]


def lstm(w: Tensors, x: Any, memory: Any) -> tuple[Any, Any]:
    net = torch.nn.LSTM(INPUTS, HIDDEN)
    with torch.no_grad():
        net.weight_ih_l0.copy_(w["weight_ih"])
        net.weight_hh_l0.copy_(w["weight_hh"])
        net.bias_ih_l0.copy_(w["bias"])
        net.bias_hh_l0.zero_()
    h, c = memory.split(HIDDEN, 1)
    y, (h, c) = net(x[None], (h[None].contiguous(), c[None].contiguous()))
    return y[0], torch.cat([h[0], c[0]], 1)


def slstm(w: Tensors, x: Any, memory: Any) -> tuple[Any, Any]:
    c, n, m, h = memory.split(HIDDEN, 1)
    z = F.linear(x, w["weight_ih"], w["bias"]) + F.linear(h, w["weight_hh"])
    i, f, g, o = z.split(HIDDEN, 1)
    kept = F.logsigmoid(f) + m
    m = torch.where(n == 0, i, torch.maximum(kept, i))
    old, new = torch.exp(kept - m), torch.exp(i - m)
    c, n = old * c + new * torch.tanh(g), torch.where(n == 0, 0.0, old * n) + new
    h = torch.sigmoid(o) * c / n
    return h, torch.cat([c, n, m, h], 1)


def fwp(w: Tensors, x: Any, memory: Any) -> tuple[Any, Any]:
    D = HIDDEN // 2
    fast = memory.view(-1, D, D)  # keys, values
    q, k, v, beta = F.linear(x, w["weight_qkv"], w["bias_qkv"]).split([D, D, D, 1], 1)
    q, k = (torch.softmax(z.clamp(-40, 40), 1) for z in (q, k))
    wrong = v - torch.einsum("nkv,nk->nv", fast, k)
    fast = fast + torch.einsum("nk,nv->nkv", k, torch.sigmoid(beta) * wrong)
    read = torch.einsum("nkv,nk->nv", fast, q)
    h = torch.tanh(F.linear(torch.cat([read, x], 1), w["weight_h"], w["bias_h"]))
    return h, fast.flatten(1)


def mlp(w: Tensors, x: Any, memory: Any) -> tuple[Any, Any]:
    middle = torch.tanh(F.linear(x, w["weight_1"], w["bias_1"]))
    return torch.tanh(F.linear(middle, w["weight_2"], w["bias_2"])), memory


TWINS: dict[str, Callable[[Tensors, Any, Any], tuple[Any, Any]]] = {
    "fwp": fwp,
    "lstm": lstm,
    "mlp": mlp,
    "slstm": slstm,
}


@pytest.mark.parametrize("name", sorted(TWINS))
def test_same_as_torch_over_sequences_with_resets(name: str) -> None:
    cell = cells.make(name)
    weights = drawn(name, INPUTS, HIDDEN, 1)
    packed = cell.pack(weights)
    tensors = {k: torch.from_numpy(w[0]) for k, w in weights.items()}
    x = inputs_of(T, N, INPUTS)
    reset = np.random.default_rng(5).random((T, N)) < 0.1
    memory = np.zeros((N, cell.memory_width(HIDDEN)), np.float32)
    theirs = torch.zeros(N, memory.shape[1])
    h = np.empty((N, HIDDEN), np.float32)
    for t in range(T):
        memory[reset[t]] = 0.0
        theirs[torch.from_numpy(reset[t])] = 0.0
        cell.step(packed, [0, N], x[t], memory, h)
        with torch.no_grad():
            expected, theirs = TWINS[name](tensors, torch.from_numpy(x[t]), theirs)
        np.testing.assert_allclose(h, expected.numpy(), rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(memory, theirs.numpy(), rtol=TOLERANCE, atol=TOLERANCE)


def test_the_lstm_follows_one_call_over_a_whole_sequence() -> None:
    weights = drawn("lstm", INPUTS, HIDDEN, 1)
    cell = cells.make("lstm")
    packed = cell.pack(weights)
    net = torch.nn.LSTM(INPUTS, HIDDEN)
    with torch.no_grad():
        net.weight_ih_l0.copy_(torch.from_numpy(weights["weight_ih"][0]))
        net.weight_hh_l0.copy_(torch.from_numpy(weights["weight_hh"][0]))
        half = torch.from_numpy(weights["bias"][0]) / 2  # its two biases are added
        net.bias_ih_l0.copy_(half)
        net.bias_hh_l0.copy_(half)
        x = inputs_of(200, N, INPUTS)
        expected = net(torch.from_numpy(x))[0].numpy()
    memory = np.zeros((N, 2 * HIDDEN), np.float32)
    h = np.empty((N, HIDDEN), np.float32)
    for t in range(len(x)):
        cell.step(packed, [0, N], x[t], memory, h)
        np.testing.assert_allclose(h, expected[t], rtol=0, atol=TOLERANCE)
