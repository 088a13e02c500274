"""What an evaluation says, as a table on the screen and as a page of Markdown."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .comparison import ALL
from .evaluation import Evaluation

_NOTE = (
    "Means with 95 % intervals. Doublings: of the mass of robots, from founding to the horizon. "
    "Lost: colonies that can build no robot any more. Bound: growth over the fastest there can be. "
    "Beside {baseline}: doublings more, in pairs that met the same luck; mass: the same as a ratio."
)


def evaluation_table(found: Evaluation) -> RenderableType:
    """Return tables for the screen, one for each family."""
    parts: list[RenderableType] = []
    for name, rows in found.summary.groupby("family", sort=True):
        table = Table(
            title=f"Scenarios: {name}", title_justify="left", box=None, padding=(0, 2, 0, 0)
        )
        heads = ("scenario", "policy", "doublings", "lost", "bound", f"beside {found.baseline}")
        for n, head in enumerate((*heads, "mass")):
            table.add_column(head, justify="right" if n > 1 else "left", no_wrap=True)
        for first, row in _marked(rows):
            if first and table.row_count:
                table.add_row()
            table.add_row(
                row["scenario"] if first else "",
                row["policy"],
                _plus_minus(row, "doublings", "{:.2f}"),
                f"{row['lost']} of {row['colonies']}",
                _percent(row["share_of_bound"]),
                _plus_minus(row, "difference", "{:+.2f}"),
                _percent(row["growth_percent"] / 100, "+"),
                style="bold" if row["scenario"] == ALL else "",
            )
        parts += [table, Text()]
    note = Text(_NOTE.format(baseline=found.baseline), style="dim")
    return Group(*parts, note, *(Text(str(f), style="red") for f in found.failures))


def markdown(found: Evaluation) -> str:
    """Return the tables as a page of Markdown."""
    lines = []
    heads = (
        "scenario", "policy", "doublings", "lost (Wilson)", "bound", f"beside {found.baseline}",
        "mass",
    )  # fmt: skip
    for name, rows in found.summary.groupby("family", sort=True):
        lines += [f"## Scenarios: {name}", "", f"| {' | '.join(heads)} |"]
        lines.append("|---|---|" + "---:|" * (len(heads) - 2))
        for _, row in _marked(rows):
            lost = f"{row['lost']} of {row['colonies']}"
            cells = (
                row["scenario"],
                row["policy"],
                _plus_minus(row, "doublings", "{:.2f}"),
                f"{lost} ({_percent(row['lost_low'])} to {_percent(row['lost_high'])})",
                _percent(row["share_of_bound"]),
                _plus_minus(row, "difference", "{:+.2f}"),
                _growth(row),
            )
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    most = found.colonies.groupby(["scenario", "policy"]).size().max()
    lines += [f"{most} colonies a scenario. {_NOTE.format(baseline=found.baseline)}", ""]
    lines += [f"* {failure}" for failure in found.failures]
    return "\n".join(lines).rstrip() + "\n"


def _marked(rows: pd.DataFrame) -> Iterable[tuple[bool, Any]]:
    """Yield rows with whether each is the first of its scenario."""
    before = None
    for _, row in rows.iterrows():
        yield row["scenario"] != before, row
        before = row["scenario"]


def _plus_minus(row: Any, name: str, form: str) -> str:
    """Return a value with half of its interval, which is even to both sides."""
    value, high = row[name], row[f"{name}_high"]
    if math.isnan(value):
        return ""
    text = form.format(value + 0.0 if abs(value) >= 0.005 else 0.0)
    return text if math.isnan(high) else f"{text} ± {high - value:.2f}"


def _growth(row: Any) -> str:
    """Return how much more mass there is, with the interval of the ratio."""
    value, low, high = (row[f"growth_percent{end}"] for end in ("", "_low", "_high"))
    if math.isnan(value):
        return ""
    between = f" ({low:+,.0f} to {high:+,.0f})" if not math.isnan(low) else ""
    return _percent(value / 100, "+") + between


def _percent(share: float, sign: str = "") -> str:
    # plus 0: nothing reads as minus nothing
    return "" if math.isnan(share) else f"{round(100 * share) + 0:{sign},} %"
