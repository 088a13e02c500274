"""Greedy: all hands to what is shortest, build the rarest. A first idea, and what it costs."""

import numpy as np

from auxon.sim.jit import jit, spread
from auxon.sim.observation import Observation, cover
from auxon.sim.state import Flows, Sites
from auxon.sim.tables import Tables

from .quota import Scripted, Wishes


@jit
def _shortest(sites: np.ndarray, t: Tables, w: Sites, f: Flows, weight: np.ndarray) -> None:
    """Put all weight of a kind on its open task whose output is shortest."""
    for s in sites:
        for k in range(t.idle_W.shape[0]):
            best = -1
            least = 9.0
            for j in range(t.option_start[k], t.option_start[k + 1]):
                p = t.option_task[j]
                if f.room_s[s, p] > 0 and cover(t, w, f, s, p) < least:
                    least = cover(t, w, f, s, p)
                    best = p
            if best >= 0:
                weight[s, best] = 1.0


class Greedy(Scripted):
    """Lowest cover first, rarest species first."""

    def wishes(self, observation: Observation) -> tuple[Wishes, Wishes]:
        """Send everybody to what is shortest and want what is rarest."""
        o = observation
        weight = np.zeros(o.flows.crew.shape)
        spread(_shortest, o.here, o.tables, o.sites, o.flows, weight)
        there = o.flows.healthy + o.flows.broken + o.sites.orders + o.sites.building
        return weight, np.divide(1.0, 1.0 + there, dtype=np.float64)
