"""Societies of robots that mine, refine, build, repair and copy themselves in the asteroid belt.

>>> import auxon
>>> auxon.load("tiny").title
'A toy colony that runs in seconds'

Every name below is imported when it is first used, so that ``import auxon`` takes milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from auxon.agents import Robot as Robot
    from auxon.agents import RobotSet as RobotSet
    from auxon.agents import Society as Society
    from auxon.sim import growth as growth
    from auxon.sim.errors import AuxonError as AuxonError
    from auxon.sim.errors import ConservationError as ConservationError
    from auxon.sim.errors import ResumeError as ResumeError
    from auxon.sim.errors import ScenarioError as ScenarioError
    from auxon.sim.errors import UsageError as UsageError
    from auxon.sim.scenario import Scenario as Scenario
    from auxon.sim.scenario import load as load
    from auxon.sim.scenario import shipped as shipped
    from auxon.sim.world import World as World

    from .biography import Life as Life
    from .biography import life as life
    from .evaluation import evaluate as evaluate
    from .runs import Interrupted as Interrupted
    from .runs import Result as Result
    from .runs import run as run
    from .training import train as train

_HOME = {
    "Interrupted": "auxon.runs",
    "Result": "auxon.runs",
    "run": "auxon.runs",
    "train": "auxon.training",
    "Robot": "auxon.agents",
    "RobotSet": "auxon.agents",
    "Society": "auxon.agents",
    "AuxonError": "auxon.sim.errors",
    "ConservationError": "auxon.sim.errors",
    "ResumeError": "auxon.sim.errors",
    "ScenarioError": "auxon.sim.errors",
    "UsageError": "auxon.sim.errors",
    "growth": "auxon.sim.growth",
    "Scenario": "auxon.sim.scenario",
    "load": "auxon.sim.scenario",
    "shipped": "auxon.sim.scenario",
    "World": "auxon.sim.world",
    "evaluate": "auxon.evaluation",
    "Life": "auxon.biography",
    "life": "auxon.biography",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """Import a public name from its home, or the home itself if that is its name."""
    if name not in _HOME:
        raise AttributeError(f"module 'auxon' has no attribute {name!r}")
    home = import_module(_HOME[name])
    value = home if _HOME[name].endswith(f".{name}") else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
