"""Evaluations of policies, trainings, shipped weights: tables, charts and words."""

import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from auxon import policies
from auxon.comparison import ALL, compare
from auxon.policies import weights
from auxon.sim.errors import AuxonError, ResumeError

from . import charts

NEEDED = (
    "policy", "scenario", "family", "world_seed", "site", "lost", "doublings", "robots",
    "bound_per_year", "share_of_bound",
)  # fmt: skip
"""Columns of colonies that a comparison reads."""
MEASURES = {
    "doublings": "doublings of the mass of robots",
    "difference": "doublings more than the baseline",
    "lost": "colonies lost, %",
    "share_of_bound": "growth rate, % of the bound",
}
"""What a comparison measures, with what it is called."""
_PERCENT = frozenset({"lost", "share_of_bound"})
CURVES = {
    "doublings": "doublings of colonies",
    "loss": "loss",
    "reward": "reward of a decision",
    "entropy": "entropy of choices",
    "wanted": "times that the master would act, a decision",
    "as_before": "loss of predicting no change",
    "best": "doublings, best candidate",
    "spread": "spread of candidates, doublings",
}
"""What a training measures, with what it is called; others keep their name."""
STAGES = {
    "pretrain": "Pre-training: to predict",
    "master": "Learning from a master",
    "ppo": "Reinforcement (PPO)",
    "curiosity": "Curiosity",
    "evolution": "Evolution",
}
_BANDS = 12
"""Curves are smoothed over so many parts of a training, as in `auxon.policies.training.curves`."""

# ------------------------------------------------------------------ evaluations


def colonies(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the colonies of an evaluation as they are if they can be compared.

    Raises
    ------
    ResumeError
        A column is missing.
    """
    if missing := [c for c in NEEDED if c not in frame.columns]:
        raise ResumeError(
            f"{path}: no column {', '.join(missing)}; expected colonies as `auxon evaluate` writes "
            "them; evaluate anew"
        )
    return frame


def summary(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return `auxon.comparison.compare` of colonies."""
    return compare(frame, baseline)


def order(rows: pd.DataFrame) -> list[str]:
    """Return the policies of a family, the best first, then those that did not run on all of it."""
    best = rows[rows.scenario == ALL].sort_values("doublings", ascending=False).policy
    rest = rows.sort_values("doublings", ascending=False).policy
    return list(dict.fromkeys([*best, *rest]))


def verdict(rows: pd.DataFrame, baseline: str) -> list[str]:
    """Say which policies of a family differ from the baseline for certain, in sentences."""
    whole = rows[rows.scenario == ALL].sort_values("doublings", ascending=False)
    if whole.empty:
        return ["No policy ran on all of these scenarios: look at each of them."]
    top = whole.iloc[0]
    said = [
        f"{top.policy} comes first on the whole, with {_between(top, 'doublings', '{:.2f}')} "
        f"doublings: its robots weigh {2**top.doublings:,.3g} times their founders."
    ]
    for row in whole.itertuples():
        low, high = float(row.difference_low), float(row.difference_high)
        if not math.isfinite(low):
            continue
        found = _between(row, "difference", "{:+.2f}")
        if low > 0:
            said.append(
                f"{row.policy} is better than {baseline}, by {found} doublings: "
                f"{row.growth_percent:+.0f} % mass."
            )
        elif high < 0:
            said.append(
                f"{row.policy} is worse than {baseline}, by {found} doublings: "
                f"{row.growth_percent:+.0f} % mass."
            )
        else:
            said.append(f"{row.policy} cannot be told apart from {baseline} ({found} doublings).")
    if whole.lost.sum():
        worst = whole.sort_values("lost_share", ascending=False).iloc[0]
        said.append(
            f"Most colonies were lost under {worst.policy}: {worst.lost:.0f} of "
            f"{worst.colonies:.0f}."
        )
    return said


def _between(row: Any, name: str, form: str) -> str:
    value, low, high = (getattr(row, f"{name}{end}") for end in ("", "_low", "_high"))
    text = form.format(value)
    if not math.isfinite(low):
        return text
    return f"{text} ({form.format(low)} to {form.format(high)})"


def intervals(rows: pd.DataFrame, measure: str, policies_: Sequence[str]) -> charts.Option:
    """Draw a measure of policies with its 95 % interval, one policy a line, the first on top.

    Parameters
    ----------
    rows : DataFrame
        Of one scenario, as `summary` returns them.
    measure : str
        A key of `MEASURES`.
    policies_ : sequence of str
        All there are to be lines for, so that several charts agree.
    """
    value, ends = _columns(measure)
    factor = 100.0 if measure in _PERCENT else 1.0
    series: list[charts.Option] = []
    for n, policy in enumerate(policies_):
        own = rows[rows.policy == policy]
        if own.empty or not math.isfinite(middle := float(own[value].iloc[0])):
            continue
        colour = charts.COLOURS[n % len(charts.COLOURS)]
        low, high = (float(own[e].iloc[0]) if e else math.nan for e in ends)
        label = {"show": True, "position": "top", "formatter": f"{factor * middle:.3g}"}
        series.append(
            {
                "type": "scatter", "name": policy, "data": [[_short(factor * middle), policy]],
                "symbolSize": 11, "color": colour, "label": label, "z": 5,
            }
        )  # fmt: skip
        if math.isfinite(low):
            stroke = [[_short(factor * low), policy], [_short(factor * high), policy]]
            series.append(
                {
                    "type": "line", "name": policy, "data": stroke, "color": colour,
                    "symbol": "rect", "symbolSize": [2, 12], "lineStyle": {"width": 3}, "z": 4,
                }
            )  # fmt: skip
    if measure == "difference" and series:
        line = {
            "symbol": "none", "silent": True, "label": {"show": False},
            "data": [{"xAxis": 0}], "lineStyle": {"type": "solid", "color": "#888888"},
        }  # fmt: skip
        series[0]["markLine"] = line
    low_end, high_end = _span(rows, measure)
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 34, "bottom": 40, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {
            "type": "value", "name": MEASURES[measure], "nameLocation": "middle", "nameGap": 24,
            "min": low_end, "max": high_end,
        },
        "yAxis": {"type": "category", "inverse": True, "data": list(policies_)},
        "series": series,
    }  # fmt: skip


def _columns(measure: str) -> tuple[str, tuple[str, str]]:
    if measure == "lost":
        return "lost_share", ("lost_low", "lost_high")
    if measure == "share_of_bound":
        return measure, ("", "")
    return measure, (f"{measure}_low", f"{measure}_high")


def _span(rows: pd.DataFrame, measure: str) -> tuple[float | None, float | None]:
    """Return round ends of an axis; shares begin at nothing."""
    value, ends = _columns(measure)
    factor = 100.0 if measure in _PERCENT else 1.0
    found = rows[[value, *(e for e in ends if e)]].to_numpy(float) * factor
    finite = found[pd.notna(found)]
    if not finite.size:
        return None, None
    if measure in _PERCENT:
        return 0.0, None
    low, high = min(0.0, float(finite.min())), max(0.0, float(finite.max()))
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9)))
    return math.floor(low / step) * step, math.ceil(high / step) * step


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def readable(rows: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return a summary as people read it: scenario, policy, and texts with intervals."""
    texts = []
    for row in rows.itertuples():
        lost = f"{row.lost:.0f} of {row.colonies:.0f}"
        between = f" ({100 * float(row.lost_low):.0f} to {100 * float(row.lost_high):.0f} %)"
        texts.append(
            {
                "scenario": "all together" if row.scenario == ALL else row.scenario,
                "policy": row.policy,
                "doublings": _between(row, "doublings", "{:.2f}"),
                f"more than {baseline}": _or_nothing(row, "difference", "{:+.2f}"),
                "mass, %": _or_nothing(row, "growth_percent", "{:+,.0f}"),
                "lost": lost + between,
                "of the bound": _share(row.share_of_bound),
                "robots (median)": f"{row.robots:,.0f}",
            }
        )
    return pd.DataFrame(texts)


def _or_nothing(row: Any, name: str, form: str) -> str:
    return _between(row, name, form) if math.isfinite(getattr(row, name)) else ""


def _share(value: Any) -> str:
    return f"{100 * float(value):.0f} %" if math.isfinite(float(value)) else ""


# ------------------------------------------------------------------ trainings


def training(path: Path) -> pd.DataFrame:
    """Return what a training measured: stage, what, number (from 1 on), value, seconds.

    Raises
    ------
    ResumeError
        The table cannot be read or is of another kind.
    """
    columns = ["stage", "turn", "what", "value", "seconds"]
    try:
        frame = pq.read_table(path, columns=columns).to_pandas()
    except (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
        first = (str(error).splitlines() or ["unknown"])[0]
        raise ResumeError(
            f"{path}: cannot be read ({first}); expected curves as `auxon train` writes them; "
            "train anew"
        ) from None
    frame["number"] = frame.groupby(["stage", "what"], sort=False).cumcount() + 1
    return frame


def panels(trainings: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    """Return (stage, what) of all that trainings measured, in the order of stages."""
    found = dict.fromkeys(
        pair
        for frame in trainings.values()
        for pair in frame[["stage", "what"]].drop_duplicates().itertuples(index=False, name=None)
    )
    stages = list(STAGES)
    return sorted(
        ((str(s), str(w)) for s, w in found),
        key=lambda pair: stages.index(pair[0]) if pair[0] in stages else len(stages),
    )


def curve(trainings: dict[str, pd.DataFrame], stage: str, what: str) -> charts.Option:
    """Draw what trainings measured: thin as it is, thick smoothed."""
    series: list[charts.Option] = []
    for n, (name, frame) in enumerate(trainings.items()):
        own = frame[(frame.stage == stage) & (frame.what == what)]
        if own.empty:
            continue
        colour = charts.COLOURS[n % len(charts.COLOURS)]
        band = max(1, len(own) // _BANDS)
        smooth = own.assign(value=own.value.rolling(band, min_periods=1).mean())
        if band > 1:
            raw = charts.lines(own, "number", {"value": name})["series"][0]
            series.append(
                raw | {"color": colour, "lineStyle": {"width": 1, "opacity": 0.35}, "silent": True}
            )
        thick = charts.lines(smooth, "number", {"value": name})["series"][0]
        few = len(own) <= _BANDS
        series.append(thick | {"color": colour, "lineStyle": {"width": 2.5}, "showSymbol": few})
    unit = "generation" if stage == "evolution" else "round or episode"
    unit = unit if what == "doublings" or stage == "evolution" else "update"
    option = charts.lines(pd.DataFrame({"number": []}), "number", {}, x_name=unit)
    option["yAxis"]["scale"] = True
    option["xAxis"]["minInterval"] = 1
    return option | {"series": series}


# ------------------------------------------------------------------ weights


@dataclass(frozen=True)
class Facts:
    """What is known of weights.

    Attributes
    ----------
    table : DataFrame
        A row for each file: policy, cell, hidden, numbers, base, doublings, scenarios, seed.
    problems : tuple of str
        A sentence for each file that cannot be used.
    """

    table: pd.DataFrame
    problems: tuple[str, ...]


def shipped() -> list[Path]:
    """Return the files of the weights that are shipped."""
    folder = Path(str(policies.__file__)).parent / "shipped"
    return sorted(folder.glob("*.safetensors"))


def facts(files: Iterable[Path]) -> Facts:
    """Return what files of weights say of themselves; checkpoints of trainings are passed over."""
    rows, bad = [], []
    for file in files:
        if file.stem == "checkpoint":
            continue
        try:
            w = weights.load(file)
        except AuxonError as error:
            bad.append(str(error))
            continue
        rows.append(
            {
                "policy": file.stem,
                "cell": w.cell,
                "hidden": w.hidden,
                "numbers": w.parameters,
                "base": w.base,
                "doublings": w.score,
                "trained on": ", ".join(w.scenario.split()),
                "changed": ", ".join(_changes(file.with_suffix(".toml"))),
                "seed": w.seed,
            }
        )
    columns = [
        "policy", "cell", "hidden", "numbers", "base", "doublings", "trained on", "changed", "seed",
    ]  # fmt: skip
    return Facts(pd.DataFrame(rows, columns=columns), tuple(bad))


def _changes(file: Path) -> list[str]:
    """Return on which bodies a training's grounds lay, where its file lies beside the weights."""
    try:
        grounds = tomllib.loads(file.read_text(encoding="utf-8")).get("ground", [])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return []
    return [str(g["changes"]["body"]) for g in grounds if "body" in g.get("changes", {})]
