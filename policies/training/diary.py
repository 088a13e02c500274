"""Diaries: what became of sites whose policy drew by lot when they might launch.

A society keeps one: at the beginning of each turn it writes down every site as the site sees
itself, where all robots are, and what was drawn. From it come windows: a site that begins to plan,
and what its house, the site and all that left it since, was at each of the next turns.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auxon.policies.quota import Scripted
from auxon.policies.site_features import ALOFT, FEATURES, FOUNDED, LEAST, features
from auxon.sim.observation import Action, Observation
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.rng import LAUNCH, philox
from auxon.sim.scenario import Scenario
from auxon.sim.state import FLYING, SETTLED
from auxon.sim.world import World

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass
class Page:
    """A society at the beginning of a turn; S sites and ships.

    Attributes
    ----------
    step : int
    x : (S, F) float64
        Features; zeros for ships.
    act : (S,) int64
        1 where a site may launch in this turn.
    robots, state, origin, left_at : (S,) int64
    """

    step: int
    x: F64
    act: I64
    robots: I64
    state: I64
    origin: I64
    left_at: I64


class Windows(NamedTuple):
    """N sites that begin to plan, T turns, F features.

    Attributes
    ----------
    x : (N, T + 1, F) float64
    act : (N, T) int64
        -1 for turns after the end of the diary, of which nothing is known.
    gain : (N, T) float64
        Doublings of the house in each turn.
    """

    x: F64
    act: I64
    gain: F64


class Drawn:
    """A script whose sites may launch in a turn by lot.

    Parameters
    ----------
    base : Scripted
        Decides everything else.
    odds : float
        Chance that a site may launch in a turn: 0 never, 1 always.
    turn_days : float

    Attributes
    ----------
    pages : list of Page
        One a turn. A page is begun when the first kind of site is asked.
    """

    def __init__(self, base: Scripted, odds: float, turn_days: float) -> None:
        self.base, self.odds, self.turn_days = base, odds, turn_days
        self.memory_width = base.memory_width
        self.pages: list[Page] = []

    def act(
        self, observation: Observation, memory: NDArray[np.float32]
    ) -> tuple[Action, NDArray[np.float32]]:
        """Let some sites hold."""
        o = observation
        action, memory = self.base.act(o, memory)
        steps = turn_steps(self.turn_days, o.dt_s)
        may = self._draw(o, o.step // steps)
        if o.step % steps == 0 and not (self.pages and self.pages[-1].step == o.step):
            self.pages.append(_page(o, may))
        return replace(action, launch=may), memory

    def _draw(self, o: Observation, turn: int) -> NDArray[np.bool_]:
        bar = self.odds * 2.0**32
        words = [philox(o.seed, LAUNCH, turn, s)[0] for s in range(len(o.sites.claim))]
        return np.array([float(word) < bar for word in words])


def turn_steps(turn_days: float, dt_s: int) -> int:
    """Return the steps of a turn."""
    return max(1, round(turn_days * 86_400 / dt_s))


def keep(
    scenario: Scenario, base: Scripted, odds: float, turn_days: float, seed: int, years: float
) -> list[Page]:
    """Run a society to the horizon and return its diary."""
    policy = Drawn(base, odds, turn_days)
    world = World(scenario, policy, seed)
    for _ in range(round(years * YEAR_DAYS * 86_400 / world.dt_s)):
        world.step()
    return policy.pages


def windows(pages: list[Page], turns: int, kit_robots: int) -> Windows:
    """Return what became of every site, from every page on.

    Parameters
    ----------
    pages : list of Page
    turns : int
    kit_robots : int
        Robots of a kit: the unit of features.
    """
    found: list[tuple[F64, I64, F64]] = []
    for n in range(len(pages) - 1):
        follow = pages[n : n + turns + 1]
        missing = (0, turns + 1 - len(follow))
        for s in np.flatnonzero((follow[0].state == SETTLED) & (follow[0].robots > 0)):
            away = np.array([_away(page, int(s), follow[0].step) for page in follow]) / kit_robots
            x = np.stack([page.x[s] for page in follow])
            x[:, [ALOFT, FOUNDED]] = np.log2(1.0 + away)
            x = np.pad(x, (missing, (0, 0)))
            home = np.array([page.robots[s] for page in follow]) / kit_robots
            total = np.log2(np.maximum(LEAST, home + away.sum(1)))
            act = np.array([page.act[s] for page in follow[:-1]])
            act = np.pad(act, missing, constant_values=-1)
            found.append((x, act, np.pad(np.diff(total), missing)))
    if not found:
        none = np.empty((0, turns + 1, len(FEATURES)))
        return Windows(none, np.empty((0, turns), np.int64), np.empty((0, turns)))
    return Windows(*(np.stack(column) for column in zip(*found, strict=True)))


def _page(o: Observation, may: NDArray[np.bool_]) -> Page:
    w, f = o.sites, o.flows
    x = np.zeros((len(w.state), len(FEATURES)))
    settled = np.flatnonzero(w.state == SETTLED)
    x[settled] = features(o, settled)
    robots = (f.healthy + f.broken).sum(1)
    return Page(
        o.step, x, may.astype(np.int64), robots, w.state.copy(), w.origin.copy(), w.left_at.copy()
    )


def _away(page: Page, home: int, since: int) -> tuple[int, int]:
    """Return robots aloft and on sites founded, of all that left a site since a step."""
    there = np.zeros(len(page.state), np.bool_)
    there[home] = True
    left = (page.left_at >= since) & np.isin(page.state, (FLYING, SETTLED))
    while (more := left & there[page.origin] & ~there).any():
        there |= more
    there[home] = False
    robots = page.robots * there
    return int(robots[page.state == FLYING].sum()), int(robots[page.state == SETTLED].sum())
