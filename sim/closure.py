"""Closure: which share of itself an industry can make, what it cannot, and why.

Matter, energy and information closure, and qualitative (can it be made), quantitative (how much)
and throughput closure (how fast), are those of the 1980 summer study: Freitas and Gilbreath (eds),
Advanced Automation for Space Missions, NASA CP-2255, 1982, ch. 5.3.6. What has to come from Earth
are *vitamins*; their share of a replica is the Tukey ratio. Throughput closure is the business of
the growth bound; repairs are no part of a copy.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .activity import KWH_KJ, Able, Copy, able, amounts_kg, copy, drain
from .cold_start import cold_start
from .errors import UsageError
from .industry import Industry, Species
from .lost import Node, Path, Web, absent, fall, makes_new, web
from .mass_flows import ROBOTS, Flow, Plan, flows_of
from .reasons import Loss, Words
from .scenario import Scenario


@dataclass(frozen=True)
class Vitamin:
    """What comes from Earth, or would for a copy of another fleet.

    Attributes
    ----------
    name : str
    kg : float
        Per replica.
    pieces : float or None
        Per replica; None for bulk.
    species : tuple of str
        Those that contain it, or parts made with it.
    elements_wt : Mapping[str, float]
        Mass per cent.
    absent : tuple of str
        Elements of it that the rock does not contain.
    lacks : str
        What it would take to make it here: what is missing.
    """

    name: str
    kg: float
    pieces: float | None
    species: tuple[str, ...]
    elements_wt: Mapping[str, float]
    absent: tuple[str, ...]
    lacks: str


@dataclass(frozen=True)
class Closure:
    """How far an industry can copy a fleet from its body's rock.

    Attributes
    ----------
    replica : Mapping[str, int]
        Robots of a copy, by species; such as are no species of the industry are left out.
    replica_kg : float
    mass : float
        Quantitative matter closure: 1 - imported mass / replica mass, with the least imported mass
        that steady runs of all processes allow whose machine is a species. Whatever these cannot
        make is imported, be it inside of parts.
    parts : float
        Qualitative matter closure: share of the distinct materials in the bills of all species
        that can be made here with the machines of the industry, imports being at hand for what
        needs them. What is imported counts as made here only if rock alone is enough.
    machines : float
        Share of the species whose whole bill can be made so without any import.
    processes : float
        Share of the processes whose machine is a species.
    energy : float
        Qualitative energy closure: share of the energy of a copy for which there is a species with
        a collector, to be built here with imports at hand, that gives it in its form: electricity
        from those that give it; heat from those that give heat or electricity.
    imported_kg : float
    vitamins : tuple of Vitamin
    lost : tuple of Loss
        What falls for good when machines, too, must be built here: what a machine made is lost
        with it.
    without_machine : Mapping[str, str]
        Process -> its machine, which is no species.
    collectors : tuple of str
        Species that collect energy and can be built here, machines and imports at hand.
    cold_start : tuple of str
        Materials of which there must be some in the first stock, since they are made in loops that
        begin with them.
    rock_kg : float
        Taken for a copy.
    electric_kWh, heat_kWh : float
        For a copy, assembly included; heat is what sunlight can give without electricity.
    flows : tuple of Flow
        Mass from rock and Earth to robots and waste; at every machine as much comes in as goes out.
    energy_kWh : Mapping[str, tuple[float, float]]
        Electric and heat at each node of `flows` that needs any.
    """

    replica: Mapping[str, int]
    replica_kg: float
    mass: float
    parts: float
    machines: float
    processes: float
    energy: float
    imported_kg: float
    vitamins: tuple[Vitamin, ...]
    lost: tuple[Loss, ...]
    without_machine: Mapping[str, str]
    collectors: tuple[str, ...]
    cold_start: tuple[str, ...]
    rock_kg: float
    electric_kWh: float
    heat_kWh: float
    flows: tuple[Flow, ...]
    energy_kWh: Mapping[str, tuple[float, float]]

    @property
    def extraction_ratio(self) -> float:
        """Kilograms of rock taken per kilogram of replica (R of NASA CP-2255)."""
        return self.rock_kg / self.replica_kg

    @property
    def electric_kWh_per_kg(self) -> float:
        """Electricity per kilogram of replica."""
        return self.electric_kWh / self.replica_kg

    @property
    def heat_kWh_per_kg(self) -> float:
        """Process heat per kilogram of replica."""
        return self.heat_kWh / self.replica_kg

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data for JSON."""
        per_kg = ("extraction_ratio", "electric_kWh_per_kg", "heat_kWh_per_kg")
        return asdict(self) | {
            **{name: getattr(self, name) for name in per_kg},
            "flows": [flow._asdict() for flow in self.flows],
        }


def closure(scenario: Scenario) -> Closure:
    """Return the closure of a scenario: how far it can copy its founders."""
    imported = scenario.imports.materials if scenario.imports else ()
    return closure_of(scenario.industry, imported, scenario.seed_robots)


def closure_of(
    industry: Industry, imported: Collection[str], replica: Mapping[str, int]
) -> Closure:
    """Return how far an industry, proved or not, can copy a fleet.

    Parameters
    ----------
    imported : collection of str
        Materials that may come from Earth, beside those of kind vitamin.
    replica : Mapping[str, int]
        Robots by species.

    Raises
    ------
    UsageError
        None of the replica's robots is of a species of the industry.
    """
    fleet = {name: n for name, n in replica.items() if n and name in industry.species}
    if not fleet:
        found = ", ".join(name for name, n in replica.items() if n) or "no robot"
        known = ", ".join(industry.species) or "none"
        text = f"replica: found {found}; expected robots of the industry's species: {known}"
        raise UsageError(f"{text}; name at least one")
    rock = industry.reserve().name
    foreign = {m.name for m in industry.materials.values() if m.kind == "vitamin"} | set(imported)
    new = [p.name for p in industry.processes.values() if makes_new(industry, p)]
    at_hand = [p for p in new if industry.processes[p].machine in industry.species]
    bill: dict[str, float] = {}
    for name, n in fleet.items():
        for part, kg in amounts_kg(industry, industry.species[name].bill).items():
            bill[part] = bill.get(part, 0.0) + n * kg
    replica_kg = sum(bill.values())

    makable = able(industry, at_hand, {rock, *foreign}).materials
    pure = able(industry, at_hand, {rock}).materials
    importable = foreign | (set(industry.materials) - makable - {rock})
    made = copy(industry, at_hand, importable, bill)
    imported_kg = sum(made.imports_kg.values())

    parts = list(dict.fromkeys(n for s in industry.species.values() for n in s.bill))
    home = pure | (makable - foreign)
    built = [
        s
        for s in industry.species.values()
        if industry.assembler in industry.species and set(s.bill) <= makable | foreign
    ]
    plan = Plan(made.runs, made.imports_kg, bill)
    flows, energy_kWh = flows_of(industry, plan)
    assembly_kWh = sum(industry.species[k].assembly_kJ * n for k, n in fleet.items()) / KWH_KJ
    energy_kWh = {**energy_kWh, ROBOTS: (assembly_kWh, 0.0)}
    electric_kWh = sum(electric for electric, _ in energy_kWh.values())
    heat_kWh = sum(heat for _, heat in energy_kWh.values())
    words = Words(industry, {rock, *foreign})
    why, kept = _regrow(industry, {rock, *foreign})
    fallen = [p for p in parts if p not in kept.materials | foreign]
    strangers = [name for name, n in replica.items() if n and name not in fleet]
    lost = [
        *(words.loss("part", p, why.get(("material", p), (("material", p),))) for p in fallen),
        *(
            words.loss("species", s, why["species", s])
            for s in industry.species
            if ("species", s) in why
        ),
        *(words.loss("species", s, (("species", s),)) for s in strangers),
    ]
    return Closure(
        replica=fleet,
        replica_kg=replica_kg,
        mass=1 - imported_kg / replica_kg,
        parts=sum(p in home for p in parts) / len(parts),
        machines=sum(set(s.bill) <= pure for s in built) / len(industry.species),
        processes=sum(p.machine in industry.species for p in industry.processes.values())
        / max(1, len(industry.processes)),
        energy=_powered(built, electric_kWh, heat_kWh),
        imported_kg=imported_kg,
        vitamins=_vitamins(industry, at_hand, made, foreign - pure),
        lost=tuple(lost),
        without_machine={
            p.name: p.machine
            for p in industry.processes.values()
            if p.machine not in industry.species
        },
        collectors=tuple(s.name for s in built if _electric(s) or _heat(s)),
        cold_start=cold_start(industry, at_hand, made),
        rock_kg=sum(
            runs * amounts_kg(industry, industry.processes[p].inputs).get(rock, 0.0)
            for p, runs in made.runs.items()
        ),
        electric_kWh=electric_kWh,
        heat_kWh=heat_kWh,
        flows=flows,
        energy_kWh=energy_kWh,
    )


def _electric(species: Species) -> bool:
    return species.collector_m2 * species.efficiency > 0


def _heat(species: Species) -> bool:
    return species.collector_m2 * species.heat_efficiency > 0


def _powered(built: list[Species], electric_kWh: float, heat_kWh: float) -> float:
    """Return the share of the energy for whose form there is a collector to build."""
    total_kWh = electric_kWh + heat_kWh
    if total_kWh == 0:
        return 1.0
    if any(map(_electric, built)):
        return 1.0
    return heat_kWh / total_kWh if any(map(_heat, built)) else 0.0


# ------------------------------------------------------------------ what cannot be made


def _regrow(industry: Industry, given: set[str]) -> tuple[dict[Node, Path], Able]:
    """Find what is lost when every machine must be built here: in words, then in grams.

    What has a maker in words may still run dry in grams; that is lost too, and what needs it.
    """
    threads = web(industry, given, lambda species: species.bill)
    why = absent(industry)
    assembler = industry.assembler
    if assembler is None:
        nobody = ("assembler", "")
        why |= {("species", s): (("species", s), nobody) for s in industry.species}
    else:
        if assembler not in industry.species:
            why["species", assembler] = (("species", assembler),)
        for name in industry.species:
            threads.needs["species", name].insert(0, ("species", assembler))
    return _drained(industry, given, threads, why)


def _drained(
    industry: Industry, given: set[str], threads: Web, why: dict[Node, Path]
) -> tuple[dict[Node, Path], Able]:
    while True:
        why = fall(threads, why)
        alive = [n for kind, n in threads.needs if kind == "process" and (kind, n) not in why]
        can = able(industry, alive, given)
        new: dict[Node, Path] = {}
        stuck = [name for name in alive if name not in can.processes]
        if stuck:
            dry = drain(industry, alive, given, stuck)
            new |= {
                ("process", p): (("process", p), ("material", dry))
                for p in stuck
                if dry in industry.processes[p].inputs
            }
        else:  # all run, but of what goes round in a loop nothing may be left for a bill
            there = can.materials | given
            for node, needs in threads.needs.items():
                if node[0] == "species" and node not in why:
                    dried = (n for n in needs if n[0] == "material" and n[1] not in there)
                    if part := next(dried, None):
                        new[node] = (node, part)
        if not new:
            return why, can
        why |= new


def _vitamins(
    industry: Industry, at_hand: list[str], made: Copy, foreign: set[str]
) -> tuple[Vitamin, ...]:
    """List what the copy imports, and what other species of the industry would."""
    rock = industry.reserve().name
    threads = web(industry, {rock}, lambda _: ())
    why, _ = _drained(industry, {rock}, threads, absent(industry))
    users = _users(industry, at_hand, made)
    words = Words(industry, {rock})
    vitamins = []
    for name, material in industry.materials.items():
        kg = made.imports_kg.get(name, 0.0)
        if not kg and not (name in foreign and name in users):
            continue
        vitamins.append(
            Vitamin(
                name=name,
                kg=kg,
                pieces=kg * 1000 / material.lot_g if material.unit == "piece" else None,
                species=tuple(users.get(name, ())),
                elements_wt={e: 100 * g / material.lot_g for e, g in material.elements_g.items()},
                absent=words.absent(name),
                lacks=words.lacks(name, why.get(("material", name), (("material", name),))),
            )
        )
    return tuple(sorted(vitamins, key=lambda v: -v.kg))


def _users(industry: Industry, at_hand: list[str], made: Copy) -> dict[str, list[str]]:
    """Return material -> species that contain it or something made with it.

    Down the recipes that the copy uses, else down routes.
    """
    ways: dict[str, list[str]] = {}
    for process in made.runs:
        for product in industry.processes[process].outputs:
            ways.setdefault(product, []).append(process)
    users: dict[str, list[str]] = {}
    for species in industry.species.values():
        seen, ahead = set(), list(species.bill)
        while ahead:
            name = ahead.pop()
            if name in seen:
                continue
            seen.add(name)
            users.setdefault(name, []).append(species.name)
            way = [industry.route[name]] if name in industry.route else []
            for process in ways.get(name, [p for p in way if p in at_hand]):
                ahead += industry.processes[process].inputs
    return users
