"""Motion and transfers on a CUDA device: twins of the doors of `kepler`, `ephemeris` and others.

Each takes and returns what its twin of the same name does, with the same bits. A thread takes one
body, one transfer, one cell of a chart, and calls the rules that the CPU calls. Transfers that are
flagged (see `sim/lambert.py`), one in thousands, are solved by the CPU afterwards.

The kernels are public too, for what stays on the device (`to_device`, `empty`).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cuda import by_row, empty, to_device, to_host
from .ephemeris import SUN_AU3_D2, Orbits, state
from .kepler import E_FIXED, check_anomalies, eccentric, eccentric_any
from .lambert import check_transfers, lambert, solve_flagged
from .porkchop import Porkchop, cell, cell_any, check_chart
from .simd import rows

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]


@by_row
def eccentric_kernel(row: int, M_rad: F64, e: F64, out: F64) -> None:
    """Solve one Kepler equation."""
    if e[row] < E_FIXED:
        out[row] = eccentric(M_rad[row], e[row])[0]
    else:
        out[row] = eccentric_any(M_rad[row], e[row])[0]


@by_row
def states_kernel(row: int, o: Orbits, jd: float, out: F64) -> None:
    """Fill in where one body is and how it moves; `out` is (6, n)."""
    x, y, z, vx, vy, vz = state(o, row, jd)
    out[0, row], out[1, row], out[2, row] = x, y, z
    out[3, row], out[4, row], out[5, row] = vx, vy, vz


@by_row
def lambert_kernel(
    row: int, r1: F64, r2: F64, tof: F64, mu: float, out: F64, flagged: Flags
) -> None:
    """Solve one direct transfer or flag it; `r1` and `r2` are (3, n), `out` is (6, n)."""
    x1, y1, z1 = r1[0, row], r1[1, row], r1[2, row]
    x2, y2, z2 = r2[0, row], r2[1, row], r2[2, row]
    f, g, h, flag = lambert(x1, y1, z1, x2, y2, z2, tof[row], mu)
    out[0, row], out[1, row], out[2, row] = f * x1 + g * x2, f * y1 + g * y2, f * z1 + g * z2
    out[3, row], out[4, row], out[5, row] = h * x2 - g * x1, h * y2 - g * y1, h * z2 - g * z1
    flagged[row] = flag


@by_row
def porkchop_kernel(
    place: int, o: Orbits, origin: int, target: int, departures: F64, tof: F64, out: F64,
    flagged: Flags,
) -> None:  # fmt: skip
    """Fill in one cell of a chart, m/s, or flag it; the last axis is that of `tof`."""
    i, k = place // tof.shape[0], place % tof.shape[0]
    x1, y1, z1, vx1, vy1, vz1 = state(o, origin, departures[i])
    x2, y2, z2, vx2, vy2, vz2 = state(o, target, departures[i] + tof[k])
    cost, flag = cell(x1, y1, z1, vx1, vy1, vz1, x2, y2, z2, vx2, vy2, vz2, tof[k])
    out[i, k] = cost
    flagged[i, k] = flag


@rows
def _solve_flagged_cells(
    o: Orbits, origin: int, target: int, departures: F64, tof: F64, out: F64, flagged: Flags
) -> None:
    for i in range(departures.shape[0]):
        for k in range(tof.shape[0]):
            if flagged[i, k]:
                x1, y1, z1, vx1, vy1, vz1 = state(o, origin, departures[i])
                x2, y2, z2, vx2, vy2, vz2 = state(o, target, departures[i] + tof[k])
                out[i, k] = cell_any(x1, y1, z1, vx1, vy1, vz1, x2, y2, z2, vx2, vy2, vz2, tof[k])


def eccentric_anomalies(M_rad: ArrayLike, e: ArrayLike) -> F64:
    """Solve Kepler's equation for many bodies; see `kepler.eccentric_anomalies`."""
    M, e = check_anomalies(M_rad, e)
    out = empty(len(M))
    eccentric_kernel(len(M), to_device(M), to_device(e), out)
    return to_host(out)


def states(o: Orbits, jd: float) -> F64:
    """Return positions and velocities of all bodies at one time; see `ephemeris.states`.

    Parameters
    ----------
    o : Orbits
        Of the host or, if there are times to come, of the device: ``to_device(o)``.
    jd : float
        Julian date.

    Returns
    -------
    (6, n) float64
    """
    count = len(o.e)
    out = empty((6, count))
    states_kernel(count, to_device(o), float(jd), out)
    return to_host(out)


def lambert_velocities(r1: ArrayLike, r2: ArrayLike, tof: ArrayLike, mu: float = SUN_AU3_D2) -> F64:
    """Solve many direct transfers; see `lambert.lambert_velocities`."""
    start, end, days = check_transfers(r1, r2, tof, mu)
    out, flagged = empty((6, len(days))), empty(len(days), np.bool_)
    lambert_kernel(
        len(days), to_device(start), to_device(end), to_device(days), float(mu), out, flagged
    )
    v, flags = to_host(out), to_host(flagged)
    (x1, y1, z1), (x2, y2, z2) = start, end
    solve_flagged(
        x1, y1, z1, x2, y2, z2, days, float(mu), v[0], v[1], v[2], v[3], v[4], v[5], flags
    )
    return v


def porkchop(
    o: Orbits, origin: int, target: int, departures_jd: ArrayLike, tof_d: ArrayLike
) -> Porkchop:
    """Compute a chart; see `porkchop.porkchop`."""
    departures, tof = check_chart(o, origin, target, departures_jd, tof_d)
    pair, shape = o.take([origin, target]), (len(departures), len(tof))
    out, flagged = empty(shape), empty(shape, np.bool_)
    porkchop_kernel(
        len(departures) * len(tof), to_device(pair), 0, 1, to_device(departures), to_device(tof),
        out, flagged,
    )  # fmt: skip
    cost, flags = to_host(out), to_host(flagged)
    _solve_flagged_cells(pair, 0, 1, departures, tof, cost, flags)
    return Porkchop(o, origin, target, departures, tof, cost)
