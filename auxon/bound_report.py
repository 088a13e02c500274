"""What the command line prints of a bound: tables for people, 80 to 100 columns wide."""

import math
from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auxon.sim.belt_bound import BeltBound
from auxon.sim.bound import Bound
from auxon.sim.ceiling import Ceiling
from auxon.sim.sensitivity import Sensitivity

_LISTED = 8
"""Rows of a list, before the rest is only counted."""
_NAME_WIDTH = 17


def bound_table(bound: Bound) -> RenderableType:
    """Return a table of how fast a scenario can grow, with which fleet, and what holds it."""
    facts = _facts()
    rate, doubling = bound.rate_per_year, bound.doubling_time_years
    if math.isfinite(rate):
        days = f", {100 * rate / 365.25:.4g} % a day"
        twice = f", doubling in {_time(doubling)}" if doubling else ""
        facts.add_row("bound", f"{rate:.4f} a year{days}{twice}")
        facts.add_row(
            "without lag", f"{bound.continuous_per_year:.4f} a year, as if steps were short"
        )
        proved = bound.stepped is not None and bound.stepped.proved
        facts.add_row("proof", "by its prices" if proved else "none: solved only approximately")
    else:
        facts.add_row("bound", "none: nothing here can be built again and again")
    if bound.why:
        facts.add_row("why", bound.why)
    facts.add_row("sunlight", f"{bound.sunlight_w_m2:.4g} W/m2, night taken off")
    if bound.belt:
        _add_belt(facts, bound.belt)
    if bound.stepped is None:
        return facts
    facts.add_row()
    facts.add_row(
        "a kg of robots",
        f"takes {bound.rock_kg_per_kg:.4g} kg of rock, {bound.electric_kWh_per_kg:.4g} kWh of "
        f"electricity and {bound.heat_kWh_per_kg:.4g} kWh that may be heat",
    )
    if bound.imports_kg_per_kg:
        facts.add_row("imports", _amounts(bound.imports_kg_per_kg, "kg a kg"))
    if bound.ceiling:
        _add_ceiling(facts, bound.ceiling)
    if bound.surplus_kg_per_kg:
        facts.add_row("left over", _amounts(bound.surplus_kg_per_kg, "kg a kg"))
    if bound.detours:
        ways = [f"{d.material} by {d.process}, not {d.route}" for d in bound.detours]
        facts.add_row("other routes", "; ".join(ways))
    unused = len(bound.unused)
    total = unused + len(bound.processes)
    facts.add_row("processes", f"{len(bound.processes)} of {total} used" + _named(bound.unused))
    parts: list[RenderableType] = [facts, Text(), _fleet(bound), Text(), _scarce(bound)]
    return Group(*parts)


def _facts() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    return table


def _time(years: float) -> str:
    return f"{years:.3g} years" if years >= 0.2 else f"{365.25 * years:.3g} days"


def _named(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = len(names) - _LISTED
    return "; idle: " + ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _amounts(amounts: Mapping[str, float], unit: str) -> str:
    listed = [f"{kg:.3g} {name}" for name, kg in list(amounts.items())[:_LISTED]]
    more = len(amounts) - _LISTED
    return f"{unit}: " + ", ".join(listed) + (f" and {more} more" if more > 0 else "")


def _add_ceiling(facts: Table, ceiling: Ceiling) -> None:
    """Say up to where the budget of imports lasts."""
    until = ceiling.exponential_until_kg / 1000
    if not math.isfinite(until):
        facts.add_row("on a budget", "the fastest growth takes no imports")
        return
    kept = ceiling.sustained_kg / 1000
    above = (
        f"none above {kept:,.0f} t can be kept up" if math.isfinite(kept) else "any can be kept up"
    )
    facts.add_row(
        "on a budget",
        f"{ceiling.budget_kg_per_year:,.0f} kg of imports a year let a colony grow exponentially "
        f"up to {until:,.0f} t; above, a kg more adds {ceiling.robots_per_kg:,.3g} kg of robots; "
        f"{above}",
    )


def _add_belt(facts: Table, belt: BeltBound) -> None:
    """Say what holds across the belt: what is proved, and what is an estimate."""
    facts.add_row()
    facts.add_row("across the belt", "the above is a single site on the home body")
    if not math.isfinite(belt.society_per_year):
        facts.add_row("society", "none: nothing there can be built again and again")
        return
    proved = "proved" if belt.proved else "solved only approximately"
    grows = f"{belt.society_per_year:.4f} a year at most ({proved})"
    facts.add_row("society", f"{grows}, all in {belt.sunlight_w_m2:.4g} W/m2, the sunniest body's")
    if (spread := belt.spread) is None:
        facts.add_row("", "nobody leaves")
        return
    sites = f"{_a_year(spread.sites_per_year)} at most (proved)"
    if belt.sites_stop and belt.fills_after_years is not None:
        sites += f": counts when sites are full, after {_time(belt.fills_after_years)} or more"
    else:
        sites += "; sites do not get full in the years of the scenario"
    facts.add_row("number of sites", sites)
    twice = belt.doubling_time_years
    times = f", doubling in {_time(twice)}" if twice else ""
    facts.add_row("in the long run", f"{_a_year(belt.rate_per_year)} at most{times}")
    flight = f"{spread.flight_days:.3g} days or more, {100 * spread.survival:.3g} % arrive at best"
    facts.add_row("a kit", f"{spread.kit_kg:,.0f} kg without propellant; flies {flight}")
    if spread.breeders:
        first = min(b.growing_years + b.first_years for b in spread.breeders)
        often = max(min(b.kits_per_year, 1 / b.between_years) for b in spread.breeders)
        full = max(b.kits_per_year for b in spread.breeders)
        makes = f"; a full site makes {full:.3g} a year at most" if math.isfinite(full) else ""
        facts.add_row(
            "sending",
            f"from {_time(first)} after landing on, {often:.3g} kits a year at most{makes}",
        )
    crossing = spread.crossing_years
    facts.add_row(
        "wave",
        f"{spread.wave_m_s_per_year:,.4g} m/s of orbit space a year at most (proved), in steps of "
        f"{spread.reach_m_s:,.0f} m/s at most"
        + (
            f": {_time(crossing)} for the {spread.extent_m_s:,.0f} m/s there are"
            if crossing
            else ""
        ),
    )
    if e := spread.estimate:
        doubling = f", doubling in {_time(e.doubling_time_years)}" if e.doubling_time_years else ""
        facts.add_row(
            "estimate",
            f"with flights as they are, free bodies everywhere: sites {_a_year(e.sites_per_year)}"
            f"{doubling}; wave {e.wave_m_s_per_year:,.3g} m/s a year; in {e.trips} trips "
            f"{e.wait_days:.0f} days of waiting, {e.flight_days:.0f} in flight, "
            f"{e.delta_v_m_s:,.0f} m/s and "
            f"{e.propellant_kg:,.0f} kg of propellant (medians); {100 * e.survival:.3g} % arrive",
        )


def _a_year(rate: float) -> str:
    return f"{rate:.4f} a year" if rate > 0 else "no growth"


def _fleet(bound: Bound) -> RenderableType:
    """Return the species of the plan, with what more of each would do."""
    table = Table(
        title="The best fleet", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("species", overflow="fold", min_width=_NAME_WIDTH)
    for title in ("in 100 t", "mass", "earns", "worth"):
        table.add_column(title, justify="right", no_wrap=True)
    s = bound.sensitivity
    effects: list[tuple[str, Mapping[str, float]]] = []
    if s:
        names = list(bound.scenario.industry.species)
        columns = {"work": s.productivity, "life": s.life, "MTBF": s.mtbf}
        percent = f"{100 * s.change:+.0f} %"
        effects = [
            (f"{title}\n{percent}", dict(zip(names, values, strict=True)))
            for title, values in columns.items()
        ]
    for title, _ in effects:
        table.add_column(title, justify="right", no_wrap=True)
    for kind in bound.fleet:
        table.add_row(
            kind.species,
            f"{100 * kind.robots_per_t:.3g}",
            f"{100 * kind.mass_share:.1f} %",
            f"{100 * kind.rent_share:.1f} %",
            f"{kind.worth:.2f}",
            *(_effect(values[kind.species], bound.rate_per_year) for _, values in effects),
        )
    note = Text(
        "Worth: a kg of newborn robot in kg of newborn fleet. Last columns: what that adds to the "
        "bound, in per cent of it, to first order."
    )
    return Group(table, note)


def _effect(change: float, rate: float) -> str:
    """Return a change of the rate in per cent of it."""
    percent = 100 * change / abs(rate) if rate else math.nan
    return (
        "0"
        if abs(percent) < 5e-5
        else f"{percent:+.1g}"
        if abs(percent) < 0.01
        else f"{percent:+.2f}"
    )


def _scarce(bound: Bound) -> RenderableType:
    """Return what holds growth back: power and time by value, materials by what a kg would add."""
    s = bound.sensitivity
    assert s
    table = Table(
        title="What holds growth back", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("scarce", overflow="fold", min_width=_NAME_WIDTH)
    for title in ("value", "one more", "adds, to 100 t"):
        table.add_column(title, justify="right", no_wrap=True)
    factors = [x for x in bound.scarce if x.kind != "material"]
    names = list(bound.scenario.industry.species)
    for x in factors[:_LISTED]:
        if x.kind == "power":
            kWh = {"electricity": s.electricity_kWh, "energy": s.heat_kWh}[x.good]
            gift, adds = "kWh a day", f"{_effect(kWh / 100, bound.rate_per_year)} %"
            what = "electricity" if x.good == "electricity" else "energy or heat"
        else:
            # a gift of a robot: its worth once, not a flow
            gift = "robot"
            adds = f"{s.robot_kg[names.index(x.good)]:,.0f} kg of robots"
            what = x.good
        table.add_row(what, f"{100 * x.value_share:.1f} %", gift, adds)
    if more := factors[_LISTED:]:
        table.add_row(f"{len(more)} more", f"{100 * sum(x.value_share for x in more):.1f} %")
    table.add_section()
    scarce = [x for x in bound.scarce if x.kind == "material"]
    rows = list(bound.scenario.industry.materials)
    for x in scarce[:_LISTED]:
        kg = s.material_kg[rows.index(x.good)]
        table.add_row(
            x.good,
            f"{100 * x.value_share:.1f} %",
            "kg a year",
            f"{_effect(kg / 100, bound.rate_per_year)} %",
        )
    if more := scarce[_LISTED:]:
        table.add_row(f"{len(more)} more")
    return Group(table, _whole(bound, s))


def _whole(bound: Bound, s: Sensitivity) -> Text:
    percent = f"{100 * s.change:.0f} %"
    return Text(
        "Values are shares of what time and power earn; a material's contains what made it. "
        f"{percent} more sunlight: {_effect(s.sunlight, bound.rate_per_year)} % of the bound; "
        f"{percent} less process energy: {_effect(s.process_energy, bound.rate_per_year)} %."
    )
