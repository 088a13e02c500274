"""Reads MPCORB.DAT of the Minor Planet Center, and extracts of it: one body a line, fixed columns.

Format: https://www.minorplanetcenter.net/iau/info/MPOrbitFormat.html. The header, if there is one,
ends with a line of dashes. Epochs are packed dates at 0h TT, taken for TDB (2 ms at most).
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .catalogue_rows import Finding, Rows, numbers, text_lines, whole_numbers

_FIELDS = {
    "H_mag": (8, 13),
    "M_deg": (26, 35),
    "peri_deg": (37, 46),
    "node_deg": (48, 57),
    "i_deg": (59, 68),
    "e": (70, 79),
    "a_au": (92, 103),
}
"""From column (counted from 0) up to, not including; H may lack a leading blank."""
_EPOCH = (20, 25)
_NAME = (166, 194)
_LEAST_LENGTH = 167
_JD_OF_ORDINAL = 1721424.5
"""Julian date at 0h of the day 0 of `datetime.date.toordinal`."""

_LINE = re.compile(
    rb"^.{20}[IJK]\d\d[1-9A-C][1-9A-V] [ \d]{3}\.\d{5}  [ \d]{3}\.\d{5}  [ \d]{3}\.\d{5}  "
    rb"[ \d]{3}\.\d{5}  [ \d]\.\d{7} "
)


def looks_like(head: bytes) -> bool:
    """Say whether a file that begins so is of this format."""
    return b"MINOR PLANET CENTER ORBIT DATABASE" in head or any(
        _LINE.match(line) for line in head.split(b"\n")
    )


def read(file: IO[bytes], head: bytes) -> Iterator[Rows]:
    """Yield the bodies of a file, in blocks.

    Parameters
    ----------
    file : binary file
    head : bytes
        Its beginning, with the whole of the header.
    """
    first = 1
    if dashes := re.search(rb"^-{20,}\s*$", head, re.MULTILINE):
        first = head.count(b"\n", 0, dashes.end()) + 2
        for _ in range(first - 1):
            file.readline()
    for line, texts in text_lines(file, first):
        broken = []
        long = np.array([len(text) >= _LEAST_LENGTH for text in texts], bool)
        for row in np.flatnonzero(~long):
            text = f"found {len(texts[row])} columns; expected at least {_LEAST_LENGTH}"
            broken.append(Finding(int(line[row]), text, True))
        kept = [text.decode("ascii", "replace") for text, ok in zip(texts, long, strict=True) if ok]
        yield _rows(pa.array(kept, pa.string()), line[long], broken)


def _rows(texts: pa.Array, line: np.ndarray, broken: list[Finding]) -> Rows:
    def cut(field: tuple[int, int]) -> pa.Array:
        return pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(texts, *field))

    facts = {name: numbers(cut(field), name, line, broken) for name, field in _FIELDS.items()}
    packed = pc.dictionary_encode(cut(_EPOCH))
    days = np.array([_julian_date(text) for text in packed.dictionary.to_pylist()], np.float64)
    facts["epoch_jd_tdb"] = days[packed.indices.to_numpy()] if len(texts) else np.empty(0)
    for row in np.flatnonzero(np.isnan(facts["epoch_jd_tdb"])):
        found = texts[row].as_py()[slice(*_EPOCH)]
        text = f"epoch: found '{found}'; expected a packed date such as K25BL"
        broken.append(Finding(int(line[row]), text, True))
    parts = pc.extract_regex(cut(_NAME), r"^(?:\((?P<number>\d+)\))?\s*(?P<rest>.*)$")
    number = whole_numbers(parts.field("number"))
    rest = parts.field("rest").to_pylist()
    name = [f"{n} {r}".strip() if n else r for n, r in zip(number.tolist(), rest, strict=True)]
    return Rows(line, name, number, facts, None, broken)


@cache
def _julian_date(packed: str) -> float:
    """Unpack ``K25BL`` (21 November 2025) into a Julian date; NaN for what is no date."""
    centuries, digits = "IJK", "0123456789ABCDEFGHIJKLMNOPQRSTUV"
    try:
        century = 18 + centuries.index(packed[0])
        year, month, day = 100 * century + int(packed[1:3]), packed[3], packed[4:]
        return date(year, digits.index(month), digits.index(day)).toordinal() + _JD_OF_ORDINAL
    except (ValueError, IndexError):
        return float("nan")
