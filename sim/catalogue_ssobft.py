"""Reads the table of best estimates of SsODNet (ssoBFT, Berthier et al. 2023) as Parquet.

doi:10.1051/0004-6361/202244878; https://ssp.imcce.fr/webservices/ssodnet/api/ssobft. Columns were
renamed over the years: each of ours is looked for under all names it had.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .catalogue_rows import Finding, Rows, numbers, whole_numbers

_ORBIT = "orbital_elements."
_COLUMNS = {
    "a_au": (f"{_ORBIT}semi_major_axis.value",),
    "e": (f"{_ORBIT}eccentricity.value",),
    "i_deg": (f"{_ORBIT}inclination.value",),
    "node_deg": (f"{_ORBIT}node_longitude.value",),
    "peri_deg": (f"{_ORBIT}periapsis_argument.value", f"{_ORBIT}perihelion_argument.value"),
    "M_deg": (f"{_ORBIT}mean_anomaly.value",),
    "epoch_jd_tdb": (f"{_ORBIT}ref_epoch.value", f"{_ORBIT}ref_epoch"),
    "H_mag": ("absolute_magnitude.H.value", "absolute_magnitude.value"),
    "albedo": ("albedo.value",),
    "diameter_km": ("diameter.value",),
    "mass_kg": ("mass.value",),
    "rotation_h": ("spins.period.value", "spins.1.period.value", "spin.period.value"),
    "name": ("name", "sso_name"),
    "number": ("number", "sso_number"),
    "taxonomy": ("taxonomy.class",),
}
_OPTIONAL = ("H_mag", "albedo", "diameter_km", "mass_kg", "rotation_h", "taxonomy")
_ROWS = 100_000


def looks_like(columns: Sequence[str]) -> bool:
    """Say whether a table with these columns is of this catalogue."""
    return _COLUMNS["a_au"][0] in columns


def missing(columns: Sequence[str]) -> list[str]:
    """Return the columns a table lacks, by their newest names."""
    return [
        names[0]
        for ours, names in _COLUMNS.items()
        if ours not in _OPTIONAL and not set(names) & set(columns)
    ]


def read(file: pq.ParquetFile) -> Iterator[Rows]:
    """Yield the bodies of a table, in blocks; rows are counted from 1 on."""
    there = set(file.schema_arrow.names)
    used = {ours: next((n for n in names if n in there), None) for ours, names in _COLUMNS.items()}
    first = 1
    for batch in file.iter_batches(_ROWS, columns=[name for name in used.values() if name]):
        columns = {ours: batch.column(name) for ours, name in used.items() if name}
        yield _rows(columns, first, batch.num_rows)
        first += batch.num_rows


def _rows(columns: dict[str, Any], first: int, count: int) -> Rows:
    line = np.arange(first, first + count)
    broken: list[Finding] = []
    facts = {
        ours: numbers(_flat(values), ours, line, broken)
        for ours, values in columns.items()
        if ours not in ("name", "number", "taxonomy")
    }
    numbered = pc.cast(columns["number"], pa.string())
    # whole numbers that have nulls among them may have become floats on their way
    number = whole_numbers(pc.replace_substring_regex(numbered, r"\.0$", ""))
    names = pc.fill_null(columns["name"], "").to_pylist()
    name = [f"{k} {n}".strip() if k else n for k, n in zip(number.tolist(), names, strict=True)]
    labels = columns["taxonomy"].to_pylist() if "taxonomy" in columns else None
    return Rows(line, name, number, facts, labels, broken)


def _flat(values: Any) -> Any:
    """Take the first of each list: periods are kept as lists, the best first."""
    if not (pa.types.is_list(values.type) or pa.types.is_large_list(values.type)):
        return values
    lengths = pc.fill_null(pc.list_value_length(values), 0)
    some = pc.greater(lengths, 0)
    firsts = pc.list_element(pc.if_else(some, values, pa.scalar([None], values.type)), 0)
    return firsts
