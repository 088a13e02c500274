"""The shape of a scenario file."""

from typing import Annotated, Literal

from pydantic import Field

from .belt_schema import BeltEntry
from .partial_schema import PartialEntry
from .schema import ImportsEntry, IndustryFile, RulesEntry, SeedEntry, SiteEntry, Strict


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
    belt: BeltEntry | None = None
    partial: PartialEntry | None = None
    override: IndustryFile = IndustryFile()
    """Merged onto the industry, last: change one number without copying a library."""
