"""What the pages say is so: examples run, links lead somewhere, names are those of the code.

In ```python blocks, a comment ``# -> text`` after a print is what it must print. A ```toml block
whose first line names a file (``# name.toml``) is written to it. In ```sh and ```console blocks the
lines that start with ``auxon`` run; scenarios other than `tiny` and the page's own stop early.
"""

import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import auxon
from auxon.cli import app
from auxon.sim.scenario import shipped
from auxon.sim.world import World

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
SLOW = {name for name, _ in shipped()} - {"tiny"}
EARLY_YEARS = "0.05"


def blocks(page: Path) -> list[tuple[str, str, int]]:
    """Language, text and first line of every fenced block."""
    text = page.read_text(encoding="utf-8")
    return [(m[1], m[2], text.count("\n", 0, m.start(2)) + 1) for m in FENCE.finditer(text)]


def run_python(text: str, place: tuple[Path, int], names: dict[str, object]) -> None:
    page, line = place
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile("\n" * (line - 1) + text, page, "exec"), names)
    printed = iter(said.getvalue().splitlines())
    for expected in re.findall(r"# -> (.*)$", text, re.MULTILINE):
        assert expected in printed, f"{page.name}:{line}: not printed in order: {expected}"


def run_command(command: str, place: str) -> None:
    arguments = shlex.split(command, comments=True)[1:]
    if arguments[0] == "run" and arguments[1] in SLOW:
        arguments += ["--years", EARLY_YEARS]  # the last one given counts
    if arguments[0] == "dashboard":
        arguments += ["--help"]  # it serves until it is stopped
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{place}: {command}\n{result.output}\n{result.exception}"


@pytest.mark.parametrize("page", ["docs/tutorial.md", "README.md"])
def test_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "example"}
    for language, text, line in blocks(ROOT / page):
        if language == "python":
            run_python(text, (ROOT / page, line), names)
        elif language == "toml" and (named := re.match(r"# ([\w-]+\.toml)\n", text)):
            Path(named[1]).write_text(text, encoding="utf-8")
        elif language in ("sh", "console"):
            for command in text.splitlines():
                if command.removeprefix("$ ").startswith("auxon "):
                    run_command(command.removeprefix("$ "), f"{page}:{line}")


def test_the_tutorial_has_examples_of_each_kind() -> None:
    languages = [language for language, _, _ in blocks(ROOT / "docs" / "tutorial.md")]
    assert {"python", "sh", "toml"} <= set(languages)
    assert languages.count("python") >= 5


def test_a_wrong_output_is_found() -> None:
    """The check itself: outputs count, and in their order."""
    text = "print(1)  # -> 1\nprint(2)  # -> 2\n"
    run_python(text, (Path("page.md"), 1), {})
    for wrong in ("print(1)  # -> 2\n", "# -> 2\nprint(1)  # -> 1\nprint(2)\n"):
        with pytest.raises(AssertionError, match=r"page\.md:7: not printed"):
            run_python(wrong, (Path("page.md"), 7), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target in LINK.findall(prose) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, f"{page.name} links to what is not there"


def test_the_design_names_the_phases_in_order() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert tuple(name for name in rows if name in World.phases) == World.phases


def test_the_readme_names_every_shipped_scenario() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name, _ in shipped() if f"`{name}`" not in text] == []


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    cited = re.findall(r"^version: (\S+)$", citation, re.MULTILINE)
    latest = re.findall(r"^## \[(\d[^\]]*)\]", changes, re.MULTILINE)[0]
    assert [project["version"], *cited, latest] == [auxon.__version__] * 3
