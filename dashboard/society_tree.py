"""The family tree of a society, the large families in detail and the rest counted.

A robot's line runs from its birth to its end; it hangs on its parent's by an upright line. Drawn
are those with the most descendants, so that whoever is drawn has its parent drawn, too.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auxon.sim.industry import Industry

from . import charts
from .robot_view import name_of, parents_of
from .shelf import Run

MOST = 300
"""Robots that are drawn; more are hairs."""

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Tree:
    """Robots that are drawn, from the top.

    Attributes
    ----------
    nodes : DataFrame
        ``id``, ``name``, ``species``, ``generation``, ``born``, ``ended`` (years), ``descendants``,
        ``hidden`` (children that are not drawn), ``row``, ``parent_row`` (-1 for a founder),
        ``family`` (rank of its founder by descendants).
    robots, families : int
        All there are; founders with descendants.
    """

    nodes: pd.DataFrame
    robots: int
    families: int


def tree(run: Run, industry: Industry, most: int = MOST) -> Tree:
    """Return the family tree of a run."""
    columns = ["id", "ancestor_list", "origin_time", "destruction_time", "generation"]
    rows = run.table("lineage", columns).drop_duplicates("id", ignore_index=True)
    ids, parents = rows.id.to_numpy(np.int64), parents_of(rows.ancestor_list)
    above = _rows_of(ids, parents)
    generation = rows.generation.to_numpy(np.int64)
    below = descendants(above, generation)
    chosen = np.sort(np.lexsort((ids, generation, -below))[:most])
    position = np.full(len(ids) + 1, -1)
    position[chosen] = np.arange(len(chosen))
    above_chosen = position[above[chosen]]
    children = np.bincount(above[above >= 0], minlength=len(ids))[chosen]
    drawn = np.bincount(above_chosen[above_chosen >= 0], minlength=len(chosen))
    born = rows.origin_time.to_numpy()[chosen]
    last = float(rows.origin_time.max()) if len(rows) else 0.0
    ended = rows.destruction_time.to_numpy()[chosen]
    finite = ended[np.isfinite(ended)]
    last = max(last, float(finite.max()) if len(finite) else 0.0)
    order, family = _order(above_chosen, born, below[chosen])
    row = np.empty(len(chosen), np.int64)
    row[order] = np.arange(len(order))
    robots = ids[chosen].tolist()
    nodes = pd.DataFrame(
        {
            "id": robots,
            "name": [name_of(r, industry) for r in robots],
            "generation": generation[chosen],
            "born": born,
            "ended": np.where(np.isfinite(ended), ended, last),
            "alive": ~np.isfinite(ended),
            "descendants": below[chosen],
            "hidden": children - drawn,
            "row": row,
            "parent_row": np.where(above_chosen >= 0, row[above_chosen], -1),
            "family": family,
        }
    )
    families = int(((above < 0) & (below > 0)).sum())
    return Tree(nodes.sort_values("row", ignore_index=True), len(ids), families)


def _rows_of(ids: I64, wanted: I64) -> I64:
    """Return in which row each wanted id is, -1 for none."""
    if not len(ids):
        return np.empty(0, np.int64)
    order = np.argsort(ids, kind="stable")
    at = np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)
    found = order[at]
    return np.where(ids[found] == wanted, found, -1)


def descendants(above: I64, generation: I64) -> I64:
    """Return (n,) how many come of each.

    Parameters
    ----------
    above : (n,) int64
        Row of the parent, -1 for none.
    generation : (n,) int64
        A child's is greater than its parent's.
    """
    below = np.zeros(len(above), np.int64)
    order = np.argsort(generation, kind="stable")
    ends = np.flatnonzero(np.diff(generation[order])) + 1
    for rows in reversed(np.split(order, ends)):
        known = rows[above[rows] >= 0]
        np.add.at(below, above[known], below[known] + 1)
    return below


def _order(above: I64, born: NDArray[np.float64], below: I64) -> tuple[list[int], I64]:
    """Return rows from the top, so that no line crosses another, and each one's family.

    The last child of a robot comes first below it: the lines to the earlier ones pass on the left.
    """
    children: dict[int, list[int]] = {}
    for n in np.argsort(born, kind="stable").tolist():
        children.setdefault(int(above[n]), []).append(n)
    roots = sorted(children.get(-1, []), key=lambda n: -int(below[n]))
    family = np.zeros(len(above), np.int64)
    order: list[int] = []
    for rank, root in enumerate(roots):
        open_ = [root]
        while open_:
            n = open_.pop()
            family[n] = rank
            order.append(n)
            open_ += children.get(n, [])
    return order, family


def chart(found: Tree) -> charts.Option:
    """Draw a tree: a line for each robot from birth to end, one colour a family."""
    nodes = found.nodes
    births = dict(zip(nodes.row.tolist(), nodes.born.tolist(), strict=True))
    lines: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for n in nodes.itertuples():
        colour = charts.COLOURS[min(int(n.family), len(charts.COLOURS) - 1)]
        start = max(n.born, births.get(n.parent_row, n.born))
        path = [[start, n.parent_row]] if n.parent_row >= 0 else []
        path += [[round(n.born, 4), n.row], [round(n.ended, 4), n.row]]
        lines.append({"coords": path, "lineStyle": {"color": colour}})
        said = f"{n.name}, generation {n.generation}, {n.descendants:,} descendants"
        if n.hidden:
            said += f"; {n.hidden:,} children not drawn"
        points.append(
            {
                "name": said,
                "value": [round(n.born, 4), n.row],
                "symbolSize": 4 + min(8.0, 2 * float(np.log10(1 + n.descendants))),
                "itemStyle": {"color": colour},
            }
        )
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 30, "bottom": 40, "containLabel": True},
        "tooltip": {"trigger": "item", "formatter": "{b}"},
        "xAxis": {
            "type": "value", "name": "years", "nameLocation": "middle", "nameGap": 24, "min": 0,
            "max": "dataMax", "axisLabel": {"showMaxLabel": False},
        },
        "yAxis": {"type": "value", "inverse": True, "show": False, "min": -1, "max": len(nodes)},
        "series": [
            {"type": "lines", "coordinateSystem": "cartesian2d", "polyline": True, "silent": True,
             "data": lines, "lineStyle": {"width": 1.2, "opacity": 0.75}},
            {"type": "scatter", "data": points},
        ],
    }  # fmt: skip
