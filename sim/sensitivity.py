"""What a little more of this and that would change: first-order effects on the rate of growth.

At the fastest balanced growth the activities x and the prices p leave p M(r) x = 0. Let a figure of
the technology change M by dM: to first order the rate changes by

    dr = (p dM x) / (-p M'(r) x),

whatever else adapts, for x and p are already the best (envelope theorem). Where several plans or
prices are the best, this is the effect at one of them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .balance import YEAR_S, Balance
from .tables import PROCESS, Tables

F64 = NDArray[np.float64]

CHANGE = 0.1
"""Share by which figures are changed, unless another is asked for."""
KWH_J = 3.6e6
_FLEET_KG = 1000.0
"""Fleet to which a gift is made."""
_DAY_S = 86_400.0
_SPAN = 1e-4
"""Per year: half the width of the central difference in the rate, whose error is its square."""


@dataclass(frozen=True)
class Sensitivity:
    """Effects on the rate, per year, to first order.

    Attributes
    ----------
    change : float
        Share by which productivity, lives and sunlight go up, and process energy down.
    productivity : (K,) float64
        Of more work a second, and more power from collectors, of each species.
    life : (K,) float64
        Of a longer life of each species.
    mtbf : (K,) float64
        Of a longer time between failures of each species.
    sunlight : float
    process_energy : float
        Of processes that take less of it.
    electricity_kWh, heat_kWh : float
        Of one kilowatt-hour more a day, for a fleet of one tonne.
    material_kg : (M,) float64
        Of one kilogram more a year of each material, for a fleet of one tonne; a flow that grows
        with it, as do those of energy.
    robot_kg : (K,) float64
        Worth of one newborn robot more of each species, in kilograms of newborn fleet; nan where
        the plan builds none.
    """

    change: float
    productivity: F64
    life: F64
    mtbf: F64
    sunlight: float
    process_energy: float
    electricity_kWh: float
    heat_kWh: float
    material_kg: F64
    robot_kg: F64


def sensitivity(balance: Balance, change: float = CHANGE) -> Sensitivity:
    """Return what a little more of this and that would add to the rate of growth.

    Parameters
    ----------
    change : float
        Share by which figures are changed.
    """
    of, rate = balance.technology, balance.rate_per_s
    t, x, p = of.tables, balance.activities, balance.prices
    here = of.matrix(rate)
    slope = of.matrix(rate + _SPAN / YEAR_S) - of.matrix(rate - _SPAN / YEAR_S)
    worth = -float(p @ (slope @ x)) / (2 * _SPAN)  # of a rate higher by one a year

    electricity, energy = p[of.row_of("electricity")], p[of.row_of("energy")]
    first = of.row_of("time")
    time = p[first : first + len(t.idle_W)]
    collected = (electricity + energy) * of.electric_W + energy * of.heat_W
    processes = np.flatnonzero(t.task_kind == PROCESS)
    spent = electricity * (t.power_W - t.heat_W) + energy * t.power_W
    process_energy = float((spent * t.time_s * x[: of.tasks])[processes].sum())

    def lives(tables: Tables) -> F64:
        changed = replace(of, tables=tables)
        gain = p @ (changed.matrix(rate) - here) * x
        found = np.zeros(len(t.idle_W))
        robots = t.task_target >= 0
        np.add.at(found, t.task_target[robots], gain[: of.tasks][robots])
        return found / worth

    longer = {
        name: np.maximum(np.round(getattr(t, name) * (1 + change)).astype(np.int64), 1)
        for name in ("life_s", "scale_s")
    }
    a_day = of.dt_s / _DAY_S / _FLEET_KG * KWH_J
    a_year = of.dt_s / YEAR_S / _FLEET_KG * (1000.0 / t.unit_mass_g)
    return Sensitivity(
        change=change,
        productivity=change * (time + collected) * balance.work_s / worth,
        life=lives(t._replace(life_s=longer["life_s"])),
        mtbf=lives(t._replace(scale_s=longer["scale_s"])),
        sunlight=float(change * (collected @ balance.work_s) / worth),
        process_energy=change * process_energy / worth,
        electricity_kWh=float((electricity + energy) * a_day / worth),
        heat_kWh=float(energy * a_day / worth),
        material_kg=p[: len(t.main)] * a_year / worth,
        robot_kg=balance.worth,
    )
