"""What a user may do to robots by hand between steps: give them a task, take them apart."""

import numpy as np
from numpy.typing import NDArray

from auxon.sim.errors import UsageError
from auxon.sim.observation import turn_to
from auxon.sim.state import site_of
from auxon.sim.toml_errors import nearest
from auxon.sim.wear import count_crews
from auxon.sim.world import World


def assign(world: World, rows: NDArray[np.int64], task: str | None) -> None:
    """Put robots on a task, or on none; each keeps it until its review comes up.

    Raises
    ------
    UsageError
        No such task, or not one for the species of every robot; nothing is changed then.
    """
    code = -1
    if task is not None:
        if task not in world.task_names:
            raise UsageError(f"no task {task!r}; {nearest(str(task), list(world.task_names))}")
        code = world.task_names.index(task)
        able = int(world.tables.task_species[code])
        other = world.robots.species[rows]
        other = other[other != able]
        if len(other):
            raise UsageError(
                f"'{task}' is work for a {world.species_names[able]}, not for a "
                f"{world.species_names[other[0]]}; choose robots with "
                f"select(species='{world.species_names[able]}')"
            )
    broken = world.robots.broken[rows] != 0
    world.robots.task[rows[broken]] = code  # in no crew; `turn_to` then finds nothing to change
    task_code = np.full(len(rows), code, np.int16)
    sites = site_of(world.segments, rows)
    turn_to(world.flows, world.robots, rows, sites, task_code)
    if code >= 0 and (hidden := world.robots.shelter[rows]).any():  # nobody works in shelter
        world.robots.shelter[rows] = False
        count_crews(np.unique(sites[hidden]), world.flows, world.robots, world.segments)


def scrap(world: World, rows: NDArray[np.int64]) -> None:
    """Take robots apart now, as retirement does: what they were made of goes to the site's stock.

    Grams of every element stay the same; rows close up. Not recorded as deaths of a step.
    """
    robots, segments = world.robots, world.segments
    sites = site_of(segments, rows)
    for s in np.unique(sites):
        a, b = int(segments.first[s]), int(segments.first[s] + segments.count[s])
        gone, t = rows[sites == s], world.kinds[world.sites.kind[s]]
        for k, number in enumerate(np.bincount(robots.species[gone])):
            bill = slice(t.bill_start[k], t.bill_start[k + 1])
            worn = t.worn_of[t.bill_material[bill]]
            np.add.at(world.sites.stock[s], worn, number * t.bill_amount[bill])
        stays = np.ones(b - a, np.bool_)
        stays[gone - a] = False
        left = int(stays.sum())
        for column in (*robots, world.memory):
            column[a : a + left] = column[a:b][stays]
        segments.count[s] = left
    count_crews(np.unique(sites), world.flows, robots, segments)
