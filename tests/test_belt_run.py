"""Runs across a belt: tables that agree with the state, resumable, drawn, and a Mesa model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auxon.agents import GoneError, Society
from auxon.policies import make
from auxon.runs import Result, run
from auxon.sim import pictures, records, summary
from auxon.sim.pictures import draw
from auxon.sim.record_schemas import BELT, CARGO, SCHEMAS, VOYAGES
from auxon.sim.records import Recorder
from auxon.sim.scenario import load
from auxon.sim.share import Share
from auxon.sim.state import FLYING, SETTLED, live_rows
from auxon.sim.whereabouts import body_names
from auxon.sim.world import World
from tests.belt_worlds import RIVAL, small_belt, write

YEARS = 1.3
CHECKPOINT_YEARS = 0.3
SEED = 12
"""One with which ships are lost and cargo arrives."""


@pytest.fixture(scope="module", autouse=True)
def _no_bound() -> Iterator[None]:
    """Leave the bound out: it takes seconds, and has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "measure", lambda scenario, tables: Share(None, None, None))
        yield


@pytest.fixture(scope="module")
def scenario_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("belt"))


@pytest.fixture(scope="module")
def straight(scenario_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return small(scenario_file, tmp_path_factory.mktemp("runs") / "straight")


def small(scenario: Path, out: Path, years: float = YEARS, resume: bool = False) -> Result:
    return run(
        scenario, years=years, out=out, resume=resume, checkpoint_years=CHECKPOINT_YEARS, seed=SEED
    )


def table(result: Result, name: str) -> pd.DataFrame:
    return result.series(name).to_pandas()


# ---------------------------------------------------------------------- tables


def test_something_of_everything_happens(straight: Result) -> None:
    voyages, cargo = table(straight, "expeditions"), table(straight, "cargo")
    assert {"laid_down", "left", "lost", "settled"} <= set(voyages.event) <= set(VOYAGES)
    assert {"ordered", "left", "delivered"} <= set(cargo.event) <= set(CARGO)
    for name in BELT:
        assert len(table(straight, name)) > 0, name


def test_every_expedition_has_one_end(straight: Result) -> None:
    voyages = table(straight, "expeditions")
    left = voyages[voyages.event == "left"]
    ended = voyages[~voyages.event.isin(["laid_down", "left"])]
    s = straight.summary
    expeditions_flying = len(left) - len(ended)
    assert 0 <= expeditions_flying <= s["in_flight"]
    assert s["expeditions"] == len(left)
    assert s["settled"] + s["stranded"] + s["crowded"] + s["joined"] + s["lost"] == len(ended)
    # what leaves arrives after the days it said, with the payload it had
    arrival = left.step + left.flight_days.round().astype(int)
    known = dict(zip(zip(left.ship, arrival, strict=True), left.payload_kg, strict=True))
    for end in ended.itertuples():
        assert known[end.ship, end.step] == pytest.approx(end.payload_kg)
    assert (left.propellant_kg > 0).all()
    assert (left.dv_m_s > 0).all()
    assert (left.start != left.body).all()


def test_cargo_arrives_or_is_lost_as_it_left(straight: Result) -> None:
    cargo = table(straight, "cargo")
    kg = cargo.groupby("event", observed=True).kg.sum()
    assert kg["delivered"] > 0
    assert kg["left"] >= kg["delivered"] + kg.get("lost", 0.0) - 1e-9
    which = ["ship", "material", "buyer", "kg"]
    left = {tuple(row) for row in cargo[cargo.event == "left"][which].to_numpy().tolist()}
    ended = cargo[cargo.event.isin(["delivered", "lost"])][which].to_numpy().tolist()
    assert {tuple(row) for row in ended} <= left
    assert straight.summary["cargo_kg"] == pytest.approx(kg["delivered"])
    assert table(straight, "series").delivered_kg.sum() <= kg["delivered"] + 1e-9


def test_events_series_and_summary_tell_the_same(straight: Result) -> None:
    series, events, s = table(straight, "series"), table(straight, "events"), straight.summary
    total = events.groupby("event", observed=True)["count"].sum()
    for event, name in {"birth": "births", "death": "deaths", "wreck": "wrecks"}.items():
        assert series[name].sum() == total[event], event
    # robots at the last record, which is not the end of the run
    last = series.iloc[-1]
    assert series.robots.iloc[
        0
    ] + series.births.sum() - series.deaths.sum() - series.wrecks.sum() == (last.robots)
    founders = series.robots.iloc[0]
    assert founders + s["births"] - s["deaths"] - s["wrecks"] == s["robots"]
    lineages = table(straight, "lineages")
    at_end = lineages[lineages.step == last.step]
    for name in ("robots", "sites", "inhabited", "in_flight"):
        assert at_end[name].sum() == last[name]
    assert s["lineages"]["first"]["robots"] == s["robots"]


def test_tables_are_sparse_and_sum_up_to_the_state(scenario_file: Path, tmp_path: Path) -> None:
    world = World(load(scenario_file).replace({"belt.rival": [RIVAL]}), make("kanban"), 3)
    recorder = Recorder(world, tmp_path, 10)
    world.listeners.append(recorder)
    for _ in range(200):
        world.step()
    recorder.finish(world)
    at = {name: records.read(tmp_path, name).to_pandas() for name in SCHEMAS}
    now = {name: t[t.step == 200] for name, t in at.items() if "step" in t}
    w = world.sites
    assert now["population"].site.isna().all()
    fleet = now["population"].groupby("lineage", observed=True)[["healthy", "broken"]].sum()
    for n, name in enumerate(("first", "second")):
        own = w.lineage == n
        assert fleet.loc[name].sum() == world.segments.count[own].sum()
    assert (now["population"][["healthy", "broken", "ordered", "building"]].sum(axis=1) > 0).all()
    rocks = [t.rock for t in world.kinds]
    unit_g = world.tables.unit_mass_g
    stock_g = np.delete(w.stock.sum(0) * unit_g, np.unique(rocks)).sum()
    assert now["stocks"].kg.sum() == pytest.approx(stock_g / 1000)
    assert (now["stocks"].kg > 0).all()
    # a site or a crewed ship a row, with its own lineage's robots by weight
    here = np.flatnonzero(world.segments.count)
    assert now["sites"].site.tolist() == here.tolist()
    mass_kg = ((world.flows.healthy + world.flows.broken) * world.species_mass_g).sum(1) / 1000
    np.testing.assert_allclose(now["sites"].mass_kg, mass_kg[here])
    assert now["series"].mass_kg.iloc[0] == pytest.approx(world.mass_g / 1000)
    states = now["sites"].set_index("site").state
    assert (states == "flying").sum() == (w.state[here] == FLYING).sum()
    books = world.books
    series = now["series"].iloc[0]
    assert series.exhaust_kg == pytest.approx(books.exhaust @ unit_g / 1000)
    settled = np.flatnonzero(w.state == SETTLED)
    known = at["bodies"][at["bodies"].step.notna()].set_index("body")
    names = body_names(world)
    assert set(known.index) == {names[b] for b in w.body[settled]}
    assert (known.step[known["rank"] == 0] == 0).all()
    lineage = at["lineage"]
    assert lineage.id.is_unique
    living = lineage[np.isinf(lineage.destruction_time)]
    assert sorted(living.id) == sorted(world.robots.id[live_rows(world.segments)])


# ---------------------------------------------------------------------- resumed, drawn, printed


def assert_same(a: Result, b: Result) -> None:
    assert a.summary["digest"] == b.summary["digest"]
    for name in SCHEMAS:
        assert a.series(name).equals(b.series(name)), name
    own = {"out", "robot_steps_per_s"}
    assert {k: v for k, v in a.summary.items() if k not in own} == {
        k: v for k, v in b.summary.items() if k not in own
    }


def test_stopped_dead_and_resumed_it_ends_in_the_same_tables(
    straight: Result, scenario_file: Path, tmp_path: Path
) -> None:
    class Dead(Exception):
        pass

    def die(world: World, steps: int) -> None:
        if world.step_count in (60, 300):  # before the first checkpoint, and long after it
            raise Dead

    out = tmp_path / "a"
    for resume in (False, True):
        with pytest.raises(Dead):
            run(
                scenario_file, years=YEARS, out=out, resume=resume, seed=SEED, progress=die,
                checkpoint_years=CHECKPOINT_YEARS,
            )  # fmt: skip
    assert json.loads((out / "manifest.json").read_text())["state"] == "running"
    assert_same(small(scenario_file, out, resume=True), straight)


def test_resumed_with_a_longer_horizon(
    straight: Result, scenario_file: Path, tmp_path: Path
) -> None:
    # 0.75 years are no multiple of the records' 30 days nor of the checkpoints
    small(scenario_file, tmp_path / "a", years=0.75)
    assert_same(small(scenario_file, tmp_path / "a", resume=True), straight)


def test_pictures_of_a_belt(straight: Result) -> None:
    made = draw(straight.out)
    assert [p.stem for p in made[:7]] == [
        "overview", "maps", "expeditions", "wavefront", "arrivals", "lineages", "sites",
    ]  # fmt: skip
    for picture in made:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 8_000, "an empty picture is smaller"


def test_pictures_and_words_of_two_lineages_and_of_nobody_who_travels(
    scenario_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # drawn, but not rendered: that takes seconds
    monkeypatch.setattr(pictures, "_save", lambda figure, folder, name: Path(name))
    nobody: dict[str, Any] = {"belt.kit": None, "belt.trade": None}
    for name, changes in (("two", {"belt.rival": [RIVAL]}), ("nobody", nobody)):
        result = run(load(scenario_file).replace(changes), years=0.4, out=tmp_path / name)
        assert draw(result.out)[0].stem == "overview"
        left = (table(result, "expeditions").event == "left").sum()
        assert result.summary["expeditions"] == left
        assert (left > 0) == (name == "two")
        assert len(result.summary["lineages"]) == 1 + (name == "two")


def test_the_report_says_it_in_sentences(
    straight: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    from auxon.report import report

    report(straight)
    said = capsys.readouterr().out
    s = straight.summary
    assert f"{s['expeditions']} left: {s['settled']} settled" in said
    assert f"{s['wrecks']} lost with ships" in " ".join(said.split())
    assert "inhabited site" in said
    assert "delivered by" in said


# ---------------------------------------------------------------------- Mesa


@pytest.fixture(scope="module")
def society(tmp_path_factory: pytest.TempPathFactory) -> Society:
    scenario = small_belt(tmp_path_factory.mktemp("mesa"), {"belt.rival": [RIVAL]})
    society = Society(scenario, rng=3, report_every=10)
    assert society.births == society.deaths == society.lost == 0
    while society.in_flight == 0 or society.inhabited < 4:
        society.step()
    return society


def test_robots_know_where_they_are_and_were_born(society: Society) -> None:
    world = society.world
    assert len(society.agents) == society.robots == world.robot_count
    flying = society.agents.select(flying=True)
    ships = np.flatnonzero((world.sites.state == FLYING) & (world.segments.count > 0))
    assert len(flying) == world.segments.count[ships].sum() > 0
    robot = flying[0]
    assert robot.site in ships
    assert robot.birthplace == world.sites.origin[robot.site] != robot.site
    assert robot.body == body_names(world)[world.sites.body[robot.site]]
    for site in range(len(world.sites.claim)):
        there = society.agents.select(site=site)
        assert len(there) == world.segments.count[site]
    assert set(society.agents.groupby("lineage").agg("mass_kg", "sum")) == {"first", "second"}
    assert society.agents.agg("mass_kg", "sum") == pytest.approx(society.mass_kg)
    digger = society.agents.select(species="digger", lineage="first")[0].mass_kg
    assert society.agents.select(species="digger", lineage="second")[0].mass_kg > digger


def test_reporters_count_what_there_is(society: Society) -> None:
    founders = sum(sum(seed.robots.values()) for seed in society.world.places.seeds)
    assert founders + society.births - society.deaths - society.lost == society.robots
    frame = society.datacollector.get_model_vars_dataframe()  # type: ignore[no-untyped-call]
    assert {"inhabited", "in_flight", "lost"} <= set(frame.columns)
    assert (frame.deaths >= 0).all()
    assert frame.deaths.is_monotonic_increasing


def test_handles_find_their_rows_however_robots_move(tmp_path: Path) -> None:
    society = Society(small_belt(tmp_path), rng=3)
    world = society.world
    handles = {robot.unique_id: robot for robot in society.agents}
    everybody = society.agents.copy()
    moved = 0
    for _ in range(250):
        society.step()
        for robot in society.agents.select(flying=True):
            handles.setdefault(robot.unique_id, robot)
        rows = live_rows(world.segments)
        at = dict(zip(world.robots.id[rows].tolist(), rows.tolist(), strict=True))
        assert everybody.ids.tolist() == [n for n in everybody.ids.tolist() if n in at]
        for number, robot in handles.items():
            if number in at:
                assert robot.row == at[number]
                moved += robot.site != robot.birthplace
            else:
                with pytest.raises(GoneError):
                    _ = robot.row
    assert moved > 0


def test_the_version_of_rows_changes_when_two_robots_change_places(tmp_path: Path) -> None:
    society = Society(small_belt(tmp_path), rng=3)
    while society.inhabited < 2:
        society.step()
    world, index = society.world, society.index
    here, there = np.flatnonzero((world.sites.state == SETTLED) & (world.segments.count > 0))[:2]
    before = index.version
    counts = world.segments.count.tolist()
    for a, b in ((here, there), (there, here)):
        row = world.segments.first[a]
        world.travel._move(int(a), np.array([row]), int(b))
    assert world.segments.count.tolist() == counts
    assert index.version != before
    ids = world.robots.id[live_rows(world.segments)]
    assert society.agents.ids.tolist() == ids.tolist()


def test_scrap_gives_back_what_that_lineage_built_of(society: Society) -> None:
    world = society.world
    digger = society.agents.select(species="digger", lineage="second", flying=False)[0]
    site, plate = digger.site, world.material_names.index("worn_plate")
    before = int(world.sites.stock[site, plate])
    digger.remove()
    assert world.sites.stock[site, plate] - before == 5
