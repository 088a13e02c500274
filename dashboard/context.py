"""What all pages share: the folder of runs, the run that is looked at, links, downloads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from auxon.sim.errors import AuxonError

from . import charts
from .live import Live
from .shelf import Run, Shelf

LIVE = "live"
"""Name of this session's own society among the runs."""
FOLLOW_S = 3.0
"""How often a page looks whether a run that is still going has written more."""
VIEWS = Path(__file__).resolve().parent / "views"
_FOLDER: list[Path] = [Path("runs")]


def use_folder(path: Path) -> None:
    """Say where the runs lie, once, before pages are served."""
    _FOLDER[0] = path


def shelf() -> Shelf:
    """Return the runs."""
    return Shelf(_FOLDER[0])


def live() -> Live | None:
    """Return this session's society, if one was started and its session was not closed."""
    found: Live | None = st.session_state.get("session")
    return None if found is None or found.closed else found


def choose_run(need: Callable[[Run], bool] = lambda run: True, what: str = "a run") -> Run:
    """Let the visitor choose a run, and stop the page with a sentence if there is none to show.

    Parameters
    ----------
    need : callable
        Whether a run has what the page shows.
    what : str
        What it needs, in words.
    """
    session = live()
    entries = {e.name: e for e in shelf().entries()}
    # names alone, as an address holds them
    names = [*([LIVE] if session else []), *entries]
    if not names:
        st.info(
            f"There is no run in `{shelf().root}` yet. Start a society on the page **Live**, or "
            "`auxon run tiny` in a terminal; it shows up here.",
            icon=":material/rocket_launch:",
        )
        st.stop()
    asked = st.query_params.get("run")
    if asked is not None and asked not in names:
        st.warning(f"There is no run '{asked}' in `{shelf().root}`; here is another.")
        if "run" in st.session_state:
            del st.session_state["run"]
    name = st.selectbox(
        "Run", names, key="run", bind="query-params",
        help="A folder with a run; `live` is the society of the page Live.",
    )  # fmt: skip
    if name is None:
        st.stop()
    if name in entries and entries[name].state not in ("finished", "broken"):
        st.caption(f"This run is not finished: it is {entries[name].state}.")
        if entries[name].state == "running":
            _follow(shelf().root / name)
    with problems():
        run = session.run() if session and name == LIVE else shelf().open(name)
        if name in entries and entries[name].state == "broken":
            st.error(f"Run '{name}' cannot be read: {entries[name].problem}")
            st.stop()
        if not need(run):
            st.info(f"This page needs {what}; choose another run.")
            st.stop()
    return run


@st.fragment(run_every=FOLLOW_S)
def _follow(folder: Path) -> None:
    """Show the page anew when a run that is still going has written more of its tables."""
    files = [*folder.glob("tables/series/part-*.parquet"), folder / "manifest.json"]
    latest = max((f.stat().st_mtime for f in files if f.exists()), default=0.0)
    seen: tuple[str, float] | None = st.session_state.get("followed run")
    st.session_state["followed run"] = (str(folder), latest)
    if seen and seen[0] == str(folder) and seen[1] != latest:
        st.rerun()


@contextmanager
def problems() -> Iterator[None]:
    """Show what Auxon has to say against something as a sentence, and end the page there."""
    try:
        yield
    except AuxonError as error:
        st.error(str(error))
        st.stop()


def show(option: charts.Option, key: str, *, height: int = 320, alt: str = "") -> None:
    """Show a chart, with a button that takes its picture home."""
    tools = {"feature": {"saveAsImage": {"name": key, "title": "picture"}}, "right": 4, "top": 0}
    st.echarts_chart({**option, "toolbox": tools}, key=key, height=height, alt=alt or key)


def page_link(view: str, label: str, **query: object) -> None:
    """Link to a page, with what it is to show."""
    st.page_link(
        VIEWS / f"{view}.py", label=label, query_params={k: str(v) for k, v in query.items()}
    )


def table(frame: pd.DataFrame, name: str, **options: Any) -> Any:
    """Show a table that can be taken home as CSV; returns what `streamlit.dataframe` does."""
    shown = st.dataframe(frame, hide_index=True, **options)
    download(frame, name)
    return shown


def download(frame: pd.DataFrame, name: str) -> None:
    """Offer a table as CSV."""
    st.download_button(
        "CSV",
        lambda: frame.to_csv(index=False),
        f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
    )
