"""Belts small enough to live through in seconds: carbide rock at home, oxide elsewhere, and ice.

A lot of carbide is 56 g of iron, 16 g of oxygen, 8 g of carbon; of oxide the first two. A plate is
1 kg of iron, a seal 100 g of carbon, so that sites on oxide need cargo. Bodies lie 0.01 AU apart
on all but one orbit; ships throw oxygen or iron. Machines work fast, break within weeks and are
old within months.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from auxon.sim.belt import Belt
from auxon.sim.scenario import Scenario, load
from auxon.sim.schema import BodiesFile, BodyEntry
from auxon.sim.toml_errors import read, validate

SAID = 'source = "by hand"\nconfidence = "A"\n'


def _material(name: str, text: str) -> str:
    return f"[material.{name}]\nenthalpy_kJ_per_kg = 0\n{text}\n{SAID}"


def _piece(name: str) -> str:
    return f'[material.{name}]\nunit = "piece"\nkind = "part"\n{SAID}'


def _process(name: str, text: str) -> str:
    return f"[process.{name}]\n{text}\n{SAID}"


def _species(name: str, bill: str, parts: str, mtbf_h: int, more: str = "") -> str:
    return f"""\
[species.{name}]
title = "Species {name}"
bill = {{ {bill} }}
repair_parts = {{ {parts} }}
repair_seconds = 3600
assembly_seconds_per_kg = 7200
assembly_kJ_per_kg = 360
idle_W = 2
mtbf_h = {mtbf_h}
weibull_shape = 1.4
life_h = 3500
{more}
{SAID}"""


SUN = "collector_m2 = 30\nefficiency = 0.5\nheat_efficiency = 0.1"

BASE = (
    'title = "What every rock has"\nassembler = "arm"\nrepairer = "arm"\n'
    + _material("iron", 'kind = "feedstock"\nelements_g = { Fe = 10 }')
    + _material("oxygen", 'kind = "feedstock"\nelements_g = { O = 16 }')
    + _material("carbon", 'kind = "feedstock"\nelements_g = { C = 4 }')
    + _piece("plate")
    + _piece("seal")
    + _process(
        "roll",
        'machine = "maker"\nmachine_seconds = 1000\nenergy_kJ = 200\n'
        "inputs = { iron = 5000 }\noutputs = { plate = 5 }",
    )
    + _process(
        "press",
        'machine = "maker"\nmachine_seconds = 500\nenergy_kJ = 50\n'
        "inputs = { carbon = 100 }\noutputs = { seal = 1 }",
    )
    + _process(
        "melt_scrap",
        'machine = "maker"\nmachine_seconds = 500\nenergy_kJ = 50\ntakes_worn = true\n'
        "inputs = { plate = 1 }\noutputs = { iron = 1000 }",
    )
    + _species("digger", "plate = 4, seal = 1", "seal = 1", 900, SUN)
    + _species("maker", "plate = 6, seal = 1", "plate = 1", 900, SUN)
    + _species("arm", "plate = 3, seal = 2", "seal = 1", 700)
    + _species("pod", "plate = 2, iron = 100", "plate = 1", 500)
)


def _ground(rock: Mapping[str, int], gives: str) -> str:
    lots = ", ".join(f"{e} = {g}" for e, g in rock.items())
    lot_g = sum(rock.values())
    return (
        'title = "A front end"\n'
        + _material("rock", f'kind = "reserve"\nelements_g = {{ {lots} }}')
        + f'[material.ore]\nkind = "ore"\nsame_as = "rock"\n{SAID}'
        + _process(
            "dig",
            'machine = "digger"\nmachine_seconds = 3600\nenergy_kJ = 1000\n'
            f"inputs = {{ rock = {100 * lot_g} }}\noutputs = {{ ore = {100 * lot_g} }}",
        )
        + _process(
            "smelt",
            'machine = "maker"\nmachine_seconds = 7200\nenergy_kJ = 4000\nheat_kJ = 1000\n'
            f"inputs = {{ ore = {100 * lot_g} }}\noutputs = {{ {gives} }}\n"
            'byproducts = ["oxygen"]',
        )
    )


CARBIDE = _ground({"Fe": 56, "O": 16, "C": 8}, "iron = 5600, oxygen = 1600, carbon = 800")
OXIDE = _ground({"Fe": 56, "O": 16}, "iron = 5600, oxygen = 1600")

SCENARIO = """\
format = 1
title = "A small belt"
body = "b0"
industry = ["base.toml", "carbide.toml"]
policy = "kanban"
years = 10

[site]
sun_fraction = 0.5
claim_kg = 3e4

[seed]
robots = { digger = 3, maker = 6, arm = 4, pod = 1 }
stock = { iron = 40_000, carbon = 20_000, oxygen = 100_000, plate = 30, seal = 30 }

[rules]
step_days = 1
most_robots = 28

[belt]
sites_per_body = 1
BODIES
[belt.front.oxide]
industry = ["base.toml", "oxide.toml"]
buys = { carbon = 20_000 }

[belt.kit]
robots = { digger = 1, maker = 2, arm = 2, pod = 1 }
stock = { carbon = 3_001, plate = 12, seal = 8 }
spare = 1.5

[belt.drive]
carrier = "pod"
payload_kg = 500
propellants = [
    { material = "oxygen", exhaust_m_s = 2000 },
    { material = "iron", exhaust_m_s = 1000 },
]
loss_per_launch = 0.2
loss_per_year = 0.2

[belt.search]
every_days = 6
neighbours = 6
window_days = 20
flight_days = 45
certainty = 0.6

[belt.trade]
every_days = 9
dearest = 1e9
"""

COMPOSITIONS = "".join(
    f"""\
[composition.{name}]
title = "{name}"
taxonomy = ["M"]
elements_wt = {{ {wt} }}
phases_wt = {{ silicates_oxides = 100 }}
{SAID}"""
    for name, wt in {
        "carbide": "Fe = 70, O = 20, C = 10",
        "oxide": "Fe = 77.78, O = 22.22",
        "ice": "H = 11, O = 89",
    }.items()
)


def body(
    name: str,
    composition: str,
    M_deg: float,
    a_au: float = 2.5,
    mass_kg: float = 1e12,
    i_deg: float = 1.0,
) -> str:
    """Write one body of bodies.toml."""
    return f"""\
[body.{name}]
number = {int(name.strip("b")) + 1}
composition = "{composition}"
taxonomy = "M"
a_au = {a_au}
e = 0.05
i_deg = {i_deg}
node_deg = 2
peri_deg = 3
M_deg = {M_deg}
epoch_jd_tdb = {2461000.5 + 0.25 * (int(name.strip("b")) % 3)}
diameter_km = 1
mass_kg = {mass_kg}
{SAID}"""


ROCKS = ("carbide", "oxide", "oxide", "carbide", "ice", "oxide", "carbide", "oxide")
"""Of the bodies, home first."""
BODIES = "".join(
    # 0.23 degrees at 2.5 AU are 0.01 AU; one has rock for less than a claim
    body(f"b{n}", rock, 10 + 0.23 * n, 2.5 + 0.001 * (n % 3), 2e4 if n == 1 else 1e12)
    for n, rock in enumerate(ROCKS)
)


def write(
    folder: Path,
    scenario: str = SCENARIO,
    bodies: str = BODIES,
    names: str | None = None,
    **files: str,
) -> Path:
    """Write a belt's files and return the scenario's path."""
    named = ", ".join(f'"b{n}"' for n in range(bodies.count("[body.")))
    texts = {
        "belt": scenario.replace("BODIES", f"bodies = [{names or named}]"),
        "base": BASE,
        "carbide": CARBIDE,
        "oxide": OXIDE,
        "bodies": bodies,
        "compositions": COMPOSITIONS,
    } | files
    for stem, text in texts.items():
        (folder / f"{stem}.toml").write_text(text, encoding="utf-8")
    return folder / "belt.toml"


RIVAL: dict[str, Any] = {
    "name": "second",
    "body": "b5",
    "robots": {"digger": 3, "maker": 6, "arm": 4, "pod": 1},
    "stock": {"iron": 40_000, "carbon": 50_000, "oxygen": 100_000, "plate": 30, "seal": 30},
    "override": {
        "species": {
            "digger": {"bill": {"plate": 5, "seal": 1}, "mtbf_h": 400},
            "pod": {"repair_parts": {}},
        },
        "process": {"press": {"machine_seconds": 400}, "smelt": {"machine_seconds": 6000}},
    },
}
"""Another lineage, whose diggers are heavier and break sooner, and whose makers are faster."""


def small_belt(folder: Path, changes: Mapping[str, Any] | None = None) -> Scenario:
    """Return the belt of this page, with some keys changed."""
    scenario = load(write(folder))
    return scenario.replace(changes) if changes else scenario


SPORES = (
    'title = "Spores"\nassembler = "spore"\n'
    + _material("rock", 'kind = "reserve"\nelements_g = { Fe = 56, O = 16, C = 8 }')
    + f'[material.ore]\nkind = "ore"\nsame_as = "rock"\n{SAID}'
    + _process(
        "dig",
        'machine = "spore"\nmachine_seconds = 600\nenergy_kJ = 1\n'
        "inputs = { rock = 800 }\noutputs = { ore = 800 }",
    )
    + _species("spore", "ore = 800", "", 10_000_000, SUN)
    .replace("life_h = 3500", "life_h = 960")
    .replace("per_kg = 7200", "per_kg = 36000")
)
"""One species that does all: it digs a bill in minutes and builds it in hours, lives forty days and
never breaks."""

SPORE_SCENARIO = """\
format = 1
title = "Spores"
body = "b0"
industry = ["spores.toml"]
policy = "random"
years = 10

[site]
claim_kg = 100

[seed]
robots = { spore = 1 }

[rules]
most_robots = 2

[belt]
bodies = ["b0"]
catalogue = "bodies.parquet"
colonies = 1000

[belt.kit]
robots = { spore = 1 }
spare = 2
most = 2

[belt.drive]
propellants = [{ material = "ore", exhaust_m_s = 1000 }]
loss_per_launch = 0.4

[belt.search]
every_days = 1
"""


def spores(folder: Path, bodies: int, colonies: int) -> Scenario:
    """Return a belt of equal bodies, on some of which a spore starts.

    A site builds a second spore and sends it, twice, then its own dies: two launches, each of which
    survives with probability 0.6.
    """
    scenario = SPORE_SCENARIO.replace("= 1000\n\n[belt.kit]", f"= {colonies}\n\n[belt.kit]")
    path = write(folder, scenario, body("b0", "carbide", 10), spores=SPORES)
    one = Belt.of(read_bodies(folder))
    many = one.select(np.zeros(bodies, np.int64))
    names = np.array([f"c{n}" for n in range(bodies)], np.object_)
    a_au = np.linspace(2.5, 2.51, bodies + 1)[1:]  # no two alike: the nearest are found at once
    replace(many, name=names, number=np.zeros(bodies, np.int32), a_au=a_au).write(
        folder / "bodies.parquet"
    )
    return load(path)


def read_bodies(folder: Path) -> Mapping[str, BodyEntry]:
    """Return the bodies written in a folder."""
    source = read(folder / "bodies.toml")
    return validate(BodiesFile, source.data, [source]).body
