"""Any table with one row a run, of a sweep or an evaluation: a plot of column by column."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from auxon.comparison import mean_interval
from auxon.sim.errors import ResumeError

from . import charts

FILES = ("runs.parquet", "colonies.parquet")
"""Of a sweep; of an evaluation."""
_MOST_DOTS = 4000
"""More points than that are thinned evenly; means are of all of them."""
_MOST_PLACES = 40
"""Distinct abscissae beyond which runs are not put together into means."""


def read(path: Path) -> pd.DataFrame:
    """Return a table of results.

    Raises
    ------
    ResumeError
        It cannot be read, or has no row.
    """
    try:
        frame = pq.read_table(path).to_pandas()
    except (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        first = (str(error).splitlines() or ["unknown"])[0]
        raise ResumeError(
            f"{path}: cannot be read ({first}); expected a Parquet table; make it anew"
        ) from None
    if frame.empty:
        raise ResumeError(f"{path}: has no row yet; expected one a run; wait for the first")
    return frame


def numbers(frame: pd.DataFrame) -> list[str]:
    """Return the columns that can be an ordinate."""
    return [c for c in frame.columns if is_numeric_dtype(frame[c])]


def groupings(frame: pd.DataFrame) -> list[str]:
    """Return the columns that can tell groups apart: few values, each of several rows."""
    few = len(charts.COLOURS)
    return [
        c
        for c in frame.columns
        if frame[c].map(type).isin((str, bool, int, np.bool_, np.int64)).all()
        and 1 < frame[c].nunique() <= few
    ]


def means(frame: pd.DataFrame, x: str, y: str, group: str | None) -> pd.DataFrame:
    """Return means of `y` by `x` and group, with 95 % intervals.

    Columns: group, x, n, mean, low, high; low and high are missing for a single row.
    """
    keys = [x] if group is None or group == x else [group, x]
    rows = []
    for place, one in frame.groupby(keys, sort=True, observed=True):
        values = one[y].to_numpy(float)
        values = values[np.isfinite(values)]
        if len(values):
            name = str(place[0]) if len(keys) == 2 else ""
            rows.append((name, place[-1], len(values), *mean_interval([values])))
    return pd.DataFrame(rows, columns=["group", "x", "n", "mean", "low", "high"])


def spread(
    frame: pd.DataFrame, x: str, y: str, group: str | None = None, *, log: bool = False
) -> charts.Option:
    """Draw rows as dots, and means with 95 % intervals where several rows share an abscissa.

    Parameters
    ----------
    x, y, group : str
        Columns; `y` of numbers. `x` may be anything.
    log : bool
        Logarithmic ordinate; what is not above zero is left out.
    """
    ordinal = not is_numeric_dtype(frame[x]) or is_bool_dtype(frame[x])
    kept = frame[np.isfinite(frame[y].astype(float))]
    kept = kept[kept[y] > 0] if log else kept
    names = [str(v) for v in kept[x].drop_duplicates().sort_values()] if ordinal else []
    together = kept[x].nunique() <= _MOST_PLACES and len(kept) > kept[x].nunique()
    by = [("", kept)] if group is None else list(kept.groupby(group, sort=True, observed=True))
    series: list[charts.Option] = []
    for n, (name, one) in enumerate(by):
        # side by side where there is a place for each name
        aside = (n - (len(by) - 1) / 2) / (len(by) + 1) if ordinal else 0.0
        where = {v: i + aside for i, v in enumerate(names)} if ordinal else None
        colour, called = charts.COLOURS[n % len(charts.COLOURS)], str(name) or y
        dots = charts.thinned(one, _MOST_DOTS // len(by))
        series.append(
            {
                "type": "scatter", "name": called, "data": _points(dots, x, y, where),
                "symbolSize": 6, "color": colour,
                "itemStyle": {"opacity": 0.25 if together else 0.8},
            }
        )  # fmt: skip
        if together:
            series += _marks(means(one, x, y, None), called, colour, where, log)
    base: charts.Option = {"name": x, "nameLocation": "middle", "nameGap": 24}
    across: list[charts.Option] = [base | {"type": "value", "scale": True}]
    if ordinal:
        # names stand in the middle of bands, dots at numbers on an axis that is not shown
        across = [
            base | {"type": "category", "data": names},
            {"type": "value", "show": False, "min": -0.5, "max": len(names) - 0.5},
        ]
        series = [one | {"xAxisIndex": 1, "encode": {"tooltip": [1]}} for one in series]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 30, "bottom": 56, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "legend": {"type": "scroll", "bottom": 0, "data": [str(k) or y for k, _ in by]},
        "xAxis": across,
        "yAxis": {
            "type": "log" if log else "value", "name": y, "scale": True,
            "axisLine": {"onZero": False}, "nameTextStyle": {"align": "left"},
        },
        "series": series,
    }  # fmt: skip


Places = Mapping[str, float] | None
"""Where names stand; None: abscissae are numbers."""


def _at(value: Any, where: Places) -> float:
    return float(value) if where is None else where[str(value)]


def _points(frame: pd.DataFrame, x: str, y: str, where: Places) -> list[list[float]]:
    return [
        [_at(a, where), float(f"{float(b):.6g}")] for a, b in zip(frame[x], frame[y], strict=True)
    ]


def _marks(
    found: pd.DataFrame, name: str, colour: str, where: Places, log: bool
) -> list[charts.Option]:
    """Return means as diamonds and their intervals as upright strokes."""
    middle: list[list[float]] = []
    strokes: list[list[float | None]] = []
    for place, mean, low, high in zip(found.x, found["mean"], found.low, found.high, strict=True):
        at = _at(place, where)
        middle.append([at, float(f"{mean:.6g}")])
        if np.isfinite(low) and not (log and low <= 0):
            strokes += [[at, float(low)], [at, float(high)], [None, None]]
    return [
        {
            "type": "line", "name": name, "data": strokes, "showSymbol": False, "silent": True,
            "color": colour, "lineStyle": {"width": 3}, "z": 4,
        },
        {
            "type": "scatter", "name": name, "data": middle, "symbol": "diamond",
            "symbolSize": 13, "color": colour, "z": 5,
        },
    ]  # fmt: skip
