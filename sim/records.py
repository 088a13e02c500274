"""What is written down of a run, as tidy tables; `auxon.sim.record_schemas` has their columns.

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
from .belt_records import COUNTED, Voyages, bodies
from .orbit import YEAR_DAYS
from .parts import Parts
from .record_schemas import KINDS, NAMED_EVENTS, SCHEMAS, STATES
from .state import SETTLED, Robots, live_rows
from .tables import Tables
from .whereabouts import Whereabouts, body_names, front_names, inhabited_bodies, lineage_names
from .world import World

_BUFFERED_ROWS = 200_000
"""Rows in memory after which parts are written between checkpoints."""

_OF_ROBOTS = ("births", "deaths", "failures", "repairs", "services", "wrecked")
_SUMMED = ("runs", "labour_s", "supply_J", "demand_J", "spent_J", *_OF_ROBOTS)
_OF_CARGO = ("shipped", "landed")


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
        self._bill = np.stack([_bill(t) for t in world.kinds])
        self._run_kg = np.stack([_run_kg(t) for t in world.kinds])
        self._run_MWh_s = np.stack([t.power_W for t in world.kinds]) / 3.6e9
        materials = list(world.places.industry.materials.values())
        self._bulk = np.array([m.unit == "g" for m in materials])
        self._kinds = np.array([[m.kind == k for m in materials] for k in KINDS])
        self._rocks = np.unique([t.rock for t in world.kinds])
        self._belt = world.scenario.belt is not None
        self._bodies, self._where = body_names(world), Whereabouts(world)
        names = {
            "species": world.species_names,
            "material": world.material_names,
            "process": world.task_names,
            "event": NAMED_EVENTS,
            "lineage": lineage_names(world),
            "front": front_names(world),
            "rock": front_names(world),
            "state": STATES,
        }
        self._parts = Parts(folder, SCHEMAS, names, world.step_count)
        self._voyages = Voyages(world, self._parts)
        summed = _SUMMED + (_OF_CARGO if self._belt else ())
        self._sums = {n: np.zeros_like(getattr(world.flows, n)) for n in summed}
        self._sums |= {n: getattr(self._voyages, n) for n in ("counts", "wrecks", "delivered_g")}
        self._sums["steps"] = np.zeros((), np.int64)
        if sums is not None:
            for name, total in self._sums.items():
                total[...] = sums[name]
        if world.step_count == 0:
            self._record(world, 0)

    def __call__(self, world: World) -> None:
        """Take down the step that is about to end."""
        f, step = world.flows, world.step_count + 1
        sums = self._sums
        self._make_room(world)
        for name in (*_SUMMED, *(_OF_CARGO if self._belt else ())):
            sums[name] += getattr(f, name)
        sums["steps"] += 1
        if self._belt:
            self._voyages.note(world, step)
        else:
            self._note_events(world, f._asdict(), step)
        if len(world.dead.id):
            self._parts.add("lineage", _lineage(world, world.dead, world.step_count))
        if step % self.every_steps == 0:
            self._record(world, step)
            for total in sums.values():
                total[...] = 0
        if self._parts.waiting_rows > _BUFFERED_ROWS:
            self._parts.flush(step)

    def _make_room(self, world: World) -> None:
        """Let sums over sites grow as sites do."""
        sites = len(world.sites.claim)
        if (new := sites - len(self._sums["supply_J"])) > 0:
            for name in (*_SUMMED, *_OF_CARGO):
                old = self._sums[name]
                self._sums[name] = np.concatenate([old, np.zeros((new, *old.shape[1:]), np.int64)])

    def sums(self) -> dict[str, NDArray[Any]]:
        """Return what has added up since the last record, to be kept in a checkpoint."""
        return dict(self._sums)

    def flush(self, world: World) -> None:
        """Write every row so far; before a checkpoint, so that both tell of the same step."""
        self._parts.flush(world.step_count)

    def finish(self, world: World) -> None:
        """Write every row so far, the living into the lineage, and who came to which body."""
        self.flush(world)
        rows = live_rows(world.segments)
        living = Robots._make(column[rows] for column in world.robots)
        self._parts.write_living("lineage", world.step_count, _lineage(world, living, None))
        if self._belt:
            self._parts.write_living("bodies", world.step_count, bodies(world))

    def _by_lineage(self, world: World, amounts: NDArray[Any]) -> NDArray[Any]:
        """Return sums over the sites of each lineage."""
        whose, lineages = world.sites.lineage, len(self._voyages.delivered_g)
        return np.stack([amounts[whose == n].sum(0) for n in range(lineages)])

    def _note_events(self, world: World, counted: Mapping[str, NDArray[Any]], step: int) -> None:
        """Write events down; in a belt, sums since the last record."""
        for event, name in enumerate((*_OF_ROBOTS, *_OF_CARGO, "wrecks")):
            if name not in counted or not counted[name].any():
                continue
            of_robots = name not in _OF_CARGO
            g = world.species_mass_g if of_robots else world.tables.unit_mass_g
            if name == "wrecks":
                counts, mass_g = counted[name], counted[name] * self._species_g(world)
            elif self._belt:
                counts = self._by_lineage(world, counted[name])
                mass_g = self._by_lineage(world, counted[name] * g)
            else:
                counts, mass_g = counted[name], counted[name] * g
            place, what = np.nonzero(counts)
            none = np.full(len(place), -1, np.int16)
            self._parts.add(
                "events",
                _when(world, step, len(place))
                | self._place(place)
                | {
                    "event": np.full(len(place), event, np.int16),
                    "species": what if of_robots else none,
                    "material": none if of_robots else what,
                    "count": counts[place, what],
                    "mass_kg": mass_g[place, what] / 1000,
                },
            )

    def _species_g(self, world: World) -> NDArray[np.int64]:
        """Return (L, K) mass of a robot as each lineage builds it."""
        fronts = len(front_names(world))
        return np.stack([t.species_mass_g for t in world.kinds[::fronts]])

    def _place(self, places: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the columns site and lineage: of lineages across a belt, of sites on one body."""
        none = np.full(len(places), -1 if self._belt else 0)
        return (
            {"site": none, "lineage": places} if self._belt else {"site": places, "lineage": none}
        )

    def _record(self, world: World, step: int) -> None:
        w, f, sums = world.sites, world.flows, self._sums
        seconds = int(sums["steps"]) * world.dt_s or np.nan
        fleet = f.healthy + f.broken
        mass_kg = (fleet * world.species_mass_g).sum(1) / 1000
        power_kW = {n: sums[f"{n}_J"] / seconds / 1e3 for n in ("supply", "demand")}
        supply, demand = (float(power_kW[n].sum()) for n in ("supply", "demand"))
        settled = w.state == SETTLED
        rock = np.array([t.rock for t in world.kinds])[w.kind]
        rock_g = w.stock[np.arange(len(rock)), rock]
        wave = self._where.of_lineages(world)
        wave |= dict(zip(COUNTED, self._voyages.counts, strict=True))
        wave["wrecks"] = self._voyages.wrecks.sum(1)
        wrecks_g = sum(
            int(n @ t.species_mass_g) for n, t in zip(world.books.wrecks, world.kinds, strict=True)
        )
        unit_g = world.tables.unit_mass_g
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
            "rock_used_kg": (w.claim - rock_g)[settled].sum() / 1000,
            "imported_kg": (w.imported * unit_g).sum() / 1000,
            **{n: wave[n].sum() for n in ("sites", "inhabited", "in_flight", *COUNTED, "wrecks")},
            **{n: wave[n].max() for n in ("front_AU", "front_m_s")},
            "shared_bodies": inhabited_bodies(world)[1],
            "delivered_kg": self._voyages.delivered_g.sum() / 1000,
            "exhaust_kg": int(world.books.exhaust @ unit_g) / 1000,
            "lost_kg": (int(world.books.lost @ unit_g) + wrecks_g) / 1000,
        }
        add = self._parts.add
        add("series", _when(world, step, 1) | {n: np.array([v]) for n, v in one.items()})
        self._record_sites(world, step, mass_kg, rock_g, power_kW)
        self._record_population(world, step)
        self._record_stocks(world, step)
        self._record_flows(world, step)
        self._record_waiting(world, step)
        if self._belt:
            lineages = len(wave["robots"])
            columns = {n: np.array(wave[n]) for n in wave}
            when = _when(world, step, lineages)
            add("lineages", when | {"lineage": np.arange(lineages)} | columns)
            self._note_events(world, sums, step)

    def _record_sites(
        self,
        world: World,
        step: int,
        mass_kg: NDArray[Any],
        rock_g: NDArray[Any],
        power_kW: Mapping[str, NDArray[Any]],
    ) -> None:
        w, f = world.sites, world.flows
        here = np.arange(len(w.claim))
        if self._belt:
            here = np.flatnonzero(world.segments.count > 0)
        stock_kg = w.stock[here] * world.tables.unit_mass_g / 1000
        broken = f.broken[here].sum(1)
        self._parts.add(
            "sites",
            _when(world, step, len(here))
            | {
                "site": here,
                "body": self._bodies[w.body[here]],
                "lineage": w.lineage[here],
                "rank": w.rank[here],
                "front": w.kind[here] % len(front_names(world)),
                "state": w.state[here],
                "robots": f.healthy[here].sum(1) + broken,
                "broken": broken,
                "mass_kg": mass_kg[here],
                "rock_left_kg": rock_g[here] / 1000,
                **{f"{k}_kg": stock_kg @ self._kinds[i] for i, k in enumerate(KINDS)},
                **{f"power_{n}_kW": kW[here] for n, kW in power_kW.items()},
                "electric_ratio": w.electric_fp[here] / 256,
                "energy_ratio": w.energy_fp[here] / 256,
            },
        )

    def _record_population(self, world: World, step: int) -> None:
        w, f = world.sites, world.flows
        numbers: dict[str, NDArray[Any]] = {
            "healthy": f.healthy, "broken": f.broken, "ordered": w.orders, "building": w.building,
        }  # fmt: skip
        pressure = w.pressure_fp / 256
        if self._belt:
            fleet = self._by_lineage(world, f.healthy + f.broken)
            weighted = self._by_lineage(world, pressure * (f.healthy + f.broken))
            pressure = np.where(fleet > 0, weighted / np.maximum(fleet, 1), np.nan)
            numbers = {n: self._by_lineage(world, a) for n, a in numbers.items()}
        there = np.ones_like(pressure, np.bool_)
        if self._belt:
            there = np.any([a > 0 for a in numbers.values()], axis=0)
        place, species = np.nonzero(there)
        columns = {
            n: a[place, species] for n, a in (numbers | {"pressure_steps": pressure}).items()
        }
        when = _when(world, step, len(place)) | self._place(place)
        self._parts.add("population", when | {"species": species} | columns)

    def _record_stocks(self, world: World, step: int) -> None:
        stock = world.sites.stock
        there = np.ones_like(stock, np.bool_)
        if self._belt:
            stock = self._by_lineage(world, stock)
            there = stock > 0
            there[:, self._rocks] = False
        place, m = np.nonzero(there)
        amount = stock[place, m]
        columns = {
            "material": m,
            "kg": amount * world.tables.unit_mass_g[m] / 1000,
            "pieces": np.where(self._bulk[m], -1, amount),
        }
        self._parts.add("stocks", _when(world, step, len(place)) | self._place(place) | columns)

    def _record_flows(self, world: World, step: int) -> None:
        runs, labour_s = self._sums["runs"], self._sums["labour_s"]
        kind = world.sites.kind[: len(runs)]
        numbers: dict[str, NDArray[Any]] = {
            "runs": runs,
            "kg": runs * self._run_kg[kind],
            "MWh": labour_s * self._run_MWh_s[kind],
        }
        if self._belt:
            labour_s = self._by_lineage(world, labour_s)
            numbers = {n: self._by_lineage(world, a) for n, a in numbers.items()}
        place, task = np.nonzero((numbers["runs"] > 0) | (labour_s > 0))
        if len(place):
            columns = {n: a[place, task] for n, a in numbers.items()}
            when = _when(world, step, len(place)) | self._place(place)
            self._parts.add("flows", when | {"process": task} | columns)

    def _record_waiting(self, world: World, step: int) -> None:
        w = world.sites
        site, species = np.nonzero(w.orders)
        if self._belt:
            awake = (w.state[site] == SETTLED) & (world.segments.count[site] > 0)
            site, species = site[awake], species[awake]
        free = np.maximum(0, w.stock - world.flows.keep)
        missing = np.maximum(0, self._bill[w.kind[site], species] - free[site])
        if self._belt:  # of each site the order that has waited longest
            lacking = np.flatnonzero(missing.any(1))
            waits = np.lexsort((w.ordered_at[site, species][lacking], site[lacking]))
            chosen = lacking[waits][np.unique(site[lacking][waits], return_index=True)[1]]
            site, species, missing = site[chosen], species[chosen], missing[chosen]
        n, m = np.nonzero(missing)
        if not len(n):
            return
        site, species = site[n], species[n]
        waited = (step - w.ordered_at[site, species]) * world.dt_s / 86_400
        columns = {
            "site": site,
            "lineage": w.lineage[site],
            "species": species,
            "material": m,
            "ordered": w.orders[site, species],
            "waited_days": waited,
            "missing_kg": missing[n, m] * world.tables.unit_mass_g[m] / 1000,
        }
        self._parts.add("waiting", _when(world, step, len(n)) | columns)


def _bill(t: Tables) -> NDArray[np.int64]:
    """Return (K, M) what a robot of each species consists of."""
    bill = np.zeros((len(t.idle_W), len(t.main)), np.int64)
    for k in range(len(t.idle_W)):
        entries = slice(t.bill_start[k], t.bill_start[k + 1])
        bill[k, t.bill_material[entries]] = t.bill_amount[entries]
    return bill


def _run_kg(t: Tables) -> NDArray[np.float64]:
    """Return (P,) the mass that one run of each task takes in."""
    mass_in = t.in_amount * t.unit_mass_g[t.in_material]
    run_kg: NDArray[np.float64] = np.add.reduceat(np.append(mass_in, 0), t.in_start[:-1]) / 1000
    run_kg[t.in_start[:-1] == t.in_start[1:]] = 0
    return run_kg


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
