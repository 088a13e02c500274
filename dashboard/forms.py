"""What of a scenario a form may change: read off its schema, with units, bounds and help.

Nothing is listed here by hand: a new setting in `auxon.sim.schema` shows up in the form by itself.
"""

import ast
import functools
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from auxon.sim.partial_schema import PartialEntry
from auxon.sim.scenario import Scenario
from auxon.sim.schema import ImportsEntry, RulesEntry, SiteEntry

UNITS = {
    "_days": "days", "_kg": "kg", "_steps": "steps", "_fraction": "0 to 1", "per_year": "a year",
}  # fmt: skip
_TABLES: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("rules", "Rules", RulesEntry),
    ("site", "Site", SiteEntry),
    ("imports", "Imports", ImportsEntry),
)
_UNTOUCHED = {"rules.step_days", "rules.review_steps"}
"""They say how the model is computed, not what is modelled."""


@dataclass(frozen=True)
class Setting:
    """One number that a form may change.

    Attributes
    ----------
    path : str
        Dotted key of the scenario file, as `Scenario.replace` takes it.
    group, label, unit, help : str
    value : int or float
        What it is in the scenario.
    least, most : float
        Bounds of the schema, within a step of what is allowed.
    whole : bool
        Whether only whole numbers make sense.
    """

    path: str
    group: str
    label: str
    unit: str
    help: str
    value: int | float
    least: float
    most: float
    whole: bool


def settings(scenario: Scenario, seed: bool = True) -> list[Setting]:
    """Return what a form may change of a scenario.

    Parameters
    ----------
    scenario : Scenario
    seed : bool
        Whether the robots it starts with are among it; not where a society goes on.
    """
    found: list[Setting] = []
    if seed:
        for species, n in scenario.seed_robots.items():
            title = scenario.industry.species[species].title
            found.append(
                Setting(
                    f"seed.robots.{species}", "Seed", species, "robots", title, n, 0, 10**6, True
                )
            )
    for table, group, model in _TABLES:
        if (entry := getattr(scenario, table)) is not None:
            found += _of(table, group, model, entry)
    if scenario.partial is not None:
        for name in PartialEntry.model_fields:
            if (entry := getattr(scenario.partial, name)) is not None:
                found += _of(f"partial.{name}", f"Hidden: {name}", type(entry), entry)
    return [s for s in found if s.path not in _UNTOUCHED]


def changed(settings: list[Setting], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that differ from the scenario's, by path."""
    return {
        s.path: int(values[s.path]) if s.whole else float(values[s.path])
        for s in settings
        if s.path in values and values[s.path] is not None and values[s.path] != s.value
    }


def _of(table: str, group: str, model: type[BaseModel], entry: BaseModel) -> Iterator[Setting]:
    helps = _docs(model)
    for name, info in model.model_fields.items():
        value = getattr(entry, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        least, most = _bounds(info)
        unit = next((u for end, u in UNITS.items() if name.endswith(end.strip("_"))), "")
        yield Setting(
            f"{table}.{name}", group, name.replace("_", " "), unit, helps.get(name, ""), value,
            least, most, isinstance(value, int),
        )  # fmt: skip


def _bounds(info: FieldInfo) -> tuple[float, float]:
    """Return bounds; just inside where the bound itself is not allowed."""
    least, most = 0.0, 1e12
    for rule in info.metadata:
        if isinstance(rule, annotated_types.Ge):
            least = float(rule.ge)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Gt):
            least = float(rule.gt) + 1e-9  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Le):
            most = float(rule.le)  # type: ignore[arg-type]
        elif isinstance(rule, annotated_types.Lt):
            most = float(rule.lt) - 1e-9  # type: ignore[arg-type]
    return least, most


@functools.cache
def _docs(model: type[BaseModel]) -> dict[str, str]:
    """Return what is written under each attribute of a model."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for above, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(above, ast.AnnAssign) and isinstance(above.target, ast.Name):
            if text := _text(below):
                found[above.target.id] = " ".join(text.split())
    return found


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""
