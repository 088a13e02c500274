"""First-order effects on the bound, against solving it anew with a little changed."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from auxon.sim.balance import YEAR_S, balance
from auxon.sim.critical import critical
from auxon.sim.scenario import load
from auxon.sim.sensitivity import KWH_J, sensitivity
from auxon.sim.tables import PROCESS
from auxon.sim.technology import technology
from tests.theory_worlds import DAY_S

Floats = NDArray[np.float64]


Change = Callable[[csr_array, float, float], csr_array]
"""(matrix, rate per second, size) -> the matrix with a change of that size."""

NEAR = 1e-4
"""Relative: central differences of 1e-3 are off by its square times some curvature of order 1, and
a rate to 1e-13 over effects of 1e-6 by 1e-7."""
SIZE = 1e-3


class Nudged:
    """A scenario to solve anew with a little changed.

    Lives are an eighth as long: at full length a growing colony hardly cares about the last year.
    """

    def __init__(self, name: str) -> None:
        here = technology(load(name))
        life_s = np.round(here.tables.life_s / 8).astype(np.int64)
        self.of = replace(here, tables=here.tables._replace(life_s=life_s))
        found = balance(self.of)
        assert found is not None
        self.plan = found

    def fleet_kg(self, rate_per_s: float) -> Floats:
        """Return the mass of robots there are for each activity."""
        found = np.zeros(self.of.shape[1])
        t = self.of.tables
        found[self.of.builds] = self.of.existing(rate_per_s) * t.species_mass_g / 1000
        return found

    def slope(self, change: Change) -> float:
        """Return the change of the rate over the size of a change: a central difference."""

        def rate(size: float) -> float:
            def family(rate: float) -> csr_array:
                return change(self.of.matrix(rate / YEAR_S), rate / YEAR_S, size)

            found = critical(family)
            assert found is not None
            assert found.proved
            return found.rate

        return (rate(SIZE) - rate(-SIZE)) / (2 * SIZE)

    def gift(self, goods: Floats) -> float:
        """Return the change of the rate over gifts of goods, a step and kilogram of fleet."""

        def change(matrix: csr_array, rate_per_s: float, size: float) -> csr_array:
            given = csr_array(goods[:, None]) @ csr_array(self.fleet_kg(rate_per_s)[None, :])
            return csr_array(matrix + size * given)

        return self.slope(change)


@cache
def nudged(name: str) -> Nudged:
    return Nudged(name)


@pytest.mark.parametrize("name", ["tiny", "themis-seed"])
def test_sensitivity_to_sunlight_and_energy(name: str) -> None:
    world = nudged(name)
    here, t = world.of, world.of.tables
    found = sensitivity(world.plan)
    electricity, energy = here.row_of("electricity"), here.row_of("energy")
    work = here.tasks + np.arange(len(t.idle_W))

    def entries(rows: list[int], columns: NDArray[np.int64], values: list[Floats]) -> csr_array:
        where = (np.repeat(rows, len(columns)), np.tile(columns, len(rows)))
        return csr_array((np.concatenate(values), where), shape=here.shape)

    sun = entries([electricity, energy], work, [here.electric_W, here.electric_W + here.heat_W])
    effect = world.slope(lambda m, _, size: csr_array(m + size * sun))
    assert found.change * effect == pytest.approx(found.sunlight, rel=NEAR)

    processes = np.flatnonzero(t.task_kind == PROCESS)
    drawn = np.zeros(here.shape)
    drawn[electricity, processes] = (t.time_s * (t.power_W - t.heat_W))[processes]
    drawn[energy, processes] = (t.time_s * t.power_W)[processes]
    spared = csr_array(drawn)
    effect = world.slope(lambda m, _, size: csr_array(m + size * spared))
    assert found.change * effect == pytest.approx(found.process_energy, rel=NEAR)


@pytest.mark.parametrize("name", ["tiny", "themis-seed"])
def test_sensitivity_to_productivity(name: str) -> None:
    """The species whose work counts most, and the sum of all."""
    world = nudged(name)
    here, t = world.of, world.of.tables
    found = sensitivity(world.plan)
    tasks = np.flatnonzero(np.diff(t.option_start))

    def faster(species: NDArray[np.int64]) -> Change:
        more = np.zeros(here.shape)
        busy = np.intersect1d(species, tasks)
        more[here.row_of("time") + busy, here.tasks + busy] = 1.0
        more[here.row_of("electricity"), here.tasks + species] = here.electric_W[species]
        more[here.row_of("energy"), here.tasks + species] = (here.electric_W + here.heat_W)[species]
        extra = csr_array(more)
        return lambda matrix, _, size: csr_array(matrix + size * extra)

    for species in (np.argsort(-found.productivity)[:1], np.arange(len(t.idle_W))):
        effect = found.change * world.slope(faster(species))
        assert effect == pytest.approx(found.productivity[species].sum(), rel=NEAR)


@pytest.mark.parametrize("name", ["tiny", "themis-seed"])
@pytest.mark.parametrize(("field", "column"), [("life", "life_s"), ("mtbf", "scale_s")])
def test_sensitivity_to_lives(name: str, field: str, column: str) -> None:
    """The species that gains most, changed by 1e-4 (lives by 1e-2, as they count in steps).

    One-sided: off by the size of the change times some curvature.
    """
    world = nudged(name)
    size, near = (1e-2, 2e-2) if field == "life" else (1e-4, 1e-3)
    expected = getattr(sensitivity(world.plan, size), field)
    k = int(np.argmax(expected))
    values = getattr(world.of.tables, column).copy()
    values[k] = round(values[k] * (1 + size))
    changed = balance(replace(world.of, tables=world.of.tables._replace(**{column: values})))
    assert changed is not None
    effect = changed.rate_per_year - world.plan.rate_per_year
    assert effect > 0
    assert effect == pytest.approx(expected[k], rel=near)


@pytest.mark.parametrize("name", ["tiny", "themis-seed"])
def test_shadow_prices(name: str) -> None:
    """Energy, the material and the species of the greatest value, given a thousandth of what is.

    A flow of newborn robots is worth as much as the flow of newborn fleet of its price.
    """
    world = nudged(name)
    here, t, plan = world.of, world.of.tables, world.plan
    found = sensitivity(plan)
    matrix = here.matrix(plan.rate_per_s)
    supplied = matrix.maximum(0) @ plan.activities

    def effect(rows: list[int], amount: float) -> float:
        goods = np.zeros(here.shape[0])
        goods[rows] = amount
        return world.gift(goods) / amount

    electricity, energy = here.row_of("electricity"), here.row_of("energy")
    a_day = KWH_J * here.dt_s / DAY_S / 1000  # joules a step and kilogram of fleet
    joules = supplied[electricity]
    assert effect([electricity, energy], joules) * a_day == pytest.approx(
        found.electricity_kWh, rel=NEAR
    )
    if t.heat_W.any():  # else whoever takes energy takes electricity, and only both have a price
        assert effect([energy], joules) * a_day == pytest.approx(found.heat_kWh, rel=NEAR)

    m = int(np.argmax((plan.prices * supplied)[: len(t.main)]))
    a_year = here.dt_s / YEAR_S / t.unit_mass_g[m]  # of a kilogram, for a tonne
    assert effect([m], supplied[m]) * a_year == pytest.approx(found.material_kg[m], rel=NEAR)

    born = [plan.births[k] * np.maximum(matrix[:, [p]].toarray().ravel(), 0)
            for k, p in enumerate(here.builds)]  # fmt: skip
    k = int(np.nanargmax(plan.births * plan.worth))
    robot = world.gift(born[k]) / plan.births[k]
    newborn_kg = float(plan.births @ t.species_mass_g) / 1000
    a_kg = world.gift(sum(born, np.zeros(here.shape[0]))) / newborn_kg
    assert robot / a_kg == pytest.approx(found.robot_kg[k], rel=NEAR)
