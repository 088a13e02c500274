"""A replica's mass and energy as a picture: a Sankey diagram from rock to robots.

Widths are mass; what goes round (scrap, reagents) runs back in thin lines below.
"""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke

from .files import whole
from .layered import Item, Layout, layered, layers_of
from .mass_flows import EARTH, ROBOTS, ROCK, SURPLUS, WASTE, Flow
from .pictures import COLOURS, GREY

_BLUE, _VERMILION, _GREEN, _PINK, _ORANGE, _SKY, _BLACK, _BROWN = COLOURS
_RIBBONS = {WASTE: GREY, SURPLUS: _SKY, ROBOTS: _BLUE}
"""By where a flow ends; from Earth it is pink, between machines brown."""
_ELECTRIC, _HEAT = _ORANGE, _VERMILION
_INK, _FAINT = "#303030", "#707070"

_WIDTH, _HEIGHT = 1200, 700
_DPI = 100
"""At which a unit of the axes is a pixel; saved twice as fine."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 22, 1098, 74, 598
_LANES = 646
"""Below which nothing runs back."""
_BAR = 9
_GAP = 3
_LINE = 12.5
_LETTER = 6.2
"""Widths of a line and a letter of a label."""
_THINNEST = 2.5
"""Height of a node, at least."""
_LONGEST = 80
"""Bar of energy."""
_LEAST_SHOWN = 0.0012
"""Flows below this share of all mass are not drawn."""
_RETURNS = 8


def draw_sankey(
    flows: Sequence[Flow],
    energy_kWh: Mapping[str, tuple[float, float]],
    path: Path,
    title: str,
) -> Path:
    """Draw the flows of a replica, per kilogram of robots.

    Parameters
    ----------
    flows : sequence of Flow
    energy_kWh : Mapping[str, tuple[float, float]]
        Electric and heat by node, for the whole replica.
    path : Path
        PNG to write.
    title : str

    Returns
    -------
    Path
        The picture.
    """
    robots_kg = sum(f.kg for f in flows if f.target == ROBOTS)
    per_kg = [Flow(f.source, f.target, f.kg / robots_kg) for f in flows]
    energy = {n: (e / robots_kg, h / robots_kg) for n, (e, h) in energy_kWh.items()}
    least = _LEAST_SHOWN * sum(f.kg for f in per_kg if f.source in (ROCK, EARTH))
    shown = _main(per_kg, least)
    layers = layers_of(shown)
    pitch = (_RIGHT - _LEFT) / max(layers.values())
    labels = {name: _label(name, per_kg, energy, pitch) for name in layers}

    def room(name: str) -> float:
        return len(labels[name]) * _LINE + (13 if name in energy else 8)

    layout = layered(shown, _TOP, _BOTTOM, _GAP, room, _THINNEST)

    with rc_context({"font.size": 8.2, "path.simplify": False}):
        figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, _WIDTH), ylim=(_HEIGHT, 0))
        axes.set_axis_off()
        _ribbons(axes, layout, pitch)
        _return_lines(axes, layout, pitch)
        _nodes(axes, layout, labels, energy, pitch)
        _captions(axes, layout, per_kg, energy, title, least)
        with whole(path) as draft:
            figure.savefig(draft, format="png", dpi=2 * _DPI)
    return path


def _main(flows: Sequence[Flow], least: float) -> list[Flow]:
    """Leave out thin flows, but for the largest into and out of every node."""
    kept = {
        max((f for f in flows if getattr(f, end) == name), key=lambda f: f.kg)
        for end in ("source", "target")
        for name in {getattr(f, end) for f in flows}
    }
    return [f for f in flows if f.kg >= least or f in kept]


def _label(
    name: str,
    flows: Sequence[Flow],
    energy: Mapping[str, tuple[float, float]],
    pitch: float,
) -> list[str]:
    """Return the lines of a node's label: name, kilograms, energy."""
    free = _WIDTH - _RIGHT if name in (ROBOTS, SURPLUS, WASTE) else pitch
    width = max(12, int((free - 6) / _LETTER))
    lines = textwrap.wrap(name.replace("_", " "), width, break_long_words=False)
    kg = max(
        sum(f.kg for f in flows if f.target == name), sum(f.kg for f in flows if f.source == name)
    )
    amounts = [f"{_number(kg)} kg"]
    if name in energy:
        amounts.append(f"{_number(sum(energy[name]))} kWh")
    joined = " · ".join(amounts)
    return [*lines, joined] if len(joined) <= width else [*lines, *amounts]


def _number(value: float) -> str:
    if value >= 9.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 0.995 else f"{value:.2g}"


def _x(item: Item, pitch: float) -> float:
    return _LEFT + item.layer * pitch


def _colour(flow: Flow) -> str:
    return _PINK if flow.source == EARTH else _RIBBONS.get(flow.target, _BROWN)


def _ribbons(axes: Axes, layout: Layout, pitch: float) -> None:
    """Draw every forward flow through its items, largest first."""
    leaves = _ports(layout, outgoing=True)
    enters = _ports(layout, outgoing=False)
    for number, (flow, way) in sorted(enumerate(layout.ways), key=lambda w: -w[1][0].kg):
        height = flow.kg * layout.scale
        spine = []
        for item in way:
            x = _x(item, pitch)
            if not item.name:
                spine += [(x, item.y), (x + _BAR, item.y)]
            elif item is way[0]:
                spine.append((x + _BAR, leaves[number]))
            else:
                spine.append((x, enters[number]))
        thick = max(height, 0.8)
        upper = _curve([(x, y + (height - thick) / 2) for x, y in spine])
        lower = _curve([(x, y + (height + thick) / 2) for x, y in spine])[::-1]
        points = [*upper, *lower, upper[0]]
        codes = [
            Outline.MOVETO,
            *[Outline.CURVE4] * (len(upper) - 1),
            Outline.LINETO,
            *[Outline.CURVE4] * (len(lower) - 1),
            Outline.CLOSEPOLY,
        ]
        shape = Outline(points, codes)
        axes.add_patch(PathPatch(shape, facecolor=_colour(flow), alpha=0.5, lw=0, zorder=2))


def _curve(spine: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a start and three control points for each further one, level at every point."""
    points = [spine[0]]
    for (x0, y0), (x1, y1) in pairwise(spine):
        middle = 0.5 * (x0 + x1)
        points += [(middle, y0), (middle, y1), (x1, y1)]
    return points


def _ports(layout: Layout, *, outgoing: bool) -> dict[int, float]:
    """Return for each way the upper end of its place on the bar it leaves or enters."""
    at: dict[str, list[tuple[float, int]]] = {}
    for number, (_flow, way) in enumerate(layout.ways):
        near, far = (way[0], way[1]) if outgoing else (way[-1], way[-2])
        at.setdefault(near.name, []).append((far.y + far.height / 2, number))
    ports: dict[int, float] = {}
    for name, ways in at.items():
        y = layout.nodes[name].y
        for _, number in sorted(ways):
            ports[number] = y
            y += layout.ways[number][0].kg * layout.scale
    return ports


def _return_lines(axes: Axes, layout: Layout, pitch: float) -> None:
    """Draw what goes round: out on the right, back in a lane at the bottom, in on the left."""
    largest = sorted(layout.returns, key=lambda f: -f.kg)[:_RETURNS]
    span = {f: layout.nodes[f.source].layer - layout.nodes[f.target].layer for f in largest}
    lanes = sorted(largest, key=lambda f: span[f])
    for lane, flow in enumerate(lanes):
        first, last = layout.nodes[flow.source], layout.nodes[flow.target]
        y = _BOTTOM + 10 + lane * (_LANES - _BOTTOM - 10) / _RETURNS
        out, back = _x(first, pitch) + _BAR, _x(last, pitch)
        down, up = out + 8 + 3 * lane % 12, back - 8 - 3 * lane % 12
        start, end = first.y + first.height, last.y + last.height
        r = 6.0
        points = [
            (out, start - 1), (down, start - 1), (down, start + r), (down, y - r), (down, y),
            (down - r, y), (up + r, y), (up, y), (up, y - r), (up, end + r), (up, end - 1),
            (back, end - 1),
        ]  # fmt: skip
        codes = [
            Outline.MOVETO, Outline.CURVE3, Outline.CURVE3, Outline.LINETO, Outline.CURVE3,
            Outline.CURVE3, Outline.LINETO, Outline.CURVE3, Outline.CURVE3, Outline.LINETO,
            Outline.CURVE3, Outline.CURVE3,
        ]  # fmt: skip
        width = min(max(flow.kg * layout.scale, 1.0), 5.0) * 72 / _DPI
        axes.add_patch(
            PathPatch(
                Outline(points, codes), fill=False, edgecolor=_GREEN, lw=width, alpha=0.75, zorder=3
            )
        )
        axes.plot([back - 3], [end - 1], ">", color=_GREEN, ms=3.5, zorder=5)


def _nodes(
    axes: Axes,
    layout: Layout,
    labels: Mapping[str, Sequence[str]],
    energy: Mapping[str, tuple[float, float]],
    pitch: float,
) -> None:
    most = max((sum(e) for e in energy.values()), default=1.0)
    halo = [withStroke(linewidth=2.2, foreground="white", alpha=0.85)]
    for name, item in layout.nodes.items():
        x = _x(item, pitch)
        colour = {ROCK: _BROWN, EARTH: _PINK, WASTE: "#8A8A8A"}.get(name)
        colour = colour or _RIBBONS.get(name, _INK)
        axes.add_patch(Rectangle((x, item.y), _BAR, item.height, color=colour, lw=0, zorder=4))
        y = item.y - 3
        if name in energy:
            y -= 5
            left, full = x, min(pitch - 14, _LONGEST) / most
            for kWh, paint in zip(energy[name], (_ELECTRIC, _HEAT), strict=True):
                axes.add_patch(Rectangle((left, y + 1), kWh * full, 4, color=paint, lw=0, zorder=5))
                left += kWh * full
        for line in labels[name][::-1]:
            bold = line == labels[name][0] and name in (ROCK, EARTH, ROBOTS, SURPLUS, WASTE)
            axes.text(
                x,
                y,
                line,
                va="bottom",
                color=_INK,
                weight="bold" if bold else "normal",
                path_effects=halo,
                zorder=6,
            )
            y -= _LINE


def _captions(
    axes: Axes,
    layout: Layout,
    flows: Sequence[Flow],
    energy: Mapping[str, tuple[float, float]],
    title: str,
    least: float,
) -> None:
    rock = sum(f.kg for f in flows if f.source == ROCK)
    electric, heat = (sum(e[i] for e in energy.values()) for i in (0, 1))
    axes.text(_LEFT, 26, title, size=13, weight="bold", color=_INK, va="center")
    axes.text(
        _LEFT,
        47,
        f"For each kilogram of robots: {rock:.3g} kg of rock, {electric:.3g} kWh of electricity, "
        f"{heat:.3g} kWh of heat",
        size=9.5,
        color=_FAINT,
        va="center",
    )
    used = {_colour(flow) for flow, _ in layout.ways}
    used |= {_GREEN} if layout.returns else set()
    used |= {_ELECTRIC} if electric else set()
    used |= {_HEAT} if heat else set()
    x: float = _LEFT
    for colour, text, alpha in (
        (_BROWN, "between machines", 0.5),
        (_BLUE, "into robots", 0.5),
        (_SKY, "surplus", 0.5),
        (GREY, "waste", 0.5),
        (_PINK, "from Earth", 0.5),
        (_GREEN, "runs back", 0.8),
        (_ELECTRIC, "electricity", 1.0),
        (_HEAT, "heat", 1.0),
    ):
        if colour not in used:
            continue
        axes.add_patch(Rectangle((x, 669), 16, 8, color=colour, alpha=alpha, lw=0))
        axes.text(x + 21, 673, text, va="center", color=_FAINT)
        x += 36 + _LETTER * len(text)
    axes.text(
        _WIDTH - _LEFT,
        673,
        f"flows under {1000 * least:.2g} g are not drawn",
        ha="right",
        va="center",
        color=_FAINT,
    )
