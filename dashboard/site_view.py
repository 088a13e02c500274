"""One site in numbers: stock, flows, orders, what is missing; no Streamlit.

Across a belt a run's tables `population`, `stocks` and `flows` hold sums of a lineage; whoever asks
for a site's rows then gets those of its lineage (`belonging`), and says so.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds

from auxon.sim.bound import bound
from auxon.sim.errors import UsageError
from auxon.sim.industry import Industry
from auxon.sim.record_schemas import KINDS

from . import charts
from .industry_view import of_run
from .shelf import Run

MOST_LINKS = 25
"""Ribbons of a diagram of flows that an eye can follow."""
_BEFORE_SHORTENING = 45
BUILDING, REPAIRS, ROBOTS = "building robots", "repairs", "robots"
"""Tasks that are no process, summed up, and what the first of them makes."""
_PROCESS_COLOUR = charts.COLOURS[-1]
_KIND_COLOUR = dict(zip(("reserve", *KINDS), charts.COLOURS, strict=False))


def industry_of(run: Run) -> Industry:
    """Return the industry in whose names the tables of a run speak, kept from the last time."""
    return _industry(str(run.path), str(run.manifest["hash"]))


@lru_cache(maxsize=4)
def _industry(path: str, identity: str) -> Industry:
    return Run(Path(path), identity).industry()


def sites(run: Run) -> pd.DataFrame:
    """Return every site of a run as it was last seen, one row each, by number."""
    columns = ["years", "site", "body", "lineage", "rank", "front", "state", "robots", "mass_kg"]
    last = run.table("sites", columns).drop_duplicates("site", keep="last")
    return last.sort_values("site").reset_index(drop=True)


def site_of(found: pd.DataFrame, asked: str) -> pd.Series:
    """Return the row of `sites` that is asked for.

    Parameters
    ----------
    found : DataFrame
        Of `sites`.
    asked : str
        What an address says; anything.

    Raises
    ------
    UsageError
        There is no such site.
    """
    rows = found[found.site.astype(str) == asked.strip()]
    if rows.empty:
        raise UsageError(
            f"site '{asked}' is not in this run; expected a number from {found.site.min()} to "
            f"{found.site.max()} of a site that was inhabited; choose one from the list"
        )
    return rows.iloc[0]


def belonging(run: Run, site: pd.Series) -> ds.Expression:
    """Return which rows of `population`, `stocks` and `flows` speak of a site or its lineage."""
    if run.has_belt:
        return ds.field("lineage") == str(site.lineage)
    return ds.field("site") == int(site.site)


def history(run: Run, site: int) -> pd.DataFrame:
    """Return the rows of table ``sites`` of one site."""
    return run.table("sites", None, ds.field("site") == site)


def over_years(
    frame: pd.DataFrame, columns: Mapping[str, str], unit: str, *, stacked: bool = False
) -> charts.Option:
    """Draw columns over the years in which the site was seen."""
    option = charts.lines(frame, "years", columns, y_name=unit, stacked=stacked)
    option["xAxis"]["axisLabel"] = {"showMinLabel": False, "showMaxLabel": False}
    return option


def stock(run: Run, where: ds.Expression, until_years: float) -> pd.DataFrame:
    """Return what lay in stock at the last record up to then: material, kind, kg, pieces.

    The rock in place is left out, and so is what there is nothing of; the heaviest comes first.
    """
    step = _last_step(run, "stocks", where, until_years)
    rows = run.table("stocks", ["material", "kg", "pieces"], where & (ds.field("step") == step))
    materials = industry_of(run).materials
    rows["material"] = rows.material.astype(str)
    kinds = [materials[m].kind if m in materials else "" for m in rows.material]
    rows.insert(1, "kind", kinds)
    rows = rows[(rows.kg > 0) & (rows.kind != "reserve")]
    return rows.sort_values("kg", ascending=False).reset_index(drop=True)


def _last_step(run: Run, table: str, where: ds.Expression, until_years: float) -> int:
    steps = run.table(table, ["step"], where & (ds.field("years") <= until_years + 1e-9)).step
    return int(steps.max()) if len(steps) else -1


def stock_over_time(run: Run, where: ds.Expression) -> pd.DataFrame:
    """Return kilograms in stock by material, a column each, the rest as *others*, over years."""
    rows = run.table("stocks", ["years", "material", "kg"], where)
    rocks = {m.name for m in industry_of(run).materials.values() if m.kind == "reserve"}
    rows = rows[~rows.material.isin(rocks) & (rows.kg > 0)]
    return charts.wide(rows, "years", "material", "kg") if len(rows) else pd.DataFrame()


def work(run: Run, where: ds.Expression, since_years: float, until_years: float) -> pd.DataFrame:
    """Return what was done in a span: task, runs, kg taken in, MWh, machine_h; most hours first.

    Records after `since_years` count, up to `until_years`; if none lies between, the last before.
    """
    columns = ["years", "process", "runs", "kg", "MWh"]
    until = ds.field("years") <= until_years + 1e-9
    rows = run.table("flows", columns, where & until & (ds.field("years") > since_years))
    if rows.empty:
        rows = run.table("flows", columns, where & until)
        rows = rows[rows.years == rows.years.max()]
    done = rows.groupby("process", observed=True)[["runs", "kg", "MWh"]].sum().reset_index()
    done["process"] = done.process.astype(str)
    seconds = task_seconds(industry_of(run))
    done["machine_h"] = [
        r * seconds.get(p, 0) / 3600 for r, p in zip(done.runs, done.process, strict=True)
    ]
    return done.sort_values("machine_h", ascending=False).rename(columns={"process": "task"})


def task_seconds(industry: Industry) -> dict[str, int]:
    """Return the machine time of one run of each task, as `flows` names them."""
    return {
        **{p.name: p.machine_seconds for p in industry.processes.values()},
        **{f"build {k.name}": k.assembly_seconds for k in industry.species.values()},
        **{f"repair {k.name}": k.repair_seconds for k in industry.species.values()},
    }


def links(industry: Industry, done: pd.DataFrame) -> pd.DataFrame:
    """Return who gave how many kilograms to whom: columns source, target, value.

    Processes stand between their materials; building and repairs are one task each.

    Parameters
    ----------
    done : DataFrame
        Columns ``task`` and ``runs``.
    """
    total: dict[tuple[str, str], float] = {}
    materials = industry.materials

    def add(task: str, runs: int, takes: Mapping[str, int], gives: Mapping[str, int]) -> None:
        for m, amount in takes.items():
            key = (m, task)
            total[key] = total.get(key, 0.0) + runs * amount * materials[m].mass_g / 1000
        for m, amount in gives.items():
            mass_g = materials[m].mass_g if m in materials else 1
            total[task, m] = total.get((task, m), 0.0) + runs * amount * mass_g / 1000

    for task, runs in zip(done.task.astype(str), done.runs.astype(int), strict=True):
        verb, _, name = task.partition(" ")
        if task in industry.processes:
            p = industry.processes[task]
            label = f"{task} (process)" if task in materials else task
            add(label, runs, p.inputs, p.outputs)
        elif verb == "build" and name in industry.species:
            kind = industry.species[name]
            add(BUILDING, runs, kind.bill, {ROBOTS: kind.mass_g})
        elif verb == "repair" and name in industry.species:
            parts = industry.species[name].repair_parts
            add(REPAIRS, runs, parts, {f"worn_{m}": n for m, n in parts.items()})
    rows = [(s, t, kg) for (s, t), kg in total.items() if kg > 0]
    found = pd.DataFrame(rows, columns=["source", "target", "value"])
    return found.sort_values("value", ascending=False, ignore_index=True)


def without_loops(found: pd.DataFrame, most: int = MOST_LINKS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose the largest links that close no loop.

    Returns
    -------
    DataFrame, DataFrame
        Those that are kept, at most so many, and those left out because they would run back.
    """
    after: dict[str, set[str]] = {}
    kept: list[int] = []
    back: list[int] = []
    for n, (source, target) in enumerate(zip(found.source, found.target, strict=True)):
        if len(kept) == most:
            break
        if _leads(after, target, source):
            back.append(n)
            continue
        after.setdefault(source, set()).add(target)
        kept.append(n)
    return found.iloc[kept], found.iloc[back]


def diagram(found: pd.DataFrame, materials: Container[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the links to draw, and those left out because they would run back."""
    kept, back = without_loops(found, _BEFORE_SHORTENING)
    short = shortened(kept, materials).sort_values("value", ascending=False, ignore_index=True)
    return short.head(MOST_LINKS), back


def in_tonnes(frame: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, str]:
    """Return columns of kilograms, in tonnes if they are many, and the unit."""
    if frame[columns].to_numpy(float).sum(axis=1).max(initial=0) < 1e5:
        return frame, "kg"
    return frame.assign(**{c: frame[c] / 1000 for c in columns}), "t"


def _leads(after: Mapping[str, set[str]], start: str, end: str) -> bool:
    seen, open_ = {start}, [start]
    while open_:
        at = open_.pop()
        if at == end:
            return True
        new = after.get(at, set()) - seen
        seen |= new
        open_ += new
    return False


def shortened(kept: pd.DataFrame, materials: Container[str]) -> pd.DataFrame:
    """Return links with chains of processes as one node, *first ... last (n)*.

    A chain passes one material on, which nobody else makes or takes.
    """
    rows = list(kept.itertuples(index=False, name=None))
    chain: dict[str, list[str]] = {}
    while True:
        gives: dict[str, list[tuple[str, str, float]]] = {}
        takes: dict[str, list[tuple[str, str, float]]] = {}
        for row in rows:
            gives.setdefault(row[0], []).append(row)
            takes.setdefault(row[1], []).append(row)
        passed = next(
            (
                (takes[m][0], gives[m][0])
                for m in gives
                if m in materials
                and len(gives[m]) == 1
                and len(takes.get(m, [])) == 1
                and len(gives[takes[m][0][0]]) == 1
                and len(takes[gives[m][0][1]]) == 1
                # what ends or begins nothing but this is no link of a chain
                and takes[m][0][0] in takes
                and gives[m][0][1] in gives
                and not {takes[m][0][0], gives[m][0][1]} & {BUILDING, REPAIRS}
            ),
            None,
        )
        if passed is None:
            return pd.DataFrame(rows, columns=["source", "target", "value"])
        (first, _, _), (_, last, _) = passed
        both = chain.pop(first, [first]) + chain.pop(last, [last])
        name = f"{both[0]} ... {both[-1]} ({len(both)})"
        chain[name] = both
        renamed = {first: name, last: name}
        rows = [
            (renamed.get(s, s), renamed.get(t, t), kg)
            for s, t, kg in rows
            if (s, t, kg) not in passed
        ]


def flow_chart(kept: pd.DataFrame, industry: Industry) -> charts.Option:
    """Draw links as ribbons; processes are grey, materials have the colour of their kind."""
    option = charts.sankey(kept)
    series = option["series"][0]
    for node in series["data"]:
        material = industry.materials.get(node["name"])
        kind = "part" if node["name"] == ROBOTS else material.kind if material else ""
        node["itemStyle"] = {"color": _KIND_COLOUR.get(kind, _PROCESS_COLOUR)}
    series["label"] = {"fontSize": 11, "width": 92, "overflow": "truncate"}
    option["tooltip"] = {"trigger": "item", "valueFormatter": "%,.0f kg"}
    return option


def constructions(run: Run, site: pd.Series, where: ds.Expression, years: float) -> pd.DataFrame:
    """Return robots, constructions and orders by species at the last record up to then.

    Columns ``waited_days`` and ``missing`` speak of the site alone, the numbers of `where`.
    """
    step = _last_step(run, "population", where, years)
    columns = ["species", "healthy", "broken", "building", "ordered", "pressure_steps"]
    rows = run.table("population", columns, where & (ds.field("step") == step))
    waits = waiting(run, int(site.site), step)
    rows = rows.merge(waits[["species", "waited_days", "missing"]], "left", "species")
    there = rows[["healthy", "broken", "building", "ordered"]].sum(axis=1) > 0
    order = ["ordered", "building", "healthy"]
    return rows[there].sort_values(order, ascending=False, ignore_index=True)


def waiting(run: Run, site: int, step: int) -> pd.DataFrame:
    """Return, by species, how long the oldest order of a site has waited, and for what."""
    here = (ds.field("site") == site) & (ds.field("step") == step)
    rows = run.table(
        "waiting", ["species", "material", "ordered", "waited_days", "missing_kg"], here
    )
    found = []
    for species, lacks in rows.groupby("species", observed=True, sort=False):
        most = lacks.sort_values("missing_kg", ascending=False)
        missing = [
            f"{m} {kg:,.4g} kg" for m, kg in zip(most.material, most.missing_kg, strict=True)
        ]
        found.append((str(species), int(most.ordered.max()), most.waited_days.max(),
                      ", ".join(missing)))  # fmt: skip
    names = ["species", "ordered", "waited_days", "missing"]
    return pd.DataFrame(found, columns=names).sort_values("waited_days", ascending=False)


def bottleneck(waits: pd.DataFrame, row: pd.Series) -> str:
    """Say what holds a site back at a record.

    Parameters
    ----------
    waits : DataFrame
        Of `waiting`.
    row : Series
        The site's row of table ``sites``.
    """
    said = []
    if len(waits):
        worst = waits.iloc[0]
        said.append(
            f"An order of {worst.species} has waited {worst.waited_days:,.0f} days; "
            f"it lacks {worst.missing}."
        )
    ratio = max(row.electric_ratio, row.energy_ratio)
    if ratio > 1:
        said.append(f"Power is short: {ratio:.1f} times as much is wanted as there is.")
    if row.robots and row.broken / row.robots > 0.25:
        said.append(f"{row.broken / row.robots:.0%} of the robots here are broken.")
    return " ".join(said) or "Nothing is short here: no order waits and power suffices."


@dataclass(frozen=True)
class Dearest:
    """Shadow prices of a bound.

    Attributes
    ----------
    prices : DataFrame
        Columns material, kind, price; the dearest first; in kg of newborn robots a kg.
    why_none : str
        If there are none.
    """

    prices: pd.DataFrame
    why_none: str = ""


def shadow_prices(run: Run) -> Dearest:
    """Return what a kilogram of each material is worth in the fastest balanced growth."""
    return _shadow(str(run.path), str(run.manifest["hash"]))


@lru_cache(maxsize=8)
def _shadow(path: str, identity: str) -> Dearest:
    found = bound(of_run(Run(Path(path), identity).manifest))
    if found.stepped is None:
        return Dearest(pd.DataFrame(columns=["material", "kind", "price"]), found.why or "")
    at = found.stepped
    rows = [
        (m.name, m.kind, float(at.prices[at.technology.row_of("material", n)]) * 1000 / m.mass_g)
        for n, m in enumerate(found.scenario.industry.materials.values())
    ]
    prices = pd.DataFrame(rows, columns=["material", "kind", "price"])
    prices = prices[prices.price > 0].sort_values("price", ascending=False, ignore_index=True)
    return Dearest(prices)
