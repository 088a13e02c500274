"""Time of a step across a belt: it grows with sites and robots, not with bodies.

    python -m benchmarks.belt_world_speed

Colonies of a hundred robots each (scenario `million`, policy kanban) on the bodies of belts of
different sizes, after some steps of warm-up; then the same with one thread, which must end in the
same digest. Rounds are interleaved. The largest world has a million bodies, ten thousand sites and
a million robots. Writes `results/belt_world_speed.json` and draws docs/pictures/belt-speed.png.
"""

import json
import platform
import resource
import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from auxon.policies import make
from auxon.sim.jit import threads
from auxon.sim.scenario import Scenario, load
from auxon.sim.world import World

HERE = Path(__file__).parent
SIZES = [
    (10_000, 100),
    (100_000, 100),
    (1_000_000, 100),
    (1_000_000, 1_000),
    (1_000_000, 3_000),
    (1_000_000, 10_000),
]
"""Bodies, sites."""
WARM_UP, STEPS = 4, 12
CHECKED_SITES = 1_000
"""Worlds of so many sites at most are stepped with one thread, too."""
LIMIT_MS = 150.0
"""For ten thousand sites and a million robots, on two free cores."""


def scenario(bodies: int, sites: int) -> Scenario:
    """Return `million` with fewer bodies and sites."""
    return load("million").replace(
        {"belt.synthetic": {"n": bodies, "seed": 1}, "belt.colonies": sites}
    )


def main() -> None:
    found: list[dict[str, Any]] = []
    for bodies, sites in SIZES:
        start = time.perf_counter()
        of = scenario(bodies, sites)
        world = World(of, make("kanban"), seed=1)
        made_s = time.perf_counter() - start
        digest = stepped(world, WARM_UP)
        wall, processor = [], []
        for _ in range(STEPS):
            a, b = time.perf_counter(), time.process_time()
            world.step()
            wall.append((time.perf_counter() - a) * 1000)
            processor.append((time.process_time() - b) * 1000)
        digest = world.digest()
        if sites <= CHECKED_SITES:
            count = threads(1)
            alone = World(of, make("kanban"), seed=1)
            assert stepped(alone, WARM_UP + STEPS) == digest, "one thread, another digest"
            threads(2)
            assert count == 1
        found.append(
            {
                "bodies": bodies,
                "sites": sites,
                "robots": world.robot_count,
                "made_s": made_s,
                "min_ms": min(wall),
                "median_ms": float(np.median(wall)),
                "processor_ms": float(np.median(processor)),
                "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
            }
        )
        print({k: round(v, 1) for k, v in found[-1].items()}, flush=True)
    write(found)


def stepped(world: World, steps: int) -> str:
    """Step a world and return its digest."""
    for _ in range(steps):
        world.step()
    return world.digest()


def write(rows: list[dict[str, Any]]) -> None:
    """Write the figures and the curve."""
    about = {"machine": platform.machine(), "threads": threads(), "rows": rows}
    (HERE / "results" / "belt_world_speed.json").write_text(json.dumps(about, indent=1) + "\n")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), constrained_layout=True)
    large = [r for r in rows if r["bodies"] == max(r["bodies"] for r in rows)]
    axes.loglog(
        [r["sites"] for r in large], [r["min_ms"] for r in large], "o-", label="1,000,000 bodies"
    )
    for row in rows:
        if row not in large:
            axes.loglog(
                row["sites"], row["min_ms"], "s", mfc="none", label=f"{row['bodies']:,} bodies"
            )
    axes.axhline(LIMIT_MS, color="0.6", lw=1, ls="--")
    axes.text(large[0]["sites"], LIMIT_MS * 1.08, "150 ms", color="0.4")
    axes.set_xlabel("sites, of a hundred robots each")
    axes.set_ylabel("a step, ms")
    axes.set_title("What a step costs across a belt", loc="left")
    axes.legend(frameon=False)
    axes.grid(True, which="major", color="0.9")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(HERE.parent / "docs" / "pictures" / "belt-speed.png", dpi=130)


if __name__ == "__main__":
    main()
