"""Where a society can be: bodies, the kinds of site on them, and where it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .body_class import MAX_CLAIM_KG
from .errors import UsageError
from .industry import Industry
from .orbit import GAUSS_K
from .tables import Tables, compile_ground, compile_industry

if TYPE_CHECKING:
    from .belt_plan import BeltPlan
    from .scenario import Scenario

F64 = NDArray[np.float64]


class Start(NamedTuple):
    """A site at the start of a run."""

    kind: int
    body: int
    lineage: int
    robots: Mapping[str, int]
    stock: Mapping[str, int]


@dataclass(frozen=True)
class Places:
    """Bodies (B) and kinds of site.

    Attributes
    ----------
    kinds : tuple of Tables
        Of each lineage on each front, all numbered alike.
    industry : Industry
        In that numbering.
    a_au, e, M_deg : (B,) float64
        Orbits; the mean anomaly at the start of the run.
    rock_g : (B,) int64
        Rock there is.
    seeds : tuple of Start
    """

    kinds: tuple[Tables, ...]
    industry: Industry
    a_au: F64
    e: F64
    M_deg: F64
    rock_g: NDArray[np.int64]
    seeds: tuple[Start, ...]


def places(scenario: "Scenario", sites: int) -> Places:
    """Return the places of a scenario; without a belt, as many sites as asked for on one body.

    Raises
    ------
    UsageError
        Several sites are asked for, and there is a belt.
    """
    imported = scenario.imports.materials if scenario.imports else ()
    if scenario.belt:
        if sites != 1:
            raise UsageError(
                f"{sites} sites are asked for and '{scenario.name}' has a belt; expected 1: a belt "
                "begins where its seeds are; leave `sites` out"
            )
        return _of_belt(scenario.belt, imported)
    body = scenario.body
    start = Start(0, 0, 0, scenario.seed_robots, scenario.seed_stock)
    return Places(
        kinds=(compile_industry(scenario.industry, imported),),
        industry=scenario.industry,
        a_au=np.array([body.a_au]),
        e=np.array([body.e]),
        M_deg=np.array([body.M_deg]),
        rock_g=np.array([np.iinfo(np.int64).max]),  # the claims are all that counts
        seeds=(start,) * sites,
    )


def _of_belt(belt: "BeltPlan", imported: tuple[str, ...]) -> Places:
    b = belt.bodies
    kinds = tuple(
        compile_ground(g, [m for m in imported if m in g.industry.materials]) for g in belt.grounds
    )
    front = belt.front_of_body
    days = belt.start_jd - b.epoch_jd_tdb
    motion_deg_d = np.degrees(GAUSS_K / (b.a_au * np.sqrt(b.a_au)))
    # at the epoch itself the very number that is written there
    M_deg = np.where(days == 0, b.M_deg, (b.M_deg + motion_deg_d * days) % 360.0)
    return Places(
        kinds=kinds,
        industry=belt.industry,
        a_au=b.a_au,
        e=b.e,
        M_deg=M_deg,
        rock_g=(np.minimum(b.mass_kg, MAX_CLAIM_KG) * 1000).astype(np.int64),
        seeds=tuple(
            Start(n * len(belt.fronts) + int(front[b]), b, n, x.robots, x.stock)
            for n, x in enumerate(belt.lineages)
            for b in x.bodies
        ),
    )
