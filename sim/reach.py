"""What a colony can come to from what it starts with: forward chaining over all that can be done.

An *act* is a run of a process or the building of a robot. A *proposition* is something that can be
carried in a seed or come about: a robot of a species, so much of a material as one run takes,
power, heat, an act. Rules say which follow from which: they are Horn clauses, and all that follows
is found in time linear in their length (Dowling and Gallier 1984, J. Logic Programming 1:267-284,
doi:10.1016/0743-1066(84)90014-1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from .industry import Industry


class Prop(NamedTuple):
    """A proposition: kind is species, stock, power, heat or act; amount belongs to stock alone."""

    kind: str
    name: str = ""
    amount: int = 0


POWER, HEAT = Prop("power"), Prop("heat")


@dataclass(frozen=True)
class Act:
    """A run of a process, or the building of one robot of the species `builds`.

    Attributes
    ----------
    name, machine : str
    takes, gives : Mapping[str, int]
        Counted units by material.
    builds : str
        Empty for a process.
    electric : bool
        Needs electricity.
    heated : bool
        Needs energy at all, which may come as heat if it is not electric.
    """

    name: str
    machine: str
    takes: Mapping[str, int]
    gives: Mapping[str, int]
    builds: str
    electric: bool
    heated: bool


def acts(industry: Industry) -> list[Act]:
    """Return all acts but those that take worn pieces, which no seed can hold.

    Parameters
    ----------
    industry : Industry
    """
    found = [
        Act(p.name, p.machine, p.inputs, p.outputs, "", p.energy_kJ > p.heat_kJ, p.energy_kJ > 0)
        for p in industry.processes.values()
        if not any(industry.materials[m].worn_from for m in p.inputs)
    ]
    if industry.assembler:
        found += [
            Act(f"build {s.name}", industry.assembler, s.bill, {}, s.name, *[s.assembly_kJ > 0] * 2)
            for s in industry.species.values()
        ]
    return found


class Rules:
    """Propositions, numbered, and what follows from what.

    Parameters
    ----------
    industry : Industry
    all_acts : list of Act
    free : set of str
        Materials that are there without end.
    collectors : set of str
        Species that give more electricity than they draw when idle.

    Attributes
    ----------
    props : list of Prop
    number : dict
        Of each proposition.
    levels : dict
        Material -> the amounts that single acts take of it, ascending. Free ones are left out.
    rules : list of (body, heads)
        Numbers of propositions; those of acts first, in order.
    """

    def __init__(
        self, industry: Industry, all_acts: list[Act], free: set[str], collectors: set[str]
    ) -> None:
        amounts: dict[str, set[int]] = {}
        for act in all_acts:
            for m, amount in act.takes.items():
                if m not in free:
                    amounts.setdefault(m, set()).add(amount)
        self.levels = {m: sorted(row) for m, row in amounts.items()}
        self.props = [
            *(Prop("species", k) for k in industry.species),
            *(Prop("stock", m, a) for m, row in self.levels.items() for a in row),
            POWER,
            HEAT,
            *(Prop("act", act.name) for act in all_acts),
        ]
        self.number = {p: i for i, p in enumerate(self.props)}
        stated: list[tuple[list[Prop], list[Prop]]] = []
        for act in all_acts:
            body = [Prop("species", act.machine)]
            body += [Prop("stock", m, a) for m, a in act.takes.items() if m in self.levels]
            body += [POWER] if act.electric else [HEAT] if act.heated else []
            heads = [Prop("act", act.name)]
            heads += [Prop("stock", m, self.levels[m][-1]) for m in act.gives if m in self.levels]
            heads += [Prop("species", act.builds)] if act.builds else []
            # not of carried ones: they must outdo the idle draw of what is carried with them
            heads += [POWER] if act.builds in collectors else []
            stated.append((body, heads))
        for m, row in self.levels.items():
            stated += [([Prop("stock", m, b)], [Prop("stock", m, a)]) for a, b in pairwise(row)]
        stated.append(([POWER], [HEAT]))
        stated += [
            ([Prop("species", s.name)], [HEAT])
            for s in industry.species.values()
            if s.collector_m2 * s.heat_efficiency > 0
        ]
        self.rules = [
            ([self.number[p] for p in body], [self.number[p] for p in heads])
            for body, heads in stated
        ]
        self.uses: list[list[int]] = [[] for _ in self.props]
        for r, (needed, _) in enumerate(self.rules):
            for i in needed:
                self.uses[i].append(r)


class Reach:
    """All that follows from a growing set of propositions.

    Parameters
    ----------
    rules : Rules
    without : int
        Number of a proposition from which nothing is to follow.

    Attributes
    ----------
    true : bytearray
        One byte a proposition.
    """

    def __init__(self, rules: Rules, without: int = -1) -> None:
        self._rules = rules
        self.true = bytearray(len(rules.props))
        if without >= 0:
            self.true[without] = 1
        self._lack = [len(body) for body, _ in rules.rules]

    def add(self, props: Iterable[int], unless: int = -1) -> bool:
        """Add propositions and all that follows from them.

        Parameters
        ----------
        props : iterable of int
            Numbers.
        unless : int
            If this one follows, nothing is added.

        Returns
        -------
        bool
            Whether they were added.
        """
        queue = list(props)
        added: list[int] = []
        while queue:
            i = queue.pop()
            if self.true[i]:
                continue
            if i == unless:
                for j in added:
                    self.true[j] = 0
                    for r in self._rules.uses[j]:
                        self._lack[r] += 1
                return False
            self.true[i] = 1
            added.append(i)
            for r in self._rules.uses[i]:
                self._lack[r] -= 1
                if self._lack[r] == 0:
                    queue += self._rules.rules[r][1]
        return True
