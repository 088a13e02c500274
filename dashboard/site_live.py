"""A site of the living society at this moment: what no table of a run holds site by site."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from auxon.sim.diagnosis import diagnose
from auxon.sim.prices import price
from auxon.sim.world import World

_MACHINE_KG_H = 3.6e6
"""Seconds of a gram of machine, in which prices are, in an hour of a kilogram."""


@dataclass(frozen=True)
class Now:
    """A site between two steps.

    Attributes
    ----------
    years : float
    robots, broken : int
    stock : DataFrame
        material, kind, kg.
    crews : DataFrame
        task, robots.
    queues : DataFrame
        species, healthy, broken, building, ordered, backlog_days.
    prices : DataFrame
        material, price (hours of a kilogram of machine a kilogram), wanted_kg, there_kg; the
        dearest first.
    why : str
        What holds the society back.
    """

    years: float
    robots: int
    broken: int
    stock: pd.DataFrame
    crews: pd.DataFrame
    queues: pd.DataFrame
    prices: pd.DataFrame
    why: str


def look_at(world: World, site: int) -> Now:
    """Look at a site; for `auxon.dashboard.live.Live.look`."""
    w, f, t = world.sites, world.flows, world.kinds[int(world.sites.kind[site])]
    materials = list(world.places.industry.materials.values())
    kg = t.unit_mass_g / 1000
    stock = pd.DataFrame(
        {
            "material": world.material_names,
            "kind": [m.kind for m in materials],
            "kg": w.stock[site] * kg,
        }
    )
    stock = stock[(stock.kg > 0) & (stock.kind != "reserve")]
    crew = f.crew[site]
    crews = pd.DataFrame({"task": world.task_names, "robots": crew})
    idle = int(f.healthy[site].sum() - crew.sum())
    crews = pd.concat([crews, pd.DataFrame({"task": ["nothing"], "robots": [idle]})])
    queues = pd.DataFrame(
        {
            "species": world.species_names,
            "healthy": f.healthy[site],
            "broken": f.broken[site],
            "building": w.building[site],
            "ordered": w.orders[site],
            "backlog_days": w.pressure_fp[site] / 256 * world.dt_s / 86_400,
        }
    )
    there = queues[["healthy", "broken", "building", "ordered"]].sum(axis=1) > 0
    cost = np.zeros(len(materials))
    price(t, np.stack([w.stock[site], f.gross[site], w.foreign[site]]), cost)
    prices = pd.DataFrame(
        {
            "material": world.material_names,
            "price": cost / kg / _MACHINE_KG_H,
            "wanted_kg": f.gross[site] * kg,
            "there_kg": w.stock[site] * kg,
        }
    )
    return Now(
        years=world.years,
        robots=int(world.segments.count[site]),
        broken=int(f.broken[site].sum()),
        stock=stock.sort_values("kg", ascending=False, ignore_index=True),
        crews=crews[crews.robots > 0].sort_values("robots", ascending=False, ignore_index=True),
        queues=queues[there].reset_index(drop=True),
        prices=prices[prices.price > 0].sort_values("price", ascending=False, ignore_index=True),
        why=diagnose(world) if world.step_count else "",
    )
