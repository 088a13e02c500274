"""A long run is a process of its own, and ends as any run does."""

import json
import time
from pathlib import Path

import pytest

import auxon
from auxon.dashboard.background import start
from auxon.dashboard.shelf import Shelf
from auxon.sim.errors import ScenarioError


def test_it_runs_to_its_horizon_and_is_the_run_it_would_be_anyway(tmp_path: Path) -> None:
    scenario = auxon.load("tiny").replace({"years": 0.3, "rules.slowdown": 1.5})
    root = tmp_path / "runs"
    name = start(scenario, "greedy", 7, root)
    assert name == "tiny-greedy-s7-1"
    end = time.monotonic() + 120
    while [e.state for e in Shelf(root).entries()] != ["finished"]:
        logs = "".join(f.read_text() for f in root.glob(".job-*.log"))
        assert time.monotonic() < end, logs
        time.sleep(0.2)
    same = auxon.run(scenario, policy="greedy", seed=7, out=tmp_path / "same")
    summary = Shelf(root).open(name).summary
    assert summary is not None
    assert summary["digest"] == same.summary["digest"]
    assert start(scenario, "greedy", 7, root) == "tiny-greedy-s7-2"  # no run is overwritten


def test_a_manifest_is_a_scenario(tmp_path: Path) -> None:
    scenario = auxon.load("tiny").replace({"rules.slowdown": 1.5})
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps({"data": scenario.data}))
    assert auxon.load(file).hash == scenario.hash
    assert auxon.load(str(file)).name == "tiny"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": 1}', '{"data": {}}'])
def test_what_is_no_manifest_gives_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=r"no scenario in it; expected the manifest\.json"):
        auxon.load(file)
    with pytest.raises(ScenarioError, match="no such file"):
        auxon.load(tmp_path / "none.json")
