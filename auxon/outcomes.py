"""Colonies of one policy on one scenario, run to the horizon, and what became of each.

Colonies are sites of worlds: they do not see each other, and draws are keyed by site, so that a
site of a world with a given seed meets the same luck under every policy. `SITES` are stepped
together, which costs much less than as many worlds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auxon.policies import Policy, make
from auxon.sim import jit
from auxon.sim.errors import AuxonError
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.outcome import doublings, lost, masses_g
from auxon.sim.scenario import Scenario
from auxon.sim.share import Yardstick
from auxon.sim.world import World

SITES = 32
"""Colonies of one world at most. Another number would make other colonies of the same seeds."""
RECORD_DAYS = 10.0
"""Time between two looks at the colonies, as between two records of a run."""


class Job(NamedTuple):
    """Colonies to be run in one world.

    Attributes
    ----------
    label : str
        The policy's name in tables.
    policy : str or Policy
    scenario : Scenario
    years : float
        Horizon.
    world_seed, sites : int
    """

    label: str
    policy: str | Policy
    scenario: Scenario
    years: float
    world_seed: int
    sites: int


@dataclass(frozen=True)
class Failure:
    """What went wrong with a policy.

    Attributes
    ----------
    policy, scenario, why : str
        No scenario: it failed before there was one.
    """

    policy: str
    scenario: str
    why: str

    def __str__(self) -> str:
        """Say it in a sentence."""
        where = f" on {self.scenario}" if self.scenario else ""
        return f"policy '{self.policy}' failed{where}: {self.why}"


def jobs(
    label: str, policy: str | Policy, scenario: Scenario, years: float, seeds: int, first_seed: int
) -> Iterator[Job]:
    """Yield the worlds of so many colonies; those of fewer are the first of those of more."""
    for first in range(0, seeds, SITES):
        world_seed = first_seed + first // SITES
        yield Job(label, policy, scenario, years, world_seed, min(SITES, seeds - first))


def family(scenario: Scenario) -> str:
    """Return ``partial`` for a scenario with hidden state and hazards, else ``full``."""
    return "full" if getattr(scenario, "partial", None) is None else "partial"


def settle(job: Job) -> pd.DataFrame | Failure:
    """Run a job; a policy that fails is told of, not raised.

    Returns
    -------
    DataFrame or Failure
        A row for each colony: policy, scenario, family, years, world_seed, site, lost, lost_years
        (when it was; nan: it was not), doublings, robots, mass_kg, founders_kg, rate_per_year,
        bound_per_year and share_of_bound as in `auxon.sim.share.Share` (nan for None).
    """
    try:
        policy = make(job.policy) if isinstance(job.policy, str) else job.policy
        return _grow(job, policy)
    except Exception as error:  # a policy is anybody's code
        return Failure(job.label, job.scenario.name, reason(error))


def reason(error: Exception) -> str:
    """Return what an error says in one line; a defect with its kind."""
    text = str(error) if isinstance(error, AuxonError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def settle_alone(job: Job) -> pd.DataFrame | Failure:
    """As `settle`, in a process of its own beside others."""
    jit.threads(1)
    return settle(job)


def _grow(job: Job, policy: Policy) -> pd.DataFrame:
    world = World(job.scenario, policy, seed=job.world_seed, sites=job.sites)
    founders_g = masses_g(world)
    steps = round(job.years * YEAR_DAYS * 86_400 / world.dt_s)
    every = max(1, round(RECORD_DAYS * 86_400 / world.dt_s))
    mass_g, robots = [founders_g], [world.segments.count.copy()]
    since = np.where(lost(world), 0.0, np.nan)
    while world.step_count < steps:
        world.step()
        gone = lost(world)
        since = np.where(gone, np.fmin(since, world.years), np.nan)
        if world.step_count % every == 0 or world.step_count == steps:
            mass_g.append(masses_g(world))
            robots.append(world.segments.count.copy())
    at = np.append(np.arange(0, steps, every), steps)
    shares = [
        _yardstick(job.scenario, at).share(m / 1e3, n)
        for m, n in zip(np.array(mass_g).T, np.array(robots).T, strict=True)
    ]
    return pd.DataFrame(
        {
            "policy": job.label,
            "scenario": job.scenario.name,
            "family": family(job.scenario),
            "years": job.years,
            "world_seed": job.world_seed,
            "site": np.arange(job.sites),
            "lost": np.isfinite(since),
            "lost_years": since,
            "doublings": doublings(mass_g[-1], founders_g),
            "robots": robots[-1],
            "mass_kg": mass_g[-1] / 1e3,
            "founders_kg": founders_g / 1e3,
            "rate_per_year": np.array([s.rate_per_year for s in shares], float),
            "bound_per_year": np.array([s.bound_per_year for s in shares], float),
            "share_of_bound": np.array([s.of_bound for s in shares], float),
        }
    )


_yardsticks: dict[tuple[str, int], Yardstick] = {}


def _yardstick(scenario: Scenario, step: NDArray[np.int64]) -> Yardstick:
    """Return the bound of a scenario, solved once for all policies."""
    key = scenario.hash, int(step[-1])
    if key not in _yardsticks:
        _yardsticks[key] = Yardstick(scenario, step)
    return _yardsticks[key]
