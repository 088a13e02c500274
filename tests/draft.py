"""A draft reference industry, kept as a fixed case whose growth bound is known.

Read from `tests/data`, past the scenario files and their proofs. Robots take the assembly time
written down for imported electronics, also where heavier local electronics replace them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from auxon.sim.industry import Industry, Material, Process, Species

DATA = Path(__file__).parent / "data"
BY_DRAFT = {"source": "draft", "confidence": "A"}


class Draft(NamedTuple):
    """An industry and what it takes to compute its growth.

    Attributes
    ----------
    industry : Industry
        Compositions and enthalpies are left out.
    availability : float
        Share of the time in which a machine can work.
    electric_W, heat_W : Mapping[str, float]
        Mean power of one robot of each species that collects sunlight, night taken off.
    """

    industry: Industry
    availability: float
    electric_W: Mapping[str, float]
    heat_W: Mapping[str, float]


def draft(local: bool) -> Draft:
    """Return the draft industry.

    Parameters
    ----------
    local : bool
        Whether the site makes its electronics. If not, both kinds are vitamins.
    """
    base = _read("draft_industry.toml")
    overlay = _read("draft_local_electronics.toml") if local else {}
    tables = {t: base[t] | overlay.get(t, {}) for t in ("material", "process", "species")}
    substitute = overlay.get("substitute", {})

    materials = {
        name: Material(name, m["unit"], m["kind"], m["lot_g"], {}, 0.0, **BY_DRAFT)
        for name, m in tables["material"].items()
    }
    taken = {n for p in tables["process"].values() if p.get("takes_worn") for n in p["inputs"]}
    worn = {
        name: f"worn_{name}" for name, material in materials.items() if material.unit == "piece"
    }
    for new, name in worn.items():
        kind = "residue" if new in taken else "waste"
        materials[name] = replace(materials[new], name=name, kind=kind, worn_from=new)

    processes = {name: _process(name, p, worn) for name, p in tables["process"].items()}
    species = {
        name: _species(name, s, substitute, materials) for name, s in tables["species"].items()
    }
    route: dict[str, str] = {}
    for name, entry in tables["process"].items():
        if not entry.get("takes_worn"):
            for product in entry["outputs"]:
                route.setdefault(product, name)

    sunlight_W_m2 = base["flux_W_per_m2"] * base["sun_fraction"]
    collectors = [s for s in species.values() if s.collector_m2]
    return Draft(
        Industry(materials, processes, species, base["assembler"], base["repairer"], route),
        base["availability"],
        {s.name: sunlight_W_m2 * s.collector_m2 * s.efficiency for s in collectors},
        {s.name: sunlight_W_m2 * s.collector_m2 * s.heat_efficiency for s in collectors},
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def _process(name: str, entry: Mapping[str, Any], worn: Mapping[str, str]) -> Process:
    """Return a process; one that takes worn pieces takes them by their own names."""
    rename = worn if entry.get("takes_worn") else {}
    return Process(
        name=name,
        machine=entry["machine"],
        machine_seconds=entry["machine_seconds"],
        energy_kJ=entry["energy_kJ"],
        heat_kJ=entry.get("heat_kJ", 0),
        inputs={rename.get(m, m): amount for m, amount in entry["inputs"].items()},
        outputs=entry["outputs"],
        byproducts=frozenset(),
        **BY_DRAFT,
    )


def _species(
    name: str,
    entry: Mapping[str, Any],
    substitute: Mapping[str, Mapping[str, int]],
    materials: Mapping[str, Material],
) -> Species:
    """Return a species, its electronics substituted and its mass that of the new bill."""
    lists: dict[str, dict[str, int]] = {"bill": {}, "repair_parts": {}}
    for key, total in lists.items():
        for part, amount in entry[key].items():
            for new, each in substitute.get(part, {part: 1}).items():
                total[new] = total.get(new, 0) + amount * each
    return Species(
        name=name,
        title=name,
        bill=lists["bill"],
        repair_parts=lists["repair_parts"],
        mass_g=sum(amount * materials[m].mass_g for m, amount in lists["bill"].items()),
        assembly_seconds=entry["assembly_seconds"],
        assembly_kJ=entry["assembly_kJ"],
        repair_seconds=entry["repair_seconds"],
        idle_W=entry["idle_W"],
        mtbf_h=entry["mtbf_h"],
        weibull_shape=entry["weibull_shape"],
        life_h=entry["life_h"],
        collector_m2=entry.get("collector_m2", 0.0),
        efficiency=entry.get("efficiency", 0.0),
        heat_efficiency=entry.get("heat_efficiency", 0.0),
        **BY_DRAFT,
    )
