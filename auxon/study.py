"""The commands that compare policies and tune them."""

import json
import shlex
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


@app.command()
def tune(
    file: Annotated[Path, typer.Argument(help="TOML: grounds, numbers, and how long to search.")],
    jobs: Annotated[int, typer.Option(help="Processes; the result is the same.")] = 2,
    generations: Annotated[int | None, typer.Option(help="[default: the file's]")] = None,
    out: Annotated[Path, typer.Option(help="Folder for what is found, and its history.")] = Path(
        "runs/tuning"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a killed search.")] = False,
) -> None:
    """Search for better numbers of the market; see docs/learning.md."""
    with sentences():
        from auxon.sim.errors import UsageError

        from .tuning import tune as search
        from .tuning_file import load_tuning

        told = load_tuning(file)
        if generations is not None:
            if not 1 <= generations < 1000:
                raise UsageError(f"generations is {generations}; expected 1 to 999")
            told = told.model_copy(update={"generations": generations})
        try:
            found = search(
                told, out, processes=jobs, resume=resume,
                progress=lambda text: typer.echo(text, err=True),
            )  # fmt: skip
        except KeyboardInterrupt:
            words = ["auxon", "tune", str(file), "--out", str(out), "--resume"]
            typer.echo(f"Whole generations are kept. To go on: {shlex.join(words)}", err=True)
            raise typer.Exit(130) from None
        mean, low, high = found.more
        typer.echo(
            f"{found.colony_years:,.0f} colony-years. In colonies that no candidate saw: "
            f"{mean:+.2f} doublings beside the usual market ({low:+.2f} to {high:+.2f})."
        )
        typer.echo(f"written: {out / 'tuned.toml'}; to compare it: auxon evaluate --policies ...")


def _listed(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]
