"""What `auxon seed` prints: the lightest seed, a viable one, and how they grow."""

from rich.console import Console
from rich.table import Table

from auxon.sim.scenario import Scenario

from .regrowth import GROWN
from .seed_analysis import Analysis
from .viable import Viable

_SHOWN = 6
"""Names in a list, before it is cut short."""


def seed_table(scenario: Scenario, analysis: Analysis, console: Console | None = None) -> None:
    """Print the seeds of a scenario.

    Parameters
    ----------
    scenario : Scenario
    analysis : Analysis
        As `auxon.seed_analysis.analyse` returns it.
    console : Console, optional
        None for standard output.
    """
    console = console or Console(highlight=False)
    lightest, viable = analysis.lightest, analysis.viable
    console.print(_masses(analysis))
    if lightest.proved_optimal:
        console.print("No seed is lighter that could regrow the industry at all (proved).")
    else:
        console.print(
            f"No seed under {lightest.bound_kg / 1000:,.2f} t can regrow the industry; between it "
            "and the lightest that was found nobody knows."
            if lightest.bound_kg > 0
            else "The search ended before it found how light a seed can be."
        )
    if lightest.cut_short:
        console.print(
            "The search for the lightest was stopped by the clock: its seed may differ from run to "
            "run, and so may all that follows from it."
        )
    if viable:
        years = ", ".join(f"{y:.1f}" for y in viable.years)
        console.print(
            f"With policy {analysis.policy} the viable seed made its industry whole, and grew to "
            f"{2**GROWN} times its robots, in {years} years ({len(viable.years)} colonies)."
        )
        console.print(f"Tried and kept: {'; '.join(viable.changes) or 'the lightest as it is'}.")
    else:
        console.print(f"With policy {analysis.policy} no seed that was tried regrew the industry.")
    console.print(_contents(scenario, analysis))
    console.print(_order(analysis))
    if viable:
        console.print(_births(viable))
        console.print(_doublings(analysis))


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
    )


def _masses(analysis: Analysis) -> Table:
    table = _table("Seed")
    for name in ("", "robots", "kg of robots", "kg of stock", "t in all"):
        table.add_column(name, justify="right" if name else "left")
    seeds = {"lightest": analysis.lightest, "viable": analysis.viable}
    for name, seed in seeds.items():
        if seed:
            robots_kg, stock_kg = seed.mass_kg
            table.add_row(
                name,
                f"{sum(seed.robots.values()):,}",
                f"{robots_kg:,.0f}",
                f"{stock_kg:,.0f}",
                f"{(robots_kg + stock_kg) / 1000:,.2f}",
            )
    return table


def _contents(scenario: Scenario, analysis: Analysis) -> Table:
    industry = scenario.industry
    table = _table("What they carry")
    for name in ("", "lightest", "viable"):
        table.add_column(name, justify="right" if name else "left")
    viable = analysis.viable
    for k in industry.species:
        ours, theirs = analysis.lightest.robots.get(k, 0), viable.robots.get(k, 0) if viable else 0
        if ours or theirs:
            table.add_row(k, f"{ours or ''}", f"{theirs or ''}")
    for m in industry.materials.values():
        ours = analysis.lightest.stock.get(m.name, 0)
        theirs = viable.stock.get(m.name, 0) if viable else 0
        if ours or theirs:
            piece = m.unit == "piece"
            cells = (f"{n:,}" if piece else f"{n / 1000:,.3g} kg" for n in (ours, theirs))
            table.add_row(
                m.name, *(c if n else "" for c, n in zip(cells, (ours, theirs), strict=True))
            )
    return table


def _order(analysis: Analysis) -> Table:
    table = _table("How the lightest regrows")
    table.add_column("built")
    table.add_column("what becomes possible")
    for stage in analysis.lightest.order:
        names = [*stage.processes[:_SHOWN]]
        more = len(stage.processes) - len(names)
        text = ", ".join(names) + (f" and {more} more" if more > 0 else "")
        table.add_row(stage.species or "the seed", text or "-")
    return table


def _births(viable: Viable) -> Table:
    table = _table("When the viable one built its first")
    table.add_column("")
    table.add_column("year", justify="right")
    for species, year in viable.regrowth.births.items():
        table.add_row(species, f"{year:.2f}")
    return table


def _doublings(analysis: Analysis) -> Table:
    table = _table("Years until the robots weigh so many times as much as at first")
    wide = analysis.curve.pivot(index="seed_kg", columns="doubling", values="years")
    table.add_column("seed, t", justify="right")
    for n in wide.columns:
        table.add_column(f"x {2 ** int(n)}", justify="right")
    for kg, row in wide.iterrows():
        table.add_row(f"{float(kg) / 1000:,.1f}", *(f"{y:.1f}" if y == y else "-" for y in row))
    return table
