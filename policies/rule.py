"""The numbers of the market: how sharp prices are, what is kept, when robots see to themselves."""

from typing import NamedTuple

from auxon.sim.conduct import MOVE, SERVICE, SHELTER
from auxon.sim.observation import AHEAD_S
from auxon.sim.prices import DEAREST, OFFER_POWER, POWER_SHARE


class MarketRule(NamedTuple):
    """Numbers of the market; without arguments those of the policies `kanban` and `market`.

    The last three are conduct, and without memory: a robot goes by the reading of the moment, and
    where a conduct is not open nothing comes of it.
    """

    value_power: float = 0.5
    """What a task deserves grows with this power of the value it adds per second of rent."""
    least_value: float = 0.01
    """Value added per rent counts as at least this."""
    scarcity_power: float = 0.5
    """A machine's rent grows with this power of how scarce it is."""
    least_scarcity: float = 0.01
    """Scarcity, as a share of the scarcest machine's, counts as at least this."""
    power_share: float = POWER_SHARE
    """Rent of the arrays that feed a machine, over its own."""
    offer_power: float = OFFER_POWER
    """A price rises with this power of what is wanted over what is there."""
    dearest: float = DEAREST
    """A price is at most so many times the cost, and at least the inverse of it."""
    power_full: float = 0.95
    """Share of the power there is at which more is wanted as much as the scarcest machine."""
    scarce: float = 1.0
    """Backlog in steps under which no machine is scarce: then, as when vitamins are, the mix is
    kept as it is."""
    robots_per_repairer: int = 256
    """Two repairers, and one more for so many robots, are wanted before anything: nobody repairs
    the last one."""
    robots_for_spares: int = 48
    """From so many robots on, two of every kind that has work are: the last one of a kind may be
    needed for its successor."""
    ahead_days: float = AHEAD_S / 86_400
    """Assembly work in sight that is enough, in days of each healthy assembler."""
    service_above: float = float("inf")
    """A robot has itself serviced that reads more wear; the last healthy repairer does not."""
    shelter_above: float = float("inf")
    """A robot takes shelter that reads more of a precursor."""
    move_below: float = 0.0
    """A robot moves on that reads a lower yield of its face; 0: never."""


USUAL_RULE = MarketRule()


def wanted_conducts(rule: MarketRule) -> int:
    """Return the bits of conduct that the rule ever asks for."""
    return (
        SERVICE * (rule.service_above < float("inf"))
        | SHELTER * (rule.shelter_above < float("inf"))
        | MOVE * (rule.move_below > 0)
    )
