"""What is hidden, against the twin: the same digest after every step, and all of it happens."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxon.policies.kanban import Kanban
from auxon.policies.random import Random
from auxon.sim.observation import Policy
from auxon.sim.scenario import load
from tests.fidgety import Fidgety
from tests.test_twin import TWINS, run_both
from tests.worlds import SEEDS, scenarios

EVENTS = (
    "shelter", "leaves shelter", "service", "move", "safe in shelter", "hit", "wreck", "rich",
    "poor", "dug through", "shadow", "light", "one flies already", "missed", "late",
)  # fmt: skip


@pytest.mark.parametrize("policy", [Random, Kanban])
def test_generated_worlds(policy: type[Policy]) -> None:
    happened: Counter[str] = Counter()

    @settings(TWINS, max_examples=60, derandomize=True, database=None)
    @given(scenario=scenarios(partial=True), seed=SEEDS, sites=st.integers(1, 3))
    def same(scenario: Any, seed: int, sites: int) -> None:
        _, twin = run_both(scenario, Fidgety(policy()), seed, sites, steps=60)
        happened.update({event: n > 0 for event, n in twin.veil.happened.items()})

    same()
    rare = {event: happened[event] for event in EVENTS if happened[event] < 5}
    assert not rare, f"hardly ever happened in 60 random worlds: {rare}"


@pytest.mark.parametrize("fidgety", [True, False])
def test_a_toy_colony(fidgety: bool) -> None:
    """Two sites for a year, with realistic numbers; nobody need do anything beside the task."""
    policy: Policy = Fidgety(Kanban(), 0.1, 0.02, 0.1) if fidgety else Kanban()
    world, twin = run_both(load("partial-tiny"), policy, seed=7, sites=2, steps=365)
    assert world.sites.serial.sum() > 2 * 21
    assert twin.veil.happened["hit"] > 0
    assert twin.veil.happened["wreck"] > 0
