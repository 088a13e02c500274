"""Draws a porkchop chart: delta-v over departure and time of flight, the best flights marked."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.colors import LogNorm
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator

from .files import whole
from .porkchop import Flight, Porkchop

_STYLE: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": "#606060",
    "xtick.color": "#404040",
    "ytick.color": "#404040",
    "savefig.dpi": 140,
}
_SPAN = 4.0
"""Costs above so many times the least are left white."""
_STEPS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Between lines of equal cost, km/s."""
_JD_OF_DAY_0 = 1721424.5
"""Julian date of the day before 0001-01-01."""
_JD_OF_MATPLOTLIB = 2440587.5
"""Julian date of 1970-01-01, from which matplotlib counts days."""


def julian_date(day: date) -> float:
    """Return the Julian date at which a day of the calendar begins."""
    return day.toordinal() + _JD_OF_DAY_0


def calendar_date(jd: float) -> date:
    """Return the day of the calendar nearest to a Julian date."""
    return date(1, 1, 1) + timedelta(days=round(jd - _JD_OF_DAY_0) - 1)


def draw_porkchop(
    chart: Porkchop, flights: Sequence[Flight], origin: str, target: str, path: Path
) -> None:
    """Draw a chart as a PNG.

    Parameters
    ----------
    chart : Porkchop
        At least two days of departure and two times of flight.
    flights : sequence of Flight
        Marked and numbered in this order; the first is called the best.
    origin, target : str
        Names of both bodies.
    path : Path
        Where to write; folders are made.
    """
    km_s = np.ma.masked_invalid(chart.delta_v_m_s.T / 1000)
    least = float(km_s.min())
    levels = _levels(least)
    with rc_context(_STYLE):
        figure = Figure(figsize=(9.5, 6.2), layout="constrained")
        axes = figure.subplots()
        days = chart.departures_jd - _JD_OF_MATPLOTLIB
        years = chart.tof_d / 365.25
        shown = np.geomspace(least, least * _SPAN, 60)
        filled = axes.contourf(
            days, years, km_s, levels=shown, cmap=colormaps["viridis_r"],
            norm=LogNorm(least, least * _SPAN), extend="neither",
        )  # fmt: skip
        lines = axes.contour(
            days, years, km_s, levels=levels, colors="white", linewidths=0.7, alpha=0.9
        )
        axes.clabel(lines, fmt=lambda value: f"{value:g}", fontsize=8, colors="white")
        outline = [withStroke(linewidth=2.5, foreground="#202020")]
        for rank, one in enumerate(flights, 1):
            at = (one.departure_jd - _JD_OF_MATPLOTLIB, one.tof_d / 365.25)
            axes.plot(
                *at, marker="*" if rank == 1 else "o", markersize=15 if rank == 1 else 6,
                color="#D55E00", markeredgecolor="white", markeredgewidth=1.0, clip_on=False,
                zorder=5,
            )  # fmt: skip
            axes.annotate(
                str(rank), at, xytext=(8, 5), textcoords="offset points", color="white",
                fontweight="bold", path_effects=outline, zorder=6, annotation_clip=False,
            )  # fmt: skip
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.set_xlabel("departure")
        axes.set_ylabel("time of flight, years")
        axes.set_title(f"{origin} to {target}: both burns of a direct transfer")
        bar = figure.colorbar(filled, ax=axes, pad=0.015, ticks=levels)
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.ax.set_yticklabels([f"{each:g}" for each in levels])
        bar.set_label("delta-v, km/s")
        if flights:
            best = flights[0]
            leave = calendar_date(best.departure_jd)
            arrive = calendar_date(best.departure_jd + best.tof_d)
            figure.text(
                0.01, 0.005,
                f"★ best: leave {leave}, arrive {arrive} after {best.tof_d:,.0f} days; "
                f"{best.departure_m_s / 1000:.2f} + {best.arrival_m_s / 1000:.2f} = "
                f"{best.delta_v_m_s / 1000:.2f} km/s",
                fontsize=9, color="#404040",
            )  # fmt: skip
            figure.get_layout_engine().set(rect=(0, 0.03, 1, 0.97))  # type: ignore[union-attr, call-arg]
        with whole(path) as draft:
            figure.savefig(draft, format="png")


def _levels(least_km_s: float) -> list[float]:
    """Return round values of some ten lines, closer where it is cheap."""
    levels: list[float] = []
    value = least_km_s
    while value < least_km_s * _SPAN:
        step = min((each for each in _STEPS if each >= 0.15 * value), default=_STEPS[-1])
        value = step * (np.floor(value / step + 1e-9) + 1)
        levels.append(float(value))
    return levels[:-1]
