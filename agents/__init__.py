"""Mesa: the society as a model, robots as agents."""

from .robot import GoneError, Robot, kind
from .robot_set import RobotSet
from .society import Society

__all__ = ["GoneError", "Robot", "RobotSet", "Society", "kind"]
