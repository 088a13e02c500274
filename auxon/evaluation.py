"""Policies compared on the same colonies: who runs on what, in which processes, to which files."""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from auxon.policies import Policy, make
from auxon.sim.balance import balance
from auxon.sim.errors import UsageError
from auxon.sim.files import whole
from auxon.sim.library import SHIPPED
from auxon.sim.scenario import Scenario, load, shipped
from auxon.sim.technology import technology
from auxon.sim.toml_errors import read

from .comparison import compare
from .outcomes import Failure, Job, jobs, reason, settle, settle_alone

FAMILIES = ("full", "partial")
SEEDS = 20
FIRST_SEED = 1001
"""Of evaluations. Trainings and searches use smaller ones, so that nobody is tested on the luck it
was bred on."""
BASELINE = "market"

Progress = Callable[[str], None]
"""Called with what has been done."""


@dataclass(frozen=True)
class Evaluation:
    """What a comparison of policies found.

    Attributes
    ----------
    colonies : DataFrame
        A row for each, see `auxon.outcomes.settle`.
    summary : DataFrame
        See `auxon.comparison.compare`.
    failures : tuple of Failure
        Policies that failed on a scenario; they are in no row of it.
    baseline : str
    """

    colonies: pd.DataFrame
    summary: pd.DataFrame
    failures: tuple[Failure, ...]
    baseline: str

    def write(self, folder: Path) -> list[Path]:
        """Write ``colonies.parquet``, ``summary.csv``, ``summary.md`` and ``summary.png``."""
        from .evaluation_picture import draw_evaluation
        from .evaluation_report import markdown

        made = [folder / f for f in ("colonies.parquet", "summary.csv", "summary.md")]
        with whole(made[0]) as draft:
            self.colonies.to_parquet(draft, index=False)
        with whole(made[1]) as draft:
            self.summary.to_csv(draft, index=False)
        with whole(made[2]) as draft:
            draft.write_text(markdown(self), encoding="utf-8")
        return [*made, draw_evaluation(self, folder / "summary.png")]


def evaluate(
    policies: Sequence[str] | Mapping[str, str | Policy],
    scenarios: Sequence[str | Path | Scenario] = ("full",),
    *,
    seeds: int = SEEDS,
    first_seed: int = FIRST_SEED,
    years: float | None = None,
    baseline: str = BASELINE,
    out: str | Path | None = None,
    jobs: int = 2,
    resume: bool = False,
) -> pd.DataFrame:
    """Compare policies colony by colony; see `run_evaluation` for the arguments.

    Returns
    -------
    DataFrame
        As `auxon.comparison.compare`; ``attrs["failures"]`` lists sentences. With `out`, files are
        written there as `Evaluation.write` says.
    """
    found = run_evaluation(
        policies, scenarios, seeds=seeds, first_seed=first_seed, years=years, baseline=baseline,
        out=out, processes=jobs, resume=resume,
    )  # fmt: skip
    found.summary.attrs["failures"] = [str(f) for f in found.failures]
    return found.summary


def run_evaluation(
    policies: Sequence[str] | Mapping[str, str | Policy],
    scenarios: Sequence[str | Path | Scenario] = ("full",),
    *,
    seeds: int = SEEDS,
    first_seed: int = FIRST_SEED,
    years: float | None = None,
    baseline: str = BASELINE,
    out: str | Path | None = None,
    processes: int = 2,
    resume: bool = False,
    progress: Progress = lambda text: None,
) -> Evaluation:
    """Run every policy on the same colonies of every scenario.

    Parameters
    ----------
    policies : sequence of str, or mapping
        Names or files, as `auxon.policies.make` takes them; or label -> such a name, or a policy
        (which must pickle if there are several processes). The baseline is added if it is missing.
    scenarios : sequence
        ``full``: the shipped scenarios on one body in which something can grow; ``partial``: those
        of them with hidden state and hazards; or single ones as in `auxon.load`.
    seeds : int
        Colonies of each policy on each scenario. Those of few are the first of those of many.
    first_seed : int
        Of the worlds.
    years : float, optional
        Horizon; None for each scenario's own.
    baseline : str
    out : path, optional
        Folder; results are written there, and the colonies of each job as soon as they are there.
    processes : int
        The result does not depend on it.
    resume : bool
        Take jobs that an earlier call with the same `out` has done from there. It trusts that the
        code is the same.
    progress : callable

    Raises
    ------
    UsageError
        An argument cannot be, or every policy failed.
    ScenarioError
        A scenario cannot be.
    """
    _check(seeds, first_seed, years, processes)
    labels = dict(policies) if isinstance(policies, Mapping) else {p: p for p in policies}
    if baseline not in labels:
        labels[baseline] = baseline
    grounds = _grounds(scenarios)
    failures = {(label, ""): why for label, p in labels.items() if (why := _unmade(label, p))}
    for failure in failures.values():
        progress(str(failure))
    able = {label: policy for label, policy in labels.items() if (label, "") not in failures}
    todo = [
        job
        for scenario in sorted(grounds, key=lambda s: -(years or s.years))  # the longest first
        for label, policy in able.items()
        for job in jobs(label, policy, scenario, years or scenario.years, seeds, first_seed)
    ]
    tables: list[pd.DataFrame] = []
    for n, (job, result) in enumerate(_done(todo, out, processes, resume), 1):
        if isinstance(result, Failure):
            if (job.label, job.scenario.name) not in failures:
                progress(str(result))
            failures.setdefault((job.label, job.scenario.name), result)
            continue
        tables.append(result)
        progress(f"{n} of {len(todo)}: {job.label} on {job.scenario.name}")
    colonies = _sorted(tables, [s.name for s in grounds], list(labels))
    failed = [(p, s) in failures for p, s in zip(colonies.policy, colonies.scenario, strict=True)]
    colonies = colonies[[not f for f in failed]].reset_index(drop=True)
    if not len(colonies):
        raise UsageError("\n".join(map(str, failures.values())))
    summary = compare(colonies, baseline)
    found = Evaluation(colonies, summary, tuple(failures.values()), baseline)
    if out is not None:
        found.write(Path(out))
    return found


def growing(kind: str) -> list[Scenario]:
    """Return the shipped scenarios of a family: on one body, and something can grow there."""
    found = []
    for name, _ in shipped():
        data = read(SHIPPED / f"{name}.toml").data
        if "belt" in data or ("partial" in data) != (kind == "partial"):
            continue
        scenario = load(name)
        fastest = balance(technology(scenario))
        if fastest and fastest.rate_per_year > 0:
            found.append(scenario)
    return found


def _grounds(scenarios: Sequence[str | Path | Scenario]) -> list[Scenario]:
    """Return the scenarios asked for, each once."""
    found: dict[str, Scenario] = {}
    for one in scenarios:
        if one in FAMILIES:
            more = growing(str(one))
            if not more:
                raise UsageError(
                    f"scenarios: found '{one}', a family of which none is shipped; name scenarios"
                )
        else:
            more = [one if isinstance(one, Scenario) else load(one)]
        for scenario in more:
            if scenario.belt:
                raise UsageError(
                    f"scenarios: {scenario.name} has a belt; expected a single body, so that "
                    "colonies do not see each other; name another"
                )
            if found.setdefault(scenario.name, scenario).hash != scenario.hash:
                raise UsageError(
                    f"scenarios: two of them are called {scenario.name}; rename one of the files"
                )
    if not found:
        raise UsageError("scenarios: found none; expected full, partial or names; name one")
    return list(found.values())


def _unmade(label: str, policy: str | Policy) -> Failure | None:
    """Return why a policy cannot even be made."""
    if not isinstance(policy, str):
        return None
    try:
        make(policy)
    except Exception as error:  # a policy is anybody's code
        return Failure(label, "", reason(error))
    return None


def _done(
    todo: list[Job], out: str | Path | None, processes: int, resume: bool
) -> Iterator[tuple[Job, pd.DataFrame | Failure]]:
    """Yield each job with what came of it, as they are done."""
    parts = Path(out) / "parts" if out is not None else None
    left = []
    for job in todo:
        part = parts / f"{_key(job)}.parquet" if parts else None
        if resume and part and part.exists():
            yield job, pd.read_parquet(part)
        else:
            left.append(job)
    for job, result in _run(left, processes):
        if parts and isinstance(result, pd.DataFrame):
            with whole(parts / f"{_key(job)}.parquet") as draft:
                result.to_parquet(draft, index=False)
        yield job, result


def _run(todo: list[Job], processes: int) -> Iterator[tuple[Job, pd.DataFrame | Failure]]:
    if processes == 1 or len(todo) < 2:
        for job in todo:
            yield job, settle(job)
        return
    fresh = multiprocessing.get_context("spawn")  # threads of kernels do not outlive a fork
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        waiting = {pool.submit(settle_alone, job): job for job in todo}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _key(job: Job) -> str:
    """Return a name that tells a job from others; of a policy in a file the content counts."""
    given: object = job.policy if isinstance(job.policy, str) else type(job.policy).__qualname__
    if isinstance(job.policy, str) and Path(job.policy).is_file():
        given = hashlib.sha256(Path(job.policy).read_bytes()).hexdigest()
    what = [job.label, given, job.scenario.hash, job.years, job.world_seed, job.sites]
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]
    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in Path(job.label).name)
    return f"{plain}-{job.scenario.name}-{job.world_seed}-{digest}"


def _sorted(tables: list[pd.DataFrame], scenarios: list[str], labels: list[str]) -> pd.DataFrame:
    """Put colonies in the order they were asked for, whichever was done first."""
    if not tables:
        return pd.DataFrame({"policy": [], "scenario": []})
    rows = pd.concat(tables)
    places = {name: n for n, name in enumerate(scenarios)} | {"": -1}
    rows["_scenario"] = rows["scenario"].map(places)
    rows["_policy"] = rows["policy"].map({name: n for n, name in enumerate(labels)})
    rows = rows.sort_values(["_scenario", "_policy", "world_seed", "site"])
    return rows.drop(columns=["_scenario", "_policy"]).reset_index(drop=True)


def _check(seeds: int, first_seed: int, years: float | None, processes: int) -> None:
    for name, value in (("seeds", seeds), ("jobs", processes)):
        if not isinstance(value, int) or not 1 <= value <= 100_000:
            raise UsageError(f"{name} is {value!r}; expected a whole number from 1 to 100000")
    if not isinstance(first_seed, int) or not 0 <= first_seed < 2**62:
        raise UsageError(f"first_seed is {first_seed!r}; expected a whole number, 0 to 2**62")
    if years is not None and not 0 < years <= 10_000:
        raise UsageError(f"years is {years!r}; expected more than 0 and at most 10000")
