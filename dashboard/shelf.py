"""The runs of a folder: which there are, how they stand, and of their tables what a page asks for.

Nothing is read that nobody asked for: a list of runs reads their manifests, a page the columns and
rows that it shows. Names come from web addresses, so no name leads out of the folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from auxon.folder import RunFolder
from auxon.sim.errors import AuxonError, ResumeError, UsageError
from auxon.sim.industry import Industry
from auxon.sim.parts import part_files
from auxon.sim.record_schemas import SCHEMAS
from auxon.sim.scenario import Scenario, load

_OF_BODIES = ("bodies", "synthetic", "catalogue", "nearest", "colonies", "start")
"""What a belt says of its bodies: making up a million takes seconds."""


@dataclass(frozen=True)
class Entry:
    """A run in a list.

    Attributes
    ----------
    name : str
        Its folder's.
    state : str
        running, interrupted, finished, or broken.
    scenario, policy : str
    seed : int
    years : float
        Asked for.
    problem : str
        Why it is broken.
    """

    name: str
    state: str
    scenario: str = ""
    policy: str = ""
    seed: int = 0
    years: float = 0.0
    problem: str = ""


class Run:
    """A run as pages see it, finished or not.

    Parameters
    ----------
    path : Path
        Its folder.
    name : str
        What pages call it.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name, self._folder = path, name, RunFolder(path)

    @property
    def manifest(self) -> dict[str, Any]:
        """What it was started with.

        Raises
        ------
        ResumeError
            It cannot be read.
        """
        return self._folder.manifest()

    @property
    def summary(self) -> dict[str, Any] | None:
        """What became of it; None before it stopped in good order."""
        return self._folder.summary() if self._folder.summary_file.exists() else None

    def scenario(self) -> Scenario:
        """Return its scenario, from what the manifest holds."""
        return load(self.manifest["data"])

    def industry(self) -> Industry:
        """Return the industry in whose names its tables speak; no body is looked at for that."""
        data = self.manifest["data"]
        belt = data["scenario"].get("belt")
        if not belt:
            return self.scenario().industry
        few = {k: v for k, v in belt.items() if k not in _OF_BODIES} | {"bodies": []}
        scenario = load({**data, "scenario": {**data["scenario"], "belt": few}, "belt": None})
        assert scenario.belt
        return scenario.belt.industry

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        where: ds.Expression | None = None,
    ) -> pd.DataFrame:
        """Return rows of a table in order of time.

        Parameters
        ----------
        name : str
            A key of `auxon.sim.record_schemas.SCHEMAS`.
        columns : sequence of str, optional
            None: all.
        where : pyarrow.dataset.Expression, optional
            Which rows, ``pyarrow.dataset.field("site") == 3``; None: all.

        Raises
        ------
        ResumeError
            A file is damaged.
        """
        schema = SCHEMAS[name]
        kept = schema if columns is None else pa.schema([schema.field(c) for c in columns])
        files = part_files(self.path / "tables", name)
        if not files:
            return kept.empty_table().to_pandas()
        try:
            found = ds.dataset([str(f) for f in files], schema=schema, format="parquet").to_table(
                columns=list(columns) if columns is not None else None, filter=where
            )
        except (pa.ArrowInvalid, OSError) as error:
            raise self._damaged(name, error) from None
        return found.unify_dictionaries().to_pandas()

    def rows(self, name: str) -> int:
        """Return how many rows a table has, without reading them.

        Raises
        ------
        ResumeError
            A file is damaged.
        """
        try:
            files = part_files(self.path / "tables", name)
            return sum(pq.read_metadata(f).num_rows for f in files)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._damaged(name, error) from None

    def steps(self, name: str = "series") -> list[int]:
        """Return the steps at which a table has rows."""
        return sorted(self.table(name, ["step"]).step.unique().tolist())

    def at(self, name: str, step: int, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of one record."""
        return self.table(name, columns, ds.field("step") == step)

    def _damaged(self, table: str, error: Exception) -> ResumeError:
        first = str(error).splitlines()[0]
        return ResumeError(
            f"run '{self.name}': table {table} is damaged ({first}); expected Parquet as a run "
            "writes it; run the scenario anew"
        )

    @property
    def has_belt(self) -> bool:
        """Whether it runs across a belt."""
        return bool(self.manifest["data"].get("belt"))


class Shelf:
    """The runs of a folder.

    Parameters
    ----------
    root : Path
        It need not exist.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self) -> list[Entry]:
        """Return the runs, the latest first."""
        if not self.root.is_dir():
            return []
        found = [
            f.parent for f in self.root.glob("*/manifest.json") if not f.parent.name.startswith(".")
        ]
        found.sort(key=lambda f: (f / "manifest.json").stat().st_mtime, reverse=True)
        return [_entry(folder) for folder in found]

    def holding(self, file: str) -> list[str]:
        """Return the names of the folders that hold such a file, in order."""
        if not self.root.is_dir():
            return []
        found = (f.parent.name for f in self.root.glob(f"*/{file}"))
        return sorted(name for name in found if not name.startswith("."))

    def folder(self, name: str) -> Path:
        """Return a folder by its name, whether it holds a run or something else.

        Raises
        ------
        UsageError
            There is none of that name here.
        """
        plain = name and not name.startswith(".") and "\0" not in name
        if (
            not plain
            or len(name.encode(errors="replace")) > 255
            or Path(name).name != name
            or "\\" in name
        ):
            raise UsageError(
                f"'{name}' is no name of a folder; expected one in {self.root}; choose one from "
                "the list"
            )
        path = self.root / name
        if path.resolve().parent != self.root.resolve() or not path.is_dir():
            raise UsageError(
                f"'{name}' is not in {self.root}; expected the name of a folder there; choose one "
                "from the list"
            )
        return path

    def open(self, name: str) -> Run:
        """Return a run by the name of its folder.

        Raises
        ------
        UsageError
            There is none of that name here.
        """
        path = self.folder(name)
        if not (path / "manifest.json").is_file():
            raise UsageError(
                f"run '{name}' is not in {self.root}; expected a folder with a manifest.json; "
                "choose one from the list"
            )
        return Run(path, name)


def _entry(folder: Path) -> Entry:
    try:
        m = RunFolder(folder).manifest()
        state = str(m["state"])
        return Entry(
            folder.name, state, str(m["scenario"]), str(m["policy"]), int(m["seed"]),
            float(m["years"]),
        )  # fmt: skip
    except (AuxonError, KeyError, TypeError, ValueError) as error:
        return Entry(folder.name, "broken", problem=str(error) or type(error).__name__)
