"""Policies: how they compare, how they were trained, which weights are shipped."""

import pandas as pd
import streamlit as st

from auxon.comparison import ALL
from auxon.dashboard import policies_view, spread_view
from auxon.dashboard.addresses import strangers_out
from auxon.dashboard.context import problems, shelf, show, table
from auxon.sim.errors import AuxonError

PARTS = ("evaluations", "training", "weights")


def _evaluations() -> None:
    names = shelf().holding("colonies.parquet")
    if not names:
        st.info(
            f"There is no evaluation in `{shelf().root}` yet. In a terminal `auxon evaluate "
            f"--policies random,market,lstm --scenarios partial --seeds 8 --out "
            f"{shelf().root}/evaluation` makes one; it shows up here.",
            icon=":material/science:",
        )
        return
    strangers_out("evaluation", names, "evaluation")
    name = st.selectbox("Evaluation", names, key="evaluation", bind="query-params")
    if name not in names:
        return
    with problems():
        path = shelf().folder(name) / "colonies.parquet"
        frame = policies_view.colonies(spread_view.read(path), path)
    families = sorted(frame.family.unique())
    known = list(dict.fromkeys(frame.policy))
    left, middle, right = st.columns(3)
    with left:
        strangers_out("family", families, "family")
        family = st.selectbox(
            "Scenarios", families, key="family", bind="query-params",
            help="*full*: all is seen. *partial*: wear is hidden, flares strike, ore is uneven.",
        )  # fmt: skip
    with middle:
        strangers_out("baseline", known, "policy")
        usual = known.index("market") if "market" in known else 0
        baseline = st.selectbox(
            "Baseline", known, usual, key="baseline", bind="query-params",
            help="Colonies are compared in pairs that met the same luck.",
        )  # fmt: skip
    with right:
        strangers_out("measure", list(policies_view.MEASURES), "measure")
        measure = st.selectbox(
            "Measure", list(policies_view.MEASURES), key="measure", bind="query-params",
            help="; ".join(f"*{k}*: {v}" for k, v in policies_view.MEASURES.items()),
        )  # fmt: skip
    rows = policies_view.summary(frame, str(baseline))
    rows = rows[rows.family == family]
    said = policies_view.verdict(rows, str(baseline))
    st.markdown("\n".join(f"* {text}" for text in said))
    _charts(rows, str(measure))
    st.caption(
        "Dots: means. Strokes: 95 % intervals (Student's t; of shares of lost colonies Wilson's). "
        "Nothing is corrected for how many policies are compared. *Lost*: nobody is left who could "
        "build a robot."
    )
    table(policies_view.readable(rows, str(baseline)), "evaluation")


def _charts(rows: pd.DataFrame, measure: str) -> None:
    order = policies_view.order(rows)
    height = 100 + 34 * len(order)
    whole = rows[rows.scenario == ALL]
    if len(whole):
        st.subheader("All scenarios together")
        option = policies_view.intervals(whole, measure, order)
        show(option, f"{measure}-all", height=height)
    st.subheader("Each scenario")
    scenarios = [s for s in dict.fromkeys(rows.scenario) if s != ALL]
    with st.grid(3, min_column_width=300):
        for scenario in scenarios:
            with st.container():
                st.markdown(f"**{scenario}**")
                one = rows[rows.scenario == scenario]
                option = policies_view.intervals(one, measure, order)
                show(option, f"{measure}-{scenario}", height=height)


def _training() -> None:
    names = shelf().holding("curves.parquet")
    if not names:
        st.info(
            f"There is no training in `{shelf().root}` yet. In a terminal `auxon train TOML --out "
            f"{shelf().root}/training` makes one (docs/learning.md); it shows up here.",
            icon=":material/school:",
        )
        return
    strangers_out("training", names, "training")
    chosen = st.multiselect(
        "Trainings", names, default=names[:4], key="training", bind="query-params", max_selections=8
    )
    found = {}
    for name in chosen:
        try:
            found[name] = policies_view.training(shelf().folder(name) / "curves.parquet")
        except AuxonError as error:
            st.warning(f"Training '{name}' is left out: {error}")
    if not found:
        st.info("Choose a training that can be read.")
        return
    before = ""
    for stage, group in _by_stage(policies_view.panels(found)):
        if stage != before:
            st.subheader(policies_view.STAGES.get(stage, stage))
        with st.grid(3, min_column_width=300):
            for what in group:
                with st.container():
                    st.markdown(f"**{policies_view.CURVES.get(what, what.replace('_', ' '))}**")
                    option = policies_view.curve(found, stage, what)
                    show(option, f"{stage}-{what}", height=260)
        before = stage
    st.subheader("What came of it")
    files = [f for name in found for f in sorted(shelf().folder(name).glob("*.safetensors"))]
    _facts(policies_view.facts(files), "trained")


def _by_stage(pairs: list[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    stages = dict.fromkeys(stage for stage, _ in pairs)
    return [(stage, [what for s, what in pairs if s == stage]) for stage in stages]


def _facts(found: policies_view.Facts, name: str) -> None:
    for text in found.problems:
        st.warning(text)
    if found.table.empty:
        st.write("No weights yet.")
        return
    table(
        found.table,
        name,
        column_config={
            "cell": st.column_config.TextColumn("cell", help="what kind of memory a robot has"),
            "hidden": st.column_config.NumberColumn("hidden", help="numbers that it keeps"),
            "numbers": st.column_config.NumberColumn("weights", help="numbers that were learned"),
            "base": st.column_config.TextColumn("base", help="the script that it sways"),
            "doublings": st.column_config.NumberColumn(
                "doublings", format="%.2f", help="what colonies came to last in training"
            ),
            "changed": st.column_config.TextColumn(
                "on the bodies", help="training takes place elsewhere than evaluation"
            ),
        },
    )


st.title("Policies")
st.caption(
    "A policy is the rule by which robots pick tasks. Which rule makes colonies grow, which one "
    "loses them, and how the learned ones were trained."
)
part = st.segmented_control(
    "Part", PARTS, default="evaluations", key="part", bind="query-params",
    label_visibility="collapsed", required=True,
)  # fmt: skip
if part == "training":
    _training()
elif part == "weights":
    st.caption("Weights that come with Auxon: `auxon run --policy lstm` uses them.")
    _facts(policies_view.facts(policies_view.shipped()), "shipped-weights")
else:
    _evaluations()
