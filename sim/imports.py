"""Phase *arrivals*: vitamins from Earth, ordered every period within a budget.

A site orders so that it will hold three times what it consumed since the last order, and at least a
few of the largest inputs; over the budget, everything is cut in proportion to what is asked.
"""

import numpy as np

from .jit import inner, jit
from .partial import USUAL, Partial
from .rng import SHIPMENT, philox
from .rules import muldiv
from .state import Flows, Sites
from .tables import Tables

RATIONED = 2
"""One part in so many of what was there at the last landing is spread evenly until the next."""
IMPORT_SEASONS = 3
"""A site orders so much as to hold what it consumed in the last season so many times."""
RESERVE_INPUTS = 4
"""A first order, before anything was consumed, asks for so many of the largest single input."""


@inner
def rationed(w: Sites, s: int, m: int, step: int, period_steps: int, flight_steps: int) -> int:
    """Return how much of an imported material is not for now: spent at once, it would burst."""
    wait = period_steps - step % period_steps + flight_steps
    if w.lands_at[s] >= 0:
        wait = w.lands_at[s] - step
    return muldiv(w.ration[s, m], min(wait, period_steps), RATIONED * period_steps)


@jit
def arrive(sites: np.ndarray, w: Sites, f: Flows, step: int) -> None:
    """Begin a step with nothing done; land cargo whose flight is over."""
    for s in sites:
        for m in range(w.stock.shape[1]):
            f.consumed[s, m] = 0
            f.shipped[s, m] = 0
            f.landed[s, m] = 0
        for k in range(w.orders.shape[1]):
            f.births[s, k] = 0
            f.deaths[s, k] = 0
            f.failures[s, k] = 0
            f.repairs[s, k] = 0
            f.services[s, k] = 0
            f.wrecked[s, k] = 0
        f.richness[s] = USUAL
        land(w, f, s, step)


@inner
def land(w: Sites, f: Flows, s: int, step: int) -> None:
    """Land cargo at a site if its flight is over."""
    if 0 <= w.lands_at[s] <= step:
        for m in range(w.stock.shape[1]):
            w.stock[s, m] += w.transit[s, m]
            f.landed[s, m] += w.transit[s, m]
            w.transit[s, m] = 0
            w.ration[s, m] = w.stock[s, m]
        w.lands_at[s] = -1


@jit
def order_imports(
    sites: np.ndarray, o: Partial, t: Tables, w: Sites, f: Flows, budget_g: int, seed: int,
    step: int, flight: int,
) -> None:  # fmt: skip
    """Send a shipment to each of these sites, unless it is missed, and begin a new season.

    Parameters
    ----------
    sites : (n,) int64
    budget_g : int
        Mass of the shipment, at most.
    flight : int
        Steps of the flight; with none it lands now.
    """
    for s in sites:
        if w.lands_at[s] >= 0:  # the last one is late; one flies at a time
            continue
        sent, late, _, _ = philox(seed, SHIPMENT, step, s)
        if int(sent) < o.missed:
            continue
        asked_g = 0
        for m in range(w.stock.shape[1]):
            if t.imported[m]:
                enough = IMPORT_SEASONS * w.season[s, m] + RESERVE_INPUTS * t.largest_in[m]
                w.transit[s, m] = max(0, enough - w.stock[s, m])
                asked_g += w.transit[s, m] * t.unit_mass_g[m]
        for m in range(w.stock.shape[1]):
            if asked_g > budget_g:
                w.transit[s, m] = muldiv(w.transit[s, m], budget_g, asked_g)
            w.transit[s, m] -= w.transit[s, m] % t.least[m]
            w.imported[s, m] += w.transit[s, m]
            f.shipped[s, m] = w.transit[s, m]
        w.lands_at[s] = step + flight + int(late) % (o.late_steps + 1)
        w.season[s, :] = 0
        land(w, f, s, step)
