"""Why a society does not grow faster, in words: what an order waits for, traced to its cause."""

from collections.abc import Sequence

import numpy as np

from .state import SETTLED
from .whereabouts import body_names
from .world import World

_MAX_DEPTH = 12
_BELT_DEPTH = 40
_TOLD = 4
"""Links of a chain that are all told, across a belt."""


def diagnose(world: World) -> str:
    """Name what holds the society back at its last step.

    The longest-waiting order is followed from part to process to input until something is found
    that is not there; then power is looked at, then the machines with the longest backlog.

    Returns
    -------
    str
        One or two sentences.
    """
    f, w, t = world.flows, world.sites, world.tables
    if world.robot_count == 0:
        return "Nobody is left: every robot has been taken apart at the end of its life."
    if not f.healthy.any():
        return f"All {world.robot_count:,} robots are broken and nobody can repair them."
    if world.scenario.belt:
        return _across_belt(world)
    if t.assembler < 0:
        return "The industry names no assembler, so no robot can be built."
    if not f.healthy[:, t.assembler].any():
        return f"No {world.species_names[t.assembler]} works any more, so nothing can be built."
    waiting = _longest_wait(world, range(len(w.claim)))
    if waiting:
        return _complaint(world, waiting)
    if (w.energy_fp > 256).any() or (w.electric_fp > 256).any():
        ratio = max(w.energy_fp.max(), w.electric_fp.max()) / 256
        return f"Power is short: the work at hand would take {ratio:.1f} times what there is."
    machines = t.option_start[:-1] < t.option_start[1:]
    backlog_days = np.where(machines, w.pressure_fp, 0).max(0) / 256 * world.dt_s / 86_400
    k = int(backlog_days.argmax())
    if backlog_days[k] >= 1:
        return (
            f"Machine time is short: {world.species_names[k]} has the longest backlog, "
            f"{backlog_days[k]:.1f} days of work for each."
        )
    if (w.orders + w.building).any():
        return "Nothing is short for long: robots are built as fast as they are assembled."
    return "Nothing is short: the policy orders no more robots."


def _across_belt(world: World) -> str:
    """Name what most of the inhabited sites lack, and how it comes about at the worst of them."""
    w, count = world.sites, world.segments.count
    here = np.flatnonzero((w.state == SETTLED) & (count > 0))
    if not len(here):
        return f"No site is inhabited; {world.robot_count:,} robots are in flight."
    most = world.scenario.rules.most_robots
    full = int((count[here] >= most).sum()) if most else 0
    crowd = f" {full} sites are full, with {most:,} robots or more." if full else ""
    waits = [wait for s in here if (wait := _longest_wait(world, [int(s)]))]
    if waits:
        lacked = np.bincount([wait[2] for wait in waits])
        worst = max((x for x in waits if x[2] == lacked.argmax()), key=lambda x: x[3])
        body = body_names(world)[w.body[worst[0]]]
        return (
            f"At {lacked.max()} of {len(here)} inhabited sites the longest-waiting order lacks "
            f"{world.material_names[worst[2]]}; on {body}, {_complaint(world, worst)}{crowd}"
        )
    short = int(((w.energy_fp[here] > 256) | (w.electric_fp[here] > 256)).sum())
    if short:
        return f"Power is short at {short} of {len(here)} inhabited sites.{crowd}"
    return f"Nothing is short for long at any of {len(here)} inhabited sites.{crowd}"


def _complaint(world: World, waiting: tuple[int, int, int, float]) -> str:
    site, species, material, days = waiting
    return (
        f"{world.species_names[species]} has waited {_span(days)} for "
        f"{world.material_names[material]}{_cause(world, site, material)}."
    )


def _longest_wait(world: World, sites: Sequence[int]) -> tuple[int, int, int, float] | None:
    """Return site, species, material and days of the longest-waiting order that lacks a part."""
    w = world.sites
    best: tuple[int, int, int, float] | None = None
    for s in sites:
        t = world.kinds[w.kind[s]]
        for k in np.flatnonzero(w.orders[s]):
            days = (world.step_count - int(w.ordered_at[s, k])) * world.dt_s / 86_400
            if best and days <= best[3]:
                continue
            for j in range(t.bill_start[k], t.bill_start[k + 1]):
                m = int(t.bill_material[j])
                if _free(world, s, m) < t.bill_amount[j]:
                    best = int(s), int(k), m, days
                    break
    return best


def _free(world: World, s: int, m: int) -> int:
    return max(0, int(world.sites.stock[s, m] - world.flows.keep[s, m]))


def _cause(world: World, s: int, m: int) -> str:
    """Follow a lacking material down to what its making lacks."""
    t, names = world.kinds[world.sites.kind[s]], world.material_names
    entries = list(world.places.industry.materials.values())
    imports = world.scenario.imports
    links: list[str] = []
    seen: set[int] = set()
    while m not in seen and len(seen) < (_BELT_DEPTH if world.scenario.belt else _MAX_DEPTH):
        seen.add(m)
        text = "".join(links)
        if world.scenario.belt and len(links) > _TOLD:
            text = f"{''.join(links[: _TOLD - 1])}, and so on down to {names[m]}"
        makers = [int(t.main[m])] if t.main[m] >= 0 else []
        makers += [int(p) for p in t.spare_task[t.spare_start[m] : t.spare_start[m + 1]]]
        if entries[m].kind == "reserve":
            return f"{text}, of which the claim is empty"
        if not makers or (imports and names[m] in imports.materials):
            return text + origin(world, names[m], s)
        p = makers[0]
        k = int(t.task_species[p])
        if world.flows.healthy[s, k] == 0:
            broken = int(world.flows.broken[s, k])
            state = f"all {broken} are broken" if broken else "there is none"
            return f"{text}; {world.task_names[p]} needs a {world.species_names[k]}, and {state}"
        lacking = [
            int(t.in_material[j])
            for j in range(t.in_start[p], t.in_start[p + 1])
            if _free(world, s, int(t.in_material[j])) < t.in_amount[j]
        ]
        if not lacking:
            return f"{text}; {world.task_names[p]} is {_slowness(world, s, p)}"
        m = lacking[0]
        links.append(f", whose {world.task_names[p]} lacks {names[m]}")
    return f"{''.join(links)}, a loop that has run dry"


def origin(world: World, name: str, site: int = 0) -> str:
    """Say where a material comes from, if not from that site."""
    imports, w = world.scenario.imports, world.sites
    if imports and name in imports.materials and w.origin[site] < 0:
        budget = f"{imports.budget_kg:g} kg every {imports.every_days:g} days"
        return f", which is imported, {budget} at most"
    if world.kinds[w.kind[site]].main[world.material_names.index(name)] < 0:
        belt = world.scenario.belt
        if belt and belt.entry.trade:
            return ", which cannot be made here and comes as cargo, if at all"
        return ", which cannot be made here and is not imported"
    return ""


def _slowness(world: World, s: int, p: int) -> str:
    w, t = world.sites, world.kinds[world.sites.kind[s]]
    k = int(t.task_species[p])
    if w.energy_fp[s] > 256 or w.electric_fp[s] > 256:
        ratio = max(int(w.energy_fp[s]), int(w.electric_fp[s])) / 256
        return f"slowed by power, of which {ratio:.1f} times as much is wanted as there is"
    days = w.pressure_fp[s, k] / 256 * world.dt_s / 86_400
    what = world.species_names[k]
    return f"limited by the machine time of {what} (a backlog of {days:.1f} days for each)"


def _span(days: float) -> str:
    return f"{days / 365.25:.1f} years" if days >= 365 else f"{days:.0f} days"
