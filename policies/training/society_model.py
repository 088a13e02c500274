"""Learning a foresight: an ensemble of networks fitted to windows of diaries.

A member is unrolled as it will be used, turn by turn from the first, with the acts that were drawn,
and answers for the house and the site after every turn: what an expedition costs and brings comes
turns after the act, and small errors of single turns would add up to more than that. Every member
learns from societies drawn anew (a bootstrap over diaries, since sites of one society are alike)
and starts from other weights. The house counts as much as all features together.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auxon.policies.foresight import Foresight, shapes

from .config import ExpeditionsEntry
from .diary import Windows

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
_STILL = 1e-3
"""Deviation under which a feature is taken not to vary."""
_DECAY = 1e-2
"""Of weights: there are some thousand windows, and few of them tell something new."""


def fit(entry: ExpeditionsEntry, diaries: list[Windows]) -> Foresight:
    """Return what an ensemble learned.

    Parameters
    ----------
    entry : ExpeditionsEntry
    diaries : list of Windows
        One a society; some may be empty.
    """
    every = Windows(*(np.concatenate(column) for column in zip(*diaries, strict=True)))
    society = np.repeat(np.arange(len(diaries)), [len(w.act) for w in diaries])
    there = every.act >= 0
    x, then = every.x[:, :-1][there], every.x[:, 1:][there]
    said = np.concatenate([every.gain[there][:, None], then - x], 1)
    known = {
        "centre": x.mean(0),
        "spread": _deviation(x),
        "scale": _deviation(said),
        "low": np.minimum(x, then).min(0),
        "high": np.maximum(x, then).max(0),
    }
    shared = {n: torch.from_numpy(a.astype(np.float32)) for n, a in known.items()}
    members = [_member(entry, n, every, society, shared) for n in range(entry.members)]
    arrays = {n: np.stack([m[n] for m in members]) for n in members[0]}
    arrays |= {n: a.numpy() for n, a in shared.items()}
    scenarios = " ".join(dict.fromkeys(g.scenario for g in entry.ground))
    return Foresight(
        arrays, entry.hidden, entry.turns, entry.turn_days, entry.base, scenarios, entry.seed
    )


def unroll(weights: dict[str, Tensor], x: Tensor, act: Tensor) -> tuple[Tensor, Tensor]:
    """Return what a member imagines of plans, as `Foresight.imagine` does.

    Parameters
    ----------
    weights : dict of Tensor
        Its matrices, and what members share.
    x : (N, F) float32
        Features at the first decision.
    act : (N, T) float32

    Returns
    -------
    (N, T) float32
        Doublings of the house after each turn, since the first.
    (N, T, F) float32
        Features then.
    """
    total, totals, seen = torch.zeros(len(x)), [], []
    for k in range(act.shape[1]):
        h = torch.cat([(x - weights["centre"]) / weights["spread"], act[:, k : k + 1]], 1)
        for name in ("enter", "middle"):
            h = torch.nn.functional.softsign(h @ weights[name][:-1] + weights[name][-1])
        said = (h @ weights["leave"][:-1] + weights["leave"][-1]) * weights["scale"]
        total = total + said[:, 0]
        x = (x + said[:, 1:]).clamp(weights["low"], weights["high"])
        totals.append(total)
        seen.append(x)
    return torch.stack(totals, 1), torch.stack(seen, 1)


def _deviation(x: F64) -> F64:
    """Return the standard deviation of each column; 1 where nothing varies."""
    found = x.std(0)
    return np.where(found > _STILL, found, 1.0)


def _member(
    entry: ExpeditionsEntry, number: int, every: Windows, society: Any, shared: dict[str, Tensor]
) -> dict[str, F32]:
    rng = np.random.default_rng([entry.seed, 3, number])
    own = _initial(entry.hidden, rng)
    societies = int(society[-1]) + 1
    times = np.bincount(rng.integers(0, societies, societies), minlength=societies)
    rows = np.repeat(np.arange(len(society)), times[society])
    x, act = (torch.from_numpy(a.astype(np.float32)) for a in (every.x, every.act))
    house = torch.from_numpy(every.gain.cumsum(1).astype(np.float32))
    there = (act >= 0).float()
    optimiser = torch.optim.AdamW(own.values(), entry.learning_rate, weight_decay=_DECAY)
    steps = entry.epochs * -(-len(rows) // entry.batch)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(entry.epochs):
        order = rng.permutation(rows)
        for some in np.split(order, range(entry.batch, len(order), entry.batch)):
            total, seen = unroll(own | shared, x[some, 0], act[some])
            miss = ((total - house[some]) / shared["scale"][0]).square()
            miss = miss + ((seen - x[some, 1:]) / shared["spread"]).square().mean(2)
            loss: Any = (miss * there[some]).sum() / there[some].sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cooling.step()
    return {n: w.detach().numpy() for n, w in own.items()}


def _initial(hidden: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return weights of one member that say nothing yet."""
    out = {}
    for name in ("enter", "middle", "leave"):
        _, rows, columns = shapes(hidden, 1)[name]
        w = rng.standard_normal((rows, columns)) / np.sqrt(rows) * (name != "leave")
        out[name] = torch.tensor(w.astype(np.float32), requires_grad=True)
    return out
