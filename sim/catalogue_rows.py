"""What every reader of catalogues yields: rows as columns, and findings about what is wrong."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ELEMENTS = ("a_au", "e", "i_deg", "node_deg", "peri_deg", "M_deg", "epoch_jd_tdb")
FACTS = ("H_mag", "albedo", "diameter_km", "mass_kg", "rotation_h")

BLOCK_BYTES = 16 * 1024 * 1024
"""Text read at a time: some 80,000 bodies."""

_GZIP = b"\x1f\x8b"


class Finding(NamedTuple):
    """Something wrong with a line.

    Attributes
    ----------
    line : int
        Of the file, from 1 on; of a table (JSON, Parquet), the row.
    text : str
        What was found and expected.
    left_out : bool
        The body is not imported; otherwise only the value is not used.
    """

    line: int
    text: str
    left_out: bool


@dataclass
class Rows:
    """Some bodies of a catalogue.

    Attributes
    ----------
    line : (n,) int64
        As in `Finding`.
    name : list of str, length n
        As in `auxon.sim.belt.Belt`, empty where there is none.
    number : (n,) int32
    facts : dict of (n,) float64
        `ELEMENTS` and those of `FACTS` that the catalogue has; NaN where it says nothing.
    labels : list of str or None, length n, or None
        Published classes; None if the catalogue has none.
    broken : list of Finding
        Lines that could not be read, and values that are no numbers.
    """

    line: NDArray[np.int64]
    name: list[str]
    number: NDArray[np.int32]
    facts: dict[str, NDArray[np.float64]]
    labels: list[str | None] | None = None
    broken: list[Finding] = field(default_factory=list)


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file for reading, unpacking gzip."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    if packed:
        return cast(IO[bytes], gzip.open(path))
    return path.open("rb")


def text_lines(file: IO[bytes], line: int) -> Iterator[tuple[NDArray[np.int64], list[bytes]]]:
    """Yield the lines that are not blank, in blocks, with their numbers.

    Parameters
    ----------
    file : binary file
    line : int
        Number of the next line of the file.
    """
    rest = b""
    while block := file.read(BLOCK_BYTES):
        *found, rest = (rest + block).split(b"\n")
        yield _numbered(found, line)
        line += len(found)
    if rest:
        yield _numbered([rest], line)


def _numbered(found: list[bytes], first: int) -> tuple[NDArray[np.int64], list[bytes]]:
    kept = [(number, text) for number, text in enumerate(found, first) if text.strip()]
    return np.array([number for number, _ in kept], np.int64), [text for _, text in kept]


def numbers(
    values: Any, column: str, line: NDArray[np.int64], broken: list[Finding]
) -> NDArray[np.float64]:
    """Turn a column into numbers, NaN where it is empty; what is no number is a finding.

    Parameters
    ----------
    values : pyarrow.Array or ChunkedArray
        Texts or numbers, length n.
    column : str
        What to call it in a finding; one of `ELEMENTS` leaves its body out.
    line : (n,) int64
    broken : list of Finding
        Added to.

    Returns
    -------
    (n,) float64
    """
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = pc.utf8_trim_whitespace(values)
        values = pc.if_else(pc.equal(values, ""), None, values)
        try:
            values = pc.cast(values, pa.float64())
        except pa.ArrowInvalid:
            texts = values.to_pylist()
            read = [_number(text) for text in texts]
            for row, (text, value) in enumerate(zip(texts, read, strict=True)):
                if text is not None and value is None:
                    said = f"{column}: found '{text}'; expected a number"
                    broken.append(Finding(int(line[row]), said, column in ELEMENTS))
            values = pa.array(read, pa.float64())
    values = pc.cast(values, pa.float64())
    return values.to_numpy(zero_copy_only=False) if len(values) else np.empty(0)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def whole_numbers(texts: Any) -> NDArray[np.int32]:
    """Read texts of digits as numbers of bodies, (n,) int32; 0 for anything else."""
    texts = pc.utf8_trim_whitespace(texts)
    digits = pc.fill_null(pc.match_substring_regex(texts, r"^\d{1,9}$"), False)
    found = pc.cast(pc.if_else(digits, texts, "0"), pa.int32())
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int32)
