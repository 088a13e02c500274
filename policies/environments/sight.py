"""What a robot sees: itself, its task, its kind, its site.

Nothing in it depends on how many species or processes a scenario has, so that weights fit any.
"""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.jit import inner, jit
from auxon.sim.observation import ROBOT_FEATURES, TASK_FEATURES, Observation, describe
from auxon.sim.state import Flows, Robots, Sites
from auxon.sim.tables import REPAIR, Tables

KIND_FEATURES = (
    "works",  # there are tasks for its kind
    "assembles",
    "repairs",
    "collects",  # turns sunlight into power
    "pressure",  # backlog of its kind in steps, at most 8
    "broken",  # share of its kind that is
    "kind_number",  # fourth root of how many of its kind are healthy, over 8
    "robots_number",  # fourth root of how many robots there are, over 8
    "energy",  # wanted over what there is, at most 8
    "electricity",
)
SIGHT = (*ROBOT_FEATURES, *(f"task_{name}" for name in TASK_FEATURES), *KIND_FEATURES)
"""Names of the columns. Those of the task are 0 without one."""
_ROBOT, _TASK, _KIND = len(ROBOT_FEATURES), len(TASK_FEATURES), len(KIND_FEATURES)


def look(observation: Observation) -> NDArray[np.float32]:
    """Return (n, I) what each deciding robot sees; I as in `SIGHT`."""
    o = observation
    out = np.zeros((len(o.rows), len(SIGHT)), np.float32)
    _look(o.tables, o.sites, o.flows, o.robots, o.rows, o.site, o.robot_features(), o.dt_s, out)
    return out


@jit
def _look(
    t: Tables, w: Sites, f: Flows, r: Robots, rows: np.ndarray, site: np.ndarray,
    features: np.ndarray, dt_s: int, out: np.ndarray,
) -> None:  # fmt: skip
    sites, tasks = f.crew.shape
    species = f.healthy.shape[1]
    # many robots of a site share all but what they sense of themselves: by task, the idle by kind
    shared = np.empty((sites, tasks + species, _TASK + _KIND), np.float32)
    known = np.zeros((sites, tasks + species), np.bool_)
    found = np.zeros(_TASK + _KIND)
    for n in range(rows.shape[0]):
        i, s = rows[n], site[n]
        k, p = r.species[i], r.task[i]
        which = p if p >= 0 else tasks + k
        if not known[s, which]:
            found[:_TASK] = 0.0
            if p >= 0:
                describe(t, w, f, s, p, dt_s, found)
            _describe_kind(t, w, f, s, k, found[_TASK:])
            shared[s, which] = found
            known[s, which] = True
        own, common, sees = features[n], shared[s, which], out[n]
        for j in range(_ROBOT):
            sees[j] = own[j]
        for j in range(_TASK + _KIND):
            sees[_ROBOT + j] = common[j]


@inner
def _describe_kind(t: Tables, w: Sites, f: Flows, s: int, k: int, out: np.ndarray) -> None:
    a, b = t.option_start[k], t.option_start[k + 1]
    healthy, broken = f.healthy[s, k], f.broken[s, k]
    robots = f.healthy[s].sum() + f.broken[s].sum()
    out[0] = 1.0 if b > a else 0.0
    out[1] = 1.0 if k == t.assembler else 0.0
    out[2] = 1.0 if b > a and t.task_kind[t.option_task[b - 1]] == REPAIR else 0.0
    out[3] = 1.0 if t.electric_m2[k] + t.heat_m2[k] > 0.0 else 0.0
    out[4] = min(8.0, w.pressure_fp[s, k] / 256.0)
    out[5] = broken / max(1, healthy + broken)
    out[6] = np.sqrt(np.sqrt(float(healthy))) / 8.0
    out[7] = np.sqrt(np.sqrt(float(robots))) / 8.0
    out[8] = min(8.0, w.energy_fp[s] / 256.0)
    out[9] = min(8.0, w.electric_fp[s] / 256.0)
