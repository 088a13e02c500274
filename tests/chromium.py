"""The browser that tests look at the dashboard with."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""It runs as root in containers, and must not ask the net for anything of its own accord."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium; skip, and say how to get one, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: make browser")
    own = shutil.which("chromium") or shutil.which("google-chrome")
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=own, args=list(FLAGS))
        except playwright.Error as error:
            first = str(error).splitlines()[0]
            pytest.skip(f"no browser ({first}); `make browser` installs one")
        try:
            yield browser
        finally:
            browser.close()


def watch(page: Any) -> list[str]:
    """Return a list that fills with what a page must not do: errors, requests to elsewhere."""
    seen: list[str] = []

    def request(made: Any) -> None:
        if not made.url.startswith(("data:", "blob:")) and "//127.0.0.1:" not in made.url:
            seen.append(f"asked for {made.url}")

    page.on("request", request)
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    # Streamlit looks for its own address from the page's upward, and does not find it at once
    page.on(
        "console",
        lambda m: seen.append(m.text) if m.type == "error" and "404" not in m.text else None,
    )
    return seen
