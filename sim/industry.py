"""The industry a scenario may use, resolved: every amount a whole number, every name known.

Made by `auxon.sim.resolve`, proved by `auxon.sim.proof`, compiled to arrays by `auxon.sim.tables`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Material:
    """Anything counted in a stock.

    Attributes
    ----------
    name : str
    unit : {"g", "piece"}
    kind : str
        reserve, ore, feedstock, part, residue, waste or vitamin.
    lot_g : int
        Mass in grams of the least amount: a lot of bulk, or one piece.
    elements_g : Mapping[str, int]
        Whole grams of each element in ``lot_g``; they add up to it.
    enthalpy_kJ_per_kg : float
        Standard enthalpy of formation.
    worn_from : str or None
        For a worn piece, the name of the new one.
    source, confidence : str
    """

    name: str
    unit: str
    kind: str
    lot_g: int
    elements_g: Mapping[str, int]
    enthalpy_kJ_per_kg: float
    source: str
    confidence: str
    worn_from: str | None = None

    @property
    def mass_g(self) -> int:
        """Grams per counted unit: 1 for bulk, the piece's mass for a piece."""
        return 1 if self.unit == "g" else self.lot_g

    @property
    def step(self) -> int:
        """Least change of a stock in counted units: a lot of bulk, one piece."""
        return self.lot_g if self.unit == "g" else 1

    def content_g(self, amount: int) -> dict[str, int]:
        """Whole grams of each element in an amount, which is a multiple of `step`."""
        return {e: grams * (amount // self.step) for e, grams in self.elements_g.items()}

    def enthalpy_kJ(self, amount: int) -> float:
        """Enthalpy of formation of an amount in counted units."""
        return self.enthalpy_kJ_per_kg * (amount * self.mass_g) / 1000


@dataclass(frozen=True)
class Process:
    """One run: inputs become outputs in machine time of a species. Amounts in counted units."""

    name: str
    machine: str
    machine_seconds: int
    energy_kJ: int
    heat_kJ: int
    inputs: Mapping[str, int]
    """Worn pieces already carry their own name, ``worn_<piece>``."""
    outputs: Mapping[str, int]
    byproducts: frozenset[str]
    source: str
    confidence: str


@dataclass(frozen=True)
class Species:
    """A kind of robot, with the derived figures."""

    name: str
    title: str
    bill: Mapping[str, int]
    repair_parts: Mapping[str, int]
    mass_g: int
    assembly_seconds: int
    assembly_kJ: int
    repair_seconds: int
    idle_W: int
    mtbf_h: float
    weibull_shape: float
    life_h: float
    collector_m2: float
    efficiency: float
    heat_efficiency: float
    source: str
    confidence: str


@dataclass(frozen=True)
class Industry:
    """Materials, processes and species in their order of declaration.

    Attributes
    ----------
    materials, processes, species : Mapping[str, ...]
        By name. For every piece ``x`` there is a material ``worn_x``.
    assembler, repairer : str or None
        Species that build and repair; None: the society cannot.
    route : Mapping[str, str]
        Material -> the one process to which demand for it is passed.
    files : tuple of str
        Where it came from.
    """

    materials: Mapping[str, Material]
    processes: Mapping[str, Process]
    species: Mapping[str, Species]
    assembler: str | None
    repairer: str | None
    route: Mapping[str, str]
    files: tuple[str, ...] = field(default=())

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols of all elements present, sorted."""
        return tuple(sorted({e for m in self.materials.values() for e in m.elements_g}))

    def reserve(self) -> Material:
        """Return the rock in place, of which there is exactly one."""
        (rock,) = (m for m in self.materials.values() if m.kind == "reserve")
        return rock
