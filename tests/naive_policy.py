"""Kanban and quota matching for the twin: the same floats in the same order, robot by robot."""

from .naive import NaiveWorld
from .naive_lore import Task, philox
from .naive_site import Robot, Site

CHOICE = 2


def naive_kanban(world: NaiveWorld) -> tuple[dict[int, int], list[list[float]]]:
    """Return what every robot due takes up, by id, and how much each site wants each species."""
    world.observe()
    tasks: dict[int, int] = {}
    awake = world.awake()
    for site in awake:
        quota = quotas(world, site)
        for robot in world.due(site):
            tasks[robot.id] = choose(world, site, quota, robot)
    nothing = [0.0] * len(world.lore.species)
    return tasks, [desires(world, site) if site in awake else nothing for site in world.sites]


def quotas(world: NaiveWorld, site: Site) -> list[float]:
    """Hands that each task deserves: its kind's healthy robots in proportion to room."""
    quota = [0.0] * len(site.lore.tasks)
    for k, options in site.lore.of.items():
        total = 0.0
        for t in options:
            total += float(site.now.room[t])
        for t in options:
            crew = float(site.now.crew[t.number])
            room = float(site.now.room[t])
            quota[t.number] = room * site.now.healthy[k] / total if total > 0 else crew
    return quota


def choose(world: NaiveWorld, site: Site, quota: list[float], robot: Robot) -> int:
    """Leave a crowded task with the chance that would end the crowd; go where hands are missing."""
    crew = site.now.crew
    now = robot.task
    if now >= 0 and quota[now] >= crew[now]:
        return now
    options = [t.number for t in site.lore.of[robot.species]]
    heaped = []  # missing hands, added up
    missing = 0.0
    for p in options:
        missing += max(0.0, quota[p] - crew[p])
        heaped.append(missing)
    if missing == 0.0:
        return now
    stay, draw, _, _ = philox(world.seed, CHOICE, world.step_count, robot.id)
    if now >= 0 and float(stay) >= (crew[now] - quota[now]) / crew[now] * 2.0**32:
        return now
    mark = float(draw) * missing / 2.0**32
    for p, sum_so_far in zip(options, heaped, strict=True):
        if sum_so_far > mark:
            return p
    return options[-1]


def only_builds(options: list[Task]) -> bool:
    """Whether a kind assembles and does nothing else."""
    return all(t.kind == "build" for t in options)


def desires(world: NaiveWorld, site: Site) -> list[float]:
    """Want a kind by its backlog, the all but lost before all, collectors by the lack of energy."""
    lore, now = site.lore, site.now
    desire = {k: site.pressure_fp[k] / 256.0 if lore.of[k] else 0.0 for k in lore.species}
    builders = [k for k in lore.species if k == lore.industry.assembler and only_builds(lore.of[k])]
    largest = max((d for k, d in desire.items() if k not in builders), default=0.0)
    for k in builders:
        desire[k] = min(desire[k], largest)
    nothing_scarce = largest < 1.0
    for k in lore.species:
        if nothing_scarce and desire[k] > 0.0:
            desire[k] = 1.0
        if now.healthy[k] + site.orders[k] + site.building[k] < least_number(world, site, k):
            desire[k] = 4.0 * max(largest, 1.0)
    short = sixth(site.electric_fp / 256.0 / 0.95)
    cold = sixth(site.energy_fp / 256.0 / 0.95)
    both_W = {k: now.supply_W[k] + now.warmth_W[k] for k in lore.species}
    W_per_g = {k: both_W[k] / lore.industry.species[k].mass_g for k in lore.species}
    for k in lore.species:
        if both_W[k] > 0:
            worth = W_per_g[k] / max(W_per_g.values())
            lack = cold * worth
            if now.supply_W[k] > 0:
                lack = max(lack, short)
            if nothing_scarce:
                lack = max(lack, 1.0)
            desire[k] = max(largest, 1.0) * lack
    return [desire[k] for k in lore.species]


def least_number(world: NaiveWorld, site: Site, species: str) -> int:
    """Return how many of a kind a site should never be without."""
    robots = len(site.robots)
    if species == site.lore.industry.repairer:
        return 2 + robots // 256
    busy = any(site.now.planned[t] > 0 for t in site.lore.of[species])
    has_tasks = bool(site.lore.of[species])
    return 2 if (busy and robots >= 48) or (has_tasks and robots >= 256) else 0


def sixth(x: float) -> float:
    """Sixth power."""
    return x * x * x * (x * x * x)
