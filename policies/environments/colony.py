"""Many colonies of one scenario, decided for from outside, in arrays.

A step of the environment is one of the world. A `Turn` has a row for every robot that decides in
it: healthy ones whose review is due. The others come when it is theirs, so what a learner follows
is not the row but the *life* (`Turn.life_id`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auxon.policies import make
from auxon.policies.inputs import INPUTS, shown
from auxon.sim.conduct import open_conducts
from auxon.sim.errors import UsageError
from auxon.sim.observation import Observation, Policy
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.scenario import Scenario, load
from auxon.sim.state import Segments, live_rows, site_of
from auxon.sim.world import World

from .lives import Lives, account, empty_lives, follow
from .turn import Gone as Gone
from .turn import Turn as Turn

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


_NONE = np.empty(0, np.int64)
_NOBODY = Gone(_NONE, _NONE, np.empty(0, np.float32), _NONE, np.empty(0, np.bool_))


def log_mass(world: World) -> F64:
    """Return (S,) the natural logarithm of the grams of robots at each site, broken ones included.

    For worlds whose sites are of one kind, as those of environments are.
    Where there are none it is 0, as of one gram: dying out costs all that was ever gained.
    """
    mass_g = (world.flows.healthy + world.flows.broken) @ world.tables.species_mass_g
    grams: F64 = np.log(np.maximum(mass_g, 1).astype(float))
    return grams


class ColonyEnv:
    """Identical colonies that do not see each other, decided for from outside.

    Parameters
    ----------
    scenario : str, Path, mapping or Scenario
        As in `auxon.load`; without a belt.
    colonies : int
    seed : int
        Of the first episode; the next ones have the next seeds.
    years : float, optional
        Horizon; None for the scenario's.
    policy : str or Policy, optional
        Says what is to be built, and chooses for those who are left to it; None for the
        scenario's.
    worth : callable
        From a world to (S,) float64. A robot's reward is what this has grown by at its colony from
        one of its decisions to the next: all robots of a colony have one aim.

    Attributes
    ----------
    world : World
        Read only.
    turn : Turn or None
        The one to be answered.
    steps : int
        Of an episode.
    options : (K, A) int16
        Tasks open to each species; none (-1) first, and as padding.
    open : (K, A) bool
        Which are none of the padding.
    choice_of : (K, P + 1) int64
        Which option of a species a task is; -1 if it is none. The last column is for no task.
    """

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario,
        colonies: int = 64,
        seed: int = 1,
        years: float | None = None,
        policy: str | Policy | None = None,
        worth: Callable[[World], F64] = log_mass,
    ) -> None:
        self.scenario = scenario if isinstance(scenario, Scenario) else load(scenario)
        if self.scenario.belt:
            raise UsageError(
                f"'{self.scenario.name}' has a belt, where robots move between sites; "
                "expected a scenario without one"
            )
        if colonies < 1:
            raise UsageError(f"colonies={colonies}; expected 1 or more")
        if policy is None or isinstance(policy, str):
            policy = make(policy or self.scenario.policy)
        self.colonies, self.worth = colonies, worth
        self._policy, self._next_seed, self._next_life = policy, seed, 0
        self._make_world(seed)
        horizon_s = (self.scenario.years if years is None else years) * YEAR_DAYS * 86_400
        self.steps = round(horizon_s / self.world.dt_s)
        if self.steps < 1:
            raise UsageError(f"years={years}; expected a step of {self.world.dt_s} s or more")
        self.options, self.open, self.choice_of = _options(self.world)

    def reset(self, seed: int | None = None) -> Turn:
        """Begin an episode.

        Parameters
        ----------
        seed : int, optional
            None for the one after the last; that of the environment for the first episode.
        """
        seed = self._next_seed if seed is None else seed
        self._make_world(seed)
        self._next_seed = (seed + 1) % 2**64
        return self._go_on()

    def step(
        self,
        choice: ArrayLike | None = None,
        *,
        conduct: ArrayLike | None = None,
        desire: ArrayLike | None = None,
        ahead_s: int | None = None,
    ) -> Turn:
        """Let robots do what they chose, and go on to who decides next.

        Parameters
        ----------
        choice : (n,) int, optional
            Which of its options each deciding robot takes; padding comes to no task. -1, and None
            for all, leaves it to the environment's policy.
        conduct : (n,) int, optional
            What each does beside it, in bits of `auxon.sim.conduct`; those that are not open do
            nothing. None as the environment's policy would if `choice` is None, too; else nothing.
        desire : (S, K) float64, optional
            How much each colony wants one more of each species, as in `Action`; None as the
            environment's policy wants it.
        ahead_s : int, optional
            As in `Action`; likewise.

        Raises
        ------
        UsageError
            Shapes or choices that cannot be; no episode is under way.
        """
        if self.turn is None or self.turn.done:
            raise UsageError("step: no episode is under way; call reset")
        turn, world = self.turn, self.world
        said, memory = turn.policy_says
        n = len(turn.robot)
        bits = None if conduct is None else _whole("conduct", conduct, n, 0, 255).astype(np.uint8)
        if choice is None:
            action = replace(said, conduct=said.conduct if bits is None else bits)
        else:
            action = replace(said, task=self._tasks(turn, choice), conduct=bits)
        if desire is not None:
            action = replace(action, desire=self._desires(desire))
        if ahead_s is not None:
            action = replace(action, ahead_s=ahead_s)
        world.take(turn.observation, action, memory)
        world.finish()
        return self._go_on()

    # ------------------------------------------------------------------ parts of a turn

    def _make_world(self, seed: int) -> None:
        self.world = World(self.scenario, self._policy, seed, self.colonies)
        self.turn: Turn | None = None
        nowhere = (np.zeros(self.colonies, np.int64) for _ in range(3))
        self._before = Segments(*nowhere)
        self._lives, self._left = empty_lives(0), empty_lives(0)

    def _tasks(self, turn: Turn, choice: ArrayLike) -> NDArray[np.int16]:
        chosen = _whole("choice", choice, len(turn.robot), -1, self.options.shape[1] - 1)
        tasks = self.options[turn.species, chosen]
        left = chosen < 0
        tasks[left] = turn.policy_says[0].task[left]
        return tasks

    def _desires(self, desire: ArrayLike) -> F64:
        wanted = np.asarray(desire, float)
        expected = self.world.sites.orders.shape
        if wanted.shape != expected or not np.isfinite(wanted).all():
            raise UsageError(
                f"step: desire has the shape {wanted.shape}; "
                f"expected finite numbers, {expected} colonies by species"
            )
        return wanted

    def _go_on(self) -> Turn:
        """Bring the world to its next decisions and say what there is to decide."""
        world = self.world
        done = world.step_count >= self.steps or world.robot_count == 0
        seen: Observation | None = None
        if not done:
            world.begin()
            (seen,) = world.turns()  # colonies are of one kind
            # the world uses the place of these again
            seen = replace(seen, rows=seen.rows.copy(), site=seen.site.copy())
        worth = self.worth(world)
        gone = self._follow(worth, done)
        rows, site = (seen.rows, seen.site) if seen else (_NONE, _NONE)
        reward, elapsed = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.int64)
        is_first = self._lives.decided_at[rows] < 0
        account(self._lives, rows, site, worth, world.step_count, reward, elapsed)
        self.turn = Turn(
            step=world.step_count,
            years=world.years,
            obs=shown(seen) if seen else np.empty((0, len(INPUTS)), np.float32),
            life_id=self._lives.life[rows],
            robot=world.robots.id[rows],
            colony=site,
            species=world.robots.species[rows].astype(np.int64),
            is_first=is_first,
            reward=reward,
            elapsed=elapsed,
            gone=gone,
            worth=worth,
            done=done,
            conducts=open_conducts(world.partial),
            _env=self,
            _seen=seen,
        )
        return self.turn

    def _follow(self, worth: F64, done: bool) -> Gone:
        """Bring the lives up to date; return who has gone, and at the end all others, too."""
        world, rows, now = self.world, len(self.world.robots.id), self.world.segments
        was = self._lives
        moved = len(was.robot) < rows or not np.array_equal(now.first, self._before.first)
        if moved:
            self._lives, self._left = empty_lives(rows), empty_lives(rows)
            self._place = np.empty(rows, np.int64)
        self._next_life, n = follow(
            self._before, was, now, world.robots.id, self._lives, self._left, self._place,
            self._next_life, moved,
        )  # fmt: skip
        self._before = now._replace(count=now.count.copy())  # which the world changes in place
        if n == 0 and not done:
            return _NOBODY
        ended = [(Lives._make(column[:n] for column in self._left), self._place[:n])]
        if done:
            living = live_rows(now)
            alive = Lives._make(column[living] for column in self._lives)
            ended.append((alive, site_of(now, living)))
        colony = np.concatenate([place for _, place in ended])
        lives = Lives._make(map(np.concatenate, zip(*(part for part, _ in ended), strict=True)))
        decided = lives.decided_at >= 0
        return Gone(
            life_id=lives.life,
            colony=colony,
            reward=np.where(decided, worth[colony] - lives.worth, 0.0).astype(np.float32),
            elapsed=np.where(decided, world.step_count - lives.decided_at, 0),
            died=np.arange(len(colony)) < n,
        )


def _options(world: World) -> tuple[NDArray[np.int16], NDArray[np.bool_], I64]:
    """Return `options`, `open` and `choice_of` of an environment."""
    t = world.tables
    number = np.diff(t.option_start)
    options = np.full((len(number), 1 + int(number.max())), -1, np.int16)
    choice_of = np.full((len(number), len(t.time_s) + 1), -1, np.int64)
    choice_of[:, -1] = 0
    for k, n in enumerate(number):
        tasks = t.option_task[t.option_start[k] : t.option_start[k + 1]]
        options[k, 1 : n + 1] = tasks
        choice_of[k, tasks] = np.arange(1, n + 1)
    return options, np.arange(options.shape[1]) <= number[:, None], choice_of


def _whole(name: str, values: ArrayLike, n: int, least: int, most: int) -> I64:
    """Return whole numbers, one for each deciding robot."""
    array = np.asarray(values)
    whole = np.issubdtype(array.dtype, np.integer) or array.size == 0
    if array.shape != (n,) or not whole or (n and not least <= array.min() <= array.max() <= most):
        found = f"from {array.min()} to {array.max()}" if array.size else "none"
        raise UsageError(
            f"step: {name} has the shape {array.shape}, {array.dtype} {found}; expected whole "
            f"numbers from {least} to {most}, one for each of {n} deciding robots"
        )
    return array.astype(np.int64)
