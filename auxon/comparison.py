"""Statistics of a comparison of policies: means, intervals, paired differences.

Scenarios are few and chosen, colonies are drawn: a family's mean is that of its scenarios' means,
each with the same weight, and its interval speaks of other colonies of the same scenarios.

Intervals of means and of paired differences are Student's t, with Welch's degrees of freedom where
scenarios are put together. A percentile bootstrap of as few as eight colonies is too narrow (the
spread of a resample is short of the sample's by the root of 1 - 1/n); t is not, and neither does it
draw. A share of lost colonies has Wilson's interval (1927, doi:10.1080/01621459.1927.10502953),
which stays between 0 and 1 and has a width even where none was lost. None of them is corrected for
how many policies are compared.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

F64 = NDArray[np.float64]

LEVEL = 0.95
_Z = 1.959963984540054
"""Quantile of the normal distribution that leaves 2.5 % above."""
ALL = "all"
"""Stands for the scenario in rows of a whole family."""
_UNIT = ["world_seed", "site"]
"""What a colony has in common with its like under another policy."""


def compare(colonies: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Summarise colonies by policy and scenario, and by policy and family.

    Parameters
    ----------
    colonies : DataFrame
        Rows as `auxon.outcomes.settle` returns them.
    baseline : str
        The policy others are compared with, colony by colony.

    Returns
    -------
    DataFrame
        One row for each family, scenario (`ALL`: the family as a whole) and policy that ran on all
        of it: colonies, doublings with doublings_low and _high, lost (colonies), lost_share with
        _low and _high, share_of_bound (a colony that never doubled counts as 0; nan without a
        bound), robots (median at the horizon); then beside the baseline: difference (of doublings,
        mean of pairs) with _low and _high, and growth_percent with _low and _high, by how much more
        mass there is (100 (2^difference - 1): a ratio of geometric means). Families follow in order
        of their names, policies by their mean, the best first.
    """
    rows = []
    for name, whole in colonies.groupby("family", sort=True):
        scenarios = list(dict.fromkeys(whole["scenario"]))
        for policy, own in whole.groupby("policy", sort=False):
            parts = {s: own[own["scenario"] == s] for s in scenarios}
            parts = {s: part for s, part in parts.items() if len(part)}
            groups = {s: {s: part} for s, part in parts.items()}
            if len(parts) == len(scenarios):
                groups = {ALL: parts} | groups
            for scenario, group in groups.items():
                row = {"family": name, "scenario": scenario, "policy": policy}
                rows.append(row | _measures(group) | _beside(group, whole, baseline))
    table = pd.DataFrame(rows)
    places = {s: n for n, s in enumerate([ALL, *dict.fromkeys(colonies["scenario"])])}
    table["_at"] = table["scenario"].map(places)
    table = table.sort_values(["family", "_at", "doublings"], ascending=[True, True, False])
    return table.drop(columns="_at").reset_index(drop=True)


def mean_interval(samples: list[F64]) -> tuple[float, float, float]:
    """Return the mean of the samples' means and its interval; nan bounds if a sample has no spread.

    Parameters
    ----------
    samples : list of (n,) float64
        One for each scenario.

    Returns
    -------
    tuple of float
        Mean, low, high.
    """
    k = len(samples)
    mean = float(np.mean([x.mean() for x in samples]))
    if min(len(x) for x in samples) < 2:
        return mean, float("nan"), float("nan")
    parts = np.array([x.var(ddof=1) / len(x) for x in samples]) / k**2
    variance = parts.sum()
    if variance == 0:
        return mean, mean, mean
    # Welch and Satterthwaite: degrees of freedom of a sum of variances
    freedom = variance**2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, samples, strict=True))
    half = float(student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance))
    return mean, mean - half, mean + half


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    share, z2 = count / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * np.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    # at the ends rounding must not leave a hair's breadth
    low = 0.0 if count == 0 else float(middle - half)
    return low, 1.0 if count == of else float(middle + half)


def _measures(group: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Return what a policy came to on some scenarios."""
    mean, low, high = mean_interval([part["doublings"].to_numpy() for part in group.values()])
    together = pd.concat(group.values())
    lost = int(together["lost"].sum())
    lost_low, lost_high = wilson(lost, len(together))
    shares = [
        part["share_of_bound"].fillna(0.0).mean()
        for part in group.values()
        if part["bound_per_year"].notna().any()
    ]
    return {
        "colonies": len(together),
        "doublings": mean,
        "doublings_low": low,
        "doublings_high": high,
        "lost": lost,
        "lost_share": lost / len(together),
        "lost_low": lost_low,
        "lost_high": lost_high,
        "share_of_bound": float(np.mean(shares)) if shares else float("nan"),
        "robots": float(together["robots"].median()),
    }


def _beside(group: dict[str, pd.DataFrame], whole: pd.DataFrame, baseline: str) -> dict[str, float]:
    """Return the paired difference to the baseline; nan where it did not run, or is this one."""
    pairs = []
    for scenario, part in group.items():
        base = whole[(whole["policy"] == baseline) & (whole["scenario"] == scenario)]
        both = part.merge(base, on=_UNIT, suffixes=("", "_base"))
        pairs.append((both["doublings"] - both["doublings_base"]).to_numpy())
    own = any((part["policy"] == baseline).any() for part in group.values())
    found = (float("nan"),) * 3
    if not own and all(len(x) for x in pairs):
        found = mean_interval(pairs)
    names = ("", "_low", "_high")
    return {f"difference{n}": x for n, x in zip(names, found, strict=True)} | {
        f"growth_percent{n}": 100 * (2.0**x - 1) for n, x in zip(names, found, strict=True)
    }
