"""The command line: quick to answer, clear when wrong, silent where JSON is asked for."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auxon import scenarios
from auxon.cli import app

BAD = """\
format = 1
title = "Bad"
body = "16 Psyche"
industry = ["toy"]
years = 1
[seed]
robots = { diger = 1, smelter = -1 }
"""


def auxon(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_import_is_light() -> None:
    code = "import time; t = time.perf_counter(); import auxon; print(time.perf_counter() - t)"
    # 2 ms when measured; the best of three on a busy machine
    assert min(float(python(code)) for _ in range(3)) < 0.05
    code = "import auxon, sys; print({'numpy', 'numba', 'mesa', 'pyarrow'} & set(sys.modules))"
    assert python(code) == "set()\n"


def test_help_answers_at_once() -> None:
    took = []
    for _ in range(3):
        began = os.times()
        done = subprocess.run(
            [sys.executable, "-m", "auxon", "--help"], capture_output=True, text=True, check=True
        )
        ended = os.times()  # of the processor: other tests may run beside
        took.append(ended.children_user + ended.children_system)
        took[-1] -= began.children_user + began.children_system
    assert "validate" in done.stdout
    assert min(took) < 1.0  # 0.28 s when measured; importing numba or mesa alone passes this


def test_every_public_name_is_there() -> None:
    code = "import auxon; print([n for n in auxon.__all__ if getattr(auxon, n) is None])"
    assert python(code) == "[]\n"
    # the module of runs must not take the place of the function
    assert python("import auxon.runs, auxon; print(callable(auxon.run))") == "True\n"
    with pytest.raises(subprocess.CalledProcessError):
        python("import auxon; auxon.nothing")


def test_version_scenarios_and_phases() -> None:
    assert auxon("--version") == (0, "auxon 0.1.0\n", "")
    code, out, _ = auxon("scenarios")
    assert code == 0
    assert ["tiny", "A toy colony that runs in seconds"] in [
        s.split(None, 1) for s in out.splitlines()
    ]
    code, out, _ = auxon("phases")
    assert [line.split()[0] for line in out.splitlines()] == [
        "environment", "arrivals", "observe", "decide", "work", "build", "wear", "repair", "launch",
        "record",
    ]  # fmt: skip


def test_show_tells_masses_and_sources() -> None:
    code, out, _ = auxon("show", "tiny")
    assert code == 0
    assert "3,628 kg of robots" in out
    assert "16 Psyche, M" in out
    assert "Fe 46.0 %" in out
    for word in ("smelter", "330.4", "print_panel", "toy (A)"):
        assert word in out, word


def test_validate_says_ok_or_each_finding(tmp_path: Path) -> None:
    code, out, err = auxon("validate", "tiny", "starved")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("tiny: OK: 6 species, 8 processes, 15 materials")
    bad = tmp_path / "bad.toml"
    bad.write_text(BAD)
    code, out, err = auxon("validate", "tiny", str(bad))
    assert code == 2
    assert out.startswith("tiny: OK")
    assert f"{bad}:7: seed.robots.smelter" in err
    assert "Traceback" not in err


def test_validate_says_what_cannot_be_produced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxon.sim.proof.productive", lambda industry, imported: ["printer"])
    code, out, err = auxon("validate", "tiny")
    assert (code, out) == (2, "")
    assert err.startswith("tiny: printer: its bill cannot be produced in steady loops")


def test_run_with_json_prints_one_object(tmp_path: Path) -> None:
    out_dir = tmp_path / "a"
    code, out, _ = auxon("run", "tiny", "--years", "0.5", "--out", str(out_dir), "--json")
    assert code == 0
    summary = json.loads(out)
    assert out.count("\n") == 1
    assert summary["steps"] == 183
    assert summary["out"] == str(out_dir)
    assert set(summary) >= {
        "scenario", "seed", "policy", "years", "robots", "robots_by_species", "mass_kg", "births",
        "deaths", "doubling_time_years", "imports_kg", "digest", "robot_steps_per_s", "why",
    }  # fmt: skip


def test_run_says_what_became_of_it_and_plot_draws(tmp_path: Path) -> None:
    out_dir = tmp_path / "a"
    code, out, _ = auxon("run", "tiny", "--years", "0.5", "--seed", "7", "--out", str(out_dir))
    assert code == 0
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    summary = json.loads((out_dir / "summary.json").read_text())
    assert f"{summary['robots']:,} (" in lines["robots"]
    assert summary["digest"] in lines["digest"]
    (out_dir / "pictures" / "overview.png").unlink()
    code, out, _ = auxon("plot", str(out_dir))
    assert code == 0
    assert out.splitlines()[0] == str(out_dir / "pictures" / "overview.png")
    assert (out_dir / "pictures" / "overview.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "tinny"], "no scenario 'tinny'"),
        (["run", "tiny", "--policy", "mraket"], "did you mean 'market'?"),
        (["run", "tiny", "--years", "-1"], "years is -1.0; expected more than 0"),
        (["run", "tiny", "--backend", "abacus"], "abacus"),
        (["run", "nowhere.toml"], "nowhere.toml"),
        (["run", "tiny", "--out", "/nonexistent-run", "--resume"], "holds no run to resume"),
        (["run", "tiny", "--years", "0.0001"], "expected at least one step, of 1 days"),
        (["run", "tiny", "--out", __file__], "cannot be made a folder"),
        (["run", "tiny", "--out", "/proc/here"], "cannot be made a folder"),
        (["show", "tinny"], "no scenario 'tinny'"),
        (["validate", "tinny"], "no scenario 'tinny'"),
        (["plot", "/nonexistent-run"], "holds no tables of a run"),
    ],
)
def test_bad_input_gives_a_sentence_and_exit_code_2(arguments: list[str], message: str) -> None:
    code, out, err = auxon(*arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_a_dangling_policy_is_refused_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    shipped = (Path(scenarios.__file__).parent / "tiny.toml").read_text(encoding="utf-8")
    file.write_text(shipped.replace('policy = "market"', 'policy = "mmarket"'), encoding="utf-8")
    for command in (["validate", str(file)], ["run", str(file), "--out", str(tmp_path / "a")]):
        code, _, err = auxon(*command)
        assert code == 2
        assert re.search(r"mine\.toml:\d+: policy: found 'mmarket'; .*'market'", err)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    out_dir = tmp_path / "run"
    auxon("run", "tiny", "--years", "0.02", "--out", str(out_dir), "--json")
    part = next((out_dir / "tables" / "series").glob("*.parquet"))
    part.write_bytes(b"PAR1 not quite")
    code, _, err = auxon("plot", str(out_dir))
    assert code == 2
    assert f"{part}: damaged or not a table of a run" in err.replace("\n", "")


def test_paths_are_printed_whole(tmp_path: Path) -> None:
    out_dir = tmp_path / ("a-rather-long-name-of-a-folder-" * 4)
    code, out, err = auxon("run", "tiny", "--years", "0.02", "--out", str(out_dir))
    assert code == 0, err
    assert str(out_dir / "summary.json") in out


def test_ctrl_c_leaves_a_run_that_the_printed_command_resumes(tmp_path: Path) -> None:
    out_dir = tmp_path / "a run"
    command = [sys.executable, "-m", "auxon", "run", "tiny", "--years", "60", "--out", str(out_dir)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (out_dir / "checkpoints").exists():  # five years have gone by
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("To go on: auxon run tiny")
    steps = json.loads((out_dir / "summary.json").read_text())["steps"]
    words = shlex.split(last.removeprefix("To go on: auxon "))
    assert words == ["run", "tiny", "--out", str(out_dir), "--resume"]
    # as printed it would go on for sixty years
    code, out, err = auxon(*words, "--years", f"{(steps + 20) / 365.25:.4f}", "--json")
    assert code == 0, err
    assert json.loads(out)["steps"] == steps + 20
