"""Market: hands go where they add most value; what is built is what is scarcest for its cost.

Everything is priced by the site's own board, anew at every step. A machine's rent is its cost times
how scarce it is; a material's cost is what its main process takes in materials, rent and power; its
price rises as stock falls short of what is called for. A task pays the value it adds per second of
rent. No robot needs to know more than its site.
"""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.conduct import MOVE, SERVICE, SHELTER, open_conducts
from auxon.sim.explog import power
from auxon.sim.jit import jit, spread
from auxon.sim.observation import ROBOT_FEATURES, Observation
from auxon.sim.prices import costs, offer
from auxon.sim.state import Flows, Sites
from auxon.sim.tables import PROCESS, REPAIR, Tables

from .kanban import scarcities
from .quota import Scripted, Wishes
from .rule import USUAL_RULE, MarketRule, wanted_conducts

_WEAR, _PRECURSOR, _YIELD, _ON_FACE = (
    ROBOT_FEATURES.index(name) for name in ("wear", "precursor", "yield", "on_face")
)


@jit
def _offers(
    sites: np.ndarray, rule: MarketRule, t: Tables, w: Sites, f: Flows, scarcity: np.ndarray,
    weight: np.ndarray,
) -> None:  # fmt: skip
    price = np.zeros(t.main.shape[0])
    rent = np.zeros(t.idle_W.shape[0])
    for s in sites:
        largest = 1e-9
        for k in range(t.idle_W.shape[0]):
            largest = max(largest, scarcity[s, k])
        for k in range(t.idle_W.shape[0]):
            scarce = max(scarcity[s, k], rule.least_scarcity * largest) / largest
            scarce = power(scarce, rule.scarcity_power)
            rent[k] = t.species_mass_g[k] * (scarce + rule.power_share)
        costs(t, rent, w.foreign[s], price)
        for m in range(t.main.shape[0]):
            price[m] *= offer(f.gross[s, m], w.stock[s, m], rule.offer_power, rule.dearest)
        for p in range(t.time_s.shape[0]):
            room = float(f.room_s[s, p])
            if room == 0.0 or t.task_kind[p] != PROCESS:
                weight[s, p] = room
                continue
            added = 0.0
            for j in range(t.out_start[p], t.out_start[p + 1]):
                added += price[t.out_material[j]] * t.out_amount[j]
            for j in range(t.in_start[p], t.in_start[p + 1]):
                added -= price[t.in_material[j]] * t.in_amount[j]
            earned = added / (t.time_s[p] * rent[t.task_species[p]])
            weight[s, p] = power(max(rule.least_value, earned), rule.value_power) * room


class Market(Scripted):
    """Local prices; see the module.

    Parameters
    ----------
    rule : MarketRule
    """

    def __init__(self, rule: MarketRule = USUAL_RULE) -> None:
        self.rule = rule
        self.ahead_s = round(rule.ahead_days * 86_400)

    def wishes(self, observation: Observation) -> tuple[Wishes, Wishes]:
        """Weigh tasks by room and by the value they add; want what is scarce."""
        o = observation
        scarcity = scarcities(o, self.rule)
        weight = np.empty(o.flows.crew.shape)
        spread(_offers, o.here, self.rule, o.tables, o.sites, o.flows, scarcity, weight)
        return weight, scarcity

    def conduct(self, observation: Observation) -> NDArray[np.uint8] | None:
        """Hide, ask for service or move on by the reading of the moment."""
        o, rule = observation, self.rule
        if not open_conducts(o.partial) & wanted_conducts(rule):
            return None
        out = np.zeros(len(o.rows), np.uint8)
        _behave(o.tables, o.flows, rule, o.robots.species[o.rows], o.site, o.robot_features(), out)
        return out


@jit
def _behave(
    t: Tables, f: Flows, rule: MarketRule, species: np.ndarray, site: np.ndarray,
    feature: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    for n in range(out.shape[0]):
        s, k = site[n], species[n]
        if feature[n, _PRECURSOR] > rule.shelter_above:
            out[n] |= SHELTER
        if feature[n, _WEAR] > rule.service_above:
            last = t.option_start[k + 1] - 1
            repairs = last >= t.option_start[k] and t.task_kind[t.option_task[last]] == REPAIR
            # nobody would repair the last repairer
            if not repairs or f.healthy[s, k] > 1:
                out[n] |= SERVICE
        if feature[n, _ON_FACE] > 0.0 and feature[n, _YIELD] < rule.move_below:
            out[n] |= MOVE
