"""A living society plays, pauses, is followed, saved and branched, and ends when nobody looks."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import auxon
from auxon.biography import life
from auxon.dashboard import live as room
from auxon.dashboard.live import Live
from auxon.policies import make
from auxon.sim.errors import ScenarioError, UsageError
from auxon.sim.world import World

DUST = {
    "kind": "waste",
    "formula": "SiO2",
    "enthalpy_kJ_per_kg": -15160.0,
    "source": "a test",
    "confidence": "A",
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Live]:
    made = Live(auxon.load("tiny"), "market", 3, tmp_path / "runs")
    yield made
    made.close()


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_it_plays_by_itself_and_is_the_society_it_would_be_anyway(session: Live) -> None:
    session.play()
    until(lambda: session.world.step_count >= 30)
    session.pause()
    steps = session.look(lambda world: world.step_count)
    time.sleep(0.3)
    assert session.look(lambda world: world.step_count) <= steps + 1  # the one under way
    other = World(auxon.load("tiny"), make("market"), seed=3)
    for _ in range(session.world.step_count):
        other.step()
    assert session.look(World.digest) == other.digest()
    assert session.latest.robots > 0
    assert {"years", "robots", "mass_kg"} <= set(session.curve().columns)


def test_it_keeps_the_speed_it_is_told(session: Live) -> None:
    session.step(2)  # kernels are loaded
    session.steps_per_s = 10.0
    session.play()
    time.sleep(1.5)
    session.pause()
    made = session.world.step_count - 2
    assert 1 <= made <= 18  # 15, and what a busy machine makes of it


def test_with_nobody_looking_it_pauses_then_ends(
    session: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PAUSE_AFTER_S", 0.2)
    session.play()
    until(lambda: not session.playing)
    assert "nobody was looking" in session.note
    monkeypatch.setattr(room, "CLOSE_AFTER_S", 0.3)
    until(lambda: session.closed)
    until(lambda: not session.folder.path.exists())
    until(lambda: not session._thread.is_alive())


def test_closing_leaves_no_thread_and_no_folder(tmp_path: Path) -> None:
    before = threading.active_count()
    session = Live(auxon.load("tiny"), "market", 1, tmp_path)
    assert threading.active_count() == before + 1
    session.close()
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_two_sessions_do_not_disturb_one_another(session: Live, tmp_path: Path) -> None:
    other = Live(auxon.load("tiny"), "greedy", 4, tmp_path / "runs")
    try:
        other.step(10)
        assert session.world.step_count == 0
        assert other.folder.path != session.folder.path
    finally:
        other.close()


def test_a_saved_society_is_a_run_that_goes_on_to_the_same_end(
    session: Live, tmp_path: Path
) -> None:
    session.step(40)
    path = session.save("kept")
    straight = auxon.run("tiny", seed=3, years=0.5, out=tmp_path / "straight")
    resumed = auxon.run(
        auxon.load("tiny"), seed=3, years=0.5, out=path, resume=True, policy="market"
    )
    assert resumed.summary["digest"] == straight.summary["digest"]
    for table in ("series", "lineage", "events"):
        assert resumed.series(table).equals(straight.series(table)), table
    session.step()  # it lives on


@pytest.mark.parametrize("name", ["", "../out", ".hidden", "a/b", "a\\b"])
def test_no_name_leads_out_of_the_folder(session: Live, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be; expected letters"):
        session.save(name)


def test_no_run_is_overwritten(session: Live) -> None:
    session.save("once")
    with pytest.raises(UsageError, match="there already is a run 'once'"):
        session.save("once")


def test_a_branch_goes_on_from_here_under_other_settings(session: Live) -> None:
    session.step(30)
    branch = session.branch("greedy", {"rules.slowdown": 3.0})
    try:
        assert branch.world.step_count == 30
        assert branch.world.robot_count == session.world.robot_count
        np.testing.assert_array_equal(branch.world.sites.stock, session.world.sites.stock)
        branch.step(150)  # conservation is checked as it records
        session.step(150)
        assert branch.world.robot_count < session.world.robot_count  # at a third of the speed
        assert branch.policy == "greedy"
        steps = branch.run().table("series", ["step"]).step.tolist()
        assert steps == sorted(set(steps))
        assert steps[0] == 0
        assert max(steps) > 30
        saved = branch.save("branch")
        robot = int(branch.world.robots.id[0])
        assert life(saved, robot).days.step.iloc[0] == 31  # what was before is another run's
    finally:
        branch.close()


def test_a_branch_that_cannot_be_says_so(session: Live) -> None:
    with pytest.raises(ScenarioError, match="slowdown"):
        session.branch("market", {"rules.slowdown": -1.0})
    with pytest.raises(UsageError, match="expected the same industry"):
        session.branch("market", {"override.material.dust": DUST})


def test_a_robot_that_is_followed_lives_the_life_of_its_run(session: Live) -> None:
    robot = int(session.world.robots.id[2])
    session.follow(robot)
    session.step(25)
    seen = session.followed()
    assert seen is not None
    found = life(session.save("followed"), robot)
    assert seen.days.equals(found.days)
    assert seen.name == found.name


def test_what_happens_is_told_with_names(session: Live) -> None:
    session.step(60)
    told = [event for event in session.events if event.text.startswith("built")]
    assert told
    robot, name = told[0].robots[0]
    ids = session.run().table("lineage", ["id", "species"]).set_index("id")
    assert name.startswith(ids.species[robot])


def test_a_step_that_fails_is_said(session: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("no power")

    monkeypatch.setattr(session.world, "step", fails)
    session.play()
    until(lambda: not session.playing)
    assert session.note == "It stopped: no power"
