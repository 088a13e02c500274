"""The command `train`, and `auxon.train`: from a training file to weights of a learned policy."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .sentences import sentences

if TYPE_CHECKING:
    from auxon.policies.weights import Weights

app = typer.Typer()


def train(
    config: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> "Weights | None":
    """Train a learned policy, or show by a task what its cells can do.

    Parameters
    ----------
    config : str, Path or mapping
        A training file, or what it would hold.
    out : str or Path, optional
        Folder for weights, curves and checkpoint; default: ``runs/train-NAME``. A training that was
        stopped there goes on.
    say : callable, optional
        Is told of progress, a sentence at a time.

    Returns
    -------
    Weights or None
        Also in ``OUT/NAME.safetensors``, which `auxon.policies.make` takes. None: the file named a
        task, whose table and picture lie in the folder; with them, for expeditions, the policy.

    Raises
    ------
    ScenarioError
        The file is not right; with every finding.
    ResumeError
        The folder holds another training.
    UsageError
        torch is missing.
    """
    from auxon.policies.training.config import ExpeditionsEntry, ParityEntry, check, load
    from auxon.sim.errors import UsageError

    entry = check(dict(config)) if isinstance(config, Mapping) else load(config)
    try:
        from auxon.policies.training import expeditions, parity
        from auxon.policies.training.train import Training
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UsageError(
            "torch is not installed; training needs it; install auxon[learn]"
        ) from None
    folder = Path(out) if out is not None else Path("runs") / f"train-{entry.name}"
    if isinstance(entry, ParityEntry):
        parity.run(entry, folder, say)
        return None
    if isinstance(entry, ExpeditionsEntry):
        expeditions.run(entry, folder, say)
        return None
    return Training(entry, folder, say).run()


@app.command("train")
def _train(
    config: Annotated[Path, typer.Argument(help="Training file (TOML).")],
    out: Annotated[Path | None, typer.Option(help="Folder. [default: runs/train-NAME]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train a learned policy; a training that was stopped goes on where it was."""
    with sentences():
        from auxon.policies.training.config import TrainingEntry, load

        entry = load(config)
        name = entry.name
        folder = out or Path("runs") / f"train-{name}"
        start = time.monotonic()
        weights = train(config, folder, lambda text: typer.echo(text, err=True))
        if not isinstance(entry, TrainingEntry) or weights is None:
            typer.echo(f"see {folder / name}.png")
            return
        said = {
            "weights": str(folder / f"{name}.safetensors"),
            "cell": weights.cell,
            "parameters": weights.parameters,
            "doublings": weights.score,
            "seconds": round(time.monotonic() - start, 1),
        }
        if as_json:
            typer.echo(json.dumps(said))
            return
        typer.echo(
            f"{said['parameters']:,} weights of {said['cell']} in {said['weights']}, after "
            f"{said['seconds']:,} s; curves: {folder / 'curves.png'}"
        )
        typer.echo(f"To run them: auxon run SCENARIO --policy {said['weights']}")
