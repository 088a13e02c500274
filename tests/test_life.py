"""A robot's life, found by running its run again, is what the run's tables say of it."""

import numpy as np
import pandas as pd
import pytest

import auxon
from auxon.biography import STATES, Life, life
from auxon.sim.errors import UsageError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> auxon.Result:
    """A tiny society that dies young, so that some lives are whole."""
    changes = {"override.species.printer.life_h": 3600}
    scenario = auxon.load("tiny").replace(changes)
    return auxon.run(scenario, years=1.5, out=tmp_path_factory.mktemp("life") / "run")


@pytest.fixture(scope="module")
def lineage(run: auxon.Result) -> pd.DataFrame:
    """Who lived when."""
    return run.series("lineage").to_pandas()


def of(run: auxon.Result, row: "pd.Series[object]") -> Life:
    """Return the life of the robot of a row."""
    return life(run.out, int(str(row["id"])))


def test_birth_death_and_kin_are_those_of_the_tables(
    run: auxon.Result, lineage: pd.DataFrame
) -> None:
    dead = lineage[np.isfinite(lineage.destruction_time) & (lineage.origin_time > 0)]
    row = dead.iloc[0]
    found = of(run, row)
    assert found.born_years == pytest.approx(row.origin_time, abs=1e-9)
    assert found.ended_years == pytest.approx(row.destruction_time, abs=0.003)  # a step
    assert found.ended
    assert found.species == row.species
    assert found.generation == row.generation
    assert row.ancestor_list == f"[{found.parent}]"
    years = found.days.years.to_numpy()
    assert years[0] == pytest.approx(row.origin_time, abs=0.003)
    assert (np.diff(found.days.step) == 1).all()
    assert set(found.days.state) <= set(STATES)


def test_children_are_those_who_name_it_as_their_parent(
    run: auxon.Result, lineage: pd.DataFrame
) -> None:
    parent = lineage.ancestor_list.value_counts().drop("[none]").index[0]
    found = life(run.out, int(parent.strip("[]")))
    assert sorted(found.children) == sorted(lineage.id[lineage.ancestor_list == parent])


def test_wear_falls_back_at_a_repair(run: auxon.Result, lineage: pd.DataFrame) -> None:
    for robot in lineage.id[lineage.species == "solar_array"][:12]:
        days = life(run.out, int(robot)).days
        mended = np.flatnonzero(np.diff(days.repairs) > 0)
        if len(mended):
            at = int(mended[0])
            assert days.wear[at + 1] < days.wear[at]
            assert days.state[at] == "broken"
            return
    pytest.fail("none of twelve was ever repaired")


def test_a_robot_that_never_was_gives_a_sentence(run: auxon.Result) -> None:
    with pytest.raises(UsageError, match=r"does not appear in .* expected an id out of its table"):
        life(run.out, 10**6)
    with pytest.raises(UsageError, match="cannot be: no species has its number"):
        life(run.out, -1)
