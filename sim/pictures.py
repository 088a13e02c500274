"""Pictures of a run, drawn from its tables alone.

Colours are Okabe and Ito's, which the colour-blind can tell apart; lines carry their names, so that
no legend need be searched.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from . import records
from .errors import UsageError
from .files import whole

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
GREY = "#B8B8B8"

_STYLE: dict[Any, Any] = {
    "font.size": 9.5,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#606060",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "xtick.color": "#404040",
    "ytick.color": "#404040",
    "figure.dpi": 120,
    "savefig.dpi": 120,
}
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.6g}")
_LABELLED = 8
_LABEL_GAP = 0.052
"""Least distance of two names at the end of lines, as a share of the axis."""

Table = Callable[[str], pd.DataFrame]


def draw(folder: Path) -> list[Path]:
    """Draw every picture of a run.

    Parameters
    ----------
    folder : Path
        Of the run; its ``tables`` are read, ``pictures`` are written.

    Returns
    -------
    list of Path
        The PNG files, the overview first.

    Raises
    ------
    UsageError
        There are no tables.
    """
    tables: dict[str, pd.DataFrame] = {}

    def table(name: str) -> pd.DataFrame:
        if name not in tables:
            tables[name] = records.read(folder / "tables", name).to_pandas()
        return tables[name]

    if table("series").empty:
        raise UsageError(
            f"{folder} holds no tables of a run; expected a folder made by 'auxon run'; name one"
        )
    panels: dict[str, Callable[[Axes, Table], None]] = {
        "population": _population,
        "mass": _mass,
        "power": _power,
        "waiting": _waiting,
        "stocks": _stocks,
        "flows": _flows,
        "losses": _losses,
        "growth": _growth,
    }
    across = not table("bodies").empty
    made = _draw_wave(folder, table) if across else []
    with rc_context(_STYLE):
        if not across:
            figure = Figure(figsize=(12, 7.6), layout="constrained")
            figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)  # type: ignore[union-attr, call-arg]
            for axes, name in zip(figure.subplots(2, 2).flat, panels, strict=False):
                panels[name](axes, table)
            made.append(_save(figure, folder, "overview"))
        for name, panel in panels.items():
            figure = Figure(figsize=(8, 5), layout="constrained")
            panel(figure.subplots(), table)
            made.append(_save(figure, folder, name))
    return made


def _draw_wave(folder: Path, table: Table) -> list[Path]:
    """Draw what only a run across a belt has, the overview first."""
    from . import wave_pictures as wave  # it takes style and lines from here

    belt = wave.Belt(table)
    made = []
    with rc_context(_STYLE):
        figure = Figure(figsize=(14, 12.5), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)  # type: ignore[union-attr, call-arg]
        wave.overview(figure, belt)
        made.append(_save(figure, folder, "overview"))
        figure = Figure(figsize=(12.5, 9.2), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.12)  # type: ignore[union-attr, call-arg]
        wave.maps(figure, belt)
        made.append(_save(figure, folder, "maps"))
        for name, panel in wave.PANELS.items():
            tall = 5.0 if name != "expeditions" else float(np.clip(len(belt.came) * 0.17, 5, 16))
            figure = Figure(
                figsize=(8 if name != "expeditions" else 10, tall), layout="constrained"
            )
            panel(figure.subplots(), belt)
            made.append(_save(figure, folder, name))
    return made


def _save(figure: Figure, folder: Path, name: str) -> Path:
    path = folder / "pictures" / f"{name}.png"
    with whole(path) as draft:
        figure.savefig(draft, format="png")
    return path


# ------------------------------------------------------------------ panels


def _population(axes: Axes, table: Table) -> None:
    rows = table("population")
    count = (rows.healthy + rows.broken).rename("robots")
    wide = rows.assign(robots=count).pivot_table(
        "robots", "years", "species", aggfunc="sum", observed=True
    )
    _lines(axes, wide[wide.columns[wide.max() > 0]])
    axes.set_title("Robots by species")
    axes.set_ylabel("robots")


def _mass(axes: Axes, table: Table) -> None:
    series = table("series").set_index("years")
    _lines(
        axes,
        pd.DataFrame(
            {
                "rock dug": series.rock_used_kg / 1000,
                "robots": series.mass_kg / 1000,
                "imports": series.imported_kg / 1000,
            }
        ),
    )
    axes.set_title("Mass")
    axes.set_ylabel("tonnes")


def _power(axes: Axes, table: Table) -> None:
    series = table("series").set_index("years")
    supply, demand = series.power_supply_kW, series.power_demand_kW
    # demand jumps where work waits: a mean over a sixtieth of the run is drawn on top
    smooth = demand.rolling(max(1, len(demand) // 60), center=True, min_periods=1).mean()
    _lines(axes, pd.DataFrame({"supply": supply, "demand": smooth}))
    axes.plot(series.index, demand.where(demand > 0), color=COLOURS[1], lw=0.6, alpha=0.3, zorder=1)
    axes.set_title("Electric power")
    axes.set_ylabel("kW")


def _waiting(axes: Axes, table: Table) -> None:
    rows, records_made = table("waiting"), len(table("series"))
    across = not table("bodies").empty
    axes.set_title(f"What the longest-waiting order{' of a site' * across} lacked, whole run")
    if rows.empty:
        return _say(axes, "nobody had to wait")
    once = ["step", "material"]
    if across:  # one order of each inhabited site is in the table
        once, records_made = [*once, "site"], table("series").inhabited.sum()
    else:
        rows = rows[rows.waited_days == rows.groupby("step").waited_days.transform("max")]
    share = rows.drop_duplicates(once).groupby("material", observed=True).size() / records_made
    _bars(axes, share.sort_values(ascending=False).head(_LABELLED), "{:.0%}")
    axes.set_xlabel("share of the time" + " and of the sites" * across)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _stocks(axes: Axes, table: Table) -> None:
    rows = table("stocks")
    rock = table("sites").rock_left_kg.iloc[0]
    wide = rows.pivot_table("kg", "years", "material", aggfunc="sum", observed=True) / 1000
    wide = wide[wide.columns[(wide.max() > 0) & ~(wide.iloc[0] * 1000 >= 0.99 * rock)]]
    largest = wide.ffill().iloc[-1].sort_values(ascending=False).index[:_LABELLED]
    _lines(axes, wide[list(largest)])
    axes.set_title("Largest stocks, the rock in place apart")
    axes.set_ylabel("tonnes")


def _flows(axes: Axes, table: Table) -> None:
    rows = table("flows")
    axes.set_title("Mass taken in by each process, whole run")
    if rows.empty:
        return _say(axes, "nothing ran")
    tonnes = rows.groupby("process", observed=True).kg.sum() / 1000
    tonnes = tonnes[tonnes > 0].sort_values(ascending=False).head(16)
    _bars(axes, tonnes, "{:,.3g}" if tonnes.max() < 1000 else "{:,.0f}")
    axes.set_xlabel("tonnes")
    axes.xaxis.set_major_formatter(_THOUSANDS)


def _losses(axes: Axes, table: Table) -> None:
    rows = table("events")
    axes.set_title("Failures, and retirements at the end of life, whole run")
    rows = rows[rows.event.isin(["failure", "death"])]
    if rows.empty:
        return _say(axes, "nothing failed, nobody retired")
    wide = rows.pivot_table("count", "species", "event", aggfunc="sum", observed=True)
    wide = wide.reindex(columns=["failure", "death"]).fillna(0)
    wide = wide.loc[wide.sum(axis=1).sort_values(ascending=False).index][:12][::-1]
    for i, (event, name) in enumerate((("failure", "failures"), ("death", "retirements"))):
        place = np.arange(len(wide)) + (0.19 if i == 0 else -0.19)
        axes.barh(place, wide[event], 0.36, color=COLOURS[i], label=name)
    axes.set_yticks(range(len(wide)), [_plain(n) for n in wide.index])
    axes.grid(False, axis="y")
    axes.legend(loc="lower right", frameon=False)
    axes.set_xlabel("events")
    axes.xaxis.set_major_formatter(_THOUSANDS)


def _growth(axes: Axes, table: Table) -> None:
    rows = table("growth").set_index("years")
    axes.set_title("Growth of mass over the year before, beside its bound")
    if not rows.rate_per_year.notna().any():
        return _say(axes, "too short to tell")
    axes.axhline(0, color="#606060", lw=0.8)
    axes.plot(rows.index, rows.rate_per_year, color=COLOURS[0])
    axes.plot(rows.index, rows.bound_per_year, color=COLOURS[1], ls="--")
    last = rows.ffill().iloc[-1]
    for name, value, colour in (
        ("growth", last.rate_per_year, COLOURS[0]),
        ("bound", last.bound_per_year, COLOURS[1]),
    ):
        if np.isfinite(value):
            axes.annotate(
                name, (1.015, value), xycoords=("axes fraction", "data"), color=colour, size=9
            )
    axes.set_ylabel("per year")
    axes.set_xlabel("years")
    axes.set_xlim(rows.index.min(), rows.index.max())


# ------------------------------------------------------------------ parts of a panel


def _lines(axes: Axes, wide: pd.DataFrame) -> None:
    """Draw a line for each column over years, on a log axis; name the largest at their ends."""
    # species and materials are categories: plain names sort and index as usual
    wide = wide.set_axis([str(c) for c in wide.columns], axis=1).astype(float)
    wide = wide.where(wide > 0)
    wide = wide[wide.columns[wide.notna().any()]]
    last = wide.ffill().iloc[-1]
    named = list(wide.columns)  # few lines keep their colours from run to run
    if len(named) > _LABELLED:
        named = list(wide.max().sort_values(ascending=False, kind="stable").index)
    for name in named[_LABELLED:]:
        axes.plot(wide.index, wide[name], color=GREY, lw=0.9, zorder=1)
    named = named[:_LABELLED]
    for name, colour in zip(named, COLOURS, strict=False):
        axes.plot(wide.index, wide[name], color=colour)
    axes.set_yscale("log")
    values = wide.to_numpy()
    if np.isfinite(values).any():
        highest = np.nanmax(values)
        axes.set_ylim(max(np.nanmin(values), highest * 1e-4) / 1.25, highest * 1.6)
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_major_formatter(_THOUSANDS)
    axes.yaxis.set_minor_formatter(NullFormatter())
    if len(wide) > 1:
        axes.set_xlim(wide.index.min(), wide.index.max())
    axes.set_xlabel("years")
    _name_ends(axes, named, [float(last[n]) for n in named])
    if len(last) > _LABELLED:
        note = f"grey: {len(last) - _LABELLED} more"
        axes.text(0.015, 0.97, note, transform=axes.transAxes, va="top", color="#808080", size=8.5)


def _name_ends(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    """Write each name right of the axis at its value, moved apart where names would overlap."""
    low, high = np.log(axes.get_ylim())
    wanted = (np.log(np.maximum(values, np.exp(low))) - low) / (high - low)
    order = np.argsort(-wanted)
    place = wanted.copy()
    for above, below in pairwise(order):
        place[below] = min(place[below], place[above] - _LABEL_GAP)
    floor = 0.0
    for upper in order[::-1]:  # push up again what sank below the axis
        place[upper] = max(place[upper], floor)
        floor = place[upper] + _LABEL_GAP
    for name, y, colour in zip(names, place, COLOURS, strict=False):
        axes.text(
            1.015, y, _plain(name), transform=axes.transAxes, color=colour, va="center", size=9
        )


def _bars(axes: Axes, values: "pd.Series[float]", number: str) -> None:
    """Draw horizontal bars, the first on top, each with its number."""
    names = [_plain(n) for n in values.index][::-1]
    bars = axes.barh(names, values.to_numpy()[::-1], color=COLOURS[0], height=0.68)
    axes.bar_label(bars, [number.format(v) for v in values.to_numpy()[::-1]], padding=4, size=9)
    axes.set_ylim(len(names) - max(len(names), 6) - 0.6, len(names) - 0.4)  # a lone bar stays slim
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    axes.tick_params(axis="y", length=0)


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color="#808080")
    axes.set_axis_off()


def _plain(name: str) -> str:
    return str(name).replace("_", " ")
