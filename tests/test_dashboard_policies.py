"""The page Policies: evaluations, trainings, weights."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from auxon.comparison import ALL
from auxon.dashboard import policies_view
from auxon.policies import weights
from auxon.sim.errors import ResumeError
from tests.dashboard_pages import opened


def colonies() -> pd.DataFrame:
    """Return colonies of three policies: `good` is one doubling better than `market`, `same` not.

    Two of twelve colonies are lost under `same`.
    """
    rng = np.random.default_rng(1)
    rows = []
    for scenario, level in (("one", 2.0), ("two", 5.0)):
        luck = rng.normal(level, 0.5, 12)
        for policy, more in (("market", 0.0), ("good", 1.0), ("same", 0.0)):
            for site in range(12):
                lost = policy == "same" and scenario == "two" and site < 2
                rows.append(
                    {
                        "policy": policy,
                        "scenario": scenario,
                        "family": "partial",
                        "world_seed": 1001,
                        "site": site,
                        "lost": lost,
                        "doublings": luck[site] + more + rng.normal(0, 0.1),
                        "robots": 10 + site,
                        "bound_per_year": 1.0,
                        "share_of_bound": 0.25,
                    }
                )
    return pd.DataFrame(rows)


def curves() -> pd.DataFrame:
    rows = [("master", n // 4, "loss", 1 / (n + 1), float(n)) for n in range(40)]
    rows += [("master", n, "doublings", 2.0 + n, float(n)) for n in range(3)]
    rows += [("pretrain", n, "loss", 1.0, float(n)) for n in range(3)]
    return pd.DataFrame(rows, columns=["stage", "turn", "what", "value", "seconds"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("policies")
    for name in ("evaluation", "half", "training", "hurt"):
        (root / name).mkdir()
    colonies().to_parquet(root / "evaluation" / "colonies.parquet")
    colonies().drop(columns="lost").to_parquet(root / "half" / "colonies.parquet")
    curves().to_parquet(root / "training" / "curves.parquet")
    weights.save(weights.initial("lstm", 4, 1), root / "training" / "mine.safetensors")
    (root / "training" / "checkpoint.safetensors").write_bytes(b"no weights")
    (root / "hurt" / "curves.parquet").write_bytes(b"no")
    (root / "hurt" / "bad.safetensors").write_bytes(b"no")
    return root


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return policies_view.summary(colonies(), "market")


def page(folder: Path, **query: str | list[str]) -> AppTest:
    at = opened("policies", folder, **query)
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    return "\n".join(x.value for x in (*at.error, *at.warning, *at.info, *at.markdown))


# ------------------------------------------------------------------ evaluations


def test_what_is_certain_is_said(rows: pd.DataFrame) -> None:
    text = " ".join(policies_view.verdict(rows, "market"))
    assert "good comes first on the whole" in text
    assert "good is better than market" in text
    assert "same cannot be told apart from market" in text
    assert "Most colonies were lost under same: 2 of 24" in text


def test_policies_are_in_order_of_their_means(rows: pd.DataFrame) -> None:
    assert policies_view.order(rows)[0] == "good"
    assert set(policies_view.order(rows)) == {"market", "good", "same"}


@pytest.mark.parametrize("measure", list(policies_view.MEASURES))
def test_every_measure_is_drawn(rows: pd.DataFrame, measure: str) -> None:
    whole = rows[rows.scenario == ALL]
    order = policies_view.order(rows)
    option = policies_view.intervals(whole, measure, order)
    assert option["yAxis"]["data"] == order
    drawn = [one["name"] for one in option["series"] if one["type"] == "scatter"]
    assert set(drawn) == set(order) - ({"market"} if measure == "difference" else set())


def test_strokes_are_the_intervals(rows: pd.DataFrame) -> None:
    whole = rows[rows.scenario == ALL].set_index("policy")
    option = policies_view.intervals(whole.reset_index(), "difference", ["good"])
    (stroke,) = (one["data"] for one in option["series"] if one["type"] == "line")
    expected = [whole.difference_low["good"], whole.difference_high["good"]]
    assert [x for x, _ in stroke] == pytest.approx(expected, rel=1e-5)


def test_the_table_is_readable(rows: pd.DataFrame) -> None:
    frame = policies_view.readable(rows, "market")
    assert frame.scenario[0] == "all together"
    assert frame[frame.policy == "market"]["more than market"].eq("").all()
    assert "2 of 24" in frame[frame.policy == "same"].lost.iloc[0]
    assert frame["of the bound"].eq("25 %").all()


# ------------------------------------------------------------------ trainings and weights


def test_updates_are_counted(folder: Path) -> None:
    found = policies_view.training(folder / "training" / "curves.parquet")
    loss = found[(found.stage == "master") & (found.what == "loss")]
    assert loss.number.tolist() == list(range(1, 41))
    panels = policies_view.panels({"t": found})
    assert panels == [("pretrain", "loss"), ("master", "loss"), ("master", "doublings")]


def test_curves_are_smoothed(folder: Path) -> None:
    found = {"t": policies_view.training(folder / "training" / "curves.parquet")}
    thin, thick = policies_view.curve(found, "master", "loss")["series"]
    assert thick["data"][-1][1] == pytest.approx(np.mean([y for _, y in thin["data"][-3:]]), 1e-4)
    (alone,) = policies_view.curve(found, "master", "doublings")["series"]
    assert [y for _, y in alone["data"]] == [2, 3, 4]


def test_damaged_curves_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match="expected curves"):
        policies_view.training(folder / "hurt" / "curves.parquet")
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "curves.parquet")
    with pytest.raises(ResumeError, match="expected curves"):
        policies_view.training(tmp_path / "curves.parquet")


def test_shipped_weights_say_what_they_are() -> None:
    found = policies_view.facts(policies_view.shipped())
    assert not found.problems
    table = found.table.set_index("policy")
    assert "lstm" in table.index
    assert table.loc["lstm", "cell"] == "lstm"
    assert "partial-themis" in table.loc["lstm", "trained on"]
    assert "10 Hygiea" in table.loc["lstm", "changed"]


def test_what_holds_no_weights_is_named(folder: Path) -> None:
    found = policies_view.facts([folder / "hurt" / "bad.safetensors"])
    assert found.table.empty
    assert "bad.safetensors" in found.problems[0]


# ------------------------------------------------------------------ the page


def test_an_evaluation(folder: Path) -> None:
    at = page(folder, evaluation="evaluation", baseline="same", measure="difference")
    assert at.selectbox(key="baseline").value == "same"
    assert "good is better than same" in said(at)
    assert "more than same" in at.dataframe[0].value.columns


def test_an_evaluation_that_lacks_a_column(folder: Path) -> None:
    at = page(folder, evaluation="half")
    assert "no column lost" in at.error[0].value


def test_trainings(folder: Path) -> None:
    at = page(folder, part="training", training=["training", "hurt"])
    text = said(at)
    assert "Training 'hurt' is left out" in text
    assert "doublings of colonies" in text
    assert at.dataframe[0].value.policy.tolist() == ["mine"]


def test_weights(tmp_path: Path) -> None:
    at = page(tmp_path / "none", part="weights")
    assert "lstm" in at.dataframe[0].value.policy.tolist()


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "There is no evaluation" in said(page(tmp_path / "none"))
    assert "There is no training" in said(page(tmp_path / "none", part="training"))


def test_nonsense_in_the_address_gets_a_sentence(folder: Path) -> None:
    at = page(folder, evaluation="../../etc", baseline="nobody", family="x", measure="y", part="z")
    assert "There is no evaluation '../../etc'" in said(at)
    at = page(folder, part="training", training=["..", "no"])
    assert "There is no training '..'" in said(at)
