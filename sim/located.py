"""A belt as one technology: each ground a place of its own, with kits and cargo between them.

Goods are those of `auxon.sim.technology`, on each ground apart; to what its tasks do come, between
any two grounds,

* *kits*: they take their stock where they start; so much of it lands as survives the shortest
  flight, discounted by that flight, and its robots can work there. Propellant and robots cost
  nothing here; but where a kit has no stock, robots leave a ground no more often than they were
  born or landed there;
* *cargo* of what the front there buys, likewise; carriers, who bring it, cost nothing.

What robots are taken apart into comes up where they ended, so that worn parts are one good for all.

Lives are counted twice: wherever robots work, together they do no more than the lives of all births
allow; and on each ground no more than births there, and robots that landed, could if these were new
and never failed. All grounds have the light of the sunniest body. So whatever a lineage does is
possible here, and the prices of the fastest balanced growth bound what it has, wherever it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array

from .balance import YEAR_S
from .critical import Critical, Family, critical
from .errors import UsageError
from .technology import Technology
from .upkeep import CUTS

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_AT_BEST = 1.0 - 1e-6
"""So much lands of what leaves, even if all does, in no time: who only flies must lose."""
_MORE = (1e-4, 1e-3, 5e-3, 0.02)
"""Ships more that arrive, as a share of all."""
_FASTEST_DECLINE = -20.0
_LARGEST = 300.0
"""Exponents stop here, at e^300."""


class _Cells:
    """Entries of a sparse matrix, as they come."""

    def __init__(self) -> None:
        self.rows: list[I64] = []
        self.columns: list[I64] = []
        self.values: list[F64] = []

    def put(self, row: ArrayLike, column: ArrayLike, value: ArrayLike) -> None:
        """Add entries; one number stands for all."""
        r, c, v = np.broadcast_arrays(np.asarray(row), np.asarray(column), np.asarray(value))
        self.rows.append(r.astype(np.int64))
        self.columns.append(c.astype(np.int64))
        self.values.append(v.astype(float))


@dataclass(frozen=True)
class Located:
    """Grounds of a lineage, and what moves between them.

    Attributes
    ----------
    grounds : sequence of Technology
        Numbered alike; with lag.
    kit_robots, kit_stock : (K,), (M,) float64
    carrier : int
        Species that flies, -1 for none.
    buys : (G, M) bool
        What each ground may be sent as cargo.
    flight_s : float
        The shortest flight.
    survival : float
        Chance to arrive after it.
    """

    grounds: Sequence[Technology]
    kit_robots: F64
    kit_stock: F64
    carrier: int
    buys: NDArray[np.bool_]
    flight_s: float
    survival: float

    def fastest(self, prove: bool = True) -> Critical | None:
        """Return the fastest balanced growth a year; None if nothing can be built again.

        Parameters
        ----------
        prove : bool
            If it cannot be proved, look for a proof with a few more ships arriving: what bounds
            that bounds this, too.
        """
        trials = (0.0, *_MORE)
        best: Critical | None = None
        for more in trials:
            of = replace(self, survival=self.survival + more)
            try:
                found = critical(_family(of), least=_FASTEST_DECLINE)
            except UsageError:  # numbers too far apart for the solver
                if more == trials[-1] and best is None:
                    raise
                continue
            if found is None or found.proved or not prove:
                return found
            best = best or found
        return best

    def matrix(self, rate_per_s: float) -> csr_array:
        """Return the (goods, activities) matrix at a rate of growth."""
        one = self.grounds[0]
        height, width = one.shape
        life, places = one.row_of("life"), len(self.grounds)
        cells = _Cells()
        for g, ground in enumerate(self.grounds):
            of = ground.matrix(rate_per_s).tocoo()
            row, column = (np.asarray(x, np.int64) for x in of.coords)
            cells.put(row + g * height, column + g * width, of.data)
            lives = row >= life  # once more: all grounds together
            together = row[lives] - life + places * height
            cells.put(together, column[lives] + g * width, of.data[lives])
            if not self.kit_stock.any():
                builds = self._aboard(g) + one.tables.task_target[one.builds]
                cells.put(builds, one.builds + g * width, 1.0)
        at = places * width
        for here, there in permutations(range(places), 2):
            at = self._kit(cells, at, here, there, rate_per_s)
            at = self._cargo(cells, at, here * height, there * height, rate_per_s)
        shape = (len(self._pooled), at)
        rows = self._pooled[np.concatenate(cells.rows)]
        columns, values = np.concatenate(cells.columns), np.concatenate(cells.values)
        dear = np.ones(shape[0], np.bool_)
        for g, ground in enumerate(self.grounds):
            dear[[g * height + m for m in (ground.tables.rock, *ground.free)]] = False
            if self.carrier >= 0:  # they come with cargo
                first = g * height + one.row_of("life", self.carrier)
                dear[first : first + CUTS] = False
        kept = dear[rows]
        return csr_array(coo_array((values[kept], (rows[kept], columns[kept])), shape=shape))

    @property
    def _loads(self) -> tuple[I64, I64]:
        """Materials and species in a kit that do not come for nothing."""
        crew = np.flatnonzero(self.kit_robots)
        return np.flatnonzero(self.kit_stock), crew[crew != self.carrier]

    def _aboard(self, place: int) -> int:
        """Return the first row of robots that can leave a place."""
        one = self.grounds[0]
        species = len(one.tables.idle_W)
        return len(self.grounds) * one.shape[0] + (CUTS + place) * species

    def _lands(self, rate_per_s: float) -> float:
        """Return what is there of one that left a flight ago; it lands before the step's work."""
        flight_s = self.flight_s - self.grounds[0].dt_s
        lands = self.survival * math.exp(min(-rate_per_s * flight_s, _LARGEST))
        return min(lands, _AT_BEST) if rate_per_s >= 0 else lands

    def _kit(self, cells: _Cells, at: int, here: int, there: int, rate_per_s: float) -> int:
        """Add a kit's column; return the number of the next."""
        one, lands = self.grounds[0], self._lands(rate_per_s)
        height, (sent, crew) = one.shape[0], self._loads
        if not len(sent) + len(crew):
            return at
        cells.put(here * height + sent, at, -self.kit_stock[sent])
        cells.put(there * height + sent, at, lands * self.kit_stock[sent])
        if not len(sent):
            cells.put(self._aboard(here) + crew, at, -self.kit_robots[crew])
            cells.put(self._aboard(there) + crew, at, lands * self.kit_robots[crew])
        # as if robots never failed, from the step in which they land
        step = math.exp(min(rate_per_s * one.dt_s, _LARGEST))
        for k in crew:
            life_s = float(one.tables.life_s[k] + one.review_steps * one.dt_s)
            works_s = one.lives[k].alive_s(rate_per_s, life_s) * step
            rows = there * height + one.row_of("life", int(k)) + np.arange(CUTS)
            cells.put(rows, at, lands * self.kit_robots[k] * works_s)
        return at + 1

    def _cargo(self, cells: _Cells, at: int, here: int, there: int, rate_per_s: float) -> int:
        """Add columns of cargo; return the number of the next."""
        goods = np.flatnonzero(self.buys[there // self.grounds[0].shape[0]])
        columns = at + np.arange(len(goods))
        cells.put(here + goods, columns, -1.0)
        cells.put(there + goods, columns, self._lands(rate_per_s))
        return at + len(goods)

    @cached_property
    def _pooled(self) -> I64:
        """Row that each row is counted in: worn parts of all grounds in the first's."""
        t, height = self.grounds[0].tables, self.grounds[0].shape[0]
        rows = np.arange(self._aboard(len(self.grounds)))
        for worn in np.unique(t.worn_of[t.bill_material]):
            rows[worn + height * np.arange(len(self.grounds))] = worn
        return rows


def _family(of: Located) -> Family:
    return lambda rate: of.matrix(rate / YEAR_S)
