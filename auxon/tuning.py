"""The market's numbers, searched for by CMA-ES (Hansen 2016, arXiv:1604.00772).

A candidate is a `MarketRule`. What it is worth is how often colonies double under it, the mean over
all grounds: changed scenarios and small seeds of worlds, none of which policies are compared on.
All candidates of a generation, and the usual market beside them, run the same colonies (common
random numbers); the next generation runs others, so that nobody is bred for the luck of a few.

Numbers are searched for by their logarithms. The search draws from a generator of its own and is
told nothing but what ``history.json`` holds: a killed one goes on by telling it all of that again.
"""

import hashlib
import json
import math
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from auxon.policies.market import Market
from auxon.policies.rule import USUAL_RULE, MarketRule
from auxon.policies.rule_file import limits, write_rule
from auxon.sim import jit
from auxon.sim.errors import ResumeError, UsageError
from auxon.sim.files import write_json
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.outcome import doublings, masses_g
from auxon.sim.scenario import Scenario
from auxon.sim.world import World

from .comparison import mean_interval
from .evaluation import FIRST_SEED, Progress
from .tuning_file import TuningFile

F64 = NDArray[np.float64]

_LEAST = 1e-3
"""A number whose limit is 0 is searched for down to here."""
_LAST_SEED = FIRST_SEED - 1
"""Of the worlds in which what was found is held against the usual market."""


@dataclass(frozen=True)
class Generation:
    """What a generation of candidates came to.

    Attributes
    ----------
    x : (n, D) float64
        Candidates, as the search has them: logarithms to the base of each number's factor.
    worth : (n,) float64
        Mean doublings.
    usual : float
        Of the usual market in the same colonies.
    mean, spread : (D,) float64
        Where the search stands after it, and its standard deviations.
    """

    x: F64
    worth: F64
    usual: float
    mean: F64
    spread: F64

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {
            "x": self.x.tolist(),
            "worth": self.worth.tolist(),
            "usual": self.usual,
            "mean": self.mean.tolist(),
            "spread": self.spread.tolist(),
        }


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes
    ----------
    rule : MarketRule
        The mean of the search.
    history : list of Generation
    colony_years : float
        Simulated by all candidates.
    more : (float, float, float)
        Doublings more than under the usual market in colonies that no candidate saw: mean and
        95 % interval of pairs.
    """

    rule: MarketRule
    history: list[Generation]
    colony_years: float
    more: tuple[float, float, float]


class _Trial(NamedTuple):
    rule: MarketRule
    scenario: Scenario
    years: float
    world_seed: int
    colonies: int


def tune(
    file: TuningFile,
    out: Path,
    *,
    processes: int = 2,
    resume: bool = False,
    progress: Progress = lambda text: None,
) -> Tuned:
    """Search, and write ``tuned.toml``, ``history.json`` and ``curve.png``.

    Parameters
    ----------
    file : TuningFile
    out : Path
    processes : int
        The result does not depend on it.
    resume : bool
        Go on from the history in `out`; one with more generations than are asked for is cut.
    progress : callable

    Raises
    ------
    UsageError
        pycma is missing, or `out` holds a search already.
    ResumeError
        The history is that of another file, or another version of pycma made it.
    """
    from .tuning_picture import draw_tuning

    search = _Search(file)
    history = _told(search, file, out, resume)
    grounds = list(zip(file.scenarios(), [g.years for g in file.ground], strict=True))
    with _pool(processes) as run:
        for number in range(len(history), file.generations):
            x = search.ask()
            rules = [search.rule(row) for row in x] + [USUAL_RULE]
            worth = _worth(run, rules, grounds, number + 1, file.colonies).mean((1, 2))
            history.append(search.tell(x, worth[:-1], float(worth[-1])))
            _write(file, out, history)
            draw_tuning(file, history, out / "curve.png")
            best, mean = worth[:-1].max() - worth[-1], worth[:-1].mean() - worth[-1]
            progress(
                f"generation {number + 1} of {file.generations}: {mean:+.3f} doublings beside the "
                f"usual market, the best {best:+.3f}"
            )
        rule = search.rule(history[-1].mean)
        progress("colonies that no candidate saw ...")
        both = _worth(run, [rule, USUAL_RULE], grounds, _LAST_SEED, file.colonies_at_the_end)
    spent = colony_years(file, len(history))
    found = Tuned(rule, history, spent, mean_interval(list(both[0] - both[1])))
    mean, _, high = found.more
    facts = {
        "found by": f"auxon tune, CMA-ES, {len(history)} generations of {file.candidates}",
        "simulated": f"{spent:,.0f} colony-years",
        "in other colonies": f"{mean:+.2f} ± {high - mean:.2f} doublings beside the usual market",
    }
    write_rule(out / "tuned.toml", rule, file.title, facts)
    draw_tuning(file, history, out / "curve.png")
    return found


def colony_years(file: TuningFile, generations: int) -> float:
    """Return what so many generations simulate, the usual market beside them included."""
    each = sum(g.years for g in file.ground) * file.colonies
    return generations * (file.candidates + 1) * each


class _Search:
    """CMA-ES over the logarithms of numbers."""

    def __init__(self, file: TuningFile) -> None:
        try:
            import cma
        except ImportError:
            raise UsageError(
                "tune: pycma is not installed; expected the extra 'learn'; run pip install "
                "'auxon[learn]'"
            ) from None
        self._names = list(file.search)
        self._start = np.array([n.start for n in file.search.values()])
        self._unit = np.log([n.factor for n in file.search.values()])
        ends = np.array([limits(name) for name in self._names])
        bounds = np.log(np.maximum(ends, _LEAST) / self._start[:, None]) / self._unit[:, None]
        rng = np.random.default_rng(file.seed)
        self._cma = cma.CMAEvolutionStrategy(
            np.zeros(len(self._names)),
            1.0,
            {
                "popsize": file.candidates,
                "bounds": bounds.T.tolist(),
                "randn": lambda *shape: rng.standard_normal(shape),
                "seed": math.nan,  # leave numpy's own generator alone
                "verbose": -9,
                "verb_log": 0,
            },
        )

    def ask(self) -> F64:
        """Return the candidates of the next generation, (n, D)."""
        return np.array(self._cma.ask())

    def tell(self, x: F64, worth: F64, usual: float) -> Generation:
        """Take in what candidates came to; more is better."""
        self._cma.tell(list(x), list(-worth))
        mean = np.array(self._cma.result.xfavorite)
        spread = np.array(self._cma.result.stds)
        return Generation(x, worth, usual, mean, spread)

    def rule(self, x: F64) -> MarketRule:
        """Return the rule of a point; whole numbers are rounded."""
        values = (self._start * np.exp(x * self._unit)).tolist()
        found: dict[str, Any] = {}
        for name, value in zip(self._names, values, strict=True):
            low, high = limits(name)
            value = min(high, max(low, float(f"{value:.6g}")))
            whole = isinstance(getattr(USUAL_RULE, name), int)
            found[name] = round(value) if whole else value
        return USUAL_RULE._replace(**found)


def _told(search: _Search, file: TuningFile, out: Path, resume: bool) -> list[Generation]:
    """Tell the search what is in the folder, and return it."""
    path = out / "history.json"
    if not path.exists():
        return []
    if not resume:
        raise UsageError(
            f"tune: {out} holds a search; expected an empty folder; add --resume to go on, or name "
            "another"
        )
    held = json.loads(path.read_text(encoding="utf-8"))
    if held["tuning"] != _identity(file):
        raise ResumeError(
            f"{path}: is the history of another file; expected the one it began with; name another "
            "folder"
        )
    history: list[Generation] = []
    for row in held["generations"][: file.generations]:
        x = search.ask()
        if not np.allclose(x, row["x"], rtol=0, atol=1e-9):
            raise ResumeError(
                f"{path}: generation {len(history) + 1} has other candidates than this version of "
                "pycma makes; start anew in another folder"
            )
        history.append(search.tell(x, np.array(row["worth"]), row["usual"]))
    return history


def _write(file: TuningFile, out: Path, history: list[Generation]) -> None:
    rows = [generation.to_dict() for generation in history]
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "history.json", {"tuning": _identity(file), "generations": rows})


def _identity(file: TuningFile) -> str:
    """Return a hash of all that matters to the course of a search, not to its end."""
    body = file.model_dump_json(exclude={"title", "generations", "colonies_at_the_end"})
    return hashlib.sha256(body.encode()).hexdigest()


Run = Callable[[Callable[[_Trial], F64], Iterable[_Trial]], Iterable[F64]]


@contextmanager
def _pool(processes: int) -> Iterator[Run]:
    """Yield a map, over processes if there are several."""
    if processes == 1:
        yield map
        return
    fresh = multiprocessing.get_context("spawn")  # threads of kernels do not outlive a fork
    with ProcessPoolExecutor(processes, fresh, jit.threads, (1,)) as pool:
        yield pool.map


def _worth(
    run: Run,
    rules: list[MarketRule],
    grounds: list[tuple[Scenario, float]],
    world_seed: int,
    colonies: int,
) -> F64:
    """Return (rules, grounds, colonies) how often colonies doubled."""
    trials = [_Trial(r, s, years, world_seed, colonies) for r in rules for s, years in grounds]
    found = np.array(list(run(_double, trials)))
    return found.reshape(len(rules), len(grounds), colonies)


def _double(trial: _Trial) -> F64:
    """Run colonies to the horizon; return (colonies,) how often each doubled."""
    world = World(trial.scenario, Market(trial.rule), seed=trial.world_seed, sites=trial.colonies)
    founders_g = masses_g(world)
    for _ in range(round(trial.years * YEAR_DAYS * 86_400 / world.dt_s)):
        world.step()
    return doublings(masses_g(world), founders_g)
