"""One colony for PettingZoo: every robot an agent, born and taken apart during an episode.

Every robot reviews its task at every step (`rules.review_steps` is set to 1), so a step is one of
the world. An agent's name is its robot's id, which no other robot ever has. The newborn are in
everything that the step of their birth returns, those who died in what the step of their death
returns, with their last reward. Broken robots stay agents; all they can choose is to be idle, and
that is what they do whatever is chosen.

How many will be born nobody knows, so there are no ``possible_agents``. Dictionaries cost about a
microsecond for each robot and step; `auxon.policies.environments.ColonyEnv` has arrays.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxon.policies.inputs import INPUTS, shown
from auxon.sim.conduct import MOVE, SERVICE, SHELTER, open_conducts
from auxon.sim.errors import UsageError
from auxon.sim.observation import Observation, Policy
from auxon.sim.scenario import Scenario, load
from auxon.sim.state import live_rows, site_of
from auxon.sim.world import World

from .colony import ColonyEnv, log_mass
from .extras import lacks
from .turn import Turn

try:
    from gymnasium import spaces
    from pettingzoo import ParallelEnv
except ImportError as missing:
    raise lacks(str(missing.name), "ParallelColony") from missing

Seen = dict[str, NDArray[Any]]
Infos = dict[str, dict[str, Any]]
Report = tuple[dict[str, Seen], dict[str, float], dict[str, bool], dict[str, bool], Infos]
"""Observations, rewards, terminations, truncations, infos."""

IDLE = 0
CONDUCTS = (SHELTER, SERVICE, MOVE)


class ParallelColony(ParallelEnv[str, Any, Any]):
    """A colony whose robots are agents, ``robot_<id>``.

    An agent is shown a dictionary: ``observation``, (I,) float32 as in
    `auxon.policies.inputs.INPUTS`, and ``action_mask``, (A,) int8. Its action is one of A: to be
    idle; the tasks open to its species, padded; then, where a world knows conduct, to go into
    shelter, to be serviced, to move on, each in place of a choice of task. What the mask does not
    show is to be idle. Its reward is by how much the colony's worth has grown in the step; the same
    for all.

    Parameters
    ----------
    scenario, seed, years, policy, worth
        As in `ColonyEnv`. The policy says what is to be built.
    """

    metadata: dict[str, Any] = {"name": "auxon_colony_v0", "render_modes": []}  # noqa: RUF012
    render_mode = None

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario = "tiny",
        seed: int = 1,
        years: float | None = None,
        policy: str | Policy | None = None,
        worth: Callable[[World], NDArray[np.float64]] = log_mass,
    ) -> None:
        if not isinstance(scenario, Scenario):
            scenario = load(scenario)
        scenario = scenario.replace({"rules.review_steps": 1})
        self.colony = ColonyEnv(scenario, 1, seed, years, policy, worth)
        known = open_conducts(self.colony.world.partial)
        self._conducts = np.array([bit for bit in CONDUCTS if bit & known], np.uint8)
        self._tasks = self.colony.options.shape[1]
        width = self._tasks + len(self._conducts)
        self._action_space = spaces.Discrete(width)
        self._observation_space = spaces.Dict(
            {
                "observation": spaces.Box(-np.inf, np.inf, (len(INPUTS),), np.float32),
                "action_mask": spaces.MultiBinary(width),
            }
        )
        self.agents: list[str] = []
        self._seen: dict[str, Seen] = {}
        self._infos: Infos = {}

    def observation_space(self, agent: str) -> spaces.Dict:
        """Return the space of everybody's observations: one, so that seeds hold for the unborn."""
        return self._observation_space

    def action_space(self, agent: str) -> spaces.Discrete:
        """Return the space of everybody's actions, likewise."""
        return self._action_space

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Seen], Infos]:
        """Begin an episode; seeds are as in `ColonyEnv.reset`, and there are no options."""
        turn = self.colony.reset(seed)
        self._worth = float(turn.worth[0])
        self._seen, self._infos = self._show()
        self.agents = list(self._seen)
        return self._seen, self._infos

    def step(self, actions: dict[str, int]) -> Report:
        """Let every robot do as chosen; who is not named is idle.

        Raises
        ------
        UsageError
            No episode is under way, an agent that is none, a choice that cannot be.
        """
        turn = self.colony.turn
        if turn is None or not self.agents:
            raise UsageError("step: no episode is under way; call reset")
        unknown = next((name for name in actions if name not in self._seen), None)
        if unknown is not None:
            raise UsageError(f"step: '{unknown}' is no agent now; expected those of `agents`")
        chosen = np.array([actions.get(f"robot_{i}", IDLE) for i in turn.robot.tolist()], np.int64)
        width = int(self._action_space.n)
        if len(chosen) and not 0 <= chosen.min() <= chosen.max() < width:
            raise UsageError(
                f"step: actions from {chosen.min()} to {chosen.max()}; "
                f"expected 0 (idle) to {width - 1}"
            )
        behaves = chosen >= self._tasks
        conduct = np.zeros(len(chosen), np.uint8)
        conduct[behaves] = self._conducts[chosen[behaves] - self._tasks]
        # who behaves keeps the task it has
        rows = turn.observation.rows
        kept = turn.choices(turn.observation.robots.task[rows])
        turn = self.colony.step(np.where(behaves, kept, chosen), conduct=conduct)
        return self._report(turn)

    def _report(self, turn: Turn) -> Report:
        """Return what `step` does, and remember what is shown: the dead are shown it again."""
        before, known = self._seen, self._infos
        seen, infos = self._show()
        if turn.done:  # who is born now will never choose
            seen = {name: seen[name] for name in seen if name in before}
        died = [name for name in before if name not in seen]
        living = dict.fromkeys(seen, False)
        growth = float(turn.worth[0]) - self._worth
        rewards = {name: growth if name in before else 0.0 for name in living} | dict.fromkeys(
            died, growth
        )
        terminated = living | dict.fromkeys(died, True)
        truncated = dict.fromkeys(seen, turn.done) | dict.fromkeys(died, False)
        shown = seen | {name: before[name] for name in died}
        told = {name: infos[name] for name in seen} | {name: known[name] for name in died}
        self._worth = float(turn.worth[0])
        self._seen, self._infos = seen, infos
        self.agents = [] if turn.done else list(seen)
        return shown, rewards, terminated, truncated, told

    def _show(self) -> tuple[dict[str, Seen], Infos]:
        """Return what every robot there is sees, and what is told about it."""
        world = self.colony.world
        rows = live_rows(world.segments)
        r = world.robots
        everybody = Observation(
            0, np.arange(1), world.tables, world.sites, world.flows, rows,
            site_of(world.segments, rows), r, world.key, world.step_count, world.dt_s,
            world.partial,
        )  # fmt: skip
        broken, species = r.broken[rows] != 0, r.species[rows]
        mask = np.ones((len(rows), self._tasks + len(self._conducts)), np.int8)
        mask[:, : self._tasks] = self.colony.open[species]
        mask[broken, IDLE + 1 :] = 0
        names = [f"robot_{i}" for i in r.id[rows].tolist()]
        seen = {
            name: {"observation": saw, "action_mask": may}
            for name, saw, may in zip(names, shown(everybody), mask, strict=True)
        }
        infos: Infos = {
            name: {"species": world.species_names[k], "broken": stands}
            for name, k, stands in zip(names, species.tolist(), broken.tolist(), strict=True)
        }
        return seen, infos
