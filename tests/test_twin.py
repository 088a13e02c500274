"""The engine against its slow, obvious twin: the same digest after every step of random worlds."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auxon.policies.greedy import Greedy
from auxon.policies.kanban import Kanban
from auxon.policies.random import Random
from auxon.sim.observation import Action, Observation, Policy
from auxon.sim.scenario import load
from auxon.sim.state import live_rows
from auxon.sim.wear import count_crews
from auxon.sim.world import World
from tests.naive import NaiveWorld
from tests.naive_policy import naive_kanban
from tests.worlds import SEEDS, scenarios

TWINS = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


class Late(Random):
    """Opens few orders, and late."""

    ahead_s = 2 * 86_400 + 1


class Recorder:
    """A policy that lets another decide and remembers what it said, by robot id."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.memory_width = policy, policy.memory_width
        self.tasks: dict[int, int] = {}
        self.desire: list[list[float]] = []
        self.ahead_s = 0
        self.conduct: dict[int, int] = {}

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        action, memory = self.policy.act(observation, memory)
        ids = observation.robots.id[observation.rows].tolist()
        self.tasks = dict(zip(ids, action.task.tolist(), strict=True))
        self.desire, self.ahead_s = action.desire.tolist(), action.ahead_s
        if action.conduct is not None:
            self.conduct = dict(zip(ids, action.conduct.tolist(), strict=True))
        return action, memory


def assert_counted(world: World) -> None:
    """Heads that the step keeps up to date are what a recount finds."""
    flows = world.flows
    names = ("crew", "healthy", "broken", "sheltered")
    kept = [getattr(flows, name).copy() for name in names]
    count_crews(np.arange(len(world.sites.claim)), flows, world.robots, world.segments)
    for name, was in zip(names, kept, strict=True):
        np.testing.assert_array_equal(was, getattr(flows, name), err_msg=name)


def run_both(
    scenario: Any, policy: Policy, seed: int, sites: int, steps: int
) -> tuple[World, NaiveWorld]:
    """Step both worlds on the engine's decisions and compare them after every step."""
    recorder = Recorder(policy)
    world = World(scenario, recorder, seed, sites, check=True)
    twin = NaiveWorld(scenario, seed, sites)
    assert world.digest() == twin.digest(), "at the start"
    for step in range(steps):
        recorder.tasks, recorder.conduct = {}, {}  # nobody is asked where nobody lives
        recorder.desire = [[0.0] * len(world.species_names)] * len(world.sites.claim)
        world.step()
        if isinstance(policy, Kanban):
            tasks, desire = naive_kanban(twin)
            assert tasks == recorder.tasks, f"tasks at step {step}"
            assert desire == recorder.desire, f"desire at step {step}"
        twin.step(recorder.tasks, recorder.desire, recorder.ahead_s, recorder.conduct)
        assert world.digest() == twin.digest(), f"after step {step}"
        assert_counted(world)
    return world, twin


@pytest.mark.parametrize("policy", [Late, Greedy, Kanban])
def test_random_worlds(policy: type[Policy]) -> None:
    happened: Counter[str] = Counter()

    # of 60 worlds constructions once came about in 4: what is drawn depends on what is imported
    @settings(TWINS, max_examples=120)
    @given(scenario=scenarios(), seed=SEEDS, sites=st.integers(1, 3))
    def same(scenario: Any, seed: int, sites: int) -> None:
        world, _ = run_both(scenario, policy(), seed, sites, steps=60)
        happened.update(world_events(world))

    same()
    # The generated worlds live: what the rules tell of takes place in more than one of them.
    rare = {event: n for event, n in happened.items() if n < 5}
    assert not rare, f"hardly ever happened in 120 random worlds: {rare}"


def world_events(world: World) -> dict[str, int]:
    """Whether each kind of event left a trace at the end of a run."""
    robots, sites = world.robots, world.sites
    rows = live_rows(world.segments)
    born = sites.serial.sum() - sum(world.scenario.seed_robots.values()) * len(sites.claim)
    return {
        "births": int(born > 0),
        "deaths": int(sites.serial.sum() > world.robot_count),
        "failures": int(robots.broken[rows].any()),
        "repairs": int(robots.repairs[rows].any()),
        "imports": int(sites.imported.any()),
        "runs": int((sites.stock[:, world.tables.rock] < sites.claim).any()),
        "shortage of power": int((sites.electric_fp > 256).any()),
        "no shortage of power": int((sites.electric_fp < 256).any()),
        "open orders": int(sites.orders.any()),
        "construction": int(sites.building.any()),
        "seed corn": int(world.tables.corn.any()),
    }


@pytest.mark.parametrize("policy", [Random, Greedy, Kanban])
def test_a_toy_colony(policy: type[Policy]) -> None:
    """Two sites for a year; every rule at work with realistic numbers."""
    world, _ = run_both(load("tiny"), policy(), seed=7, sites=2, steps=365)
    assert world.sites.serial.sum() > 2 * 21  # somebody was born


def test_the_whole_industry() -> None:
    """Every material, process and species of the shipped library, from the seed on Themis."""
    run_both(load("themis-seed"), Kanban(), seed=11, sites=1, steps=60)


def test_a_large_colony() -> None:
    """From 256 robots on two of every kind are wanted, whether or not they have work."""
    run_both(load("tiny").replace({"seed.robots.solar_array": 260}), Kanban(), 3, 1, steps=40)


def test_seed_with_the_highest_bit() -> None:
    run_both(load("tiny"), Kanban(), seed=2**64 - 1, sites=1, steps=3)
