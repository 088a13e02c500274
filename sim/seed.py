"""The lightest seed of an industry, as `auxon.sim.seed_search` returns it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .replay import Stage
from .scenario import Scenario


@dataclass(frozen=True)
class Seed:
    """A seed, and how the industry grows from it.

    Attributes
    ----------
    robots : dict
        Species -> how many.
    stock : dict
        Material -> grams of whole lots, or pieces.
    mass_kg : (float, float)
        Of the robots, of the stock.
    order : tuple of Stage
        The seed, then the species in the order in which they are built.
    generations : int
        In how many generations.
    bound_kg : float
        No seed is lighter.
    replayed : bool
        The industry was regrown from it in whole runs.
    cut_short : bool
        The search was stopped by the clock, as no search should be: another try, or a faster
        machine, may find another seed.
    """

    robots: dict[str, int]
    stock: dict[str, int]
    mass_kg: tuple[float, float]
    order: tuple[Stage, ...]
    generations: int
    bound_kg: float
    replayed: bool
    cut_short: bool

    @property
    def total_kg(self) -> float:
        """Mass of robots and stock."""
        return sum(self.mass_kg)

    @property
    def gap(self) -> float:
        """Share of the mass that a lighter seed may save at most."""
        return max(0.0, 1.0 - self.bound_kg / self.total_kg) if self.total_kg else 0.0

    @property
    def proved_optimal(self) -> bool:
        """Whether it regrows the industry and no seed is lighter."""
        return self.replayed and self.gap < 1e-5

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {
            "robots": self.robots,
            "stock": self.stock,
            "robots_kg": self.mass_kg[0],
            "stock_kg": self.mass_kg[1],
            "total_kg": self.total_kg,
            "bound_kg": self.bound_kg,
            "gap": self.gap,
            "generations": self.generations,
            "proved_optimal": self.proved_optimal,
            "replayed": self.replayed,
            "cut_short": self.cut_short,
            "order": [
                {"species": s.species, "processes": [*s.processes], "materials": [*s.materials]}
                for s in self.order
            ],
        }


def seed_mass_kg(
    scenario: Scenario, robots: Mapping[str, int], stock: Mapping[str, int]
) -> tuple[float, float]:
    """Return the mass of robots and of stock.

    Parameters
    ----------
    scenario : Scenario
    robots, stock : Mapping[str, int]
        As in `Seed`.
    """
    i = scenario.industry
    return (
        sum(n * i.species[k].mass_g for k, n in robots.items()) / 1000,
        sum(n * i.materials[m].mass_g for m, n in stock.items()) / 1000,
    )
