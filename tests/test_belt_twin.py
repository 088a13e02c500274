"""Ships against their slow, obvious twin: the same digest after every step of small belts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auxon.policies.kanban import Kanban
from auxon.policies.random import Random
from auxon.sim.destinations import Destinations
from auxon.sim.observation import Action, Observation, Policy
from auxon.sim.scenario import Scenario, load
from auxon.sim.state import SETTLED
from auxon.sim.trade import Order, Trade
from auxon.sim.travel import Travel
from auxon.sim.world import World
from tests.belt_worlds import CARBIDE, OXIDE, RIVAL, write
from tests.fidgety import Fidgety
from tests.naive_policy import naive_kanban
from tests.naive_travel import Asked, NaiveBelt


class Listener:
    """A policy that lets another decide and remembers what it said, kind after kind."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.memory_width = policy, policy.memory_width
        self.tasks: dict[int, int] = {}
        self.desire: dict[int, list[float]] = {}
        self.ahead_s = 0
        self.conduct: dict[int, int] = {}
        self.hold: set[int] = set()

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        action, memory = self.policy.act(observation, memory)
        ids = observation.robots.id[observation.rows].tolist()
        self.tasks |= dict(zip(ids, action.task.tolist(), strict=True))
        self.desire |= {int(s): action.desire[s].tolist() for s in observation.here}
        self.ahead_s = action.ahead_s
        if action.conduct is not None:
            self.conduct |= dict(zip(ids, action.conduct.tolist(), strict=True))
        if action.launch is not None:
            self.hold |= {int(s) for s in observation.here if not action.launch[s]}
        return action, memory


class Spy:
    """Notes who asks for trips and orders, for what, and what the answer is."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Asked] = []
        self._inside = False
        self._ship = -1
        choose, trips, order = Destinations.choose, Destinations.trips, Trade.order
        tank = Travel._tank

        def spied(ask: Callable[[], Any], note: Callable[[Any], Asked]) -> Any:
            if self._inside:  # one question may lead to others
                return ask()
            self._inside = True
            try:
                answer = ask()
            finally:
                self._inside = False
            self.asked.append(note(answer))
            return answer

        def spied_choose(its: Any, s: int, payload_g: int, most_g: int, stock: Any) -> Any:
            return spied(
                lambda: choose(its, s, payload_g, most_g, stock),
                lambda trip: Asked(s, ("trip", -1, payload_g, tuple(stock.tolist())), trip),
            )

        def spied_trips(its: Any, here: int, targets: Any, payload_g: int, stock: Any) -> Any:
            w, ship = world.sites, self._ship
            what = ("trip", int(w.goal[ship]), payload_g, tuple(stock.tolist()))
            return spied(
                lambda: trips(its, here, targets, payload_g, stock),
                lambda found: Asked(int(w.origin[ship]), what, found[0]),
            )

        def noted_tank(its: Any, ship: int) -> None:
            self._ship = ship
            tank(its, ship)

        def spied_order(its: Any, s: int) -> Any:
            return spied(lambda: order(its, s), lambda found: Asked(s, ("order",), found))

        monkeypatch.setattr(Destinations, "choose", spied_choose)
        monkeypatch.setattr(Destinations, "trips", spied_trips)
        monkeypatch.setattr(Trade, "order", spied_order)
        monkeypatch.setattr(Travel, "_tank", noted_tank)


def run_both(
    scenario: Scenario, policy: Policy, seed: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[World, NaiveBelt]:
    """Step both worlds on the engine's decisions and compare them after every step."""
    listener = Listener(policy)
    world = World(scenario, listener, seed, check=True)
    twin = NaiveBelt(scenario, seed)
    spy = Spy(world, monkeypatch)
    assert world.digest() == twin.digest(), "at the start"
    for step in range(steps):
        listener.tasks, listener.desire, listener.conduct, spy.asked = {}, {}, {}, []
        listener.hold = set()
        world.step()
        twin.observe()  # ships that arrive may change who is asked
        nothing = [0.0] * len(twin.lore.species)
        desire = [listener.desire.get(s.number, nothing) for s in twin.sites]
        if isinstance(policy, Kanban):
            assert naive_kanban(twin) == (listener.tasks, desire), f"choices at step {step}"
        twin.choices.extend(spy.asked)
        twin.step(listener.tasks, desire, listener.ahead_s, listener.conduct, listener.hold)
        assert world.digest() == twin.digest(), f"after step {step}"
    return world, twin


def bold(patch: pytest.MonkeyPatch) -> None:
    """Let sites go where somebody is already, and order what they need not: no law forbids it."""

    def order(its: Trade, s: int) -> Order | None:
        w, world = its._world.sites, its._world
        free = (w.state == 0) & (w.lineage == w.lineage[s]) & (w.body != w.body[s])
        free &= world.segments.count > 0
        free[w.origin[(w.state == 1) & (w.goal >= 0) & (w.left_at < 0)]] = False
        if not free.any():
            return None
        wanted = {"carbon": 400, "plate": 1 + 8 * (s % 3), "seal": 1}
        cargo = np.array([wanted.get(m, 0) for m in world.material_names])
        return Order(int(np.flatnonzero(free)[-1]), cargo, 1.0, cargo * 1.7 + s)

    patch.setattr(Destinations, "_promise", lambda its, s, body: 1.0 + (s + body) % 3)
    patch.setattr(Trade, "order", order)


VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {"belt.rival": [RIVAL]},
    "few expeditions, and trade": {
        "belt.rival": [RIVAL],
        "belt.kit.most": 2,
        "belt.kit.robots.pod": 4,
        "belt.search.certainty": 1,
        "belt.search.every_days": 3,
        "belt.search.window_days": 60,
        "belt.drive.payload_kg": 45,
        "belt.drive.loss_per_year": 0,
        "belt.drive.loss_per_launch": 0.1,
        "belt.colonies": 3,
        "belt.trade.every_days": 5,
        "override.species.pod.mtbf_h": 150,
        "imports": {"materials": ["seal"], "every_days": 30, "transit_days": 10, "budget_kg": 2},
    },
    "nothing but trade": {
        "belt.kit": None,
        "belt.colonies": 4,
        "belt.search.every_days": 5,
        "belt.front.oxide.buys.carbon": 100_000,
    },
    "bold, by low thrust, without carriers": {
        "belt.drive.carrier": None,
        "belt.drive.acceleration_m_s2": 5e-6,
        "belt.drive.propellants": [
            {"material": "iron", "exhaust_m_s": 3000},
            {"material": "oxygen", "exhaust_m_s": 2000},
        ],
        "belt.kit.robots": {"digger": 2, "maker": 3, "arm": 2},
        "belt.kit.spare": 1,
        "belt.kit.most": 3,
        "belt.sites_per_body": 2,
        "belt.search.every_days": 8,
        "belt.search.certainty": 0.3,
        "belt.colonies": 2,
        "seed.robots": {"digger": 2, "maker": 3, "arm": 2},
        "rules.step_days": 0.5,
    },
    "bold, in the dark": {
        "site.sun_fraction": 1e-9,
        # with nothing to do nobody is used: clocks stay at 0
        "override.process.press.machine": "pod",
        "belt.drive.carrier": None,
        "belt.kit": {"robots": {"digger": 1}, "spare": 1},
        "belt.drive.loss_per_launch": 0.5,
        "belt.drive.acceleration_m_s2": 0.01,
        "belt.search.every_days": 2,
        "seed.robots": {"digger": 9},
        "belt.colonies": 2,
        "override.species.digger.life_h": 1000,
    },
    "bold, with pods": {
        "belt.rival": [RIVAL],
        "belt.kit.robots.pod": 4,
        "belt.kit.most": 1,
        "belt.drive.payload_kg": 22,
        "belt.drive.loss_per_launch": 0.4,
        "belt.trade.every_days": 4,
        "belt.colonies": 3,
        "override.species.pod.life_h": 1500,
    },
}
EVENTS = (
    "launch", "loss", "settle", "join", "no room", "no rock", "surprise",
    "claim of all that is left", "packing in parts", "order of carriers", "wait", "no trip",
    "too heavy", "tank oxygen", "tank iron", "order", "launch of cargo", "loss of cargo", "cargo",
    "join where nobody lives", "everybody left", "two ships", "number taken again", "report",
    "silence", "void order", "lighter", "unloaded",
)  # fmt: skip


@pytest.fixture(scope="module")
def belt(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Return a belt where some iron is needed to smelt iron: that is seed corn."""
    grounds = {"carbide": fed_back(CARBIDE), "oxide": fed_back(OXIDE)}
    return load(write(tmp_path_factory.mktemp("belt"), **grounds))


def fed_back(ground: str) -> str:
    """Let smelting take some of the iron that it gives."""
    ground = ground.replace("inputs = { ore", "inputs = { iron = 300, ore")
    return ground.replace("iron = 5600", "iron = 5900")


def test_small_belts(belt: Scenario) -> None:
    """Six belts, under two policies and two seeds; all that the page tells of happens."""
    happened: Counter[str] = Counter()
    for variant, changes in VARIANTS.items():
        scenario = belt.replace(changes)
        for policy, seed in ((Kanban, 1), (Random, 2**64 - 3)):
            with pytest.MonkeyPatch.context() as patch:
                if "bold" in variant:
                    bold(patch)
                world, twin = run_both(scenario, policy(), seed, 160, patch)
                assert all(t.corn.any() for t in world.kinds)
            happened.update(twin.happened)
    never = [event for event in EVENTS if not happened[event]]
    assert not never, f"never happened: {never}; {dict(happened)}"


class Hesitant(Random):
    """Lets half of the sites hold, others at every step."""

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        action, memory = super().act(observation, memory)
        rng = np.random.default_rng([observation.seed, observation.step])
        return replace(action, launch=rng.random(len(observation.sites.claim)) < 0.5), memory


def test_sites_that_hold(belt: Scenario) -> None:
    """A site that could lay down a ship does so only where its policy lets it."""
    happened: Counter[str] = Counter()
    for variant in ("as it is", "few expeditions, and trade"):
        with pytest.MonkeyPatch.context() as patch:
            _, twin = run_both(belt.replace(VARIANTS[variant]), Hesitant(), 1, 160, patch)
        happened.update(twin.happened)
    assert happened["hold"] > 5
    assert happened["lay down"] > 5
    assert happened["launch"]


class Told(Random):
    """Answers the same about expeditions everywhere."""

    def __init__(self, may: bool | None) -> None:
        self.may = may

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        action, memory = super().act(observation, memory)
        sites = len(observation.sites.claim)
        launch = None if self.may is None else np.full(sites, self.may)
        return replace(action, launch=launch), memory


def test_nothing_said_and_every_site_let_are_the_same(belt: Scenario) -> None:
    worlds = {may: World(belt, Told(may), 3) for may in (None, True, False)}
    for world in worlds.values():
        for _ in range(120):
            world.step()
    assert worlds[None].digest() == worlds[True].digest()
    assert len(worlds[True].sites.claim) > 1
    no_ships = worlds[False].sites
    assert (no_ships.goal[no_ships.state != SETTLED] >= 0).all()


PARTIAL: dict[str, Any] = {
    "wear": {"wreck": 0.1, "shape": 2.0},
    "ore": {"faces": 3, "spread": 0.7, "days": 30},
    "flares": {"per_year": 20, "hit": 0.1, "warning_days": 5},
    "shadow": {"every_days": 50, "days": 9, "depth": 0.5},
}


def test_partially_seen_belts(belt: Scenario) -> None:
    """Ships take robots out of shelter, and every site has its own flares, faces and shadow."""
    happened: Counter[str] = Counter()
    with_imports = "few expeditions, and trade"
    late = {"shipments": {"missed": 0.2, "late_days": 40}}
    for variant in ("as it is", with_imports):
        partial = PARTIAL | (late if variant == with_imports else {})
        scenario = belt.replace(VARIANTS[variant] | {"partial": partial})
        for policy, seed in ((Kanban, 1), (Random, 2**64 - 3)):
            with pytest.MonkeyPatch.context() as patch:
                fidgety = Fidgety(policy(), 0.2, 0.05, 0.1)
                _, twin = run_both(scenario, fidgety, seed, 160, patch)
            happened.update(twin.happened + twin.veil.happened)
    wanted = (
        "launch", "settle", "cargo", "hit", "safe in shelter", "wreck", "move", "shadow",
        "out of shelter aboard", "late", "missed", "one flies already",
    )  # fmt: skip
    never = [event for event in wanted if not happened[event]]
    assert not never, f"never happened: {never}; {dict(happened)}"
