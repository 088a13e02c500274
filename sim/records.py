"""What is written down of a run, as tidy tables; see `SCHEMAS` for their columns.

``step`` is the number of steps made: a row of step 0 is the state at the start. Sums and means
cover the steps since the row before. Events and lineage miss nothing, however seldom one records.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from . import parts
from .orbit import YEAR_DAYS
from .parts import NAME, Parts
from .state import Flows, Robots, live_rows
from .world import World

KINDS = ("ore", "feedstock", "part", "residue", "waste", "vitamin")
"""Kinds of material in a stock, the rock in place apart."""

_WHEN = {"step": pa.int32(), "years": pa.float64()}


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(columns)


def _doubles(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.float64())


def _counts(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.int64())


SCHEMAS: dict[str, pa.Schema] = {
    # the society, one row a record; power is a mean (missing at the start), MWh and events are sums
    "series": _schema(
        **_WHEN,
        **_counts("robots", "healthy", "broken", "building", "ordered"),
        **_doubles("mass_kg"),
        **_counts("births", "deaths", "failures", "repairs"),
        **_doubles("power_supply_kW", "power_demand_kW", "power_share", "energy_MWh"),
        **_doubles("rock_used_kg", "imported_kg"),
    ),
    # each species at each site; pressure_steps is its backlog of feasible work
    "population": _schema(
        **_WHEN,
        site=pa.int32(),
        species=NAME,
        **_counts("healthy", "broken", "ordered", "building"),
        **_doubles("pressure_steps"),
    ),
    # each site; ratios are running means of what is wanted over what there is
    "sites": _schema(
        **_WHEN,
        site=pa.int32(),
        **_counts("robots", "broken"),
        **_doubles("mass_kg", "rock_left_kg", *(f"{kind}_kg" for kind in KINDS)),
        **_doubles("power_supply_kW", "power_demand_kW", "electric_ratio", "energy_ratio"),
    ),
    # what lies in stock; pieces is missing for bulk
    "stocks": _schema(**_WHEN, site=pa.int32(), material=NAME, **_doubles("kg"), pieces=pa.int64()),
    # each task that ran or was worked on; kg is the mass it took in
    "flows": _schema(
        **_WHEN, site=pa.int32(), process=NAME, **_counts("runs"), **_doubles("kg", "MWh")
    ),
    # at the moment of the record, what the longest-waiting order of a species still lacks
    "waiting": _schema(
        **_WHEN,
        site=pa.int32(),
        species=NAME,
        material=NAME,
        **_counts("ordered"),
        **_doubles("waited_days", "missing_kg"),
    ),
    # of every step, recorded or not; one of species and material is missing
    "events": _schema(
        **_WHEN,
        site=pa.int32(),
        event=NAME,
        species=NAME,
        material=NAME,
        **_counts("count"),
        **_doubles("mass_kg"),
    ),
    # at the end of a run: growth of mass over the year before, the bound in its sunlight
    "growth": _schema(**_WHEN, **_doubles("rate_per_year", "bound_per_year", "share_of_bound")),
    # ALife data standard for phylogenies: asexual, times in years, ``inf`` while alive
    "lineage": _schema(
        id=pa.int64(),
        ancestor_list=pa.string(),
        **_doubles("origin_time", "destruction_time"),
        site=pa.int32(),
        species=NAME,
        design=pa.int32(),
        generation=pa.int32(),
    ),
}

EVENTS = ("birth", "death", "failure", "repair", "import_shipped", "import_landed")

_BUFFERED_ROWS = 200_000
"""Rows in memory after which parts are written between checkpoints."""

_OF_ROBOTS = ("births", "deaths", "failures", "repairs")
_SUMMED = ("runs", "labour_s", "supply_J", "demand_J", "spent_J", *_OF_ROBOTS)


class Recorder:
    """Listens to a world and writes its tables; append it to ``world.listeners``.

    Parameters
    ----------
    world : World
        At its start or restored from a checkpoint.
    folder : Path
        Of the tables. Rows later than the world's step are deleted.
    record_days : float
        Time between two records.
    sums : mapping of str to array, optional
        `Recorder.sums` of the checkpoint.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        record_days: float = 10.0,
        sums: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self.every_steps = max(1, round(record_days * 86_400 / world.dt_s))
        t = world.tables
        self._bill = np.zeros((len(t.idle_W), len(t.main)), np.int64)
        for k in range(len(t.idle_W)):
            entries = slice(t.bill_start[k], t.bill_start[k + 1])
            self._bill[k, t.bill_material[entries]] = t.bill_amount[entries]
        mass_in = t.in_amount * t.unit_mass_g[t.in_material]
        self._run_kg = np.add.reduceat(np.append(mass_in, 0), t.in_start[:-1]) / 1000
        self._run_kg[t.in_start[:-1] == t.in_start[1:]] = 0
        materials = list(world.scenario.industry.materials.values())
        self._bulk = np.array([m.unit == "g" for m in materials])
        self._kinds = np.array([[m.kind == k for m in materials] for k in KINDS])
        self._sums = {n: np.zeros_like(getattr(world.flows, n)) for n in _SUMMED}
        self._sums["steps"] = np.zeros((), np.int64)
        if sums is not None:
            self._sums = {n: np.array(sums[n]) for n in self._sums}
        names = {
            "species": world.species_names,
            "material": world.material_names,
            "process": world.task_names,
            "event": EVENTS,
        }
        self._parts = Parts(folder, SCHEMAS, names, world.step_count)
        if world.step_count == 0:
            self._record(world, 0)

    def __call__(self, world: World) -> None:
        """Take down the step that is about to end."""
        f, step = world.flows, world.step_count + 1
        sums = self._sums
        for name in _SUMMED:
            sums[name] += getattr(f, name)
        sums["steps"] += 1
        self._note_events(world, f, step)
        if len(world.dead.id):
            self._parts.add("lineage", _lineage(world, world.dead, world.step_count))
        if step % self.every_steps == 0:
            self._record(world, step)
            for total in sums.values():
                total[...] = 0
        if self._parts.waiting_rows > _BUFFERED_ROWS:
            self._parts.flush(step)

    def sums(self) -> dict[str, NDArray[Any]]:
        """Return what has added up since the last record, to be kept in a checkpoint."""
        return dict(self._sums)

    def flush(self, world: World) -> None:
        """Write every row so far; before a checkpoint, so that both tell of the same step."""
        self._parts.flush(world.step_count)

    def finish(self, world: World) -> None:
        """Write every row so far, and the living into the lineage."""
        self.flush(world)
        rows = live_rows(world.segments)
        living = Robots._make(column[rows] for column in world.robots)
        stem = f"living-{0:08d}-{world.step_count:08d}"
        self._parts.write("lineage", stem, _lineage(world, living, None))

    def _note_events(self, world: World, f: Flows, step: int) -> None:
        happened = (f.births, f.deaths, f.failures, f.repairs, f.shipped, f.landed)
        for event, counts in enumerate(happened):
            if not counts.any():
                continue
            site, what = np.nonzero(counts)
            count = counts[site, what]
            none = np.full(len(site), -1, np.int16)
            of_robots = event < len(_OF_ROBOTS)
            t = world.tables
            unit_g = (t.species_mass_g if of_robots else t.unit_mass_g)[what]
            self._parts.add(
                "events",
                _when(world, step, len(site))
                | {
                    "site": site,
                    "event": np.full(len(site), event, np.int16),
                    "species": what if of_robots else none,
                    "material": none if of_robots else what,
                    "count": count,
                    "mass_kg": count * unit_g / 1000,
                },
            )

    def _record(self, world: World, step: int) -> None:
        t, w, f, sums = world.tables, world.sites, world.flows, self._sums
        sites, species = w.orders.shape
        seconds = int(sums["steps"]) * world.dt_s or np.nan
        supply_kW, demand_kW = sums["supply_J"] / seconds / 1e3, sums["demand_J"] / seconds / 1e3
        fleet = f.healthy + f.broken
        mass_kg = fleet @ t.species_mass_g / 1000
        stock_kg = w.stock * t.unit_mass_g / 1000
        supply, demand = float(supply_kW.sum()), float(demand_kW.sum())
        add = self._parts.add
        one: dict[str, Any] = {
            "robots": fleet.sum(),
            "healthy": f.healthy.sum(),
            "broken": f.broken.sum(),
            "building": w.building.sum(),
            "ordered": w.orders.sum(),
            "mass_kg": mass_kg.sum(),
            **{name: sums[name].sum() for name in _OF_ROBOTS},
            "power_supply_kW": supply,
            "power_demand_kW": demand,
            "power_share": 1.0 if demand == 0 else float(np.minimum(1.0, supply / demand)),
            "energy_MWh": sums["spent_J"].sum() / 3.6e9,
            "rock_used_kg": (w.claim - w.stock[:, t.rock]).sum() / 1000,
            "imported_kg": (w.imported * t.unit_mass_g).sum() / 1000,
        }
        add("series", _when(world, step, 1) | {n: np.array([v]) for n, v in one.items()})
        add(
            "population",
            _when(world, step, sites * species)
            | _site_and("species", w.orders)
            | {
                "healthy": f.healthy.ravel().copy(),
                "broken": f.broken.ravel().copy(),
                "ordered": w.orders.ravel().copy(),
                "building": w.building.ravel().copy(),
                "pressure_steps": w.pressure_fp.ravel() / 256,
            },
        )
        add(
            "sites",
            _when(world, step, sites)
            | {
                "site": np.arange(sites),
                "robots": fleet.sum(1),
                "broken": f.broken.sum(1),
                "mass_kg": mass_kg,
                "rock_left_kg": stock_kg[:, t.rock],
                **{f"{k}_kg": stock_kg @ self._kinds[i] for i, k in enumerate(KINDS)},
                "power_supply_kW": supply_kW,
                "power_demand_kW": demand_kW,
                "electric_ratio": w.electric_fp / 256,
                "energy_ratio": w.energy_fp / 256,
            },
        )
        add(
            "stocks",
            _when(world, step, w.stock.size)
            | _site_and("material", w.stock)
            | {
                "kg": stock_kg.ravel(),
                "pieces": np.where(self._bulk, -1, w.stock).ravel(),
            },
        )
        self._record_flows(world, step)
        self._record_waiting(world, step)

    def _record_flows(self, world: World, step: int) -> None:
        runs, labour_s = self._sums["runs"], self._sums["labour_s"]
        site, task = np.nonzero((runs > 0) | (labour_s > 0))
        if len(site):
            columns = {
                "site": site,
                "process": task,
                "runs": runs[site, task],
                "kg": runs[site, task] * self._run_kg[task],
                "MWh": labour_s[site, task] * (world.tables.power_W[task] / 3.6e9),
            }
            self._parts.add("flows", _when(world, step, len(site)) | columns)

    def _record_waiting(self, world: World, step: int) -> None:
        w, t = world.sites, world.tables
        for s, k in zip(*np.nonzero(w.orders), strict=True):
            missing = self._bill[k] - np.maximum(0, w.stock[s] - world.flows.keep[s])
            material = np.nonzero(missing > 0)[0]
            if len(material):
                n = len(material)
                waited = (step - int(w.ordered_at[s, k])) * world.dt_s / 86_400
                columns = {
                    "site": np.full(n, s),
                    "species": np.full(n, k),
                    "material": material,
                    "ordered": np.full(n, w.orders[s, k]),
                    "waited_days": np.full(n, waited),
                    "missing_kg": missing[material] * t.unit_mass_g[material] / 1000,
                }
                self._parts.add("waiting", _when(world, step, n) | columns)


def read(folder: Path, table: str) -> pa.Table:
    """Return a table of a run in order of time.

    Parameters
    ----------
    folder : Path
        Of the tables, as given to `Recorder`.
    table : str
        A key of `SCHEMAS`.
    """
    return parts.read(folder, table, SCHEMAS[table])


def write_growth(folder: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write the table ``growth`` anew; `columns` as in `SCHEMAS`."""
    table = Parts(folder, {"growth": SCHEMAS["growth"]}, {}, 0)
    if len(columns["step"]):
        table.write("growth", f"part-00000000-{int(columns['step'][-1]):08d}", columns)


def _years(world: World, step: Any) -> Any:
    return step * world.dt_s / (YEAR_DAYS * 86_400)


def _when(world: World, step: int, rows: int) -> dict[str, NDArray[Any]]:
    return {"step": np.full(rows, step, np.int32), "years": np.full(rows, _years(world, step))}


def _site_and(what: str, array: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    site, column = np.indices(array.shape)
    return {"site": site.ravel(), what: column.ravel()}


def _lineage(world: World, robots: Robots, died: int | None) -> dict[str, Any]:
    parent = pa.array(np.asarray(robots.parent))
    named = pc.binary_join_element_wise("[", pc.cast(parent, pa.string()), "]", "")
    end = np.inf if died is None else _years(world, died)
    return {
        "id": robots.id,
        "ancestor_list": pc.if_else(pc.less(parent, 0), "[none]", named).to_numpy(False),
        "origin_time": _years(world, robots.born.astype(np.float64)),
        "destruction_time": np.full(len(parent), end),
        "site": robots.id >> 44,
        "species": robots.species,
        "design": robots.design,
        "generation": robots.generation,
    }
