"""What falls when something is missing, and the shortest way to what is missing in the end.

The greatest fixed point: everything counts as possible until all its makers, or one of its needs,
are lost. Loops (steel for the mill that grinds the rock that steel comes from) stand that way.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .industry import Industry, Process, Species

Node = tuple[str, str]
"""("material" | "process" | "species", name)."""
Path = tuple[Node, ...]
"""From what is lost to its root: what nothing makes, or a species there is not."""


class Web(NamedTuple):
    """Who makes what, and who needs what."""

    makers: Mapping[Node, list[Node]]
    """Material -> processes; it is lost with the last of them."""
    needs: Mapping[Node, list[Node]]
    """Process or species -> species and materials; it is lost with the first of them."""


def makes_new(industry: Industry, process: Process) -> bool:
    """Tell whether a process makes things anew: what it takes apart was made elsewhere."""
    return not any(industry.materials[name].worn_from for name in process.inputs)


def web(industry: Industry, given: Iterable[str], parts: Callable[[Species], Iterable[str]]) -> Web:
    """Return the web of an industry.

    Parameters
    ----------
    given : iterable of str
        Materials that need no maker.
    parts : callable
        Species -> names of the materials without which it is lost.
    """
    makers: dict[Node, list[Node]] = {
        ("material", name): [] for name in industry.materials if name not in set(given)
    }
    needs: dict[Node, list[Node]] = {}
    for process in industry.processes.values():
        if not makes_new(industry, process):
            continue
        node = ("process", process.name)
        needs[node] = [("species", process.machine), *(("material", n) for n in process.inputs)]
        for product in process.outputs:
            makers.get(("material", product), []).append(node)
    for species in industry.species.values():
        needs["species", species.name] = [("material", n) for n in parts(species)]
    return Web(makers, needs)


def absent(industry: Industry) -> dict[Node, Path]:
    """Return the machines that no species is, as what is lost from the beginning."""
    machines = {process.machine for process in industry.processes.values()}
    nodes = (("species", name) for name in sorted(machines - set(industry.species)))
    return {node: (node,) for node in nodes}


def fall(web: Web, lost: Mapping[Node, Path]) -> dict[Node, Path]:
    """Return all that is lost in the end, with the shortest paths.

    Parameters
    ----------
    lost : Mapping[Node, Path]
        What is lost from the beginning.
    """
    all_lost = dict(lost)
    while new := _newly_lost(web, all_lost):
        all_lost |= new
    return all_lost


def _newly_lost(web: Web, lost: Mapping[Node, Path]) -> dict[Node, Path]:
    """Find what falls in one round; the shortest paths come in the first rounds."""
    new: dict[Node, Path] = {}
    for node, ways in web.makers.items():
        if node not in lost and all(way in lost for way in ways):
            new[node] = (node, *min((lost[way] for way in ways), key=_length, default=()))
    for node, wanted in web.needs.items():
        if node not in lost and (missing := [lost[n] for n in wanted if n in lost]):
            new[node] = (node, *min(missing, key=_length))
    return new


def _length(path: Path) -> tuple[int, int]:
    """Return what to compare paths by: steps first, then letters to read."""
    return len(path), sum(len(name) for _, name in path)
