"""Compare: several runs over one another, how they differ, and tables with one row a run."""

import streamlit as st

from auxon.dashboard import compare_view, spread_view
from auxon.dashboard.addresses import strangers_out
from auxon.dashboard.context import problems, shelf, show, table

AXES = ("linear", "logarithmic")


def _runs() -> None:
    entries = shelf().entries()
    names = [e.name for e in entries]
    if not names:
        st.info(
            f"There is no run in `{shelf().root}` yet. Make two with other seeds, policies or "
            "scenarios, and compare them here.",
            icon=":material/rocket_launch:",
        )
        return
    strangers_out("runs", names, "run")
    sound = [e.name for e in entries if e.state != "broken"]
    chosen = st.multiselect(
        "Runs", names, default=sound[:3], key="runs", bind="query-params", max_selections=16
    )
    runs, bad = compare_view.opened(shelf(), chosen)
    for text in bad:
        st.warning(text)
    if not runs:
        st.info("Choose a run that can be read.")
        return
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    outcome = left.selectbox(
        "Outcome",
        list(compare_view.OUTCOMES),
        key="outcome",
        bind="query-params",
        help="What is drawn over time: "
        + "; ".join(f"*{key}* {name}" for key, name in compare_view.OUTCOMES.items()),
    )
    axis = middle.segmented_control(
        "Axis", AXES, default="logarithmic", key="axis", bind="query-params"
    )
    relative = right.toggle("Relative to the start", key="relative", bind="query-params")
    name = compare_view.OUTCOMES[str(outcome)]
    frame, damaged = compare_view.curves(runs, str(outcome), relative=relative)
    for text in damaged:
        st.warning(text)
    seen = frame[frame.value > 0] if axis == "logarithmic" else frame.dropna()
    if seen.empty:
        st.info("There is nothing of that in these runs, or nothing above zero to draw.")
    else:
        title = f"{name}, relative to the start" if relative else name
        option = compare_view.overlay(frame, title, log=axis == "logarithmic")
        show(option, "curves", height=420, alt=title)
    st.subheader("What they came to")
    found = compare_view.summaries(runs)
    if said := compare_view.standouts(found):
        st.markdown("\n".join(f"* {_plain(text)}" for text in said))
    table(compare_view.side_by_side(found), "summaries", height="content")
    st.subheader("What they were told differently")
    if len(runs) < 2:
        st.write("Choose a second run to see.")
        return
    apart = compare_view.differences({n: run.manifest for n, run in runs.items()})
    if apart.empty:
        st.write("Nothing: same scenario, policy, seed and horizon.")
    else:
        st.caption("Keys of the scenario; empty where a run was not told.")
        table(apart, "differences")


def _plain(text: str) -> str:
    """Take what Markdown would read as a mark for what it is."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>$~:" else c for c in text)


def _tables() -> None:
    found = {
        f"{name}/{file}": (name, file)
        for file in spread_view.FILES
        for name in shelf().holding(file)
    }
    if not found:
        return
    st.subheader("Sweeps and evaluations")
    st.caption("Tables with one row a run: plot any column against any.")
    strangers_out("results", list(found), "table")
    chosen = st.selectbox("Table", list(found), key="results", bind="query-params")
    if chosen not in found:
        return
    name, file = found[chosen]
    with problems():
        frame = spread_view.read(shelf().folder(name) / file)
    columns, numbers = [str(c) for c in frame.columns], spread_view.numbers(frame)
    if not numbers:
        st.info("No column of this table is a number.")
        return
    groups = ["none", *spread_view.groupings(frame)]
    for key, known in (("x", columns), ("y", numbers), ("group", groups)):
        strangers_out(key, known, "column")
    with st.grid(4, vertical_alignment="bottom"):
        usual = "scenario" if "scenario" in columns else columns[0]
        x = st.selectbox("Across", columns, columns.index(usual), key="x", bind="query-params")
        usual = "doublings" if "doublings" in numbers else numbers[-1]
        y = st.selectbox("Upward", numbers, numbers.index(usual), key="y", bind="query-params")
        usual = "policy" if "policy" in groups else "none"
        group = st.selectbox(
            "Colour", groups, groups.index(usual), key="group", bind="query-params"
        )
        log = st.toggle("Logarithmic", key="log", bind="query-params")
    by = None if group == "none" else group
    st.caption("Dots: rows. Diamonds with strokes: means with 95 % intervals (Student's t).")
    show(spread_view.spread(frame, x, y, by, log=log), "spread", height=420)
    with st.expander(f"All {len(frame):,} rows"):
        table(frame, "rows")


st.title("Compare")
st.caption("What another seed, another policy or another scenario makes of a society.")
_runs()
_tables()
