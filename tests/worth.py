"""What a colony is worth at the prices of its bound: the measure that no policy can beat.

At those prices no activity makes a profit, so at the end of a step everything there is, valued,
is at most e^r times what it was. Here nobody fails; robots are taken apart at the end of life.
"""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.balance import Balance
from auxon.sim.state import live_rows
from auxon.sim.technology import Technology
from auxon.sim.world import World

F64 = NDArray[np.float64]


class Worth:
    """Prices of everything a world without failures can hold.

    Parameters
    ----------
    balance : Balance
        Of the world's technology, with lag.
    """

    def __init__(self, balance: Balance) -> None:
        self.of: Technology = balance.technology
        of, t, p = self.of, self.of.tables, balance.prices
        self.step = float(np.exp(balance.rate_per_s * of.dt_s))
        self.material = p[: len(t.main)]
        time = p[of.row_of("time") + t.task_species]
        electric, energy = p[of.row_of("electricity")], p[of.row_of("energy")]
        self.second = time + electric * (t.power_W - t.heat_W) + energy * t.power_W
        self.joule = float(electric + energy)
        species = range(len(t.idle_W))
        self.rent = np.array(
            [p[of.row_of("life", k) : of.row_of("life", k + 1)].sum() for k in species]
        )
        bills = [slice(t.bill_start[k], t.bill_start[k + 1]) for k in species]
        self.bill = np.array([self.material[t.bill_material[b]] @ t.bill_amount[b] for b in bills])
        self.scrap = np.array(
            [self.material[t.worn_of[t.bill_material[b]]] @ t.bill_amount[b] for b in bills]
        )

    def __call__(self, world: World) -> float:
        """Return the worth of a world between two steps."""
        w = world.sites
        goods = (w.stock @ self.material + w.bank_s @ self.second + w.building @ self.bill).sum()
        return float(goods + self.robots(world).sum())

    def robots(self, world: World) -> F64:
        """Return the worth of each live robot: rents to come, then what its parts are worth."""
        of, t, r = self.of, self.of.tables, world.robots
        rows = live_rows(world.segments)
        k, born, phase = r.species[rows], r.born[rows].astype(np.int64), r.phase[rows]
        now = world.step_count - 1  # the step that has just ended
        ends = born + -(-t.life_s[k] // of.dt_s)
        ends += (phase - ends) % of.review_steps  # the first review from then on
        left = np.maximum(ends - now, 0)
        fades = self.step ** -left.astype(float)
        growth = self.step - 1.0
        works = np.where(abs(growth) < 1e-14, left, (1.0 - fades) / (growth or 1.0)) * of.dt_s
        worth: F64 = self.rent[k] * works + self.scrap[k] * fades
        return np.where(r.broken[rows], 0.0, worth)

    def forgiven(self, world: World) -> float:
        """Return the worth of the idle power that lacked in the last step: nobody goes without.

        The bound charges every robot at work for it, the rules only as far as there is power.
        """
        f, t = world.flows, self.of.tables
        short = f.healthy * (t.idle_W - f.supply_W) * self.of.dt_s
        return float(np.maximum(short.sum(axis=1), 0).sum()) * self.joule
