"""Robot: one robot's life."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from auxon.biography import Life, life
from auxon.dashboard import charts, robot_view
from auxon.dashboard.context import LIVE, choose_run, live, page_link, problems, show, table
from auxon.dashboard.live import Live
from auxon.dashboard.shelf import Run
from auxon.dashboard.site_view import industry_of
from auxon.sim.world import World

# No docstrings below these: Streamlit would write them onto the page.
# Lives that a session remembers.
_KEPT = 6
# Children and ancestors with a link of their own; the table has all.
_LINKS = 24


def turn_to(other: int) -> None:
    """Open another robot on this page."""
    st.session_state["robot"] = str(other)


def surprise(run: Run) -> None:
    """Open a robot by chance."""
    found = robot_view.lucky(run, int(np.random.SeedSequence().generate_state(1)[0]))
    if found is not None:
        turn_to(found)


def link(label: str, other: int, key: str) -> None:
    """Offer another robot; a link from a page to itself would leave the address as it was."""
    st.button(label, key=f"{key}-{other}", on_click=turn_to, args=(other,), type="secondary")


def links(robots: list[int], key: str) -> None:
    """Offer robots side by side."""
    with st.container(horizontal=True, gap="small"):
        for other in robots[:_LINKS]:
            link(robot_view.name_of(other, industry), other, key)
    if len(robots) > _LINKS:
        st.caption(f"and {len(robots) - _LINKS:,} more")


def watched(run: Run, robot: int) -> Life | None:
    """Return its life, running the run again for it; None until that is asked for."""
    steps, cost = robot_view.cost(run)
    lives: dict[object, Life] = st.session_state.setdefault("lives", {})
    key = (str(run.path), robot, steps)
    if key in lives:
        return lives[key]
    if cost >= robot_view.QUICK:
        st.markdown(
            f"What it did day by day is found by running the run again: {steps:,} steps, which "
            "takes about as long as the run did."
        )
        if not st.button("Watch its life", icon=":material/play_arrow:", type="primary"):
            return None
    bar = st.progress(0.0, "The run runs again ...")
    with problems():
        lives[key] = life(run.path, robot, progress=reporter(bar.progress, steps))
    bar.empty()
    while len(lives) > _KEPT:
        lives.pop(next(iter(lives)))
    return lives[key]


def reporter(tell: Callable[[float, str], object], steps: int) -> Callable[[World], None]:
    """Return what tells how far a run has come, a hundred times at most."""
    every = max(1, steps // 100)

    def report(world: World) -> None:
        if world.step_count % every == 0:
            share = min(1.0, world.step_count / max(1, steps))
            tell(share, f"The run runs again: year {world.years:.1f}, {world.robot_count:,} robots")

    return report


def tell(found: Life, children: int, name: str) -> None:
    """Show a life."""
    st.markdown(" ".join(robot_view.summary(found, children)))
    st.subheader("What it did")
    rows = found.days.state.nunique() + min(8, found.days.task.nunique())
    show(robot_view.timeline(found), "robot-timeline", height=110 + 26 * rows,
         alt="What the robot did over the years")  # fmt: skip
    left, right = st.columns(2)
    with left:
        st.markdown("**Share of its time, per cent**")
        spent = robot_view.shares(found)
        show(charts.bars(spent.head(12), "doing", "percent", unit="per cent of its time"),
             "robot-shares", alt="Share of time by task or state")  # fmt: skip
    with right:
        st.markdown("**Wear**")
        show(robot_view.wear_chart(found), "robot-wear", alt="Wear over the years")
        st.caption(
            "Use since the last repair over the species' scale of use between failures; upright "
            "lines are repairs."
        )
    if (picture := robot_view.memory_chart(found)) is not None:
        st.subheader("What its policy remembers for it")
        show(picture, "robot-memory", height=420, alt="Memory of the policy over the years")
        units = np.asarray(found.memory).shape[1]
        st.caption(f"The first {min(units, robot_view.MOST_UNITS)} of {units} units over time.")
    with st.expander("Day by day"):
        table(found.days, f"{name}-days", height=280)


st.title("Robot")
st.caption("One robot's life: who built it, what it did, what broke, whom it built, how it ended.")
run = choose_run()
with problems():
    industry = industry_of(run)
    known = robot_view.pedigree(run)
with st.container(horizontal=True, vertical_alignment="bottom"):
    asked = st.text_input(
        "Robot: id or name", key="robot", bind="query-params", max_chars=60,
        placeholder=f"{next(iter(industry.species))}-0",
    )  # fmt: skip
    st.button("Surprise me", icon=":material/casino:", on_click=surprise, args=(run,))
if not len(known.ids):
    st.info(
        "No robot is written down in this run yet: the table lineage is filled when a run stops."
    )
    st.stop()
if not (asked or "").strip():
    st.markdown(f"This run knows {len(known.ids):,} robots by name. Some of them:")
    for n, (why, other) in enumerate(robot_view.notable(run, known)):
        label = f"{robot_view.name_of(other, industry)}, which {why}"
        link(label, other, f"notable-{n}")
    st.stop()

with problems():
    robot = robot_view.parse(asked or "", industry)
    found = robot_view.rows_of(run, [robot])
name = robot_view.name_of(robot, industry)
st.header(name)
if found.empty:
    st.warning(
        f"{name} (id {robot}) is not in the table lineage of '{run.name}': it was never built, or "
        "it was lost with its ship. Choose another, or let chance do it."
    )
    st.stop()
me = found.iloc[0]
children = known.children(robot)
ancestors = known.ancestors(robot)
alive = not np.isfinite(me.destruction_time)
with st.container(horizontal=True):
    st.metric("Species", str(me.species).replace("_", " "), border=True)
    st.metric("Generation", int(me.generation), border=True)
    st.metric("Built, years", f"{me.origin_time:.2f}", border=True)
    st.metric("Ended, years", "not yet" if alive else f"{me.destruction_time:.2f}", border=True)
    st.metric("Robots it built", f"{len(children):,}", border=True)
page_link("site", f"Site {me.site}, where it was built", run=run.name, site=me.site)
kind = industry.species[str(me.species)]
st.caption(f"{kind.title}; {kind.mass_g / 1000:,.1f} kg; design {me.design}; id {robot}.")

st.subheader("Ancestors, up to the founder")
if ancestors:
    links(ancestors, "ancestor")
else:
    st.caption("None: it is a founder, with which the society began.")
st.subheader("Robots it built")
if children:
    links(children, "child")
    with st.expander("All of them as a table"):
        with problems():
            rows = robot_view.rows_of(run, children)
        rows.insert(0, "name", [robot_view.name_of(int(i), industry) for i in rows.id])
        rows["ends"] = rows.destruction_time.where(np.isfinite(rows.destruction_time), pd.NA)
        columns = ["name", "id", "species", "generation", "origin_time", "ends", "site"]
        table(rows[columns], f"{name}-children")
else:
    st.caption("None.")

st.subheader("Its life")


@st.fragment(run_every="1s")
def follow(session: Live) -> None:
    """Show what was seen of the robot that is followed, again every second."""
    session.beat()
    with problems():
        seen = session.followed()
    if seen is None or seen.id != robot or seen.days.empty:
        st.info(f"{name} is followed; nothing of it has been seen yet. Let the society play.")
        return
    tell(seen, len(seen.children), name)


session = live()
if session and run.name == LIVE:
    seen = session.followed()
    if st.session_state.get("followed") != (str(run.path), robot):
        st.markdown(
            "In the living society it can be followed from now on; its past would take the "
            "society's whole past to find out: save it as a run for that."
        )
        if st.button(f"Follow {name}", icon=":material/visibility:", type="primary"):
            with problems():
                session.follow(robot)
            st.session_state["followed"] = (str(run.path), robot)
            st.rerun()
    else:
        follow(session)
else:
    days = watched(run, robot)
    if days is not None:
        tell(days, len(children), name)
