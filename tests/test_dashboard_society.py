"""The page Society: family tree, generations, division of labour, births and deaths."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import auxon

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from auxon.dashboard import society_tree, society_view
from auxon.dashboard.shelf import Run, Shelf
from auxon.dashboard.site_view import industry_of
from tests.dashboard_pages import opened


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("society") / "runs"
    auxon.run("tiny", years=2.0, out=folder / "a")
    return folder


@pytest.fixture
def run(runs: Path) -> Run:
    return Shelf(runs).open("a")


def page(folder: Path, **query: str | list[str]) -> AppTest:
    return opened("society", folder, **query)


def test_page_counts_robots(runs: Path) -> None:
    at = page(runs, run="a")
    assert not at.exception
    metrics = {m.label: m.value for m in at.metric}
    lineage = Shelf(runs).open("a").table("lineage")
    assert metrics["Robots there ever were"] == f"{len(lineage):,}"
    assert metrics["Generations"] == str(lineage.generation.max())
    assert any("are of design 0" in m.value for m in at.markdown)


def test_no_constant_is_written_onto_the_page(runs: Path) -> None:
    at = page(runs, run="a")
    assert at.main.children[0].type == "title"


def test_without_any_run(tmp_path: Path) -> None:
    at = page(tmp_path, run="../../etc")
    assert not at.exception
    assert "There is no run" in at.info[0].value


def test_damaged_table_is_a_sentence(runs: Path, tmp_path: Path) -> None:
    broken = tmp_path / "a"
    broken.mkdir()
    (broken / "manifest.json").write_bytes((runs / "a" / "manifest.json").read_bytes())
    table = broken / "tables" / "lineage"
    table.mkdir(parents=True)
    for file in (runs / "a" / "tables" / "lineage").iterdir():
        (table / file.name).write_bytes(b"no parquet")
    at = page(tmp_path, run="a")
    assert not at.exception
    assert "damaged" in at.error[0].value


def test_run_without_rows_is_a_sentence(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    manifest = (runs / "a" / "manifest.json").read_bytes()
    (tmp_path / "a" / "manifest.json").write_bytes(manifest)
    at = page(tmp_path, run="a")
    assert not at.exception
    assert "Nothing has been recorded" in at.info[0].value


def test_descendants() -> None:
    above = np.array([-1, 0, 0, 1, 3, -1])
    generation = np.array([0, 1, 1, 2, 3, 0])
    assert society_tree.descendants(above, generation).tolist() == [4, 2, 0, 1, 0, 0]


def test_tree_keeps_parents_and_counts_the_rest(run: Run) -> None:
    found = society_tree.tree(run, industry_of(run), most=30)
    nodes = found.nodes
    assert len(nodes) == 30
    assert nodes.row.tolist() == list(range(30))
    lineage = run.table("lineage")
    assert found.robots == len(lineage)
    founders = nodes[nodes.parent_row < 0]
    assert (founders.generation == 0).all()
    rest = nodes[nodes.parent_row >= 0]
    parents = nodes.generation.to_numpy()[rest.parent_row.to_numpy()]
    assert (rest.generation.to_numpy() == parents + 1).all()
    built = lineage.ancestor_list.value_counts()
    for n in nodes.itertuples():
        drawn = int((nodes.parent_row == n.row).sum())
        assert n.hidden + drawn == built.get(f"[{n.id}]", 0)


def test_all_of_a_small_society_is_drawn(run: Run) -> None:
    found = society_tree.tree(run, industry_of(run), most=10**6)
    assert len(found.nodes) == found.robots
    assert (found.nodes.hidden == 0).all()
    founders = found.nodes[found.nodes.parent_row < 0]
    assert founders.descendants.sum() + len(founders) == found.robots


def test_lines_of_the_tree_do_not_cross(run: Run) -> None:
    nodes = society_tree.tree(run, industry_of(run), most=80).nodes
    born, ended = nodes.born.to_numpy(), nodes.ended.to_numpy()
    for n in nodes[nodes.parent_row >= 0].itertuples():
        between = np.arange(n.parent_row + 1, n.row)
        inside = (born[between] < n.born) & (ended[between] > n.born)
        assert not inside.any()
    chart = society_tree.chart(society_tree.tree(run, industry_of(run), most=80))
    assert len(chart["series"][0]["data"]) == 80


def test_generations_are_shares(run: Run) -> None:
    found = society_view.generations(society_view.births(run))
    assert found.drop(columns="years").sum(axis=1).to_numpy() == pytest.approx(100)
    assert len(found.columns) <= 9


@pytest.mark.parametrize("last", [0, 1, 7, 8, 24, 100])
def test_bands_hold_every_generation_once(last: int) -> None:
    groups = society_view.bands(last)
    assert len(groups) <= 8
    assert [g for a, b in groups for g in range(a, b + 1)] == list(range(last + 1))


def test_labour_is_shares_of_all_machine_time(run: Run) -> None:
    found = society_view.labour(run, industry_of(run))
    assert found.drop(columns="years").sum(axis=1).to_numpy() == pytest.approx(100)
    assert "unknown" not in found.columns
    assert society_view.BUILDS in found.columns


def test_population_adds_up(run: Run) -> None:
    found = society_view.population(run)
    series = run.table("series")
    assert found.drop(columns="years").sum(axis=1).tolist() == series.robots.tolist()


def test_births_of_each_year_add_up(run: Run) -> None:
    found = society_view.per_year(run)
    width = found.years.diff().fillna(found.years.iloc[0])
    assert (found.births * width).sum() == pytest.approx(run.table("series").births.sum())


def test_deaths_by_cause() -> None:
    class Told(Run):
        def table(self, *args: object) -> pd.DataFrame:
            events = ["death", "death", "wrecked", "wreck", "birth"]
            return pd.DataFrame(
                {"event": events, "species": ["a", "b", "a", "b", "a"], "count": [5, 1, 2, 4, 9]}
            )

    found = society_view.deaths(Told(Path("x"), "x")).set_index("species")
    assert found.loc["a"].tolist() == [3, 2, 0, 5]
    assert found.loc["b"].tolist() == [1, 0, 4, 5]
    option = society_view.deaths_chart(found.reset_index())
    assert [s["name"] for s in option["series"]] == [
        society_view.OLD_AGE, society_view.PAST_REPAIR, society_view.WITH_SHIP,
    ]  # fmt: skip


def test_ages_count_the_dead_alone() -> None:
    born = pd.DataFrame(
        {
            "origin_time": [0.0, 1.0, 2.0, 3.0],
            "destruction_time": [12.0, 13.0, np.inf, 4.0],
            "species": ["a", "a", "a", "b"],
        }
    )
    found = society_view.ages(born)
    assert found.drop(columns="years").sum().to_dict() == {"a": 2, "b": 1}
    assert society_view.ages(born[2:3]).empty
    assert len(society_view.histogram(found, "years")["series"]) == 2


def test_many_species_become_eight_columns() -> None:
    rows = pd.DataFrame({"years": 1.0, "species": [f"s{n}" for n in range(12)], "n": range(12)})
    found = society_view._by_size(rows, "species", "n")
    assert len(found.columns) == 9
    assert found.columns[-1] == "others"
    assert found.drop(columns="years").to_numpy().sum() == sum(range(12))
