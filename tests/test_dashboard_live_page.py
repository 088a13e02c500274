"""The page Live: start, step, branch, save, stop; and what it says to what cannot be."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import auxon

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from auxon.dashboard import live_view
from auxon.dashboard.context import use_folder
from auxon.dashboard.live import Live

APP = Path(auxon.__file__).parent / "dashboard" / "app.py"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[AppTest]:
    use_folder(tmp_path / "runs")
    page = AppTest.from_file(str(APP), default_timeout=90)
    page.query_params["scenario"] = "tiny"
    yield page.run()
    if "session" in page.session_state:
        page.session_state["session"].close()


def started(at: AppTest) -> Live:
    """Start a society and stop the clock, so that what follows is the same every time."""
    at.number_input(key="seed").set_value(5)
    at.button(key="start").click().run()
    assert not at.exception
    session: Live = at.session_state["session"]
    session.pause()
    return session


def test_before_the_first_society_it_says_what_to_do(at: AppTest) -> None:
    assert not at.exception
    assert "press **Start**" in at.info[0].value
    assert {"tiny", "belt-wave"} <= set(at.selectbox(key="scenario").options)


def test_settings_of_the_form_are_those_of_the_society(at: AppTest) -> None:
    at.number_input(key="new tiny rules.slowdown").set_value(2.0)
    at.number_input(key="new tiny seed.robots.printer").set_value(3)
    session = started(at)
    scenario = session.world.scenario
    assert (scenario.rules.slowdown, scenario.seed_robots["printer"]) == (2.0, 3)
    assert session.world.seed == 5
    labels = [m.label for m in at.metric]
    assert labels == ["Years", "Robots", "Mass of robots, t", "Growth a year", "Power, kW"]


def test_a_step_is_a_step(at: AppTest) -> None:
    session = started(at)
    at.run()
    before = session.world.step_count
    at.button(key="step").click().run()
    assert session.world.step_count == before + 1
    assert not at.exception


def test_it_is_saved_once_under_a_name(at: AppTest, tmp_path: Path) -> None:
    started(at)
    at.run()
    at.text_input(key="save as").set_value("mine")
    at.button(key="save").click().run()
    assert (tmp_path / "runs" / "mine" / "summary.json").is_file()
    assert "Saved as `mine`" in at.success[0].value
    at.button(key="save").click().run()
    assert "there already is a run 'mine'" in at.error[0].value


def test_a_branch_takes_its_place(at: AppTest) -> None:
    old = started(at)
    at.run()
    at.selectbox(key="branch policy").set_value("greedy")
    slow = next(n for n in at.number_input if n.key and n.key.startswith("branch")
                and n.key.endswith("rules.slowdown"))  # fmt: skip
    slow.set_value(4.0)
    at.button(key="branch").click().run()
    assert not at.exception
    new: Live = at.session_state["session"]
    assert old.closed
    assert (new.policy, new.world.scenario.rules.slowdown) == ("greedy", 4.0)
    assert new.world.step_count >= old.world.step_count


def test_stopped_it_is_gone(at: AppTest) -> None:
    session = started(at)
    at.run()
    at.button(key="stop").click().run()
    assert session.closed
    assert not session.folder.path.exists()
    assert "press **Start**" in at.info[0].value


def test_an_address_with_no_such_scenario_shows_the_page(tmp_path: Path) -> None:
    use_folder(tmp_path)
    page = AppTest.from_file(str(APP), default_timeout=90)
    page.query_params["scenario"] = "../etc/passwd"
    page.query_params["seed"] = "many"
    page.run()
    assert not page.exception
    assert page.selectbox(key="scenario").value in page.selectbox(key="scenario").options


def test_growth_is_set_beside_the_bound_of_body_or_belt() -> None:
    for name in ("tiny", "belt-wave"):
        found = live_view.bound_per_year(auxon.load(name))
        assert found is not None
        assert 0 < found < 10
    curve = pd.DataFrame({"years": [0.0, 1.0, 2.0], "mass_kg": [1.0, 2.0, 8.0]})
    assert live_view.growth_per_year(curve) == pytest.approx(np.log(4.0))  # of the last year
    assert live_view.growth_per_year(curve.head(1)) is None
