"""What a visitor sees, in a real browser: the main path from a first colony to a comparison.

Pictures of each station are kept in ``build/screenshots``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import auxon

pytest.importorskip("streamlit")

from auxon.dashboard.shelf import Shelf
from tests.belt_worlds import write
from tests.chromium import chromium, watch
from tests.dashboard_server import serving

KEPT = Path(__file__).resolve().parents[1] / "build" / "screenshots"
PAGES = ("", "belt", "site", "robot", "society", "industry", "compare", "policies")
UNSEEN = ("society", "policies")
"""Those that the main path does not pass."""
WAIT_MS = 90_000
"""A busy machine takes its time; nothing here waits that long elsewhere."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "runs"
    for policy in ("market", "greedy"):
        auxon.run("tiny", years=0.8, policy=policy, out=folder / policy)
    auxon.run(write(folder.parent), years=0.8, out=folder / "belt")
    return folder


@pytest.fixture(scope="module")
def port(runs: Path) -> Iterator[int]:
    with serving(runs) as port:
        yield port


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT_MS)
    page.forbidden = watch(page)
    yield page
    assert page.forbidden == []
    page.close()


def settled(page: Any) -> None:
    """Wait until the server has run the page to its end."""
    page.locator("h1").first.wait_for()
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached")
    page.wait_for_timeout(500)  # charts are drawn a moment later


def keep(page: Any, name: str) -> None:
    """Keep a picture of what is seen, all of which is within the window."""
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= page.viewport_size["width"], name
    KEPT.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(KEPT / f"{name}.png"))


def metric(page: Any, label: str) -> str:
    """Return the value of a metric."""
    box = page.locator("[data-testid=stMetric]").filter(has_text=label).first
    return str(box.locator("[data-testid=stMetricValue]").inner_text())


def robots(page: Any) -> int:
    return int(metric(page, "Robots").replace(",", ""))


def choose(page: Any, label: str, option: str) -> None:
    """Choose in a list by typing."""
    box = page.get_by_role("combobox", name=label).first
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).first.click()


def test_a_colony_grows_is_looked_into_and_kept(page: Any, port: int, runs: Path) -> None:
    page.goto(f"http://127.0.0.1:{port}/?scenario=tiny")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Pause").wait_for()
    first = robots(page)
    page.wait_for_function(
        "least => [...document.querySelectorAll('[data-testid=stMetric]')].some(m => "
        "m.innerText.startsWith('Robots') && "
        "parseInt(m.querySelector('[data-testid=stMetricValue]').innerText.replace(/,/g, '')) "
        "> least)",
        arg=first + 50,
    )
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Play").wait_for()
    grown = robots(page)
    assert grown > first
    page.wait_for_timeout(1500)
    assert robots(page) == grown  # it stands still
    keep(page, "live")

    page.get_by_text("Save as a run").click()
    page.get_by_label("Name").fill("from-the-browser")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as").wait_for()
    assert (runs / "from-the-browser" / "summary.json").is_file()

    robot = page.locator("[data-testid=stPageLink] a[href*=robot]").first
    name = robot.inner_text()
    robot.click()
    page.get_by_role("heading", name=name).first.wait_for()
    assert "/robot" in page.url
    settled(page)
    keep(page, "robot-living")


def test_a_site_and_a_robot_of_a_run(page: Any, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/site?run=market")
    settled(page)
    assert robots(page) > 100
    page.locator("canvas").first.wait_for()
    keep(page, "site")
    page.goto(f"http://127.0.0.1:{port}/robot?run=market&robot=assembler-0")
    page.get_by_role("heading", name="assembler-0").first.wait_for()
    settled(page)
    page.locator("canvas").first.wait_for()
    keep(page, "robot")


def test_a_switched_off_process_changes_closure_and_bound(page: Any, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/industry?industry=tiny")
    settled(page)
    before = metric(page, "Fastest growth")
    choose(page, "Processes that are switched off", "smelt")
    page.wait_for_function(
        "before => ![...document.querySelectorAll('[data-testid=stMetric]')].some(m => "
        "m.innerText.startsWith('Fastest growth') && m.innerText.includes(before))",
        arg=before,
    )
    settled(page)
    assert "off=" in page.url
    keep(page, "industry")


def test_two_runs_are_compared(page: Any, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/compare?runs=market&runs=greedy")
    settled(page)
    page.locator("canvas").first.wait_for()
    text = page.locator("[data-testid=stMain]").inner_text()
    assert "market" in text
    assert "greedy" in text
    keep(page, "compare")


def test_the_belt_moves_and_a_site_is_opened(page: Any, port: int, runs: Path) -> None:
    sites = Shelf(runs).open("belt").table("sites", ["site", "body"])
    home = sites.body[sites.site == 0].iloc[-1]
    page.goto(f"http://127.0.0.1:{port}/belt?run=belt")
    page.wait_for_function("window.__auxon_belt && window.__auxon_belt.bodies > 0")
    settled(page)
    keep(page, "belt")
    page.locator("button.play").click()
    page.wait_for_function("window.__auxon_belt.fps > 0")
    page.locator("button.play").click()
    choose(page, "Body", home)
    page.get_by_role("link", name="Open site").first.click()
    page.get_by_role("heading", name=f"Site 0 on {home}").wait_for()


@pytest.mark.parametrize(("width", "names"), [(1280, UNSEEN), (390, PAGES)])
def test_every_page_fits(page: Any, port: int, width: int, names: tuple[str, ...]) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name in names:
        page.goto(f"http://127.0.0.1:{port}/{name}")
        settled(page)
        assert not page.locator("[data-testid=stException]").count(), name
        keep(page, f"{name or 'start'}-{width}")


def test_an_address_of_nothing_gives_a_sentence(page: Any, port: int) -> None:
    page.goto(f"http://127.0.0.1:{port}/site?run=..%2F..%2Fetc")
    settled(page)
    assert "There is no run" in page.locator("[data-testid=stMain]").inner_text()
    assert "root:" not in page.content()
