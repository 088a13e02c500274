"""Site: one colony, its stock, flows, constructions, power and prices."""

import streamlit as st

from auxon.dashboard import charts, site_live, site_view
from auxon.dashboard.context import LIVE, choose_run, live, page_link, problems, show, table
from auxon.sim.errors import UsageError
from auxon.sim.record_schemas import KINDS

st.title("Site")
st.caption("One colony: what it has, what it makes, what it waits for, and what that is worth.")
run = choose_run()
with problems():
    found = site_view.sites(run)
if found.empty:
    st.info("No site has been recorded in this run yet; let it run a while, or choose another.")
    st.stop()

asked = st.query_params.get("site")
numbers = found.site.astype(str).tolist()
if asked and asked not in numbers:
    try:
        site_view.site_of(found, asked)
    except UsageError as error:
        st.warning(f"{error}. Here is another.")
chosen = st.selectbox("Site", numbers, key="site", bind="query-params")
if chosen is None:
    st.stop()
with problems():
    site = site_view.site_of(found, str(chosen))
    past = site_view.history(run, int(site.site))
    here = site_view.belonging(run, site)
last_years = float(past.years.max())
now = past.iloc[-1]
whose = f"of all sites of lineage {site.lineage}" if run.has_belt else "of this site"

place = "in flight to" if now.state == "flying" else "on"
st.subheader(f"Site {site.site} {place} {site.body}")
st.caption(
    f"Lineage {site.lineage}, {int(site['rank'])} expeditions from its seed, rock {site.front}; "
    f"last seen {last_years:,.2f} years after the start, {now.state}."
)


def pick() -> None:
    """Open the site whose row is clicked."""
    rows = st.session_state["all-sites"].selection.rows
    if rows:
        st.session_state["site"] = numbers[rows[0]]


if len(found) > 1:
    with st.expander(f"All {len(found)} sites: click a row to open it"):
        table(found, f"{run.name}-sites", key="all-sites", on_select=pick,
              selection_mode="single-row")  # fmt: skip

supply, demand = now.power_supply_kW, now.power_demand_kW
with st.container(horizontal=True):
    st.metric("Robots", f"{int(now.robots):,}", border=True)
    st.metric("Broken", f"{int(now.broken):,}", border=True)
    st.metric("Mass of robots, t", f"{now.mass_kg / 1000:,.1f}", border=True)
    st.metric("Power there is, kW", f"{supply:,.0f}" if supply == supply else "-", border=True)
    st.metric("Power wanted, kW", f"{demand:,.0f}" if demand == demand else "-", border=True)

session = live()
moment = None
if session and run.name == LIVE:
    session.beat()
    with problems():
        moment = session.look(lambda world: site_live.look_at(world, int(site.site)))
waits = site_view.waiting(run, int(site.site), int(now.step))
st.info(site_view.bottleneck(waits, now), icon=":material/hourglass_empty:")
if moment and moment.why:
    st.caption(f"The whole society: {moment.why}")

left, right = st.columns(2)
with left:
    st.subheader("Robots")
    show(
        site_view.over_years(past, {"robots": "robots", "broken": "broken"}, "robots"),
        "site-robots", alt="Robots of the site over the years",
    )  # fmt: skip
with right:
    st.subheader("Power")
    show(
        site_view.over_years(
            past, {"power_supply_kW": "there is", "power_demand_kW": "wanted"}, "kW"
        ),
        "site-power", alt="Power there is and power wanted over the years",
    )  # fmt: skip

st.subheader("Stock")
kinds = {f"{kind}_kg": kind for kind in KINDS if past[f"{kind}_kg"].max() > 0}
left, right = st.columns(2)
with left:
    st.markdown("**By kind, of this site**")
    if kinds:
        scaled, unit = site_view.in_tonnes(past, list(kinds))
        show(
            site_view.over_years(scaled, kinds, unit, stacked=True),
            "site-kinds", alt="Stock by kind of material over the years",
        )  # fmt: skip
    else:
        st.caption("Nothing has ever lain in stock here.")
with right:
    st.markdown(f"**By material, {whose}**")
    with problems():
        materials = site_view.stock_over_time(run, here)
    if len(materials):
        names = [c for c in materials.columns if c != "years"]
        materials, unit = site_view.in_tonnes(materials, names)
        show(
            site_view.over_years(materials, {n: n for n in names}, unit, stacked=True),
            "site-materials", alt="Stock by material over the years",
        )  # fmt: skip

top_years = max(0.1, -(-last_years // 0.1) * 0.1)
st.subheader("What it does")
since, until = st.slider(
    "Span, years: what was done between, and the stock at the end of it",
    0.0, top_years, (max(0.0, top_years - 1.0), top_years), 0.1, key="span", bind="query-params",
)  # fmt: skip
with problems():
    industry = site_view.industry_of(run)
    done = site_view.work(run, here, since, until)
    kept, back = site_view.diagram(site_view.links(industry, done), industry.materials)
    in_stock = site_view.stock(run, here, until)
    orders = site_view.constructions(run, site, here, until)
if run.has_belt:
    st.caption(
        f"Across a belt a run keeps these sums by lineage: what follows is {whose}, not of site "
        f"{site.site} alone."
    )
st.markdown(f"**Flows of mass, kg, {whose}**")
if len(kept):
    show(
        site_view.flow_chart(kept, industry), "site-flows", height=560,
        alt="Flows of mass from material to process to material",
    )  # fmt: skip
    said = (
        f"The {len(kept)} largest flows. Grey bars are processes, a chain of them one bar; "
        "coloured bars are materials."
    )
    if len(back):
        biggest = back.iloc[0]
        said += (
            f" Left out, as they run back and would close a loop: {len(back)} flows with "
            f"{back.value.sum():,.0f} kg, the largest from {biggest.source} to {biggest.target}."
        )
    st.caption(said)
    with st.expander("All flows as a table"):
        table(site_view.links(industry, done).rename(columns={"value": "kg"}),
              f"{run.name}-site-{site.site}-flows")  # fmt: skip
else:
    st.caption("Nothing was done in this span.")

left, right = st.columns(2)
with left:
    st.markdown(f"**What its robots work on, {whose}**")
    if len(done):
        show(
            charts.bars(done.head(15), "task", "machine_h", unit="machine time, h"),
            "site-tasks", height=400, alt="Machine time by task",
        )  # fmt: skip
        with st.expander("All tasks as a table"):
            table(done, f"{run.name}-site-{site.site}-tasks")
with right:
    st.markdown(f"**In stock, {whose}**")
    if len(in_stock):
        show(
            charts.bars(in_stock.head(15), "material", "kg", unit="kg, logarithmic", log=True),
            "site-stock", height=400, alt="Stock by material",
        )  # fmt: skip
        with st.expander("All of the stock as a table"):
            table(in_stock, f"{run.name}-site-{site.site}-stock")

st.subheader("Constructions and orders")
st.caption(
    f"Numbers are {whose}; waiting and missing speak of the oldest orders of site {site.site}. "
    "A construction has all its parts, an order waits for some; pressure is the backlog of work "
    "in steps for each robot."
)
if len(orders):
    table(orders, f"{run.name}-site-{site.site}-orders")
else:
    st.caption("There are no robots, constructions or orders.")
if run.has_belt and len(waits):
    st.markdown(f"**Site {site.site} at its last record**")
    table(waits, f"{run.name}-site-{site.site}-waiting")

if moment:
    st.subheader("At this moment")
    st.caption(f"Site {site.site} alone, {moment.years:,.2f} years after the start.")
    left, right = st.columns(2)
    with left:
        st.markdown("**Crews**")
        show(charts.bars(moment.crews.head(15), "task", "robots", unit="robots"), "site-crews")
        table(moment.queues, "now-queues")
    with right:
        st.markdown("**Stock, kg**")
        show(
            charts.bars(moment.stock.head(15), "material", "kg", unit="kg, logarithmic", log=True),
            "site-stock-now",
        )
        table(moment.stock, "now-stock")

st.subheader("Prices")
if moment:
    st.caption(
        "What a kilogram costs at this site now: hours of a kilogram of machine, all machines "
        "taken to be equally scarce; dearer where more is wanted than there is."
    )
    table(moment.prices.head(20), "now-prices")
else:
    with problems():
        dear = site_view.shadow_prices(run)
    st.caption(
        "Shadow prices of the bound, for the home body: what one more kilogram is worth in "
        "kilograms of newborn robots, where the society grows as fast as can be."
    )
    if len(dear.prices):
        left, right = st.columns(2)
        with left:
            show(
                charts.bars(dear.prices.head(15), "material", "price", unit="kg of robots a kg"),
                "site-prices", height=400, alt="Shadow prices of the dearest materials",
            )  # fmt: skip
        with right:
            table(dear.prices, f"{run.name}-prices")
    else:
        st.caption(f"There are none: {dear.why_none or 'nothing grows here.'}")
page_link("society", "The whole society: generations, division of labour, deaths", run=run.name)
