"""The picture of a seed: how the time to each doubling falls as the seed gets heavier."""

from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from .files import whole
from .pictures import _STYLE, COLOURS


def draw_doublings(curve: pd.DataFrame, path: Path) -> None:
    """Draw the years to the n-th doubling over the mass of the seed, a line for each n.

    Lines are broken where a seed did not get there.

    Parameters
    ----------
    curve : DataFrame
        Columns seed_kg, doubling, years, as `auxon.doubling.doubling_curve` returns them.
    path : Path
        PNG file.
    """
    with rc_context(_STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        wide = curve.pivot(index="seed_kg", columns="doubling", values="years")
        wide.index = wide.index / 1000
        for colour, n in zip(COLOURS, wide.columns, strict=False):
            axes.plot(wide.index, wide[n], color=colour, marker="o", ms=4)
            if len(line := wide[n].dropna()):
                end = (line.index[-1], line.iloc[-1])
                axes.annotate(
                    f"× {2**n}", end, (8, 0), textcoords="offset points", color=colour, va="center"
                )
        for tonnes in wide.index[wide.isna().all(axis=1)]:
            axes.annotate(
                "did not grow",
                (tonnes, 0.03),
                xycoords=("data", "axes fraction"),
                color="#808080",
                ha="center",
            )
        axes.set_xscale("log")
        axes.set_xticks(list(wide.index))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tonnes, _: f"{tonnes:,.3g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", which="minor", length=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("mass of the seed, tonnes")
        axes.set_ylabel("years")
        axes.set_title("Time until the robots weigh 2, 4, 8 ... times as much as at first")
        with whole(path) as draft:
            figure.savefig(draft, format="png")
