"""A living society at one moment, in a few numbers: what a page shows while it runs."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from auxon.sim.diagnosis import diagnose
from auxon.sim.state import FLYING, SETTLED
from auxon.sim.world import World


@dataclass(frozen=True)
class Snapshot:
    """What there is.

    Attributes
    ----------
    step, robots, healthy, broken, building, ordered : int
    years, mass_kg, power_supply_kW, power_demand_kW : float
        Power of the last step.
    sites, in_flight : int
        Settled; ships under way.
    species, doing, stock_kg : dict
        Robots by species; healthy robots by task; mass in stock by material, without rock in place.
    why : str
        What holds it back.
    """

    step: int
    years: float
    robots: int
    healthy: int
    broken: int
    building: int
    ordered: int
    mass_kg: float
    power_supply_kW: float
    power_demand_kW: float
    sites: int
    in_flight: int
    species: dict[str, int] = field(default_factory=dict)
    doing: dict[str, int] = field(default_factory=dict)
    stock_kg: dict[str, float] = field(default_factory=dict)
    why: str = ""

    def row(self) -> dict[str, Any]:
        """Return its numbers as one row of a table."""
        plain = {k: v for k, v in vars(self).items() if not isinstance(v, (dict, str))}
        return plain | {f"species {k}": n for k, n in self.species.items()}


def snapshot(world: World) -> Snapshot:
    """Look at a world between two steps."""
    f, w, t = world.flows, world.sites, world.tables
    fleet = (f.healthy + f.broken).sum(0)
    crew = f.crew.sum(0)
    stock_kg = w.stock.sum(0) * t.unit_mass_g / 1000
    stock_kg[np.unique([k.rock for k in world.kinds])] = 0
    seconds = max(1, world.dt_s)
    return Snapshot(
        step=world.step_count,
        years=world.years,
        robots=world.robot_count,
        healthy=int(f.healthy.sum()),
        broken=int(f.broken.sum()),
        building=int(w.building.sum()),
        ordered=int(w.orders.sum()),
        mass_kg=world.mass_g / 1000,
        power_supply_kW=float(f.supply_J.sum()) / seconds / 1000,
        power_demand_kW=float(f.demand_J.sum()) / seconds / 1000,
        sites=int((w.state == SETTLED).sum()),
        in_flight=int((w.state == FLYING).sum()),
        species=_named(world.species_names, fleet),
        doing=_named(world.task_names, crew) | {"nothing": int(f.healthy.sum() - crew.sum())},
        stock_kg={k: float(v) for k, v in _named(world.material_names, stock_kg).items()},
        why=diagnose(world) if world.step_count else "",
    )


def _named(names: Any, numbers: Any) -> dict[str, Any]:
    return {
        str(name): n.item() for name, n in zip(names, np.asarray(numbers), strict=True) if n > 0
    }
