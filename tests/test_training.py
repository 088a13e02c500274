"""Training in torch: the same cells, exact ratios, the same weights from the same file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxon.policies import cells
from auxon.policies.inputs import INPUTS
from auxon.policies.learned import Learned
from auxon.policies.market import Market
from auxon.policies.weights import flat, initial, load
from auxon.sim.errors import AuxonError
from auxon.sim.scenario import load as load_scenario
from auxon.sim.world import World

torch = pytest.importorskip("torch", reason="torch is not installed (extra learn)")

import auxon  # noqa: E402
from auxon.policies.training.apprentice import Apprentice, Costs  # noqa: E402
from auxon.policies.training.config import PPOEntry, check  # noqa: E402
from auxon.policies.training.lives import Lives  # noqa: E402
from auxon.policies.training.ppo import Learner  # noqa: E402
from auxon.policies.training.school import School  # noqa: E402
from auxon.policies.training.torch_cells import UNROLL  # noqa: E402

CELLS = ["mlp", "lstm", "fwp", "slstm"]


@pytest.mark.parametrize("name", CELLS)
def test_torch_cells_are_the_cells(name: str) -> None:
    """To 1e-5, the promise: float32 sums of 60 products over 12 steps."""
    rng = np.random.default_rng(3)
    cell, n = cells.make(name), 40
    arrays = cell.initial(28, 32, rng)
    x = rng.standard_normal((n, 12, 28)).astype(np.float32)
    memory = np.zeros((n, cell.memory_width(32)), np.float32)
    packed = cell.pack({k: a[None] for k, a in arrays.items()})
    h = np.empty((n, 32), np.float32)
    for t in range(4):  # a start that is not clean
        cell.step(packed, [0, n], np.ascontiguousarray(x[:, t]), memory, h)
    start = memory.copy()
    found = []
    for t in range(4, 12):
        cell.step(packed, [0, n], np.ascontiguousarray(x[:, t]), memory, h)
        found.append(h.copy())
    w = {k: torch.from_numpy(a) for k, a in arrays.items()}
    out = UNROLL[name](w, torch.from_numpy(x[:, 4:]), torch.from_numpy(start))
    np.testing.assert_allclose(out.numpy(), np.stack(found, 1), atol=1e-5)


def lives(cell: str, steps: int = 60) -> tuple[Lives, Apprentice, School]:
    apprentice = Apprentice(initial(cell, 32, 1), Market(), Costs())
    school = School(load_scenario("partial-tiny"), apprentice, 5, 4, 1.0)
    school.lives(6)  # memories are not clean when the window opens
    found = school.lives(steps // school.world.review_steps)
    assert found is not None
    return found, apprentice, school


@pytest.mark.parametrize("cell", CELLS)
def test_before_anything_is_learned_every_ratio_is_1(cell: str) -> None:
    """Over births, deaths and windows; 1e-4 is ten times what float32 makes of it."""
    found, apprentice, school = lives(cell)
    newborn = (found.memory == 0).all(1)
    assert cell == "mlp" or (newborn.any() and not newborn.all())
    learner = Learner(apprentice.weights, PPOEntry(minibatches=1, epochs=1), 1)
    assert learner.update(found, school.open).first_ratio_error < 1e-4


def test_earnings_travel_with_robots_and_wrecks_are_dear() -> None:
    found, apprentice, school = lives("lstm", 150)
    assert found.died.any()
    reward = found.reward[found.learns]
    assert (reward > 0).mean() > 0.3  # work is paid
    assert reward.max() <= 2 * school.world.review_steps * 20  # no more than was worked
    gone = found.reward[found.died, found.length[found.died] - 1]
    assert gone.min() == pytest.approx(-apprentice.failure(school.world))


def test_an_apprentice_acts_as_the_policy_it_becomes() -> None:
    weights = initial("lstm", 32, 1)
    apprentice = Apprentice(weights, Market(), Costs())
    one = World(load_scenario("partial-tiny"), apprentice, 5)
    one.listeners.append(apprentice.pay)
    other = World(load_scenario("partial-tiny"), Learned(weights, Market()), 5)
    for _ in range(80):
        one.step()
        other.step()
    np.testing.assert_array_equal(one.sites.stock, other.sites.stock)


def test_ppo_learns_what_pays() -> None:
    """A bandit: shelter pays if the precursor reading is above 0, costs else."""
    rng = np.random.default_rng(1)
    weights = initial("lstm", 8, 1)
    learner = Learner(weights, PPOEntry(learning_rate=0.01, epochs=2, minibatches=4), 1)
    at = INPUTS.index("precursor")

    def share(window: Lives, above: bool) -> float:
        chosen = window.conduct[(window.x[:, :, at] > 0) == above] & 1
        return float(chosen.mean())

    for _ in range(30):
        x = rng.standard_normal((64, 8, len(INPUTS))).astype(np.float32)
        with torch.no_grad():
            said, _ = learner.think(torch.from_numpy(x), torch.zeros(64, 16))
        logit = said[..., -3].numpy()
        taken = (rng.random(logit.shape) < 1 / (1 + np.exp(-logit))).astype(np.uint8)
        pays = np.where(x[:, :, at] > 0, 1.0, -1.0) * taken
        window = Lives(
            np.arange(64), np.full(64, 8), x, np.zeros((64, 16), np.float32), taken,
            -np.logaddexp(0, np.where(taken > 0, -logit, logit)).astype(np.float32),
            pays.astype(np.float32), np.zeros(64, bool), np.zeros_like(taken),
        )  # fmt: skip
        learner.update(window, 1)
    # chance would be equal shares; by then they differ by more than a half
    assert share(window, True) - share(window, False) > 0.5


SMALL: dict[str, Any] = {
    "name": "small",
    "cell": "lstm",
    "hidden": 8,
    "ground": [{"scenario": "partial-tiny", "years": 0.4, "changes": {"rules.review_steps": 4}}],
    "jobs": 1,
    "master": {"rounds": 1, "colonies": 4, "reviews": 16, "epochs": 1},
    "ppo": {"episodes": 2, "colonies": 4, "reviews": 16},
    "evolution": {
        "generations": 2, "pairs": 1, "colonies": 2, "grounds": 1,
    },
}  # fmt: skip


def test_the_same_file_gives_the_same_weights_killed_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auxon.train(SMALL, tmp_path / "through")
    through = load(tmp_path / "through/small.safetensors")

    class Killed(Exception):
        pass

    def kill_after(turns: int) -> None:
        said: list[str] = []

        def say(text: str) -> None:
            said.append(text)
            if len(said) == turns + 1:
                raise Killed

        with pytest.raises(Killed):
            auxon.train(SMALL, tmp_path / "killed", say)

    kill_after(1)  # in the first episode of PPO, before it is written
    kill_after(1)  # in the second
    kill_after(1)  # in the first generation
    kill_after(1)  # in the second
    auxon.train(SMALL, tmp_path / "killed")
    np.testing.assert_array_equal(flat(load(tmp_path / "killed/small.safetensors")), flat(through))
    assert (tmp_path / "killed/curves.png").stat().st_size > 5000
    assert not np.array_equal(flat(through), flat(initial("lstm", 8, 1)))


def test_a_folder_keeps_to_its_training(tmp_path: Path) -> None:
    auxon.train({**SMALL, "evolution": None, "ppo": None}, tmp_path)
    with pytest.raises(AuxonError, match="holds a training by another file"):
        auxon.train({**SMALL, "seed": 9}, tmp_path)


def test_a_training_file_is_checked() -> None:
    with pytest.raises(AuxonError, match="unknown key 'episode'"):
        check({**SMALL, "ppo": {"episode": 3}})
