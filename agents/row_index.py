"""From a robot's id to its row, at the price of a comparison when nothing has moved."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.state import live_rows, site_of
from auxon.sim.world import World

SCANS = 16
"""Look-ups of one id by scanning before all are sorted: one scan is cheaper, many are not."""


class RowIndex:
    """Rows of the living, by id. Everything it keeps is made when first asked for.

    Parameters
    ----------
    world : World
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._version = b""
        self._ids, self._layouts = world.robots.id, 0
        self._forget()

    def _forget(self) -> None:
        self._rows: NDArray[np.int64] | None = None
        self._sorted: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._scans = 0

    @property
    def version(self) -> bytes:
        """What tells one layout of the rows from every other of this world.

        Births raise a serial number, deaths lower a count without one: together they never repeat,
        as long as robots stay where they are. When they move, a count of moves rises; when the
        arrays are others, as after `World.adopt`, so does one of layouts.
        """
        world = self._world
        if world.robots.id is not self._ids:
            self._ids, self._layouts = world.robots.id, self._layouts + 1
        moved = np.array([self._layouts, world.travel.moves])
        version = world.sites.serial.tobytes() + world.segments.count.tobytes() + moved.tobytes()
        if version != self._version:
            self._version = version
            self._forget()
        return version

    def rows(self) -> NDArray[np.int64]:
        """Return the rows of all living robots, site after site in order of birth."""
        _ = self.version
        if self._rows is None:
            self._rows = live_rows(self._world.segments)
        return self._rows

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each id, -1 where that robot is gone."""
        rows = self.rows()
        if len(rows) == 0:
            return np.full(len(ids), -1, np.int64)
        if self._sorted is None:
            living = self._world.robots.id[rows]
            order = np.argsort(living)
            self._sorted = living[order], rows[order]
        living, at = self._sorted
        place = np.minimum(np.searchsorted(living, ids), len(living) - 1)
        return np.where(living[place] == ids, at[place], -1)

    def row_of(self, robot: int, guess: int) -> int:
        """Return the row of one id, -1 if that robot is gone.

        Parameters
        ----------
        robot : int
            id.
        guess : int
            Row where it was last.
        """
        world = self._world
        if guess < len(world.robots.id) and world.robots.id.item(guess) == robot:
            first, count, _ = world.segments
            site = site_of(world.segments, guess).item()
            if guess < first.item(site) + count.item(site):
                return guess
        rows = self.rows()
        if self._sorted is None and self._scans < SCANS:
            self._scans += 1
            found = np.flatnonzero(world.robots.id[rows] == robot)
            return int(rows[found[0]]) if len(found) else -1
        return int(self.rows_of(np.array([robot]))[0])
