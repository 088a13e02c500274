"""What a site knows when it thinks of an expedition, as numbers that mean the same anywhere.

Robots and mass are counted in kits, times in years: nothing depends on how many species, materials
or steps a scenario has. A site knows of ships and sites of its lineage what those tell it; light
crosses a belt in less than an hour, so what was a step ago has been heard.
"""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.explog import log
from auxon.sim.jit import jit
from auxon.sim.observation import Kit, Observation
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.state import FLYING, LOADING, SETTLED, Flows, Sites
from auxon.sim.tables import Tables

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

FEATURES = (
    "robots",  # doublings over a kit's
    "mass",  # of robots, doublings over a kit's
    "ready",  # healthy robots over those the kit needs, of the species shortest of it, at most 4
    "full",  # robots over the most a site may have
    "broken",  # share of the robots
    "loading",  # 1 if an expedition loads
    "booked",  # 1 if it has a trip
    "short",  # share of the kit's stock that is not at hand, nor packed, mean over materials
    "power",  # energy wanted over energy there is, at most 4
    "light",  # power of the best collector, doublings over a watt a kilogram
    "rock",  # what is left of the claim, as a share
    "staked",  # 1 if there is a claim
    "age",  # years since it was founded, as doublings over one, of one more
    "since",  # years since its last expedition left, at most 5; 5 if none has
    "sent",  # expeditions that left, as doublings over one, of one more
    "risk",  # share of ships lost at each launch
    "sites",  # of its lineage, settled, in doublings over one
    "aloft",  # robots that left since it began to plan and fly, in kits, doublings of one more
    "founded",  # robots of sites founded since by what left, likewise
)
ALOFT, FOUNDED = FEATURES.index("aloft"), FEATURES.index("founded")
LEAST = 1 / 20
"""Kits that count as the least: the logarithm of nothing would drown all else."""
_LONG_YEARS = 5.0


def features(o: Observation, sites: I64) -> F64:
    """Return (n, F) features of settled sites; F as in `FEATURES`, the last two 0.

    Parameters
    ----------
    o : Observation
        Of a scenario in which sites send expeditions.
    sites : (n,) int64
    """
    assert o.kit
    out = np.zeros((len(sites), len(FEATURES)))
    _describe(sites, o.tables, o.sites, o.flows, o.kit, o.step, o.dt_s, out)
    return out


@jit
def doublings(x: float) -> float:
    """Return the binary logarithm, the same bits everywhere."""
    return float(log(x) / 0.6931471805599453)


@jit
def _describe(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, kit: Kit, step: int, dt_s: int,
    out: np.ndarray,
) -> None:  # fmt: skip
    year_s = YEAR_DAYS * 86400.0
    for n in range(sites.shape[0]):
        s, x = sites[n], out[n]
        robots, broken, mass, kit_robots, kit_mass = 0.0, 0.0, 0.0, 0.0, 0.0
        ready, light = 4.0, 1e-6
        for k in range(kit.robots.shape[0]):
            have, mass_g = f.healthy[s, k] + f.broken[s, k], float(t.species_mass_g[k])
            robots += have
            broken += f.broken[s, k]
            mass += have * mass_g
            kit_robots += kit.robots[k]
            kit_mass += kit.robots[k] * mass_g
            light = max(light, f.supply_W[s, k] / mass_g * 1000.0)
            if kit.spare[k] > 0:  # carriers are built when they are needed
                ready = min(ready, f.healthy[s, k] / kit.robots[k])
        x[0] = doublings(max(LEAST, robots / kit_robots))
        x[1] = doublings(max(LEAST, mass / kit_mass))
        x[2] = ready
        x[3] = robots / kit.most_robots
        x[4] = broken / max(1.0, robots)
        x[13] = _LONG_YEARS
        ship, settled = -1, 0
        for i in range(w.state.shape[0]):
            settled += w.state[i] == SETTLED and w.lineage[i] == w.lineage[s]
            if w.origin[i] == s and w.goal[i] < 0:
                if w.state[i] == LOADING:
                    ship = i
                if w.state[i] == FLYING or w.state[i] == SETTLED:
                    x[13] = min(x[13], (step - w.left_at[i]) * dt_s / year_s)
        x[5] = 1.0 if ship >= 0 else 0.0
        x[6] = 1.0 if ship >= 0 and w.left_at[ship] >= 0 else 0.0
        x[7] = _short(w, f, kit, s, ship)
        x[8] = min(4.0, w.energy_fp[s] / 256.0)
        x[9] = doublings(light)
        x[11] = 1.0 if w.claim[s] > 0 else 0.0
        x[10] = w.stock[s, t.rock] / max(1, w.claim[s]) * x[11]
        x[12] = doublings(1.0 + (step - w.arrives_at[s]) * dt_s / year_s)
        x[14] = doublings(1.0 + w.sent[s])
        x[15] = kit.loss_per_launch
        x[16] = doublings(float(max(1, settled)))


@jit
def _short(w: Sites, f: Flows, kit: Kit, s: int, ship: int) -> float:
    """Return the mean share of a kit's materials that a site, or the ship it loads, lacks."""
    lacking, materials = 0.0, 0
    for m in range(kit.stock.shape[0]):
        if kit.stock[m] > 0:
            lack = max(0, kit.stock[m] - max(0, w.stock[s, m] - f.keep[s, m]))
            if ship >= 0:
                lack = w.packing[ship, m]
            lacking += lack / kit.stock[m]
            materials += 1
    return lacking / max(1, materials)
