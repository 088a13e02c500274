"""The page Site: stock, flows as links without loops, orders, prices, and nonsense in the URL."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import auxon

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from auxon.dashboard import site_live, site_view
from auxon.dashboard.context import use_folder
from auxon.dashboard.live import Live
from auxon.dashboard.shelf import Run, Shelf
from auxon.sim.errors import UsageError
from auxon.sim.scenario import load
from tests.dashboard_pages import opened

APP = Path(auxon.__file__).parent / "dashboard" / "app.py"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "runs"
    auxon.run("tiny", years=1.0, out=folder / "a")
    return folder


@pytest.fixture
def run(runs: Path) -> Run:
    return Shelf(runs).open("a")


def page(folder: Path, **query: str | list[str]) -> AppTest:
    return opened("site", folder, **query)


def test_page_shows_the_only_site(runs: Path) -> None:
    at = page(runs, run="a")
    assert not at.exception
    assert at.subheader[0].value == "Site 0 on 16 Psyche"
    metrics = {m.label: m.value for m in at.metric}
    series = Shelf(runs).open("a").table("series")
    assert metrics["Robots"] == f"{series.robots.iloc[-1]:,}"


@pytest.mark.parametrize("site", ["99999", "abc", "-1", "", "0; drop", "1e3"])
def test_nonsense_for_a_site_is_a_sentence(runs: Path, site: str) -> None:
    at = page(runs, run="a", site=site)
    assert not at.exception
    assert at.subheader[0].value.startswith("Site 0")
    told = [w.value for w in at.warning]
    assert told == [] if site == "" else "choose one from the list. Here is another" in told[0]


def test_nonsense_for_a_span_or_a_run(runs: Path) -> None:
    at = page(runs, run="nobody", span="x")
    assert not at.exception
    assert "nobody" in at.warning[0].value


def test_without_any_run(tmp_path: Path) -> None:
    at = page(tmp_path)
    assert not at.exception
    assert "There is no run" in at.info[0].value


def test_damaged_table_is_a_sentence(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "a", tmp_path / "a")
    for file in (tmp_path / "a" / "tables").glob("sites/*.parquet"):
        file.write_bytes(b"no parquet")
    at = page(tmp_path, run="a")
    assert not at.exception
    assert "damaged" in at.error[0].value


def test_site_of_says_what_there_is(run: Run) -> None:
    found = site_view.sites(run)
    assert site_view.site_of(found, "0").body == "16 Psyche"
    with pytest.raises(UsageError, match="site '7' is not in this run; expected"):
        site_view.site_of(found, "7")


def test_stock_is_that_of_the_record(run: Run) -> None:
    site = site_view.sites(run).iloc[0]
    where = site_view.belonging(run, site)
    found = site_view.stock(run, where, 1.0)
    rows = site_view.history(run, 0).iloc[-1]
    for kind in ("ore", "part", "vitamin"):
        assert found[found.kind == kind].kg.sum() == pytest.approx(rows[f"{kind}_kg"])
    assert "reserve" not in set(found.kind)
    over = site_view.stock_over_time(run, where)
    assert over.iloc[-1].drop("years").sum() == pytest.approx(found.kg.sum())


def test_links_keep_the_mass(run: Run) -> None:
    industry = site_view.industry_of(run)
    done = site_view.work(run, site_view.belonging(run, site_view.sites(run).iloc[0]), 0.0, 1.0)
    found = site_view.links(industry, done)
    assert len(found)
    assert not done.machine_h.isna().any()
    materials = set(industry.materials) | {site_view.ROBOTS}
    tasks = (set(found.source) | set(found.target)) - materials
    for task in tasks:
        into = found[found.target == task].value.sum()
        assert into == pytest.approx(found[found.source == task].value.sum(), rel=1e-9)


def test_span_without_a_record_takes_the_last_before(run: Run) -> None:
    where = site_view.belonging(run, site_view.sites(run).iloc[0])
    last = site_view.work(run, where, 1.0, 1.0)
    assert last.runs.sum() == run.table("flows").query("years == years.max()").runs.sum()


def test_loops_are_cut_and_told() -> None:
    rows = [("a", "b", 9.0), ("b", "c", 8.0), ("c", "a", 7.0), ("c", "d", 6.0), ("d", "d", 5.0)]
    found = pd.DataFrame(rows, columns=["source", "target", "value"])
    kept, back = site_view.without_loops(found)
    assert kept.value.tolist() == [9.0, 8.0, 6.0]
    assert back.value.tolist() == [7.0, 5.0]
    assert len(site_view.without_loops(found, 1)[0]) == 1


def test_chains_become_one_node() -> None:
    rows = [
        ("rock", "dig", 9.0), ("dig", "ore", 9.0), ("ore", "haul", 9.0), ("haul", "heap", 9.0),
        ("heap", "mill", 9.0), ("mill", "iron", 5.0), ("mill", "sand", 4.0),
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=["source", "target", "value"])
    short = site_view.shortened(found, {"rock", "ore", "heap", "iron", "sand"})
    assert set(short.source) | set(short.target) == {"rock", "dig ... mill (3)", "iron", "sand"}
    assert short.value.tolist() == [9.0, 5.0, 4.0]


def test_orders_say_what_they_lack(run: Run) -> None:
    site = site_view.sites(run).iloc[0]
    found = site_view.constructions(run, site, site_view.belonging(run, site), 1.0)
    last = run.table("population").query("step == step.max()")
    assert found.ordered.sum() == last.ordered.sum()
    waits = site_view.waiting(run, 0, int(run.table("waiting").step.max()))
    assert (waits.waited_days.diff().dropna() <= 0).all()
    row = site_view.history(run, 0).iloc[-1]
    assert waits.iloc[0].species in site_view.bottleneck(waits, row)
    assert "Nothing is short" in site_view.bottleneck(waits.head(0), row)


def test_shadow_prices_fall(run: Run) -> None:
    dear = site_view.shadow_prices(run)
    assert dear.prices.price.iloc[0] > 0
    assert dear.prices.price.is_monotonic_decreasing
    assert "rock" not in set(dear.prices.material)


def test_living_site(tmp_path: Path) -> None:
    session = Live(load("tiny"), "market", 1, tmp_path)
    try:
        session.step(120)
        now = session.look(lambda world: site_live.look_at(world, 0))
        rows = session.run().table("population").query("step == step.max()")
        assert now.robots == rows.healthy.sum() + rows.broken.sum()
        assert now.crews.robots.sum() == rows.healthy.sum()
        assert now.prices.price.is_monotonic_decreasing
        assert now.why
        use_folder(tmp_path)
        at = AppTest.from_file(str(APP), default_timeout=60)
        at.session_state["session"] = session
        at.run()
        at.switch_page("views/site.py")
        at.run()
        assert not at.exception
        assert "At this moment" in [s.value for s in at.subheader]
    finally:
        session.close()
