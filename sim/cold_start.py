"""What a first stock must hold so that the loops of an industry can begin."""

from collections.abc import Collection, Iterable

from .activity import Copy, able
from .industry import Industry


def cold_start(industry: Industry, processes: Collection[str], made: Copy) -> tuple[str, ...]:
    """Name the materials without some of which the processes of a copy never begin.

    Recipes are followed forward from rock and imports. Where no process can begin, the input that
    is the smallest share of what a process takes (steel for the mill, acid for the leach) is put
    in the stock; in the end what proves needless is taken out again, the bulkiest first.

    Parameters
    ----------
    processes : collection of str
        Which there are machines for.
    made : Copy
        Its processes are to begin; its imports are at hand.

    Returns
    -------
    tuple of str
        None of it can be left out. Other sets may do too.
    """
    rock, wanted = industry.reserve().name, set(made.runs)
    given = {rock, *made.imports_kg}
    can = able(industry, processes, given).processes | wanted
    takes = {name: set(industry.processes[name].inputs) for name in can}

    def lacking(stock: Iterable[str]) -> tuple[set[str], set[str]]:
        """Return which processes never begin, and what they can take."""
        there, waiting = {*given, *stock}, set(takes)
        while begins := {name for name in waiting if takes[name] <= there}:
            waiting -= begins
            there.update(n for name in begins for n in industry.processes[name].outputs)
        return waiting, there

    stock: dict[str, float] = {}
    waiting, there = lacking(stock)
    while waiting & wanted:
        share, missing = min(
            (_share(industry, name, takes[name] - there), sorted(takes[name] - there))
            for name in waiting
        )
        stock |= dict.fromkeys(missing, share)
        waiting, there = lacking(stock)
    for name in sorted(stock, key=lambda n: -stock[n]):
        if not lacking(set(stock) - {name})[0] & wanted:
            del stock[name]
    return tuple(name for name in industry.materials if name in stock)


def _share(industry: Industry, process: str, missing: Collection[str]) -> float:
    inputs = industry.processes[process].inputs
    grams = {name: n * industry.materials[name].mass_g for name, n in inputs.items()}
    return sum(grams[name] for name in missing) / sum(grams.values())
