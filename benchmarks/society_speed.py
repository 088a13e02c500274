"""How fast a society steps: arrays beside Mesa objects, in one run, to the same digest.

Run from the root: ``python -m benchmarks.society_speed``. The toy colony is scaled to N robots; one
repeat is a review cycle, so that every robot decides once; kernels are compiled beforehand.
"""

import json
import platform
import resource
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from auxon.policies.kanban import Kanban
from auxon.sim.jit import threads
from auxon.sim.scenario import Scenario, load
from auxon.sim.world import World
from benchmarks.mesa_objects import MesaSociety

RESULTS = Path(__file__).parent / "results" / "society_speed.json"
SEED = 1
CYCLES = {10_000: 5, 100_000: 3, 1_000_000: 3}
ENGINE_REPEATS = 5
WARM_CYCLES = 4
"""Not timed: at the start nobody has a task yet and nothing is broken."""
OBJECTS_AT = (10_000, 100_000)


def scaled(robots: int) -> Scenario:
    """Return the toy colony with so many robots, and stock for them."""
    toy = load("tiny")
    times = robots / sum(toy.seed_robots.values())
    counts = {k: int(n * times) for k, n in toy.seed_robots.items()}
    counts["solar_array"] += robots - sum(counts.values())
    stock = {f"seed.stock.{m}": int(n * times) for m, n in toy.seed_stock.items()}
    return toy.replace({f"seed.robots.{k}": n for k, n in counts.items()} | stock)


def cycles(step: Callable[[], None], steps: int, count: int) -> list[float]:
    """Return seconds per step of so many cycles of so many steps."""
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        for _ in range(steps):
            step()
        seconds.append((time.perf_counter() - start) / steps)
    return seconds


def row(kind: str, robots: int, seconds: list[float], bytes_each: float) -> dict[str, Any]:
    """Return one line of the table."""
    return {
        "kind": kind,
        "robots": robots,
        "cycles": len(seconds),
        "min_s_per_step": min(seconds),
        "median_s_per_step": statistics.median(seconds),
        "robot_steps_per_s": robots / statistics.median(seconds),
        "bytes_per_robot": bytes_each,
    }


def measure(robots: int) -> list[dict[str, Any]]:
    """Time both at one size, over the same steps; they must end in the same state."""
    scenario = scaled(robots)
    review = scenario.rules.review_steps
    seconds = []
    for _ in range(ENGINE_REPEATS):  # the same steps again and again
        world = World(scenario, Kanban(), SEED)
        cycles(world.step, review, WARM_CYCLES)
        seconds += cycles(world.step, review, CYCLES[robots])
    held = sum(c.nbytes for c in (*world.robots, world.memory)) / world.robot_count
    rows = [row("arrays", robots, seconds, held)]
    if robots in OBJECTS_AT:
        tracemalloc.start()
        society = MesaSociety(scenario, SEED)
        bytes_each = tracemalloc.get_traced_memory()[0] / robots
        tracemalloc.stop()
        cycles(society.step, review, WARM_CYCLES)
        seconds = cycles(society.step, review, CYCLES[robots])
        assert world.digest() == society.world.digest(), "the two societies differ"
        rows.append(row("mesa", robots, seconds, bytes_each))
    return rows


def main() -> None:
    """Print the table and keep it."""
    warm = World(load("tiny"), Kanban(), SEED)
    for _ in range(400):  # births, repairs, retirements: every kernel compiles
        warm.step()
    warm_large = World(scaled(100_000), Kanban(), SEED)
    for _ in range(30):
        warm_large.step()
    rows = [line for robots in CYCLES for line in measure(robots)]
    print(f"{'kind':8}{'robots':>10}{'min ms':>10}{'median':>10}{'robot-steps/s':>16}{'bytes':>8}")
    for r in rows:
        print(
            f"{r['kind']:8}{r['robots']:>10,}{r['min_s_per_step'] * 1e3:>10.2f}"
            f"{r['median_s_per_step'] * 1e3:>10.2f}{r['robot_steps_per_s']:>16,.0f}"
            f"{r['bytes_per_robot']:>8.0f}"
        )
    ratios = {}
    for robots in OBJECTS_AT:
        fast, slow = (r for r in rows if r["robots"] == robots)
        ratios[str(robots)] = slow["median_s_per_step"] / fast["median_s_per_step"]
        print(f"arrays over objects at {robots:,} robots: {ratios[str(robots)]:,.0f} times")
    peak_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak resident memory of all of it: {peak_MB:,.0f} MB")
    assert peak_MB < 1000, "a million robots, and the objects beside, fit in a gigabyte"
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "threads": threads()}
    RESULTS.write_text(
        json.dumps(
            machine | {"rows": rows, "ratios": ratios, "peak_resident_MB": peak_MB}, indent=1
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
