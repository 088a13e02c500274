"""A dashboard in a process of its own, for tests that talk to it over the network."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def serving(runs: Path) -> Iterator[int]:
    """Serve a folder of runs; yield the port."""
    port = free_port()
    log = runs.parent / "dashboard.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "auxon", "dashboard", str(runs), "--port", str(port)]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 120
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            except (URLError, OSError):
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"it does not serve:\n{log.read_text()}") from None
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
