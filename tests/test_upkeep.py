"""Lives as `auxon.sim.upkeep` sums them up, against lives that are lived one by one."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from auxon.sim.rules import life_seconds
from auxon.sim.tables import Tables, compile_industry
from auxon.sim.upkeep import Life, life, survival
from auxon.sim.weibull import quantiles
from tests.theory_worlds import DAY_S, NEVER_H, industry, species

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SIGMAS = 4.0
"""Standard errors of the mean that a comparison may be off; some 150 are made, with fixed seeds, of
which one in 16,000 would be farther off by chance."""
N = 20_000
"""Lives in each comparison."""
SHAPES = (0.45, 1.0, 2.0)
CASES = [(shape, life_d) for shape in SHAPES for life_d in (30, 200)]
REVIEW_STEPS = 5
RATES = np.array([0.0, 0.004, 0.05])
"""Of growth, per step: the last discounts all but the first weeks of a life."""
TABLE_ERROR = {0.45: 2.2e-3, 1.0: 3.5e-4, 2.0: 3.5e-4}
"""Largest relative error of an interpolated lifetime: `test_quantile_table` in `test_theory.py`."""


# ------------------------------------------------------------------ lives, from docs/rules.md


def lifetimes(random: np.random.Generator, n: int, shape: float, scale_s: int) -> Whole:
    """Draw lifetimes in seconds of use, as the page says, all at once."""
    u = random.integers(0, 2**32, n)
    half, low = u >> 31, u & 0x7FFFFFFF
    x = 2 * np.where(half == 0, low, 0x7FFFFFFF - low) + 1
    z = 31 - np.floor(np.log2(x)).astype(np.int64)  # doublings until x reaches 2^31
    x = x << z
    c, rest = (x >> 27) & 15, x & 0x7FFFFFF
    table = quantiles(shape)
    q = table[half, z, c] + ((table[half, z, c + 1] - table[half, z, c]) * rest >> 27)
    found: Whole = np.maximum(1, q * scale_s >> 24)
    return found


def test_lifetimes_are_those_of_the_rules() -> None:
    for shape in SHAPES:
        words = np.random.default_rng(1).integers(0, 2**32, 500)
        drawn = lifetimes(np.random.default_rng(1), 500, shape, 1_000_000)
        assert [life_seconds(quantiles(shape), 1_000_000, int(w)) for w in words] == drawn.tolist()


@dataclass
class Lived:
    """What N lives gave and took, discounted at each of the rates: (rates, N)."""

    work_s: Floats
    repairs: Floats


@dataclass
class Case:
    """A robot, and what `upkeep` says of it."""

    shape: float
    life_d: int
    tables: Tables
    of: Life

    @property
    def scale_s(self) -> int:
        return int(self.tables.scale_s[0])


def case(shape: float, life_d: int, lag: bool = True, mtbf_d: float = 40.0) -> Case:
    kind = species("machine", mtbf_h=mtbf_d * 24, shape=shape, life_h=life_d * 24)
    tables = compile_industry(industry([], [], [kind]), ())
    return Case(shape, life_d, tables, life(tables, 0, DAY_S, REVIEW_STEPS, lag))


def live(of: Case, chance: float, until_d: float = math.inf, wait: int = REVIEW_STEPS - 1) -> Lived:
    """Live N lives in steps of a day. A failure is repaired with some chance, up to some age.

    A step works, then wears, then repairs, then takes apart: a newborn wears in the step of its
    birth, age 0, and works from age 1; what failed in one step is repaired in the next, wears anew
    after that, and works from the one after. Its last step is the first review at which its life
    is over, `wait` steps after.
    """
    random = np.random.default_rng([round(100 * of.shape), of.life_d, round(100 * chance)])
    left_s = lifetimes(random, N, of.shape, of.scale_s)
    healthy, hopeless = np.ones(N, bool), np.zeros(N, bool)
    work_s, repairs = np.zeros((len(RATES), N)), np.zeros((len(RATES), N))
    for age in range(of.life_d + wait + 1):
        discount = np.exp(-RATES * age)[:, None]
        broken = ~healthy & ~hopeless
        if age:
            work_s += DAY_S * discount * healthy
        left_s[healthy] -= DAY_S
        repairs += discount * broken
        failed = healthy & (left_s <= 0)
        hopeless |= failed & ((random.random(N) >= chance) | (age >= until_d))
        healthy = (healthy & ~failed) | broken
        left_s[broken] = lifetimes(random, int(broken.sum()), of.shape, of.scale_s)
    return Lived(work_s, repairs)


def mean(values: Floats) -> tuple[Floats, Floats]:
    """Return means and what they may be off by. 1e-9: where all lives are alike, rounding."""
    error = SIGMAS * values.std(axis=-1) / math.sqrt(values.shape[-1])
    means: Floats = values.mean(axis=-1)
    return means, error + 1e-9 * np.abs(means)


def assert_near(values: Floats, expected: Floats) -> None:
    means, error = mean(values)
    assert (np.abs(means - expected) <= error).all(), (means, expected, error)


def cuts(of: Life, tick_s: float = DAY_S) -> tuple[Floats, Floats]:
    """Return prices and limits at all rates: (rates, 2)."""
    found = [of.cuts(rate / DAY_S) for rate in RATES]
    return np.array([k for k, _ in found]), np.array([h for _, h in found])


def repairs_of(of: Life) -> Floats:
    """Return discounted repairs per birth if every failure is repaired at once."""
    age_s = of.tick_s * np.arange(1, of.ticks + 1)
    found: Floats = np.exp(-RATES[:, None] * age_s / DAY_S) @ of.renewed
    return found


# ------------------------------------------------------------------ with steps


@pytest.mark.parametrize(("shape", "life_d"), CASES)
def test_lives_in_steps(shape: float, life_d: int) -> None:
    """Work and repairs per birth, always repaired and never, and work after one repair."""
    of = case(shape, life_d)
    prices, limits = cuts(of.of)
    always, never = live(of, 1.0), live(of, 0.0)
    assert_near(always.work_s, limits[:, 0])
    assert_near(always.repairs, repairs_of(of.of))
    assert_near(never.work_s, limits[:, 1])
    assert (never.repairs == 0).all()
    assert (prices[:, 0] == 0).all()
    # newly repaired at age 0, it wears from age 1 on, in which it works
    lasts_d = -(-lifetimes(np.random.default_rng(7), N, shape, of.scale_s) // DAY_S)
    ages = np.arange(1, of.of.ticks + 1)
    worked = np.cumsum(np.exp(-RATES[:, None] * ages), axis=1) * DAY_S
    again = worked[:, np.minimum(lasts_d, of.of.ticks) - 1]
    assert_near(again, prices[:, 1])


@pytest.mark.parametrize("shape", SHAPES)
def test_no_repair_policy_beats_the_cuts(shape: float) -> None:
    """W - k R <= h at both prices, whoever repairs what: by chance, and up to some age."""
    of = case(shape, 200)
    prices, limits = cuts(of.of)
    tight = 0
    for chance, until_d in [(0.0, 200), (0.3, 200), (1.0, 150), (0.6, 80)]:
        lived = live(of, chance, until_d)
        for k, h in zip(prices.T, limits.T, strict=True):
            means, error = mean(lived.work_s - k[:, None] * lived.repairs)
            assert (means <= h + error).all(), (chance, until_d)
            tight += int((means >= 0.98 * h).sum())
    assert tight >= 3  # the cuts bind somewhere, at some rate: no repairs at all, for one


def test_an_earlier_review_gives_less() -> None:
    """The bound takes the latest review there can be; with no wait, exactly four steps less."""
    of = case(1.0, 30)
    limits = cuts(of.of)[1][:, 0]
    means, error = mean(live(of, 1.0, wait=0).work_s)
    assert (means < limits - error).all()  # of the failures that lie in these four steps
    unfailing = case(1.0, 30, mtbf_d=1e5)
    last = DAY_S * np.exp(-RATES[:, None] * np.arange(31, 31 + REVIEW_STEPS - 1)).sum(axis=1)
    lived = live(unfailing, 1.0, wait=0).work_s.mean(axis=1)
    # one in 3,000 fails before, and is repaired the day after
    assert cuts(unfailing.of)[1][:, 0] - lived == pytest.approx(last, rel=1e-3)


def test_very_long_lives() -> None:
    """Ages end at 8,192 steps; what is older counts as if it never failed: more, but not much.

    At a rate of 0.004 a step what is left is e^-32 of the whole, 1e-14; without growth it is the
    8192nd to the 10,000th day of those who live as long as that.
    """
    of = case(1.0, 10_000, mtbf_d=NEVER_H / 24)
    ticks = 10_000 + REVIEW_STEPS - 1
    ages = np.arange(1, ticks + 1)
    lasts = np.exp(-(ages * 24 / NEVER_H))
    exact = DAY_S * np.exp(-RATES[:, None] * ages) @ lasts
    limits = cuts(of.of)[1][:, 1]
    assert of.of.ticks == 8192
    # tables and draws are exact to some 3e-4 of a life, of which one in 42 ends by then
    assert (limits >= exact * (1 - 1e-5)).all()
    assert limits[1:] == pytest.approx(exact[1:], rel=1e-5)
    assert limits[0] <= DAY_S * ticks


# ------------------------------------------------------------------ without lag


def lived_continuously(of: Case, repaired: bool, tick_s: float) -> Lived:
    """Live N lives in continuous time. Failures and the end are seen at ticks, if there are any."""
    end_s = float((of.life_d + REVIEW_STEPS) * DAY_S)
    if tick_s:
        end_s = np.ceil(end_s / tick_s) * tick_s
    random = np.random.default_rng([round(100 * of.shape), of.life_d])
    now = np.zeros(N)
    work_s, repairs = np.zeros((len(RATES), N)), np.zeros((len(RATES), N))
    rate = np.where(RATES > 0, RATES, 1e-12)[:, None] / DAY_S
    while (now < end_s).any():
        lasts = lifetimes(random, N, of.shape, of.scale_s).astype(float)
        if tick_s:
            lasts = np.ceil(lasts / tick_s) * tick_s
        then = np.minimum(now + lasts, end_s)
        work_s += np.exp(-rate * now) * -np.expm1(-rate * (then - now)) / rate
        now = then
        repairs += np.exp(-rate * now) * (now < end_s)
        if not repaired:
            break
    return Lived(work_s, repairs)


@pytest.mark.parametrize(("shape", "life_d"), CASES)
def test_lives_without_lag(shape: float, life_d: int) -> None:
    """The same, if all happens at once and failures are seen at the end of a tick.

    A tick is at most 1 / 256 of the scale; seen at once, a robot works less by up to a tick.
    """
    of = case(shape, life_d, lag=False)
    prices, limits = cuts(of.of)
    tick_s = of.of.tick_s
    assert tick_s <= of.scale_s / 256
    always, never = (lived_continuously(of, repaired, tick_s) for repaired in (True, False))
    assert_near(always.work_s, limits[:, 0])
    assert_near(always.repairs, repairs_of(of.of))
    assert_near(never.work_s, limits[:, 1])
    assert prices[:, 1] == pytest.approx(limits[:, 1])  # no birth takes time
    means, error = mean(lived_continuously(of, False, 0.0).work_s)
    assert (means <= limits[:, 1] + error).all()
    assert (means >= limits[:, 1] - tick_s - error).all()
    for k, h in zip(prices.T, limits.T, strict=True):
        means, error = mean(always.work_s - k[:, None] * always.repairs)
        assert (means <= h + error).all()


# ------------------------------------------------------------------ survival


@pytest.mark.parametrize("shape", SHAPES)
def test_survival_is_weibull(shape: float) -> None:
    """P(life > t) = exp(-(t / scale)^shape), at a t off by the error of the quantile table.

    And by 2^-24 of the scale, as its entries are rounded down; and 2^-33, where the table ends.
    """
    of = case(shape, 200)
    use_s = of.scale_s * np.concatenate([[0.0], np.geomspace(1e-6, 30, 2000)])
    found = survival(of.tables, 0, use_s)
    off_s = TABLE_ERROR[shape] * use_s + 2.0**-24 * of.scale_s
    least, most = (
        np.exp(-((np.maximum(use_s + sign * off_s, 0.0) / of.scale_s) ** shape)) for sign in (1, -1)
    )
    assert (found[1:] >= least[1:] - 2.0**-33).all()
    assert (found <= most + 2.0**-33).all()
    assert (np.diff(found) <= 0).all()
    assert found[0] == 1  # nobody fails before its first second
