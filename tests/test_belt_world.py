"""What must never break, across a belt: conservation, determinism, independence, plain errors.

Belts are those of `tests.belt_worlds`. A belt of one body is the body alone; a society whose sites
send two ships each dies out as Galton and Watson say.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxon.policies.kanban import Kanban
from auxon.policies.market import Market
from auxon.policies.random import Random
from auxon.sim import jit, porkchop
from auxon.sim.checkpoint import restore, save
from auxon.sim.destinations import Destinations, Trip
from auxon.sim.scenario import Scenario, load
from auxon.sim.travel import Travel
from auxon.sim.world import World
from tests.belt_worlds import BODIES, RIVAL, body, small_belt, spores, write

TRADE: dict[str, Any] = {
    "belt.rival": [RIVAL],
    "belt.colonies": 3,
    "belt.drive.acceleration_m_s2": 5e-6,
    "belt.trade.every_days": 3,
    "belt.front.oxide.buys.carbon": 200_000,
    "imports": {"materials": ["seal"], "every_days": 30, "transit_days": 10, "budget_kg": 2},
}
"""Two lineages, cargo of carbon, ships that spiral for some weeks, and seals from Earth."""


@pytest.fixture(scope="module")
def belt(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return small_belt(tmp_path_factory.mktemp("belt"))


def digests(world: World, steps: int) -> list[str]:
    out = []
    for _ in range(steps):
        world.step()
        out.append(world.digest())
    return out


# ------------------------------------------------------------------ conservation


def grams(world: World) -> dict[str, int]:
    """Grams of each element, wherever they went, less imports and claims, one by one."""
    plan, w, books = world.scenario.belt, world.sites, world.books
    assert plan
    total = dict.fromkeys(plan.industry.elements, 0)

    def add(name: str, amount: int) -> None:
        for element, content_g in plan.industry.materials[name].content_g(amount).items():
            total[element] += content_g

    def add_robots(kind: int, species: str, number: int) -> None:
        for name, amount in plan.grounds[kind].industry.species[species].bill.items():
            add(name, amount * number)

    for s in range(len(w.state)):
        kind, first = int(w.kind[s]), world.segments.first[s]
        for m, name in enumerate(world.material_names):
            add(name, int(w.stock[s, m] + w.transit[s, m] - w.imported[s, m]))
        add(plan.grounds[kind].reserve, -int(w.claim[s]))
        here = world.robots.species[first : first + world.segments.count[s]].tolist()
        for k, species in enumerate(world.species_names):
            add_robots(kind, species, here.count(k) + int(w.building[s, k]))
    for m, name in enumerate(world.material_names):
        add(name, int(books.exhaust[m] + books.lost[m]))
    for kind in range(len(plan.grounds)):
        for k, species in enumerate(world.species_names):
            add_robots(kind, species, int(books.wrecks[kind, k]))
    return total


def test_no_gram_is_made_or_lost_across_a_belt(belt: Scenario) -> None:
    """Flying, loading, thrown out, lost with all hands, joined: the sum stays, element by element.

    The ledger checks it after every phase, too; it shares nothing with this count.
    """
    world = World(belt.replace(TRADE), Kanban(), seed=3, check=True)
    before, seen, flying = grams(world), set(), 0
    for step in range(200):
        world.step()
        seen |= {event.what for event in world.travel.events}
        if step % 10 == 9:
            assert grams(world) == before
            flying += int((world.sites.state == 2).sum())
    assert {"left", "lost", "settled", "joined", "ordered"} <= seen
    assert flying > 0, "counted while somebody flies"
    assert world.books.exhaust.any()
    assert world.books.lost.any()
    assert world.books.wrecks.any()
    assert world.sites.imported.any()


# ------------------------------------------------------------------ determinism


def test_threads_do_not_matter_across_a_belt(
    belt: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sites, rows of robots and charts of transfers are all handed out to two threads."""
    before = jit.threads()
    if jit.threads(2) < 2:
        pytest.skip("numba may use only one thread here")
    assert jit.spread.__kwdefaults__
    monkeypatch.setitem(jit.spread.__kwdefaults__, "apart", 1)
    monkeypatch.setattr(jit, "SERIAL_BELOW", 0)
    monkeypatch.setattr(porkchop, "PARALLEL_FROM", 0)
    try:
        both = []
        for threads in (1, 2):
            jit.threads(threads)
            world = World(belt.replace({"belt.rival": [RIVAL]}), Kanban(), seed=2)
            both.append(digests(world, 80))
            assert world.sites.sent.any()
    finally:
        jit.threads(before)
    assert both[0] == both[1]


@pytest.mark.parametrize("policy", [Random, Market])
def test_the_order_of_sites_does_not_matter(
    belt: Scenario, monkeypatch: pytest.MonkeyPatch, policy: Any
) -> None:
    scenario = belt.replace(TRADE)
    world = World(scenario, policy(), seed=4)
    straight = digests(world, 120)
    assert (world.sites.origin >= 0).sum() > 3
    awake = World.awake

    def backwards(its: World) -> Iterator[tuple[int, Any]]:
        for kind, here in reversed(list(awake(its))):
            yield kind, here[::-1].copy()

    monkeypatch.setattr(World, "awake", backwards)
    assert digests(World(scenario, policy(), seed=4), 120) == straight


def test_restored_in_mid_flight(belt: Scenario, tmp_path: Path) -> None:
    """With a kit and a cargo flying and a third ship loading; ships are laid down after that."""
    scenario = belt.replace(TRADE)
    world = World(scenario, Kanban(), seed=3)
    for _ in range(200):
        world.step()
        w = world.sites
        flying, cargo = w.state == 2, w.goal >= 0
        if (flying & cargo).any() and (flying & ~cargo).any() and (w.state == 1).any():
            break
    else:
        pytest.fail("never all at once")
    save(world, tmp_path / "a.npz")
    there = len(w.state)
    fresh, used = (World(scenario, Kanban(), seed=3) for _ in range(2))
    digests(used, 120)  # whatever it held before is overwritten
    for other in (fresh, used):
        restore(other, tmp_path / "a.npz")
        assert other.digest() == world.digest()
    straight = digests(world, 90)
    assert len(world.sites.state) > there
    assert digests(fresh, 90) == straight
    assert digests(used, 90) == straight


# ------------------------------------------------------------------ rivals


def by_name(world: World, s: int) -> dict[str, Any]:
    """Return a site with every number under the name of what it counts."""
    w, plan = world.sites, world.scenario.belt
    assert plan
    names = {
        len(world.material_names): world.material_names,
        len(world.task_names): world.task_names,
        len(world.species_names): world.species_names,
    }
    assert len(names) == 3, "lengths tell arrays apart"
    out: dict[str, Any] = {
        "body": plan.bodies.name[w.body[s]],
        "lineage": plan.lineages[int(w.lineage[s])].name,
        "rock": plan.grounds[int(w.kind[s])].reserve,
    }
    for field, array in w._asdict().items():
        if array[s].size == 0:
            continue  # reports, where nobody trades
        if field.startswith("told"):
            out[field] = array[s].tolist()
        elif array.ndim == 2:
            row = array[s].tolist()
            out[field] = {n: x for n, x in zip(names[len(row)], row, strict=True) if x}
        elif field not in ("kind", "body", "lineage"):
            out[field] = int(array[s])
    first = world.segments.first[s]
    rows = slice(first, first + world.segments.count[s])
    robots = {f: c[rows].tolist() for f, c in world.robots._asdict().items() if f != "task"}
    tasks = [world.task_names[p] if p >= 0 else "" for p in world.robots.task[rows]]
    return out | {"robots": robots, "tasks": tasks}


def test_names_of_rivals_do_not_matter(belt: Scenario) -> None:
    """Two rivals who are the same but for the name: whichever comes first, the same digest."""
    one = RIVAL | {"name": "alpha"}
    two = RIVAL | {"name": "omega"}
    worlds = [
        World(belt.replace({"belt.rival": rivals, "belt.sites_per_body": 2}), Kanban(), seed=6)
        for rivals in ([one, two], [two, one])
    ]
    same = [digests(world, 60) for world in worlds]
    assert same[0] == same[1]
    assert worlds[0].sites.sent.any()


def test_rivals_in_another_order(belt: Scenario) -> None:
    """What does not depend on the order in which rivals are listed.

    Draws are keyed by the numbers of sites and robots, so that rivals who change places live other
    lives of the same law. The same are, name by name: every lineage's industry, seed, body, claim
    and orbit; and the first lineage's seed, robots, draws and all, for as long as nobody travels.
    """
    other = {
        "name": "third",
        "body": "b7",
        "robots": {"digger": 1, "maker": 2, "arm": 3},
        "stock": {"plate": 9},
        "override": {"species": {"arm": {"bill": {"plate": 7, "seal": 1}}}},
    }
    worlds = [
        World(
            belt.replace({"belt.rival": rivals, "belt.kit": None, "belt.trade": None}),
            Kanban(),
            seed=6,
        )
        for rivals in ([RIVAL, other], [other, RIVAL])
    ]
    starts = []
    for world in worlds:
        plan, at = world.scenario.belt, world.places
        assert plan
        sites = {}
        for s in range(3):
            told = by_name(world, s)
            for numbered in ("id", "fails_at_s"):
                told["robots"].pop(numbered)
            sites[told["lineage"]] = {k: v for k, v in told.items() if k != "rock"}
        species = {
            (name, k): (sorted(x.bill.items()), x.mtbf_h)
            for n, name in enumerate(lineage.name for lineage in plan.lineages)
            for k, x in plan.grounds[n * len(plan.fronts)].industry.species.items()
        }
        orbits = {
            name: (at.a_au[b], at.e[b], at.M_deg[b], at.rock_g[b])
            for b, name in enumerate(plan.bodies.name)
        }
        starts.append((sites, species, orbits))
    assert starts[0] == starts[1]
    for _ in range(120):
        for world in worlds:
            world.step()
        one, two = (by_name(world, 0) for world in worlds)
        assert one == two
    assert worlds[0].sites.serial[0].sum() > 20, "somebody was born there"


# ------------------------------------------------------------------ independence


def test_a_body_more_far_away_changes_nothing(tmp_path: Path) -> None:
    """As long as rock is what it looks like: a surprise is drawn among all bodies."""
    more = BODIES + body("b8", "oxide", 200, a_au=3.4, i_deg=25)
    changes = {"belt.rival": [RIVAL], "belt.search.certainty": 1.0}
    small = load(write(tmp_path)).replace(changes)
    large = load(write(tmp_path, bodies=more)).replace(changes)
    worlds = [World(scenario, Kanban(), seed=8) for scenario in (small, large)]
    assert [len(world.places.a_au) for world in worlds] == [8, 9]
    assert digests(worlds[0], 150) == digests(worlds[1], 150)
    assert (worlds[0].sites.origin >= 0).sum() > 3


def test_expeditions_of_others_change_nobodys_draws(
    belt: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home site lives the same life, robot for robot, whether rivals send ships or stay."""
    scenario = belt.replace({"belt.rival": [RIVAL], "belt.drive.loss_per_launch": 0.0})
    review = Travel._review

    def only(lineage: int) -> Any:
        def some(its: Travel, s: int, loading: Any) -> None:
            if its._world.sites.lineage[s] == lineage:
                review(its, s, loading)

        return some

    lives = []
    for who in (1, -1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Travel, "_review", only(who))
            world = World(scenario, Random(), seed=9)
            life = []
            for _ in range(120):
                world.step()
                told = by_name(world, 0)
                life.append(told)
            lives.append(life)
            assert bool((world.sites.state == 0).sum() > 2) == (who == 1)
    assert lives[0] == lives[1]


# ------------------------------------------------------------------ one body


@pytest.mark.parametrize("policy", [Kanban, Market])
def test_a_belt_of_one_body_is_that_body(belt: Scenario, policy: Any) -> None:
    """The same digest after every step, also with a kit and nowhere to go."""
    imports = {"materials": ["seal"], "every_days": 30, "transit_days": 10, "budget_kg": 2}
    changes = {"imports": imports, "seed.stock.seal": 2}
    assert belt.belt
    entry = belt.belt.entry.model_dump(mode="json", include={"kit", "drive", "search"})
    entry["kit"]["spare"] = 1.0
    alone = {"bodies": ["b0"]}
    scenarios = [
        belt.replace(changes | {"rules.most_robots": 60, "belt": one})
        for one in (None, alone, alone | entry)
    ]
    worlds = [World(scenario, policy(), seed=2**64 - 2, check=True) for scenario in scenarios]
    for step in range(300):
        for world in worlds:
            world.step()
        assert len({world.digest() for world in worlds}) == 1, f"after step {step}"
    assert all(len(world.sites.state) == 1 for world in worlds)
    assert worlds[0].sites.serial.sum() > 100
    assert worlds[0].sites.imported.any()


# ------------------------------------------------------------------ Galton and Watson


def test_extinction_is_that_of_galton_and_watson(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two launches each, which survive with p = 0.6: extinct by generation, and for ever.

    Every site sends its two ships, each to a body of its own: where to is a choice, and here it is
    made so that nobody competes and nobody joins. Then offspring are binomial, the chance to be
    extinct by generation n is q_n = (0.4 + 0.6 q_(n-1))^2, and for ever q = (0.4 / 0.6)^2 = 4/9,
    since with x = 2/3 the lineage of one launch dies out: x = 0.4 + 0.6 x^2. A tree that has L
    launches to make or under way dies out with chance x^L; those extinct have L = 0.
    """
    colonies, steps = 125, 38
    scenario = spores(tmp_path, 40 * colonies, colonies)
    extinct = []
    chances = []
    for seed in range(8):
        world = World(scenario, Random(), seed=seed)
        start = set(world.sites.body.tolist())
        free = iter([b for b in range(len(world.places.a_au)) if b not in start])

        def fresh(its: Any, *asked: Any, at: World = world, left: Iterator[int] = free) -> Trip:
            return Trip(next(left), at.step_count + 1, at.step_count + 2, 0, 0, 0)

        monkeypatch.setattr(Destinations, "choose", fresh)
        for _ in range(steps):
            world.step()
        w = world.sites
        root = np.arange(len(w.state))
        for _ in range(w.rank.max()):  # a ship may have an older number than where it came from
            root = np.where(w.origin[root] < 0, root, w.origin[root])
        there = w.state == 0
        assert (w.sent[there & (w.rank < 3)] == 2).all(), "three generations have sent theirs"
        assert not (w.state == 4).any()
        assert not ((w.sent < 2) & there & (world.segments.count == 0)).any()
        for g in (1, 2, 3):
            heads = np.bincount(root[there & (w.rank == g)], minlength=colonies)
            extinct.append((g, heads == 0))
        left = np.where(there, 2 - w.sent, (w.state == 2).astype(int))
        chances.append((2 / 3) ** np.bincount(root, left, minlength=colonies))
    q = 0.0
    for g in (1, 2, 3):
        q = (0.4 + 0.6 * q) ** 2
        died = np.concatenate([gone for n, gone in extinct if n == g])
        # four standard errors of a share of so many independent trees
        assert abs(died.mean() - q) < 4 * np.sqrt(q * (1 - q) / len(died)), f"generation {g}"
    chance = np.concatenate(chances)
    assert len(chance) == 1000
    # four standard errors of the mean, from the spread
    assert abs(chance.mean() - 4 / 9) < 4 * chance.std() / np.sqrt(len(chance))
    assert (chance == 1).mean() > 0.25, "most of it is trees that are gone"
