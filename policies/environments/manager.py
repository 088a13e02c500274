"""One colony for Gymnasium: a manager who pulls levers once in a while.

Robots choose by the market (`auxon.policies.market`) as the manager steers it
(`auxon.policies.environments.steered`). An action of zeros leaves the market as it is.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auxon.sim.errors import UsageError
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.scenario import Scenario, load
from auxon.sim.world import World

from .colony import log_mass
from .extras import lacks
from .groups import GROUPS, species_groups
from .steered import LEVERS, Steered

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as missing:
    raise lacks(str(missing.name), "ColonyManager") from missing

F32 = NDArray[np.float32]

GROUP_FEATURES = (
    "number",  # fourth root of how many robots, over 8
    "mass",  # share of the colony's
    "broken",  # share of the group
    "pressure",  # longest backlog of its species, in steps
    "under_way",  # ordered and under construction over what there is
)
SITE_FEATURES = (
    "energy",  # wanted over what there is
    "electricity",
    "growth",  # logarithm of mass over that of the founders
    "rock",  # share of the claim that is left
    "time",  # share of the episode that is over
    "imports",  # share of what is wanted that is in stock, of the import that is scarcest
    "landing",  # years until cargo lands
    "flying",  # 1 if cargo is on its way
)
SUMMARY = (*(f"{g}_{f}" for g in GROUPS for f in GROUP_FEATURES), *SITE_FEATURES)
"""What a manager sees; each between -8 and 8."""
_CAP = 8.0


class ColonyManager(gymnasium.Env[F32, F32]):
    """A colony whose manager decides every so many days; ``auxon/ColonyManager-v0``.

    The observation is (O,) float32 as in `SUMMARY`, the action (L,) from -1 to 1 as in `LEVERS`,
    the reward by how much the colony's worth has grown.

    Parameters
    ----------
    scenario : str, Path, mapping or Scenario
        As in `auxon.load`; without a belt.
    days : float
        Between decisions.
    years : float, optional
        Horizon, at which an episode is truncated; None for the scenario's. It terminates when
        nobody lives.
    worth : callable
        From a world to (1,) float64.
    render_mode : None

    Attributes
    ----------
    world : World
        Read only; there after `reset`.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (as Gymnasium declares it)

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario = "tiny",
        days: float = 30.0,
        years: float | None = None,
        worth: Callable[[World], NDArray[np.float64]] = log_mass,
        render_mode: None = None,
    ) -> None:
        self.scenario = scenario if isinstance(scenario, Scenario) else load(scenario)
        if self.scenario.belt:
            raise UsageError(
                f"'{self.scenario.name}' has a belt; expected a scenario of one colony, without"
            )
        dt_days = self.scenario.rules.step_days
        self._steps = round(days / dt_days)
        years = self.scenario.years if years is None else years
        self._horizon = round(years * YEAR_DAYS / dt_days)
        if self._steps < 1 or self._horizon < 1:
            raise UsageError(f"days={days}, years={years}; expected a step of {dt_days} d or more")
        self._worth_of, self.render_mode = worth, render_mode
        self.policy = Steered(self.scenario.industry)
        self.observation_space = spaces.Box(-_CAP, _CAP, (len(SUMMARY),), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (len(LEVERS),), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[F32, dict[str, Any]]:
        """Begin an episode; the seed is the world's. None draws one; there are no options."""
        super().reset(seed=seed)
        world_seed = int(self.np_random.integers(2**63)) if seed is None else seed
        self.world = World(self.scenario, self.policy, world_seed)
        self._groups = species_groups(self.world.tables, self.scenario.industry)
        self._worth = float(self._worth_of(self.world)[0])
        self._founders_g = self.world.mass_g
        self.world.begin()
        return self._summary(), self._info()

    def step(self, action: F32) -> tuple[F32, float, bool, bool, dict[str, Any]]:
        """Steer the market so until the next decision."""
        levers = np.asarray(action, np.float64)
        if levers.shape != (len(LEVERS),) or not (np.abs(levers) <= 1).all():
            raise UsageError(
                f"step: found an action of shape {levers.shape} from {levers.min()} to "
                f"{levers.max()}; expected {len(LEVERS)} numbers from -1 to 1"
            )
        world = self.world
        self.policy.pull(levers)
        for _ in range(self._steps):
            for seen in world.turns():
                world.take(seen, *self.policy.act(seen, world.recall(seen)))
            world.finish()
            terminated, truncated = world.robot_count == 0, world.step_count >= self._horizon
            if terminated or truncated:
                break
            world.begin()
        before, self._worth = self._worth, float(self._worth_of(world)[0])
        return self._summary(), self._worth - before, terminated, truncated, self._info()

    def _info(self) -> dict[str, Any]:
        world = self.world
        return {
            "years": world.years,
            "robots": world.robot_count,
            "mass_kg": world.mass_g / 1000,
        }

    def _summary(self) -> F32:
        world = self.world
        w, f, t = world.sites, world.flows, world.tables
        there, broken = f.healthy[0] + f.broken[0], f.broken[0]
        under_way, pressure = w.orders[0] + w.building[0], w.pressure_fp[0] / 256
        mass_g = there * t.species_mass_g
        seen: list[float] = []
        for g in range(len(GROUPS)):
            own = self._groups == g
            number = int(there[own].sum())
            seen += [
                number**0.25 / 8,
                mass_g[own].sum() / max(1, mass_g.sum()),
                broken[own].sum() / max(1, number),
                pressure[own].max(initial=0.0),
                under_way[own].sum() / max(1, number),
            ]
        wanted = t.imported & (f.gross[0] > 0)
        cover = (w.stock[0] / np.maximum(1, f.gross[0]))[wanted].min(initial=_CAP)
        flies = w.lands_at[0] >= 0
        wait_s = max(0, int(w.lands_at[0]) - world.step_count) * world.dt_s if flies else 0
        seen += [
            w.energy_fp[0] / 256,
            w.electric_fp[0] / 256,
            np.log(max(1, mass_g.sum()) / self._founders_g),
            w.stock[0, t.rock] / max(1, w.claim[0]),
            world.step_count / self._horizon,
            cover,
            wait_s / (YEAR_DAYS * 86_400),
            float(flies),
        ]
        summary: F32 = np.clip(seen, -_CAP, _CAP).astype(np.float32)
        return summary
