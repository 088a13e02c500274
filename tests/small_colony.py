"""A colony small enough to check by hand: wüstite rock, iron plates, an imported chip.

72 g FeO + 2 g H2 -> 56 g Fe + 18 g H2O; the water is split again. A plate is 100 g of iron.
"""

from pathlib import Path

INDUSTRY = """\
title = "Small"
assembler = "arm_robot"
repairer = "arm_robot"

[material.rock]
kind = "reserve"
formula = "FeO"
enthalpy_kJ_per_kg = -3780.0
source = "by hand"
confidence = "C"

[material.ore]
kind = "ore"
same_as = "rock"
source = "by hand"
confidence = "C"

[material.hydrogen]
kind = "feedstock"
formula = "H2"
enthalpy_kJ_per_kg = 0
source = "by hand"
confidence = "C"

[material.oxygen]
kind = "waste"
formula = "O2"
enthalpy_kJ_per_kg = 0
source = "by hand"
confidence = "C"

[material.water]
kind = "feedstock"
formula = "H2O"
enthalpy_kJ_per_kg = -15879.0
source = "by hand"
confidence = "C"

[material.iron]
kind = "feedstock"
elements_g = { Fe = 10 }
enthalpy_kJ_per_kg = 0
source = "by hand"
confidence = "C"

[material.plate]
unit = "piece"
kind = "part"
source = "by hand"
confidence = "C"

[material.arm]
unit = "piece"
kind = "part"
source = "by hand"
confidence = "C"

[material.chip]
unit = "piece"
kind = "vitamin"
elements_g = { Si = 50 }
enthalpy_kJ_per_kg = 0
source = "by hand"
confidence = "A"

[process.dig]
machine = "digger"
machine_seconds = 100
energy_kJ = 1
inputs = { rock = 7200 }
outputs = { ore = 7200 }
source = "by hand"
confidence = "A"

[process.reduce]
machine = "furnace"
machine_seconds = 3600
energy_kJ = 2000
heat_kJ = 500
inputs = { ore = 7200, hydrogen = 200 }
outputs = { iron = 5600, water = 1800 }
byproducts = ["water"]
source = "by hand"
confidence = "A"

[process.split]
machine = "furnace"
machine_seconds = 3600
energy_kJ = 20000
inputs = { water = 900 }
outputs = { hydrogen = 100, oxygen = 800 }
source = "by hand"
confidence = "A"

[process.roll]
machine = "furnace"
machine_seconds = 601
energy_kJ = 600
inputs = { iron = 500 }
outputs = { plate = 5 }
source = "by hand"
confidence = "A"

[process.build_arm]
machine = "arm_robot"
machine_seconds = 7200
energy_kJ = 100
inputs = { plate = 2, chip = 1 }
outputs = { arm = 1 }
source = "by hand"
confidence = "A"

[process.recycle]
machine = "furnace"
machine_seconds = 600
energy_kJ = 600
takes_worn = true
inputs = { plate = 1 }
outputs = { iron = 100 }
source = "by hand"
confidence = "A"

[species.digger]
title = "Digger"
bill = { plate = 10, chip = 1 }
repair_parts = { plate = 1 }
repair_seconds = 3600
assembly_seconds_per_kg = 7200
assembly_kJ_per_kg = 2880
idle_W = 5
mtbf_h = 4000
weibull_shape = 1.5
life_h = 100000
source = "by hand"
confidence = "A"

[species.furnace]
title = "Furnace"
bill = { plate = 20, arm = 1, iron = 100 }
repair_seconds = 3600
assembly_seconds_per_kg = 7200
assembly_kJ_per_kg = 2880
idle_W = 5
mtbf_h = 4000
weibull_shape = 1.5
life_h = 100000
source = "by hand"
confidence = "A"

[species.arm_robot]
title = "Arm robot"
bill = { plate = 4, arm = 2 }
repair_parts = { arm = 1 }
repair_seconds = 3600
assembly_seconds_per_kg = 7200
assembly_kJ_per_kg = 2880
idle_W = 5
mtbf_h = 4000
weibull_shape = 1.5
life_h = 100000
source = "by hand"
confidence = "A"
"""

SCENARIO = """\
format = 1
title = "A small colony"
body = "speck"
industry = ["small.toml"]
years = 10

[site]
sun_fraction = 0.5
claim_kg = 1e6

[seed]
robots = { digger = 1, furnace = 2, arm_robot = 1 }
stock = { iron = 995, chip = 3 }

[imports]
materials = ["chip"]
every_days = 100
transit_days = 60
budget_kg = 10

[rules]
step_days = 1

[override.process.dig]
energy_kJ = 2
"""

BODIES = """\
[body.speck]
number = 1
composition = "FeO_rock"
taxonomy = "M"
a_au = 2.5
e = 0.1
i_deg = 1
node_deg = 2
peri_deg = 3
M_deg = 4
epoch_jd_tdb = 2461000.5
diameter_km = 1
mass_kg = 1e12
source = "by hand"
confidence = "A"
"""

COMPOSITIONS = """\
[composition.FeO_rock]
title = "Wuestite"
taxonomy = ["M"]
elements_wt = { Fe = 77.73, O = 22.27 }
phases_wt = { silicates_oxides = 100 }
source = "by hand"
confidence = "A"
"""

FILES = {
    "colony.toml": SCENARIO,
    "small.toml": INDUSTRY,
    "bodies.toml": BODIES,
    "compositions.toml": COMPOSITIONS,
}


def write(folder: Path, **texts: str) -> Path:
    """Write the four files, some with another text (by stem), and return the scenario's path."""
    for file, text in (FILES | {f"{stem}.toml": text for stem, text in texts.items()}).items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder / "colony.toml"


def changed(text: str, old: str, new: str) -> str:
    """Replace the one occurrence of a snippet."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)
