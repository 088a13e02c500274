"""What a tuning is told: one TOML file, checked before anything runs."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from auxon.policies.rule import MarketRule
from auxon.policies.rule_file import limits
from auxon.policies.training.ground import GroundEntry
from auxon.sim.errors import ScenarioError
from auxon.sim.scenario import Scenario
from auxon.sim.schema import Strict
from auxon.sim.toml_errors import finding, nearest, read, validate

from .evaluation import FIRST_SEED

Whole = Annotated[int, Field(ge=1, le=100_000)]


class NumberEntry(Strict):
    """A number to be searched for."""

    start: Annotated[float, Field(gt=0, le=1e6)]
    factor: Annotated[float, Field(ge=1.01, le=10)]
    """By which it varies at first, up and down: a standard deviation of the first candidates."""


class TuningFile(Strict):
    """A tuning file."""

    format: Literal[1]
    title: Annotated[str, Field(min_length=3)]
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    """Of the search; worlds have seeds of their own."""
    generations: Annotated[int, Field(ge=1, lt=FIRST_SEED - 1)] = 40
    candidates: Annotated[int, Field(ge=4, le=1000)] = 12
    """Of a generation."""
    colonies: Whole = 4
    """Of a candidate on each ground."""
    colonies_at_the_end: Whole = 16
    """Of what was found, beside the usual market."""
    ground: Annotated[tuple[GroundEntry, ...], Field(min_length=1)]
    search: Annotated[dict[str, NumberEntry], Field(min_length=2)]
    """Numbers of `MarketRule`; the others stay as usual."""

    def scenarios(self) -> list[Scenario]:
        """Return the grounds, changed."""
        return [g.changed() for g in self.ground]


def load_tuning(path: str | Path) -> TuningFile:
    """Read and check a tuning file.

    Raises
    ------
    ScenarioError
        With every finding: what was found, where, what was expected.
    """
    source = read(Path(path))
    found = validate(TuningFile, source.data, [source])
    bad = []
    for name, number in found.search.items():
        if name not in MarketRule._fields:
            text = "no number of the market; expected one of `MarketRule`; "
            text += nearest(name, MarketRule._fields)
            bad.append(finding([source], ("search", name), text))
            continue
        low, high = limits(name)
        if not low <= number.start <= high:
            text = f"found {number.start:g}; expected {low:g} to {high:g}; start inside"
            bad.append(finding([source], ("search", name, "start"), text))
    if bad:
        raise ScenarioError(bad)
    found.scenarios()  # refused before anything runs
    return found
