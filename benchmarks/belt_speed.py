"""How fast belts are made, kept and imported, and how much memory it takes: 1.3 million bodies.

Run from the root: ``python -m benchmarks.belt_speed``. Catalogues are made up in real formats,
in a temporary folder, with a few broken lines; each is imported by a process of its own, whose
seconds and peak memory are taken. Answers are asserted.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auxon.sim.belt import Belt
from auxon.sim.catalogue import load
from auxon.sim.synthetic_belt import synthetic

RESULTS = Path(__file__).parent / "results" / "belt_speed.json"
BODIES = 1_300_000
TORN = 1000
"""Every so manyth line is broken."""
LIMIT_S = 120.0
LIMIT_MB = 2000.0


def sbdb_csv(belt: Belt, path: Path) -> None:
    with path.open("w") as file:
        file.write('"spkid","full_name","pdes","name","H","diameter","albedo","rot_per","GM",')
        file.write('"spec_B","spec_T","epoch","e","a","i","om","w","ma","class"\n')
        for k, (a, e, i, om, w, ma, H) in enumerate(elements(belt), 1):
            if k % TORN == 0:
                file.write(f'"{20000000 + k}","{k}\n')
                continue
            size = f"{1329 * 10 ** (-H / 5) / 0.2:.3f},.04" if k % 10 == 0 else ","
            file.write(
                f'"{20000000 + k}","{k:7d} (2001 AB{k})","{k}",,{H:.2f},{size},,,,,2461000.5,'
                f'{e:.6f},{a:.6f},{i:.4f},{om:.4f},{w:.4f},{ma:.4f},"MBA"\n'
            )


def sbdb_json(belt: Belt, path: Path) -> None:
    fields = "spkid full_name pdes name H diameter albedo rot_per epoch e a i om w ma".split()
    with path.open("w") as file:
        file.write(f'{{"signature":{{"version":"1.0"}},"fields":{json.dumps(fields)},"data":[\n')
        for k, (a, e, i, om, w, ma, H) in enumerate(elements(belt), 1):
            row = [f"{20000000 + k}", f"{k} (2001 AB{k})", str(k), None, f"{H:.2f}", None, None]
            row += [None, "2461000.5", f"{e:.6f}", f"{a:.6f}", f"{i:.4f}", f"{om:.4f}", f"{w:.4f}"]
            row += [] if k % TORN == 0 else [f"{ma:.4f}"]
            file.write(json.dumps(row) + ("]}\n" if k == len(belt) else ",\n"))


def mpcorb(belt: Belt, path: Path) -> None:
    with path.open("w") as file:
        file.write("MINOR PLANET CENTER ORBIT DATABASE (MPCORB)\n\n" + "-" * 160 + "\n")
        for k, (a, e, i, om, w, ma, H) in enumerate(elements(belt), 1):
            if k % TORN == 0:
                file.write(f"{k:07d} torn\n")
                continue
            file.write(
                f"{k:07d} {H:5.2f}  0.15 K25BL {ma:9.5f}  {w:9.5f}  {om:9.5f}  {i:9.5f}  "
                f"{e:9.7f} {0.2:11.8f} {a:11.7f}  0 E2025-X01  6751 124 1801-2025 0.65 M-v 30k "
                f"MPCLINUX   0000 {f'({k}) 2001 AB{k}':>28s} 20251104\n"
            )


def ssobft(belt: Belt, path: Path) -> None:
    n = len(belt)
    torn = np.arange(1, n + 1) % TORN == 0
    columns: dict[str, Any] = {
        "number": np.arange(1, n + 1),
        "name": [f"2001 AB{k}" for k in range(1, n + 1)],
        "absolute_magnitude.H.value": belt.H_mag,
        "diameter.value": np.where(np.arange(n) % 10 == 0, belt.diameter_km, np.nan),
        "albedo.value": np.where(np.arange(n) % 10 == 0, belt.albedo, np.nan),
        "mass.value": np.full(n, np.nan),
        "taxonomy.class": ["C" if k % 10 == 0 else None for k in range(n)],
        "spins.period.value": pa.array([[6.0] if k % 50 == 0 else None for k in range(n)]),
        "orbital_elements.ref_epoch.value": belt.epoch_jd_tdb,
        "orbital_elements.semi_major_axis.value": belt.a_au,
        "orbital_elements.eccentricity.value": np.where(torn, np.nan, belt.e),
        "orbital_elements.inclination.value": belt.i_deg,
        "orbital_elements.node_longitude.value": belt.node_deg,
        "orbital_elements.periapsis_argument.value": belt.peri_deg,
        "orbital_elements.mean_anomaly.value": belt.M_deg,
    }
    # the real table has some 600 columns more, which a reader of columns never touches
    table = pa.table({name: pa.array(v, from_pandas=True) for name, v in columns.items()})
    pq.write_table(table, path)


def elements(belt: Belt) -> Any:
    columns = (belt.a_au, belt.e, belt.i_deg, belt.node_deg, belt.peri_deg, belt.M_deg, belt.H_mag)
    return zip(*(column.tolist() for column in columns), strict=True)


FORMATS: dict[str, Callable[[Belt, Path], None]] = {
    "sbdb.csv": sbdb_csv,
    "sbdb.json": sbdb_json,
    "MPCORB.DAT": mpcorb,
    "ssoBFT.parquet": ssobft,
}


def imported(path: Path) -> dict[str, Any]:
    """Import one catalogue in this process, and say what came out and what it took."""
    start, cpu = time.perf_counter(), time.process_time()
    found = load(path)
    found.belt.write(path.with_suffix(".belt"))
    status = Path("/proc/self/status").read_text()
    # not ru_maxrss: that of a child begins at its parent's
    peak_kB = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    return {
        "seconds": time.perf_counter() - start,
        "processor_s": time.process_time() - cpu,
        "peak_MB": int(peak_kB) / 1024,
        "bodies": len(found.belt),
        "left_out": found.left_out,
        "a_au": float(found.belt.a_au.sum()),
    }


def timed(what: str, call: Callable[[], Any], limit_s: float, repeats: int = 3) -> dict[str, Any]:
    """Time a call of this process, print and return its row.

    Seconds of processor time, so that other work on the machine does not count.
    """
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    print(f"{what:28}{min(seconds):8.2f} s of processor")
    assert min(seconds) < limit_s, f"{what} took {min(seconds):.2f} s"
    return {"what": what, "processor_s": min(seconds)}


def main() -> None:
    """Print the table and keep it."""
    belt = synthetic(BODIES)
    kept = np.arange(1, BODIES + 1) % TORN != 0
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "belt.parquet"
        million = synthetic(1_000_000)
        rows.append(timed("make a million", lambda: synthetic(1_000_000), 15))
        rows.append(timed("write a million", lambda: million.write(file), 15))
        rows.append(timed("read a million", lambda: Belt.read(file), 1))
        for name, write in FORMATS.items():
            path = Path(folder) / name
            write(belt, path)
            command = [sys.executable, "-m", "benchmarks.belt_speed", str(path)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            row: dict[str, Any] = {"what": f"import {name}", **json.loads(said)}
            row["file_MB"] = path.stat().st_size / 1e6
            took = f"{row['seconds']:8.2f} s ({row['processor_s']:.2f} of processor)"
            print(f"{row['what']:28}{took}, {row['peak_MB']:.0f} MB at the peak")
            assert row["bodies"] == kept.sum()
            assert row["left_out"] == BODIES - kept.sum()
            assert abs(row.pop("a_au") / belt.a_au[kept].sum() - 1) < 1e-7, "six decimals or more"
            assert row["seconds"] < LIMIT_S
            assert row["peak_MB"] < LIMIT_MB
            rows.append(row)
            path.unlink()
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "bodies": BODIES}
    RESULTS.write_text(json.dumps(machine | {"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(imported(Path(sys.argv[1]))))
    else:
        main()
