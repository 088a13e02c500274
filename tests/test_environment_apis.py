"""The same colony for PettingZoo, Gymnasium and Stable-Baselines3, by their own tests."""

import importlib
import importlib.util
import math
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test.parallel_test import parallel_api_test
from pettingzoo.test.seed_test import parallel_seed_test

from auxon.policies import make
from auxon.policies.environments import MANAGER, ColonyManager, ParallelColony
from auxon.policies.environments.groups import GROUPS, species_groups, task_groups
from auxon.policies.environments.manager import SUMMARY
from auxon.policies.environments.steered import LEVERS, Steered
from auxon.policies.inputs import INPUTS
from auxon.policies.market import Market
from auxon.sim.errors import UsageError
from auxon.sim.observation import Observation
from auxon.sim.scenario import load
from auxon.sim.tables import BUILD
from auxon.sim.world import World
from tests.test_colony_env import dying, mortal

EXAMPLES = Path(__file__).parents[1] / "examples"


def needs_sb3() -> None:
    for module in ("torch", "stable_baselines3"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: what needs it is NOT tested here")


# ---------------------------------------------------------------------- PettingZoo


class Remembering(ParallelColony):
    """Says who has ever been an agent, so that PettingZoo checks that nobody comes back."""

    ever: tuple[str, ...] = ()

    @property
    def possible_agents(self) -> list[str]:  # type: ignore[override]
        self.ever = tuple(dict.fromkeys([*self.ever, *self.agents]))
        return list(self.ever)


def played(env: ParallelColony, seed: int = 1) -> Any:
    """Yield agents before a step and what it returned, all of it chosen as open."""
    rng = np.random.default_rng(seed)
    seen, _ = env.reset()
    while env.agents:
        before = list(env.agents)
        chosen = {a: int(rng.choice(np.flatnonzero(seen[a]["action_mask"]))) for a in before}
        returned = env.step(chosen)
        seen = returned[0]
        yield before, chosen, returned


@pytest.mark.parametrize("scenario", ["tiny", "partial-tiny"])
def test_pettingzoo_finds_nothing(scenario: str) -> None:
    with warnings.catch_warnings():
        # it speaks of a whole cast, which nobody knows
        warnings.filterwarnings("ignore", "No agents present")
        parallel_api_test(Remembering(load(scenario), years=0.3), num_cycles=200)
    parallel_seed_test(  # type: ignore[no-untyped-call]
        lambda: ParallelColony(scenario, years=0.1), num_cycles=40
    )
    with pytest.warns(UserWarning, match="possible_agents"):
        parallel_api_test(ParallelColony(scenario, years=0.05), num_cycles=5)


def test_agents_are_born_and_die_and_no_name_comes_again() -> None:
    env = ParallelColony(mortal(), years=0.7)
    gone: set[str] = set()
    births = deaths = 0
    total: dict[str, float] = {}
    for before, _, (seen, rewards, terminated, truncated, infos) in played(env):
        names = set(seen)
        assert names == set(rewards) == set(terminated) == set(truncated) == set(infos)
        assert set(before) <= names
        born = names - set(before)
        assert not names & gone
        died = {a for a in names if terminated[a]}
        world_says = {f"robot_{i}" for i in env.colony.world.dead.id.tolist()}
        assert died == world_says & set(before)
        gone |= died
        births, deaths = births + len(born), deaths + len(died)
        assert all(rewards[a] == 0 for a in born)
        assert len({rewards[a] for a in before}) == 1
        for a in names:
            total[a] = total.get(a, 0) + rewards[a]
            assert env.observation_space(a).contains(seen[a])
        over = env.colony.world.step_count == env.colony.steps
        assert set(env.agents) == (set() if over else names - died)
        assert all(truncated[a] == (over and a not in died) for a in names)
    assert births > 20
    assert deaths > 5
    assert env.colony.turn is not None
    start = env.colony.worth(World(env.colony.scenario, make("market"), 1))[0]
    founder = next(a for a in total if a not in gone)
    assert total[founder] == pytest.approx(env.colony.turn.worth[0] - start, abs=1e-9)


def test_what_agents_choose_is_what_robots_do() -> None:
    env = ParallelColony("tiny", years=0.3)
    broken = idle = 0
    for before, chosen, _ in played(env):
        world = env.colony.world
        if not env.agents:
            break
        infos = env._infos
        for a in set(before) & set(env.agents):
            row = np.flatnonzero(world.robots.id == int(a.removeprefix("robot_")))[0]
            if world.robots.broken[row]:
                broken += 1
                assert infos[a]["broken"]
                assert env._seen[a]["action_mask"].tolist() == [1] + [0] * 6
                continue
            k = int(world.robots.species[row])
            if world.robots.repairs[row] == 0:
                expected = env.colony.options[k, chosen[a]]
                assert world.robots.task[row] == expected
                idle += expected < 0
    assert broken > 0
    assert idle > 0


def test_conduct_comes_behind_the_tasks() -> None:
    env = ParallelColony("partial-tiny", years=0.1)
    seen, _ = env.reset()
    assert env.action_space("robot_0").n == 10
    assert all(s["action_mask"][-3:].tolist() == [1, 1, 1] for s in seen.values())
    env.step({a: 7 for a in env.agents})
    r, segments = env.colony.world.robots, env.colony.world.segments
    assert r.shelter[: segments.count[0]].all()
    env.step({a: 0 for a in env.agents})
    assert not r.shelter[: segments.count[0]].any()
    env.step({a: 8 for a in env.agents})
    assert env.colony.world.flows.broken.sum() > 15  # all stand waiting to be serviced


def test_what_agents_may_not_do() -> None:
    env = ParallelColony("tiny", years=0.02)
    with pytest.raises(UsageError, match=r"no episode is under way; call reset"):
        env.step({})
    env.reset()
    with pytest.raises(UsageError, match=r"'robot_x' is no agent now; expected those of `agents`"):
        env.step({"robot_x": 0})
    with pytest.raises(UsageError, match=r"actions from 0 to 7; expected 0 \(idle\) to 6"):
        env.step({env.agents[0]: 7})


def test_when_nobody_lives_everybody_has_terminated() -> None:
    *_, (before, _, returned) = played(ParallelColony(dying(), years=1))
    _, rewards, terminated, truncated, _ = returned
    assert all(terminated[a] for a in before)
    assert not any(truncated.values())
    assert max(rewards.values()) < -10


# ---------------------------------------------------------------------- Gymnasium


def episode(env: Any, seed: int, action: np.ndarray) -> float:
    env.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        _, reward, terminated, truncated, _ = env.step(action)
        total += reward
        over = terminated or truncated
    return total


@pytest.mark.parametrize("scenario", ["tiny", "partial-tiny", "closed"])
def test_gymnasium_finds_nothing(scenario: str) -> None:
    env = gymnasium.make(MANAGER, scenario=scenario, days=5, years=0.2)
    check_env(env.unwrapped)


def test_a_manager_who_pulls_no_lever_has_the_market() -> None:
    env = ColonyManager("themis-seed", days=30, years=0.5)
    total = episode(env, 3, np.zeros(len(LEVERS), np.float32))
    world = World(load("themis-seed"), make("market"), 3)
    founders = world.mass_g
    for _ in range(183):
        world.step()
    assert env.world.digest() == world.digest()
    assert total == pytest.approx(math.log(world.mass_g / founders), abs=1e-12)


class _Ones:
    """Wishes all the same."""

    def wishes(self, observation: Observation) -> Any:
        o = observation
        return np.ones(o.flows.crew.shape), np.ones(o.sites.orders.shape)


@pytest.mark.parametrize(("pulled", "factor"), [(1.0, 4.0), (-1.0, 0.25), (0.5, 2.0)])
@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_levers_multiply_what_is_wished(group: int, pulled: float, factor: float) -> None:
    scenario = load("themis-seed")
    world = World(scenario, make("market"), 1)
    world.begin()
    (o,) = world.turns()
    steered = Steered(scenario.industry)
    steered._market = _Ones()  # type: ignore[assignment]
    tasks = task_groups(o.tables, scenario.industry) == group
    species = species_groups(o.tables, scenario.industry) == group
    assert species.any()
    for lever, which in ((f"want_{GROUPS[group]}", 1), (f"serve_{GROUPS[group]}", 0)):
        steered.pull(np.where(np.array(LEVERS) == lever, pulled, 0.0))
        wished = steered.wishes(o)
        own = (tasks, species)[which]
        assert np.allclose(wished[which][0], np.where(own, factor, 1), rtol=1e-15)
        assert (wished[1 - which] == 1).all()
        assert steered.ahead_s == 16 * 86_400
    steered.pull(np.where(np.array(LEVERS) == "ahead", pulled, 0.0))
    assert steered.ahead_s == 16 * 86_400 * factor


@pytest.mark.parametrize("lever", ["want_makers", "serve_makers", "sharpness", "ahead"])
def test_a_lever_changes_what_becomes_of_the_colony(lever: str) -> None:
    digests = set()
    for pulled in (-1, 0, 1):
        env = ColonyManager("tiny", years=0.3)
        episode(env, 1, np.where(np.array(LEVERS) == lever, pulled, 0).astype(np.float32))
        digests.add(env.world.digest())
    assert len(digests) == 3


def test_sharpness_goes_from_no_prices_to_shares_by_what_a_task_pays() -> None:
    scenario = load("themis-seed")
    world = World(scenario, make("market"), 1)
    for _ in range(30):
        world.step()
    world.begin()
    (o,) = world.turns()
    market, room = Market().wishes(o)[0], o.flows.room_s.astype(float)
    steered = Steered(scenario.industry)
    pulled = {}
    for sharpness in (-1, 1):
        levers = np.zeros(len(LEVERS))
        levers[LEVERS.index("sharpness")] = sharpness
        steered.pull(levers)
        pulled[sharpness] = steered.wishes(o)[0]
    assert np.allclose(pulled[-1], room)
    there = room > 0
    assert there.sum() > 10
    assert np.allclose(pulled[1][there], (market[there] ** 2) / room[there])
    assert not np.allclose(market, room)


def test_species_have_the_groups_their_names_say() -> None:
    scenario = load("themis-seed")
    world = World(scenario, make("market"), 1)
    groups = species_groups(world.tables, scenario.industry)
    named = {k: GROUPS[g] for k, g in zip(scenario.industry.species, groups, strict=True)}
    expected = {
        "solar_array": "collectors",
        "concentrator": "collectors",
        "prospector": "miners",
        "excavator": "miners",
        "hauler": "miners",
        "reducer": "processors",
        "leach_plant": "processors",
        "printer": "makers",
        "machine_shop": "makers",
        "assembler": "assemblers",
        "repairer": "repairers",
    }
    assert {k: named[k] for k in expected} == expected
    tasks = dict(zip(world.task_names, task_groups(world.tables, scenario.industry), strict=True))
    assert GROUPS[tasks["excavate"]] == "miners"
    assert GROUPS[tasks["make_steel"]] == "processors"
    assert GROUPS[tasks["cut_gears"]] == "makers"
    assert GROUPS[tasks["build printer"]] == GROUPS[tasks["repair printer"]] == "makers"
    assert (world.tables.task_kind == BUILD).sum() == len(named)


def test_what_a_manager_sees() -> None:
    # cargo is ordered every 60 days and flies for 50
    env = ColonyManager(
        load("tiny").replace({"imports.every_days": 60, "imports.transit_days": 50}), years=1
    )
    env.reset(seed=1)
    for _ in range(3):
        seen, *_ = env.step(np.zeros(len(LEVERS), np.float32))
    named = dict(zip(SUMMARY, seen.tolist(), strict=True))
    f, t = env.world.flows, env.world.tables
    names = list(env.scenario.industry.species)
    diggers = f.healthy[0, names.index("digger")] + f.broken[0, names.index("digger")]
    assert named["miners_number"] == pytest.approx(diggers**0.25 / 8)
    shares = [named[f"{g}_mass"] for g in GROUPS]
    assert sum(shares) == pytest.approx(1)
    assert named["miners_mass"] == pytest.approx(
        diggers * t.species_mass_g[names.index("digger")] / env.world.mass_g
    )
    assert named["time"] == pytest.approx(90 / 365)
    assert named["growth"] == pytest.approx(math.log(env.world.mass_g / env._founders_g))
    lands_at = env.world.sites.lands_at[0]
    assert lands_at > 90
    assert named["flying"] == 1
    assert named["landing"] == pytest.approx((lands_at - 90) / 365.25)


def test_a_colony_that_dies_out_terminates() -> None:
    env = ColonyManager(dying(), years=1)
    env.reset(seed=1)
    over = False
    while not over:
        _, reward, over, truncated, info = env.step(np.zeros(len(LEVERS), np.float32))
    assert not truncated
    assert info["robots"] == 0
    assert reward < -10


def test_what_a_manager_may_not_do() -> None:
    with pytest.raises(UsageError, match=r"'belt-wave' has a belt; expected a scenario of one"):
        ColonyManager("belt-wave")
    with pytest.raises(UsageError, match=r"days=0.1, .*expected a step of 1.0 d or more"):
        ColonyManager("tiny", days=0.1)
    env = ColonyManager("tiny")
    env.reset(seed=1)
    with pytest.raises(UsageError, match=r"shape \(14,\) from 0.0 to 2.0; expected 14 numbers"):
        env.step(np.where(np.arange(len(LEVERS)) == 3, 2, 0).astype(np.float32))


def test_stable_baselines_finds_nothing() -> None:
    needs_sb3()
    from stable_baselines3.common.env_checker import check_env as check

    check(ColonyManager("tiny", years=0.3))


@pytest.mark.slow
def test_the_example_of_a_trained_manager_runs() -> None:
    needs_sb3()
    command = [sys.executable, str(EXAMPLES / "train_manager_sb3.py")]
    done = subprocess.run(
        [*command, "--decisions", "364", "--trials", "2"],
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    assert "market alone" in done.stdout
    assert "2 fresh seeds" in done.stdout


# ---------------------------------------------------------------------- what is missing


@pytest.mark.parametrize(
    ("module", "home", "who"),
    [
        ("gymnasium", "manager", "ColonyManager"),
        ("pettingzoo", "parallel", "ParallelColony"),
        ("gymnasium", "parallel", "ParallelColony"),
    ],
)
def test_what_is_not_installed_is_named_with_the_remedy(
    module: str, home: str, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"auxon.policies.environments.{home}"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    says = rf"{who} needs {module}, which is not installed; pip install 'auxon\[learn\]'"
    with pytest.raises(UsageError, match=says):
        importlib.import_module(name)


def test_arrays_need_no_extra() -> None:
    code = (
        "import sys; sys.modules['gymnasium'] = sys.modules['pettingzoo'] = None\n"
        "from auxon.policies.environments import ColonyEnv\n"
        "print(len(ColonyEnv('tiny', 2, years=0.1).reset().obs[0]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == len(INPUTS)
