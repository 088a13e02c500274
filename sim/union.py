"""Several industries in one numbering: what every kind of site in a belt counts alike.

Rock differs from body to body, and so does what is made of it; parts do not. In the union a
material, or a process, that means the same in all industries is there once; one that means
something else has the industry's label behind its name, as in ``rock_in_place@howardite``. The
union of one industry is that industry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from .errors import ScenarioError
from .industry import Industry, Material, Process, Species

_Entry = TypeVar("_Entry", Material, Process)


@dataclass(frozen=True)
class Ground:
    """What one of the industries is within the union.

    Attributes
    ----------
    industry : Industry
        All materials and processes of the union, its own routes, and species as it builds them.
    processes : frozenset of str
        Those that can run on this ground.
    reserve : str
        Its rock in place.
    names : Mapping[str, str]
        What its materials are called in the union.
    """

    industry: Industry
    processes: frozenset[str]
    reserve: str
    names: Mapping[str, str]


def unite(industries: Mapping[str, Industry]) -> dict[str, Ground]:
    """Return each industry within the union of all.

    Parameters
    ----------
    industries : Mapping[str, Industry]
        By label.

    Raises
    ------
    ScenarioError
        They do not agree on who assembles and repairs.
    """
    materials: dict[str, Material] = {}
    processes: dict[str, Process] = {}
    species: dict[str, Species] = {}
    own: dict[str, dict[str, Species]] = {}
    m_names: dict[str, dict[str, str]] = {}
    p_names: dict[str, dict[str, str]] = {}
    home = next(iter(industries.values()))
    for label, industry in industries.items():
        if (industry.assembler, industry.repairer) != (home.assembler, home.repairer):
            text = (
                f"{label}: found assembler {industry.assembler} and repairer "
                f"{industry.repairer}; expected {home.assembler} and {home.repairer} as at home; "
                "take the same robots"
            )
            raise ScenarioError([text])
        name: dict[str, str] = {}
        m_names[label] = name
        new = [m for m in industry.materials.values() if m.worn_from is None]
        worn = [m for m in industry.materials.values() if m.worn_from is not None]
        for m in (*new, *worn):  # worn pieces are called after what the new ones are called
            renamed = replace(m, worn_from=name[m.worn_from]) if m.worn_from else m
            name[m.name] = _place(renamed, label, materials)
        p_names[label] = {
            p.name: _place(_process(p, name), label, processes) for p in industry.processes.values()
        }
        own[label] = {k: _species(x, name) for k, x in industry.species.items()}
        for k, x in own[label].items():
            species.setdefault(k, x)
    ordered = _in_order(materials, home)
    return {
        label: Ground(
            replace(
                industry,
                materials=ordered,
                processes=processes,
                species={k: own[label].get(k, x) for k, x in species.items()},
                route={m_names[label][m]: p_names[label][p] for m, p in industry.route.items()},
            ),
            frozenset(p_names[label].values()),
            m_names[label][industry.reserve().name],
            m_names[label],
        )
        for label, industry in industries.items()
    }


def _in_order(materials: dict[str, Material], home: Industry) -> dict[str, Material]:
    """Put those of the first industry into its own order: arrays are numbered by it."""
    return {m: materials[m] for m in home.materials} | materials


def _place(entry: _Entry, label: str, known: dict[str, _Entry]) -> str:
    """Find an entry that means the same, or add this one; return its name."""
    for name in (entry.name, f"{entry.name}@{label}"):
        if name not in known:
            known[name] = replace(entry, name=name)
            return name
        if _meaning(known[name]) == _meaning(entry):
            return name
    raise AssertionError(f"{label} has {entry.name} twice")


def _meaning(entry: Material | Process) -> tuple[object, ...]:
    if isinstance(entry, Material):
        return entry.unit, entry.lot_g, dict(entry.elements_g), entry.worn_from
    p = entry
    amounts = dict(p.inputs), dict(p.outputs), p.byproducts
    return p.machine, p.machine_seconds, p.energy_kJ, p.heat_kJ, *amounts


def _renamed(amounts: Mapping[str, int], name: Mapping[str, str]) -> dict[str, int]:
    return {name[m]: a for m, a in amounts.items()}


def _process(p: Process, name: Mapping[str, str]) -> Process:
    return replace(
        p,
        inputs=_renamed(p.inputs, name),
        outputs=_renamed(p.outputs, name),
        byproducts=frozenset(name[m] for m in p.byproducts),
    )


def _species(k: Species, name: Mapping[str, str]) -> Species:
    return replace(k, bill=_renamed(k.bill, name), repair_parts=_renamed(k.repair_parts, name))
