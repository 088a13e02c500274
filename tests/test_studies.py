"""Published studies rebuilt as scenarios, set against what they print.

*NASA 1980*: Advanced Automation for Space Missions, NASA CP-2255 (1982), chapter 5; table 5.1 gives
ranges for three sectors. *Metzger 2013*: Metzger, Muscatello, Mueller & Mantovani, J. Aerosp. Eng.
26(1):18-29, doi:10.1061/(ASCE)AS.1943-5525.0000236, table 2. Figures of both stand here as printed,
apart from the files, so that a slip there shows.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from itertools import count
from typing import NamedTuple

import numpy as np
import pytest

from auxon.policies import make
from auxon.sim.closure import closure
from auxon.sim.industry import Industry, Process
from auxon.sim.orbit import SOLAR_W_M2
from auxon.sim.scenario import Scenario, load
from auxon.sim.world import World
from tests.theory_worlds import DAY_S, Hands, bulk, industry, species, world

HOUR_S = 3600
YEAR_H = 8766
WORKING_YEAR_S = 365 * DAY_S
"""Of nasa-1980: the study counts years of sunshine."""
KWH_KJ = 3600


def task_of(of: Industry, machine: str) -> Process | None:
    """Return the one process of a species, None for those that build or give power."""
    found = [p for p in of.processes.values() if p.machine == machine]
    assert len(found) <= 1
    return found[0] if found else None


def electric_W(of: Industry, name: str) -> float:
    """Electric power of one robot at its task; assemblers build."""
    kind, task = of.species[name], task_of(of, name)
    if task:
        return 1000 * (task.energy_kJ - task.heat_kJ) / task.machine_seconds
    return 1000 * kind.assembly_kJ / kind.assembly_seconds if name == of.assembler else 0.0


def supply_W(scenario: Scenario) -> float:
    """Electricity of the founders' collectors in full sunlight at 1 AU."""
    kinds = scenario.industry.species
    return sum(
        n * kinds[k].collector_m2 * kinds[k].efficiency * SOLAR_W_M2
        for k, n in scenario.seed_robots.items()
    )


def fleet_kg(scenario: Scenario) -> dict[str, float]:
    """Mass of the founders by species."""
    kinds = scenario.industry.species
    return {k: n * kinds[k].mass_g / 1000 for k, n in scenario.seed_robots.items()}


def rate(scenario: Scenario, process: str, what: str, per_s: float) -> float:
    """What the founders make or take of a material in `per_s` seconds, in grams or pieces."""
    p = scenario.industry.processes[process]
    amount = p.outputs.get(what) or p.inputs[what]
    return scenario.seed_robots[p.machine] * amount * per_s / p.machine_seconds


def copy_years(mass_kg: float, kg_per_h: float, duty: float) -> float:
    """Years in which a machine makes a mass."""
    return mass_kg / (kg_per_h * duty * YEAR_H)


# ------------------------------------------------------------------ NASA 1980

ONE_FIGURE_KG = {
    "transponder_network": 1000, "paving_robot": 12000, "mining_robot": 4400, "warehouse": 1000,
    "transport_vehicle": 1000, "mobile_robot": 4000, "central_computer": 2200,
    "canopy_section": 22000,
}  # fmt: skip
ONE_FIGURE_W = {
    "transponder_network": 0, "paving_robot": 10_000, "mining_robot": 10_000, "warehouse": 10_000,
    "transport_vehicle": 6_000, "mobile_robot": 40_000, "central_computer": 37_000,
    "canopy_section": 0,
}  # fmt: skip
SECTOR_KG = {
    "chemical_plant": (15_300, 76_400),
    "fabrication_plant": (137, 20_400),
    "assembly_robot": (83, 1_150),
}
SECTOR_W = {
    "chemical_plant": (380e3, 11e6),
    "fabrication_plant": (270, 345e3),
    "assembly_robot": (83, 19.6e3),
}
"""Of table 5.1, lowest and highest."""
SEED_KG, SEED_W = 100_000, 1.7e6


@pytest.fixture(scope="module")
def nasa() -> Scenario:
    return load("nasa-1980")


def between(ranges: Mapping[str, tuple[float, float]], total: float) -> dict[str, float]:
    """Go the same share of the way up each range, so that the sum is the total."""
    low = sum(a for a, _ in ranges.values())
    share = (total - low) / (sum(b for _, b in ranges.values()) - low)
    return {name: a + share * (b - a) for name, (a, b) in ranges.items()}


def test_the_ranges_add_up_to_the_printed_totals() -> None:
    """63.1 to 145.6 t and 0.47 to 11.5 MW, to half of the last digit.

    The lower power fits only without the 20 kW of the paving and mining robots.
    """
    outdoors = {"paving_robot", "mining_robot"}
    inside_W = {k: watts for k, watts in ONE_FIGURE_W.items() if k not in outdoors}
    for one_figure, sectors, totals, half in (
        (ONE_FIGURE_KG, SECTOR_KG, (63_100, 145_600), 50),
        (inside_W, SECTOR_W, (0.47e6, None), 5e3),
        (ONE_FIGURE_W, SECTOR_W, (None, 11.5e6), 50e3),
    ):
        for i, printed in enumerate(totals):
            total = sum(one_figure.values()) + sum(ends[i] for ends in sectors.values())
            assert printed is None or total == pytest.approx(printed, abs=half)


def test_nasa_seed_weighs_what_table_5_1_says(nasa: Scenario) -> None:
    """Sectors within 50 kg of their share: they are rounded to 100 kg."""
    kg = fleet_kg(nasa)
    assert sum(kg.values()) == SEED_KG
    assert {k: kg[k] for k in ONE_FIGURE_KG} == ONE_FIGURE_KG
    sectors = between(SECTOR_KG, SEED_KG - sum(ONE_FIGURE_KG.values()))
    assert {k: kg[k] for k in sectors} == pytest.approx(sectors, abs=50)


def test_nasa_seed_draws_what_table_5_1_says(nasa: Scenario) -> None:
    """Sectors within 100 W of their share: rounded to that, so that the sum is right."""
    of = nasa.industry
    drawn = {k: n * electric_W(of, k) for k, n in nasa.seed_robots.items()}
    assert sum(drawn.values()) == pytest.approx(SEED_W, abs=1)
    assert {k: drawn[k] for k in ONE_FIGURE_W} == pytest.approx(ONE_FIGURE_W, abs=1)
    sectors = between(SECTOR_W, SEED_W - sum(ONE_FIGURE_W.values()))
    assert {k: drawn[k] for k in sectors} == pytest.approx(sectors, abs=100)


def test_nasa_canopy_gives_the_power_of_the_seed(nasa: Scenario) -> None:
    """1.7 MW at 77 W/kg from 150 W/m2 over a disc of 60 m radius.

    Tolerances: area and efficiency are given to four digits; the radius is printed as 60, and
    rounds from 59.5 to 60.5.
    """
    canopy = nasa.industry.species["canopy_section"]
    assert supply_W(nasa) == pytest.approx(SEED_W, rel=2e-4)
    assert SOLAR_W_M2 * canopy.efficiency == pytest.approx(150, rel=2e-4)
    assert supply_W(nasa) / fleet_kg(nasa)["canopy_section"] == pytest.approx(77, abs=0.5)
    area_m2 = nasa.seed_robots["canopy_section"] * canopy.collector_m2
    assert math.sqrt(area_m2 / math.pi) == pytest.approx(60, abs=0.5)


def test_nasa_factory_works_off_the_flows_of_the_study(nasa: Scenario) -> None:
    """4e6 kg of soil (0.127 kg/s), 100 t of useful stuff, R = 40, 1e6 parts, 28 to 31 s a part.

    Exact by construction, except the printed digits of kg/s and of seconds a part (31.5).
    """
    year = partial(rate, nasa, per_s=WORKING_YEAR_S)
    soil_kg, useful_kg = year("mine", "mined_regolith") / 1000, year("extract", "feedstock") / 1000
    assert soil_kg == 4e6
    assert year("survey", "surveyed_regolith") == year("extract", "mined_regolith") == 4e9
    assert soil_kg / WORKING_YEAR_S == pytest.approx(0.127, abs=0.0005)
    assert useful_kg == 100_000
    assert soil_kg / useful_kg == 40
    assert year("fabricate", "part") == 1e6
    assert year("store", "part") + year("store", "earth_part") == 1e6
    modules = [("store", "kit"), ("deliver", "delivered_kit"), ("assemble", "assembly")]
    modules += [("test", "tested_assembly"), ("found", "module")]
    assert [100 * year(*step) for step in modules] == [1e6] * 5
    assert 28 <= WORKING_YEAR_S / 1e6 <= 31.6
    builder = nasa.industry.species["mobile_robot"]
    kg_a_year = 4 * WORKING_YEAR_S * builder.mass_g / 1000 / builder.assembly_seconds
    assert kg_a_year == pytest.approx(SEED_KG, rel=1e-6)  # whole seconds


def test_nasa_closure_and_energy(nasa: Scenario) -> None:
    """Closure 0.90 to 0.96. R counts the kilograms made of rock; the rest weighs nothing here.

    1.7 MW for a year over 100 t are 149 kWh/kg. A copy takes less by what the imported twentieth
    does not: that share of mining, extraction and fabrication.
    """
    found = closure(nasa)
    assert found.mass == pytest.approx(0.95, abs=1e-9)
    assert 0.90 <= found.mass <= 0.96
    assert [v.name for v in found.vitamins] == ["earth_part"]
    made_kg = found.replica_kg - found.imported_kg
    assert found.rock_kg / made_kg == pytest.approx(40, rel=1e-9)
    of = nasa.industry
    of_rock_W = sum(
        nasa.seed_robots[k] * electric_W(of, k)
        for k in ("mining_robot", "chemical_plant", "fabrication_plant")
    )
    hours = WORKING_YEAR_S / HOUR_S
    expected = (SEED_W - 0.05 * of_rock_W) * hours / 1000 / SEED_KG
    assert SEED_W * hours / 1000 / SEED_KG == pytest.approx(149, abs=0.5)
    assert found.electric_kWh_per_kg == pytest.approx(expected, rel=1e-5)  # whole kJ and seconds


def test_nasa_factory_has_made_its_own_mass_in_about_a_working_year(nasa: Scenario) -> None:
    """With the policy `market`; "about" is read as a tenth. Seeds 1 to 6: 364 to 375 days."""
    run = World(nasa, make("market"), seed=1)
    while run.mass_g < 2 * 1000 * SEED_KG:
        run.step()
        assert run.step_count < 500
    assert run.step_count * DAY_S / WORKING_YEAR_S == pytest.approx(1, abs=0.1)


# ------------------------------------------------------------------ Metzger et al. 2013


class Asset(NamedTuple):
    """A row of table 2: kilograms, kilowatts and kilograms an hour of all of its kind."""

    quantity: int
    mass_kg: float
    electronics_kg: float
    power_kW: float
    process: str = ""
    feed: str = ""
    feed_kg_h: float = 0.0
    product: str = ""
    product_kg_h: float = 0.0
    product_per_kg_year: float = 0.0


TABLE_2 = {
    "power_plant": Asset(1, 2000, 0, 0),
    "excavator": Asset(5, 70, 19, 0.3, "dig", "regolith", 20, "dug_regolith", 20),
    "gas_plant": Asset(1, 733, 30, 5.58, "clean_gas", "off_gas", 4, "oxygen", 1.8, 20.7),
    "solids_plant": Asset(1, 733, 30, 5.58, "leach_slag", "slag", 10, "silica", 1.0, 11.5),
    "refinery": Asset(1, 1019, 19, 10.0, "refine", "dug_regolith", 20, "alloy", 3.15, 26.6),
    "cell_maker": Asset(1, 169, 19, 0.5, "make_cells"),
    "small_printer": Asset(4, 169, 19, 5, "print_small", "", 0, "small_part", 2.0, 23.3),
    "large_printer": Asset(4, 300, 19, 5, "print_large", "", 0, "large_part", 2.0, 13.7),
    "robonaut": Asset(3, 135, 15, 0.4),
}
CRUDENESS, DUTY = 2.5, 0.7
PRINTED_KG_H = 4.0


@pytest.fixture(scope="module")
def metzger() -> Scenario:
    return load("metzger-2013")


@pytest.fixture(scope="module")
def face_value(metzger: Scenario) -> Scenario:
    """The set at full duty and as good as made on Earth, as in table 2."""
    area = "override.species.power_plant.collector_m2"
    return metzger.replace({"rules.slowdown": 1, "site.sun_fraction": 1, area: 236.45})


def kg_per_hour(scenario: Scenario, process: str, what: str) -> float:
    """What the founders make or take, in kilograms."""
    return rate(scenario, process, what, HOUR_S) * scenario.industry.materials[what].mass_g / 1000


def printed_kg_h(scenario: Scenario) -> float:
    """Parts that the founders print."""
    return sum(kg_per_hour(scenario, f"print_{k}", f"{k}_part") for k in ("small", "large"))


def test_metzger_set_is_that_of_table_2(face_value: Scenario) -> None:
    of = face_value.industry
    assert dict(face_value.seed_robots) == {k: a.quantity for k, a in TABLE_2.items()}
    for name, asset in TABLE_2.items():
        kind = of.species[name]
        assert kind.bill.get("electronics", 0) == asset.electronics_kg, name
        assert kind.mass_g / 1000 == asset.mass_kg + asset.electronics_kg, name
    assert sum(fleet_kg(face_value).values()) == 7675
    assert closure(face_value).imported_kg == pytest.approx(390, rel=1e-9)
    assert 1 - closure(face_value).mass == pytest.approx(0.051, abs=0.0005)  # digits printed


def test_metzger_set_draws_the_power_of_table_2(face_value: Scenario) -> None:
    """64.36 kW; energies are whole kJ a run. The collector is given to five digits."""
    of = face_value.industry
    for name, asset in TABLE_2.items():
        assert electric_W(of, name) / 1000 == pytest.approx(asset.power_kW, rel=1e-4), name
    drawn = sum(n * electric_W(of, k) for k, n in face_value.seed_robots.items())
    assert drawn == pytest.approx(64_360, rel=1e-4)
    assert supply_W(face_value) == pytest.approx(64_360, rel=1e-4)


def test_metzger_set_makes_what_table_2_says(face_value: Scenario) -> None:
    """Feeds and products to 1e-3: silica comes in lots of 60 g. Per kg and year: as printed."""
    for name, a in TABLE_2.items():
        if a.feed:
            assert kg_per_hour(face_value, a.process, a.feed) == pytest.approx(
                a.feed_kg_h, rel=1e-3
            )
        if a.product:
            found = kg_per_hour(face_value, a.process, a.product)
            assert found == pytest.approx(a.product_kg_h, rel=1e-3), name
        if a.product_per_kg_year:
            per_kg = found * YEAR_H / fleet_kg(face_value)[name]
            assert per_kg == pytest.approx(a.product_per_kg_year, abs=0.05), name
    cells = [kg_per_hour(face_value, "make_cells", what) for what in ("alloy", "silica")]
    assert sum(cells) == pytest.approx(0.3)
    assert printed_kg_h(face_value) == PRINTED_KG_H
    two_years_t = 2 * DUTY * YEAR_H * printed_kg_h(face_value) / 8 / 1000
    assert two_years_t == pytest.approx(6, abs=0.5)  # "6 t" by one printer


def test_metzger_next_set_takes_nine_months(metzger: Scenario) -> None:
    """2.5 times the mass at 4 kg/h and 70 % are 0.78 years, and so it is in the scenario's terms.

    Kilogram for kilogram it works 2.5 / 0.7 times as slowly as table 2 and weighs as much. To 1e-3:
    machine times are rounded up to whole seconds.
    """
    mass_kg = sum(fleet_kg(metzger).values())
    next_set = copy_years(CRUDENESS * mass_kg, PRINTED_KG_H, DUTY)
    assert next_set == pytest.approx(0.782, abs=0.0005)
    assert copy_years(mass_kg, printed_kg_h(metzger), 1) == pytest.approx(next_set, rel=1e-3)
    of = metzger.industry
    drawn = sum(n * electric_W(of, k) for k, n in metzger.seed_robots.items() if k != of.assembler)
    in_sunlight = supply_W(metzger) * metzger.site.sun_fraction
    assert in_sunlight == pytest.approx(64_360 * DUTY / CRUDENESS, rel=1e-4)
    assert drawn == pytest.approx((64_360 - 1200) * DUTY / CRUDENESS, rel=1e-3)


def test_metzger_robonauts_are_not_what_holds_the_set_up(metzger: Scenario) -> None:
    """4 robonaut-weeks for each of 21 assets, by 3 robonauts: 28 weeks, less than 0.78 years."""
    of = metzger.industry
    seconds = sum(n * of.species[k].assembly_seconds for k, n in metzger.seed_robots.items())
    weeks = seconds / (7 * DAY_S)
    assert weeks == pytest.approx(4 * sum(metzger.seed_robots.values()), rel=1e-4)  # 5 digits a kg
    assert weeks / 3 * 7 * 24 / YEAR_H < copy_years(CRUDENESS * 7675, PRINTED_KG_H, DUTY)


FLOOR_KWH_KG = {
    "K": 1.287, "Fe": 1.353, "Mn": 1.945, "Na": 2.502, "Cr": 3.044, "Ca": 4.400, "Ti": 5.478,
    "Mg": 6.876, "Al": 8.626, "Si": 9.007,
}  # fmt: skip
"""Enthalpy of the oxide, per kilogram of metal; potassium and manganese -361.5, -385.2 kJ/mol."""


def test_what_table_2_leaves_out(face_value: Scenario) -> None:
    """Figures that dry soil of the highlands does not allow; `docs/validation.md` tells.

    The plants' feeds add up to more than is dug. 3.15 kg/h of metal take more than the refinery's
    10 kW whichever metals of 20 kg of soil are cheapest. 1.8 kg of gas out of 4 kg are more than
    all of the soil's oxygen. Refinery and solids plant make less than printers and cells take.
    """
    of = face_value.industry
    plants = ("gas_plant", "solids_plant", "refinery")
    assert sum(TABLE_2[k].feed_kg_h for k in plants) > TABLE_2["excavator"].product_kg_h
    soil = of.reserve()
    left_kg, floor_kW = 3.15, 0.0
    for symbol, kWh_kg in FLOOR_KWH_KG.items():
        kg = min(left_kg, 20 * soil.elements_g[symbol] / soil.lot_g)
        left_kg, floor_kW = left_kg - kg, floor_kW + kg * kWh_kg
    assert left_kg == 0
    assert floor_kW == pytest.approx(11.0, abs=0.1)  # as the page says
    ours = of.processes["refine"]
    alloy_kW = sum(
        FLOOR_KWH_KG[e] * 3.15 * g / 5 for e, g in of.materials["alloy"].elements_g.items()
    )
    assert 1000 * ours.energy_kJ / ours.machine_seconds == pytest.approx(2000 * alloy_kW, rel=2e-3)
    assert soil.elements_g["O"] / soil.lot_g < 1.8 / 4
    assert 3.15 + 1.0 < PRINTED_KG_H + 0.3


def test_metzger_colony_grows(metzger: Scenario) -> None:
    """At 1.0 to 1.2 a year between the first and the fifth, seeds 1 to 6; 1 / 0.782 is 1.28."""
    run = World(metzger, make("market"), seed=1)
    mass_kg = [7675.0]
    for _ in range(5):
        for _ in range(365):
            run.step()
        mass_kg.append(run.mass_g / 1000)
    assert mass_kg[1] < 2 * 7675  # what it makes goes into one heavy power system first
    assert 0.9 < math.log(mass_kg[5] / mass_kg[1]) / 4 < 1.28


# ------------------------------------------------------------------ the growth sums of 1980


def exponential(working_years: int) -> int:
    """Units when each makes one a year and the first year starts the seed: T = 1 + log2 N."""
    return 1 << (working_years - 1)


def fast(working_years: int) -> int:
    """Least N with 1 + 1/2 + ... + 1/N >= T: k units together make the next in a k-th of a year.

    By the Euler-Maclaurin series H(N) = ln N + g + 1/2N - 1/12N^2 + ..., off by less than 1/120N^4.
    """

    def harmonic(n: int) -> float:
        return math.log(n) + float(np.euler_gamma) + 1 / (2 * n) - 1 / (12 * n * n)

    guess = round(math.exp(working_years - float(np.euler_gamma)))
    return next(n for n in count(max(1, guess - 2)) if harmonic(n) >= working_years)


@pytest.mark.parametrize(("years", "units"), [(10, 512), (20, 524_288)])
def test_exponential_growth_of_1980(years: int, units: int) -> None:
    """Printed: 512 and 524,288 units, 51,200 and 52,428,800 t a year at 100 t each."""
    assert exponential(years) == units
    assert 1 + math.log2(units) == years


def test_fast_growth_of_1980() -> None:
    """Printed: 12,367 units after 10 years and 272,401,372 after 20.

    The first is exact. The second is 272,400,600 (with 20 years, a unit moves the sum by 4e-9, far
    above rounding); the printed one is 772 more, which the study does not explain.
    """
    total, n = Fraction(0), 0
    while total < 8:  # fractions of 5,000 digits beyond
        n += 1
        total += Fraction(1, n)
    assert fast(8) == n
    assert fast(10) == 12_367
    assert sum(1 / k for k in range(1, 12_367)) < 10 <= sum(1 / k for k in range(1, 12_368))
    assert fast(20) == 272_400_600
    assert 272_401_372 - fast(20) == 772


def copying(copy_days: int) -> World:
    """One machine that builds its like, and nothing else, from a stock that does not run out."""
    kind = species("factory", {"feedstock": 1}, mass_g=1, assembly_s=copy_days * DAY_S)
    of = industry([bulk("feedstock", "feedstock")], [], [kind], assembler="factory")
    return world(of, {"factory": 1}, Hands(0), stock={"feedstock": 10**9})


def test_the_engine_grows_exponentially_as_in_1980() -> None:
    """A copy takes each machine a step, and the first only sets aside: 2^(T - 1), exactly."""
    factories = copying(1)
    for step in range(1, 21):
        factories.step()
        assert factories.robot_count == exponential(step)


def test_the_engine_grows_as_fast_as_in_1980() -> None:
    """Robots of a site pool their work, so the k-th copy is there after 1 + 1/2 + ... + 1/k copies.

    A robot born within a step works from the next one on. The k-th copy is then late by at most
    1/2 + ... + 1/k steps for those before it, and one step for its own rounding: in all by H(k).
    """
    copy_days, copies = 1000, 40
    factories = copying(copy_days)
    factories.step()  # sets the first bill aside
    harmonic, steps = 0.0, 0
    for k in range(1, copies + 1):
        harmonic += 1 / k
        while factories.robot_count < 1 + k:
            factories.step()
            steps += 1
        assert 0 <= steps - copy_days * harmonic <= harmonic
