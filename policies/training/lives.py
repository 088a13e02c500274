"""A window of decisions, sorted into lives: what recurrent training learns from.

Robots are born and die while the window runs, and review their tasks at different steps. A life is
the decisions of one robot in a window, in order. Its last decision has no reward yet; it serves to
value what comes after, unless the robot died: then its reward is complete and nothing comes after.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass
class Lives:
    """Padded arrays over N lives and T decisions.

    Attributes
    ----------
    life_id : (N,) int64
        Of colony and robot, unique.
    length : (N,) int64
        Decisions, the last included.
    x : (N, T, I) float32
    memory : (N, M) float32
        At the first decision.
    conduct : (N, T) uint8
    log_probability : (N, T) float32
        Of the conduct, when it was taken.
    reward : (N, T) float32
        From each decision to the next.
    died : (N,) bool
    wanted : (N, T) uint8
        What a master would have done; 0 without one.
    """

    life_id: NDArray[np.int64]
    length: NDArray[np.int64]
    x: F32
    memory: F32
    conduct: NDArray[np.uint8]
    log_probability: F32
    reward: F32
    died: NDArray[np.bool_]
    wanted: NDArray[np.uint8]

    @property
    def learns(self) -> NDArray[np.bool_]:
        """(N, T) where there is a decision whose reward is known."""
        last = self.length - np.where(self.died, 0, 1)
        return np.arange(self.x.shape[1])[None] < last[:, None]


@dataclass
class Window:
    """Collects decisions step by step."""

    pages: list[tuple[NDArray[np.int64], ...]] = field(default_factory=list)
    """Of each step: life ids, inputs, memory, conduct, log probability, what was earned, what a
    master would have done."""
    dead: list[NDArray[np.int64]] = field(default_factory=list)
    loss: list[F32] = field(default_factory=list)

    @property
    def decisions(self) -> int:
        """How many were taken down."""
        return sum(len(page[0]) for page in self.pages)

    def add(self, *page: NDArray[np.generic]) -> None:
        """Take down the decisions of a step."""
        self.pages.append(page)  # type: ignore[arg-type]

    def bury(self, life_id: NDArray[np.int64], reward: F32) -> None:
        """Take down who died, and what that cost."""
        self.dead.append(life_id)
        self.loss.append(reward)

    def lives(self) -> Lives:
        """Sort what was taken down."""
        ids, x, memory, conduct, log_probability, earned, wanted = (
            np.concatenate(column) for column in zip(*self.pages, strict=True)
        )
        order = np.argsort(ids, kind="stable")
        unique, first, length = np.unique(ids[order], return_index=True, return_counts=True)
        life = np.repeat(np.arange(len(unique)), length)
        at = np.arange(len(order)) - np.repeat(first, length)
        shape = len(unique), int(length.max())

        def padded(column: NDArray[Any]) -> NDArray[Any]:
            out = np.zeros((*shape, *column.shape[1:]), column.dtype)
            out[life, at] = column[order]
            return out

        since = padded(earned)  # the decision before
        gained = np.zeros_like(since)
        gained[:, :-1] = since[:, 1:]
        died = np.zeros(len(unique), bool)
        if self.dead:
            gone = np.concatenate(self.dead)
            place = np.searchsorted(unique, gone)
            known = (place < len(unique)) & (unique[np.minimum(place, len(unique) - 1)] == gone)
            place = place[known]
            died[place] = True
            gained[place, length[place] - 1] += np.concatenate(self.loss)[known]
        return Lives(
            unique, length, padded(x), memory[order][first], padded(conduct),
            padded(log_probability), gained, died, padded(wanted),
        )  # fmt: skip


def advantages(
    lives: Lives, value: NDArray[Any], discount: float, mixing: float
) -> tuple[F32, F32]:
    """Return (N, T) advantages and returns, life by life.

    Generalised advantage estimation (Schulman et al. 2015, arXiv:1506.02438). After a death the
    value is 0; of a life that goes on, the value of its last decision stands for what comes, and
    that decision itself learns nothing.

    Parameters
    ----------
    lives : Lives
    value : (N, T) float32
        What the critic expects from each decision on.
    discount, mixing : float
    """
    n, t = value.shape
    learns = lives.learns
    there = np.where(np.arange(t)[None] < lives.length[:, None], value, 0.0)
    there = np.concatenate([there, np.zeros((n, 1))], 1)
    out = np.zeros((n, t + 1))
    for j in range(t - 1, -1, -1):
        delta = lives.reward[:, j] + discount * there[:, j + 1] - there[:, j]
        out[:, j] = np.where(learns[:, j], delta + discount * mixing * out[:, j + 1], 0.0)
    gae = out[:, :t].astype(np.float32)
    return gae, (gae + value).astype(np.float32)
