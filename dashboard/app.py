"""The dashboard's script: the pages, and which of them there is something to show on."""

import streamlit as st

from auxon.dashboard.context import VIEWS

PAGES = (
    ("live", "Live", "A society that runs while you look: play, pause, step, branch, save."),
    ("belt", "Belt", "Bodies, orbits, sites and ships of a run across a belt."),
    ("site", "Site", "One colony: stock, flows, constructions, power, prices."),
    ("robot", "Robot", "One robot's life: parents, work, wear, repairs, children, memory."),
    ("society", "Society", "Lineages, generations, division of labour, causes of death."),
    ("industry", "Industry", "Closure, bound, bottleneck; switch processes off and on."),
    ("compare", "Compare", "Several runs over one another."),
    ("policies", "Policies", "Evaluations and training curves."),
)

st.set_page_config(page_title="Auxon", page_icon="☄️", layout="wide")
st.navigation(
    [
        st.Page(VIEWS / f"{name}.py", title=title, help=text, default=name == "live")
        for name, title, text in PAGES
        if (VIEWS / f"{name}.py").exists()
    ],
    position="top",
).run()
