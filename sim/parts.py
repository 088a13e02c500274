"""Tidy tables as Parquet files in parts, each of which appears whole or not at all.

A table is a folder; ``part-<first step>-<last step>.parquet`` holds its rows of those steps. Names
sort in order of time. A single file that grows would be unreadable after a kill (measured).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .errors import ResumeError
from .files import whole

NAME = pa.dictionary(pa.int16(), pa.string())
"""A name out of a short list."""

_PART = re.compile(r"(?:part|living)-(\d+)-(\d+)\.parquet")


class Parts:
    """Collects rows of several tables and writes them out together.

    Parameters
    ----------
    folder : Path
        One folder per table is made in it.
    schemas : mapping of str to pyarrow.Schema
        The tables.
    names : mapping of str to sequence of str
        For each column of type `NAME`, the list its numbers index.
    step : int
        Steps whose rows are already there; later parts, as a killed run leaves them, are deleted.
    """

    def __init__(
        self,
        folder: Path,
        schemas: Mapping[str, pa.Schema],
        names: Mapping[str, Sequence[str]],
        step: int,
    ) -> None:
        self._folder, self._schemas = folder, schemas
        self._names = {column: pa.array(list(n), pa.string()) for column, n in names.items()}
        self._waiting: dict[str, list[Mapping[str, NDArray[Any]]]] = {n: [] for n in schemas}
        self._first = step + 1 if step else 0
        self.waiting_rows = 0
        for name in schemas:
            for file in (folder / name).glob("*.parquet"):
                span = _PART.fullmatch(file.name)
                if span is None or file.name.startswith("living") or int(span[2]) > step:
                    file.unlink()
            for draft in (folder / name).glob(".*.parquet"):
                draft.unlink()

    def add(self, table: str, columns: Mapping[str, NDArray[Any]]) -> None:
        """Append rows: one array per column of the table.

        Names are given as numbers, texts as objects. A name or whole number below zero, a NaN and
        a None are missing values.
        """
        self._waiting[table].append(columns)
        self.waiting_rows += len(next(iter(columns.values())))

    def flush(self, step: int) -> None:
        """Write what was added as the parts up to a step."""
        for table, batches in self._waiting.items():
            if batches:
                columns = {n: np.concatenate([b[n] for b in batches]) for n in batches[0]}
                self.write(table, f"part-{self._first:08d}-{step:08d}", columns)
                batches.clear()
        self.waiting_rows = 0
        self._first = step + 1

    def write(self, table: str, stem: str, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write one part at once."""
        schema = self._schemas[table]
        arrays = []
        for field in schema:
            column: Any = columns[field.name]
            if field.type == NAME:
                index = pa.array(column.astype(np.int16), mask=column < 0)
                arrays.append(pa.DictionaryArray.from_arrays(index, self._names[field.name]))
            elif pa.types.is_integer(field.type):
                arrays.append(pa.array(column, field.type, mask=column < 0))
            else:
                arrays.append(pa.array(column, field.type, from_pandas=True))
        floats = [f.name for f in schema if pa.types.is_floating(f.type)]
        with whole(self._folder / table / f"{stem}.parquet") as draft:
            pq.write_table(
                pa.Table.from_arrays(arrays, schema=schema),
                draft,
                compression="zstd",
                use_dictionary=[f.name for f in schema if f.name not in floats],
                use_byte_stream_split=floats,
            )

    def write_living(self, table: str, step: int, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write rows of what is there at a step, in place of those of earlier steps."""
        stem = f"living-{0:08d}-{step:08d}"
        self.write(table, stem, columns)
        for old in (self._folder / table).glob("living-*.parquet"):
            if old.stem != stem:
                old.unlink()


def part_files(folder: Path, table: str) -> list[Path]:
    """Return the files of a table in order of time, without what a killed run left over."""
    files = sorted(f for f in (folder / table).glob("*.parquet") if _PART.fullmatch(f.name))
    return sorted(files, key=lambda f: f.name.startswith("living"))


def read(folder: Path, table: str, schema: pa.Schema) -> pa.Table:
    """Return all rows of a table in order of time; leftovers of a killed run are passed over."""
    tables = [_read(f, schema) for f in part_files(folder, table)]
    if not tables:
        return schema.empty_table()
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _read(file: Path, schema: pa.Schema) -> pa.Table:
    try:
        return pq.read_table(file, schema=schema, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        first = str(error).splitlines()[0]
        raise ResumeError(
            f"{file}: damaged or not a table of a run ({first}); expected Parquet as the run wrote "
            "it; run the scenario anew, elsewhere"
        ) from None
