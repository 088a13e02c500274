"""Runs: a scenario stepped to its horizon, written down, and resumable at any moment."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auxon.policies import Policy, make, names
from auxon.sim import jit
from auxon.sim.errors import ResumeError, ScenarioError, UsageError
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.record_schemas import SCHEMAS
from auxon.sim.records import read
from auxon.sim.scenario import Scenario, load
from auxon.sim.toml_errors import Source, finding, nearest
from auxon.sim.toml_errors import read as read_toml
from auxon.sim.world import World

from .folder import RunFolder, choose
from .recording import Recording, manifest_of, record_days_of

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[World, int], None]
"""Called after every step with the world and the number of steps to be made in all."""


class Interrupted(KeyboardInterrupt):
    """The run was asked to stop; it lies in `out`, whole, and can be resumed.

    Parameters
    ----------
    out : Path
    step : int
        Steps made.
    """

    def __init__(self, out: Path, step: int) -> None:
        self.out, self.step = out, step
        super().__init__(f"interrupted after step {step}; resume the run in {out}")


@dataclass(frozen=True)
class Result:
    """What became of a run.

    Attributes
    ----------
    summary : dict
        Final numbers, see `auxon.sim.summary.summarise`.
    out : Path
        The run's folder.
    """

    summary: dict[str, Any]
    out: Path

    def series(self, name: str = "series") -> "pa.Table":
        """Return a table of the run: pyarrow, ``.to_pandas()`` for pandas.

        Parameters
        ----------
        name : str
            A key of `auxon.sim.record_schemas.SCHEMAS`: series, population, sites...
        """
        if name not in SCHEMAS:
            raise UsageError(f"series({name!r}): no such table; expected {', '.join(SCHEMAS)}")
        return read(RunFolder(self.out).tables, name)


def run(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    *,
    years: float | None = None,
    seed: int | None = None,
    policy: str | Policy | None = None,
    threads: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    record_days: float | None = None,
    checkpoint_years: float = 5.0,
    progress: Progress | None = None,
) -> Result:
    """Run a scenario and write down what became of it.

    Parameters
    ----------
    scenario : str, Path, mapping or Scenario
        As in `auxon.load`.
    years : float, optional
        Horizon; None for the scenario's.
    seed : int, optional
        0 to 2**64 - 1; None for 1, or that of the run to resume.
    policy : str or Policy, optional
        None for the scenario's, or that of the run to resume.
    threads : int, optional
        The result does not depend on it.
    out : path, optional
        The run's folder; None for a new one in ``runs``.
    resume : bool
        Continue the run in `out` (or the last such run) from its latest good checkpoint.
    record_days : float, optional
        Time between two records; None for 10, or 30 across a belt. A resumed run keeps its own.
    checkpoint_years : float
        Time between two checkpoints.
    progress : callable, optional
        Called after every step with the world and the number of steps to be made in all.

    Raises
    ------
    ScenarioError
        The scenario cannot be.
    UsageError
        An argument cannot be, or `out` already holds a run.
    ResumeError
        The run to resume is another one, or none of its checkpoints is good.
    Interrupted
        SIGINT or SIGTERM came; the step was finished and a checkpoint written.
    """
    _check(years, seed, record_days, checkpoint_years, threads)
    if not isinstance(scenario, Scenario):
        scenario = load(scenario)
    if policy is None:
        check_policy(scenario)
    named = scenario.policy if policy is None else policy
    actor = make(named) if isinstance(named, str) else named
    policy_name = named if isinstance(named, str) else type(named).__qualname__.lower()
    _steps(scenario, years or scenario.years)  # refused before a folder is made
    folder = choose(out, f"{scenario.name}-{policy_name}-s{1 if seed is None else seed}", resume)
    old = folder.manifest() if resume else {}
    if seed is None:
        seed = int(old.get("seed", 1))
    if policy is None and old:
        policy_name = old["policy"]
        actor = make(policy_name)
    jit.threads(threads)
    manifest = manifest_of(
        scenario,
        policy_name,
        seed,
        years or old.get("years", scenario.years),
        record_days or old.get("record_days", record_days_of(scenario)),
    ) | {"sessions": old.get("sessions", [])}
    if resume:
        _same_run(old, manifest, folder)
    steps = _steps(scenario, manifest["years"])
    if old.get("state") == "finished" and old["sessions"][-1]["last_step"] == steps:
        return Result(folder.summary(), folder.path)
    world = World(scenario, actor, seed=seed)
    recording = Recording(world, folder, manifest, resume)
    if steps < world.step_count:
        raise UsageError(
            f"the run in {folder.path} already is at {world.years:.2f} years; expected a horizon "
            "beyond; raise --years"
        )
    every = max(1, round(checkpoint_years * YEAR_DAYS * 86_400 / world.dt_s))
    recording.begin()
    began = time.perf_counter()
    robot_steps, first = 0, world.step_count
    with _asked_to_stop() as stop:
        while world.step_count < steps and not stop.is_set():
            world.step()
            if world.step_count == first + 1:
                began = time.perf_counter()  # the first step loads or compiles the kernels
            else:
                robot_steps += world.robot_count
            if world.step_count % every == 0:
                recording.keep()
            if progress:
                progress(world, steps)
        wall_s = time.perf_counter() - began
        finished = world.step_count >= steps
        speed = round(robot_steps / wall_s) if robot_steps else None
        summary = recording.close(finished, {"robot_steps_per_s": speed})
    if not finished:
        raise Interrupted(folder.path, world.step_count)
    return Result(summary, folder.path)


def _steps(scenario: Scenario, years: float) -> int:
    step_days = scenario.rules.step_days
    steps = round(years * YEAR_DAYS / step_days)
    if steps < 1:
        raise UsageError(
            f"years is {years:g}; expected at least one step, of {step_days:g} days; raise --years"
        )
    return steps


def check_policy(scenario: Scenario) -> None:
    """Raise `ScenarioError` if the scenario names a policy that nobody knows."""
    if scenario.policy in names():
        return
    file = scenario.folder / f"{scenario.name}.toml" if scenario.folder else None
    source = read_toml(file) if file else Source(scenario.name, {"policy": scenario.policy})
    text = f"found '{scenario.policy}'; expected a policy; {nearest(scenario.policy, names())}"
    raise ScenarioError([finding([source], ("policy",), text)])


def _same_run(old: Mapping[str, Any], new: Mapping[str, Any], folder: RunFolder) -> None:
    for key in ("format", "scenario", "seed", "policy", "hash", "record_days"):
        if old.get(key) != new[key]:
            raise ResumeError(
                f"{folder.manifest_file}: {key} is {old.get(key)!r}, but {new[key]!r} was asked "
                "for; resume with what it was started with, or start a new run elsewhere"
            )


def _check(
    years: float | None,
    seed: int | None,
    record_days: float | None,
    checkpoint_years: float,
    threads: int | None,
) -> None:
    for name, value in (
        ("years", years),
        ("record_days", record_days),
        ("checkpoint_years", checkpoint_years),
    ):
        if value is None:
            continue
        if not isinstance(value, (int, float)) or not 0 < value <= 10_000:
            raise UsageError(f"{name} is {value!r}; expected more than 0 and at most 10000")
    if seed is not None and (not isinstance(seed, int) or not 0 <= seed < 2**64):
        raise UsageError(f"seed is {seed!r}; expected a whole number, 0 to 2**64 - 1")
    if threads is not None and threads < 1:
        raise UsageError(f"threads is {threads}; expected at least 1")


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into an event; a second one acts as it always does."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may handle signals
        return
    before: dict[int, Any] = {}

    def ask(number: int, frame: Any) -> None:
        stop.set()
        print("stopping after this step", file=sys.stderr)
        signal.signal(number, before[number])

    for number in (int(signal.SIGINT), int(signal.SIGTERM)):
        before[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
