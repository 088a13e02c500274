"""Finds the files a scenario draws on, merges its industry files, checks names against each other.

Merging is by key: an overlay may give the one number it changes. Tables of amounts (``inputs``,
``outputs``, ``bill``...) are replaced as a whole: half of an old recipe beside half of a new one
would balance by chance only.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import ScenarioError
from .schema import BodiesFile, BodyEntry, CompositionEntry, CompositionsFile, Drop, IndustryFile
from .toml_errors import Loc, Source, finding, nearest, read, validate

SHIPPED = Path(__file__).parents[1] / "scenarios"
"""Folder of the shipped scenarios, bodies, compositions and (in ``industry/``) industries."""

ENTRIES = ("material", "process", "species")
"""Tables whose entries are merged key by key."""


def names_in(folder: Path) -> list[str]:
    """Names of the TOML files in a folder, without the two that are data for all."""
    return sorted(p.stem for p in folder.glob("*.toml") if p.stem not in ("bodies", "compositions"))


def find(name: str, shipped: Path, folder: Path | None) -> Path | None:
    """Path of ``x.toml`` beside the scenario or of a shipped ``x``; None where there is none."""
    path = (folder or Path()) / name if name.endswith(".toml") else shipped / f"{name}.toml"
    return path if path.is_file() else None


def read_industries(names: Sequence[str], folder: Path | None, scenario: Source) -> list[Source]:
    """Read the industry files of a scenario, in order.

    Raises
    ------
    ScenarioError
        A file that is not there or is not TOML.
    """
    shipped = SHIPPED / "industry"
    layers, bad = [], []
    for index, name in enumerate(names):
        if path := find(name, shipped, folder):
            layers.append(read(path))
        else:
            text = f"no industry '{name}'; expected a shipped name or a path ending in .toml; "
            bad.append(
                finding([scenario], ("industry", index), text + nearest(name, names_in(shipped)))
            )
    if bad:
        raise ScenarioError(bad)
    return layers


def body_and_composition(
    name: str, folder: Path | None, scenario: Source
) -> tuple[BodyEntry, CompositionEntry]:
    """Look up a body and its composition, in the shipped tables and those beside the scenario.

    Raises
    ------
    ScenarioError
        No such body or composition, or a table that cannot be used.
    """
    bodies, body_sources = _table("body", folder)
    if name not in bodies:
        text = f"no body '{name}'; expected one of bodies.toml; {nearest(name, bodies)}"
        raise ScenarioError([finding([scenario], ("body",), text)])
    chosen = {"body": {name: bodies[name]}}
    body = validate(BodiesFile, chosen, body_sources).body[name]
    loc = ("body", name, "composition")
    return body, composition(body.composition, folder, scenario, loc, body_sources)


def composition(
    name: str,
    folder: Path | None,
    scenario: Source,
    loc: Loc,
    named_by: Sequence[Source] = (),
) -> CompositionEntry:
    """Look up a class of rock, in the shipped table and that beside the scenario.

    Parameters
    ----------
    loc : Loc
        Where it was named: in the scenario, or in `named_by`.

    Raises
    ------
    ScenarioError
        No such composition, or a table that cannot be used.
    """
    compositions, sources = _table("composition", folder)
    if name not in compositions:
        text = f"no composition '{name}'; expected one of compositions.toml; "
        at = list(named_by) or [scenario]
        raise ScenarioError([finding(at, loc, text + nearest(name, compositions))])
    chosen = {"composition": {name: compositions[name]}}
    return validate(CompositionsFile, chosen, sources).composition[name]


def _table(key: str, folder: Path | None) -> tuple[dict[str, Any], list[Source]]:
    """Entries of ``bodies.toml`` or ``compositions.toml``: shipped, then beside the scenario."""
    file = {"body": "bodies.toml", "composition": "compositions.toml"}[key]
    paths = [SHIPPED / file, *([folder / file] if folder and folder != SHIPPED else [])]
    sources = [read(path) for path in paths if path.is_file()]
    entries: dict[str, Any] = {}
    for source in sources:
        table = source.data.get(key)
        entries |= table if isinstance(table, Mapping) else {}
    return entries, sources


def merge(layers: Sequence[Source]) -> dict[str, Any]:
    """Merge industry layers, the later over the earlier, into plain data of one `IndustryFile`.

    Raises
    ------
    ScenarioError
        A layer drops what is not below it, or has a key (outside its entries) that no industry has.
    """
    merged: dict[str, Any] = {key: {} for key in (*ENTRIES, "route", "substitute")}
    for layer in layers:
        head = validate(
            IndustryFile, {k: v for k, v in layer.data.items() if k not in ENTRIES}, [layer]
        )
        _drop(head.drop, merged, layer)
        for key in ENTRIES:
            table = layer.data.get(key, {})
            if not isinstance(table, Mapping):
                text = f"found {table!r}; expected tables [{key}.NAME]; change it"
                raise ScenarioError([finding([layer], (key,), text)])
            for name, entry in table.items():
                below = merged[key].get(name)
                both = isinstance(below, Mapping) and isinstance(entry, Mapping)
                merged[key][name] = {**below, **entry} if both else entry
        plain = head.model_dump(mode="json", exclude={*ENTRIES, "drop"}, exclude_defaults=True)
        for key, value in plain.items():
            merged[key] = {**merged[key], **value} if isinstance(value, dict) else value
    # One order of keys, whichever layer gave them: a scenario's hash depends on it.
    return {key: merged[key] for key in IndustryFile.model_fields if key in merged}


def _drop(drop: Drop, merged: dict[str, Any], layer: Source) -> None:
    """Take names out of what lies below, with the routes that lead to them."""
    bad = []
    for plural, key in (
        ("materials", "material"),
        ("processes", "process"),
        ("species", "species"),
    ):
        for index, name in enumerate(getattr(drop, plural)):
            if merged[key].pop(name, None) is None:
                text = f"cannot drop '{name}'; expected a {key} of the files before; "
                loc = ("drop", plural, index)
                bad.append(finding([layer], loc, text + nearest(name, merged[key])))
    if bad:
        raise ScenarioError(bad)
    gone = {*drop.materials, *drop.processes}
    merged["route"] = {m: p for m, p in merged["route"].items() if not {m, p} & gone}


def industry_file(layers: Sequence[Source]) -> IndustryFile:
    """Merge layers, check the shape of every entry, and every name against the others.

    Raises
    ------
    ScenarioError
        One finding for each key or name that cannot be.
    """
    file = validate(IndustryFile, merge(layers), layers)
    if bad := list(_dangling(file, layers)):
        raise ScenarioError(bad)
    return file


def check_class(file: IndustryFile, composition: str, layers: Sequence[Source]) -> None:
    """Refuse an industry on a body whose rock it is not made for.

    Raises
    ------
    ScenarioError
        The industry lists classes, and the body's composition is none of them.
    """
    if file.classes and composition not in file.classes:
        text = (
            f"made for {', '.join(file.classes)}; expected rock of class {composition}, the body's"
        )
        text += "; choose another body or a front end made for it"
        raise ScenarioError([finding(layers, ("classes",), text)])


def _uses(file: IndustryFile) -> Iterator[tuple[Loc, str, str]]:
    """Yield every place that names an entry: where, the name, and of what kind it must be."""
    for role in ("assembler", "repairer"):
        if name := getattr(file, role):
            yield (role,), name, "species"
    for name, material in file.material.items():
        if material.same_as:
            yield ("material", name, "same_as"), material.same_as, "material"
    for name, process in file.process.items():
        yield ("process", name, "machine"), process.machine, "species"
        for side in ("inputs", "outputs"):
            for what in getattr(process, side):
                yield ("process", name, side, what), what, "material"
    for name, species in file.species.items():
        for parts in ("bill", "repair_parts"):
            for what in getattr(species, parts):
                yield ("species", name, parts, what), what, "material"
    for name, pieces in file.substitute.items():
        yield ("substitute", name), name, "material"
        for what in pieces:
            yield ("substitute", name, what), what, "material"
    for name, process_name in file.route.items():
        yield ("route", name), name, "material"
        yield ("route", name), process_name, "process"


def _dangling(file: IndustryFile, layers: Sequence[Source]) -> Iterator[str]:
    """Yield a finding for each name that stands for nothing, or not for what it should."""
    for loc, name, kind in _uses(file):
        known = getattr(file, kind)
        if name not in known:
            text = f"'{name}' is not a {kind}; expected one of the industry's; "
            yield finding(layers, loc, text + nearest(name, known))
    for name, process in file.process.items():
        for product in sorted(set(process.byproducts) - set(process.outputs)):
            text = f"'{product}' is not an output of {name}; expected one of its outputs; "
            loc = ("process", name, "byproducts")
            yield finding(layers, loc, text + nearest(product, process.outputs))
    for name, to in file.route.items():
        if to in file.process and name not in file.process[to].outputs:
            makers = [p for p, entry in file.process.items() if name in entry.outputs]
            text = f"{to} does not make {name}; expected one that does; {nearest(to, makers)}"
            yield finding(layers, ("route", name), text)
