"""The picture of an evaluation: policies side by side, family by family."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from auxon.sim.files import whole
from auxon.sim.pictures import _STYLE, COLOURS

from .comparison import ALL
from .evaluation import Evaluation

_MARKS = "osD^vPX*<>"
"""Shapes beside colours: one of them is enough to tell scenarios apart."""
_PANELS = (
    ("doublings", "doublings"),
    ("difference", "doublings more than {baseline}"),
    ("lost", "colonies lost"),
)


def draw_evaluation(found: Evaluation, path: Path) -> Path:
    """Draw means of policies with their intervals, a row of panels for each family.

    Parameters
    ----------
    found : Evaluation
    path : Path
        PNG file.
    """
    families = [rows for _, rows in found.summary.groupby("family", sort=True)]
    heights = [1.3 + 0.36 * rows["policy"].nunique() for rows in families]
    with rc_context(_STYLE):
        figure = Figure(figsize=(13, sum(heights)), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr, call-arg]
        grid = figure.subplots(
            len(families), 3, squeeze=False, sharey="row",
            gridspec_kw={"height_ratios": heights, "width_ratios": [1.25, 1.25, 0.8]},
        )  # fmt: skip
        for line, rows in zip(grid, families, strict=True):
            _family(line, rows, found.baseline)
        with whole(path) as draft:
            figure.savefig(draft, format="png")
    return path


def _family(line: Sequence[Axes], rows: pd.DataFrame, baseline: str) -> None:
    order = _order(rows)
    scenarios = [s for s in dict.fromkeys(rows["scenario"]) if s != ALL]
    for axes, (name, label) in zip(line, _PANELS, strict=True):
        for n, policy in enumerate(order):
            own = rows[rows["policy"] == policy].set_index("scenario")
            for i, scenario in enumerate(scenarios):
                if scenario in own.index:
                    _point(axes, own.loc[scenario], name, n, i, len(scenarios))
            if ALL in own.index:
                _mean(axes, own.loc[ALL], name, n)
        axes.set_xlabel(label.format(baseline=baseline))
        axes.set_yticks(range(len(order)), order)
        axes.set_ylim(len(order) - 0.4, -0.6)  # the best on top
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
    line[1].axvline(0, color="#606060", lw=0.9, zorder=0)
    line[2].xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    line[2].set_xlim(-0.03, 1.03)
    line[0].set_title(f"Scenarios: {rows['family'].iloc[0]}")
    marks = [
        Line2D([], [], ls="", marker=_MARKS[i % len(_MARKS)], color=COLOURS[i % len(COLOURS)],
               ms=5.5, label=s)
        for i, s in enumerate(scenarios)
    ]  # fmt: skip
    marks.append(Line2D([], [], color="black", marker="|", ms=11, lw=2.2, label="mean, 95 %"))
    line[2].legend(
        handles=marks, loc="upper left", bbox_to_anchor=(1.02, 1.02), frameon=False, fontsize=9
    )


def _order(rows: pd.DataFrame) -> list[str]:
    """Return policies by their mean in the family, then those that have none."""
    best = rows[rows["scenario"] == ALL].sort_values("doublings", ascending=False)["policy"]
    return list(dict.fromkeys([*best, *rows["policy"]]))


def _point(axes: Axes, row: "pd.Series[float]", name: str, n: int, i: int, of: int) -> None:
    """Draw what a policy came to on one scenario, a little apart from the others."""
    y = n + (0.5 * (i + 0.5) / of - 0.25)
    x = row["lost_share"] if name == "lost" else row[name]
    axes.plot(
        x, y, ls="", marker=_MARKS[i % len(_MARKS)], color=COLOURS[i % len(COLOURS)], ms=5,
        alpha=0.85, mew=0, clip_on=False,
    )  # fmt: skip


def _mean(axes: Axes, row: "pd.Series[float]", name: str, n: int) -> None:
    x = row["lost_share"] if name == "lost" else row[name]
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    axes.plot([low, high], [n, n], color="black", lw=2.2, zorder=4, solid_capstyle="butt")
    axes.plot(x, n, color="black", marker="|", ms=13, mew=2.2, zorder=5)
