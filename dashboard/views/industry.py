"""Industry: what an industry can make of itself, how fast, and what each process is worth."""

import math
from collections.abc import Callable

import pandas as pd
import streamlit as st

from auxon.dashboard import charts, industry_flows, industry_view
from auxon.dashboard.addresses import strangers_out
from auxon.dashboard.context import download, problems, shelf, show, table
from auxon.sim import library
from auxon.sim.scenario import Scenario

UPLOAD = "upload"


@st.cache_resource(max_entries=32, show_spinner=False)
def _shipped(name: str) -> Scenario:
    return industry_view.shipped(name)


@st.cache_resource(max_entries=8, show_spinner=False)
def _uploaded(content: bytes) -> Scenario:
    return industry_view.uploaded(content)


@st.cache_data(max_entries=128, show_spinner="Reckoning how fast it can grow ...")
def _found(identity: str, off: tuple[str, ...], _scenario: Scenario) -> industry_view.Finding:
    return industry_view.find(industry_view.without(_scenario, off))


def _choose() -> Scenario:
    runs = [f"run:{e.name}" for e in shelf().entries() if e.state != "broken"]
    options = [*library.names_in(library.SHIPPED), *runs, UPLOAD]
    strangers_out("industry", options, "scenario")
    of_run = f"run:{st.query_params.get('run')}"
    usual = of_run if of_run in options else "themis-seed"
    chosen = st.selectbox(
        "Scenario",
        options,
        index=options.index(usual),
        key="industry",
        bind="query-params",
        help="One that is shipped, that of a run, or your own: *upload*.",
    )
    with problems():
        if chosen == UPLOAD:
            file = st.file_uploader(
                "A scenario as TOML",
                "toml",
                max_upload_size=2,
                help="At most 2 MB; industries that are shipped, with your changes under "
                "[override]. It stays on this machine and is not kept.",
            )
            if file is None:
                st.info("Choose a file; nothing is run, it is only reckoned with.")
                st.stop()
            return _uploaded(file.getvalue())
        if chosen in runs:
            run = shelf().open(str(chosen).removeprefix("run:"))
            return industry_view.of_run(run.manifest)
        return _shipped(str(chosen))


def _switch(scenario: Scenario) -> tuple[str, ...]:
    names = list(scenario.industry.processes)
    strangers_out("off", names, "process")
    chosen = st.multiselect(
        "Processes that are switched off",
        names,
        key="off",
        bind="query-params",
        placeholder="none: all of them run. Choose some to see what they are worth",
    )
    return tuple(name for name in names if name in chosen)


def _figures(before: industry_view.Finding, after: industry_view.Finding) -> None:
    one, two = before.closure, after.closure
    switched = before is not after

    def figure(
        label: str, text: str, old: float, new: float, words: Callable[[float], str], help: str
    ) -> None:
        change = new - old
        known = switched and math.isfinite(change) and change != 0
        shown = ("+" if change > 0 else "-") + words(abs(change)) if known else None
        st.metric(label, text, shown, delta_color="off", border=True, height="stretch", help=help)

    grows = after.doubling_years is not None
    with st.grid(3):
        figure(
            "Fastest growth, per year",
            f"{after.rate_per_year:.3f}" if grows else "none",
            before.rate_per_year,
            after.rate_per_year,
            "{:.3f}".format,
            "The bound on the growth rate of the mass of robots, whatever they decide.",
        )
        figure(
            "Doubling time",
            industry_view.duration(after.doubling_years),
            before.doubling_years or float("nan"),
            after.doubling_years or float("nan"),
            industry_view.duration,
            "At that rate: ln 2 over it.",
        )
        figure(
            "Closure by mass",
            _percent(two.mass),
            100 * one.mass,
            100 * two.mass,
            "{:.3g} points".format,
            "Share of the mass of a copy that comes from this body's rock.",
        )
        figure(
            "From Earth for a copy",
            f"{two.imported_kg:,.4g} kg",
            one.imported_kg,
            two.imported_kg,
            "{:,.4g} kg".format,
            f"Vitamins of a copy of the founders, which weighs {two.replica_kg:,.0f} kg.",
        )
        figure(
            "Rock for a kg of robots",
            f"{two.extraction_ratio:,.3g} kg",
            one.extraction_ratio,
            two.extraction_ratio,
            "{:,.3g} kg".format,
            "Rock taken for each kilogram of a copy.",
        )
        figure(
            "Electricity for a kg of robots",
            f"{two.electric_kWh_per_kg:,.3g} kWh",
            one.electric_kWh_per_kg,
            two.electric_kWh_per_kg,
            "{:,.3g} kWh".format,
            f"Beside it {two.heat_kWh_per_kg:,.3g} kWh that sunlight can give as heat.",
        )


def _percent(share: float) -> str:
    """Return per cent; what is not all of it never reads 100 %."""
    text = f"{100 * share:.1f} %"
    return f"{100 * share:.6g} %" if text == "100.0 %" and share != 1 else text


def _held(found: industry_view.Finding) -> None:
    if found.scarce.empty:
        return
    power, matter = st.columns(2)
    shares = found.scarce.assign(
        percent=100 * found.scarce.value_share,
        name=found.scarce.good.map(industry_flows.words),
    )
    with power:
        st.subheader("What holds growth back")
        st.caption(
            "Shadow prices: shares in the value of all work and power at the best plan. Machines "
            "high up are the bottleneck; those missing here are no obstacle."
        )
        few = shares[shares.kind != "material"].head(10)
        show(charts.bars(few, "name", "percent", unit="% of value"), "scarce", height=330)
    with matter:
        st.subheader("The best fleet")
        st.caption("Mix of species that grows fastest, by mass.")
        fleet = found.fleet.assign(
            percent=100 * found.fleet.mass_share, name=found.fleet.species.map(industry_flows.words)
        )
        show(charts.bars(fleet.head(10), "name", "percent", unit="% of mass"), "fleet", height=330)
    with st.expander("Materials and machines by what a little more of them would add"):
        gains = pd.DataFrame(
            {
                "what": found.scarce.kind,
                "of": found.scarce.good,
                "a little more": found.scarce.one,
                "adds to the bound, %": (
                    100 * found.scarce.gain / abs(found.rate_per_year)
                    if found.rate_per_year
                    else found.scarce.gain
                ),
                "share of value, %": shares.percent,
            }
        )
        table(gains, "shadow-prices")
    if len(found.detours):
        ways = [
            f"{industry_flows.words(d.material)} by {industry_flows.words(d.process)}"
            for d in found.detours.itertuples()
        ]
        st.caption(f"The best plan makes by another than the usual process: {'; '.join(ways)}.")


def _flows(found: industry_view.Finding) -> None:
    st.subheader("From rock to robots")
    kind = st.segmented_control(
        "Picture",
        ["machines", "processes"],
        default="machines",
        key="picture",
        bind="query-params",
        label_visibility="collapsed",
    )
    replica_kg = found.closure.replica_kg
    flows = (
        found.flows
        if kind == "processes"
        else tuple(f._replace(kg=f.kg / replica_kg) for f in found.closure.flows)
    )
    back = industry_flows.loops(flows)
    on = len(flows) - len(back)
    what = (
        "Orange: processes; green: materials. " if kind == "processes" else ""
    ) + "Widths are kilograms for each kilogram of a copy; touch a ribbon to read them."
    if on > industry_flows.MOST_FLOWS:
        what += f" The {industry_flows.MOST_FLOWS} largest of {on} flows are drawn."
    st.caption(what)
    if flows:
        show(industry_flows.picture(flows), "flows", height=620, alt="mass from rock to robots")
    if len(back):
        with st.expander(f"{len(back)} flows run back (reagents, scrap) and are not drawn"):
            table(back.sort_values("kg", ascending=False), "returns")


def _tables(scenario: Scenario, off: tuple[str, ...], found: industry_view.Finding) -> None:
    closed = found.closure
    vitamins, lost = industry_view.vitamins(closed), industry_view.losses(closed)
    st.subheader("What must come from Earth")
    if vitamins.empty:
        st.write("Nothing: a copy can be made from this body's rock alone.")
    else:
        table(vitamins, "vitamins")
    if len(lost):
        st.subheader("What cannot be made here, and why")
        st.caption("Even with all imports at hand, once the machines that were brought wear out.")
        table(lost, "losses")
    st.subheader("Processes")
    st.caption("One run each: what goes in comes out, gram by gram of every element.")
    frame = industry_view.processes(scenario, off, found)
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "state": st.column_config.TextColumn("state", help="in the best plan, idle, or off"),
            "hours": st.column_config.NumberColumn("machine, h", format="%.3g"),
            "kWh": st.column_config.NumberColumn("energy, kWh", format="%.4g"),
            "heat_kWh": st.column_config.NumberColumn("of it heat, kWh", format="%.4g"),
            "runs_per_day_t": st.column_config.NumberColumn(
                "runs a day and t", format="%.3g", help="in a tonne of the best fleet"
            ),
            "confidence": st.column_config.TextColumn("how well it is known"),
        },
    )
    download(frame, "processes")


st.title("Industry")
st.caption(
    "What robots can make of a body's rock, how fast they could multiply at best, and what stands "
    "in the way. Nothing is simulated: it follows from the recipes. Of a society across a belt "
    "this is one site on the home body."
)
loaded = _choose()
st.markdown(
    f"**{loaded.title}**, on {loaded.body.name}: {len(loaded.industry.processes)} processes."
)
off = _switch(loaded)
with problems():
    usual = _found(loaded.hash, (), loaded)
    found = _found(loaded.hash, off, loaded) if off else usual
if off:
    said = "\n".join(f"* {text}" for text in industry_view.changes(usual, found, off))
    (st.error if found.why and not usual.why else st.info)(said)
else:
    (st.warning if found.why else st.success)(industry_view.verdict(found))
_figures(usual, found)
_held(found)
_flows(found)
_tables(loaded, off, found)
