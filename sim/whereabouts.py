"""What there is to tell of a society over its bodies: names, and how far each lineage has come."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .state import FLYING, SETTLED

if TYPE_CHECKING:
    from .world import World

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


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

    Distances are found when somebody first lives on a body: of a million bodies and ten thousand
    starts there are too many pairs to look at all.

    Parameters
    ----------
    world : World
    """

    def __init__(self, world: "World") -> None:
        lineages, bodies = len(lineage_names(world)), len(world.places.a_au)
        where = world.travel.where
        # difference of semi-major axes; distance in the space of orbits, 0 where nobody travels
        spaces = {"front_AU": world.places.a_au[:, None]}
        spaces["front_m_s"] = where.points if where else np.zeros((bodies, 1))
        starts = [
            np.unique([s.body for s in world.places.seeds if s.lineage == n])
            for n in range(lineages)
        ]
        self._points = spaces
        self._trees = {
            name: [cKDTree(points[b]) if len(b) else None for b in starts]
            for name, points in spaces.items()
        }
        self._far = {name: np.full((lineages, bodies), np.nan) for name in spaces}

    def _from_start(self, name: str, whose: I64, body: I64) -> F64:
        """Return how far bodies are from the nearest one on which a lineage began."""
        far = self._far[name]
        for n, tree in enumerate(self._trees[name]):
            new = body[(whose == n) & np.isnan(far[whose, body])]
            if tree is not None and len(new):
                far[n, new] = tree.query(self._points[name][new])[0]
        found: F64 = far[whose, body]
        return found

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
        lineages = len(self._far["front_AU"])
        settled = w.state == SETTLED
        inhabited = settled & (count > 0)
        mass_g = ((world.flows.healthy + world.flows.broken) * world.species_mass_g).sum(1)
        whose, body = _held(world)
        front = {name: np.zeros(lineages) for name in self._far}
        for name, farthest in front.items():
            np.maximum.at(farthest, whose, self._from_start(name, whose, body))

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
