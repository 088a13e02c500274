"""The command `transfer`: tables for people, JSON for programs, a picture, clear refusals."""

import json
from datetime import date
from pathlib import Path

import pytest

from auxon.sim.porkchop_picture import calendar_date, julian_date
from tests.test_cli import auxon

ARGUMENTS = ("transfer", "24 Themis", "1 Ceres", "--from", "2035-01-01", "--to", "2039-06-30")


def test_the_calendar() -> None:
    assert julian_date(date(2000, 1, 1)) == 2451544.5  # noon of that day is J2000, 2451545.0
    assert julian_date(date(1957, 10, 4)) + 0.8 - 2436116.3 < 1e-9  # Sputnik 1: Meeus 1998, p. 61
    for day in (date(1999, 12, 31), date(2036, 2, 29)):
        assert calendar_date(julian_date(day)) == day
        assert calendar_date(julian_date(day) + 0.4) == day
    assert calendar_date(2451544.5 + 0.6) == date(2000, 1, 2)


def test_json_is_one_object() -> None:
    code, out, err = auxon(*ARGUMENTS, "--json")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    found = json.loads(out)
    assert (found["origin"], found["target"]) == ("24 Themis", "1 Ceres")
    best = found["flights"][0]
    assert list(best) == [
        "departure", "arrival", "days", "delta_v_m_s", "departure_m_s", "arrival_m_s",
        "propellant_share",
    ]  # fmt: skip
    assert best["delta_v_m_s"] == min(each["delta_v_m_s"] for each in found["flights"])
    # inclined by 10 degrees and eccentric: near what circles of that size and tilt take at best
    assert found["tilt_deg"] == pytest.approx(10.1, abs=0.1)
    assert 0.9 * found["hohmann_m_s"] < best["delta_v_m_s"] < 1.3 * found["hohmann_m_s"]
    assert found["hohmann_m_s"] < found["spiral_m_s"]
    for each in found["flights"]:
        assert "2035-01-01" <= each["departure"] <= "2039-06-30"
        days = date.fromisoformat(each["arrival"]) - date.fromisoformat(each["departure"])
        assert days.days == pytest.approx(each["days"], abs=1.1)  # both ends rounded to days
    shares = list(best["propellant_share"].values())
    assert 0 < shares[-1] < shares[0] < 1


def test_a_table_and_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "new" / "chart.png"
    code, out, err = auxon(*ARGUMENTS, "--out", str(picture))
    assert (code, err) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert out.splitlines()[0] == "24 Themis to 1 Ceres, leaving between 2035-01-01 and 2039-06-30"
    assert "Hohmann" in out
    assert f"picture: {picture}" in out.replace("\n", "")
    assert all(len(line) <= 80 for line in out.splitlines() if "picture" not in line)


def test_short_names_will_do() -> None:
    code, out, _ = auxon("transfer", "themis", "Ceres", *ARGUMENTS[3:], "--json")
    assert code == 0
    assert json.loads(out)["target"] == "1 Ceres"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["Themsi", "Ceres"],
            "no body 'Themsi'; expected one of bodies.toml; did you mean 'Themis'?",
        ),
        (["24 Themis", "1 Cerse"], "did you mean '1 Ceres'?"),
        (
            ["Ceres", "1 Ceres"],
            "origin and target are both 1 Ceres; expected two bodies; name anoth",
        ),
        (
            ["Themis", "Ceres", "--from", "2031-01-01", "--to", "2030-01-01"],
            "--to is 2030-01-01; expected a day after --from, 2031-01-01; give a later one",
        ),
    ],
)
def test_what_is_refused(arguments: list[str], message: str) -> None:
    code, out, err = auxon("transfer", *arguments)
    assert (code, out) == (2, "")
    assert message in err
