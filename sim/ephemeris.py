"""Where bodies are: two-body motion about the Sun from osculating elements, for one or a million.

A body's ellipse is kept as two vectors in its plane, p towards the perihelion with the length of
the semi-major axis and q ahead of it with that of the semi-minor one; then

    r = p (cos E - e) + q sin E,    v = (q cos E - p sin E) n / (1 - e cos E)

(Danby 1988, *Fundamentals of Celestial Mechanics*, sections 6.2 and 6.3; n is the mean motion, E
the eccentric anomaly). Frame: that of the elements, ecliptic and equinox J2000 here. Positions are
in AU, velocities in AU per day, times are Julian dates. Planets pull asteroids off these ellipses:
docs/validation.md says how far in how many years.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import jit as jit_room
from .errors import UsageError
from .kepler import E_FIXED, check_ellipses, eccentric, eccentric_any
from .orbit import SOLAR_W_M2
from .simd import inlined, parallel_rows, rows
from .trig import DEGREE, sin_cos

GAUSS_K = 0.01720209895
"""Gaussian gravitational constant, AU^1.5 per day: the Sun's GM is its square."""
SUN_AU3_D2 = GAUSS_K * GAUSS_K
"""GM of the Sun, AU^3/day^2; 1.32712440018e20 m^3/s^2."""
AU_M = 149_597_870_700.0
"""IAU 2012, resolution B2."""
AU_D_M_S = AU_M / 86_400.0
"""Metres a second in one AU a day."""
LIGHT_S_AU = 499.004784
"""Seconds that light takes for one AU."""
BLOCK = 8192
"""Rows per block of a parallel sweep."""

F64 = NDArray[np.float64]


class Orbits(NamedTuple):
    """Ellipses about the Sun, one row a body; made by `orbits`.

    Attributes
    ----------
    a_au : (n,) float64
        Semi-major axis, AU.
    e : (n,) float64
        Eccentricity, 0 <= e < 1.
    motion_rad_d : (n,) float64
        Mean motion, radians per day.
    M_rad : (n,) float64
        Mean anomaly at the epoch.
    epoch_jd : (n,) float64
        Julian date of the elements.
    px, py, pz : (n,) float64
        Vector to the perihelion, as long as the semi-major axis, AU.
    qx, qy, qz : (n,) float64
        Vector in the plane, 90 degrees ahead of it, as long as the semi-minor axis, AU.
    """

    a_au: F64
    e: F64
    motion_rad_d: F64
    M_rad: F64
    epoch_jd: F64
    px: F64
    py: F64
    pz: F64
    qx: F64
    qy: F64
    qz: F64

    def take(self, rows: ArrayLike) -> "Orbits":
        """Return the orbits of these rows (integers), as new rows."""
        chosen = np.atleast_1d(np.asarray(rows, np.int64))
        return Orbits(*(column[chosen] for column in self))


def orbits(
    a_au: ArrayLike,
    e: ArrayLike,
    i_deg: ArrayLike,
    node_deg: ArrayLike,
    peri_deg: ArrayLike,
    M_deg: ArrayLike,
    epoch_jd: ArrayLike,
) -> Orbits:
    """Make ready the orbits of bodies from their osculating elements.

    Parameters
    ----------
    a_au : (n,) array_like or float
        Semi-major axis, AU; a single number in any place stands for all rows.
    e : (n,) array_like or float
        Eccentricity, 0 <= e < 1.
    i_deg, node_deg, peri_deg, M_deg : (n,) array_like or float
        Inclination, longitude of the ascending node, argument of perihelion, mean anomaly, degrees.
    epoch_jd : (n,) array_like or float
        Julian date of the elements (TDB).

    Returns
    -------
    Orbits

    Raises
    ------
    UsageError
        Lengths that differ; elements that are not finite or not an ellipse's.
    """
    names = ("a_au", "e", "i_deg", "node_deg", "peri_deg", "M_deg", "epoch_jd")
    given = [
        np.atleast_1d(np.asarray(column, np.float64))
        for column in (a_au, e, i_deg, node_deg, peri_deg, M_deg, epoch_jd)
    ]
    for name, column in zip(names, given, strict=True):
        if column.ndim != 1:
            raise UsageError(
                f"orbits: {name} has shape {column.shape}; expected one row a body; flatten it"
            )
        if not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column)))
            raise UsageError(
                f"orbits: {name}[{row}] is {column[row]}; expected a finite number; leave the body "
                "out or mend its elements"
            )
    try:
        columns = [np.ascontiguousarray(column) for column in np.broadcast_arrays(*given)]
    except ValueError:
        shapes = ", ".join(str(len(column)) for column in given)
        raise UsageError(
            f"orbits: columns have {shapes} rows; expected one length; give each body all elements"
        ) from None
    check_ellipses(columns[1])
    if columns[0].min(initial=math.inf) <= 0:
        row = int(np.argmin(columns[0]))
        raise UsageError(
            f"orbits: a_au[{row}] is {columns[0][row]}; expected more than 0, as of an ellipse; "
            "mend the elements"
        )
    out = Orbits(columns[0], columns[1], *np.empty((9, len(columns[0]))))
    out.epoch_jd[:] = columns[6]
    _make_ready(out, *columns[2:6])
    return out


@rows
def _make_ready(o: Orbits, i_deg: F64, node_deg: F64, peri_deg: F64, M_deg: F64) -> None:
    for n in range(i_deg.shape[0]):
        a, e = o.a_au[n], o.e[n]
        sin_i, cos_i = sin_cos(i_deg[n] * DEGREE)
        sin_node, cos_node = sin_cos(node_deg[n] * DEGREE)
        sin_peri, cos_peri = sin_cos(peri_deg[n] * DEGREE)
        b = a * math.sqrt((1.0 - e) * (1.0 + e))
        o.motion_rad_d[n] = GAUSS_K / (a * math.sqrt(a))
        o.M_rad[n] = M_deg[n] * DEGREE
        o.px[n] = a * (cos_node * cos_peri - sin_node * sin_peri * cos_i)
        o.py[n] = a * (sin_node * cos_peri + cos_node * sin_peri * cos_i)
        o.pz[n] = a * (sin_peri * sin_i)
        o.qx[n] = -b * (cos_node * sin_peri + sin_node * cos_peri * cos_i)
        o.qy[n] = -b * (sin_node * sin_peri - cos_node * cos_peri * cos_i)
        o.qz[n] = b * (cos_peri * sin_i)


@inlined
def on_ellipse(
    e: float,
    motion_rad_d: float,
    sine: float,
    cosine: float,
    px: float,
    py: float,
    pz: float,
    qx: float,
    qy: float,
    qz: float,
) -> tuple[float, float, float, float, float, float]:
    """Return position (AU) and velocity (AU/day) from sine and cosine of the eccentric anomaly."""
    along = cosine - e
    rate = motion_rad_d / (1.0 - e * cosine)
    v_p = -rate * sine
    v_q = rate * cosine
    return (
        px * along + qx * sine,
        py * along + qy * sine,
        pz * along + qz * sine,
        px * v_p + qx * v_q,
        py * v_p + qy * v_q,
        pz * v_p + qz * v_q,
    )


@rows
def state(o: Orbits, row: int, jd: float) -> tuple[float, float, float, float, float, float]:
    """Return position and velocity of one body at one time.

    Parameters
    ----------
    o : Orbits
    row : int
    jd : float
        Julian date.

    Returns
    -------
    tuple of six float
        x, y, z in AU and vx, vy, vz in AU per day, heliocentric.
    """
    M = o.M_rad[row] + o.motion_rad_d[row] * (jd - o.epoch_jd[row])
    if o.e[row] < E_FIXED:
        _, sine, cosine = eccentric(M, o.e[row])
    else:
        _, sine, cosine = eccentric_any(M, o.e[row])
    return on_ellipse(
        o.e[row], o.motion_rad_d[row], sine, cosine,
        o.px[row], o.py[row], o.pz[row], o.qx[row], o.qy[row], o.qz[row],
    )  # fmt: skip


@rows
def _states_serial(
    e: F64, motion: F64, M_rad: F64, epoch: F64, px: F64, py: F64, pz: F64, qx: F64, qy: F64,
    qz: F64, jd: float, x: F64, y: F64, z: F64, vx: F64, vy: F64, vz: F64,
) -> None:  # fmt: skip
    """Fill rows of states at one time; hard ellipses are left to `_states_hard`."""
    for i in range(e.shape[0]):
        _, sine, cosine = eccentric(M_rad[i] + motion[i] * (jd - epoch[i]), e[i])
        x[i], y[i], z[i], vx[i], vy[i], vz[i] = on_ellipse(
            e[i], motion[i], sine, cosine, px[i], py[i], pz[i], qx[i], qy[i], qz[i]
        )


@rows
def _states_block(o: Orbits, jd: float, out: F64, start: int, stop: int) -> None:
    """Fill the states of some rows."""
    s = slice(start, stop)
    _states_serial(
        o.e[s], o.motion_rad_d[s], o.M_rad[s], o.epoch_jd[s], o.px[s], o.py[s], o.pz[s],
        o.qx[s], o.qy[s], o.qz[s], jd, out[0][s], out[1][s], out[2][s], out[3][s], out[4][s],
        out[5][s],
    )  # fmt: skip
    for row in range(start, stop):
        if o.e[row] >= E_FIXED:
            x, y, z, vx, vy, vz = state(o, row, jd)
            out[0, row], out[1, row], out[2, row] = x, y, z
            out[3, row], out[4, row], out[5, row] = vx, vy, vz


@parallel_rows
def _states_blocks(o: Orbits, jd: float, out: F64) -> None:
    for block in numba.prange(-(-o.e.shape[0] // BLOCK)):
        start = block * BLOCK
        _states_block(o, jd, out, start, min(start + BLOCK, o.e.shape[0]))


def states(o: Orbits, jd: float, out: F64 | None = None) -> F64:
    """Return positions and velocities of all bodies at one time.

    Parameters
    ----------
    o : Orbits
    jd : float
        Julian date.
    out : (6, n) float64, optional
        Filled and returned. For a million bodies a new array costs more time than their motion.

    Returns
    -------
    (6, n) float64
        x, y, z in AU and vx, vy, vz in AU per day, heliocentric, each a row of its own.
    """
    out = np.empty((6, len(o.e))) if out is None else out
    if len(o.e) >= jit_room.SERIAL_BELOW and jit_room.threads() > 1:
        _states_blocks(o, jd, out)
    else:
        _states_block(o, jd, out, 0, len(o.e))
    return out


@rows
def path(o: Orbits, row: int, jd: F64, out: F64) -> None:
    """Fill in the states of one body at many times.

    Parameters
    ----------
    o : Orbits
    row : int
    jd : (k,) float64
        Julian dates.
    out : (6, k) float64
        Filled with x, y, z in AU and vx, vy, vz in AU per day.
    """
    if o.e[row] < E_FIXED:
        _path_fixed(
            o.e[row], o.motion_rad_d[row], o.M_rad[row], o.epoch_jd[row], o.px[row], o.py[row],
            o.pz[row], o.qx[row], o.qy[row], o.qz[row], jd, out[0], out[1], out[2], out[3], out[4],
            out[5],
        )  # fmt: skip
    else:
        for k in range(jd.shape[0]):
            x, y, z, vx, vy, vz = state(o, row, jd[k])
            out[0, k], out[1, k], out[2, k] = x, y, z
            out[3, k], out[4, k], out[5, k] = vx, vy, vz


@rows
def _path_fixed(
    e: float, motion: float, M_rad: float, epoch: float, px: float, py: float, pz: float, qx: float,
    qy: float, qz: float, jd: F64, x: F64, y: F64, z: F64, vx: F64, vy: F64, vz: F64,
) -> None:  # fmt: skip
    for k in range(jd.shape[0]):
        _, sine, cosine = eccentric(M_rad + motion * (jd[k] - epoch), e)
        x[k], y[k], z[k], vx[k], vy[k], vz[k] = on_ellipse(
            e, motion, sine, cosine, px, py, pz, qx, qy, qz
        )


@inlined
def flux_at_w_m2(x_au: float, y_au: float, z_au: float) -> float:
    """Return the solar flux at a heliocentric position: S / r^2.

    Parameters
    ----------
    x_au, y_au, z_au : float
        AU.

    Returns
    -------
    float
        W/m2.
    """
    return SOLAR_W_M2 / (x_au * x_au + y_au * y_au + z_au * z_au)


@inlined
def light_time_s(
    x1_au: float, y1_au: float, z1_au: float, x2_au: float, y2_au: float, z2_au: float
) -> float:
    """Return how long light takes from one position to another.

    Parameters
    ----------
    x1_au, y1_au, z1_au, x2_au, y2_au, z2_au : float
        AU.

    Returns
    -------
    float
        Seconds.
    """
    x, y, z = x2_au - x1_au, y2_au - y1_au, z2_au - z1_au
    return LIGHT_S_AU * math.sqrt(x * x + y * y + z * z)
