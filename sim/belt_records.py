"""What is written down of ships and bodies across a belt: expeditions, cargo, who came where."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .body_class import LETTERS
from .orbit import YEAR_DAYS
from .record_schemas import NAMED_EVENTS
from .state import SETTLED
from .travel import Event
from .whereabouts import body_names, lineage_names

if TYPE_CHECKING:
    from .parts import Parts
    from .world import World

COUNTED = ("left", "lost", "settled", "joined")
"""What is counted of ships between two records."""
_SETTLED = ("settled", "stranded", "crowded")


class Voyages:
    """Writes down what ships do, and counts it until the next record.

    Parameters
    ----------
    world : World
    parts : Parts
        Where rows go.

    Attributes
    ----------
    counts : (4, L) int64
        `COUNTED`, by lineage.
    wrecks : (L, K) int64
        Robots lost with their ships.
    delivered_g : (L,) int64
    """

    def __init__(self, world: "World", parts: "Parts") -> None:
        lineages = len(lineage_names(world))
        self.counts = np.zeros((len(COUNTED), lineages), np.int64)
        self.wrecks = np.zeros((lineages, len(world.species_names)), np.int64)
        self.delivered_g = np.zeros(lineages, np.int64)
        self._parts, self._names = parts, body_names(world)
        drive = world.scenario.belt.entry.drive if world.scenario.belt else None
        self._exhaust_m_s = {
            world.material_names.index(p.material): p.exhaust_m_s
            for p in (drive.propellants if drive else ())
        }

    def note(self, world: "World", step: int) -> None:
        """Take down the events of the step that is about to end."""
        for event in world.travel.events:
            self._count(world, event)
            if event.goal < 0:
                self._parts.add("expeditions", self._expedition(world, event, step))
            elif len(rows := self._cargo(world, event, step)):
                self._parts.add("cargo", rows)

    def _count(self, world: "World", event: Event) -> None:
        expedition = event.goal < 0
        what = "settled" if event.what in _SETTLED else event.what
        if what in (COUNTED if expedition else COUNTED[:2]):
            self.counts[COUNTED.index(what), event.lineage] += 1
        if what == "lost":
            self.wrecks[event.lineage] += event.crew
        if what == "joined" and not expedition:
            cargo = self._freight(event)
            self.delivered_g[event.lineage] += int(cargo @ world.tables.unit_mass_g)

    def _freight(self, event: Event) -> NDArray[np.int64]:
        """Return what a ship carries but for its propellant."""
        freight = event.stock.copy()
        if event.what in ("left", "lost") and event.fuel >= 0:
            freight[event.fuel] -= event.brake_g
        return freight

    def _voyage(self, world: "World", event: Event, step: int, rows: int) -> dict[str, Any]:
        """Return the columns that expeditions and cargo have in common."""
        flies = event.left_at >= 0
        days = (event.arrives_at - event.left_at) * world.dt_s / 86_400
        values: dict[str, Any] = {
            "step": np.int32(step),
            "years": step * world.dt_s / (YEAR_DAYS * 86_400),
            "ship": event.ship,
            "start": self._names[event.start],
            "body": self._names[event.body] if flies else None,
            "lineage": event.lineage,
            "flight_days": days if flies else np.nan,
            "propellant_kg": (event.burn_g + event.brake_g) / 1000 if flies else np.nan,
        }
        texts = ("start", "body")
        return {
            n: np.full(rows, value, np.object_ if n in texts else None)
            for n, value in values.items()
        }

    def _expedition(self, world: "World", event: Event, step: int) -> dict[str, Any]:
        kind = int(world.sites.kind[event.origin])
        mass_g = int(event.crew @ world.kinds[kind].species_mass_g)
        mass_g += int(self._freight(event) @ world.tables.unit_mass_g)
        one: dict[str, Any] = {
            "event": NAMED_EVENTS.index(event.what),
            "origin": event.origin,
            "rank": event.rank,
            "dv_m_s": self._dv_m_s(event, mass_g),
            "payload_kg": mass_g / 1000 if event.left_at >= 0 else np.nan,
            "robots": int(event.crew.sum()) if event.left_at >= 0 else -1,
        }
        return self._voyage(world, event, step, 1) | {n: np.array([v]) for n, v in one.items()}

    def _dv_m_s(self, event: Event, payload_g: int) -> float:
        """Return the delta-v of both burns by the rocket equation, NaN before there are any."""
        exhaust_m_s = self._exhaust_m_s.get(event.fuel)
        if exhaust_m_s is None or payload_g <= 0:
            return float("nan")
        burned = payload_g + event.burn_g + event.brake_g
        return float(exhaust_m_s * np.log(burned / payload_g))

    def _cargo(self, world: "World", event: Event, step: int) -> dict[str, Any]:
        what = "delivered" if event.what == "joined" else event.what
        freight = self._freight(event)
        material = np.flatnonzero(freight)
        if not len(material):
            return {}
        n = len(material)
        return self._voyage(world, event, step, n) | {
            "event": np.full(n, NAMED_EVENTS.index(what)),
            "seller": np.full(n, event.origin),
            "buyer": np.full(n, event.goal),
            "material": material,
            "kg": freight[material] * world.tables.unit_mass_g[material] / 1000,
        }


def bodies(world: "World") -> dict[str, NDArray[Any]]:
    """Return the columns of the table ``bodies``, of a world with a belt."""
    belt, w, at = world.scenario.belt, world.sites, world.places
    assert belt
    b, n = belt.bodies, len(at.a_au)
    settled = np.flatnonzero(w.state == SETTLED)
    order = settled[np.argsort(w.arrives_at[settled], kind="stable")]
    came, first = np.unique(w.body[order], return_index=True)
    site = np.full(n, -1, np.int64)
    site[came] = order[first]
    known = site >= 0

    def of_first(values: NDArray[Any]) -> NDArray[Any]:
        return np.where(known, values[site], -1)

    step, rock = of_first(w.arrives_at), np.full(n, -1, np.int64)
    # a ship that arrives in step s is there in the row of step s + 1, a seed from the start
    step = np.where(known & (of_first(w.origin) >= 0), step + 1, step)
    where = world.travel.where
    rock[came] = [where.front(int(body)) for body in came] if where else belt.front_of_body[came]
    years = np.where(known, step * world.dt_s / (YEAR_DAYS * 86_400), np.nan)
    return {
        "body": b.name,
        "a_AU": at.a_au,
        "e": at.e,
        "i_deg": b.i_deg,
        "node_deg": b.node_deg,
        "peri_deg": b.peri_deg,
        "M_deg": at.M_deg,
        "start_jd": np.full(n, belt.start_jd),
        "diameter_km": b.diameter_km,
        "taxonomy": np.array(list(LETTERS), np.object_)[b.taxonomy],
        "composition": np.array(b.compositions, np.object_)[b.composition],
        "front": belt.front_of_body,
        "lineage": of_first(w.lineage),
        "site": site,
        "rank": of_first(w.rank),
        "step": step,
        "years": years,
        "rock": rock,
    }
