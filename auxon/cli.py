"""The command line: each command parses, calls the library and prints.

Heavy imports stand inside the commands, so that ``auxon --help`` answers at once.
"""

import json
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .analysis import app as analysis
from .belt import app as belt
from .sentences import sentences
from .showing import app as showing
from .study import app as study
from .training import app as training
from .transfer import app as transfer

app = typer.Typer(
    help="Societies of robots that mine, build, repair and copy themselves in the asteroid belt.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(analysis)
app.add_typer(study)
app.add_typer(training)
app.add_typer(transfer)
app.add_typer(belt, name="belt")
app.add_typer(showing)


class Backend(StrEnum):
    """What computes."""

    cpu = "cpu"


def _version(asked: bool) -> None:
    if asked:
        from . import __version__

        typer.echo(f"auxon {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    scenario: Annotated[
        str,
        typer.Argument(help="Name of a shipped scenario, a TOML file, or a run's manifest.json."),
    ],
    years: Annotated[float | None, typer.Option(help="Horizon. [default: the scenario's]")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Decides, with the scenario, everything. [default: 1]")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="Who chooses the tasks. [default: the scenario's]")
    ] = None,
    backend: Annotated[Backend, typer.Option(help="What computes.")] = Backend.cpu,
    threads: Annotated[
        int | None, typer.Option(help="The result does not depend on it. [default: all]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder. [default: a new one in runs]")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped run.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one JSON object.")
    ] = False,
) -> None:
    """Run a scenario and say what became of it."""
    with sentences():
        from .report import Follow, report
        from .runs import Interrupted
        from .runs import run as run_scenario

        follow = Follow()
        try:
            with follow:
                result = run_scenario(
                    scenario,
                    years=years,
                    seed=seed,
                    policy=policy,
                    threads=threads,
                    out=out,
                    resume=resume,
                    progress=follow.step,
                )
        except Interrupted as stopped:
            words = ["auxon", "run", scenario, "--out", str(stopped.out), "--resume"]
            typer.echo(f"Interrupted after step {stopped.step:,}; nothing is lost.", err=True)
            typer.echo(f"To go on: {shlex.join(words)}", err=True)
            raise typer.Exit(130) from None
        from auxon.sim.pictures import draw

        try:
            draw(result.out)
        except KeyboardInterrupt:
            typer.echo(f"No pictures; to draw them: auxon plot {result.out}", err=True)
        if as_json:
            typer.echo(json.dumps(result.summary))
        else:
            report(result)


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="TOML files or names of scenarios.")],
) -> None:
    """Check scenarios: syntax, names, conservation, energy, closure."""
    from auxon.sim.errors import ScenarioError
    from auxon.sim.proof import productive
    from auxon.sim.scenario import load

    from .runs import check_policy

    bad = False
    for file in files:
        try:
            scenario = load(file)
            check_policy(scenario)
            imported = set(scenario.imports.materials) if scenario.imports else set()
            failing = productive(scenario.industry, imported)
            if failing:
                text = (
                    f"{file}: {{}}: its bill cannot be produced in steady loops from rock and "
                    "imports; expected every material to be made at least as fast as it is used; "
                    "raise a yield, or import what is used up"
                )
                raise ScenarioError([text.format(name) for name in failing])
        except ScenarioError as error:
            bad = True
            typer.echo(str(error), err=True)
        else:
            i = scenario.industry
            typer.echo(
                f"{file}: OK: {len(i.species)} species, {len(i.processes)} processes, "
                f"{len(i.materials)} materials; elements balance, energies suffice, "
                "every robot can be made"
            )
    if bad:
        raise typer.Exit(2)


@app.command()
def scenarios() -> None:
    """List the shipped scenarios."""
    from auxon.sim.scenario import shipped

    listed = shipped()
    width = max(len(name) for name, _ in listed)
    for name, title in listed:
        typer.echo(f"{name:{width}}  {title}")


@app.command()
def show(
    scenario: Annotated[str, typer.Argument(help="Name of a shipped scenario, or a TOML file.")],
) -> None:
    """Show a scenario: body, seed, species, processes and their sources."""
    with sentences():
        from auxon.sim.scenario import load

        from .report import describe

        describe(load(scenario))


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(metavar="RUNDIR", help="Folder of a run.")],
) -> None:
    """Draw the pictures of a run anew."""
    with sentences():
        from auxon.sim.pictures import draw

        for picture in draw(folder):
            typer.echo(str(picture))


@app.command()
def phases() -> None:
    """Print the phases of a step, in the order they run."""
    from auxon.sim.world import World

    typer.echo(World.plan())
