"""What a policy is worth: how large colonies become under it."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.observation import Policy
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.outcome import doublings, masses_g
from auxon.sim.scenario import Scenario
from auxon.sim.world import World


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
    return doublings(masses_g(world), founders_g)
