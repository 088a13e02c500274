"""What became of a run across a belt, besides what any run's summary says."""

from pathlib import Path
from typing import Any

import pandas as pd

from . import records
from .whereabouts import Whereabouts, inhabited_bodies, lineage_names
from .world import World

CAME = ("settled", "stranded", "crowded")
"""Ends of expeditions that became a site."""


def wave_summary(world: World, tables: Path) -> dict[str, Any]:
    """Return the final numbers of the wave.

    Parameters
    ----------
    world : World
        At its end, with a belt.
    tables : Path
        Folder of its tables, flushed.

    Returns
    -------
    dict
        ``sites`` settled, ``inhabited`` of them, ``bodies`` with inhabited sites and
        ``shared_bodies`` with those of several lineages; ``expeditions`` that left, and what became
        of them: ``settled``, ``stranded`` or ``crowded`` (without a claim), ``joined``, ``lost``,
        ``in_flight``; ``wrecks``: robots lost; ``cargo_ships`` and ``cargo_kg`` delivered,
        ``cargo_lost``; ``exhaust_kg`` thrown out, ``lost_kg`` lost with ships, robots included;
        ``front_AU`` and ``front_m_s`` as in the table; ``lineages``: the same numbers for each.
    """
    lineages = pd.DataFrame(Whereabouts(world).of_lineages(world), index=list(lineage_names(world)))
    voyages = records.read(tables, "expeditions").to_pandas()
    cargo = records.read(tables, "cargo").to_pandas()
    each = {
        name: {
            **{n: _plain(value) for n, value in row.items()},
            **_voyages(voyages[voyages.lineage == name], cargo[cargo.lineage == name]),
        }
        for name, row in lineages.to_dict("index").items()
    }
    bodies, shared = inhabited_bodies(world)
    unit_g, books = world.tables.unit_mass_g, world.books
    wrecks_g = sum(
        int(n @ t.species_mass_g) for n, t in zip(books.wrecks, world.kinds, strict=True)
    )
    return {
        "bodies": bodies,
        "shared_bodies": shared,
        "sites": int(lineages["sites"].sum()),
        "inhabited": int(lineages.inhabited.sum()),
        **_voyages(voyages, cargo),
        "in_flight": int(lineages.in_flight.sum()),
        "wrecks": int(books.wrecks.sum()),
        "exhaust_kg": int(books.exhaust @ unit_g) / 1000,
        "lost_kg": (int(books.lost @ unit_g) + wrecks_g) / 1000,
        "front_AU": float(lineages.front_AU.max()),
        "front_m_s": float(lineages.front_m_s.max()),
        "lineages": each,
    }


def _voyages(voyages: pd.DataFrame, cargo: pd.DataFrame) -> dict[str, Any]:
    """Count what became of expeditions and cargo."""
    counts = voyages.event.value_counts()
    ships = cargo.drop_duplicates(["step", "ship", "event"]).event.value_counts()
    return {
        "expeditions": int(counts.get("left", 0)),
        **{event: int(counts.get(event, 0)) for event in (*CAME, "joined", "lost")},
        "cargo_ships": int(ships.get("delivered", 0)),
        "cargo_kg": float(cargo.kg[cargo.event == "delivered"].sum()),
        "cargo_lost": int(ships.get("lost", 0)),
    }


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
