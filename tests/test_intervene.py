"""What a user changes by hand: tasks given, robots scrapped; every gram and count stays right."""

from typing import Any

import mesa
import numpy as np
import pytest
from numpy.typing import NDArray

from auxon.agents import GoneError, Robot, RobotSet, Society
from auxon.policies.kanban import Kanban
from auxon.sim.conservation import element_grams
from auxon.sim.errors import UsageError
from auxon.sim.observation import Action, Observation
from auxon.sim.wear import count_crews
from tests.colonies import colony


def crews(society: Society) -> list[Any]:
    """What the world keeps counted, and the same counted anew."""
    flows = society.world.flows
    kept = [flows.crew.copy(), flows.healthy.copy(), flows.broken.copy()]
    everywhere = np.arange(len(society.world.sites.claim))
    count_crews(everywhere, flows, society.world.robots, society.world.segments)
    return [kept, [flows.crew, flows.healthy, flows.broken]]


def test_tasks_can_be_given() -> None:
    society = colony(120)
    printers = society.agents.select(species="printer")
    assert any(printers.get("broken"))
    printers.set("task", "print_beam")
    assert set(printers.get("task")) == {"print_beam"}
    printers[0].task = None
    assert printers[0].task is None
    kept, counted = crews(society)
    for a, b in zip(kept, counted, strict=True):
        np.testing.assert_array_equal(a, b)
    society.run(years=0.2)  # with check on: no gram is made or lost


@pytest.mark.parametrize(
    ("give", "text"),
    [
        (lambda s: s.agents.set("task", "print_beam"), "'print_beam' is work for a printer, not"),
        (
            lambda s: setattr(s.robot("digger-0"), "task", "smelt"),
            "for a smelter, not for a digger",
        ),
        (lambda s: s.agents.set("task", "print_bean"), "no task 'print_bean'; .*print_beam"),
        (lambda s: s.agents.set("wear_h", 0), "'wear_h' of a robot cannot be set, .*'task' can"),
        (lambda s: s.agents.set("mood", 0), "robots have no column 'mood'"),
        (lambda s: setattr(s.agents[0], "broken", False), "'broken' of a robot cannot be set"),
        (lambda s: setattr(s.agents[0], "mood", 1), "keep your own notes in a dict by unique_id"),
        (lambda s: s.agents.select(specie="printer"), "no column 'specie'; .*species"),
        (lambda s: s.agents.select(species="printr"), "no species 'printr'; .*printer"),
        (lambda s: s.agents.select(wear="high"), "select.wear='high'.: expected a number"),
        (lambda s: s.agents.select(wear=lambda w: w), r"returned float64 of shape \(21,\)"),
        (lambda s: s.agents.agg("wear", "average"), "agg: no function 'average'"),
        (lambda s: Robot.create_agents(s, 3), "raise seed.robots in the scenario"),
        (lambda s: mesa.Agent(s), "a Agent cannot join a Society"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(give: Any, text: str) -> None:
    society = Society(rng=1)
    before = society.digest
    with pytest.raises(UsageError, match=text):
        give(society)
    assert society.digest == before


def test_scrapping_keeps_every_gram_and_every_count() -> None:
    society = colony(150)
    grams = element_grams(society.world)
    population, deaths = society.population, society.deaths
    worn = society.world.sites.stock.copy()
    robot = society.agents.select(species="printer", broken=True)[0]
    robot.remove()
    assert not robot.alive
    assert society.population == population | {"printer": population["printer"] - 1}
    assert society.deaths == deaths + 1
    assert (society.world.sites.stock >= worn).all()
    assert (society.world.sites.stock > worn).any()
    rest = society.agents.to_list()
    society.agents.select(site=1).scrap()
    assert society.agents.to_list() == [r for r in rest if r.alive]
    assert set(society.agents.get("site")) == {0, 2}
    np.testing.assert_array_equal(element_grams(society.world), grams)
    kept, counted = crews(society)
    for a, b in zip(kept, counted, strict=True):
        np.testing.assert_array_equal(a, b)
    society.run(years=0.2)  # with check on
    with pytest.raises(GoneError):
        robot.remove()
    society.remove_all_agents()
    assert len(society.agents) == society.robots == 0
    np.testing.assert_array_equal(element_grams(society.world), grams)


def test_scrapping_does_what_retirement_does() -> None:
    retired, scrapped = colony(150), colony(150)
    world = retired.world
    world.kinds = (world.tables._replace(life_s=np.zeros_like(world.tables.life_s)),)
    world.flows.repairs[:] = 0
    world._repair()  # so all whose review is due are past their life
    rows = scrapped.agents.rows
    due = scrapped.world.robots.phase[rows] == 150 % world.review_steps
    assert due.sum() > 50
    doomed = RobotSet(scrapped, scrapped.agents.ids[due])
    assert any(doomed.get("broken"))
    doomed.scrap()
    assert len(doomed) == 0
    assert scrapped.digest == retired.digest
    for a, b in zip(*crews(scrapped), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(crews(scrapped)[0], crews(retired)[0], strict=True):
        np.testing.assert_array_equal(a, b)


class Remembers(Kanban):
    """Kanban in which every robot remembers its own serial number."""

    memory_width = 1

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        action, _ = super().act(observation, memory)
        return action, (observation.robots.id[observation.rows, None] & 0xFFFF).astype(np.float32)


def test_memory_moves_with_its_robot_when_others_are_scrapped() -> None:
    society = Society("tiny", Remembers(), rng=1)
    for _ in range(60):
        society.step()
    society.agents.select(lambda robot: robot.row % 3 == 0).scrap()
    rows = society.agents.select(age_days=lambda days: days > society.world.review_steps).rows
    assert len(rows) > 10
    serial = society.world.robots.id[rows] & 0xFFFF
    assert len(set(serial)) > 5
    assert (society.world.memory[rows, 0] == serial).all()
