"""The columns of a run's tables, units in the names.

A run without a belt fills the first nine tables. Across a belt there may be hundreds of sites for
centuries, so `population`, `stocks` and `flows` hold sums over each lineage's sites and ships
(``site`` is missing), without rows of nothing; `waiting` holds the longest-waiting order of each
site; `sites` those where somebody lives, and ships with a crew; `events` are sums of a lineage
since the record before. The last four tables are filled there alone.
"""

import pyarrow as pa

from .parts import NAME

KINDS = ("ore", "feedstock", "part", "residue", "waste", "vitamin")
"""Kinds of material in a stock, the rock in place apart."""
STATES = ("settled", "loading", "flying", "lost", "joined")
"""Names of `auxon.sim.state.SETTLED` and so on."""
OF_HIDDEN = ("service", "wrecked")
"""A robot had itself serviced; one that failed was past repair: that counts as a failure and as a
death, too."""
EVENTS = ("birth", "death", "failure", "repair", *OF_HIDDEN, "import_shipped", "import_landed")
WRECK = "wreck"
"""A robot that was lost with its ship."""
VOYAGES = ("laid_down", "left", "lost", "joined", "settled", "stranded", "crowded")
"""Of expeditions: the last two settled without a claim, as nobody can dig that rock or others have
taken it."""
CARGO = ("ordered", "left", "delivered", "lost", "unloaded")
"""The last: there was no trip, and all went back to the seller."""
NAMED_EVENTS = (*EVENTS, WRECK, *dict.fromkeys(VOYAGES + CARGO))
"""All of them."""

_WHEN = {"step": pa.int32(), "years": pa.float64()}
_PLACE = {"site": pa.int32(), "lineage": NAME}


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(columns)


def _doubles(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.float64())


def _counts(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.int64())


def _texts(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, pa.string())


_WAVE = {
    # settled; of these with robots; ships on their way
    **_counts("sites", "inhabited", "in_flight"),
    # ships with robots or cargo that left and were lost, expeditions that became a site (without a
    # claim, too) or joined one; robots lost; since the row before
    **_counts("left", "lost", "settled", "joined", "wrecks"),
    # farthest inhabited body from the nearest one where the lineage began: difference of semi-major
    # axes, and distance in the space of orbits (`auxon.sim.neighbours`), about the delta-v
    **_doubles("front_AU", "front_m_s"),
}

SCHEMAS: dict[str, pa.Schema] = {
    # the society, one row a record; power is a mean (missing at the start), MWh and events are
    # sums; bodies shared by inhabited sites of several lineages; what ships threw out, what was
    # lost with them, robots included
    "series": _schema(
        **_WHEN,
        **_counts("robots", "healthy", "broken", "building", "ordered"),
        **_doubles("mass_kg"),
        **_counts("births", "deaths", "failures", "repairs", "services", "wrecked"),
        **_doubles("power_supply_kW", "power_demand_kW", "power_share", "energy_MWh"),
        **_doubles("rock_used_kg", "imported_kg"),
        **_WAVE,
        **_counts("shared_bodies"),
        **_doubles("delivered_kg", "exhaust_kg", "lost_kg"),
    ),
    # each species at each site; pressure_steps is its backlog of feasible work
    "population": _schema(
        **_WHEN,
        **_PLACE,
        species=NAME,
        **_counts("healthy", "broken", "ordered", "building"),
        **_doubles("pressure_steps"),
    ),
    # each site; ratios are running means of what is wanted over what there is; front is the rock
    "sites": _schema(
        **_WHEN,
        site=pa.int32(),
        **_texts("body"),
        lineage=NAME,
        rank=pa.int32(),
        front=NAME,
        state=NAME,
        **_counts("robots", "broken"),
        **_doubles("mass_kg", "rock_left_kg", *(f"{kind}_kg" for kind in KINDS)),
        **_doubles("power_supply_kW", "power_demand_kW", "electric_ratio", "energy_ratio"),
    ),
    # what lies in stock, across a belt without the rock in place; pieces is missing for bulk
    "stocks": _schema(**_WHEN, **_PLACE, material=NAME, **_doubles("kg"), pieces=pa.int64()),
    # each task that ran or was worked on; kg is the mass it took in
    "flows": _schema(**_WHEN, **_PLACE, process=NAME, **_counts("runs"), **_doubles("kg", "MWh")),
    # at the moment of the record, what the longest-waiting order of a species still lacks
    "waiting": _schema(
        **_WHEN,
        **_PLACE,
        species=NAME,
        material=NAME,
        **_counts("ordered"),
        **_doubles("waited_days", "missing_kg"),
    ),
    # of every step, recorded or not; one of species and material is missing
    "events": _schema(
        **_WHEN,
        **_PLACE,
        event=NAME,
        species=NAME,
        material=NAME,
        **_counts("count"),
        **_doubles("mass_kg"),
    ),
    # at the end of a run: growth of mass over the year before, the bound in its sunlight
    "growth": _schema(**_WHEN, **_doubles("rate_per_year", "bound_per_year", "share_of_bound")),
    # ALife data standard for phylogenies: asexual, times in years, ``inf`` while alive; site is
    # that of its birth
    "lineage": _schema(
        id=pa.int64(),
        ancestor_list=pa.string(),
        **_doubles("origin_time", "destruction_time"),
        site=pa.int32(),
        species=NAME,
        design=pa.int32(),
        generation=pa.int32(),
    ),
    # each lineage of a belt, one row a record
    "lineages": _schema(
        **_WHEN,
        lineage=NAME,
        **_counts("robots"),
        **_doubles("mass_kg"),
        **_counts("bodies"),
        **_WAVE,
    ),
    # what happened to expeditions, in every step; ship is a site's number, used again after a
    # loss; body is missing until a trip is found; mass without propellant; the burns' delta-v from
    # the rocket equation; dv and propellant of both burns
    "expeditions": _schema(
        **_WHEN,
        event=NAME,
        ship=pa.int32(),
        origin=pa.int32(),
        **_texts("start", "body"),
        lineage=NAME,
        rank=pa.int32(),
        **_doubles("flight_days", "dv_m_s", "propellant_kg", "payload_kg"),
        robots=pa.int64(),
    ),
    # what happened to cargo, one row a material
    "cargo": _schema(
        **_WHEN,
        event=NAME,
        ship=pa.int32(),
        seller=pa.int32(),
        buyer=pa.int32(),
        **_texts("start", "body"),
        lineage=NAME,
        material=NAME,
        **_doubles("kg", "flight_days", "propellant_kg"),
    ),
    # every body of a belt, the home body first; mean anomaly at the start of the run; front is the
    # industry for its composition, if any; who settled first, where, when, and on what rock
    "bodies": _schema(
        **_texts("body"),
        **_doubles("a_AU", "e", "i_deg", "node_deg", "peri_deg", "M_deg", "start_jd"),
        **_doubles("diameter_km"),
        **_texts("taxonomy", "composition"),
        front=NAME,
        lineage=NAME,
        site=pa.int32(),
        rank=pa.int32(),
        step=pa.int32(),
        **_doubles("years"),
        rock=NAME,
    ),
}

BELT = ("lineages", "expeditions", "cargo", "bodies")
"""Tables that only runs across a belt fill."""
