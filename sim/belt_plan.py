"""A belt as a scenario wants it: bodies, kinds of ground, lineages; resolved and proved.

Every lineage has an industry for each class of rock that the scenario names a front for. All of
them are numbered alike (`auxon.sim.union`), so that robots and cargo mean the same wherever they
go. A *kind* of site is a lineage on a class of rock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .belt import Belt
from .belt_schema import BeltEntry, FrontEntry
from .ephemeris import orbits
from .errors import ScenarioError
from .industry import Industry
from .neighbours import Neighbours
from .schema import BodyEntry, SeedEntry
from .synthetic_belt import synthetic
from .toml_errors import Loc, Source, finding, nearest
from .union import Ground, unite

_J2000 = date(2000, 1, 1).toordinal() - 2451544.5
"""Ordinal of a day less its Julian date at midnight."""

Industries = Callable[[str, tuple[str, ...], str], Industry]
"""(composition, industry files, lineage) -> the industry, proved."""


@dataclass(frozen=True)
class Lineage:
    """Who starts where, with what on each body; amounts as in a `Scenario`."""

    name: str
    bodies: tuple[int, ...]
    robots: Mapping[str, int]
    stock: Mapping[str, int]


@dataclass(frozen=True)
class BeltPlan:
    """Everything a world reads of a belt.

    Attributes
    ----------
    entry : BeltEntry
    bodies : Belt
        The home body first.
    start_jd : float
        Julian date on which the run begins.
    fronts : tuple of str
        Compositions for which there is an industry, that of the home body first.
    values : (F,) float64
        `FrontEntry.value` of each.
    lineages : tuple of Lineage
    grounds : tuple of Ground
        One a kind of site: kind = lineage * number of fronts + front.
    """

    entry: BeltEntry
    bodies: Belt
    start_jd: float
    fronts: tuple[str, ...]
    values: NDArray[np.float64]
    lineages: tuple[Lineage, ...]
    grounds: tuple[Ground, ...] = field(repr=False)

    @property
    def industry(self) -> Industry:
        """Materials, processes and species of all kinds, in the numbering they share."""
        return self.grounds[0].industry

    def kit_stock(self, materials: tuple[str, ...]) -> NDArray[np.int64]:
        """Return (M,) what an expedition carries of each material, in whole lots."""
        stock = _whole(self.industry, self.entry.kit.stock if self.entry.kit else {})
        return np.array([stock.get(m, 0) for m in materials], np.int64)

    def buys(self, materials: tuple[str, ...]) -> NDArray[np.int64]:
        """Return (F, M) what a site on each front wants to have of what it buys, whole lots."""
        empty = FrontEntry(industry=("",))
        stocks = [_whole(self.industry, self.entry.front.get(f, empty).buys) for f in self.fronts]
        return np.array([[stock.get(m, 0) for m in materials] for stock in stocks], np.int64)

    @property
    def front_of_body(self) -> NDArray[np.int64]:
        """(B,) front that the composition of each body asks for, -1 for none."""
        known = [
            self.fronts.index(rock) if rock in self.fronts else -1
            for rock in self.bodies.compositions
        ]
        found: NDArray[np.int64] = np.array(known, np.int64)[self.bodies.composition]
        return found


def plan_belt(
    entry: BeltEntry,
    home: tuple[str, BodyEntry, tuple[str, ...]],
    seed: tuple[Mapping[str, int], Mapping[str, int]],
    industries: Industries,
    look_up: Callable[[str], BodyEntry],
    source: Source,
    folder: Path | None,
) -> BeltPlan:
    """Resolve a belt.

    Parameters
    ----------
    entry : BeltEntry
    home : (str, BodyEntry, tuple of str)
        Home body, what it is, and the industry files there.
    seed : (Mapping, Mapping)
        Robots and stock of the scenario's own seed.
    industries : callable
    look_up : callable
        Finds a body by its name in bodies.toml.
    source, folder
        Where the scenario was read, for findings and paths.

    Raises
    ------
    ScenarioError
        Names that are not there, industries that cannot be, a kit that cannot fly.
    """
    name, body, files = home
    names = [entry.name, *(rival.name for rival in entry.rival)]
    for n, rival in enumerate(entry.rival):
        if rival.name in names[: n + 1]:
            text = f"found '{rival.name}' twice; expected another name for each lineage; change it"
            raise ScenarioError([finding([source], ("belt", "rival", n, "name"), text)])
    listed = {name: body}
    for n, rival in enumerate(entry.rival):
        loc = ("belt", "rival", n, "body")
        listed.setdefault(rival.body, _looked_up(look_up, rival.body, loc, source))
    if entry.bodies == ("all",):
        belts = [Belt.of(listed), Belt.named()]
    else:
        for n, b in enumerate(entry.bodies):
            listed.setdefault(b, _looked_up(look_up, b, ("belt", "bodies", n), source))
        belts = [Belt.of(listed)]
    if entry.synthetic:
        belts.append(synthetic(entry.synthetic.n, entry.synthetic.seed))
    if entry.catalogue:
        belts.append(Belt.read((folder or Path()) / entry.catalogue))
    bodies = Belt.concat(belts)
    _, firsts = np.unique(bodies.name.astype(str), return_index=True)
    bodies = bodies.select(np.sort(firsts))
    if entry.nearest and entry.nearest < len(bodies):
        homes = [bodies.find(b) for b in dict.fromkeys([name, *(r.body for r in entry.rival)])]
        kept = [_near(bodies, home, entry.nearest // len(homes) - 1) for home in homes]
        bodies = bodies.select(np.unique(np.concatenate(kept)))

    fronts = {body.composition: files} | {rock: f.industry for rock, f in entry.front.items()}
    values = [entry.home_value, *(f.value for r, f in entry.front.items() if r != body.composition)]
    found = {
        (lineage, rock): industries(rock, of, lineage)
        for lineage in names
        for rock, of in fronts.items()
    }
    labels = {key: key[1] if key[0] == entry.name else f"{key[1]}-{key[0]}" for key in found}
    try:
        united = unite({labels[key]: industry for key, industry in found.items()})
    except ScenarioError as error:
        rock_of = {label: rock for (_, rock), label in labels.items()}
        placed = [
            finding([source], ("belt", "front", rock_of[text.partition(": ")[0]]), text)
            for text in error.findings
        ]
        raise ScenarioError(placed) from None
    grounds = tuple(united[labels[key]] for key in found)
    _check_species(names, list(fronts), grounds, source)
    kinds = grounds[0].industry
    _check_names(entry, kinds, source)
    colonies = _colonies(entry, bodies, tuple(fronts), source)
    lineages = [Lineage(entry.name, colonies, seed[0], _whole(kinds, seed[1]))]
    for rival in entry.rival:
        row = bodies.find(rival.body)
        stock = _whole(kinds, rival.stock)
        lineages.append(Lineage(rival.name, (row,), dict(rival.robots), stock))
    for n, lineage in enumerate(lineages):
        rock = bodies.composition_of(lineage.bodies[0])
        if rock not in fronts:
            text = (
                f"found {bodies.name[lineage.bodies[0]]}, whose rock is {rock}; expected a body of "
                f"one of the fronts, {', '.join(fronts)}; name a front for it, or start elsewhere"
            )
            loc = ("belt", "rival", n - 1, "body")  # the first has a front by itself
            raise ScenarioError([finding([source], loc, text)])
    return BeltPlan(
        entry=entry,
        bodies=bodies,
        start_jd=_start(entry, body, source),
        fronts=tuple(fronts),
        values=np.array(values),
        lineages=tuple(lineages),
        grounds=grounds,
    )


def _looked_up(
    look_up: Callable[[str], BodyEntry], name: str, loc: Loc, source: Source
) -> BodyEntry:
    """Look a body up; if there is none, say so where it was named."""
    try:
        return look_up(name)
    except ScenarioError as error:
        home = source.place(("body",))
        placed = [
            finding([source], loc, text.removeprefix(home)) if text.startswith(home) else text
            for text in error.findings
        ]
        raise ScenarioError(placed) from None


def _colonies(
    entry: BeltEntry, bodies: Belt, fronts: tuple[str, ...], source: Source
) -> tuple[int, ...]:
    """Return the bodies on which the first lineage starts."""
    if entry.colonies == 1:
        return (0,)
    rocks = np.array([rock in fronts for rock in bodies.compositions])[bodies.composition]
    if rocks.sum() < entry.colonies:
        text = (
            f"found {entry.colonies} colonies and {rocks.sum()} bodies that have a front; expected "
            "a body for each; take more bodies, or fewer colonies"
        )
        raise ScenarioError([finding([source], ("belt", "colonies"), text)])
    near = _near(bodies, 0, len(bodies) - 1)
    return tuple(int(b) for b in near if rocks[b] or b == 0)[: entry.colonies]


def _near(bodies: Belt, home: int, count: int) -> NDArray[np.int64]:
    """Return the rows of a body and of those nearest to it, near ones first."""
    b = bodies
    ellipses = orbits(b.a_au, b.e, b.i_deg, b.node_deg, b.peri_deg, b.M_deg, b.epoch_jd_tdb)
    if count <= 0:
        return np.array([home])
    near, _ = Neighbours(ellipses, float(b.epoch_jd_tdb[home])).nearest(home, count)
    return np.append(home, near[0])


def _start(entry: BeltEntry, body: BodyEntry, source: Source) -> float:
    """Return the Julian date of the first moment of the run."""
    if entry.start is None:
        return body.epoch_jd_tdb
    try:
        return date.fromisoformat(entry.start).toordinal() - _J2000
    except ValueError:
        text = f"found {entry.start}; expected a day of the calendar, as in 2030-01-31; change it"
        raise ScenarioError([finding([source], ("belt", "start"), text)]) from None


def _whole(industry: Industry, stock: Mapping[str, int]) -> dict[str, int]:
    """Round amounts up to whole lots."""
    step = {m: industry.materials[m].step for m in stock}
    return {m: -(-amount // step[m]) * step[m] for m, amount in stock.items()}


def _check_species(
    lineages: list[str], fronts: list[str], grounds: tuple[Ground, ...], source: Source
) -> None:
    """Check that a lineage builds its robots of the same parts on every rock."""
    for n, lineage in enumerate(lineages):
        first, *others = grounds[n * len(fronts) : (n + 1) * len(fronts)]
        for front, ground in zip(fronts[1:], others, strict=True):
            for name, species in ground.industry.species.items():
                if dict(species.bill) != dict(first.industry.species[name].bill):
                    text = (
                        f"{lineage} builds {name} of other parts here than on {fronts[0]}; "
                        "expected one bill for each species of a lineage; take the same industry "
                        "files but for the front end"
                    )
                    raise ScenarioError([finding([source], ("belt", "front", front), text)])


def _check_names(entry: BeltEntry, industry: Industry, source: Source) -> None:
    """Check names of robots and materials against the industry, and that kits can fly."""
    new = [m.name for m in industry.materials.values() if m.worn_from is None]
    known = {"species": list(industry.species), "material": new}
    uses: list[tuple[Loc, str, str]] = []
    seeds: list[tuple[Loc, SeedEntry]] = [
        (("belt", "rival", n), rival) for n, rival in enumerate(entry.rival)
    ]
    if entry.kit:
        seeds.append((("belt", "kit"), entry.kit))
    for loc, seed in seeds:
        uses += [((*loc, "robots", k), k, "species") for k in seed.robots]
        uses += [((*loc, "stock", m), m, "material") for m in seed.stock]
    if entry.drive:
        if entry.drive.carrier:
            uses.append((("belt", "drive", "carrier"), entry.drive.carrier, "species"))
        for n, p in enumerate(entry.drive.propellants):
            uses.append((("belt", "drive", "propellants", n, "material"), p.material, "material"))
    for rock, front in entry.front.items():
        uses += [(("belt", "front", rock, "buys", m), m, "material") for m in front.buys]
    bad = [
        finding(
            [source],
            loc,
            f"'{name}' is not a {kind}; expected one of the industry's; "
            + nearest(name, known[kind]),
        )
        for loc, name, kind in uses
        if name not in known[kind]
    ]
    rocks = [m.name for m in industry.materials.values() if m.kind == "reserve"]
    for loc, seed in seeds:
        if not any(seed.robots.values()):
            text = "found no robot at all; expected at least one; raise a number"
            bad.append(finding([source], (*loc, "robots"), text))
    bad += [
        finding([source], loc, f"{name} is rock in place; expected what can be moved; take ore")
        for loc, name, _ in uses
        if name in rocks
    ]
    for table in ("kit", "trade"):
        if getattr(entry, table) and not entry.drive:
            text = "found no [belt.drive]; expected what flies it; add one with its propellants"
            bad.append(finding([source], ("belt", table), text))
    if entry.kit and entry.drive and (carrier := entry.drive.carrier):
        if not entry.kit.robots.get(carrier):
            text = f"found no {carrier}; expected the carriers that fly the kit; add some"
            bad.append(finding([source], ("belt", "kit", "robots"), text))
    if bad:
        raise ScenarioError(bad)
