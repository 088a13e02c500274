"""The shape of ``[belt]`` in a scenario: the bodies, who starts where, how seeds and cargo fly."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from .schema import Name, SeedEntry, Strict

Share = Annotated[float, Field(ge=0, le=1)]


class SyntheticEntry(Strict):
    """Bodies made up from the figures of the real belt: the n largest (`auxon belt make`)."""

    n: Annotated[int, Field(ge=1, le=10_000_000)]
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 1


class FrontEntry(Strict):
    """What a site does on one class of rock."""

    industry: Annotated[tuple[str, ...], Field(min_length=1)]
    """Industry files, as at the top of the scenario, with the front end for this rock."""
    value: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """What such a body is worth to an expedition, beside others."""
    buys: dict[Name, Annotated[int, Field(gt=0, le=10**12)]] = Field(default_factory=dict)
    """What the rock does not yield, or too little of: a site with less than half of such an amount
    (grams or pieces) orders what lacks of it from other sites."""


class KitEntry(SeedEntry):
    """What an expedition carries: robots and stock, as in a seed."""

    spare: Annotated[float, Field(ge=1, le=1000)] = 2.0
    """A site sends a kit when it has each of its robots so many times."""
    most: Annotated[int, Field(ge=0)] | None = None
    """Expeditions that a site sends at most."""


class PropellantEntry(Strict):
    """Something a drive can throw out behind."""

    material: Name
    exhaust_m_s: Annotated[float, Field(gt=0, le=1e6)]
    """Effective exhaust velocity: specific impulse times 9.80665 m/s2."""


class DriveEntry(Strict):
    """What flies, and how far."""

    propellants: Annotated[tuple[PropellantEntry, ...], Field(min_length=1)]
    """In order of preference; a ship takes the first of which there is enough."""
    carrier: Name | None = None
    """Species that flies; None: kits fly by themselves."""
    payload_kg: Annotated[float, Field(gt=0, le=1e9)] = 10_000.0
    """Robots, stock and propellant that one carrier can push."""
    acceleration_m_s2: Annotated[float, Field(gt=0, le=1)] | None = None
    """Of a drive of low thrust, which spirals (Edelbaum) and may leave at any time; None: two
    burns, in a window."""
    most_km_s: Annotated[float, Field(gt=0, le=100)] = 5.0
    """Both burns together, at most."""
    loss_per_launch: Share = 0.0
    """Share of ships lost whatever the time."""
    loss_per_year: Share = 0.0
    """Share of those in flight lost in a year."""


class SearchEntry(Strict):
    """How a site looks for the next body."""

    every_days: Annotated[float, Field(ge=1, le=36_525)] = 90.0
    """A site thinks of an expedition so often."""
    neighbours: Annotated[int, Field(ge=1, le=1000)] = 20
    """Bodies looked at: the nearest in the space of orbits."""
    window_days: Annotated[float, Field(ge=1, le=36_525)] = 1461.0
    """It leaves within this time."""
    flight_days: Annotated[float, Field(ge=10, le=36_525)] = 1461.0
    """It flies no longer than this."""
    certainty: Share = 1.0
    """Chance that the rock is what the class promises; else it is that of another class, as it
    occurs among the bodies. Who has been there knows."""


class TradeEntry(Strict):
    """Cargo between sites, which order what their front `buys`."""

    every_days: Annotated[float, Field(ge=1, le=36_525)] = 180.0
    """A site in need looks for a seller so often."""
    neighbours: Annotated[int, Field(ge=1, le=1000)] = 8
    """Sites it asks: the nearest in the space of orbits."""
    dearest: Annotated[float, Field(ge=1, le=1e9)] = 1000.0
    """Goods and freight may cost so many times what the goods alone do."""


class RivalEntry(SeedEntry):
    """Another lineage: its seed, its body, its design."""

    name: Name
    body: str
    override: Mapping[str, Any] = Field(default_factory=dict)
    """Its design: merged onto every industry, after the scenario's own override."""


class BeltEntry(Strict):
    """Many bodies, and a society that spreads over them."""

    bodies: tuple[str, ...] = ()
    """Names in bodies.toml; ``"all"`` alone stands for all asteroids there."""
    synthetic: SyntheticEntry | None = None
    catalogue: str | None = None
    """Parquet file of `auxon belt import` or `make`, beside the scenario."""
    nearest: Annotated[int, Field(ge=1)] | None = None
    """Of these, only so many are kept: those nearest to the home body in the space of orbits; with
    rivals, as many for each lineage."""
    name: Name = "first"
    """Of the lineage that starts with the scenario's own seed."""
    colonies: Annotated[int, Field(ge=1)] = 1
    """Bodies on which that lineage starts, each with the whole seed: the home body and the nearest
    that have a front."""
    start: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    """Day on which the run begins; default: the epoch of the home body's orbit."""
    front: dict[str, FrontEntry] = Field(default_factory=dict)
    """By composition; that of the home body needs none."""
    home_value: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """`FrontEntry.value` of the home body's rock."""
    sites_per_body: Annotated[int, Field(ge=1, le=1000)] = 4
    """Sites that a body has room for."""
    kit: KitEntry | None = None
    """None: nobody leaves."""
    drive: DriveEntry | None = None
    search: SearchEntry = SearchEntry()
    trade: TradeEntry | None = None
    rival: tuple[RivalEntry, ...] = ()
