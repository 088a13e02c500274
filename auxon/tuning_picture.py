"""The picture of a tuning: what candidates came to, and where the numbers stand."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from auxon.sim.files import whole
from auxon.sim.pictures import _STYLE, COLOURS, GREY

from .tuning_file import TuningFile

if TYPE_CHECKING:
    from .tuning import Generation


def draw_tuning(file: TuningFile, history: "list[Generation]", path: Path) -> None:
    """Draw candidates beside the usual market, generation by generation, and the numbers found.

    Parameters
    ----------
    file : TuningFile
    history : list of Generation
    path : Path
        PNG file.
    """
    tall = 1.6 + 0.24 * len(file.search)
    with rc_context(_STYLE):
        figure = Figure(figsize=(12, max(4.4, tall)), layout="constrained")
        left, right = figure.subplots(1, 2)
        _curve(left, file, history)
        _numbers(right, file, history[-1])
        with whole(path) as draft:
            figure.savefig(draft, format="png")


def _curve(axes: Axes, file: TuningFile, history: "list[Generation]") -> None:
    from .tuning import colony_years

    number = np.arange(1, len(history) + 1)
    more = [g.worth - g.usual for g in history]
    low, high = [m.min() for m in more], [m.max() for m in more]
    axes.fill_between(number, low, high, color=COLOURS[5], alpha=0.3, lw=0, label="all candidates")
    axes.plot(
        number, [m.mean() for m in more], color=COLOURS[0], label="their mean", marker="o", ms=3
    )
    axes.axhline(0, color="#606060", lw=1.2, ls="--", label="usual market, same colonies")
    axes.set_title("Candidates beside the usual market")
    axes.set_ylabel("doublings more")
    axes.set_xlabel("generation")
    axes.set_xlim(0.5, len(history) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend(frameon=False, fontsize=9)
    spent = f"{colony_years(file, len(history)):,.0f} colony-years"
    axes.text(0.99, 0.02, spent, transform=axes.transAxes, ha="right", color="#606060", size=9)


def _numbers(axes: Axes, file: TuningFile, last: "Generation") -> None:
    units = np.log2([n.factor for n in file.search.values()])
    place = np.arange(len(units))
    axes.axvline(0, color="#606060", lw=0.9, zorder=0)
    axes.hlines(place, 0, last.mean * units, color=GREY, lw=1.6, zorder=1)
    axes.errorbar(
        last.mean * units, place, xerr=last.spread * units, ls="", marker="o", ms=5,
        color=COLOURS[1], ecolor=COLOURS[1], elinewidth=1.1, capsize=2.5,
    )  # fmt: skip
    axes.set_yticks(
        place, [f"{name.replace('_', ' ')} ({n.start:g})" for name, n in file.search.items()]
    )
    axes.set_ylim(len(units) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"× {2.0**x:.3g}"))
    axes.set_title("Numbers beside where they started")
    axes.set_xlabel("factor, with the spread of the search")
