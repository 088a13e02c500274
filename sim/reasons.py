"""Why something cannot be made here, in a sentence."""

from collections.abc import Collection
from dataclasses import dataclass

from .industry import Industry
from .lost import Node, Path, makes_new


@dataclass(frozen=True)
class Loss:
    """A part or species that cannot be made here, even with all imports at hand.

    Attributes
    ----------
    kind : {"part", "species"}
    name : str
    lacking : {"process", "machine", "input", "element", "yield"}
        No process makes it; a process would, but there is no such machine, or it cannot be built;
        a process would, but an input is missing (of a species: a part); the body lacks an element;
        it is used up faster than it is made.
    root : str
        The material or species that is missing in the end.
    reason : str
        The shortest way from it to there.
    """

    kind: str
    name: str
    lacking: str
    root: str
    reason: str


class Words:
    """Says why something cannot be made in an industry.

    Parameters
    ----------
    industry : Industry
    given : collection of str
        Materials whose elements there are.
    """

    def __init__(self, industry: Industry, given: Collection[str]) -> None:
        self.industry = industry
        self.elements = {e for name in given for e in industry.materials[name].elements_g}
        self.made = {
            product
            for process in industry.processes.values()
            if makes_new(industry, process)
            for product in process.outputs
        }

    def absent(self, name: str) -> tuple[str, ...]:
        """Return the elements of a material that nothing given contains."""
        return tuple(sorted(set(self.industry.materials[name].elements_g) - self.elements))

    def loss(self, kind: str, name: str, path: Path) -> Loss:
        """Return the loss of a part or species that a path explains."""
        return Loss(kind, name, self._lacking(path), path[-1][1], self.sentence(path))

    def lacks(self, name: str, path: Path) -> str:
        """Say what it takes to make an import: elements first, as no process can make them."""
        if name in self.made and self.absent(name):
            return self._elements(name)
        return self.sentence(path)

    def _lacking(self, path: Path) -> str:
        node, *rest = path
        if not rest:
            if node[0] == "species":
                return "machine"
            if node[1] not in self.made:
                return "process"
            return "element" if self.absent(node[1]) else "yield"
        if node[0] == "species":
            return "machine" if rest[0][0] in ("species", "assembler") else "input"
        return "machine" if rest[1][0] == "species" else "input"

    def sentence(self, path: Path) -> str:
        """Put a path in words."""
        node, *rest = path
        if not rest:
            return self._root(node)
        if rest[0][0] == "assembler":
            return "no species assembles robots here"
        if node[0] == "material":  # to the process that would make it
            step, *rest = rest
            if rest[0][0] == "species":
                machine = rest[0]
                would = f"{step[1]} would make {node[1]}, but "
                if len(rest) == 1:
                    return would + self._root(machine)
                return f"{would}{machine[1]} cannot be built ({self.sentence(tuple(rest))})"
            return f"{step[1]} needs {rest[0][1]}, and {self.sentence(tuple(rest))}"
        return f"{node[1]} needs {rest[0][1]}, and {self.sentence(tuple(rest))}"

    def _root(self, node: Node) -> str:
        kind, name = node
        if kind == "species":
            return f"no species is called {name}"
        elements = self._elements(name)
        if name not in self.made:
            return f"nothing makes {name}" + (f" ({elements})" if elements else "")
        if elements:
            return f"{name} runs dry: {elements}"
        return f"{name} is used up faster than it is made"

    def _elements(self, name: str) -> str:
        symbols = self.absent(name)
        if not symbols:
            return ""
        many = len(symbols) > 1
        return (
            f"element{'s' * many} {', '.join(symbols)} {'are' if many else 'is'} absent from this "
            "body"
        )
