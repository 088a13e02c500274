"""Comparing policies: statistics against scipy's, colonies that are paired, policies that fail."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

import auxon
from auxon.cli import app
from auxon.comparison import ALL, compare, mean_interval, wilson
from auxon.evaluation import growing, run_evaluation
from auxon.outcomes import SITES, jobs, settle
from auxon.policies import Action, Observation, Policy, make
from auxon.policies.kanban import Kanban
from auxon.sim.errors import UsageError
from auxon.sim.outcome import LEAST, doublings, lost
from auxon.sim.scenario import load
from auxon.sim.world import World

YEARS = 0.3


class Crash(Kanban):
    def act(self, observation: Observation, memory: np.ndarray) -> tuple[Action, np.ndarray]:
        if observation.step == 20:
            raise RuntimeError("out of\nideas")
        return super().act(observation, memory)


# ------------------------------------------------------------------ statistics


def test_one_scenario_has_students_interval() -> None:
    x = np.random.default_rng(1).normal(3, 2, 9)
    mean, low, high = mean_interval([x])
    expected = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    assert mean == pytest.approx(x.mean(), rel=1e-12)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_two_scenarios_have_welchs_interval() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(3, 2, 9), rng.normal(1, 0.5, 15)
    expected = stats.ttest_ind(x, -y, equal_var=False).confidence_interval(0.95)
    mean, low, high = mean_interval([x, y])
    assert mean == pytest.approx((x.mean() + y.mean()) / 2, rel=1e-12)
    assert (low, high) == pytest.approx((expected.low / 2, expected.high / 2), rel=1e-9)


def test_one_colony_has_no_interval_and_equal_ones_a_point() -> None:
    assert mean_interval([np.array([2.0])])[0] == 2.0
    assert np.isnan(mean_interval([np.array([2.0])])[1:]).all()
    assert mean_interval([np.zeros(4), np.zeros(3)]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("count", "of"), [(0, 20), (3, 20), (20, 20), (1, 1)])
def test_shares_of_lost_colonies_have_wilsons_interval(count: int, of: int) -> None:
    expected = stats.binomtest(count, of).proportion_ci(0.95, method="wilson")
    assert wilson(count, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


def _colonies(policy: str, scenario: str, family: str, doubled: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "policy": policy,
            "scenario": scenario,
            "family": family,
            "world_seed": 1001,
            "site": range(len(doubled)),
            "lost": [x < 0 for x in doubled],
            "doublings": doubled,
            "robots": 10,
            "bound_per_year": 1.0,
            "share_of_bound": [np.nan if x < 1 else 0.5 for x in doubled],
        }
    )


def test_differences_are_of_pairs_and_families_weigh_scenarios_alike() -> None:
    table = compare(
        pd.concat(
            [
                _colonies("a", "x", "full", [1, 5, 9]),
                _colonies("b", "x", "full", [2, 6, 10]),
                _colonies("a", "y", "full", [3, 3]),
                _colonies("b", "y", "full", [6, 6]),
                _colonies("a", "z", "partial", [2, -1]),
            ]
        ),
        "a",
    ).set_index(["family", "scenario", "policy"])
    assert list(table.index[:3]) == [("full", ALL, "b"), ("full", ALL, "a"), ("full", "x", "b")]
    b = table.loc[("full", "x", "b")]
    # each of b's colonies doubled once more than its like: no spread, though colonies differ much
    assert [b["difference"], b["difference_low"], b["difference_high"]] == [1, 1, 1]
    assert b["growth_percent"] == 100
    assert table.loc[("full", ALL, "b"), "difference"] == 2  # (1 + 3) / 2, not by colonies
    assert np.isnan(table.loc[("full", ALL, "a"), "difference"])
    a = table.loc[("partial", ALL, "a")]
    assert (a["lost"], a["colonies"], a["lost_share"]) == (1, 2, 0.5)
    assert a["share_of_bound"] == 0.25  # what never doubled counts as 0


def test_a_family_needs_all_its_scenarios() -> None:
    parts = [_colonies("a", s, "full", [1, 2]) for s in "xy"] + [
        _colonies("b", "x", "full", [1, 2])
    ]
    table = compare(pd.concat(parts), "a")
    assert set(table.loc[table.scenario == ALL, "policy"]) == {"a"}
    assert set(table.loc[table.scenario == "x", "policy"]) == {"a", "b"}


# ------------------------------------------------------------------ outcomes


def test_lost_is_who_can_build_no_more() -> None:
    world = World(load("tiny"), make("market"), seed=1, sites=5)
    k = {name: n for n, name in enumerate(world.species_names)}
    a, r = k["assembler"], k["repairer"]
    f = world.flows
    f.healthy[1:, a], f.broken[1:, a] = 0, 2  # all broken; somebody can repair them
    f.healthy[2, r], f.broken[2, r] = 0, 2  # nobody can
    f.broken[3, a] = 0  # there is none
    f.healthy[4], f.broken[4] = 0, 0  # nobody is left
    assert lost(world).tolist() == [False, False, True, True, True]


def test_doublings_have_a_floor() -> None:
    found = doublings(np.array([8, 2, 0]), np.array([2, 2, 2]))
    assert found.tolist() == [2.0, 0.0, np.log2(LEAST)]


def test_shares_are_those_of_a_run(tmp_path: Path) -> None:
    summary = auxon.run("tiny", seed=7, years=2, policy="market", out=tmp_path / "run").summary
    (job,) = jobs("market", "market", load("tiny"), 2.0, 1, 7)
    found = settle(job)
    assert isinstance(found, pd.DataFrame)
    row = found.iloc[0]
    for name, value in {
        "rate_per_year": summary["growth_rate_per_year"],
        "bound_per_year": summary["growth_bound_per_year"],
        "share_of_bound": summary["share_of_bound"],
        "mass_kg": summary["mass_kg"],
        "robots": summary["robots"],
    }.items():
        assert row[name] == pytest.approx(value, rel=1e-9), name
    assert not row["lost"]
    assert row["doublings"] == pytest.approx(np.log2(row["mass_kg"] / row["founders_kg"]))


def test_a_colony_that_dies_is_told_of() -> None:
    doomed = load("tiny").replace({"imports": None, "seed.stock.chip": 3})
    (job,) = jobs("market", "market", doomed, 13.0, 3, 1)
    found = settle(job)
    assert isinstance(found, pd.DataFrame)
    assert found["lost"].all()
    assert (found["lost_years"] > 12).all()  # when the founders end their lives
    assert (found["lost_years"] < 13).all()
    assert (found["doublings"] >= np.log2(LEAST)).all()


def test_many_colonies_take_several_worlds() -> None:
    cut = list(jobs("market", "market", load("tiny"), 1.0, 2 * SITES + 3, 1001))
    assert [(j.world_seed, j.sites) for j in cut] == [(1001, SITES), (1002, SITES), (1003, 3)]


# ------------------------------------------------------------------ evaluations


def test_the_same_policy_differs_by_nothing_and_few_colonies_are_the_first_of_many() -> None:
    names = {"one": "market", "two": "market", "other": "random"}
    many = run_evaluation(names, ["tiny"], seeds=4, years=YEARS, processes=1, baseline="one")
    row = many.summary.set_index(["scenario", "policy"])
    assert row.loc[(ALL, "two"), "difference"] == 0
    assert row.loc[(ALL, "two"), "difference_high"] == 0
    assert row.loc[(ALL, "other"), "difference"] != 0
    few = run_evaluation(["market"], ["tiny"], seeds=2, years=YEARS, processes=1)
    again = many.colonies[(many.colonies.policy == "one") & (many.colonies.site < 2)]
    assert few.colonies.doublings.tolist() == again.doublings.tolist()
    assert few.colonies.doublings.nunique() == 2  # and their luck differs


def test_processes_do_not_matter_and_files_are_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    two = auxon.evaluate(["random", "market"], ["tiny"], seeds=3, years=YEARS, out=out)
    one = auxon.evaluate(["random", "market"], ["tiny"], seeds=3, years=YEARS, jobs=1)
    pd.testing.assert_frame_equal(two, one)
    assert one.attrs["failures"] == []
    files = ("colonies.parquet", "summary.csv", "summary.md", "summary.png")
    assert all((out / name).stat().st_size > 100 for name in files)
    assert len(pd.read_parquet(out / "colonies.parquet")) == 6
    csv = pd.read_csv(out / "summary.csv")
    assert csv["doublings"].tolist() == pytest.approx(one["doublings"].tolist(), rel=1e-12)
    assert "| all | market |" in (out / "summary.md").read_text(encoding="utf-8")


def test_what_was_done_is_taken_from_the_folder(tmp_path: Path) -> None:
    said: list[str] = []
    arguments = {"seeds": 2, "years": YEARS, "out": tmp_path, "processes": 1}
    first = run_evaluation(["market"], ["tiny"], **arguments)  # type: ignore[arg-type]
    for part in (tmp_path / "parts").iterdir():  # what it takes is what lies there
        rows = pd.read_parquet(part)
        rows["doublings"] = rows["doublings"] + 1
        rows.to_parquet(part, index=False)
    again = run_evaluation(["market", "random"], ["tiny"], resume=True, **arguments)  # type: ignore[arg-type]
    market = again.colonies[again.colonies.policy == "market"]
    assert market["doublings"].tolist() == [x + 1 for x in first.colonies["doublings"]]
    afresh = run_evaluation(["market"], ["tiny"], progress=said.append, **arguments)  # type: ignore[arg-type]
    assert afresh.colonies["doublings"].tolist() == first.colonies["doublings"].tolist()
    assert said == ["1 of 1: market on tiny"]


def test_a_failing_policy_fails_with_a_sentence_and_the_rest_stands() -> None:
    given: dict[str, str | Policy] = {"market": "market", "crash": Crash(), "none": "markt"}
    found = run_evaluation(given, ["tiny"], seeds=2, years=YEARS, processes=1)
    assert [str(f) for f in found.failures] == [
        "policy 'none' failed: policy 'markt' is not known; did you mean 'market'?",
        "policy 'crash' failed on tiny: RuntimeError: out of ideas",
    ]
    assert set(found.summary.policy) == {"market"}
    with pytest.raises(UsageError, match="policy 'crash' failed on tiny: RuntimeError"):
        run_evaluation({"crash": Crash()}, ["tiny"], seeds=2, years=YEARS, baseline="crash")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"seeds": 0}, "seeds is 0; expected a whole number from 1"),
        ({"first_seed": -1}, "first_seed is -1; expected a whole number"),
        ({"years": 0}, "years is 0; expected more than 0"),
        ({"scenarios": ["belt-wave"]}, "belt-wave has a belt; expected a single body"),
        ({"scenarios": []}, "scenarios: found none"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        auxon.evaluate(["market"], **{"scenarios": ["tiny"], "years": YEARS, **arguments})  # type: ignore[arg-type]


def test_families() -> None:
    full = [s.name for s in growing("full")]
    assert {"tiny", "themis-seed", "closed"} <= set(full)
    assert not {"starved", "belt-wave"} & set(full)


def test_the_command(tmp_path: Path) -> None:
    line = ["evaluate", "--scenarios", "tiny", "--seeds", "2", "--years", str(YEARS), "--jobs", "1"]
    result = CliRunner().invoke(
        app, [*line, "--policies", "random, nosuch", "--out", str(tmp_path), "--json"]
    )
    assert result.exit_code == 1  # a policy failed
    found = json.loads(result.stdout)
    assert {r["policy"] for r in found["summary"]} == {"random", "market"}
    assert found["failures"][0].startswith("policy 'nosuch' failed: policy 'nosuch' is not known")
    result = CliRunner().invoke(app, [*line, "--policies", "random", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert "beside market" in result.stdout
    result = CliRunner().invoke(app, [*line, "--scenarios", "tinny"])
    assert result.exit_code == 2
    assert "tinny" in result.stderr
