"""What there is to tell of a society over its bodies: names, and how far each lineage has come."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .state import FLYING, SETTLED

if TYPE_CHECKING:
    from .world import World

F64 = NDArray[np.float64]


def body_names(world: "World") -> NDArray[np.object_]:
    """Return (B,) the names of the bodies."""
    belt = world.scenario.belt
    return belt.bodies.name if belt else np.array([world.scenario.body.name], np.object_)


def lineage_names(world: "World") -> tuple[str, ...]:
    """Return the names of the lineages; without a belt there is one, the first."""
    belt = world.scenario.belt
    return tuple(lineage.name for lineage in belt.lineages) if belt else ("first",)


def front_names(world: "World") -> tuple[str, ...]:
    """Return the classes of rock for which there is an industry, that of the home body first."""
    belt = world.scenario.belt
    return belt.fronts if belt else (world.scenario.body.composition,)


class Whereabouts:
    """Measures lineages (L) over bodies (B).

    Parameters
    ----------
    world : World

    Attributes
    ----------
    from_start_au, from_start_m_s : (L, B) float64
        Distance of each body from the nearest one on which the lineage began: difference of the
        semi-major axes, and distance in the space of orbits (`auxon.sim.neighbours`; 0 where
        nobody travels).
    """

    def __init__(self, world: "World") -> None:
        lineages, bodies = len(lineage_names(world)), len(world.places.a_au)
        self.from_start_au: F64 = np.full((lineages, bodies), np.inf)
        self.from_start_m_s: F64 = np.full((lineages, bodies), np.inf)
        a_au, where = world.places.a_au, world.travel.where
        for start in world.places.seeds:
            far_au, far_m_s = np.abs(a_au - a_au[start.body]), np.zeros(bodies)
            if where:
                far_m_s = np.sqrt(((where.points - where.points[start.body]) ** 2).sum(1))
            for known, new in ((self.from_start_au, far_au), (self.from_start_m_s, far_m_s)):
                known[start.lineage] = np.minimum(known[start.lineage], new)

    def of_lineages(self, world: "World") -> dict[str, Any]:
        """Return for each lineage (L,) what it has now.

        Returns
        -------
        dict
            ``robots``, ``mass_kg``, ``bodies`` with inhabited sites, ``sites`` settled,
            ``inhabited`` of them, ships ``in_flight``, ``front_AU``, ``front_m_s``: the farthest
            inhabited body.
        """
        w, count = world.sites, world.segments.count
        lineages = len(self.from_start_au)
        settled = w.state == SETTLED
        inhabited = settled & (count > 0)
        mass_g = ((world.flows.healthy + world.flows.broken) * world.species_mass_g).sum(1)
        whose, body = _held(world)
        front: dict[str, F64] = {}
        for name, far in (("front_AU", self.from_start_au), ("front_m_s", self.from_start_m_s)):
            front[name] = np.zeros(lineages)
            np.maximum.at(front[name], whose, far[whose, body])

        def per_lineage(amounts: NDArray[Any]) -> NDArray[Any]:
            return np.array([amounts[w.lineage == n].sum() for n in range(lineages)])

        return {
            "robots": per_lineage(count),
            "mass_kg": per_lineage(mass_g) / 1000,
            "bodies": np.bincount(whose, minlength=lineages),
            "sites": per_lineage(settled),
            "inhabited": per_lineage(inhabited),
            "in_flight": per_lineage(w.state == FLYING),
            **front,
        }


def inhabited_bodies(world: "World") -> tuple[int, int]:
    """Return how many bodies have inhabited sites, and how many those of several lineages."""
    lineages = np.unique(_held(world)[1], return_counts=True)[1]
    return len(lineages), int((lineages > 1).sum())


def _held(world: "World") -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return lineage and body of each pair that has an inhabited site."""
    w = world.sites
    inhabited = (w.state == SETTLED) & (world.segments.count > 0)
    whose, body = np.unique(np.stack([w.lineage[inhabited], w.body[inhabited]]), axis=1)
    return whose, body
