"""What the page Live shows of a living society: numbers and charts of its curve."""

import numpy as np
import pandas as pd

from auxon.sim.belt_bound import society_per_year, sunniest_w_m2
from auxon.sim.bound import bound
from auxon.sim.scenario import Scenario

from . import charts

_MANY = 10_000
_TRAIL_YEARS = 1.0
"""Growth is that over the year before, as in `auxon.sim.share`."""


def growth_per_year(curve: pd.DataFrame) -> float | None:
    """Return how fast mass grew over the last year, None before anything can be said."""
    years, mass = curve.years.to_numpy(), curve.mass_kg.to_numpy()
    first = int(np.searchsorted(years, years[-1] - _TRAIL_YEARS))
    if years[-1] - years[first] < _TRAIL_YEARS / 10 or mass[first] <= 0 or mass[-1] <= 0:
        return None
    return float(np.log(mass[-1] / mass[first]) / (years[-1] - years[first]))


def bound_per_year(scenario: Scenario) -> float | None:
    """Return the fastest growth there can be, of a body alone or of a society across a belt.

    It is that in the mean sunlight of the body, or of the sunniest one. None where nothing can
    grow, and across a belt of very many bodies, where it takes minutes.
    """
    if scenario.belt and len(scenario.belt.bodies) > _MANY:
        return None
    if scenario.belt:
        rate = society_per_year(scenario, sunniest_w_m2(scenario))
    else:
        rate = bound(scenario).rate_per_year
    return rate if np.isfinite(rate) else None


def population(curve: pd.DataFrame, marks: list[float]) -> charts.Option:
    """Draw robots by species over time; upright lines where it branched."""
    species = {c: c.removeprefix("species ") for c in curve.columns if c.startswith("species ")}
    last = curve.iloc[-1]
    most = sorted(species, key=lambda c: -last[c])
    shown = {c: species[c] for c in most[: len(charts.COLOURS) - 1]}
    frame = curve
    if len(most) > len(shown):
        frame = curve.assign(others=curve[most[len(shown) :]].sum(axis=1))
        shown["others"] = "others"
    return charts.lines(frame, "years", shown, y_name="robots", log=True, marks=marks)


def power(curve: pd.DataFrame) -> charts.Option:
    """Draw power that there is and power that the work at hand would take."""
    names = {"power_supply_kW": "supply", "power_demand_kW": "wanted"}
    return charts.lines(curve, "years", names, y_name="kW")


def doing(tasks: dict[str, int], most: int = 12) -> charts.Option:
    """Draw how many healthy robots are on each task."""
    frame = pd.DataFrame({"task": list(tasks), "robots": list(tasks.values())})
    frame = frame.sort_values("robots", ascending=False, kind="stable")
    return charts.bars(_with_others(frame, "task", "robots", most), "task", "robots", unit="robots")


def stocks(stock_kg: dict[str, float], most: int = 12) -> charts.Option:
    """Draw what lies in stock, the heaviest first; rock in place does not count."""
    frame = pd.DataFrame({"material": list(stock_kg), "kg": list(stock_kg.values())})
    frame = frame.sort_values("kg", ascending=False, kind="stable").head(most)
    return charts.bars(frame, "material", "kg", unit="kg", log=True)


def _with_others(frame: pd.DataFrame, name: str, value: str, most: int) -> pd.DataFrame:
    if len(frame) <= most:
        return frame
    rest = pd.DataFrame({name: ["all others"], value: [frame[value].iloc[most - 1 :].sum()]})
    return pd.concat([frame.head(most - 1), rest], ignore_index=True)
