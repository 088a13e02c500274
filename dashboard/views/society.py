"""Society: lineages, generations, division of labour, causes of death."""

import pandas as pd
import streamlit as st

from auxon.dashboard import charts, society_tree, society_view
from auxon.dashboard.context import choose_run, download, page_link, problems, show, table
from auxon.dashboard.site_view import industry_of

# Founders with a link of their own. No docstring: Streamlit would write it onto the page.
_LINKS = 8

st.title("Society")
st.caption("Who comes from whom, who does what, and how robots end.")
run = choose_run()
with problems():
    industry = industry_of(run)
    born = society_view.births(run)
    people = society_view.population(run)
if born.empty and people.empty:
    st.info("Nothing has been recorded in this run yet; let it run a while, or choose another.")
    st.stop()


def curves(
    frame: pd.DataFrame, key: str, unit: str, alt: str, *, log: bool = False, share: bool = False
) -> None:
    """Show columns over years, and offer them as CSV."""
    if len(frame.columns) < 2:
        st.caption("Nothing to show yet.")
        return
    show(society_view.over_time(frame, unit, log=log, share=share), key, alt=alt)
    download(frame, f"{run.name}-{key}")


years = society_view.per_year(run)
over = int((born.destruction_time < float("inf")).sum())
with st.container(horizontal=True):
    st.metric("Robots there ever were", f"{len(born):,}", border=True)
    st.metric("Alive at the last record", f"{len(born) - over:,}", border=True)
    st.metric("Generations", int(born.generation.max()) if len(born) else 0, border=True)
    st.metric("Species", int(born.species.nunique()), border=True)

if run.has_belt:
    st.caption("Robots lost with their ships are not in the table lineage; they are missing here.")

st.subheader("Family tree")
with problems():
    family = society_tree.tree(run, industry)
if len(family.nodes):
    hidden = family.robots - len(family.nodes)
    said = (
        "Each line is a robot, from its birth to its end, and hangs on the line of the robot that "
        "built it. A colour is the family of a founder; dots are larger with more descendants."
    )
    if hidden:
        said += (
            f" Drawn are the {len(family.nodes)} robots with the most descendants of "
            f"{family.robots:,}; the other {hidden:,} are counted with their parents (point at a "
            "dot)."
        )
    st.caption(said)
    show(
        society_tree.chart(family), "society-tree", height=max(240, 60 + 2 * len(family.nodes)),
        alt="Family tree of robots over the years",
    )  # fmt: skip
    founders = family.nodes[family.nodes.parent_row < 0].head(_LINKS)
    st.markdown("**The founders of the largest families**")
    with st.container(horizontal=True, gap="small"):
        for n in founders.itertuples():
            label = f"{n.name}: {n.descendants:,} descendants"
            page_link("robot", label, run=run.name, robot=n.id)
    with st.expander("The robots drawn, as a table"):
        columns = ["name", "id", "generation", "born", "ended", "alive", "descendants", "hidden"]
        table(family.nodes[columns], f"{run.name}-tree")
else:
    st.caption("The table lineage is empty so far: it is filled when a run stops.")

left, right = st.columns(2)
with left:
    st.subheader("Births by generation")
    st.caption("Per cent of the robots built at a time; founders are generation 0.")
    curves(society_view.generations(born), "generations", "%",
           "Share of births by generation over the years", share=True)  # fmt: skip
with right:
    st.subheader("Depth of the newborn")
    st.caption("Generation of the robots built at a time: how far they are from the founders.")
    deep = society_view.depth(born).rename(columns={"max": "deepest"})
    curves(deep, "depth", "generation", "Mean and deepest generation of robots built")

left, right = st.columns(2)
with left:
    st.subheader("Division of labour")
    st.caption("Per cent of machine time, by the species that works; building, repairing apart.")
    with problems():
        work = society_view.labour(run, industry)
    curves(work, "labour", "%", "Share of machine time by species of "
           "machine, building and repairing", share=True)  # fmt: skip
with right:
    st.subheader("Population")
    st.caption("Robots by species, on a logarithmic scale.")
    curves(people, "population", "robots", "Robots by species over the years, logarithmic",
           log=True)  # fmt: skip

st.subheader("Designs")
if len(born):
    kinds = society_view.designs(born)
    if len(kinds) == 1:
        st.markdown(
            f"All {len(born):,} robots are of design {kinds.design[0]}: in this version a design "
            "is handed on unchanged from parent to child."
        )
    else:
        show(charts.bars(kinds, "design", "robots", unit="robots"), "designs", alt="Designs")
        download(kinds, f"{run.name}-designs")
if run.has_belt:
    with problems():
        lineages = {c: society_view.by_lineage(run, c) for c in ("robots", "bodies")}
    rivals = [c for c in lineages["robots"].columns if c != "years"]
    if len(rivals) > 1:
        st.markdown(
            f"Rival lineages: {', '.join(rivals)}. Each builds robots in a way of its own, which "
            "its expeditions hand on."
        )
        left, right = st.columns(2)
        with left:
            curves(lineages["robots"], "lineages-robots", "robots", "Robots of each lineage",
                   log=True)  # fmt: skip
        with right:
            curves(lineages["bodies"], "lineages-bodies", "bodies", "Bodies of each lineage")

st.subheader("Births and deaths")
curves(years, "births-deaths", "robots a year", "Births and deaths a year")

left, right = st.columns(2)
with left:
    st.subheader("How robots end")
    with problems():
        ends = society_view.deaths(run)
    if ends.empty:
        st.caption("No robot has ended yet.")
    else:
        show(
            society_view.deaths_chart(ends.head(24)), "deaths",
            height=90 + 22 * min(24, len(ends)), alt="Causes of death by species",
        )  # fmt: skip
        download(ends, f"{run.name}-deaths")
with right:
    st.subheader("How old they were")
    old = society_view.ages(born)
    if old.empty:
        st.caption("No robot has ended yet.")
    else:
        show(society_view.histogram(old, "years"), "ages", alt="Age at the end, by species")
        download(old, f"{run.name}-ages")
page_link("site", "Look at a site of this society", run=run.name)
page_link("robot", "Look at one of its robots", run=run.name)
