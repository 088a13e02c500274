"""The lightest seed found that regrows its industry by the rules of a step.

A ladder is climbed from the lightest seed by necessity until a colony regrows, then things are
taken off again on trial. How many trials there are is fixed, so that the same scenario gives the
same seed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auxon.sim.orbit import mean_flux_w_m2
from auxon.sim.scenario import Scenario
from auxon.sim.seed import Seed, seed_mass_kg

from .regrowth import HORIZON_YEARS, Cargo, Progress, Regrowth, colonies, silent

_KEEPERS = 2
"""Assemblers and repairers: nobody builds or repairs the last one."""
_SPARES = 2
"""Repairs for which the parts are carried, for every robot."""

_TRIALS = 16
"""So many of the heaviest things are left out on trial."""


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


def viable_seed(
    scenario: Scenario,
    lightest: Seed,
    policy: str,
    years: float = HORIZON_YEARS,
    progress: Progress = silent,
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
