"""What every material is made of: bulk by its declaration, pieces by the recipes that make them."""

from collections.abc import Mapping, Sequence

from .elements import ATOMIC_MASS, formula_lot_g, reduced
from .errors import ScenarioError
from .industry import Material
from .schema import IndustryFile, MaterialEntry
from .toml_errors import Loc, Source, finding, nearest


def compositions(file: IndustryFile, layers: Sequence[Source]) -> dict[str, Material]:
    """Resolve every declared material, in order of declaration.

    Raises
    ------
    ScenarioError
        A composition that cannot be had, runs that are not of whole lots, recipes that disagree.
    """
    work = _Compositions(file, layers)
    for stage in (work.declared, work.lots_of_runs, work.pieces):
        stage()
        if work.bad:
            raise ScenarioError(work.bad)
    return {name: work.known[name] for name in file.material}


def part_lots(materials: Mapping[str, Material], amounts: Mapping[str, int]) -> dict[str, str]:
    """Say, for each amount that is not a whole number of lots, what would be."""
    findings = {}
    for name, amount in amounts.items():
        lot = materials[name].step if name in materials else 1
        if amount % lot:
            below = amount // lot * lot
            use = f"{below} or {below + lot}" if below else str(lot)
            findings[name] = (
                f"found {amount} g; expected a whole number of lots of {lot} g; use {use}"
            )
    return findings


class _Compositions:
    """The materials known so far, and what was found wrong."""

    def __init__(self, file: IndustryFile, layers: Sequence[Source]) -> None:
        self.file = file
        self.layers = layers
        self.known: dict[str, Material] = {}
        self.bad: list[str] = []

    def _find(self, loc: Loc, text: str) -> None:
        self.bad.append(finding(self.layers, loc, text))

    def declared(self) -> None:
        """Take the materials that say what they are made of."""
        for name, entry in self.file.material.items():
            self._declared(name, entry)

    def lots_of_runs(self) -> None:
        """Check that runs take and make whole lots, so that recipes are exact."""
        for name, process in self.file.process.items():
            for side in ("inputs", "outputs"):
                for what, text in part_lots(self.known, getattr(process, side)).items():
                    self._find(("process", name, side, what), text)

    def _declared(self, name: str, entry: MaterialEntry) -> None:
        loc = ("material", name)
        given = [key for key in ("formula", "elements_g", "same_as") if getattr(entry, key)]
        if entry.unit == "piece" and given not in ([], ["elements_g"]):
            self._find(loc, f"a piece with {given[0]}; expected none, or elements_g; remove it")
        elif entry.unit == "piece" and not given:
            if entry.kind == "vitamin":
                self._find(
                    loc, "a vitamin piece without elements_g; nothing here makes it; add them"
                )
        elif len(given) != 1:
            found = " and ".join(given) or "nothing"
            text = f"{found} says what it is made of; expected one of formula, elements_g, same_as"
            self._find(loc, f"{text}; give exactly one")
        else:
            self._declare(name, entry)

    def _declare(self, name: str, entry: MaterialEntry) -> None:
        loc = ("material", name)
        chain = [name]
        while target := self.file.material[chain[-1]].same_as:
            if target in chain:
                text = f"same_as goes in a circle ({' -> '.join([*chain, target])})"
                self._find(
                    (*loc, "same_as"), f"{text}; expected a material with a composition; break it"
                )
                return
            chain.append(target)
        entries = [self.file.material[n] for n in chain]
        root = entries[-1]
        enthalpies = [e.enthalpy_kJ_per_kg for e in entries if e.enthalpy_kJ_per_kg is not None]
        if not enthalpies:
            text = "no 'enthalpy_kJ_per_kg'; expected the standard enthalpy of formation"
            self._find(loc, f"{text}; add it (0 for an element)")
        elif root.unit == "piece" and entry.unit == "g":
            self._find(
                (*loc, "same_as"), f"{chain[-1]} is a piece; expected a bulk material; change it"
            )
        elif elements := self._elements(chain[-1], root):
            self._know(name, entry, elements, enthalpies[0])

    def _elements(self, name: str, entry: MaterialEntry) -> dict[str, int] | None:
        """Grams of each element in a lot or piece, or None with a finding."""
        if entry.formula:
            try:
                return formula_lot_g(entry.formula)
            except ValueError as error:
                text = f"{error}; expected elements of the table in sim/elements.py; mend it"
                self._find(("material", name, "formula"), text)
                return None
        elements = entry.elements_g or {}
        for symbol in elements:
            if symbol not in ATOMIC_MASS:
                text = f"'{symbol}' is not a known element; expected its symbol; "
                loc = ("material", name, "elements_g", symbol)
                self._find(loc, text + nearest(symbol, ATOMIC_MASS))
                return None
        return dict(elements) if entry.unit == "piece" else reduced(elements)

    def _know(
        self, name: str, entry: MaterialEntry, elements_g: Mapping[str, int], enthalpy: float
    ) -> None:
        mass_g = sum(elements_g.values())
        self.known[name] = Material(
            name=name,
            unit=entry.unit,
            kind=entry.kind,
            lot_g=mass_g,
            elements_g=elements_g,
            enthalpy_kJ_per_kg=enthalpy,
            source=entry.source,
            confidence=entry.confidence,
        )

    def pieces(self) -> None:
        """Derive undeclared pieces from recipes, the simplest first; compare recipes of each."""
        makers = {
            piece: self._makers(piece) for piece in self.file.material if piece not in self.known
        }
        for piece, names in makers.items():
            if not names:
                text = "no process makes this piece; expected one with it in outputs"
                self._find(("material", piece), f"{text}; add one, or drop the piece")
        pending = list(makers)
        while pending and not self.bad:
            before = len(pending)
            for piece in list(pending):
                if recipe := next((m for m in makers[piece] if self._followable(piece, m)), None):
                    self._from_recipe(piece, recipe)
                    pending.remove(piece)
            if len(pending) == before:
                text = (
                    f"recipes go in a circle ({', '.join(pending)}); expected one that starts from"
                )
                self._find(("material", pending[0]), f"{text} known materials; give elements_g")
        if not self.bad:
            for piece, names in makers.items():
                self._compare(piece, names)

    def _makers(self, piece: str) -> list[str]:
        """List the processes that make a piece anew; one that takes worn ones only restores it."""
        return [
            name
            for name, process in self.file.process.items()
            if piece in process.outputs and not process.takes_worn
        ]

    def _followable(self, piece: str, recipe: str) -> bool:
        process = self.file.process[recipe]
        return all(n in self.known for n in (*process.inputs, *process.outputs) if n != piece)

    def _left_for(self, piece: str, recipe: str) -> dict[str, int]:
        """Give what a run leaves for its `piece` outputs: elements of inputs less other outputs."""
        process = self.file.process[recipe]
        left: dict[str, int] = {}
        for sign, amounts in ((1, process.inputs), (-1, process.outputs)):
            for name, amount in amounts.items():
                if name != piece:
                    for symbol, grams in self.known[name].content_g(amount).items():
                        left[symbol] = left.get(symbol, 0) + sign * grams
        return {symbol: grams for symbol, grams in left.items() if grams}

    def _from_recipe(self, piece: str, recipe: str) -> None:
        process = self.file.process[recipe]
        count = process.outputs[piece]
        left = self._left_for(piece, recipe)
        for symbol, grams in left.items():
            if grams < 0 or grams % count:
                text = (
                    f"{recipe} leaves {grams} g of {symbol} for {count} {piece}; expected a whole,"
                )
                loc = ("process", recipe, "outputs", piece)
                self._find(loc, f"{text} positive number of grams for each; change an amount")
                return
        if not left:
            text = f"{recipe} leaves no mass for {piece}; expected some; change an amount"
            self._find(("process", recipe, "outputs", piece), text)
            return
        # Mixing is taken as neutral: a piece has the enthalpy of what went into it.
        enthalpy_kJ = sum(self.known[n].enthalpy_kJ(a) for n, a in process.inputs.items())
        enthalpy_kJ -= sum(
            self.known[n].enthalpy_kJ(a) for n, a in process.outputs.items() if n != piece
        )
        entry = self.file.material[piece]
        given = entry.enthalpy_kJ_per_kg
        per_kg = enthalpy_kJ / (sum(left.values()) / 1000) if given is None else given
        self._know(piece, entry, {e: g // count for e, g in left.items()}, per_kg)

    def _compare(self, piece: str, recipes: Sequence[str]) -> None:
        """Check that every recipe of a piece gives the same piece."""
        ours = self.known[piece].elements_g
        for recipe in recipes:
            count = self.file.process[recipe].outputs[piece]
            wanted = {symbol: grams * count for symbol, grams in ours.items()}
            if (left := self._left_for(piece, recipe)) != wanted:
                text = f"{recipe} makes {piece} of {left} g, but {recipes[0]} would of {wanted} g"
                loc = ("process", recipe, "outputs", piece)
                self._find(loc, f"{text}; expected the same; change it or make it another material")
