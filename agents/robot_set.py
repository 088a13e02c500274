"""RobotSet: Mesa's AgentSet over the columns of a world. Objects are made only if asked for."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

import mesa
import numpy as np
from mesa.agent import AgentSet
from numpy.typing import NDArray

from auxon.sim.errors import UsageError
from auxon.sim.toml_errors import nearest

try:
    from mesa.agentset import GroupBy  # type: ignore[import-not-found]  # Mesa 3.4 and later
except ModuleNotFoundError:
    from mesa.agent import GroupBy

from .aggregate import Function, aggregate
from .columns import Column
from .intervene import assign, scrap
from .robot import COLUMNS, Robot

if TYPE_CHECKING:
    from .society import Society

I64 = NDArray[np.int64]

CHUNK = 16_384
"""Handles are made from this many rows at a time."""


class RobotSet(AgentSet):
    """Robots of a society, in order.

    `society.agents` and `society.agents_by_type[...]` follow the world as it changes. The sets that
    `select`, `shuffle`, `sort`, `groupby` and `copy` return hold the ids they found; their dead
    drop out. Where an attribute that is a column (see `Robot`) is named, whole arrays are read.

    Parameters
    ----------
    society : Society
    ids : (n,) int64, optional
        Whose robots; None for all there are at any time.
    species : int, optional
        With no ids: only robots of this species.
    """

    def __init__(
        self, society: "Society", ids: I64 | None = None, species: int | None = None
    ) -> None:
        # not AgentSet.__init__: its weak references would lose handles made on demand at once
        self.society, self.random = society, society.random
        self._ids, self._species = ids, species
        self._seen: tuple[bytes, I64] | None = None

    # ------------------------------------------------------------------ who is in it

    @property
    def rows(self) -> I64:
        """(n,) rows of the members in `society.world.robots`, until robots are born or die."""
        index = self.society.index
        version = index.version
        if self._ids is None and self._species is None:
            return index.rows()
        if self._seen is None or self._seen[0] != version:
            if self._ids is None:
                rows = index.rows()
                rows = rows[self.society.world.robots.species[rows] == self._species]
            else:
                rows = index.rows_of(self._ids)
                rows = rows[rows >= 0]
            self._seen = version, rows
        return self._seen[1]

    @property
    def ids(self) -> I64:
        """(n,) ids of the members."""
        return self.society.world.robots.id[self.rows]

    def values(self, column: str) -> NDArray[Any]:
        """Return a column of the members as an array.

        Parameters
        ----------
        column : str
            An attribute of `Robot` that is a column.
        """
        return self._column(column).values(self.society.world, self.rows)

    @staticmethod
    def _column(name: str) -> Column[Any]:
        if name not in COLUMNS:
            raise UsageError(f"robots have no column '{name}'; {nearest(name, list(COLUMNS))}")
        return COLUMNS[name]

    def _handles(self, rows: I64) -> Iterator[Robot]:
        society = self.society
        robots, kinds = society.world.robots, society.agent_types
        ids, species = robots.id[rows], robots.species[rows]
        for start in range(0, len(rows), CHUNK):
            part = slice(start, start + CHUNK)
            yield from (
                kinds[k](society, robot, row)
                for robot, k, row in zip(
                    ids[part].tolist(), species[part].tolist(), rows[part].tolist(), strict=True
                )
            )

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Robot]:
        """Make a handle on each who is a member now."""
        return self._handles(self.rows)

    def __contains__(self, robot: object) -> bool:
        """Whether a robot is alive and a member."""
        if not isinstance(robot, Robot) or robot.model is not self.society or not robot.alive:
            return False
        if self._ids is not None:
            return bool((self._ids == robot.unique_id).any())
        return self._species is None or isinstance(robot, self.society.agent_types[self._species])

    @overload  # type: ignore[override]
    def __getitem__(self, item: int) -> Robot: ...
    @overload
    def __getitem__(self, item: slice) -> list[Robot]: ...
    def __getitem__(self, item: int | slice) -> Robot | list[Robot]:
        """Make a handle on the robot at a place in the order, or a list of them."""
        if isinstance(item, slice):
            return list(self._handles(self.rows[item]))
        return next(self._handles(np.array([self.rows[item]])))

    def to_list(self) -> list[Robot]:
        """Return a handle on each."""
        return list(self)

    # ------------------------------------------------------------------ other sets

    def _of(self, ids: Iterable[int] | I64, inplace: bool = False) -> "RobotSet":
        ids = np.fromiter(ids, np.int64)
        if not inplace:
            return RobotSet(self.society, ids)
        self._fixed()
        self._ids, self._seen = ids, None
        return self

    def _fixed(self) -> I64:
        if self._ids is None:
            raise UsageError(
                "a set that follows the world cannot be changed; change a copy: "
                "society.agents.copy(). To take a robot out of the world, robot.remove()"
            )
        return self._ids

    def _from_iterable(self, robots: Iterable[Any]) -> "RobotSet":  # type: ignore[override]
        """Make what the operators ``| & - ^`` return."""
        return self._of(dict.fromkeys(robot.unique_id for robot in robots))

    def copy(self) -> "RobotSet":
        """Return a set of those who are members now."""
        return RobotSet(self.society, self.ids)

    __copy__ = copy

    def select(
        self,
        filter_func: Callable[[Robot], bool] | None = None,
        at_most: float = math.inf,
        inplace: bool = False,
        agent_type: type[Any] | None = None,
        **columns: Any,
    ) -> "RobotSet":
        """Return the robots that meet every condition, in order.

        Parameters
        ----------
        filter_func : callable, optional
            Robot -> bool; makes a handle on each robot left by the other conditions.
        at_most : int or float
            How many; a float up to 1.0 is a share of this set.
        inplace : bool
            Change this set, which must be one that holds ids.
        agent_type : type, optional
            A species' class, from `society.agent_types` or `kind`.
        **columns : value, collection of values, or callable
            By column: ``species="printer"``, ``task=None``, ``wear=lambda wear: wear > 0.8``; a
            callable is given the candidates' values as an array and returns an array of bool.

        Raises
        ------
        UsageError
            A column or value that does not exist.
        """
        world, rows = self.society.world, self.rows
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(len(rows) * at_most)
        if agent_type is not None:
            kinds = [issubclass(kind, agent_type) for kind in self.society.agent_types]
            rows = rows[np.array(kinds)[world.robots.species[rows]]]
        for name, wanted in columns.items():
            rows = rows[self._column(name).matches(world, rows, wanted)]
        stop = None if at_most == math.inf else max(0, math.ceil(at_most))
        if filter_func is None:
            return self._of(world.robots.id[rows[:stop]], inplace)
        chosen = (robot.unique_id for robot in self._handles(rows) if filter_func(robot))
        return self._of(islice(chosen, stop), inplace)

    def shuffle(self, inplace: bool = False) -> "RobotSet":
        """Return the robots in an order drawn from the society's `random`."""
        draw = np.random.default_rng(self.random.getrandbits(64))
        return self._of(draw.permutation(self.ids), inplace)

    def sort(
        self, key: Callable[[Robot], Any] | str, ascending: bool = False, inplace: bool = False
    ) -> "RobotSet":
        """Return the robots by falling key, or rising; equals keep their order, None is least.

        Parameters
        ----------
        key : str or callable
            An attribute, or Robot -> anything that has an order.
        """
        if isinstance(key, str) and key in COLUMNS:
            ranks = COLUMNS[key].ranks(self.society.world, self.rows)
            order = np.argsort(ranks if ascending else -ranks, kind="stable")
            return self._of(self.ids[order], inplace)
        keys = self.get(key) if isinstance(key, str) else [key(robot) for robot in self]
        ranked = sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending)
        return self._of(self.ids[ranked], inplace)

    def groupby(self, by: Callable[[Robot], Any] | str, result_type: str = "agentset") -> "Groups":
        """Return sets of the robots that agree in an attribute, in order of first appearance.

        Parameters
        ----------
        by : str or callable
            An attribute, or Robot -> anything hashable.
        result_type : {"agentset", "list"}
        """
        world, rows, ids = self.society.world, self.rows, self.ids
        if isinstance(by, str) and by in COLUMNS:
            column = COLUMNS[by]
            _, first, group = np.unique(
                column.read(world, rows), return_index=True, return_inverse=True
            )
            labels = [column.value(world, int(rows[i])) for i in first]
        else:
            keys = self.get(by) if isinstance(by, str) else [by(robot) for robot in self]
            number: dict[Any, int] = {}
            group = np.array([number.setdefault(k, len(number)) for k in keys], np.int64)
            labels = list(number)
            first = np.arange(len(labels))  # they stand in order already
        ends = np.cumsum(np.bincount(group, minlength=len(labels)))
        parts = np.split(ids[np.argsort(group, kind="stable")], ends[:-1])
        sets = {labels[g]: RobotSet(self.society, parts[g]) for g in np.argsort(first)}
        as_list = result_type == "list"
        return Groups({k: robots.to_list() for k, robots in sets.items()} if as_list else sets)

    # ------------------------------------------------------------------ what they say and do

    def get(
        self, attr_names: Any, handle_missing: str = "error", default_value: Any = None
    ) -> list[Any]:
        """Return an attribute of each robot, or a list of several.

        Parameters
        ----------
        attr_names : str or list of str
        handle_missing : {"error", "default"}
            What to do where a robot has no such attribute.
        default_value
            What stands in for it then.
        """
        if handle_missing not in ("error", "default"):
            raise UsageError(f"handle_missing={handle_missing!r}; expected 'error' or 'default'")
        if not isinstance(attr_names, str):
            each = [self.get(name, handle_missing, default_value) for name in attr_names]
            return [list(row) for row in zip(*each, strict=True)]
        if attr_names in COLUMNS:
            return list(self.values(attr_names).tolist())
        if handle_missing == "error":
            return [getattr(robot, attr_names) for robot in self]
        return [getattr(robot, attr_names, default_value) for robot in self]

    def agg(self, attribute: str, func: Any) -> Any:
        """Return a function, or several, of all values of an attribute.

        Parameters
        ----------
        attribute : str
        func : str, callable, or iterable of these
            max, mean, median, min, std or sum by name; a callable is given an array if the
            attribute is a column, else a list.
        """
        values = self.values(attribute) if attribute in COLUMNS else self.get(attribute)
        if isinstance(func, str) or callable(func):
            return aggregate(func, values)
        return [aggregate(f, values) for f in func]

    def set(self, attr_name: str, value: Any) -> "RobotSet":
        """Put all robots on a task, or None; each keeps it until its review comes up.

        Parameters
        ----------
        attr_name : str
            "task"; everything else is moved by the rules of the world.

        Raises
        ------
        UsageError
            Another attribute, or a task that is not open to one of the robots.
        """
        if attr_name != "task":
            raise UsageError(self._column(attr_name).refusal())
        assign(self.society.world, self.rows, value)
        return self

    def do(self, method: str | Function, *args: Any, **kwargs: Any) -> "RobotSet":
        """Call a method, or a function, on each robot that is still alive when its turn comes."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Function, *args: Any, **kwargs: Any) -> "RobotSet":
        """Do so in an order drawn anew."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: str | Function, *args: Any, **kwargs: Any) -> list[Any]:
        """Do so and return what each call returns."""
        living = (robot for robot in self if robot.alive)
        if isinstance(method, str):
            return [getattr(robot, method)(*args, **kwargs) for robot in living]
        return [method(robot, *args, **kwargs) for robot in living]

    # ------------------------------------------------------------------ change

    def scrap(self) -> None:
        """Take every robot apart: its parts, worn, go to the stock of its site."""
        scrap(self.society.world, self.rows)

    def add(self, agent: mesa.Agent) -> None:
        """Add a robot to a set that holds ids."""
        ids = self._fixed()
        if agent not in self:
            self._of([*ids.tolist(), agent.unique_id], inplace=True)

    def discard(self, agent: mesa.Agent) -> None:
        """Drop a robot from a set that holds ids, if it is there."""
        ids = self._fixed()
        self._of(ids[ids != agent.unique_id], inplace=True)

    def remove(self, agent: mesa.Agent) -> None:
        """Drop a robot from a set that holds ids.

        Raises
        ------
        KeyError
            It is not there.
        """
        self._fixed()
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def __getstate__(self) -> dict[str, Any]:
        """Return all of it, not AgentSet's list of agents."""
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take it back."""
        self.__dict__.update(state)

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<RobotSet of {len(self)}>"


class Groups(GroupBy):  # type: ignore[misc]
    """What `RobotSet.groupby` returns: Mesa's GroupBy, whose `agg` reads whole columns."""

    def agg(self, attr_name: str, func: Any) -> dict[Any, Any]:
        """Return a function of an attribute's values for each group; see `RobotSet.agg`."""
        return {
            name: group.agg(attr_name, func)
            if isinstance(group, RobotSet)
            else aggregate(func, [getattr(robot, attr_name) for robot in group])
            for name, group in self.groups.items()
        }
