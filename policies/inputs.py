"""What a learned policy is shown of a robot: itself, its task, its kind, its site.

Nothing in it depends on how many species or processes a scenario has, so weights serve any.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from auxon.sim.explog import log
from auxon.sim.jit import jit, spread
from auxon.sim.observation import ROBOT_FEATURES, TASK_FEATURES, Observation, describe
from auxon.sim.state import Flows, Robots, Sites
from auxon.sim.tables import REPAIR, Tables

from .quota import ROBOTS_APART

F32 = NDArray[np.float32]

KIND_INPUTS = (
    "works",  # there are tasks for the kind
    "assembles",
    "repairs",
    "collects",  # turns sunlight into power
    "broken_share",  # of the kind at the site
    "kind_number",  # log2 of the healthy of the kind, over 8
    "robots_number",  # log2 of all robots of the site, over 8
    "energy",  # wanted over supplied, at most 8
    "electricity",
    "scarcity",  # of the kind, over that of the scarcest
    "one",
)
INPUTS = (*ROBOT_FEATURES, *TASK_FEATURES, *KIND_INPUTS)
OBSERVATION = hashlib.blake2b(",".join(INPUTS).encode(), digest_size=4).hexdigest()
"""Version of what is shown: weights trained on another are refused."""
_LN2 = 0.6931471805599453


def shown(observation: Observation) -> F32:
    """Return (n, 28) `inputs` where no script says what is scarce: then backlog does."""
    return inputs(observation, observation.sites.pressure_fp.astype(np.float64))


def inputs(observation: Observation, scarcity: NDArray[np.float64]) -> F32:
    """Return (n, 28) inputs of each deciding robot, as in `INPUTS`.

    Parameters
    ----------
    observation : Observation
    scarcity : (S, K) float64
        How scarce each species is, by any measure.
    """
    o = observation
    features = o.robot_features()
    out = np.zeros((len(o.rows), len(INPUTS)), np.float32)
    spread(
        _fill, np.arange(len(o.rows)), o.tables, o.sites, o.flows, o.robots, o.rows, o.site,
        features, scarcity, o.dt_s, out, apart=ROBOTS_APART,
    )  # fmt: skip
    return out


@jit
def _fill(
    chosen: np.ndarray, t: Tables, w: Sites, f: Flows, r: Robots, rows: np.ndarray,
    site: np.ndarray, features: np.ndarray, scarcity: np.ndarray, dt_s: int, out: np.ndarray,
) -> None:  # fmt: skip
    task = np.zeros(len(TASK_FEATURES))
    robot, first = len(ROBOT_FEATURES), len(ROBOT_FEATURES) + len(TASK_FEATURES)
    for n in chosen:
        i, s = rows[n], site[n]
        k, p = r.species[i], r.task[i]
        for j in range(robot):
            out[n, j] = features[n, j]
        if p >= 0:
            describe(t, w, f, s, p, dt_s, task)
            for j in range(task.shape[0]):
                out[n, robot + j] = task[j]
        a, b = t.option_start[k], t.option_start[k + 1]
        repairs = b > a and t.task_kind[t.option_task[b - 1]] == REPAIR
        broken, healthy = f.broken[s, k], f.healthy[s, k]
        robots = 0
        largest = 1e-9
        for other in range(f.healthy.shape[1]):
            robots += f.healthy[s, other] + f.broken[s, other]
            largest = max(largest, scarcity[s, other])
        out[n, first] = b > a
        out[n, first + 1] = k == t.assembler
        out[n, first + 2] = repairs
        out[n, first + 3] = t.electric_m2[k] + t.heat_m2[k] > 0.0
        out[n, first + 4] = broken / max(1, broken + healthy)
        out[n, first + 5] = log(1.0 + healthy) / (8.0 * _LN2)
        out[n, first + 6] = log(1.0 + robots) / (8.0 * _LN2)
        out[n, first + 7] = min(8.0, w.energy_fp[s] / 256.0)
        out[n, first + 8] = min(8.0, w.electric_fp[s] / 256.0)
        out[n, first + 9] = min(1.0, max(0.0, scarcity[s, k]) / largest)
        out[n, first + 10] = 1.0
