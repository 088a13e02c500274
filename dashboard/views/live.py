"""Live: a society that runs while one looks."""

from typing import Any

import streamlit as st

from auxon.dashboard import live_view
from auxon.dashboard.background import start as start_run
from auxon.dashboard.context import LIVE, download, live, page_link, problems, shelf, show
from auxon.dashboard.forms import Setting, changed, settings
from auxon.dashboard.live import Live
from auxon.policies import names
from auxon.sim.scenario import Scenario, load, shipped

SPEEDS = {"1 step/s": 1.0, "10 steps/s": 10.0, "100 steps/s": 100.0, "as fast as it goes": None}
REFRESH_S = 0.5
FEED = 12


@st.cache_resource(max_entries=20)
def scenario_of(name: str) -> Scenario:
    """Load a shipped scenario once."""
    return load(name)


@st.cache_data(max_entries=50)
def bound_of(hash: str, _scenario: Scenario) -> float | None:
    """Find a scenario's bound once."""
    return live_view.bound_per_year(_scenario)


def number(setting: Setting, key: str) -> Any:
    """Ask for one setting."""
    label = f"{setting.label} ({setting.unit})" if setting.unit else setting.label
    kind: Any = int if setting.whole else float
    return st.number_input(
        label,
        min_value=kind(setting.least),
        max_value=kind(setting.most),
        value=kind(setting.value),
        help=setting.help or None,
        key=f"{key} {setting.path}",
        format=None if setting.whole else "%.6g",
    )


def form(scenario: Scenario, key: str, seed: bool) -> dict[str, Any]:
    """Ask for everything a form may change, a tab for each group; return what was changed."""
    listed = settings(scenario, seed)
    groups = list(dict.fromkeys(s.group for s in listed))
    values: dict[str, Any] = {}
    for tab, group in zip(st.tabs(groups), groups, strict=True):
        with tab, st.grid("auto", min_column_width=150):
            for setting in (s for s in listed if s.group == group):
                values[setting.path] = number(setting, key)
    return changed(listed, values)


def start(session: Live | None) -> None:
    """Choose scenario, policy and seed, and start."""
    titles = dict(shipped())
    with st.expander("New society", expanded=session is None, icon=":material/add:"):
        a, b, c = st.columns([3, 2, 1])
        name = a.selectbox(
            "Scenario", list(titles), key="scenario", bind="query-params",
            index=list(titles).index("tiny"), help="Shipped with Auxon; `tiny` runs in seconds.",
        )  # fmt: skip
        if name not in titles:
            st.stop()
        scenario = scenario_of(name)
        policies = names()
        policy = b.selectbox(
            "Policy", policies, index=policies.index(scenario.policy),
            key=f"policy of {name}", help="Who chooses the robots' tasks.",
        )  # fmt: skip
        seed = c.number_input(
            "Seed", 0, 2**53 - 1, 1, key="seed", bind="query-params",
            help="The same scenario, policy and seed give the same society, robot by robot.",
        )  # fmt: skip
        st.caption(titles[name])
        changes = form(scenario, f"new {name}", True)
        with st.container(horizontal=True):
            starts = st.button(
                "Start", type="primary", icon=":material/rocket_launch:", key="start",
                help="Here and now, while you look.",
            )  # fmt: skip
            leaves = st.button(
                "Run in the background", icon=":material/hourglass_top:", key="background",
                help=f"To its horizon of {scenario.years:g} years, in a process of its own; the "
                "other pages show how far it has come.",
            )  # fmt: skip
        if leaves:
            with problems():
                made = scenario.replace(changes) if changes else scenario
                run = start_run(made, str(policy), int(seed), shelf().root)
                st.success(f"`{run}` runs; its first records come within a minute or two.")
                page_link("society", "Follow it", run=run)
        if starts:
            with problems():
                made = scenario.replace(changes) if changes else scenario
                if session:
                    session.close()
                with st.spinner("It takes some seconds until a first society steps..."):
                    st.session_state["session"] = Live(made, str(policy), int(seed), shelf().root)
                st.session_state["session"].play()
            st.rerun()


def controls(session: Live) -> None:
    """Play, pause, step, speed, stop."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        playing = session.playing
        st.button(
            "Pause" if playing else "Play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=session.pause if playing else session.play,
            type="primary", key="play", shortcut="Ctrl+Enter",
        )  # fmt: skip
        st.button(
            "Step", icon=":material/skip_next:", key="step", on_click=session.step,
            disabled=playing, help=f"{session.world.scenario.rules.step_days:g} days",
        )  # fmt: skip
        pace = st.selectbox(
            "Speed", list(SPEEDS), index=len(SPEEDS) - 1, key="speed",
            persist_state="session", width=190,
        )  # fmt: skip
        session.steps_per_s = SPEEDS.get(str(pace))
        if st.button("Stop", icon=":material/stop:", key="stop", help="Ends it; save it first."):
            session.close()
            st.rerun()


def numbers(session: Live) -> None:
    """Show the moment in a few numbers."""
    now, curve = session.latest, session.curve()
    grows = live_view.growth_per_year(curve)
    most = bound_of(session.world.scenario.hash, session.world.scenario)
    share = f"{grows / most:.0%} of the bound" if grows is not None and most else ""
    with st.grid("auto", min_column_width=165):
        st.metric(
            "Years",
            f"{now.years:,.2f}",
            f"{session.pace:,.0f} steps/s" if session.playing else "paused",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        st.metric(
            "Robots",
            f"{now.robots:,}",
            f"{now.broken:,} broken",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        st.metric(
            "Mass of robots, t",
            f"{now.mass_kg / 1000:,.1f}",
            f"{now.building:,} being built",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        st.metric(
            "Growth a year",
            "" if grows is None else f"{grows:+.2f}",
            share or "no bound",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help="Of the robots' mass, continuously, over the year before; the bound is what "
            "no society of this industry can pass in this light.",
        )
        enough = now.power_supply_kW / now.power_demand_kW if now.power_demand_kW else 1.0
        st.metric(
            "Power, kW",
            f"{now.power_supply_kW:,.0f}",
            f"{enough:.0%} of demand",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
        if session.world.scenario.belt:
            st.metric("Sites", f"{now.sites:,}", f"{now.in_flight:,} ships in flight",
                      delta_color="off", delta_arrow="off", border=True)  # fmt: skip


def feed(session: Live) -> None:
    """Show what happened lately, each robot a link to its life."""
    st.subheader("What happens", anchor=False)
    st.caption(session.latest.why or "Nothing yet.")
    for event in list(session.events)[-1 : -FEED - 1 : -1]:
        with st.container(horizontal=True, gap="small"):
            st.caption(f"year {event.years:.2f}", width="content")
            for robot, name in event.robots:
                page_link("robot", name, run=LIVE, robot=robot)
            st.caption(event.text, width="content")


def society(session: Live) -> None:
    """Show it; the part of the page that is refreshed while it plays."""

    @st.fragment(run_every=REFRESH_S if session.playing else None)
    def refreshed() -> None:
        session.beat()
        playing = session.playing
        numbers(session)
        if session.note:
            st.info(session.note)
        curve, now = session.curve(), session.latest
        a, b = st.columns(2)
        with a.container(border=True):
            st.markdown("**Robots by species** (logarithmic)")
            show(live_view.population(curve, session.branched_at), "population", height=300)
        with b.container(border=True):
            st.markdown("**Power**")
            show(live_view.power(curve), "power", height=300)
        with a.container(border=True):
            st.markdown("**What everybody is doing**")
            show(live_view.doing(now.doing), "doing", height=300)
        with b.container(border=True):
            st.markdown("**In stock** (logarithmic)")
            show(live_view.stocks(now.stock_kg), "stock", height=300)
        feed(session)
        if st.session_state.get("was playing", playing) != playing:
            st.session_state["was playing"] = playing
            st.rerun()  # it stopped by itself: the buttons must say so
        st.session_state["was playing"] = playing

    refreshed()


def keep(session: Live) -> None:
    """Save it as a run, or branch: go on from here under other settings."""
    scenario = session.world.scenario
    a, b = st.columns(2)
    with a.expander("Save as a run", icon=":material/save:"):
        name = st.text_input("Name", f"{scenario.name}-live-s{session.world.seed}", key="save as")
        if st.button("Save", key="save"):
            with problems():
                path = session.save(name)
                st.success(f"Saved as `{path.name}`.")
                page_link("compare", "Compare it with others", runs=path.name)
    with b.expander("Branch: go on from here with other settings", icon=":material/call_split:"):
        policies = names()
        at = policies.index(session.policy) if session.policy in policies else 0
        policy = st.selectbox("Policy", policies, index=at, key="branch policy")
        changes = form(scenario, f"branch {session.folder.path.name}", False)
        if st.button("Branch", key="branch"):
            with problems():
                made = session.branch(str(policy), changes)
                session.close()
                st.session_state["session"] = made
                made.play()
            st.rerun()
    download(session.curve(), f"{scenario.name}-curve")


st.title("Live", anchor=False)
session = live()
start(session)
if session:
    st.markdown(
        f"**{session.world.scenario.title}** · policy {session.policy} · seed {session.world.seed}"
    )
    controls(session)
    society(session)
    keep(session)
else:
    st.info("Choose a scenario and press **Start**. `tiny` shows in a minute how a handful of "
            "machines becomes thousands.", icon=":material/lightbulb:")  # fmt: skip
