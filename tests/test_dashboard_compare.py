"""The page Compare: runs over one another, and tables with one row a run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

import auxon
from auxon.dashboard import compare_view, spread_view
from auxon.dashboard.shelf import Run, Shelf
from auxon.sim.errors import ResumeError, UsageError
from auxon.sim.record_schemas import SCHEMAS
from tests.dashboard_pages import opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compare") / "runs"
    auxon.run("tiny", years=1, out=root / "a")
    auxon.run("tiny", years=1, seed=2, out=root / "b")
    again = auxon.load("tiny").replace({"rules.slowdown": 2.0})
    auxon.run(again, years=1, out=root / "slow")
    (root / "corrupt").mkdir()
    (root / "corrupt" / "manifest.json").write_text("{")
    (root / "sweep").mkdir()
    rows = pd.DataFrame({"seed": [1, 2, 1, 2], "slowdown": [1.0, 1.0, 2.0, 2.0]})
    rows.assign(policy=["x", "y"] * 2, doublings=[3.0, 5.0, 1.0, 2.0]).to_parquet(
        root / "sweep" / "runs.parquet"
    )
    return root


@pytest.fixture
def runs(folder: Path) -> dict[str, Run]:
    return compare_view.opened(Shelf(folder), ["a", "b", "slow"])[0]


def page(folder: Path, **query: str | list[str]) -> AppTest:
    at = opened("compare", folder, **query)
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    return "\n".join(x.value for x in (*at.error, *at.warning, *at.info, *at.success))


# ------------------------------------------------------------------ curves


def test_all_outcomes_are_in_the_table() -> None:
    assert set(compare_view.OUTCOMES) <= set(SCHEMAS["series"].names)
    assert set(compare_view.OUTCOMES) >= compare_view.SUMS


def test_a_curve_is_the_series(runs: dict[str, Run]) -> None:
    frame, bad = compare_view.curves(runs, "robots")
    assert not bad
    own = frame[frame.run == "b"]
    assert own.value.tolist() == runs["b"].table("series").robots.tolist()


def test_sums_become_rates(runs: dict[str, Run]) -> None:
    frame, _ = compare_view.curves({"a": runs["a"]}, "births")
    series = runs["a"].table("series")
    total = (frame.value * series.years.diff()).sum()
    assert total == pytest.approx(series.births.iloc[1:].sum())
    assert total > 0


def test_relative_curves_begin_at_one(runs: dict[str, Run]) -> None:
    frame, _ = compare_view.curves(runs, "mass_kg", relative=True)
    assert frame.groupby("run").value.first().tolist() == [1, 1, 1]


def test_lines_are_told_apart(runs: dict[str, Run]) -> None:
    frame = pd.concat(
        pd.DataFrame({"run": f"r{n}", "years": [0, 1], "value": [0, n]}) for n in range(10)
    )
    series = compare_view.overlay(frame, "x", log=True)["series"]
    looks = {(one["color"], one["lineStyle"]["type"]) for one in series}
    assert len(series) == len(looks) == 10
    assert all(y > 0 for one in series for _, y in one["data"])


def test_a_damaged_table_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "hurt").mkdir()
    (tmp_path / "hurt" / "manifest.json").write_text((folder / "a" / "manifest.json").read_text())
    (tmp_path / "hurt" / "tables" / "series").mkdir(parents=True)
    for part in (folder / "a" / "tables" / "series").glob("*.parquet"):
        (tmp_path / "hurt" / "tables" / "series" / part.name).write_bytes(b"PAR1 no")
    runs, opened = compare_view.opened(Shelf(tmp_path), ["hurt"])
    frame, damaged = compare_view.curves(runs, "robots")
    assert frame.empty
    assert "hurt" in " ".join([*opened, *damaged])


# ------------------------------------------------------------------ summaries and scenarios


def test_summaries_stand_side_by_side(runs: dict[str, Run]) -> None:
    found = compare_view.summaries(runs)
    turned = compare_view.side_by_side(found).set_index("figure")
    assert list(turned.columns) == ["a", "b", "slow"]
    summary = runs["b"].summary
    assert summary
    assert turned.loc["digest", "b"] == summary["digest"]
    assert turned.loc["robots at the end", "b"] == f"{summary['robots']:,}"


def test_the_one_with_most_is_named(runs: dict[str, Run]) -> None:
    found = compare_view.summaries(runs)
    text = " ".join(compare_view.standouts(found))
    most = found.loc[found.robots.idxmax(), "run"]
    assert f"Robots at the end: most in {most}" in text


def test_equal_runs_are_called_equal(runs: dict[str, Run]) -> None:
    found = compare_view.summaries({"a": runs["a"], "copy": runs["a"]})
    assert "very same state" in compare_view.standouts(found)[0]


def test_differences_of_scenarios(runs: dict[str, Run]) -> None:
    found = compare_view.differences({n: r.manifest for n, r in runs.items()}).set_index("key")
    assert found.loc["seed"].tolist() == ["1", "2", "1"]
    assert found.loc["rules.slowdown", "slow"] == "2.0"
    assert set(found.index) == {"seed", "rules.slowdown"}


# ------------------------------------------------------------------ tables with one row a run


def test_means_have_intervals(folder: Path) -> None:
    frame = spread_view.read(folder / "sweep" / "runs.parquet")
    found = spread_view.means(frame, "slowdown", "doublings", None)
    assert found["mean"].tolist() == [4.0, 1.5]
    # Student's t of two values: 12.706 standard errors, each half of their difference
    assert found.high.tolist() == pytest.approx([4 + 12.7062, 1.5 + 12.7062 / 2], rel=1e-5)


def test_names_get_places_and_groups_stand_apart(folder: Path) -> None:
    frame = spread_view.read(folder / "sweep" / "runs.parquet")
    option = spread_view.spread(frame, "policy", "doublings", "seed")
    assert option["xAxis"][0]["data"] == ["x", "y"]
    dots = [p[0] for one in option["series"] if one["type"] == "scatter" for p in one["data"]]
    assert np.ptp(dots) > 0
    assert all(-0.5 < x < 1.5 for x in dots)
    assert spread_view.groupings(frame) == ["seed", "policy"]


def test_a_log_axis_leaves_out_what_is_not_above_zero() -> None:
    frame = pd.DataFrame({"x": [1.0, 1.0, 2.0], "y": [-1.0, 2.0, np.nan]})
    option = spread_view.spread(frame, "x", "y", log=True)
    assert [p for one in option["series"] for p in one["data"]] == [[1.0, 2.0]]


def test_a_damaged_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs.parquet").write_bytes(b"no")
    with pytest.raises(ResumeError, match="expected a Parquet table"):
        spread_view.read(tmp_path / "runs.parquet")


# ------------------------------------------------------------------ names


@pytest.mark.parametrize("name", ["", ".", "..", "../x", ".hidden", "a/b", "a\0b", "x" * 300, "no"])
def test_no_name_leads_out_of_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        Shelf(folder).folder(name)


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="expected"):
        Shelf(tmp_path / "root").folder("out")


# ------------------------------------------------------------------ the page


def test_without_any_run(tmp_path: Path) -> None:
    assert "There is no run" in said(page(tmp_path / "none"))


def test_runs_of_the_address(folder: Path) -> None:
    at = page(folder, runs=["a", "slow"], outcome="births", axis="linear")
    assert at.multiselect(key="runs").value == ["a", "slow"]
    assert at.selectbox(key="outcome").value == "births"
    figures = at.dataframe[0].value
    assert list(figures.columns) == ["figure", "a", "slow"]
    assert "rules.slowdown" in at.dataframe[1].value["key"].tolist()


def test_broken_and_unknown_runs_are_named(folder: Path) -> None:
    at = page(folder, runs=["a", "corrupt", "../etc", "zzz"], x="?", y="policy", group="<b>")
    text = said(at)
    assert "Run 'corrupt' is left out" in text
    assert "There is no run '../etc'" in text
    assert at.dataframe[0].value.columns.tolist() == ["figure", "a"]


def test_a_sweep_is_plotted(folder: Path) -> None:
    at = page(folder, results="sweep/runs.parquet", x="slowdown", y="doublings")
    assert at.selectbox(key="x").value == "slowdown"
    assert at.selectbox(key="y").options == ["seed", "slowdown", "doublings"]
    assert len(at.dataframe[-1].value) == 4


def test_a_manifest_of_another_kind_is_left_out(folder: Path, tmp_path: Path) -> None:
    for name, text in {"list": "[]", "bare": json.dumps({"state": "finished"})}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(text)
    runs, bad = compare_view.opened(Shelf(tmp_path), ["list", "bare", "gone"])
    assert not runs
    assert len(bad) == 3
