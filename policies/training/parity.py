"""The parity task: what a cell must have to keep track of a state, and a transformer has not.

Shown bits one by one, say at each place whether an odd number has been seen. A network with a state
needs one bit of it and then works at any length; one that attends to all places at once must add
them up, and what it learned on short strings fails on longer ones (Hahn 2020,
doi:10.1162/tacl_a_00306; for linear recurrences Merrill, Petty, Sabharwal 2024, arXiv:2404.08819).
The fast weights here forget by a rate between 0 and 1, which cannot flip a sign (Grazzi et al.
2024, arXiv:2411.12537), so they are expected to fail, too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from auxon.policies import cells
from auxon.sim.files import whole

from .config import ParityEntry
from .torch_cells import UNROLL

Say = Callable[[str], None]
TESTS = 512
"""Strings of each length tested: the share right at the last bit has a standard error of 2 %."""


class _Recurrent(nn.Module):
    def __init__(self, name: str, hidden: int, seed: int) -> None:
        super().__init__()
        cell = cells.make(name)
        self.name, self.width = name, cell.memory_width(hidden)
        arrays = cell.initial(2, hidden, np.random.default_rng(seed))
        self.weights = nn.ParameterDict(
            {n: nn.Parameter(torch.from_numpy(a)) for n, a in arrays.items()}
        )
        self.out = nn.Linear(hidden, 1)

    def forward(self, bits: Tensor) -> Tensor:
        x = torch.nn.functional.one_hot(bits, 2).float()
        h = UNROLL[self.name](dict(self.weights), x, torch.zeros(len(x), self.width))
        said: Tensor = self.out(h)[..., 0]
        return said


class _Transformer(nn.Module):
    """Two causal layers of four heads, sinusoidal places."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            hidden, 4, 4 * hidden, 0.0, batch_first=True, norm_first=True
        )
        self.hidden = hidden
        self.enter = nn.Embedding(2, hidden)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(hidden, 1)

    def forward(self, bits: Tensor) -> Tensor:
        length = bits.shape[1]
        place = torch.arange(length)[:, None]
        rate = torch.exp(-np.log(1e4) * torch.arange(0, self.hidden, 2) / self.hidden)
        where = torch.cat([torch.sin(place * rate), torch.cos(place * rate)], 1)
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        h = self.layers(self.enter(bits) + where, mask=mask, is_causal=True)
        said: Tensor = self.out(h)[..., 0]
        return said


def run(entry: ParityEntry, out: Path, say: Say = lambda _: None) -> pd.DataFrame:
    """Train each network on short strings, test it on long ones; write a table and a picture.

    Returns
    -------
    DataFrame
        ``cell``, ``length``, ``right``: share of strings whose last bit it gets right; 0.5 is
        chance.
    """
    torch.set_num_threads(1)
    rows = []
    for name in entry.cells:
        torch.manual_seed(entry.seed)
        network: Any = (
            _Transformer(entry.hidden)
            if name == "transformer"
            else _Recurrent(name, entry.hidden, entry.seed)
        )
        _learn(network, entry)
        rng = np.random.default_rng([entry.seed, 9])
        for length in entry.tested:
            bits = torch.from_numpy(rng.integers(0, 2, (TESTS, length)))
            with torch.no_grad():
                said = network(bits)[:, -1] > 0
            right = float((said == (bits.sum(1) % 2 > 0)).float().mean())
            rows.append((name, length, right))
        say(f"parity, {name}: " + ", ".join(f"{n}: {r:.2f}" for c, n, r in rows if c == name))
    table = pd.DataFrame(rows, columns=["cell", "length", "right"])
    with whole(out / "parity.parquet") as draft:
        table.to_parquet(draft, index=False)
    _draw(table, entry, out / "parity.png")
    return table


def _learn(network: Any, entry: ParityEntry) -> None:
    rng = np.random.default_rng([entry.seed, 8])
    optimiser = torch.optim.Adam(network.parameters(), entry.learning_rate)
    for update in range(entry.updates):
        # short strings first: a state is found where it matters at once
        most = max(2, round(entry.longest * min(1.0, (update + 1) / (0.5 * entry.updates))))
        bits = torch.from_numpy(rng.integers(0, 2, (entry.batch, int(rng.integers(2, most + 1)))))
        odd = (bits.cumsum(1) % 2).float()
        loss: Any = nn.functional.binary_cross_entropy_with_logits(network(bits), odd)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()


def _draw(table: pd.DataFrame, entry: ParityEntry, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure((6.4, 3.8), layout="constrained")
    axes = figure.add_subplot()
    colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]
    for (name, own), colour, mark, width in zip(
        table.groupby("cell", sort=False), colours, "osD^v", (5, 2, 2, 2, 2), strict=False
    ):  # the first is wide: another may lie on it
        axes.plot(own.length, own.right, marker=mark, color=colour, label=name, lw=width, ms=6)
    axes.axvspan(axes.get_xlim()[0], entry.longest, color="0.93", zorder=0)
    axes.axhline(0.5, color="0.6", lw=0.8, ls=":")
    axes.set_xscale("log", base=2)
    axes.set_xticks(entry.tested, [str(n) for n in entry.tested])
    axes.set(
        xlabel=f"bits (grey: up to {entry.longest}, as in training)", ylabel="last bit right",
        ylim=(0.4, 1.03), title="Parity: who keeps a state generalises in length",
    )  # fmt: skip
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with whole(path) as draft:
        figure.savefig(draft, dpi=130, format="png")
