"""One run, one folder: manifest, tables, checkpoints, summary, pictures."""

import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auxon.sim.errors import ResumeError, UsageError
from auxon.sim.files import write_json

KEPT_CHECKPOINTS = 2
"""The last, and one before it in case the last is damaged."""


class RunFolder:
    """Where a run lies.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables = path / "tables"
        self.pictures = path / "pictures"
        self.manifest_file = path / "manifest.json"
        self.summary_file = path / "summary.json"

    @property
    def holds_run(self) -> bool:
        """Whether a run was started here."""
        return self.manifest_file.exists()

    def manifest(self) -> dict[str, Any]:
        """Return the manifest.

        Raises
        ------
        ResumeError
            There is none, or it cannot be read.
        """
        return _read(self.manifest_file)

    def summary(self) -> dict[str, Any]:
        """Return what became of the run, as of the last time it stopped in good order."""
        return _read(self.summary_file)

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Replace the manifest."""
        write_json(self.manifest_file, manifest)

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints, latest first."""
        return sorted((self.path / "checkpoints").glob("step-*.npz"), reverse=True)

    def checkpoint(self, step: int) -> Path:
        """Return where the checkpoint of a step belongs."""
        return self.path / "checkpoints" / f"step-{step:08d}.npz"

    def drop_old_checkpoints(self) -> None:
        """Delete all but the last few."""
        for old in self.checkpoints()[KEPT_CHECKPOINTS:]:
            old.unlink()


def choose(out: str | Path | None, name: str, resume: bool) -> RunFolder:
    """Return the folder of a run to start or resume.

    Parameters
    ----------
    out : path or None
        None: ``runs/<name>-<n>``, the first free n, or the last there is to resume.
    name : str
        Says scenario, policy and seed.
    resume : bool

    Raises
    ------
    UsageError
        There is a run where a new one should start, or none to resume, or no folder can be made.
    """
    if out is not None:
        folder = RunFolder(Path(out))
        if folder.holds_run and not resume:
            raise UsageError(
                f"{folder.path} already holds a run; expected a new folder; choose another with "
                "--out, or continue that run with --resume"
            )
        if not folder.holds_run and resume:
            raise UsageError(
                f"{folder.path} holds no run to resume; expected a folder with a manifest.json; "
                "start one without --resume"
            )
        return _made(folder)
    n = 1
    while RunFolder(Path("runs") / f"{name}-{n}").holds_run:
        n += 1
    if resume and n == 1:
        raise UsageError(
            f"runs/{name}-1 holds no run to resume; name its folder with --out, "
            "or start one without --resume"
        )
    return _made(RunFolder(Path("runs") / f"{name}-{n - 1 if resume else n}"))


def _made(folder: RunFolder) -> RunFolder:
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder.path} cannot be made a folder ({error.strerror}); expected a place that can "
            "be written; choose another with --out"
        ) from None
    return folder


def versions() -> dict[str, str]:
    """Return the versions of what computes, and the commit of the sources if they lie in git."""
    found = {"python": platform.python_version()}
    found |= {name: version(name) for name in ("auxon", "numpy", "numba", "mesa")}
    commit = _commit()
    return found | ({"commit": commit} if commit else {})


def _commit() -> str | None:
    here = Path(__file__).resolve().parent
    if not (here.parent / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(here), "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResumeError(f"{path}: no such file; expected a run's folder; name another") from None
    except (OSError, ValueError) as error:
        raise ResumeError(f"{path}: cannot be read ({error}); start a new run elsewhere") from None
    if not isinstance(value, dict):
        raise ResumeError(f"{path}: is not a table; start a new run elsewhere")
    return value
