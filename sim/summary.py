"""What became of a run, as one flat record."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from . import records
from .diagnosis import diagnose, origin
from .share import measure
from .wave_summary import wave_summary
from .world import World


def summarise(world: World, tables: Path) -> dict[str, Any]:
    """Return the final numbers of a run.

    Parameters
    ----------
    world : World
        At its end.
    tables : Path
        Folder of its tables, flushed.

    Returns
    -------
    dict
        ``doubling_time_years`` as in `doubling_time_years`. ``growth_rate_per_year``,
        ``growth_bound_per_year``, ``share_of_bound`` and ``growth_years`` as in
        `auxon.sim.share.Share`. ``why`` names what holds the society back now, or what it was
        waiting for when it died; ``bottlenecks`` what did in the second half, see `bottlenecks`,
        and ``bottleneck`` the first of them. Across a belt also what `auxon.sim.wave_summary`
        adds.
    """
    share = measure(world.scenario, tables)
    lacked = bottlenecks(tables)
    fleet = (world.flows.healthy + world.flows.broken).sum(0)
    births = int(world.sites.serial.sum()) - _founders(world)
    imported_g = (world.sites.imported * world.tables.unit_mass_g).sum()
    wrecks = int(world.books.wrecks.sum())
    return {
        "scenario": world.scenario.name,
        "seed": world.seed,
        "steps": world.step_count,
        "years": round(world.years, 6),
        "robots": world.robot_count,
        "robots_by_species": {
            k: int(n) for k, n in zip(world.species_names, fleet, strict=True) if n
        },
        "broken": int(world.flows.broken.sum()),
        "mass_kg": world.mass_g / 1000,
        "births": births,
        "deaths": _founders(world) + births - wrecks - world.robot_count,
        "doubling_time_years": doubling_time_years(tables),
        "growth_rate_per_year": share.rate_per_year,
        "growth_bound_per_year": share.bound_per_year,
        "share_of_bound": share.of_bound,
        "growth_years": list(share.years) if share.years else None,
        "imports_kg": float(imported_g) / 1000,
        "why": diagnose(world) + _last_words(world, tables),
        "bottleneck": next(iter(lacked), None),
        "bottlenecks": lacked,
        "digest": world.digest(),
    } | (wave_summary(world, tables) if world.scenario.belt else {})


def doubling_time_years(tables: Path) -> float | None:
    """Return the doubling time of mass on its way to half of its peak, None where it never doubled.

    Least squares of log mass over the records up to the first with half of the greatest mass: what
    comes after is a ceiling or a decline, of which a doubling time would say nothing.
    """
    series = records.read(tables, "series")
    years, mass_kg = (series[c].to_numpy() for c in ("years", "mass_kg"))
    if not len(years) or mass_kg.max() < 2 * mass_kg[0]:
        return None
    reached = int(np.argmax(mass_kg >= mass_kg.max() / 2)) + 1
    x, y = years[: max(reached, 2)], np.log(mass_kg[: max(reached, 2)])
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    return math.log(2) / slope if slope > 0 else None


def bottlenecks(tables: Path, most: int = 3) -> dict[str, float]:
    """Return what the longest-waiting order lacked, as a share of the records of the second half.

    An order that lacks several materials counts for each; at most `most` materials, worst first.
    Across a belt each inhabited site counts, for its longest-waiting order.
    """
    series = records.read(tables, "series")
    waiting = records.read(tables, "waiting").to_pandas()
    if not len(waiting):
        return {}
    steps = series["step"].to_numpy()
    waiting = waiting[2 * waiting.step >= steps[-1]]
    late = 2 * steps >= steps[-1]
    once, of = ["step", "material"], int(late.sum())
    if records.read(tables, "lineages").num_rows:
        once, of = [*once, "site"], int(series["inhabited"].to_numpy()[late].sum())
    else:
        longest = waiting.groupby("step").waited_days.transform("max")
        waiting = waiting[waiting.waited_days == longest]
    counts = waiting.drop_duplicates(once).groupby("material", observed=True).size()
    worst = counts.sort_values(ascending=False, kind="stable").head(most)
    return {str(name): round(n / max(1, of), 3) for name, n in worst.items()}


def _last_words(world: World, tables: Path) -> str:
    """Say what the orders of a society that has died out waited for most of its time."""
    if world.robot_count:
        return ""
    waiting = records.read(tables, "waiting").to_pandas()
    if not len(waiting):
        return ""
    counts = waiting.groupby("material", observed=True).step.nunique()
    name = str(counts.index[counts.to_numpy().argmax()])
    first_year = waiting[waiting.material == name].years.min()
    return f" From year {first_year:.1f} on its orders waited for {name}{origin(world, name)}."


def _founders(world: World) -> int:
    return sum(sum(seed.robots.values()) for seed in world.places.seeds)
