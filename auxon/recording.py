"""A world that is written down in a run's folder while it steps."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from auxon.sim import checkpoint
from auxon.sim.conservation import Ledger
from auxon.sim.errors import ResumeError
from auxon.sim.files import write_json
from auxon.sim.records import Recorder
from auxon.sim.scenario import Scenario
from auxon.sim.summary import summarise
from auxon.sim.world import World

from .folder import RunFolder, versions


def record_days_of(scenario: Scenario) -> float:
    """Return the usual time between two records."""
    return 30.0 if scenario.belt else 10.0


def manifest_of(
    scenario: Scenario, policy: str, seed: int, years: float, record_days: float
) -> dict[str, Any]:
    """Return the manifest of a run that starts."""
    return {
        "format": 1,
        "state": "running",
        "scenario": scenario.name,
        "hash": scenario.hash,
        "seed": seed,
        "policy": policy,
        "record_days": record_days,
        "years": years,
        "sessions": [],
        "data": scenario.data,
    }


class Recording:
    """Tables, checkpoints, manifest and summary of a world, kept in step with it.

    Parameters
    ----------
    world : World
        At its start, unless `resume`; in a folder with a checkpoint of it, unless that is None.
    folder : RunFolder
    manifest : dict
        As of `manifest_of`; written by `begin`, and again whenever the run stops.
    resume : bool
        Put the world into the state of the latest good checkpoint first.

    Raises
    ------
    ResumeError
        There are checkpoints, and none of them is good.
    """

    def __init__(
        self, world: World, folder: RunFolder, manifest: dict[str, Any], resume: bool = False
    ) -> None:
        self.world, self.folder, self.manifest = world, folder, manifest
        self.recorder = _recorder(world, folder, manifest["record_days"], resume)
        world.listeners += [self.recorder, _book_keeper(world, manifest["record_days"])]
        self._first, self._started = world.step_count, time.perf_counter()

    def begin(self) -> None:
        """Say in the folder that the run has started."""
        self.folder.write_manifest(self.manifest)

    def keep(self) -> None:
        """Write tables, then the checkpoint that speaks of the same step."""
        self.recorder.flush(self.world)
        path = self.folder.checkpoint(self.world.step_count)
        checkpoint.save(self.world, path, self.recorder.sums())
        self.folder.drop_old_checkpoints()

    def close(self, finished: bool, extra: Mapping[str, Any]) -> dict[str, Any]:
        """Write all that is to be written, and return the summary with `extra` added."""
        self.keep()
        self.recorder.finish(self.world)
        summary = summarise(self.world, self.folder.tables)
        summary |= {"policy": self.manifest["policy"], **extra, "out": str(self.folder.path)}
        write_json(self.folder.summary_file, summary)
        self.manifest["state"] = "finished" if finished else "interrupted"
        self.manifest["digest"] = summary["digest"]
        self.manifest["sessions"] = [
            *self.manifest["sessions"],
            {
                "first_step": self._first,
                "last_step": self.world.step_count,
                "wall_s": round(time.perf_counter() - self._started, 3),
                "versions": versions(),
            },
        ]
        self.folder.write_manifest(self.manifest)
        return summary


def _book_keeper(world: World, record_days: float) -> Callable[[World], None]:
    """Return a listener that checks the grams of every element as often as records are made."""
    every = max(1, round(record_days * 86_400 / world.dt_s))
    ledger = Ledger(world)
    phase = "launch" if world.scenario.belt else "record"  # ships have moved things between sites

    def check(world: World) -> None:
        if world.step_count % every == 0:
            ledger.check(phase)

    return check


def _recorder(world: World, folder: RunFolder, record_days: float, resume: bool) -> Recorder:
    """Restore the world from the latest good checkpoint, if any, and return its recorder."""
    kept = folder.checkpoints() if resume else []
    problems = []
    for path in kept:
        try:
            sums = checkpoint.restore(world, path)
        except ResumeError as error:
            problems.append(str(error))
            continue
        return Recorder(world, folder.tables, record_days, sums)
    if problems:
        raise ResumeError("\n".join(problems))
    return Recorder(world, folder.tables, record_days)  # killed before its first checkpoint
