"""Catalogues of others: some lines of each real format, and every way a line can be broken."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from auxon.cli import app
from auxon.sim import catalogue_rows
from auxon.sim.belt import Belt, Measured
from auxon.sim.body_class import LETTERS
from auxon.sim.catalogue import Imported, load, sentence
from auxon.sim.errors import UsageError

SBDB_HEAD = (
    '"spkid","full_name","pdes","name","neo","H","G","diameter","albedo","rot_per","GM","spec_B",'
    '"spec_T","epoch","e","a","i","om","w","ma","class"\n'
)
CERES = (
    '"20000001","     1 Ceres (A801 AA)","1","Ceres","N",3.35,0.12,939.4,0.090,9.07417,62.6284,"C",'
    '"G",2461000.5,.07957632,2.7656157,10.58789,80.24963,73.29975,231.539733,"MBA"\n'
)
PSYCHE = (
    '"20000016","    16 Psyche (A852 FA)","16","Psyche","N",6.2,0.2,222,0.1203,4.196,,"X","M",'
    "2461000.5,.13434622,2.9233145,3.09729,150.00988,229.75341,40.6388378,MBA\n"
)
UNNAMED = (
    '"20123456","123456 (2000 WK183)","123456",,"N",15.9,,,,,,,,2461000.5,.11,2.41,6.2,1.5,2.5,3.5,'
    '"MBA"\n'
)
UNNUMBERED = (
    '"54000000","       (2024 AB1)","2024 AB1",,"N",19.1,,,,,,,,2461000.5,.21,2.31,4.2,11.5,12.5,'
    '13.5,"MBA"\n'
)

MPC_HEAD = "MINOR PLANET CENTER ORBIT DATABASE (MPCORB)\n\nDes'n     H     G   Epoch     M\n"
MPC_HEAD += "-" * 160 + "\n"
MPC_CERES = (
    "00001    3.34  0.15 K25BL 231.53973   73.29975   80.24963   10.58789  0.0795763  0.21429712   "
    "2.7656157  0 E2025-V47  7330 125 1801-2025 0.80 M-v 30k MPCLINUX   4000      (1) Ceres        "
    "      20251104\n"
)
MPC_THEMIS = (
    "00024    7.22  0.15 K25BL  56.76452  109.10752   36.39223    0.73670  0.1153430  0.17686000   "
    "3.1432542  0 E2025-V47  7330 125 1801-2025 0.80 M-v 30k MPCLINUX   4000     (24) Themis       "
    "      20251104\n"
)
MPC_UNNUMBERED = (
    "K24A01B 19.10  0.15 J991V  13.50000   12.50000   11.50000    4.20000  0.2100000  0.28000000   "
    "2.3100000  4 E2025-V47    33   1   10 days 0.40 M-v 3Ek MPCLINUX   0000          2024 AB1     "
    "      20240120\n"
)

BFT: dict[str, list[Any]] = {
    "number": [1, 16, None],
    "name": ["Ceres", "Psyche", "2024 AB1"],
    "absolute_magnitude.H.value": [3.35, 6.2, 19.1],
    "albedo.value": [0.09, 0.12, None],
    "diameter.value": [939.4, 222.0, None],
    "mass.value": [9.3839e20, None, None],
    "taxonomy.class": ["C", "Xk", None],
    "spins.period.value": [[9.07417, 9.1], [4.196], None],
    "orbital_elements.ref_epoch.value": [2461000.5] * 3,
    "orbital_elements.semi_major_axis.value": [2.7656157, 2.9233145, 2.31],
    "orbital_elements.eccentricity.value": [0.07957632, 0.13434622, 0.21],
    "orbital_elements.inclination.value": [10.58789, 3.09729, 4.2],
    "orbital_elements.node_longitude.value": [80.24963, 150.00988, 11.5],
    "orbital_elements.periapsis_argument.value": [73.29975, 229.75341, 12.5],
    "orbital_elements.mean_anomaly.value": [231.539733, 40.6388378, 13.5],
    "a column nobody asks for": [1, 2, 3],
}
OLD_NAMES = {
    "number": "sso_number",
    "name": "sso_name",
    "absolute_magnitude.H.value": "absolute_magnitude.value",
    "spins.period.value": "spins.1.period.value",
    "orbital_elements.periapsis_argument.value": "orbital_elements.perihelion_argument.value",
}


def given(folder: Path, text: str, name: str = "catalogue.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def said(found: Imported) -> list[str]:
    return [sentence(finding) for finding in found.findings]


def is_ceres(belt: Belt, row: int = 0) -> None:
    """The elements of JPL, to the last digit that all formats keep."""
    assert belt.name[row] == "1 Ceres"
    assert belt.number[row] == 1
    elements = (belt.a_au, belt.e, belt.i_deg, belt.node_deg, belt.peri_deg, belt.M_deg)
    wanted = (2.7656157, 0.0795763, 10.58789, 80.24963, 73.29975, 231.53973)
    assert [column[row] for column in elements] == pytest.approx(wanted, abs=4e-6)
    assert belt.epoch_jd_tdb[row] == 2461000.5


# ------------------------------------------------------------------ the formats


def test_small_body_database_csv(tmp_path: Path) -> None:
    found = load(given(tmp_path, SBDB_HEAD + CERES + PSYCHE + UNNAMED + UNNUMBERED))
    belt = found.belt
    assert found.kind == "Small-Body Database CSV"
    assert not found.findings
    is_ceres(belt)
    assert list(belt.name) == ["1 Ceres", "16 Psyche", "123456 2000 WK183", "2024 AB1"]
    assert belt.number.tolist() == [1, 16, 123456, 0]
    assert belt.find("2000 wk183") == 2
    # Dawn: 62.6284 km3/s2 over G
    assert belt.mass_kg[0] == pytest.approx(9.3835e20, rel=1e-4)
    assert belt.rotation_h[0] == 9.07417
    assert "".join(LETTERS[c] for c in belt.taxonomy[:2]) == "CM"
    assert Measured(int(belt.measured[0])) == Measured(63)
    assert Measured(int(belt.measured[3])) == Measured.H


def test_small_body_database_json(tmp_path: Path) -> None:
    fields = "full_name pdes name H epoch e a i om w ma".split()
    rows = [
        "     1 Ceres (A801 AA)|1|Ceres|3.35|2461000.5|.07957632|2.7656157|10.58789|80.24963|"
        "73.29975|231.539733".split("|"),
        ["       (2024 AB1)", "2024 AB1", None, 19.1, 2461000.5, 0.21, 2.31, 4.2, 11.5, 12.5, 13.5],
    ]
    reply = {"signature": {"version": "1.0"}, "count": 2, "fields": fields, "data": rows}
    for text in (json.dumps(reply), json.dumps(reply, indent=1)):
        found = load(given(tmp_path, text))
        assert found.kind == "Small-Body Database JSON"
        assert not found.findings
        is_ceres(found.belt)
        assert list(found.belt.name) == ["1 Ceres", "2024 AB1"]


def test_mpcorb(tmp_path: Path) -> None:
    for head in (MPC_HEAD, ""):
        found = load(given(tmp_path, head + MPC_CERES + MPC_THEMIS + "\n" + MPC_UNNUMBERED))
        assert found.kind == "MPCORB file"
        assert not found.findings
        is_ceres(found.belt)
        assert list(found.belt.name) == ["1 Ceres", "24 Themis", "2024 AB1"]
        assert found.belt.number.tolist() == [1, 24, 0]
        # J991V is 31 January 1999; 1 January was JD 2451179.5
        assert found.belt.epoch_jd_tdb[2] == 2451209.5
        assert found.belt.measured[2] == Measured.H


@pytest.mark.parametrize("old", [False, True])
def test_ssobft(tmp_path: Path, old: bool) -> None:
    columns = dict(BFT)
    if old:
        columns["spins.period.value"] = [9.07417, 4.196, None]
        columns = {OLD_NAMES.get(name, name): values for name, values in columns.items()}
    path = tmp_path / "bft.parquet"
    pq.write_table(pa.table(columns), path)
    found = load(path)
    belt = found.belt
    assert found.kind == "ssoBFT table"
    assert not found.findings
    is_ceres(belt)
    assert list(belt.name) == ["1 Ceres", "16 Psyche", "2024 AB1"]
    assert belt.rotation_h[:2].tolist() == [9.07417, 4.196]
    assert np.isnan(belt.rotation_h[2])
    assert belt.mass_kg[0] == 9.3839e20
    assert "".join(LETTERS[c] for c in belt.taxonomy[:2]) == "CM"


def test_packed_files_and_other_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "anything"
    for text in (SBDB_HEAD + CERES, MPC_HEAD + MPC_CERES):
        path.write_bytes(gzip.compress(text.replace("\n", "\r\n").encode()))
        is_ceres(load(path).belt)


def test_formats_agree_on_what_is_derived(tmp_path: Path) -> None:
    """A body known by its orbit and H alone gets the same class, size and mass from each."""
    csv = load(given(tmp_path, SBDB_HEAD + UNNUMBERED, "a")).belt
    mpc = load(given(tmp_path, MPC_HEAD + MPC_UNNUMBERED, "b")).belt
    pq.write_table(pa.table(BFT), tmp_path / "c")
    bft = load(tmp_path / "c").belt.select([2])
    for column in ("taxonomy", "diameter_km", "mass_kg", "albedo"):
        values = {float(getattr(belt, column)[0]) for belt in (csv, mpc, bft)}
        assert len(values) == 1, column


def test_known_bodies_keep_their_measured_facts(tmp_path: Path) -> None:
    """MPCORB says nothing but H; the catalogue's own word counts where there is one."""
    belt = load(given(tmp_path, MPC_HEAD + MPC_CERES + MPC_THEMIS)).belt
    assert belt.H_mag[0] == 3.34
    assert belt.mass_kg.tolist() == [9.3839e20, 5.9e18]
    assert belt.diameter_km.tolist() == [939.4, 198.0]
    assert "".join(LETTERS[c] for c in belt.taxonomy) == "CC"
    assert Measured(int(belt.measured[1])) == Measured(63)
    nysa = PSYCHE.replace("16", "44").replace("Psyche", "Nysa").replace(',"X","M"', ",,")
    belt = load(given(tmp_path, SBDB_HEAD + nysa)).belt
    assert belt.diameter_km[0] == 222
    assert LETTERS[belt.taxonomy[0]] == "E"
    assert not belt.measured[0] & Measured.MASS, "a mass from the class is no measurement"


def test_blocks_do_not_change_what_is_read(tmp_path: Path, monkeypatch: Any) -> None:
    """Lines fall on either side of a block's end; line numbers go on."""
    lines = [CERES, "torn\n", PSYCHE, UNNAMED, '"open,1\n', UNNUMBERED]
    path = given(tmp_path, SBDB_HEAD + "".join(lines))
    whole = load(path)
    for size in (7, 100, 333):
        monkeypatch.setattr(catalogue_rows, "BLOCK_BYTES", size)
        parts = load(path)
        assert parts.findings == whole.findings
        assert np.array_equal(parts.belt.a_au, whole.belt.a_au)
    assert [finding.line for finding in whole.findings] == [3, 6]


def test_limit_takes_the_first(tmp_path: Path) -> None:
    found = load(given(tmp_path, SBDB_HEAD + CERES + "torn\n" + PSYCHE + "torn\n"), limit=2)
    assert list(found.belt.name) == ["1 Ceres", "16 Psyche"]
    assert said(found) == ["line 3: found 1 values; expected 21; left out"]


# ------------------------------------------------------------------ broken lines


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (".11,", ".11,.12,", "found 22 values; expected 21; left out"),
        ('"N"', '"N', "a quotation mark is open; expected them in pairs; left out"),
        (".11,", "x,", "e: found 'x'; expected a number; left out"),
        (".11,", ",", "e: found nothing; expected 0 to 0.99; left out"),
        (".11,", "1.2,", "e: found 1.2; expected 0 to 0.99; left out"),
        ("2.41,", "-2.41,", "a_au: found -2.41; expected 0.1 to 100; left out"),
        ("2461000.5,", "61000,", "epoch_jd_tdb: found 61000; expected 2e+06 to 3e+06; left out"),
        ("15.9,", ",", "found neither H nor diameter; expected one of them; left out"),
        (
            ",15.9,,,,",
            ",15.9,,-3,,",
            "diameter_km: found -3; expected 0.0001 to 4000; value not used",
        ),
        (",15.9,,,,", ",15.9,,,7,", "albedo: found 7; expected 0.001 to 1.5; value not used"),
        (",15.9,,,,", ",15.9,,,y,", "albedo: found 'y'; expected a number; value not used"),
        (",15.9,,,,", ",15.9,,,nan,", ""),
    ],
)
def test_broken_values_of_a_csv(tmp_path: Path, old: str, new: str, finding: str) -> None:
    broken = UNNAMED.replace(old, new, 1)
    assert broken != UNNAMED
    found = load(given(tmp_path, SBDB_HEAD + CERES + broken + PSYCHE))
    assert said(found) == ([f"line 3: {finding}"] if finding else [])
    left_out = finding.endswith("left out")
    assert found.left_out == left_out
    assert len(found.belt) == (2 if left_out else 3)
    if not left_out:
        assert found.belt.measured[1] == Measured.H


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("0.1153430", "0.11#3430", "e: found '0.11#3430'; expected a number"),
        ("K25BL", "K25ZL", "epoch: found 'K25ZL'; expected a packed date such as K25BL"),
        (" 7.22", "     ", "found neither H nor diameter; expected one of them"),
        ("(24) Themis", " " * 11, "found no name; expected one"),
        ("36.39223", " " * 8, "node_deg: found nothing; expected 0 to 360"),
        (MPC_THEMIS[120:-1], "", "found 120 columns; expected at least 167"),
    ],
)
def test_broken_lines_of_mpcorb(tmp_path: Path, old: str, new: str, finding: str) -> None:
    line = MPC_THEMIS.replace(old, new)
    assert line != MPC_THEMIS
    found = load(given(tmp_path, MPC_HEAD + MPC_CERES + line + MPC_UNNUMBERED))
    assert said(found) == [f"line 6: {finding}; left out"]
    assert list(found.belt.name) == ["1 Ceres", "2024 AB1"]


def test_broken_rows_of_json(tmp_path: Path) -> None:
    fields = "full_name H epoch e a i om w ma".split()
    good = [
        "     1 Ceres (A801 AA)",
        "3.35",
        "2461000.5",
        ".0796",
        "2.7656",
        "10.6",
        "80",
        "73",
        "231",
    ]
    reply = {"fields": fields, "data": [good, good[:4], {"a": 1}, good]}
    found = load(given(tmp_path, json.dumps(reply)))
    assert len(found.belt) == 2
    assert said(found) == [
        "line 2: found 4 values; expected 9 values; left out",
        "line 3: found {'a': 1}; expected 9 values; left out",
    ]
    torn = json.dumps(reply)[:-40]
    found = load(given(tmp_path, torn))
    assert len(found.belt) == 1
    assert said(found)[-1].startswith("line 4: found the end of the file, or no JSON from here on")


def test_broken_rows_of_a_table(tmp_path: Path) -> None:
    columns = dict(BFT) | {"orbital_elements.eccentricity.value": [0.08, None, 2.5]}
    columns["mass.value"] = [-1.0, None, None]
    pq.write_table(pa.table(columns), tmp_path / "bft")
    found = load(tmp_path / "bft")
    assert said(found) == [
        "line 1: mass_kg: found -1; expected 1 to 1e+23; value not used",
        "line 2: e: found nothing; expected 0 to 0.99; left out",
        "line 3: e: found 2.5; expected 0 to 0.99; left out",
    ]
    assert list(found.belt.name) == ["1 Ceres"]


# ------------------------------------------------------------------ files that are no catalogues


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "found '...' at its start; expected a query result"),
        ("hello\nworld\n", "found 'hello...' at its start; expected .*MPCORB.DAT.*; convert it"),
        ("name,size\nCeres,1\n", "found 'name,size...' at its start"),
        (
            SBDB_HEAD.replace('"ma",', "") + CERES,
            "Database CSV without ma; expected .*; ask for them",
        ),
        ('{"fields": ["a", "e"], "data": []}', "JSON without i, om, w, ma, epoch, full_name"),
        (SBDB_HEAD, "found no body that can be used in this Small-Body Database CSV; expected"),
        (SBDB_HEAD + "torn\n", "found no body .*; line 2: found 1 values; expected 21; left out"),
    ],
)
def test_other_files_get_a_sentence(tmp_path: Path, text: str, finding: str) -> None:
    with pytest.raises(UsageError, match=finding):
        load(given(tmp_path, text))


def test_other_tables_get_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with pytest.raises(UsageError, match=r"cannot be read \(No such file"):
        load(path)
    pq.write_table(pa.table({"p": [1], "q": [2]}), path)
    with pytest.raises(UsageError, match=r"found a table of p, q, .*ssoBFT .*; convert it to one"):
        load(path)
    Belt.named().write(path)
    with pytest.raises(
        UsageError, match=r"found a belt of Auxon's; .*; there is nothing to import"
    ):
        load(path)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match=r"found a broken Parquet file .*; download it again"):
        load(path)
    columns = {k: v for k, v in BFT.items() if not k.endswith(("anomaly.value", "name"))}
    pq.write_table(pa.table(columns), path)
    with pytest.raises(UsageError, match=r"without orbital_elements.mean_anomaly.value, name;"):
        load(path)


def test_a_torn_packed_file_gets_a_sentence(tmp_path: Path) -> None:
    lines = "".join(MPC_THEMIS.replace("56.76452", f"{k % 360:8.5f}") for k in range(3000))
    packed = gzip.compress((MPC_HEAD + lines).encode())
    path = tmp_path / "MPCORB.DAT.gz"
    for cut in (10, len(packed) // 2):
        path.write_bytes(packed[:cut])
        with pytest.raises(UsageError, match=r"cannot be read to its end .*; download it again"):
            load(path)


def test_letters_of_no_alphabet_are_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "catalogue"
    path.write_bytes((SBDB_HEAD + CERES + PSYCHE).encode().replace(b"Psyche", b"Ps\xffche"))
    found = load(path)
    assert list(found.belt.name) == ["1 Ceres", "16 Ps\ufffdche"]


def test_json_broken_in_the_middle_says_where(tmp_path: Path) -> None:
    fields = "full_name H epoch e a i om w ma".split()
    row = json.dumps("     1 Ceres (A801 AA)|3.35|2461000.5|.0796|2.7656|10.6|80|73|231".split("|"))
    text = f'{{"fields": {json.dumps(fields)}, "data": [{row}, {row}, [1, 2 3], {row}]}}'
    found = load(given(tmp_path, text))
    assert len(found.belt) == 2
    assert said(found) == [
        "line 3: found the end of the file, or no JSON from here on (download it again); "
        "expected 9 values; left out"
    ]


# ------------------------------------------------------------------ the command


def test_import_writes_a_belt_and_every_finding(tmp_path: Path) -> None:
    file = given(tmp_path, SBDB_HEAD + CERES + "torn\n" * 30 + PSYCHE)
    out = tmp_path / "belt.parquet"
    ran = CliRunner().invoke(app, ["belt", "import", str(file), "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    assert "2 bodies; 30 lines left out, 0 values not used" in ran.stdout
    assert ran.stdout.count("found 1 values") == 10
    assert "... and 20 more" in ran.stdout
    is_ceres(Belt.read(out))
    beside = tmp_path / "belt.parquet.findings.txt"
    assert beside.read_text().splitlines()[-1] == "line 32: found 1 values; expected 21; left out"
    assert len(beside.read_text().splitlines()) == 30

    ran = CliRunner().invoke(app, ["belt", "import", str(file), "--out", str(out), "--json"])
    summary = json.loads(ran.stdout)
    assert len(summary["findings"]) == summary["left_out"] == 30
    given(tmp_path, SBDB_HEAD + CERES)
    ran = CliRunner().invoke(app, ["belt", "import", str(file), "--out", str(out)])
    assert ran.exit_code == 0
    assert not beside.exists(), "old findings are not left beside a new belt"


def test_import_of_anything_else_gets_a_sentence(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["belt", "import", str(given(tmp_path, "x"))])
    assert ran.exit_code == 2
    assert "found 'x...' at its start" in ran.stderr
