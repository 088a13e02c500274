"""The picture of a belt: orbits over distance, gaps and families, positions from above, sizes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from .belt import Belt
from .belt_figures import FAMILIES, SIZES
from .body_class import CLASSES, LETTERS
from .ephemeris import orbits, states
from .files import whole
from .pictures import _STYLE

_COLOUR = {
    "C": "#3B6FB6",
    "B": "#56B4E9",
    "P": "#7D6BA8",
    "D": "#8C5A2B",
    "S": "#D55E00",
    "K": "#E69F00",
    "L": "#C9A227",
    "A": "#009E73",
    "V": "#CC5B9B",
    "M": "#202020",
    "E": "#9A9A9A",
}
_GAPS = {"4:1": 2.065, "3:1": 2.502, "5:2": 2.824, "7:3": 2.958, "2:1": 3.279}
"""Mean-motion resonances with Jupiter, AU."""
_PLANETS = {"Earth": 1.0, "Mars": 1.524, "Jupiter": 5.203}
_DRAWN = 60_000
"""Bodies drawn at most; of more, the largest and every so manyth of the others."""
_FEW = 150
"""Bodies up to which they are named and drawn by size, and families are not."""
_EDGES_AU = ((2.05, 3.35), (1.9, 3.7))
"""Of the pictures over distance: without and with Hungarias and Cybeles."""


def draw_belt(belt: Belt, path: Path, title: str, jd_tdb: float, marked: int | None = None) -> None:
    """Draw a belt as one PNG file.

    Parameters
    ----------
    belt : Belt
    path : Path
        PNG file.
    title : str
    jd_tdb : float
        Julian date of the positions.
    marked : int, optional
        Row of a body to point out.
    """
    rows = _sample(belt)
    with rc_context(_STYLE):
        figure = Figure(figsize=(13, 9.2), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.1, h_pad=0.06, rect=(0, 0, 0.985, 1))  # type: ignore[union-attr, call-arg]
        figure.suptitle(title, x=0.012, ha="left", size=14, weight="bold")
        left, right = figure.subfigures(1, 2, width_ratios=(1.25, 1)).tolist()  # type: ignore[union-attr]
        number, e, i = left.subplots(3, 1, sharex=True, height_ratios=(0.55, 1, 1))
        above, size = right.subplots(2, 1, height_ratios=(1.55, 1))
        _numbers(number, belt)
        _orbits(e, belt, rows, belt.e, marked)
        _orbits(i, belt, rows, belt.i_deg, marked)
        e.set_ylabel("eccentricity")
        i.set_ylabel("inclination, degrees")
        i.set_xlabel("semi-major axis, AU")
        e.set_ylim(0, 0.42)
        i.set_ylim(0, 37)
        if len(belt) > _FEW:
            _families(i)
        else:
            _name_largest(i, belt, marked)
        _from_above(above, belt, rows, jd_tdb, marked)
        _sizes(size, belt)
        with whole(path) as draft:
            figure.savefig(draft, format="png")


def _sample(belt: Belt) -> NDArray[np.int64]:
    """Return the rows to draw, the smallest bodies first, so that large ones lie on top."""
    order = np.argsort(-belt.diameter_km, kind="stable")
    if len(order) > _DRAWN:
        top, rest = order[: _DRAWN // 10], order[_DRAWN // 10 :]
        order = np.concatenate([top, rest[:: -(-len(rest) // (_DRAWN * 9 // 10))]])
    return order[::-1]


def _dot(belt: Belt, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return areas of dots, square points."""
    if len(belt) <= _FEW:
        return np.asarray(8 + 3.3 * np.sqrt(belt.diameter_km[rows]), np.float64)
    least = 0.3 + 40 / len(rows) ** 0.5
    return np.asarray(least + 0.0012 * np.minimum(belt.diameter_km[rows], 400) ** 2, np.float64)


def _colours(belt: Belt, rows: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.asarray([_COLOUR[letter] for letter in LETTERS])[belt.taxonomy[rows]]


def _gaps(axes: Axes, names: bool) -> None:
    for name, a_au in _GAPS.items():
        axes.axvline(a_au, color="#A0A0A0", lw=0.8, ls=(0, (4, 3)), zorder=0.5)
        if names:
            axes.text(
                a_au, 1.02, name, transform=axes.get_xaxis_transform(), ha="center", color="#606060"
            )


def _edge_au(belt: Belt) -> tuple[float, float]:
    low, high = _EDGES_AU[0]
    outside = np.count_nonzero((belt.a_au < low) | (belt.a_au > high))
    return _EDGES_AU[int(outside > len(belt) // 1000)]


def _numbers(axes: Axes, belt: Belt) -> None:
    """Draw the number of bodies over distance, a colour for each class."""
    low, high = _edge_au(belt)
    edges = np.arange(low, high + 1e-9, 0.01 if len(belt) > _FEW else 0.05)
    kinds = sorted(range(len(CLASSES)), key=lambda k: -np.count_nonzero(belt.taxonomy == k))
    present = [k for k in kinds if (belt.taxonomy == k).any()]
    axes.hist(
        [belt.a_au[belt.taxonomy == k] for k in present],
        list(edges),
        stacked=True,
        color=[_COLOUR[LETTERS[k]] for k in present],
        label=[LETTERS[k] for k in present],
        histtype="stepfilled",
    )
    _gaps(axes, names=True)
    axes.set_xlim(low, high)
    axes.set_ylabel("bodies")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.7g}"))
    axes.grid(False, axis="x")
    axes.legend(
        title="class", ncols=4, loc="upper left", frameon=False, fontsize=8.5, handlelength=0.9,
        columnspacing=1.2, labelspacing=0.25,
    )  # fmt: skip


def _orbits(
    axes: Axes, belt: Belt, rows: NDArray[np.int64], y: NDArray[np.float64], marked: int | None
) -> None:
    axes.scatter(
        belt.a_au[rows],
        y[rows],
        s=_dot(belt, rows),
        c=_colours(belt, rows),
        alpha=0.85 if len(belt) <= _FEW else 0.55,
        lw=0,
        rasterized=True,
    )
    _gaps(axes, names=False)
    if marked is not None:
        _point_out(axes, belt, belt.a_au[marked], y[marked], marked)


def _point_out(axes: Axes, belt: Belt, x: float, y: float, row: int) -> None:
    axes.plot(x, y, "o", ms=13, mfc="none", mec="#000000", mew=1.4)
    axes.annotate(
        belt.name[row], (x, y), (10, 8), textcoords="offset points", weight="bold", size=9.5
    )


def _families(axes: Axes) -> None:
    """Name the families at their centres, the largest first, those that leave room."""
    placed: list[tuple[float, float]] = []
    for family in sorted(FAMILIES, key=lambda f: -f.members):
        x, y = family.a_au, float(np.degrees(np.arcsin(family.sin_i)))
        if all(abs(x - u) > 0.13 or abs(y - v) > 1.5 for u, v in placed):
            placed.append((x, y))
            box = {"boxstyle": "round,pad=0.15", "fc": "#FFFFFFC0", "ec": "none"}
            axes.annotate(family.name, (x, y), ha="center", va="center", size=8, bbox=box)


def _name_largest(axes: Axes, belt: Belt, marked: int | None) -> None:
    """Name the largest bodies, those that leave one another room."""
    low, high = _edge_au(belt)
    placed: list[tuple[float, float]] = []
    for row in np.argsort(-belt.diameter_km)[:45]:
        x, y = float(belt.a_au[row]), float(belt.i_deg[row])
        inside = low < x < high - 0.1 and y < 36
        free = all(abs(x - u) > 0.17 or abs(y - v) > 1.7 for u, v in placed)
        if inside and free and row != marked:
            name = str(belt.name[row]).partition(" ")[2]
            axes.annotate(name, (x, y), (5, 4), textcoords="offset points", size=8, color="#404040")
            placed.append((x, y))


def _from_above(
    axes: Axes, belt: Belt, rows: NDArray[np.int64], jd_tdb: float, marked: int | None
) -> None:
    """Draw where the bodies are, seen from the north of the ecliptic."""
    elements = (belt.a_au, belt.e, belt.i_deg, belt.node_deg, belt.peri_deg, belt.M_deg)
    x, y, *_ = states(orbits(*(c[rows] for c in (*elements, belt.epoch_jd_tdb))), jd_tdb)
    angle = np.linspace(0, 2 * np.pi, 361)
    for name, r in _PLANETS.items():
        axes.plot(r * np.cos(angle), r * np.sin(angle), color="#9A9A9A", lw=0.9, zorder=0.6)
        # a little off the line, at the upper left
        axes.annotate(
            name, (-0.7071 * r, 0.7071 * r), (-3, 3), textcoords="offset points", ha="right",
            size=8, color="#606060", annotation_clip=True,
        )  # fmt: skip
    axes.scatter(
        x, y, s=_dot(belt, rows), c=_colours(belt, rows), lw=0, rasterized=True,
        alpha=0.85 if len(belt) <= _FEW else 0.55,
    )  # fmt: skip
    axes.plot(0, 0, "o", color="#F0C000", ms=9, mec="#C09000", mew=0.8)
    if marked is not None:
        at = int(np.flatnonzero(rows == marked)[0]) if (rows == marked).any() else None
        if at is not None:
            _point_out(axes, belt, float(x[at]), float(y[at]), marked)
    axes.set_aspect("equal")
    edge = 4.3
    axes.set_xlim(-edge, edge)
    axes.set_ylim(-edge, edge)
    axes.set_title(f"From above, JD {jd_tdb:.1f}; AU")
    axes.grid(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.plot([-4, -3], [-4.1, -4.1], color="#404040", lw=1.6)
    axes.text(-3.5, -4.02, "1 AU", ha="center", va="bottom", size=8.5)


def _sizes(axes: Axes, belt: Belt) -> None:
    """Draw how many bodies are larger than a diameter, beside the belt's published counts."""
    diameter = np.sort(belt.diameter_km)[::-1]
    count = np.arange(1, len(diameter) + 1)
    step = np.unique(np.geomspace(1, len(count), 600).astype(int)) - 1
    known: Sequence[tuple[float, float]] = [s for s in SIZES if s[1] >= 1]
    axes.plot(*zip(*known, strict=True), color="#A0A0A0", lw=4, alpha=0.5)
    axes.plot(diameter[step], count[step], color=_COLOUR["C"])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(1200, max(0.4, diameter[-1] * 0.8))
    axes.set_ylim(0.7, max(len(count), 10) * 2.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.7g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("diameter, km")
    axes.set_title("Bodies larger than this; grey: the main belt")
