"""Same scenario and seed, same digest: whatever the threads, process, compiler and company."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxon.policies.kanban import Kanban
from auxon.policies.quota import Wishes
from auxon.policies.random import Random
from auxon.sim import jit
from auxon.sim import world as world_room
from auxon.sim.errors import ConservationError
from auxon.sim.observation import Observation, Policy
from auxon.sim.scenario import Scenario, load
from auxon.sim.world import World
from tests.test_twin import TWINS
from tests.worlds import SEEDS, scenarios

ROOT = Path(__file__).parents[1]
RUN = """
from auxon.policies.kanban import Kanban
from auxon.sim.scenario import load
from auxon.sim.world import World

world = World(load("tiny"), Kanban(), seed=2**64 - 5)
for _ in range(STEPS):
    world.step()
    print(world.digest())
"""


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = jit.threads()
    if jit.threads(2) < 2:
        pytest.skip("numba may use only one thread here")
    yield
    jit.threads(before)


def crowded(scenario: Scenario, times: int) -> Scenario:
    return scenario.replace(
        {f"seed.robots.{k}": n * times for k, n in scenario.seed_robots.items()}
    )


def digests(world: World, steps: int) -> list[str]:
    out = []
    for _ in range(steps):
        world.step()
        out.append(world.digest())
    return out


@pytest.mark.usefixtures("two_threads")
def test_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand robots: several chunks of the parallel sweep a site."""
    scenario = crowded(load("tiny"), 5_000)
    two_worlds = []
    for threads in (1, 2):
        jit.threads(threads)
        monkeypatch.setattr(jit, "SERIAL_BELOW", 0)
        world = World(scenario, Kanban(), seed=3)
        two_worlds.append(digests(world, 40))
        assert world.flows.broken.sum() > 0
    assert two_worlds[0] == two_worlds[1]


@settings(TWINS, max_examples=25)
@given(scenario=scenarios(), seed=SEEDS, policy=st.sampled_from([Random, Kanban]))
def test_a_second_site_changes_nothing_at_the_first(
    scenario: Any, seed: int, policy: type[Policy]
) -> None:
    alone, beside = World(scenario, policy(), seed, 1), World(scenario, policy(), seed, 2)
    for _ in range(30):
        alone.step()
        beside.step()
    for name in alone.sites._fields:
        one, two = getattr(alone.sites, name), getattr(beside.sites, name)
        np.testing.assert_array_equal(one[0], two[0], err_msg=name)
    count = alone.segments.count[0]
    assert count == beside.segments.count[0]
    a, b = alone.segments.first[0], beside.segments.first[0]
    for name in alone.robots._fields:
        one, two = getattr(alone.robots, name), getattr(beside.robots, name)
        np.testing.assert_array_equal(one[a : a + count], two[b : b + count], err_msg=name)


def test_one_robot_more_changes_nobody_elses_draws() -> None:
    """An idle array in the dark more: all others wear, fail and choose as before.

    Nobody is repaired or built here, since spare parts and births do depend on how many there are.
    """
    scenario = load("tiny").replace(
        {
            "override.species.solar_array.efficiency": 1.0,
            "override.species.solar_array.collector_m2": 10_000.0,
            "override.species.solar_array.repair_parts": {},
            "override.species.digger.mtbf_h": 100.0,
            "override.species.smelter.mtbf_h": 200.0,
            "override.species.printer.mtbf_h": 200.0,
            "seed.robots.assembler": 0,
            "seed.robots.repairer": 0,
        }
    )
    more = scenario.replace({"seed.robots.solar_array": scenario.seed_robots["solar_array"] + 1})
    worlds = World(scenario, Kanban(), seed=9), World(more, Kanban(), seed=9)
    array = worlds[0].species_names.index("solar_array")
    n = worlds[0].robot_count
    assert worlds[1].robot_count == n + 1
    for _ in range(60):
        for world in worlds:
            world.step()
        for name in worlds[0].robots._fields:
            one, two = (getattr(w.robots, name)[: w.robot_count] for w in worlds)
            np.testing.assert_array_equal(one, two[:n], err_msg=name)
    assert worlds[0].flows.broken.sum() > 0
    assert (worlds[0].robots.species[:n] == array).any()


class Without(Random):
    """Draws what to build, one species never."""

    def __init__(self, species: int) -> None:
        self.species = species

    def wishes(self, observation: Observation) -> tuple[Wishes, Wishes]:
        weight, desire = super().wishes(observation)
        desire[:, self.species] = 0.0
        return weight, desire


def test_one_robot_more_changes_no_birth_and_no_repair() -> None:
    """A carrier more, which has no task, draws no power and never fails: the others' lives go on.

    They are built, fail, are repaired and find the same parents, draw for draw.
    """
    still = {"idle_W": 0, "mtbf_h": 1e7, "life_h": 1e7}
    scenario = load("themis-seed").replace(
        {f"override.species.carrier.{key}": value for key, value in still.items()}
    )
    more = scenario.replace({"seed.robots.carrier": 1})
    carrier = list(scenario.industry.species).index("carrier")
    alone, beside = (World(one, Without(carrier), seed=4) for one in (scenario, more))
    repairs = births = 0
    for _ in range(3000):
        alone.step()
        beside.step()
        births += int(alone.flows.births.sum())
        repairs += int(alone.flows.repairs.sum())
    assert births > 5
    assert repairs > 50
    others = beside.robots.species[: beside.robot_count] != carrier
    assert others.sum() == alone.robot_count == beside.robot_count - 1
    for name in alone.robots._fields:
        one = getattr(alone.robots, name)[: alone.robot_count]
        two = getattr(beside.robots, name)[: beside.robot_count][others]
        np.testing.assert_array_equal(one, two, err_msg=name)
    np.testing.assert_array_equal(alone.sites.stock, beside.sites.stock)


def run_apart(steps: int, **environment: str) -> list[str]:
    """Digests of a small world in another process."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.replace("STEPS", str(steps))],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_other_processes_and_plain_python_agree() -> None:
    here = digests(World(load("tiny"), Kanban(), seed=2**64 - 5), 25)
    assert run_apart(25, PYTHONHASHSEED="1") == here
    assert run_apart(25, PYTHONHASHSEED="2", NUMBA_DISABLE_JIT="1") == here


@settings(TWINS, max_examples=25)
@given(scenario=scenarios(), seed=SEEDS)
def test_no_gram_is_made_or_lost(scenario: Any, seed: int) -> None:
    """The twin's books, which share nothing with the engine's ledger: element by element."""
    world = World(scenario, Random(), seed, check=True)
    before = grams(world)
    for _ in range(40):
        world.step()
        assert grams(world) == before


def grams(world: World) -> dict[str, int]:
    """Grams of each element at the first site, less imports, counted one thing after the other."""
    industry, sites = world.scenario.industry, world.sites
    total = dict.fromkeys(industry.elements, 0)

    def add(name: str, amount: int) -> None:
        for element, content_g in industry.materials[name].content_g(amount).items():
            total[element] += content_g

    for m, name in enumerate(industry.materials):
        add(name, int(sites.stock[0, m] + sites.transit[0, m] - sites.imported[0, m]))
    robots = world.robots.species[: world.segments.count[0]].tolist()
    for k, kind in enumerate(industry.species.values()):
        for name, amount in kind.bill.items():
            add(name, amount * (robots.count(k) + int(sites.building[0, k])))
    return total


@pytest.mark.parametrize("phase", ["work", "retire"])
def test_the_ledger_names_phase_and_element(monkeypatch: pytest.MonkeyPatch, phase: str) -> None:
    """A phase that makes iron out of nothing is caught in the act."""
    whole = getattr(world_room, phase)

    def broken(here: Any, tables: Any, sites: Any, *rest: Any) -> Any:
        done = whole(here, tables, sites, *rest)
        sites.stock[0, iron] += tables.least[iron]
        return done

    scenario = load("tiny")
    iron = list(scenario.industry.materials).index("iron")
    monkeypatch.setattr(world_room, phase, broken)
    world = World(scenario, Kanban(), seed=1, check=True)
    lot_g = scenario.industry.materials["iron"].lot_g
    said = {"work": "work", "retire": "repair"}[phase]
    with pytest.raises(
        ConservationError, match=rf"step 0, phase {said}, site 0: Fe changed by {lot_g} g"
    ):
        world.step()
    unchecked = World(scenario, Kanban(), seed=1, check=False)
    unchecked.step()
    assert unchecked.sites.stock[0, iron] > 0
