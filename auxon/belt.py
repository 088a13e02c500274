"""The commands about bodies: `belt show`, `belt import` and `belt make`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .sentences import sentences

if TYPE_CHECKING:
    from auxon.sim.belt import Belt

app = typer.Typer(no_args_is_help=True, help="Belts: show bodies, import catalogues, make belts.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_TOLD = 10
"""Findings printed; all of them are in the file beside the belt."""


@app.command()
def show(
    what: Annotated[
        str, typer.Argument(metavar="BELT|BODY", help="A belt's Parquet file, 'named', or a body.")
    ] = "named",
    body: Annotated[str | None, typer.Argument(help="A body of that belt.")] = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="PNG file to draw a picture to.")] = None,
) -> None:
    """Show a belt, or all there is to know of a body."""
    with sentences():
        from rich.console import Console

        from .belt_report import belt_table, body_table, facts

        belt, name = _belt_and_body(what, body)
        row = None if name is None else belt.find(name)
        if as_json and row is not None:
            typer.echo(json.dumps(facts(belt, row)))
        elif as_json:
            typer.echo(json.dumps({"bodies": [facts(belt, k) for k in range(len(belt))]}))
        else:
            table = belt_table(belt) if row is None else body_table(belt, row)
            Console(highlight=False).print(table)
        if out:
            from auxon.sim.belt_pictures import draw_belt

            title = f"{len(belt):,} bodies" if row is None else f"{belt.name[row]} in the belt"
            draw_belt(belt, out, title, float(belt.epoch_jd_tdb.max()), row)
            typer.echo(f"picture: {out}", err=as_json)


def _belt_and_body(what: str, body: str | None) -> "tuple[Belt, str | None]":
    """Tell a belt's file, the named belt and a body of it apart."""
    from auxon.sim.belt import Belt

    if what.endswith(".parquet") or Path(what).is_file():
        return Belt.read(Path(what)), body
    return (Belt.named(), body) if what == "named" else (Belt.named(), what)


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="JPL Small-Body Database query (CSV, JSON), MPCORB.DAT, either also as .gz, or "
            "ssoBFT (Parquet)."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Parquet file. [default: NAME.belt.parquet here]")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Bodies at most, the first of the file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Turn a catalogue into a belt; say of every line that cannot be used why."""
    with sentences():
        from auxon.sim.catalogue import load, sentence

        found = load(file, limit, lambda bodies: typer.echo(f"{bodies:,} bodies ...", err=True))
        path = out or Path(f"{file.name.partition('.')[0]}.belt.parquet")
        found.belt.write(path)
        beside = path.with_name(path.name + ".findings.txt")
        beside.unlink(missing_ok=True)
        if found.findings:
            found.write_findings(beside)
        unused = sum(not finding.left_out for finding in found.findings)
        if as_json:
            summary = {
                "kind": found.kind,
                "bodies": len(found.belt),
                "left_out": found.left_out,
                "values_not_used": unused,
                "findings": [finding._asdict() for finding in found.findings],
                "belt": str(path),
            }
            typer.echo(json.dumps(summary))
            return
        typer.echo(
            f"{file}: {found.kind}, {len(found.belt):,} bodies; {found.left_out:,} lines left out, "
            f"{unused:,} values not used"
        )
        for finding in found.findings[:_TOLD]:
            typer.echo(f"  {sentence(finding)}")
        if len(found.findings) > _TOLD:
            typer.echo(f"  ... and {len(found.findings) - _TOLD:,} more")
        if found.findings:
            typer.echo(f"all findings: {beside}")
        typer.echo(f"belt: {path}")


@app.command()
def make(
    n: Annotated[int, typer.Option(min=1, help="Bodies: so many of the largest.")] = 1_000_000,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Parquet file. [default: belt-N-SEED]")] = None,
) -> None:
    """Make up a belt with the statistics of the real one."""
    with sentences():
        from auxon.sim.synthetic_belt import synthetic

        belt = synthetic(n, seed)
        path = out or Path(f"belt-{n}-{seed}.parquet")
        belt.write(path)
        smallest = float(belt.diameter_km[-1])
        typer.echo(f"{n:,} bodies down to {smallest:.3g} km, {belt.mass_kg.sum():.3e} kg")
        typer.echo(f"belt: {path}")
