"""Weights as data: named arrays in a safetensors file, with what they are in its metadata."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auxon.sim.conduct import MOVE, SERVICE, SHELTER
from auxon.sim.errors import UsageError
from auxon.sim.files import whole

from .cells import CELLS, make
from .inputs import INPUTS, OBSERVATION
from .votes import BUILD_VOTE, TASK_VOTE

Arrays = dict[str, NDArray[np.float32]]

FORMAT = "auxon-policy-1"
CONDUCTS = (SHELTER, SERVICE, MOVE)
READOUT = len(TASK_VOTE) + len(BUILD_VOTE) + len(CONDUCTS)
"""Numbers that a robot's network says: votes on tasks, votes on builds, logits of conduct."""
SELDOM = -3.0
"""Logits of conduct before any training: once in twenty reviews; more is ruinous, with less nothing
would be tried."""


@dataclass(frozen=True)
class Weights:
    """A network's weights and what is known of them.

    Attributes
    ----------
    cell : str
        Name of its cell.
    hidden : int
    arrays : dict of float32
        Of the cell, and `readout`, (hidden + 1, READOUT); all with a leading axis, one entry a set.
    base : str
        The script whose wishes they sway.
    scenario : str
        What they were trained on.
    seed : int
        Of the training.
    score : float
        What the training measured last: mean of log of growth.
    """

    cell: str
    hidden: int
    arrays: Arrays
    base: str = "market"
    scenario: str = ""
    seed: int = 0
    score: float = float("nan")

    @property
    def sets(self) -> int:
        """How many sets of weights there are."""
        return len(self.arrays["readout"])

    @property
    def parameters(self) -> int:
        """Numbers in one set."""
        return sum(a[0].size for a in self.arrays.values())


def shapes(cell: str, hidden: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of one set."""
    return {**make(cell).shapes(len(INPUTS), hidden), "readout": (hidden + 1, READOUT)}


def initial(cell: str, hidden: int, seed: int, base: str = "market") -> Weights:
    """Return weights from which training starts: votes of zero, conduct seldom."""
    rng = np.random.default_rng(seed)
    arrays = dict(make(cell).initial(len(INPUTS), hidden, rng))
    readout = np.zeros((hidden + 1, READOUT), np.float32)
    readout[hidden, -len(CONDUCTS) :] = SELDOM
    arrays["readout"] = readout
    return Weights(cell, hidden, {n: a[None] for n, a in arrays.items()}, base, seed=seed)


def flat(weights: Weights) -> NDArray[np.float32]:
    """Return (sets, parameters): all arrays in the order of `shapes`, one row a set."""
    names = shapes(weights.cell, weights.hidden)
    return np.concatenate([weights.arrays[n].reshape(weights.sets, -1) for n in names], 1)


def unflat(weights: Weights, rows: NDArray[np.float32]) -> Weights:
    """Return weights like these with the numbers of `rows`, (sets, parameters)."""
    arrays, at = {}, 0
    for name, shape in shapes(weights.cell, weights.hidden).items():
        size = int(np.prod(shape))
        arrays[name] = np.ascontiguousarray(rows[:, at : at + size], np.float32).reshape(-1, *shape)
        at += size
    return replace(weights, arrays=arrays)


def save(weights: Weights, path: Path) -> None:
    """Write one set of weights as safetensors, whole or not at all."""
    from safetensors.numpy import save as to_bytes

    known = {
        "format": FORMAT,
        "cell": weights.cell,
        "hidden": weights.hidden,
        "observation": OBSERVATION,
        "base": weights.base,
        "scenario": weights.scenario,
        "seed": weights.seed,
        "score": weights.score,
    }
    metadata = {k: v if isinstance(v, str) else json.dumps(v) for k, v in known.items()}
    data = to_bytes({n: np.ascontiguousarray(a[0]) for n, a in weights.arrays.items()}, metadata)
    with whole(path) as unfinished:
        unfinished.write_bytes(data)


def load(path: Path) -> Weights:
    """Read weights; what does not fit is refused.

    Raises
    ------
    UsageError
        No such file, no weights in it, or of another format, cell, shape or observation.
    """
    known, arrays = read(path)

    def refuse(found: str, expected: str) -> UsageError:
        return UsageError(f"{path}: {found}; expected {expected}; train the policy anew.")

    if known.get("format") != FORMAT:
        raise refuse(f"format is {known.get('format', 'not given')}", FORMAT)
    if known.get("cell") not in CELLS:
        raise refuse(f"cell is {known.get('cell')}", f"one of {', '.join(CELLS)}")
    if known.get("observation") != OBSERVATION:
        raise refuse(f"made for observation {known.get('observation')}", OBSERVATION)
    cell = known["cell"]
    try:
        hidden, seed = int(known["hidden"]), int(known["seed"])
        score = float(known["score"])
    except (KeyError, ValueError) as error:
        raise refuse(f"metadata: {error}", "hidden, seed and score as numbers") from None
    wanted = shapes(cell, hidden) if 0 < hidden <= 4096 else {}
    found = {n: a.shape for n, a in arrays.items()}
    if found != wanted or any(a.dtype != np.float32 for a in arrays.values()):
        raise refuse(f"arrays {found}", f"float32 of {wanted}")
    if not all(np.isfinite(a).all() for a in arrays.values()):
        raise refuse("a weight is not finite", "numbers")
    return Weights(
        cell, hidden, {n: arrays[n][None] for n in wanted},
        known.get("base", "market"), known.get("scenario", ""), seed, score,
    )  # fmt: skip


def read(path: Path) -> tuple[dict[str, str], Arrays]:
    """Return the metadata and the arrays of a safetensors file, whatever they are.

    Raises
    ------
    UsageError
        There is no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError:
        raise UsageError(
            f"{path}: no such file; expected weights that `auxon train` wrote."
        ) from None
    except (SafetensorError, OSError) as error:
        raise UsageError(
            f"{path}: {error}; expected a safetensors file that `auxon train` wrote."
        ) from None


def stack(each: list[Weights]) -> Weights:
    """Return several sets as one."""
    arrays = {n: np.concatenate([w.arrays[n] for w in each]) for n in each[0].arrays}
    return replace(each[0], arrays=arrays)
