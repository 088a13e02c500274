"""Seed corn: what a loop of processes needs of its own product for one more turn is kept for it."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from auxon.policies import make
from auxon.policies.kanban import Kanban
from auxon.sim.scenario import Scenario, load
from auxon.sim.tables import Tables
from auxon.sim.world import World
from tests.test_twin import run_both

Rules = Callable[[Tables], Tables]
THEMIS = load("themis-seed")
SHEET_G = 20_400
"""Steel that one run of roll_sheet takes."""
GRIND_G = 200
"""Steel that one run of crush_and_grind takes."""


def as_written(t: Tables) -> Tables:
    return t


def without_corn(t: Tables) -> Tables:
    """The same industry where everything is open to everybody."""
    return t._replace(corn=np.zeros_like(t.corn), in_corn=np.zeros_like(t.in_corn))


def colony(scenario: Scenario, rules: Rules, seed: int = 1) -> World:
    world = World(scenario, make("market"), seed, check=True)
    world.kinds = tuple(map(rules, world.kinds))
    world.tables = world.kinds[0]
    return world


def corn(scenario: Scenario) -> Mapping[str, int]:
    world = World(scenario, make("market"))
    kept = zip(world.material_names, world.tables.corn.tolist(), strict=True)
    return {m: n for m, n in kept if n}


def taken(t: Tables, names: tuple[str, ...], tasks: tuple[str, ...], m: str) -> dict[str, bool]:
    """Tasks that take a material, and whether its seed corn is for them."""
    return {
        tasks[p]: bool(t.in_corn[j])
        for p in range(len(tasks))
        for j in range(t.in_start[p], t.in_start[p + 1])
        if names[t.in_material[j]] == m
    }


def test_what_is_seed_corn_on_themis() -> None:
    """By hand from the industry: balls for the mill, gas for the carbonyl, acid for the leach."""
    kept = corn(THEMIS)
    assert kept["steel"] == GRIND_G
    assert kept["carbon_monoxide"] == 24_640
    assert kept["hydrogen_chloride"] == 72
    assert kept["hydrogen"] == 416  # of the loop, reduction takes the most
    assert kept["iron"] == 19_700  # of which steel is made, which the mill needs
    assert "polymer" not in kept  # all of it leaves the loop
    assert not any("sheet" in m for m in kept)
    assert corn(load("tiny")) == {}  # nothing there is made with itself


def test_who_may_take_it() -> None:
    world = World(THEMIS, make("market"))
    steel = taken(world.tables, world.material_names, world.task_names, "steel")
    assert {p for p, may in steel.items() if may} == {"crush_and_grind"}
    assert {"roll_sheet", "cast_part", "draw_steel_wire"} <= set(steel)


@pytest.mark.parametrize(("rules", "grows"), [(as_written, True), (without_corn, False)])
def test_sheet_does_not_eat_the_steel_that_steel_is_made_with(rules: Rules, grows: bool) -> None:
    """A start that was the end: a batch of sheet took all steel, and the mill stood for ever."""
    world = colony(THEMIS.replace({"seed.stock.steel": SHEET_G + GRIND_G}), rules)
    founders = world.robot_count
    mill = world.task_names.index("crush_and_grind")
    ground = 0
    for _ in range(365):
        world.step()
        ground += int(world.flows.runs[0, mill])
    assert (world.robot_count > founders) == grows
    assert (ground > 1) == grows  # twice at least: what it ground has become steel


def test_nothing_but_the_loop_takes_it() -> None:
    """The stock goes below it by what the loop takes, whatever is urgent."""
    world = colony(THEMIS.replace({"seed.stock.steel": 60_000}), as_written)
    t = world.tables
    bound = 0
    for _ in range(400):
        before = world.sites.stock[0].copy()
        world.step()
        after = world.sites.stock[0]
        for m in np.flatnonzero(t.corn):
            used = sum(
                int(world.flows.runs[0, p] * t.in_amount[j])
                for p in range(len(t.time_s))
                for j in range(t.in_start[p], t.in_start[p + 1])
                if t.in_material[j] == m and t.in_corn[j]
            )
            assert after[m] >= min(before[m], t.corn[m]) - used, world.material_names[m]
            bound += int(before[m] >= t.corn[m] and after[m] - t.corn[m] < t.largest_in[m])
    assert bound > 100


def test_the_twin_keeps_it_too() -> None:
    scenario = load("closed").replace({"seed.stock.steel": SHEET_G + GRIND_G})
    run_both(scenario, Kanban(), seed=3, sites=1, steps=60)
