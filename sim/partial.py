"""``[partial]`` of a scenario as numbers that kernels take, and which conducts it opens.

Probabilities are whole numbers against which a random word of 32 bits is held; times are steps.
"""

from typing import TYPE_CHECKING, NamedTuple

from .industry import Industry
from .orbit import YEAR_DAYS
from .partial_schema import PartialEntry

if TYPE_CHECKING:
    from .scenario import Scenario

WORDS = 2**32
"""Values that a random word has."""
USUAL = 256
"""Yield of a face in the mean: 8 bits after the point."""
MOST_FACES = 16


class Partial(NamedTuple):
    """What a world hides from its robots and does to them; zeros where it does not."""

    may_shelter: bool
    """Robots may go into shelter: there are flares."""
    may_service: bool
    """Robots may have themselves serviced: wear is hidden, and somebody repairs."""
    may_move: bool
    """Robots may go to another face: there are several."""
    wear_noise: float
    wreck: int
    """Who fails is past repair if a word is below this."""
    faces: int
    span: int
    """A face yields between 256 - span and 256 + span."""
    face_steps: int
    """Steps until a face is dug through."""
    yield_noise: float
    flare: int
    """A flare strikes a site in a step if a word is below this."""
    hit: int
    """It breaks a robot in the open if a word is below this."""
    warning_steps: int
    flare_noise: float
    shadow_every: int
    """Steps from shadow to shadow, 0 for none."""
    shadow_steps: int
    light: float
    """Share of the sunlight that is left in shadow."""
    missed: int
    """No shipment is sent if a word is below this."""
    late_steps: int
    """A shipment comes up to so many steps later."""


NOTHING = Partial(
    may_shelter=False, may_service=False, may_move=False, wear_noise=0.0, wreck=0, faces=0, span=0,
    face_steps=1, yield_noise=0.0, flare=0, hit=0, warning_steps=0, flare_noise=0.0,
    shadow_every=0, shadow_steps=0, light=1.0, missed=0, late_steps=0,
)  # fmt: skip
"""Without the table."""


def partial_of(scenario: "Scenario") -> Partial:
    """Return the numbers of a scenario."""
    if scenario.partial is None:
        return NOTHING
    dt_s = round(scenario.rules.step_days * 86_400)
    return compile_partial(scenario.partial, scenario.industry, dt_s)


def compile_partial(entry: PartialEntry, industry: Industry, dt_s: int) -> Partial:
    """Return the numbers of a table.

    Parameters
    ----------
    entry : PartialEntry
    industry : Industry
    dt_s : int
        Length of a step.
    """

    def steps(days: float) -> int:
        return max(1, round(days * 86_400 / dt_s))

    numbers = NOTHING
    if wear := entry.wear:
        numbers = numbers._replace(
            may_service=industry.repairer is not None,
            wear_noise=wear.noise,
            wreck=int(wear.wreck * WORDS),
        )
    if ore := entry.ore:
        numbers = numbers._replace(
            may_move=True,
            faces=ore.faces,
            span=int(ore.spread * USUAL),
            face_steps=steps(ore.days),
            yield_noise=ore.noise,
        )
    if flares := entry.flares:
        numbers = numbers._replace(
            may_shelter=True,
            flare=int(flares.per_year * dt_s / (YEAR_DAYS * 86_400) * WORDS),
            hit=int(flares.hit * WORDS),
            warning_steps=steps(flares.warning_days),
            flare_noise=flares.noise,
        )
    if shadow := entry.shadow:
        numbers = numbers._replace(
            shadow_every=steps(shadow.every_days),
            shadow_steps=steps(shadow.days),
            light=1.0 - shadow.depth,
        )
    if shipments := entry.shipments:
        numbers = numbers._replace(
            missed=int(shipments.missed * WORDS),
            late_steps=round(shipments.late_days * 86_400 / dt_s),
        )
    return numbers
