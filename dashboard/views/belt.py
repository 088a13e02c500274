"""Belt: bodies, orbits, sites and ships of a run across a belt, through time."""

import math

import pandas as pd
import streamlit as st

from auxon.dashboard import belt_canvas, belt_view, charts
from auxon.dashboard.context import choose_run, page_link, problems, show, table
from auxon.dashboard.shelf import Run
from auxon.sim.ephemeris import Orbits
from auxon.sim.parts import part_files

MAP = "belt-map"


@st.cache_resource(max_entries=2, show_spinner="Reading the bodies")
def charted(_run: Run, path: str, stamp: tuple[int, ...]) -> tuple[pd.DataFrame, Orbits]:
    """Read bodies and their orbits; a million take seconds. Nobody may change them."""
    found = belt_view.bodies_of(_run)
    return found, belt_view.orbits_of(found)


st.title("Belt")
run = choose_run(lambda r: r.has_belt, "a run across a belt")
with problems():
    files = [run.path / "manifest.json", *part_files(run.path / "tables", "bodies")]
    written = tuple(f.stat().st_mtime_ns for f in files)
    bodies, orbit = charted(run, str(run.path), written)
    story = belt_view.story_of(run, bodies)
    trips = belt_view.voyages(run.table("expeditions"))
    series = run.table("series", ["step", "years", "inhabited", "in_flight", "front_AU"])

horizon = float(max([0.0, *series.years.tail(1), *trips.left_year.tail(1)]))
rows = belt_canvas.drawn_rows(story, trips, bodies, belt_view.MOST_DOTS)
binned = len(rows) < len(bodies)
ranks = [*story.rank.tolist(), *trips["rank"].tolist()]
legends = {
    "lineage": belt_view.legend([*story.lineage, *trips.lineage]),
    "rank": belt_view.legend(ranks, ranks=True),
    "front": belt_view.legend(story.front.tolist()),
}
names = {k: [name for name, _ in legends[k]] for k in ("lineage", "front")}
reach = max(3.6, float((bodies.a_AU * (1 + bodies.e)).quantile(0.98)))
orbit_key, orbit_bytes = belt_canvas.orbit_packet(bodies, orbit, rows)
story_key, story_bytes = belt_canvas.story_packet(story, trips, bodies, orbit, rows, names)
ever = bodies.body.iloc[sorted(set(story.body.tolist()))].tolist()


@st.fragment
def sky() -> None:
    """Show the map with what moves it, and what is there at the time of the slider."""
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    view = bar.segmented_control(
        "View", ["from above", "3D"], default="from above", required=True, key="view",
        bind="query-params",
    )  # fmt: skip
    by = bar.segmented_control(
        "Colour by", list(legends), default="lineage", required=True, key="colour",
        bind="query-params",
    )  # fmt: skip
    paths = bar.toggle("Orbits of inhabited bodies", key="orbits", bind="query-params")
    grain = 0.1 if horizon >= 5 else 0.01
    year = slider(grain)
    density_key = ""
    if binned:
        wide = 1.25 * reach
        density_key, image = belt_canvas.density_packet(belt_view.density(orbit, year, wide), wide)
    chosen = st.session_state.get("body")
    place = belt_view.rows_of([chosen or ""], bodies.iloc[rows])[0]
    belt_canvas.belt_map(
        {
            "orbits": orbit_key,
            "story": story_key,
            "density": density_key,
            "year": year,
            "grain": grain,
            "horizon": horizon,
            "reach": reach,
            "flat": view != "3D",
            "by": by,
            "title": by,
            "legend": legends[by or "lineage"],
            "paths": paths,
            "chosen": int(place),
        },
        MAP,
        on_picked=pick,
        on_stopped=lambda: stop(grain),
    )
    st.caption(caption())
    here = story.at(year)
    panel(here, year)
    inhabited(here, year)
    if binned:
        belt_canvas.keep(image, "belt-density")


def slider(grain: float) -> float:
    """Let the visitor choose a year of the run; the latest to begin with."""
    top = round(math.ceil(horizon / grain - 1e-6) * grain, 2)
    if not top:
        return 0.0
    if not 0 <= st.session_state.get("year", 0.0) <= top:
        st.session_state["year"] = top
    year: float = st.slider(
        "Year of the run", 0.0, top, top, step=grain, format="%.1f" if grain == 0.1 else "%.2f",
        key="year", bind="query-params",
    )  # fmt: skip
    return year


def pick() -> None:
    """Choose the body that was clicked."""
    picked = st.session_state[MAP].picked
    if isinstance(picked, int) and 0 <= picked < len(rows):
        name = bodies.body.iloc[rows[picked]]
        if name in ever:
            st.session_state["body"] = name


def stop(grain: float) -> None:
    """Move the slider to where the animation stopped."""
    years = st.session_state[MAP].stopped
    if isinstance(years, (int, float)) and 0 <= years <= horizon + grain:
        st.session_state["year"] = round(round(years / grain) * grain, 2)


def caption() -> str:
    """Say what is drawn, and how true it is."""
    said = [
        "Large discs are inhabited sites, the larger the more robots; arrows are ships, on the "
        "ellipse that leads from where the one body is at departure to where the other is at "
        "arrival. Drag to turn (3D) or move, wheel or pinch to zoom, double click to reset; click "
        "a site to open it."
    ]
    if story.thinned > 1:
        said.append(f"Of the run's records one in {story.thinned} is shown.")
    if binned:
        said.append(
            f"The {len(bodies):,} bodies are counted in cells, at the year of the slider; "
            f"{len(rows):,} that have or had to do with the society are drawn."
        )
    return " ".join(said)


def panel(here: pd.DataFrame, year: float) -> None:
    """Show a body's facts and who lives there."""
    name = st.selectbox(
        "Body", ever, index=None, key="body", bind="query-params",
        placeholder="Click a site on the map, or choose here",
    )  # fmt: skip
    if name is None:
        return
    row = int(belt_view.rows_of([name], bodies)[0])
    b = bodies.iloc[row]
    with st.container(border=True):
        st.subheader(name)
        facts = st.container(horizontal=True)
        for label, value in (
            ("Class", str(b.taxonomy)),
            ("Diameter", f"{b.diameter_km:.3g} km"),
            ("Semi-major axis", f"{b.a_AU:.3f} AU"),
            ("Eccentricity", f"{b.e:.3f}"),
            ("Inclination", f"{b.i_deg:.1f}°"),
        ):
            facts.metric(label, value, width="content")
        if pd.notna(b.years):
            st.write(f"First settled by lineage {b.lineage} in year {b.years:.1f}.")
        sites = here[here.row == row]
        if sites.empty:
            st.write(f"Nobody lives here in year {year:.1f}.")
        for s in sites.itertuples():
            st.write(
                f"Site {s.site}: {s.robots:,} robots of lineage {s.lineage}, rank {s.rank}, on "
                f"{s.front} rock, since year {since(int(s.site), row):.1f}."
            )
            page_link("site", f"Open site {s.site}", run=run.name, site=s.site)


def since(site: int, row: int) -> float:
    """Return the year of the first record in which somebody lived at a site."""
    one = (story.site == site) & (story.body == row)
    return float(story.years[story.robots[:, one].any(1).argmax()])


def inhabited(here: pd.DataFrame, year: float) -> None:
    """List who lives where; a row opens the body."""
    st.subheader(f"Inhabited in year {year:.1f}")
    if here.empty:
        st.write("Nobody lives anywhere.")
        return
    there = bodies.iloc[here.row]
    frame = pd.DataFrame(
        {
            "body": there.body.to_numpy(),
            "site": here.site,
            "robots": here.robots,
            "lineage": here.lineage,
            "rank": here["rank"],
            "front": here.front,
            "class": there.taxonomy.to_numpy(),
            "diameter_km": there.diameter_km.to_numpy(),
            "a_AU": there.a_AU.to_numpy(),
            "e": there.e.to_numpy(),
            "i_deg": there.i_deg.to_numpy(),
        }
    )

    def chosen() -> None:
        picked = st.session_state["belt-inhabited"].selection.rows
        if picked and picked[0] < len(frame):
            st.session_state["body"] = frame.body.iloc[picked[0]]

    table(
        frame, f"inhabited-{run.name}-year-{year:.1f}", key="belt-inhabited", on_select=chosen,
        selection_mode="single-row", height=300,
    )  # fmt: skip


sky()

st.header("The wave")
left, right = st.columns(2)
with left:
    st.subheader("Sites and ships")
    show(
        charts.lines(
            series, "years", {"inhabited": "inhabited sites", "in_flight": "ships in flight"}
        ),
        "belt-wave",
        alt="inhabited sites and ships in flight over years",
    )
with right:
    st.subheader("Front")
    show(
        charts.lines(
            series, "years", {"front_AU": "farthest inhabited body, from where it began"},
            y_name="AU",
        ),
        "belt-front",
        alt="difference of semi-major axes between the farthest inhabited body and the first",
    )  # fmt: skip
st.header("Expeditions")
if trips.empty:
    st.write("No expedition has left yet.")
else:
    st.subheader("How they ended, by year")
    show(belt_view.arrivals(trips), "belt-arrivals", alt="ends of expeditions by year")
    listed = trips.assign(end_year=trips.end_year.where(trips.outcome != "in flight"))
    table(listed, f"expeditions-{run.name}", height=300)

belt_canvas.keep(orbit_bytes, "belt-orbits")
belt_canvas.keep(story_bytes, "belt-story")
