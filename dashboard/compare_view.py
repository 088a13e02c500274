"""Several runs side by side: curves of an outcome, summaries, how their scenarios differ."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from auxon.sim.errors import AuxonError

from . import charts
from .shelf import Run, Shelf

OUTCOMES = {
    "robots": "robots",
    "mass_kg": "mass of robots, kg",
    "births": "robots built, a year",
    "deaths": "robots taken apart or lost, a year",
    "failures": "failures, a year",
    "repairs": "repairs, a year",
    "broken": "robots broken",
    "building": "robots under construction",
    "power_supply_kW": "power supply, kW",
    "power_demand_kW": "power demand, kW",
    "power_share": "share of demand for power that is met",
    "energy_MWh": "energy used, MWh a year",
    "rock_used_kg": "rock used up, kg",
    "imported_kg": "imported, kg",
    "sites": "sites",
    "inhabited": "sites with robots",
    "in_flight": "ships in flight",
    "settled": "sites settled, a year",
    "lost": "ships lost, a year",
    "front_AU": "farthest inhabited body, AU from home",
    "delivered_kg": "cargo delivered, kg",
    "exhaust_kg": "thrown out behind ships, kg",
    "lost_kg": "lost with ships, kg",
}
"""Columns of table `series`, with what they are called."""
SUMS = frozenset({"births", "deaths", "failures", "repairs", "energy_MWh", "settled", "lost"})
"""Of these a row has the sum since the one before; runs record at different intervals."""
_DASHES = ("solid", "dashed", "dotted")
"""When colours have been used up."""
SUMMARY = {
    "years": "years",
    "robots": "robots at the end",
    "mass_kg": "mass at the end, kg",
    "doubling_time_years": "doubling time, years",
    "growth_rate_per_year": "growth rate, per year",
    "growth_bound_per_year": "bound on it, per year",
    "share_of_bound": "share of the bound",
    "births": "robots built",
    "deaths": "robots taken apart or lost",
    "imports_kg": "imported, kg",
    "inhabited": "sites with robots",
    "bottleneck": "bottleneck",
    "why": "what held it back at the end",
    "digest": "digest",
}
"""Keys of a summary, with what they are called."""
_RANKED = {
    "robots": "robots at the end",
    "growth_rate_per_year": "growth a year",
    "share_of_bound": "of what is possible",
    "inhabited": "sites with robots",
}
_SAME = 0.01
"""Relative difference below which two numbers are called alike."""

# ------------------------------------------------------------------ runs and their curves


def opened(shelf: Shelf, names: Sequence[str]) -> tuple[dict[str, Run], list[str]]:
    """Return the runs that can be read, by name, and a sentence for each that cannot."""
    runs: dict[str, Run] = {}
    bad = []
    for name in dict.fromkeys(names):
        try:
            run = shelf.open(name)
            run.manifest["data"]["scenario"]
            runs[name] = run
        except (AuxonError, KeyError, TypeError, ValueError, OSError) as error:
            bad.append(f"Run '{name}' is left out: {error or type(error).__name__}")
    return runs, bad


def curves(
    runs: Mapping[str, Run], outcome: str, *, relative: bool = False
) -> tuple[pd.DataFrame, list[str]]:
    """Return an outcome of several runs over time.

    Parameters
    ----------
    outcome : str
        A key of `OUTCOMES`.
    relative : bool
        Divide by the first value above zero.

    Returns
    -------
    frame : DataFrame
        Columns run, years, value.
    problems : list of str
        A sentence for each run whose table is damaged.
    """
    found, bad = [], []
    for name, run in runs.items():
        try:
            one = run.table("series", ["years", outcome])
        except AuxonError as error:
            bad.append(str(error))
            continue
        value = one[outcome].astype(float)
        if outcome in SUMS:
            span = one.years.diff()
            value = (value / span).where(span > 0)
        if relative:
            above = value[value > 0]
            value = value / above.iloc[0] if len(above) else value * np.nan
        found.append(pd.DataFrame({"run": name, "years": one.years, "value": value}))
    if not found:
        return pd.DataFrame({"run": [], "years": [], "value": []}), bad
    return pd.concat(found, ignore_index=True), bad


def overlay(frame: pd.DataFrame, y_name: str, *, log: bool = False) -> charts.Option:
    """Draw one line for each run: columns run, years, value."""
    series = []
    for n, (name, one) in enumerate(frame.groupby("run", sort=False)):
        kept = one[np.isfinite(one.value) & ((one.value > 0) | (not log))]
        few = charts.thinned(kept)
        option = charts.lines(few, "years", {"value": str(name)})["series"][0]
        dash = _DASHES[n // len(charts.COLOURS) % len(_DASHES)]
        series.append(
            option
            | {
                "color": charts.COLOURS[n % len(charts.COLOURS)],
                "lineStyle": {"type": dash, "width": 2},
            }
        )
    option = charts.lines(frame.head(0), "years", {}, y_name=y_name, log=log)
    option["xAxis"]["min"] = 0
    option["yAxis"]["nameTextStyle"] = {"align": "left"}
    return option | {"series": series}


# ------------------------------------------------------------------ summaries


def summaries(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Return a row for each run: run, state, scenario, policy, seed, and the keys of `SUMMARY`.

    What a run has not come to yet, or none of its kind comes to, is missing.
    """
    rows = []
    for name, run in runs.items():
        manifest = run.manifest
        row: dict[str, Any] = {"run": name}
        row |= {key: manifest.get(key) for key in ("state", "scenario", "policy", "seed")}
        try:
            summary = run.summary or {}
        except AuxonError:
            summary = {}
        rows.append(row | {key: summary.get(key) for key in SUMMARY})
    return pd.DataFrame(rows, columns=["run", "state", "scenario", "policy", "seed", *SUMMARY])


def side_by_side(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn `summaries` about: a row for each figure, a column for each run, all of it text."""
    kept = frame.dropna(axis=1, how="all").set_index("run")
    names = {key: SUMMARY.get(key, key) for key in kept.columns}
    turned = pd.DataFrame(
        {str(run): [_text(key, kept.loc[run, key]) for key in names] for run in kept.index}
    )
    turned.insert(0, "figure", list(names.values()))
    return turned


def _text(key: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if key == "share_of_bound":
        return f"{100 * value:.1f} %"
    if isinstance(value, str) or key == "seed":
        return str(value)
    number = float(value)
    return f"{number:,.0f}" if number.is_integer() or abs(number) >= 1000 else f"{number:.4g}"


def standouts(frame: pd.DataFrame) -> list[str]:
    """Say which run leads in what, and by how much, in sentences."""
    said = []
    if len(frame) > 1 and frame.digest.notna().all() and frame.digest.nunique() == 1:
        return ["All of them ended in the very same state: their digests are equal."]
    for key, what in _RANKED.items():
        known = frame[["run", key]].dropna()
        known = known.assign(**{key: known[key].astype(float)}).sort_values(key, ascending=False)
        if len(known) < 2:
            continue
        most, least = known.iloc[0], known.iloc[-1]
        high, low = float(most[key]), float(least[key])
        if abs(high - low) <= _SAME * max(abs(high), abs(low)):
            said.append(f"{what.capitalize()}: alike in all of them.")
            continue
        times = f", {high / low:,.3g} times as much as {least.run}" if low > 0 else ""
        said.append(
            f"{what.capitalize()}: most in {most.run} ({_text(key, high)}){times} "
            f"({_text(key, low)})."
            if times
            else f"{what.capitalize()}: most in {most.run} ({_text(key, high)}), least in "
            f"{least.run} ({_text(key, low)})."
        )
    stuck = frame[["run", "bottleneck"]].dropna()
    if stuck.bottleneck.nunique() > 1:
        each = "; ".join(f"{row.run}: {row.bottleneck}" for row in stuck.itertuples())
        said.append(f"They lack different things: {each}.")
    elif len(stuck) > 1:
        said.append(f"All of them lack {stuck.bottleneck.iloc[0]} most.")
    return said


# ------------------------------------------------------------------ scenarios


def differences(manifests: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return what runs were told differently: a row for each key, a column for each run.

    Keys are dotted, as in `auxon.sim.scenario.Scenario.replace`; policy, seed and years are those
    of the run. What a run was not told is an empty text.
    """
    flat = {}
    for name, manifest in manifests.items():
        told = dict(_leaves(manifest["data"]["scenario"], ""))
        told |= {key: manifest.get(key) for key in ("policy", "seed", "years")}
        flat[name] = told
    keys = list(dict.fromkeys(key for told in flat.values() for key in told))
    rows = []
    for key in keys:
        values = [told.get(key) for told in flat.values()]
        if any(v != values[0] for v in values):
            texts = ["" if v is None else str(v) for v in values]
            rows.append([key, *texts])
    return pd.DataFrame(rows, columns=["key", *flat])


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield dotted paths and values of nested tables; lists of plain values are one value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(x, Mapping) for x in value):
        for n, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{n}")
    else:
        yield path, value
