"""What every policy must satisfy; run it on your own: ``check(MyPolicy, load("tiny"))``.

Each promise is a sentence; `check` raises `AssertionError` with the first one that is broken.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auxon.sim.conduct import ALL
from auxon.sim.observation import Action, Observation, Policy
from auxon.sim.scenario import Scenario
from auxon.sim.world import World

Memory = NDArray[np.float32]


class _Witness:
    """Stands before a policy and checks every answer it gives."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.memory_width = policy.memory_width
        self.asked = 0

    def act(self, observation: Observation, memory: Memory) -> tuple[Action, Memory]:
        before = _fingerprint(observation), memory.tobytes()
        action, after = self.policy.act(observation, memory)
        _promise(
            (_fingerprint(observation), memory.tobytes()) == before,
            "it changes nothing it is shown",
        )
        self._check_shapes(observation, action, after)
        self._check_choices(observation, action)
        again, _ = self.policy.act(observation, memory)
        _promise(
            np.array_equal(again.task, action.task)
            and np.array_equal(again.desire, action.desire)
            and np.array_equal(_conduct(again), _conduct(action))
            and np.array_equal(_launch(again, observation), _launch(action, observation)),
            "asked the same twice it answers the same: all chance comes from observation.words()",
        )
        turned = replace(observation, rows=observation.rows[::-1], site=observation.site[::-1])
        backwards, _ = self.policy.act(turned, memory[::-1])
        _promise(
            np.array_equal(backwards.task[::-1], action.task)
            and np.array_equal(_conduct(backwards)[::-1], _conduct(action)),
            "the order in which robots are listed does not matter",
        )
        self.asked += len(observation.rows)
        return action, after

    def _check_shapes(self, o: Observation, action: Action, memory: Memory) -> None:
        n = len(o.rows)
        _promise(action.task.shape == (n,), f"task has one entry for each of {n} robots")
        _promise(action.task.dtype == np.int16, "task is int16")
        _promise(action.desire.shape == o.sites.orders.shape, "desire is sites by species")
        _promise(bool(np.isfinite(action.desire).all()), "desire is finite")
        _promise(action.ahead_s >= 0, "ahead_s is not negative")
        if action.conduct is not None:
            _promise(action.conduct.shape == (n,), f"conduct has one entry for each of {n} robots")
            _promise(action.conduct.dtype == np.uint8, "conduct is uint8")
        if action.launch is not None:
            _promise(action.launch.shape == o.sites.claim.shape, "launch has one entry a site")
            _promise(action.launch.dtype == np.bool_, "launch is bool")
        _promise(memory.shape == (n, self.memory_width), "memory keeps its shape")
        _promise(memory.dtype == np.float32, "memory is float32")
        _promise(bool(np.isfinite(memory).all()), "memory is finite")

    def _check_choices(self, o: Observation, action: Action) -> None:
        t = o.tables
        chosen = action.task >= 0
        _promise(bool((action.task < len(t.time_s)).all()), "every task exists")
        machine = t.task_species[action.task[chosen]]
        _promise(
            np.array_equal(machine, o.robots.species[o.rows[chosen]]),
            "a robot takes only tasks open to its species",
        )
        _promise(bool((_conduct(action) <= ALL).all()), "every bit of a conduct is a known one")


def check(make: Callable[[], Policy], scenario: Scenario, steps: int = 40) -> int:
    """Run a policy on a scenario with every answer checked.

    Parameters
    ----------
    make : callable
        Returns a new policy.
    scenario : Scenario
    steps : int
        Steps to run, on two sites.

    Returns
    -------
    int
        Decisions checked.

    Raises
    ------
    AssertionError
        A promise is broken; the text says which.
    """
    witness = _Witness(make())
    world = World(scenario, witness, seed=1, sites=2, check=True)
    alone = World(scenario, make(), seed=1, sites=1)
    for _ in range(steps):
        world.step()
        alone.step()
    _promise(witness.asked > 0, "it was asked at all: the scenario has robots")
    _promise(
        np.array_equal(world.sites.stock[0], alone.sites.stock[0]),
        "what it does at one site does not depend on another",
    )
    return witness.asked


def _conduct(action: Action) -> NDArray[np.uint8]:
    """Return the conduct of an answer; None is nothing of it."""
    return np.zeros(len(action.task), np.uint8) if action.conduct is None else action.conduct


def _launch(action: Action, o: Observation) -> NDArray[np.bool_]:
    """Return where expeditions may be laid down; None is everywhere."""
    everywhere = np.ones(len(o.sites.claim), np.bool_)
    return (everywhere if action.launch is None else action.launch)[o.here]


def _promise(kept: bool, text: str) -> None:
    if not kept:
        raise AssertionError(f"a policy promises: {text}; this one does not")


def _fingerprint(o: Observation) -> bytes:
    arrays = (*o.sites, *o.flows, *o.robots, o.rows, o.site)
    return b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)
