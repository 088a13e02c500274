"""Quota matching: how a scripted policy's wishes become robots' choices without a conductor.

Every robot of a kind at a site sees the same board: how many of its kind each task deserves, and
how many are on it. A robot on a crowded task leaves with just the probability that would bring the
crew down to its quota; those who leave, and the idle, draw among tasks short of hands in proportion
to what is missing.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from auxon.sim.jit import jit, spread
from auxon.sim.observation import AHEAD_S, Action, Observation
from auxon.sim.rng import CHOICE, philox
from auxon.sim.state import Flows, Robots
from auxon.sim.tables import Tables

Wishes = NDArray[np.float64]
Weights = Wishes | NDArray[np.int64]

ROBOTS_APART = 50_000
"""Deciding robots under which one thread is faster than several."""


@jit
def _quotas(
    sites: np.ndarray, t: Tables, f: Flows, weight: np.ndarray, leave: np.ndarray, short: np.ndarray
) -> None:
    for s in sites:
        for k in range(t.idle_W.shape[0]):
            a, b = t.option_start[k], t.option_start[k + 1]
            total = 0.0
            for j in range(a, b):
                total += float(weight[s, t.option_task[j]])
            missing = 0.0
            for j in range(a, b):
                p = t.option_task[j]
                crew = float(f.crew[s, p])
                quota = float(weight[s, p]) * f.healthy[s, k] / total if total > 0.0 else crew
                leave[s, p] = 0.0
                if quota < crew:
                    leave[s, p] = (crew - quota) / crew * 4294967296.0
                else:
                    missing += quota - crew
                short[s, p] = missing


@jit
def _match(
    chosen: np.ndarray, t: Tables, r: Robots, rows: np.ndarray, site: np.ndarray, leave: np.ndarray,
    short: np.ndarray, task: np.ndarray, seed: int, step: int,
) -> None:  # fmt: skip
    for n in chosen:
        i, s = rows[n], site[n]
        p = r.task[i]
        task[n] = p
        if p >= 0 and leave[s, p] == 0.0:
            continue
        k = r.species[i]
        a, b = t.option_start[k], t.option_start[k + 1]
        if a == b:
            continue
        missing = short[s, t.option_task[b - 1]]
        if missing == 0.0:
            continue
        stay, draw, _, _ = philox(seed, CHOICE, step, r.id[i])
        if p >= 0 and float(stay) >= leave[s, p]:
            continue
        mark = float(draw) * missing / 4294967296.0
        j = a
        while j < b - 1 and short[s, t.option_task[j]] <= mark:
            j += 1
        task[n] = t.option_task[j]


def match(observation: Observation, weight: Weights) -> NDArray[np.int16]:
    """Return the task each deciding robot takes.

    Parameters
    ----------
    observation : Observation
    weight : (S, P) float64 or int64
        What share of its kind's robots each task deserves, not negative; any scale. Where all
        weights of a kind are zero its robots stay as they are.

    Returns
    -------
    (n,) int16
    """
    o = observation
    leave = np.empty(weight.shape)  # probability, times 2**32
    short = np.empty(weight.shape)  # missing hands, summed over the options up to this one
    spread(_quotas, o.here, o.tables, o.flows, weight, leave, short)
    task = np.empty(len(o.rows), np.int16)
    every = np.arange(len(o.rows))
    spread(
        _match, every, o.tables, o.robots, o.rows, o.site, leave, short, task, o.seed, o.step,
        apart=ROBOTS_APART,
    )  # fmt: skip
    return task


class Scripted(ABC):
    """A policy that says what each task deserves and what is wanted; matching does the rest.

    Attributes
    ----------
    memory_width : int
        0: it remembers nothing.
    ahead_s : int
        As in `Action`.
    """

    memory_width = 0
    ahead_s = AHEAD_S

    @abstractmethod
    def wishes(self, observation: Observation) -> tuple[Weights, Wishes]:
        """Return the weight of each task, (S, P), and the desire for each species, (S, K).

        Weights are as in `match`, desires as in `Action`.
        """

    def conduct(self, observation: Observation) -> NDArray[np.uint8] | None:
        """Return what robots do beside their tasks, as in `Action`; None: nothing."""
        return None

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        """Match robots to tasks by the wishes."""
        weight, desire = self.wishes(observation)
        task, conduct = match(observation, weight), self.conduct(observation)
        return Action(task, desire, self.ahead_s, conduct), memory
