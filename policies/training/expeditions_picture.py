"""The picture of a training for expeditions: gains foreseen beside those that came; outcomes."""

from typing import Any

import numpy as np
import pandas as pd

COLOURS = {"script": "#0072b2", "voyager": "#d55e00", "never": "#999999", "by lot": "#009e73"}


def draw(gains: pd.DataFrame, outcomes: pd.DataFrame, file: Any) -> None:
    """Write the picture as PNG; tables as `expeditions.run` makes them."""
    from matplotlib.figure import Figure

    figure = Figure((11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _gains(left, gains)
    _outcomes(right, outcomes)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=130, format="png")


def _gains(axes: Any, gains: pd.DataFrame) -> None:
    for belt, own in gains.groupby("belt"):
        axes.plot(own.foreseen, own.came, ".", ms=3, alpha=0.35, label=belt)
    ends = [gains.foreseen.min(), gains.foreseen.max()]
    axes.plot(ends, ends, color="0.3", lw=1)
    axes.set(
        xlabel="foreseen, doublings of a house", ylabel="came, doublings",
        title="Gains over all turns, of societies not learned from",
    )  # fmt: skip
    axes.legend(frameon=False, markerscale=3)


def _outcomes(axes: Any, outcomes: pd.DataFrame) -> None:
    belts = list(outcomes.belt.unique())
    for n, (decider, colour) in enumerate(COLOURS.items()):
        for belt in belts:
            own = outcomes[(outcomes.belt == belt) & (outcomes.decider == decider)]
            robots = np.maximum(own.robots, 1)
            at = belts.index(belt) + (n - 1.5) * 0.2
            jitter = np.linspace(-0.06, 0.06, len(own))
            axes.plot(at + jitter, robots, ".", color=colour, ms=4, alpha=0.6)
            axes.plot([at - 0.08, at + 0.08], [2 ** np.log2(robots).mean()] * 2, color=colour, lw=3,
                      label=decider if belt == belts[0] else None)  # fmt: skip
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:.0f}")
    axes.set_xticks(range(len(belts)), belts)
    axes.set(ylabel="robots at the horizon", title="Each dot a society; bars: geometric means")
    axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.08))
