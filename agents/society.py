"""Society: a world as a Mesa model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mesa
import numpy as np

from auxon.policies import make
from auxon.sim.errors import UsageError
from auxon.sim.observation import Policy
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.rules import robot_id
from auxon.sim.scenario import Scenario, load
from auxon.sim.state import FLYING, SETTLED
from auxon.sim.world import World

from .robot import GoneError, Robot, kind
from .robot_set import RobotSet
from .row_index import RowIndex

Seed = int | np.integer[Any] | Sequence[int] | np.random.SeedSequence | np.random.Generator | None


class Society(mesa.Model):
    """A society of robots in the asteroid belt.

    Mesa conducts and collects; the state lies in the arrays of `world`, which steps it. One step of
    the model is one step of the world.

    Parameters
    ----------
    scenario : str, Path, mapping or Scenario
        As in `auxon.sim.scenario.load`.
    policy : str or Policy, optional
        A name known to `auxon.policies.make`, or a policy; None for the scenario's own.
    rng : int, sequence of int, SeedSequence, Generator or None
        An int, of 64 bits, is the world's seed; anything else draws one; `world.seed` tells it.
    sites : int
        Identical colonies; 1 in a scenario with a belt, where sites are founded as it runs.
    check : bool
        Check the grams of every element after every phase.
    report_every : int
        Collect every so many steps, and at the end. Mesa 3.3's `batch_run` needs 1.
    model_reporters, agent_reporters, agenttype_reporters : mapping, optional
        As in `mesa.DataCollector`; model reporters come on top of the ones of `reporters`.

    Attributes
    ----------
    world : World
    running : bool
        False when the scenario's years are over or no robot is left; `step` still steps.
    datacollector : mesa.DataCollector
        Collects at the start and after each step.
    index : RowIndex
    """

    def __init__(
        self,
        scenario: str | Path | Mapping[str, Any] | Scenario = "tiny",
        policy: str | Policy | None = None,
        *,
        rng: Seed = None,
        sites: int = 1,
        check: bool = False,
        report_every: int = 1,
        model_reporters: Mapping[str, Any] | None = None,
        agent_reporters: Mapping[str, Any] | None = None,
        agenttype_reporters: Mapping[type[mesa.Agent], Mapping[str, Any]] | None = None,
    ) -> None:
        seed = _seed(rng)
        super().__init__(rng=seed)
        if report_every < 1:
            raise UsageError(f"report_every={report_every}; expected 1 step or more")
        if not isinstance(scenario, Scenario):
            scenario = load(scenario)
        if policy is None or isinstance(policy, str):
            policy = make(policy or scenario.policy)
        self.world = World(scenario, policy, seed, sites, check)
        self.index = RowIndex(self.world)
        self.report_every = report_every
        self.datacollector = mesa.DataCollector(  # type: ignore[no-untyped-call]
            self.reporters() | dict(model_reporters or {}), agent_reporters, agenttype_reporters
        )
        self.datacollector.collect(self)  # type: ignore[no-untyped-call]

    def reporters(self) -> dict[str, Any]:
        """Return what is collected of the society as a whole, and of each species.

        Across a belt these are ``inhabited``, ``in_flight`` and ``lost``, too.
        """
        names = ["years", "robots", "broken", "mass_kg", "births", "deaths", "generation"]
        if self.scenario.belt:
            names += ["inhabited", "in_flight", "lost"]
        return {name: name for name in names} | {
            species: lambda society, species=species: society.population[species]
            for species in self.world.species_names
        }

    # ------------------------------------------------------------------ time

    def step(self) -> None:
        """Step the world once and collect."""
        self.world.step()
        self.running = self.years < self.scenario.years and self.robots > 0
        if self.world.step_count % self.report_every == 0 or not self.running:
            self.datacollector.collect(self)  # type: ignore[no-untyped-call]

    def run(self, years: float | None = None) -> None:
        """Step until the scenario's horizon, or until no robot is left.

        Parameters
        ----------
        years : float, optional
            Stop after so many more years.
        """
        steps = np.inf
        if years is not None:
            steps = round(years * YEAR_DAYS * 86_400 / self.world.dt_s)
        while self.running and steps > 0:
            self.step()
            steps -= 1

    # ------------------------------------------------------------------ what there is

    @property
    def scenario(self) -> Scenario:
        """What the world was made from."""
        return self.world.scenario

    @scenario.setter
    def scenario(self, value: Any) -> None:
        # Mesa 3.5 leaves one of its own here before the world is made
        if "world" in self.__dict__:
            raise UsageError("a society's scenario cannot be changed; make a new Society")

    @property
    def years(self) -> float:
        """Time since the start in Julian years."""
        return self.world.years

    @property
    def robots(self) -> int:
        """Robots alive, broken ones included."""
        return self.world.robot_count

    @property
    def broken(self) -> int:
        """Robots waiting for repair."""
        return int(self.world.flows.broken.sum())

    @property
    def mass_kg(self) -> float:
        """Mass of all robots."""
        return self.world.mass_g / 1000

    @property
    def births(self) -> int:
        """Robots built so far, founders not counted."""
        founders = sum(sum(seed.robots.values()) for seed in self.world.places.seeds)
        return int(self.world.sites.serial.sum()) - founders

    @property
    def deaths(self) -> int:
        """Robots taken apart so far."""
        return int(self.world.sites.serial.sum()) - self.robots - self.lost

    @property
    def lost(self) -> int:
        """Robots lost with their ships so far."""
        return int(self.world.books.wrecks.sum())

    @property
    def inhabited(self) -> int:
        """Sites where somebody lives; ships are none."""
        world = self.world
        return int(((world.sites.state == SETTLED) & (world.segments.count > 0)).sum())

    @property
    def in_flight(self) -> int:
        """Ships on their way between bodies."""
        return int((self.world.sites.state == FLYING).sum())

    @property
    def generation(self) -> int:
        """The highest generation alive, 0 for founders and for nobody."""
        world = self.world
        spans = zip(world.segments.first, world.segments.count, strict=True)
        return max(int(world.robots.generation[a : a + n].max(initial=0)) for a, n in spans)

    @property
    def population(self) -> dict[str, int]:
        """Robots by species, broken ones included."""
        numbers = (self.world.flows.healthy + self.world.flows.broken).sum(0).tolist()
        return dict(zip(self.world.species_names, numbers, strict=True))

    @property
    def digest(self) -> str:
        """32 hex digits of the state; see `World.digest`."""
        return self.world.digest()

    # ------------------------------------------------------------------ agents

    @property  # type: ignore[misc]
    def agents(self) -> RobotSet:  # type: ignore[override]
        """All robots, at any time."""
        return RobotSet(self)

    @property
    def agents_by_type(self) -> dict[type[mesa.Agent], RobotSet]:  # type: ignore[override]
        """The robots of each species, at any time."""
        return {kind: RobotSet(self, species=k) for k, kind in enumerate(self.agent_types)}

    @property
    def agent_types(self) -> list[type[Robot]]:
        """The class of each species, whether it has robots or not."""
        return [kind(species) for species in self.world.species_names]

    def robot(self, which: int | str) -> Robot:
        """Return a handle on one robot.

        Parameters
        ----------
        which : int or str
            id or name, as in ``printer-17``.

        Raises
        ------
        GoneError
            It is dead, or was never born.
        """
        number = self._id(which) if isinstance(which, str) else which
        row = self.index.row_of(number, 0)
        if row < 0:
            raise GoneError(f"robot {which} is not in the society; ask society.agents who is")
        species = int(self.world.robots.species[row])
        return self.agent_types[species](self, number, row)

    def _id(self, name: str) -> int:
        head, _, site = name.partition("@")
        species, _, serial = head.rpartition("-")
        names = self.world.species_names
        if species not in names or not serial.isdecimal() or not (site or "0").isdecimal():
            raise UsageError(
                f"'{name}' names no robot; expected species and number, as in {names[0]}-0"
            )
        return int(robot_id(int(site or 0), names.index(species), int(serial)))

    def register_agent(self, agent: mesa.Agent) -> None:
        """Refuse: a society consists of the robots of its world."""
        getattr(mesa.Agent, "_ids", {}).pop(self, None)  # where Mesa 3.3 would keep it alive
        raise UsageError(
            f"a {type(agent).__name__} cannot join a Society, whose agents are the rows of its "
            "world; keep other agents in a model of their own"
        )

    def remove_all_agents(self) -> None:
        """Take every robot apart."""
        self.agents.scrap()
        super().remove_all_agents()  # type: ignore[no-untyped-call]


def _seed(rng: Seed) -> int:
    """Return an int's own value, else 64 bits drawn from `rng`."""
    if isinstance(rng, (int, np.integer)):
        if not 0 <= rng < 2**64:
            raise UsageError(f"rng={rng}: expected a number of 64 bits, 0 to 2**64 - 1; take one")
        return int(rng)
    try:
        return int(np.random.default_rng(rng).integers(2**64, dtype=np.uint64))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"rng={rng!r}: expected an int, a sequence of ints, a SeedSequence, a Generator or None"
        ) from error
