"""A master sees what is; its pupils learn to foretell it from what they remember."""

import math

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra learn")

from auxon.policies.inputs import INPUTS
from auxon.policies.market import Market
from auxon.policies.rule import MarketRule
from auxon.policies.training.config import MasterEntry
from auxon.policies.training.freedom import Freedom
from auxon.policies.training.lives import Lives
from auxon.policies.training.master import Master, Pupil
from auxon.policies.weights import CONDUCTS, READOUT, flat, initial
from auxon.sim.conduct import SERVICE, SHELTER
from auxon.sim.observation import Action, Observation
from auxon.sim.scenario import load
from auxon.sim.world import World

PRECURSOR = INPUTS.index("precursor")
NOISE = 2.0
LENGTH = 16


class Shadowed(Market):
    """The market; beside it the master, and a script that acts on noisy readings."""

    def __init__(self) -> None:
        super().__init__()
        self.master = Master(MasterEntry())
        self.blind = Market(MarketRule(service_above=0.5, shelter_above=0.5, move_below=0.9))
        self.wanted: list[np.ndarray] = []
        self.guessed: list[np.ndarray] = []

    def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
        self.wanted.append(self.master.wanted(observation))
        guess = self.blind.conduct(observation)
        assert guess is not None
        self.guessed.append(guess)
        return super().act(observation, memory)


def test_the_master_is_not_led_astray_by_noise() -> None:
    """In the same world read without noise a script of its thresholds does the same, to the bit."""
    noisy = load("partial-tiny")
    clear = noisy.replace({f"partial.{what}.noise": 0.0 for what in ("wear", "ore", "flares")})
    seen = {}
    for name, scenario in (("noisy", noisy), ("clear", clear)):
        policy = seen[name] = Shadowed()
        world = World(scenario, policy, seed=2, sites=4)
        for _ in range(200):
            world.step()
    wanted = np.concatenate(seen["noisy"].wanted)
    np.testing.assert_array_equal(wanted, np.concatenate(seen["clear"].guessed))
    assert not np.array_equal(wanted, np.concatenate(seen["noisy"].guessed))
    for conduct in CONDUCTS:
        assert 0.0 < ((wanted & conduct) > 0).mean() < 0.9


def lives(rng: np.random.Generator, n: int) -> Lives:
    """Return robots for each of which a precursor is there or not, all their lives."""
    there = rng.random(n) < 0.5
    x = np.zeros((n, LENGTH, len(INPUTS)), np.float32)
    x[:, :, PRECURSOR] = there[:, None] + NOISE * rng.standard_normal((n, LENGTH))
    nothing = np.zeros((n, LENGTH), np.float32)
    bits = np.repeat(np.where(there, SHELTER, 0)[:, None], LENGTH, 1).astype(np.uint8)
    return Lives(
        np.arange(n), np.full(n, LENGTH), x, np.zeros((n, 64), np.float32), np.zeros_like(bits),
        nothing, nothing, np.zeros(n, bool), bits,
    )  # fmt: skip


def test_who_remembers_foretells_better_than_one_reading_allows() -> None:
    """One reading leaves this much unknown, whatever is made of it; the sum of sixteen far less."""
    x = np.linspace(-15.0, 16.0, 20_001)
    none, some = (
        np.exp(-0.5 * ((x - mean) / NOISE) ** 2) / (NOISE * math.sqrt(2 * math.pi))
        for mean in (0, 1)
    )
    p = some / (some + none)
    entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    least = float(np.trapezoid(0.5 * (some + none) * entropy, x))
    lost = {}
    for cell in ("mlp", "lstm"):
        rng = np.random.default_rng(1)
        weights = initial(cell, 32, 1)
        weights.arrays["readout"][:] = 0.0
        pupil = Pupil(weights, MasterEntry(epochs=1, minibatches=4, learning_rate=0.01), 1)
        for _ in range(60):
            window = lives(rng, 256)
            window.memory = window.memory[:, : weights_memory(cell)]
            (lesson,) = pupil.update([(window, SHELTER)], 1.0)
        lost[cell] = lesson.loss
        assert lesson.wanted == pytest.approx(0.5, abs=0.1)  # three standard errors of 256 coins
    # the loss of 256 lives has a standard error of some .02
    assert lost["mlp"] > least - 0.06
    assert lost["lstm"] < least - 0.06


def weights_memory(cell: str) -> int:
    """Return the numbers of memory of a cell of 32."""
    from auxon.policies.cells import make

    return make(cell).memory_width(32)


def test_pupils_act_on_sharper_odds_than_they_learn_by() -> None:
    weights = initial("lstm", 8, 1)
    pupil = Pupil(weights, MasterEntry(sharpness=2.5), 1)
    said = pupil.parameters["readout"].detach().numpy()
    acted = pupil.arrays()["readout"][0]
    cut = READOUT - len(CONDUCTS)
    np.testing.assert_array_equal(acted[:, :cut], said[:, :cut])
    np.testing.assert_allclose(acted[:, cut:], 2.5 * said[:, cut:], rtol=1e-6)


def test_evolution_of_conduct_turns_six_numbers() -> None:
    weights = initial("lstm", 8, 1)
    weights.arrays["readout"][:] = 1.0
    freedom = Freedom("conduct", weights)
    np.testing.assert_array_equal(freedom.start, np.zeros(6))
    still, turned = np.zeros(6), np.zeros(6)
    service = CONDUCTS.index(SERVICE)
    turned[service], turned[3 + service] = math.log(4.0), -2.0
    found = freedom.weights(np.stack([still, turned]))
    assert found.sets == 2
    np.testing.assert_array_equal(flat(found)[0], flat(weights)[0])
    column = found.arrays["readout"][1][:, service - len(CONDUCTS)]
    np.testing.assert_allclose(column, [4.0] * 8 + [2.0], rtol=1e-6)
    others = np.delete(found.arrays["readout"][1], READOUT + service - len(CONDUCTS), axis=1)
    assert (others == 1.0).all()


@pytest.mark.parametrize("which", ["readout", "all"])
def test_evolution_of_numbers_starts_where_they_are(which: str) -> None:
    weights = initial("lstm", 8, 1)
    freedom = Freedom(which, weights)
    assert len(freedom.start) == (9 * READOUT if which == "readout" else weights.parameters)
    found = freedom.weights(np.stack([freedom.start, freedom.start + 1.0]))
    np.testing.assert_array_equal(flat(found)[0], flat(weights)[0])
    moved = flat(found)[1] != flat(weights)[0]
    assert moved.sum() == len(freedom.start)
    assert moved[-9 * READOUT :].all()
