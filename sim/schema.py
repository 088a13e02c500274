"""The shape of every TOML file, as pydantic models: what a user may write, with units and ranges.

Three files have a shape here: a *scenario* (`ScenarioFile`), an *industry* (`IndustryFile`, several
of which are merged in order), and the *bodies and compositions* they draw on (`BodiesFile`,
`CompositionsFile`). Names are checked against each other later, in `auxon.sim.library`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Confidence = Annotated[str, Field(pattern=r"^(V|Vs|MH|MU|C|A)(/(V|Vs|MH|MU|C|A))*$")]
"""V read in a document, Vs in a text that cites it, MH/MU remembered surely/unsurely, C computed, A
assumed."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Grams = Annotated[int, Field(gt=0)]
Amount = Annotated[int, Field(gt=0)]
Seconds = Annotated[int, Field(gt=0, le=10**9)]
Kilojoules = Annotated[int, Field(ge=0, le=10**12)]
Kind = Literal["reserve", "ore", "feedstock", "part", "residue", "waste", "vitamin"]


class Strict(BaseModel):
    """Unknown keys are refused, values are frozen, infinities are not numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=False)


class MaterialEntry(Strict):
    """Anything counted in a stock.

    Bulk is counted in grams, always a whole number of lots; a lot holds whole grams of each
    element. Exactly one of `formula`, `elements_g`, `same_as` says what bulk is made of. A piece
    says nothing: the process that makes it decides (a vitamin piece has no such process and gives
    `elements_g`).
    """

    unit: Literal["g", "piece"] = "g"
    kind: Kind
    formula: Annotated[str, Field(pattern=r"^([A-Z][a-z]?\d*)+$")] | None = None
    elements_g: dict[str, Grams] | None = None
    same_as: Name | None = None
    enthalpy_kJ_per_kg: float | None = None
    """Standard enthalpy of formation; None takes it from `same_as` or, for a piece, from its
    recipe."""
    source: Annotated[str, Field(min_length=3)]
    confidence: Confidence


class ProcessEntry(Strict):
    """One run of a process: inputs become outputs on a machine, in grams of bulk or pieces."""

    machine: Name
    machine_seconds: Seconds
    energy_kJ: Kilojoules
    heat_kJ: Kilojoules = 0
    """Part of `energy_kJ` that concentrated sunlight can give instead of electricity."""
    inputs: Annotated[dict[Name, Amount], Field(min_length=1)]
    outputs: Annotated[dict[Name, Amount], Field(min_length=1)]
    byproducts: tuple[Name, ...] = ()
    """Outputs that nobody runs this process for: no demand for them is passed to it."""
    takes_worn: bool = False
    """Piece inputs are worn pieces from repairs and scrapped robots, not new ones."""
    source: Annotated[str, Field(min_length=3)]
    confidence: Confidence


class SpeciesEntry(Strict):
    """A kind of robot."""

    title: Annotated[str, Field(min_length=3)]
    bill: Annotated[dict[Name, Amount], Field(min_length=1)]
    """Bill of materials, in pieces (or grams of bulk)."""
    repair_parts: dict[Name, Amount] = {}
    """Pieces that one repair replaces."""
    repair_seconds: Seconds
    assembly_seconds_per_kg: Annotated[float, Field(gt=0, le=1e6)]
    assembly_kJ_per_kg: Annotated[float, Field(ge=0, le=1e6)]
    idle_W: Annotated[int, Field(ge=0, le=10**6)]
    mtbf_h: Annotated[float, Field(gt=0, le=1e7)]
    """Mean operating time between failures."""
    weibull_shape: Annotated[float, Field(ge=0.3, le=10)]
    life_h: Annotated[float, Field(gt=0, le=1e7)]
    """Calendar age at which the robot is retired and taken apart."""
    collector_m2: Annotated[float, Field(ge=0, le=1e7)] = 0
    efficiency: Annotated[float, Field(ge=0, le=1)] = 0
    """Share of the sunlight on the collector that becomes electricity."""
    heat_efficiency: Annotated[float, Field(ge=0, le=1)] = 0
    """Share of the sunlight on the collector that becomes process heat."""
    source: Annotated[str, Field(min_length=3)]
    confidence: Confidence


class Drop(Strict):
    """What an overlay takes out of the industry below it."""

    materials: tuple[Name, ...] = ()
    processes: tuple[Name, ...] = ()
    species: tuple[Name, ...] = ()


class IndustryFile(Strict):
    """A library of materials, processes and species, or an overlay on one."""

    title: str = ""
    classes: tuple[str, ...] = ()
    """Compositions this front end is made for; empty: any body."""
    assembler: Name | None = None
    """Species whose machine time builds robots."""
    repairer: Name | None = None
    """Species whose machine time repairs robots."""
    material: dict[Name, MaterialEntry] = {}
    process: dict[Name, ProcessEntry] = {}
    species: dict[Name, SpeciesEntry] = {}
    route: dict[Name, Name] = {}
    """Material -> the process to which demand for it is passed; default: the first that makes
    it."""
    substitute: dict[Name, dict[Name, Amount]] = {}
    """Piece -> what replaces one of it in every bill and repair list."""
    drop: Drop = Drop()


class SiteEntry(Strict):
    """The place on the body."""

    sun_fraction: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the time in sunlight; power is the mean over day and night."""
    claim_kg: Annotated[float, Field(gt=0, le=4e15)] = 1e9
    """Rock the colony may use."""


class SeedEntry(Strict):
    """The payload that founds the site."""

    robots: Annotated[dict[Name, Annotated[int, Field(ge=0, le=10**8)]], Field(min_length=1)]
    stock: dict[Name, Annotated[int, Field(ge=0, le=10**15)]] = {}
    """Grams of bulk (rounded up to whole lots) or pieces."""


class ImportsEntry(Strict):
    """Vitamins from Earth: ordered every period, within a budget, and delivered after a flight."""

    materials: Annotated[tuple[Name, ...], Field(min_length=1)]
    every_days: Annotated[float, Field(ge=1, le=36525)]
    transit_days: Annotated[float, Field(ge=0, le=36525)]
    """At most `every_days`: one shipment flies at a time."""
    budget_kg: Annotated[float, Field(gt=0, le=1e9)]
    """Mass of one shipment, at most."""


class RulesEntry(Strict):
    """Settings of the step."""

    step_days: Annotated[float, Field(gt=0, le=30)] = 1.0
    review_steps: Annotated[int, Field(ge=1, le=200)] = 5
    """A robot reconsiders its task every so many steps."""
    slowdown: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    """Machine time of every process is multiplied by this (crude machines: 2.5, Metzger 2013)."""


class ScenarioFile(Strict):
    """A scenario: a body, a seed, an industry, imports, a policy, a horizon."""

    format: Literal[1]
    title: Annotated[str, Field(min_length=3)]
    body: str
    industry: Annotated[tuple[str, ...], Field(min_length=1)]
    """Industry files, merged in order; names of shipped ones or paths beside this file."""
    policy: str = "market"
    years: Annotated[float, Field(gt=0, le=10_000)]
    site: SiteEntry = SiteEntry()
    seed: SeedEntry
    imports: ImportsEntry | None = None
    rules: RulesEntry = RulesEntry()
    override: IndustryFile = IndustryFile()
    """Merged onto the industry, last: change one number without copying a library."""


class BodyEntry(Strict):
    """An asteroid or the Moon: J2000 ecliptic osculating elements, size, class."""

    number: Annotated[int, Field(ge=1)]
    composition: str
    """Key in compositions.toml."""
    taxonomy: str
    a_au: Annotated[float, Field(gt=0.1, le=100)]
    e: Annotated[float, Field(ge=0, lt=0.99)]
    i_deg: Annotated[float, Field(ge=0, le=180)]
    node_deg: Annotated[float, Field(ge=0, lt=360)]
    peri_deg: Annotated[float, Field(ge=0, lt=360)]
    M_deg: Annotated[float, Field(ge=0, lt=360)]
    epoch_jd_tdb: Annotated[float, Field(ge=2_000_000, le=3_000_000)]
    diameter_km: Annotated[float, Field(gt=0, le=4000)]
    mass_kg: Annotated[float, Field(gt=0, le=1e23)]
    mass_measured: bool = True
    """False: `mass_kg` is the usual density of the class times the volume."""
    H_mag: Annotated[float, Field(ge=-5, le=40)] | None = None
    """Absolute magnitude (H, G system)."""
    albedo: Annotated[float, Field(gt=0, le=1.5)] | None = None
    """Geometric, in V."""
    rotation_h: Annotated[float, Field(gt=0, le=1e5)] | None = None
    source: Annotated[str, Field(min_length=3)]
    confidence: Confidence


class BodiesFile(Strict):
    """bodies.toml."""

    body: dict[str, BodyEntry]


class CompositionEntry(Strict):
    """A class of rock: element mass fractions, and the phases that extraction works on, in wt%."""

    title: str
    taxonomy: tuple[str, ...]
    elements_wt: dict[str, Annotated[float, Field(ge=0, le=100)]]
    traces_ppm: dict[str, Annotated[float, Field(ge=0, le=1e6)]] = {}
    phases_wt: dict[str, Annotated[float, Field(ge=0, le=100)]]
    """Keys: water, organics, metal, sulphide, silicates_oxides."""
    source: Annotated[str, Field(min_length=3)]
    confidence: Confidence


class CompositionsFile(Strict):
    """compositions.toml."""

    composition: dict[str, CompositionEntry]
