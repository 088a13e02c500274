"""One robot in numbers: what the table `lineage` knows of it, and its life in words and charts."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from auxon.biography import Life
from auxon.sim.errors import UsageError
from auxon.sim.industry import Industry
from auxon.sim.rules import SERIAL_BITS, SPECIES_BITS, robot_id, serial_of

from . import charts
from .shelf import Run

MOST_UNITS, MOST_MOMENTS = 64, 300
"""Cells of the picture of a memory."""
QUICK = 2e7
"""Steps times robots that are run again at once, without being asked."""
_NAME = re.compile(r"([a-z][a-z0-9_]*)-(\d{1,10})(?:@(\d{1,6}))?")
_MOST_SPELLS = 1500
_BINS = 400
_MOST_MARKS = 60
_TASKS = 7
"""Tasks that have a band of their own."""
_SAMPLE = 400


def parse(text: str, industry: Industry) -> int:
    """Return the id of the robot that an address names, by id or by name.

    Parameters
    ----------
    text : str
        ``8589934592``, ``smelter-12`` or ``smelter-12@3``, the last born at site 3.

    Raises
    ------
    UsageError
        That is neither, or the industry has no such species.
    """
    asked = text.strip()
    species = list(industry.species)
    if asked.isascii() and asked.isdigit() and len(asked) < 19:
        robot = int(asked)
        if (robot >> SERIAL_BITS) & ((1 << SPECIES_BITS) - 1) < len(species):
            return robot
    elif found := _NAME.fullmatch(asked):
        name, serial, site = found[1], int(found[2]), int(found[3] or 0)
        if name in species and serial < 1 << SERIAL_BITS:
            return robot_id(site, species.index(name), serial)
    raise UsageError(
        f"robot '{asked[:60]}' cannot be; expected an id out of the table lineage, or a name such "
        f"as {species[0]}-0, or {species[0]}-0@3 for one born at site 3; choose another"
    )


def name_of(robot: int, industry: Industry) -> str:
    """Return what a robot is called, as `auxon.Robot.name`."""
    species = list(industry.species)[(robot >> SERIAL_BITS) & ((1 << SPECIES_BITS) - 1)]
    site = robot >> (SERIAL_BITS + SPECIES_BITS)
    return f"{species}-{serial_of(robot)}" + (f"@{site}" if site else "")


@dataclass(frozen=True)
class Pedigree:
    """Who built whom.

    Attributes
    ----------
    ids, parents : (n,) int64
        Robots of the table ``lineage``; -1 for the parent of a founder.
    """

    ids: NDArray[np.int64]
    parents: NDArray[np.int64]

    def children(self, robot: int) -> list[int]:
        """Return who counts it as its parent."""
        found: list[int] = self.ids[self.parents == robot].tolist()
        return found

    def ancestors(self, robot: int) -> list[int]:
        """Return its parent, the parent of that, and so on as far as the table goes."""
        chain: list[int] = []
        while len(chain) < len(self.ids):
            row = np.flatnonzero(self.ids == robot)
            if not len(row) or (parent := int(self.parents[row[0]])) < 0:
                break
            chain.append(parent)
            robot = parent
        return chain


def pedigree(run: Run) -> Pedigree:
    """Return who built whom in a run."""
    rows = run.table("lineage", ["id", "ancestor_list"])
    return Pedigree(rows.id.to_numpy(np.int64), parents_of(rows.ancestor_list))


def parents_of(ancestor_list: "pd.Series[str]") -> NDArray[np.int64]:
    """Return the parents out of the column ``ancestor_list``, -1 for none."""
    texts = pc.utf8_trim(pa.array(ancestor_list, pa.string()), "[]")
    found: NDArray[np.int64] = pc.cast(
        pc.if_else(pc.equal(texts, "none"), "-1", texts), pa.int64()
    ).to_numpy(zero_copy_only=False)
    return found


def rows_of(run: Run, robots: list[int]) -> pd.DataFrame:
    """Return the rows of the table ``lineage`` of some robots, in order of birth."""
    rows = run.table("lineage", None, ds.field("id").isin(pa.array(robots, pa.int64())))
    return rows.drop_duplicates("id").sort_values(["origin_time", "id"], ignore_index=True)


def lucky(run: Run, seed: int) -> int | None:
    """Return one of the robots that lived long, by chance; None where there is none."""
    ids = run.table("lineage", ["id"]).id.to_numpy(np.int64)
    if not len(ids):
        return None
    rng = np.random.default_rng(seed)
    some = rng.choice(ids, min(_SAMPLE, len(ids)), replace=False)
    rows = rows_of(run, some.tolist())
    age = rows.destruction_time.clip(upper=_end(run)) - rows.origin_time
    old = rows.id[age >= age.quantile(0.75)].to_numpy(np.int64)
    return int(rng.choice(old))


def _end(run: Run) -> float:
    years = run.table("series", ["years"]).years
    return float(years.max()) if len(years) else 0.0


def notable(run: Run, known: Pedigree) -> list[tuple[str, int]]:
    """Return robots worth a look: what is special about each, and its id."""
    if not len(known.ids):
        return []
    built, times = np.unique(known.parents[known.parents >= 0], return_counts=True)
    found = []
    if len(built):
        most = int(times.max())
        found.append((f"built the most robots, {most:,}", int(built[times.argmax()])))
    rows = run.table("lineage", ["id", "generation", "origin_time", "destruction_time"])
    last = rows.iloc[rows.generation.to_numpy().argmax()]
    found.append((f"is of the last generation, {int(last.generation)}", int(rows.id[last.name])))
    age = rows.destruction_time.clip(upper=_end(run)) - rows.origin_time
    oldest = int(age.to_numpy().argmax())
    found.append((f"lived longest, {age.iloc[oldest]:.1f} years", int(rows.id.iloc[oldest])))
    return found


def cost(run: Run) -> tuple[int, float]:
    """Return how many steps running it again takes, and these times the robots at the end."""
    last = run.table("series", ["step", "robots"])
    if last.empty:
        return 0, 0.0
    return int(last.step.iloc[-1]), float(last.step.iloc[-1]) * float(last.robots.iloc[-1])


# ---------------------------------------------------------------------- a life


def labels(life: Life) -> NDArray[np.object_]:
    """Return (steps,) what it did in each: its task while at work, else its state."""
    days = life.days
    at_work = (days.state == "at work") & (days.task != "")
    found: NDArray[np.object_] = np.where(at_work, days.task, days.state).astype(object)
    return found


def shares(life: Life) -> pd.DataFrame:
    """Return what share of its time it spent on what: doing, percent; the most first."""
    names, counts = np.unique(labels(life).astype(str), return_counts=True)
    found = pd.DataFrame({"doing": names, "percent": 100 * counts / max(1, counts.sum())})
    return found.sort_values("percent", ascending=False, ignore_index=True)


def breaks(life: Life) -> int:
    """Return how often it broke down; most robots are repaired in the same step."""
    last = life.days.iloc[-1]
    return int(last.repairs) + int(last.state == "broken")


def summary(life: Life, children: int) -> list[str]:
    """Tell a life in sentences."""
    days = life.days
    first, last = days.iloc[0], days.iloc[-1]
    if life.parent is None:
        said = [
            f"It is a founder: it was there at the start, at site {first.site} on {first.body}."
        ]
    else:
        said = [
            f"It was built {life.born_years:.2f} years after the start, at site {first.site} on "
            f"{first.body}, in generation {life.generation}."
        ]
    done = [s for s in shares(life).itertuples() if s.doing not in _STATES]
    if done:
        tasks = [f"{s.doing} ({_percent(s.percent)} of its time)" for s in done[:3]]
        said.append("It worked on " + _listed(tasks) + ".")
    else:
        said.append("It never worked on a task; it may give power, or nobody called.")
    if (times := breaks(life)) > 0:
        repairs = int(last.repairs)
        told = "each time" if repairs == times else _times(repairs)
        told = "repaired" if times == repairs == 1 else f"repaired {told}"
        said.append(f"It broke down {_times(times)} and was {told}.")
    else:
        said.append("It never broke down.")
    sites = days[["site", "body"]].drop_duplicates()
    if len(sites) > 1:
        said.append(f"It travelled: it has been at {len(sites)} sites, last on {last.body}.")
    if children:
        said.append(f"It built {children:,} robot{'s' if children > 1 else ''}.")
    if life.ended:
        end = life.ended_years if life.ended_years is not None else float(last.years)
        said.append(
            f"It was {life.ended} {end:.2f} years after the start, {end - life.born_years:.2f} "
            "years old."
        )
    else:
        age = float(last.years) - life.born_years
        said.append(f"It was still there when last seen, {age:.2f} years old.")
    return said


_STATES = ("at work", "idle", "in shelter", "broken", "in flight")


def _percent(share: float) -> str:
    return "less than 1 %" if share < 1 else f"{share:.0f} %"


def _times(n: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def spells(life: Life) -> pd.DataFrame:
    """Return unbroken stretches of doing one thing: doing, since, until (years).

    Tasks beyond the most frequent are *other work*. Where stretches are too many to be seen, each
    is a bin of time in which that was done most.
    """
    doing = labels(life)
    tasks = [s for s in shares(life).doing if s not in _STATES]
    rest = set(tasks[_TASKS:])
    doing = np.array(["other work" if d in rest else d for d in doing], object)
    years = life.days.years.to_numpy(float)
    step = years[0] - life.born_years if len(years) == 1 else float(np.median(np.diff(years)))
    since, until = years - step, years
    starts = np.flatnonzero(np.r_[True, doing[1:] != doing[:-1]])
    if len(starts) > _MOST_SPELLS:
        edges = np.unique(np.linspace(0, len(doing), _BINS + 1).astype(int))
        usual = []
        for a, b in pairwise(edges):
            names, counts = np.unique(doing[a:b].astype(str), return_counts=True)
            usual.append(names[counts.argmax()])
        found = pd.DataFrame(
            {"doing": usual, "since": since[edges[:-1]], "until": until[edges[1:] - 1]}
        )
    else:
        ends = np.r_[starts[1:], len(doing)] - 1
        found = pd.DataFrame({"doing": doing[starts], "since": since[starts], "until": until[ends]})
    return found


def timeline(life: Life) -> charts.Option:
    """Draw what it did as bands over the years, one row for each task or state."""
    found = spells(life)
    length = (found.until - found.since).groupby(found.doing).sum().sort_values(ascending=False)
    rows = [d for d in length.index if d not in _STATES] + [d for d in length.index if d in _STATES]
    series = []
    for y, doing in enumerate(rows):
        data: list[Any] = []
        for a, b in found.loc[found.doing == doing, ["since", "until"]].to_numpy().tolist():
            data += [[round(a, 4), y], [round(b, 4), y], [round(b, 4), None]]
        colour = _STATE_COLOUR.get(doing, charts.COLOURS[y % 5])
        series.append(
            {
                "type": "line", "name": doing, "data": data, "showSymbol": False, "color": colour,
                "lineStyle": {"width": 14, "cap": "butt"}, "connectNulls": False, "silent": True,
            }
        )  # fmt: skip
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 30, "bottom": 40, "containLabel": True},
        "xAxis": {
            "type": "value", "name": "years", "nameLocation": "middle", "nameGap": 24,
            "min": "dataMin", "max": "dataMax", "axisLabel": {"showMaxLabel": False},
        },
        "yAxis": {
            "type": "category", "inverse": True, "data": rows,
            "axisLabel": {"width": 110, "overflow": "truncate"},
        },
        "series": series,
    }  # fmt: skip


_STATE_COLOUR = {"broken": "#D55E00", "idle": "#999999", "in flight": "#56B4E9",
                 "in shelter": "#CC79A7", "other work": "#0072B2"}  # fmt: skip


def wear_chart(life: Life) -> charts.Option:
    """Draw its wear, with an upright line at each repair, the last of them if they are many."""
    days = life.days
    repairs = days.repairs.to_numpy()
    marks = days.years.to_numpy(float)[1:][np.diff(repairs) > 0][-_MOST_MARKS:].tolist()
    option = charts.lines(days, "years", {"wear": "wear"}, y_name="wear", marks=marks)
    option["xAxis"]["axisLabel"] = {"showMinLabel": False, "showMaxLabel": False}
    return option


def memory_chart(life: Life) -> charts.Option | None:
    """Draw what its policy remembered for it: units over years; None if it remembers nothing."""
    memory = np.asarray(life.memory)
    if memory.ndim != 2 or 0 in memory.shape:
        return None
    at = np.unique(np.linspace(0, len(memory) - 1, MOST_MOMENTS).astype(int))
    shown = memory[at, :MOST_UNITS]
    most = float(np.abs(shown).max()) or 1.0
    x, y = np.meshgrid(np.arange(shown.shape[0]), np.arange(shown.shape[1]), indexing="ij")
    cells = np.stack([x.ravel(), y.ravel(), np.round(shown.ravel().astype(float), 3)], 1)
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 30, "bottom": 76, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {
            "type": "category", "name": "years", "nameLocation": "middle", "nameGap": 24,
            "data": [f"{v:.2f}" for v in life.days.years.to_numpy(float)[at]],
        },
        "yAxis": {"type": "category", "name": "unit", "data": list(range(shown.shape[1]))},
        "visualMap": {
            "min": -most, "max": most, "orient": "horizontal", "left": "center", "bottom": 0,
            "itemHeight": 90, "precision": 2, "calculable": False,
            "inRange": {"color": [charts.COLOURS[0], "rgba(128,128,128,0.12)", charts.COLOURS[5]]},
        },
        "series": [{"type": "heatmap", "name": "remembers", "data": cells.tolist(),
                    "progressive": 0}],
    }  # fmt: skip
