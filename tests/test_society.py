"""Society: a world as a Mesa model, under Mesa 3.3 and 3.5 alike."""

import copy
import gc
import inspect
import re
import weakref
from typing import Any

import mesa
import numpy as np
import pytest

import auxon.agents
from auxon.agents import Robot, Society, kind
from auxon.policies import make
from auxon.sim.errors import ScenarioError, UsageError
from auxon.sim.scenario import load
from auxon.sim.world import World

HAS_RNG = "rng" in inspect.signature(mesa.batch_run).parameters
"""Mesa 3.5: repetitions are a list of seeds; 3.3 takes seeds as a parameter like any other."""


# ---------------------------------------------------------------------- the model


def test_it_steps_as_its_world_does_alone() -> None:
    society = Society("tiny", "kanban", rng=7)
    world = World(load("tiny"), make("kanban"), 7)
    assert society.digest == world.digest()
    for step in range(1, 101):
        society.step()
        world.step()
        assert society.steps == society.world.step_count == step
    assert society.births > 0
    assert society.digest == world.digest()


def test_looking_changes_nothing() -> None:
    watched, alone = Society(rng=7), Society(rng=7)
    for _ in range(60):
        watched.step()
        alone.step()
        watched.agents.shuffle().groupby("task").agg("wear", "mean")
        watched.agents.select(lambda robot: robot.age_days > 3).sort("name")
        watched.random.random()
        watched.rng.random()
    assert watched.digest == alone.digest


def test_defaults_are_the_tiny_scenario_and_its_own_policy() -> None:
    society = Society()
    assert society.scenario == load("tiny")
    assert type(society.world.policy) is type(make(load("tiny").policy))
    assert society.population == dict(load("tiny").seed_robots)
    assert Society(load("tiny").data).scenario == society.scenario
    policy = make("random")
    assert Society(policy=policy).world.policy is policy


@pytest.mark.parametrize(
    ("rng", "seed"),
    [
        (3, 3),
        (np.int64(3), 3),
        (2**63 + 5, 2**63 + 5),
        ([1, 2], None),
        (np.random.SeedSequence([1, 2]), None),
        (np.random.default_rng([1, 2]), None),
    ],
    ids=str,
)
def test_rng_decides_everything(rng: Any, seed: int | None) -> None:
    if seed is None:
        seed = int(np.random.default_rng([1, 2]).integers(2**64, dtype=np.uint64))
    society = Society(rng=copy.deepcopy(rng))
    again = Society(rng=copy.deepcopy(rng))
    assert society.world.seed == again.world.seed == seed
    assert society.random.random() == again.random.random()
    assert society.rng.random() == again.rng.random()


def test_a_seed_beyond_64_bits_is_refused() -> None:
    for rng in (-1, 2**64):
        with pytest.raises(UsageError, match=r"expected a number of 64 bits, 0 to 2\*\*64 - 1"):
            Society(rng=rng)


def test_without_rng_every_society_is_another_and_can_be_repeated() -> None:
    a, b = Society(), Society()
    assert a.world.seed != b.world.seed
    again = Society(rng=a.world.seed)
    assert again.digest == a.digest != b.digest
    assert again.random.random() == a.random.random()


def test_it_ends_at_the_horizon() -> None:
    society = Society(load("tiny").replace({"years": 0.2}), rng=1)
    society.run()
    assert not society.running
    assert society.steps == 74  # 73 days are 0.19986 Julian years
    society.run(years=1)
    assert society.steps == 74
    society.step()
    assert society.steps == 75


def test_run_goes_on_for_so_many_years() -> None:
    society = Society(rng=1)
    society.run(years=0.1)
    assert society.steps == round(36.525)
    society.run(years=0.1)
    assert society.steps == 2 * round(36.525)
    assert society.running


def test_it_ends_when_nobody_is_left() -> None:
    society = Society(rng=1)
    society.remove_all_agents()
    society.run()
    assert society.steps == 1
    assert not society.running
    assert (society.robots, society.births, society.deaths) == (0, 0, 21)
    assert (society.generation, society.broken, society.mass_kg) == (0, 0, 0)


def test_its_numbers_are_the_robots_numbers() -> None:
    society = Society("tiny", "kanban", rng=1, sites=2)
    for _ in range(150):
        society.step()
    robots = society.agents.to_list()
    assert society.robots == len(robots)
    assert society.births == sum(robot.parent is not None for robot in robots) > 20
    assert society.deaths == 0
    assert society.broken == sum(robot.broken for robot in robots)
    assert society.generation == max(robot.generation for robot in robots) > 1
    assert society.mass_kg == pytest.approx(sum(robot.mass_kg for robot in robots), rel=1e-12)
    assert society.population == {
        k: sum(robot.species == k for robot in robots) for k in society.scenario.industry.species
    }
    assert society.years == pytest.approx(150 / 365.25, rel=1e-12)


def test_check_is_handed_on() -> None:
    assert Society(check=True).world._ledger is not None
    assert Society().world._ledger is None


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"scenario": "tinny"}, ScenarioError, "no scenario 'tinny'.*tiny"),
        ({"policy": "kanbam"}, UsageError, "policy 'kanbam' is not known; did you mean 'kanban'"),
        ({"rng": "seven"}, UsageError, "rng='seven': expected an int, a sequence of ints"),
        ({"report_every": 0}, UsageError, "report_every=0; expected 1 step or more"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        Society(**arguments)


def test_what_it_is_cannot_be_replaced() -> None:
    society = Society()
    with pytest.raises(UsageError, match="scenario cannot be changed; make a new Society"):
        society.scenario = load("tiny")
    with pytest.raises(AttributeError):
        society.agents = []  # type: ignore[assignment,misc]
    assert society.scenario.name == "tiny"


# ---------------------------------------------------------------------- Mesa's tools


def model_vars(society: Society) -> Any:
    """The data frame of model reporters."""
    return society.datacollector.get_model_vars_dataframe()  # type: ignore[no-untyped-call]


def test_the_datacollector_keeps_each_step() -> None:
    society = Society("tiny", "kanban", rng=1)
    rows = []
    for step in range(101):
        if step:
            society.step()
        rows.append(
            {
                "years": society.years,
                "robots": society.robots,
                "broken": society.broken,
                "mass_kg": society.mass_kg,
                "births": society.births,
                "deaths": society.deaths,
                "generation": society.generation,
                **society.population,
            }
        )
    frame = model_vars(society)
    assert frame.to_dict("records") == rows
    assert frame["robots"].iloc[-1] > 21


def test_report_every_collects_the_start_each_so_many_steps_and_the_end() -> None:
    society = Society(load("tiny").replace({"years": 0.2}), rng=1, report_every=30)
    society.run()
    years = model_vars(society)["years"]
    assert [round(y * 365.25) for y in years] == [0, 30, 60, 74]


def test_stock_reporters_of_agents_and_of_types() -> None:
    society = Society(
        "tiny",
        "kanban",
        rng=1,
        model_reporters={"worn": lambda s: s.agents.agg("wear", "max")},
        agent_reporters={
            "species": "species",
            "task": "task",
            "half": lambda robot: robot.wear / 2,
        },
        agenttype_reporters={kind("printer"): {"wear_h": "wear_h"}, Robot: {"site": "site"}},
    )
    for _ in range(60):
        society.step()
    collector: Any = society.datacollector
    agents = collector.get_agent_vars_dataframe()
    counts = agents.groupby(level="Step").size().tolist()
    assert counts == collector.get_model_vars_dataframe()["robots"].tolist()
    last = agents.loc[60]
    assert last.index.tolist() == society.agents.ids.tolist()
    assert last["species"].tolist() == society.agents.get("species")
    assert [t if isinstance(t, str) else None for t in last["task"]] == society.agents.get("task")
    assert last["half"].tolist() == [wear / 2 for wear in society.agents.get("wear")]
    worn = collector.get_model_vars_dataframe()["worn"]
    assert worn.iloc[-1] == max(society.agents.get("wear")) > 0
    printers = collector.get_agenttype_vars_dataframe(kind("printer")).loc[60]
    chosen = society.agents.select(species="printer")
    assert printers["wear_h"].to_dict() == dict(zip(chosen.ids, chosen.get("wear_h"), strict=True))
    assert len(collector.get_agenttype_vars_dataframe(Robot)) == len(agents)


def batch(rng: list[int], parameters: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """`mesa.batch_run` in this process, with seeds as the Mesa at hand takes them."""
    seeds: dict[str, Any] = {"rng": rng} if HAS_RNG else {}
    parameters = parameters if HAS_RNG else parameters | {"rng": rng}
    settings = {"number_processes": 1, "display_progress": False} | settings
    return mesa.batch_run(Society, parameters, **seeds, **settings)


def test_batch_run() -> None:
    rows = batch([1, 2], {"policy": ["kanban", "random"]}, max_steps=80)
    assert len(rows) == 4
    assert {(row["policy"], row["rng"]) for row in rows} == {
        (policy, rng) for policy in ("kanban", "random") for rng in (1, 2)
    }
    for row in rows:
        # the last row is of step 80 in either Mesa; 3.3 goes one step further and leaves it out
        assert row["Step"] == 80
        society = Society("tiny", row["policy"], rng=row["rng"])
        for _ in range(80):
            society.step()
        expected = {"robots": society.robots, "mass_kg": society.mass_kg, **society.population}
        assert {name: row[name] for name in expected} == expected


def test_batch_run_with_a_scenario_and_agents() -> None:
    scenario = load("tiny").replace({"years": 0.05, "seed.robots.printer": 3})
    rows = batch(
        [5],
        # in a list, or Mesa would take the keys of a mapping for values to try
        {"scenario": scenario, "agent_reporters": [{"kind": "species"}]},
        data_collection_period=1,
    )
    society = Society(scenario, rng=5)
    society.run()
    assert not society.running
    steps = sorted({row["Step"] for row in rows})
    # Mesa before 3.5 leaves the last state out
    assert steps[: society.steps] == list(range(society.steps))
    first = [row for row in rows if row["Step"] == 0]
    assert [row["kind"] for row in first].count("printer") == first[0]["printer"] == 3
    assert [row["AgentID"] for row in first] == Society(scenario).agents.ids.tolist()


@pytest.mark.skipif(not hasattr(mesa.Model, "run_for"), reason="Mesa 3.5 has events")
def test_events_of_mesa_3_5_run_between_steps() -> None:
    society: Any = Society(rng=1)
    seen = []

    def look() -> None:
        seen.append(society.world.step_count)

    society.schedule_event(look, at=10.5)
    society.run_for(20)
    assert society.world.step_count == 20
    assert seen == [10]


def test_a_subclass_may_intervene() -> None:
    class Strike(Society):
        """Every tenth day the assemblers lay down their work."""

        def step(self) -> None:
            if self.world.step_count % 10 == 0:
                self.agents.select(species="assembler").set("task", None)
            super().step()

    society = Strike(rng=1, check=True)
    for _ in range(60):
        society.step()
    free = Society(rng=1)
    for _ in range(60):
        free.step()
    assert society.steps == 60
    assert society.digest != free.digest


# ---------------------------------------------------------------------- memory


def test_a_dropped_society_is_collected() -> None:
    def use() -> list[weakref.ref[Any]]:
        society = Society("tiny", "kanban", rng=1, agent_reporters={"wear": "wear"})
        for _ in range(30):
            society.step()
        robot = society.agents[0]
        held = society.agents.select(species="printer")
        society.agents.do("step")
        society.agents.groupby("task").agg("wear", "mean")
        with pytest.raises(UsageError):
            mesa.Agent(society)
        return [
            weakref.ref(society),
            weakref.ref(society.world),
            weakref.ref(robot),
            weakref.ref(held),
        ]

    refs = use()
    gc.collect()
    assert [ref() for ref in refs] == [None] * 4


def test_it_can_be_copied_and_the_copy_goes_its_own_way() -> None:
    society = Society("tiny", "kanban", rng=1)
    for _ in range(40):
        society.step()
    twin = copy.deepcopy(society)
    assert twin.digest == society.digest
    assert twin.agents[0] != society.agents[0]
    assert twin.agents.get("name") == society.agents.get("name")
    before = society.digest
    for _ in range(10):
        twin.step()
    assert society.digest == before
    for _ in range(10):
        society.step()
    assert society.digest == twin.digest


def test_everything_public_is_documented() -> None:
    for name in auxon.agents.__all__:
        made = getattr(auxon.agents, name)
        assert re.search(r"\S{3}", made.__doc__)
