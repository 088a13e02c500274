"""What the command line prints of an analysis: tables for people, 80 to 100 columns wide."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auxon.sim.closure import Closure, Vitamin
from auxon.sim.reasons import Loss

# ------------------------------------------------------------------ closure

_LISTED = 12
"""Vitamins, and roots of what cannot be made, before the rest is only counted."""


def closure_table(closure: Closure) -> RenderableType:
    """Return a table of how far a fleet can be copied here, of what not, and why."""
    c = closure
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(justify="right", no_wrap=True)
    facts.add_column()
    robots = sum(c.replica.values())
    facts.add_row(
        "replica", f"{c.replica_kg:,.0f} kg", f"{robots} robots of {len(c.replica)} species"
    )
    facts.add_row()
    imported = f"{c.imported_kg:,.4g} kg of it must come from Earth" if c.imported_kg else ""
    facts.add_row("mass closure", _percent(c.mass), imported or "nothing must come from Earth")
    facts.add_row("parts closure", _percent(c.parts), "of the materials in bills can be made here")
    facts.add_row(
        "machine closure", _percent(c.machines), "of the species can be made without any import"
    )
    facts.add_row(
        "process closure",
        _percent(c.processes),
        "of the processes have a machine among the species",
    )
    collectors = (
        f"of its energy from {', '.join(c.collectors)}"
        if c.collectors
        else "no collector can be built here"
    )
    facts.add_row("energy closure", _percent(c.energy), collectors)
    facts.add_row()
    facts.add_row(
        "rock", f"{c.extraction_ratio:,.2f} kg/kg", f"R; {c.rock_kg / 1000:,.1f} t for a replica"
    )
    facts.add_row(
        "electricity", f"{c.electric_kWh_per_kg:,.1f} kWh/kg", "of replica, assembly included"
    )
    facts.add_row("heat", f"{c.heat_kWh_per_kg:,.1f} kWh/kg", "that sunlight can give directly")
    facts.add_row(
        "cold start",
        str(len(c.cold_start) or "none"),
        "in the first stock: " + ", ".join(c.cold_start)
        if c.cold_start
        else "loops begin by themselves",
    )
    parts: list[RenderableType] = [facts]
    with_them = " with these imports" if c.vitamins else ""
    if c.vitamins:
        parts += [Text(), _vitamins(c.vitamins)]
    parts += [
        Text(),
        _losses(c.lost) if c.lost else Text(f"Every part and species can be made{with_them}."),
    ]
    if c.without_machine:
        lone = ", ".join(f"{p} ({m})" for p, m in c.without_machine.items())
        parts.append(Text(f"Processes whose machine is no species: {lone}"))
    return Group(*parts)


def _percent(share: float) -> str:
    """Return per cent; what is not all of it never reads 100 %."""
    text = f"{100 * share:.1f} %"
    return f"{100 * share:.6g} %" if text == "100.0 %" and share != 1 else text


def _vitamins(vitamins: Iterable[Vitamin]) -> Table:
    table = Table(title="Vitamins: what comes from Earth, for one replica", title_justify="left")
    table.add_column("material", overflow="fold", min_width=16)
    table.add_column("kg", justify="right", no_wrap=True)
    table.add_column("pieces", justify="right", no_wrap=True)
    table.add_column("species", justify="right")
    table.add_column("to make it here")
    listed = list(vitamins)
    for v in listed[:_LISTED]:
        table.add_row(
            v.name,
            f"{v.kg:,.4g}",
            "" if v.pieces is None else f"{v.pieces:,.4g}",
            str(len(v.species)),
            v.lacks,
        )
    if more := listed[_LISTED:]:
        table.add_row(f"{len(more)} more", f"{sum(v.kg for v in more):,.4g}", "", "", "")
    return table


def _losses(losses: Iterable[Loss]) -> Group:
    """Group what cannot be made by what is missing in the end, the shortest reason first."""
    roots: dict[str, list[Loss]] = {}
    for loss in losses:
        roots.setdefault(loss.root, []).append(loss)
    table = Table(title="What cannot be made here, and why", title_justify="left")
    table.add_column("missing", overflow="fold", min_width=12)
    table.add_column("nearest to it")
    table.add_column("why")
    table.add_column("parts", justify="right")
    table.add_column("species", justify="right")
    ranked = sorted(roots.items(), key=lambda item: -len(item[1]))
    for root, fallen in ranked[:_LISTED]:
        first = min(fallen, key=lambda loss: (loss.name == root, len(loss.reason)))
        counts = [sum(x.kind == kind for x in fallen) for kind in ("part", "species")]
        table.add_row(root, first.name, first.reason, *map(str, counts))
    if more := ranked[_LISTED:]:
        table.add_row(f"{len(more)} more", "", "", "", "")
    return Group(table, Text("What needs these, or a machine that does, is lost with them."))
