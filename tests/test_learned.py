"""Learned policies: the market when they say nothing; data when they lie in a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auxon.policies import make
from auxon.policies.conformance import check
from auxon.policies.inputs import INPUTS
from auxon.policies.learned import Learned
from auxon.policies.market import Market
from auxon.policies.votes import BUILD_VOTE, TASK_VOTE
from auxon.policies.weights import (
    CONDUCTS,
    READOUT,
    Weights,
    flat,
    initial,
    load,
    save,
    stack,
    unflat,
)
from auxon.sim.conduct import MOVE, SERVICE, SHELTER
from auxon.sim.errors import UsageError
from auxon.sim.observation import Observation
from auxon.sim.scenario import load as load_scenario
from auxon.sim.world import World

CELLS = ["mlp", "lstm", "fwp", "slstm"]


def speaking(cell: str, seed: int = 1, loud: float = 0.3, sets: int = 1) -> Weights:
    """Return weights whose read-out says something."""
    each = []
    for s in range(sets):
        weights = initial(cell, 16, seed + s)
        rng = np.random.default_rng(seed + s)
        weights.arrays["readout"][:] += loud * rng.standard_normal((1, 17, READOUT))
        each.append(weights)
    return stack(each)


def grown(policy: Learned | Market, scenario: str = "tiny", steps: int = 60) -> World:
    world = World(load_scenario(scenario), policy, 3, sites=2, check=True)
    for _ in range(steps):
        world.step()
    return world


@pytest.mark.parametrize("cell", CELLS)
def test_conforms(cell: str) -> None:
    def made() -> Learned:
        return Learned(speaking(cell), Market())

    assert check(made, load_scenario("tiny")) > 100
    assert check(made, load_scenario("partial-tiny")) > 100


def test_with_silent_weights_it_is_the_market() -> None:
    """Where no conduct is open; memory is part of a digest, so robots and stocks are compared."""
    silent, market = grown(Learned(initial("lstm", 16, 1), Market())), grown(Market())
    np.testing.assert_array_equal(silent.sites.stock, market.sites.stock)
    np.testing.assert_array_equal(silent.robots.task, market.robots.task)
    loud = grown(Learned(speaking("lstm"), Market()))
    assert not np.array_equal(loud.sites.stock, market.sites.stock)


def test_robots_of_several_genomes_do_as_each_would_alone() -> None:
    several = speaking("lstm", sets=2)
    one = [unflat(several, flat(several)[g : g + 1]) for g in range(2)]

    def of_site(o: Observation) -> np.ndarray:
        return o.site

    both = grown(Learned(several, Market(), genome=of_site), "partial-tiny")
    for g in range(2):
        alone = grown(Learned(one[g], Market()), "partial-tiny")
        np.testing.assert_array_equal(both.sites.stock[g], alone.sites.stock[g])


def test_the_newborn_remember_nothing_and_memory_moves_with_its_robot() -> None:
    world = grown(Learned(speaking("lstm"), Market()), steps=0)
    born: list[int] = []
    for _ in range(120):
        world.step()
        for s in range(2):
            a = world.segments.first[s]
            rows = np.arange(a, a + world.segments.count[s])
            new = rows[
                (world.robots.born[rows] == world.step_count - 1) & (world.robots.parent[rows] >= 0)
            ]
            born += world.robots.id[new].tolist()
            assert not world.memory[new].any()
            old = rows[world.robots.born[rows] + 2 * world.review_steps < world.step_count]
            old = old[world.robots.broken[old] == 0]
            assert (world.memory[old] != 0).any(1).all()
    assert born


@pytest.mark.parametrize(
    ("bit", "place"), [(SHELTER, 0), (SERVICE, 1), (MOVE, 2)], ids=["shelter", "service", "move"]
)
def test_conduct_follows_its_logit(bit: int, place: int) -> None:
    """A logit of 0 is a coin; the share of n draws lies within 5 sigma of one half."""
    weights = initial("mlp", 8, 1)
    weights.arrays["readout"][:] = 0.0
    weights.arrays["readout"][0, -1, -len(CONDUCTS) :] = -30.0
    weights.arrays["readout"][0, -1, READOUT - len(CONDUCTS) + place] = 0.0
    seen: list[np.ndarray] = []
    policy = Learned(weights, Market(), witness=lambda d: seen.append(d.conduct))
    grown(policy, "partial-tiny", 40)
    bits = np.concatenate(seen)
    assert set(np.unique(bits)) <= {0, bit}
    assert len(bits) > 100
    assert abs((bits > 0).mean() - 0.5) < 5 * 0.5 / len(bits) ** 0.5


def test_a_file_of_weights_is_what_was_saved(tmp_path: Path) -> None:
    weights = replace(speaking("slstm"), scenario="tiny", seed=5, score=1.5)
    save(weights, tmp_path / "w.safetensors")
    found = load(tmp_path / "w.safetensors")
    assert replace(found, arrays={}) == replace(weights, arrays={})
    for name, array in weights.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
    policy = make(str(tmp_path / "w.safetensors"))
    assert isinstance(policy, Learned)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", "other", "format is other; expected auxon-policy-1"),
        ("cell", "gru", "cell is gru; expected one of fwp, lstm, mlp, slstm"),
        ("observation", "00000000", "made for observation 00000000"),
        ("hidden", "8", "expected float32 of"),
        ("seed", "one", "expected hidden, seed and score as numbers"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    tmp_path: Path, key: str, value: str, said: str
) -> None:
    from safetensors import safe_open
    from safetensors.numpy import save_file

    save(speaking("lstm"), tmp_path / "w.safetensors")
    with safe_open(tmp_path / "w.safetensors", "numpy") as file:
        known = {**file.metadata(), key: value}
        arrays = {name: file.get_tensor(name) for name in file.keys()}
    save_file(arrays, tmp_path / "w.safetensors", known)
    with pytest.raises(UsageError, match=said):
        load(tmp_path / "w.safetensors")


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("cos\nsystem\n")
    with pytest.raises(UsageError, match="expected a safetensors file"):
        load(tmp_path / "text.safetensors")


def test_flat_and_back() -> None:
    weights = speaking("fwp", sets=3)
    rows = flat(weights)
    assert rows.shape == (3, weights.parameters)
    for name, array in unflat(weights, rows).arrays.items():
        np.testing.assert_array_equal(array, weights.arrays[name])


def test_inputs_are_as_many_as_named() -> None:
    assert len(INPUTS) == len(set(INPUTS)) == 28
    assert len(TASK_VOTE) + len(BUILD_VOTE) + 3 == READOUT
