"""What a training measured as it went on: a table, and a picture of it."""

import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from auxon.sim.files import whole


class Curves:
    """Rows of (stage, turn, what, value, seconds).

    Parameters
    ----------
    out : Path
        Folder; a table there is gone on from.
    done : mapping
        Turns made, by stage: rows of later turns were never finished and are dropped.
    """

    def __init__(self, out: Path, done: Mapping[str, int]) -> None:
        self.out = out
        self.rows: list[tuple[str, int, str, float, float]] = []
        before = 0.0
        if (file := out / "curves.parquet").exists():
            for row in pd.read_parquet(file).itertuples(index=False):
                if row.turn < done.get("ppo" if row.stage == "curiosity" else row.stage, 0):
                    self.rows.append(tuple(row))
                    before = max(before, row.seconds)
        self._start = time.monotonic() - before

    def add(self, stage: str, turn: int, values: Mapping[str, float]) -> None:
        """Take down what a turn measured."""
        now = time.monotonic() - self._start
        self.rows += [(stage, turn, what, value, now) for what, value in values.items()]

    def table(self) -> pd.DataFrame:
        """Return all rows."""
        return pd.DataFrame(self.rows, columns=["stage", "turn", "what", "value", "seconds"])

    def last_doublings(self, turns: int = 4) -> float:
        """Return the mean doublings of the last turns; no number if none were counted."""
        found = [v for stage, _, what, v, _ in self.rows if what == "doublings"]
        return sum(found[-turns:]) / len(found[-turns:]) if found else float("nan")

    def write(self) -> None:
        """Write the table as Parquet."""
        with whole(self.out / "curves.parquet") as draft:
            self.table().to_parquet(draft, index=False)

    def draw(self) -> Path:
        """Draw the curves; return the picture."""
        from matplotlib.figure import Figure

        table = self.table()
        wanted = [
            (stage, what)
            for stage, what in (
                ("pretrain", "loss"), ("master", "loss"), ("master", "doublings"),
                ("ppo", "reward"), ("ppo", "entropy"), ("ppo", "doublings"),
                ("curiosity", "loss"), ("evolution", "doublings"),
            )
            if ((table.stage == stage) & (table.what == what)).any()
        ]  # fmt: skip
        figure = Figure((4.2 * max(1, len(wanted)), 3.2), layout="constrained")
        for i, (stage, what) in enumerate(wanted):
            axes = figure.add_subplot(1, len(wanted), i + 1)
            own = table[(table.stage == stage) & (table.what == what)]
            axes.plot(range(1, len(own) + 1), own.value, color="#0072b2", lw=0.8, alpha=0.4)
            smooth = own.value.rolling(max(1, len(own) // 12), min_periods=1).mean()
            axes.plot(range(1, len(own) + 1), smooth, color="#0072b2", lw=2)
            turn = "episode" if what == "doublings" else "update"
            axes.set(title=f"{stage}: {what}",
                     xlabel="generation" if stage == "evolution" else turn)  # fmt: skip
            axes.spines[["top", "right"]].set_visible(False)
        path = self.out / "curves.png"
        with whole(path) as draft:
            figure.savefig(draft, dpi=130, format="png")
        return path
