"""The lightest seed: known answers, all seeds tried one by one, growth by the rules of a step."""

import itertools
import json
import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
from rich.console import Console

from auxon.doubling import doubling_curve
from auxon.regrowth import GROWN, Cargo, regrow
from auxon.seed_analysis import Analysis, analyse
from auxon.seed_report import seed_table
from auxon.sim.errors import ScenarioError
from auxon.sim.industry import Industry, Species
from auxon.sim.reach import POWER, Prop, Reach, Rules, acts
from auxon.sim.scenario import Scenario, load
from auxon.sim.seed import Seed
from auxon.sim.seed_program import Effort, Program
from auxon.sim.seed_search import MOST_S, lightest_seed
from auxon.viable import viable_seed
from tests.theory_worlds import bulk, industry, pieces, process, species


def at_1_au(of: Industry, imported: tuple[str, ...] = ()) -> Scenario:
    """A scenario in which a square metre collects 1361 W."""
    return cast(
        Scenario,
        SimpleNamespace(
            industry=of,
            body=SimpleNamespace(a_au=1.0, e=0.0),
            site=SimpleNamespace(sun_fraction=1.0),
            imports=SimpleNamespace(materials=imported) if imported else None,
        ),
    )


def robot(of: Mapping[str, int], bill: Mapping[str, int], name: str, **rest: float) -> Species:
    """A species that weighs what its bill does, given the mass of each piece."""
    kind = species(name, bill, mass_g=sum(of[m] * n for m, n in bill.items()))
    return replace(kind, **rest)  # type: ignore[arg-type]


# ------------------------------------------------------------------ known answers


def test_a_part_is_carried_where_it_is_lighter_than_its_machine() -> None:
    """Only a lathe makes spindles, and a lathe holds one: its frames are made on the spot."""
    grams = {"frame": 1000, "spindle": 100}
    of = industry(
        [*pieces("frame", 1000), *pieces("spindle", 100)],
        [
            process("forge", "smith", 1, {"rock": 1000}, {"frame": 1}),
            process("turn", "lathe", 1, {"frame": 1}, {"spindle": 1}),
        ],
        [
            robot(grams, {"frame": 3, "spindle": 1}, "smith"),
            robot(grams, {"frame": 5, "spindle": 1}, "lathe"),
        ],
        assembler="smith",
    )
    seed = lightest_seed(at_1_au(of))
    assert (seed.robots, seed.stock) == ({"smith": 1}, {"spindle": 1})
    assert seed.proved_optimal
    assert seed.mass_kg == (3.1, 0.1)
    first, lathe = seed.order
    assert (first.species, first.processes, first.materials) == ("", ("forge",), ("frame",))
    assert (lathe.species, lathe.processes, lathe.materials) == ("lathe", ("turn",), ("spindle",))


def _steelworks(ball_g: int, sources: Mapping[str, int] | None = None) -> Industry:
    """Rock is ground with steel, of which the ore yields more: a loop that nothing starts."""
    steel = {"steel": 1}
    return industry(
        [bulk("steel", "feedstock"), bulk("ore", "ore"), *pieces("chip", 50, "vitamin")],
        [
            process("grind", "plant", 1, {"rock": 1000, "steel": ball_g}, {"ore": 1000}),
            process("smelt", "plant", 1, {"ore": 1000}, {"steel": 500}),
        ],
        [
            robot(steel | {"chip": 50}, {"steel": 3000, "chip": 2}, "plant"),
            robot(steel | {"chip": 50}, {"steel": 1000, "chip": 3}, "arm"),
        ],
        assembler="plant",
    )


@pytest.mark.parametrize("ball_g", [20, 300])
def test_a_loop_needs_its_first_fill_and_vitamins_are_carried(ball_g: int) -> None:
    """Whatever grinds the first ton, and the chips of the robot to be built."""
    seed = lightest_seed(at_1_au(_steelworks(ball_g)))
    assert (seed.robots, seed.stock) == ({"plant": 1}, {"steel": ball_g, "chip": 3})
    assert seed.proved_optimal


def test_imports_weigh_nothing() -> None:
    """Chips come from Earth, and so the plant may come in parts."""
    seed = lightest_seed(at_1_au(_steelworks(20), ("chip",)))
    assert seed.stock == {"steel": 20}
    assert seed.proved_optimal


def test_a_loop_that_loses_is_carried_whole() -> None:
    """Grinding takes more steel than the ore gives back: the arm's steel has to be carried."""
    seed = lightest_seed(at_1_au(_steelworks(600), ("chip",)))
    # the arm, or what it is made of, is as heavy
    assert seed.total_kg == pytest.approx(3.1 + 1.0)
    assert seed.proved_optimal


def test_seeds_must_outdo_their_idle_draw() -> None:
    """Two arrays of 1361 W feed a plant of 2000 W; what is built later needs a third."""
    grams = {"plate": 100}
    dig = process("dig", "plant", 1, {"rock": 100}, {"plate": 1}, energy_kJ=1)
    array = robot(grams, {"plate": 1}, "array", collector_m2=1.0, efficiency=1.0)

    def works(plant_W: int, arm_W: int) -> Industry:
        plant = robot(grams, {"plate": 9}, "plant", idle_W=plant_W)
        arm = robot(grams, {"plate": 2}, "arm", idle_W=arm_W)
        build_kJ = {k.name: replace(k, assembly_kJ=1) for k in (plant, array, arm)}
        return industry(pieces("plate", 100), [dig], build_kJ.values(), assembler="plant")

    assert lightest_seed(at_1_au(works(1000, 0))).robots == {"plant": 1, "array": 1}
    assert lightest_seed(at_1_au(works(2000, 0))).robots == {"plant": 1, "array": 2}
    seed = lightest_seed(at_1_au(works(2000, 2000)))
    assert seed.robots == {"plant": 1, "array": 2}
    assert seed.proved_optimal
    assert [s.species for s in seed.order] == ["", "arm"]


def test_no_power_is_said_in_words() -> None:
    plant = robot({"plate": 100}, {"plate": 9}, "plant", idle_W=20)
    dig = process("dig", "plant", 1, {"rock": 100}, {"plate": 1}, energy_kJ=1)
    of = industry(pieces("plate", 100), [dig], [plant], assembler="plant")
    with pytest.raises(ScenarioError, match=r"draws 20 W when idle.*enlarge its collector"):
        lightest_seed(at_1_au(of))


def test_nobody_assembles_means_that_all_is_carried() -> None:
    of = industry(pieces("egg"), [], [species("a"), species("b")])
    seed = lightest_seed(at_1_au(of))
    assert (seed.robots, seed.stock, seed.proved_optimal) == ({"a": 1, "b": 1}, {}, True)


# ------------------------------------------------------------------ all seeds, one by one

_INDUSTRIES = 24
_MOST = 7
"""Pieces of each kind in the exhaustive search: more never help, as all bills together hold no
more (checked where it is used)."""


def _random_industry(rng: np.random.Generator) -> Industry:
    """Three species of three parts; every part is made of rock or of another by some species."""
    parts, kinds = ("x", "y", "z"), ("maker", "robot", "arm")
    grams = {m: int(rng.integers(1, 30)) * 10 for m in parts}
    chain = []
    for i, m in enumerate(parts):
        other = parts[int(rng.integers(0, 3))]
        inputs = {"rock": 10} if rng.random() < 0.4 else {other: int(rng.integers(1, 3))}
        if rng.random() < 0.3:  # a tool that comes back, if not always
            tool = parts[int(rng.integers(0, 3))]
            inputs = inputs | {tool: 1}
        by = kinds[int(rng.integers(0, 3))]
        chain.append(process(f"make_{i}", by, 1, inputs, {m: int(rng.integers(1, 4))}))
    robots = []
    for k in kinds:
        chosen = rng.choice(3, size=int(rng.integers(1, 3)), replace=False)
        robots.append(robot(grams, {parts[j]: int(rng.integers(1, 3)) for j in chosen}, k))
    piece_list = [p for m in parts for p in pieces(m, grams[m])]
    return industry(piece_list, chain, robots, assembler="maker")


def _all_regrow(of: Industry, robots: frozenset[str], stock: tuple[int, ...]) -> bool:
    """Whether some sequence of runs leads to one of every species; stocks are capped."""
    parts = [m for m in of.materials if m != "rock" and not of.materials[m].worn_from]
    all_acts = acts(of)
    seen = {(robots, stock)}
    queue = deque(seen)
    while queue:
        here, have = queue.popleft()
        if len(here) == len(of.species):
            return True
        for act in all_acts:
            if act.machine not in here or act.builds in here:
                continue
            takes = [act.takes.get(m, 0) for m in parts]
            if any(t > h for t, h in zip(takes, have, strict=True)):
                continue
            gives = [act.gives.get(m, 0) for m in parts]
            left = tuple(min(_MOST, h - t + g) for h, t, g in zip(have, takes, gives, strict=True))
            state = (here | {act.builds} if act.builds else here, left)
            if state not in seen:
                seen.add(state)
                queue.append(state)
    return False


def _lightest_by_trial(of: Industry) -> int:
    """Grams of the lightest seed, of all with up to `_MOST` pieces of each kind."""
    parts = [m for m in of.materials if m != "rock" and not of.materials[m].worn_from]
    robots_g = {
        frozenset(chosen): sum(of.species[k].mass_g for k in chosen)
        for n in range(len(of.species) + 1)
        for chosen in itertools.combinations(of.species, n)
    }
    seeds = sorted(
        (
            robots_g[r] + sum(n * of.materials[m].mass_g for m, n in zip(parts, s, strict=True)),
            i,
            r,
            s,
        )
        for i, (r, s) in enumerate(
            itertools.product(robots_g, itertools.product(range(_MOST), repeat=len(parts)))
        )
    )
    return next(grams for grams, _, r, s in seeds if _all_regrow(of, r, s))


def test_no_seed_that_can_be_tried_is_lighter() -> None:
    proved = found = 0
    for number in range(_INDUSTRIES):
        of = _random_industry(np.random.default_rng(number))
        bills = [sum(k.bill.get(m, 0) for k in of.species.values()) for m in ("x", "y", "z")]
        assert max(bills) < _MOST
        seed = lightest_seed(at_1_au(of))
        trial_kg = _lightest_by_trial(of) / 1000
        assert seed.replayed
        assert seed.bound_kg <= trial_kg + 1e-6, number  # a bound, whatever happens
        assert seed.total_kg >= trial_kg - 1e-6, number  # nothing is lighter than the lightest
        proved += seed.proved_optimal
        found += math.isclose(seed.total_kg, trial_kg)
    # measured: 19 and 24 of the first 24, 98 and 115 of the first 120. The others have a batch that
    # must be saved up within a generation, which the bound does not see
    assert proved >= 0.7 * _INDUSTRIES
    assert found >= 0.9 * _INDUSTRIES


# ------------------------------------------------------------------ what is reached


def test_reach_takes_back_what_leads_to_the_forbidden() -> None:
    of = _steelworks(20)
    rules = Rules(of, acts(of), {"rock"}, set())
    number = rules.number
    reach = Reach(rules)
    assert reach.add([number[Prop("species", "plant")]])
    before = bytes(reach.true)
    arm = number[Prop("species", "arm")]
    balls, chips = number[Prop("stock", "steel", 20)], number[Prop("stock", "chip", 3)]
    assert not reach.add([balls, chips], unless=arm)
    assert bytes(reach.true) == before
    assert reach.add([balls], unless=arm)
    assert reach.true[number[Prop("stock", "steel", 3000)]]  # made, in any amount
    assert not reach.true[arm]
    assert reach.add([chips])
    assert reach.true[arm]
    assert not reach.true[number[POWER]]


# ------------------------------------------------------------------ shipped scenarios


@pytest.fixture(scope="module")
def tiny() -> Scenario:
    return load("tiny")


@pytest.fixture(scope="module")
def analysis(tiny: Scenario) -> Analysis:
    return analyse(tiny)


def test_tiny_carries_three_machines_in_parts(tiny: Scenario, analysis: Analysis) -> None:
    """Digger, smelter and printer make everything; in parts they save their chips."""
    kinds, seed = tiny.industry.species, analysis.lightest
    carried = sum(kinds[k].mass_g for k in kinds if k != "repairer") / 1000
    chips_kg = sum(kinds[k].bill["chip"] for k in ("digger", "smelter", "printer")) * 0.2
    assert seed.robots == {"assembler": 1, "solar_array": 1}
    assert seed.total_kg == pytest.approx(carried - chips_kg)
    assert seed.proved_optimal
    assert [s.species for s in seed.order if s.species][-1] == "repairer"


def test_tiny_regrows_from_what_was_found(tiny: Scenario, analysis: Analysis) -> None:
    viable = analysis.viable
    assert viable is not None
    assert sum(viable.mass_kg) >= analysis.lightest.bound_kg
    again = regrow(tiny, viable, "market", rng=7)
    assert again.years is not None
    assert not again.missing
    assert len(again.doublings) >= GROWN
    assert list(again.births.values()) == sorted(again.births.values())
    assert again == regrow(tiny, viable, "market", rng=7)


def test_a_seed_without_repairers_ends_and_says_what_lacks(tiny: Scenario) -> None:
    lost = regrow(tiny, Cargo({"smelter": 1, "solar_array": 1}, {}), "market")
    assert lost.years is None
    assert lost.doublings == ()
    assert set(lost.missing) == {"digger", "printer", "assembler", "repairer"}


def test_a_heavier_seed_has_a_curve_of_its_own(tiny: Scenario, analysis: Analysis) -> None:
    curve = analysis.curve
    assert list(curve.columns) == ["seed_kg", "factor", "doubling", "years"]
    assert len(curve) == curve.factor.nunique() * curve.doubling.nunique()
    for _, rows in curve.groupby("factor"):
        assert rows.years.is_monotonic_increasing
    assert np.allclose(curve.seed_kg, curve.factor * curve.seed_kg.min())
    small = doubling_curve(tiny, Cargo({"solar_array": 3}, {}), "market", factors=(1,), years=1.0)
    assert small.years.isna().all()


def test_all_is_written_and_printed(tiny: Scenario, analysis: Analysis, tmp_path: Path) -> None:
    told, table, picture = analysis.write(tmp_path)
    read = json.loads(told.read_text())
    assert read["lightest"]["proved_optimal"] is True
    assert read["lightest"]["total_kg"] == analysis.lightest.total_kg
    assert len(read["doublings"]) == len(analysis.curve)
    pd.testing.assert_frame_equal(pd.read_parquet(table), analysis.curve)
    assert picture.read_bytes().startswith(b"\x89PNG")
    console = Console(record=True, width=100, file=(tmp_path / "out").open("w"))
    seed_table(tiny, analysis, console)
    console.file.close()
    text = console.export_text()
    for name in ("lightest", "viable", "beam", "printer", "x 32", "proved"):
        assert name in text
    assert f"{analysis.lightest.total_kg / 1000:.2f}" in text
    assert "stopped by the clock" not in text


def test_two_searches_find_the_same(tiny: Scenario, analysis: Analysis) -> None:
    lightest = lightest_seed(tiny)
    assert lightest == analysis.lightest
    assert viable_seed(tiny, lightest, tiny.policy) == analysis.viable


def test_a_slow_machine_finds_the_same(
    tiny: Scenario, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No clock is read: each reading would be an error. The solver's own gets no less time."""
    asked: list[float] = []

    def solve(*args: Any, options: Any, **rest: Any) -> Any:
        asked.append(options["time_limit"])
        return scipy.optimize.milp(*args, options=options, **rest)

    def clock() -> float:
        raise AssertionError("the search looked at the clock")

    monkeypatch.setattr("auxon.sim.seed_program.milp", solve)
    for name in ("time", "monotonic", "perf_counter", "process_time"):
        monkeypatch.setattr(time, name, clock)
    slow = lightest_seed(tiny)
    monkeypatch.undo()
    assert slow == analysis.lightest
    assert not slow.cut_short
    assert set(asked) == {MOST_S}


def test_a_search_that_ran_out_of_nodes_is_not_called_cut_short(tiny: Scenario) -> None:
    """Nodes are the same on any machine, the clock is not; the bound holds either way."""
    program = Program(tiny)
    program.add_generation()
    best = program.solve(Effort(gap=1e-7, nodes=5_000, most_s=600.0))
    few = program.solve(Effort(gap=1e-7, nodes=0, most_s=600.0))
    assert not few.cut_short
    assert few.bound_kg <= best.bound_kg * (1 + 1e-9)  # round-off of one sum of 1e2 terms
    assert program.solve(Effort(gap=1e-7, nodes=5_000, most_s=0.0)).cut_short


def test_stopped_by_the_clock_is_told(tmp_path: Path) -> None:
    """Everything carried is a seed, too, and nothing is called proved."""
    closed = load("closed")
    seed = lightest_seed(closed, most_s=0.0)
    assert seed.cut_short
    assert seed.to_dict()["cut_short"] is True
    assert seed.replayed
    assert not seed.proved_optimal
    assert 0.0 < seed.gap <= 1.0
    assert set(seed.robots) == set(closed.industry.species)
    none = pd.DataFrame({"seed_kg": [], "factor": [], "doubling": [], "years": []})
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    seed_table(closed, Analysis(seed, None, none, "market"), console)
    console.file.close()
    assert "stopped by the clock" in console.export_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["closed", "themis-seed"])
def test_shipped_industries_regrow_from_what_was_found(name: str) -> None:
    scenario = load(name)
    lightest: Seed = lightest_seed(scenario)
    assert lightest.replayed
    assert not lightest.cut_short
    assert lightest_seed(scenario) == lightest
    assert 1.0 < lightest.bound_kg / 1000 < lightest.total_kg / 1000 < 6.0
    viable = viable_seed(scenario, lightest, "market")
    assert viable is not None
    own_kg = sum(n * scenario.industry.species[k].mass_g for k, n in scenario.seed_robots.items())
    assert sum(viable.mass_kg) < own_kg / 1000
    assert all(math.isfinite(y) for y in viable.years)
