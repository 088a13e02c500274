"""The world model of training: it predicts, it pre-trains, it is what curiosity pays for."""

from pathlib import Path

import numpy as np
import pytest

from auxon.policies.weights import initial

torch = pytest.importorskip("torch", reason="torch is not installed (extra learn)")

import auxon  # noqa: E402
from auxon.policies.inputs import INPUTS  # noqa: E402
from auxon.policies.training.config import CuriosityEntry, ParityEntry  # noqa: E402
from auxon.policies.training.curiosity import Curious  # noqa: E402
from auxon.policies.training.lives import Lives  # noqa: E402
from auxon.policies.training.parity import run  # noqa: E402
from auxon.policies.training.world_model import WorldModel, as_before, followed  # noqa: E402


def diary(rng: np.random.Generator, lives: int = 48, length: int = 12) -> Lives:
    """Two senses are known from the last but one review, one is noise, the others never change."""
    x = np.zeros((lives, length, len(INPUTS)), np.float32)
    x[:, :2, :2] = rng.standard_normal((lives, 2, 2))
    for t in range(2, length):
        x[:, t, :2] = -x[:, t - 2, :2]
    x[:, :, 2] = rng.standard_normal((lives, length))
    return Lives(
        np.arange(lives), np.full(lives, length), x, np.zeros((lives, 64), np.float32),
        np.zeros((lives, length), np.uint8), np.zeros((lives, length), np.float32),
        np.zeros((lives, length), np.float32), np.zeros(lives, bool),
        np.zeros((lives, length), np.uint8),
    )  # fmt: skip


def test_it_learns_what_only_memory_can_tell() -> None:
    """What cannot be learned stays: noise of one sense, of variance 1, of 28."""
    rng = np.random.default_rng(1)
    model = WorldModel("lstm", initial("lstm", 32, 1).arrays, 32, 5e-3)
    lives = diary(rng)
    model.fit_scale(lives)
    for _ in range(150):
        model.learn(diary(rng), rng, 2)
    late = followed(lives) & (np.arange(12) > 3)
    error = float(model.errors(lives)[late].mean())
    floor = 1 / len(INPUTS)
    assert floor * 0.8 < error < floor * 1.5
    assert as_before(lives, model.scale)[late].mean() > 4 * floor  # nothing stays as it is


def test_what_is_learned_soon_is_dull_and_noise_always_was() -> None:
    curious = Curious(CuriosityEntry(), initial("lstm", 32, 1), 1)
    rng = np.random.default_rng(2)
    progress = [curious.wonder(diary(rng))["progress"] for _ in range(120)]
    assert min(progress[:5]) > 0
    assert abs(np.mean(progress[-20:])) < 0.1 * np.mean(progress[:20])


def test_progress_is_added_to_rewards_or_all_there_is() -> None:
    rng = np.random.default_rng(3)
    for wages in (True, False):
        lives = diary(rng)
        lives.reward[:] = 1000.0
        Curious(CuriosityEntry(wages=wages), initial("lstm", 32, 1), 1).wonder(lives)
        there = followed(lives)
        assert lives.reward[there].std() == pytest.approx(1.0, rel=0.01)
        assert lives.reward[there].mean() == pytest.approx(1000.0 if wages else 0.0, abs=20)


TRAINING = {
    "name": "small",
    "hidden": 16,
    "jobs": 1,
    "ground": [{"scenario": "partial-tiny", "years": 0.6, "changes": {"rules.review_steps": 4}}],
}


def test_pre_training_predicts_better_than_that_nothing_changes(tmp_path: Path) -> None:
    from auxon.policies.training.curves import Curves

    auxon.train({**TRAINING, "pretrain": {"windows": 24, "colonies": 8, "reviews": 16}}, tmp_path)
    table = Curves(tmp_path, {"pretrain": 24}).table().pivot_table("value", "turn", "what")
    last = table.iloc[-3:].mean()
    assert last.loss < 0.75 * last.as_before
    assert table.loss.iloc[0] == pytest.approx(table.as_before.iloc[0], rel=0.01)  # it says so, too


def test_curiosity_trains_a_policy(tmp_path: Path) -> None:
    weights = auxon.train(
        {
            **TRAINING,
            "ppo": {"episodes": 1, "colonies": 4, "reviews": 8},
            "curiosity": {"wages": False},
        },
        tmp_path,
    )
    assert weights is not None
    assert not np.array_equal(weights.arrays["readout"], initial("lstm", 16, 1).arrays["readout"])


def test_recurrent_cells_keep_a_parity_that_attention_does_not(tmp_path: Path) -> None:
    """512 strings: chance is 0.5 with a standard error of .022."""
    entry = ParityEntry(
        task="parity", name="p", cells=("lstm", "transformer"), hidden=32, longest=20,
        updates=1500, tested=(10, 60),
    )  # fmt: skip
    right = run(entry, tmp_path).set_index(["cell", "length"]).right
    assert right["lstm", 10] == right["lstm", 60] == 1.0
    assert right["transformer", 60] < 0.6
    assert (tmp_path / "parity.png").stat().st_size > 5000
