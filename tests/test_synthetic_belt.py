"""The made-up belt has the statistics it claims.

Measured figures are those of the main belt's 10,000 brightest bodies (JPL, H up to 13.52), with
which the made-up bodies of the same brightness are compared, where nothing else is said.
"""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from auxon.cli import app
from auxon.sim.belt import COLUMNS, Belt
from auxon.sim.belt_figures import (
    CATALOGUED,
    E_QUANTILES,
    FAMILIES,
    FAMILY_SIN_I_HALF_WIDTH,
    SIN_I_QUANTILES,
    SIZES,
    ZONE_SHARES,
)
from auxon.sim.body_class import LETTERS, column
from auxon.sim.class_mix import MIX, mixes, zone
from auxon.sim.errors import UsageError
from auxon.sim.synthetic_belt import MOST, synthetic

SEEDS = range(1, 9)
GAPS_AU = {"3:1": 2.502, "5:2": 2.824, "7:3": 2.958}


@pytest.fixture(scope="module")
def belt() -> Belt:
    return synthetic(300_000)


@pytest.fixture(scope="module")
def bright(belt: Belt) -> Belt:
    return belt.select(belt.H_mag < 13.52)


@pytest.fixture(scope="module")
def few() -> list[Belt]:
    """All bodies above 20 km, eight times."""
    return [synthetic(1850, seed) for seed in SEEDS]


def test_sizes_are_as_published(belt: Belt) -> None:
    """One body for each whole number of the cumulative distribution: off by one at most."""
    for diameter, count in SIZES:
        if 1 <= count <= len(belt):
            assert np.count_nonzero(belt.diameter_km > diameter) == pytest.approx(count, abs=1)
    assert np.all(np.diff(belt.diameter_km[:100]) < 0)


def test_as_many_are_as_bright_as_counted(belt: Belt) -> None:
    """Counted by JPL's H. An eighth off at most, as many sizes are guessed, and by chance.

    Chance: two standard errors of a count.
    """
    counted = {8: 117, 9: 281, 10: 586, 11: 1010, 12: 2018, 13: 5365, 13.5: 9713}
    for magnitude, count in counted.items():
        off = count / 8 + 2 * np.sqrt(count)
        assert np.count_nonzero(belt.H_mag < magnitude) == pytest.approx(count, abs=off)


def test_distances_of_the_bright_ones(bright: Belt) -> None:
    """Quantiles of 9,800: standard errors up to 0.005 AU in the thin inner belt, four of them."""
    quantiles = np.quantile(bright.a_au, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert quantiles == pytest.approx([2.266, 2.612, 2.883, 3.096, 3.178], abs=0.02)


def test_zones_of_the_bright_ones(bright: Belt) -> None:
    """Shares 0.144, 0.318, 0.538: 0.015 is three standard errors of the smaller counts."""
    share = np.bincount(zone(bright.a_au)) / len(bright)
    assert share == pytest.approx([0.144, 0.318, 0.538], abs=0.015)


def test_zones_by_size(belt: Belt) -> None:
    """4 standard errors."""
    small = zone(belt.a_au[1850:])
    wanted = np.array(ZONE_SHARES)[-1] / 100
    share = np.bincount(small) / len(small)
    assert np.all(np.abs(share - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / len(small)))


@pytest.mark.parametrize(
    ("gap", "depth"), [("3:1", 28 / 234), ("5:2", 129 / 396), ("7:3", 138 / 562)]
)
def test_gaps_are_as_deep_as_measured(belt: Belt, gap: str, depth: float) -> None:
    """Bodies within 0.02 AU over those beside; the measured ones have 28 to 138 in the gap: 20 %.

    Beside means 0.06 AU off, half of either side.
    """
    a_au = belt.a_au
    if gap == "3:1":
        # sides of different zones, weighted by zone unlike the bright ones: compare these
        a_au = a_au[belt.H_mag < 13.52]
    within, *beside = (
        np.count_nonzero(np.abs(a_au - GAPS_AU[gap] - off) < 0.02) for off in (0, -0.06, 0.06)
    )
    assert within / np.mean(beside) < 1.3 * depth


def test_shapes_of_the_bright_ones(bright: Belt) -> None:
    """Means and medians within 5 %, as families are added to what was counted with them in it."""
    assert bright.e.mean() == pytest.approx(0.133, rel=0.05)
    assert np.median(bright.e) == pytest.approx(0.127, rel=0.05)
    assert np.quantile(bright.e, 0.95) == pytest.approx(0.249, rel=0.06)
    assert bright.i_deg.mean() == pytest.approx(10.0, rel=0.05)
    assert np.median(bright.i_deg) == pytest.approx(9.9, rel=0.05)
    assert np.quantile(bright.i_deg, 0.95) == pytest.approx(21.3, rel=0.07)


def test_shapes_by_zone(bright: Belt) -> None:
    """Medians 0.148, 0.148, 0.109 and 5.7, 11.9, 10.1 degrees; the inner one is half families."""
    for k, (e, i_deg, part) in enumerate(
        [(0.148, 5.7, 0.15), (0.148, 11.9, 0.08), (0.109, 10.1, 0.08)]
    ):
        here = zone(bright.a_au) == k
        assert np.median(bright.e[here]) == pytest.approx(e, rel=0.08)
        assert np.median(bright.i_deg[here]) == pytest.approx(i_deg, rel=part)


def test_nothing_lies_outside_what_was_counted(belt: Belt) -> None:
    assert belt.a_au.min() >= 2.12
    assert belt.a_au.max() <= 3.20
    assert belt.e.max() <= max(q[-1] for q in E_QUANTILES)
    assert np.sin(np.radians(belt.i_deg)).max() <= max(q[-1] for q in SIN_I_QUANTILES) + 1e-12
    assert np.all((belt.M_deg >= 0) & (belt.M_deg < 360))


def test_angles_are_uniform(belt: Belt) -> None:
    """Chi-square over 36 bins, 35 degrees of freedom: above 80 by chance once in 50,000."""
    for column_ in (belt.node_deg, belt.peri_deg, belt.M_deg):
        counts = np.histogram(column_, 36, (0, 360))[0]
        expected = len(belt) / 36
        assert np.sum((counts - expected) ** 2 / expected) < 80


def test_classes_by_zone_and_size(belt: Belt) -> None:
    """4 standard errors, and one body."""
    edges = [int(np.count_nonzero(belt.diameter_km >= km)) for km in MIX]
    start = 0
    for size, stop in enumerate(edges):
        rows = slice(start, stop)
        start = stop
        for k in range(3):
            code = belt.taxonomy[rows][zone(belt.a_au[rows]) == k]
            wanted = len(code) * mixes()[size, k]
            counts = np.bincount(code, minlength=len(LETTERS))
            assert np.all(np.abs(counts - wanted) < 4 * np.sqrt(wanted) + 1), (size, k)


def test_families_are_where_they_were_found(belt: Belt) -> None:
    """Themis: C of the outer belt as flat as its members, those beyond what is flat elsewhere.

    4 standard errors and a tenth (inclinations elsewhere are not quite those of the background)
    about the share of the zone that the catalogue of families gives it.
    """
    family = next(f for f in FAMILIES if f.name == "Themis")
    outer = zone(belt.a_au) == 2
    near = outer & (np.abs(belt.a_au - family.a_au) < 0.07) & (belt.diameter_km < 20)
    flat = np.abs(np.sin(np.radians(belt.i_deg)) - family.sin_i) < FAMILY_SIN_I_HALF_WIDTH
    far = outer & (belt.a_au < 3.05) & (belt.diameter_km < 20)
    is_c = belt.taxonomy == LETTERS.index("C")
    others = np.count_nonzero(flat & far) / np.count_nonzero(far)
    found = np.count_nonzero(flat & near & is_c) - others * np.count_nonzero(near & is_c)
    wanted = family.members / CATALOGUED[2] * np.count_nonzero(outer & (belt.diameter_km < 20))
    # the others are thinned by those that became members
    wanted *= 1 - others
    assert found == pytest.approx(wanted, abs=4 * np.sqrt(wanted) + 0.1 * wanted)


def test_albedos_by_class(belt: Belt) -> None:
    """Median within 4 standard errors of it, 1.25 spread / sqrt(n)."""
    for code in range(len(LETTERS)):
        albedo = belt.albedo[belt.taxonomy == code]
        usual, spread = column("albedo")[code], column("albedo_spread")[code]
        error = 4 * 1.2533 * spread / np.sqrt(len(albedo))
        assert np.log(np.median(albedo) / usual) == pytest.approx(0, abs=error), LETTERS[code]


def test_mass_without_the_largest_four(few: list[Belt]) -> None:
    """2.39e21 kg (Pitjeva and Pitjev 2018), of which 62 % in Ceres, Vesta, Pallas and Hygiea.

    Densities of classes are good to a tenth here; drawing the classes of the large ones scatters
    the sum by 4 % (measured).
    """
    rest = [belt.mass_kg[4:].sum() for belt in few]
    assert np.mean(rest) == pytest.approx(0.38 * 2.39e21, rel=0.1)


def test_mass_of_all(few: list[Belt]) -> None:
    """A fifth short at most: Ceres, Pallas, Vesta are denser than their classes, without pores.

    The scatter from seed to seed is 6 % (measured).
    """
    assert 0.8 < np.mean([belt.mass_kg.sum() for belt in few]) / 2.39e21 < 1


def test_c_and_p_make_up_half_of_the_rest(few: list[Belt]) -> None:
    """DeMeo and Carry 2013: C and P more than half without the largest four, S most of the rest.

    One belt gives 0.56 with a scatter of 0.06 (measured): four standard errors of eight.
    """
    rest = [(b.taxonomy[4:], b.mass_kg[4:]) for b in few]
    share = np.mean([np.bincount(c, m, len(LETTERS)) / m.sum() for c, m in rest], axis=0)
    by_letter = dict(zip(LETTERS, share, strict=True))
    assert by_letter["C"] + by_letter["P"] == pytest.approx(0.56, abs=0.09)
    assert by_letter["S"] == max(v for k, v in by_letter.items() if k not in "CP")


def test_a_seed_gives_one_belt_and_a_larger_one_begins_like_it() -> None:
    small, again, large, other = (
        synthetic(n, seed) for n, seed in ((500, 7), (500, 7), (3000, 7), (500, 8))
    )
    for name in COLUMNS:
        values = getattr(small, name)
        same = [getattr(again, name), getattr(large, name)[:500]]
        for one in same:
            assert np.array_equal(values, one, equal_nan=name == "rotation_h"), name
    assert not np.array_equal(small.a_au, other.a_au)


def test_what_is_decided_stays_decided() -> None:
    """Pinned: classes and distances take only exact arithmetic, the same on every machine."""
    belt = synthetic(12, 1)
    assert "".join(LETTERS[code] for code in belt.taxonomy) == "CCCCCCBPMPSC"
    assert belt.a_au[:3].tolist() == pytest.approx([2.6072, 3.0256, 2.8603], abs=1e-3)


@pytest.mark.parametrize(
    ("n", "seed", "said"),
    [(0, 1, "n: found 0"), (MOST + 1, 1, "above 0.5 km"), (1, -1, "seed: found -1")],
)
def test_other_numbers_get_a_sentence(n: int, seed: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        synthetic(n, seed)


def test_make_writes_a_belt(tmp_path: Path) -> None:
    path = tmp_path / "belt.parquet"
    said = CliRunner().invoke(
        app, ["belt", "make", "--n", "2000", "--seed", "3", "--out", str(path)]
    )
    assert said.exit_code == 0, said.output
    belt = Belt.read(path)
    assert len(belt) == 2000
    assert np.array_equal(belt.a_au, synthetic(2000, 3).a_au)
    picture = tmp_path / "belt.png"
    said = CliRunner().invoke(app, ["belt", "show", str(path), "--out", str(picture)])
    assert said.exit_code == 0, said.output
    assert picture.read_bytes().startswith(b"\x89PNG")
