"""Why no robot of a scenario can be built again and again, in a sentence."""

from dataclasses import replace

from .closure import closure_of
from .industry import Industry
from .lost import Web, fall, makes_new, web
from .scenario import Scenario

_REASONS = 3
"""Of what is missing, that for want of which most is lost."""


def why_nothing_grows(scenario: Scenario) -> str:
    """Say why no robot of a scenario can be built again and again."""
    imported = set(scenario.imports.materials) if scenario.imports else set()
    # a vitamin that nobody brings is a part that nobody makes
    materials = {
        name: replace(m, kind="part") if m.kind == "vitamin" and name not in imported else m
        for name, m in scenario.industry.materials.items()
    }
    industry = replace(scenario.industry, materials=materials)
    roots: dict[str, list[tuple[int, str, str]]] = {}
    for loss in closure_of(industry, imported, scenario.seed_robots).lost:
        roots.setdefault(loss.root, []).append((len(loss.reason), loss.name, loss.reason))
    reasons = []
    for root, fallen in sorted(roots.items(), key=lambda item: -len(item[1]))[:_REASONS]:
        _, name, reason = min(fallen)
        n = len(_needing(industry, root)) if name == root and root in materials else 0
        reasons.append(f"{reason}, which {n} species need" if n > 1 else reason)
    if reasons:
        return "; ".join(reasons)
    kinds = scenario.industry.species.values()
    if not any(k.collector_m2 * k.efficiency for k in kinds):
        return "no species gives electricity"
    return "robots wear out faster than any fleet could replace them"


def _needing(industry: Industry, root: str) -> list[str]:
    """Name the species that cannot do without a material, in their bills or in parts of these."""
    made = {
        product
        for process in industry.processes.values()
        if makes_new(industry, process)
        for product in process.outputs
    }
    whole = web(industry, set(industry.materials) - made - {root}, lambda species: species.bill)
    matter = {
        node: [need for need in needs if need[0] == "material"]
        for node, needs in whole.needs.items()
    }
    lost = fall(Web({**whole.makers, ("material", root): []}, matter), {})
    return [name for kind, name in lost if kind == "species"]
