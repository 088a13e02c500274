"""Learned policies: every robot runs a small network; votes and conduct are what comes out.

The network is one cell (`cells`) with memory and one linear read-out. It does not start from
nothing: the market (or its tuned variant) says what tasks deserve and what is wanted, and the
robots' votes sway that (residual policy learning, Silver et al. 2018, arXiv:1812.06298). With
weights of zero it is the market, to the bit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auxon.sim.conduct import open_conducts
from auxon.sim.explog import exp_less_1
from auxon.sim.jit import jit, spread
from auxon.sim.observation import Action, Observation
from auxon.sim.rng import CONDUCT, philox
from auxon.sim.state import Robots

from .cells import make
from .inputs import inputs
from .quota import ROBOTS_APART, Scripted, match
from .votes import BUILD_VOTE, TASK_VOTE, count, sway_builds, sway_tasks
from .weights import CONDUCTS, READOUT, Weights

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


@dataclass
class Decision:
    """What a network saw and did, for whoever trains it.

    Attributes
    ----------
    observation : Observation
    x : (n, I) float32
        Inputs.
    memory : (n, M) float32
        Before.
    said : (n, READOUT) float32
    conduct : (n,) uint8
        Bits taken.
    """

    observation: Observation
    x: F32
    memory: F32
    said: F32
    conduct: NDArray[np.uint8]


class Learned:
    """Robots that run the same weights, or weights by genome.

    Parameters
    ----------
    weights : Weights
        One set, or several with a leading axis.
    base : Scripted
        Whose wishes the votes sway.
    genome : callable, optional
        From an observation to the weight set of each deciding robot, (n,) int64; default: the first
        for everybody.
    witness : callable, optional
        Is shown every `Decision`.
    """

    def __init__(
        self,
        weights: Weights,
        base: Scripted,
        genome: Callable[[Observation], I64] | None = None,
        witness: Callable[[Decision], None] | None = None,
    ) -> None:
        self.cell = make(weights.cell)
        self.hidden = weights.hidden
        self.memory_width = self.cell.memory_width(self.hidden)
        self.base, self.genome, self.witness = base, genome, witness
        self.set(weights)

    def set(self, weights: Weights) -> None:
        """Go on with other weights of the same shape."""
        self.weights = weights
        self._packed = self.cell.pack(weights.arrays)
        self._readout = weights.arrays["readout"]

    def act(self, observation: Observation, memory: F32) -> tuple[Action, F32]:
        """Let every robot's network speak; count the votes; match hands to tasks."""
        o = observation
        wished, desire = self.base.wishes(o)
        # what a script wishes may be the board itself, and votes write
        weight, desire = wished.astype(np.float64), desire.copy()
        x = inputs(o, desire)
        after, said = self._think(o, x, memory)
        conduct = _conduct(o, said)
        if self.witness:
            self.witness(Decision(o, x, memory, said, conduct))
        self._sway(o, said, weight, desire)
        return Action(match(o, weight), desire, self.base.ahead_s, conduct), after

    def _think(self, o: Observation, x: F32, memory: F32) -> tuple[F32, F32]:
        """Return memory after, and what each robot says."""
        n, sets = len(x), self._readout.shape[0]
        h = np.empty((n, self.hidden), np.float32)
        said = np.empty((n, READOUT), np.float32)
        if self.genome is None or sets == 1:
            after = memory.copy()
            first = np.array([0, n], np.int64)
            self.cell.step(self._packed, first, x, after, h)
            spread(_read, np.arange(n), h, np.zeros(n, np.int64), self._readout, said,
                   apart=ROBOTS_APART)  # fmt: skip
            return after, said
        genome = self.genome(o)
        order = np.argsort(genome, kind="stable")
        first = np.searchsorted(genome[order], np.arange(sets + 1))
        grouped = memory[order]
        self.cell.step(self._packed, first, x[order], grouped, h)
        after = np.empty_like(memory)
        after[order] = grouped
        back = np.empty_like(h)
        back[order] = h
        spread(_read, np.arange(n), back, genome, self._readout, said, apart=ROBOTS_APART)
        return after, said

    def _sway(
        self, o: Observation, said: F32, weight: NDArray[np.float64], desire: NDArray[np.float64]
    ) -> None:
        s, k = desire.shape
        tasks = np.zeros((s, k, len(TASK_VOTE)), np.int64)
        builds = np.zeros((s, len(BUILD_VOTE)), np.int64)
        voters = np.zeros((s, k), np.int64)
        count(o.rows, o.site, o.robots.species, said, tasks, voters, builds)
        spread(sway_tasks, o.here, o.tables, o.sites, o.flows, o.dt_s, tasks, voters, weight)
        spread(sway_builds, o.here, o.tables, o.sites, o.flows, builds, voters, desire)


def _conduct(o: Observation, said: F32) -> NDArray[np.uint8]:
    """Draw what each robot does beside its task."""
    out = np.zeros(len(said), np.uint8)
    if may := open_conducts(o.partial):
        _draw(o.robots, o.rows, said[:, -len(CONDUCTS) :], may, o.seed, o.step, out)
    return out


@jit
def _read(
    chosen: np.ndarray, h: np.ndarray, genome: np.ndarray, readout: np.ndarray, said: np.ndarray
) -> None:
    """Say h times the matrix of the own genome, whose last row is the bias: (G, H + 1, READOUT)."""
    hidden = h.shape[1]
    for n in chosen:
        own = readout[genome[n]]
        out = said[n]
        out[:] = own[hidden]
        for j in range(hidden):
            for i in range(out.shape[0]):
                out[i] += h[n, j] * own[j, i]


@jit
def _draw(
    r: Robots, rows: np.ndarray, logit: np.ndarray, may: int, seed: int, step: int, out: np.ndarray
) -> None:
    """Take each conduct that is open with the probability the logistic of its logit gives."""
    for n in range(rows.shape[0]):
        a, b, c, _ = philox(seed, CONDUCT, step, r.id[rows[n]])
        bits = 0
        for j, word in enumerate((a, b, c)):
            if may & (1 << j) and float(word) < logistic(logit[n, j]) * 4294967296.0:
                bits |= 1 << j
        out[n] = bits


@jit
def logistic(x: float) -> float:
    """Return 1 / (1 + e^-x), the same bits everywhere."""
    e = 1.0 + exp_less_1(min(20.0, abs(float(x))))
    return e / (1.0 + e) if x >= 0.0 else 1.0 / (1.0 + e)
