"""One robot's life, day by day: who built it, what it did, what broke, whom it built, how it ended.

A run's tables say when a robot was born and died, not what it did between. As a run is the same
every time, its life is found by running it again and watching.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from auxon.policies import make
from auxon.sim import checkpoint
from auxon.sim.errors import UsageError
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.rules import SERIAL_BITS, SPECIES_BITS, serial_of
from auxon.sim.scenario import load
from auxon.sim.state import FLYING, site_of
from auxon.sim.whereabouts import body_names
from auxon.sim.world import World

from .folder import RunFolder

STATES = ("at work", "idle", "in shelter", "broken", "in flight")
"""What a robot may be in a step."""


@dataclass
class Life:
    """What is known of one robot.

    Attributes
    ----------
    id : int
    name : str
        Species and serial number, as `auxon.Robot.name`.
    species : str
    parent : int or None
        The robot that built it; None for a founder.
    generation : int
    born_years : float
    ended : str
        Empty while it lives.
    ended_years : float or None
    days : DataFrame
        One row a step: ``step``, ``years``, ``site``, ``body``, ``state`` (see `STATES`), ``task``,
        ``wear`` (use since the last repair over the scale of use between failures), ``repairs``.
    memory : (steps, width) float32
        What its policy remembered for it.
    children : list of int
        Robots that count it as their parent, as far as the life was watched.
    """

    id: int
    name: str
    species: str
    parent: int | None = None
    generation: int = 0
    born_years: float = 0.0
    ended: str = ""
    ended_years: float | None = None
    days: pd.DataFrame = field(default_factory=pd.DataFrame)
    memory: Any = None
    children: list[int] = field(default_factory=list)


class Watch:
    """Listens to a world and takes down what becomes of one robot.

    Parameters
    ----------
    world : World
    robot : int
        Its id. It may be unborn.

    Raises
    ------
    UsageError
        No robot of the world can have that id.
    """

    def __init__(self, world: World, robot: int) -> None:
        kind = robot >> SERIAL_BITS
        species = kind & ((1 << SPECIES_BITS) - 1)
        if robot < 0 or species >= len(world.species_names):
            raise UsageError(
                f"robot {robot} cannot be: no species has its number; expected an id out of the "
                "table lineage; choose one from there"
            )
        site = kind >> SPECIES_BITS
        name = world.species_names[species]
        where = f"@{site}" if site else ""
        self.robot, self._row, self._bodies = robot, -1, body_names(world)
        self._life = Life(robot, f"{name}-{serial_of(robot)}{where}", name)
        self._rows: list[tuple[Any, ...]] = []
        self._memory: list[Any] = []

    @property
    def seen(self) -> bool:
        """Whether it has been met."""
        return bool(self._rows)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return bool(self._life.ended)

    def __call__(self, world: World) -> None:
        """Take down the step that is about to end."""
        if self.over:
            return
        step = world.step_count + 1
        row = self._find(world)
        if row >= 0:
            self._note(world, row, step)
        elif self.seen:
            self._life.ended_years = step * world.dt_s / (YEAR_DAYS * 86_400)
            self._life.ended = self._how(world)
        if self.seen:
            self._note_children(world)

    def life(self) -> Life:
        """Return what is known so far."""
        columns = ["step", "years", "site", "body", "state", "task", "wear", "repairs"]
        self._life.days = pd.DataFrame(self._rows, columns=columns)
        self._life.memory = np.array(self._memory, np.float32)
        return self._life

    def _find(self, world: World) -> int:
        """Return its row, -1 for none; rows move seldom, so the last one is tried first."""
        r = world.robots
        if 0 <= self._row < len(r.id) and r.id[self._row] == self.robot:
            site = int(site_of(world.segments, self._row))
            if self._row < world.segments.first[site] + world.segments.count[site]:
                return self._row
        for first, count in zip(world.segments.first, world.segments.count, strict=True):
            found = np.flatnonzero(r.id[first : first + count] == self.robot)
            if len(found):
                self._row = int(first + found[0])
                return self._row
        return -1

    def _note(self, world: World, row: int, step: int) -> None:
        r, w = world.robots, world.sites
        site = int(site_of(world.segments, row))
        kind = world.kinds[int(w.kind[site])]
        if not self.seen:
            parent = int(r.parent[row])
            self._life.parent = None if parent < 0 else parent
            self._life.generation = int(r.generation[row])
            self._life.born_years = int(r.born[row]) * world.dt_s / (YEAR_DAYS * 86_400)
        task = int(r.task[row])
        if w.state[site] == FLYING:
            state = "in flight"
        elif r.broken[row]:
            state = "broken"
        elif r.shelter[row]:
            state = "in shelter"
        else:
            state = "idle" if task < 0 else "at work"
        self._rows.append(
            (
                step,
                step * world.dt_s / (YEAR_DAYS * 86_400),
                site,
                str(self._bodies[w.body[site]]),
                state,
                world.task_names[task] if task >= 0 else "",
                float(world.wear_s(row) / kind.scale_s[r.species[row]]),
                int(r.repairs[row]),
            )
        )
        self._memory.append(world.memory[row].copy())

    def _how(self, world: World) -> str:
        dead = np.flatnonzero(world.dead.id == self.robot)
        if not len(dead):
            return "lost with its ship"
        return (
            "wrecked" if world.dead.broken[dead[0]] == 2 else "taken apart at the end of its life"
        )

    def _note_children(self, world: World) -> None:
        """Look through those born in this step at its site."""
        if not world.flows.births.any():
            return
        r = world.robots
        for s in np.flatnonzero(world.flows.births.sum(1)):
            rows = slice(
                int(world.segments.first[s]),
                int(world.segments.first[s] + world.segments.count[s]),
            )
            new = (r.born[rows] == world.step_count) & (r.parent[rows] == self.robot)
            self._life.children += r.id[rows][new].tolist()


def life(
    folder: str | Path, robot: int, *, progress: Callable[[World], None] | None = None
) -> Life:
    """Run a run again and watch one robot, from the start to its end or that of the run.

    Parameters
    ----------
    folder : path
        Of the run, finished or not.
    robot : int
        An ``id`` of the table ``lineage``.
    progress : callable, optional
        Called after every step.

    Raises
    ------
    ResumeError
        There is no such run, or it is damaged.
    UsageError
        There is no such robot in it.
    """
    run = RunFolder(Path(folder))
    manifest = run.manifest()
    last = manifest["sessions"][-1]["last_step"] if manifest["sessions"] else None
    world = World(load(manifest["data"]), make(manifest["policy"]), seed=manifest["seed"])
    branch = run.path / "branch.npz"
    if branch.exists():
        checkpoint.restore(world, branch)
    if last is None:
        last = max((int(p.stem.split("-")[1]) for p in run.checkpoints()), default=0)
    watch = Watch(world, robot)
    world.listeners.append(watch)
    while world.step_count < last and not watch.over:
        world.step()
        if progress:
            progress(world)
    if not watch.seen:
        raise UsageError(
            f"robot {robot} does not appear in {run.path} up to step {last}; expected an id out of "
            "its table lineage; choose one from there"
        )
    return watch.life()
