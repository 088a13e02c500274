"""Shipped policies keep the promises of the protocol, and the market is worth its name."""

from dataclasses import replace

import numpy as np
import pytest

from auxon.policies import Action, Observation, make, names
from auxon.policies.conformance import check
from auxon.policies.kanban import Kanban, scarcities
from auxon.sim.errors import UsageError
from auxon.sim.observation import ROBOT_FEATURES
from auxon.sim.scenario import load
from auxon.sim.world import World


@pytest.mark.parametrize("name", names())
def test_shipped_policy_conforms(name: str) -> None:
    assert check(lambda: make(name), load("tiny")) > 100


def test_unknown_policy_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"policy 'markt' is not known; did you mean 'market'\?"):
        make("markt")


class _Meddler(Kanban):
    """Changes what it is shown."""

    def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
        observation.sites.stock[0, 0] += 1
        return super().act(observation, memory)


class _Trespasser(Kanban):
    """Sends everybody to the same task, whether or not it is theirs."""

    def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
        action, memory = super().act(observation, memory)
        return Action(np.zeros_like(action.task), action.desire), memory


class _Fickle(Kanban):
    """Answers differently every time."""

    asked = 0

    def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
        action, memory = super().act(observation, memory)
        self.asked += 1
        return Action(action.task, action.desire + self.asked), memory


class _Admiral(Kanban):
    """Lets one site launch, and says nothing of others."""

    def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
        action, memory = super().act(observation, memory)
        return replace(action, launch=np.ones(1, np.bool_)), memory


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (_Admiral, "launch has one entry a site"),
        (_Meddler, "it changes nothing it is shown"),
        (_Trespasser, "only tasks open to its species"),
        (_Fickle, "asked the same twice"),
    ],
)
def test_conformance_catches(kind: type[Kanban], broken: str) -> None:
    with pytest.raises(AssertionError, match=broken):
        check(kind, load("tiny"))


@pytest.mark.parametrize(("arrays", "wanted"), [(200, False), (300, True)])
def test_large_sites_keep_two_of_those_without_work(arrays: int, wanted: bool) -> None:
    """A full site called for no polymer when its last polymer plant grew old, and died of it."""
    seen: list[Observation] = []

    class Looker(Kanban):
        def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
            seen.append(observation)
            return super().act(observation, memory)

    scenario = load("tiny").replace({"seed.robots": {"solar_array": arrays, "digger": 1}})
    world = World(scenario, Looker(), 1)
    world.step()
    digger = world.species_names.index("digger")
    world.flows.planned[:] = 0
    world.sites.pressure_fp[:] = 0
    assert (scarcities(seen[0])[0, digger] >= 4) == wanted


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_market_grows_several_doublings_far_ahead_of_greedy_and_random(seed: int) -> None:
    """On the default scenario, 10 years.

    Measured over seeds 1 to 8: see docs/validation.md; the bounds below lie outside that spread.
    """
    mass = {}
    for name in ("market", "greedy", "random"):
        world = World(load("themis-seed"), make(name), seed)
        founders = world.mass_g
        for _ in range(3653):
            world.step()
        mass[name] = world.mass_g / founders
    assert mass["market"] > 16  # four doublings
    assert mass["market"] > 4 * mass["greedy"]
    assert mass["market"] > 4 * mass["random"]


def test_an_observation_offers_features_that_do_not_depend_on_the_industry() -> None:
    seen: list[Observation] = []

    class Looker(Kanban):
        def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
            seen.append(observation)
            return super().act(observation, memory)

    for name in ("tiny", "themis-seed"):
        seen.clear()
        world = World(load(name), Looker(), 1)
        for _ in range(12):
            world.step()
        o = seen[-1]
        features, robots = o.task_features(), o.robot_features()
        assert features.shape == (1, len(world.task_names), 10)
        assert robots.shape == (len(o.rows), len(ROBOT_FEATURES))
        assert (features >= 0).all()
        assert (features <= 8).all()
        assert (features[..., 7:].sum(-1) == 1).all()  # each task is of just one kind
        for n, row in enumerate(o.rows):
            mine = o.options(int(o.robots.species[row]))
            assert o.robots.task[row] in (-1, *mine)
            assert robots[n, 2] == (o.robots.task[row] < 0)
