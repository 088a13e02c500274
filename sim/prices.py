"""What things cost at a site, in seconds of a gram of machine: the measure that prices share."""

import numpy as np

from .explog import power
from .jit import inner, jit
from .tables import Tables

OFFER_POWER = 0.25
"""A price rises with this power of what is wanted over what is there."""
DEAREST = 3.0
"""A price is at most so many times the cost, and at least the inverse of it."""
POWER_SHARE = 0.5
"""Rent of the arrays that feed a machine, over its own: of the order of the mass ratio in the
reference industry."""
ROUNDS = 3
"""Sweeps from ores to products; loops settle in a few."""


@inner
def costs(t: Tables, rent: np.ndarray, foreign: np.ndarray, cost: np.ndarray) -> None:
    """Fill in (M,) what a counted unit of each material costs by its main process.

    Parameters
    ----------
    rent : (K,) float64
        Of a second of each species.
    foreign : (M,) int64
        What a unit of a material that cannot be made here cost when it came.
    """
    for m in range(cost.shape[0]):
        cost[m] = float(foreign[m]) if t.main[m] < 0 else 0.0
    for _ in range(ROUNDS):
        for n in range(t.sweep.shape[0] - 1, -1, -1):
            m = t.sweep[n]
            p = t.main[m]
            if p < 0:
                continue
            paid = t.time_s[p] * rent[t.task_species[p]]
            for j in range(t.in_start[p], t.in_start[p + 1]):
                paid += cost[t.in_material[j]] * t.in_amount[j]
            # joint products share the cost by mass
            cost[m] = paid / t.main_gives_g[m] * t.unit_mass_g[m] if t.main_gives[m] > 0 else 0.0


@inner
def offer(wanted: int, there: int, exponent: float, dearest: float) -> float:
    """Return the price of a material over its cost: a power of wanted over there, within limits."""
    short = float(wanted) / max(1.0, float(there))
    return float(min(dearest, max(1.0 / dearest, power(short, exponent))))


@jit
def price(t: Tables, report: np.ndarray, out: np.ndarray) -> None:
    """Fill in (M,) the price of a unit of each material at a site, all machines equally scarce.

    Parameters
    ----------
    report : (3, M) int64
        Its stock, what it wants in all, and what came from elsewhere cost: as `Sites.told`.
    """
    stock, gross, foreign = report
    rent = t.species_mass_g * (1.0 + POWER_SHARE)
    costs(t, rent, foreign, out)
    for m in range(out.shape[0]):
        out[m] *= offer(gross[m], stock[m], OFFER_POWER, DEAREST)
