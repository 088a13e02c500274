"""Forms offer what the schema has, with its bounds, and change nothing else."""

import pytest

import auxon
from auxon.dashboard.forms import changed, settings


@pytest.mark.parametrize("name", ["tiny", "partial-themis", "ceres-hub"])
def test_every_value_offered_is_the_scenarios_and_within_bounds(name: str) -> None:
    scenario = auxon.load(name)
    offered = settings(scenario)
    assert len({s.path for s in offered}) == len(offered)
    for s in offered:
        assert s.least <= s.value <= s.most, s.path
    same = scenario.replace({s.path: s.value for s in offered})
    assert same.hash == scenario.hash


def test_help_and_units_come_from_the_schema() -> None:
    by_path = {s.path: s for s in settings(auxon.load("partial-themis"))}
    assert by_path["partial.flares.warning_days"].unit == "days"
    assert by_path["partial.flares.warning_days"].help == "Precursors are there so long before."
    assert by_path["rules.slowdown"].help.startswith("Machine time of every process")
    assert by_path["seed.robots.printer"].whole
    assert by_path["site.sun_fraction"].most == 1.0


def test_where_a_society_goes_on_the_seed_is_not_asked_for() -> None:
    assert not [s for s in settings(auxon.load("tiny"), seed=False) if s.path.startswith("seed.")]


def test_only_what_differs_is_a_change() -> None:
    offered = settings(auxon.load("tiny"))
    values = {s.path: s.value for s in offered}
    assert changed(offered, values) == {}
    values["rules.slowdown"] = 2
    values["seed.robots.printer"] = 5.0
    found = changed(offered, values)
    assert found == {"rules.slowdown": 2.0, "seed.robots.printer": 5}
    assert isinstance(found["seed.robots.printer"], int)
    assert auxon.load("tiny").replace(found).seed_robots["printer"] == 5
