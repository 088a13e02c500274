"""How the time to each doubling falls as a seed gets heavier."""

import math
from collections.abc import Sequence

import pandas as pd

from auxon.sim.scenario import Scenario
from auxon.sim.seed import seed_mass_kg

from .regrowth import Cargo, Carries, Progress, colonies, silent

FACTORS = (1, 2, 4, 8)
DOUBLINGS = 5
CURVE_YEARS = 20.0


def doubling_curve(
    scenario: Scenario,
    seed: Carries,
    policy: str,
    factors: Sequence[int] = FACTORS,
    doublings: int = DOUBLINGS,
    years: float = CURVE_YEARS,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Measure how time falls as a seed gets heavier: all it carries, times a factor.

    Heavier is not always better: what starts a loop may come to fill a batch of something else that
    uses it up, as the steel that mills grind with does when there is enough of it to be rolled.

    Parameters
    ----------
    scenario : Scenario
    seed : Carries
        A viable one.
    policy : str
    factors : sequence of int
    doublings : int
        Of the mass of the robots, measured from that of each seed.
    years : float
        Horizon of each run.
    progress : callable

    Returns
    -------
    DataFrame
        Columns seed_kg, factor, doubling (1 .. `doublings`) and years, the median of `CHANCES`
        colonies (NaN: not by the horizon).
    """
    rows = []
    for factor in factors:
        robots = {k: factor * n for k, n in seed.robots.items()}
        stock = {m: factor * n for m, n in seed.stock.items()}
        kg = sum(seed_mass_kg(scenario, robots, stock))
        progress(f"growing a seed of {kg / 1000:.1f} t")
        grown = colonies(scenario, Cargo(robots, stock), policy, years, doublings=doublings)
        for n in range(1, doublings + 1):
            reached = [g.doublings[n - 1] if n <= len(g.doublings) else math.inf for g in grown]
            median = sorted(reached)[len(reached) // 2]
            rows.append((kg, factor, n, median if median < math.inf else math.nan))
    return pd.DataFrame(rows, columns=["seed_kg", "factor", "doubling", "years"])
