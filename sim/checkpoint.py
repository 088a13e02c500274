"""Checkpoints: the state of a world in one npz file without pickle.

From it a world steps on to the same digest. What a step finds anew (`Flows`) is not kept: crews are
counted from the rows.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ResumeError, UsageError
from .files import whole
from .state import Books, Robots, Segments, Sites, lay_out, live_rows
from .world import World

FORMAT = 3
"""Raised whenever the arrays of the state change their meaning."""

Arrays = Mapping[str, NDArray[Any]]


def save(world: World, path: Path, extra: Arrays | None = None) -> None:
    """Write a checkpoint.

    Parameters
    ----------
    world : World
        Between two steps.
    path : Path
        Ends in ``.npz``. The file appears whole or not at all.
    extra : mapping of str to array, optional
        What a listener needs to go on, given back by `restore`.
    """
    rows = live_rows(world.segments)
    arrays: dict[str, NDArray[Any]] = {"about": np.array(json.dumps(_about(world)))}
    arrays |= {f"books.{name}": a for name, a in world.books._asdict().items()}
    arrays |= {f"sites.{name}": a for name, a in world.sites._asdict().items()}
    arrays |= {f"robots.{name}": a[rows] for name, a in world.robots._asdict().items()}
    arrays |= {"count": world.segments.count, "memory": world.memory[rows]}
    arrays |= {f"extra.{name}": a for name, a in (extra or {}).items()}
    with whole(path) as draft, draft.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def restore(world: World, path: Path) -> dict[str, NDArray[Any]]:
    """Put a world into the state of a checkpoint.

    Parameters
    ----------
    world : World
        Made from the same scenario, seed and policy.
    path : Path

    Returns
    -------
    dict of str to array
        The `extra` of `save`.

    Raises
    ------
    ResumeError
        The file is damaged or belongs to another run.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays.pop("about")))
        if not isinstance(about, dict):
            raise ValueError("its head is not a table")
    except FileNotFoundError:
        raise ResumeError(f"{path}: no such checkpoint; choose one that is there") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ResumeError(
            f"{path}: damaged ({error}); expected a checkpoint of Auxon; resume from an earlier one"
        ) from None
    _compare(_about(world), about, path)
    _fill(world, about["step"], arrays, path)
    return {n.removeprefix("extra."): a for n, a in arrays.items() if n.startswith("extra.")}


def carry_over(old: World, new: World) -> None:
    """Put a world that is made anew into the state of another one: a branch with other settings.

    Parameters
    ----------
    old, new : World
        Of the same robots, materials and tasks on the same bodies; rules, light, imports, what is
        hidden, and the policy may differ. Where policies remember in other ways, memory is clean.

    Raises
    ------
    UsageError
        The state of one does not fit the other.
    """
    rows = live_rows(old.segments)
    memory = old.memory[rows]
    if type(old.policy) is not type(new.policy) or memory.shape[1] != new.memory.shape[1]:
        memory = np.zeros((len(rows), new.memory.shape[1]), np.float32)
    for what in ("species_names", "material_names", "task_names"):
        ours, theirs = list(getattr(new, what)), list(getattr(old, what))
        if ours != theirs:
            other = next(iter(set(ours) ^ set(theirs)), "their order")
            raise UsageError(
                f"a branch with other {what.split('_')[0]} names ({other}) cannot go on from here; "
                "expected the same industry; start a new run for that"
            )
    for name, a in old.sites._asdict().items():
        if a.shape[1:] != getattr(new.sites, name).shape[1:]:
            raise UsageError(
                f"a branch in which sites.{name} has another shape cannot go on from here; "
                "expected trade or no trade as before; start a new run for that"
            )
    count = old.segments.count.copy()
    packed = Segments(np.cumsum(count) - count, count, count)
    robots = Robots._make(column[rows] for column in old.robots)
    books = Books._make(a.copy() for a in old.books)
    new.adopt(old.step_count, old.sites, books, *lay_out(robots, memory, packed, count))


def _about(world: World) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "scenario": world.scenario.hash,
        "seed": world.seed,
        "policy": type(world.policy).__qualname__,
        "seeds": len(world.places.seeds),
        "step": world.step_count,
    }


def _compare(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: Path) -> None:
    for key, expected in ours.items():
        found = theirs.get(key)
        if key == "step":
            if not isinstance(found, int) or found < 0:
                raise ResumeError(f"{path}: damaged (step {found!r}); resume from an earlier one")
        elif found != expected:
            raise ResumeError(
                f"{path}: {key} is {found!r}, but this run's is {expected!r}; "
                f"continue with the {key} it was made with, or start a new run elsewhere"
            )


def _fill(world: World, step: int, arrays: Arrays, path: Path) -> None:
    """Lay the rows out anew with room to grow; nothing is touched unless everything fits."""
    try:
        there = len(arrays["count"])
        count = _like(arrays, "count", world.segments.count[:0], there)
        rows = int(count.sum())
        sites = {
            n: _like(arrays, f"sites.{n}", a[:0], there) for n, a in world.sites._asdict().items()
        }
        books = {n: _like(arrays, f"books.{n}", a) for n, a in world.books._asdict().items()}
        columns = {
            n: _like(arrays, f"robots.{n}", a[:0], rows) for n, a in world.robots._asdict().items()
        }
        memory = _like(arrays, "memory", world.memory[:0], rows)
    except (KeyError, ValueError) as error:
        raise ResumeError(f"{path}: damaged ({error}); resume from an earlier one") from None
    packed = Segments(np.cumsum(count) - count, count, count)
    laid = lay_out(Robots(**columns), memory, packed, count)
    world.adopt(step, Sites(**sites), Books(**books), *laid)


def _like(arrays: Arrays, name: str, model: NDArray[Any], rows: int | None = None) -> NDArray[Any]:
    """Return an array of the file if its kind and shape are those of the model."""
    found = arrays[name]
    shape = model.shape if rows is None else (rows, *model.shape[1:])
    if found.dtype != model.dtype or found.shape != shape:
        raise ValueError(f"{name} is {found.dtype} {found.shape}, expected {model.dtype} {shape}")
    return found
