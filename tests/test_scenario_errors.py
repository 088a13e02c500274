"""Each way to write a scenario wrongly gets one clear sentence, with file and line."""

import re
from pathlib import Path

import pytest

from auxon.sim import library
from auxon.sim.errors import ScenarioError
from auxon.sim.scenario import load
from tests.small_colony import FILES, INDUSTRY, SCENARIO, changed, write

DIG = "[process.dig]\nmachine = "
ROLL = '[process.again]\nmachine = "furnace"\nmachine_seconds = 1\nenergy_kJ = 1\n'
TAIL = 'source = "by hand"\nconfidence = "A"\n'

# id: (file, snippet, what it becomes, the finding after "file:line: "), the line being that of the
# first line of the new snippet unless a fifth member names another (after another file's stem),
# or none.
BAD: dict[str, tuple[str, ...]] = {
    "unknown key": (
        "colony",
        "sun_fraction = 0.5",
        "sun_fracton = 0.5",
        "site.sun_fracton: unknown key 'sun_fracton'; .*; did you mean 'sun_fraction'?",
    ),
    "wrong unit": (
        "colony",
        "claim_kg = 1e6",
        "claim_t = 1000",
        "site.claim_t: unknown key 'claim_t'; this is given in kg, as 'claim_kg'; convert",
    ),
    "wrong time unit in the industry": (
        "small",
        'title = "Digger"',
        'title = "Digger"\nmtbf_s = 3',
        "species.digger.mtbf_s: unknown key 'mtbf_s'; this is given in h, as 'mtbf_h'",
        "mtbf_s = 3",
    ),
    "unit where there is none": (
        "small",
        'title = "Digger"',
        'title = "Digger"\nefficiency_ppm = 3',
        "unknown key 'efficiency_ppm'; this is given as a plain number, as 'efficiency'",
        "efficiency_ppm = 3",
    ),
    "unit forgotten": (
        "colony",
        "budget_kg = 10",
        "budget = 10",
        "imports.budget: unknown key 'budget'; this is given in kg, as 'budget_kg'",
    ),
    "out of range": (
        "colony",
        "sun_fraction = 0.5",
        "sun_fraction = 1.5",
        "site.sun_fraction: found 1.5; expected a number over 0 and at most 1; change it",
    ),
    "out of range in a table of amounts": (
        "colony",
        "furnace = 2",
        "furnace = -2",
        "seed.robots.furnace: found -2; expected a number at least 0 and at most 100,000,000",
        "robots = ",
    ),
    "not finite": (
        "colony",
        "years = 10",
        "years = inf",
        "years: found .*expected a finite number",
    ),
    "text for a number": (
        "colony",
        "years = 10",
        'years = "10"',
        'years: found "10"; expected a number; change it',
    ),
    "fraction for a whole number": (
        "small",
        "machine_seconds = 601",
        "machine_seconds = 601.5",
        "process.roll.machine_seconds: found 601.5; expected a whole number",
    ),
    "number for a table": ("colony", "[site]", "[elsewhere]", "unknown key 'elsewhere'"),
    "table wanted": (
        "small",
        "inputs = { water = 900 }",
        "inputs = 900",
        "process.split.inputs: found 900; expected a table",
    ),
    "entries wanted": (
        "colony",
        "[override.process.dig]\nenergy_kJ = 2",
        "[override]\nprocess = 3",
        r"override.process: found 3; expected tables \[process.NAME\]",
        "process = 3",
    ),
    "override wanted": (
        "colony",
        "[override.process.dig]\nenergy_kJ = 2",
        "[elsewhere]",
        "unknown key 'elsewhere'; .*; known: belt, body, format, ",
    ),
    "not one of": (
        "small",
        'kind = "ore"',
        'kind = "rock"',
        """material.ore.kind: found "rock"; expected 'reserve', 'ore', .*'waste' or 'vitamin'""",
    ),
    "no name": ("small", "[species.digger]", "[species.Digger-1]", "'Digger-1' is not a name"),
    "missing key": (
        "colony",
        'title = "A small colony"\n',
        "",
        "no 'title' here; expected it; add",
        "",
    ),
    "missing keys": (
        "small",
        "[process.dig]\n",
        "[process.digg]\n",
        "process.dig: no 'machine', .*'confidence' here; .* did you mean 'digg'?",
        "colony [override.process.dig]",
    ),
    "empty": ("colony", 'materials = ["chip"]', "materials = []", "expected at least 1 of them"),
    "format": ("colony", "format = 1", "format = 2", "format: found 2; expected 1"),
    "TOML": ("colony", "years = 10", "years 10", "Expected '=' .*; expected TOML"),
    "key twice": ("colony", "years = 10", "years = 10\nyears = 11", "Cannot .*TOML", "years = 11"),
    "body": (
        "colony",
        'body = "speck"',
        'body = "spek"',
        "body: no body 'spek'; expected one of bodies.toml; did you mean 'speck'?",
    ),
    "composition": (
        "bodies",
        'composition = "FeO_rock"',
        'composition = "FeO-rock"',
        "body.speck.composition: no composition 'FeO-rock'; .* did you mean 'FeO_rock'?",
    ),
    "body's number": ("bodies", "e = 0.1", "e = 1.1", "body.speck.e: found 1.1; .* under 0.99"),
    "industry file": (
        "colony",
        '"small.toml"]',
        '"small.toml", "smal"]',
        r"industry.1: no industry 'smal'; expected a shipped name or a path .*; known: none",
        "industry = ",
    ),
    "industry path": (
        "colony",
        '"small.toml"]',
        '"other.toml"]',
        "industry.0: no industry 'other.toml'",
        "industry = ",
    ),
    "seed robot": (
        "colony",
        "digger = 1,",
        "diger = 1,",
        "seed.robots.diger: 'diger' is not a species; .* did you mean 'digger'?",
        "robots = ",
    ),
    "seed stock": (
        "colony",
        "iron = 995",
        "irn = 995",
        "seed.stock.irn: 'irn' is not a material; .* did you mean 'iron'?",
        "stock = ",
    ),
    "worn seed stock": (
        "colony",
        "iron = 995",
        "worn_plate = 1",
        "seed.stock.worn_plate: 'worn_plate' is not a material",
        "stock = ",
    ),
    "import": (
        "colony",
        '["chip"]',
        '["chips"]',
        "imports.materials.0: 'chips' is not a material; .* did you mean 'chip'?",
        "materials = ",
    ),
    "no robots": (
        "colony",
        "{ digger = 1, furnace = 2, arm_robot = 1 }",
        "{ digger = 0 }",
        "seed.robots: found no robot at all; expected at least one",
        "robots = ",
    ),
    "step": (
        "colony",
        "step_days = 1",
        "step_days = 0.00001",
        "rules.step_days: found 1e-05 days = 0.864.* s; expected a whole number of seconds",
    ),
    "flight": (
        "colony",
        "transit_days = 60",
        "transit_days = 160",
        "imports.transit_days: found 160 days; expected at most every_days = 100",
    ),
    "machine": (
        "small",
        f'{DIG}"digger"',
        f'{DIG}"diger"',
        "process.dig.machine: 'diger' is not a species; .* did you mean 'digger'?",
        'machine = "diger"',
    ),
    "input": (
        "small",
        "{ water = 900 }",
        "{ watr = 900 }",
        "process.split.inputs.watr: 'watr' is not a material; .* did you mean 'water'?",
        "inputs = { watr",
    ),
    "output": ("small", "outputs = { arm =", "outputs = { ram =", "outputs.ram: 'ram' is not"),
    "byproduct": (
        "small",
        '["water"]',
        '["iron", "ore"]',
        "process.reduce.byproducts: 'ore' is not an output of reduce",
        "byproducts = ",
    ),
    "bill": (
        "small",
        "{ plate = 10, chip = 1 }",
        "{ plat = 10 }",
        "species.digger.bill.plat: 'plat' is not a material; .* did you mean 'plate'?",
        "bill = { plat =",
    ),
    "repair part": (
        "small",
        "{ plate = 1 }\nrepair",
        "{ legs = 1 }\nrepair",
        "species.digger.repair_parts.legs: 'legs' is not a material; .*; known: arm, ",
        "repair_parts = { legs",
    ),
    "assembler": (
        "small",
        'assembler = "arm_robot"',
        'assembler = "robot"',
        "assembler: 'robot' is not a species; .* did you mean 'arm_robot'?",
    ),
    "same_as": (
        "small",
        'same_as = "rock"',
        'same_as = "rok"',
        "material.ore.same_as: 'rok' is not a material; .* did you mean 'rock'?",
    ),
    "same_as in a circle": (
        "small",
        'same_as = "rock"',
        'same_as = "ore"',
        r"material.ore.same_as: same_as goes in a circle \(ore -> ore\)",
    ),
    "same_as a piece": (
        "small",
        'same_as = "rock"',
        'same_as = "chip"',
        "material.ore.same_as: chip is a piece; expected a bulk material",
    ),
    "route of nothing": (
        "small",
        'repairer = "arm_robot"',
        '[route]\niro = "reduce"',
        "route.iro: 'iro' is not a material; .* did you mean 'iron'?",
        "iro =",
    ),
    "route to nothing": (
        "small",
        'repairer = "arm_robot"',
        '[route]\niron = "reduc"',
        "route.iron: 'reduc' is not a process; expected one .*; did you mean 'reduce'?",
        'iron = "',
    ),
    "route to another's process": (
        "small",
        'repairer = "arm_robot"',
        '[route]\niron = "split"',
        "route.iron: split does not make iron; expected one that does; known: recycle, reduce",
        'iron = "',
    ),
    "substitute": (
        "small",
        'repairer = "arm_robot"',
        "[substitute]\nplate = { plates = 1 }",
        "substitute.plate.plates: 'plates' is not a material",
        "plate = { plates",
    ),
    "drop": (
        "colony",
        "[override.process.dig]\nenergy_kJ = 2",
        '[override.drop]\nprocesses = ["dgi"]',
        "override.drop.processes.0: cannot drop 'dgi'; .* did you mean 'dig'?",
        "processes = ",
    ),
    "override of nothing": (
        "colony",
        "[override.process.dig]",
        "[override.process.dih]",
        "override.process.dih: no 'machine', .* to amend an entry below, .* did you mean 'dig'?",
    ),
    "override's key": (
        "colony",
        "energy_kJ = 2",
        "energy_kWh = 2",
        "override.process.dig.energy_kWh: unknown key .* given in kJ, as 'energy_kJ'",
    ),
    "class": (
        "small",
        'title = "Small"',
        'classes = ["CM", "CI"]',
        "classes: made for CM, CI; expected rock of class FeO_rock, the body's; choose",
    ),
    "element": (
        "small",
        "{ Fe = 10 }",
        "{ Fr = 10 }",
        "material.iron.elements_g.Fr: 'Fr' is not a known element; .* did you mean 'F",
        "elements_g = { Fr",
    ),
    "formula's element": (
        "small",
        'formula = "H2O"',
        'formula = "Hx2O"',
        "material.water.formula: 'Hx' in 'Hx2O' is not a known element",
    ),
    "two compositions": (
        "small",
        'formula = "H2O"',
        'formula = "H2O"\nelements_g = { H = 1 }',
        "material.water: formula and elements_g .*; give exactly one",
        "[material.water]",
    ),
    "no composition": (
        "small",
        'formula = "H2O"\n',
        "",
        "material.water: nothing says what it is made of; expected one of formula",
        "[material.water]",
    ),
    "no enthalpy": (
        "small",
        "enthalpy_kJ_per_kg = -15879.0\n",
        "",
        "material.water: no 'enthalpy_kJ_per_kg'; expected the standard enthalpy of formation",
        "[material.water]",
    ),
    "vitamin piece without elements": (
        "small",
        "elements_g = { Si = 50 }\n",
        "",
        "material.chip: a vitamin piece without elements_g",
        "[material.chip]",
    ),
    "piece with a formula": (
        "small",
        "[material.plate]",
        '[material.plate]\nformula = "Fe"',
        "material.plate: a piece with formula; expected none",
    ),
    "piece nobody makes": (
        "small",
        "outputs = { plate = 5 }",
        "outputs = { iron = 500 }",
        "material.plate: no process makes this piece",
        "[material.plate]",
    ),
    "pieces in a circle": (
        "small",
        "inputs = { iron = 500 }",
        "inputs = { arm = 1 }",
        r"material.plate: recipes go in a circle \(plate, arm\)",
        "[material.plate]",
    ),
    "piece of a broken gram": (
        "small",
        "outputs = { plate = 5 }",
        "outputs = { plate = 7 }",
        "process.roll.outputs.plate: roll leaves 500 g of Fe for 7 plate; expected a whole",
    ),
    "piece of negative mass": (
        "small",
        "outputs = { plate = 5 }",
        "outputs = { plate = 5, water = 9 }",
        "process.roll.outputs.plate: roll leaves -1 g of H for 5 plate",
    ),
    "piece of nothing": (
        "small",
        "outputs = { plate = 5 }",
        "outputs = { plate = 5, iron = 500 }",
        "process.roll.outputs.plate: roll leaves no mass for plate",
    ),
    "recipes that disagree": (
        "small",
        "[species.digger]",
        f"{ROLL}inputs = {{ iron = 110 }}\noutputs = {{ plate = 1 }}\n{TAIL}[species.digger]",
        r"process.again.outputs.plate: again makes plate of {'Fe': 110} g, but roll would of "
        r"{'Fe': 100} g; expected the same",
        "outputs = { plate = 1 }",
    ),
    "part of a lot": (
        "small",
        "inputs = { water = 900 }",
        "inputs = { water = 905 }",
        "process.split.inputs.water: found 905 g; expected a whole number of lots of 9 g; "
        "use 900 or 909",
    ),
    "part of a lot in a bill": (
        "small",
        "arm = 1, iron = 100 }",
        "arm = 1, water = 4 }",
        "species.furnace.bill.water: found 4 g; expected a whole number of lots of 9 g; use 9",
    ),
    "bulk repair part": (
        "small",
        "repair_parts = { arm = 1 }",
        "repair_parts = { iron = 1 }",
        "species.arm_robot.repair_parts.iron: 'iron' is bulk; expected pieces",
    ),
    "worn process without pieces": (
        "small",
        "takes_worn = true\ninputs = { plate = 1 }",
        "takes_worn = true\ninputs = { iron = 100 }",
        "process.recycle.takes_worn: true, but no input is a piece",
    ),
    "a worn piece's name": (
        "small",
        "[material.oxygen]",
        '[material.worn_arm]\nkind = "waste"\nformula = "O2"\nenthalpy_kJ_per_kg = 0\n'
        f"{TAIL}\n[material.oxygen]",
        "material.worn_arm: this name is kept for the worn form of arm",
    ),
    "imbalance": (
        "small",
        "outputs = { hydrogen = 100, oxygen = 800 }",
        "outputs = { hydrogen = 100, oxygen = 799 }",
        "process.split: 800 g of O in, 799 g out; expected equal grams; add an output .* 1 g of O",
        "[process.split]",
    ),
    "energy below the floor": (
        "small",
        "energy_kJ = 20000",
        "energy_kJ = 14291",
        "process.split.energy_kJ: found 14291 kJ; expected at least 14291.1, the enthalpy",
    ),
    "more heat than energy": (
        "small",
        "heat_kJ = 500",
        "heat_kJ = 2001",
        "process.reduce.heat_kJ: found 2001 kJ; expected at most the 2000 of energy_kJ",
    ),
    "two reserves": (
        "small",
        'kind = "ore"',
        'kind = "reserve"',
        r"material: 2 of kind reserve \(rock, ore\); expected exactly one",
        "",
    ),
    "rock of another body": (
        "compositions",
        "Fe = 77.73, O = 22.27",
        "Fe = 76.73, O = 22.27",
        "material.rock.elements_g: 77.78 wt% Fe, but FeO_rock has 76.73; expected within 0.6",
        "small [material.rock]",
    ),
    "what nothing can make": (
        "small",
        "outputs = { hydrogen = 100, oxygen = 800 }\n",
        "outputs = { water = 900 }\n",
        r"material.hydrogen: iron cannot be made here \(reduce needs hydrogen, and nothing makes "
        r"hydrogen\), nor can plate, arm; expected",
        "[material.hydrogen]",
    ),
}


@pytest.fixture(autouse=True)
def _no_shipped_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "SHIPPED", tmp_path / "shipped")


def _line_of(snippet: str, text: str) -> int:
    (number,) = (n for n, line in enumerate(text.splitlines(), 1) if snippet in line)
    return number


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_file_line_and_remedy(
    case: tuple[str, ...], tmp_path: Path
) -> None:
    stem, old, new, message, *at = case
    texts = {stem: changed(FILES[f"{stem}.toml"], old, new)}
    path = write(tmp_path, **texts)
    snippet = at[0] if at else new.splitlines()[0]
    if snippet.split(" ")[0] in ("colony", "small"):
        stem, snippet = snippet.split(" ", 1)
    where = f"{tmp_path}/{stem}.toml"
    if snippet:
        text = (tmp_path / f"{stem}.toml").read_text()
        where += f":{_line_of(snippet, text)}"
    with pytest.raises(ScenarioError) as caught:
        load(path)
    found = next((f for f in caught.value.findings if re.search(message, f)), None)
    assert found, str(caught.value)
    assert found.startswith(f"{where}: "), found


def test_the_good_one_loads(tmp_path: Path) -> None:
    assert load(write(tmp_path)).title == "A small colony"


def test_every_finding_is_told_at_once(tmp_path: Path) -> None:
    text = changed(SCENARIO, "years = 10", "years = -1")
    text = changed(text, "claim_kg", "claim_t")
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, colony=text))
    assert len(caught.value.findings) == 2


def test_a_bad_layer_is_named_though_another_lies_over_it(tmp_path: Path) -> None:
    """The override gives energy_kJ; the unknown key beside it stands in the file below."""
    text = changed(INDUSTRY, "energy_kJ = 1\n", "energy_kj = 1\n")
    line = _line_of("energy_kj", text)
    with pytest.raises(
        ScenarioError, match=rf"small\.toml:{line}: process\.dig\.energy_kj: unknown key"
    ):
        load(write(tmp_path, small=text))


def test_missing_file() -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.toml: cannot be read \(No such file"):
        load("nowhere.toml")


def test_not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(b'title = "caf\xe9"')
    with pytest.raises(ScenarioError, match=r"byte 12 is not UTF-8; .* save it as UTF-8"):
        load(path)


def test_unfinished_file_names_its_last_line(tmp_path: Path) -> None:
    path = write(tmp_path, colony="format = 1\nindustry = [")
    with pytest.raises(ScenarioError, match=r"colony\.toml:2: .*; expected TOML"):
        load(path)


def test_override_is_a_table(tmp_path: Path) -> None:
    text = "override = 3\n" + SCENARIO[: SCENARIO.index("[override")]
    with pytest.raises(ScenarioError, match=r"toml:1: override: found 3; expected a table"):
        load(write(tmp_path, colony=text))


def test_saved_data_cut_short(tmp_path: Path) -> None:
    data = dict(load(write(tmp_path)).data)
    del data["body"]
    with pytest.raises(
        ScenarioError, match=r"saved scenario: no 'body' here; expected name, scenario, body, "
    ):
        load(data)


def test_unknown_shipped_name(tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    write(tmp_path / "shipped")
    with pytest.raises(ScenarioError, match=r"no scenario 'colny'; .*; did you mean 'colony'\?"):
        load("colny")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rules.slowdwn": 2.0}, r"replace: rules\.slowdwn: unknown key .* 'slowdown'\?"),
        ({"ruls.slowdown": 2.0}, r"replace: ruls: unknown key 'ruls'; .* did you mean 'rules'\?"),
        ({"rules.slowdown": 0}, r"rules\.slowdown: found 0; expected .* at least 0\.01"),
        ({"years.long": 3}, r"replace: years\.long: years is not a table"),
        ({"seed.robots.diger": 3}, r"replace: seed\.robots\.diger: 'diger' is not a species"),
        (
            {"override.process.split.energy_kJ": 3},
            r"override\.process\.split\.energy_kJ: found 3 kJ; expected at least 14291\.1",
        ),
        ({"override.process.spit.energy_kJ": 3}, r"process\.spit: .*did you mean 'split'\?"),
        ({"body": "elsewhere"}, r"replace: body: no body 'elsewhere'; .*known: speck"),
    ],
)
def test_bad_replacement(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    scenario = load(write(tmp_path))
    with pytest.raises(ScenarioError, match=message):
        scenario.replace(changes)
