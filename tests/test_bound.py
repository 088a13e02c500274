"""The bound against theory, against an independent calculation, and against itself."""

import io
import json
import math
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from scipy.optimize import brentq

from auxon.bound_report import bound_table
from auxon.sim.balance import YEAR_S, Balance, balance
from auxon.sim.bound import Bound, bound
from auxon.sim.ceiling import ceiling
from auxon.sim.critical import critical
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.rules import quantile
from auxon.sim.scenario import Scenario, load
from auxon.sim.tables import compile_industry
from auxon.sim.technology import Technology, technology
from auxon.sim.weibull import quantiles, scale_seconds
from tests.draft_growth import draft_growth
from tests.shipped_names import ALONE
from tests.theory_oracles import growth_factor
from tests.theory_worlds import DAY_S, NEVER_H, nursery

Floats = NDArray[np.float64]

GROWING = [name for name in ALONE if name != "starved"]


@cache
def of(name: str) -> Bound:
    return bound(load(name))


# ------------------------------------------------------------------ theory


def hatchery(
    stages: int,
    egg_s: int,
    *,
    mtbf_h: float = NEVER_H,
    life_h: float = NEVER_H,
    chips: int = 0,
    review_steps: int = 1,
    lag: bool = True,
) -> Technology:
    """Return the world of `nursery`, in which the nursery takes no time.

    A nursery robot costs an egg, else it would grow without bound from rock.
    """
    industry = nursery(stages, egg_s, mtbf_h=mtbf_h, life_h=life_h, chips=chips)
    kinds = dict(industry.species)
    kinds["nursery"] = replace(kinds["nursery"], bill={f"egg_{stages}": 1})
    industry = replace(industry, species=kinds)
    t = compile_industry(industry, ("chip",))
    t = t._replace(time_s=np.where(t.task_species == 1, 0, t.time_s))
    chip = list(industry.materials).index("chip")
    nothing = np.zeros(2)
    return Technology(t, DAY_S, review_steps, nothing, nothing, lag, frozenset({chip}))


def per_day(of: Technology) -> float:
    found = balance(of)
    assert found is not None
    return found.rate_per_year / YEAR_DAYS


@pytest.mark.parametrize(
    ("stages", "births", "life", "review_steps", "factor"),
    [
        (1, 1, None, 1, 1.6180339887),
        (1, 2, 2, 1, 1.7692923542),
        (1, 2, 2, 3, None),
        (3, 4, 5, 1, None),
    ],
)
def test_maturation_in_steps(
    stages: int, births: int, life: int | None, review_steps: int, factor: float | None
) -> None:
    """What is dug works stages + 1 steps later: one for each process, one to be built, one born.

    The last egg goes into a bill in the step it is made. A robot works until the first review after
    its life, at most review_steps - 1 more. Tolerance 1e-6: nobody quite lives for 10^9 hours.
    """
    life_h = NEVER_H if life is None else life * 24.0
    steps = math.inf if life is None else life + review_steps - 1
    oracle = growth_factor(births, stages + 1, life=steps)
    if factor is not None:
        assert oracle == pytest.approx(factor, abs=1e-10)
    found = per_day(hatchery(stages, DAY_S // births, life_h=life_h, review_steps=review_steps))
    assert math.exp(found) == pytest.approx(oracle, rel=1e-6)


def lasts(scale_s: int, shape: float, use_s: int) -> float:
    """Return the share of the 2^32 words whose life is longer; lives fall as words rise."""
    table = quantiles(shape)
    low, high = 0, 2**32
    while low < high:
        word = (low + high) // 2
        if quantile(table, word) * scale_s // 2**24 > use_s:
            low = word + 1
        else:
            high = word
    return low / 2**32


def test_maturation_and_hazard() -> None:
    """Euler and Lotka with the survival that draws have: sum of b l(a) lambda^-(m - 1 + a) = 1.

    Tolerance 1e-6: the last bits of tables and draws, 2^-23 of a life. The published value, in
    continuous time with an exact exponential, is off by up to half a step of tau / 50 in r: 0.003.
    """
    m, mu = 50, 0.1
    tau_s = m * DAY_S
    egg_s, mtbf_h = round(tau_s * math.exp(mu)), tau_s / mu / 3600
    found = per_day(hatchery(m - 1, egg_s, mtbf_h=mtbf_h))

    scale_s = scale_seconds(mtbf_h, 1.0)
    ages = np.arange(1, 4001)  # e^-(r + mu) t / tau there: 1e-19
    working = np.array([lasts(scale_s, 1.0, int(a) * DAY_S) for a in ages])

    def excess(r: float) -> float:
        return DAY_S / egg_s * float(working @ np.exp(-r * (m - 1 + ages))) - 1

    assert found == pytest.approx(brentq(excess, 1e-4, 0.1, xtol=1e-15), rel=1e-6)
    assert m * found == pytest.approx(0.4671432904, abs=0.003)


def test_maturation_and_finite_life() -> None:
    m = 20
    found = per_day(hatchery(m - 1, m * DAY_S, life_h=2 * m * 24))
    assert found == pytest.approx(math.log(growth_factor(1 / m, m, life=2 * m)), rel=1e-6)


def test_finite_life_without_lag() -> None:
    """Nothing takes time but digging: b (1 - e^(-r L)) = r, with the wait for the review in L."""
    b, life_d, review = 1 / 20, 40, 5
    of = hatchery(3, 20 * DAY_S, life_h=life_d * 24, review_steps=review, lag=False)
    r = brentq(lambda r: b * -math.expm1(-r * (life_d + review)) - r, 1e-3, b, xtol=1e-15)
    assert per_day(of) == pytest.approx(r, rel=1e-6)


def test_hazard_without_lag() -> None:
    """r = b - mu. Failures count up to 1 / 256 of a mean life late, which adds up to b / 256."""
    b, mu = 1 / 20, 1 / 200
    of = hatchery(1, 20 * DAY_S, mtbf_h=24 / mu, lag=False)
    assert b - mu < per_day(of) < b - mu + b / 256


# ------------------------------------------------------------------ an independent calculation


@pytest.mark.parametrize(
    ("local", "memoryless", "rate"),
    [
        (False, True, 1.0275),
        (True, True, 0.7169),
        (False, False, 1.0940),
        (True, False, 0.7872),
    ],
)
def test_the_draft_industry(local: bool, memoryless: bool, rate: float) -> None:
    """Growth per year of the draft industry, computed elsewhere by bisection over linear programs.

    With electronics imported and made locally, to the four digits given, if robots retire without
    memory of their age. The rules of a step retire them at a fixed age: then few are old in a
    growing colony, and the same industry grows by 1.0940 and 0.7872 a year.
    """
    found = critical(draft_growth(local, memoryless))
    assert found is not None
    assert found.proved
    assert found.rate == pytest.approx(rate, abs=5e-5)


# ------------------------------------------------------------------ shipped scenarios


@pytest.mark.parametrize("name", GROWING)
def test_lag_costs_growth(name: str) -> None:
    found = of(name)
    assert found.stepped is not None
    assert found.continuous is not None
    assert 0 < found.rate_per_year < found.continuous_per_year
    assert found.doubling_time_years == pytest.approx(math.log(2) / found.rate_per_year)
    assert found.stepped.proved
    assert found.continuous.proved
    assert found.why is None


def test_short_steps_approach_continuous_growth() -> None:
    """The lag costs in proportion to the step: a quarter of the step, a quarter of the loss.

    A robot reconsiders every five steps, and lives up to that much longer; lives of years do not
    show it. Tolerance 10 %: the next order, r dt = 6 / 365, and half as much from all five lags.
    """
    losses = []
    for step_days in (1.0, 0.25, 0.0625):
        found = bound(load("tiny").replace({"rules.step_days": step_days}))
        losses.append(found.continuous_per_year - found.rate_per_year)
    assert losses[0] / losses[1] == pytest.approx(4, rel=0.1)
    assert losses[1] / losses[2] == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("name", ["tiny", "themis-seed"])
def test_better_is_never_slower(name: str) -> None:
    """More sunlight, longer lives, rarer failures; the last by 1000 means no wear at all."""
    least = of(name).rate_per_year - 1e-9
    plan = of(name).stepped
    assert plan is not None
    here = plan.technology
    t = here.tables
    better = [
        technology(load(name), 1.2 * of(name).sunlight_w_m2),
        replace(here, tables=t._replace(life_s=2 * t.life_s)),
        replace(here, tables=t._replace(scale_s=2 * t.scale_s)),
        replace(here, tables=t._replace(scale_s=1000 * t.scale_s)),
    ]
    rates = [cast(Balance, balance(changed)).rate_per_year for changed in better]
    assert min(rates) >= least
    assert rates[3] >= rates[2] - 1e-9
    assert bound(load(name), 1.2 * of(name).sunlight_w_m2).rate_per_year == rates[0]


@pytest.mark.parametrize("name", ["tiny", "closed", "vesta-basalt"])
def test_the_plan_conserves_mass(name: str) -> None:
    """Without lag: rock and imports are the newborn and what is left over, less what comes back.

    Tolerance 1e-9 of all that moves: sums of some hundred flows that cancel.
    """
    b = of(name).continuous
    assert b is not None
    found = Bound(of(name).scenario, 0.0, b, b)
    t = b.technology.tables
    newborn_g = b.births * t.species_mass_g
    back = float(newborn_g @ np.exp(-b.rate_per_s * t.life_s) / newborn_g.sum())
    assert found.rock_kg_per_kg is not None
    into = found.rock_kg_per_kg + sum(found.imports_kg_per_kg.values())
    out = 1 + sum(found.surplus_kg_per_kg.values()) - back
    assert into == pytest.approx(out, rel=1e-6)


@pytest.mark.parametrize("name", GROWING)
def test_the_plan_adds_up(name: str) -> None:
    """A tonne of fleet weighs a tonne; robots are worth what they cost; rents are all there is."""
    found, b = of(name), of(name).stepped
    assert b is not None
    kinds = found.scenario.industry.species
    assert sum(k.mass_share for k in found.fleet) == pytest.approx(1)
    mass_kg = [k.robots_per_t * kinds[k.species].mass_g / 1000 for k in found.fleet]
    assert sum(mass_kg) == pytest.approx(1000)
    assert sum(k.rent_share for k in found.fleet) == pytest.approx(1)
    factors = [x.value_share for x in found.scarce if x.kind != "material"]
    assert sum(factors) == pytest.approx(1, abs=1e-6)  # those below 1e-9 are left out
    profit = b.prices @ b.technology.matrix(b.rate_per_s)
    for k in np.flatnonzero(b.births > 0):
        assert abs(profit[b.technology.build_of(int(k))]) < 1e-8 * b.worth[k]
    t = b.technology.tables
    assert float(np.nansum(b.births * b.worth)) == pytest.approx(
        float(b.births @ t.species_mass_g) / 1000
    )
    used = {p.process for p in found.processes}
    assert used.isdisjoint(found.unused)
    assert used | set(found.unused) == set(kinds and found.scenario.industry.processes)
    for detour in found.detours:
        assert detour.process in used
        assert detour.route != detour.process


def test_what_the_plan_needs_is_what_a_copy_needs() -> None:
    """`tiny` imports one piece, which nothing but bills takes: count it there."""
    found = of("tiny")
    b = found.stepped
    assert b is not None
    industry = found.scenario.industry
    (imported,) = found.imports_kg_per_kg
    assert all(imported not in p.inputs for p in industry.processes.values())
    bills = [s.bill.get(imported, 0) for s in industry.species.values()]
    parts = [s.repair_parts.get(imported, 0) for s in industry.species.values()]
    kg = industry.materials[imported].mass_g / 1000
    by_hand = kg * float(b.births @ bills + b.repairs @ parts)
    newborn_kg = float(b.births @ b.technology.tables.species_mass_g) / 1000
    assert found.imports_kg_per_kg[imported] == pytest.approx(by_hand / newborn_kg)


# ------------------------------------------------------------------ no growth


def test_starved_says_why() -> None:
    found = of("starved")
    assert (found.rate_per_year, found.continuous_per_year) == (-math.inf, -math.inf)
    assert found.doubling_time_years is None
    assert found.why is not None
    assert "nothing makes electronics_box" in found.why
    species = found.scenario.industry.species.values()
    n = sum("electronics_box" in s.bill for s in species)
    assert f", which {n} species need" in found.why
    assert found.sensitivity is None
    assert found.ceiling is None
    plain = found.to_dict()
    assert plain["rate_per_year"] is None
    assert json.loads(json.dumps(plain, allow_nan=False))["why"] == found.why


def broken(name: str, **parts: Any) -> Bound:
    scenario = load(name)
    return bound(replace(scenario, industry=replace(scenario.industry, **parts)))


def test_each_kind_of_reason() -> None:
    industry = load("tiny").industry
    assert broken("tiny", assembler=None).why == "no species assembles robots here"

    dark = {n: replace(s, efficiency=0.0, heat_efficiency=0.0) for n, s in industry.species.items()}
    assert broken("tiny", species=dark).why == "no species gives electricity"

    part = next(iter(industry.species["digger"].bill))
    others = {n: p for n, p in industry.processes.items() if part not in p.outputs}
    users = [s.name for s in industry.species.values() if part in s.bill]
    route = {n: p for n, p in industry.route.items() if n != part}
    why = broken("tiny", processes=others, route=route).why
    assert why is not None
    assert why.startswith(f"nothing makes {part}, which {len(users)} species need")


def test_robots_that_die_young() -> None:
    """Machines that live for six weeks, at half their speed, and at a twentieth."""
    scenario = load("tiny")
    lives = {f"override.species.{n}.life_h": 1000 for n in scenario.industry.species}
    found = bound(scenario.replace(lives | {"rules.slowdown": 2.0}))
    assert found.stepped is not None
    assert found.rate_per_year < 0
    assert found.doubling_time_years is None
    left = f"{100 * math.exp(found.rate_per_year):.2g} % of them are left after a year"
    assert found.why == f"robots wear out before they have replaced themselves: at best {left}"
    assert found.ceiling is None
    found = bound(scenario.replace(lives | {"rules.slowdown": 20.0}))
    assert found.stepped is None
    assert found.why == "robots wear out faster than any fleet could replace them"


# ------------------------------------------------------------------ imports on a budget


def test_ceiling_by_hand() -> None:
    """Workers with chips dig eggs, for workers and for nursery robots, which need no chips.

    A worker lays R = sum of b lambda^-(m - 1 + a) eggs in its life, counted at its birth; all but
    its own become nursery robots, which live for ever and do nothing. So imports are the chips of a
    newborn worker, over the mass of it and of R - 1 of these.
    """
    stages, births, life, chips = 1, 1 / 10, 60, 4
    of = hatchery(stages, 10 * DAY_S, life_h=life * 24, chips=chips)
    fastest = balance(of)
    assert fastest is not None
    scenario = SimpleNamespace(imports=SimpleNamespace(budget_kg=7.0, every_days=YEAR_DAYS / 2))
    found = ceiling(cast(Scenario, scenario), fastest)
    assert found is not None
    assert found.budget_kg_per_year == pytest.approx(14)
    chips_kg = 0.05 * chips
    ages = np.arange(1, life + 1)
    for rate, imports in zip(found.rates_per_year, found.imports_kg, strict=True):
        r = rate / YEAR_DAYS
        laid = births * np.exp(-r * (stages + ages)).sum()
        there, ballast = (
            -math.expm1(-r * days) / r if r else days for days in (life, NEVER_H / 24)
        )
        fleet_kg = (1 + chips_kg) * there + (laid - 1) * ballast
        assert imports == pytest.approx(chips_kg * YEAR_DAYS / fleet_kg, rel=1e-6)
    assert found.exponential_until_kg == pytest.approx(14 / found.imports_kg[-1])
    assert found.sustained_kg == pytest.approx(14 / found.imports_kg[0])


@pytest.mark.parametrize("name", [n for n in GROWING if load(n).imports])
def test_growth_takes_imports(name: str) -> None:
    """More growth takes more; the least is no more than the plan of the fastest growth takes."""
    found, plan = of(name).ceiling, of(name).stepped
    assert found is not None
    assert plan is not None
    assert (np.diff(found.imports_kg) > 0).all()
    assert found.rates_per_year[-1] == pytest.approx(0.999 * plan.rate_per_year)
    newborn_kg = float(plan.births @ plan.technology.tables.species_mass_g) / 1000
    a_year = newborn_kg / plan.technology.dt_s * YEAR_S
    taken = sum(of(name).imports_kg_per_kg.values()) * a_year
    assert 0.9 * taken < found.imports_kg[-1] < taken
    assert found.exponential_until_kg < found.sustained_kg
    # imports per kilogram of growth rise along the curve: the last kilogram is worth the least
    worth = np.diff(found.rates_per_year) / np.diff(found.imports_kg)
    assert found.robots_per_kg == pytest.approx(worth[-1])
    assert found.robots_per_kg <= worth.min() * (1 + 1e-6)


def test_no_ceiling_without_imports() -> None:
    assert of("closed").ceiling is None


# ------------------------------------------------------------------ what is printed


@pytest.mark.parametrize("name", ALONE)
def test_plain_data(name: str) -> None:
    """Everything goes through JSON and comes back, without a number that is none."""
    plain = of(name).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == json.loads(json.dumps(plain))
    if name == "starved":
        return
    assert plain["rate_per_year"] == of(name).rate_per_year
    industry = of(name).scenario.industry
    s = plain["sensitivity"]
    assert set(s["life"]) == set(industry.species)
    assert set(s["material_kg"]) == set(industry.materials)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", ALONE)
def test_the_table_fits(name: str, width: int) -> None:
    stream = io.StringIO()
    Console(file=stream, width=width).print(bound_table(of(name)))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in stream.getvalue()
    if name == "starved":
        assert "electronics_box" in stream.getvalue()
        return
    assert f"{of(name).rate_per_year:.4f} a year" in stream.getvalue()
    for kind in of(name).fleet:
        row = next(x for x in lines if x.split()[:1] == [kind.species])
        assert f"{100 * kind.mass_share:.1f} %" in row
