"""What sites know of one another: what they have told, once light has brought it.

In the belt of `tests.belt_worlds` without expeditions a site on carbide sells carbon to two on
oxide. Steps are days; light takes some seconds, or as long as a test says.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxon.policies import make
from auxon.policies.kanban import Kanban
from auxon.sim.destinations import Destinations
from auxon.sim.scenario import load
from auxon.sim.state import FLYING, JOINED, LOADING
from auxon.sim.trade import Order, Trade
from auxon.sim.world import World
from tests.belt_worlds import RIVAL, small_belt

SELLER, BUYER, OTHER = range(3)
EVERY = 9
"""Steps between two reports of a site, as the belt's scenario says."""
DAY_S = 86_400.0


class Market:
    """A world whose buyers have no carbon.

    Attributes
    ----------
    world : World
    trade : Trade
    travel : auxon.sim.travel.Travel
    """

    def __init__(self, folder: Path, changes: dict[str, Any] | None = None) -> None:
        # certainty: carbide is carbide, whatever the draw
        own = {"belt.kit": None, "belt.colonies": 3, "belt.search.certainty": 1.0}
        scenario = small_belt(folder, own | (changes or {}))
        self.world = World(scenario, Kanban(), seed=1)
        assert scenario.belt
        self.travel = self.world.travel
        assert self.travel.where
        self.trade = Trade(self.world, scenario.belt, self.travel.where)
        for buyer in (BUYER, OTHER):
            self.set_stock(buyer, carbon=0)

    def set_stock(self, s: int, **amounts: int) -> None:
        for material, amount in amounts.items():
            self.world.sites.stock[s, self.world.material_names.index(material)] = amount

    def report(self, step: int, s: int = SELLER) -> None:
        """Let a site tell of itself in a step."""
        self.world.step_count = step
        self.trade.report(s)

    def order(self, step: int) -> Order | None:
        """Return what the buyer orders in a step."""
        self.world.step_count = step
        return self.trade.order(BUYER)

    def ships(self) -> list[tuple[int, int]]:
        """Return seller and buyer of each cargo that is loaded."""
        w = self.world.sites
        loading = np.flatnonzero((w.state == LOADING) & (w.goal >= 0))
        return [(int(w.origin[ship]), int(w.goal[ship])) for ship in loading]


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path)


def slow_light(patch: pytest.MonkeyPatch, seconds: float) -> None:
    patch.setattr(Destinations, "light_s", lambda its, one, other: seconds)


def same(one: Order | None, other: Order | None) -> bool:
    """Whether two orders are one, to the last digit."""
    if one is None or other is None:
        return one is other
    return (
        (one.seller, one.cost) == (other.seller, other.cost)
        and np.array_equal(one.cargo, other.cargo)
        and np.array_equal(one.landed, other.landed)
    )


# ------------------------------------------------------------------ when a report counts


def test_nothing_is_known_of_who_has_not_told(market: Market) -> None:
    assert market.world.sites.stock[SELLER].any()
    assert market.order(step=1) is None
    market.report(step=1)
    found = market.order(step=2)
    assert found
    assert found.seller == SELLER
    carbon = market.world.material_names.index("carbon")
    assert found.cargo[carbon] > 0
    assert np.flatnonzero(found.cargo).tolist() == [carbon]


def test_a_report_does_not_count_in_its_own_step(market: Market) -> None:
    """Light takes four seconds here, and a step is a day: the next is the first that can be."""
    assert market.travel.where
    where, body = market.travel.where, market.world.sites.body
    assert 0 < where.light_s(int(body[SELLER]), int(body[BUYER])) < DAY_S
    market.report(step=10)
    assert market.order(step=10) is None
    assert market.order(step=11) is not None


@pytest.mark.parametrize(
    ("light_s", "first"),
    [
        (0.0, 0),
        (math.nextafter(0.0, 1.0), 1),
        (math.nextafter(2 * DAY_S, 0.0), 2),
        (2 * DAY_S, 2),
        (math.nextafter(2 * DAY_S, math.inf), 3),
        (2 * EVERY * DAY_S, 2 * EVERY),
    ],
)
def test_a_report_counts_from_the_step_when_light_has_come(
    light_s: float, first: int, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_light(monkeypatch, light_s)
    market.report(step=10)
    heard = [n for n in range(3 * EVERY) if market.order(step=10 + n)]
    assert heard == list(range(first, 2 * EVERY + 1)), "and until it is too old"


def test_light_slower_than_reports_last_brings_nothing(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_light(monkeypatch, math.nextafter(2 * EVERY * DAY_S, math.inf))
    market.report(step=10)
    assert not any(market.order(step=10 + n) for n in range(3 * EVERY))


def test_a_report_of_the_first_step_counts(market: Market) -> None:
    market.report(step=0)
    assert market.order(step=1) is not None


def test_light_goes_between_the_two_bodies(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    body = market.world.sites.body
    far = {int(body[SELLER]), int(body[OTHER])}
    monkeypatch.setattr(
        Destinations, "light_s", lambda its, one, other: 3 * DAY_S * ({one, other} == far)
    )
    market.report(step=10)
    market.world.step_count = 12
    assert market.trade.order(BUYER) is not None
    assert market.trade.order(OTHER) is None
    market.world.step_count = 13
    assert market.trade.order(OTHER) is not None


# ------------------------------------------------------------------ which report counts


def test_the_older_report_counts_while_the_latest_is_under_way(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First there is oxygen to throw out, then only iron, which costs more: orders tell."""
    slow_light(monkeypatch, 3 * DAY_S)
    steps = range(10, 17)
    market.report(step=10)
    after_the_first = [market.order(step) for step in steps]
    market.set_stock(SELLER, oxygen=0)
    market.report(step=12)
    after_both = [market.order(step) for step in steps]
    w = market.world.sites
    assert w.told_at[SELLER].tolist() == [12, 10]
    w.told_at[SELLER], w.told[SELLER] = [12, -1], [w.told[SELLER, 0], 0 * w.told[SELLER, 1]]
    after_the_second = [market.order(step) for step in steps]
    until = 15 - steps[0]
    for n in range(len(steps)):
        right = after_the_first if n < until else after_the_second
        assert same(after_both[n], right[n]), steps[n]
    assert [x is None for x in after_both] == [True] * 3 + [False] * 4
    assert not same(after_the_first[until], after_the_second[until]), "else nothing is shown"


def test_a_third_report_ends_the_first(market: Market) -> None:
    for step, oxygen in ((4, 100), (13, 200), (22, 304)):
        market.set_stock(SELLER, oxygen=oxygen)
        market.report(step)
    w = market.world.sites
    assert w.told_at[SELLER].tolist() == [22, 13]
    assert w.told[SELLER, :, 0, market.world.material_names.index("oxygen")].tolist() == [304, 200]


def test_a_report_is_of_stock_wants_and_what_it_paid(market: Market) -> None:
    w, wanted = market.world.sites, market.world.flows.gross
    wanted[SELLER] = np.arange(len(wanted[SELLER])) + 5
    w.foreign[SELLER] = np.arange(len(wanted[SELLER])) * 7
    market.report(step=10)
    told = w.told[SELLER, 0].tolist()
    assert told == [x[SELLER].tolist() for x in (w.stock, wanted, w.foreign)]


@pytest.mark.parametrize("oxygen", [0, 500_000])
def test_what_becomes_of_a_seller_after_its_report_does_not_alter_the_order(
    market: Market, oxygen: int
) -> None:
    market.report(step=10)
    before = market.order(step=12)
    assert before
    w = market.world.sites
    w.stock[SELLER] = 0
    market.set_stock(SELLER, oxygen=oxygen)
    market.world.flows.gross[SELLER] = 1_000_000
    w.foreign[SELLER] = 10**9
    assert same(market.order(step=12), before)
    market.report(step=12)
    assert not same(market.order(step=13), market.order(step=12)), "now it has told of it"


def test_who_becomes_another_site_has_told_nothing(market: Market) -> None:
    """The number of a ship that is gone is taken again: reports are not handed down with it."""
    market.report(step=10)
    market.world.clear_site(SELLER)
    w = market.world.sites
    assert w.told_at[SELLER].tolist() == [-1, -1]
    assert not w.told[SELLER].any()


def test_other_lineages_are_not_asked(tmp_path: Path) -> None:
    """The rival next door has carbon to spare, for which it paid."""
    market = Market(tmp_path, {"belt.rival": [RIVAL | {"body": "b2"}]})
    w = market.world.sites
    (rival,) = np.flatnonzero(w.lineage == 1)
    w.foreign[rival, market.world.material_names.index("carbon")] = 1_000_000
    market.report(10, int(rival))
    assert market.order(step=11) is None
    w.lineage[rival] = 0
    found = market.order(step=11)
    assert found
    assert found.seller == rival


# ------------------------------------------------------------------ who takes no orders


@pytest.fixture
def daily(tmp_path: Path) -> Market:
    """A market where everybody's turn comes every day."""
    return Market(tmp_path, {"belt.trade.every_days": 1})


def test_a_site_that_loads_a_cargo_is_silent_and_takes_no_other(daily: Market) -> None:
    daily.report(step=10)
    for buyer in (BUYER, OTHER):  # both would order from it
        daily.world.step_count = 11
        found = daily.trade.order(buyer)
        assert found
        assert found.seller == SELLER
    daily.travel.launch()
    assert daily.ships() == [(SELLER, BUYER)]
    w = daily.world.sites
    assert w.told_at[SELLER].tolist() == [11, 10], "its own turn came first"
    assert w.foreign[BUYER].any()
    assert not w.foreign[OTHER].any(), "its order is void"
    (ordered,) = [event for event in daily.travel.events if event.what == "ordered"]
    assert ordered.goal == BUYER
    daily.world.step_count = 12
    daily.travel.launch()
    assert daily.ships() == [(SELLER, BUYER)]
    assert w.told_at[SELLER].tolist() == [11, 10], "it is silent"
    assert w.told_at[OTHER, 0] == 12, "others are not"


def test_when_the_cargo_is_gone_it_tells_again(daily: Market) -> None:
    daily.report(step=10)
    daily.world.step_count = 11
    daily.travel.launch()
    w = daily.world.sites
    (ship,) = np.flatnonzero(w.state == LOADING)
    w.state[ship] = FLYING
    daily.report(step=12)
    assert w.told_at[SELLER].tolist() == [12, 11]


@pytest.mark.parametrize("dies", [False, True])
def test_an_order_to_the_dead_is_void(daily: Market, dies: bool) -> None:
    """The buyer cannot know: it hears the report of one who is no more."""
    daily.report(step=10)
    if dies:
        daily.world.segments.count[SELLER] = 0
    found = daily.order(step=11)
    assert found
    assert found.seller == SELLER
    daily.travel.launch()
    w = daily.world.sites
    assert daily.ships() == ([] if dies else [(SELLER, BUYER)])
    assert w.foreign[BUYER].any() == (not dies)
    assert bool(w.packing.any()) == (not dies)
    assert w.told_at[SELLER, 0] == (10 if dies else 11), "the dead tell nothing"


def test_the_dead_do_not_report(market: Market) -> None:
    market.world.segments.count[SELLER] = 0
    market.report(step=10)
    assert market.world.sites.told_at[SELLER].tolist() == [-1, -1]


def test_where_nobody_trades_nobody_reports(tmp_path: Path) -> None:
    world = World(small_belt(tmp_path, {"belt.trade": None}), Kanban(), seed=1)
    assert world.sites.told_at.shape == (1, 0)
    assert world.sites.told.size == 0


# ------------------------------------------------------------------ what is loaded, and leaves


def test_spare_goods_that_cost_nothing_are_sold(tmp_path: Path) -> None:
    """A seller that cannot make them and never paid for them has no price to weigh freight with."""
    market = Market(tmp_path)
    carbon = market.world.material_names.index("carbon")
    w = market.world.sites
    w.kind[SELLER] = w.kind[BUYER]  # oxide: no carbon is made there
    assert market.world.kinds[w.kind[SELLER]].main[carbon] < 0
    market.set_stock(SELLER, carbon=10**9)
    market.report(step=10)
    assert w.told[SELLER, 0, 2, carbon] == 0
    found = market.order(step=11)
    assert found
    assert found.cargo[carbon] > 0
    assert found.landed[carbon] > 0, "freight is not for nothing"


def ordered(market: Market) -> int:
    """Return the ship that loads what the buyer has ordered."""
    market.report(step=10)
    found = market.order(step=11)
    assert found
    market.travel._take_order(BUYER, found)
    (ship,) = np.flatnonzero(market.world.sites.state == LOADING)
    return int(ship)


def test_a_cargo_waiting_for_its_day_does_not_keep_others_from_ordering(market: Market) -> None:
    ship = ordered(market)
    w = market.world.sites  # anew: there is one more
    assert market.trade.takes_none()[SELLER]
    w.left_at[ship] = 100
    assert not market.trade.takes_none()[SELLER]


def loaded(market: Market) -> tuple[int, int]:
    """Return a ship that is loaded, and the carbon in it."""
    ship = ordered(market)
    w = market.world.sites  # anew: there is one more
    w.stock[ship] += w.packing[ship]
    w.packing[SELLER] -= w.packing[ship]
    w.packing[ship] = 0
    return int(ship), int(w.stock[ship, market.world.material_names.index("carbon")])


def test_a_cargo_without_a_trip_is_unloaded(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship, carbon_g = loaded(market)
    w = market.world.sites
    before = w.stock[SELLER].copy()
    monkeypatch.setattr(Destinations, "trips", lambda its, *what: [None])
    market.travel._tank(ship)
    carbon = market.world.material_names.index("carbon")
    assert w.stock[SELLER, carbon] - before[carbon] == carbon_g
    assert w.state[ship] == JOINED
    assert not w.stock[ship].any()
    assert not market.trade.takes_none()[SELLER]


def test_a_cargo_that_is_too_heavy_leaves_with_less(market: Market) -> None:
    ship, carbon_g = loaded(market)
    w = market.world.sites
    carbon = market.world.material_names.index("carbon")
    w.stock[ship, carbon] = 100 * carbon_g
    market.set_stock(SELLER, oxygen=10**9)  # propellant in plenty
    before = w.stock[SELLER, carbon]
    market.travel._tank(ship)
    assert w.left_at[ship] > market.world.step_count
    assert 0 < w.stock[ship, carbon] < 100 * carbon_g
    assert w.stock[ship, carbon] + w.stock[SELLER, carbon] == before + 100 * carbon_g


@pytest.mark.slow
def test_ceres_supplies_its_daughters_within_two_decades() -> None:
    scenario = load("ceres-hub")
    world = World(scenario, make("market"), seed=1)
    assert scenario.belt
    dry = [n for n, front in enumerate(scenario.belt.fronts) if front != "CM"]
    water = world.material_names.index("water")
    came_g = ships = 0
    while world.years < 20:
        world.step()
        for event in world.travel.events:
            if event.what == "joined" and event.goal >= 0:
                assert world.sites.kind[event.goal] in dry
                ships += 1
                came_g += int(event.stock[water])
    assert ships >= 5
    assert came_g > 5_000_000
