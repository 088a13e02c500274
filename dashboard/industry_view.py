"""What a scenario's industry can do, with some of its processes switched off: numbers and words.

It is about one site on the home body. What a scenario says of a belt is left out: closure and bound
of one site do not depend on it, and reading a hundred thousand bodies takes seconds.
"""

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from auxon.sim import library
from auxon.sim.balance import balance
from auxon.sim.bound import Bound
from auxon.sim.closure import Closure, closure
from auxon.sim.errors import ScenarioError, UsageError
from auxon.sim.orbit import mean_flux_w_m2
from auxon.sim.scenario import Scenario, load
from auxon.sim.technology import technology

from .industry_flows import Flow, between_processes, words

MOST_BYTES = 2 * 1024 * 1024
"""Of an uploaded scenario."""
_LISTED = 3
"""Names in a sentence, before the rest is only counted."""
CONFIDENCE = {
    "V": "read in the document named",
    "Vs": "read in a text that cites it",
    "MH": "remembered with certainty",
    "MU": "remembered without certainty",
    "C": "computed",
    "A": "assumed",
}

# ------------------------------------------------------------------ which scenario


def shipped(name: str) -> Scenario:
    """Return a shipped scenario without its belt.

    Raises
    ------
    ScenarioError
        There is none of that name.
    """
    if name not in (names := library.names_in(library.SHIPPED)):
        raise ScenarioError([f"no scenario '{name}'; expected one of {', '.join(names)}"])
    return _alone(tomllib.loads((library.SHIPPED / f"{name}.toml").read_text(encoding="utf-8")))


def of_run(manifest: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a run without its belt."""
    data = manifest["data"]
    return load({**data, "scenario": {**data["scenario"], "belt": None}, "belt": None})


def uploaded(content: bytes) -> Scenario:
    """Return the scenario that a visitor sent, without its belt.

    It can name industries that are shipped, and nothing else that lies on this machine.

    Raises
    ------
    ScenarioError
        It is no scenario, or names a file.
    """
    at = "the uploaded file"
    if len(content) > MOST_BYTES:
        raise ScenarioError(
            [f"{at}: {len(content):,} bytes; expected {MOST_BYTES:,} at most; leave something out"]
        )
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ScenarioError(
            [f"{at}: byte {error.start} is not UTF-8; expected a TOML file; save it as UTF-8"]
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScenarioError([f"{at}: {error}; expected TOML; mend that place"]) from None
    if "scenario" in raw:
        raise ScenarioError(
            [f"{at}: a table 'scenario'; expected a scenario file itself; write its keys on top"]
        )
    known = library.names_in(library.SHIPPED / "industry")
    named = raw.get("industry", [])
    for name in named if isinstance(named, list) else [named]:
        if name not in known:
            raise ScenarioError(
                [
                    f"{at}: industry: found '{name}'; expected shipped ones, as a page opens no "
                    f"other files: {', '.join(known)}; put what differs under [override]"
                ]
            )
    return _alone(raw)


def _alone(raw: Mapping[str, Any]) -> Scenario:
    return load({key: value for key, value in raw.items() if key != "belt"})


def without(scenario: Scenario, off: Collection[str]) -> Scenario:
    """Return a scenario in whose industry some processes do not run.

    Unlike an override that drops them it may be one in which nothing can be made: then closure and
    bound say so. It is for analysis, not for runs.
    """
    industry = scenario.industry
    kept = {name: p for name, p in industry.processes.items() if name not in off}
    route = {}
    for material, way in industry.route.items():
        others = [n for n, p in kept.items() if material in set(p.outputs) - p.byproducts]
        if way in kept or others:
            route[material] = way if way in kept else others[0]
    return replace(scenario, industry=replace(industry, processes=kept, route=route))


# ------------------------------------------------------------------ what it can do


@dataclass(frozen=True)
class Finding:
    """What an industry can do, as plain data that can be kept.

    Attributes
    ----------
    closure : Closure
    rate_per_year : float
        Bound on growth; minus infinity where nothing can be built again and again.
    doubling_years : float or None
    why : str
        Why it cannot grow; empty if it can.
    scarce : DataFrame
        What holds growth back, the most precious first: kind, good, value_share; gain, what a
        little more adds, and one, what that little is.
    fleet : DataFrame
        The best mix: species, robots_per_t, mass_share, rent_share, worth.
    runs_per_day_t : dict of str to float
        Processes of the best plan.
    detours : DataFrame
        Materials made mainly by another process than the industry's route: material, process,
        route.
    imports_kg_per_kg : dict of str to float
    flows : tuple of Flow
        Kilograms between materials and processes, for a kilogram of replica.
    """

    closure: Closure
    rate_per_year: float
    doubling_years: float | None
    why: str
    scarce: pd.DataFrame
    fleet: pd.DataFrame
    runs_per_day_t: dict[str, float]
    detours: pd.DataFrame
    imports_kg_per_kg: dict[str, float]
    flows: tuple[Flow, ...]


def find(scenario: Scenario) -> Finding:
    """Return what a scenario's industry can do.

    Raises
    ------
    UsageError
        The numbers are such that no program over its processes can be solved.
    """
    sunlight_w_m2 = mean_flux_w_m2(scenario.body.a_au, scenario.body.e) * scenario.site.sun_fraction
    try:
        closed = closure(scenario)
        stepped = balance(technology(scenario, sunlight_w_m2, True))
        bound = Bound(scenario, sunlight_w_m2, stepped, None)
        imported = scenario.imports.materials if scenario.imports else ()
        flows = between_processes(scenario.industry, imported, closed.replica)
    except ArithmeticError as error:
        raise UsageError(
            f"this industry cannot be judged ({error}); expected amounts that are not millions of "
            "times apart; switch other processes off"
        ) from None
    return Finding(
        closure=closed,
        rate_per_year=bound.rate_per_year,
        doubling_years=bound.doubling_time_years,
        why=_why(bound),
        scarce=_scarce(bound),
        fleet=pd.DataFrame(
            bound.fleet,
            columns=["species", "robots_per_t", "mass_share", "worth", "rent_share"],
        ),
        runs_per_day_t={p.process: p.runs_per_day_t for p in bound.processes},
        detours=pd.DataFrame(bound.detours, columns=["material", "process", "route"]),
        imports_kg_per_kg=bound.imports_kg_per_kg,
        flows=flows,
    )


def _why(bound: Bound) -> str:
    rate = bound.rate_per_year
    if rate > 0:
        return ""
    if not math.isfinite(rate):
        return bound.why or ""
    return (
        "robots wear out faster than the best fleet can replace them: it would lose "
        f"{-100 * math.expm1(rate):.2g} % of its mass in a year"
    )


def _scarce(bound: Bound) -> pd.DataFrame:
    """Return shadow prices: shares of value, and what a little more would add to the rate."""
    s, rows = bound.sensitivity, []
    species = list(bound.scenario.industry.species)
    materials = list(bound.scenario.industry.materials)
    for kind, good, share in bound.scarce:
        assert s
        if kind == "power":
            gain = s.electricity_kWh if good == "electricity" else s.heat_kWh
            one = "kWh a day for each tonne of robots"
        elif kind == "material":
            gain = s.material_kg[materials.index(good)]
            one = "kg a year for each tonne of robots"
        else:
            gain = s.productivity[species.index(good)]
            one = f"{100 * s.change:.0f} % more work of each {good}"
        rows.append((kind, good, share, float(gain), one))
    return pd.DataFrame(rows, columns=["kind", "good", "value_share", "gain", "one"])


# ------------------------------------------------------------------ in words


def verdict(found: Finding) -> str:
    """Say in a sentence or two how fast the industry can grow, and what holds it back."""
    if found.why:
        return f"Nothing grows here: {found.why}."
    held = found.scarce[found.scarce.kind != "material"].head(2)
    names = [
        f"{words(str(row.good))} ({100 * float(row.value_share):.0f} %)"
        for row in held.itertuples()
    ]
    text = (
        f"At best a colony doubles every {duration(found.doubling_years)}: no policy can be faster "
        "for long."
    )
    return text + (
        f" Most precious are {' and '.join(names)}: shares in the value of all work and power."
        if names
        else ""
    )


def changes(before: Finding, after: Finding, off: Collection[str]) -> list[str]:
    """Say what switching processes off changes, in sentences."""
    said = []
    one, two = before.closure, after.closure
    if after.why and not before.why:
        said.append(f"Nothing can grow any more: {after.why}.")
    elif before.why and after.why:
        said.append("Nothing could grow before, and nothing can now.")
    else:
        less = 1 - after.rate_per_year / before.rate_per_year
        if less < 5e-5:
            said.append("Growth is as fast as before: other processes do as well.")
        else:
            said.append(
                f"The bound falls by {100 * less:.2g} %, from {before.rate_per_year:.4g} to "
                f"{after.rate_per_year:.4g} a year; a doubling takes "
                f"{duration(after.doubling_years)}, not {duration(before.doubling_years)}."
            )
    more_kg = two.imported_kg - one.imported_kg
    if more_kg > 1e-6 * one.replica_kg:
        said.append(
            f"Of a copy {100 * (1 - two.mass):.3g} % must come from Earth, not "
            f"{100 * (1 - one.mass):.3g} %: {more_kg:,.4g} kg more."
        )
        known = {v.name for v in one.vitamins if v.kg}
        if new := [v.name for v in two.vitamins if v.kg and v.name not in known]:
            said.append(f"New vitamins: {_listed(new)}.")
    elif abs(more_kg) <= 1e-6 * one.replica_kg:
        said.append("No more of a copy must come from Earth than before.")
    if (fallen := len(two.lost) - len(one.lost)) > 0:
        said.append(f"{fallen} more parts and species cannot be made here.")
    if after.runs_per_day_t and (
        instead := [p for p in after.runs_per_day_t if p not in before.runs_per_day_t]
    ):
        said.append(f"The best plan uses instead: {_listed(instead)}.")
    if after.runs_per_day_t and not set(off) & set(before.runs_per_day_t):
        said.append("The best plan did not use what you switched off.")
    return said


def duration(years: float | None) -> str:
    """Return a time in words."""
    if years is None:
        return "never"
    return f"{years:.3g} years" if years >= 1 else f"{365.25 * years:.3g} days"


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(map(words, names[:_LISTED])) + (f" and {more} more" if more > 0 else "")


# ------------------------------------------------------------------ tables


def processes(scenario: Scenario, off: Collection[str], found: Finding) -> pd.DataFrame:
    """Return a row for each process: what it does, and how well it is known.

    Columns: process, state (in the best plan, idle, off), machine, hours and kWh of one run (of
    which heat_kWh may be sunlight), takes, gives, runs_per_day_t, source, confidence.
    """
    rows = []
    for p in scenario.industry.processes.values():
        runs = found.runs_per_day_t.get(p.name, 0.0)
        rows.append(
            {
                "process": p.name,
                "state": "off" if p.name in off else "in the best plan" if runs else "idle",
                "machine": p.machine,
                "hours": p.machine_seconds / 3600,
                "kWh": p.energy_kJ / 3600,
                "heat_kWh": p.heat_kJ / 3600,
                "takes": _amounts(scenario, p.inputs),
                "gives": _amounts(scenario, p.outputs),
                "runs_per_day_t": runs,
                "source": p.source,
                "confidence": ", ".join(CONFIDENCE[c] for c in p.confidence.split("/")),
            }
        )
    return pd.DataFrame(rows)


def _amounts(scenario: Scenario, amounts: Mapping[str, int]) -> str:
    materials = scenario.industry.materials
    return ", ".join(
        f"{n:,} {m}" if materials[m].unit == "piece" else f"{n / 1000:,.6g} kg {m}"
        for m, n in amounts.items()
    )


def vitamins(closed: Closure) -> pd.DataFrame:
    """Return what comes from Earth for a copy: material, kg, pieces, needed by, why."""
    rows = [
        (v.name, v.kg, v.pieces, ", ".join(v.species), v.lacks) for v in closed.vitamins if v.kg
    ]
    return pd.DataFrame(rows, columns=["material", "kg", "pieces", "needed by", "why"])


def losses(closed: Closure) -> pd.DataFrame:
    """Return what cannot be made here though imports are at hand: what, kind, missing, why."""
    rows = [(x.name, x.kind, x.root, x.reason) for x in closed.lost]
    return pd.DataFrame(rows, columns=["what", "kind", "missing in the end", "why"])
