"""What is hidden from robots, what befalls them, and what they can do about it."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from auxon import Society
from auxon.policies import make
from auxon.policies.conformance import check
from auxon.policies.kanban import Kanban
from auxon.sim import jit, records
from auxon.sim.balance import balance
from auxon.sim.checkpoint import restore, save
from auxon.sim.conduct import MOVE, SERVICE, SHELTER, open_conducts
from auxon.sim.errors import ScenarioError
from auxon.sim.faces import face_yield
from auxon.sim.observation import ROBOT_FEATURES, Action, Observation, Policy
from auxon.sim.partial import NOTHING
from auxon.sim.records import Recorder
from auxon.sim.scenario import Scenario, load
from auxon.sim.state import live_rows
from auxon.sim.technology import technology
from auxon.sim.weather import flares, shaded
from auxon.sim.world import World
from tests.fidgety import Fidgety
from tests.shipped_names import PARTIALS
from tests.worth import Worth

TINY, PARTIAL = load("tiny"), load("partial-tiny")
Conduct = Callable[[Observation], NDArray[np.uint8]]


class Conducting:
    """Tasks as in `kanban`, conduct by a function of the observation."""

    memory_width = 0

    def __init__(self, conduct: Conduct) -> None:
        self.conduct = conduct

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        action, memory = Kanban().act(observation, memory)
        return replace(action, conduct=self.conduct(observation)), memory


def everybody(bits: int) -> Conducting:
    return Conducting(lambda o: np.full(len(o.rows), bits, np.uint8))


def run(
    scenario: Scenario, policy: Policy, steps: int, seed: int = 1, **more: Any
) -> tuple[World, dict[str, int]]:
    """Step a world; return it and what happened in all."""
    world = World(scenario, policy, seed, **more)
    total = dict.fromkeys(("failures", "wrecked", "services", "deaths", "repairs"), 0)
    for _ in range(steps):
        world.step()
        for name in total:
            total[name] += int(getattr(world.flows, name).sum())
    return world, total


# ---------------------------------------------------------------------- scenarios


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"imports": None, "partial.shipments": {"missed": 0.1}},
            "partial.shipments: found shipments where nothing is imported; expected [imports]; "
            "add it or remove this",
        ),
        (
            {"partial.shadow": {"every_days": 50, "days": 60, "depth": 0.5}},
            "partial.shadow.days: found 60 days; expected at most every_days = 50, as one shadow "
            "ends before the next begins; shorten it",
        ),
        (
            {"partial.ore": {"faces": 1, "spread": 0.5, "days": 9}},
            "partial.ore.faces: found 1; expected a number at least 2 and at most 16; change it",
        ),
        (
            {"partial.wear": {"wrek": 0.1}},
            "partial.wear.wrek: unknown key 'wrek'; expected one of this table's keys; did you "
            "mean 'wreck'?",
        ),
        (
            {"partial.flares": {"per_year": 1}},
            "partial.flares: no 'hit', 'warning_days' here; expected them; add",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        TINY.replace(changes)
    assert said in str(refused.value)


def test_a_scenario_without_the_table_knows_nothing_of_it() -> None:
    assert "partial" not in TINY.data["scenario"]
    assert World(TINY, Kanban()).partial == NOTHING
    empty = TINY.replace({"partial": {}})
    assert World(empty, Kanban()).partial == NOTHING


def test_conduct_that_is_not_open_is_ignored() -> None:
    restless, calm = run(TINY, everybody(7), 100)[0], run(TINY, Kanban(), 100)[0]
    assert restless.digest() == calm.digest()


def test_one_shape_for_all_species_whose_means_stay() -> None:
    shaped = load("themis-seed").replace({"partial.wear.shape": 4.5})
    plain = load("themis-seed").industry.species
    for name, species in shaped.industry.species.items():
        assert species.weibull_shape == 4.5
        assert species.mtbf_h == plain[name].mtbf_h
    assert {k.weibull_shape for k in plain.values()} != {4.5}
    again = load(shaped.data)
    assert again.industry == shaped.industry
    assert again.hash == shaped.hash != load("themis-seed").hash


# ---------------------------------------------------------------------- determinism


def test_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    before = jit.threads()
    if jit.threads(2) < 2:
        pytest.skip("numba may use only one thread here")
    # several chunks of rows at a site
    many = PARTIAL.replace({f"seed.robots.{k}": n * 1500 for k, n in PARTIAL.seed_robots.items()})
    many = many.replace({"partial.flares.per_year": 60, "override.species.digger.mtbf_h": 300})
    monkeypatch.setattr(jit, "SERIAL_BELOW", 0)
    digests = []
    for threads in (1, 2):
        jit.threads(threads)
        world, total = run(many, Kanban(), 40, 3)
        digests.append(world.digest())
        assert total["wrecked"] > 100
    jit.threads(before)
    assert digests[0] == digests[1]


def test_resumed_runs_are_the_same(tmp_path: Path) -> None:
    straight, _ = run(PARTIAL, Fidgety(Kanban()), 150, sites=2)
    assert straight.flows.sheltered.any()
    save(straight, tmp_path / "a.npz")
    other = World(PARTIAL, Fidgety(Kanban()), sites=2)
    restore(other, tmp_path / "a.npz")
    np.testing.assert_array_equal(other.flows.sheltered, straight.flows.sheltered)
    for _ in range(100):
        straight.step()
        other.step()
    assert other.digest() == straight.digest()


PLAIN = """
from auxon.policies.kanban import Kanban
from auxon.sim.scenario import load
from auxon.sim.world import World
from tests.fidgety import Fidgety
from tests.test_partial import PARTIAL, STORMY, Sensing, run

sensing = Sensing(Fidgety(Kanban()))
print(run(PARTIAL.replace(STORMY), sensing, 30, 3)[0].digest())
print(sorted(sensing.seen.items()))
"""
STORMY = {"partial.flares.per_year": 60, "override.species.digger.mtbf_h": 50}


def test_plain_python_agrees() -> None:
    """On the state, and on every digit that robots sense."""
    sensing = Sensing(Fidgety(Kanban()))
    world, total = run(PARTIAL.replace(STORMY), sensing, 30, 3)
    assert total["wrecked"] > 0
    said = subprocess.run(
        [sys.executable, "-c", PLAIN],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said == [world.digest(), str(sorted(sensing.seen.items()))]


def test_a_belt_of_one_body_is_that_body() -> None:
    alone, _ = run(PARTIAL, Fidgety(Kanban()), 200)
    belt = PARTIAL.replace({"belt": {"bodies": [PARTIAL.body.name]}})
    one, _ = run(belt, Fidgety(Kanban()), 200)
    assert alone.robot_count == one.robot_count
    assert (alone.sites.stock == one.sites.stock).all()
    rows = slice(0, alone.robot_count)
    for name in alone.robots._fields:
        ours, theirs = getattr(alone.robots, name)[rows], getattr(one.robots, name)[rows]
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def test_one_robot_more_changes_nobody_elses_draws() -> None:
    """An idle array more: all others are hit, wrecked, move and sense as before."""
    scenario = PARTIAL.replace(
        {
            "override.species.solar_array.efficiency": 1.0,
            "override.species.solar_array.collector_m2": 10_000.0,
            "override.species.solar_array.repair_parts": {},
            "override.species.digger.mtbf_h": 100.0,
            "seed.robots.assembler": 0,
            "seed.robots.repairer": 0,
            "partial.flares.per_year": 30,
        }
    )
    more = scenario.replace({"seed.robots.solar_array": scenario.seed_robots["solar_array"] + 1})
    policies = [Sensing(Fidgety(Kanban(), service=0.02)) for _ in range(2)]
    worlds = [World(s, p, seed=9) for s, p in zip((scenario, more), policies, strict=True)]
    newcomer = int(worlds[1].robots.id[worlds[1].robot_count - 1])
    hits = 0
    for _ in range(60):
        for world in worlds:
            world.step()
        hits += int(worlds[0].flows.failures.sum())
        rows = [live_rows(w.segments) for w in worlds]
        rows[1] = rows[1][worlds[1].robots.id[rows[1]] != newcomer]
        for name in worlds[0].robots._fields:
            one, two = (getattr(w.robots, name)[r] for w, r in zip(worlds, rows, strict=True))
            np.testing.assert_array_equal(one, two, err_msg=name)
        here, there = (policy.seen for policy in policies)
        assert {k: there[k] for k in here} == here
    assert hits > 10


class Sensing:
    """Notes what each deciding robot senses, by id."""

    memory_width = 0

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.seen: dict[int, tuple[float, ...]] = {}

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        ids = observation.robots.id[observation.rows].tolist()
        self.seen = dict(zip(ids, map(tuple, observation.robot_features().tolist()), strict=True))
        return self.policy.act(observation, memory)


# ---------------------------------------------------------------------- conduct


def test_flares_hit_nobody_in_shelter() -> None:
    storms = TINY.replace(
        {
            "partial.flares": {"per_year": 300, "hit": 1.0, "warning_days": 1},
            **{f"override.species.{k}.mtbf_h": 1e7 for k in TINY.industry.species},
            "rules.review_steps": 1,
        }
    )
    _, hidden = run(storms, everybody(SHELTER), 60)
    world, hit = run(storms, Kanban(), 60)
    assert hidden["failures"] == 0
    assert hit["failures"] >= world.robot_count  # all of them, at the first flare
    _, nobody = run(storms, everybody(MOVE), 60)
    assert nobody == hit


def test_in_shelter_nobody_works_and_nothing_gives_power() -> None:
    sheltering = TINY.replace(
        {
            "partial.flares": {"per_year": 1e-6, "hit": 0.0, "warning_days": 1},
            "rules.review_steps": 1,
        }
    )
    world, _ = run(sheltering, everybody(SHELTER), 5)
    assert world.robots.shelter[live_rows(world.segments)].all()
    assert (world.flows.sheltered == world.flows.healthy).all()
    assert not world.flows.crew.any()
    assert not world.flows.labour_s.any()
    assert world.flows.supply_J.sum() == 0
    array = world.species_names.index("solar_array")
    assert world.sites.clock_s[0, array] == 5 * world.dt_s  # its clock runs as for all
    society = Society(sheltering, policy=everybody(SHELTER))
    society.step()
    digger = society.agents.select(species="digger")[0]
    assert digger.shelter
    digger.task = "dig"
    assert not digger.shelter
    assert society.world.flows.sheltered.sum() == society.world.robot_count - 1


def test_service_in_time_prevents_wrecks() -> None:
    """Wear-out of shape 10: 1 - exp(-0.5^10) = 0.1 % fail before half of the scale."""
    wearing = TINY.replace({"partial.wear": {"wreck": 1.0, "shape": 10}, "seed.stock.chip": 3000})

    def in_time(o: Observation) -> NDArray[np.uint8]:
        assert o.partial.may_service
        return np.where(o.robot_features()[:, 0] > 0.5, SERVICE, 0).astype(np.uint8)

    _, lost = run(wearing, Kanban(), 800)
    _, kept = run(wearing, Conducting(in_time), 800)
    assert lost["wrecked"] == lost["failures"] == lost["deaths"] > 20
    assert kept["wrecked"] <= 0.1 * kept["services"]
    assert kept["repairs"] > 0.9 * kept["services"] > 20


def test_serviced_robots_wait_for_repair_with_their_task() -> None:
    world = World(PARTIAL, everybody(SERVICE))
    for _ in range(world.review_steps):
        world.step()
    rows = live_rows(world.segments)
    served = world.robots.broken[rows] == 1
    assert served.sum() > 0.5 * world.robot_count
    assert (world.robots.task[rows][served] >= 0).any()
    assert not world.robots.shelter[rows].any()


def test_moves_go_to_every_other_face_alike() -> None:
    """Chi-squared of three equal classes, 2 degrees of freedom: below 13.8 in 99.9 %."""
    many = PARTIAL.replace(
        {"seed.robots.digger": 3000, "rules.review_steps": 1, "partial.flares": None}
    )
    world = World(many, everybody(MOVE))
    assert (np.bincount(world.robots.face[:3000]) == 750).all()  # founders spread
    counts = np.zeros(4)
    for _ in range(2):
        before, ids = world.robots.face[:3000].copy(), world.robots.id[:3000].copy()
        world.step()
        assert (world.robots.id[:3000] == ids).all()
        counts += np.bincount((world.robots.face[:3000] - before) % 4, minlength=4)
    assert counts[0] == 0
    assert ((counts[1:] - 2000) ** 2 / 2000).sum() < 13.8


def test_open_conducts() -> None:
    assert open_conducts(NOTHING) == 0
    assert open_conducts(World(PARTIAL, Kanban()).partial) == SHELTER | SERVICE | MOVE
    no_repairer = replace(PARTIAL.industry, repairer=None)
    assert not World(replace(PARTIAL, industry=no_repairer), Kanban()).partial.may_service


def test_richness_decides_what_is_dug() -> None:
    """With one digger, richness is its face's yield, and the rock dug goes with it."""
    one = PARTIAL.replace(
        {"seed.robots": {"digger": 1, "solar_array": 12}, "partial.wear": None,
         "partial.flares": None, "partial.shadow": None, "partial.ore.days": 40}
    )  # fmt: skip
    sensing = Sensing(Kanban())
    world = World(one.replace({"partial.ore.noise": 0, "rules.review_steps": 1}), sensing, 5)
    seen = set()
    for _ in range(200):
        world.step()
        digger = int(world.robots.id[0])
        read, digs = sensing.seen[digger][5], world.robots.task[0] >= 0
        if digs and read > 0:
            assert world.flows.richness[0] == round(read * 256)
        seen.add(int(world.flows.richness[0]))
    assert len(seen) > 3
    assert all(256 - 204 <= x <= 256 + 204 for x in seen)  # int(0.8 * 256) = 204


# ---------------------------------------------------------------------- senses


def test_readings_are_unbiased_and_as_wide_as_said() -> None:
    """Of n readings the mean lies within 4 sigma / sqrt(n), the spread within 4 sigma / sqrt(2n).

    The fourth moment of four uniform draws is 2.7 sigma^4, so the spread is a little surer.
    """
    many = PARTIAL.replace({f"seed.robots.{k}": 3000 for k in ("digger", "printer")})
    many = many.replace({"partial.wear.noise": 0.1, "rules.review_steps": 1})
    exact = many.replace({f"partial.{k}.noise": 0 for k in ("wear", "ore", "flares")})
    noises = {"wear": 0.1, "precursor": 1.0, "yield": 1.0}
    read, true = [], []
    policies = [Sensing(Kanban()) for _ in range(2)]
    worlds = [World(s, p, seed=2) for s, p in zip((many, exact), policies, strict=True)]
    for step in range(40):
        for world in worlds:
            world.step()
        if step > 30:  # worn by then, so that no reading is cut off at -1
            ids = list(policies[0].seen)
            read += [policies[0].seen[i] for i in ids]
            true += [policies[1].seen[i] for i in ids]
    assert worlds[0].digest() == worlds[1].digest()  # `kanban` does not look
    readings, truth = np.array(read), np.array(true)
    for i, name in enumerate(ROBOT_FEATURES):
        error = (readings - truth)[:, i]
        if name == "yield":
            error = error[truth[:, ROBOT_FEATURES.index("on_face")] == 1]
            assert len(error) > 5000
        if name not in noises:
            assert not error.any()
            continue
        sigma, n = noises[name], len(error)
        assert abs(error.mean()) < 4 * sigma / np.sqrt(n), name
        assert abs(error.std() - sigma) < 4 * sigma / np.sqrt(2 * n), name
        assert abs(error).max() <= sigma * 2 * np.sqrt(3)
    kurtosis = ((readings - truth)[:, 4] ** 4).mean() / noises["precursor"] ** 4
    assert kurtosis == pytest.approx(2.7, abs=4 * np.sqrt(30 / len(readings)))
    assert (readings[:, 0] >= -1).all()


def test_precursors_announce_flares() -> None:
    """Without noise the reading is 1 in the step of a flare and in nine steps before."""
    stormy = TINY.replace({"partial.flares": {"per_year": 6, "hit": 1.0, "warning_days": 10}})
    policy = Sensing(Kanban())
    world = World(stormy.replace({"rules.review_steps": 1, "seed.robots.repairer": 9}), policy)
    readings, struck = [], []
    for _ in range(600):
        failures_before = world.flows.healthy.sum()
        world.step()
        if not policy.seen:
            continue
        readings.append({row[4] for row in policy.seen.values()})
        struck.append(bool(failures_before) and int(world.flows.healthy.sum()) == 0)
        policy.seen = {}
    assert all(len(r) == 1 for r in readings)
    assert any(struck)
    for step, flare in enumerate(struck):
        if flare:
            assert readings[max(0, step - 9) : step + 1] == [{1.0}] * min(10, step + 1)
    assert {0.0} in readings


def test_flares_yields_and_shadows_are_as_often_as_said() -> None:
    """3 flares a year, over 400 sites and a year: Poisson, within 4 standard deviations.

    Yields of all faces: uniform, mean 1, standard deviation 0.8 / sqrt(3).
    """
    at = World(PARTIAL, Kanban()).partial
    hits = sum(flares(at, s, 1, step) for s in range(400) for step in range(365))
    expected = 3 * 400 * 365 / 365.25
    assert abs(hits - expected) < 4 * np.sqrt(expected)
    dark = sum(shaded(at, s, 1, step) for s in range(20) for step in range(500))
    assert dark == 20 * 80  # whole cycles
    yields = np.array([face_yield(at, s, j, 1, t) for s in range(400) for j in range(4)
                       for t in (0, 1000)]) / 256  # fmt: skip
    sigma = 0.8 / np.sqrt(3)
    assert abs(yields.mean() - 1) < 4 * sigma / np.sqrt(len(yields))
    assert yields.std() == pytest.approx(sigma, rel=0.05)  # 4 standard errors of 3200 uniform ones


# ---------------------------------------------------------------------- around it


def test_records_count_services_and_wrecks(tmp_path: Path) -> None:
    world = World(PARTIAL, Fidgety(Kanban(), 0.02, 0.01, 0.1), seed=4)
    recorder = Recorder(world, tmp_path)
    world.listeners.append(recorder)
    total = {"services": 0, "wrecked": 0}
    for _ in range(200):
        world.step()
        for name in total:
            total[name] += int(getattr(world.flows, name).sum())
    recorder.finish(world)

    def table(name: str) -> pd.DataFrame:
        return records.read(tmp_path, name).to_pandas()

    assert min(total.values()) > 0
    series, events = table("series"), table("events")
    counted = events.groupby("event", observed=True)["count"].sum()
    for name, event in (("services", "service"), ("wrecked", "wrecked")):
        assert series[name].sum() == counted[event] == total[name]
    died = np.isfinite(table("lineage").destruction_time).sum()
    assert died == counted["death"] >= total["wrecked"]


def test_a_conducting_policy_conforms() -> None:
    assert check(lambda: Fidgety(Kanban()), PARTIAL) > 100


@pytest.mark.parametrize(
    ("conduct", "broken"),
    [
        (lambda o: np.zeros(len(o.rows) + 1, np.uint8), "conduct has one entry for each of"),
        (lambda o: np.zeros(len(o.rows), np.int64), "conduct is uint8"),
        (lambda o: np.full(len(o.rows), 8, np.uint8), "every bit of a conduct is a known one"),
    ],
)
def test_conformance_catches(conduct: Conduct, broken: str) -> None:
    with pytest.raises(AssertionError, match=broken):
        check(lambda: Conducting(conduct), PARTIAL)


def test_mesa_knows_shelter_and_face() -> None:
    society = Society(PARTIAL, policy=Fidgety(Kanban()), rng=1)
    seen: set[bool] = set()
    for _ in range(40):
        society.step()
        seen |= {bool(b) for b in society.agents.get("broken")}
    assert seen == {False, True}
    hidden = society.agents.select(shelter=True)
    assert 0 < len(hidden) < len(society.agents)
    assert len(hidden) == society.world.flows.sheltered.sum()
    assert all(robot.task is None for robot in hidden)
    assert set(society.agents.get("face")) == {0, 1, 2, 3}
    broken = [bool(b) for b in society.agents.get("broken")]
    assert sum(broken) == society.world.flows.broken.sum()


# ---------------------------------------------------------------------- the bound


def test_the_bound_digs_the_richest_rock() -> None:
    """It is that of an industry whose digging takes 1 / (1 + spread) of the time and energy."""
    base = load("tiny").replace({"override.process.dig.machine_seconds": 180_000})
    ore = base.replace({"partial.ore": {"faces": 4, "spread": 0.5, "days": 9}})
    dig = base.industry.processes["dig"]
    faster = replace(
        base.industry,
        processes={
            **base.industry.processes,
            "dig": replace(dig, machine_seconds=dig.machine_seconds * 2 // 3,
                          energy_kJ=dig.energy_kJ * 2 // 3, heat_kJ=dig.heat_kJ * 2 // 3),
        },
    )  # fmt: skip
    found, other, plain = (
        balance(technology(s)) for s in (ore, replace(base, industry=faster), base)
    )
    assert found
    assert other
    assert plain
    assert found.rate_per_year > 1.0005 * plain.rate_per_year
    # watts are whole numbers, kilojoules are cut
    assert found.rate_per_year == pytest.approx(other.rate_per_year, rel=1e-4)


def test_the_bound_knows_the_shape_of_wear() -> None:
    scenario = load("themis-seed")
    shaped = balance(technology(scenario.replace({"partial.wear.shape": 0.5})))
    plain = balance(technology(scenario))
    assert shaped
    assert plain
    assert shaped.rate_per_year != pytest.approx(plain.rate_per_year, rel=1e-3)


@pytest.mark.parametrize("name", PARTIALS)
def test_no_wreck_is_worth_more_than_its_bill(name: str) -> None:
    """What `auxon.sim.bound` takes for granted of wrecks."""
    plan = balance(technology(load(name)))
    assert plan
    worth = Worth(plan)
    assert (worth.scrap <= worth.bill).all()


@pytest.mark.parametrize("name", PARTIALS)
def test_no_run_beats_the_bound(name: str) -> None:
    scenario = load(name)
    plan = balance(technology(scenario))
    assert plan
    world, _ = run(scenario, Fidgety(make("market"), 0.0, 0.01, 0.1), 365)
    mass_g = world.mass_g
    for _ in range(2 * 365):
        world.step()
    assert np.log(max(world.mass_g, 1) / mass_g) / 2 < plan.rate_per_year
