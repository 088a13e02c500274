"""How smooth the dashboard is in a browser: frames of the belt, refreshes of the page Live.

Run from the root: ``python -m benchmarks.dashboard_speed``; it wants a browser (`make browser`).
The belt draws itself in the browser: what counts is the time a frame takes (its canvas measures
it) and how many come a second. Live is refreshed by the server: what counts is how often the
number of steps on the page changes while the society runs at full speed beside it, and what the
society still makes of its speed with nobody looking.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import auxon
from auxon.dashboard.live import Live
from auxon.sim.synthetic_belt import synthetic_belt
from tests.chromium import chromium
from tests.dashboard_server import serving

RESULTS = Path(__file__).parent / "results" / "dashboard_speed.json"
BODIES = (200, 5_000, 50_000)
WATCHED_S = 12.0
