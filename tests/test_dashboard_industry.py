"""The page Industry: what switching processes off changes, and what it refuses to read."""

import math
from pathlib import Path

import pytest

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

import auxon
from auxon.dashboard import industry_flows, industry_view
from auxon.sim.errors import ScenarioError
from auxon.sim.growth import bound
from auxon.sim.library import SHIPPED
from auxon.sim.mass_flows import EARTH, ROBOTS, ROCK
from tests.dashboard_pages import opened

TINY = (SHIPPED / "tiny.toml").read_bytes()


@pytest.fixture(scope="module")
def usual() -> industry_view.Finding:
    return industry_view.find(industry_view.shipped("tiny"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("industry") / "runs"
    auxon.run("tiny", years=0.2, out=folder / "a")
    return folder


def page(folder: Path, **query: str | list[str]) -> AppTest:
    at = opened("industry", folder, **query)
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    return "\n".join(x.value for x in (*at.error, *at.warning, *at.info, *at.success))


# ------------------------------------------------------------------ numbers


def test_it_finds_what_the_command_line_says(usual: industry_view.Finding) -> None:
    scenario = auxon.load("tiny")
    assert usual.rate_per_year == pytest.approx(bound(scenario).rate_per_year, rel=1e-9)
    assert usual.doubling_years is not None
    assert industry_view.duration(usual.doubling_years) in industry_view.verdict(usual)
    assert set(usual.runs_per_day_t) <= set(scenario.industry.processes)


def test_a_belt_is_left_out_and_closure_stays() -> None:
    scenario = industry_view.shipped("belt-wave")
    assert scenario.belt is None
    assert industry_view.find(scenario).closure.mass == 1


def test_switching_off_agrees_with_an_override() -> None:
    scenario = industry_view.shipped("tiny")
    off = ("recycle_motor",)
    ours = industry_view.find(industry_view.without(scenario, off))
    theirs = bound(scenario.replace({"override.drop.processes": list(off)}))
    assert ours.rate_per_year == pytest.approx(theirs.rate_per_year, rel=1e-9)


def test_what_no_scenario_may_be_is_still_explained(usual: industry_view.Finding) -> None:
    scenario = industry_view.shipped("tiny")
    with pytest.raises(ScenarioError):
        scenario.replace({"override.drop.processes": ["smelt"]})
    found = industry_view.find(industry_view.without(scenario, ("smelt",)))
    assert "nothing makes iron" in found.why
    text = " ".join(industry_view.changes(usual, found, ("smelt",)))
    assert "Nothing can grow any more" in text
    assert "New vitamins: beam" in text
    assert "nothing makes iron" in " ".join(industry_view.losses(found.closure).why)


def test_with_nothing_left_all_comes_from_earth(usual: industry_view.Finding) -> None:
    scenario = industry_view.shipped("tiny")
    found = industry_view.find(industry_view.without(scenario, tuple(scenario.industry.processes)))
    assert found.closure.mass == pytest.approx(0)
    assert sum(f.kg for f in found.flows if f.source == EARTH) == pytest.approx(1)
    assert not any(f.source == ROCK for f in found.flows)
    assert industry_flows.picture(found.flows)["series"][0]["links"]


def test_a_route_moves_to_another_maker() -> None:
    scenario = industry_view.shipped("themis-seed")
    carbon = scenario.industry.route["carbon"]
    assert industry_view.without(scenario, {carbon}).industry.route["carbon"] != carbon


def test_shrinking_is_put_in_words() -> None:
    scenario = industry_view.shipped("tiny")
    found = industry_view.find(industry_view.without(scenario, ("win_silicon",)))
    assert found.rate_per_year < 0
    assert "wear out faster" in found.why
    assert f"{-100 * math.expm1(found.rate_per_year):.2g} % of its mass" in found.why


def test_processes_have_sources_in_words(usual: industry_view.Finding) -> None:
    scenario = industry_view.shipped("tiny")
    frame = industry_view.processes(scenario, ("smelt",), usual).set_index("process")
    assert list(frame.index) == list(scenario.industry.processes)
    assert frame.state["smelt"] == "off"
    assert frame.source.str.len().min() > 2
    assert frame.confidence.str.contains("assumed|computed|read|remembered").all()


# ------------------------------------------------------------------ flows


@pytest.mark.parametrize("name", ["tiny", "themis-seed"])
def test_mass_is_kept_in_flows(name: str) -> None:
    flows = industry_view.find(industry_view.shipped(name)).flows
    assert sum(f.kg for f in flows if f.target == ROBOTS) == pytest.approx(1)
    within = {f.source for f in flows} & {f.target for f in flows} - {ROCK, EARTH}
    for node in within:
        into = sum(f.kg for f in flows if f.target == node)
        out = sum(f.kg for f in flows if f.source == node)
        assert into == pytest.approx(out, rel=1e-6, abs=1e-7)


def test_the_picture_has_no_loops_and_is_small() -> None:
    flows = industry_view.find(industry_view.shipped("themis-seed")).flows
    links = industry_flows.picture(flows)["series"][0]["links"]
    assert len(links) == industry_flows.MOST_FLOWS
    assert len(industry_flows.loops(flows))
    ahead: dict[str, set[str]] = {}
    for link in links:
        ahead.setdefault(link["source"], set()).add(link["target"])
    for start in ahead:
        seen: set[str] = set()
        todo = list(ahead[start])
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += ahead.get(node, ())
        assert start not in seen


# ------------------------------------------------------------------ uploads


def test_an_uploaded_scenario_is_read() -> None:
    assert industry_view.uploaded(TINY).title == auxon.load("tiny").title


@pytest.mark.parametrize(
    "industry", ["../scenarios/tiny.toml", "/etc/passwd", "../../x", "own.toml", "../industry/toy"]
)
def test_an_upload_opens_no_file(industry: str) -> None:
    content = TINY.replace(b'["toy"]', f'["toy", "{industry}"]'.encode())
    assert content != TINY
    with pytest.raises(ScenarioError, match="expected shipped ones"):
        industry_view.uploaded(content)


def test_a_belt_in_an_upload_opens_no_file() -> None:
    content = TINY + b'\n[belt]\ncatalogue = "/etc/passwd"\n'
    assert industry_view.uploaded(content).belt is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"body = ", "expected TOML"),
        (b"a = " + b"[" * 3000, "expected TOML"),
        (b"", "scenario"),
        (b"industry = 3", "expected shipped ones"),
        (b"[scenario]\nx = 1", "expected a scenario file itself"),
        (b"#" * (industry_view.MOST_BYTES + 1), "leave something out"),
    ],
)
def test_what_is_no_scenario_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(ScenarioError, match=text):
        industry_view.uploaded(content)


# ------------------------------------------------------------------ the page


def test_the_page_needs_no_run(tmp_path: Path) -> None:
    at = page(tmp_path / "none", industry="tiny")
    assert at.selectbox(key="industry").value == "tiny"
    assert "doubles every" in at.success[0].value
    assert at.metric[0].value == "5.904"


def test_a_process_is_switched_off_by_the_address(tmp_path: Path) -> None:
    at = page(tmp_path, industry="tiny", off=["smelt"])
    assert at.multiselect(key="off").value == ["smelt"]
    assert "Nothing can grow any more" in at.error[0].value
    assert at.metric[0].value == "none"
    at.multiselect(key="off").set_value([]).run()
    assert not at.exception
    assert "doubles every" in at.success[0].value


def test_the_scenario_of_a_run(runs: Path) -> None:
    at = page(runs, industry="run:a")
    assert at.selectbox(key="industry").value == "run:a"
    assert at.metric[0].value == "5.904"


def test_nonsense_in_the_address_gets_a_sentence(tmp_path: Path) -> None:
    at = page(tmp_path, industry="../../etc", off=["rm -rf", "smelt"], picture="x")
    assert "There is no scenario '../../etc'" in said(at)
    assert "There is no process" in said(at)


def test_a_file_is_uploaded(tmp_path: Path) -> None:
    at = page(tmp_path, industry="upload")
    assert "Choose a file" in said(at)
    at.file_uploader[0].upload("x.toml", TINY)
    at.run()
    assert not at.exception
    assert at.metric[0].value == "5.904"


def test_a_bad_upload_gets_a_sentence(tmp_path: Path) -> None:
    at = page(tmp_path, industry="upload")
    at.file_uploader[0].upload("x.toml", b'format = 1\nindustry = ["/etc/passwd.toml"]')
    at.run()
    assert not at.exception
    assert "as a page opens no other files" in at.error[0].value
