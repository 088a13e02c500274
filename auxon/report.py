"""What the command line prints: progress, what became of a run, what a scenario says."""

import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from auxon.sim.scenario import Scenario
from auxon.sim.world import World

from .runs import Result

_SLOW_S = 3.0
"""With a cache the first step takes half a second."""
_BETWEEN_BARS_S = 0.1
_BETWEEN_LINES_S = 10.0
_NAME_WIDTH = 12


class Follow:
    """Follows a run on standard error: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._compiling = threading.Timer(_SLOW_S, self._say_compiling)
        self._compiling.daemon = True
        self._said = 0.0

    def __enter__(self) -> "Follow":
        """Begin."""
        self._bar.start()
        self._compiling.start()
        self._said = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, whatever happened."""
        self._compiling.cancel()
        self._bar.stop()

    def step(self, world: World, steps: int) -> None:
        """Show where the run is; called after every step."""
        self._compiling.cancel()
        now = time.monotonic()
        terminal = self._console.is_terminal
        if now - self._said < (_BETWEEN_BARS_S if terminal else _BETWEEN_LINES_S):
            return
        self._said = now
        where = f"year {world.years:.1f}, {world.robot_count:,} robots"
        if terminal:
            self._bar.update(self._task, total=steps, completed=world.step_count, description=where)
        else:
            print(f"{100 * world.step_count // steps} %: {where}", file=sys.stderr, flush=True)

    def _say_compiling(self) -> None:
        self._console.print("still starting: a first run compiles its kernels, some 20 s, once")


def report(result: Result) -> None:
    """Print what became of a run and where everything lies."""
    s = result.summary
    doubling = s["doubling_time_years"]
    kinds = sorted(s["robots_by_species"].items(), key=lambda item: -item[1])
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in {
        "time": f"{s['years']:.1f} years, {s['steps']:,} steps",
        "robots": f"{s['robots']:,} ({_fates(s)})",
        "": ", ".join(f"{n:,} {k}" for k, n in kinds[:5]) + (", ..." if len(kinds) > 5 else ""),
        "mass": f"{s['mass_kg'] / 1000:,.1f} t",
        **(_across_belt(s) if "expeditions" in s else {}),
        "doubling": _doubling(doubling, s["years"] / s["steps"]),
        "growth": _growth(s),
        "imports": f"{s['imports_kg'] / 1000:,.2f} t",
        "held back by": s["why"],
        "speed": f"{s['robot_steps_per_s'] or 0:,} robot-steps/s",
        "digest": s["digest"],
    }.items():
        table.add_row(name, text)
    console = Console(highlight=False)
    console.print(table)
    for name, place in {
        "results": "summary.json",
        "tables": "tables",
        "pictures": "pictures/overview.png",
    }.items():  # a path is never broken, whatever the width
        console.print(f"[bold]{name:12}[/]  {escape(str(result.out / place))}", soft_wrap=True)


def _fates(s: Mapping[str, Any]) -> str:
    lost = f", {s['wrecks']:,} lost with ships" if s.get("wrecks") else ""
    return f"{s['births']:,} born, {s['deaths']:,} retired{lost}"


def _across_belt(s: Mapping[str, Any]) -> dict[str, str]:
    """Say how far a society has spread."""
    empty = s["sites"] - s["inhabited"]
    sites = (
        f"{_number(s['inhabited'], 'inhabited site')} on {_number(s['bodies'], 'body', 'bodies')}"
    )
    sites += f", {empty:,} more abandoned" if empty else ""
    sites += f", {_number(s['shared_bodies'], 'body', 'bodies')} shared" * (len(s["lineages"]) > 1)
    front = (
        f"the farthest inhabited body is {s['front_AU']:.3f} AU off in semi-major axis, "
        f"{s['front_m_s'] / 1000:.2f} km/s off in the space of orbits"
    )
    ends = {
        "settled": "settled",
        "stranded": "found rock that nobody can dig",
        "crowded": "found the body taken",
        "joined": "joined a site",
        "lost": "were lost",
    }
    said = [f"{s[key]:,} {words}" for key, words in ends.items() if s[key]]
    cargo = f"{s['cargo_kg'] / 1000:,.1f} t delivered by {_number(s['cargo_ships'], 'ship')}"
    cargo += f", {_number(s['cargo_lost'], 'ship')} lost" if s["cargo_lost"] else ""
    rows = {
        "sites": sites,
        "wavefront": front,
        "expeditions": f"{s['expeditions']:,} left: {', '.join(said) or 'none has arrived yet'}",
        "cargo": cargo,
        "ships": f"{s['in_flight']:,} in flight; {s['exhaust_kg'] / 1000:,.0f} t thrown out behind "
        f"ships, {s['lost_kg'] / 1000:,.0f} t lost with them",
    }
    if len(s["lineages"]) > 1:
        rows["lineages"] = "; ".join(
            f"{name}: {of['robots']:,} robots at {_number(of['inhabited'], 'site')}"
            for name, of in s["lineages"].items()
        )
    return rows


def _number(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _doubling(years: float | None, step_years: float) -> str:
    if not years:
        return "its mass never doubled"
    text = f"{years:.2f} years, on the way to half of the greatest mass"
    if years < 100 * step_years:  # labour and material wait for the next step too often
        text += "; under 100 steps to a doubling slow growth down: shorten rules.step_days"
    return text


def _growth(s: Mapping[str, Any]) -> str:
    bound, rate, years = s["growth_bound_per_year"], s["growth_rate_per_year"], s["growth_years"]
    if bound is None:
        return "without bound: nothing can be built again and again here (auxon closure says why)"
    if rate is None or s["share_of_bound"] is None:
        return f"none; the bound is {bound:.3f} a year (auxon bound says what sets it)"
    return (
        f"{rate:.3f} a year, {100 * s['share_of_bound']:.0f} % of the bound of {bound:.3f}, "
        f"in years {years[0]:.1f} to {years[1]:.1f}"
    )


def describe(scenario: Scenario) -> None:
    """Print body, rock, seed and industry of a scenario."""
    console = Console(highlight=False)
    body, industry = scenario.body, scenario.industry
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("scenario", f"{scenario.name}: {scenario.title}")
    facts.add_row(
        "body",
        f"{body.name}, {body.taxonomy}, {body.diameter_km:g} km, {body.mass_kg:.3g} kg, "
        f"a = {body.a_au:.3f} AU, e = {body.e:.3f}",
    )
    rock = industry.reserve()
    shares = sorted(rock.elements_g.items(), key=lambda item: -item[1])
    facts.add_row(
        "rock", ", ".join(f"{e} {100 * g / rock.lot_g:.1f} %" for e, g in shares[:8]) + ", ..."
    )
    facts.add_row("claim", f"{scenario.site.claim_kg:,.0f} kg")
    facts.add_row("seed", ", ".join(f"{n} {k}" for k, n in scenario.seed_robots.items() if n))
    seed_kg = sum(industry.species[k].mass_g * n for k, n in scenario.seed_robots.items()) / 1e3
    facts.add_row("", f"{seed_kg:,.0f} kg of robots")
    stock = [
        f"{n:,} {m}" if industry.materials[m].unit == "piece" else f"{n / 1000:,.0f} kg {m}"
        for m, n in scenario.seed_stock.items()
        if n
    ]
    facts.add_row("stock", ", ".join(stock) or "nothing")
    imports = scenario.imports
    if imports:
        facts.add_row(
            "imports",
            f"{', '.join(imports.materials)}: at most {imports.budget_kg:g} kg every "
            f"{imports.every_days:g} days, {imports.transit_days:g} days on the way",
        )
    facts.add_row("policy", f"{scenario.policy}, {scenario.years:g} years")
    facts.add_row("hash", scenario.hash)
    console.print(facts)

    species = Table(title="Species", title_justify="left")
    for head in ("species", "kg", "idle W", "collector m2", "MTBF h", "life a", "source"):
        species.add_column(head, justify="left" if head in ("species", "source") else "right")
    for k in industry.species.values():
        species.add_row(
            k.name,
            f"{k.mass_g / 1000:,.1f}",
            f"{k.idle_W:,}",
            f"{k.collector_m2:g}" if k.collector_m2 else "",
            f"{k.mtbf_h:,.0f}",
            f"{k.life_h / 8766:.1f}",
            f"{k.source} ({k.confidence})",
        )
    console.print(species)

    processes = Table(title="Processes, one run each", title_justify="left")
    for head in ("process", "machine", "h", "kWh", "takes", "gives", "source"):
        processes.add_column(
            head,
            justify="right" if head in ("h", "kWh") else "left",
            overflow="fold",
            min_width=_NAME_WIDTH if head == "process" else None,
        )
    for p in industry.processes.values():
        processes.add_row(
            p.name,
            p.machine,
            f"{p.machine_seconds / 3600:,.2f}",
            f"{p.energy_kJ / 3600:,.2f}",
            _amounts(scenario, p.inputs),
            _amounts(scenario, p.outputs),
            f"{p.source} ({p.confidence})",
        )
    console.print(processes)


def _amounts(scenario: Scenario, amounts: Mapping[str, int]) -> str:
    pieces = {m for m, x in scenario.industry.materials.items() if x.unit == "piece"}
    return ", ".join(
        f"{n:,} {m}" if m in pieces else f"{n / 1000:,.6g} kg {m}" for m, n in amounts.items()
    )
