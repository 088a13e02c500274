"""Market: hands go where they add most value; what is built is what is scarcest for its cost.

Everything is priced by the site's own board, anew at every step. A machine's rent is its cost times
how scarce it is; a material's cost is what its main process takes in materials, rent and power; its
price rises as stock falls short of what is called for. A task pays the value it adds per second of
rent. No robot needs to know more than its site.
"""

import numpy as np

from auxon.sim.jit import jit, spread
from auxon.sim.observation import Observation
from auxon.sim.prices import POWER_SHARE, costs, offer
from auxon.sim.state import Flows, Sites
from auxon.sim.tables import PROCESS, Tables

from .kanban import scarcities
from .quota import Scripted, Wishes


@jit
def _offers(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, scarcity: np.ndarray, weight: np.ndarray
) -> None:
    price = np.zeros(t.main.shape[0])
    rent = np.zeros(t.idle_W.shape[0])
    for s in sites:
        largest = 1e-9
        for k in range(t.idle_W.shape[0]):
            largest = max(largest, scarcity[s, k])
        for k in range(t.idle_W.shape[0]):
            scarce = np.sqrt(max(scarcity[s, k], 0.01 * largest) / largest)
            rent[k] = t.species_mass_g[k] * (scarce + POWER_SHARE)
        costs(t, rent, w.foreign[s], price)
        for m in range(t.main.shape[0]):
            price[m] *= offer(f.gross[s, m], w.stock[s, m])
        for p in range(t.time_s.shape[0]):
            room = float(f.room_s[s, p])
            if t.task_kind[p] != PROCESS:
                weight[s, p] = room
                continue
            added = 0.0
            for j in range(t.out_start[p], t.out_start[p + 1]):
                added += price[t.out_material[j]] * t.out_amount[j]
            for j in range(t.in_start[p], t.in_start[p + 1]):
                added -= price[t.in_material[j]] * t.in_amount[j]
            earned = added / (t.time_s[p] * rent[t.task_species[p]])
            weight[s, p] = np.sqrt(max(0.01, earned)) * room


class Market(Scripted):
    """Local prices; see the module."""

    def wishes(self, observation: Observation) -> tuple[Wishes, Wishes]:
        """Weigh tasks by room and by the value they add; want what is scarce."""
        o = observation
        scarcity = scarcities(o)
        weight = np.zeros(o.flows.crew.shape)
        spread(_offers, o.here, o.tables, o.sites, o.flows, scarcity, weight)
        return weight, scarcity
