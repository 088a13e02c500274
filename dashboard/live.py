"""A living society that a page can play, pause, step, follow, save and branch; knows no Streamlit.

It steps in a thread of its own, as fast as the engine goes or as it is told; kernels let go of
Python's lock, so pages stay quick. Whoever shows it says so now and then (`beat`); with nobody
looking it pauses, and after some minutes it closes: a closed tab leaves nothing running.

All it does is written down in a hidden folder among the runs, so that pages read it as they read
any run; saving it gives that folder a name.
"""

import atexit
import contextlib
import shutil
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from auxon.biography import Life, Watch
from auxon.folder import RunFolder
from auxon.policies import make
from auxon.recording import Recording, manifest_of, record_days_of
from auxon.sim import checkpoint
from auxon.sim.errors import UsageError
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.rules import robot_id
from auxon.sim.scenario import Scenario
from auxon.sim.whereabouts import body_names
from auxon.sim.world import World

from .shelf import Run
from .snapshot import Snapshot, snapshot

_T = TypeVar("_T")

PAUSE_AFTER_S = 10.0
"""Without anybody looking."""
CLOSE_AFTER_S = 600.0
_PUBLISH_S = 0.1
"""Least time between two snapshots while it plays."""
_MOST_ROWS = 4000
"""Snapshots that are kept for curves; beyond, every second one goes."""
_NAMED = 3
"""Robots that a step's line of the feed names; the rest is counted."""


@dataclass(frozen=True)
class Event:
    """A line of the feed.

    Attributes
    ----------
    years : float
    text : str
    robots : tuple of (int, str)
        Id and name of robots it speaks of.
    """

    years: float
    text: str
    robots: tuple[tuple[int, str], ...] = ()


class Live:
    """One society in a thread.

    Parameters
    ----------
    scenario : Scenario
    policy : str
    seed : int
    root : Path
        Folder of the runs.
    """

    def __init__(self, scenario: Scenario, policy: str, seed: int, root: Path) -> None:
        world = World(scenario, make(policy), seed=seed)
        manifest = manifest_of(scenario, policy, seed, scenario.years, record_days_of(scenario))
        self._open(world, manifest, root, None)

    def _open(
        self, world: World, manifest: dict[str, Any], root: Path, parent: "Live | None"
    ) -> None:
        self.world, self.root = world, root
        self.folder = RunFolder(root / f".live-{uuid.uuid4().hex[:12]}")
        self.folder.path.mkdir(parents=True)
        if parent:
            shutil.copytree(parent.folder.tables, self.folder.tables)
            checkpoint.save(world, self.folder.path / "branch.npz")
        self._recording = Recording(world, self.folder, manifest)
        self._recording.begin()
        world.listeners.append(self._listen)
        self.events: deque[Event] = deque(parent.events if parent else (), maxlen=300)
        self.rows: list[dict[str, Any]] = list(parent.rows) if parent else []
        self.branched_at: list[float] = [*parent.branched_at, world.years] if parent else []
        self.latest: Snapshot = snapshot(world)
        if not self.rows:
            self.rows.append(self.latest.row())
        self.playing, self.closed, self.note = False, False, ""
        self.steps_per_s: float | None = None
        self.pace = 0.0
        self._watch: Watch | None = None
        self._synced = -1
        self._lock, self._wake, self._stop = threading.Lock(), threading.Event(), False
        self._seen = time.monotonic()
        self._thread = threading.Thread(target=self._loop, daemon=True, name="auxon-live")
        self._thread.start()
        atexit.register(self.close)

    # ------------------------------------------------------------------ what a page may do

    @property
    def policy(self) -> str:
        """Who chooses the tasks."""
        return str(self._recording.manifest["policy"])

    def beat(self) -> None:
        """Say that somebody is looking."""
        self._seen = time.monotonic()

    def play(self) -> None:
        """Step on and on."""
        self.beat()
        self.note, self.playing = "", True
        self._wake.set()

    def pause(self) -> None:
        """Stop after the step that is being made."""
        self.playing = False

    def step(self, steps: int = 1) -> None:
        """Make so many steps now, and wait for them."""
        self.beat()
        with self._lock:
            for _ in range(steps):
                self.world.step()
            self._publish()

    def close(self) -> None:
        """Stop for good and delete what was not saved."""
        if self.closed:
            return
        self.closed, self._stop, self.playing = True, True, False
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=30)
        shutil.rmtree(self.folder.path, ignore_errors=True)
        atexit.unregister(self.close)

    def curve(self) -> pd.DataFrame:
        """Return the numbers of all snapshots, one row each; `Snapshot.row` has the columns."""
        return pd.DataFrame(self.rows[:]).fillna(0)

    def run(self) -> Run:
        """Return it as a run, with all that happened until now in its tables."""
        with self._lock:
            if self._synced != self.world.step_count:
                self._recording.recorder.finish(self.world)
                self._synced = self.world.step_count
        return Run(self.folder.path, "live")

    def look(self, at: Callable[[World], _T]) -> _T:
        """Return what a function finds in the world, between two steps."""
        with self._lock:
            return at(self.world)

    def follow(self, robot: int) -> None:
        """Watch a robot from now on.

        Raises
        ------
        UsageError
            No robot can have that id.
        """
        with self._lock:
            if self._watch in self.world.listeners:
                self.world.listeners.remove(self._watch)
            self._watch = Watch(self.world, robot)
            self.world.listeners.append(self._watch)

    def followed(self) -> Life | None:
        """Return what was seen of the robot that is followed, None before it was seen."""
        with self._lock:
            return self._watch.life() if self._watch and self._watch.seen else None

    def save(self, name: str) -> Path:
        """Keep it as a run under a name, as it is now; it lives on.

        Raises
        ------
        UsageError
            The name cannot be, or there is such a run.
        """
        path = self.root / name
        if not name or Path(name).name != name or name.startswith(".") or "\\" in name:
            raise UsageError(
                f"run name '{name}' cannot be; expected letters, digits, '-' and '_', no '/'; "
                "choose another"
            )
        if path.exists():
            raise UsageError(f"there already is a run '{name}' in {self.root}; choose another name")
        with self._lock:
            self._recording.close(self.world.years >= self.world.scenario.years, {})
            self._synced = self.world.step_count
            draft = self.root / f".saving-{uuid.uuid4().hex[:12]}"
            shutil.copytree(self.folder.path, draft)
            draft.replace(path)
        return path

    def branch(self, policy: str, changes: Mapping[str, Any]) -> "Live":
        """Return a paused society that goes on from here with other settings; this one pauses.

        Parameters
        ----------
        policy : str
        changes : mapping
            As in `auxon.sim.scenario.Scenario.replace`.

        Raises
        ------
        ScenarioError, UsageError
            The changes cannot be, or this society cannot go on under them.
        """
        self.pause()
        self.run()
        scenario = self.world.scenario.replace(changes) if changes else self.world.scenario
        world = World(scenario, make(policy), seed=self.world.seed)
        with self._lock:
            checkpoint.carry_over(self.world, world)
        manifest = manifest_of(
            scenario, policy, self.world.seed, scenario.years, record_days_of(scenario)
        )
        manifest["branched"] = {"step": world.step_count, "changes": dict(changes)}
        made = object.__new__(Live)
        made._open(world, manifest, self.root, self)
        return made

    # ------------------------------------------------------------------ the thread

    def _loop(self) -> None:
        due, counted, since = time.monotonic(), 0, time.monotonic()
        published = 0.0
        while not self._stop:
            now = time.monotonic()
            idle_s = now - self._seen
            if idle_s > CLOSE_AFTER_S:
                self.close()
                return
            if self.playing and idle_s > PAUSE_AFTER_S:
                self.playing = False
                self.note = "It paused while nobody was looking."
            if not self.playing:
                self.pace, counted, since = 0.0, 0, now
                self._wake.wait(0.2)
                self._wake.clear()
                due = time.monotonic()
                continue
            if self.steps_per_s and now < due:
                time.sleep(min(0.05, due - now))
                continue
            due = max(due + 1 / self.steps_per_s, now) if self.steps_per_s else now
            try:
                with self._lock:
                    self.world.step()
                    counted += 1
                    if now - published >= _PUBLISH_S:
                        self._publish()
                        published = now
            except Exception as error:  # shown on the page; the thread must not die in silence
                self.playing = False
                self.note = f"It stopped: {error}"
            if self.world.years >= self.world.scenario.years:
                self.playing = False
                self.note = "It has reached its horizon; play on if you like."
                with self._lock:
                    self._publish()
            if now - since >= 1.0:
                self.pace, counted, since = counted / (now - since), 0, now
            time.sleep(0)

    def _publish(self) -> None:
        self.latest = snapshot(self.world)
        self.rows.append(self.latest.row())
        if len(self.rows) > _MOST_ROWS:
            self.rows[:] = [*self.rows[:-1:2], self.rows[-1]]

    def _listen(self, world: World) -> None:
        """Write the feed: who was born, who failed past repair or died, what ships did."""
        f = world.flows
        years = (world.step_count + 1) * world.dt_s / (YEAR_DAYS * 86_400)
        if f.births.any():
            born = []
            for s, k in zip(*np.nonzero(f.births), strict=True):
                last = int(world.sites.serial[s, k])
                ids = range(last - int(f.births[s, k]), last)
                born += [robot_id(int(s), int(k), serial) for serial in ids]
            self._tell(world, years, "built", born)
        if len(world.dead.id):
            self._tell(world, years, "taken apart", world.dead.id.tolist())
        for event in world.travel.events:
            self.events.append(Event(years, _voyage(world, event)))

    def _tell(self, world: World, years: float, what: str, robots: list[int]) -> None:
        named = tuple((r, name_of(world, r)) for r in robots[:_NAMED])
        rest = len(robots) - len(named)
        text = what + (f", and {rest:,} others" if rest else "")
        self.events.append(Event(years, text, named))


def name_of(world: World, robot: int) -> str:
    """Return what a robot is called, `auxon.Robot.name`."""
    return Watch(world, robot).life().name


def _voyage(world: World, event: Any) -> str:
    names = body_names(world)
    ship = "a ship with cargo" if event.goal >= 0 else "an expedition"
    goal = f" for {names[event.body]}" if event.left_at >= 0 else ""
    return f"{ship} from {names[event.start]}{goal}: {event.what.replace('_', ' ')}"


def sweep(root: Path) -> None:
    """Delete what killed servers left behind among the runs."""
    for pattern in (".live-*", ".saving-*"):
        for stale in root.glob(pattern):
            with contextlib.suppress(OSError):
                if time.time() - stale.stat().st_mtime > 86_400:
                    shutil.rmtree(stale)
