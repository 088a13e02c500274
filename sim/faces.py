"""Faces: places to dig at a site, each of its own richness until it is dug through."""

from typing import TYPE_CHECKING

import numpy as np

from .jit import jit
from .partial import MOST_FACES, USUAL, Partial
from .rng import ORE, philox
from .state import Flows, Robots, Segments
from .tables import Tables

if TYPE_CHECKING:
    from .scenario import Scenario


@jit
def face_yield(o: Partial, s: int, face: int, seed: int, step: int) -> int:
    """Return what digging at a face yields in a step, 256 being the usual."""
    key = s * MOST_FACES + face
    turn = (step + int(philox(seed, ORE, 0, key)[0]) % o.face_steps) // o.face_steps
    return USUAL - o.span + int(philox(seed, ORE, turn + 1, key)[1]) % (2 * o.span + 1)


@jit
def grade(
    sites: np.ndarray, o: Partial, t: Tables, f: Flows, r: Robots, segments: Segments, seed: int,
    step: int,
) -> None:  # fmt: skip
    """Set the richness of each of these sites: the mean yield of those who dig there."""
    yields = np.zeros(MOST_FACES, np.int64)
    for s in sites:
        for face in range(o.faces):
            yields[face] = face_yield(o, s, face, seed, step)
        total = 0
        diggers = 0
        for i in range(segments.first[s], segments.first[s] + segments.count[s]):
            if r.broken[i] == 0 and r.task[i] >= 0 and t.graded[r.task[i]]:
                total += yields[r.face[i]]
                diggers += 1
        f.richness[s] = total // diggers if diggers > 0 else USUAL


def richest(tables: Tables, scenario: "Scenario") -> Tables:
    """Return the tables of a site whose every face is as rich as one can be: for bounds.

    The time of a graded task is no whole number then.
    """
    ore = scenario.partial.ore if scenario.partial else None
    if ore is None:
        return tables
    best = 1.0 + int(ore.spread * USUAL) / USUAL
    faster: np.ndarray = np.where(tables.graded, tables.time_s / best, tables.time_s)
    return tables._replace(time_s=faster)
