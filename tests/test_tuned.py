"""The market's numbers: usual ones change nothing, files are checked, conduct follows readings."""

import math
from pathlib import Path

import numpy as np
import pytest

from auxon.policies import Observation, make
from auxon.policies.conformance import check
from auxon.policies.market import Market
from auxon.policies.rule import USUAL_RULE, MarketRule
from auxon.policies.rule_file import read_rule, write_rule
from auxon.policies.tuned import SHIPPED
from auxon.sim.conduct import MOVE, SERVICE, SHELTER
from auxon.sim.errors import ScenarioError
from auxon.sim.explog import power
from auxon.sim.observation import ROBOT_FEATURES
from auxon.sim.scenario import load
from auxon.sim.world import World

ODD = MarketRule(
    0.37, 0.003, 0.8, 0.02, 0.7, 0.4, 5.0, 0.9, 2.0, 100, 20, 9.0, 0.8, 0.9, 0.8
)  # fmt: skip


@pytest.mark.parametrize("exponent", [0.02, 0.25, 0.3, 0.5, 1.0, 1.7])
def test_powers(exponent: float) -> None:
    for x in (1e-9, 0.02, 0.999, 1.0, 1.5, 3.0, 12345.678, 1e15):
        assert power(x, exponent) == pytest.approx(x**exponent, rel=1e-13)
    assert power(0.0, exponent) == 0.0


def test_a_half_and_a_quarter_are_square_roots() -> None:
    for x in np.random.default_rng(1).lognormal(0, 5, 200):
        assert power(x, 0.5) == math.sqrt(x)
        assert power(x, 0.25) == math.sqrt(math.sqrt(x))


def test_the_usual_numbers_are_the_usual_market() -> None:
    """Every number written out as it stood in the rules; see docs/validation.md for the digests."""
    assert USUAL_RULE == MarketRule(
        0.5, 0.01, 0.5, 0.01, 0.5, 0.25, 3.0, 0.95, 1.0, 256, 48, 16.0, math.inf, math.inf, 0.0
    )


def test_every_number_counts() -> None:
    """Each by itself leads elsewhere than the usual market."""
    sharp = ODD._replace(robots_per_repairer=8, robots_for_spares=9999)
    seen = {}
    for name in ("", *MarketRule._fields):
        changed = {name: getattr(sharp, name)} if name else {}
        rule = MarketRule(**(USUAL_RULE._asdict() | changed))
        world = World(load("partial-themis"), Market(rule), seed=1)
        for _ in range(600):
            world.step()
        seen[name] = world.digest()
    assert [name for name in MarketRule._fields if seen[name] == seen[""]] == []


def test_a_market_with_other_numbers_conforms() -> None:
    for name in ("tiny", "partial-tiny"):
        assert check(lambda: Market(ODD), load(name)) > 100


def test_conduct_follows_readings() -> None:
    seen: list[tuple[Observation, np.ndarray]] = []

    class Looker(Market):
        def conduct(self, observation: Observation) -> np.ndarray | None:
            found = super().conduct(observation)
            if found is not None:
                seen.append((observation, found))
                features = observation.robot_features()
                r = {name: features[:, n] for n, name in enumerate(ROBOT_FEATURES)}
                repairers = observation.robots.species[observation.rows] == k
                others = observation.flows.healthy[observation.site, k] > 1
                hides = np.where(r["precursor"] > 0.9, SHELTER, 0)
                serviced = np.where((r["wear"] > 0.8) & (~repairers | others), SERVICE, 0)
                moves = np.where((r["on_face"] > 0) & (r["yield"] < 0.8), MOVE, 0)
                assert found.tolist() == (hides | serviced | moves).tolist()
            return found

    world = World(load("partial-tiny"), Looker(ODD), seed=1, sites=3)
    k = world.species_names.index("repairer")
    for _ in range(600):
        world.step()
    bits = np.concatenate([found for _, found in seen])
    assert all((bits & bit).any() for bit in (SHELTER, SERVICE, MOVE))
    assert Market(ODD).conduct(_some_observation("tiny")) is None  # none is open there
    assert Market().conduct(_some_observation("partial-tiny")) is None  # none is wanted


def _some_observation(name: str) -> Observation:
    seen: list[Observation] = []

    class Looker(Market):
        def conduct(self, observation: Observation) -> None:
            seen.append(observation)

    World(load(name), Looker(), seed=1).step()
    return seen[0]


def test_the_shipped_numbers_are_what_tuned_goes_by() -> None:
    made = make("tuned")
    assert isinstance(made, Market)
    assert made.rule == read_rule(SHIPPED)
    assert made.ahead_s == round(made.rule.ahead_days * 86_400)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    for rule in (ODD, USUAL_RULE):
        write_rule(tmp_path / "rule.toml", rule, "Odd", {"found by": "hand"})
        assert read_rule(tmp_path / "rule.toml") == rule
    made = make(str(tmp_path / "rule.toml"))
    assert isinstance(made, Market)
    assert made.rule == USUAL_RULE


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("value_power = -1", r"rule\.toml:2: value_power: .*-1"),
        ("robots_per_repairer = 1.5", "robots_per_repairer"),
        ("value_powr = 1", "value_power"),
        ("move_below = nan", "move_below"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, finding: str) -> None:
    path = tmp_path / "rule.toml"
    path.write_text(f"format = 1\n{text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=finding):
        make(str(path))
