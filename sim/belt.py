"""A belt: many bodies as columns, one row a body, kept in one Parquet file.

The file has the columns of `COLUMNS` under the same names, units in the names. ``taxonomy`` and
``composition`` are texts there, an unknown rotation is null, and the key ``auxon_belt`` of the
file's metadata holds the number of this format.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntFlag
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .body_class import LETTERS, UNKNOWN, class_code
from .errors import UsageError
from .files import whole
from .library import SHIPPED
from .schema import BodiesFile, BodyEntry
from .toml_errors import read, validate

FORMAT = 1
_KEY = b"auxon_belt"
_COMPARED = 2000
"""Names at most that a misspelt one is compared with, at each length of its beginning."""


class Measured(IntFlag):
    """Facts of a body that were measured; what is not was derived, or drawn (`Belt.measured`)."""

    H = 1
    ALBEDO = 2
    DIAMETER = 4
    MASS = 8
    TAXONOMY = 16
    ROTATION = 32


COLUMNS: Mapping[str, type[np.generic]] = {
    "name": np.object_,
    "number": np.int32,
    "a_au": np.float64,
    "e": np.float64,
    "i_deg": np.float64,
    "node_deg": np.float64,
    "peri_deg": np.float64,
    "M_deg": np.float64,
    "epoch_jd_tdb": np.float64,
    "H_mag": np.float64,
    "albedo": np.float64,
    "diameter_km": np.float64,
    "mass_kg": np.float64,
    "rotation_h": np.float64,
    "taxonomy": np.int8,
    "composition": np.int16,
    "measured": np.uint8,
}
"""Columns of a `Belt` and their types."""


@dataclass(frozen=True, eq=False)
class Belt:
    """Bodies as columns of one length n, which cannot be written to.

    Attributes
    ----------
    name : (n,) object
        Texts: number and name (``"24 Themis"``), number and designation, or designation alone.
    number : (n,) int32
        Of the Minor Planet Center, 0 where there is none.
    a_au, e, i_deg, node_deg, peri_deg, M_deg, epoch_jd_tdb : (n,) float64
        Osculating elements, J2000 ecliptic, at the epoch of their own (Julian date, TDB).
    H_mag, albedo : (n,) float64
        Absolute magnitude in the H, G system, and geometric albedo in V.
    diameter_km, mass_kg : (n,) float64
    rotation_h : (n,) float64
        Period, NaN where unknown.
    taxonomy : (n,) int8
        Broad class, an index into `auxon.sim.body_class.CLASSES`.
    composition : (n,) int16
        An index into `compositions`.
    measured : (n,) uint8
        Bits of `Measured`.
    compositions : tuple of str
        Keys of compositions.toml.
    """

    name: NDArray[np.object_]
    number: NDArray[np.int32]
    a_au: NDArray[np.float64]
    e: NDArray[np.float64]
    i_deg: NDArray[np.float64]
    node_deg: NDArray[np.float64]
    peri_deg: NDArray[np.float64]
    M_deg: NDArray[np.float64]
    epoch_jd_tdb: NDArray[np.float64]
    H_mag: NDArray[np.float64]
    albedo: NDArray[np.float64]
    diameter_km: NDArray[np.float64]
    mass_kg: NDArray[np.float64]
    rotation_h: NDArray[np.float64]
    taxonomy: NDArray[np.int8]
    composition: NDArray[np.int16]
    measured: NDArray[np.uint8]
    compositions: tuple[str, ...]

    def __post_init__(self) -> None:
        """Bring every column to its type and lock it."""
        for column, kind in COLUMNS.items():
            values = np.asarray(getattr(self, column), kind).view()
            if values.shape != self.name.shape or values.ndim != 1:
                raise UsageError(
                    f"Belt: column {column} has shape {values.shape}; expected that of name, "
                    f"{self.name.shape}; give one value a body"
                )
            values.setflags(write=False)
            object.__setattr__(self, column, values)

    def __len__(self) -> int:
        """Count the bodies."""
        return len(self.name)

    # ------------------------------------------------------------------ where belts come from

    @classmethod
    def named(cls) -> "Belt":
        """Return the asteroids of bodies.toml, in its order; the Moon is left out."""
        source = read(SHIPPED / "bodies.toml")
        entries = validate(BodiesFile, source.data, [source]).body
        return cls.of({name: x for name, x in entries.items() if _class(x) != UNKNOWN})

    @classmethod
    def of(cls, entries: Mapping[str, BodyEntry]) -> "Belt":
        """Return bodies as they are written in a bodies.toml, by name."""
        rocks = tuple(sorted({entry.composition for entry in entries.values()}))
        columns: dict[str, Any] = {
            column: np.array([getattr(entry, column) for entry in entries.values()], kind)
            for column, kind in COLUMNS.items()
            if column in BodyEntry.model_fields and column not in ("taxonomy", "composition")
        }
        columns["name"] = np.array(list(entries), np.object_)
        columns["taxonomy"] = [_class(entry) for entry in entries.values()]
        columns["composition"] = [rocks.index(entry.composition) for entry in entries.values()]
        columns["measured"] = [
            Measured.DIAMETER
            | Measured.TAXONOMY
            | (Measured.H if entry.H_mag is not None else 0)
            | (Measured.ALBEDO if entry.albedo is not None else 0)
            | (Measured.MASS if entry.mass_measured else 0)
            | (Measured.ROTATION if entry.rotation_h else 0)
            for entry in entries.values()
        ]
        return cls(**columns, compositions=rocks)

    @classmethod
    def read(cls, path: Path) -> "Belt":
        """Read a belt from its Parquet file.

        Raises
        ------
        UsageError
            No such file, not a belt, or of another format.
        """
        try:
            table = pq.read_table(path, memory_map=True)
        except (OSError, pa.ArrowInvalid) as error:
            raise UsageError(
                f"{path}: found no Parquet file ({str(error).splitlines()[0]}); expected a belt of "
                "'auxon belt import' or 'auxon belt make'; make one"
            ) from None
        version = (table.schema.metadata or {}).get(_KEY, b"none").decode()
        if version != str(FORMAT):
            raise UsageError(
                f"{path}: found a table of belt format {version}; expected {FORMAT}, written by "
                "'auxon belt import' or 'auxon belt make'; import the catalogue (anew)"
            )
        if lacking := [column for column in COLUMNS if column not in table.column_names]:
            raise UsageError(
                f"{path}: found a belt without {', '.join(lacking)}; expected all columns of "
                f"belt format {FORMAT}; import the catalogue anew"
            )
        columns: dict[str, Any] = {}
        for column in COLUMNS:
            chunks = table.column(column).combine_chunks()
            if column == "taxonomy":
                codes = [LETTERS.index(letter) for letter in chunks.dictionary.to_pylist()]
                columns[column] = np.array(codes, np.int8)[chunks.indices.to_numpy()]
            elif column == "composition":
                columns["compositions"] = tuple(chunks.dictionary.to_pylist())
                columns[column] = chunks.indices.to_numpy()
            else:
                columns[column] = chunks.to_numpy(zero_copy_only=False)
        return cls(**columns)

    def write(self, path: Path) -> None:
        """Write the belt as one Parquet file, whole or not at all."""
        arrays = {}
        for column in COLUMNS:
            values = getattr(self, column)
            if column == "taxonomy":
                arrays[column] = pa.DictionaryArray.from_arrays(values, list(LETTERS))
            elif column == "composition":
                arrays[column] = pa.DictionaryArray.from_arrays(values, list(self.compositions))
            else:
                arrays[column] = pa.array(values, from_pandas=column == "rotation_h")
        table = pa.table(arrays).replace_schema_metadata({_KEY: str(FORMAT)})
        with whole(path) as draft:
            pq.write_table(
                table,
                draft,
                compression="zstd",
                use_dictionary=["taxonomy", "composition"],
                use_byte_stream_split=[c for c, kind in COLUMNS.items() if kind is np.float64],
            )

    @classmethod
    def concat(cls, belts: Sequence["Belt"]) -> "Belt":
        """Join belts, in order. Nobody checks that no body is in two of them."""
        rocks = tuple(dict.fromkeys(rock for belt in belts for rock in belt.compositions))
        columns: dict[str, Any] = {
            column: np.concatenate([getattr(belt, column) for belt in belts])
            for column in COLUMNS
            if column != "composition"
        }
        moved = [np.array([rocks.index(r) for r in b.compositions], np.int16) for b in belts]
        columns["composition"] = np.concatenate(
            [new[belt.composition] for new, belt in zip(moved, belts, strict=True)]
        )
        return cls(**columns, compositions=rocks)

    # ------------------------------------------------------------------ what one asks of them

    def select(self, rows: NDArray[Any] | Sequence[int] | slice) -> "Belt":
        """Return the belt of these rows: a mask, (n,) bool, or row numbers, in that order."""
        columns = {column: getattr(self, column)[rows] for column in COLUMNS}
        return Belt(**columns, compositions=self.compositions)

    def find(self, name: str) -> int:
        """Return the row of a body.

        Parameters
        ----------
        name : str
            Its whole name, its number, or what follows the number, in any case: ``"24 Themis"``,
            ``"24"``, ``"themis"``.

        Raises
        ------
        UsageError
            No such body.
        """
        row = self._rows.get(name.strip().casefold())
        if row is None:
            raise UsageError(
                f"no body '{name}' among {len(self):,}; expected a name, number or designation; "
                + self._nearest(name)
            )
        return row

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Row of each whole name, part after the number, and number; the first of equals."""
        rows: dict[str, int] = {}
        for row, (name, number) in enumerate(zip(self.name, self.number.tolist(), strict=True)):
            whole_name = name.casefold()
            rows.setdefault(whole_name, row)
            if number and whole_name.startswith(f"{number} "):
                rows.setdefault(whole_name[len(str(number)) + 1 :], row)
                rows.setdefault(str(number), row)
        return rows

    def _nearest(self, name: str) -> str:
        """Say the closest known name; only those that begin most alike are compared."""
        asked = name.strip().casefold()
        for shared in range(len(asked), 0, -1):
            alike = [known for known in self._rows if known[:shared] == asked[:shared]]
            if alike and (close := get_close_matches(asked, alike[:_COMPARED], 1, 0.6)):
                return f"did you mean '{self.name[self._rows[close[0]]]}'?"
        return f"known: {', '.join(self.name[:5])}{', ...' if len(self) > 5 else ''}"

    def composition_of(self, row: int) -> str:
        """Return the key of a body's rock in compositions.toml."""
        return self.compositions[int(self.composition[row])]


def _class(entry: BodyEntry) -> int:
    return class_code(entry.taxonomy, entry.albedo or float("nan"))
