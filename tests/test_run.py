"""Runs: one folder each, resumable after anything, to the same digest and the same tables."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import auxon
from auxon.folder import RunFolder
from auxon.runs import Interrupted, Result, run
from auxon.sim.errors import ResumeError, UsageError
from auxon.sim.pictures import draw
from auxon.sim.record_schemas import SCHEMAS
from auxon.sim.world import World

YEARS = 1.5
CHECKPOINT_YEARS = 0.2


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return tiny(tmp_path_factory.mktemp("runs") / "straight")


def tiny(out: Path, years: float = YEARS, resume: bool = False) -> Result:
    return run("tiny", years=years, out=out, resume=resume, checkpoint_years=CHECKPOINT_YEARS)


def assert_same(a: Result, b: Result) -> None:
    assert a.summary["digest"] == b.summary["digest"]
    for name in SCHEMAS:
        assert a.series(name).equals(b.series(name)), name
    own = {"out", "robot_steps_per_s"}
    assert {k: v for k, v in a.summary.items() if k not in own} == {
        k: v for k, v in b.summary.items() if k not in own
    }


def test_a_run_leaves_everything_in_its_folder(straight: Result) -> None:
    out = straight.out
    assert json.loads((out / "summary.json").read_text()) == straight.summary
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["state"] == "finished"
    assert manifest["digest"] == straight.summary["digest"]
    assert manifest["hash"] == auxon.load("tiny").hash
    assert auxon.load(manifest["data"]).hash == manifest["hash"], "the manifest can be run again"
    versions = manifest["sessions"][-1]["versions"]
    assert {"auxon", "python", "numpy", "numba", "mesa"} <= set(versions)
    assert straight.summary["steps"] == round(YEARS * 365.25)
    assert len(list((out / "checkpoints").iterdir())) == 2, "older ones are dropped"
    assert not [f for f in out.rglob(".*") if f.is_file()], "no drafts are left"
    assert straight.series("population").num_rows == straight.series().num_rows * 6


def test_a_bare_world_gets_the_same_digest(straight: Result) -> None:
    from auxon.policies import make

    world = World(auxon.load("tiny"), make("market"), seed=1)
    for _ in range(straight.summary["steps"]):
        world.step()
    assert world.digest() == straight.summary["digest"]


def test_resumed_with_a_longer_horizon(straight: Result, tmp_path: Path) -> None:
    # 0.75 years are no multiple of the records' 10 days nor of the checkpoints
    tiny(tmp_path / "a", years=0.75)
    assert_same(tiny(tmp_path / "a", resume=True), straight)


def test_resuming_a_finished_run_changes_nothing(straight: Result, tmp_path: Path) -> None:
    first = tiny(tmp_path / "a")
    files = {f: f.read_bytes() for f in (tmp_path / "a").rglob("*") if f.is_file()}
    again = run("tiny", out=tmp_path / "a", resume=True)
    assert again.summary == first.summary
    assert_same(again, straight)
    assert {f: f.read_bytes() for f in (tmp_path / "a").rglob("*") if f.is_file()} == files


def test_seed_policy_and_years_of_a_run_need_not_be_told_again(tmp_path: Path) -> None:
    run("tiny", years=0.1, seed=5, policy="random", out=tmp_path / "a")
    longer = run("tiny", years=0.2, out=tmp_path / "a", resume=True)
    straight = run("tiny", years=0.2, seed=5, policy="random", out=tmp_path / "b")
    assert longer.summary["digest"] == straight.summary["digest"]
    sessions = RunFolder(tmp_path / "a").manifest()["sessions"]
    assert [(s["first_step"], s["last_step"]) for s in sessions] == [(0, 37), (37, 73)]


_CHILD = """
import os, signal, sys, threading
from auxon.runs import run
from auxon.sim import files

out, how, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
calls = [0]
sync = os.fsync
def fsync(handle):
    calls[0] += 1
    if how == "sync" and calls[0] == number:
        die()
    sync(handle)
os.fsync = fsync
def progress(world, steps):
    if how == "step" and world.step_count == number:
        threading.Timer(0.005, die).start()  # somewhere in one of the next steps
run("tiny", years={years}, out=out, resume="resume" in sys.argv, checkpoint_years={every},
    progress=progress)
"""


def kill(out: Path, how: str, number: int, resume: bool = False) -> None:
    """Run in a process that is killed in mid-write or in mid-step."""
    code = _CHILD.format(years=YEARS, every=CHECKPOINT_YEARS)
    command = [sys.executable, "-c", code, str(out), how, str(number)]
    done = subprocess.run(command + ["resume"] * resume, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_killed_at_random_moments(straight: Result, tmp_path: Path) -> None:
    moments = random.Random(11)
    out = tmp_path / "a"
    kill(out, "step", moments.randrange(1, 40))  # before the first checkpoint
    kill(out, "step", moments.randrange(80, 300), resume=True)
    kill(out, "sync", moments.randrange(2, 30), resume=True)  # in the middle of a write
    kill(out, "sync", moments.randrange(20, 60), resume=True)
    assert json.loads((out / "manifest.json").read_text())["state"] == "running"
    assert_same(tiny(out, resume=True), straight)
    assert not [f for f in (out / "tables").rglob(".*") if f.is_file()]


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    straight: Result, tmp_path: Path
) -> None:
    tiny(tmp_path / "a", years=1)
    last, before = sorted((tmp_path / "a" / "checkpoints").iterdir(), reverse=True)
    last.write_bytes(last.read_bytes()[:1000])
    assert_same(tiny(tmp_path / "a", resume=True), straight)

    tiny(tmp_path / "b", years=1)
    for path in (tmp_path / "b" / "checkpoints").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ResumeError, match=f"{last.name}: damaged.*\n.*{before.name}: damaged"):
        tiny(tmp_path / "b", resume=True)


def test_interrupted_runs_stop_whole(straight: Result, tmp_path: Path) -> None:
    def press(world: World, steps: int) -> None:
        if world.step_count == 123:
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match="after step 123; resume the run in") as stopped:
        run("tiny", years=YEARS, out=tmp_path / "a", progress=press)
    assert signal.getsignal(signal.SIGINT) is handler
    assert stopped.value.out == tmp_path / "a"
    assert json.loads((tmp_path / "a" / "manifest.json").read_text())["state"] == "interrupted"
    assert_same(run("tiny", out=tmp_path / "a", resume=True), straight)


def test_nothing_is_overwritten(straight: Result) -> None:
    with pytest.raises(UsageError, match=r"already holds a run.*--out, or continue.*--resume"):
        tiny(straight.out)


def test_another_run_cannot_be_resumed(straight: Result, tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match=r"manifest\.json: seed is 1, but 2 was asked for"):
        run("tiny", seed=2, out=straight.out, resume=True)
    with pytest.raises(ResumeError, match="policy is 'market', but 'random' was asked for"):
        run("tiny", policy="random", out=straight.out, resume=True)
    changed = auxon.load("tiny").replace({"seed.robots.digger": 2})
    with pytest.raises(ResumeError, match="hash is"):
        run(changed, out=straight.out, resume=True)
    with pytest.raises(ResumeError, match=r"record_days is 10\.0, but 5 was asked for"):
        run("tiny", out=straight.out, resume=True, record_days=5)
    with pytest.raises(UsageError, match=r"already is at 1\.50 years; expected a horizon beyond"):
        run("tiny", out=straight.out, resume=True, years=1)
    with pytest.raises(UsageError, match="holds no run to resume"):
        run("tiny", out=tmp_path / "none", resume=True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"years": 0}, "years is 0; expected more than 0"),
        ({"years": float("nan")}, "years is nan"),
        ({"years": 0.001}, "years is 0.001; expected at least one step, of 1 days"),
        ({"years": "x"}, "years is 'x'; expected more than 0"),
        ({"seed": -1}, r"seed is -1; expected a whole number, 0 to 2\*\*64 - 1"),
        ({"seed": 1.5}, r"seed is 1.5; expected a whole number"),
        ({"threads": 0}, "threads is 0; expected at least 1"),
        ({"record_days": -2}, "record_days is -2"),
        ({"policy": "mraket"}, "did you mean 'market'"),
    ],
)
def test_bad_arguments_leave_no_folder(
    tmp_path: Path, arguments: dict[str, float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run("tiny", out=tmp_path / "a", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "a").exists()


def test_default_folders_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = run("tiny", years=0.1), run("tiny", years=0.1)
    assert first.out == Path("runs/tiny-market-s1-1")
    assert second.out == Path("runs/tiny-market-s1-2")
    assert run("tiny", years=0.2, resume=True).out == second.out


def test_an_unknown_table_is_named(straight: Result) -> None:
    with pytest.raises(UsageError, match="no such table; expected series, population"):
        straight.series("pupulation")


def test_pictures_come_from_the_tables(straight: Result, tmp_path: Path) -> None:
    made = draw(straight.out)
    assert [p.stem for p in made] == [
        "overview", "population", "mass", "power", "waiting", "stocks", "flows", "losses", "growth",
    ]  # fmt: skip
    for picture in made:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 10_000, "an empty picture is smaller"
    with pytest.raises(UsageError, match="holds no tables of a run"):
        draw(tmp_path)
    assert not (tmp_path / "pictures").exists()


def test_pictures_of_a_run_in_which_nothing_happens(tmp_path: Path) -> None:
    idle = auxon.load("tiny").replace({"seed.robots": {"solar_array": 1}, "seed.stock": {}})
    result = run(idle, years=0.1, out=tmp_path / "a")
    assert result.summary["robots"] == 1
    assert len(draw(result.out)) == 9
