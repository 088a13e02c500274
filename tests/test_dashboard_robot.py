"""The page Robot: names and ids, parents and children, a life in words and charts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import auxon

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from auxon.biography import Life, life
from auxon.dashboard import robot_view
from auxon.dashboard.context import use_folder
from auxon.dashboard.live import Live
from auxon.dashboard.shelf import Run, Shelf
from auxon.dashboard.site_view import industry_of
from auxon.sim.errors import UsageError
from auxon.sim.scenario import load
from tests.dashboard_pages import opened

APP = Path(auxon.__file__).parent / "dashboard" / "app.py"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robot") / "runs"
    auxon.run("tiny", years=1.0, policy="lstm", out=folder / "a")
    return folder


@pytest.fixture
def run(runs: Path) -> Run:
    return Shelf(runs).open("a")


@pytest.fixture(scope="module")
def builder(runs: Path) -> Life:
    """The life of the robot that built the most."""
    known = robot_view.pedigree(Shelf(runs).open("a"))
    ids, times = np.unique(known.parents[known.parents >= 0], return_counts=True)
    return life(runs / "a", int(ids[times.argmax()]))


def page(folder: Path, **query: str | list[str]) -> AppTest:
    return opened("robot", folder, **query)


def test_page_tells_a_life(runs: Path, builder: Life) -> None:
    at = page(runs, run="a", robot=builder.name)
    assert not at.exception
    assert at.header[0].value == builder.name
    metrics = {m.label: m.value for m in at.metric}
    assert metrics["Robots it built"] == f"{len(builder.children):,}"
    assert any("It worked on build " in m.value for m in at.markdown)
    assert "What its policy remembers for it" in [s.value for s in at.subheader]


def test_a_life_is_found_once(runs: Path, builder: Life) -> None:
    at = page(runs, run="a", robot=str(builder.id))
    kept = at.session_state["lives"]
    at.run()
    assert at.session_state["lives"] is not None
    assert list(at.session_state["lives"]) == list(kept)
    assert len(kept) == 1


def test_long_runs_wait_for_a_click(
    runs: Path, builder: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robot_view, "QUICK", 1.0)
    at = page(runs, run="a", robot=builder.name)
    (button,) = (b for b in at.button if b.label == "Watch its life")
    assert "What it did" not in [s.value for s in at.subheader]
    button.click().run()
    assert not at.exception
    assert "What it did" in [s.value for s in at.subheader]


def test_children_are_opened_by_a_click(runs: Path, builder: Life) -> None:
    at = page(runs, run="a", robot=builder.name)
    child = builder.children[0]
    at.button(key=f"child-{child}").click().run()
    assert not at.exception
    assert at.header[0].value == robot_view.name_of(child, industry_of(Shelf(runs).open("a")))
    at.button(key=f"ancestor-{builder.id}").click().run()
    assert at.header[0].value == builder.name


def test_surprise_opens_a_robot(runs: Path) -> None:
    at = page(runs, run="a")
    assert not at.exception
    assert not at.header
    (button,) = (b for b in at.button if b.label == "Surprise me")
    button.click().run()
    assert not at.exception
    assert at.header[0].value == robot_view.name_of(
        int(at.session_state["robot"]), industry_of(Shelf(runs).open("a"))
    )


@pytest.mark.parametrize(
    "robot", ["abc", "-1", "9" * 40, "smelter-", "dragon-1", "smelter-99999999999", "²", "<b>x"]
)
def test_nonsense_is_a_sentence(runs: Path, robot: str) -> None:
    at = page(runs, run="a", robot=robot)
    assert not at.exception
    assert "cannot be; expected an id out of the table lineage" in at.error[0].value


def test_unborn_robot_is_a_sentence(runs: Path) -> None:
    at = page(runs, run="a", robot="smelter-4000000000@77")
    assert not at.exception
    assert "is not in the table lineage" in at.warning[0].value


def test_without_any_run(tmp_path: Path) -> None:
    at = page(tmp_path, robot="smelter-0")
    assert not at.exception
    assert "There is no run" in at.info[0].value


def test_damaged_manifest_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "manifest.json").write_text("{")
    at = page(tmp_path, run="a", robot="smelter-0")
    assert not at.exception
    assert "cannot be read" in at.error[0].value


def test_names_and_ids(run: Run) -> None:
    industry = industry_of(run)
    for robot in run.table("lineage", ["id"]).id[:50]:
        name = robot_view.name_of(int(robot), industry)
        assert robot_view.parse(name, industry) == robot
        assert robot_view.parse(f" {robot} ", industry) == robot
    far = robot_view.parse("smelter-12@3", industry)
    assert robot_view.name_of(far, industry) == "smelter-12@3"
    with pytest.raises(UsageError, match="choose another"):
        robot_view.parse("smelter 12", industry)


def test_parents_lead_to_a_founder(run: Run, builder: Life) -> None:
    known = robot_view.pedigree(run)
    assert sorted(known.children(builder.id)) == sorted(builder.children)
    rows = run.table("lineage", ["id", "generation"])
    last = rows.iloc[rows.generation.to_numpy().argmax()]
    chain = known.ancestors(int(last.id))
    assert len(chain) == last.generation
    assert robot_view.rows_of(run, chain[-1:]).generation[0] == 0
    assert known.ancestors(builder.id)[:1] == ([builder.parent] if builder.parent else [])


def test_lucky_is_by_seed_and_long_lived(run: Run) -> None:
    assert robot_view.lucky(run, 3) == robot_view.lucky(run, 3)
    ids = [robot_view.lucky(run, n) for n in range(8)]
    rows = robot_view.rows_of(run, [i for i in ids if i is not None])
    assert rows.origin_time.max() <= run.table("lineage", ["origin_time"]).origin_time.quantile(0.3)


def test_summary_agrees_with_the_days(builder: Life) -> None:
    said = " ".join(robot_view.summary(builder, len(builder.children)))
    assert f"It built {len(builder.children):,} robot" in said
    assert "founder" in said or f"{builder.born_years:.2f} years after the start" in said
    assert robot_view.shares(builder).percent.sum() == pytest.approx(100)


def test_bands_cover_the_life(builder: Life) -> None:
    found = robot_view.spells(builder)
    days = builder.days.years
    assert (found["until"] - found.since).sum() == pytest.approx(
        days.iloc[-1] - days.iloc[0] + days.diff().median()
    )
    option = robot_view.timeline(builder)
    assert {s["name"] for s in option["series"]} == set(found.doing)


def test_bands_of_a_restless_robot_are_merged() -> None:
    n = 9000
    years = np.arange(1, n + 1) / 365.25
    days = pd.DataFrame(
        {
            "step": np.arange(1, n + 1), "years": years, "site": 0, "body": "x",
            "state": "at work", "task": ["dig", "smelt"] * (n // 2), "wear": 0.0, "repairs": 0,
        }
    )  # fmt: skip
    restless = Life(0, "digger-0", "digger", days=days)
    found = robot_view.spells(restless)
    assert len(found) <= 400
    assert found["until"].iloc[-1] == pytest.approx(years[-1])


def test_memory_is_a_small_picture(builder: Life) -> None:
    option = robot_view.memory_chart(builder)
    assert option is not None
    cells = option["series"][0]["data"]
    assert len(cells) <= robot_view.MOST_UNITS * robot_view.MOST_MOMENTS
    memory = np.asarray(builder.memory)
    _, y, value = max(cells, key=lambda c: (c[0], c[1]))
    assert value == pytest.approx(float(memory[-1, int(y)]), abs=1e-3)
    builder_without = Life(0, "x", "x", memory=np.zeros((4, 0), np.float32))
    assert robot_view.memory_chart(builder_without) is None


def test_wear_marks_repairs() -> None:
    days = pd.DataFrame({"years": [0.1, 0.2, 0.3], "wear": [0.1, 0.0, 0.1], "repairs": [0, 1, 1]})
    option = robot_view.wear_chart(Life(0, "x", "x", days=days))
    assert option["series"][0]["markLine"]["data"] == [{"xAxis": 0.2}]


def test_living_robot_is_followed(tmp_path: Path) -> None:
    use_folder(tmp_path)
    session = Live(load("tiny"), "market", 1, tmp_path)
    try:
        at = AppTest.from_file(str(APP), default_timeout=90)
        at.session_state["session"] = session
        at.run()
        at.switch_page("views/robot.py")
        at.query_params["robot"] = "smelter-0"
        at.run()
        assert not at.exception
        (button,) = (b for b in at.button if b.label == "Follow smelter-0")
        button.click().run()
        assert "nothing of it has been seen yet" in at.info[0].value
        session.step(5)
        at.run()
        assert not at.exception
        assert "What it did" in [s.value for s in at.subheader]
    finally:
        session.close()
