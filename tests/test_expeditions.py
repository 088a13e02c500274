"""Sites that plan expeditions: the model says what it was taught, plans follow what it says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxon.policies import make
from auxon.policies.conformance import check
from auxon.policies.foresight import Foresight, load, save, shapes
from auxon.policies.kanban import Kanban
from auxon.policies.site_features import FEATURES
from auxon.policies.training.diary import Drawn, Page, windows
from auxon.policies.voyager import Voyager
from auxon.sim.errors import UsageError
from auxon.sim.observation import Policy
from auxon.sim.scenario import Scenario
from auxon.sim.scenario import load as load_scenario
from auxon.sim.state import FLYING, LOADING, SETTLED
from auxon.sim.world import World
from tests.belt_worlds import small_belt, write

F = len(FEATURES)


def foresight(members: int = 2, hidden: int = 4, turns: int = 3) -> Foresight:
    """Return one that says nothing, of features as they are."""
    arrays = {n: np.zeros(s, np.float32) for n, s in shapes(hidden, members).items()}
    arrays |= {n: np.ones(len(arrays[n]), np.float32) for n in ("spread", "scale")}
    arrays |= {"low": np.full(F, -99, np.float32), "high": np.full(F, 99, np.float32)}
    return Foresight(arrays, hidden, turns, 20.0, "kanban")


def gated(feature: str, bar: float, gain: float) -> Foresight:
    """Return one that promises a gain of launches above a bar of a feature, its loss below."""
    made = foresight()
    a, steep = made.arrays, 1e4
    # 1 for a launch above the bar, -1 for one below, about -1 in any case for who holds
    a["enter"][:, FEATURES.index(feature), 0] = steep
    a["enter"][:, F, 0] = 1000 * steep
    a["enter"][:, F + 1, 0] = -steep * (bar + 1000)
    a["enter"][:, F, 1] = 1.0  # 1/2 for a launch
    a["middle"][:, 0, 0] = a["middle"][:, 1, 1] = 1.0  # +-1/2, and 1/3
    # of a launch 2 gains or none, less one; of holding nothing
    a["leave"][:, 0, 0] = 2 * gain
    a["leave"][:, -1, 0] = gain
    a["leave"][:, 1, 0] = -3 * gain
    return made


@pytest.fixture(scope="module")
def belt(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return small_belt(tmp_path_factory.mktemp("belt"), {"belt.trade": None})


def laid_down(scenario: Scenario, policy: Policy, steps: int = 120) -> list[tuple[int, float]]:
    """Return (site, doublings of its robots over a kit's) whenever it lays down a ship."""
    world = World(scenario, policy, 1)
    found = []
    for _ in range(steps):
        world.step()
        assert world.travel.kit
        robots = (world.flows.healthy + world.flows.broken).sum(1) / world.travel.kit.robots.sum()
        for event in world.travel.events:
            if event.what == "laid_down":
                found.append((event.origin, float(np.log2(robots[event.origin]))))
    return found


# ------------------------------------------------------------------ planning


def test_hand_made_networks_say_what_they_are_made_for() -> None:
    made = gated("robots", 1.0, 0.6)
    x = np.zeros((2, F))
    x[1, 0] = 2.0
    plans = made.imagine(x)
    assert plans.shape == (2, 2, 8)
    launches = np.array([bin(n).count("1") for n in range(8)])
    np.testing.assert_allclose(plans[0], np.tile(-0.6 * launches, (2, 1)), atol=2e-3)
    np.testing.assert_allclose(plans[1], np.tile(0.6 * launches, (2, 1)), atol=2e-3)


def test_a_turn_begins_where_the_last_one_ended() -> None:
    """Every launch costs a site a doubling of robots; what it had may not fall below what was seen.

    Gain is what the feature `robots` stands at: after launches it is less.
    """
    made = foresight(members=1, turns=3)
    a = made.arrays
    a["enter"][:, F, 0] = 1.0  # act: 1/2, then 1/3
    a["enter"][:, 0, 1] = 1e-4  # robots, so small that nothing bends it
    a["middle"][:, 0, 0] = a["middle"][:, 1, 1] = 1.0
    a["leave"][:, 0, 1] = -3.0  # change of `robots`
    a["leave"][:, 1, 0] = 1e4  # gain
    a["low"][0] = 0.5
    x = np.zeros((1, F))
    x[0, 0] = 2.0
    by_hand = []
    for plan in range(8):
        robots, gain = 2.0, 0.0
        for act in (plan >> 2 & 1, plan >> 1 & 1, plan & 1):
            gain += robots
            robots = max(0.5, robots - act)
        by_hand.append(gain)
    np.testing.assert_allclose(made.imagine(x)[0, 0], by_hand, rtol=1e-3)
    np.testing.assert_allclose(made.promises(x)[0], [max(by_hand[:4]), max(by_hand[4:])], rtol=1e-3)


def test_it_launches_where_that_promises_more(belt: Scenario) -> None:
    freely = laid_down(belt, Kanban())
    assert len(freely) > 3
    assert laid_down(belt, Voyager(promising(+0.5), Kanban())) == freely
    assert laid_down(belt, Voyager(promising(-0.5), Kanban())) == []


def promising(gain: float) -> Foresight:
    """Return one that promises so much of every launch."""
    made = foresight()
    made.arrays["enter"][:, F, 0] = made.arrays["middle"][:, 0, 0] = 1.0
    made.arrays["leave"][:, 0, 0] = 3 * gain
    return made


def test_it_waits_until_a_launch_promises_more(belt: Scenario) -> None:
    bar = 1.8
    early = min(size for _, size in laid_down(belt, Kanban()))
    late = laid_down(belt, Voyager(gated("robots", bar, 1.0), Kanban()))
    assert late
    # what is born and what breaks between decision and launch moves a site by a robot or two
    assert early < bar - 0.1 < min(size for _, size in late)


def test_where_nobody_leaves_it_is_its_script() -> None:
    tiny = load_scenario("tiny")
    assert check(lambda: Voyager(foresight(), Kanban()), tiny) > 100
    worlds = [World(tiny, policy, 1) for policy in (Kanban(), Voyager(foresight(), Kanban()))]
    for _ in range(30):
        for world in worlds:
            world.step()
    assert worlds[0].digest() == worlds[1].digest()


# ------------------------------------------------------------------ files


def test_a_file_holds_it_and_is_a_policy(tmp_path: Path) -> None:
    path = tmp_path / "far.safetensors"
    made = gated("robots", 1.0, 1.0)
    save(made, path)
    read = load(path)
    assert all(np.array_equal(read.arrays[n], a) for n, a in made.arrays.items())
    assert replace(read, arrays={}) == replace(made, arrays={})
    policy = make(str(path))
    assert isinstance(policy, Voyager)
    assert isinstance(policy.base, Kanban)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"hidden": 5}, r"arrays .*; expected float32 of .*; train it anew\."),
        ({"turns": 11}, r"11 turns of 20.0 days; expected 1-1024, 1-10, above 0; train it anew\."),
    ],
)
def test_what_does_not_fit_is_refused(change: Any, text: str, tmp_path: Path) -> None:
    save(replace(foresight(), **change), tmp_path / "f.safetensors")
    with pytest.raises(UsageError, match=text):
        load(tmp_path / "f.safetensors")


def test_other_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("auxon.policies.foresight._SHOWN", "robots,mass")
        save(foresight(), tmp_path / "f.safetensors")
    with pytest.raises(UsageError, match=r"made for features robots,mass; expected robots,mass,re"):
        load(tmp_path / "f.safetensors")


# ------------------------------------------------------------------ diaries


def page(step: int, robots: list[int], left_at: list[int], state: list[int]) -> Page:
    """Return a page of a site, one that it founded, one that this founded, and a ship of the last.

    Sites are numbered in the order in which they were laid down; 1 left site 0, 2 left 1, 3 left 2.
    """
    x = np.zeros((4, F))
    x[:, 0] = robots
    as_array = [np.array(column) for column in (robots, state, [-1, 0, 1, 2], left_at)]
    return Page(step, x, np.array([1, 0, 1, 0]), *as_array)


def test_a_house_is_what_left_since() -> None:
    there, air, loads = SETTLED, FLYING, LOADING
    pages = [
        page(0, [8, 0, 0, 0], [-1, -1, -1, -1], [there, loads, loads, loads]),
        page(10, [6, 2, 0, 0], [-1, 5, -1, -1], [there, there, loads, loads]),
        page(20, [6, 8, 4, 14], [-1, 5, 12, 15], [there, there, there, air]),
    ]
    w = windows(pages, 2, kit_robots=2)
    assert len(w.act) == 3  # site 0 at two pages, site 1 at one
    np.testing.assert_array_equal(w.act, [[1, 1], [1, -1], [0, -1]])
    log2 = np.log2
    first, later, daughter = w.gain
    np.testing.assert_allclose(first, [log2(8 / 8), log2(32 / 8)])
    assert later[0] == 0.0  # nothing left site 0 since
    np.testing.assert_allclose(daughter[0], log2((8 + 4 + 14) / 2))
    np.testing.assert_allclose(w.x[0, 2, -2:], [log2(1 + 14 / 2), log2(1 + 12 / 2)])


def test_lots_are_drawn_turn_by_turn(belt: Scenario) -> None:
    policy = Drawn(Kanban(), 0.5, 20.0)
    world = World(belt, policy, 1)
    drawn = []
    for _ in range(120):
        world.step()
        drawn.append(bool(world.may_launch[0]))
    turns = np.array(drawn).reshape(6, 20)
    assert (turns == turns[:, :1]).all()
    assert 0 < turns[:, 0].sum() < 6
    assert [p.step for p in policy.pages] == list(range(0, 120, 20))
    assert [bool(p.act[0]) for p in policy.pages] == turns[:, 0].tolist()


# ------------------------------------------------------------------ learning


def training(folder: Path) -> dict[str, Any]:
    """Return what a training file would hold, of the small belt."""
    changes = {"belt.trade": None, "belt.kit.spare": 1}
    ground = {"scenario": str(write(folder)), "years": 0.4, "changes": changes}
    other = {**ground, "changes": {**changes, "belt.drive.loss_per_launch": 0.4}}
    return {
        "task": "expeditions", "name": "far", "base": "kanban", "ground": [ground],
        "held_out": [other], "diaries": 12, "turn_days": 20, "turns": 3, "members": 2,
        "hidden": 12, "epochs": 30, "batch": 64, "learning_rate": 1e-2, "worlds": 2, "jobs": 1,
    }  # fmt: skip


def test_the_same_file_gives_the_same_weights(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra learn)")
    from auxon.policies.training.config import ExpeditionsEntry
    from auxon.policies.training.expeditions import learn

    entry = ExpeditionsEntry(**{**training(tmp_path), "diaries": 1, "epochs": 3})
    one, two = learn(entry), learn(entry)
    assert all(np.array_equal(one.arrays[n], a) for n, a in two.arrays.items())


def test_it_learns_what_comes_of_a_site_and_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra learn)")
    import pandas as pd

    import auxon
    from auxon.policies.training.expeditions import share_told

    entry = training(tmp_path)
    assert auxon.train(entry, tmp_path / "out") is None
    assert isinstance(make(str(tmp_path / "out" / "far.safetensors")), Voyager)
    gains = pd.read_parquet(tmp_path / "out" / "gains.parquet")
    assert sorted(gains.belt.unique()) == ["ground 1", "held out 1"]
    assert share_told(gains) > 0.1  # who says the mean: 0
    outcomes = pd.read_parquet(tmp_path / "out" / "expeditions.parquet")
    assert len(outcomes) == 2 * 2 * 4
    assert (outcomes[outcomes.decider == "never"].sites == 1).all()
    assert (tmp_path / "out" / "expeditions.png").stat().st_size > 5000


def test_torch_imagines_what_the_policy_does() -> None:
    """To 1e-4, the promise: float32 sums of some dozen products over 3 turns."""
    torch = pytest.importorskip("torch", reason="torch is not installed (extra learn)")
    from auxon.policies.training.society_model import unroll

    rng = np.random.default_rng(1)
    made = foresight(members=1, hidden=8)
    for name in ("enter", "middle", "leave", "centre"):
        size = made.arrays[name].shape
        made.arrays[name][:] = rng.standard_normal(size) / 4
    made.arrays["high"][:] = 1.0
    x = rng.standard_normal((8, F)).clip(-2, 1)
    weights = {n: torch.from_numpy(a[0] if a.ndim == 3 else a) for n, a in made.arrays.items()}
    plans = np.arange(8)
    act = np.stack([plans >> 2 & 1, plans >> 1 & 1, plans & 1], 1).astype(np.float32)
    total, _ = unroll(weights, torch.from_numpy(x.astype(np.float32)), torch.from_numpy(act))
    np.testing.assert_allclose(total[:, -1].numpy(), made.imagine(x)[plans, 0, plans], atol=1e-4)


def test_grounds_without_expeditions_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra learn)")
    import auxon

    entry = training(tmp_path)
    alone = {"scenario": "tiny", "years": 1, "changes": {"rules.review_steps": 4}}
    with pytest.raises(UsageError, match=r"ground 'tiny' sends no expeditions; expected .*kit\]"):
        auxon.train({**entry, "ground": [alone]}, tmp_path / "out")
    brief = {**entry["ground"][0], "years": 0.01}
    with pytest.raises(UsageError, match=r"no society lives longer than a turn of 20 days"):
        auxon.train({**entry, "ground": [brief], "diaries": 1}, tmp_path / "out")
