"""Turns catalogues of others into belts of ours, and says of every line it cannot use why.

Formats are told by what a file holds, not by its name: JPL Small-Body Database query (CSV, JSON),
MPCORB.DAT, each also packed with gzip, and ssoBFT (Parquet). A body without a whole orbit, or with
neither absolute magnitude nor diameter, is left out; a size, mass, albedo or period that cannot be
is not used. Both are findings. What was measured of a body in bodies.toml fills what a catalogue
does not say of it.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from . import catalogue_mpcorb, catalogue_sbdb, catalogue_ssobft
from .belt import Belt
from .body_class import CLASSES
from .body_facts import MEASURED_FACTS, complete
from .catalogue_rows import ELEMENTS, FACTS, Finding, Rows, open_bytes
from .errors import UsageError
from .files import whole

HEAD_BYTES = 65_536
"""Enough to tell a format by, and to hold the header of MPCORB.DAT."""

RANGES = {
    "a_au": (0.1, 100.0),
    "e": (0.0, 0.99),
    "i_deg": (0.0, 180.0),
    "node_deg": (0.0, 360.0),
    "peri_deg": (0.0, 360.0),
    "M_deg": (0.0, 360.0),
    "epoch_jd_tdb": (2e6, 3e6),
    "H_mag": (-5.0, 40.0),
    "albedo": (1e-3, 1.5),
    "diameter_km": (1e-4, 4000.0),
    "mass_kg": (1.0, 1e23),
    "rotation_h": (1e-3, 1e5),
}
"""What a value may be, ends included; as in `auxon.sim.schema.BodyEntry`."""

_KNOWN = (
    "expected a query result of the JPL Small-Body Database (CSV or JSON), MPCORB.DAT, either also "
    "as .gz, or ssoBFT (Parquet)"
)


@dataclass(frozen=True)
class Imported:
    """A catalogue, read.

    Attributes
    ----------
    belt : Belt
    kind : str
        What the file was taken for.
    findings : list of Finding
        All of them, in order of lines.
    """

    belt: Belt
    kind: str
    findings: list[Finding]

    @property
    def left_out(self) -> int:
        """Count the lines that did not become a body."""
        return len({finding.line for finding in self.findings if finding.left_out})

    def write_findings(self, path: Path) -> None:
        """Write every finding as a line of text."""
        with whole(path) as draft, draft.open("w", encoding="utf-8") as file:
            file.writelines(sentence(finding) + "\n" for finding in self.findings)


def sentence(finding: Finding) -> str:
    """Say a finding: line, what was found and expected, what became of it."""
    outcome = "left out" if finding.left_out else "value not used"
    return f"line {finding.line}: {finding.text}; {outcome}"


def load(
    path: Path, limit: int | None = None, progress: Callable[[int], None] = lambda bodies: None
) -> Imported:
    """Read a catalogue.

    Parameters
    ----------
    path : Path
    limit : int, optional
        Bodies at most, the first of the file.
    progress : callable
        Called with the number of bodies so far.

    Raises
    ------
    UsageError
        No such file, a format nobody knows, a table without the columns needed, or no body in it.
    """
    belts: list[Belt] = []
    findings: list[Finding] = []
    count = 0
    with _sentence_if_torn(path), ExitStack() as closing:
        kind, blocks = _open(path, closing)
        for rows in blocks:
            belt, found = _belt(rows, None if limit is None else limit - count)
            findings += found
            if len(belt):
                belts.append(belt)
                count += len(belt)
                progress(count)
            if limit is not None and count >= limit:
                break
    if not belts:
        said = f"; {sentence(findings[0])}" if findings else ""
        raise UsageError(
            f"{path}: found no body that can be used in this {kind}{said}; expected orbits with "
            "absolute magnitudes or diameters; ask for these fields"
        )
    return Imported(Belt.concat(belts), kind, findings)


@contextmanager
def _sentence_if_torn(path: Path) -> Iterator[None]:
    """Turn what a packed file raises that ends too early, or is damaged, into a sentence."""
    try:
        yield
    except (EOFError, OSError, zlib.error) as error:
        raise UsageError(
            f"{path}: cannot be read to its end ({error}); expected a whole file; download it again"
        ) from None


def _open(path: Path, closing: ExitStack) -> tuple[str, Iterator[Rows]]:
    """Tell the format; return its name and the blocks."""
    try:
        file = closing.enter_context(open_bytes(path))
        head = file.read(HEAD_BYTES)
        file.seek(0)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror or error}); {_KNOWN}; name one"
        ) from None
    text = head.decode("utf-8", "replace")
    if head.startswith(b"PAR1"):
        return "ssoBFT table", _parquet(path, closing)
    if catalogue_mpcorb.looks_like(head):
        return "MPCORB file", catalogue_mpcorb.read(file, head)
    if text.lstrip("\ufeff \r\n\t").startswith("{") and '"fields"' in text:
        fields = catalogue_sbdb.json_fields(text) or []
        _need(path, "Small-Body Database JSON", catalogue_sbdb.missing(fields))
        return "Small-Body Database JSON", catalogue_sbdb.read_json(file, fields)
    fields = catalogue_sbdb.csv_fields(text)
    lacking = catalogue_sbdb.missing(fields)
    if len(lacking) < len(catalogue_sbdb.missing([])):
        _need(path, "Small-Body Database CSV", lacking)
        return "Small-Body Database CSV", catalogue_sbdb.read_csv(file, fields)
    beginning = "".join(c if c.isprintable() else "?" for c in text.partition("\n")[0][:40]).strip()
    raise UsageError(f"{path}: found '{beginning}...' at its start; {_KNOWN}; convert it to one")


def _parquet(path: Path, closing: ExitStack) -> Iterator[Rows]:
    try:
        file = closing.enter_context(pq.ParquetFile(path))
    except pa.ArrowInvalid as error:
        raise UsageError(
            f"{path}: found a broken Parquet file ({error}); {_KNOWN}; download it again"
        ) from None
    names = file.schema_arrow.names
    if not catalogue_ssobft.looks_like(names):
        ours = b"auxon_belt" in (file.schema_arrow.metadata or {})
        what = "a belt of Auxon's" if ours else f"a table of {', '.join(names[:3])}, ..."
        do = "there is nothing to import" if ours else "convert it to one"
        raise UsageError(f"{path}: found {what}; {_KNOWN}; {do}")
    _need(path, "ssoBFT table", catalogue_ssobft.missing(names))
    return catalogue_ssobft.read(file)


def _need(path: Path, kind: str, lacking: list[str]) -> None:
    if lacking:
        raise UsageError(
            f"{path}: found a {kind} without {', '.join(lacking)}; expected these fields too; "
            "ask for them and download it again"
        )


def _belt(rows: Rows, limit: int | None) -> tuple[Belt, list[Finding]]:
    """Sort out what cannot be used, and derive what is missing."""
    n = len(rows.line)
    findings = list(rows.broken)
    known_broken = {finding.line for finding in findings if finding.left_out}
    usable = np.array([line not in known_broken for line in rows.line.tolist()], bool)
    facts = {c: rows.facts.get(c, np.full(n, np.nan)) for c in (*ELEMENTS, *FACTS)}

    for column, values in facts.items():
        low, high = RANGES[column]
        inside = (values >= low) & (values <= high)
        needed = column in ELEMENTS
        wrong = ~inside & usable if needed else ~inside & usable & ~np.isnan(values)
        for row in np.flatnonzero(wrong):
            found = "nothing" if np.isnan(values[row]) else f"{values[row]:.10g}"
            text = f"{column}: found {found}; expected {low:g} to {high:g}"
            findings.append(Finding(int(rows.line[row]), text, needed))
        if needed:
            usable &= inside
        else:
            facts[column] = np.where(inside, values, np.nan)
    sized = np.isfinite(facts["H_mag"]) | np.isfinite(facts["diameter_km"])
    named = np.array([bool(name) for name in rows.name], bool)
    for missing, text in (
        (~sized, "found neither H nor diameter; expected one of them"),
        (~named, "found no name; expected one"),
    ):
        for row in np.flatnonzero(usable & missing):
            findings.append(Finding(int(rows.line[row]), text, True))
    usable &= sized & named

    kept = np.flatnonzero(usable)[:limit]
    if limit is not None and len(kept) == limit:
        last = rows.line[kept[-1]] if limit else 0
        findings = [finding for finding in findings if finding.line <= last]
    labels = [rows.labels[row] for row in kept.tolist()] if rows.labels is not None else None
    facts = {column: values[kept] for column, values in facts.items()}
    for angle in ("node_deg", "peri_deg", "M_deg"):
        facts[angle] = facts[angle] % 360.0
    labels = _fill_in(rows.number[kept], facts, labels)
    belt = complete(
        {column: facts[column] for column in ELEMENTS},
        {column: facts[column] for column in FACTS},
        np.array([rows.name[row] for row in kept.tolist()], np.object_),
        rows.number[kept],
        labels,
    )
    return belt, sorted(findings, key=lambda finding: finding.line)


def _fill_in(
    number: NDArray[np.int32],
    facts: dict[str, NDArray[np.float64]],
    labels: list[str | None] | None,
) -> list[str | None] | None:
    """Take what was measured of the bodies in bodies.toml where the catalogue does not say it."""
    known = Belt.named()
    row_of = {int(n): row for row, n in enumerate(known.number)}
    for row in np.flatnonzero(np.isin(number, known.number)).tolist():
        there = row_of[int(number[row])]
        for fact, bit in MEASURED_FACTS.items():
            if np.isnan(facts[fact][row]) and known.measured[there] & bit:
                facts[fact][row] = getattr(known, fact)[there]
        labels = labels if labels is not None else [None] * len(number)
        labels[row] = labels[row] or CLASSES[known.taxonomy[there]].letter
    return labels
