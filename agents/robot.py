"""Robot: a handle on a row, made when somebody touches it."""

import functools
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from auxon.sim.errors import AuxonError, UsageError
from auxon.sim.orbit import YEAR_DAYS
from auxon.sim.rules import SERIAL_BITS, SPECIES_BITS, serial_of
from auxon.sim.state import FLYING, site_of
from auxon.sim.whereabouts import body_names, lineage_names
from auxon.sim.world import World

from .columns import Column, TaskColumn
from .intervene import scrap

if TYPE_CHECKING:
    from .society import Society


class GoneError(AuxonError, AttributeError):
    """A robot was touched that is no longer in the world."""


class Robot(mesa.Agent):
    """One robot of a society: a handle that knows the robot's id and finds its row.

    The state lies in the arrays of `society.world`; a handle holds none of it, so two handles on
    one robot are equal and either may be dropped. Of all attributes only `task` can be set; the
    policy may change it at the robot's next review. Handles come from `society.agents`; the rules
    of the world make the robots.

    Attributes
    ----------
    model : Society
    unique_id : int
        The robot's id, never used again after its death.

    Raises
    ------
    GoneError
        By every attribute below, once the robot is dead. It is an `AttributeError`.
    """

    model: "Society"
    unique_id: int
    pos = None
    """Mesa's place for a position on a grid, of which there is none."""

    species = Column[str](lambda w, i: w.robots.species[i], lambda w: w.species_names)
    task = TaskColumn(lambda w, i: w.robots.task[i], lambda w: w.task_names)
    """What it is doing, None for nothing."""
    site = Column[int](lambda w, i: site_of(w.segments, i))
    """Where it is; a ship in flight has a number, too."""
    birthplace = Column[int](lambda w, i: w.robots.id[i] >> (SERIAL_BITS + SPECIES_BITS))
    """Site where it was born."""
    body = Column[str](
        lambda w, i: w.sites.body[site_of(w.segments, i)], lambda w: body_names(w).tolist()
    )
    """Where it is, or flies to."""
    lineage = Column[str](lambda w, i: w.sites.lineage[site_of(w.segments, i)], lineage_names)
    flying = Column[bool](lambda w, i: w.sites.state[site_of(w.segments, i)] == FLYING)
    """It is on its way between bodies."""
    broken = Column[bool](lambda w, i: w.robots.broken[i] != 0)
    """It waits for repair."""
    shelter = Column[bool](lambda w, i: w.robots.shelter[i])
    """It is where no flare hits it, and works nothing."""
    face = Column[int](lambda w, i: w.robots.face[i])
    """Where at the site it digs, if it does."""
    generation = Column[int](lambda w, i: w.robots.generation[i])
    """Steps from the founders, who are generation 0."""
    parent = Column[int | None](lambda w, i: w.robots.parent[i], optional=True)
    """id of the robot that built it, None for a founder."""
    born = Column[int](lambda w, i: w.robots.born[i])
    """Step of birth."""
    age_days = Column[float](lambda w, i: _age_s(w, i) / 86_400)
    age_years = Column[float](lambda w, i: _age_s(w, i) / (86_400 * YEAR_DAYS))
    """In Julian years."""
    design = Column[int](lambda w, i: w.robots.design[i])
    """Heritable variant of the species, 0 for the species as written."""
    wear_h = Column[float](lambda w, i: w.wear_s(i) / 3600)
    """Hours of use since birth or the last repair."""
    wear = Column[float](lambda w, i: w.wear_s(i) / _of_kind(w, i, "scale_s"))
    """The same as a share of the Weibull scale of use between failures."""
    repairs = Column[int](lambda w, i: w.robots.repairs[i])
    """Times it was repaired."""
    mass_kg = Column[float](lambda w, i: _of_kind(w, i, "species_mass_g") / 1000)

    def __init__(self, model: "Society", unique_id: int, row: int) -> None:
        # not Agent.__init__: it would count and register the handle as a new agent
        self.__dict__.update(model=model, unique_id=unique_id, _row=row)

    @property
    def row(self) -> int:
        """Row in the columns of `model.world.robots`; it may change in any step."""
        row = self.model.index.row_of(self.unique_id, self.__dict__["_row"])
        if row < 0:
            raise GoneError(f"{self.name} is no longer in the society; ask `alive` first")
        self.__dict__["_row"] = row
        return row

    @property
    def alive(self) -> bool:
        """Whether the robot is in the society, broken or not."""
        return self.model.index.row_of(self.unique_id, self.__dict__["_row"]) >= 0

    @property
    def name(self) -> str:
        """Species and serial number, ``printer-17``; ``printer-17@2`` if born at site 2, not 0."""
        kind = self.unique_id >> SERIAL_BITS
        species = self.model.world.species_names[kind & ((1 << SPECIES_BITS) - 1)]
        site = kind >> SPECIES_BITS
        return f"{species}-{serial_of(self.unique_id)}" + (f"@{site}" if site else "")

    def remove(self) -> None:
        """Take the robot apart: its parts, worn, go to the stock of its site."""
        scrap(self.model.world, np.array([self.row]))

    @classmethod
    def create_agents(cls, model: Any, n: int, *args: Any, **kwargs: Any) -> Any:
        """Refuse: robots are built by robots."""
        raise UsageError(
            "robots cannot be created by hand, as their mass would come from nowhere; "
            "raise seed.robots in the scenario"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a column that can be set and refuse anything else."""
        if not isinstance(getattr(type(self), name, None), Column):
            raise UsageError(
                f"'{name}' cannot be put on a Robot, which is a handle and forgets it; "
                "keep your own notes in a dict by unique_id"
            )
        super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        """Whether it is a handle on the same robot."""
        return (
            isinstance(other, Robot)
            and other.unique_id == self.unique_id
            and other.model is self.model
        )

    def __hash__(self) -> int:
        """Hash the id."""
        return hash(self.unique_id)

    def __repr__(self) -> str:
        """Return the name in brackets."""
        return f"<{self.name}{'' if self.alive else ', gone'}>"


COLUMNS: dict[str, Column[Any]] = {
    name: column for name, column in vars(Robot).items() if isinstance(column, Column)
}


def _age_s(world: World, rows: Any) -> Any:
    return (world.step_count - world.robots.born[rows].astype(np.int64)) * world.dt_s


def _of_kind(world: World, rows: Any, name: str) -> Any:
    """Return what the kind of site where a robot is has in a table of its species."""
    species = world.robots.species[rows]
    if len(world.kinds) == 1:
        return getattr(world.tables, name)[species]
    kind = world.sites.kind[site_of(world.segments, rows)]
    return np.stack([getattr(t, name) for t in world.kinds])[kind, species]


@functools.cache
def kind(species: str) -> type[Robot]:
    """Return the class of handles on a species: `SolarArray` for ``solar_array``.

    The same for every society, so that Mesa's reporters by type can name it; it refers to none.
    """
    name = "".join(word.title() for word in species.split("_"))
    return type(name, (Robot,), {"__doc__": f"A robot of species {species}."})
