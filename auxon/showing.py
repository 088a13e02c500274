"""The command that opens the dashboard."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from .sentences import sentences

app = typer.Typer()


@app.command()
def dashboard(
    runs: Annotated[
        Path, typer.Argument(metavar="[RUNS_DIR]", help="Folder of runs.", show_default="runs")
    ] = Path("runs"),
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8501,
) -> None:
    """Open the dashboard in a web browser: look into societies, living and past."""
    with sentences():
        from auxon.sim.errors import UsageError

        if importlib.util.find_spec("streamlit") is None:
            raise UsageError(
                "the dashboard needs streamlit, which is not installed; expected the extra "
                "dashboard; pip install 'auxon[dashboard]'"
            )
        if runs.exists() and not runs.is_dir():
            raise UsageError(f"{runs} is a file; expected a folder of runs; name another")
        from auxon.dashboard.server import LOOPBACK, serve

        if host not in LOOPBACK:
            typer.echo(
                f"{host}: whoever reaches this address sees these runs and can start societies; "
                "there is no password.",
                err=True,
            )
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        typer.echo(f"Auxon shows {runs} at http://{shown}:{port}; Ctrl+C ends it.")
        serve(runs, host, port)
