"""What there is to decide in one step of a `ColonyEnv`, and who has gone."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auxon.sim.errors import UsageError
from auxon.sim.observation import TASK_FEATURES, Action, Observation

if TYPE_CHECKING:
    from .colony import ColonyEnv

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gone:
    """Robots that will not decide again in this episode.

    Attributes
    ----------
    life_id, colony : (m,) int64
    reward : (m,) float32
        Since their last decision; 0 for those who never decided.
    elapsed : (m,) int64
        Steps since then.
    died : (m,) bool
        False for those who live when the episode ends.
    """

    life_id: I64
    colony: I64
    reward: F32
    elapsed: I64
    died: Bools


@dataclass(frozen=True, eq=False)
class Turn:
    """What there is to decide in a step, for n robots of S colonies.

    Attributes
    ----------
    step : int
        Steps made.
    years : float
    obs : (n, I) float32
        What each sees; I as in `auxon.policies.inputs.INPUTS`.
    life_id : (n,) int64
        Of one robot in one episode; the same environment never uses it again.
    robot : (n,) int64
        Its id in the world. The founders have the same in every episode.
    colony, species : (n,) int64
    is_first : (n,) bool
        It has never decided before.
    reward : (n,) float32
        By how much its colony's worth has grown since its last decision.
    elapsed : (n,) int64
        Steps since then, for whoever discounts by time: more than from review to review for those
        who were broken.
    gone : Gone
        Who died since the last turn, and at the end everybody.
    worth : (S,) float64
        Of each colony.
    done : bool
        Nobody decides any more: the horizon is reached, or nobody lives.
    conducts : int
        Bits of `auxon.sim.conduct` that mean something here.
    """

    step: int
    years: float
    obs: F32
    life_id: I64
    robot: I64
    colony: I64
    species: I64
    is_first: Bools
    reward: F32
    elapsed: I64
    gone: Gone
    worth: F64
    done: bool
    conducts: int
    _env: "ColonyEnv" = field(repr=False)
    _seen: Observation | None = field(repr=False)

    @cached_property
    def options(self) -> NDArray[np.int16]:
        """(n, A) tasks that each may choose; none (-1) first, and as padding."""
        return self._env.options[self.species]

    @cached_property
    def mask(self) -> Bools:
        """(n, A) which options are none of the padding. The first, to be idle, always is open."""
        return self._env.open[self.species]

    @cached_property
    def task_features(self) -> F32:
        """(n, A, F) features of each option, F as in `TASK_FEATURES`; zeros of no task."""
        o = self.observation
        sites, tasks = o.flows.crew.shape
        board = np.zeros((sites, tasks + 1, len(TASK_FEATURES)), np.float32)  # the last one for -1
        board[:, :-1] = o.task_features()
        return board[self.colony[:, None], self.options]

    @cached_property
    def policy_says(self) -> tuple[Action, F32]:
        """Answer of the environment's own policy, and its memory after it."""
        world = self._env.world
        return world.policy.act(self.observation, world.recall(self.observation))

    @property
    def advice(self) -> I64:
        """(n,) what the environment's own policy would choose."""
        return self.choices(self.policy_says[0].task)

    @property
    def observation(self) -> Observation:
        """What a policy is shown; to be read before the next step."""
        if self._seen is None:
            raise UsageError(f"nobody decides after step {self.step}: the episode is over")
        if self._env.turn is not self:
            raise UsageError(f"the turn after step {self.step} is over; read it before `step`")
        return self._seen

    def choices(self, task: ArrayLike) -> I64:
        """Return (n,) which of the options these tasks are.

        Raises
        ------
        UsageError
            A task is not open to its robot.
        """
        tasks = np.asarray(task)
        chosen: I64 = self._env.choice_of[self.species, tasks]
        if len(closed := np.flatnonzero(chosen < 0)):
            n = closed[0]
            raise UsageError(
                f"choices: task {tasks[n]} is not open to deciding robot {n}; "
                f"expected one of {self.options[n][self.mask[n]].tolist()}"
            )
        return chosen
