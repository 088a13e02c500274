"""Columns: what a robot's row says under a name, for one robot and for many."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import numpy as np
from numpy.typing import NDArray

from auxon.sim.errors import UsageError
from auxon.sim.toml_errors import nearest
from auxon.sim.world import World

from .intervene import assign

if TYPE_CHECKING:
    from .robot import Robot

T = TypeVar("T")

Read = Callable[[World, Any], Any]
"""(world, rows) -> numbers or codes; an array for an array of rows, a numpy scalar for one row."""


class Column(Generic[T]):
    """An attribute of robots that lies in the world's arrays. Read only.

    Parameters
    ----------
    read : Read
    names : callable, optional
        What the codes that `read` gives stand for; code -1 stands for None.
    optional : bool
        A number below zero stands for None.
    """

    def __init__(
        self,
        read: Read,
        names: Callable[[World], Sequence[str]] | None = None,
        optional: bool = False,
    ) -> None:
        self.read, self.names, self.optional = read, names, optional
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn its name."""
        self.name = name

    @overload
    def __get__(self, robot: None, owner: type) -> "Column[T]": ...
    @overload
    def __get__(self, robot: "Robot", owner: type) -> T: ...
    def __get__(self, robot: "Robot | None", owner: type) -> "T | Column[T]":
        """Return what the robot's row says."""
        return self if robot is None else self.value(robot.model.world, robot.row)

    def __set__(self, robot: "Robot", value: Any) -> None:
        """Refuse."""
        raise UsageError(self.refusal())

    def refusal(self) -> str:
        """Say why it cannot be set."""
        return f"'{self.name}' of a robot cannot be set, the world's rules move it; 'task' can"

    def value(self, world: World, row: int) -> T:
        """Return what one row says, as a Python value."""
        raw = self.read(world, row).item()
        if (self.names or self.optional) and raw < 0:
            return cast(T, None)
        return cast(T, self.names(world)[raw] if self.names else raw)

    def values(self, world: World, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return what each row says: numbers, or objects where a name or None is possible."""
        raw = self.read(world, rows)
        if self.names:
            return np.array([*self.names(world), None], object)[raw]  # code -1 is the last
        if self.optional:
            objects = raw.astype(object)
            objects[raw < 0] = None
            return cast(NDArray[Any], objects)
        return cast(NDArray[Any], raw)

    def ranks(self, world: World, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return numbers that sort as the values do, None first."""
        raw = self.read(world, rows)
        if self.names is None:
            return raw.astype(np.int8) if raw.dtype == bool else cast(NDArray[Any], raw)
        names = self.names(world)
        rank = np.empty(len(names) + 1, np.int64)
        rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        rank[-1] = -1
        return cast(NDArray[Any], rank[raw])

    def matches(self, world: World, rows: NDArray[np.int64], wanted: Any) -> NDArray[np.bool_]:
        """Return for each row whether its value is `wanted`.

        Parameters
        ----------
        wanted : value, collection of values, or callable
            A callable is given all values as an array and returns an array of bool.

        Raises
        ------
        UsageError
            A value that the column never has, or a callable that returns no such array.
        """
        if callable(wanted):
            mask = np.asarray(wanted(self.values(world, rows)))
            if mask.dtype != bool or mask.shape != rows.shape:
                raise UsageError(
                    f"select({self.name}=...): the function returned {mask.dtype} of shape "
                    f"{mask.shape}; expected bool of shape {rows.shape}, one for each value it got"
                )
            return mask
        raw = self.read(world, rows)
        if isinstance(wanted, (list, tuple, set, frozenset, np.ndarray)):
            return np.isin(raw, [self._code(world, w) for w in wanted])
        return cast(NDArray[np.bool_], raw == self._code(world, wanted))

    def _code(self, world: World, value: Any) -> Any:
        if value is None and (self.names or self.optional):
            return -1
        if self.names is None:
            if not isinstance(value, (int, float, np.number, np.bool_)):
                raise UsageError(
                    f"select({self.name}={value!r}): expected a number or a function of an array"
                )
            return value
        names = list(self.names(world))
        if value not in names:
            raise UsageError(f"no {self.name} {value!r}; {nearest(str(value), names)}")
        return names.index(value)


class TaskColumn(Column[str | None]):
    """The task: the one column a user may set."""

    def __set__(self, robot: "Robot", value: Any) -> None:
        """Put the robot on a task; see `auxon.agents.intervene.assign`."""
        assign(robot.model.world, np.array([robot.row]), value)
