"""How a seed grows by the rules of a step: whether it regrows its industry, and in what time.

`auxon.sim.seed_search` bounds the mass of a seed by necessity. Simulated colonies need more: robots
break, spare parts are kept back, machines and power take time. A run depends on nothing but the
scenario, the seed, the policy and the random seed, and ends with its horizon, never by the clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from auxon.policies import make
from auxon.sim.diagnosis import diagnose
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.scenario import Scenario
from auxon.sim.world import World

HORIZON_YEARS = 12.0
"""A seed that has not regrown its industry by then counts as not viable. Machines of the shipped
industries live as long: what is there later was made here."""
GROWN = 2
"""Doublings of the mass of the robots after which an industry that is whole counts as regrown.
After one, many a colony still died with its founders."""
CHANCES = 3
"""Colonies, with random numbers of their own, in each of which a viable seed must regrow."""


Progress = Callable[[str], None]
"""Called with what is being done."""


def silent(text: str) -> None:
    """Tell nobody."""


class Carries(Protocol):
    """Whatever says which robots and stock are carried: a `Seed`, a `Cargo`."""

    @property
    def robots(self) -> Mapping[str, int]:
        """Species -> how many."""

    @property
    def stock(self) -> Mapping[str, int]:
        """Material -> grams of whole lots, or pieces."""


class Cargo(NamedTuple):
    """Robots and stock."""

    robots: Mapping[str, int]
    stock: Mapping[str, int]


@dataclass(frozen=True)
class Regrowth:
    """What became of a seed.

    Attributes
    ----------
    years : float or None
        When the industry was whole and had grown; None if that did not happen.
    births : dict
        Species -> year of the first robot built here, in order of time.
    missing : tuple of str
        Working species of which no robot was there at the end.
    doublings : tuple of float
        Years at which the mass of the robots was 2, 4, 8 ... times that of the seed's.
    why : str
        What held the colonies of the run back at the end.
    """

    years: float | None
    births: dict[str, float]
    missing: tuple[str, ...]
    doublings: tuple[float, ...]
    why: str


def regrow(
    scenario: Scenario,
    seed: Carries,
    policy: str,
    years: float = HORIZON_YEARS,
    rng: int = 1,
    doublings: int = GROWN,
) -> Regrowth:
    """Run a seed until its industry stands; see `colonies`, of which this is one."""
    return colonies(scenario, seed, policy, years, rng, doublings, 1)[0]


def colonies(
    scenario: Scenario,
    seed: Carries,
    policy: str,
    years: float = HORIZON_YEARS,
    rng: int = 1,
    doublings: int = GROWN,
    number: int = CHANCES,
    all_must: bool = False,
) -> list[Regrowth]:
    """Run a seed at some sites, which differ by their random numbers, until its industry stands.

    The industry is whole when there is, at one time, a robot of every species that works or
    collects energy; those that do neither (carriers, in the shipped industries) are ordered by few
    policies. As a seed may carry one of each and die, the mass of the robots must also have doubled
    `GROWN` times.

    Parameters
    ----------
    scenario : Scenario
        All but its own seed.
    seed : Carries
    policy : str
    years : float
        Horizon.
    rng : int
        Random seed of the run.
    doublings : int
        A colony is followed until the mass of its robots has doubled so many times, or it has
        neither assembler nor repairer at work.
    number : int
        Sites.
    all_must : bool
        End when one of them is lost.

    Returns
    -------
    list of Regrowth
    """
    carried = {"seed.robots": dict(seed.robots), "seed.stock": dict(seed.stock)}
    world = World(scenario.replace(carried), make(policy), seed=rng, sites=number)
    industry, t, names = scenario.industry, world.tables, world.species_names
    works = t.option_start[:-1] < t.option_start[1:]
    collects = np.array([s.collector_m2 > 0 for s in industry.species.values()])
    needed = works | collects
    makers = [names.index(k) for k in (industry.assembler, industry.repairer) if k]
    there = np.array([[seed.robots.get(k, 0) for k in names]] * number)
    first_g = int(there[0] @ t.species_mass_g)
    births: list[dict[str, float]] = [{} for _ in range(number)]
    doubled: list[list[float]] = [[] for _ in range(number)]
    whole_years: list[float | None] = [None] * number
    for _ in range(round(years * YEAR_DAYS * 86_400 / world.dt_s)):
        world.step()
        f = world.flows
        for s, k in zip(*np.nonzero(f.births), strict=True):
            births[s].setdefault(names[k], world.years)
        there = f.healthy + f.broken
        mass_g = there @ t.species_mass_g
        complete = [all(n[needed] > 0) for n in there]
        at_work = f.healthy[:, makers].sum(1) + world.sites.building.sum(1)
        lost = [not n for n in at_work]
        settled = 0
        for s in range(number):
            while mass_g[s] >= first_g << len(doubled[s]) + 1:
                doubled[s].append(world.years)
            if whole_years[s] is None and complete[s] and len(doubled[s]) >= GROWN:
                whole_years[s] = world.years
            done = whole_years[s] is not None and len(doubled[s]) >= doublings
            settled += done or lost[s]
        if settled == number or (all_must and any(lost)):
            break
    why = diagnose(world)
    return [
        Regrowth(
            years=whole_years[s],
            births=births[s],
            missing=tuple(
                k for k, n, need in zip(names, there[s], needed, strict=True) if need > n
            ),
            doublings=tuple(doubled[s]),
            why=why,
        )
        for s in range(number)
    ]
