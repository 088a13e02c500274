"""The engine against theory, as statistics: reliability, growth, power, imports.

Every oracle is first held to its published or separately computed value, then the engine to the
oracle. Seeds are fixed; a tolerance of 4 standard errors would fail by chance once in 16,000 seeds.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import kstest

from auxon.policies.kanban import Kanban
from auxon.sim.orbit import flux_w_m2, heliocentric_au
from auxon.sim.rules import quantile
from auxon.sim.weibull import quantiles, scale_seconds
from auxon.sim.world import World
from tests.theory_oracles import (
    CREWS,
    FAILURE,
    MACHINES,
    PUBLISHED,
    REPAIR,
    Floats,
    birth_death,
    growth_factor,
    logistic,
    renewals,
    simulated,
    single_crew,
)
from tests.theory_worlds import (
    DAY_S,
    Hands,
    bulk,
    industry,
    nursery,
    pieces,
    process,
    run_healthy,
    species,
    world,
)

SIGMAS = 4.0

# ------------------------------------------------------------------ lifetimes

TABLE_ERROR = {0.45: 2.2e-3, 1.0: 3.5e-4, 1.5: 1.8e-4, 3.0: 1.6e-4}
"""Largest relative error of an interpolated lifetime, by Weibull shape: `test_quantile_table`."""


@pytest.mark.parametrize(("shape", "bound"), TABLE_ERROR.items())
def test_quantile_table(shape: float, bound: float) -> None:
    """The table gives (-ln S)^(1/k) at S = (word + 1/2) / 2^32, on both tails.

    Tolerance: a chord across a cell of relative width 1/16 errs by at most x^2 q'' / q / (8 * 16^2)
    of q, which is worst at the quartiles: 2.2e-3 for shape 0.45, where q is steep, 3.5e-4 for 1.
    Below that stands the last bit of the fixed point, at its two corners and once more in the draw:
    2^-23.
    """
    edges = 2 ** np.arange(32)
    random = np.random.default_rng(1).integers(0, 2**32, 20_000)
    word = np.unique(np.concatenate([random, edges, 2**32 - edges, np.arange(64)]))
    drawn = np.array([quantile(quantiles(shape), int(w)) for w in word]) / 2**24
    failure = (2**32 - word - 0.5) / 2**32
    hazard = np.where(failure < 0.5, -np.log1p(-failure), -np.log((word + 0.5) / 2**32))
    exact = hazard ** (1 / shape)
    error = (np.abs(drawn - exact) - 2**-23) / exact
    assert error.max() < bound
    assert error.max() > bound / 2, "the bound is loose"


@pytest.mark.parametrize(
    ("shape", "unit_mean"), [(0.45, 2.4785940), (1.0, 1.0), (1.5, 0.9027453), (3.0, 0.8929795)]
)
def test_lifetimes_are_weibull(shape: float, unit_mean: float) -> None:
    """Founders' lives have the mean eta Gamma(1 + 1/k) and the distribution 1 - exp(-(t/eta)^k).

    Tolerances: the mean to 4 standard errors (sigma from the second moment, eta^2 Gamma(1 + 2/k))
    and the table's error. Kolmogorov-Smirnov at the 0.1 % level, 1.949 / sqrt(n), and the shift of
    the distribution by the table's error times the density of ln t, at most k / e.
    """
    n, mtbf_h = 400_000, 1e5
    kind = species("machine", mtbf_h=mtbf_h, shape=shape)
    of = industry([], [], [kind], repairer="machine")
    life_s = world(of, {"machine": n}, Hands()).robots.fails_at_s[:n]
    eta = scale_seconds(mtbf_h, shape)
    assert eta * unit_mean == pytest.approx(mtbf_h * 3600, rel=1e-7)  # to the digits of unit_mean

    sigma = math.sqrt(math.gamma(1 + 2 / shape) - unit_mean**2)
    allowed = SIGMAS * sigma / math.sqrt(n) + TABLE_ERROR[shape] * unit_mean
    assert life_s.mean() / eta == pytest.approx(unit_mean, abs=allowed)
    distance = kstest(life_s / eta, lambda t: -np.expm1(-(t**shape))).statistic
    assert distance < 1.949 / math.sqrt(n) + TABLE_ERROR[shape] * shape / math.e


# ------------------------------------------------------------------ renewal

RENEWAL_2 = np.array([0.75369128, 1.89403935, 3.02174504])
"""Renewal function of the Weibull distribution of shape 2 and scale 1 at t = 1, 2, 3."""


def test_renewal_oracle() -> None:
    """As the step goes to 0 the oracle gives the published values.

    Its error is linear in the step h, so 2 m(h/2) - m(h) is left with order h^2 = 1/500^2 = 4e-6.
    """
    coarse, fine = renewals(500, 1500, 0)[500::500], renewals(1000, 3000, 0)[1000::1000]
    assert 2 * fine - coarse == pytest.approx(RENEWAL_2, abs=4e-6)


def test_failures_are_a_renewal_process() -> None:
    """Machines always at work and repaired at once fail m(t) times by time t.

    A failure in step j is repaired in step j + 1 and wear resumes in step j + 2: one step is lost,
    and lives end at the end of a step. Tolerance: 4 standard errors, from the robots' own counts,
    about the renewal equation with those two facts; about the published m(t), in addition the bias
    they cause, 1.5 steps a cycle: at most 1.5 m(t) m'(t) / eta < 1.5 * 3.03 * 1.2 / 1000 at t = 3.
    """
    n, eta = 50_000, 1000
    kinds = [
        species("machine", mtbf_h=eta * 24 * math.gamma(1.5), shape=2.0),
        species("fixer"),
    ]
    w = world(industry([], [], kinds, repairer="fixer"), {"machine": n, "fixer": 1}, Hands())
    oracle = renewals(eta, 3 * eta, 1)
    failures = 0
    for t in (1, 2, 3):
        for _ in range(eta):
            w.step()
            failures += int(w.flows.failures[0, 0])
        each = w.robots.repairs[:n] + w.robots.broken[:n]
        assert failures == each.sum()
        error = SIGMAS * each.std() / math.sqrt(n)
        assert each.mean() == pytest.approx(oracle[t * eta], abs=error)
        bias = 1.5 * RENEWAL_2[t - 1] * 1.2 / eta
        assert each.mean() == pytest.approx(RENEWAL_2[t - 1], abs=error + bias)


# ------------------------------------------------------------------ machine repairman


def agrees(samples: Floats, value: float, bias: float = 0.0) -> bool:
    """Whether independent samples have the mean, to 4 standard errors and a bias."""
    error = float(samples.std(ddof=1)) / math.sqrt(len(samples))
    return abs(float(samples.mean()) - value) < SIGMAS * error + bias


def test_repairman_oracles() -> None:
    """From published numbers to the engine's queue: M/M/2, event simulation, M/D/1 by Takacs.

    Balance equations give the published M/M/2 values to their digits. The event simulation gives
    them too, and with one crew and fixed repair times gives the closed form of Takacs, which for
    exponential repairs is again the balance equations' M/M/1. Tolerance of simulations: 4 standard
    errors over 40 independent runs.
    """
    for name, value in birth_death(CREWS, REPAIR).items():
        assert value == pytest.approx(PUBLISHED[name], abs=1e-10)
    assert 1 - PUBLISHED["down"] / MACHINES == pytest.approx(0.8218661640, abs=1e-10)
    assert PUBLISHED["queue"] / PUBLISHED["failures"] == pytest.approx(0.1674311927, abs=1e-9)
    runs = [simulated(CREWS, True, REPAIR, seed) for seed in range(40)]
    for name, value in PUBLISHED.items():
        assert agrees(np.array([run[name] for run in runs]), value), name

    pooled = CREWS * REPAIR
    exponential = single_crew(FAILURE, 1 / pooled, lambda s: pooled / (pooled + s))
    assert exponential == pytest.approx(birth_death(1, pooled)["failures"], rel=1e-12)
    fixed = single_crew(FAILURE, 1 / pooled, lambda s: math.exp(-s / pooled))
    assert fixed == pytest.approx(0.4440, abs=5e-5)
    runs = [simulated(1, False, pooled, seed) for seed in range(40)]
    assert agrees(np.array([run["failures"] for run in runs]), fixed)


def test_engine_is_a_repairman_with_pooled_crews() -> None:
    """Five machines, two repairers: a queue M/D/1//5 whose one crew is the two together.

    Labour of repairers goes to a bank per kind of machine, all of it as long as anything is broken,
    and a repair is made when the bank holds its fixed time D. So r repairers act as one crew that
    needs D / r, one machine after another, not as r crews (M/M/r): with D = 1/mu and r = 2 the
    failure rate is 0.4440, not M/M/2's 0.4109. An idle crew banks nothing, for the room it is given
    is only what is broken; and which broken machine is given back does not matter to counts, as
    lives are exponential. D / r is 10 whole steps. Lives end at the end of a step, which lengthens
    their mean by half a step to 100.5, put into the theory. Tolerance: 4 standard errors over 40
    sites of 1250 time units, and 0.1 % for what else the steps do, of order (lambda dt)^2 and
    lambda dt times the chance of two failures in a step. M/M/2 lies ten
    standard errors off.
    """
    unit, time, sites = 10, 1250, 40
    kinds = [
        species("machine", mtbf_h=unit * 24 / FAILURE, repair_s=round(unit * DAY_S / REPAIR)),
        species("fixer"),
    ]
    w = world(
        industry([], [], kinds, repairer="fixer"),
        {"machine": MACHINES, "fixer": CREWS},
        Hands(),
        sites=sites,
    )
    for _ in range(20 * unit):
        w.step()
    down, failures = np.zeros(sites), np.zeros(sites)
    for _ in range(time * unit):
        w.step()
        down += w.flows.broken[:, 0] / (time * unit)
        failures += w.flows.failures[:, 0] / time
    pooled, failure = CREWS * REPAIR, 1 / (1 / FAILURE + 0.5 / unit)
    expected = single_crew(failure, 1 / pooled, lambda s: math.exp(-s / pooled))
    assert agrees(failures, expected, 0.001 * expected)
    assert agrees(down, MACHINES - expected / failure, 0.001 * MACHINES)
    assert not agrees(failures, PUBLISHED["failures"], 0.02)


# ------------------------------------------------------------------ growth with maturation


def test_euler_lotka_oracle() -> None:
    """The solver gives the golden ratio, the durable machine and W(b tau) / tau - mu."""
    assert growth_factor(1.0, 2) == pytest.approx(1.6180339887, abs=1e-10)
    assert growth_factor(2.0, 2, life=2) == pytest.approx(1.7692923542, abs=1e-10)
    m, mu = 100_000, 0.1  # eggs here do not die: their survival exp(-mu tau) goes into b
    factor = growth_factor(math.exp(-mu) / m, m, math.exp(-mu / m))
    assert m * math.log(factor) == pytest.approx(0.4671432904, abs=1e-5)  # of order 1 / m


@pytest.mark.parametrize(
    ("births", "life", "factor"), [(1, None, 1.6180339887), (2, 2, 1.7692923542)]
)
def test_one_step_to_hatch(births: int, life: int | None, factor: float) -> None:
    """Copies laid in one step work in the next but one: Fibonacci, and the machine of life two.

    The engine follows the equation but for whole numbers. Tolerance 3e-4: the other roots decay
    against the first by 0.38 and 0.60 a step (z^3 = 2z + 2 has a pair of modulus 1.06), 0.60^14 / 6
    = 1.3e-4 over the window, and rounding down takes at most one run of over 1000 from a step.
    """
    life_h = {} if life is None else {"life_h": life * 24}
    w = world(
        nursery(1, DAY_S // births, **life_h),
        {"worker": 10, "nursery": 10},
        Hands(0),
        review_steps=1,
        check=True,
    )
    h = run_healthy(w, 20)
    assert (h[20] / h[14]) ** (1 / 6) == pytest.approx(factor, abs=3e-4)


def test_growth_with_maturation_and_hazard() -> None:
    """b e^-(r+mu)tau = r + mu: b = 1, tau = 1, mu = 0.1 grow at r = 0.4671432904.

    Fifty steps of maturation; workers break for good at rate mu (shape 1, nobody repairs). Eggs do
    not break, so the survival e^-(mu tau) of the young is put into the laying rate. Tolerance:
    deaths alone are random, so ln N has the variance mu / (r N) with N the workers at the start of
    the seven tau measured, 4 standard errors; for the published value also the bias of steps of tau
    / 50, at most half a step of tau in r: 0.003, asserted by itself.
    """
    m, mu = 50, 0.1
    oracle = m * math.log(growth_factor(math.exp(-mu) / m, m, math.exp(-mu / m)))
    assert oracle == pytest.approx(0.4671432904, abs=0.003)
    tau_s = m * DAY_S
    of = nursery(m - 1, round(tau_s * math.exp(mu)), mtbf_h=tau_s / mu / 3600)
    h = run_healthy(world(of, {"worker": 5000, "nursery": 16}, Hands(0)), 12 * m)
    r = math.log(h[-1] / h[5 * m]) / 7
    error = SIGMAS * math.sqrt(mu / (oracle * h[5 * m])) / 7
    assert r == pytest.approx(oracle, abs=error)
    assert r == pytest.approx(0.4671432904, abs=error + 0.003)


def test_growth_with_maturation_and_finite_life() -> None:
    """With a life of two tau, b (1 - e^(-2 r tau)) e^(-r tau) = r.

    Tolerance: nothing is random here; 0.5 % for the transient of founders who all retire at once
    (its modulus falls as e^(-(r - Re r_1) t)), 2 % for steps of tau / 20 instead of continuous
    time.
    """
    m = 20
    oracle = m * math.log(growth_factor(1 / m, m, life=2 * m))
    continuous = brentq(lambda r: (1 - math.exp(-2 * r)) * math.exp(-r) - r, 0.1, 1.0)
    assert oracle == pytest.approx(continuous, rel=0.02)
    of = nursery(m - 1, m * DAY_S, life_h=2 * m * 24)
    w = world(of, {"worker": 1000, "nursery": 4}, Hands(0), review_steps=1)
    h = run_healthy(w, 14 * m)
    r = math.log(h[-1] / h[7 * m]) / 7
    assert r == pytest.approx(oracle, rel=0.005)


def self_builder(dig_s: int, assembly_s: int) -> World:
    """Return a world of one species that digs an egg and assembles itself from it: Kanban."""
    kind = species("auxon", {"egg": 1}, assembly_s=assembly_s)
    of = industry(
        pieces("egg"),
        [process("dig", "auxon", dig_s, {"rock": 1000}, {"egg": 1})],
        [kind],
        assembler="auxon",
    )
    return world(of, {"auxon": 200}, Kanban(), review_steps=5, check=True)


def test_self_builder_keeps_its_time_sheet() -> None:
    """One species copies itself: r (T_dig (1 + w) + T_build) = 1, w the unborn per robot.

    Of N robots' time, births take rN T_build; digging feeds births and the growth of what is dug
    and not yet born, w N. So the maturation that the rules imply is measured, not assumed: with w =
    0 this is r = 1 / (T_dig + T_build), the bound no policy passes. Tolerance 1 %: the newborn wait
    half a day on average (r / 2 = 0.5 %), and w drifts a little.
    """
    dig_d, build_d = 60, 40
    w = self_builder(dig_d * DAY_S, build_d * DAY_S)
    h = run_healthy(w, 600)
    r = math.log(h[600] / h[400]) / 200
    unborn = (w.sites.building[0, 0] + w.sites.stock[0, 1]) / h[600]
    assert r * (dig_d * (1 + unborn) + build_d) == pytest.approx(1.0, rel=0.01)
    assert r < 1 / (dig_d + build_d)


# ------------------------------------------------------------------ a finite body


def test_logistic_oracle() -> None:
    """K = 1000, N0 = 1, doubling time 1: N(10) and the time to half the capacity."""
    assert logistic(1, 1000, 10 * math.log(2)) == pytest.approx(506.1789421651, abs=1e-9)
    assert logistic(1, 1000, 9.9643408678 * math.log(2)) == pytest.approx(500, abs=1e-6)


def test_growth_on_a_finite_body_is_logistic() -> None:
    """Digging yields labour * remaining // claim, so growth per head is r (1 - N/K).

    Every robot but the N0 founders came out of the claim of C eggs: remaining / claim = (C + N0 -
    N) / C, which is K / C (1 - N / K) with K = C + N0; the laying rate b gives r = b K / C.
    Tolerance: maturation of two steps slows growth to b - 1.5 b^2 a step, the first order costs a
    step or two, and up to one egg is unfinished, which counts among the founders; so r t lags by 0
    to 1.5 b (r t + 2) + 1 / N0, and N by that times N (1 - N / K).
    """
    founders, capacity, doubling = 100, 100_000, 400
    claim = capacity - founders
    b = math.log(2) / doubling * claim / capacity
    w = world(
        nursery(1, round(DAY_S / b)),
        {"worker": founders, "nursery": 1},
        Hands(0),
        claim_kg=float(claim),
    )
    n = run_healthy(w, 15 * doubling)
    growth = np.arange(len(n)) * math.log(2) / doubling
    expected = logistic(founders, capacity, growth)
    lag = 1.5 * b * (growth + 2) + 1 / founders
    behind = expected - n
    assert (behind > -1).all()
    assert (behind < lag * expected * (1 - expected / capacity) + 1).all()
    assert n[10 * doubling] == pytest.approx(50617.89, rel=lag[10 * doubling] / 2)
    half = int(np.searchsorted(n, capacity / 2)) / doubling
    assert half == pytest.approx(9.9643408678, abs=lag[10 * doubling] / math.log(2))

    share = n[40:-40] / capacity
    per_head = (n[80:] - n[:-80]) / 80 / n[40:-40] / (math.log(2) / doubling)
    for at in (0.2, 0.4, 0.6, 0.8):
        i = int(np.searchsorted(share, at))
        assert per_head[i] == pytest.approx(1 - at, abs=0.01)


# ------------------------------------------------------------------ power


def mills(arrays: int, concentrators: int, heat_kJ: int, energy_kJ: int, idle_W: int = 0) -> World:
    """Return ten mills with more to grind than they can, on arrays and concentrators of 1 m2."""
    kinds = [
        species("mill", {"dust": 10**12}, mass_g=10**12, idle_W=idle_W),
        species("array", collector_m2=1.0, efficiency=1.0),
        species("concentrator", collector_m2=1.0, heat_efficiency=1.0),
    ]
    grind = process("grind", "mill", 1000, {"ore": 1000}, {"dust": 1000}, energy_kJ, heat_kJ)
    of = industry([bulk("ore", "ore"), bulk("dust", "feedstock")], [grind], kinds, "mill")
    robots = {"mill": 10, "array": arrays, "concentrator": concentrators}
    return world(of, robots, Hands(), stock={"ore": 10**12})


@pytest.mark.parametrize(
    ("arrays", "concentrators", "heat", "idle_W", "share"),
    [
        (10, 0, 0, 0, 1.0),
        (20, 0, 0, 0, 1.0),
        (5, 0, 0, 0, 0.5),
        (1, 100, 0, 0, 0.1),  # heat turns no wheel
        (10, 10, 1, 0, 1.0),
        (10, 0, 1, 0, 0.5),  # electricity must give the heat too
        (20, 0, 1, 0, 1.0),  # and can
        (10, 5, 1, 0, 0.75),
        (5, 10, 1, 0, 0.5),
        (5, 100, 1, 0, 0.5),  # heat replaces only heat
        (10, 0, 0, 1361, 0.0),
        (15, 0, 0, 1361, 0.5),  # what runs on idly goes first
    ],
)
def test_brown_out_slows_labour_in_proportion(
    arrays: int, concentrators: int, heat: int, idle_W: int, share: float
) -> None:
    """A mill draws 1361 W, and as much again as heat if `heat`; a collector gives 1361 W.

    Labour is the least of its own, energy over energy wanted and electricity over electricity
    wanted, exactly: the only tolerance is the rounding down to a whole second.
    """
    w = mills(arrays, concentrators, 1361 * heat, 1361 * (1 + heat), idle_W)
    w.step()
    assert w.flows.labour_s[0, 0] == int(share * 10 * DAY_S)
    assert w.sites.stock[0, 2] == int(share * 10 * DAY_S) // 1000 * 1000
    power = share * 10 * 1361 * (1 + heat) + min(arrays * 1361, 10 * idle_W)
    assert w.flows.spent_J[0] == power * DAY_S


def test_keplers_equation() -> None:
    """E - e sin E = M to 1e-12 for e up to 0.9, seen through r = a (1 - e cos E).

    A residual dM moves r by a e sin E dM / (1 - e cos E), at most a e / sqrt(1 - e^2) dM; to which
    the rounding of M near 2 pi and of the engine's own cosine adds some 1e-15.
    """
    for e in (0.0, 0.1, 0.5, 0.75, 0.8, 0.9):
        for eccentric in np.linspace(0.0, 2 * math.pi, 721).tolist():
            mean = eccentric - e * math.sin(eccentric)
            r = 1 - e * math.cos(eccentric)
            allowed = 1e-12 * e * abs(math.sin(eccentric)) / r + 2e-15
            assert heliocentric_au(1.0, e, mean) == pytest.approx(r, rel=0, abs=allowed)


@pytest.mark.parametrize(("a_au", "e"), [(1.0, 0.0), (2.77, 0.08), (2.5, 0.9)])
def test_flux_on_an_orbit(a_au: float, e: float) -> None:
    """1361 / r^2 at perihelion, aphelion and a period later; its mean in time is 1361 / (a b).

    Kepler's third law with Gauss' k: T = 2 pi a^1.5 / k. The mean of r^-2 over time is 1 / (a^2
    sqrt(1 - e^2)). The trapezoid rule over a period converges faster than any power: 4096 points,
    1e-9.
    """
    period = 2 * math.pi * a_au**1.5 / 0.01720209895
    assert flux_w_m2(a_au, e, 0.0, 0.0) == pytest.approx(1361 / (a_au * (1 - e)) ** 2, rel=1e-12)
    aphelion = 1361 / (a_au * (1 + e)) ** 2
    assert flux_w_m2(a_au, e, 180.0, 0.0) == pytest.approx(aphelion, rel=1e-12)
    assert flux_w_m2(a_au, e, 0.0, period / 2) == pytest.approx(aphelion, rel=1e-12)
    assert flux_w_m2(a_au, e, 77.0, period) == pytest.approx(
        flux_w_m2(a_au, e, 77.0, 0.0), rel=1e-12
    )
    mean = np.mean([flux_w_m2(a_au, e, 0.0, period * i / 4096) for i in range(4096)])
    assert mean == pytest.approx(1361 / (a_au**2 * math.sqrt(1 - e * e)), rel=1e-9)


def test_arrays_follow_the_sun() -> None:
    """In the engine an array gives the flux at the middle of the step; here at perihelion.

    Tolerance: half a day after perihelion, r exceeds a (1 - e) by under e (k t)^2 / (2 a^2 (1 -
    e)^3) = 4e-6 of it; and whole watts.
    """
    of = industry([], [], [species("array", collector_m2=1000.0, efficiency=1.0)], None, "array")
    w = world(of, {"array": 1}, Hands(), a_au=2.5, e=0.2)
    w.step()
    assert w.flows.supply_W[0, 0] == pytest.approx(1361e3 / (2.5 * 0.8) ** 2, rel=1e-5, abs=1)


# ------------------------------------------------------------------ imports


@pytest.mark.parametrize("budget_kg", [10.0, 20.0])
def test_imports_turn_growth_linear(budget_kg: float) -> None:
    """dM/dt = min(g M, V / (1 - C)): V kg of vitamins a year make V / 50 g robots a year.

    Workers lay an egg in five days, so g is some 70 a year, and each takes a chip of 50 g beside
    its egg of 1000 g: C = 1000/1050. Tolerance 0.2 %: the window holds 60 shipments, cut at the
    same phase; what lands is built in within three days, a tenth of a shipment.
    """
    imports = SimpleNamespace(
        materials=("chip",), every_days=30.0, transit_days=10.0, budget_kg=budget_kg
    )
    of = nursery(1, 5 * DAY_S, chips=1)
    w = world(of, {"worker": 10, "nursery": 1}, Hands(0), imports=imports, check=True)
    n = run_healthy(w, 3600)
    volume = budget_kg * 365.25 / 30
    years = 1800 / 365.25
    assert (n[3600] - n[1800]) / years == pytest.approx(volume / 0.050, rel=0.002)
    assert (n[2700] - n[1800]) == pytest.approx(n[3600] - n[2700], rel=0.004)
    closure = 1000 / 1050
    mass_kg = of.species["worker"].mass_g / 1000 * (n[3600] - n[1800])
    assert mass_kg / years == pytest.approx(volume / (1 - closure), rel=0.002)
