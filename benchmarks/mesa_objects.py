"""The rules as one would write them in Mesa: every robot an object that steps itself.

Sites keep their books as in `tests.naive`, on whose rules this builds; robots are `mesa.Agent`s in
the model's agent set, who review their task and wear when the model asks them to. The policy is
kanban. The state is the engine's, digest for digest.
"""

from functools import partial
from typing import Any

import mesa

from tests.naive import NaiveWorld
from tests.naive_policy import choose, desires, quotas
from tests.naive_site import Robot, Site


class MesaRobot(mesa.Agent, Robot):
    """A robot as an agent."""

    model: "MesaSociety"

    def __init__(self, model: "MesaSociety", *columns: Any) -> None:
        super().__init__(model, *columns)
        self.site: Site

    def step(self) -> None:
        """Review the task when its turn has come."""
        world = self.model.world
        if not self.broken and self.phase == world.step_count % world.lore.review:
            self.task = choose(world, self.site, world.quota[self.site.number], self)

    def be_used(self) -> None:
        """Wear by what the kind was used, and perhaps break."""
        self.wear_out(self.site.clock[self.species])


class MesaWorld(NaiveWorld):
    """The twin's sites, with robots who are asked through the agent set."""

    def __init__(self, model: "MesaSociety", scenario: Any, seed: int) -> None:
        self.model = model
        self.robot_class = partial(MesaRobot, model)
        self.quota: list[list[float]] = []
        super().__init__(scenario, seed)

    def make_robot(self, site: Site, species: str, parent: Robot | None) -> MesaRobot:
        """Make an agent and tell it where it lives."""
        robot: MesaRobot = super().make_robot(site, species, parent)
        robot.site = site
        return robot

    def decide(self, tasks: dict[int, int]) -> None:
        """Ask every robot."""
        self.quota = [quotas(self, site) for site in self.sites]
        self.model.agents.do("step")

    def wear(self) -> None:
        """Ask every robot."""
        for site in self.sites:
            self.advance(site)
        self.model.agents.do("be_used")

    def forget(self, robot: MesaRobot) -> None:
        """Take the agent out of the model."""
        robot.remove()


class MesaSociety(mesa.Model):
    """A model whose robots are objects."""

    def __init__(self, scenario: Any, seed: int) -> None:
        super().__init__()
        self.world = MesaWorld(self, scenario, seed)

    def step(self) -> None:
        """Step once."""
        self.world.observe()
        self.world.step({}, [desires(self.world, site) for site in self.world.sites])
