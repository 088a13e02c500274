"""Foresight: a learned model of what comes of a site that launches an expedition or holds it.

An ensemble of small networks. Each is shown a site (`site_features`) and what it may do in the
coming turn, and says two things: by how many doublings the robots of its *house* will have grown
when the turn is over, and what the site will look like then. The house is the site and all that
left it since the planning began. Chained, they imagine a plan; where they disagree, they have not
seen enough (Chua et al. 2018, "Deep reinforcement learning in a handful of trials using
probabilistic dynamics models", arXiv:1805.12114).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auxon.sim.errors import UsageError
from auxon.sim.files import whole
from auxon.sim.jit import jit

from .site_features import FEATURES
from .weights import Arrays, read

FORMAT = "auxon-foresight-1"
F64 = NDArray[np.float64]
_SHOWN = ",".join(FEATURES)


@dataclass(frozen=True)
class Foresight:
    """The networks, and what is known of them. F features, H hidden, E members.

    Attributes
    ----------
    arrays : dict of float32
        As in `shapes`. Of a member: two hidden layers with x / (1 + |x|), and a linear read-out,
        of features less `centre` over `spread` and of the act (0 hold, 1 launch); each matrix has
        its bias as the last row. What it says, times `scale`, is the gain in doublings, then the
        change of each feature. Features stay between `low` and `high`, as they were ever seen.
    hidden : int
    turns : int
        Decisions that are imagined.
    turn_days : float
        Time from one to the next.
    base : str
        The script that decides everything else.
    scenario : str
        What it was trained on.
    seed : int
        Of the training.
    """

    arrays: Arrays
    hidden: int
    turns: int
    turn_days: float
    base: str = "market"
    scenario: str = ""
    seed: int = 0

    def imagine(self, x: F64) -> F64:
        """Return what each member thinks comes of every plan.

        Parameters
        ----------
        x : (n, F) float64
            Features of sites.

        Returns
        -------
        (n, E, 2**turns) float64
            Doublings of the house at the end. Plan i launches in a turn where i has a 1, the
            first turn being the highest of its `turns` bits.
        """
        a = self.arrays
        out = np.zeros((len(x), len(a["enter"]), 2**self.turns))
        _imagine(
            x, a["enter"], a["middle"], a["leave"], a["centre"], a["spread"], a["scale"],
            a["low"], a["high"], self.turns, out,
        )  # fmt: skip
        return out

    def promises(self, x: F64) -> F64:
        """Return (n, 2) doublings under the best plan that holds first, and that launches first.

        Of a plan the mean over members counts, so that a plan is not taken because one of them
        thinks too well of it.
        """
        plans = self.imagine(x).mean(1)
        found: F64 = plans.reshape(len(x), 2, -1).max(2)
        return found


def shapes(hidden: int, members: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array."""
    f = len(FEATURES)
    return {
        "enter": (members, f + 2, hidden),
        "middle": (members, hidden + 1, hidden),
        "leave": (members, hidden + 1, f + 1),
        "centre": (f,),
        "spread": (f,),
        "scale": (f + 1,),
        "low": (f,),
        "high": (f,),
    }


def save(foresight: Foresight, path: Path) -> None:
    """Write it as safetensors, whole or not at all."""
    from safetensors.numpy import save as to_bytes

    known = {
        "hidden": foresight.hidden,
        "turns": foresight.turns,
        "turn_days": foresight.turn_days,
        "seed": foresight.seed,
    }
    metadata = {
        "format": FORMAT,
        "features": _SHOWN,
        "base": foresight.base,
        "scenario": foresight.scenario,
        **{k: json.dumps(v) for k, v in known.items()},
    }
    arrays = {n: np.ascontiguousarray(a) for n, a in foresight.arrays.items()}
    with whole(path) as unfinished:
        unfinished.write_bytes(to_bytes(arrays, metadata))


def load(path: Path) -> Foresight:
    """Read a foresight; what does not fit is refused.

    Raises
    ------
    UsageError
        No such file, none in it, or one of another format, other features or other shapes.
    """
    known, arrays = read(path)

    def refuse(found: str, expected: str) -> UsageError:
        return UsageError(f"{path}: {found}; expected {expected}; train it anew.")

    if known.get("format") != FORMAT:
        raise refuse(f"format is {known.get('format', 'not given')}", FORMAT)
    if known.get("features") != _SHOWN:
        raise refuse(f"made for features {known.get('features')}", _SHOWN)
    try:
        hidden, turns, seed = (int(known[k]) for k in ("hidden", "turns", "seed"))
        turn_days = float(known["turn_days"])
    except (KeyError, ValueError) as error:
        raise refuse(f"metadata: {error}", "hidden, turns, seed and turn_days as numbers") from None
    if not (0 < hidden <= 1024 and 0 < turns <= 10 and turn_days > 0):
        raise refuse(f"{hidden} hidden, {turns} turns of {turn_days} days", "1-1024, 1-10, above 0")
    members = len(arrays["enter"]) if arrays.get("enter", np.empty(0)).ndim == 3 else 1
    wanted, found = shapes(hidden, members), {n: a.shape for n, a in arrays.items()}
    if found != wanted or any(a.dtype != np.float32 for a in arrays.values()):
        raise refuse(f"arrays {found}", f"float32 of {wanted}")
    if not all(np.isfinite(a).all() for a in arrays.values()):
        raise refuse("a weight is not finite", "numbers")
    return Foresight(
        arrays, hidden, turns, turn_days, known.get("base", "market"), known.get("scenario", ""),
        seed,
    )  # fmt: skip


@jit
def _imagine(
    x: np.ndarray, enter: np.ndarray, middle: np.ndarray, leave: np.ndarray, centre: np.ndarray,
    spread: np.ndarray, scale: np.ndarray, low: np.ndarray, high: np.ndarray, turns: int,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Grow the tree of plans turn by turn; (n, E, 2**turns) doublings at its leaves."""
    f, leaves = x.shape[1], 1 << turns
    now, then = np.empty((leaves, f)), np.empty((leaves, f))
    shown, h, h2 = np.empty(f + 2), np.empty(middle.shape[2] + 1), np.empty(middle.shape[2] + 1)
    said, gain, total = np.empty(f + 1), np.empty(leaves), np.empty(leaves)
    for n in range(x.shape[0]):
        for e in range(enter.shape[0]):
            now[0] = x[n]
            total[0] = 0.0
            for d in range(turns):
                for i in range(1 << d):
                    for act in range(2):
                        for j in range(f):
                            shown[j] = (now[i, j] - centre[j]) / spread[j]
                        shown[f], shown[f + 1] = float(act), 1.0
                        _layer(shown, enter[e], h)
                        _layer(h, middle[e], h2)
                        _dense(h2, leave[e], said)
                        child = 2 * i + act
                        gain[child] = total[i] + said[0] * scale[0]
                        for j in range(f):
                            next_j = now[i, j] + said[1 + j] * scale[1 + j]
                            then[child, j] = min(max(next_j, float(low[j])), float(high[j]))
                now, then = then, now
                total, gain = gain, total
            out[n, e] = total


@jit
def _dense(x: np.ndarray, w: np.ndarray, out: np.ndarray) -> None:
    """Say x times w; the last of x is 1."""
    for i in range(w.shape[1]):
        out[i] = 0.0
    for j in range(w.shape[0]):
        for i in range(w.shape[1]):
            out[i] += x[j] * w[j, i]


@jit
def _layer(x: np.ndarray, w: np.ndarray, out: np.ndarray) -> None:
    """Say the same through x / (1 + |x|), which any machine computes alike; the last is 1."""
    _dense(x, w, out)
    for i in range(w.shape[1]):
        out[i] /= 1.0 + abs(out[i])
    out[w.shape[1]] = 1.0
