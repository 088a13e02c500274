"""A scenario: a body, an industry proved to close, a seed, imports, rules. Loaded, then frozen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from . import library
from .belt_plan import BeltPlan, plan_belt
from .errors import ScenarioError
from .industry import Industry
from .partial_schema import PartialEntry
from .scenario_schema import ScenarioFile
from .schema import (
    BodyEntry,
    ImportsEntry,
    RulesEntry,
    SiteEntry,
)
from .shelf import Shelf
from .toml_errors import Loc, Source, finding, nearest, plain, read, validate

DAY_S = 86_400
_SAVED = ("name", "scenario", "body", "composition", "industry", "belt")
"""Keys of `Scenario.data`."""
_DESCRIPTIVE = frozenset({"mass_measured", "H_mag", "albedo", "rotation_h"})
"""Facts of a body that no rule of a run reads: they do not count in its identity."""


@dataclass(frozen=True)
class Body:
    """An asteroid: J2000 ecliptic osculating elements, size and class, as in `BodyEntry`."""

    name: str
    number: int
    composition: str
    taxonomy: str
    a_au: float
    e: float
    i_deg: float
    node_deg: float
    peri_deg: float
    M_deg: float
    epoch_jd_tdb: float
    diameter_km: float
    mass_kg: float
    mass_measured: bool
    H_mag: float | None
    albedo: float | None
    rotation_h: float | None
    source: str
    confidence: str


@dataclass(frozen=True)
class Scenario:
    """Everything a run starts from.

    Attributes
    ----------
    name, title : str
    body : Body
    industry : Industry
        Resolved and proved.
    site : SiteEntry
    seed_robots : Mapping[str, int]
        By species.
    seed_stock : Mapping[str, int]
        By material, in grams of whole lots or pieces.
    imports : ImportsEntry or None
    policy : str
    years : float
    rules : RulesEntry
    belt : BeltPlan or None
        None: the body is alone.
    partial : PartialEntry or None
        What is hidden from robots and befalls them.
    data : Mapping[str, Any]
        The whole of it as plain data, which JSON can hold and `load` takes back without any file.
    folder : Path or None
        Where paths in the scenario start; not part of its identity.
    """

    name: str
    title: str
    body: Body
    industry: Industry
    site: SiteEntry
    seed_robots: Mapping[str, int]
    seed_stock: Mapping[str, int]
    imports: ImportsEntry | None
    policy: str
    years: float
    rules: RulesEntry
    belt: BeltPlan | None
    partial: PartialEntry | None
    data: Mapping[str, Any] = field(repr=False)
    folder: Path | None = field(default=None, repr=False, compare=False)

    @property
    def hash(self) -> str:
        """SHA-256 of `data` as JSON. The order of entries counts, as it numbers the arrays."""
        body = {k: v for k, v in self.data["body"].items() if k not in _DESCRIPTIVE}
        text = json.dumps({**self.data, "body": body}, separators=(",", ":"), ensure_ascii=True)
        return sha256(text.encode()).hexdigest()

    def replace(self, changes: Mapping[str, Any]) -> "Scenario":
        """Make a scenario with some values changed, checked anew.

        Parameters
        ----------
        changes : Mapping[str, Any]
            By dotted key of the scenario file: ``{"seed.robots.printer": 6, "rules.slowdown": 2.0,
            "override.process.crush.energy_kJ": 900}``.

        Raises
        ------
        ScenarioError
            A key no scenario has, or a value that cannot be.
        """
        raw = plain(self.data["scenario"])
        for dotted, value in changes.items():
            *parents, last = dotted.split(".")
            table = raw
            for depth, key in enumerate(parents, 1):
                if table.get(key) is None:
                    table[key] = {}
                table = table[key]
                if not isinstance(table, dict):
                    at = ".".join(parents[:depth])
                    text = f"replace: {dotted}: {at} is not a table; expected a key; shorten it"
                    raise ScenarioError([text])
            table[last] = plain(value)
        return _build(self.name, Source("replace", raw), self.folder, self.data)


def shipped() -> list[tuple[str, str]]:
    """Name and title of each shipped scenario."""
    names = library.names_in(library.SHIPPED)
    return [(n, str(read(library.SHIPPED / f"{n}.toml").data.get("title", ""))) for n in names]


def load(source: str | Path | Mapping[str, Any]) -> Scenario:
    """Load a scenario.

    Parameters
    ----------
    source : str, Path or Mapping
        The name of a shipped scenario, a path ending in ``.toml``, the ``manifest.json`` of a
        run, the content of a scenario file, or the `data` of another scenario.

    Raises
    ------
    ScenarioError
        One finding for each thing that cannot be: ``file:line: path: found; expected; remedy``.
    """
    if isinstance(source, Mapping):
        data = plain(source)
        if "scenario" in data:
            if missing := [key for key in _SAVED if key not in data]:
                text = f"saved scenario: no '{missing[0]}' here; expected {', '.join(_SAVED)}; "
                raise ScenarioError([text + "give the whole of a scenario's data"])
            return _build(data["name"], Source("saved scenario", data["scenario"]), None, data)
        return _build("custom", Source("scenario", data), None, None)
    if not isinstance(source, (str, Path)):
        text = f"found a {type(source).__name__}; expected a shipped name, a path or a mapping"
        raise ScenarioError([f"load: {text}; give one"])
    if isinstance(source, Path) or source.endswith((".toml", ".json")):
        path = Path(source)
        if path.suffix == ".json":
            return load(_of_run(path))
    else:
        path = library.SHIPPED / f"{source}.toml"
        if source not in (names := library.names_in(library.SHIPPED)):
            text = f"no scenario '{source}'; expected a shipped one or a path ending in .toml; "
            raise ScenarioError([text + nearest(source, names)])
    return _build(path.stem, read(path), path.parent, None)


def _of_run(manifest: Path) -> Mapping[str, Any]:
    """Return the data of the scenario that a run's manifest holds."""
    try:
        data = json.loads(manifest.read_text(encoding="utf-8"))["data"]
        if isinstance(data, dict) and "scenario" in data:
            return data
        found = "no scenario in it"
    except FileNotFoundError:
        found = "no such file"
    except (OSError, ValueError, KeyError, TypeError):
        found = "no scenario in it"
    raise ScenarioError([f"{manifest}: {found}; expected the manifest.json of a run; name another"])


def _build(
    name: str, source: Source, folder: Path | None, saved: Mapping[str, Any] | None
) -> Scenario:
    """Check and resolve a scenario; what `saved` data already holds is not read again."""
    raw = dict(source.data)
    # Checked when merged, as it may give a part of an entry; what is no table is refused here.
    changes = raw.pop("override", {}) if isinstance(raw.get("override"), Mapping) else {}
    override = Source(source.file, changes, source.text, ("override",))
    file = validate(ScenarioFile, raw, [source])
    _check(file, source)

    shelf = Shelf(folder, source, saved)
    body, rock = shelf.body(file.body)
    imported = set(file.imports.materials) if file.imports else set()
    industry = shelf.industry(file.industry, [override], body.composition, imported, file.rules)
    industry = _wearing(industry, file)
    _check_names(file, industry, source)
    belt = _belt(file, body, shelf, override, imported, folder, source) if file.belt else None

    scenario = file.model_dump(mode="json", exclude={"override"}) | {
        "override": dict(override.data)
    }
    if file.partial is None:  # as if nobody had thought of it: scenarios keep their identity
        del scenario["partial"]
    taken = shelf.taken()
    return Scenario(
        name=name,
        title=file.title,
        body=Body(name=file.body, **body.model_dump()),
        industry=industry,
        site=file.site,
        seed_robots=dict(file.seed.robots),
        seed_stock={n: _whole_lots(industry, n, a) for n, a in file.seed.stock.items()},
        imports=file.imports,
        policy=file.policy,
        years=file.years,
        rules=file.rules,
        data={
            "name": name,
            "scenario": scenario,
            "body": body.model_dump(mode="json"),
            "composition": rock.model_dump(mode="json"),
            "industry": taken["industries"][" + ".join(file.industry)],
            "belt": taken if belt else None,
        },
        belt=belt,
        partial=file.partial,
        folder=folder,
    )


def _wearing(industry: Industry, file: ScenarioFile) -> Industry:
    """Return the industry with the scenario's Weibull shape for every species, if it gives one."""
    shape = file.partial.wear.shape if file.partial and file.partial.wear else None
    if shape is None:
        return industry
    species = {n: replace(k, weibull_shape=shape) for n, k in industry.species.items()}
    return replace(industry, species=species)


def _whole_lots(industry: Industry, name: str, amount: int) -> int:
    step = industry.materials[name].step
    return -(-amount // step) * step


def _belt(
    file: ScenarioFile,
    body: BodyEntry,
    shelf: Shelf,
    override: Source,
    imported: set[str],
    folder: Path | None,
    source: Source,
) -> BeltPlan:
    """Resolve the belt: an industry for every lineage on every class of rock it has a front for."""
    assert file.belt
    fronts = file.belt.front
    designs = {
        rival.name: Source(
            source.file, rival.override, source.text, ("belt", "rival", n, "override")
        )
        for n, rival in enumerate(file.belt.rival)
    }

    def industry(composition: str, files: tuple[str, ...], lineage: str) -> Industry:
        overrides = [override, *([designs[lineage]] if lineage in designs else [])]
        bought = set(fronts[composition].buys) if composition in fronts else set()
        found = shelf.industry(files, overrides, composition, imported | bought, file.rules)
        return _wearing(found, file)

    return plan_belt(
        file.belt,
        (file.body, body, file.industry),
        (dict(file.seed.robots), dict(file.seed.stock)),
        industry,
        lambda name: shelf.body(name)[0],
        source,
        folder,
    )


def _check(file: ScenarioFile, source: Source) -> None:
    """Check what one key means for another."""
    bad = []
    if not (file.rules.step_days * DAY_S).is_integer():
        seconds = file.rules.step_days * DAY_S
        text = (
            f"found {file.rules.step_days} days = {seconds} s; expected a whole number of seconds"
        )
        bad.append(finding([source], ("rules", "step_days"), f"{text}; round it"))
    if not any(file.seed.robots.values()):
        text = "found no robot at all; expected at least one; raise a number"
        bad.append(finding([source], ("seed", "robots"), text))
    if file.imports and file.imports.transit_days > file.imports.every_days:
        text = f"found {file.imports.transit_days:g} days; expected at most every_days = "
        text += f"{file.imports.every_days:g}, as one shipment flies at a time; order less often"
        bad.append(finding([source], ("imports", "transit_days"), text))
    bad += _check_partial(file, source)
    if bad:
        raise ScenarioError(bad)


def _check_partial(file: ScenarioFile, source: Source) -> list[str]:
    """Check what a key of `[partial]` means for another."""
    bad = []
    if file.partial and file.partial.shipments and not file.imports:
        text = "found shipments where nothing is imported; expected [imports]; "
        bad.append(finding([source], ("partial", "shipments"), text + "add it or remove this"))
    shadow = file.partial.shadow if file.partial else None
    if shadow and shadow.days > shadow.every_days:
        text = f"found {shadow.days:g} days; expected at most every_days = {shadow.every_days:g}, "
        text += "as one shadow ends before the next begins; shorten it"
        bad.append(finding([source], ("partial", "shadow", "days"), text))
    return bad


def _check_names(file: ScenarioFile, industry: Industry, source: Source) -> None:
    """Check the scenario's own names against the industry."""
    new = [m.name for m in industry.materials.values() if m.worn_from is None]
    imports = file.imports.materials if file.imports else ()
    uses: list[tuple[Loc, str, list[str], str]] = [
        *((("seed", "robots", n), n, list(industry.species), "species") for n in file.seed.robots),
        *((("seed", "stock", n), n, new, "material") for n in file.seed.stock),
        *((("imports", "materials", i), n, new, "material") for i, n in enumerate(imports)),
    ]
    bad = [
        finding(
            [source],
            loc,
            f"'{name}' is not a {kind}; expected one of the industry's; {nearest(name, known)}",
        )
        for loc, name, known, kind in uses
        if name not in known
    ]
    if bad:
        raise ScenarioError(bad)
