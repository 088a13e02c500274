"""How the command line tells of errors: as sentences, with an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def sentences() -> Iterator[None]:
    """Turn errors made on purpose into sentences and exit code 2; 1 for a defect of the rules."""
    from auxon.sim.errors import AuxonError, ConservationError

    try:
        yield
    except AuxonError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1 if isinstance(error, ConservationError) else 2) from None
