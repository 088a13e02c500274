"""Votes: how the robots of a kind sway what their tasks deserve, and all robots what is built.

Each deciding robot gives a direction in the space of a task's features; a task's score is its
features along the mean direction of its kind, and what the task deserves is multiplied by the
exponential of that. So a vote costs a robot as many numbers as a task has features, however many
tasks there are. Votes are whole numbers when they are added: in any order they come to the same.
"""

import numpy as np

from auxon.sim.explog import exp_less_1, log
from auxon.sim.jit import inner, jit
from auxon.sim.observation import TASK_FEATURES, describe
from auxon.sim.state import Flows, Sites
from auxon.sim.tables import REPAIR, Tables

TASK_VOTE = (*TASK_FEATURES, "rarity")
"""What a task is scored by; rarity: -log of its share of its kind by the prices of the site."""
BUILD_VOTE = (
    "scarcity",  # log of that of the scarcest over its own, at most 8
    "pressure",  # backlog in steps, at most 8
    "under_way",  # ordered and under construction over what there is, at most 8
    "few",  # 1 over how many there are
    "collects",
    "assembles",
    "repairs",
    "heaviness",  # its mass over that of the heaviest kind
)
"""What a species to be built is scored by."""
UNIT = float(1 << 20)
"""A vote of 1 as a whole number."""
_MOST = 3.0
"""A score is at most this, either way: a factor of 20."""


@jit
def count(
    rows: np.ndarray, site: np.ndarray, species: np.ndarray, said: np.ndarray,
    tasks: np.ndarray, voters: np.ndarray, builds: np.ndarray,
) -> None:  # fmt: skip
    """Add up what robots said: (n, T + B) into tasks (S, K, T), voters (S, K), builds (S, B)."""
    for n in range(rows.shape[0]):
        s, k = site[n], species[rows[n]]
        voters[s, k] += 1
        for j in range(tasks.shape[2]):
            tasks[s, k, j] += _whole(said[n, j])
        for j in range(builds.shape[1]):
            builds[s, j] += _whole(said[n, tasks.shape[2] + j])


@inner
def _whole(x: float) -> int:
    return int(np.floor(min(8.0, max(-8.0, x)) * UNIT + 0.5))


@jit
def sway_tasks(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, dt_s: int, votes: np.ndarray,
    voters: np.ndarray, weight: np.ndarray,
) -> None:  # fmt: skip
    """Multiply what tasks deserve by what the votes of their kind make of them."""
    seen = np.zeros(len(TASK_VOTE))
    for s in sites:
        for k in range(voters.shape[1]):
            if voters[s, k] == 0:
                continue
            a, b = t.option_start[k], t.option_start[k + 1]
            total = 0.0
            for j in range(a, b):
                total += weight[s, t.option_task[j]]
            for j in range(a, b):
                p = t.option_task[j]
                if weight[s, p] <= 0.0:
                    continue
                describe(t, w, f, s, p, dt_s, seen)
                seen[seen.shape[0] - 1] = min(8.0, log(total / weight[s, p]))
                score = 0.0
                for i in range(seen.shape[0]):
                    score += seen[i] * (votes[s, k, i] / (UNIT * voters[s, k]))
                weight[s, p] *= _exp(min(_MOST, max(-_MOST, score)))


@jit
def sway_builds(
    sites: np.ndarray, t: Tables, w: Sites, f: Flows, votes: np.ndarray, voters: np.ndarray,
    desire: np.ndarray,
) -> None:  # fmt: skip
    """Multiply how much each species is wanted by what everybody's votes make of it."""
    seen = np.zeros(len(BUILD_VOTE))
    heaviest = 0.0
    for k in range(t.species_mass_g.shape[0]):
        heaviest = max(heaviest, float(t.species_mass_g[k]))
    for s in sites:
        said = voters[s].sum()
        if said == 0:
            continue
        largest = 0.0
        for k in range(desire.shape[1]):
            largest = max(largest, desire[s, k])
        for k in range(desire.shape[1]):
            if desire[s, k] <= 0.0:
                continue
            have = max(1, f.healthy[s, k] + f.broken[s, k])
            a, b = t.option_start[k], t.option_start[k + 1]
            seen[0] = min(8.0, log(largest / desire[s, k]))
            seen[1] = min(8.0, w.pressure_fp[s, k] / 256.0)
            seen[2] = min(8.0, (w.orders[s, k] + w.building[s, k]) / have)
            seen[3] = 1.0 / have
            seen[4] = 1.0 if t.electric_m2[k] + t.heat_m2[k] > 0.0 else 0.0
            seen[5] = 1.0 if k == t.assembler else 0.0
            seen[6] = 1.0 if b > a and t.task_kind[t.option_task[b - 1]] == REPAIR else 0.0
            seen[7] = t.species_mass_g[k] / heaviest
            score = 0.0
            for i in range(seen.shape[0]):
                score += seen[i] * (votes[s, i] / (UNIT * said))
            desire[s, k] *= _exp(min(_MOST, max(-_MOST, score)))


@inner
def _exp(x: float) -> float:
    return 1.0 + exp_less_1(x) if x >= 0.0 else 1.0 / (1.0 + exp_less_1(-x))
