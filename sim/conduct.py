"""Conduct: what robots do beside their tasks, as bits that a policy answers with.

A robot in shelter works nothing, gives no power, and no flare hits it. One that has itself serviced
stands broken until it is repaired, and comes back as new. One that moves digs at another face.
"""

import numpy as np
from numpy.typing import NDArray

from .jit import jit
from .partial import Partial
from .rng import FACE, philox
from .state import Flows, Robots

SHELTER, SERVICE, MOVE = 1, 2, 4
"""Bits of a conduct; 0 is to do nothing of it."""
ALL = SHELTER | SERVICE | MOVE

U8 = NDArray[np.uint8]


def open_conducts(partial: Partial) -> int:
    """Return the bits that mean something in a world; others are ignored there."""
    return SHELTER * partial.may_shelter + SERVICE * partial.may_service + MOVE * partial.may_move


def behave(
    partial: Partial, f: Flows, r: Robots, rows: NDArray[np.int64], site: NDArray[np.int64],
    conduct: U8 | None, seed: int, step: int,
) -> None:  # fmt: skip
    """Let deciding robots, whose tasks are known, do what they chose beside them.

    Parameters
    ----------
    rows, site : (n,) int64
    conduct : (n,) uint8 or None
        None: all come out of shelter and do nothing else.
    """
    known = open_conducts(partial)
    if known == 0:
        return
    if conduct is None:
        conduct = np.zeros(len(rows), np.uint8)
    _behave(f, r, rows, site, conduct & np.uint8(known), partial.faces, seed, step)


@jit
def _behave(
    f: Flows, r: Robots, rows: np.ndarray, site: np.ndarray, conduct: np.ndarray, faces: int,
    seed: int, step: int,
) -> None:  # fmt: skip
    for n in range(rows.shape[0]):
        i, s, bits = rows[n], site[n], conduct[n]
        k, p = r.species[i], r.task[i]
        hides = bits & SHELTER != 0
        if hides and p >= 0:
            f.crew[s, p] -= 1
            r.task[i] = -1
            p = -1
        if bits & SERVICE != 0:
            hides = False
            r.broken[i] = 1
            f.healthy[s, k] -= 1
            f.broken[s, k] += 1
            f.services[s, k] += 1
            if p >= 0:
                f.crew[s, p] -= 1
        if hides != r.shelter[i]:
            f.sheltered[s, k] += 1 if hides else -1
            r.shelter[i] = hides
        if bits & MOVE != 0:
            word = int(philox(seed, FACE, step, r.id[i])[1])
            r.face[i] = (int(r.face[i]) + 1 + word % (faces - 1)) % faces
