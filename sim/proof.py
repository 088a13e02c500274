"""Proves that an industry can be: elements balance, energies suffice, everything can be made.

`prove` runs at each load. `productive` is the stronger test of closure: chaining cannot judge a
loop (rock is ground with balls of the steel it yields), activity analysis can.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise

from .activity import able
from .errors import ScenarioError
from .industry import Industry, Process, Species
from .lost import Node, Path, absent, fall, web
from .schema import CompositionEntry

ROCK_TOLERANCE_WT = 0.6
"""Percentage points: extraction ignores traces, and a reserve is rounded to whole lots of grams."""

_FLOAT_SHARE = 1e-9
"""Rounding allowed in a sum of enthalpies, as a share of its largest term (doubles: 1e-16)."""


def prove(industry: Industry, imported: AbstractSet[str]) -> None:
    """Check balance, energy floors, the reserve and closure.

    Parameters
    ----------
    industry : Industry
    imported : set of str
        Materials that come from Earth in this scenario, beside those of kind vitamin.

    Raises
    ------
    ScenarioError
        One finding for each violation, beginning with the dotted path of the entry.
    """
    findings = [
        *(f for p in industry.processes.values() for f in _unbalanced(industry, p)),
        *(f for p in industry.processes.values() for f in _below_floor(industry, p)),
        *_reserve(industry),
        *_open(industry, imported),
    ]
    if findings:
        raise ScenarioError(findings)


def prove_rock(industry: Industry, composition: str, entry: CompositionEntry) -> None:
    """Check that the reserve is the body's rock, within `ROCK_TOLERANCE_WT` for each element.

    Raises
    ------
    ScenarioError
        One finding for each element that is off.
    """
    rock = industry.reserve()
    table = {e: ppm / 1e4 for e, ppm in entry.traces_ppm.items()} | dict(entry.elements_wt)
    findings = []
    for symbol in sorted({*table, *rock.elements_g}):
        ours = 100 * rock.elements_g.get(symbol, 0) / rock.lot_g
        theirs = table.get(symbol, 0.0)
        if abs(ours - theirs) > ROCK_TOLERANCE_WT:
            findings.append(
                f"material.{rock.name}.elements_g: {ours:.2f} wt% {symbol}, but {composition} has "
                f"{theirs:.2f}; expected within {ROCK_TOLERANCE_WT} (traces are left out and grams "
                "rounded to whole lots); choose a front end made for this rock or correct it"
            )
    if findings:
        raise ScenarioError(findings)


def _grams(industry: Industry, amounts: Mapping[str, int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, amount in amounts.items():
        for symbol, grams in industry.materials[name].content_g(amount).items():
            total[symbol] = total.get(symbol, 0) + grams
    return total


def _unbalanced(industry: Industry, process: Process) -> Iterator[str]:
    taken, given = _grams(industry, process.inputs), _grams(industry, process.outputs)
    for symbol in sorted({*taken, *given}):
        before, after = taken.get(symbol, 0), given.get(symbol, 0)
        if before != after:
            yield (
                f"process.{process.name}: {before} g of {symbol} in, {after} g out; expected equal "
                f"grams; {'add an output' if before > after else 'add an input'} that holds "
                f"{abs(before - after)} g of {symbol}, or correct an amount"
            )


def _below_floor(industry: Industry, process: Process) -> Iterator[str]:
    outputs = [industry.materials[n].enthalpy_kJ(a) for n, a in process.outputs.items()]
    inputs = [industry.materials[n].enthalpy_kJ(a) for n, a in process.inputs.items()]
    floor = sum(outputs) - sum(inputs)
    slack = _FLOAT_SHARE * max(map(abs, [*outputs, *inputs]))
    if floor > process.energy_kJ + slack:
        yield (
            f"process.{process.name}.energy_kJ: found {process.energy_kJ} kJ; expected at least "
            f"{floor:.1f}, the enthalpy of the outputs less that of the inputs; raise it"
        )
    if process.heat_kJ > process.energy_kJ:
        yield (
            f"process.{process.name}.heat_kJ: found {process.heat_kJ} kJ; expected at most the "
            f"{process.energy_kJ} of energy_kJ, of which it is a part; lower it"
        )


def _reserve(industry: Industry) -> Iterator[str]:
    rocks = [m.name for m in industry.materials.values() if m.kind == "reserve"]
    if len(rocks) != 1:
        yield (
            f"material: {len(rocks)} of kind reserve ({', '.join(rocks) or 'none'}); expected "
            "exactly one, the rock in place; drop the others or add it"
        )


def _given(industry: Industry, imported: AbstractSet[str]) -> set[str]:
    """Names of the materials that need no process: the rock, vitamins and imports."""
    kinds = ("vitamin", "reserve")
    return {m.name for m in industry.materials.values() if m.kind in kinds} | set(imported)


def _open(industry: Industry, imported: AbstractSet[str]) -> Iterator[str]:
    """Yield what nothing makes, with the parts of bills and repair lists that fail for want of it.

    What comes only of taking worn robots apart was made elsewhere, so recycling does not count.
    """
    lost = fall(web(industry, _given(industry, imported), _parts), absent(industry))
    failing: dict[Node, dict[str, str]] = {}
    for part in dict.fromkeys(n for s in industry.species.values() for n in _parts(s)):
        if path := lost.get(("material", part)):
            failing.setdefault(path[-1], {})[part] = _sentence(path)
    for (kind, name), parts in failing.items():
        first, *others = sorted(parts, key=lambda part: len(parts[part]))
        remedy = "add a process for it, import it or make it a vitamin"
        if kind == "species":
            remedy = "add the species or name another machine"
        nor = f", nor can {', '.join(others)}" if others else ""
        yield (
            f"{kind}.{name}: {first} cannot be made here ({parts[first]}){nor}; expected a way to "
            f"make every part of every robot; {remedy}"
        )


def _parts(species: Species) -> Mapping[str, int]:
    return {**species.bill, **species.repair_parts}


def _sentence(path: Path) -> str:
    """Put in words what needs what: a material stands for the process that would make it."""
    links = [
        f"{name} needs {needed}, and "
        for (kind, name), (_, needed) in pairwise(path)
        if kind != "material"
    ]
    kind, root = path[-1]
    end = f"no species is called {root}" if kind == "species" else f"nothing makes {root}"
    return "".join(links) + end


def productive(industry: Industry, imported: AbstractSet[str]) -> list[str]:
    """Find the species whose bill cannot be produced net, in steady loops, from rock and imports.

    Every material is made at least as fast as used, and some of the bill left over. Machine time
    and worn pieces do not enter.

    Returns
    -------
    list of str
        Names of species; empty when the industry is productive.
    """
    given = _given(industry, imported)
    there = able(industry, industry.processes, given).materials | given
    return [name for name, species in industry.species.items() if not set(species.bill) <= there]
