"""Records: the tables say what happened, whatever the interval, and cost the world nothing."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auxon.policies import make
from auxon.sim import records
from auxon.sim.record_schemas import BELT, EVENTS, OF_HIDDEN, SCHEMAS
from auxon.sim.records import Recorder
from auxon.sim.scenario import Scenario, load
from auxon.sim.summary import bottlenecks, doubling_time_years, summarise
from auxon.sim.world import World

STEPS = 280
SHORT_LIVES = load("tiny").replace(
    {"override.species.solar_array.life_h": 2400, "override.species.solar_array.mtbf_h": 2000}
)


NULLABLE = {("events", "species"), ("events", "material"), ("stocks", "pieces")} | {
    (name, column)
    for name in ("series", "sites")
    for column in ("power_supply_kW", "power_demand_kW", "power_share")
}


def recorded(
    folder: Path, scenario: Scenario = SHORT_LIVES, record_days: float = 10, sites: int = 2
) -> World:
    world = World(scenario, make("market"), seed=4, sites=sites)
    recorder = Recorder(world, folder, record_days)
    world.listeners.append(recorder)
    for _ in range(STEPS):
        world.step()
    recorder.finish(world)
    return world


def table(folder: Path, name: str) -> pd.DataFrame:
    return records.read(folder, name).to_pandas()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    return recorded(folder)


def test_recording_changes_nothing(world: World) -> None:
    alone = World(SHORT_LIVES, make("market"), seed=4, sites=2)
    for _ in range(STEPS):
        alone.step()
    assert alone.digest() == world.digest()


@pytest.mark.usefixtures("world")
def test_every_table_has_its_columns_and_whole_rows(folder: Path) -> None:
    for name, schema in SCHEMAS.items():
        found = records.read(folder, name)
        assert found.schema.names == schema.names
        if name == "growth":  # written when a run has ended, see tests/test_share.py
            continue
        if name in BELT:
            assert found.num_rows == 0
            continue
        assert found.num_rows > 0, name
        for column in schema.names:
            if (name, column) not in NULLABLE:
                assert found[column].null_count == 0, f"{name}.{column}"


def test_the_last_record_is_the_state(folder: Path, world: World) -> None:
    series = table(folder, "series")
    assert list(series.step) == list(range(0, STEPS + 1, 10))
    last = series.iloc[-1]
    assert last.years == pytest.approx(STEPS / 365.25)
    assert last.robots == world.robot_count
    assert last.mass_kg == world.mass_g / 1000
    assert last.imported_kg == (world.sites.imported @ world.tables.unit_mass_g).sum() / 1000
    stocks = table(folder, "stocks").query(f"step == {STEPS} and site == 1")
    assert list(stocks.material) == list(world.material_names)
    assert np.array_equal(stocks.kg, world.sites.stock[1] * world.tables.unit_mass_g / 1000)
    pieces = stocks.set_index("material").pieces
    assert pieces["beam"] == world.sites.stock[1, world.material_names.index("beam")]
    assert np.isnan(pieces["iron"]), "bulk has no pieces"
    population = table(folder, "population").query(f"step == {STEPS}")
    assert population.healthy.sum() == world.flows.healthy.sum()
    assert population.groupby("site").broken.sum().tolist() == world.flows.broken.sum(1).tolist()
    sites = table(folder, "sites").query(f"step == {STEPS}")
    assert sites.robots.tolist() == world.segments.count.tolist()


def test_events_series_lineage_and_state_tell_the_same(folder: Path, world: World) -> None:
    events, series = table(folder, "events"), table(folder, "series")
    total = events.groupby("event", observed=True)["count"].sum()
    shown = set(EVENTS) - set(OF_HIDDEN)  # see tests/test_partial.py
    assert set(total.index) == shown, "the scenario shows every kind of event"
    plural = {"birth": "births", "death": "deaths", "failure": "failures", "repair": "repairs"}
    for event, name in plural.items():
        assert series[name].sum() == total[event]
    founders = int(series.robots.iloc[0])
    assert total["birth"] == world.sites.serial.sum() - founders
    assert founders + total["birth"] - total["death"] == world.robot_count
    shipped = events[events.event == "import_shipped"].mass_kg.sum()
    assert shipped == pytest.approx(series.imported_kg.iloc[-1])

    lineage = table(folder, "lineage")
    assert lineage.id.is_unique
    assert len(lineage) == founders + total["birth"]
    dead = lineage[np.isfinite(lineage.destruction_time)]
    assert len(dead) == total["death"]
    age_h = (dead.destruction_time - dead.origin_time) * 365.25 * 24
    # taken apart at a review, every few days, once past 2400 h
    assert age_h.min() >= 2400 - 1e-6
    assert age_h.max() < 2400 + 24 * world.review_steps


@pytest.mark.usefixtures("world")
def test_lineage_is_a_phylogeny_by_the_alife_standard(folder: Path) -> None:
    lineage = table(folder, "lineage").set_index("id")
    assert lineage.ancestor_list.str.fullmatch(r"\[(none|\d+)\]").all()
    founders = lineage[lineage.ancestor_list == "[none]"]
    assert (founders.origin_time == 0).all()
    assert len(founders) == 2 * 21
    born = lineage[lineage.ancestor_list != "[none]"]
    parents = lineage.loc[born.ancestor_list.str[1:-1].astype(np.int64)]
    assert (parents.origin_time.to_numpy() <= born.origin_time.to_numpy()).all()
    assert (parents.generation.to_numpy() + 1 == born.generation.to_numpy()).all()
    assert (parents.site.to_numpy() == born.site.to_numpy()).all()
    assert set(parents.species) == {"assembler"}


def test_the_interval_loses_nothing(folder: Path, world: World, tmp_path: Path) -> None:
    daily = recorded(tmp_path, record_days=1)
    assert daily.digest() == world.digest()
    assert len(table(tmp_path, "series")) == STEPS + 1
    for name in ("events", "lineage"):
        assert records.read(tmp_path, name).equals(records.read(folder, name)), name
    ours = table(tmp_path, "flows").groupby("process", observed=True)[["runs", "kg", "MWh"]].sum()
    theirs = table(folder, "flows").groupby("process", observed=True)[["runs", "kg", "MWh"]].sum()
    assert (ours.runs == theirs.runs).all()
    # sums of the same doubles in another order
    np.testing.assert_allclose(ours[["kg", "MWh"]], theirs[["kg", "MWh"]], rtol=1e-12)
    assert table(tmp_path, "series").energy_MWh.sum() == pytest.approx(
        table(folder, "series").energy_MWh.sum(), rel=1e-12
    )


def test_power_is_the_mean_since_the_last_record(folder: Path, tmp_path: Path) -> None:
    recorded(tmp_path, record_days=1)
    daily = table(tmp_path, "series").power_supply_kW.to_numpy()
    ten = table(folder, "series").power_supply_kW.to_numpy()
    assert np.isnan(daily[0])
    assert np.isnan(ten[0])
    # means of the same integers, divided before or after they are added
    np.testing.assert_allclose(ten[1:], daily[1:].reshape(-1, 10).mean(1), rtol=1e-12)


def test_few_rows_stay_in_memory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_BUFFERED_ROWS", 100)
    recorded(tmp_path)
    assert len(list((tmp_path / "events").iterdir())) > 10
    for name in SCHEMAS:
        assert records.read(tmp_path, name).equals(records.read(folder, name)), name


def test_leftovers_of_a_killed_run_are_passed_over_and_cleared(tmp_path: Path) -> None:
    recorded(tmp_path)
    before = records.read(tmp_path, "series")
    draft = tmp_path / "series" / ".part-00000281-00000300.parquet"
    draft.write_bytes(b"PAR1 half a file")
    assert records.read(tmp_path, "series").equals(before)
    Recorder(World(SHORT_LIVES, make("market"), seed=4, sites=2), tmp_path)
    assert not draft.exists()
    assert records.read(tmp_path, "series").num_rows == 0, "a new start clears later parts"


def test_doubling_time_is_that_of_the_way_to_half_of_the_peak(tmp_path: Path) -> None:
    recorded(tmp_path, load("tiny"), sites=1)
    series = table(tmp_path, "series")
    below = series.mass_kg < series.mass_kg.max() / 2
    way = series[: int(below.to_numpy().argmin()) + 1]
    slope = np.polyfit(way.years, np.log(way.mass_kg), 1)[0]
    assert doubling_time_years(tmp_path) == pytest.approx(np.log(2) / slope, rel=1e-9)


def test_the_dead_are_told_of_what_they_waited_for(tmp_path: Path) -> None:
    dead = load("tiny").replace(
        {"imports": None, "seed.stock.chip": 0}
        | {f"override.species.{k}.life_h": 2000.0 for k in load("tiny").seed_robots}
    )
    world = recorded(tmp_path, dead, sites=1)
    assert world.robot_count == 0
    assert re.fullmatch(
        r"Nobody is left: .* From year \d\.\d on its orders waited for chip, "
        r"which cannot be made here and is not imported\.",
        summarise(world, tmp_path)["why"],
    )


def test_the_summary_names_what_starves(tmp_path: Path) -> None:
    starved = load("tiny").replace({"imports": None, "seed.stock.chip": 3})
    world = recorded(tmp_path, starved, sites=1)
    summary = summarise(world, tmp_path)
    assert summary["doubling_time_years"] is None
    assert summary["imports_kg"] == 0
    assert summary["why"].endswith("chip, which cannot be made here and is not imported.")
    assert next(iter(bottlenecks(tmp_path))) == "chip"
    assert summary["bottlenecks"]["chip"] == 1.0
    assert summary["robots"] == sum(summary["robots_by_species"].values()) == world.robot_count
