"""Phase *environment*: sunlight at a body's true distance sets the power of every collector."""

import numpy as np

from .jit import jit
from .orbit import flux_w_m2
from .partial import Partial
from .state import Flows, Sites
from .tables import Tables
from .weather import shaded


@jit
def shine(
    sites: np.ndarray, o: Partial, t: Tables, w: Sites, f: Flows, a_au: np.ndarray, e: np.ndarray,
    M_deg: np.ndarray, days: float, sun_fraction: float, seed: int, step: int,
) -> None:  # fmt: skip
    """Set the power of a robot of each species at these sites.

    Parameters
    ----------
    sites : (n,) int64
    a_au, e, M_deg : (B,) float64
        Orbits of the bodies, with the mean anomaly at the start of the run.
    days : float
        Since then.
    sun_fraction : float
        Share of the time in sunlight.
    """
    for s in sites:
        b = w.body[s]
        sun_w_m2 = flux_w_m2(a_au[b], e[b], M_deg[b], days) * sun_fraction
        if shaded(o, s, seed, step):
            sun_w_m2 *= o.light
        for k in range(t.idle_W.shape[0]):
            f.supply_W[s, k] = int(t.electric_m2[k] * sun_w_m2)
            f.heat_W[s, k] = int(t.heat_m2[k] * sun_w_m2)
