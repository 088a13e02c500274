"""Lives of a training window: sorted right, valued right, and resets where they belong."""

import numpy as np
import pytest

from auxon.policies.training.evolution import Evolution, ranks
from auxon.policies.training.lives import Lives, Window, advantages

F32 = np.float32


def page(ids: list[int], earned: list[float], mark: float) -> tuple[np.ndarray, ...]:
    n = len(ids)
    return (
        np.array(ids),
        np.full((n, 2), mark, F32),
        np.full((n, 3), 10 * mark, F32),
        np.array(ids, np.uint8),
        np.full(n, -mark, F32),
        np.array(earned, F32),
        np.full(len(ids), 5, np.uint8),
    )


def lives() -> Lives:
    """7 decides three times and lives; 5 twice and dies; 9 is born later."""
    window = Window()
    window.add(*page([7, 5], [100.0, 100.0], 1.0))  # earned before the window: nobody's reward
    window.add(*page([7, 5], [1.0, 2.0], 2.0))
    window.bury(np.array([5, 6]), np.array([-3.0, -9.0], F32))  # 6 never decided here
    window.add(*page([9, 7], [50.0, 4.0], 3.0))
    return window.lives()


def test_decisions_are_sorted_into_lives() -> None:
    found = lives()
    assert found.life_id.tolist() == [5, 7, 9]
    assert found.length.tolist() == [2, 3, 1]
    assert found.x[:, :, 0].tolist() == [[1, 2, 0], [1, 2, 3], [3, 0, 0]]
    assert found.memory[:, 0].tolist() == [10, 10, 30]
    assert found.died.tolist() == [True, False, False]


def test_a_reward_belongs_to_the_decision_before_it() -> None:
    found = lives()
    assert found.reward.tolist() == [[2, -3, 0], [1, 4, 0], [0, 0, 0]]
    # the last decision of who lives on has no reward yet
    assert found.learns.tolist() == [[True, True, False], [True, True, False], [False] * 3]


def test_advantages_are_sums_of_discounted_errors_within_a_life() -> None:
    found = lives()
    value = np.array([[0.5, 1.5, 7.0], [0.25, 0.75, 2.0], [3.0, 7.0, 7.0]])
    gae, returns = advantages(found, value, 0.9, 0.8)
    last = -3 - 1.5  # dead: nothing after it
    assert gae[0] == pytest.approx([2 + 0.9 * 1.5 - 0.5 + 0.72 * last, last, 0])
    last = 4 + 0.9 * 2.0 - 0.75  # alive: the value of the next decision
    assert gae[1] == pytest.approx([1 + 0.9 * 0.75 - 0.25 + 0.72 * last, last, 0])
    assert gae[2].tolist() == [0, 0, 0]
    np.testing.assert_allclose(returns, gae + value, rtol=1e-6)


def test_evolution_climbs_a_noisy_hill() -> None:
    """Half-way there in 60 generations; with scores drawn at random it stays where it is."""
    goal = np.linspace(-1, 1, 12)
    rng = np.random.default_rng(1)

    def climb(informed: bool) -> float:
        search = Evolution(np.zeros(12), 0.1, 0.5, 8, seed=2)
        for _ in range(60):
            rows = search.ask()
            score = -((rows - goal) ** 2).sum(1) if informed else np.zeros(len(rows))
            search.tell(score + 0.05 * rng.standard_normal(len(rows)))
        return float(np.linalg.norm(search.mean - goal) / np.linalg.norm(goal))

    assert climb(True) < 0.5
    assert climb(False) > 0.7


def test_evolution_takes_each_step_both_ways_and_goes_on_from_its_state() -> None:
    one = Evolution(np.zeros(5), 0.1, 0.5, 3, seed=4)
    rows = one.ask()
    np.testing.assert_allclose(rows[:3], -rows[3:])
    one.tell(rows.sum(1))
    other = Evolution(np.zeros(5), 0.1, 0.5, 3, seed=4)
    other.restore(one.state())
    np.testing.assert_array_equal(one.ask(), other.ask())


def test_equal_scores_get_equal_ranks() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0])).tolist() == [0.25, -0.5, 0.25]
