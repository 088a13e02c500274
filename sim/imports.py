"""Phase *arrivals*: vitamins from Earth, ordered every period within a budget.

A site orders so that it will hold three times what it consumed since the last order, and at least a
few of the largest inputs; over the budget, everything is cut in proportion to what is asked.
"""

from .jit import inner, jit
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
def arrive(w: Sites, f: Flows, step: int) -> None:
    """Land cargo whose flight is over."""
    for s in range(w.stock.shape[0]):
        if w.lands_at[s] >= 0 and w.lands_at[s] <= step:
            for m in range(w.stock.shape[1]):
                w.stock[s, m] += w.transit[s, m]
                f.landed[s, m] += w.transit[s, m]
                w.transit[s, m] = 0
            w.ration[s] = w.stock[s]
            w.lands_at[s] = -1


@jit
def order_imports(t: Tables, w: Sites, f: Flows, budget_g: int, lands_at: int) -> None:
    """Send a shipment to every site and begin a new season.

    Parameters
    ----------
    budget_g : int
        Mass of the shipment, at most.
    lands_at : int
        Step at which it lands.
    """
    for s in range(w.stock.shape[0]):
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
        w.lands_at[s] = lands_at
        w.season[s, :] = 0
