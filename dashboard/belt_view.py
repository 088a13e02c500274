"""What the page Belt shows, in numbers: orbits, who lived where when, ships and their arcs.

Everything is found once for a run; what is there at a time is then looked up, here or in the
browser. Days are counted from the start of the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
from numpy.typing import NDArray

from auxon.sim.body_class import LETTERS
from auxon.sim.ephemeris import SUN_AU3_D2, Orbits, orbits, states
from auxon.sim.lambert import lambert_velocities
from auxon.sim.orbit import GAUSS_K, YEAR_DAYS

from .charts import COLOURS, Option, columns
from .shelf import Run

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

MOST_DOTS = 50_000
"""More bodies are counted in cells and shown as an image."""
CELLS = 300
"""Cells of that image along a side."""
MOST_ROWS = 400_000
"""Rows of the table ``sites`` that are read; beyond, every second record is, or every third."""
ENDS = ("settled", "stranded", "crowded", "joined", "lost")
"""How an expedition that left may end."""
OUTCOME_COLOURS = dict(
    zip(ENDS, (COLOURS[2], COLOURS[1], COLOURS[6], COLOURS[0], COLOURS[5]), strict=True)
)
_RANKS = (COLOURS[1], COLOURS[5], COLOURS[3], COLOURS[0], COLOURS[4])
"""Rank goes through these, the seed's first."""
_OTHERS = COLOURS[7]


def bodies_of(run: Run) -> pd.DataFrame:
    """Return the bodies of a run across a belt, the table ``bodies``.

    A run writes it when it stops. Before, the scenario says where bodies are; who came first to
    each is then missing (null).

    Raises
    ------
    AuxonError
        Neither can be read.
    """
    found = run.table("bodies")
    if len(found):
        return found
    belt = run.scenario().belt
    assert belt, "choose_run lets only runs across a belt pass"
    b, n = belt.bodies, len(belt.bodies)
    days = belt.start_jd - b.epoch_jd_tdb
    motion_deg_d = np.degrees(GAUSS_K / (b.a_au * np.sqrt(b.a_au)))
    here = {
        "body": b.name,
        "a_AU": b.a_au,
        "e": b.e,
        "i_deg": b.i_deg,
        "node_deg": b.node_deg,
        "peri_deg": b.peri_deg,
        "M_deg": (b.M_deg + motion_deg_d * days) % 360.0,
        "start_jd": np.full(n, belt.start_jd),
        "diameter_km": b.diameter_km,
        "taxonomy": np.array(list(LETTERS), np.object_)[b.taxonomy],
    }
    return pd.DataFrame(here).reindex(columns=found.columns)


def orbits_of(bodies: pd.DataFrame) -> Orbits:
    """Return the orbits of bodies; the epoch is day 0 of the run."""
    b = bodies
    return orbits(b.a_AU, b.e, b.i_deg, b.node_deg, b.peri_deg, b.M_deg, 0.0)


def rows_of(names: Sequence[str] | pd.Series, bodies: pd.DataFrame) -> I32:
    """Return the row of each body among bodies, -1 for none; the first of equal names."""
    asked = np.asarray(names, np.object_)
    # of a million names those asked for are few
    hits = np.flatnonzero(bodies.body.isin(pd.unique(asked)))
    known = pd.Series(hits, index=bodies.body.to_numpy()[hits])
    known = known[~known.index.duplicated()]
    rows: I32 = known.reindex(asked).fillna(-1).to_numpy(np.int32)
    return rows


def density(orbit: Orbits, years: float, reach_AU: float) -> NDArray[np.uint8]:
    """Count bodies in cells of the ecliptic, seen from the north.

    Parameters
    ----------
    orbit : Orbits
    years : float
        Of the run.
    reach_AU : float
        Half the side of the image.

    Returns
    -------
    (CELLS, CELLS) uint8
        Square root of the number, 255 where there are most; the first row has the greatest y.
    """
    x, y = states(orbit, years * YEAR_DAYS)[:2]
    columns = ((x + reach_AU) * (CELLS / (2 * reach_AU))).astype(np.int64)
    rows = ((reach_AU - y) * (CELLS / (2 * reach_AU))).astype(np.int64)
    inside = (columns >= 0) & (columns < CELLS) & (rows >= 0) & (rows < CELLS)
    number = np.bincount(rows[inside] * CELLS + columns[inside], minlength=CELLS * CELLS)
    brightness = np.sqrt(number / max(1, number.max()))
    image: NDArray[np.uint8] = (255 * brightness).astype(np.uint8)
    return image.reshape(CELLS, CELLS)


# ---------------------------------------------------------------------- who lived where


@dataclass(frozen=True, eq=False)
class Story:
    """Inhabited sites (S) at the records (K) of a run.

    Attributes
    ----------
    years : (K,) float64
        Of the records.
    site, body : (S,) int32
        Number, and row of its body.
    lineage, front : (S,) object
    rank : (S,) int32
    robots : (K, S) uint32
        None: nobody lives there then.
    thinned : int
        One record in so many was read.
    """

    years: F64
    site: I32
    body: I32
    lineage: NDArray[np.object_]
    front: NDArray[np.object_]
    rank: I32
    robots: NDArray[np.uint32]
    thinned: int

    def record(self, years: float) -> int:
        """Return the latest record by then, the first if there is none."""
        return max(0, int(np.searchsorted(self.years, years + 1e-9, "right")) - 1)

    def at(self, years: float) -> pd.DataFrame:
        """Return the sites inhabited then, the most populous first.

        Returns
        -------
        DataFrame
            ``site``, ``row`` (of the body), ``lineage``, ``rank``, ``front``, ``robots``.
        """
        now = self.robots[self.record(years)] if len(self.years) else np.zeros(0, np.uint32)
        there = np.flatnonzero(now)
        there = there[np.argsort(-now[there].astype(np.int64), kind="stable")]
        return pd.DataFrame(
            {
                "site": self.site[there],
                "row": self.body[there],
                "lineage": self.lineage[there],
                "rank": self.rank[there],
                "front": self.front[there],
                "robots": now[there].astype(np.int64),
            }
        )


def story_of(run: Run, bodies: pd.DataFrame) -> Story:
    """Read who lived where when.

    A site's number is used again after a ship was lost, so a site is a number with its body,
    lineage and rank.
    """
    steps = np.array(run.steps(), np.int64)
    every = max(1, -(-len(run.table("sites", ["step"])) // MOST_ROWS))
    # the latest record is always among them
    kept = steps[::-1][::every][::-1]
    columns = ["step", "site", "body", "lineage", "rank", "front", "robots"]
    where = ds.field("state") == "settled"
    if every > 1:
        where &= ds.field("step").isin(kept.tolist())
    found = run.table("sites", columns, where)
    row = rows_of(found.body, bodies)
    found = found[row >= 0].assign(row=row[row >= 0])
    names = ["site", "row", "lineage", "rank", "front"]
    groups = found.groupby(names, observed=True, sort=True)
    code = groups.ngroup().to_numpy(np.int64)
    first = found.assign(code=code).drop_duplicates("code").sort_values("code")
    robots = np.zeros((len(kept), len(first)), np.uint32)
    when = np.searchsorted(kept, found.step.to_numpy())
    ok = when < len(kept)
    robots[when[ok], code[ok]] = found.robots.to_numpy()[ok]
    series = run.table("series", ["step", "years"]).drop_duplicates("step").set_index("step").years
    return Story(
        years=series.reindex(kept).to_numpy(np.float64),
        site=first.site.to_numpy(np.int32),
        body=first.row.to_numpy(np.int32),
        lineage=first.lineage.astype(str).to_numpy(np.object_),
        front=first.front.astype(str).to_numpy(np.object_),
        rank=first["rank"].to_numpy(np.int32),
        robots=robots,
        thinned=every,
    )


def codes(values: NDArray[Any] | pd.Series, names: Sequence[str]) -> NDArray[np.uint8]:
    """Return the place of each value among names; what is not among them gets the last place."""
    place = {name: n for n, name in enumerate(names)}
    return np.array([place.get(str(v), len(names) - 1) for v in values], np.uint8)


def legend(values: Sequence[Any], *, ranks: bool = False) -> list[tuple[str, str]]:
    """Return names with their colours, in order; the last of too many is *others*.

    Parameters
    ----------
    values : sequence
        As they come, each as often as it likes: of lineages or fronts, or ranks.
    ranks : bool
        Ranks have an order, and colours that go with it.
    """
    if ranks:
        top = max((int(v) for v in values), default=0)
        return [(str(n), _between(n / max(1, top))) for n in range(top + 1)]
    names = list(dict.fromkeys(str(v) for v in values))
    if len(names) < len(COLOURS):
        return list(zip(names, COLOURS, strict=False))
    return [*zip(names[: len(COLOURS) - 1], COLOURS, strict=False), ("others", _OTHERS)]


def _between(share: float) -> str:
    """Return the colour at a share of the way through those of ranks."""
    at = share * (len(_RANKS) - 1)
    low = min(int(at), len(_RANKS) - 2)
    ends = [[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in _RANKS[low : low + 2]]
    return "#" + "".join(
        f"{round(a + (b - a) * (at - low)):02X}" for a, b in zip(*ends, strict=True)
    )


# ---------------------------------------------------------------------- ships


def voyages(expeditions: pd.DataFrame) -> pd.DataFrame:
    """Return the expeditions that left, each with its end.

    Parameters
    ----------
    expeditions : DataFrame
        The table of that name.

    Returns
    -------
    DataFrame
        ``ship``, ``start``, ``goal``, ``lineage``, ``rank``, ``robots``, ``left_year``,
        ``arrival_year`` (planned), ``end_year`` (infinite while in flight), ``outcome`` (one of
        `ENDS`, or *in flight*), ``dv_m_s``, ``propellant_kg``, ``payload_kg``; in order of
        departure.
    """
    x = expeditions[expeditions.event.isin(("left", *ENDS))].copy()
    # an end before a departure in the same step is of the voyage before
    x["late"] = x.event == "left"
    x = x.sort_values(["ship", "step", "late"], kind="stable")
    after = x.groupby("ship").shift(-1)[["event", "years"]]
    left = x.event == "left"
    over = after.event.isin(ENDS)
    out = pd.DataFrame(
        {
            "ship": x.ship,
            "start": x.start,
            "goal": x.body,
            "lineage": x.lineage.astype(str),
            "rank": x["rank"],
            "robots": x.robots,
            "left_year": x.years,
            "arrival_year": x.years + x.flight_days / YEAR_DAYS,
            "end_year": after.years.where(over, np.inf),
            "outcome": after.event.astype(object).where(over, "in flight"),
            "dv_m_s": x.dv_m_s,
            "propellant_kg": x.propellant_kg,
            "payload_kg": x.payload_kg,
        }
    )[left]
    return out.sort_values("left_year", kind="stable").reset_index(drop=True)


def arcs(trips: pd.DataFrame, bodies: pd.DataFrame, orbit: Orbits) -> NDArray[np.float32]:
    """Return the orbits on which ships fly: from where one body is to where the other will be.

    Parameters
    ----------
    trips : DataFrame
        Of `voyages`.
    bodies : DataFrame
    orbit : Orbits
        Of the bodies.

    Returns
    -------
    (V, 9) float32
        As `elements`. Where no ellipse leads there: both ends in the place of the vectors, and -1
        for the eccentricity.
    """
    start, goal = rows_of(trips.start, bodies), rows_of(trips.goal, bodies)
    known = (start >= 0) & (goal >= 0) & (trips.arrival_year > trips.left_year).to_numpy()
    out = np.zeros((len(trips), 9), np.float32)
    out[:, 6] = -1
    if not known.any():
        return out
    left = trips.left_year.to_numpy(np.float64)[known] * YEAR_DAYS
    lands = trips.arrival_year.to_numpy(np.float64)[known] * YEAR_DAYS
    r1, r2 = _places(orbit, start[known], left), _places(orbit, goal[known], lands)
    v1 = lambert_velocities(r1, r2, lands - left)[:3]
    straight = np.concatenate([r1, r2, [np.full(r1.shape[1], -1.0), *np.zeros((2, r1.shape[1]))]])
    conic, good = _ellipses(r1, v1, left)
    out[known] = np.where(good, conic, straight).T
    return out


def _places(orbit: Orbits, rows: I32, days: F64) -> F64:
    """Return (3, n) where bodies are, each on a day of its own."""
    return states(orbit.take(rows)._replace(epoch_jd=-days), 0.0)[:3]


def _ellipses(r: F64, v: F64, days: F64) -> tuple[F64, NDArray[np.bool_]]:
    """Return (9, n) elements of orbits through places with velocities, and which are ellipses."""
    with np.errstate(all="ignore"):
        distance = np.sqrt((r * r).sum(0))
        spin = np.cross(r, v, axis=0)
        spin /= np.sqrt((spin * spin).sum(0))
        to_perihelion = np.cross(v, np.cross(r, v, axis=0), axis=0) / SUN_AU3_D2 - r / distance
        e = np.sqrt((to_perihelion**2).sum(0))
        # a circle has no perihelion; any place on it will do
        p = np.where(e > 1e-9, to_perihelion / e, r / distance)
        q = np.cross(spin, p, axis=0)
        a = 1 / (2 / distance - (v * v).sum(0) / SUN_AU3_D2)
        b = a * np.sqrt(1 - e * e)
        E = np.arctan2((r * q).sum(0) / b, (r * p).sum(0) / a + e)
        motion = GAUSS_K / a**1.5
        M = (E - e * np.sin(E) - motion * days) % (2 * np.pi)
        out = np.concatenate([a * p, b * q, [e, M, motion]])
    return out, np.isfinite(out).all(0) & (e < 1) & (a > 0)


def elements(orbit: Orbits) -> NDArray[np.float32]:
    """Return (n, 9) what a browser needs to move bodies.

    Vectors to the perihelion, as long as the semi-major axis, and 90 degrees ahead, as long as the
    semi-minor one, in AU; eccentricity; mean anomaly at the start of the run, radians; mean motion,
    radians a day.
    """
    o = orbit
    columns = (o.px, o.py, o.pz, o.qx, o.qy, o.qz, o.e, o.M_rad, o.motion_rad_d)
    return np.stack(columns, 1).astype(np.float32)


# ---------------------------------------------------------------------- charts


def arrivals(trips: pd.DataFrame) -> Option:
    """Draw how expeditions ended, year by year, one outcome on the other."""
    over = trips[trips.outcome.isin(ENDS)]
    year = np.floor(over.end_year).astype(int)
    counted = pd.crosstab(year, over.outcome.astype(str))
    last = int(year.max()) if len(over) else 0
    counted = counted.reindex(range(last + 1), fill_value=0)
    counted = counted[[end for end in ENDS if end in counted]].rename_axis("year").reset_index()
    return columns(counted, "year", x_name="year", y_name="number", colours=OUTCOME_COLOURS)
