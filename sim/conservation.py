"""The books: grams of every element, wherever they are, less what came from Earth and bodies."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import ConservationError
from .state import live_rows, site_of

if TYPE_CHECKING:
    from .world import World

_MOVES = ("arrivals", "launch")
"""Phases in which things go from one site to another, or are lost: there only the sum stays."""


def element_grams(world: "World") -> NDArray[np.int64]:
    """Return (S, E) grams of each element at each site and ship, less imports and claims.

    What is in the claim was in the body before.
    """
    t, w = world.tables, world.sites
    held = (w.stock + w.transit - w.imported) // t.least
    grams = held @ t.elements_g
    rows = live_rows(world.segments)
    robots = np.zeros_like(w.building)
    np.add.at(robots, (site_of(world.segments, rows), world.robots.species[rows]), 1)
    for kind, table in enumerate(world.kinds):
        own = w.kind == kind
        claims = w.claim[own] // table.least[table.rock]
        grams[own] -= claims[:, None] * table.elements_g[table.rock]
        grams[own] += (robots + w.building)[own] @ table.species_elements_g
    return grams


def departed_grams(world: "World") -> NDArray[np.int64]:
    """Return (E,) grams of each element that ships threw out or that were lost with them."""
    t, books = world.tables, world.books
    grams: NDArray[np.int64] = (books.exhaust + books.lost) // t.least @ t.elements_g
    for table, wrecks in zip(world.kinds, books.wrecks, strict=True):
        grams = grams + wrecks @ table.species_elements_g
    return grams


class Ledger:
    """Remembers the grams at the start and refuses any change.

    Parameters
    ----------
    world : World
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self._grams = element_grams(world)
        self._total = self._grams.sum(0) + departed_grams(world)

    def check(self, phase: str) -> None:
        """Raise `ConservationError` with phase, site and element if a gram was made or lost."""
        world = self._world
        where = f"step {world.step_count}, phase {phase}"
        stray = world.sites.stock % world.tables.least
        if stray.any():
            s, m = np.argwhere(stray)[0]
            raise ConservationError(
                f"{where}, site {s}: stock of {world.material_names[m]} is "
                f"{world.sites.stock[s, m]} g, not a whole number of lots"
            )
        now = element_grams(world)
        total = now.sum(0) + departed_grams(world)
        if (total != self._total).any() and phase in _MOVES:
            e = int(np.flatnonzero(total != self._total)[0])
            raise ConservationError(
                f"{where}: {world.elements[e]} changed by {total[e] - self._total[e]} g in all"
            )
        if phase not in _MOVES and (now != self._grams).any():
            s, e = np.argwhere(now != self._grams)[0]
            raise ConservationError(
                f"{where}, site {s}: "
                f"{world.elements[e]} changed by {now[s, e] - self._grams[s, e]} g"
            )
        self._grams = now
