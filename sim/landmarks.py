"""What every seed must hold something of: cuts for the program of the lightest seed.

If a wanted w is not reached from what is carried, what is reached is enlarged, the lightest thing
first, for as long as w stays out of reach. Whatever a seed that reaches w carries, it carries
something of the rest. Such sets are the disjunctive landmarks of planning, found as in implicit
hitting sets (Bonet and Helmert 2010, ECAI; Chandrasekaran et al. 2011, SODA). They hold for every
seed, however the one that led to them was found: also for that of a relaxed program.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .industry import Industry
from .reach import POWER, Prop, Reach, Rules


class Cut(NamedTuple):
    """Whoever reaches `wanted` carries at least one of `some_of`; numbers of propositions."""

    wanted: int
    some_of: tuple[int, ...]


class Landmarks:
    """The finder of cuts.

    Parameters
    ----------
    industry : Industry
    rules : Rules
    net_W : Mapping[str, int]
        Electricity of a robot of each species, less its idle draw.
    """

    def __init__(self, industry: Industry, rules: Rules, net_W: Mapping[str, int]) -> None:
        self._rules = rules
        arrays_g = [s.mass_g for k, s in industry.species.items() if net_W[k] > 0]

        def grams(p: Prop) -> int:
            if p == POWER:
                return min(arrays_g, default=0)
            one = industry.species if p.kind == "species" else industry.materials
            return one[p.name].mass_g * (p.amount or 1)

        self._grams = {
            i: grams(p)
            for i, p in enumerate(rules.props)
            if p.kind in ("species", "stock", "power")
        }
        self._by_mass = sorted(self._grams, key=lambda i: (self._grams[i], i))

    def cuts(self, carried: Iterable[int], wanted: Iterable[int]) -> list[Cut]:
        """Return cuts that rule out what is carried; none if all that is wanted is reached.

        After each cut the lightest thing of it is carried as well, until all is reached.

        Parameters
        ----------
        carried, wanted : iterable of int
            Numbers of propositions.
        """
        found = []
        now = Reach(self._rules)
        now.add(carried)
        for target in wanted:
            while not now.true[target]:
                outside = self._outside(now, target)
                found.append(Cut(target, outside))
                now.add([min(outside, key=lambda i: (self._grams[i], i))])
        return found

    def _outside(self, now: Reach, target: int) -> tuple[int, ...]:
        """Return what no enlargement reaches without the target: of each material the least."""
        wide = Reach(self._rules)
        wide.add(i for i in range(len(now.true)) if now.true[i])
        for i in self._by_mass:  # the lightest first: what is left out is heavy
            if not wide.true[i]:
                wide.add([i], unless=target)
        outside: dict[tuple[str, str], int] = {}
        for i in self._by_mass:
            if not wide.true[i]:
                outside.setdefault(self._rules.props[i][:2], i)
        return tuple(outside.values())
