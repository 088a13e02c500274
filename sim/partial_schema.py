"""The shape of ``[partial]`` in a scenario: what robots cannot see, and what befalls them.

Each table alone can be there or not; without one everything is as if it were not written.
"""

from typing import Annotated

from pydantic import Field

from .schema import Strict

Share = Annotated[float, Field(ge=0, le=1)]
Noise = Annotated[float, Field(ge=0, le=10)]
"""Standard deviation of a reading."""


class WearEntry(Strict):
    """Wear is hidden; a failure may wreck; service mends before that."""

    noise: Noise = 0.0
    """Of a robot's reading of its own wear, in units of the scale of use between failures."""
    wreck: Share = 0.0
    """Chance that a robot that fails is past repair."""
    shape: Annotated[float, Field(ge=0.3, le=10)] | None = None
    """Weibull shape of every species, whose mean times between failures stay their own. Wear-out,
    above 1, is what service is good against; None: each has its own."""


class OreEntry(Strict):
    """Rock is of uneven richness, which only those who dig there can tell."""

    faces: Annotated[int, Field(ge=2, le=16)]
    """Places to dig at each site."""
    spread: Annotated[float, Field(gt=0, lt=1)]
    """A face yields between 1 - spread and 1 + spread of the usual."""
    days: Annotated[float, Field(gt=0, le=36_525)]
    """After so long a face is dug through, and another lies behind it."""
    noise: Noise = 0.0
    """Of a digger's reading of its yield, beside the usual yield of 1."""


class FlaresEntry(Strict):
    """Solar particle events, which break robots in the open."""

    per_year: Annotated[float, Field(gt=0, le=1000)]
    hit: Share
    """Chance that a robot in the open breaks."""
    warning_days: Annotated[float, Field(gt=0, le=3650)]
    """Precursors are there so long before."""
    noise: Noise = 0.0
    """Of a reading of the precursor, which is 0 or 1."""


class ShadowEntry(Strict):
    """Seasons in which the site lies in shadow."""

    every_days: Annotated[float, Field(gt=0, le=36_525)]
    days: Annotated[float, Field(gt=0, le=36_525)]
    """Length of the season; at most `every_days`."""
    depth: Share
    """Share of the sunlight that is missing then."""


class ShipmentsEntry(Strict):
    """Imports come irregularly."""

    missed: Share = 0.0
    """Chance that a shipment is not sent."""
    late_days: Annotated[float, Field(ge=0, le=36_525)] = 0.0
    """A shipment comes up to so much later."""


class PartialEntry(Strict):
    """Any of these tables."""

    wear: WearEntry | None = None
    ore: OreEntry | None = None
    flares: FlaresEntry | None = None
    shadow: ShadowEntry | None = None
    shipments: ShipmentsEntry | None = None
