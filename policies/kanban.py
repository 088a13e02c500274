"""Kanban: hands go where the board shows room; the kind with the longest backlog is built."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.jit import inner, jit
from auxon.sim.observation import Action, Observation
from auxon.sim.state import Flows, Sites
from auxon.sim.tables import REPAIR, Tables

from .quota import match

POWER_FULL = 0.95
"""Share of the power there is at which more is wanted as much as the scarcest machine."""


SCARCE = 1.0
"""Backlog in steps under which no machine is scarce: then, as when vitamins are, the mix is kept as
it is."""
ROBOTS_PER_REPAIRER = 256
"""Two repairers, and one more for so many robots, are wanted before anything: nobody repairs the
last one."""
ROBOTS_FOR_SPARES = 48
"""From so many robots on, two of every kind that has work are: the last one of a kind may be needed
for its successor."""


@jit
def pressures(
    t: Tables, w: Sites, f: Flows, electric_W: np.ndarray, heat_W: np.ndarray
) -> np.ndarray:
    """Return (S, K) how scarce each species is: backlog in steps; for power, the shortfall.

    Parameters
    ----------
    electric_W, heat_W : (S, K) int64
        Power of one healthy robot of each species.
    """
    sites, species = w.pressure_fp.shape
    out = np.zeros((sites, species))
    for s in range(sites):
        largest = 0.0
        best_W_kg = 0.0
        for k in range(species):
            if t.option_start[k] < t.option_start[k + 1]:
                out[s, k] = w.pressure_fp[s, k] / 256.0
                largest = max(largest, out[s, k])
            best_W_kg = max(best_W_kg, (electric_W[s, k] + heat_W[s, k]) / t.species_mass_g[k])
        robots = 0
        for k in range(species):
            robots += f.healthy[s, k] + f.broken[s, k]
        for k in range(species):
            there = f.healthy[s, k] + w.orders[s, k] + w.building[s, k]
            if there < _least_number(t, f, s, k, robots):
                out[s, k] = 4.0 * max(largest, 1.0)
        if largest < SCARCE:
            for k in range(species):
                if out[s, k] > 0.0:
                    out[s, k] = SCARCE
        short = w.electric_fp[s] / 256.0 / POWER_FULL
        cold = w.energy_fp[s] / 256.0 / POWER_FULL
        for k in range(species):
            if electric_W[s, k] + heat_W[s, k] > 0:
                # energy from this one per kilogram, beside the best there is
                worth = (electric_W[s, k] + heat_W[s, k]) / t.species_mass_g[k] / best_W_kg
                lack = _sixth(cold) * worth
                if electric_W[s, k] > 0:
                    lack = max(lack, _sixth(short))
                if largest < SCARCE:
                    lack = max(lack, SCARCE * worth)
                out[s, k] = max(largest, 1.0) * lack
    return out


@inner
def _least_number(t: Tables, f: Flows, s: int, k: int, robots: int) -> int:
    """Return how many of species k a site should never be without."""
    least = 0
    for j in range(t.option_start[k], t.option_start[k + 1]):
        p = t.option_task[j]
        if t.task_kind[p] == REPAIR:
            return 2 + robots // ROBOTS_PER_REPAIRER
        if f.planned[s, p] > 0 and robots >= ROBOTS_FOR_SPARES:
            least = 2
    return least


@inner
def _sixth(x: float) -> float:
    return x * x * x * (x * x * x)


class Kanban:
    """Base stocks and backlogs, nothing else.

    Attributes
    ----------
    memory_width : int
        0: it remembers nothing.
    """

    memory_width = 0

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        """Share hands in proportion to room; want what is scarce."""
        o = observation
        weight = o.flows.room_s.astype(np.float64)
        desire = pressures(o.tables, o.sites, o.flows, o.flows.supply_W, o.flows.heat_W)
        return Action(match(o, weight), desire), memory
