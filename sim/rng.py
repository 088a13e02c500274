"""Random numbers without state: Philox4x32-10, keyed by (seed, stream, step, id).

Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", doi:10.1145/2063384.2063405. A
draw depends on nothing but its key, so one robot more changes nobody else's draws and any order of
drawing gives the same. Only 32 x 32 -> 64 bit products occur: plain Python, numba and CUDA give the
same words.
"""

import numpy as np

from .jit import jit

LIFE = 1
"""Stream: when a robot fails next, drawn at birth and after each repair."""
CHOICE = 2
"""Stream: which task a robot takes."""
ROTATION = 3
"""Stream: which task comes first when the last runs of a step are handed out."""
PARENT = 4
"""Stream: which assembler counts as the parent of a newborn."""
DESIRE = 5
"""Stream: what the random policy wants to build."""
VOYAGE = 6
"""Stream: whether a ship arrives."""
SURVEY = 7
"""Stream: what rock a body turns out to be, the same for whoever comes."""
FACE = 8
"""Stream: to which face a robot moves."""
ORE = 9
"""Stream: how rich a face is, and when it is dug through."""
FLARE = 10
"""Stream: whether a flare strikes a site."""
HIT = 11
"""Stream: whether a flare breaks a robot, and whether one that fails is a wreck."""
SHADOW = 12
"""Stream: when a site's season of shadow begins."""
SHIPMENT = 13
"""Stream: whether a shipment is sent, and how late it comes."""
SENSE_WEAR, SENSE_FLARE, SENSE_YIELD = 14, 15, 16
"""Streams: errors of what a robot reads of its wear, of precursors of a flare, of its yield."""
CONDUCT = 17
"""Stream: what a robot does beside its task, where a policy gives the odds."""
LAUNCH = 18
"""Stream: whether a site may lay down expeditions, where a policy gives the odds."""

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


@jit
def philox(seed: int, stream: int, step: int, robot: int) -> tuple[int, int, int, int]:
    """Return four independent 32-bit words.

    Parameters
    ----------
    seed : int
        64 bits, the two key words; a kernel that takes it as a signed number gives the same.
    stream : int
        Below 2**32; one per kind of decision.
    step : int
        Below 2**32.
    robot : int
        64-bit id of the robot, site or thing that draws.

    Returns
    -------
    tuple of four uint64
        Each below 2**32.
    """
    k0 = np.uint64(seed & 0xFFFFFFFF)
    k1 = np.uint64((seed >> 32) & 0xFFFFFFFF)
    c0 = np.uint64(robot) & _LOW
    c1 = np.uint64(robot) >> _32
    c2 = np.uint64(step) & _LOW
    c3 = np.uint64(stream)
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3  # type: ignore[return-value]  # numpy words in plain Python, too
