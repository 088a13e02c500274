"""How smooth the dashboard is in a browser: frames of the belt, refreshes of the page Live.

Run from the root: ``python -m benchmarks.dashboard_speed``; it wants a browser (`make browser`).
The belt draws itself in the browser: what counts is the time a frame takes (its canvas measures
it) and how many come a second. Live is refreshed by the server: what counts is how often the
numbers on the page change while the society runs at full speed beside it, and what share of its
speed it keeps with somebody looking.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import auxon
from auxon.dashboard.live import Live
from tests.chromium import chromium
from tests.dashboard_server import serving

RESULTS = Path(__file__).parent / "results" / "dashboard_speed.json"
BODIES = (200, 5_000, 50_000)
WATCHED_S = 8.0
_YEARS = "[data-testid=stMetricValue]"


def belts(root: Path) -> None:
    """Make short runs across belts of so many bodies."""
    for n in BODIES:
        changes: dict[str, Any] = {"belt.synthetic.n": max(20_000, n), "belt.nearest": n}
        scenario = auxon.load("belt-wave").replace(changes)
        auxon.run(scenario, years=1.0, out=root / f"belt-{n}")


def belt_frames(browser: Any, port: int, n: int) -> dict[str, Any]:
    """Play the map for a while and take down what its canvas measures."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    opened = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/belt?run=belt-{n}&view=3D&year=0.0")
    page.wait_for_function("window.__auxon_belt && window.__auxon_belt.bodies > 0", timeout=60_000)
    opened_s = time.perf_counter() - opened
    page.locator("select.pace").select_option("30")  # a year takes as long as it is watched
    page.locator("button.play").click()
    page.wait_for_timeout(1500)
    seen = []
    end = time.perf_counter() + WATCHED_S
    while time.perf_counter() < end:
        seen.append(page.evaluate("({...window.__auxon_belt})"))
        page.wait_for_timeout(500)
    page.close()
    fps, ms = (statistics.median(s[k] for s in seen) for k in ("fps", "frame_ms"))
    print(f"belt, {n:>6,} bodies: {fps:5.1f} frames a second, {ms:6.2f} ms each, "
          f"open in {opened_s:.1f} s")  # fmt: skip
    return {"bodies": n, "fps": fps, "frame_ms": ms, "open_s": opened_s}


def refreshes(browser: Any, port: int) -> dict[str, Any]:
    """Start a society at full speed and count how often its numbers on the page change."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"http://127.0.0.1:{port}/?scenario=themis-seed")
    page.get_by_role("button", name="Start").click(timeout=60_000)
    page.get_by_role("button", name="Pause").wait_for(timeout=120_000)
    values, first = [page.locator(_YEARS).first.inner_text()], time.perf_counter()
    while time.perf_counter() < first + WATCHED_S:
        now = page.locator(_YEARS).first.inner_text()
        if now != values[-1]:
            values.append(now)
        page.wait_for_timeout(20)
    a_second = (len(values) - 1) / (time.perf_counter() - first)
    page.close()
    print(f"live: its numbers change {a_second:.1f} times a second")
    return {"changes_per_s": a_second}


def speed_kept(root: Path) -> dict[str, Any]:
    """Compare steps a second of a society that is looked at twice a second with one in peace."""
    paces = {}
    for looked_at in (False, True):
        session = Live(auxon.load("tiny"), "market", 1, root)
        session.step(300)
        session.play()
        start, at = time.perf_counter(), session.world.step_count
        while time.perf_counter() < start + 6:
            session.beat()
            if looked_at:
                session.curve()
                session.look(lambda world: world.robot_count)
            time.sleep(0.5)
        paces[looked_at] = (session.world.step_count - at) / (time.perf_counter() - start)
        session.close()
    print(f"a society that is looked at keeps {paces[True] / paces[False]:.0%} of its speed")
    return {"share_of_speed_kept": paces[True] / paces[False]}


def main() -> None:
    """Measure, print and keep."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        belts(root)
        with serving(root) as port, chromium() as browser:
            found: dict[str, Any] = {"belt": [belt_frames(browser, port, n) for n in BODIES]}
            found["live"] = refreshes(browser, port) | speed_kept(root)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
