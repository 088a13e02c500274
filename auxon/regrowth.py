"""How a seed grows by the rules of a step: whether it regrows its industry, and in what time.

`auxon.sim.seed` bounds the mass of a seed by necessity. Simulated colonies need more: robots break,
spare parts are kept back, machines and power take time. `viable_seed` adds to the lightest seed
what it lacks, and `doubling_curve` tells how time falls as seeds get heavier.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from auxon.policies import make
from auxon.sim.diagnosis import diagnose
from auxon.sim.files import whole, write_json
from auxon.sim.orbit import YEAR_DAYS, mean_flux_w_m2
from auxon.sim.scenario import Scenario
from auxon.sim.seed import Seed, lightest_seed, seed_mass_kg
from auxon.sim.world import World

HORIZON_YEARS = 12.0
"""A seed that has not regrown its industry by then counts as not viable. Machines of the shipped
industries live as long: what is there later was made here."""
GROWN = 2
"""Doublings of the mass of the robots after which an industry that is whole counts as regrown.
After one, many a colony still died with its founders."""
CHANCES = 3
"""Colonies, with random numbers of their own, in each of which a viable seed must regrow."""
FACTORS = (1, 2, 4, 8)
DOUBLINGS = 5
CURVE_YEARS = 20.0
_KEEPERS = 2
"""Assemblers and repairers: nobody builds or repairs the last one."""
_SPARES = 2
"""Repairs for which the parts are carried, for every robot."""

_TRIALS = 16
"""So many of the heaviest things are left out on trial."""

Progress = Callable[[str], None]
"""Called with what is being done."""


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


@dataclass(frozen=True)
class Viable:
    """The lightest seed found that regrows its industry by the rules of a step.

    Attributes
    ----------
    robots, stock : dict
        As in `Seed`.
    mass_kg : (float, float)
        Of robots and stock.
    changes : tuple of str
        What the search added to the lightest seed, and took off again, in words.
    regrowth : Regrowth
        Of the first colony.
    years : tuple of float
        When the industry was whole and had grown, by colony.
    """

    robots: dict[str, int]
    stock: dict[str, int]
    mass_kg: tuple[float, float]
    changes: tuple[str, ...]
    regrowth: Regrowth
    years: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {
            "robots": self.robots,
            "stock": self.stock,
            "robots_kg": self.mass_kg[0],
            "stock_kg": self.mass_kg[1],
            "total_kg": sum(self.mass_kg),
            "changes": [*self.changes],
            "years": [*self.years],
            "births": self.regrowth.births,
        }


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


def _silent(text: str) -> None:
    pass


def viable_seed(
    scenario: Scenario,
    lightest: Seed,
    policy: str,
    years: float = HORIZON_YEARS,
    progress: Progress = _silent,
) -> Viable | None:
    """Find a light seed that regrows its industry in each of `CHANCES` colonies.

    First a ladder is climbed, each rung on top of those below, until a seed regrows: two assemblers
    and two repairers; parts for two repairs of each robot; one of every species that works, with
    such parts; collectors, half as many again each time, until they feed all machines at once; all
    of it twice. Then things are taken off again, the heaviest first, if the rest still regrows: one
    robot of a species with more than the lightest seed has, or all there is of a material. That
    nothing lighter was found does not mean there is nothing.

    Parameters
    ----------
    scenario : Scenario
    lightest : Seed
    policy : str
    years : float
        Horizon of each run.
    progress : callable
        Called with each trial.

    Returns
    -------
    Viable or None
        None when no rung regrows.
    """

    def grows(seed: Cargo) -> list[Regrowth]:
        found = colonies(scenario, seed, policy, years, all_must=True)
        return found if all(g.years is not None for g in found) else []

    changes: list[str] = []
    for text, seed in _ladder(scenario, lightest):
        changes += [text] if text else []
        progress(f"trying {sum(seed_mass_kg(scenario, *seed)) / 1000:.2f} t: {text or 'lightest'}")
        if grown := grows(seed):
            break
    else:
        return None
    robots, stock = Counter(seed.robots), Counter(seed.stock)
    for part, name in _by_mass(scenario, seed, lightest):
        lighter = Cargo(
            robots - Counter({name: 1} if part == "robots" else {}),
            stock - Counter({name: stock[name]} if part == "stock" else {}),
        )
        text = f"without {'one ' if part == 'robots' else ''}{name}"
        progress(f"trying {sum(seed_mass_kg(scenario, *lighter)) / 1000:.2f} t: {text}")
        if found := grows(lighter):
            robots, stock, grown = Counter(lighter.robots), Counter(lighter.stock), found
            changes.append(text)
    return Viable(
        robots=dict(robots),
        stock=dict(stock),
        mass_kg=seed_mass_kg(scenario, robots, stock),
        changes=tuple(changes),
        regrowth=grown[0],
        years=tuple(g.years for g in grown if g.years is not None),
    )


def _ladder(scenario: Scenario, lightest: Seed) -> Iterator[tuple[str, Cargo]]:
    """Yield heavier and heavier seeds, each with what was added."""
    industry = scenario.industry
    robots, stock = Counter(lightest.robots), Counter(lightest.stock)
    yield "", Cargo(robots, stock)

    for k in (industry.assembler, industry.repairer):
        if k:
            robots = robots | Counter({k: _KEEPERS})
    yield f"{_KEEPERS} assemblers and {_KEEPERS} repairers", Cargo(robots, stock)

    stock = stock + _spares(scenario, robots)
    yield f"parts for {_SPARES} repairs of each robot", Cargo(robots, stock)

    workers = {p.machine for p in industry.processes.values()}
    more = Counter({k: 1 for k in industry.species if k in workers and not robots[k]})
    robots, stock = robots + more, stock + _spares(scenario, more)
    yield "one of every species that works", Cargo(robots, stock)

    body = scenario.body
    flux = mean_flux_w_m2(body.a_au, body.e) * scenario.site.sun_fraction
    supply_W = {
        k: s.collector_m2 * s.efficiency * flux
        for k, s in industry.species.items()
        if s.collector_m2 * s.efficiency * flux > s.idle_W
    }
    if supply_W:
        best = max(supply_W, key=lambda k: supply_W[k] / industry.species[k].mass_g)
        asked_W = _busy_W(scenario, robots)
        while sum(supply_W.get(k, 0) * n for k, n in robots.items()) < asked_W:
            new = Counter({best: max(1, robots[best] // 2)})
            robots, stock = robots + new, stock + _spares(scenario, new)
            yield f"{robots[best]} of {best}", Cargo(robots, stock)

    yield "all of it twice", Cargo(robots + robots, stock + stock)


def _spares(scenario: Scenario, robots: Mapping[str, int]) -> "Counter[str]":
    """Return parts for the first repairs."""
    spares = Counter[str]()
    for k, n in robots.items():
        for m, amount in scenario.industry.species[k].repair_parts.items():
            spares[m] += _SPARES * n * amount
    return spares


def _busy_W(scenario: Scenario, robots: Mapping[str, int]) -> float:
    """Return what robots draw that are all at their hungriest process, in W."""
    hungriest = Counter[str]()
    for p in scenario.industry.processes.values():
        watts = -(-(p.energy_kJ - p.heat_kJ) * 1000 // p.machine_seconds)
        hungriest[p.machine] = max(hungriest[p.machine], watts)
    idle_W = {k: s.idle_W for k, s in scenario.industry.species.items()}
    return sum(n * (idle_W[k] + hungriest[k]) for k, n in robots.items())


def _by_mass(scenario: Scenario, seed: Cargo, lightest: Seed) -> list[tuple[str, str]]:
    """Return what can be taken off, the heaviest first: ("robots", species) or ("stock", name)."""
    industry = scenario.industry
    added = [k for k, n in seed.robots.items() if n > lightest.robots.get(k, 0)]
    grams = {("robots", k): industry.species[k].mass_g for k in added}
    grams |= {("stock", m): n * industry.materials[m].mass_g for m, n in seed.stock.items()}
    return sorted(grams, key=lambda thing: -grams[thing])[:_TRIALS]


def doubling_curve(
    scenario: Scenario,
    seed: Carries,
    policy: str,
    factors: Sequence[int] = FACTORS,
    doublings: int = DOUBLINGS,
    years: float = CURVE_YEARS,
    progress: Progress = _silent,
) -> pd.DataFrame:
    """Measure how time falls as a seed gets heavier: all it carries, times a factor.

    Heavier is not always better: what starts a loop may come to fill a batch of something else that
    uses it up, as the steel that mills grind with does when there is enough of it to be rolled.

    Parameters
    ----------
    scenario : Scenario
    seed : Carries
        A viable one.
    policy : str
    factors : sequence of int
    doublings : int
        Of the mass of the robots, measured from that of each seed.
    years : float
        Horizon of each run.
    progress : callable

    Returns
    -------
    DataFrame
        Columns seed_kg, factor, doubling (1 .. `doublings`) and years, the median of `CHANCES`
        colonies (NaN: not by the horizon).
    """
    rows = []
    for factor in factors:
        robots = {k: factor * n for k, n in seed.robots.items()}
        stock = {m: factor * n for m, n in seed.stock.items()}
        kg = sum(seed_mass_kg(scenario, robots, stock))
        progress(f"growing a seed of {kg / 1000:.1f} t")
        grown = colonies(scenario, Cargo(robots, stock), policy, years, doublings=doublings)
        for n in range(1, doublings + 1):
            reached = [g.doublings[n - 1] if n <= len(g.doublings) else math.inf for g in grown]
            median = sorted(reached)[len(reached) // 2]
            rows.append((kg, factor, n, median if median < math.inf else math.nan))
    return pd.DataFrame(rows, columns=["seed_kg", "factor", "doubling", "years"])


@dataclass(frozen=True)
class Analysis:
    """All about the seeds of a scenario.

    Attributes
    ----------
    lightest : Seed
        By necessity.
    viable : Viable or None
        Found in simulation; None if nothing that was tried regrew.
    curve : DataFrame
        Of the viable seed, see `doubling_curve`; empty without one.
    policy : str
    """

    lightest: Seed
    viable: Viable | None
    curve: pd.DataFrame
    policy: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        curve = self.curve.astype(object).where(self.curve.notna(), None)
        return {
            "policy": self.policy,
            "lightest": self.lightest.to_dict(),
            "viable": self.viable.to_dict() if self.viable else None,
            "doublings": curve.to_dict("records"),
        }

    def write(self, folder: Path) -> list[Path]:
        """Write ``seed.json``, ``doublings.parquet`` and, if there is a curve, ``doublings.png``.

        Parameters
        ----------
        folder : Path
            Made if missing.
        """
        from auxon.sim.seed_pictures import draw_doublings

        paths = [folder / "seed.json", folder / "doublings.parquet"]
        write_json(paths[0], self.to_dict())
        with whole(paths[1]) as draft:
            self.curve.to_parquet(draft, index=False)
        if self.curve.years.notna().any():
            paths.append(folder / "doublings.png")
            draw_doublings(self.curve, paths[-1])
        return paths


def analyse(
    scenario: Scenario, policy: str | None = None, progress: Progress = _silent
) -> Analysis:
    """Find the lightest seed, a viable one and how it doubles.

    Parameters
    ----------
    scenario : Scenario
    policy : str, optional
        None for the scenario's.
    progress : callable
        Called with what is being done.
    """
    policy = policy or scenario.policy
    progress("finding the lightest seed")
    lightest = lightest_seed(scenario)
    years = min(HORIZON_YEARS, scenario.years)
    viable = viable_seed(scenario, lightest, policy, years, progress)
    curve = pd.DataFrame({"seed_kg": [], "factor": [], "doubling": [], "years": []})
    if viable:
        curve = doubling_curve(scenario, viable, policy, progress=progress)
    return Analysis(lightest, viable, curve, policy)
