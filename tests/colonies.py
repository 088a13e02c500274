"""Colonies whose robots are born, break, are repaired and die within months."""

from functools import cache

from auxon.agents import Society
from auxon.sim.scenario import Scenario, load


@cache
def mortal() -> Scenario:
    """The toy colony with robots that break within weeks and live half a year."""
    toy = load("tiny")
    life = {f"override.species.{k}.life_h": 4000 for k in toy.industry.species}
    wear = {f"override.species.{k}.mtbf_h": 400 for k in toy.industry.species}
    return toy.replace(life | wear)


def colony(days: int = 200, sites: int = 3) -> Society:
    """Three colonies in which robots were born, broke, were repaired and died."""
    society = Society(mortal(), "kanban", rng=5, sites=sites, check=True)
    for _ in range(days):
        society.step()
    return society
