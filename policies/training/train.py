"""Training, from a file to weights: conduct is learned first, then what colonies come to.

A training can be killed at any time: after each episode and each generation all there is to go on
from is written. The same file gives the same weights.
"""

from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from auxon.policies import script
from auxon.policies.learned import Learned
from auxon.policies.weights import Weights, initial, save
from auxon.sim.jit import threads

from .apprentice import Apprentice, Costs
from .checkpoint import Checkpoint
from .config import EvolutionEntry, MasterEntry, PPOEntry, PretrainEntry, TrainingEntry
from .curiosity import Curious
from .curves import Curves
from .evolution import Evolution
from .freedom import Freedom
from .ground import GroundEntry, world_seed
from .lives import Lives
from .master import Master, Pupil
from .ppo import Learner
from .school import School
from .score import grow
from .world_model import WorldModel, as_before, followed

Say = Callable[[str], None]
F64 = NDArray[np.float64]
_PRETRAIN, _PPO, _EVOLUTION, _MASTER = range(4)


class Training:
    """One training in its folder.

    Parameters
    ----------
    entry : TrainingEntry
    out : Path
        Folder for weights, curves and checkpoint. What is there is gone on from.
    say : callable, optional
        Is told of progress, a sentence at a time.
    """

    def __init__(self, entry: TrainingEntry, out: Path, say: Say = lambda _: None) -> None:
        self.entry, self.out, self.say = entry, out, say
        self.weights = replace(
            initial(entry.cell, entry.hidden, entry.seed, entry.base),
            scenario=" ".join(dict.fromkeys(g.scenario for g in entry.ground)),
        )
        self.checkpoint = Checkpoint(out, entry)
        self.curves = Curves(out, self.checkpoint.done)

    def run(self) -> Weights:
        """Train; return the weights."""
        torch.manual_seed(self.entry.seed)
        torch.set_num_threads(1)
        if self.entry.pretrain:
            self._pretrain(self.entry.pretrain)
        if self.entry.master:
            self._learn_from_master(self.entry.master)
        if self.entry.ppo:
            self._ppo(self.entry.ppo)
        if self.entry.evolution:
            with self._helpers() as pool:
                self._evolve(self.entry.evolution, pool)
        self.weights = replace(self.weights, score=self.curves.last_doublings())
        save(self.weights, self.out / f"{self.entry.name}.safetensors")
        self.curves.draw()
        return self.weights

    # ------------------------------------------------------------------ what is there to see

    def _pretrain(self, p: PretrainEntry) -> None:
        """Teach the cell to predict; begun anew if it was killed, since it takes a minute."""
        if "pretrain" in self.checkpoint.done:
            found = self.checkpoint.arrays("pretrain")
            self.weights = replace(self.weights, arrays={**self.weights.arrays, **found})
            return
        model = WorldModel(
            self.weights.cell, self.weights.arrays, self.weights.hidden, p.learning_rate
        )
        rng = np.random.default_rng([self.entry.seed, 0])
        # its weights are silent: the society is the script's, but for some chance conduct
        apprentice = Apprentice(self.weights, script(self.entry.base), Costs())
        school: School | None = None
        for window in range(p.windows):
            lives = school.lives(p.reviews) if school else None
            if lives is None:
                ground = self.entry.ground[window % len(self.entry.ground)]
                seed = world_seed(self.entry.seed, _PRETRAIN, window)
                school = School(ground.changed(), apprentice, seed, p.colonies, ground.years)
                lives = school.lives(p.reviews)
            assert lives is not None
            lives.memory[:] = 0.0  # made by other weights than those that learn
            if window == 0:
                model.fit_scale(lives)
            there = followed(lives)
            self.curves.add("pretrain", window, {
                "loss": float(model.errors(lives)[there].mean()),
                "as_before": float(as_before(lives, model.scale)[there].mean()),
            })  # fmt: skip
            for _ in range(p.epochs):
                model.learn(lives, rng, p.minibatches)
        self.weights = replace(self.weights, arrays={**self.weights.arrays, **model.arrays()})
        self.say(f"pre-trained on {p.windows} windows")
        self.checkpoint.write("pretrain", p.windows, dict(model.arrays()), self.curves)

    # ------------------------------------------------------------------ conduct

    def _learn_from_master(self, entry: MasterEntry) -> None:
        pupil, master = Pupil(self.weights, entry, self.entry.seed), Master(entry)
        if state := self.checkpoint.arrays("master"):
            pupil.restore(state)
        self.weights = replace(self.weights, arrays=pupil.arrays())
        apprentice = Apprentice(self.weights, script(self.entry.base), Costs())
        for turn in range(self.checkpoint.done.get("master", 0), entry.rounds):
            diary: list[tuple[Lives, int]] = []
            came_to = []
            for n, ground in enumerate(self._hidden()):
                seed = world_seed(self.entry.seed, _MASTER, turn * len(self.entry.ground) + n)
                school = School(
                    ground.changed(), apprentice, seed, entry.colonies, ground.years, master
                )
                while (lives := school.lives(entry.reviews)) is not None:
                    diary.append((lives, school.open))
                came_to.append(float(school.doublings.mean()))
            for lesson in pupil.update(diary, 1.0 - turn / entry.rounds):
                self.curves.add("master", turn, lesson._asdict())
            self.curves.add("master", turn, {"doublings": float(np.mean(came_to))})
            self.weights = replace(self.weights, arrays=pupil.arrays())
            apprentice.set(self.weights)
            each = ", ".join(f"{d:.2f}" for d in came_to)
            self.say(f"master: round {turn + 1} of {entry.rounds}: {each} doublings")
            self.checkpoint.write("master", turn + 1, pupil.state(), self.curves)

    def _hidden(self) -> list[GroundEntry]:
        """Return the grounds where something is hidden: on others no conduct is open."""
        return [g for g in self.entry.ground if g.changed().partial]

    def _ppo(self, ppo: PPOEntry) -> None:
        learner = Learner(self.weights, ppo, self.entry.seed)
        curiosity = self.entry.curiosity
        curious = Curious(curiosity, self.weights, self.entry.seed) if curiosity else None

        if state := self.checkpoint.arrays("ppo"):
            learner.restore(state)
        self.weights = replace(self.weights, arrays=learner.arrays())
        apprentice = Apprentice(
            self.weights, script(self.entry.base), Costs(ppo.wreck_days, ppo.repair_days)
        )
        hidden = self._hidden()
        for episode in range(self.checkpoint.done.get("ppo", 0), ppo.episodes):
            ground = hidden[episode % len(hidden)]
            seed = world_seed(self.entry.seed, _PPO, episode)
            school = School(ground.changed(), apprentice, seed, ppo.colonies, ground.years)
            while (lives := school.lives(ppo.reviews)) is not None:
                if lives.learns.any():
                    if curious:
                        self.curves.add("curiosity", episode, curious.wonder(lives))
                    progress = learner.update(lives, school.open)
                    self.weights = replace(self.weights, arrays=learner.arrays())
                    apprentice.set(self.weights)
                    self.curves.add("ppo", episode, {
                        **progress._asdict(), "reward": float(lives.reward[lives.learns].mean()),
                        "colony_years": ppo.colonies * school.years,
                    })  # fmt: skip
            self.curves.add("ppo", episode, {"doublings": float(school.doublings.mean())})
            self.say(f"episode {episode + 1} of {ppo.episodes}: {ground.scenario}, "
                     f"{school.doublings.mean():.2f} doublings")  # fmt: skip
            self.checkpoint.write("ppo", episode + 1, learner.state(), self.curves)

    # ------------------------------------------------------------------ what colonies come to

    def _evolve(self, e: EvolutionEntry, pool: Executor) -> None:
        freedom = Freedom(e.which, self.weights)
        search = Evolution(freedom.start, e.sigma, e.rate, e.pairs, self.entry.seed)
        if state := self.checkpoint.arrays("evolution"):
            search.restore({n: a.astype(float) for n, a in state.items()})
        for generation in range(self.checkpoint.done.get("evolution", 0), e.generations):
            candidates = freedom.weights(search.ask())
            scores = self._score(e, generation, candidates, pool)
            search.tell(scores)
            years = sum(g.years for g in self._turn(e, generation))
            self.curves.add("evolution", generation, {
                "doublings": float(scores.mean()), "best": float(scores.max()),
                "spread": float(scores.std()),
                "colony_years": candidates.sets * e.colonies * years,
            })  # fmt: skip
            self.say(f"generation {generation + 1} of {e.generations}: "
                     f"{scores.mean():.3f} doublings")  # fmt: skip
            self.checkpoint.write("evolution", generation + 1, search.state(), self.curves)
        self.weights = freedom.weights(search.mean[None])

    def _score(
        self, e: EvolutionEntry, generation: int, candidates: Weights, pool: Executor
    ) -> F64:
        """Return the mean doublings of every candidate, all in the same worlds."""
        total = np.zeros(candidates.sets)
        grounds = self._turn(e, generation)
        each = [
            replace(candidates, arrays={n: a[i : i + 1] for n, a in candidates.arrays.items()})
            for i in range(candidates.sets)
        ]
        for turn, ground in enumerate(grounds):
            seed = world_seed(self.entry.seed, _EVOLUTION, generation * e.grounds + turn)
            one = partial(_grown, ground, seed, e.colonies)
            total += np.array(list(pool.map(one, each)))
        return total / len(grounds)

    def _turn(self, e: EvolutionEntry, generation: int) -> list[GroundEntry]:
        every = self.entry.ground
        return [every[(generation * e.grounds + j) % len(every)] for j in range(e.grounds)]

    def _helpers(self) -> Executor:
        # spawned: a fork of a process with threads may hang
        return ProcessPoolExecutor(self.entry.jobs, get_context("spawn"))


def _grown(ground: GroundEntry, seed: int, colonies: int, weights: Weights) -> float:
    """Return the mean doublings of colonies under one candidate."""
    threads(1)
    policy = Learned(weights, script(weights.base))
    return float(grow(ground.changed(), policy, seed, colonies, ground.years).mean())
