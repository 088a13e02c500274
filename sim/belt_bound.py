"""The bound on growth across a belt: of the whole society, of the number of sites, of its front.

**The whole society.** A lineage is a technology like that of one site (`auxon.sim.technology`),
but with as many places as it has grounds, and with kits and cargo that move between them, losing
time and ships (`auxon.sim.located`). All grounds have the light of the sunniest body. At the
prices of its fastest balanced growth no activity makes a profit: what works in less light earns
less; who flies earns nothing, and arrives later than he could; propellant is thrown away. So all
that a lineage has, on its bodies and between them, grows by e^(r t) at most, in expectation, as
one colony does and under the same assumptions (`auxon.sim.bound`). A belt of one ground has the
bound of one site there. Nobody trades or joins across lineages, so the fastest bounds them all.
*Proved* where the balance is.

**Sites that stop.** A site that has `most_robots` N orders no more, and grows only through its
kits: in the long run the society grows as the number of sites does. Let a kit that lands send, at
age a, dn(a) kits at most. A flight takes tau at least, and a ship arrives with probability p; then
(Euler and Lotka, `auxon.sim.wave`)

    p e^(-rate tau) * integral of e^(-rate a) dn(a) = 1.

What dn can be is found without wear, so that it holds for every single site and not only on
average: *ageless* prices are those at which, although nobody fails, retires or draws idle power,
no activity makes a profit and no robot earns more than r times its worth, in the brightest light a
body ever has. What can be traded, and carriers, who bring it, are free. Then what a site has, at
such prices, grows by e^(r a) at most, whatever it does, in steps as well: 1 + r dt <= e^(r dt).
Hence

1. *growing*: to lay down a kit, a site must have `spare` times its robots. It cannot before age
   A = ln(worth of these / worth of a kit that landed) / r, for any such prices and their r; the
   best of some r is taken. At its next review, `every` later, it tanks, in a step after that the
   ship leaves, and at the next review the next kit may be laid down. That gives the sum over j >= 0
   of e^(-rate (A + every + dt + 2 j every)).
2. *worth*: with kits worth 1, the sum of e^(-r a) over all kits sent is at most 1. Of departures
   that are gap = every + dt apart those count most that form a geometric series (they are majorised
   by any others, and x^(rate / r) is concave): (1 - e^(-r gap))^(rate / r) / (1 - e^(-rate gap)) as
   long as rate is below r; and at most 1 else. So the number of sites never grows faster than r.
3. *making*: at prices for which no robot earns more than w and a kit is worth 1, N robots make
   N w kits a year at most, the least such w being that of a linear program: 1 + N w / rate.
4. `most` expeditions, or, without trade, as many as the claim has rock for: the sum under 1 ends.

The least of these bounds is taken, and of several grounds the one that gives most. Ships of one
lineage may meet on a body and live on as one site. So each bound must hold for such a site if it
is summed over the kits that landed there: 2 and 3 do, as they are subadditive; 1 does as long as
e^(-rate A) >= 1/2, as two that meet may load at once, so that no more than this is claimed.
Carriers may be ordered beyond N and do not count for it. *Proved*, for the shortest flight that is
ever looked for.

**The front.** A ship flies only to one of the `neighbours` bodies nearest in the space of orbits
(`auxon.sim.neighbours`), so no step is longer than the longest of these distances, and the front
moves by c = min over theta of r(theta) / theta a year at most. *Proved* likewise.

**An estimate** beside it takes flights as they are: those that sites on some bodies would choose
on some days if no body were taken, with their waiting for a window, and a site that grows at the
rate of the home body's bound until it has `spare` times its kit. Steps count along the longest
axis of the belt in the space of orbits. It is no bound: a lineage might find better flights.
"""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ageless import Ageless
from .balance import balance
from .belt_estimate import Estimate, Estimator
from .belt_facts import BeltFacts
from .faces import richest
from .located import Located
from .orbit import YEAR_DAYS
from .tables import compile_ground
from .technology import Technology
from .wave import Breeder, front_speed, growth

if TYPE_CHECKING:
    from .scenario import Scenario

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

UNLIMITED = 10**9
"""`rules.most_robots` that stands for no limit."""


@dataclass(frozen=True)
class Spread:
    """The number of sites, and the front.

    Attributes
    ----------
    sites_per_year : float
        Greatest growth of the number of sites; 0 if it cannot grow for ever.
    wave_m_s_per_year : float
        Greatest speed of the front in the space of orbits; 0 likewise.
    kit_kg : float
        Mass of a kit without propellant.
    flight_days : float
        The shortest flight.
    survival : float
        Chance to arrive after it.
    reach_m_s : float
        Longest step in the space of orbits.
    extent_m_s : float
        From the home body to the farthest body with a front.
    breeders : tuple of Breeder
        A site on each kind of ground on which one can grow.
    estimate : Estimate or None
        None if no flight is found.
    """

    sites_per_year: float
    wave_m_s_per_year: float
    kit_kg: float
    flight_days: float
    survival: float
    reach_m_s: float
    extent_m_s: float
    breeders: tuple[Breeder, ...]
    estimate: Estimate | None

    @property
    def crossing_years(self) -> float | None:
        """Least time in which the front crosses the belt, None if it never does."""
        speed = self.wave_m_s_per_year
        return self.extent_m_s / speed if speed > 0 else None


@dataclass(frozen=True)
class BeltBound:
    """The bound across a belt.

    Attributes
    ----------
    sunlight_w_m2 : float
        Of the sunniest body, on average over its orbit, night taken off.
    society_per_year : float
        Growth of all there is, at any time; minus infinity if nothing can be built.
    proved : bool
        By prices.
    fills_after_years : float or None
        From when on the first sites can be full at the earliest; None if they never are.
    years : float
        Of the scenario.
    spread : Spread or None
        None if nobody leaves.
    """

    sunlight_w_m2: float
    society_per_year: float
    proved: bool
    fills_after_years: float | None
    years: float
    spread: Spread | None

    @property
    def sites_stop(self) -> bool:
        """Whether sites can be full in the scenario's years, so that their number counts."""
        return self.fills_after_years is not None and self.fills_after_years < self.years

    @property
    def full_per_year(self) -> float:
        """Growth of a society whose sites are full, in the long run."""
        of_sites = self.spread.sites_per_year if self.spread else 0.0
        return min(self.society_per_year, of_sites)

    @property
    def rate_per_year(self) -> float:
        """Growth in the long run of the scenario's years."""
        return self.full_per_year if self.sites_stop else self.society_per_year

    @property
    def doubling_time_years(self) -> float | None:
        """Time to double at that, None if it cannot grow."""
        return math.log(2) / self.rate_per_year if self.rate_per_year > 0 else None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        found = {key: value for key, value in asdict(self).items() if key != "spread"}
        found |= {
            "sites_stop": self.sites_stop,
            "rate_per_year": self.rate_per_year,
            "doubling_time_years": self.doubling_time_years,
            "spread": None,
        }
        if s := self.spread:
            found["spread"] = asdict(s) | {"crossing_years": s.crossing_years}
        return found


def belt_bound(scenario: "Scenario") -> BeltBound | None:
    """Return the bound across the belt of a scenario; None without one."""
    if scenario.belt is None:
        return None
    belt = _Belt(scenario, scenario.belt)
    rate, proved = belt.society(belt.sunniest_w_m2)
    most = scenario.rules.most_robots
    fills = None
    if most < UNLIMITED and rate > 0:
        seeded = max(1, max(sum(x.robots.values()) for x in scenario.belt.lineages))
        fills = max(0.0, math.log(most / seeded) / rate)
    return BeltBound(belt.sunniest_w_m2, rate, proved, fills, scenario.years, belt.spread())


def society_per_year(scenario: "Scenario", sunlight_w_m2: float) -> float:
    """Return the growth of all there is across a belt, in the light of one body.

    Parameters
    ----------
    sunlight_w_m2 : float
        Night taken off.
    """
    assert scenario.belt
    return _Belt(scenario, scenario.belt).society(sunlight_w_m2, prove=False)[0]


def sites_per_year(scenario: "Scenario") -> float:
    """Return the growth of the number of sites across a belt; 0 if nobody leaves."""
    assert scenario.belt
    found = _Belt(scenario, scenario.belt).spread(with_estimate=False)
    return found.sites_per_year if found else 0.0


def sunniest_w_m2(scenario: "Scenario") -> float:
    """Return the greatest mean sunlight of any body on which a site can live, night taken off."""
    assert scenario.belt
    return _Belt(scenario, scenario.belt).sunniest_w_m2


class _Growth(NamedTuple):
    rate_per_year: float
    proved: bool


class _Belt(BeltFacts):
    """A belt as its bound needs it."""

    # ------------------------------------------------------------------ the whole society

    def society(self, sunlight_w_m2: float, prove: bool = True) -> tuple[float, bool]:
        """Return the growth of the fastest lineage, and whether it is proved."""
        fronts, front = len(self._plan.fronts), self._plan.front_of_body
        fastest, proved = -math.inf, True
        for n, lineage in enumerate(self._plan.lineages):
            starts = {int(f) for f in front[list(lineage.bodies)]}
            grounds = [
                self._technology(n * fronts + f, sunlight_w_m2, f in starts) for f in range(fronts)
            ]
            separate = [grounds[f] for f in sorted(starts)]
            # without kits nobody leaves; with one ground there is nowhere else
            apart = not self._entry.kit or fronts == 1
            for found in map(balance, separate) if apart else [self._together(grounds, prove)]:
                if found and found.rate_per_year > fastest:
                    fastest, proved = found.rate_per_year, found.proved
        return fastest, proved

    def _technology(self, kind: int, sunlight_w_m2: float, seeded: bool) -> Technology:
        ground, rules = self._plan.grounds[kind], self._scenario.rules
        names = list(ground.industry.materials)
        t = richest(compile_ground(ground), self._scenario)
        electric_W, heat_W = (_power(m2, sunlight_w_m2) for m2 in (t.electric_m2, t.heat_m2))
        dt_s = round(rules.step_days * 86_400)
        # imports go to where a lineage starts
        free = {names.index(m) for m in self._imported if m in names} if seeded else set()
        steps = rules.review_steps
        return Technology(t, dt_s, steps, electric_W, heat_W, True, frozenset(free))

    def _together(self, grounds: list[Technology], prove: bool) -> "_Growth | None":
        """Return the fastest growth of all grounds of a lineage."""
        if not len(grounds[0].builds):
            return None
        drive = self._entry.drive
        assert drive
        species = list(self._plan.industry.species)
        buys = self._plan.buys(tuple(self._plan.industry.materials)) > 0
        found = Located(
            grounds,
            *self._kit,
            species.index(drive.carrier) if drive.carrier else -1,
            buys if self._entry.trade else np.zeros_like(buys),
            self._shortest_days * 86_400,
            self._survival(self._shortest_days),
        ).fastest(prove)
        return _Growth(found.rate, found.proved) if found else None

    # ------------------------------------------------------------------ sites and the front

    def spread(self, with_estimate: bool = True) -> Spread | None:
        """Return how the number of sites grows, if the society as a whole allows it."""
        kit, drive = self._entry.kit, self._entry.drive
        if kit is None or drive is None or len(self._plan.bodies) < 2:
            return None
        breeders = tuple(self._breeders())
        tau_years = self._shortest_days / YEAR_DAYS
        chance = self._survival(self._shortest_days)

        def births(rate: float, theta: float = 0.0) -> float:
            sent = max((b.sent(rate) for b in breeders), default=0.0)
            return chance * math.exp(theta * self._reach_m_s - rate * tau_years) * sent

        if self._kit_kg > self._most_kg:  # too heavy to fly at all
            breeders = ()
        home = self._near.points - self._near.points[0]
        lives = np.flatnonzero(self._plan.front_of_body >= 0)
        return Spread(
            sites_per_year=growth(births),
            wave_m_s_per_year=front_speed(births, self._reach_m_s),
            kit_kg=self._kit_kg,
            flight_days=self._shortest_days,
            survival=chance,
            reach_m_s=self._reach_m_s,
            extent_m_s=float(np.sqrt((home[lives] ** 2).sum(axis=1)).max()) if len(lives) else 0.0,
            breeders=breeders,
            estimate=Estimator(self._scenario, self._plan).estimate() if with_estimate else None,
        )

    def _breeders(self) -> list[Breeder]:
        plan, rules = self._plan, self._scenario.rules
        kit = self._entry.kit
        assert kit
        assert self._entry.drive
        names, species = list(plan.industry.materials), list(plan.industry.species)
        carrier = self._entry.drive.carrier
        gifts = [species.index(carrier)] if carrier else []
        robots, stock = self._kit
        need = np.ceil(robots * kit.spare)
        need[gifts] = 0.0
        crew = robots.sum() - robots[gifts].sum()
        every = max(1, round(self._entry.search.every_days / self._dt_days)) * self._dt_days
        most = float(kit.most) if kit.most is not None else math.inf
        if not self._entry.trade and self._kit_kg > 0:
            most = min(most, self._scenario.site.claim_kg / self._kit_kg + 1.0)
        buys = plan.buys(tuple(names)) > 0
        found = []
        for n, ground in enumerate(plan.grounds):
            bought = buys[n % len(plan.fronts)] & (self._entry.trade is not None)
            t = richest(compile_ground(ground), self._scenario)
            electric_W, heat_W = (
                _power(m2, self._brightest_w_m2) for m2 in (t.electric_m2, t.heat_m2)
            )
            site = Ageless(t, electric_W, heat_W, np.flatnonzero(bought).tolist(), gifts)
            if site.rate_per_year <= 0:
                continue
            makes = max(rules.most_robots, crew) * site.most_per_year(robots, stock)
            found.append(
                Breeder(
                    site.rate_per_year,
                    site.growing_years((robots, stock), need),
                    (every + self._dt_days) / YEAR_DAYS,
                    2.0 * every / YEAR_DAYS,
                    makes if rules.most_robots < UNLIMITED else math.inf,
                    most,
                )
            )
        return found


def _power(m2: F64, sunlight_w_m2: float) -> F64:
    """Return (K,) power in whole watts, as the rules have it."""
    return np.array([float(int(x * sunlight_w_m2)) for x in m2])
