"""Each mistake in a scenario with a belt gets one sentence, which names the line."""

import re
from pathlib import Path

import pytest

from auxon.policies.market import Market
from auxon.sim.errors import ScenarioError, UsageError
from auxon.sim.scenario import load
from auxon.sim.world import World
from tests.belt_worlds import OXIDE, SCENARIO, write
from tests.small_colony import changed

KIT = "robots = { digger = 1, maker = 2, arm = 2, pod = 1 }\nstock = { carbon"
DRIVE = SCENARIO[SCENARIO.index("[belt.drive]") : SCENARIO.index("[belt.search]")]
LIKE = "robots = { digger = 1 }\n"


def rival(text: str) -> str:
    return f"[[belt.rival]]\n{text}\n[rules]"


# snippet, what it becomes, the line that is named (the first that holds this), the sentence
BAD: dict[str, tuple[str, str, str, str]] = {
    "unknown key": (
        "sites_per_body = 1", "sites_per_boddy = 1", "sites_per_boddy",
        "belt.sites_per_boddy: unknown key 'sites_per_boddy'; expected one of this table's keys; "
        "did you mean 'sites_per_body'?",
    ),
    "unit": (
        "payload_kg = 500", "payload_t = 0.5", "payload_t",
        "belt.drive.payload_t: unknown key 'payload_t'; this is given in kg, as 'payload_kg'; "
        "convert and rename it",
    ),
    "share": (
        "loss_per_year = 0.2", "loss_per_year = 1.2", "loss_per_year",
        "belt.drive.loss_per_year: found 1.2; expected a number at least 0 and at most 1; change "
        "it",
    ),
    "day": (
        "sites_per_body = 1", 'sites_per_body = 1\nstart = "soon"', "start =",
        r"belt.start: found \"soon\"; expected a text like .*; change it",
    ),
    "no such day": (
        "sites_per_body = 1", 'sites_per_body = 1\nstart = "2030-02-30"', "start =",
        "belt.start: found 2030-02-30; expected a day of the calendar, as in 2030-01-31; change it",
    ),
    "no such body": (
        "BODIES", 'bodies = ["b0", "b9"]', "bodies =",
        "belt.bodies.1: no body 'b9'; expected one of bodies.toml; known: ",
    ),
    "no such body of a rival": (
        "[rules]", rival('name = "x"\nbody = "b9"\n' + LIKE), 'body = "b9"',
        "belt.rival.0.body: no body 'b9'; expected one of bodies.toml; known: ",
    ),
    "one name twice": (
        "[rules]", rival('name = "first"\nbody = "b3"\n' + LIKE), 'name = "first"',
        "belt.rival.0.name: found 'first' twice; expected another name for each lineage; change it",
    ),
    "no front": (
        "[rules]", rival('name = "x"\nbody = "b4"\n' + LIKE), 'body = "b4"',
        "belt.rival.0.body: found b4, whose rock is ice; expected a body of one of the fronts, "
        "carbide, oxide; name a front for it, or start elsewhere",
    ),
    "too many colonies": (
        "sites_per_body = 1", "colonies = 8", "colonies",
        "belt.colonies: found 8 colonies and 7 bodies that have a front; expected a body for each; "
        "take more bodies, or fewer colonies",
    ),
    "carrier": (
        'carrier = "pod"', 'carrier = "pot"', 'carrier = "pot"',
        "belt.drive.carrier: 'pot' is not a species; expected one of the industry's; did you mean "
        "'pod'?",
    ),
    "no carrier in the kit": (
        KIT, KIT.replace(", pod = 1", ""), "robots = { digger = 1",
        "belt.kit.robots: found no pod; expected the carriers that fly the kit; add some",
    ),
    "nobody in the kit": (
        KIT, KIT.replace("digger = 1, maker = 2, arm = 2, pod = 1", "pod = 0"), "pod = 0",
        "belt.kit.robots: found no robot at all; expected at least one; raise a number",
    ),
    "species of the kit": (
        KIT, KIT.replace("maker", "makker"), "makker",
        "belt.kit.robots.makker: 'makker' is not a species; expected one of the industry's; did "
        "you mean 'maker'?",
    ),
    "rock in the kit": (
        KIT, KIT.replace("{ carbon", "{ rock = 80, carbon"), "rock = 80",
        "belt.kit.stock.rock: rock is rock in place; expected what can be moved; take ore",
    ),
    "rock behind a ship": (
        '{ material = "iron", exhaust_m_s = 1000 }', '{ material = "rock", exhaust_m_s = 1000 }',
        "propellants",
        "belt.drive.propellants.1.material: rock is rock in place; expected what can be moved; "
        "take ore",
    ),
    "propellant": (
        '{ material = "iron", exhaust_m_s = 1000 }', '{ material = "irn", exhaust_m_s = 1000 }',
        "propellants",
        "belt.drive.propellants.1.material: 'irn' is not a material; expected one of the "
        "industry's; did you mean 'iron'?",
    ),
    "goods": (
        "buys = { carbon", "buys = { karbon = 4, carbon", "buys",
        "belt.front.oxide.buys.karbon: 'karbon' is not a material; expected one of the industry's; "
        "did you mean 'carbon'?",
    ),
    "nothing that flies": (
        DRIVE, "", "[belt.kit]",
        "belt.kit: found no .belt.drive.; expected what flies it; add one with its propellants",
    ),
    "robots that differ by rock": (
        "[rules]", "[rules]\n", "[belt.front.oxide]",
        "belt.front.oxide: first builds digger of other parts here than on carbide; expected one "
        "bill for each species of a lineage; take the same industry files but for the front end",
    ),
    "another assembler": (
        "[rules]", "[rules]\n\n", "[belt.front.oxide]",
        "belt.front.oxide: oxide: found assembler maker and repairer arm; expected arm and arm as "
        "at home; take the same robots",
    ),
    "catalogue": (
        "sites_per_body = 1", 'catalogue = "none.parquet"', "",
        "none.parquet: found no Parquet file .*; expected a belt of .*; make one",
    ),
}  # fmt: skip
OXIDE_MORE = {
    "robots that differ by rock": "[species.digger]\nbill = { plate = 9 }\n",
    "another assembler": "",
}


@pytest.mark.parametrize("what", BAD)
def test_each_mistake_gets_one_sentence(what: str, tmp_path: Path) -> None:
    old, new, named, sentence = BAD[what]
    files = {}
    if what in OXIDE_MORE:
        files["oxide"] = OXIDE + OXIDE_MORE[what]
    if what == "another assembler":
        files["oxide"] = changed(OXIDE, 'title = "A front end"\n', 'assembler = "maker"\n')
    text = changed(SCENARIO, old, new)
    path = write(tmp_path, text, **files)
    with pytest.raises((ScenarioError, UsageError)) as found:
        load(path)
    (said,) = [line for line in str(found.value).splitlines() if re.search(sentence, line)]
    assert said.count(";") >= 2, "found, expected, remedy"
    if named:
        lines = path.read_text(encoding="utf-8").splitlines()
        line = next(n for n, written in enumerate(lines, 1) if named in written)
        assert said.startswith(f"{path}:{line}: "), said


RIVALS = """\
[[belt.rival]]
name = "second"
body = "b3"
robots = { digger = 1 }

[[belt.rival]]
name = "third"
body = "b5"

[belt.rival.robots]
maker = 1

[belt.rival.override.species.digger]
mtbf_h = 400

[[belt.rival]]
name = "fourth"
body = "b6"
robots = { digger = 1, arm = 1 }

[belt.rival.override.species.maker]
mtbf_h = 300

[rules]"""

# snippet of RIVALS, what it becomes, the line that is named (the only one that holds this), where
BAD_RIVALS = {
    "a body": ('"b5"', '"b9"', '"b9"', "belt.rival.1.body: no body 'b9'"),
    "a name": ('"fourth"', '"third"  # again', "# again", "belt.rival.2.name: found 'third' twice"),
    "a species": ("maker = 1", "makker = 1", "makker", "belt.rival.1.robots.makker: 'makker'"),
    "in one line": ("digger = 1 }", "diger = 1 }", "diger", "belt.rival.0.robots.diger: 'diger'"),
    "unknown key": (
        'body = "b3"', 'body = "b3"\nboddy = 1', "boddy", "belt.rival.0.boddy: unknown key"
    ),
    "no name": (
        '[[belt.rival]]\nname = "third"', "[[belt.rival]]  # here", "# here",
        "belt.rival.1: no 'name' here",
    ),
    "its design": (
        "mtbf_h = 400", "mtbf_h = 0", "mtbf_h = 0",
        "belt.rival.1.override.species.digger.mtbf_h: found 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_RIVALS)
def test_of_several_rivals_the_right_one_is_named(what: str, tmp_path: Path) -> None:
    old, new, named, said = BAD_RIVALS[what]
    path = write(tmp_path, changed(SCENARIO, "[rules]", RIVALS))
    assert load(path).belt, "without the mistake it can be read"
    path = write(tmp_path, changed(SCENARIO, "[rules]", RIVALS.replace(old, new, 1)))
    with pytest.raises(ScenarioError) as found:
        load(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    (line,) = [n for n, written in enumerate(lines, 1) if named in written]
    assert f"{path}:{line}: {said}" in str(found.value)


def test_a_belt_takes_no_number_of_sites() -> None:
    with pytest.raises(UsageError, match="'belt-wave' has a belt; expected 1"):
        World(load("belt-wave"), Market(), sites=2)
