"""The search for the market's numbers: it finds, it can be killed, its files are checked."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from auxon.cli import app
from auxon.evaluation import growing
from auxon.policies.rule import USUAL_RULE, MarketRule
from auxon.policies.rule_file import limits, read_rule
from auxon.policies.tuned import SHIPPED
from auxon.sim.errors import ResumeError, ScenarioError, UsageError
from auxon.tuning import _Search, colony_years, tune
from auxon.tuning_file import TuningFile, load_tuning

SMALL = """\
format = 1
title = "A small one"
generations = 2
candidates = 4
colonies = 2
colonies_at_the_end = 2
[[ground]]
scenario = "tiny"
years = 0.5
changes = { "rules.slowdown" = 1.5 }
[[ground]]
scenario = "partial-tiny"
years = 0.4
changes = { "rules.slowdown" = 1.5 }
[search]
value_power = { start = 0.5, factor = 1.4 }
robots_per_repairer = { start = 256, factor = 1.5 }
service_above = { start = 0.9, factor = 1.3 }
"""


@pytest.fixture
def file(tmp_path: Path) -> TuningFile:
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    return load_tuning(tmp_path / "small.toml")


def _hill(file: TuningFile, generations: int, target: np.ndarray) -> _Search:
    search = _Search(file)
    for _ in range(generations):
        x = search.ask()
        search.tell(x, -((x - target) ** 2).sum(1), 0.0)
    return search


def test_the_search_climbs_a_hill(file: TuningFile) -> None:
    target = np.array([1.0, -2.0, 0.5])
    search = _hill(file, 150, target)
    x = search.ask()
    found = search.tell(x, -((x - target) ** 2).sum(1), 0.0).mean
    assert found == pytest.approx(target, abs=1e-3)
    rule = search.rule(found)
    assert rule.value_power == pytest.approx(0.5 * 1.4, rel=1e-3)
    assert rule.robots_per_repairer == round(256 / 1.5**2)
    assert rule._replace(value_power=0.5, robots_per_repairer=256, service_above=np.inf) == (
        USUAL_RULE
    )


def test_the_search_leaves_numpys_own_generator_alone(file: TuningFile) -> None:
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    _hill(file, 2, np.zeros(3))
    assert np.random.random() == expected  # noqa: NPY002


def test_numbers_stay_within_limits(file: TuningFile) -> None:
    search = _Search(file)
    for x in (np.full(3, 99.0), np.full(3, -99.0)):
        for name, value in search.rule(x)._asdict().items():
            if name in file.search:
                low, high = limits(name)
                assert low <= value <= high


def test_a_search_killed_goes_on_as_if_it_had_not_been(file: TuningFile, tmp_path: Path) -> None:
    said: list[str] = []
    whole = tune(file, tmp_path / "whole", processes=1, progress=said.append)
    assert said[0].startswith("generation 1 of 2: ")
    # 3 numbers, 2 generations of 4 candidates and the usual market, 2 colonies, 0.9 years
    assert whole.colony_years == pytest.approx(2 * 5 * 2 * 0.9)
    first = file.model_copy(update={"generations": 1})
    part = tmp_path / "part"
    tune(first, part, processes=1)
    with pytest.raises(UsageError, match="holds a search; expected an empty folder; add --resume"):
        tune(file, part, processes=1)
    again = tune(file, part, processes=1, resume=True)
    assert again.rule == whole.rule
    assert again.more == whole.more
    one, other = (json.loads((f / "history.json").read_text()) for f in (part, tmp_path / "whole"))
    assert one == other
    assert read_rule(part / "tuned.toml") == whole.rule
    assert (part / "curve.png").stat().st_size > 1000


def test_another_history_is_refused(file: TuningFile, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = file.model_copy(update={"generations": 1})
    tune(done, out, processes=1)
    shutil.copytree(out, tmp_path / "copy")
    other = file.model_copy(update={"seed": 2})
    with pytest.raises(ResumeError, match="is the history of another file"):
        tune(other, out, processes=1, resume=True)
    held = json.loads((tmp_path / "copy" / "history.json").read_text())
    held["generations"][0]["x"][0][0] += 1e-3
    (tmp_path / "copy" / "history.json").write_text(json.dumps(held))
    with pytest.raises(ResumeError, match="generation 1 has other candidates than this version"):
        tune(done, tmp_path / "copy", processes=1, resume=True)


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('changes = { "rules.slowdown" = 1.5 }', "changes = {}", "changes"),
        ('scenario = "tiny"', 'scenario = "tinny"', "tinny"),
        ("value_power =", "value_powr =", "value_powr: no number of the market; .*value_power"),
        ("start = 256", "start = 1", "found 1; expected 2 to 1e.06; start inside"),
        ("generations = 2", "generations = 1000", "generations"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, old: str, new: str, finding: str) -> None:
    (tmp_path / "bad.toml").write_text(SMALL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError, match=finding):
        load_tuning(tmp_path / "bad.toml")


def test_the_shipped_search_trains_on_nothing_that_policies_are_compared_on() -> None:
    shipped = load_tuning(SHIPPED.parent / "tuning.toml")
    compared = {s.hash for kind in ("full", "partial") for s in growing(kind)}
    assert not compared & {s.hash for s in shipped.scenarios()}
    assert set(shipped.search) == set(MarketRule._fields)
    assert colony_years(shipped, shipped.generations) > 1000


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    line = ["tune", str(tmp_path / "small.toml"), "--out", str(tmp_path / "out"), "--jobs", "1"]
    result = CliRunner().invoke(app, [*line, "--generations", "1"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("9 colony-years. In colonies that no candidate saw: ")
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 2
    assert "add --resume" in result.stderr
