"""The four cells again, plainly: in NumPy, one robot at a time in float64, from their equations."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Weights = dict[str, Floats]
Reference = Callable[[Weights, Floats, Floats], tuple[Floats, Floats]]
"""``reference(weights, x, memory) -> (h, memory)`` for one robot."""


def sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def softmax(x: Floats) -> Floats:
    e = np.exp(np.clip(x, -40, 40))
    return np.asarray(e / e.sum())


def mlp(w: Weights, x: Floats, memory: Floats) -> tuple[Floats, Floats]:
    middle = np.tanh(w["weight_1"] @ x + w["bias_1"])
    return np.tanh(w["weight_2"] @ middle + w["bias_2"]), memory


def lstm(w: Weights, x: Floats, memory: Floats) -> tuple[Floats, Floats]:
    h, c = np.split(memory, 2)
    i, f, g, o = np.split(w["weight_ih"] @ x + w["weight_hh"] @ h + w["bias"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, np.concatenate([h, c])


def slstm(w: Weights, x: Floats, memory: Floats) -> tuple[Floats, Floats]:
    c, n, m, h = np.split(memory, 4)
    i, f, g, o = np.split(w["weight_ih"] @ x + w["weight_hh"] @ h + w["bias"], 4)
    before = np.where(n == 0, -np.inf, np.log(sigmoid(f)) + m)
    m = np.maximum(before, i)
    c = np.exp(before - m) * c + np.exp(i - m) * np.tanh(g)
    n = np.exp(before - m) * n + np.exp(i - m)
    h = sigmoid(o) * c / n
    return h, np.concatenate([c, n, m, h])


def fwp(w: Weights, x: Floats, memory: Floats) -> tuple[Floats, Floats]:
    D = round(len(memory) ** 0.5)
    z = w["weight_qkv"] @ x + w["bias_qkv"]
    q, k, v, beta = softmax(z[:D]), softmax(z[D : 2 * D]), z[2 * D : 3 * D], sigmoid(z[3 * D])
    F = memory.reshape(D, D).T
    F = F + beta * np.outer(v - F @ k, k)
    h = np.tanh(w["weight_h"] @ np.concatenate([F @ q, x]) + w["bias_h"])
    return h, F.T.ravel()


REFERENCES: dict[str, Reference] = {"fwp": fwp, "lstm": lstm, "mlp": mlp, "slstm": slstm}
