"""The shelf finds runs, reads what is asked for, and lets no name lead out of its folder."""

import json
import shutil
from pathlib import Path

import pyarrow.dataset as ds
import pytest

import auxon
from auxon.dashboard.shelf import Shelf
from auxon.sim.errors import ResumeError, UsageError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shelf") / "runs"
    auxon.run("tiny", years=0.6, out=root / "one")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs"))


def test_runs_are_listed_the_latest_first(root: Path) -> None:
    shutil.copytree(root / "one", root / "two")
    (root / "two" / "manifest.json").touch()
    (root / ".live-1").mkdir()
    (root / ".live-1" / "manifest.json").write_text("{}")
    (root / "no run").mkdir()
    entries = Shelf(root).entries()
    assert [e.name for e in entries] == ["two", "one"]
    one = entries[1]
    assert (one.state, one.scenario, one.policy, one.seed) == ("finished", "tiny", "market", 1)
    assert Shelf(root / "nowhere").entries() == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"state": 1', '{"state": "finished"}'])
def test_a_run_that_cannot_be_read_is_shown_as_such(root: Path, text: str) -> None:
    (root / "bad").mkdir()
    (root / "bad" / "manifest.json").write_text(text)
    entries = {e.name: e for e in Shelf(root).entries()}
    assert entries["bad"].state == "broken"
    assert entries["bad"].problem
    assert entries["one"].state == "finished"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../runs/one", "one/..", "/etc", "one\\..", ".live-1", "none", "link"]
)
def test_no_name_leads_out(root: Path, name: str) -> None:
    outside = shutil.copytree(root / "one", root.parent / "outside")
    (root / "link").symlink_to(outside)
    with pytest.raises(UsageError, match="expected"):
        Shelf(root).open(name)


def test_only_what_is_asked_for_is_read(root: Path) -> None:
    run = Shelf(root).open("one")
    few = run.table("population", ["years", "healthy"], ds.field("species") == "digger")
    assert list(few.columns) == ["years", "healthy"]
    whole = run.table("population")
    assert len(few) == (whole.species == "digger").sum() > 0
    assert run.rows("population") == len(whole)
    assert run.steps() == sorted(set(whole.step))
    last = run.at("series", run.steps()[-1])
    assert len(last) == 1
    assert run.table("cargo").empty
    assert not run.has_belt
    assert run.scenario().hash == run.manifest["hash"]
    assert run.summary is not None
    assert run.summary["steps"] >= run.steps()[-1]


def test_a_damaged_table_gives_a_sentence(root: Path) -> None:
    for file in (root / "one" / "tables" / "series").glob("*.parquet"):
        file.write_bytes(b"no parquet")
    with pytest.raises(ResumeError, match=r"run 'one': table series is damaged .*expected Parquet"):
        Shelf(root).open("one").table("series")
    with pytest.raises(ResumeError, match=r"run 'one': table series is damaged .*expected Parquet"):
        Shelf(root).open("one").rows("series")


def test_a_running_run_has_no_summary_yet(root: Path) -> None:
    (root / "one" / "summary.json").unlink()
    manifest = json.loads((root / "one" / "manifest.json").read_text())
    (root / "one" / "manifest.json").write_text(json.dumps(manifest | {"state": "running"}))
    assert Shelf(root).open("one").summary is None
    assert Shelf(root).entries()[0].state == "running"


def test_the_industry_of_a_belt_needs_no_bodies(tmp_path: Path) -> None:
    for name in ("two-lineages", "ceres-hub"):
        scenario = auxon.load(name)
        assert scenario.belt
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps({"data": scenario.data}))
        assert Shelf(tmp_path).open(name).industry() == scenario.belt.industry
