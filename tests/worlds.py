"""Strategies for small random worlds that are valid: every process conserves both elements.

There are two pure materials, iron and oxygen, and others made of both. A process takes random lots
of the others, whose sum iron and oxygen then balance: what is negative goes in, the rest comes out.
"""

from math import lcm
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from auxon.sim.industry import Industry, Material, Process, Species
from auxon.sim.partial_schema import (
    FlaresEntry,
    OreEntry,
    PartialEntry,
    ShadowEntry,
    ShipmentsEntry,
    WearEntry,
)

SEEDS = st.integers(0, 2**64 - 1)
SAID = {"source": "random", "confidence": "A"}


def material(name: str, unit: str, kind: str, grams: dict[str, int]) -> Material:
    """Make a material of these grams of elements a lot or piece."""
    lot_g = sum(grams.values())
    return Material(name, unit, kind, lot_g, grams, enthalpy_kJ_per_kg=0.0, **SAID)


@st.composite
def materials(draw: st.DrawFn) -> dict[str, Material]:
    """Rock, iron, oxygen, and up to three of ore, plate, frame and chip with their worn twins."""
    small = st.integers(1, 9)

    def both() -> dict[str, int]:
        return {"Fe": draw(small), "O": draw(small)}

    made = [
        material("rock", "g", "reserve", both()),
        material("iron", "g", "feedstock", {"Fe": draw(small)}),
        material("oxygen", "g", "waste", {"O": draw(small)}),
    ]
    pieces = [material("plate", "piece", "part", {"Fe": draw(st.integers(100, 900))})]
    if draw(st.booleans()):
        pieces.append(material("frame", "piece", "part", {e: 20 * n for e, n in both().items()}))
    if draw(st.booleans()):
        pieces.append(material("chip", "piece", "vitamin", {"Si": draw(st.integers(100, 200))}))
    if draw(st.booleans()) and len(pieces) < 3:
        made.append(material("ore", "g", "ore", both()))
    made = draw(st.permutations(made + pieces))
    worn = [
        Material(f"worn_{m.name}", "piece", "residue", m.lot_g, m.elements_g, 0.0, **SAID,
                 worn_from=m.name)
        for m in pieces
    ]  # fmt: skip
    return {m.name: m for m in [*made, *worn]}


@st.composite
def processes(
    draw: st.DrawFn, known: dict[str, Material], machines: list[str]
) -> dict[str, Process]:
    """Draw 2-8 processes; the first digs rock, if only to split it."""
    iron, oxygen = known["iron"].lot_g, known["oxygen"].lot_g
    mixed = [m for m in known if m not in ("iron", "oxygen") and "Si" not in known[m].elements_g]
    out: dict[str, Process] = {}
    for n in range(draw(st.integers(2, 8))):
        first = "rock" if n == 0 else draw(st.sampled_from(mixed))
        lots = {first: draw(st.sampled_from([-3, -2, -1] if first == "rock" else [-2, -1, 1, 2]))}
        other = draw(st.sampled_from(mixed))
        if draw(st.booleans()) and other not in lots and other != "rock":
            lots[other] = draw(st.sampled_from([-2, -1, 1, 2]))
        lots = {m: c * lcm(iron, oxygen) for m, c in lots.items()}
        lots["iron"] = -sum(c * known[m].elements_g.get("Fe", 0) for m, c in lots.items()) // iron
        grams = sum(c * known[m].elements_g.get("O", 0) for m, c in lots.items())
        lots["oxygen"] = -grams // oxygen
        units = {m: c * known[m].step for m, c in lots.items() if c}
        outputs = {m: c for m, c in units.items() if c > 0}
        byproducts = draw(st.sets(st.sampled_from(sorted(outputs)), max_size=1))
        energy_kJ = draw(st.integers(0, 4000))
        out[f"process_{n}"] = Process(
            name=f"process_{n}",
            machine=draw(st.sampled_from(machines)),
            machine_seconds=draw(st.integers(1, 40_000)),
            energy_kJ=energy_kJ,
            heat_kJ=draw(st.integers(0, energy_kJ)),
            inputs={m: -c for m, c in units.items() if c < 0},
            outputs=outputs,
            byproducts=frozenset(byproducts),
            **SAID,
        )
    return out


@st.composite
def species(draw: st.DrawFn, name: str, known: dict[str, Material]) -> Species:
    """Draw a kind of robot that breaks and dies within weeks; some collect sunlight."""
    new = [m.name for m in known.values() if m.worn_from is None]
    pieces = [m for m in new if known[m].unit == "piece"]
    names = draw(st.lists(st.sampled_from([*pieces, "iron"]), min_size=1, max_size=3, unique=True))
    few, many = st.integers(1, 4), st.integers(40, 80)
    bill = {m: draw(many if m == "iron" else few) * known[m].step for m in names}
    parts = draw(st.dictionaries(st.sampled_from(pieces), st.integers(1, 2), max_size=2))
    collects = name == "kind_0" or draw(st.booleans())
    share = st.sampled_from([0.4, 0.07, 1.0, 0.0])
    return Species(
        name=name,
        title=name,
        bill=bill,
        repair_parts=parts,
        mass_g=sum(n * known[m].mass_g for m, n in bill.items()),
        assembly_seconds=draw(st.sampled_from([60_000, 20_000, 300_001])),
        assembly_kJ=draw(st.integers(0, 3_000)),
        repair_seconds=draw(st.sampled_from([10_000, 101, 60_000])),
        idle_W=draw(st.sampled_from([1, 9, 0])),
        mtbf_h=draw(st.sampled_from([500.0, 90.5, 20.0, 4_000.0])),
        weibull_shape=draw(st.floats(0.4, 8)),
        life_h=draw(st.sampled_from([1_500.0, 500.7, 150.0, 1e5])),
        collector_m2=draw(st.sampled_from([30.0, 600.0, 2.7])) if collects else 0.0,
        efficiency=draw(share) if collects else 0.0,
        heat_efficiency=draw(share) if collects else 0.0,
        **SAID,
    )


@st.composite
def industries(draw: st.DrawFn) -> Industry:
    """Draw an industry, perhaps without assembler or repairer."""
    known = draw(materials())
    names = [f"kind_{k}" for k in range(draw(st.integers(2, 5)))]
    made = draw(processes(known, names))
    route = {}
    for m in known:
        makers = [p.name for p in made.values() if m in p.outputs and m not in p.byproducts]
        if makers:
            route[m] = draw(st.sampled_from(makers))
    someone = st.sampled_from(names)  # a few societies cannot build, or cannot repair
    return Industry(
        materials=known,
        processes=made,
        species={k: draw(species(k, known)) for k in names},
        assembler=draw(st.one_of(*[someone] * 7, st.none())),
        repairer=draw(st.one_of(*[someone] * 7, st.none())),
        route=route,
    )


@st.composite
def partials(draw: st.DrawFn, imports: bool) -> PartialEntry:
    """Draw what is hidden and what befalls robots, often all of it, within weeks."""
    noise = st.sampled_from([0.0, 0.5])
    wear = WearEntry(noise=draw(noise), wreck=draw(st.sampled_from([0.3, 0.0, 1.0])))
    ore = OreEntry(
        faces=draw(st.integers(2, 16)), spread=draw(st.floats(0.01, 0.99)),
        days=draw(st.sampled_from([4.0, 1.0, 9.3, 1e4])), noise=draw(noise),
    )  # fmt: skip
    flares = FlaresEntry(
        per_year=draw(st.sampled_from([20.0, 400.0, 2.0])), hit=draw(st.floats(0, 1)),
        warning_days=draw(st.floats(0.1, 20)), noise=draw(noise),
    )  # fmt: skip
    every_days = draw(st.floats(1, 40))
    shadow = ShadowEntry(
        every_days=every_days, days=every_days * draw(st.sampled_from([0.3, 0.01, 1.0])),
        depth=draw(st.floats(0, 1)),
    )  # fmt: skip
    shipments = ShipmentsEntry(
        missed=draw(st.sampled_from([0.3, 0.0, 0.9])), late_days=draw(st.sampled_from([30.0, 0.0]))
    )
    tables: dict[str, Any] = {"wear": wear, "ore": ore, "flares": flares, "shadow": shadow}
    if imports:
        tables["shipments"] = shipments
    there = {name: table for name, table in tables.items() if draw(st.integers(0, 3))}
    return PartialEntry(**there)


@st.composite
def scenarios(draw: st.DrawFn, partial: bool = False) -> Any:
    """Draw a scenario: what `auxon.sim.world.World` reads of one; with ``[partial]`` or without."""
    industry = draw(industries())
    stock = {
        m.name: draw(st.sampled_from([20, 200, 600, 0])) * m.step
        for m in industry.materials.values()
        if m.kind != "reserve"
    }
    every_days = draw(st.floats(1, 20))
    shipped = SimpleNamespace(
        materials=draw(st.lists(st.sampled_from(sorted(stock)), min_size=1, unique=True)),
        every_days=every_days,
        transit_days=every_days * draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
        budget_kg=draw(st.sampled_from([3.0, 0.7, 0.1])),
    )
    imports = draw(st.sampled_from([shipped, shipped, None]))
    return SimpleNamespace(
        industry=industry,
        body=SimpleNamespace(
            a_au=draw(st.floats(1, 4)), e=draw(st.floats(0, 0.6)), M_deg=draw(st.floats(0, 359))
        ),
        site=SimpleNamespace(
            sun_fraction=draw(st.floats(0.1, 1)), claim_kg=draw(st.floats(0.5, 2_000))
        ),
        seed_robots={
            k: draw(st.sampled_from([3, 1, 8, 20] if n == 0 else [2, 5, 0, 9]))
            for n, k in enumerate(industry.species)
        },
        seed_stock=stock,
        imports=imports,
        belt=None,
        partial=draw(partials(imports is not None)) if partial else None,
        policy="kanban",
        years=1.0,
        rules=SimpleNamespace(
            step_days=draw(st.sampled_from([1.0, 0.25, 1.7, 5.0])),
            review_steps=draw(st.integers(1, 4)),
            most_robots=draw(st.sampled_from([10**9, 10**9, 40])),
        ),
    )
