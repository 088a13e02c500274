"""The commands that compare policies and tune them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .sentences import sentences

app = typer.Typer()


@app.command()
def evaluate(
    policies: Annotated[
        str, typer.Option(help="Names or files of policies, with commas between them.")
    ] = "random,greedy,kanban,market,planner",
    scenarios: Annotated[
        str, typer.Option(help="full, partial, or names, with commas between them.")
    ] = "full",
    seeds: Annotated[int, typer.Option(help="Colonies a policy and scenario.")] = 20,
    first_seed: Annotated[int, typer.Option(help="Of the worlds they are in.")] = 1001,
    years: Annotated[float | None, typer.Option(help="Horizon. [default: the scenario's]")] = None,
    baseline: Annotated[str, typer.Option(help="Whom others are compared with.")] = "market",
    jobs: Annotated[int, typer.Option(help="Processes; the result is the same.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder for tables and a picture.")] = Path(
        "runs/evaluation"
    ),
    resume: Annotated[
        bool, typer.Option("--resume", help="Take what an earlier call has done from the folder.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare policies, colony by colony, on the same luck."""
    with sentences():
        from rich.console import Console

        from .evaluation import run_evaluation
        from .evaluation_report import evaluation_table

        found = run_evaluation(
            _listed(policies), _listed(scenarios), seeds=seeds, first_seed=first_seed, years=years,
            baseline=baseline, out=out, processes=jobs, resume=resume,
            progress=lambda text: typer.echo(text, err=True),
        )  # fmt: skip
        if as_json:
            rows = found.summary.astype(object).where(found.summary.notna(), None)
            failures = [str(f) for f in found.failures]
            text = {"baseline": baseline, "summary": rows.to_dict("records"), "failures": failures}
            typer.echo(json.dumps(text))
        else:
            Console(highlight=False).print(evaluation_table(found))
        typer.echo(f"written: {out}", err=as_json)
        if found.failures:
            raise typer.Exit(1)


def _listed(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]
