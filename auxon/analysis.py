"""The commands that analyse a scenario before any run: `closure`, `bound` and `seed`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .sentences import sentences

app = typer.Typer()

Named = Annotated[str, typer.Argument(help="Name of a shipped scenario, or a TOML file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Out = Annotated[
    Path | None, typer.Option(help="Folder for files and pictures. [default: runs/NAME-COMMAND]")
]


def _folder(out: Path | None, scenario: str, command: str) -> Path:
    return out or Path("runs") / f"{Path(scenario).stem}-{command}"


@app.command()
def closure(scenario: Named, as_json: Json = False, out: Out = None) -> None:
    """Say what a copy of the seed's fleet takes, what cannot be made here, and why."""
    with sentences():
        from rich.console import Console

        from auxon.sim.closure import closure as analyse
        from auxon.sim.sankey import draw_sankey
        from auxon.sim.scenario import load

        from .analysis_report import closure_table

        loaded = load(scenario)
        found = analyse(loaded)
        if as_json:
            typer.echo(json.dumps(found.to_dict()))
        else:
            Console(highlight=False).print(closure_table(found))
        if found.flows and (out or not as_json):
            path = _folder(out, scenario, "closure") / "closure.png"
            title = f"A kilogram of robots from rock: {loaded.title}"
            draw_sankey(found.flows, found.energy_kWh, path, title)
            typer.echo(f"picture: {path}", err=as_json)


@app.command()
def bound(scenario: Named, as_json: Json = False) -> None:
    """Say how fast a colony can grow at best, with which fleet, and what holds it."""
    with sentences():
        from rich.console import Console

        from auxon.sim.bound import bound as analyse
        from auxon.sim.scenario import load

        from .bound_report import bound_table

        found = analyse(load(scenario))
        if as_json:
            typer.echo(json.dumps(found.to_dict()))
        else:
            Console(highlight=False).print(bound_table(found))


@app.command()
def seed(
    scenario: Named,
    policy: Annotated[
        str | None, typer.Option(help="Who regrows it. [default: the scenario's]")
    ] = None,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Find the lightest seed, one that regrows in simulation, and how fast heavier ones double."""
    with sentences():
        from auxon.sim.scenario import load

        from .runs import check_policy
        from .seed_analysis import analyse
        from .seed_report import seed_table

        loaded = load(scenario)
        if policy:
            loaded = loaded.replace({"policy": policy})
        check_policy(loaded)
        found = analyse(loaded, progress=lambda text: typer.echo(f"{text} ...", err=True))
        if as_json:
            typer.echo(json.dumps(found.to_dict()))
        else:
            seed_table(loaded, found)
        if out or not as_json:
            for path in found.write(_folder(out, scenario, "seed")):
                typer.echo(f"written: {path}", err=as_json)
