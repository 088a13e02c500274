"""The books: grams of every element, wherever they are, less what was imported."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import ConservationError

if TYPE_CHECKING:
    from .world import World


def element_grams(world: "World") -> NDArray[np.int64]:
    """Return (S, E) grams of each element at each site, less imports: the same at every step."""
    t, w = world.tables, world.sites
    held = (w.stock + w.transit - w.imported) // t.least
    grams = held @ t.elements_g + w.building @ t.species_elements_g
    for s, (first, count) in enumerate(
        zip(world.segments.first, world.segments.count, strict=True)
    ):
        species = world.robots.species[first : first + count]
        grams[s] += np.bincount(species, minlength=len(t.idle_W)) @ t.species_elements_g
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

    def check(self, phase: str) -> None:
        """Raise `ConservationError` with phase, site and element if a gram was made or lost."""
        world = self._world
        stray = world.sites.stock % world.tables.least
        if stray.any():
            s, m = np.argwhere(stray)[0]
            raise ConservationError(
                f"step {world.step_count}, phase {phase}, site {s}: stock of "
                f"{world.material_names[m]} is {world.sites.stock[s, m]} g, "
                "not a whole number of lots"
            )
        now = element_grams(world)
        if (now != self._grams).any():
            s, e = np.argwhere(now != self._grams)[0]
            raise ConservationError(
                f"step {world.step_count}, phase {phase}, site {s}: "
                f"{world.elements[e]} changed by {now[s, e] - self._grams[s, e]} g"
            )
