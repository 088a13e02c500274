"""Charts as functions of tables: each returns an option of Apache ECharts, plain data.

Colours are those of Okabe and Ito (2008), which the colour-blind tell apart; where there are more
than eight series the rest is summed up as *others*. Pages show them with `context.show`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Option = dict[str, Any]

COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#999999",
)
MOST_POINTS = 600
"""More points than pixels tell nothing, and each costs bytes at every refresh."""


def thinned(frame: pd.DataFrame, most: int = MOST_POINTS) -> pd.DataFrame:
    """Return at most so many rows, evenly chosen, the first and the last among them."""
    if len(frame) <= most:
        return frame
    return frame.iloc[np.unique(np.linspace(0, len(frame) - 1, most).round().astype(int))]


def lines(
    frame: pd.DataFrame,
    x: str,
    ys: Mapping[str, str] | Sequence[str],
    *,
    x_name: str = "years",
    y_name: str = "",
    log: bool = False,
    stacked: bool = False,
    marks: Sequence[float] = (),
) -> Option:
    """Draw columns over a column.

    Parameters
    ----------
    frame : DataFrame
    x : str
    ys : mapping of str to str, or sequence of str
        Columns, with what each is called.
    x_name, y_name : str
        With units.
    log : bool
        Logarithmic ordinate; what is not above zero is left out.
    stacked : bool
        One on the other, filled.
    marks : sequence of float
        Where upright lines stand.
    """
    named = dict(ys) if isinstance(ys, Mapping) else {y: y for y in ys}
    few = thinned(frame)
    at = few[x].to_numpy(float)
    series = []
    for n, (column, name) in enumerate(named.items()):
        values = few[column].to_numpy(float)
        kept = np.isfinite(values) & (values > 0 if log else True)
        points = (
            np.column_stack([at, values])[kept] if not stacked else np.column_stack([at, values])
        )
        one: Option = {
            "type": "line",
            "name": name,
            "data": _rounded(points),
            "showSymbol": False,
            "color": COLOURS[n % len(COLOURS)],
        }
        if stacked:
            one |= {"stack": "all", "areaStyle": {"opacity": 0.7}, "lineStyle": {"width": 0}}
        if marks and n == 0:
            one["markLine"] = {
                "symbol": "none",
                "silent": True,
                "label": {"show": False},
                "data": [{"xAxis": m} for m in marks],
            }
        series.append(one)
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 30, "bottom": 56, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "legend": {"type": "scroll", "bottom": 0},
        "xAxis": {
            "type": "value", "name": x_name, "nameLocation": "middle", "nameGap": 24,
            "min": "dataMin", "max": "dataMax",
            "axisLabel": {"showMinLabel": False, "showMaxLabel": False},
        },
        "yAxis": {"type": "log" if log else "value", "name": y_name, "nameLocation": "end"},
        "series": series,
    }  # fmt: skip


def wide(
    frame: pd.DataFrame, x: str, by: str, value: str, most: int = len(COLOURS)
) -> pd.DataFrame:
    """Turn rows into columns, the greatest first; beyond `most` columns the rest is *others*."""
    spread = frame.pivot_table(
        index=x, columns=by, values=value, aggfunc="sum", fill_value=0, observed=True
    )
    order = spread.iloc[-1].add(spread.mean() * 1e-6).sort_values(ascending=False).index
    spread = spread[order]
    if len(order) > most:
        rest = spread.iloc[:, most - 1 :].sum(axis=1)
        spread = spread.iloc[:, : most - 1].assign(others=rest)
    spread.columns = [str(c) for c in spread.columns]
    return spread.reset_index()


def bars(
    frame: pd.DataFrame, name: str, value: str, *, unit: str = "", log: bool = False
) -> Option:
    """Draw a bar for each row, lying, the first on top."""
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 8, "bottom": 40, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {
            "type": "log" if log else "value", "name": unit, "nameLocation": "middle",
            "nameGap": 26,
        },
        "yAxis": {"type": "category", "inverse": True, "data": frame[name].astype(str).tolist()},
        "series": [
            {
                "type": "bar",
                "data": [_number(v) for v in frame[value]],
                "color": COLOURS[0],
                "barMaxWidth": 18,
            }
        ],
    }  # fmt: skip


def columns(
    frame: pd.DataFrame,
    x: str,
    *,
    x_name: str,
    y_name: str,
    colours: Mapping[str, str] | None = None,
) -> Option:
    """Draw columns over a column of labels as upright bars, one on the other."""
    names = [c for c in frame.columns if c != x]
    own = colours or {n: COLOURS[i % len(COLOURS)] for i, n in enumerate(names)}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 30, "bottom": 60, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "legend": {"type": "scroll", "bottom": 0},
        "xAxis": {
            "type": "category", "name": x_name, "nameLocation": "middle", "nameGap": 24,
            "data": frame[x].astype(str).tolist(),
        },
        "yAxis": {"type": "value", "name": y_name, "nameLocation": "end", "minInterval": 1},
        "series": [
            {
                "type": "bar", "stack": "all", "name": n, "data": frame[n].astype(int).tolist(),
                "color": own[n], "barCategoryGap": "8%",
            }
            for n in names
        ],
    }  # fmt: skip


def sankey(links: pd.DataFrame) -> Option:
    """Draw flows: columns ``source``, ``target``, ``value``. Whoever calls has cut the loops."""
    nodes = pd.unique(pd.concat([links.source, links.target]).astype(str))
    return {
        "animation": False,
        "tooltip": {"trigger": "item"},
        "color": list(COLOURS),
        "series": [
            {
                "type": "sankey",
                "left": 8,
                "right": 130,
                "top": 8,
                "bottom": 8,
                "nodeGap": 6,
                "emphasis": {"focus": "adjacency"},
                "lineStyle": {"color": "source", "opacity": 0.35},
                "data": [{"name": n} for n in nodes],
                "links": [
                    {"source": str(s), "target": str(t), "value": _number(v)}
                    for s, t, v in zip(links.source, links.target, links.value, strict=True)
                ],
            }
        ],
    }


def _rounded(points: Any) -> list[list[float | None]]:
    """Six digits are more than a screen shows, and half the bytes."""
    return [[_number(v) for v in row] for row in points]


def _number(value: Any) -> float | None:
    value = float(value)
    return float(f"{value:.6g}") if np.isfinite(value) else None
