"""What a robot senses of itself and where it works: readings with errors, in one pass.

Errors are nearly normal: the sum of four uniform draws (Irwin and Hall) has the kurtosis 2.7 of a
normal's 3, no logarithm, and so the same bits everywhere.
"""

import numpy as np

from .faces import face_yield
from .jit import inner, jit
from .partial import MOST_FACES, USUAL, Partial
from .rng import SENSE_FLARE, SENSE_WEAR, SENSE_YIELD, philox
from .state import Robots, Sites
from .tables import Tables
from .weather import flares_soon

ROBOT_FEATURES = (
    "wear",  # use since birth or repair over the Weibull scale of use between failures, as read
    "age",  # age over life
    "idle",  # 1 without a task
    "sheltered",  # 1 in shelter
    "precursor",  # 1 if a flare strikes within days, else 0, as read
    "yield",  # what the face yields over the usual, as read by those who dig; 0 for others
    "on_face",  # 1 on a task that digs
)
_UNIT = float(np.sqrt(3.0))
"""Four uniform draws have the variance 4 / 12."""


@inner
def error(seed: int, sense: int, step: int, robot: int) -> float:
    """Return a draw of mean 0 and variance 1 between -2 sqrt(3) and 2 sqrt(3)."""
    a, b, c, d = philox(seed, sense, step, robot)
    total = int(a) + int(b) + int(c) + int(d)
    return (float(total) / 4294967296.0 - 2.0) * _UNIT


@jit
def look_around(
    sites: np.ndarray, o: Partial, seed: int, step: int, precursor: np.ndarray, yields: np.ndarray
) -> None:
    """Note what is there to be sensed at these sites.

    Parameters
    ----------
    sites : (n,) int64
    precursor : (S,) float64
        Set to 1 where a flare is near.
    yields : (S, 16) float64
        Set to what each face yields over the usual.
    """
    for s in sites:
        if o.flare > 0:
            precursor[s] = 1.0 if flares_soon(o, s, seed, step) else 0.0
        for face in range(o.faces):
            yields[s, face] = face_yield(o, s, face, seed, step) / float(USUAL)


@jit
def sense(
    chosen: np.ndarray, o: Partial, t: Tables, w: Sites, r: Robots, rows: np.ndarray,
    site: np.ndarray, seed: int, step: int, dt_s: int, precursor: np.ndarray, yields: np.ndarray,
    out: np.ndarray,
) -> None:  # fmt: skip
    """Fill rows of ``out`` (n, R) with what the robots in question sense; `ROBOT_FEATURES`.

    Parameters
    ----------
    chosen : (m,) int64
        Which of the n deciding robots.
    """
    for n in chosen:
        i, s = rows[n], site[n]
        k, p, robot = r.species[i], r.task[i], r.id[i]
        out[n, 0] = (w.clock_s[s, k] - r.since_s[i]) / float(t.scale_s[k])
        if o.wear_noise > 0.0:
            read = out[n, 0] + o.wear_noise * error(seed, SENSE_WEAR, step, robot)
            out[n, 0] = max(-1.0, read)
        out[n, 1] = (step - r.born[i]) * float(dt_s) / t.life_s[k]
        out[n, 2] = 1.0 if p < 0 else 0.0
        out[n, 3] = 1.0 if r.shelter[i] else 0.0
        out[n, 4] = precursor[s]
        if o.flare_noise > 0.0:
            out[n, 4] += o.flare_noise * error(seed, SENSE_FLARE, step, robot)
        digs = p >= 0 and t.graded[p]
        out[n, 5] = 0.0
        if digs:
            out[n, 5] = 1.0
            if o.faces > 0:
                out[n, 5] = yields[s, r.face[i]]
                if o.yield_noise > 0.0:
                    out[n, 5] += o.yield_noise * error(seed, SENSE_YIELD, step, robot)
        out[n, 6] = 1.0 if digs else 0.0


def outlook(sites: int) -> tuple[np.ndarray, np.ndarray]:
    """Return arrays for `look_around` of a world without flares and faces."""
    return np.zeros(sites), np.ones((sites, MOST_FACES))
