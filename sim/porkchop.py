"""Porkchop charts: what a rendezvous costs, over the days of departure and the times of flight.

A cell is the direct (less than one revolution) Lambert transfer between two bodies that departs and
arrives with their velocities: the sum of both burns. Bodies are without mass, since an asteroid's
escape velocity is below one percent of the burns. Transfers with full revolutions are left out:
`sim/lambert.py` finds them.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import jit as jit_room
from .ephemeris import AU_D_M_S, SUN_AU3_D2, Orbits, path, state
from .errors import UsageError
from .lambert import lambert
from .lambert_robust import lambert_any
from .simd import inlined, parallel_rows, rows

PARALLEL_FROM = 20_000
"""Cells from which several threads are faster than one."""
_ZOOMS = 7
_ZOOM = 4.0
"""Each zoom divides the cells by so much, about the best one."""
_ZOOM_POINTS = 13
_APART = 1.0 / 12.0
"""Least distance of two low cells that count as two, as a share of the chart."""

F64 = NDArray[np.float64]


@inlined
def _burns(
    f: float, g: float, h: float, x1: float, y1: float, z1: float, vx1: float, vy1: float,
    vz1: float, x2: float, y2: float, z2: float, vx2: float, vy2: float, vz2: float,
) -> tuple[float, float]:  # fmt: skip
    """Return both burns in AU per day, from Lambert's numbers and the states of both bodies."""
    ax, ay, az = f * x1 + g * x2 - vx1, f * y1 + g * y2 - vy1, f * z1 + g * z2 - vz1
    bx, by, bz = h * x2 - g * x1 - vx2, h * y2 - g * y1 - vy2, h * z2 - g * z1 - vz2
    return math.sqrt(ax * ax + ay * ay + az * az), math.sqrt(bx * bx + by * by + bz * bz)


@inlined
def cell(
    x1: float, y1: float, z1: float, vx1: float, vy1: float, vz1: float, x2: float, y2: float,
    z2: float, vx2: float, vy2: float, vz2: float, tof: float,
) -> tuple[float, bool]:  # fmt: skip
    """Return what a rendezvous costs, m/s, from the states of both bodies, without branches.

    Returns
    -------
    cost : float
    flagged : bool
        The number may be wrong: take that of `cell_any`.
    """
    f, g, h, flagged = lambert(x1, y1, z1, x2, y2, z2, tof, SUN_AU3_D2)
    first, second = _burns(f, g, h, x1, y1, z1, vx1, vy1, vz1, x2, y2, z2, vx2, vy2, vz2)
    return (first + second) * AU_D_M_S, flagged


@rows
def cell_any(
    x1: float, y1: float, z1: float, vx1: float, vy1: float, vz1: float, x2: float, y2: float,
    z2: float, vx2: float, vy2: float, vz2: float, tof: float,
) -> float:  # fmt: skip
    """Return the same for any case; infinity where the transfer's plane is open."""
    f, g, h = lambert_any(x1, y1, z1, x2, y2, z2, tof, SUN_AU3_D2)
    first, second = _burns(f, g, h, x1, y1, z1, vx1, vy1, vz1, x2, y2, z2, vx2, vy2, vz2)
    cost = (first + second) * AU_D_M_S
    return cost if cost >= 0.0 else math.inf


@rows
def _cells(
    x1: float, y1: float, z1: float, vx1: float, vy1: float, vz1: float, x2: F64, y2: F64, z2: F64,
    vx2: F64, vy2: F64, vz2: F64, tof: F64, out: F64, flagged: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Fill one row of a chart, m/s."""
    count = 0
    for k in range(tof.shape[0]):
        out[k], flagged[k] = cell(
            x1, y1, z1, vx1, vy1, vz1, x2[k], y2[k], z2[k], vx2[k], vy2[k], vz2[k], tof[k]
        )
        count += flagged[k]
    if count > 0:
        for k in range(tof.shape[0]):
            if flagged[k]:
                out[k] = cell_any(
                    x1, y1, z1, vx1, vy1, vz1, x2[k], y2[k], z2[k], vx2[k], vy2[k], vz2[k], tof[k]
                )


@rows
def _row(o: Orbits, origin: int, target: int, departure: float, tof: F64, out: F64) -> None:
    """Fill the row of one day of departure."""
    there = np.empty((6, tof.shape[0]))
    path(o, target, departure + tof, there)
    x, y, z, vx, vy, vz = state(o, origin, departure)
    _cells(
        x, y, z, vx, vy, vz, there[0], there[1], there[2], there[3], there[4], there[5], tof, out,
        np.empty(tof.shape[0], np.bool_),
    )  # fmt: skip


@rows
def _chart(o: Orbits, origin: int, target: int, departures: F64, tof: F64, out: F64) -> None:
    for i in range(departures.shape[0]):
        _row(o, origin, target, departures[i], tof, out[i])


@parallel_rows
def _chart_parallel(
    o: Orbits, origin: int, target: int, departures: F64, tof: F64, out: F64
) -> None:
    for i in numba.prange(departures.shape[0]):
        _row(o, origin, target, departures[i], tof, out[i])


@rows
def _least(
    o: Orbits, origin: int, target: int, departures: F64, tof: F64, cell: F64
) -> tuple[float, int, int]:
    """Return the least cost of a chart and its place, the first of equals; `cell` is scratch."""
    best, at, during = math.inf, 0, 0
    for i in range(departures.shape[0]):
        _row(o, origin, target, departures[i], tof, cell)
        for k in range(tof.shape[0]):
            if cell[k] < best:
                best, at, during = cell[k], i, k
    return best, at, during


@rows
def _cheapest(
    o: Orbits, origin: int, targets: NDArray[np.int64], departures: F64, tof: F64, cost: F64,
    place: NDArray[np.int64],
) -> None:  # fmt: skip
    cell = np.empty(tof.shape[0])
    for n in range(targets.shape[0]):
        cost[n], place[n, 0], place[n, 1] = _least(o, origin, targets[n], departures, tof, cell)


@parallel_rows
def _cheapest_parallel(
    o: Orbits, origin: int, targets: NDArray[np.int64], departures: F64, tof: F64, cost: F64,
    place: NDArray[np.int64],
) -> None:  # fmt: skip
    for n in numba.prange(targets.shape[0]):
        cell = np.empty(tof.shape[0])
        cost[n], place[n, 0], place[n, 1] = _least(o, origin, targets[n], departures, tof, cell)


class Flight(NamedTuple):
    """One rendezvous.

    Attributes
    ----------
    departure_jd : float
        Julian date.
    tof_d : float
        Time of flight, days.
    departure_m_s, arrival_m_s : float
        Both burns.
    """

    departure_jd: float
    tof_d: float
    departure_m_s: float
    arrival_m_s: float

    @property
    def delta_v_m_s(self) -> float:
        """Sum of both burns."""
        return self.departure_m_s + self.arrival_m_s


class Porkchop(NamedTuple):
    """A chart; made by `porkchop`.

    Attributes
    ----------
    o : Orbits
    origin, target : int
        Rows of both bodies.
    departures_jd : (m,) float64
    tof_d : (k,) float64
        Times of flight, days.
    delta_v_m_s : (m, k) float64
        Sum of both burns; infinite where the transfer's plane is open.
    """

    o: Orbits
    origin: int
    target: int
    departures_jd: F64
    tof_d: F64
    delta_v_m_s: F64


def porkchop(
    o: Orbits, origin: int, target: int, departures_jd: ArrayLike, tof_d: ArrayLike
) -> Porkchop:
    """Compute a chart.

    Parameters
    ----------
    o : Orbits
    origin, target : int
        Rows of two bodies.
    departures_jd : (m,) array_like
        Julian dates of departure.
    tof_d : (k,) array_like
        Times of flight, above 0, days.

    Returns
    -------
    Porkchop
        It does not depend on the number of threads.

    Raises
    ------
    UsageError
        Times not above 0, rows that are not there, both bodies the same.
    """
    departures, tof = check_chart(o, origin, target, departures_jd, tof_d)
    out = np.empty((len(departures), len(tof)))
    parallel = out.size >= PARALLEL_FROM and jit_room.threads() > 1
    (_chart_parallel if parallel else _chart)(o, origin, target, departures, tof, out)
    return Porkchop(o, origin, target, departures, tof, out)


def cheapest(
    o: Orbits, origin: int, targets: ArrayLike, departures_jd: ArrayLike, tof_d: ArrayLike
) -> tuple[F64, F64, F64]:
    """Find the best cell of the chart to each of many targets.

    Parameters
    ----------
    o : Orbits
    origin : int
        Row of the body to depart from.
    targets : (t,) array_like of int
        Rows of the bodies to reach.
    departures_jd : (m,) array_like
        Julian dates of departure.
    tof_d : (k,) array_like
        Times of flight, above 0, days.

    Returns
    -------
    delta_v_m_s : (t,) float64
        Sum of both burns.
    departure_jd, tof_d : (t,) float64
        When, and for how long.

    Raises
    ------
    UsageError
        As `porkchop`.
    """
    departures, tof = _axes(departures_jd, tof_d)
    targets = np.ascontiguousarray(targets, np.int64)
    _check_rows(o, origin, targets)
    cost = np.empty(len(targets))
    place = np.empty((len(targets), 2), np.int64)
    cells = len(targets) * len(departures) * len(tof)
    parallel = cells >= PARALLEL_FROM and jit_room.threads() > 1
    (_cheapest_parallel if parallel else _cheapest)(
        o, origin, targets, departures, tof, cost, place
    )
    return cost, departures[place[:, 0]], tof[place[:, 1]]


def flight(o: Orbits, origin: int, target: int, departure_jd: float, tof_d: float) -> Flight:
    """Compute one direct transfer.

    Parameters
    ----------
    o : Orbits
    origin, target : int
        Rows of two bodies.
    departure_jd : float
        Julian date.
    tof_d : float
        Time of flight, above 0, days.

    Returns
    -------
    Flight
        Burns are not a number if the positions are opposite each other.
    """
    there = state(o, target, departure_jd + tof_d)
    here = state(o, origin, departure_jd)
    numbers = lambert_any(*here[:3], *there[:3], tof_d, SUN_AU3_D2)
    first, second = _burns(*numbers, *here, *there)
    return Flight(departure_jd, tof_d, first * AU_D_M_S, second * AU_D_M_S)


def best_flights(chart: Porkchop, count: int) -> list[Flight]:
    """Return the best local minima of a chart, cheapest first, refined between its cells.

    Parameters
    ----------
    chart : Porkchop
    count : int
        At most so many.

    Returns
    -------
    list of Flight
        None departs or flies longer or shorter than the chart has it. From the cells that are no
        dearer than any beside them the cheapest are taken, each at least a twelfth of the chart
        away from those before; about each, ever finer charts are made, down to some thousandth of
        a cell.
    """
    cost = chart.delta_v_m_s
    m, k = cost.shape
    padded = np.pad(cost, 1, constant_values=np.inf)
    beside = [padded[i : i + m, j : j + k] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    low = np.argwhere(np.isfinite(cost) & (cost <= np.min(beside, axis=0)))
    chosen: list[tuple[int, int]] = []
    for i, j in low[np.argsort(cost[tuple(low.T)], kind="stable")].tolist():
        apart = [max(abs(i - other[0]) / m, abs(j - other[1]) / k) for other in chosen]
        if len(chosen) < count and min(apart, default=1.0) >= _APART:
            chosen.append((i, j))
    found = [_zoom(chart, i, j) for i, j in chosen]
    return sorted(found, key=lambda each: each.delta_v_m_s)


def _zoom(chart: Porkchop, i: int, k: int) -> Flight:
    """Return the best flight near a cell."""
    departures, tof = chart.departures_jd, chart.tof_d
    day, days = departures[i], tof[k]
    wide, long = _spacing(departures), _spacing(tof)
    for _ in range(_ZOOMS):
        fan = np.linspace(-1.0, 1.0, _ZOOM_POINTS)
        fine = porkchop(
            chart.o,
            chart.origin,
            chart.target,
            np.clip(day + wide * fan, departures[0], departures[-1]),
            np.clip(days + long * fan, tof[0], tof[-1]),
        )
        at, during = np.unravel_index(np.argmin(fine.delta_v_m_s), fine.delta_v_m_s.shape)
        day, days = fine.departures_jd[at], fine.tof_d[during]
        wide, long = wide / _ZOOM, long / _ZOOM
    return flight(chart.o, chart.origin, chart.target, float(day), float(days))


def _spacing(axis: F64) -> float:
    return float(np.diff(axis).max(initial=0.0))


def check_chart(
    o: Orbits, origin: int, target: int, departures_jd: ArrayLike, tof_d: ArrayLike
) -> tuple[F64, F64]:
    """Return the axes that `porkchop` was given as rows, or refuse what it was given."""
    _check_rows(o, origin, np.array([target]))
    return _axes(departures_jd, tof_d)


def _axes(departures_jd: ArrayLike, tof_d: ArrayLike) -> tuple[F64, F64]:
    """Check both axes of a chart."""
    departures = np.atleast_1d(np.ascontiguousarray(departures_jd, np.float64))
    tof = np.atleast_1d(np.ascontiguousarray(tof_d, np.float64))
    for name, axis in (("departures_jd", departures), ("tof_d", tof)):
        if axis.ndim != 1 or not len(axis) or not np.isfinite(axis).all():
            raise UsageError(f"{name} is {axis}; expected one row of finite numbers; give it so")
    if tof.min() <= 0:
        raise UsageError(
            f"tof_d begins with {tof.min()}; expected more than 0; arrive after departing"
        )
    return departures, tof


def _check_rows(o: Orbits, origin: int, targets: NDArray[np.int64]) -> None:
    """Refuse rows that are not there, and flights from a body to itself."""
    count = len(o.e)
    for row in (origin, *targets.tolist()):
        if not 0 <= row < count:
            raise UsageError(
                f"there is no body in row {row}; expected 0 to {count - 1}; name a row of the "
                "orbits"
            )
    if origin in targets:
        raise UsageError(
            f"row {origin} is origin and target; expected two bodies; leave it out of the targets"
        )
