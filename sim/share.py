"""How fast a run grew, year by year, and what share of its bound that was.

Across a belt the bound is the society's (`auxon.sim.belt_bound`), in the light that falls on the
home body then, or on the sunniest body on average, whichever is more. From the first record on at
which there are as many robots as the first sites may hold (`rules.most_robots` each), it is that of
a society with full sites. That holds in the long run only: sites that were founded together may
fill together, and pass it for some time. Over a time that lies on both sides the mean counts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import records
from .balance import balance
from .belt_bound import sites_per_year, society_per_year, sunniest_w_m2
from .errors import UsageError
from .orbit import YEAR_DAYS, flux_w_m2
from .scenario import Scenario
from .technology import technology

F64 = NDArray[np.float64]

SETTLED = 100
"""Robots from which on growth is measured: before, every single machine counts."""
_TRAIL_YEARS = 1.0
"""A rate of growth is taken over the year before, or a tenth of the run if that is less."""


@dataclass(frozen=True)
class Share:
    """Growth of a run beside its bound.

    Attributes
    ----------
    rate_per_year, bound_per_year : float or None
        Least squares of log mass over the years of growth; the bound in their mean sunlight. None:
        its mass did not double in them; nothing can grow.
    years : (float, float) or None
        The years of growth: from the first record with `SETTLED` robots (from the start, if less
        than a doubling is left) to the first with half of the greatest mass. What comes after is a
        ceiling or a decline.
    """

    rate_per_year: float | None
    bound_per_year: float | None
    years: tuple[float, float] | None

    @property
    def of_bound(self) -> float | None:
        """Rate over bound; None without either, or if not even the bound grows."""
        if self.rate_per_year is None or self.bound_per_year is None or self.bound_per_year <= 0:
            return None
        return self.rate_per_year / self.bound_per_year


def measure(scenario: Scenario, tables: Path) -> Share:
    """Measure growth, and write the table ``growth``.

    Parameters
    ----------
    scenario : Scenario
    tables : Path
        Folder of the run's tables, flushed.
    """
    series = records.read(tables, "series")
    step = series["step"].to_numpy()
    years = series["years"].to_numpy()
    mass_kg = series["mass_kg"].to_numpy().astype(float)
    sun_w_m2 = _sunlight(scenario, step)
    bounds = _Bounds(scenario, sun_w_m2, series["robots"].to_numpy())
    trail = min(_TRAIL_YEARS, (years[-1] - years[0]) / 10) if len(years) else 0.0
    rate, bound = np.full(len(years), np.nan), np.full(len(years), np.nan)
    for i in range(1, len(years)):
        j = min(i - 1, int(np.searchsorted(years, years[i] - trail - 1e-9)))
        if mass_kg[i] > 0 and mass_kg[j] > 0:
            rate[i] = np.log(mass_kg[i] / mass_kg[j]) / (years[i] - years[j])
        bound[i] = bounds.over(j, i + 1)
    records.write_growth(
        tables,
        {"step": step, "years": years, "rate_per_year": rate, "bound_per_year": bound}
        | {
            "share_of_bound": np.divide(
                rate, bound, out=np.full_like(rate, np.nan), where=bound > 0
            )
        },
    )
    return _share(bounds, years, mass_kg, series["robots"].to_numpy())


class Yardstick:
    """The bound beside which colonies of one scenario are measured that share their records.

    Parameters
    ----------
    scenario : Scenario
        Without a belt.
    step : (n,) int64
        Of each record.
    """

    def __init__(self, scenario: Scenario, step: NDArray[np.int64]) -> None:
        nobody = np.zeros(len(step), np.int64)  # how many there are counts across a belt only
        self._bounds = _Bounds(scenario, _sunlight(scenario, step), nobody)
        self._years: F64 = step.astype(float) * scenario.rules.step_days / YEAR_DAYS

    def share(self, mass_kg: F64, robots: NDArray[np.int64]) -> Share:
        """Return how fast a colony grew, from its mass and robots at each record."""
        return _share(self._bounds, self._years, mass_kg, robots)


def _share(bounds: "_Bounds", years: F64, mass_kg: F64, robots: NDArray[np.int64]) -> Share:
    """Return growth over the years of growth beside the bound in their sunlight."""
    first, last = _years_of_growth(mass_kg, robots)
    if last <= first:
        return Share(None, _known(bounds.over(0, len(years))) if len(years) else None, None)
    window = slice(first, last + 1)
    x = years[window] - years[window].mean()
    slope = float(x @ np.log(mass_kg[window]) / (x @ x))
    of = _known(bounds.over(first, last + 1))
    return Share(slope, of, (float(years[first]), float(years[last])))


def _years_of_growth(mass_kg: F64, robots: NDArray[np.int64]) -> tuple[int, int]:
    """Return the first and last record of the years of growth; equal ones if it never doubled."""
    if not len(mass_kg) or mass_kg.max() < 2 * mass_kg[0]:
        return 0, 0
    last = max(1, int(np.argmax(mass_kg >= mass_kg.max() / 2)))
    settled = int(np.argmax(robots >= SETTLED))
    grown = robots[settled] >= SETTLED and mass_kg[last] >= 2 * mass_kg[settled]
    return (settled if grown else 0), last


def _sunlight(scenario: Scenario, step: NDArray[np.integer[Any]]) -> F64:
    """Return the sunlight at each record in W/m2, night taken off."""
    body = scenario.body
    days = scenario.rules.step_days
    flux = [flux_w_m2(body.a_au, body.e, body.M_deg, float(n) * days) for n in step]
    return np.array(flux) * scenario.site.sun_fraction


class _Bounds:
    """The bound as a function of sunlight: a parabola through the least, mean and greatest seen."""

    def __init__(self, scenario: Scenario, sun_w_m2: F64, robots: NDArray[np.int64]) -> None:
        self._fit: F64 | None = None
        self._sun_w_m2, self._scenario = sun_w_m2, scenario
        self._full = np.zeros(len(sun_w_m2), np.bool_)
        self._full_per_year = np.inf
        self._least_w_m2 = 0.0
        if not len(sun_w_m2):
            return
        seen = sun_w_m2
        if scenario.belt:
            self._least_w_m2 = sunniest_w_m2(scenario)
            seen = np.maximum(sun_w_m2, self._least_w_m2)
            sites = sum(len(lineage.bodies) for lineage in scenario.belt.lineages)
            reached = robots >= scenario.rules.most_robots * sites
            self._full = np.maximum.accumulate(reached)
        points = np.unique([seen.min(), seen.mean(), seen.max()])
        if scenario.belt:  # nearly straight so near, and each takes seconds
            points = points[[0, -1]]
        if points[-1] - points[0] < 1e-3 * points[-1]:
            points = points[-1:]
        found = [self._solve(float(p)) for p in points]
        if all(np.isfinite(found)):
            self._fit = np.polyfit(points, found, len(points) - 1)
        if self._full.any():
            self._full_per_year = sites_per_year(scenario)

    def _solve(self, sun_w_m2: float) -> float:
        """Return the bound per year, not finite if nothing can grow."""
        if self._scenario.belt:
            try:
                return society_per_year(self._scenario, sun_w_m2)
            except UsageError:  # a run is not to fail for want of its bound
                return np.nan
        found = balance(technology(self._scenario, sun_w_m2))
        return found.rate_per_year if found else -np.inf

    def over(self, first: int, end: int) -> float:
        """Return the bound per year over some records, nan if nothing can grow."""
        sun_w_m2 = max(float(self._sun_w_m2[first:end].mean()), self._least_w_m2)
        rate = self.at(sun_w_m2)
        full = float(self._full[first:end].mean())
        return (1.0 - full) * rate + full * min(rate, self._full_per_year) if full else rate

    def at(self, sun_w_m2: float) -> float:
        """Return the bound per year in some sunlight, nan if nothing can grow."""
        return float(np.polyval(self._fit, sun_w_m2)) if self._fit is not None else float("nan")


def _known(x: float) -> float | None:
    return x if np.isfinite(x) else None
