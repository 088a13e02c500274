"""Cases of motion and transfers that the CPU and a CUDA device must answer with the same bits."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxon.sim.ephemeris import states
from auxon.sim.kepler import eccentric_anomalies
from auxon.sim.lambert import lambert_velocities
from auxon.sim.porkchop import porkchop
from tests.orbit_cases import EPOCH_JD, belt

CPU = SimpleNamespace(
    eccentric_anomalies=eccentric_anomalies,
    states=states,
    lambert_velocities=lambert_velocities,
    porkchop=porkchop,
)
"""The doors that `auxon.sim.cuda_orbits` has too."""


def answers(doors: Any, rows: int) -> dict[str, NDArray[np.float64]]:
    """Ask doors about so many rows (20 or more), easy and hard ones."""
    rng = np.random.default_rng(1)
    M, e = rng.uniform(-400.0, 400.0, rows), rng.uniform(0.0, 1.0, rows)
    # no anomaly, a circle, both sides of where another solver takes over, almost a parabola
    M[:2], M[4:6], e[1:6] = 0.0, (1e-9, 3.0), (0.0, 0.99, np.nextafter(0.99, 0), 1 - 1e-13, 0.9999)
    o = belt(rows, 2)
    o.e[rows // 2] = 0.995
    r1 = states(o, EPOCH_JD)[:3]
    r2 = states(belt(rows, 3), EPOCH_JD)[:3]
    tof = rng.uniform(100.0, 1500.0, rows)
    # flagged: in no time, in all time, nearly the same place, the same, opposite, next to opposite
    tof[:2] = 0.01, 1e7
    r2[:, 2] = r1[:, 2] * (1 + 1e-6)
    r2[:, 3] = r1[:, 3]
    r2[:, 4] = -2 * r1[:, 4]
    r2[:, 5] = -2 * r1[:, 5] + np.array([0.0, 1e-9, 0.0])
    days = EPOCH_JD + np.linspace(0, 3000, rows // 10)
    flights = np.concatenate([[0.5, 3.0], np.linspace(30.0, 20_000.0, rows // 10)])
    chart = doors.porkchop(o, 0, 1, days, flights)
    hard = doors.porkchop(o, rows // 2, 1, days, flights)
    return {
        "kepler": doors.eccentric_anomalies(M, e),
        "states": doors.states(o, EPOCH_JD + 1234.5),
        "lambert": doors.lambert_velocities(r1, r2, tof),
        "porkchop": chart.delta_v_m_s,
        "porkchop, hard ellipse": hard.delta_v_m_s,
    }
