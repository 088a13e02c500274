"""Weather: flares of the Sun that break robots in the open, and seasons in shadow."""

import numpy as np

from .jit import inner, jit
from .partial import Partial
from .rng import FLARE, HIT, SHADOW, philox
from .state import Flows, Robots, Segments
from .wear import fail


@jit
def flares(o: Partial, s: int, seed: int, step: int) -> bool:
    """Return whether a flare strikes a site in a step."""
    return int(philox(seed, FLARE, step, s)[0]) < o.flare


@inner
def flares_soon(o: Partial, s: int, seed: int, step: int) -> bool:
    """Return whether one strikes it in this step or so soon after that there are precursors."""
    for later in range(o.warning_steps):
        if flares(o, s, seed, step + later):
            return True
    return False


@jit
def strike(
    sites: np.ndarray, o: Partial, f: Flows, r: Robots, segments: Segments, seed: int, step: int
) -> None:
    """Break healthy robots in the open at sites that a flare strikes, each by its own draw."""
    for s in sites:
        if not flares(o, s, seed, step):
            continue
        for i in range(segments.first[s], segments.first[s] + segments.count[s]):
            if r.broken[i] == 0 and not r.shelter[i]:
                if int(philox(seed, HIT, step, r.id[i])[0]) < o.hit:
                    fail(o, f, r, s, i, seed, step)


@jit
def shaded(o: Partial, s: int, seed: int, step: int) -> bool:
    """Return whether a site lies in shadow in a step."""
    if o.shadow_every == 0:
        return False
    shift = int(philox(seed, SHADOW, 0, s)[0]) % o.shadow_every
    return (step + shift) % o.shadow_every < o.shadow_steps
