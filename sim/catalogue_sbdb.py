"""Reads what the JPL Small-Body Database Query gives: CSV, or JSON with ``fields`` and ``data``.

Fields as in https://ssd-api.jpl.nasa.gov/doc/sbdb_query.html; needed are ``a, e, i, om, w, ma,
epoch`` and one of ``full_name, pdes``. Used where they are there: ``name, H, diameter, albedo,
rot_per, GM, spec_B, spec_T``. A mass is GM over the gravitational constant.
"""

import io
import json
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from .catalogue_rows import Finding, Rows, numbers, text_lines, whole_numbers

_COLUMNS = {
    "a_au": "a",
    "e": "e",
    "i_deg": "i",
    "node_deg": "om",
    "peri_deg": "w",
    "M_deg": "ma",
    "epoch_jd_tdb": "epoch",
    "H_mag": "H",
    "albedo": "albedo",
    "diameter_km": "diameter",
    "mass_kg": "GM",
    "rotation_h": "rot_per",
}
_NEEDED = ("a", "e", "i", "om", "w", "ma", "epoch")
_NAMES = ("full_name", "pdes", "name")
_CLASSES = ("spec_B", "spec_T")
_GRAVITY_KM3 = 6.67430e-20
"""km^3 kg^-1 s^-2, CODATA 2022."""
_JSON_ROWS = 50_000
_ROW_CHARACTERS = 1 << 22
"""Characters read at a time; what is no row after so many is none."""


def missing(fields: Sequence[str]) -> list[str]:
    """Return the fields a table lacks to be read as one of this database."""
    lacking = [field for field in _NEEDED if field not in fields]
    return lacking + ([] if {"full_name", "pdes"} & set(fields) else ["full_name"])


def csv_fields(head: str) -> list[str]:
    """Return the fields that the first line of a file names, none if it is no CSV header."""
    first = head.lstrip("﻿").partition("\n")[0].rstrip("\r")
    return [cell.strip().strip('"') for cell in first.split(",")] if "," in first else []


def json_fields(head: str) -> list[str] | None:
    """Return the fields that the beginning of a JSON file names, None if it names none."""
    _, found, rest = head.partition('"fields"')
    try:
        fields = json.loads(rest[rest.index("[") : rest.index("]") + 1]) if found else None
    except ValueError:
        return None
    return fields if fields and all(isinstance(f, str) for f in fields) else None


def read_csv(file: IO[bytes], fields: Sequence[str]) -> Iterator[Rows]:
    """Yield the bodies of a CSV file, in blocks."""
    used = [f for f in (*_COLUMNS.values(), *_NAMES, *_CLASSES) if f in fields]
    file.readline()
    for line, texts in text_lines(file, 2):
        broken = []
        whole = np.array([text.count(b'"') % 2 == 0 for text in texts], bool)
        for row in np.flatnonzero(~whole):
            text = "a quotation mark is open; expected them in pairs"
            broken.append(Finding(int(line[row]), text, True))
        kept = line[whole]
        torn: list[int] = []

        def skip(
            row: pcsv.InvalidRow, kept: Any = kept, torn: Any = torn, bad: Any = broken
        ) -> str:
            torn.append(row.number - 1)
            text = f"found {row.actual_columns} values; expected {row.expected_columns}"
            bad.append(Finding(int(kept[row.number - 1]), text, True))
            return "skip"

        if len(kept) == 0:
            yield _rows({}, kept, broken)
            continue
        block = b"\n".join(text for text, ok in zip(texts, whole, strict=True) if ok)
        table = pcsv.read_csv(
            io.BytesIO(block.decode("utf-8", "replace").encode()),
            # one thread: only then does an invalid row know its number
            read_options=pcsv.ReadOptions(column_names=list(fields), use_threads=False),
            parse_options=pcsv.ParseOptions(invalid_row_handler=skip),
            convert_options=pcsv.ConvertOptions(
                include_columns=used,
                column_types=dict.fromkeys(used, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        columns = {name: table.column(name).combine_chunks() for name in used}
        yield _rows(columns, np.delete(kept, torn), broken)


def read_json(file: IO[bytes], fields: Sequence[str]) -> Iterator[Rows]:
    """Yield the bodies of a JSON file, in blocks; rows are counted from 1 on."""
    used = {f: fields.index(f) for f in (*_COLUMNS.values(), *_NAMES, *_CLASSES) if f in fields}
    rows: list[list[Any]] = []
    line: list[int] = []
    broken: list[Finding] = []
    with io.TextIOWrapper(file, "utf-8", "replace") as text:
        for number, row in enumerate(_json_rows(text), 1):
            if isinstance(row, list) and len(row) == len(fields):
                rows.append(row)
                line.append(number)
            else:
                count = f"{len(row)} values" if isinstance(row, list) else str(row)
                said = f"found {count}; expected {len(fields)} values"
                broken.append(Finding(number, said, True))
            if len(rows) + len(broken) >= _JSON_ROWS:
                yield _json_block(rows, line, used, broken)
                rows, line, broken = [], [], []
    yield _json_block(rows, line, used, broken)


def _json_rows(file: io.TextIOBase) -> Iterator[Any]:
    """Yield what the list ``data`` holds, reading on as needed; a text says why it ends early."""
    decode = json.JSONDecoder().raw_decode
    text, at = "", -1
    while at < 0 and (more := file.read(1 << 20)):
        text += more
        at = text.find('"data"')
    at = text.find("[", at) + 1
    while True:
        at = _past(text, at, " \t\r\n,")
        if text[at : at + 1] == "]":
            return
        try:
            row, at = decode(text, at) if at < len(text) else (None, at)
        except json.JSONDecodeError:
            row = None
        if row is not None:
            yield row
        elif len(text) - at < _ROW_CHARACTERS and (more := file.read(_ROW_CHARACTERS)):
            text, at = text[at:] + more, 0
        else:
            yield "the end of the file, or no JSON from here on (download it again)"
            return


def _past(text: str, at: int, blanks: str) -> int:
    while at < len(text) and text[at] in blanks:
        at += 1
    return at


def _json_block(
    rows: list[list[Any]], line: list[int], used: dict[str, int], broken: list[Finding]
) -> Rows:
    columns = {}
    for name, place in used.items():
        values = [row[place] for row in rows]
        texts = [v if v is None or isinstance(v, str) else str(v) for v in values]
        columns[name] = pa.array(texts, pa.string())
    return _rows(columns if rows else {}, np.array(line, np.int64), broken)


def _rows(columns: dict[str, Any], line: NDArray[np.int64], broken: list[Finding]) -> Rows:
    """Make rows of columns of texts."""
    if not columns:
        return Rows(line, [], np.empty(0, np.int32), {}, None, broken)
    facts = {
        ours: numbers(columns[theirs], ours, line, broken)
        for ours, theirs in _COLUMNS.items()
        if theirs in columns
    }
    if "mass_kg" in facts:
        facts["mass_kg"] = facts["mass_kg"] / _GRAVITY_KM3
    labels = None
    if classes := [columns[c] for c in _CLASSES if c in columns]:
        labels = pc.coalesce(*classes).to_pylist()
    if "pdes" in columns:
        number = whole_numbers(columns["pdes"])
    else:
        digits = pc.extract_regex(columns["full_name"], r"^\s*(?P<n>\d+)\s+[^\s]")
        number = whole_numbers(digits.field("n"))
    listed = [columns[n].to_pylist() if n in columns else [None] * len(line) for n in _NAMES]
    name = [_name(*texts) for texts in zip(number.tolist(), *listed, strict=True)]
    return Rows(line, name, number, facts, labels, broken)


def _name(number: int, full_name: str | None, pdes: str | None, name: str | None) -> str:
    """Return ``"1 Ceres"``, ``"123456 2001 AB1"`` or ``"2001 AB1"``."""
    full = (full_name or "").strip()
    if number:
        rest = full.removeprefix(str(number)).strip()
        rest = name or rest.partition(" (")[0] or ""
        return f"{number} {rest.strip('()')}".strip()
    return full.strip("()") or (pdes or "").strip()
