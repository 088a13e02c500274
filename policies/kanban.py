"""Kanban: hands go where the board shows room; the kind with the longest backlog is built."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.jit import inner, jit, spread
from auxon.sim.observation import Observation
from auxon.sim.state import Flows, Sites
from auxon.sim.tables import BUILD, REPAIR, Tables

from .quota import Scripted, Weights, Wishes
from .rule import USUAL_RULE, MarketRule

ROBOTS_FOR_IDLERS = 256
"""From so many on, two of those without work, too: a site that is full calls for little, until the
last of a kind has died of age and cannot be made any more."""


@jit
def _scarcity(
    sites: np.ndarray, rule: MarketRule, t: Tables, w: Sites, f: Flows, out: np.ndarray
) -> None:
    for s in sites:
        largest = _backlogs(rule, t, w, s, out[s])
        _never_without(rule, t, w, f, s, largest, out[s])
        _energy(rule, t, w, s, largest, f.supply_W[s], f.heat_W[s], out[s])


@inner
def _backlogs(rule: MarketRule, t: Tables, w: Sites, s: int, out: np.ndarray) -> float:
    """Fill in backlogs of kinds that have tasks; return the largest but the assemblers'."""
    largest = 0.0
    for k in range(out.shape[0]):
        if t.option_start[k] < t.option_start[k + 1]:
            out[k] = w.pressure_fp[s, k] / 256.0
            if not _only_builds(t, k):
                largest = max(largest, out[k])
    for k in range(out.shape[0]):
        if _only_builds(t, k):
            # assemblers busy while others idle have had a shipment; more of them would idle, too
            out[k] = min(out[k], largest)
    if largest < rule.scarce:
        for k in range(out.shape[0]):
            if out[k] > 0.0:
                out[k] = rule.scarce
    return largest


@inner
def _only_builds(t: Tables, k: int) -> bool:
    """Whether species k assembles and does nothing else."""
    for j in range(t.option_start[k], t.option_start[k + 1]):
        if t.task_kind[t.option_task[j]] != BUILD:
            return False
    return k == t.assembler


@inner
def _never_without(
    rule: MarketRule, t: Tables, w: Sites, f: Flows, s: int, largest: float, out: np.ndarray
) -> None:
    """Want kinds that are all but lost before anything else."""
    robots = f.healthy[s].sum() + f.broken[s].sum()
    for k in range(out.shape[0]):
        there = f.healthy[s, k] + w.orders[s, k] + w.building[s, k]
        if there < _least_number(rule, t, f, s, k, robots):
            out[k] = 4.0 * max(largest, rule.scarce)


@inner
def _energy(
    rule: MarketRule,
    t: Tables,
    w: Sites,
    s: int,
    largest: float,
    electric_W: np.ndarray,
    heat_W: np.ndarray,
    out: np.ndarray,
) -> None:
    """Want collectors as much as the scarcest machine when energy is all but used up."""
    best_W_g = 0.0
    for k in range(out.shape[0]):
        best_W_g = max(best_W_g, (electric_W[k] + heat_W[k]) / t.species_mass_g[k])
    short = w.electric_fp[s] / 256.0 / rule.power_full
    cold = w.energy_fp[s] / 256.0 / rule.power_full
    for k in range(out.shape[0]):
        if electric_W[k] + heat_W[k] > 0:
            # energy from this one per gram, beside the best there is
            worth = (electric_W[k] + heat_W[k]) / t.species_mass_g[k] / best_W_g
            lack = _sixth(cold) * worth
            if electric_W[k] > 0:
                lack = max(lack, _sixth(short))
            if largest < rule.scarce:
                lack = max(lack, rule.scarce)  # keep the mix
            out[k] = max(largest, rule.scarce) * lack


@inner
def _least_number(rule: MarketRule, t: Tables, f: Flows, s: int, k: int, robots: int) -> int:
    """Return how many of species k a site should never be without."""
    least = 0
    for j in range(t.option_start[k], t.option_start[k + 1]):
        p = t.option_task[j]
        if t.task_kind[p] == REPAIR:
            return 2 + robots // rule.robots_per_repairer
        needed = rule.robots_for_spares if f.planned[s, p] > 0 else ROBOTS_FOR_IDLERS
        if robots >= needed:
            least = 2
    return least


@inner
def _sixth(x: float) -> float:
    return x * x * x * (x * x * x)


def scarcities(observation: Observation, rule: MarketRule = USUAL_RULE) -> NDArray[np.float64]:
    """Return (S, K) how scarce each species is here: backlog in steps; for power, the shortfall."""
    o = observation
    out = np.zeros(o.sites.pressure_fp.shape)
    spread(_scarcity, o.here, rule, o.tables, o.sites, o.flows, out)
    return out


class Kanban(Scripted):
    """Base stocks and backlogs, nothing else."""

    def wishes(self, observation: Observation) -> tuple[Weights, Wishes]:
        """Share hands in proportion to room; want what is scarce."""
        o = observation
        desire = scarcities(o)
        return o.flows.room_s, desire
