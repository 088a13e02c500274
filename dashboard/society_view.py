"""A society over time: generations, division of labour, deaths; no Streamlit.

Nothing reads all of the table `lineage`: a society of a million robots has as many rows.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auxon.sim.industry import Industry

from . import charts
from .shelf import Run
from .site_view import task_seconds

OLD_AGE, PAST_REPAIR, WITH_SHIP = "end of life", "failed past repair", "lost with a ship"
"""Causes of death."""
BUILDS, REPAIRS = "building robots", "repairing robots"
"""Groups of tasks beside those of the machines that run processes."""
_BANDS = 8
"""Groups of generations that colours tell apart."""
_BINS = 80
"""Of time, where shares are drawn: so many points tell all."""

F64 = NDArray[np.float64]


def over_time(
    frame: pd.DataFrame, unit: str, *, log: bool = False, share: bool = False
) -> charts.Option:
    """Draw all columns over years since the start; shares fill the height."""
    names = [c for c in frame.columns if c != "years"]
    option = charts.lines(frame, "years", names, y_name=unit, log=log, stacked=share)
    option["xAxis"]["min"] = 0
    if share:
        option["yAxis"]["max"] = 100
    return option


def births(run: Run) -> pd.DataFrame:
    """Return when robots were built and ended, their species, design and generation."""
    columns = ["origin_time", "destruction_time", "species", "design", "generation"]
    return run.table("lineage", columns)


def bands(last: int) -> list[tuple[int, int]]:
    """Return groups of generations 0 to `last`, first and last of each, at most eight."""
    width = -(-(last + 1) // _BANDS)
    return [(a, min(last, a + width - 1)) for a in range(0, last + 1, width)]


def generations(born: pd.DataFrame) -> pd.DataFrame:
    """Return the share of births by group of generations, per cent, over years; founders apart.

    Bins of time in which nobody was born are left out.
    """
    built = born[born.generation > 0]
    if built.empty:
        return pd.DataFrame({"years": []})
    years, n = built.origin_time.to_numpy(), built.generation.to_numpy()
    edges = np.linspace(years.min(), max(years.max(), years.min() + 1e-6), _BINS + 1)
    groups = bands(int(n.max()))
    lower = [a for a, _ in groups] + [groups[-1][1] + 1]
    counts, _, _ = np.histogram2d(years, n, bins=(edges, np.array(lower) - 0.5))
    kept = counts.sum(1) > 0
    share = 100 * counts[kept] / counts[kept].sum(1, keepdims=True)
    columns = {_band(max(1, a), b): share[:, i] for i, (a, b) in enumerate(groups) if b > 0}
    return pd.DataFrame({"years": (edges[1:] + edges[:-1])[kept] / 2} | columns)


def _band(first: int, last: int) -> str:
    return f"generation {first}" if first == last else f"generations {first} to {last}"


def depth(born: pd.DataFrame) -> pd.DataFrame:
    """Return the mean and the last generation of those built, by bin of time."""
    years = born.origin_time.to_numpy()
    if not len(years):
        return pd.DataFrame({"years": []})
    edges = np.linspace(0, max(years.max(), 1e-6), _BINS + 1)
    at = np.clip(np.digitize(years, edges) - 1, 0, _BINS - 1)
    found = born.generation.groupby(at).agg(["mean", "max"])
    found.insert(0, "years", edges[found.index.to_numpy() + 1])
    return found.reset_index(drop=True)


def labour(run: Run, industry: Industry) -> pd.DataFrame:
    """Return the share of machine time by group of tasks, per cent, over years.

    A group is what a species of machine runs, or building, or repairing.
    """
    flows = run.table("flows", ["years", "process", "runs"])
    if flows.empty:
        return pd.DataFrame()
    flows = flows.groupby(["years", "process"], observed=True).runs.sum().reset_index()
    names = flows.process.astype(str)
    groups = {p.name: p.machine.replace("_", " ") for p in industry.processes.values()}
    groups |= {f"build {k}": BUILDS for k in industry.species}
    groups |= {f"repair {k}": REPAIRS for k in industry.species}
    flows["group"] = names.map(groups).fillna("unknown")
    flows["hours"] = flows.runs * names.map(task_seconds(industry)).fillna(0) / 3600
    flows["years"] = _binned(flows.years.to_numpy(float))
    spread = _by_size(flows, "group", "hours")
    columns = [c for c in spread.columns if c != "years"]
    total = spread[columns].sum(axis=1).replace(0, np.nan)
    spread[columns] = 100 * spread[columns].div(total, axis=0)
    return spread.dropna(ignore_index=True)


def _binned(years: F64) -> F64:
    """Return the end of the bin that each moment falls into."""
    last = max(float(years.max()), 1e-9)
    ends: F64 = np.ceil(np.maximum(years, 1e-12) / last * _BINS - 1e-9) * last / _BINS
    return ends


def _by_size(rows: pd.DataFrame, by: str, value: str) -> pd.DataFrame:
    """Return columns over years, those with the greatest sums first; the rest as *others*."""
    total = rows.groupby(by, observed=True)[value].sum().sort_values(ascending=False)
    few = set(total.index[: len(charts.COLOURS) - (len(total) > len(charts.COLOURS))].astype(str))
    named = rows[by].astype(str)
    named = named.where(named.isin(few), "others")
    spread = rows.assign(**{by: named}).pivot_table(
        index="years", columns=by, values=value, aggfunc="sum", fill_value=0
    )
    order = sorted(spread.columns, key=lambda c: (c == "others", -spread[c].sum()))
    return spread[order].rename_axis(columns=None).reset_index()


def population(run: Run) -> pd.DataFrame:
    """Return robots by species over years, the rest as *others*."""
    rows = run.table("population", ["years", "species", "healthy", "broken"])
    rows["robots"] = rows.healthy + rows.broken
    return _by_size(rows, "species", "robots") if len(rows) else pd.DataFrame()


def designs(born: pd.DataFrame) -> pd.DataFrame:
    """Return how many robots of each design were built: design, robots."""
    found = born.design.value_counts().sort_index()
    return pd.DataFrame({"design": found.index, "robots": found.to_numpy()})


def by_lineage(run: Run, column: str) -> pd.DataFrame:
    """Return a column of the table ``lineages`` over years, one column a lineage."""
    rows = run.table("lineages", ["years", "lineage", column])
    if rows.empty:
        return pd.DataFrame()
    return charts.wide(rows, "years", "lineage", column)


def deaths(run: Run) -> pd.DataFrame:
    """Return why robots ended: species, a column for each cause, all; the most first."""
    rows = run.table("events", ["event", "species", "count"])
    rows = rows[rows.event.isin(["death", "wrecked", "wreck"])]
    if rows.empty:
        return pd.DataFrame()
    spread = rows.assign(species=rows.species.astype(str), event=rows.event.astype(str))
    found = spread.pivot_table(
        index="species", columns="event", values="count", aggfunc="sum", fill_value=0
    ).reindex(columns=["death", "wrecked", "wreck"], fill_value=0)
    # one that failed past repair counts as a death, too
    causes = pd.DataFrame(
        {OLD_AGE: found.death - found.wrecked, PAST_REPAIR: found.wrecked, WITH_SHIP: found.wreck}
    ).astype(int)
    causes["all"] = causes.sum(axis=1)
    return causes.sort_values("all", ascending=False).reset_index()


def deaths_chart(found: pd.DataFrame) -> charts.Option:
    """Draw `deaths` as bars, causes one behind the other."""
    option = charts.bars(found, "species", "all", unit="robots")
    option["legend"] = {"type": "scroll", "top": 0, "left": 0}
    option["grid"] |= {"top": 34}
    option["series"] = [
        {
            "type": "bar", "stack": "all", "name": cause, "data": found[cause].tolist(),
            "color": colour, "barMaxWidth": 18,
        }
        for cause, colour in zip(
            (OLD_AGE, PAST_REPAIR, WITH_SHIP), charts.COLOURS, strict=False
        )
        if found[cause].any()
    ]  # fmt: skip
    return option


def ages(born: pd.DataFrame) -> pd.DataFrame:
    """Return how many robots ended at what age: years, and a column for each species."""
    over = born[np.isfinite(born.destruction_time)]
    if over.empty:
        return pd.DataFrame()
    age = (over.destruction_time - over.origin_time).to_numpy()
    edges = np.linspace(0, max(float(age.max()), 1e-6), 25)
    middle = (edges[1:] + edges[:-1]) / 2
    at = np.clip(np.digitize(age, edges) - 1, 0, len(middle) - 1)
    rows = pd.DataFrame({"years": middle[at], "species": over.species.astype(str), "n": 1})
    spread = _by_size(rows, "species", "n").set_index("years").reindex(middle, fill_value=0)
    return spread.rename_axis("years").reset_index()


def histogram(found: pd.DataFrame, x: str) -> charts.Option:
    """Draw columns over a column of ages in years as upright bars, one on the other."""
    ages = [f"{v:.2g}" if v < 10 else f"{v:.0f}" for v in found[x]]
    return charts.columns(found.assign(**{x: ages}), x, x_name="age, years", y_name="robots")


def per_year(run: Run) -> pd.DataFrame:
    """Return births, deaths and losses with ships in each year, by the year's end.

    A run's last year may not be a whole one; its numbers are those until then.
    """
    rows = run.table("series", ["years", "births", "deaths", "wrecks"])
    if len(rows) < 2:
        return pd.DataFrame()
    long = float(rows.years.iloc[-1])
    width = 1.0 if long > 3 else long / 20
    edges = np.arange(0, long + width, width)
    found = []
    for a, b in pairwise(edges):
        inside = rows[(rows.years > a + 1e-9) & (rows.years <= b + 1e-9)]
        if len(inside):
            until = min(b, long)
            per = inside[["births", "deaths", "wrecks"]].sum() / max(until - a, 1e-9)
            found.append((until, *per))
    return pd.DataFrame(found, columns=["years", "births", "deaths", "lost with ships"])
