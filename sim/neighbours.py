"""Bodies near in the space of orbits, where transfers are cheap: fast at a million bodies.

Each orbit is a point, and the distance of two points predicts the delta-v between them, in m/s.
With v the circular speed at the semi-major axis, a burn dv changes the axis by da/a = 2 dv/v, which
is v by dv; the eccentricity vector by 2 dv/v; the direction of the angular momentum by dv/v: by
Gauss's equations (Vallado 2013, *Fundamentals of Astrodynamics and Applications*, section 9.3). A
body that is ahead by the angle d is met after one revolution on an orbit longer or shorter by d in
2 pi: two burns of v d / (6 pi). So the point is

    v (1, e_x / 2, e_y / 2, h_x, h_y, l_x / (3 pi), l_y / (3 pi))

with e the eccentricity vector, h the unit vector of angular momentum, and l the unit vector of the
orbit's plane at the mean anomaly of the day in question. A k-d tree finds candidates; their
distances are then computed anew by + - * / and sqrt and sorted by (distance, row), so that neither
ties nor the tree's arithmetic decide anything.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from .ephemeris import AU_D_M_S, GAUSS_K, Orbits
from .errors import UsageError
from .simd import rows
from .trig import PI, reduced, sin_cos

DIMENSIONS = 7
_PHASE = 1.0 / (3.0 * PI)
_SPARE = 8
"""Candidates asked for beyond those wanted, to see that no tie is cut."""
_ROUNDING = 1e-9
"""Share by which the tree's distances may be wrong: a million times what they are."""

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@rows
def _points(o: Orbits, jd: float, out: F64) -> None:
    for n in range(o.e.shape[0]):
        a, e = o.a_au[n], o.e[n]
        per_a = 1.0 / a
        per_b = per_a / math.sqrt((1.0 - e) * (1.0 + e))
        px, py, pz = o.px[n] * per_a, o.py[n] * per_a, o.pz[n] * per_a
        qx, qy, qz = o.qx[n] * per_b, o.qy[n] * per_b, o.qz[n] * per_b
        sine, cosine = sin_cos(reduced(o.M_rad[n] + o.motion_rad_d[n] * (jd - o.epoch_jd[n])))
        v = GAUSS_K / math.sqrt(a) * AU_D_M_S
        out[n, 0] = v
        out[n, 1] = 0.5 * v * e * px
        out[n, 2] = 0.5 * v * e * py
        out[n, 3] = v * (py * qz - pz * qy)
        out[n, 4] = v * (pz * qx - px * qz)
        out[n, 5] = _PHASE * v * (cosine * px + sine * qx)
        out[n, 6] = _PHASE * v * (cosine * py + sine * qy)


@rows
def _sorted(points: F64, row: I64, near: I64, k: int, out: I64, distance: F64) -> None:
    """Put the k nearest of the candidates of each row in order of (distance, row)."""
    for m in range(row.shape[0]):
        count = 0
        for candidate in near[m]:
            if candidate == row[m] or candidate == points.shape[0]:
                continue
            total = 0.0
            for d in range(DIMENSIONS):
                gap = points[candidate, d] - points[row[m], d]
                total += gap * gap
            at = count
            while at > 0 and (
                distance[m, at - 1] > total
                or (distance[m, at - 1] == total and out[m, at - 1] > candidate)
            ):
                if at < k:
                    distance[m, at], out[m, at] = distance[m, at - 1], out[m, at - 1]
                at -= 1
            if at < k:
                distance[m, at], out[m, at] = total, candidate
                count = min(count + 1, k)
        for at in range(k):
            distance[m, at] = math.sqrt(distance[m, at])


class Neighbours:
    """The bodies of a belt, made ready to be asked who is near.

    Parameters
    ----------
    o : Orbits
    jd : float
        Julian date about which flights are meant. Where bodies stand to each other changes slowly
        among orbits that are near: a year or two do not matter.

    Attributes
    ----------
    points : (n, 7) float64
        See above; m/s.
    """

    def __init__(self, o: Orbits, jd: float) -> None:
        self.points: F64 = np.empty((len(o.e), DIMENSIONS))
        _points(o, jd, self.points)
        self._tree = cKDTree(self.points)

    def nearest(self, row: ArrayLike, k: int) -> tuple[I64, F64]:
        """Find the bodies to which transfers are likely to be cheapest.

        Parameters
        ----------
        row : (m,) array_like of int
            Rows of the bodies to depart from.
        k : int
            How many for each; below the number of bodies.

        Returns
        -------
        index : (m, k) int64
            Rows of the neighbours, nearest first; of equals, the first row first.
        distance_m_s : (m, k) float64
            A guess of the sum of both burns.

        Raises
        ------
        UsageError
            Rows that are not there, or more neighbours than bodies.
        """
        count = len(self.points)
        row = np.atleast_1d(np.ascontiguousarray(row, np.int64))
        if len(row) and not 0 <= row.min() <= row.max() < count:
            bad = row[(row < 0) | (row >= count)][0]
            raise UsageError(f"nearest: row {bad}; expected 0 to {count - 1}; name a body's row")
        if not 0 < k < count:
            raise UsageError(
                f"nearest: k is {k}; expected 1 to {count - 1}, the other bodies; ask for fewer"
            )
        asked = min(k + 1 + _SPARE, count)
        about, near = map(np.asarray, self._tree.query(self.points[row], asked))
        near = near.astype(np.int64)
        out = np.empty((len(row), k), np.int64)
        distance = np.empty((len(row), k))
        _sorted(self.points, row, near, k, out, distance)
        if asked < count:
            # where the last asked for are as near as the last wanted, others may be as well
            reach = about[:, k] * (1.0 + _ROUNDING)
            for m in np.flatnonzero(about[:, -1] <= reach):
                ball = self._tree.query_ball_point(self.points[row[m]], reach[m])
                all_near = np.array([ball], np.int64)
                _sorted(
                    self.points, row[m : m + 1], all_near, k, out[m : m + 1], distance[m : m + 1]
                )
        return out, distance
