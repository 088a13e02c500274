"""Growth of a run beside its bound: the table, the years, the share."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import auxon
from auxon.sim import record_schemas, records
from auxon.sim.orbit import mean_flux_w_m2
from auxon.sim.parts import Parts
from auxon.sim.scenario import Scenario, load
from auxon.sim.share import measure

RATE = 0.5


def steady() -> Scenario:
    """Return `nasa-1980` in steady sunlight."""
    scenario = load("nasa-1980")
    return replace(scenario, body=replace(scenario.body, e=0.0))


def write_series(folder: Path, years: np.ndarray, mass_kg: np.ndarray, robots: np.ndarray) -> None:
    schema = record_schemas.SCHEMAS["series"]
    columns = {
        f.name: np.zeros(len(years), np.int64 if f.type == pa.int64() else float) for f in schema
    }
    columns |= {"step": np.round(years * 365.25).astype(np.int32), "years": years}
    columns |= {"mass_kg": mass_kg, "robots": robots}
    Parts(folder, {"series": schema}, {}, 0).write("series", "part-00000000-99999999", columns)


def test_exponential_growth_is_found_again(tmp_path: Path) -> None:
    years = np.arange(0, 20, 0.1)
    mass_kg = 1000 * np.exp(RATE * years)
    write_series(tmp_path, years, mass_kg, (mass_kg / 100).astype(np.int64))
    share = measure(steady(), tmp_path)
    bound = auxon.growth.bound(steady()).rate_per_year
    assert share.rate_per_year == pytest.approx(RATE, rel=1e-9)
    assert share.bound_per_year == pytest.approx(bound, rel=1e-6)
    assert share.of_bound == pytest.approx(RATE / bound, rel=1e-6)
    assert share.years is not None
    first, last = share.years
    assert first == pytest.approx(np.log(10) / RATE, abs=0.11)  # a hundred robots
    assert last == pytest.approx(years[-1] - np.log(2) / RATE, abs=0.11)  # half of the greatest
    growth = records.read(tmp_path, "growth").to_pandas()
    assert growth.rate_per_year[1:].to_numpy() == pytest.approx(RATE, rel=1e-6)
    assert growth.share_of_bound[1:].to_numpy() == pytest.approx(RATE / bound, rel=1e-6)
    assert np.isnan(growth.rate_per_year[0])


def test_a_ceiling_is_no_part_of_it(tmp_path: Path) -> None:
    years = np.arange(0, 40, 0.1)
    mass_kg = 10_000 / (1 + 99 * np.exp(-RATE * years))
    write_series(tmp_path, years, mass_kg, np.full(len(years), 500))
    share = measure(steady(), tmp_path)
    # logistic growth slows to half at half of the ceiling: the fit lies between
    assert RATE / 2 < share.rate_per_year < RATE  # type: ignore[operator]
    assert share.years is not None
    assert share.years[1] == pytest.approx(np.log(99) / RATE, abs=0.15)


def test_what_never_doubles_has_no_rate(tmp_path: Path) -> None:
    years = np.arange(0, 3, 0.1)
    write_series(tmp_path, years, np.full(len(years), 900.0), np.full(len(years), 5))
    share = measure(steady(), tmp_path)
    assert share.rate_per_year is None
    assert share.of_bound is None
    assert share.years is None
    assert share.bound_per_year is not None


def test_the_bound_follows_the_sun(tmp_path: Path) -> None:
    """Sunlight on Themis varies by a quarter: the bound of a year is that of its sunlight."""
    scenario = load("closed")
    years = np.arange(0, 6, 0.1)
    write_series(tmp_path, years, 1000 * np.exp(RATE * years), np.full(len(years), 500))
    measure(scenario, tmp_path)
    growth = records.read(tmp_path, "growth").to_pandas()
    mean_w_m2 = mean_flux_w_m2(scenario.body.a_au, scenario.body.e) * scenario.site.sun_fraction
    brighter = auxon.growth.bound(scenario, 1.2 * mean_w_m2).rate_per_year
    darker = auxon.growth.bound(scenario, 0.8 * mean_w_m2).rate_per_year
    bounds = growth.bound_per_year[1:]
    assert bounds.min() < darker * 1.02
    assert bounds.max() > brighter * 0.98


def test_a_run_tells_its_share(tmp_path: Path) -> None:
    result = auxon.run("nasa-1980", years=6, out=tmp_path / "run", policy="planner")
    s = result.summary
    assert s["growth_rate_per_year"] < s["growth_bound_per_year"]
    assert s["share_of_bound"] == s["growth_rate_per_year"] / s["growth_bound_per_year"]
    assert 0.7 < s["share_of_bound"] < 1
    assert s["bottleneck"] in (None, *s["bottlenecks"])
    growth = records.read(result.out / "tables", "growth").to_pandas()
    assert len(growth) == len(records.read(result.out / "tables", "series"))


def test_what_cannot_grow_has_no_bound(tmp_path: Path) -> None:
    s = auxon.run("starved", years=1, out=tmp_path / "run").summary
    assert s["growth_bound_per_year"] is s["share_of_bound"] is None
