"""What closure says of shipped and of broken industries, against oracles that share no code."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from rich.console import Console
from scipy.optimize import linprog

from auxon.analysis_report import closure_table
from auxon.sim import library
from auxon.sim.closure import Closure, closure, closure_of
from auxon.sim.errors import UsageError
from auxon.sim.industry import Industry, Material
from auxon.sim.layered import layered
from auxon.sim.mass_flows import EARTH, ROBOTS, ROCK, SURPLUS, WASTE
from auxon.sim.sankey import draw_sankey
from auxon.sim.scenario import load
from tests.shipped_names import ALONE
from tests.small_colony import INDUSTRY, changed, write

ENDS = {ROCK, EARTH, ROBOTS, SURPLUS, WASTE}
BALANCE = 1e-9
"""Relative; sums of some hundred terms, each rounded to 1e-16, of a vertex solved in doubles."""


@cache
def of(name: str) -> Closure:
    return closure(load(name))


def imported(name: str) -> set[str]:
    scenario = load(name)
    return set(scenario.imports.materials) if scenario.imports else set()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Industry:
    monkeypatch.setattr(library, "SHIPPED", tmp_path / "shipped")
    return load(write(tmp_path)).industry


def without(industry: Industry, kind: str, name: str) -> Industry:
    if kind == "species":
        return replace(industry, species={n: s for n, s in industry.species.items() if n != name})
    assert kind == "processes"
    return replace(industry, processes={n: p for n, p in industry.processes.items() if n != name})


# ------------------------------------------------------------------ by hand


def test_the_small_colony_by_hand(small: Industry) -> None:
    """One furnace: 20 plates, an arm (2 plates, a chip) and 100 g of iron are 2300 g of iron.

    72 g of rock give 56 g of iron; hydrogen goes round. A chip has 50 g.
    """
    found = closure_of(small, {"chip"}, {"furnace": 1})
    mass_kg, iron_kg = 2.35, 2.3
    assert found.replica_kg == pytest.approx(mass_kg)
    assert found.mass == pytest.approx(1 - 0.05 / mass_kg, rel=1e-12)
    assert found.rock_kg == pytest.approx(iron_kg * 72 / 56, rel=1e-12)
    assert found.extraction_ratio == pytest.approx(iron_kg * 72 / 56 / mass_kg, rel=1e-12)
    runs = iron_kg / 5.6
    kJ = runs * (2 + 1500 + 2 * 20_000) + 22 / 5 * 600 + 100 + mass_kg * 2880
    assert found.electric_kWh == pytest.approx(kJ / 3600, rel=1e-12)
    assert found.heat_kWh == pytest.approx(runs * 500 / 3600, rel=1e-12)
    assert found.parts == 3 / 4  # plate, arm, iron; the chip is imported
    assert found.machines == 0  # every one has a chip somewhere
    assert (found.processes, found.lost) == (1, ())
    assert found.energy == 0  # nobody collects any
    assert found.cold_start == ("hydrogen",)
    (chip,) = found.vitamins
    assert (chip.kg, chip.pieces) == pytest.approx((0.05, 1))
    assert chip.species == ("digger", "furnace", "arm_robot")
    assert chip.absent == ("Si",)
    assert chip.lacks == "nothing makes chip (element Si is absent from this body)"


def test_imports_inside_of_parts_count(small: Industry) -> None:
    """The furnace's bill has no chip; the arm in it has."""
    assert "chip" not in small.species["furnace"].bill
    assert closure_of(small, {"chip"}, {"furnace": 3}).imported_kg == pytest.approx(0.15)


def test_what_is_imported_but_can_be_made_here_is_made(small: Industry) -> None:
    found = closure_of(small, {"chip", "plate"}, {"furnace": 1})
    assert found.imported_kg == pytest.approx(0.05)
    assert [v.name for v in found.vitamins] == ["chip"]
    assert found.parts == 3 / 4


@pytest.mark.parametrize(
    ("kind", "name", "part", "lacking", "reason"),
    [
        ("processes", "roll", "plate", "process", "nothing makes plate"),
        (
            "processes",
            "reduce",
            "plate",
            "input",
            "roll needs iron, and nothing makes iron",
        ),
        (
            "species",
            "digger",
            "iron",
            "input",
            "reduce needs ore, and dig would make ore, but no species is called digger",
        ),
        (
            "species",
            "furnace",
            "plate",
            "machine",
            "roll would make plate, but no species is called furnace",
        ),
        (
            "processes",
            "build_arm",
            "plate",
            "machine",
            "roll would make plate, but furnace cannot be built (furnace needs arm, and nothing "
            "makes arm)",
        ),
        (
            "processes",
            "split",
            "iron",
            "input",
            "reduce needs hydrogen, and nothing makes hydrogen (element H is absent from this "
            "body)",
        ),
    ],
)
def test_the_shortest_reason(
    small: Industry, kind: str, name: str, part: str, lacking: str, reason: str
) -> None:
    found = closure_of(without(small, kind, name), {"chip"}, {"arm_robot": 1, "furnace": 1})
    loss = next(x for x in found.lost if (x.kind, x.name) == ("part", part))
    assert (loss.lacking, loss.reason) == (lacking, reason)


def test_a_lost_part_is_imported_and_the_rest_still_made(small: Industry) -> None:
    """Without arms nothing lasts, but a copy needs only the arm (250 g) from Earth."""
    found = closure_of(without(small, "processes", "build_arm"), {"chip"}, {"furnace": 1})
    assert found.imported_kg == pytest.approx(0.25)
    assert {x.root for x in found.lost} == {"arm"}
    assert {x.name for x in found.lost} == {"arm", "plate", "iron", *small.species}
    assert found.parts == 2 / 4  # with the machines at hand


def test_a_loop_that_loses_runs_dry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "SHIPPED", tmp_path / "shipped")
    leaky = changed(
        INDUSTRY,
        "outputs = { hydrogen = 100, oxygen = 800 }",
        "outputs = { hydrogen = 90, vented = 10, oxygen = 800 }\n"
        'source = "by hand"\nconfidence = "A"\n[material.vented]\nkind = "waste"\n'
        'formula = "H2"\nenthalpy_kJ_per_kg = 0',
    )
    industry = load(write(tmp_path, small=leaky)).industry
    found = closure_of(industry, {"chip"}, {"furnace": 1})
    reasons = {x.name: x.reason for x in found.lost}
    assert reasons["iron"] == (
        "reduce needs hydrogen, and hydrogen runs dry: element H is absent from this body"
    )
    # a tenth of 200 g of hydrogen for each 5.6 kg of iron is all that Earth must send
    assert found.imported_kg == pytest.approx(0.05 + 2.3 / 5.6 * 0.02, rel=1e-6)
    assert found.vitamins[-1].name == "hydrogen"


def test_no_assembler(small: Industry) -> None:
    found = closure_of(replace(small, assembler=None), {"chip"}, {"furnace": 1})
    assert found.machines == 0
    loss = next(x for x in found.lost if x.name == "digger")
    assert (loss.lacking, loss.reason) == ("machine", "no species assembles robots here")


def test_without_any_process_all_is_imported(small: Industry, tmp_path: Path) -> None:
    found = closure_of(replace(small, processes={}), {"chip"}, {"furnace": 1, "lathe": 1})
    assert (found.mass, found.parts, found.machines, found.processes) == (0, 0, 0, 0)
    (flow,) = found.flows
    assert (flow.source, flow.target) == (EARTH, ROBOTS)
    assert flow.kg == pytest.approx(2.35)
    reasons = {x.name: x.reason for x in found.lost}
    assert reasons["iron"] == "nothing makes iron"
    assert reasons["lathe"] == "no species is called lathe"
    assert draw_sankey(found.flows, found.energy_kWh, tmp_path / "a.png", "None").exists()


def test_a_replica_of_nothing_is_refused(small: Industry) -> None:
    with pytest.raises(UsageError, match=r"found lathe; expected robots of .* digger, furnace, "):
        closure_of(small, {"chip"}, {"lathe": 2, "digger": 0})


# ------------------------------------------------------------------ shipped scenarios


def net_kg(industry: Industry, process: str) -> dict[str, float]:
    p = industry.processes[process]
    net: dict[str, float] = {}
    for sign, amounts in ((-1, p.inputs), (1, p.outputs)):
        for name, amount in amounts.items():
            material = industry.materials[name]
            net[name] = net.get(name, 0) + sign * amount * material.mass_g / 1000
    return net


@pytest.mark.parametrize("name", ALONE)
def test_what_comes_in_goes_out(name: str) -> None:
    found = of(name)
    nodes = {n for f in found.flows for n in (f.source, f.target)}
    assert len(nodes) <= 25
    assert all(f.kg > 0 for f in found.flows)
    gone = {n: sum(f.kg for f in found.flows if f.source == n) for n in nodes}
    come = {n: sum(f.kg for f in found.flows if f.target == n) for n in nodes}
    for node in nodes - ENDS:
        assert come[node] == pytest.approx(gone[node], rel=BALANCE), node
    assert gone[ROCK] == pytest.approx(found.rock_kg, rel=BALANCE)
    assert gone.get(EARTH, 0) == pytest.approx(found.imported_kg, rel=BALANCE)
    assert come[ROBOTS] == pytest.approx(found.replica_kg, rel=BALANCE)
    ends = come[ROBOTS] + come.get(SURPLUS, 0) + come.get(WASTE, 0)
    assert ends == pytest.approx(found.rock_kg + found.imported_kg, rel=BALANCE)
    assert set(found.energy_kWh) <= nodes
    electric = sum(e for e, _ in found.energy_kWh.values())
    assert electric == pytest.approx(found.electric_kWh, rel=BALANCE)


@pytest.mark.parametrize("name", ALONE)
def test_it_is_plain_data(name: str) -> None:
    plain = json.loads(json.dumps(of(name).to_dict(), allow_nan=False))
    assert plain["mass"] == of(name).mass
    assert plain["flows"][0]["source"] == ROCK
    assert plain["extraction_ratio"] == of(name).rock_kg / of(name).replica_kg


@pytest.mark.parametrize("name", ALONE)
def test_least_imports_by_another_program(name: str) -> None:
    """One dense program in plain runs, without scaling, by interior points."""
    scenario = load(name)
    industry, rock = scenario.industry, scenario.industry.reserve().name
    names = [m for m in industry.materials if m != rock]
    foreign = sorted(imported(name) | {m for m in names if industry.materials[m].kind == "vitamin"})
    columns = [net_kg(industry, p) for p in industry.processes]
    net = np.array([[c.get(m, 0.0) for c in columns] for m in names])
    landed = np.array([[float(m == f) for f in foreign] for m in names])
    need = {m: 0.0 for m in names}
    for k, n in scenario.seed_robots.items():
        for m, amount in industry.species[k].bill.items():
            need[m] += n * amount * industry.materials[m].mass_g / 1000
    cost = np.concatenate([np.zeros(len(columns)), np.ones(len(foreign))])
    result = linprog(
        cost,
        A_ub=-np.hstack([net, landed]),
        b_ub=-np.array(list(need.values())),
        method="highs-ipm",
    )
    assert result.status == 0
    assert result.fun is not None
    mass_kg = sum(need.values())
    # HiGHS keeps each row to 1e-7 kg at worst, of tonnes
    assert of(name).mass == pytest.approx(1 - result.fun / mass_kg, abs=1e-7)


@pytest.mark.parametrize("name", ALONE)
def test_shipped_ones_can_be_copied(name: str) -> None:
    found = of(name)
    assert found.lost == ()
    assert found.processes == found.energy == 1
    assert found.without_machine == {}
    assert {v.name for v in found.vitamins if v.kg} <= imported(name) | {
        m.name for m in load(name).industry.materials.values() if m.kind == "vitamin"
    }


def test_the_closed_one_is_closed() -> None:
    found = of("closed")
    assert (found.mass, found.parts, found.machines) == (1, 1, 1)
    assert found.vitamins == ()
    assert found.cold_start == ("hydrogen_chloride", "steel")


def test_electronics_of_the_seed_by_hand() -> None:
    """Boxes and converters stand in bills only: counted there."""
    scenario = load("themis-seed")
    for vitamin in of("themis-seed").vitamins:
        pieces = sum(
            n * scenario.industry.species[k].bill.get(vitamin.name, 0)
            for k, n in scenario.seed_robots.items()
        )
        assert vitamin.pieces == pytest.approx(pieces)
        assert vitamin.lacks.startswith(f"nothing makes {vitamin.name}")


def test_the_stock_it_names_starts_it_and_less_does_not() -> None:
    """From rock, imports and the named materials every process of the copy begins."""
    for name in ALONE:
        industry, found = load(name).industry, of(name)
        there = {industry.reserve().name, *(v.name for v in found.vitamins)}
        for left_out in [None, *found.cold_start]:
            stock = there | (set(found.cold_start) - {left_out})
            while True:
                begun = [p for p in industry.processes.values() if set(p.inputs) <= stock]
                more = {n for p in begun for n in p.outputs} - stock
                if not more:
                    break
                stock |= more
            parts = {m for k in found.replica for m in industry.species[k].bill}
            assert (parts <= stock) == (left_out is None), (name, left_out)


def test_energy_without_the_collector() -> None:
    scenario = load("closed")
    assert of("closed").collectors == ("solar_array", "concentrator")
    dark = without(scenario.industry, "species", "solar_array")
    found = closure_of(dark, (), {"winder": 1})
    assert found.collectors == ("concentrator",)
    share = found.heat_kWh / (found.heat_kWh + found.electric_kWh)
    assert 0 < share < 1
    assert found.energy == share  # mirrors give heat alone
    darker = without(dark, "species", "concentrator")
    assert closure_of(darker, (), {"winder": 1}).energy == 0


# ------------------------------------------------------------------ one thing taken away


class Oracle:
    """Which parts can be made, one dense linear program a part, with the witness kept.

    Runs that make a part without what was taken away show that it can still be made.
    """

    def __init__(self, industry: Industry, given: set[str]) -> None:
        self.industry = industry
        self.given = given
        materials: Mapping[str, Material] = industry.materials
        self.processes = [
            p for p in industry.processes if not any(
                materials[m].worn_from for m in industry.processes[p].inputs
            )
        ]  # fmt: skip
        self.rows = [m for m in materials if m not in given]
        columns = [net_kg(industry, p) for p in self.processes]
        self.net = np.array([[c.get(m, 0.0) for c in columns] for m in self.rows])
        self.parts = sorted({m for s in industry.species.values() for m in s.bill} - given)
        self.witness: dict[str, list[frozenset[str]]] = {part: [] for part in self.parts}

    def makable(self, part: str, there: frozenset[str]) -> bool:
        if any(used <= there for used in self.witness[part]):
            return True
        use = [i for i, p in enumerate(self.processes) if p in there]
        if not use:
            return False
        wanted = np.array([float(m == part) for m in self.rows])
        result = linprog(np.ones(len(use)), A_ub=-self.net[:, use], b_ub=-wanted, method="highs")
        assert result.status in (0, 2), result.message
        if result.status == 2:
            return False
        assert result.x is not None
        used = frozenset(self.processes[i] for i, x in zip(use, result.x, strict=True) if x > 0)
        self.witness[part].append(used)
        return True

    def broken(self, without_process: str = "", without_species: str = "") -> set[str]:
        """Name parts and species lost for good, when machines must be built here, too."""
        species = {n: s for n, s in self.industry.species.items() if n != without_species}
        parts = {m for s in species.values() for m in s.bill} - self.given
        there = frozenset(
            p
            for p in self.processes
            if p != without_process and self.industry.processes[p].machine in species
        )
        built = set(species)
        while True:
            lost = {part for part in parts if not self.makable(part, there)}
            able = {n for n in built if not set(species[n].bill) & lost}
            if self.industry.assembler not in able:
                able = set()
            if able == built:
                return lost | (set(species) - built)
            built = able
            there = frozenset(p for p in there if self.industry.processes[p].machine in built)


@pytest.mark.parametrize(
    ("name", "breaking", "harmless"),
    [
        ("themis-seed", (49, 20), (31, 2)),
        ("closed", (55, 21), (30, 2)),
        ("tiny", (6, 6), (2, 0)),
    ],
)
def test_any_one_thing_taken_away_is_named(
    name: str, breaking: tuple[int, int], harmless: tuple[int, int]
) -> None:
    """Counts are those of processes and of species; what is harmless has another way round."""
    scenario = load(name)
    industry, given = scenario.industry, imported(name)
    free = {industry.reserve().name, *given}
    free |= {m.name for m in industry.materials.values() if m.kind == "vitamin"}
    oracle = Oracle(industry, free)
    counts = {"processes": [0, 0], "species": [0, 0]}
    for kind, count in counts.items():
        for gone in getattr(industry, kind):
            cut = without(industry, kind, gone)
            found = closure_of(cut, given, scenario.seed_robots)
            asked = {"processes": "without_process", "species": "without_species"}[kind]
            lost = oracle.broken(**{asked: gone})
            if scenario.seed_robots.get(gone):
                lost.add(gone)
            assert {x.name for x in found.lost} == lost, gone
            count[not found.lost] += 1
            if kind == "species":
                assert set(found.without_machine.values()) <= {gone}
            else:
                founders = lost & {k for k, n in scenario.seed_robots.items() if n}
                assert (found.mass < of(name).mass - 1e-9) == bool(founders), gone
            culprits = {gone}
            if kind == "processes":
                culprits |= set(industry.processes[gone].outputs)
            for loss in found.lost:
                assert loss.root in culprits, (gone, loss)
                assert loss.root in loss.reason
    assert tuple(zip(*counts.values(), strict=True)) == (breaking, harmless)


# ------------------------------------------------------------------ picture


@pytest.mark.parametrize("name", ALONE)
def test_nothing_lies_on_anything_in_the_picture(name: str) -> None:
    """In a layer labels and bars follow each other; every flow has its place on its bars."""
    flows, top, bottom = of(name).flows, 70.0, 600.0
    layout = layered(flows, top, bottom, gap=3, room=lambda _: 40, thin=2)
    assert {n for f in flows for n in (f.source, f.target)} == set(layout.nodes)
    assert len(layout.ways) + len(layout.returns) == len(flows)
    rounding = 1e-6 * bottom
    for items in layout.layers:
        end = top - 3
        for item in items:
            assert item.y - item.above >= end + 3 - rounding
            end = item.y + item.height
        assert end <= bottom + rounding
    for flow, way in layout.ways:
        assert [item.layer for item in way] == list(range(way[0].layer, way[-1].layer + 1))
        assert flow.kg * layout.scale <= min(item.height for item in way) + rounding
    forward = sum(f.kg for f, _ in layout.ways)
    assert forward > 0.9 * sum(f.kg for f in flows)  # what goes round is a small part


def test_the_picture(tmp_path: Path) -> None:
    found = of("closed")
    path = draw_sankey(found.flows, found.energy_kWh, tmp_path / "new" / "closed.png", "Closed")
    image = matplotlib.image.imread(path)
    assert image.shape[:2] == (1400, 2400)
    colours = {tuple(c) for c in (255 * image[::7, ::7, :3]).round().astype(int).reshape(-1, 3)}
    assert len(colours) > 20
    assert [p.name for p in path.parent.iterdir()] == ["closed.png"]
    edge = np.concatenate([image[:10].ravel(), image[:, :10].ravel(), image[:, -10:].ravel()])
    assert edge.min() == 1  # white: nothing is cut off


@pytest.mark.parametrize("name", ALONE)
def test_the_table_fits_on_a_terminal(name: str) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(closure_table(of(name)))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text  # nothing is left out
    for vitamin in of(name).vitamins:
        assert vitamin.name in text
    assert f"{of(name).extraction_ratio:.2f} kg/kg" in text
