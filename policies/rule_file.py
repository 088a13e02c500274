"""A `MarketRule` in a TOML file: read and checked, written with what each number means."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from auxon.sim.files import whole
from auxon.sim.schema import Strict
from auxon.sim.toml_errors import read, validate

from .rule import USUAL_RULE, MarketRule

_Power = Annotated[float, Field(ge=0.02, le=4)]
_Share = Annotated[float, Field(ge=1e-6, le=1)]
_Some = Annotated[float, Field(ge=0.01, le=100)]
_Robots = Annotated[int, Field(ge=2, le=10**6)]
_Above = Annotated[float, Field(gt=0, le=1000)]

_R = USUAL_RULE


class RuleFile(Strict):
    """The file: numbers as in `MarketRule`; what is left out is as usual, infinity included."""

    format: Literal[1]
    title: str = ""
    value_power: _Power = _R.value_power
    least_value: _Share = _R.least_value
    scarcity_power: _Power = _R.scarcity_power
    least_scarcity: _Share = _R.least_scarcity
    power_share: _Some = _R.power_share
    offer_power: _Power = _R.offer_power
    dearest: Annotated[float, Field(ge=1, le=1000)] = _R.dearest
    power_full: _Some = _R.power_full
    scarce: _Some = _R.scarce
    robots_per_repairer: _Robots = _R.robots_per_repairer
    robots_for_spares: _Robots = _R.robots_for_spares
    ahead_days: Annotated[float, Field(ge=0.01, le=1000)] = _R.ahead_days
    service_above: _Above = _R.service_above
    shelter_above: _Above = _R.shelter_above
    move_below: Annotated[float, Field(ge=0, le=10)] = _R.move_below


def read_rule(path: Path) -> MarketRule:
    """Read and check a file.

    Raises
    ------
    ScenarioError
        With every finding: what was found, where, what was expected.
    """
    source = read(path)
    found = validate(RuleFile, source.data, [source])
    return MarketRule(**{name: getattr(found, name) for name in MarketRule._fields})


def write_rule(path: Path, rule: MarketRule, title: str, facts: Mapping[str, str]) -> None:
    """Write a file.

    Parameters
    ----------
    path : Path
    rule : MarketRule
    title : str
    facts : Mapping[str, str]
        Where the numbers come from, as comments at the top.
    """
    lines = [f"# {name}: {text}" for name, text in facts.items()]
    lines += ["format = 1", f"title = {json.dumps(title)}"]
    lines += [f"{name} = {x}" for name, x in rule._asdict().items() if isfinite(x)]
    with whole(path) as draft:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")


def limits(name: str) -> tuple[float, float]:
    """Return the least and the greatest value that a file may give a number."""
    field = RuleFile.model_json_schema()["properties"][name]
    return field.get("minimum", field.get("exclusiveMinimum")), field["maximum"]
