"""A learned policy in training: its robots carry what they have earned since they last decided.

What a robot earns travels in its memory, behind the cell's own: so it moves when the robot moves,
and is clean at birth. A day of work at its kind's mean use earns 1 (a digger's, what its face
yields); a repair costs days of work, and so does a failure, by what it costs in the mean: whether
it is a wreck is luck, from which nobody learns. This is a robot's share in what the colony does,
not the colony's growth: it is what conduct can be taught by, robot by robot.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auxon.policies.learned import Learned
from auxon.policies.quota import Scripted
from auxon.policies.weights import Weights
from auxon.sim.conduct import SERVICE, open_conducts
from auxon.sim.faces import face_yield
from auxon.sim.jit import jit
from auxon.sim.observation import Action, Observation
from auxon.sim.partial import USUAL, WORDS, Partial
from auxon.sim.state import Flows, Robots, Segments
from auxon.sim.tables import Tables
from auxon.sim.world import World

F32 = NDArray[np.float32]
EARNED, STATE = 0, 1
"""Numbers behind the cell's memory: earned since the last decision; one of the following."""
WELL, IN_SERVICE, FAILED = 0, 1, 2


@dataclass(frozen=True)
class Costs:
    """What counts against earnings, in days of a robot's work.

    Attributes
    ----------
    wreck : float
        The loss of a robot: the days in which its like earn another.
    repair : float
    """

    wreck: float = 300.0
    repair: float = 10.0


class Apprentice(Learned):
    """The same policy with two more numbers of memory.

    Attributes
    ----------
    own : int
        Numbers of memory of the cell.
    earned : (n,) float32
        What those who decide have earned since their last decision, while the witness is called.
    """

    def __init__(self, weights: Weights, base: Scripted, costs: Costs) -> None:
        super().__init__(weights, base)
        self.own = self.memory_width
        self.memory_width = self.own + 2  # EARNED, STATE
        self.costs = costs
        self.earned: F32 = np.empty(0, np.float32)

    def act(self, observation: Observation, memory: F32) -> tuple[Action, F32]:
        """Act on the cell's memory; what was earned is due, and starts anew."""
        tail = memory[:, self.own :].copy()
        self.earned = tail[:, EARNED].copy()
        action, after = super().act(observation, np.ascontiguousarray(memory[:, : self.own]))
        tail[:, EARNED] = 0.0
        if action.conduct is not None:
            serviced = (action.conduct & open_conducts(observation.partial) & SERVICE) > 0
            tail[serviced, STATE] = IN_SERVICE
        return action, np.concatenate([after, tail], 1)

    def failure(self, world: World) -> float:
        """Return what a failure costs in the mean."""
        return self.costs.repair + self.costs.wreck * world.partial.wreck / WORDS

    def pay(self, world: World) -> None:
        """Give every robot what it earned in this step: a listener of the world."""
        for kind, here in world.awake():
            _pay(
                here, world.partial, world.kinds[kind], world.flows, world.robots, world.segments,
                world.key, world.step_count, self.costs.repair,
                self.failure(world), world.memory[:, self.own :],
            )  # fmt: skip


@jit
def _pay(
    sites: np.ndarray, o: Partial, t: Tables, f: Flows, r: Robots, segments: Segments, seed: int,
    step: int, repair: float, failure: float, tail: np.ndarray,
) -> None:  # fmt: skip
    for s in sites:
        for i in range(segments.first[s], segments.first[s] + segments.count[s]):
            if r.broken[i] != 0:
                if tail[i, STATE] == WELL:
                    tail[i, STATE] = FAILED
                    tail[i, EARNED] -= failure
                continue
            if tail[i, STATE] == IN_SERVICE:
                tail[i, EARNED] -= repair
            tail[i, STATE] = WELL
            if r.shelter[i]:
                continue
            wage = f.used_s[s, r.species[i]] / 86_400.0
            if o.faces > 0 and r.task[i] >= 0 and t.graded[r.task[i]]:
                wage *= face_yield(o, s, r.face[i], seed, step) / USUAL
            tail[i, EARNED] += wage
