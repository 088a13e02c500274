"""Colonies decided for from outside: lives, rewards, masks, and the same world as with a policy."""

import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from auxon.policies import make
from auxon.policies.environments import ColonyEnv, Turn
from auxon.policies.inputs import INPUTS
from auxon.sim.errors import UsageError
from auxon.sim.observation import TASK_FEATURES
from auxon.sim.scenario import Scenario, load
from auxon.sim.world import World

COLONIES = 3


def mortal() -> Scenario:
    """`tiny`, whose diggers and printers are past their life within months."""
    return load("tiny").replace(
        {"override.species.digger.life_h": 2000, "override.species.printer.life_h": 3000}
    )


def dying() -> Scenario:
    """A colony that nobody outlives."""
    kinds = ("digger", "smelter", "printer", "assembler", "repairer", "solar_array")
    return load("tiny").replace({f"override.species.{kind}.life_h": 400 for kind in kinds})


def random_choices(turn: Turn, rng: np.random.Generator) -> np.ndarray:
    """Draw one of the options open to each robot."""
    return np.asarray(rng.random(len(turn.robot)) * turn.mask.sum(1), int)


def turns(env: ColonyEnv, seed: int | None = None, chance: int = 7) -> list[Turn]:
    """Play an episode at random."""
    rng = np.random.default_rng(chance)
    found = [env.reset(seed)]
    while not found[-1].done:
        found.append(env.step(random_choices(found[-1], rng)))
    return found


@pytest.mark.parametrize("name", ["market", "random", "planner"])
def test_a_policy_through_the_arrays_is_the_policy_in_the_world(name: str) -> None:
    env = ColonyEnv(mortal(), COLONIES, seed=5, years=0.8, policy=name)
    policy, world = make(name), World(mortal(), make(name), 5, COLONIES)
    turn = env.reset()
    while not turn.done:
        world.begin()
        assert world.digest() == env.world.digest()
        for seen in world.turns():
            world.take(seen, *world.policy.act(seen, world.recall(seen)))
        world.finish()
        action, _ = policy.act(turn.observation, env.world.recall(turn.observation))
        turn = env.step(turn.choices(action.task), desire=action.desire, ahead_s=action.ahead_s)
    assert world.digest() == env.world.digest()
    assert world.sites.serial.sum() > world.robot_count + 20  # deaths
    stepped = World(mortal(), make(name), 5, COLONIES)
    for _ in range(env.steps):
        stepped.step()
    assert stepped.digest() == world.digest()


def test_who_is_left_to_the_policy_does_as_it_would() -> None:
    env, other, mixed = (ColonyEnv("tiny", COLONIES, 2, 0.3) for _ in range(3))
    a, b, c = env.reset(), other.reset(), mixed.reset()
    while not a.done:
        half = np.where(np.arange(len(c.robot)) % 2, c.advice, -1)
        a, b, c = env.step(), other.step(b.advice), mixed.step(half)
    assert env.world.digest() == other.world.digest() == mixed.world.digest()


def test_rewards_of_a_life_add_up_to_the_growth_of_its_colony() -> None:
    env = ColonyEnv(mortal(), COLONIES, years=1)
    began: dict[int, tuple[int, float, int]] = {}
    earned: dict[int, float] = defaultdict(float)
    waited: dict[int, int] = defaultdict(int)
    deaths = 0
    for turn in turns(env):
        for i, life in enumerate(turn.life_id.tolist()):
            assert turn.is_first[i] == (life not in began)
            if turn.is_first[i]:
                assert turn.reward[i] == turn.elapsed[i] == 0
                began[life] = int(turn.colony[i]), turn.worth[turn.colony[i]], turn.step
            earned[life] += float(turn.reward[i])
            waited[life] += int(turn.elapsed[i])
        gone = turn.gone
        for i, life in enumerate(gone.life_id.tolist()):
            deaths += int(gone.died[i])
            if life not in began:
                assert gone.reward[i] == gone.elapsed[i] == 0
                continue
            colony, at_first, step = began.pop(life)
            assert colony == gone.colony[i]
            # float32 rewards of up to 73 decisions
            assert earned[life] + gone.reward[i] == pytest.approx(
                turn.worth[colony] - at_first, abs=1e-5
            )
            assert waited[life] + gone.elapsed[i] == turn.step - step
    assert began == {}  # everybody's last reward was paid
    assert deaths > 20
    assert (np.unique(turn.gone.died) == [False]).all()


def test_growth_is_the_logarithm_of_the_mass_of_robots() -> None:
    env = ColonyEnv("tiny", 1, years=0.5)
    first = env.reset().worth[0]
    turn = env.step()
    while not turn.done:
        turn = env.step()
    world = World(load("tiny"), make("market"), 1)
    founders = world.mass_g
    for _ in range(env.steps):
        world.step()
    assert turn.worth[0] - first == pytest.approx(math.log(world.mass_g / founders), rel=1e-12)
    assert world.mass_g > 1.5 * founders


def test_another_aim_may_be_paid() -> None:
    def robots(world: World) -> np.ndarray:
        return world.segments.count.astype(float)

    env = ColonyEnv(mortal(), COLONIES, years=0.5, worth=robots)
    turn = env.reset()
    numbers = [turn.worth]
    while not turn.done:
        turn = env.step()
        numbers.append(turn.worth)
        for reward, elapsed, colony in zip(turn.reward, turn.elapsed, turn.colony, strict=True):
            assert reward == numbers[-1][colony] - numbers[-1 - elapsed][colony]
    assert numbers[-1].tolist() == env.world.segments.count.tolist()


def test_lives_are_never_used_again_and_follow_robots() -> None:
    env = ColonyEnv(mortal(), COLONIES, years=1)
    robot_of: dict[int, tuple[int, int]] = {}
    over: set[int] = set()
    for episode in range(2):
        for turn in turns(env):
            assert len(set(turn.life_id.tolist())) == len(turn.life_id)
            assert not over & set(turn.life_id.tolist())
            for life, robot in zip(turn.life_id.tolist(), turn.robot.tolist(), strict=True):
                assert robot_of.setdefault(life, (episode, robot)) == (episode, robot)
            assert not over & set(turn.gone.life_id.tolist())
            over |= set(turn.gone.life_id.tolist())
    assert len(set(robot_of.values())) == len(robot_of)
    # every life ends: those that decided, and those that never did
    born = env.world.sites.serial.sum()
    assert over == set(range(len(over)))
    assert len(over) > born
    assert set(robot_of) <= over


def test_the_dead_are_those_that_the_world_took_apart() -> None:
    env = ColonyEnv(mortal(), COLONIES, years=0.8)
    robot_of: dict[int, int] = {}
    found = 0
    turn = env.reset()
    while not turn.done:
        robot_of |= dict(zip(turn.life_id.tolist(), turn.robot.tolist(), strict=True))
        turn = env.step()
        died = turn.gone.life_id[turn.gone.died].tolist()
        world_says = set(env.world.dead.id.tolist())
        assert len(died) == len(world_says)
        assert {robot_of[life] for life in died if life in robot_of} <= world_says
        found += len(died)
    assert found > 20


def test_options_are_the_tasks_of_a_species_and_the_mask_says_how_many() -> None:
    env = ColonyEnv("themis-seed", 2, years=0.1)
    turn = env.reset()
    for _ in range(10):
        turn = env.step()
    t = env.world.tables
    assert turn.options.shape == turn.mask.shape == (len(turn.robot), 23)
    for i, k in enumerate(turn.species):
        own = turn.observation.options(int(k)).tolist()
        assert turn.options[i][turn.mask[i]].tolist() == [-1, *own]
        assert (turn.options[i][~turn.mask[i]] == -1).all()
        if len(own):
            chosen = np.full(len(turn.robot), -1)
            chosen[i] = own[-1]
            assert turn.choices(chosen)[i] == len(own)
    assert (turn.choices(np.full(len(turn.robot), -1)) == 0).all()
    features = turn.task_features
    assert features.shape == (*turn.options.shape, len(TASK_FEATURES))
    board = turn.observation.task_features()
    for i in range(0, len(turn.robot), 7):
        for j, task in enumerate(turn.options[i]):
            expected = board[turn.colony[i], task] if task >= 0 else np.zeros(len(TASK_FEATURES))
            assert features[i, j].tolist() == expected.astype(np.float32).tolist()
    assert t.option_start[-1] == env.open.sum() - len(env.open)


def test_what_a_robot_sees() -> None:
    env = ColonyEnv("tiny", 2, years=0.4)
    turn = env.reset()
    for _ in range(100):
        turn = env.step()
    o = turn.observation
    seen = {name: turn.obs[:, i] for i, name in enumerate(INPUTS)}
    assert turn.obs.dtype == np.float32
    assert np.isfinite(turn.obs).all()
    task = o.robots.task[o.rows]
    board = o.task_features()
    assert (seen["idle"] == (task < 0)).all()
    assert len(set(task.tolist())) > 3
    for i in range(len(task)):
        s, k = turn.colony[i], turn.species[i]
        expected = board[s, task[i]] if task[i] >= 0 else np.zeros(len(TASK_FEATURES))
        own = [seen[name][i] for name in TASK_FEATURES]
        assert own == expected.astype(np.float32).tolist()
        name = env.world.species_names[k]
        assert seen["works"][i] == (name != "solar_array")
        assert seen["assembles"][i] == (name == "assembler")
        assert seen["repairs"][i] == (name == "repairer")
        assert seen["collects"][i] == (name == "solar_array")
        healthy, broken = o.flows.healthy[s], o.flows.broken[s]
        there = (healthy + broken).sum()
        assert seen["kind_number"][i] == pytest.approx(np.log2(1 + healthy[k]) / 8, rel=1e-6)
        assert seen["robots_number"][i] == pytest.approx(np.log2(1 + there) / 8, rel=1e-6)
        assert seen["broken_share"][i] == pytest.approx(
            broken[k] / (healthy[k] + broken[k]), rel=1e-6
        )


def same(a: Turn, b: Turn) -> bool:
    """Whether two turns hold the same arrays."""
    names = ("obs", "mask", "robot", "life_id", "colony", "reward", "elapsed", "is_first", "worth")
    mine: list[Any] = [getattr(a, n) for n in names] + list(vars(a.gone).values())
    others: list[Any] = [getattr(b, n) for n in names] + list(vars(b.gone).values())
    return all(np.array_equal(x, y) for x, y in zip(mine, others, strict=True))


def test_the_same_seed_gives_the_same_arrays_and_another_does_not() -> None:
    first, again = (turns(ColonyEnv("tiny", COLONIES, years=0.2), seed=9) for _ in range(2))
    assert len(first) == len(again) == 74
    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    other = turns(ColonyEnv("tiny", COLONIES, years=0.2), seed=10)
    assert not all(same(a, b) for a, b in zip(first, other, strict=True))


def test_episodes_have_seeds_one_after_the_other() -> None:
    env = ColonyEnv("tiny", 1, seed=2**64 - 1, years=0.02)
    seeds = []
    for _ in range(2):
        env.reset()
        seeds.append(env.world.seed)
    env.reset(40)
    env.reset()
    assert [*seeds, env.world.seed] == [2**64 - 1, 0, 41]


def test_an_episode_is_over_when_nobody_lives() -> None:
    env = ColonyEnv(dying(), COLONIES, years=1)
    turn = env.reset()
    worth = [turn.worth]
    while not turn.done:
        turn = env.step()
        worth.append(turn.worth)
    assert turn.step < env.steps
    assert env.world.robot_count == 0
    assert turn.worth.tolist() == [0, 0, 0]  # as of one gram
    assert len(turn.gone.life_id) > 0
    assert turn.gone.died.all()
    for reward, elapsed, colony in zip(
        turn.gone.reward, turn.gone.elapsed, turn.gone.colony, strict=True
    ):
        assert reward == np.float32(-worth[-1 - elapsed][colony] if elapsed else 0)
    assert turn.obs.shape == (0, len(INPUTS))
    assert turn.mask.shape == (0, env.open.shape[1])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'belt-wave' has a belt, .* expected a scenario without"):
        ColonyEnv("belt-wave")
    with pytest.raises(UsageError, match=r"colonies=0; expected 1 or more"):
        ColonyEnv("tiny", 0)
    with pytest.raises(UsageError, match=r"years=0.001; expected a step of 86400 s or more"):
        ColonyEnv("tiny", 1, years=0.001)
    env = ColonyEnv("tiny", 1, years=0.02)
    with pytest.raises(UsageError, match=r"no episode is under way; call reset"):
        env.step()
    turn = env.reset()
    n = len(turn.robot)
    with pytest.raises(UsageError, match=rf"choice has the shape \(1,\), .* each of {n} deciding"):
        env.step([0])
    with pytest.raises(UsageError, match=r"int64 from 7 to 7; expected whole numbers from -1 to 6"):
        env.step(np.full(n, 7))
    with pytest.raises(UsageError, match=r"choice .* float64 from 0.0 to 0.0; expected whole"):
        env.step(np.zeros(n))
    with pytest.raises(UsageError, match=r"desire has the shape \(6,\); .* \(1, 6\) colonies by"):
        env.step(desire=np.ones(6))
    with pytest.raises(UsageError, match=r"task 19 is not open to deciding robot 0; .* \[-1, 0\]"):
        turn.choices(np.full(n, 19))
    env.step(np.full(n, 6))  # padding is no task, not an error
    with pytest.raises(UsageError, match=r"the turn after step 0 is over; read it before `step`"):
        _ = turn.task_features
    while not turn.done:
        turn = env.step()
    with pytest.raises(UsageError, match=r"nobody decides after step 7: the episode is over"):
        _ = turn.observation
    with pytest.raises(UsageError, match=r"no episode is under way; call reset"):
        env.step()


def test_conduct_is_done_where_it_is_open_and_nothing_where_it_is_not() -> None:
    env = ColonyEnv("partial-tiny", 2, years=0.2)
    turn = env.reset()
    assert turn.conducts == 7
    turn = env.step(turn.advice, conduct=np.ones(len(turn.robot), int))
    assert env.world.robots.shelter.sum() > 0
    plain, other = (ColonyEnv("tiny", 2, years=0.2) for _ in range(2))
    a, b = plain.reset(), other.reset()
    assert a.conducts == 0
    while not a.done:
        a, b = plain.step(a.advice), other.step(b.advice, conduct=np.full(len(b.robot), 7))
    assert plain.world.digest() == other.world.digest()
