"""What became of colonies: whether each can still build, and how often its robots doubled."""

import numpy as np
from numpy.typing import NDArray

from .tables import REPAIR
from .world import World

LEAST = 0.05
"""Share of its founders' mass that a colony counts as at least: the logarithm of nothing would make
a mean of nothing else."""


def masses_g(world: World) -> NDArray[np.int64]:
    """Return (S,) mass of the robots of each site, grams."""
    f = world.flows
    found: NDArray[np.int64] = ((f.healthy + f.broken) * world.species_mass_g).sum(1)
    return found


def doublings(mass_g: NDArray[np.int64], founders_g: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how often masses doubled: log2 of mass over founders' mass, from `LEAST` up."""
    found: NDArray[np.float64] = np.log2(np.maximum(mass_g / founders_g, LEAST))
    return found


def lost(world: World) -> NDArray[np.bool_]:
    """Return (S,) which sites have nobody left who could build a robot.

    A site can still build while an assembler is healthy, or while one is broken and a repairer is
    healthy: nobody repairs the last repairer. Without either what is left works on, wears out and
    dies. An industry without assembler is lost with its last robot.
    """
    f, t = world.flows, world.tables
    if t.assembler < 0:
        empty: NDArray[np.bool_] = world.segments.count == 0
        return empty
    builds = f.healthy[:, t.assembler] > 0
    repairers = np.unique(t.task_species[t.task_kind == REPAIR])
    mends = (f.broken[:, t.assembler] > 0) & (f.healthy[:, repairers].sum(1) > 0)
    found: NDArray[np.bool_] = ~(builds | mends)
    return found
