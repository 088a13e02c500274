"""What a policy is worth: how large colonies become under it."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.observation import Policy
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.scenario import Scenario
from auxon.sim.world import World

LOST = 0.05
"""Share of its first mass that a colony which is gone counts as: its logarithm must not be
infinite."""


def growth(world: World, founders_g: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (S,) log2 of each colony's mass of robots over what it started with."""
    return np.log2((masses_g(world) + LOST * founders_g) / founders_g)


def masses_g(world: World) -> NDArray[np.int64]:
    """Return (S,) the mass of each colony's robots."""
    f = world.flows
    found: NDArray[np.int64] = ((f.healthy + f.broken) * world.species_mass_g).sum(1)
    return found


def grow(
    scenario: Scenario, policy: Policy, seed: int, colonies: int, years: float
) -> NDArray[np.float64]:
    """Run colonies to the horizon; return (colonies,) how often each doubled.

    Colonies of one world do not see each other. Two policies in worlds of the same seed meet the
    same luck, colony by colony.
    """
    world = World(scenario, policy, seed, sites=colonies)
    founders_g = masses_g(world)
    for _ in range(round(years * YEAR_DAYS * 86_400 / world.dt_s)):
        world.step()
    return growth(world, founders_g)
