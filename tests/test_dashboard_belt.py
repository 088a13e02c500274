"""The page Belt: numbers that agree with a run's tables, packets a browser can read, the page."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest

import auxon
from auxon.dashboard import belt_canvas, belt_view
from auxon.dashboard.charts import COLOURS
from auxon.dashboard.shelf import Run
from auxon.sim import summary
from auxon.sim.ephemeris import orbits, states
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.share import Share
from tests.belt_worlds import write
from tests.dashboard_pages import opened

SEED = 12
"""One with which ships are lost."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp = tmp_path_factory.mktemp("belt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "measure", lambda scenario, tables: Share(None, None, None))
        auxon.run(write(tmp), years=1.3, out=tmp / "runs" / "a", seed=SEED)
    return tmp / "runs"


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return Run(folder / "a", "a")


@pytest.fixture(scope="module")
def bodies(run: Run) -> pd.DataFrame:
    return belt_view.bodies_of(run)


@pytest.fixture(scope="module")
def story(run: Run, bodies: pd.DataFrame) -> belt_view.Story:
    return belt_view.story_of(run, bodies)


@pytest.fixture(scope="module")
def trips(run: Run) -> pd.DataFrame:
    return belt_view.voyages(run.table("expeditions"))


def unpacked(data: bytes) -> dict[str, Any]:
    size = int.from_bytes(data[:4], "little")
    assert size % 4 == 0
    head: dict[str, Any] = json.loads(data[4 : 4 + size])
    for name, kind, at, length in head["arrays"]:
        assert at % 4 == 0
        head[name] = np.frombuffer(data, f"<{kind}", length, 4 + size + at)
    return head


def places(el: NDArray[np.float32], days: float) -> NDArray[np.float64]:
    """Move bodies as the browser does, by many steps of Newton's."""
    p, q = el[:, :3].astype(float), el[:, 3:6].astype(float)
    e, M = el[:, 6].astype(float), el[:, 7] + el[:, 8].astype(float) * days
    E = M + e * np.sin(M)
    for _ in range(20):
        E -= (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
    found: NDArray[np.float64] = p * (np.cos(E) - e)[:, None] + q * np.sin(E)[:, None]
    return found


# ---------------------------------------------------------------------- numbers


def test_elements_move_bodies_as_the_simulation_does(bodies: pd.DataFrame) -> None:
    orbit = belt_view.orbits_of(bodies)
    for days in (0.0, 400.0, 36_525.0):
        there = states(orbit, days)[:3].T
        assert np.abs(places(belt_view.elements(orbit), days) - there).max() < 2e-4


def test_where_no_run_has_stopped_bodies_come_from_the_scenario(
    folder: Path, bodies: pd.DataFrame, tmp_path: Path
) -> None:
    shutil.copytree(folder / "a", tmp_path / "a")
    shutil.rmtree(tmp_path / "a" / "tables" / "bodies")
    found = belt_view.bodies_of(Run(tmp_path / "a", "a"))
    same = ["body", "a_AU", "e", "i_deg", "node_deg", "peri_deg", "M_deg", "start_jd"]
    pd.testing.assert_frame_equal(found[same], bodies[same])
    assert found.years.isna().all()


def test_rows_are_found_by_name(bodies: pd.DataFrame) -> None:
    names = bodies.body.tolist()
    assert belt_view.rows_of([names[2], "no such", names[0]], bodies).tolist() == [2, -1, 0]
    twice = pd.DataFrame({"body": ["x", "y", "x"]})
    assert belt_view.rows_of(["x", "y", "x"], twice).tolist() == [0, 1, 0]


def test_the_story_is_the_table_of_sites(
    run: Run, bodies: pd.DataFrame, story: belt_view.Story
) -> None:
    sites = run.table("sites")
    sites = sites[sites.state == "settled"]
    assert len(story.years) == len(run.steps())
    assert int((story.robots > 0).sum()) == int((sites.robots > 0).sum())
    for k, step in enumerate(run.steps()):
        told = story.at(story.years[k])
        there = sites[(sites.step == step) & (sites.robots > 0)].sort_values("site")
        told = told.sort_values("site")
        assert told.site.tolist() == there.site.tolist()
        assert told.robots.tolist() == there.robots.tolist()
        assert bodies.body.iloc[told.row].tolist() == there.body.tolist()
        assert told["rank"].tolist() == there["rank"].tolist()
    assert story.at(-1.0).equals(story.at(0.0))
    assert story.at(1e9).equals(story.at(story.years[-1]))


def test_of_too_many_records_some_are_read_the_latest_among_them(
    run: Run, bodies: pd.DataFrame, story: belt_view.Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(belt_view, "MOST_ROWS", run.rows("sites") // 3)
    few = belt_view.story_of(run, bodies)
    assert few.thinned > 1
    assert len(few.years) == -(-len(story.years) // few.thinned)
    assert few.at(1e9).equals(story.at(1e9))


def test_every_voyage_has_its_end(run: Run, trips: pd.DataFrame) -> None:
    events = run.table("expeditions").event.value_counts()
    assert len(trips) == events["left"]
    for end in belt_view.ENDS:
        assert (trips.outcome == end).sum() == events.get(end, 0), end
    assert (trips.outcome == "lost").any()
    flying = trips.outcome == "in flight"
    assert np.isinf(trips.end_year[flying]).all()
    assert (trips.end_year >= trips.left_year).all()
    assert trips.left_year.is_monotonic_increasing


def test_a_ships_number_is_used_again() -> None:
    rows = [
        (10, "left", 4, "p", "q", 20.0),
        (25, "lost", 4, "p", "q", 20.0),
        (25, "left", 4, "p", "r", 30.0),
        (55, "settled", 4, "p", "r", 30.0),
        (60, "laid_down", 5, "p", None, np.nan),
        (61, "left", 5, "p", "s", 9.0),
    ]
    table = pd.DataFrame(rows, columns=["step", "event", "ship", "start", "body", "flight_days"])
    table["years"] = table.step / YEAR_DAYS
    for name in ("dv_m_s", "propellant_kg", "payload_kg", "rank", "robots"):
        table[name] = 1.0
    found = belt_view.voyages(table.assign(lineage="first"))
    assert found.goal.tolist() == ["q", "r", "s"]
    assert found.outcome.tolist() == ["lost", "settled", "in flight"]
    assert (found.end_year * YEAR_DAYS).tolist() == [25.0, 55.0, np.inf]


def test_a_ship_leaves_one_body_and_meets_the_other(
    bodies: pd.DataFrame, trips: pd.DataFrame
) -> None:
    orbit = belt_view.orbits_of(bodies)
    arcs = belt_view.arcs(trips, bodies, orbit)
    assert (arcs[:, 6] >= 0).all()
    for n, trip in enumerate(trips.itertuples()):
        for name, year in ((trip.start, trip.left_year), (trip.goal, trip.arrival_year)):
            there = states(orbit, year * YEAR_DAYS)[:3, belt_view.rows_of([name], bodies)[0]]
            assert np.abs(places(arcs[n : n + 1], year * YEAR_DAYS)[0] - there).max() < 1e-4


def test_where_no_ellipse_leads_there_the_arc_is_straight(bodies: pd.DataFrame) -> None:
    orbit = belt_view.orbits_of(bodies)
    names = bodies.body.tolist()
    far = int(np.argmax(((states(orbit, 0.0)[:3].T - states(orbit, 0.0)[:3, 0]) ** 2).sum(1)))
    trips = pd.DataFrame(
        {"start": names[0], "goal": [names[far], None], "left_year": 0.0, "arrival_year": 1e-3}
    )
    arcs = belt_view.arcs(trips, bodies, orbit)
    assert arcs[:, 6].tolist() == [-1, -1]
    assert np.allclose(arcs[0, :3], states(orbit, 0.0)[:3, 0])
    assert np.allclose(arcs[0, 3:6], states(orbit, 1e-3 * YEAR_DAYS)[:3, far])
    assert len(belt_view.arcs(trips[:0], bodies, orbit)) == 0


def test_crowds_are_counted_where_they_are() -> None:
    crowd = orbits([3.0] * 9 + [2.0], 0.0, 0.0, 0.0, [90.0] * 9 + [180.0], 0.0, 0.0)
    image = belt_view.density(crowd, 0.0, 4.0)
    # 90 degrees from the equinox is up, 180 to the left
    assert image[round(belt_view.CELLS / 8) - 1 : round(belt_view.CELLS / 8) + 1].max() == 255
    row, column = np.argwhere(image == 85)[0]
    assert row in (belt_view.CELLS // 2, belt_view.CELLS // 2 - 1)
    assert column == pytest.approx(belt_view.CELLS / 4, abs=1)
    assert (image > 0).sum() == 2
    assert not belt_view.density(crowd, 0.0, 1.0).any()


def test_names_have_colours() -> None:
    assert belt_view.legend(["a", "b", "a"]) == [
        ("a", COLOURS[0]),
        ("b", COLOURS[1]),
    ]
    many = belt_view.legend(list("abcdefghijk"))
    assert [name for name, _ in many] == [*"abcdefg", "others"]
    assert belt_view.codes(np.array(["b", "k"]), [n for n, _ in many]).tolist() == [1, 7]
    ranks = belt_view.legend([2, 0, 6], ranks=True)
    assert [name for name, _ in ranks] == [str(n) for n in range(7)]
    assert len({colour for _, colour in ranks}) == 7
    assert belt_view.legend([], ranks=True) == [("0", COLOURS[1])]


def test_arrivals_add_up(trips: pd.DataFrame) -> None:
    option = belt_view.arrivals(trips)
    drawn = {s["name"]: sum(s["data"]) for s in option["series"]}
    ends = trips.outcome[trips.outcome != "in flight"].value_counts()
    assert drawn == ends.to_dict()
    assert belt_view.arrivals(trips[:0])["series"] == []


# ---------------------------------------------------------------------- packets


def test_packets_can_be_read_again() -> None:
    arrays: dict[str, NDArray[Any]] = {
        "a": np.arange(3, dtype=np.uint8),
        "b": np.array([[1.5, 2], [3, 4]], np.float32),
    }
    key, data = belt_canvas.packet("kind", arrays, text="Ü")
    head = unpacked(data)
    assert (head["kind"], head["key"], head["text"]) == ("kind", key, "Ü")
    assert head["a"].tolist() == [0, 1, 2]
    assert head["b"].tolist() == [1.5, 2, 3, 4]
    assert belt_canvas.packet("kind", arrays, text="Ü") == (key, data)
    arrays["a"][1] = 9
    assert belt_canvas.packet("kind", arrays, text="Ü")[0] != key


def test_the_story_goes_to_the_browser(
    bodies: pd.DataFrame, story: belt_view.Story, trips: pd.DataFrame
) -> None:
    orbit, rows = belt_view.orbits_of(bodies), np.arange(len(bodies))
    names = {"lineage": ["first"], "front": ["carbide", "oxide"]}
    _, data = belt_canvas.story_packet(story, trips, bodies, orbit, rows, names)
    head = unpacked(data)
    assert head["robots"].reshape(len(head["years"]), -1).sum() == story.robots.sum()
    assert head["body"].tolist() == story.body.tolist()
    assert len(head["arcs"]) == 9 * len(trips) == 9 * len(head["start"])
    assert (head["end"] > head["left"]).all()
    _, data = belt_canvas.orbit_packet(bodies, orbit, rows)
    head = unpacked(data)
    assert head["names"].split("\n") == bodies.body.tolist()
    assert len(head["elements"]) == 9 * head["n"] == 9 * len(head["bright"])


def test_of_too_many_bodies_those_count_that_somebody_had_to_do_with(
    bodies: pd.DataFrame, story: belt_view.Story, trips: pd.DataFrame
) -> None:
    every = belt_canvas.drawn_rows(story, trips, bodies, len(bodies))
    assert every.tolist() == list(range(len(bodies)))
    few = belt_canvas.drawn_rows(story, trips, bodies, len(bodies) - 1)
    named = set(trips.start) | set(trips.goal) | set(bodies.body.iloc[story.body])
    assert set(bodies.body.iloc[few]) == named


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run JavaScript")
def test_the_browser_reads_packets_and_solves_keplers_equation() -> None:
    e = np.array([0.0, 0.05, 0.2, 0.34, 0.36, 0.6, 0.9], np.float32)
    _, data = belt_canvas.packet("orbits", {"odd": np.zeros(3, np.uint8), "e": e}, names="Ü\nb")
    script = f"""
globalThis.window = {{ dispatchEvent() {{}} }};
{belt_canvas.JS.replace("export default", "")}
const bytes = new Uint8Array([9, ...Buffer.from("{data.hex()}", "hex")]).subarray(1);
const forget = keep(bytes), packet = kept.orbits, pair = new Float64Array(2);
const rows = [];
for (const e of packet.e)
  for (let M = -7; M < 7; M += 0.01) {{
    eccentric(M, e, pair);
    rows.push([M, e, ...pair]);
  }}
forget();
console.log(JSON.stringify({{ rows, names: packet.names.split("\\n"), left: Object.keys(kept) }}));
"""
    out = subprocess.run(
        ["node", "--input-type=module"], input=script, capture_output=True, text=True, check=True
    ).stdout
    found = json.loads(out)
    assert found["names"] == ["Ü", "b"]
    assert found["left"] == []
    M, ecc, sine, cosine = np.array(found["rows"]).T
    assert sorted(set(ecc.astype(np.float32))) == sorted(e)
    E = np.arctan2(sine, cosine)
    error = (E - ecc * sine - M + np.pi) % (2 * np.pi) - np.pi
    # a thousandth of a pixel of a thousand
    assert np.abs(error).max() < 1e-6
    assert np.abs(sine**2 + cosine**2 - 1).max() < 1e-3


# ---------------------------------------------------------------------- the page


def page(folder: Path, **query: str | list[str]) -> AppTest:
    at = opened("belt", folder, **query)
    assert not at.exception
    return at


def test_the_page_shows_a_run(folder: Path, story: belt_view.Story) -> None:
    at = page(folder, run="a")
    assert not at.error
    slider: Any = at.slider(key="year")
    assert slider.value == slider.max >= story.years[-1]
    assert len(at.dataframe[0].value) == len(story.at(1e9))
    assert at.selectbox(key="body").value is None


def test_at_another_time_others_live_there(
    folder: Path, bodies: pd.DataFrame, story: belt_view.Story
) -> None:
    home = bodies.body[0]
    at = page(folder, run="a", year="0", body=home, view="3D", colour="rank", orbits="true")
    assert not at.error
    assert len(at.dataframe[0].value) == len(story.at(0.0)) < len(story.at(1e9))
    assert at.subheader[0].value == home
    assert any(m.value.startswith("Site 0: ") for m in at.markdown)
    at.slider(key="year").set_value(at.slider(key="year").max).run()
    assert not at.exception
    assert len(at.dataframe[0].value) == len(story.at(1e9))


def test_moving_the_slider_sends_a_handful_of_numbers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(belt_canvas, "belt_map", lambda options, *_, **__: sent.append(options))
    at = page(folder, run="a")
    at.slider(key="year").set_value(0.5).run()
    first, second = sent[-2:]
    assert {k for k in first if first[k] != second[k]} == {"year"}
    assert len(json.dumps(second)) < 2000


@pytest.mark.parametrize(
    "query",
    [
        {"year": "1e9", "body": "no such", "view": "sideways", "colour": "<b>", "orbits": "maybe"},
        {"year": "-3"},
        {"year": "nan"},
        {"year": "soon", "run": "no such run"},
    ],
)
def test_nonsense_in_the_address_does_no_harm(folder: Path, query: dict[str, str]) -> None:
    at = page(folder, **query)
    assert not at.error
    slider: Any = at.slider(key="year")
    assert 0 <= slider.value <= slider.max


def test_a_million_bodies_become_an_image(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belt_view, "MOST_DOTS", 3)
    at = page(folder, run="a")
    assert not at.error
    assert any("counted in cells" in c.value for c in at.caption)


def test_without_runs_and_without_a_belt_there_is_a_sentence(tmp_path: Path) -> None:
    at = page(tmp_path)
    assert "no run" in at.info[0].value
    auxon.run("tiny", years=0.05, out=tmp_path / "t")
    at = page(tmp_path, run="t")
    assert "a run across a belt" in at.info[0].value


def test_a_damaged_table_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "a", tmp_path / "broken")
    for file in (tmp_path / "broken" / "tables" / "sites").glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:200])
    at = page(tmp_path, run="broken")
    assert "expected" in at.error[0].value


def test_before_anybody_left_there_is_a_page(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "a", tmp_path / "young")
    for name in ("expeditions", "sites", "bodies"):
        for file in (tmp_path / "young" / "tables" / name).glob("*.parquet"):
            pq.write_table(pq.read_table(file)[:0], file)
    at = page(tmp_path, run="young")
    assert not at.error
    assert any(m.value == "Nobody lives anywhere." for m in at.markdown)
    assert any(m.value == "No expedition has left yet." for m in at.markdown)
