"""What chooses the tasks: ``act(observation, memory) -> (action, memory)``.

Shipped policies are found by name; so are those a user's package declares as entry points of the
group ``auxon.policies`` (name -> class without required arguments).
"""

import difflib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auxon.sim.errors import UsageError

if TYPE_CHECKING:
    from auxon.sim.observation import Action, Observation, Policy

    from .quota import Scripted

__all__ = ["Action", "Observation", "Policy", "make", "names"]

_SHIPPED = {
    "greedy": ("greedy", "Greedy"),
    "kanban": ("kanban", "Kanban"),
    "market": ("market", "Market"),
    "planner": ("planner", "Planner"),
    "random": ("random", "Random"),
    "tuned": ("tuned", "Tuned"),
}
GROUP = "auxon.policies"
LEARNED = ("lstm", "slstm", "fwp", "mlp")
"""Weights that are shipped; `lstm` is the one to use, `mlp` remembers nothing, and is there to be
compared with."""
SUFFIX = ".safetensors"


def __getattr__(name: str) -> Any:
    # with what is observed comes pydantic, which who only wants a network on a GPU need not have
    if name in ("Action", "Observation", "Policy"):
        return getattr(import_module("auxon.sim.observation"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def names() -> list[str]:
    """Return the names of all policies there are, shipped ones first."""
    shipped = [*_SHIPPED, *LEARNED]
    return shipped + sorted(e.name for e in entry_points(group=GROUP) if e.name not in shipped)


def make(name: str) -> "Policy":
    """Return a new policy.

    Parameters
    ----------
    name : str
        A shipped name, an entry point of the group ``auxon.policies``, a file of weights
        (``.safetensors``), or one of numbers for the market (``.toml``, see `auxon.policies.rule`).

    Raises
    ------
    UsageError
        No policy has that name.
    """
    if name.endswith(SUFFIX):
        return _learned(Path(name))
    if name in LEARNED:
        return _learned(Path(__file__).parent / "shipped" / (name + SUFFIX))
    if name.endswith(".toml"):
        from .tuned import Tuned

        return Tuned(Path(name))
    if name in _SHIPPED:
        module, kind = _SHIPPED[name]
        made: Policy = getattr(import_module(f"auxon.policies.{module}"), kind)()
        return made
    for entry in entry_points(group=GROUP, name=name):
        found: Policy = entry.load()()
        return found
    near = difflib.get_close_matches(name, names(), 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(names())}."
    raise UsageError(f"policy '{name}' is not known; {hint}")


def script(name: str) -> "Scripted":
    """Return a new scripted policy, such as votes can sway."""
    from .quota import Scripted

    made = make(name)
    if not isinstance(made, Scripted):
        raise UsageError(f"policy '{name}' is no script; expected market or its like as a base.")
    return made


def _learned(path: Path) -> "Policy":
    from . import foresight, weights

    if weights.read(path)[0].get("format") == foresight.FORMAT:
        from .voyager import Voyager

        seen = foresight.load(path)
        return Voyager(seen, script(seen.base))
    from .learned import Learned

    known = weights.load(path)
    return Learned(known, script(known.base))
