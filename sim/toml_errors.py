"""Reads TOML, checks it against a shape, and says what is wrong, with file, line and path.

Every finding reads ``file:line: dotted.path: what was found; what was expected; remedy``. What is
checked may be merged from several files; a finding names the last that wrote the offending key.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from .errors import ScenarioError

Loc = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

_UNIT = (
    "kg|g|mg|t|km2|m2|km|m|cm|au|ly|days|day|d|years|year|hours|h|minutes|min|seconds|s"
    "|MW|kW|W|kJ|MJ|J|kWh|MWh|Wh|deg|rad|ppm|percent|pct|fraction|wt|jd_tdb|jd"
)
_WITH_UNIT = re.compile(rf"(?P<stem>\w+?)_(?P<unit>(?:{_UNIT})(?:_per_(?:{_UNIT}))?)")
_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_PATH = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_LINE = re.compile(rf"\s*(?:\[(?P<listed>\[)?\s*(?P<table>{_PATH})\s*\]\]?|(?P<key>{_PATH})\s*=)")
_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text in quotes",
    "bool": "true or false",
    "dict": "a table",
    "model": "a table",
    "tuple": "a list in [ ]",
    "finite": "a finite number",
}
"""By the first word of pydantic's error type."""


@dataclass(frozen=True)
class Source:
    """Data with the place it came from.

    Attributes
    ----------
    file : str
        What to call it in a finding.
    data : Mapping[str, Any]
    text : str
        The TOML it was read from; empty when it came from Python.
    prefix : tuple of str and int
        Path of `data` within the file: ``("override",)`` for a scenario's overrides.
    """

    file: str
    data: Mapping[str, Any]
    text: str = ""
    prefix: Loc = ()

    @cached_property
    def _lines(self) -> dict[Loc, int]:
        return dict(_lines(self.text))

    def depth(self, loc: Loc) -> int:
        """Count how many leading keys of `loc` this source has."""
        here: Any = self.data
        for depth, key in enumerate(loc):
            if isinstance(here, Mapping) and key in here:
                here = here[key]
            elif isinstance(here, list) and isinstance(key, int) and key < len(here):
                here = here[key]
            else:
                return depth
        return len(loc)

    def place(self, loc: Loc) -> str:
        """Give ``file:line: dotted.path: ``, the line being that of the deepest key written."""
        full: Loc = self.prefix + loc
        found = (self._lines.get(full[:n]) for n in range(len(full), 0, -1))
        line = next((n for n in found if n), None)
        dotted = ".".join(map(str, full))
        return f"{self.file}{f':{line}' if line else ''}: {dotted + ': ' if dotted else ''}"


def _lines(text: str) -> Iterator[tuple[Loc, int]]:
    """Yield (path, line number) of every table header and key, but not from inside long strings.

    A table of a list has its number in the path, as in ``("belt", "rival", 1, "name")``.
    """
    table: Loc = ()
    last: dict[Loc, int] = {}  # number of the table that a list has got to
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if match := _LINE.match(line):
            keys = [k.strip("\"'") for k in re.findall(_KEY, match["table"] or match["key"])]
            if match["table"]:
                table = ()
                for key in keys[:-1]:
                    table = _entered((*table, key), last)
                table = (*table, keys[-1])
                if match["listed"]:
                    last[table] = last.get(table, -1) + 1
                    if not last[table]:
                        yield table, number
                    table = _entered(table, last)
                yield table, number
            else:
                yield (*table, *keys), number
        fence = next((f for f in ('"""', "'''") if line.count(f) % 2), "")


def _entered(table: Loc, last: Mapping[Loc, int]) -> Loc:
    """Return the path into a table, or into the last one so far where it is a list of them."""
    return (*table, last[table]) if table in last else table


def finding(sources: Sequence[Source], loc: Loc, text: str) -> str:
    """Put file, line and path before a sentence: of the last source deepest into `loc`."""
    return max(reversed(sources), key=lambda source: source.depth(loc)).place(loc) + text


def nearest(name: str, known: Iterable[str]) -> str:
    """Say the closest of the known names, or list some of them."""
    names = sorted(set(known))
    if close := get_close_matches(name, names, 1, 0.6):
        return f"did you mean '{close[0]}'?"
    return f"known: {', '.join(names[:20]) or 'none'}{', ...' if len(names) > 20 else ''}"


def read(path: Path) -> Source:
    """Read a TOML file.

    Raises
    ------
    ScenarioError
        No such file, not UTF-8, or not TOML, with the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return Source(str(path), tomllib.loads(text), text)
    except OSError as error:
        raise ScenarioError(
            [f"{path}: cannot be read ({error.strerror}); expected a TOML file; check the path"]
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(
            [f"{path}: byte {error.start} is not UTF-8; expected a TOML file; save it as UTF-8"]
        ) from error
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).removesuffix(")").partition(" (at ")
        line = re.search(r"line (\d+)", where)
        # "at end of document" is the last line
        number = line[1] if line else str(len(text.splitlines()))
        raise ScenarioError(
            [f"{path}:{number}: {what}; expected TOML; mend the line or the one before"]
        ) from error


def plain(data: Any) -> Any:
    """Copy data into what JSON knows: numpy scalars as numbers, tuples as lists, else as text."""
    return json.loads(
        json.dumps(data, default=lambda v: v.item() if hasattr(v, "item") else str(v))
    )


def validate(model: type[Model], data: Any, sources: Sequence[Source]) -> Model:
    """Check data against its shape, strictly: "12" is no number and 1.5 no whole one.

    Raises
    ------
    ScenarioError
        One finding for each key that is unknown, missing, of the wrong type or out of range.
    """
    try:
        # Strict Python mode wants tuples and instances; strict JSON mode takes lists and tables.
        return model.model_validate_json(json.dumps(plain(data)), strict=True)
    except ValidationError as error:
        raise ScenarioError(_explain(error, model, sources)) from None


def _explain(
    error: ValidationError, model: type[BaseModel], sources: Sequence[Source]
) -> list[str]:
    findings: list[str] = []
    missing: dict[Loc, list[str]] = {}
    for one in error.errors(include_url=False):
        loc = one["loc"]
        if one["type"] == "missing":
            missing.setdefault(loc[:-1], []).append(str(loc[-1]))
        elif one["type"] == "extra_forbidden":
            findings.append(finding(sources, loc, _unknown_key(model, loc)))
        elif loc and loc[-1] == "[key]":
            text = f"'{loc[-2]}' is not a name; expected {_wanted(one, model)}; rename it"
            findings.append(finding(sources, loc[:-1], text))
        else:
            text = f"found {_shown(one['input'])}; expected {_wanted(one, model)}; change it"
            findings.append(finding(sources, loc, text))
    for loc, keys in missing.items():
        names = ", ".join(f"'{key}'" for key in keys)
        text = f"no {names} here; expected {'it' if len(keys) == 1 else 'them'}; add"
        if len(loc) == 2 and (others := _siblings(sources, loc)):
            text += (
                f", or, to amend an entry below, name it rightly; {nearest(str(loc[1]), others)}"
            )
        findings.append(finding(sources, loc, text))
    return findings


def _siblings(sources: Sequence[Source], loc: Loc) -> set[str]:
    tables = (source.data.get(str(loc[0])) for source in sources)
    return {name for table in tables if isinstance(table, Mapping) for name in table} - {
        str(loc[1])
    }


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _stem_and_unit(key: str) -> tuple[str, str]:
    match = _WITH_UNIT.fullmatch(key)
    return (match["stem"], match["unit"]) if match else (key, "")


def _unknown_key(model: type[BaseModel], loc: Loc) -> str:
    key = str(loc[-1])
    parent, _ = _at(model, loc[:-1])
    known = list(getattr(parent, "model_fields", ()))
    stem, unit = _stem_and_unit(key)
    for right in known:
        right_stem, right_unit = _stem_and_unit(right)
        if stem == right_stem and unit != right_unit:
            given = f"in {right_unit}" if right_unit else "as a plain number"
            return (
                f"unknown key '{key}'; this is given {given}, as '{right}'; convert and rename it"
            )
    return f"unknown key '{key}'; expected one of this table's keys; {nearest(key, known)}"


def _wanted(error: Any, model: type[BaseModel]) -> str:
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return _range(_at(model, error["loc"])[1])
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "string_pattern_mismatch":
        return f"a text like {context['pattern']}"
    if kind in ("string_too_short", "too_short"):
        return f"at least {context['min_length']} of them"
    return _EXPECTED.get(kind.split("_")[0], str(error["msg"]).lower())


def _range(metadata: Sequence[Any]) -> str:
    words = {"gt": "over", "ge": "at least", "lt": "under", "le": "at most"}
    bounds = [
        f"{word} {getattr(one, name):,}".removesuffix(".0")
        for name, word in words.items()
        for one in metadata
        if hasattr(one, name)
    ]
    return f"a number {' and '.join(bounds)}"


def _at(model: type[BaseModel], loc: Loc) -> tuple[Any, Sequence[Any]]:
    """Walk a path down the type annotations; return the type there and the constraints on it."""
    kind: Any = model
    metadata: Sequence[Any] = ()
    for key in loc:
        if get_origin(kind) in (Union, UnionType):
            kind = next(arg for arg in get_args(kind) if arg is not type(None))
        if get_origin(kind) in (dict, tuple):
            kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
            metadata = ()
            if get_origin(kind) is Annotated:
                kind, *extras = get_args(kind)
                metadata = [m for x in extras if isinstance(x, FieldInfo) for m in x.metadata]
        elif field := getattr(kind, "model_fields", {}).get(key):
            kind, metadata = field.annotation, field.metadata
        else:
            return None, ()
    if get_origin(kind) in (Union, UnionType):
        kind = next(arg for arg in get_args(kind) if arg is not type(None))
    return kind, metadata
