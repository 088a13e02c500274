"""What it costs to decide from outside: 64 colonies through `ColonyEnv` beside a world's own steps.

    python -m benchmarks.environment_speed

Three worlds step in turn, so that a busy machine slows all alike: one by itself; one through the
environment, which also says what everybody sees, earns and whether it lives; one that is told every
choice. All must end in the same digest. Processor time, the least and the median of a window of
steps. Writes `results/environment_speed.json`.
"""

import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np

from auxon.policies import make
from auxon.policies.environments import ColonyEnv
from auxon.sim.scenario import load
from auxon.sim.world import World

HERE = Path(__file__).parent
COLONIES = 64
WINDOWS = [("themis-seed", 0), ("themis-seed", 300), ("closed", 1500), ("tiny", 0), ("tiny", 300)]
"""Scenario, steps before it is measured."""
STEPS = 200


def measured(name: str, before: int) -> dict[str, Any]:
    """Return what a step of each costs."""
    world = World(load(name), make("market"), 1, COLONIES)
    shown, told = (ColonyEnv(name, COLONIES, 1, 20, policy="market") for _ in range(2))
    shown.reset()
    turn = told.reset()
    spent: dict[str, list[float]] = {"world": [], "shown": [], "told": []}
    deciding = 0
    for step in range(before + STEPS):
        marks = [time.process_time()]
        world.step()
        marks.append(time.process_time())
        shown.step()
        marks.append(time.process_time())
        deciding = int(turn.mask.shape[0])
        turn = told.step(turn.advice)
        marks.append(time.process_time())
        if step >= before:
            for kind, cost in zip(spent, np.diff(marks), strict=True):
                spent[kind].append(float(cost) * 1000)
    world.begin()
    assert world.digest() == shown.world.digest() == told.world.digest()
    found: dict[str, Any] = {
        "scenario": name,
        "step": before,
        "robots": world.robot_count,
        "deciding": deciding,
    }
    for kind, costs in spent.items():
        found[f"{kind}_ms"] = {
            "least": round(min(costs), 3),
            "median": round(float(np.median(costs)), 3),
        }
    for kind in ("shown", "told"):
        found[f"{kind}_over_world"] = {
            which: round(found[f"{kind}_ms"][which] / found["world_ms"][which], 2)
            for which in ("least", "median")
        }
    return found


def main() -> None:
    """Measure all and write it down."""
    found = []
    for name, before in WINDOWS:
        found.append(measured(name, before))
        print(json.dumps(found[-1]))
    result = {"machine": platform.processor() or platform.machine(), "colonies": COLONIES}
    path = HERE / "results" / "environment_speed.json"
    path.write_text(json.dumps({**result, "windows": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
