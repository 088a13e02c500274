"""Environments of reinforcement learning: colonies that somebody else decides for.

`ColonyEnv` steps many colonies at once and speaks arrays; `ParallelColony` is one colony for
PettingZoo, `ColonyManager` one for Gymnasium, there as ``auxon/ColonyManager-v0`` once this package
is imported. The last two need the extra ``learn``. Names are imported when they are first used.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .colony import ColonyEnv as ColonyEnv
    from .colony import Gone as Gone
    from .colony import Turn as Turn
    from .manager import ColonyManager as ColonyManager
    from .parallel import ParallelColony as ParallelColony

MANAGER = "auxon/ColonyManager-v0"
"""Its name in Gymnasium."""
_HOME = {
    "ColonyEnv": "colony",
    "ColonyManager": "manager",
    "Gone": "colony",
    "ParallelColony": "parallel",
    "Turn": "colony",
}

__all__ = ["MANAGER", *_HOME]


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module 'auxon.policies.environments' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


if find_spec("gymnasium"):
    from gymnasium.envs.registration import register, registry

    if MANAGER not in registry:
        register(MANAGER, entry_point="auxon.policies.environments.manager:ColonyManager")
