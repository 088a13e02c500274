"""Expeditions: learn what comes of them, plan with it, and measure whether planning pays.

Societies whose sites may launch by lot keep diaries (`diary`); an ensemble learns from them
(`society_model`); a `Voyager` plans in it. Then four ways to decide meet the same seeds, on the
belts learned from and on others: the script, which launches when it can; the voyager; never; by
lot. Begun anew when it was killed.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from auxon.policies import script
from auxon.policies.foresight import Foresight, load, save
from auxon.policies.voyager import Voyager
from auxon.sim.errors import UsageError
from auxon.sim.files import whole
from auxon.sim.jit import threads
from auxon.sim.observation import Policy
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.state import SETTLED
from auxon.sim.world import World

from .config import ExpeditionsEntry
from .diary import Drawn, Windows, keep, windows
from .expeditions_picture import draw
from .ground import GroundEntry, world_seed
from .society_model import fit

Say = Callable[[str], None]
Each = Callable[..., Iterable[Any]]
"""``map``, or that of a pool."""
ODDS = (0.1, 0.2, 0.4, 0.8)
"""How willing the societies are that keep diaries, in turn: those that launch at once see little of
large sites, those that seldom do little of expeditions."""
DECIDERS = ("script", "voyager", "never", "by lot")
_LEARN, _TEST, _MEASURE = 4, 5, 6
"""Stages of the training, for seeds of worlds."""


def run(entry: ExpeditionsEntry, out: Path, say: Say = lambda _: None) -> pd.DataFrame:
    """Learn, measure; write the foresight, tables and a picture.

    Parameters
    ----------
    entry : ExpeditionsEntry
    out : Path
        Folder.
    say : callable, optional
        Is told of progress, a sentence at a time.

    Returns
    -------
    DataFrame
        A row a society: ``belt`` (ground 1, ..., held out 1, ...), ``seed``, ``decider`` (as in
        `DECIDERS`), ``robots``, ``sites`` (settled, where robots live).
    """
    torch.set_num_threads(1)
    if entry.jobs == 1:
        return _run(entry, out, say, map)
    # spawned: a fork of a process with threads may hang
    with ProcessPoolExecutor(entry.jobs, get_context("spawn")) as pool:
        return _run(entry, out, say, pool.map)


def _run(entry: ExpeditionsEntry, out: Path, say: Say, each: Each) -> pd.DataFrame:
    belts, names = entry.ground + entry.held_out, _names(entry)
    foresight = learn(entry, each)
    say(f"learned from {entry.diaries} diaries")
    path = out / f"{entry.name}.safetensors"
    save(foresight, path)
    kept = max(len(belts), entry.diaries // 5)
    gains = gains_of(foresight, _diaries(entry, _TEST, belts, kept, each), names)
    told = ", ".join(f"{b} {share_told(own):.2f}" for b, own in gains.groupby("belt"))
    say(f"share of the variance of gains over {entry.turns} turns foreseen: {told}")
    outcomes = _measure(entry, path, each)
    for name, table in (("gains", gains), ("expeditions", outcomes)):
        with whole(out / f"{name}.parquet") as draft:
            table.to_parquet(draft, index=False)
    with whole(out / "expeditions.png") as draft:
        draw(gains, outcomes, draft)
    say(summary(outcomes).to_string())
    return outcomes


def learn(entry: ExpeditionsEntry, each: Each = map) -> Foresight:
    """Let societies keep diaries and return what is learned from them.

    Raises
    ------
    UsageError
        A ground sends no expeditions, or all are over before a turn is.
    """
    diaries = _diaries(entry, _LEARN, entry.ground, entry.diaries, each)
    if not any(len(w.act) for w in diaries):
        raise UsageError(
            f"no society lives longer than a turn of {entry.turn_days:g} days; expected more years "
            "than that; lengthen the grounds."
        )
    return fit(entry, diaries)


def gains_of(foresight: Foresight, tests: list[Windows], belts: list[str]) -> pd.DataFrame:
    """Return what was foreseen of each window, and what came; belts in turn, one a diary.

    Returns
    -------
    DataFrame
        ``belt``, ``foreseen``, ``doubt`` (standard deviation over members), ``came``: doublings of
        the house over all turns.
    """
    tables = []
    for number, each in enumerate(tests):
        w = Windows._make(column[(each.act >= 0).all(1)] for column in each)
        plan = (w.act * 2 ** np.arange(foresight.turns)[::-1]).sum(1)
        said = np.take_along_axis(foresight.imagine(w.x[:, 0]), plan[:, None, None], 2)[:, :, 0]
        tables.append(pd.DataFrame({
            "belt": belts[number % len(belts)], "foreseen": said.mean(1), "doubt": said.std(1),
            "came": w.gain.sum(1),
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def share_told(gains: pd.DataFrame) -> float:
    """Return the share of the variance of gains that was foreseen; 0 for who says the mean."""
    miss = ((gains.came - gains.foreseen) ** 2).mean()
    return float(1.0 - miss / gains.came.var(ddof=0))


def summary(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return means of each belt and decider, with the gain over the script in doublings.

    Returns
    -------
    DataFrame
        ``robots``, ``sites``, ``doublings`` over the script with the same seed, and ``error``, the
        standard error of that mean.
    """
    table = outcomes.set_index(["belt", "decider", "seed"])
    size = np.log2(np.maximum(table.robots, 1)).unstack("decider")
    over = size.sub(size["script"], axis=0).groupby("belt")
    return table[["robots", "sites"]].groupby(["belt", "decider"], sort=False).mean().assign(
        doublings=over.mean().stack(), error=over.sem().stack()
    )  # fmt: skip


def _diaries(
    entry: ExpeditionsEntry, stage: int, grounds: tuple[GroundEntry, ...], count: int, each: Each
) -> list[Windows]:
    """Return the windows of so many societies, grounds in turn."""
    one = partial(_diary, entry)
    ground = [grounds[n % len(grounds)] for n in range(count)]
    odds = [ODDS[n // len(grounds) % len(ODDS)] for n in range(count)]
    seed = [world_seed(entry.seed, stage, n) for n in range(count)]
    return list(each(one, ground, odds, seed))


def _diary(entry: ExpeditionsEntry, ground: GroundEntry, odds: float, seed: int) -> Windows:
    threads(1)
    scenario = ground.changed()
    kit = scenario.belt.entry.kit if scenario.belt else None
    if kit is None:
        raise UsageError(
            f"ground '{ground.scenario}' sends no expeditions; expected a scenario with "
            "[belt.kit]; take another."
        )
    pages = keep(scenario, script(entry.base), odds, entry.turn_days, seed, ground.years)
    return windows(pages, entry.turns, sum(kit.robots.values()))


def _names(entry: ExpeditionsEntry) -> list[str]:
    """Return the name of every belt, as tables have it."""
    return [f"ground {n + 1}" for n in range(len(entry.ground))] + [
        f"held out {n + 1}" for n in range(len(entry.held_out))
    ]


def _measure(entry: ExpeditionsEntry, path: Path, each: Each) -> pd.DataFrame:
    """Return what became of societies, on every belt, of every seed, under each decider."""
    belts = zip(_names(entry), entry.ground + entry.held_out, strict=True)
    jobs = [
        (belt, ground, world_seed(entry.seed, _MEASURE, n), decider)
        for belt, ground in belts
        for n in range(entry.worlds)
        for decider in DECIDERS
    ]
    rows = each(partial(_society, entry, path), *zip(*jobs, strict=True))
    return pd.DataFrame(list(rows), columns=["belt", "seed", "decider", "robots", "sites"])


def _society(
    entry: ExpeditionsEntry, path: Path, belt: str, ground: GroundEntry, seed: int, decider: str
) -> tuple[str, int, str, int, int]:
    threads(1)
    base = script(entry.base)
    policies: dict[str, Policy] = {
        "script": base,
        "voyager": Voyager(load(path), base),
        "never": Drawn(base, 0.0, entry.turn_days),
        "by lot": Drawn(base, 0.5, entry.turn_days),
    }
    world = World(ground.changed(), policies[decider], seed)
    for _ in range(round(ground.years * YEAR_DAYS * 86_400 / world.dt_s)):
        world.step()
    lived_in = (world.sites.state == SETTLED) & (world.segments.count > 0)
    return belt, seed, decider, world.robot_count, int(lived_in.sum())
