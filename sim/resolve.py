"""Turns a merged industry file into whole numbers: worn pieces, runs, bills, masses, routes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from .compositions import compositions, part_lots
from .errors import ScenarioError
from .industry import Industry, Material, Process, Species
from .schema import IndustryFile, ProcessEntry, SpeciesEntry
from .toml_errors import Source, finding


def resolve(
    file: IndustryFile,
    layers: Sequence[Source],
    slowdown: float = 1.0,
    files: tuple[str, ...] = (),
) -> Industry:
    """Resolve an industry whose names are known to agree (`auxon.sim.library.industry_file`).

    Parameters
    ----------
    file : IndustryFile
    layers : sequence of Source
        Where it was read, for the findings.
    slowdown : float
        Multiplies the machine time of every process; the product is rounded up to whole seconds.
    files : tuple of str
        What to note as its origin.

    Raises
    ------
    ScenarioError
        A composition that cannot be had, amounts that are not whole lots, recipes that disagree.
    """
    new = compositions(file, layers)
    if bad := list(_misused(file, layers, new)):
        raise ScenarioError(bad)
    # As a fraction of its decimal digits: 36000 s x 1.1 is 39600 s, not the 39601 of binary 1.1.
    factor = Fraction(str(slowdown))
    return Industry(
        materials=new | {m.name: m for m in _worn_pieces(file, new)},
        processes={n: _process(n, p, new, factor) for n, p in file.process.items()},
        species={n: _species(n, s, new, file.substitute) for n, s in file.species.items()},
        assembler=file.assembler,
        repairer=file.repairer,
        route=_default_routes(file) | file.route,
        files=files,
    )


def worn(piece: str) -> str:
    """Name of the worn form of a piece."""
    return f"worn_{piece}"


def _misused(
    file: IndustryFile, layers: Sequence[Source], materials: Mapping[str, Material]
) -> Iterator[str]:
    """Yield a finding for each bill, repair list or name that pieces and lots do not allow."""
    pieces = {m.name for m in materials.values() if m.unit == "piece"}
    for name, process in file.process.items():
        if process.takes_worn and not pieces & set(process.inputs):
            text = "true, but no input is a piece; expected pieces to take apart; remove it"
            yield finding(layers, ("process", name, "takes_worn"), text)
    for name, species in file.species.items():
        for what, text in part_lots(materials, species.bill).items():
            yield finding(layers, ("species", name, "bill", what), text)
        for part in sorted(set(species.repair_parts) - pieces):
            text = f"'{part}' is bulk; expected pieces, which leave worn ones; remove it"
            yield finding(layers, ("species", name, "repair_parts", part), text)
    for name, parts in file.substitute.items():
        for what, text in part_lots(materials, parts).items():
            yield finding(layers, ("substitute", name, what), text)
    for piece in sorted(pieces):
        if worn(piece) in materials:
            text = f"this name is kept for the worn form of {piece}; expected another; rename it"
            yield finding(layers, ("material", worn(piece)), text)


def _worn_pieces(file: IndustryFile, materials: Mapping[str, Material]) -> Iterator[Material]:
    """Yield the worn form of every piece: a residue where a process takes it, else waste."""
    taken = {n for p in file.process.values() if p.takes_worn for n in p.inputs}
    for piece in materials.values():
        if piece.unit == "piece":
            kind = "residue" if piece.name in taken else "waste"
            yield replace(piece, name=worn(piece.name), kind=kind, worn_from=piece.name)


def _process(
    name: str, entry: ProcessEntry, materials: Mapping[str, Material], slowdown: Fraction
) -> Process:
    rename = entry.takes_worn
    return Process(
        name=name,
        machine=entry.machine,
        machine_seconds=-(-entry.machine_seconds * slowdown // 1),
        energy_kJ=entry.energy_kJ,
        heat_kJ=entry.heat_kJ,
        inputs={
            worn(n) if rename and materials[n].unit == "piece" else n: a
            for n, a in entry.inputs.items()
        },
        outputs=dict(entry.outputs),
        byproducts=frozenset(entry.byproducts),
        source=entry.source,
        confidence=entry.confidence,
    )


def _species(
    name: str,
    entry: SpeciesEntry,
    materials: Mapping[str, Material],
    substitute: Mapping[str, Mapping[str, int]],
) -> Species:
    bill = _substituted(entry.bill, substitute)
    mass_g = sum(amount * materials[n].mass_g for n, amount in bill.items())
    return Species(
        name=name,
        title=entry.title,
        bill=bill,
        repair_parts=_substituted(entry.repair_parts, substitute),
        mass_g=mass_g,
        assembly_seconds=round(mass_g * entry.assembly_seconds_per_kg / 1000),
        assembly_kJ=round(mass_g * entry.assembly_kJ_per_kg / 1000),
        repair_seconds=entry.repair_seconds,
        idle_W=entry.idle_W,
        mtbf_h=entry.mtbf_h,
        weibull_shape=entry.weibull_shape,
        life_h=entry.life_h,
        collector_m2=entry.collector_m2,
        efficiency=entry.efficiency,
        heat_efficiency=entry.heat_efficiency,
        source=entry.source,
        confidence=entry.confidence,
    )


def _substituted(
    amounts: Mapping[str, int], substitute: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, amount in amounts.items():
        for new, each in substitute.get(name, {name: 1}).items():
            total[new] = total.get(new, 0) + amount * each
    return total


def _default_routes(file: IndustryFile) -> dict[str, str]:
    """For each material the first process that is run to make it."""
    routes: dict[str, str] = {}
    for name, process in file.process.items():
        if not process.takes_worn:
            for product in process.outputs:
                if product not in process.byproducts:
                    routes.setdefault(product, name)
    return routes
