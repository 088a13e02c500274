"""Pictures of a run across a belt: maps, who went where, how far, how many came and were lost.

The lighter a site, the more expeditions lie between it and the seed (its rank). Of several lineages
each has its hue.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .ephemeris import SUN_AU3_D2, Orbits, orbits, states
from .lambert import lambert_velocities
from .neighbours import Neighbours
from .orbit import YEAR_DAYS
from .pictures import COLOURS, Table, _lines, _say
from .wave_summary import CAME

F64 = NDArray[np.float64]
Colour = tuple[float, float, float]

_SHORTEST_YEARS = 1 / 365
"""Of an axis of time, where a run ended before its second record."""
_MOMENTS = 6
_RANKS = 6
"""Ranks told apart by their shade; later ones look alike."""
_NAMED = 90
"""Sites up to which the tree of expeditions names them, on a page of its own."""
_TREES = 2_000
"""Sites that the tree of expeditions draws; more lines than pixels are a grey area."""
_NEAR = 20_000
"""Bodies up to which the space of orbits is computed for a picture."""
_ARC_STEPS = 160
_PLANETS = {"Earth": 1.0, "Mars": 1.524, "Jupiter": 5.203}
_LOST = "#C0392B"
_FADED = "#9A9A9A"


class Belt:
    """What the pictures of a belt have in common, found once.

    Parameters
    ----------
    table : callable
        Name of a table -> rows.
    """

    def __init__(self, table: Table) -> None:
        self.bodies = b = table("bodies")
        self.row = {name: n for n, name in enumerate(b.body)}
        a_au, e, i_deg, node_deg, peri_deg, M_deg = (
            b[c].to_numpy() for c in ("a_AU", "e", "i_deg", "node_deg", "peri_deg", "M_deg")
        )
        # their times are days since the start
        self.orbits: Orbits = orbits(a_au, e, i_deg, node_deg, peri_deg, M_deg, np.zeros(len(b)))
        self.sites, self.series = table("sites"), table("series")
        voyages = table("expeditions")
        self.lineage_rows = table("lineages")
        self.lineages = list(self.lineage_rows.lineage.cat.categories)
        self.left = voyages[voyages.event == "left"].reset_index(drop=True)
        self.came = voyages[voyages.event.isin(CAME)]
        self.voyages = voyages
        self.years = float(self.series.years.iloc[-1])
        self._colours: dict[tuple[str, int], Colour] = {}
        cargo = table("cargo")
        cargo = cargo[cargo.event == "left"].drop_duplicates(["step", "ship"])
        self.cargo = cargo.reset_index(drop=True)

    def colour(self, lineage: Any, rank: int = 0) -> Colour:
        """Return the colour of a site: of its rank, or a shade of its lineage's if several live."""
        shade = str(lineage), min(rank, _RANKS - 1)
        if shade not in self._colours:
            self._colours[shade] = self._mixed(*shade)
        return self._colours[shade]

    def _mixed(self, lineage: str, rank: int) -> Colour:
        share = rank / (_RANKS - 1)
        if len(self.lineages) == 1:
            r, g, b, _ = colormaps["viridis"](0.9 * share)
            return float(r), float(g), float(b)
        base = np.array(to_rgb(COLOURS[self.lineages.index(lineage) % len(COLOURS)]))
        dark, light = max(0.0, 0.4 - share), max(0.0, share - 0.4)
        r, g, b = base * (1 - dark) * (1 - light) + light
        return float(r), float(g), float(b)

    def record(self, years: float) -> pd.DataFrame:
        """Return the rows of the sites at the last record up to a time."""
        at = self.series.step[self.series.years <= years + 1e-9].iloc[-1]
        return self.sites[self.sites.step == at]

    def end_years(self) -> "pd.Series[float]":
        """Return for each site the last record in which somebody lived there."""
        settled = self.sites[self.sites.state == "settled"]
        return settled.groupby("site").years.max()


# ------------------------------------------------------------------ maps


def maps(figure: Figure, belt: Belt, moments: int = _MOMENTS, rows: int = 2) -> None:
    """Draw the belt from above at several moments, evenly spaced."""
    grid = figure.subplots(rows, moments // rows, squeeze=False)
    edge = 1.06 * float(np.quantile(belt.bodies.a_AU * (1 + belt.bodies.e), 0.97))
    times = belt.years * np.arange(1, moments + 1) / moments
    for axes, years in zip(grid.flat, times, strict=True):
        _map(axes, belt, float(years), edge)
    for row in belt.bodies[belt.bodies.step == 0].index[:4]:
        x, y, *_ = states(belt.orbits, float(times[0]) * YEAR_DAYS)[:, row]
        side = 9 if x < 0.6 * edge else -9
        grid.flat[0].annotate(
            belt.bodies.body[row], (x, y), (side, 7), textcoords="offset points", size=8.5,
            ha="left" if side > 0 else "right", weight="bold", zorder=6,
        )  # fmt: skip
    _explain(grid.flat[0], belt)


def _map(axes: Axes, belt: Belt, years: float, edge: float) -> None:
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-edge, edge)
    axes.set_ylim(-edge, edge)
    angle = np.linspace(0, 2 * np.pi, 361)
    for r in _PLANETS.values():
        if r < edge:
            axes.plot(r * np.cos(angle), r * np.sin(angle), color="#DDDDDD", lw=0.8, zorder=0.5)
    axes.plot(0, 0, "o", color="#F0C000", ms=6, mec="#C09000", mew=0.6)
    x, y, *_ = states(belt.orbits, years * YEAR_DAYS)
    size = 1.6 + 0.12 * np.minimum(belt.bodies.diameter_km.to_numpy(), 250) ** 0.9
    few = len(x) <= 2000
    axes.scatter(
        x, y, s=size if few else size / 4, color="#B0B0B0", lw=0, zorder=1, rasterized=True
    )
    for voyages, style, width in ((belt.left, "-", 1.3), (belt.cargo, ":", 1.0)):
        for voyage in _flying(voyages, years).itertuples():
            _arc(axes, belt, voyage, years, style, width)
    now = belt.record(years)
    settled = now[now.state == "settled"].sort_values(["rank", "site"])
    before = belt.sites[(belt.sites.years <= years) & (belt.sites.state == "settled")]
    gone = sorted(set(before.body) - set(settled.body))
    at = [belt.row[body] for body in gone]
    axes.scatter(x[at], y[at], s=26, facecolors="none", edgecolors=_FADED, lw=0.9, zorder=2)
    at = [belt.row[body] for body in settled.body]
    axes.scatter(
        x[at],
        y[at],
        s=14 + 2.0 * np.sqrt(settled.robots.to_numpy()),
        c=[belt.colour(n, k) for n, k in zip(settled.lineage, settled["rank"], strict=True)],
        edgecolors="white",
        lw=0.6,
        zorder=4,
    )
    home = belt.bodies[belt.bodies.step == 0].index
    axes.scatter(x[home], y[home], s=110, facecolors="none", edgecolors="#000000", lw=1.0, zorder=3)
    bodies, flying = settled.body.nunique(), int((now.state == "flying").sum())
    axes.set_title(f"Year {years:.{0 if belt.years >= 20 else 1}f}", loc="left", pad=3)
    said = f"{_count(bodies, 'body', 'bodies')}, {_count(flying, 'ship')} on the way"
    axes.text(0.0, 0.995, said, transform=axes.transAxes, va="top", color="#606060", size=8.5)


def _explain(axes: Axes, belt: Belt) -> None:
    """Say beside the first map what its marks mean."""
    marks = []
    ranks = int(min(belt.sites["rank"].max(), _RANKS - 1))
    for lineage in belt.lineages:
        for rank in range(ranks + 1) if len(belt.lineages) == 1 else (1,):
            more = "+" if rank == _RANKS - 1 else ""
            name = "seed" if rank == 0 else f"rank {rank}{more}"
            if len(belt.lineages) > 1:
                name = lineage
            marks.append(
                Line2D(
                    [], [], ls="", marker="o", ms=6, color=belt.colour(lineage, rank), label=name
                )
            )
    ring = {"ls": "", "marker": "o", "mfc": "none"}
    marks.append(Line2D([], [], ms=5, mec=_FADED, label="abandoned", **ring))  # type: ignore[arg-type]
    marks.append(Line2D([], [], color="#606060", lw=1.3, label="in flight"))
    figure = axes.figure
    figure.legend(
        handles=marks, loc="outside lower center", ncols=len(marks), frameon=False, fontsize=8.5,
        handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip


def _flying(voyages: pd.DataFrame, years: float) -> pd.DataFrame:
    """Return the ships on their way at a time."""
    arrives = voyages.years + voyages.flight_days / YEAR_DAYS
    return voyages[(voyages.years <= years) & (years < arrives)]


def _arc(axes: Axes, belt: Belt, voyage: Any, years: float, style: str, width: float) -> None:
    """Draw a flight: what is flown as a line, what is to come fainter, the ship as a dot."""
    begins, days = voyage.years * YEAR_DAYS, float(voyage.flight_days)
    start = states(belt.orbits, begins)[:, belt.row[voyage.start]]
    end = states(belt.orbits, begins + days)[:, belt.row[voyage.body]]
    x, y = _flight(start[:3], end[:3], days)
    done = round((years * YEAR_DAYS - begins) / days * (len(x) - 1))
    colour = belt.colour(voyage.lineage, getattr(voyage, "rank", 0))  # cargo has no rank
    axes.plot(x[: done + 1], y[: done + 1], style, color=colour, lw=width, zorder=3)
    axes.plot(x[done:], y[done:], style, color=colour, lw=width, alpha=0.28, zorder=2.5)
    axes.plot(x[done], y[done], "o", color=colour, ms=2.6, zorder=5)
    axes.plot(x[-1], y[-1], "x", color=colour, ms=3.4, mew=0.9, alpha=0.6, zorder=2.5)


def _flight(start: F64, end: F64, days: float) -> tuple[F64, F64]:
    """Return the way of a ship in the ecliptic; straight where one orbit cannot be it."""
    velocity = lambert_velocities(start[:, None], end[:, None], [days])[:3, 0]
    h = days / _ARC_STEPS
    way = np.empty((_ARC_STEPS + 1, 3))
    way[0] = r = start.copy()
    v = velocity
    for n in range(_ARC_STEPS):  # leapfrog: enough for a line
        v = v - 0.5 * h * SUN_AU3_D2 * r / (r @ r) ** 1.5
        r = r + h * v
        v = v - 0.5 * h * SUN_AU3_D2 * r / (r @ r) ** 1.5
        way[n + 1] = r
    if not np.isfinite(way).all() or np.abs(way[-1] - end).max() > 0.15:
        way = start + np.linspace(0, 1, _ARC_STEPS + 1)[:, None] * (end - start)
    return way[:, 0], way[:, 1]


# ------------------------------------------------------------------ panels


def expeditions(axes: Axes, belt: Belt, named: bool = True) -> None:
    """Draw every site as a line over time, with the flights that led to it: a family tree."""
    axes.set_title("Expeditions: each site a line, the flight that founded it before it")
    place, parent = _rows_of_tree(belt)
    if len(place) > _TREES:
        axes.set_title(f"Expeditions: the first {_TREES:,} of {len(place):,} sites, each a line")
        place = dict(list(place.items())[:_TREES])
    end = belt.end_years()
    wide = max(0.5, min(2.6, 150 / max(1, len(place))))
    named = named and len(place) <= _NAMED
    first_of = {int(r.site): r for r in belt.sites.drop_duplicates("site").itertuples()}
    voyage_of = {int(v.ship): v for v in belt.came.itertuples()}
    lives, flights = [], []
    for site, y in place.items():
        first = first_of.get(site) if site in end.index else None
        begins, rank = 0.0, 0
        lineage = first.lineage if first is not None else belt.lineages[0]
        if voyage := voyage_of.get(site):
            begins, rank, lineage = voyage.years, int(voyage.rank), voyage.lineage
        colour = belt.colour(lineage, rank)
        if voyage and parent[site] in place:
            left = begins - voyage.flight_days / YEAR_DAYS
            flights.append(([(left, place[parent[site]]), (begins, y)], colour))
            if voyage.event != "settled":
                axes.plot(begins, y, "D", color=_FADED, ms=max(2.5, wide * 1.6), zorder=3)
        last = max(begins, float(end.get(site, begins)))
        lives.append(([(begins, y), (last, y)], colour))
        if last < belt.years - 0.5:
            axes.plot(last, y, "|", color=_FADED, ms=4 + 2 * wide, mew=1.2)
        elif named:
            body = first.body if first is not None else ""
            axes.annotate(body, (last, y), (4, 0), textcoords="offset points", va="center", size=7)
    _strokes(axes, flights, lw=0.7, alpha=0.55)
    _strokes(axes, lives, lw=wide, capstyle="butt")
    _losses_in_tree(axes, belt, place)
    axes.set_xlim(0, max(belt.years, _SHORTEST_YEARS))
    axes.set_ylim(-1, max(1.09 * len(place) + 0.5, 4))
    axes.set_yticks([])
    axes.grid(False, axis="y")
    axes.set_xlabel("years")
    marks = [
        Line2D([], [], ls="", marker="x", color=_LOST, ms=5, label="lost"),
        Line2D([], [], ls="", marker="|", color=_FADED, ms=7, mew=1.2, label="died out"),
    ]
    if (belt.came.event != "settled").any():
        marks.append(
            Line2D([], [], ls="", marker="D", color=_FADED, ms=4, label="found nothing to dig")
        )
    axes.legend(handles=marks, loc="upper left", frameon=False, fontsize=8.5, ncols=3)


def _strokes(axes: Axes, strokes: Sequence[tuple[Any, Colour]], **style: Any) -> None:
    """Draw many lines, each of its colour: one by one thousands take minutes."""
    if strokes:
        lines, colours = zip(*strokes, strict=True)
        axes.add_collection(LineCollection(lines, colors=colours, **style))


def _losses_in_tree(axes: Axes, belt: Belt, place: dict[int, int]) -> None:
    lost = belt.voyages[belt.voyages.event == "lost"]
    for voyage in lost.itertuples():
        if voyage.origin in place:
            y = place[voyage.origin]
            left = voyage.years - voyage.flight_days / YEAR_DAYS
            axes.plot([left, voyage.years], [y, y + 0.5], color=_LOST, lw=0.8, alpha=0.7)
            axes.plot(voyage.years, y + 0.5, "x", color=_LOST, ms=4, mew=1.1, zorder=4)


def _rows_of_tree(belt: Belt) -> tuple[dict[int, int], dict[int, int]]:
    """Return the row of each site and its parent: whoever leaves last stands next to its origin."""
    seeds = sorted(set(belt.sites.site[belt.sites["rank"] == 0]))
    parent = {int(s): -1 for s in seeds}
    children: dict[int, list[int]] = {}
    for voyage in belt.came.itertuples():
        parent[int(voyage.ship)] = int(voyage.origin)
        children.setdefault(int(voyage.origin), []).append(int(voyage.ship))
    begun = {int(v.ship): v.years - v.flight_days / YEAR_DAYS for v in belt.came.itertuples()}
    place: dict[int, int] = {}
    walk = [int(s) for s in reversed(seeds)]
    while walk:
        site = walk.pop()
        place[site] = len(place)
        walk += sorted(children.get(site, []), key=lambda child: begun[child])
    return place, parent


def wavefront(axes: Axes, belt: Belt) -> None:
    """Draw how far from home sites were founded, and how far the farthest inhabited one is."""
    far, unit = _distances(belt)
    axes.set_title(f"Distance from where the lineage began, {unit}")
    column = "front_AU" if unit.startswith("AU") else "front_m_s"
    scale = 1.0 if unit.startswith("AU") else 1e-3
    for lineage in belt.lineages:
        own = belt.lineage_rows[belt.lineage_rows.lineage == lineage]
        axes.step(own.years, own[column] * scale, where="post", color=belt.colour(lineage, 2))
    for voyage in belt.came.itertuples():
        row, whose = belt.row[voyage.body], belt.lineages.index(voyage.lineage)
        rank = int(voyage.rank)
        hollow = voyage.event != "settled"
        axes.scatter(
            voyage.years, far[whose, row], s=24, zorder=3, lw=0.9,
            color="none" if hollow else [belt.colour(voyage.lineage, rank)],
            edgecolors=_FADED if hollow else "white",
        )  # fmt: skip
    axes.set_xlim(0, max(belt.years, _SHORTEST_YEARS))
    axes.set_ylim(0, 1.15 * axes.get_ylim()[1])
    axes.set_xlabel("years")
    note = "dots: sites founded; line: the farthest inhabited"
    axes.text(0.015, 0.97, note, transform=axes.transAxes, va="top", color="#808080", size=8.5)


def _distances(belt: Belt) -> tuple[F64, str]:
    """Return (L, B) the distances of all bodies and their unit."""
    many = len(belt.bodies) > _NEAR
    a_au = belt.bodies.a_AU.to_numpy()
    points = a_au[:, None] if many else Neighbours(belt.orbits, 0.0).points / 1000
    far = np.full((len(belt.lineages), len(a_au)), np.inf)
    homes = belt.bodies[belt.bodies.step == 0]
    for n, lineage in enumerate(belt.lineages):
        if len(starts := homes.index[homes.lineage == lineage]):
            far[n] = cKDTree(points[starts]).query(points)[0]
    return far, "AU of semi-major axis" if many else "km/s in the space of orbits"


def arrivals(axes: Axes, belt: Belt) -> None:
    """Draw the ends of expeditions, so many a year; losses downwards."""
    wide = next(x for x in (0.25, 1, 2, 5, 10, 50, 500) if belt.years <= 50 * x or x == 500)
    axes.set_title(f"Expeditions that arrived or were lost, in {wide:g} year{'s' * (wide > 1)}")
    rows = belt.voyages[belt.voyages.event.isin([*CAME, "joined", "lost"])]
    if rows.empty:
        return _say(axes, "no expedition has arrived")
    edges = np.arange(0, belt.years + wide, wide)
    mid, base = edges[:-1] + wide / 2, np.zeros(len(edges) - 1)
    for name, events, colour in (
        ("settled", ["settled"], COLOURS[2]),
        ("joined a site", ["joined"], COLOURS[5]),
        ("nothing to dig", ["stranded", "crowded"], COLOURS[4]),
    ):
        count = np.histogram(rows.years[rows.event.isin(events)], edges)[0]
        if count.any():
            axes.bar(mid, count, wide * 0.86, bottom=base, color=colour, label=name)
            base = base + count
    lost = np.histogram(rows.years[rows.event == "lost"], edges)[0]
    if lost.any():
        axes.bar(mid, -lost, wide * 0.86, color=_LOST, label="lost")
    axes.axhline(0, color="#606060", lw=0.8)
    axes.set_xlim(0, max(belt.years, _SHORTEST_YEARS))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{abs(n):,.0f}"))
    axes.set_xlabel("years")
    axes.legend(loc="upper left", frameon=False, fontsize=8.5)


def lineages(axes: Axes, belt: Belt) -> None:
    """Draw robots of each lineage; of a single one its inhabited sites, too."""
    rows = belt.lineage_rows
    if len(belt.lineages) == 1:
        rows = rows.set_index("years")
        wide = pd.DataFrame({"robots": rows.robots, "inhabited sites": rows.inhabited})
        axes.set_title("Robots and inhabited sites")
        return _lines(axes, wide)
    wide = rows.pivot_table("robots", "years", "lineage", observed=True)
    _lines(axes, wide)
    axes.set_title("Robots by lineage")


def sites(axes: Axes, belt: Belt) -> None:
    """Draw the robots of each site over its age."""
    settled = belt.sites[belt.sites.state == "settled"].sort_values(["site", "years"])
    settled = settled[["site", "years", "robots", "lineage", "rank"]]
    first = settled.drop_duplicates("site")
    points = settled[["years", "robots"]].to_numpy(float)
    points[:, 0] -= settled.site.map(first.set_index("site").years).to_numpy()
    starts = np.flatnonzero(~settled.site.duplicated())
    colours = [belt.colour(n, int(k)) for n, k in zip(first.lineage, first["rank"], strict=True)]
    lines = np.split(points, starts[1:]) if len(points) else []
    _strokes(axes, list(zip(lines, colours, strict=True)), lw=0.9, alpha=0.7)
    axes.autoscale_view()
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("years since the site was founded")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    axes.set_title("Robots at each site")


PANELS: dict[str, Callable[[Axes, Belt], None]] = {
    "expeditions": expeditions,
    "wavefront": wavefront,
    "arrivals": arrivals,
    "lineages": lineages,
    "sites": sites,
}
"""Pictures of one panel each."""


def overview(figure: Figure, belt: Belt) -> None:
    """Draw maps above the panels that say most."""
    above, below = figure.subfigures(2, 1, height_ratios=(1, 2.1)).tolist()  # type: ignore[union-attr]
    maps(above, belt, 4, 1)
    panels = below.subplot_mosaic(
        [["tree", "robots"], ["front", "arrivals"]], width_ratios=(1.2, 1)
    )
    expeditions(panels["tree"], belt, named=False)
    lineages(panels["robots"], belt)
    wavefront(panels["front"], belt)
    arrivals(panels["arrivals"], belt)


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
