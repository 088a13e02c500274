"""What a training is told: one TOML file, checked before anything runs."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from auxon.sim.schema import Strict
from auxon.sim.toml_errors import Source, read, validate

from .ground import GroundEntry

Whole = Annotated[int, Field(ge=1, le=10**6)]
NAME = r"^[a-z][a-z0-9_-]*$"
Share = Annotated[float, Field(gt=0, le=1)]


class PPOEntry(Strict):
    """Recurrent PPO on what robots earn: teaches conduct."""

    episodes: Whole = 10
    """Each is a set of colonies from seed to horizon."""
    colonies: Whole = 48
    reviews: Annotated[int, Field(ge=4, le=512)] = 32
    """Decisions of a robot between two updates: memory is trained over so many."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    discount: Share = 0.99
    """A review."""
    mixing: Share = 0.95
    """Lambda of the advantage estimate."""
    clip: Share = 0.2
    entropy: Annotated[float, Field(ge=0, le=1)] = 3e-3
    epochs: Whole = 4
    minibatches: Whole = 12
    wreck_days: Annotated[float, Field(ge=0, le=1e5)] = 300
    """What the loss of a robot costs, in days of its work."""
    repair_days: Annotated[float, Field(ge=0, le=1e4)] = 10
    """What a repair costs, in days of its work."""


class MasterEntry(Strict):
    """A script that sees wear, precursors and yields as they are teaches conduct."""

    service_above: Annotated[float, Field(gt=0, le=1000)] = 0.5
    """Wear, in units of the scale of use between failures; 100: never."""
    shelter_above: Annotated[float, Field(gt=0, le=10)] = 0.5
    """Precursor: 1 if a flare is near, else 0."""
    move_below: Annotated[float, Field(gt=0, le=2)] = 0.9
    """Yield beside the usual 1."""
    sharpness: Annotated[float, Field(gt=0, le=100)] = 3.0
    """Power of the odds that robots act on."""
    rounds: Whole = 6
    """In each, robots live on every ground from seed to horizon; then they learn from all of it."""
    colonies: Whole = 8
    """Of each ground in a round."""
    reviews: Annotated[int, Field(ge=4, le=512)] = 32
    """Decisions of a robot in a window: memory is trained over so many."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    """At the start; it falls in proportion to the rounds that are left."""
    epochs: Whole = 4
    minibatches: Whole = 4
    """Of a window."""


class PretrainEntry(Strict):
    """Self-supervised: the cell learns to predict what robots of a scripted society see next."""

    windows: Whole = 20
    colonies: Whole = 24
    reviews: Annotated[int, Field(ge=4, le=512)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    epochs: Whole = 2
    minibatches: Whole = 8


class CuriosityEntry(Strict):
    """A reward, beside wages, for what makes the robots' world model better."""

    weight: Annotated[float, Field(gt=0, le=1e3)] = 1.0
    """Days of work that a progress of one standard deviation is worth."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    wages: bool = True
    """False: curiosity alone."""


class EvolutionEntry(Strict):
    """Evolution strategies on what colonies come to: teaches votes, and all of it together."""

    generations: Whole = 50
    pairs: Whole = 12
    colonies: Whole = 8
    """Of each ground, for each candidate."""
    sigma: Annotated[float, Field(gt=0, le=10)] = 0.05
    rate: Annotated[float, Field(gt=0, le=10)] = 0.5
    """Of learning, in units of sigma."""
    which: Literal["conduct", "readout", "all"] = "readout"
    """Conduct: how sharp its odds are, and where they are even, six numbers; readout: all that is
    said, while the cell stays as it is."""
    grounds: Whole = 2
    """Grounds of a generation, in turn."""


class ParityEntry(Strict):
    """The parity of a string of bits, at every place: a state must be kept, and no sum will do."""

    format: Literal[1] = 1
    task: Literal["parity"]
    name: Annotated[str, Field(pattern=NAME)]
    cells: tuple[Literal["mlp", "lstm", "fwp", "slstm", "transformer"], ...]
    hidden: Annotated[int, Field(ge=4, le=1024)] = 32
    longest: Annotated[int, Field(ge=2, le=4096)] = 20
    """Bits of the longest string learned from; shorter ones are drawn as often."""
    tested: Annotated[tuple[int, ...], Field(min_length=1)] = (10, 20, 40, 80, 160, 320)
    """Lengths tested."""
    updates: Whole = 3000
    batch: Whole = 128
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1


class ExpeditionsEntry(Strict):
    """A model of what comes of a site that launches or holds, and a policy that plans in it."""

    format: Literal[1] = 1
    task: Literal["expeditions"]
    name: Annotated[str, Field(pattern=NAME)]
    base: str = "market"
    """The script that decides everything else."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    ground: Annotated[tuple[GroundEntry, ...], Field(min_length=1)]
    held_out: Annotated[tuple[GroundEntry, ...], Field(min_length=1)]
    """Belts that nothing is learned from: policies are measured there, too."""
    diaries: Whole = 160
    """Societies learned from, grounds in turn; a fifth as many again are kept for testing."""
    turn_days: Annotated[float, Field(gt=0, le=36_525)] = 360.0
    """Time from one imagined decision to the next."""
    turns: Annotated[int, Field(ge=1, le=10)] = 6
    """Decisions imagined."""
    members: Annotated[int, Field(ge=1, le=64)] = 5
    """Networks of the ensemble."""
    hidden: Annotated[int, Field(ge=4, le=1024)] = 32
    epochs: Whole = 60
    batch: Whole = 256
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    worlds: Annotated[int, Field(ge=2, le=10**4)] = 16
    """Seeds on which each policy is measured, on each belt."""
    jobs: Annotated[int, Field(ge=1, le=1024)] = 2
    """Processes that run societies."""


class TrainingEntry(Strict):
    """A training file."""

    format: Literal[1] = 1
    name: Annotated[str, Field(pattern=NAME)]
    cell: Literal["mlp", "lstm", "fwp", "slstm"] = "lstm"
    hidden: Annotated[int, Field(ge=4, le=1024)] = 32
    base: str = "market"
    """The script whose wishes the votes sway."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    ground: Annotated[tuple[GroundEntry, ...], Field(min_length=1)]
    jobs: Annotated[int, Field(ge=1, le=1024)] = 2
    """Processes that run colonies."""
    pretrain: PretrainEntry | None = None
    master: MasterEntry | None = None
    ppo: PPOEntry | None = None
    curiosity: CuriosityEntry | None = None
    evolution: EvolutionEntry | None = None


Entry = TrainingEntry | ParityEntry | ExpeditionsEntry
_TASKS: dict[object, type[Entry]] = {
    "parity": ParityEntry, "expeditions": ExpeditionsEntry, None: TrainingEntry,
}  # fmt: skip


def load(path: str | Path) -> Entry:
    """Read and check a training file.

    Raises
    ------
    ScenarioError
        With every finding: what was found, where, what was expected.
    """
    source = read(Path(path))
    return _checked(source)


def check(data: dict[str, Any]) -> Entry:
    """Check what a training file would hold; raises as `load` does."""
    return _checked(Source("training", data))


def _checked(source: Source) -> Entry:
    return validate(_TASKS.get(source.data.get("task"), TrainingEntry), source.data, [source])
