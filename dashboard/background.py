"""Long runs: each an ``auxon run`` in a process of its own, which outlives page and server."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

from auxon.sim.scenario import Scenario

_started: list["subprocess.Popen[bytes]"] = []
"""Whoever started a process must take note of its end, or the system keeps its record."""


def start(scenario: Scenario, policy: str, seed: int, root: Path) -> str:
    """Start a run to its scenario's horizon and return its name on the shelf.

    What it prints lies beside its folder, in a hidden file, as does the scenario it was given.

    Parameters
    ----------
    scenario : Scenario
    policy : str
    seed : int
    root : Path
        Folder of the runs.
    """
    root.mkdir(parents=True, exist_ok=True)
    stem, n = f"{scenario.name}-{policy}-s{seed}", 1
    while (root / f"{stem}-{n}").exists():
        n += 1
    name = f"{stem}-{n}"
    (root / name).mkdir()  # nobody else takes the name
    job = root / f".job-{uuid.uuid4().hex[:12]}"
    given = job.with_suffix(".json")
    given.write_text(json.dumps({"data": scenario.data}), encoding="utf-8")
    command = [
        sys.executable, "-m", "auxon", "run", str(given), "--policy", policy, "--seed", str(seed),
        "--out", str(root / name),
    ]  # fmt: skip
    with job.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    _started[:] = [p for p in _started if p.poll() is None] + [process]
    return name
