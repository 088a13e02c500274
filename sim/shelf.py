"""What a scenario draws on: bodies, rock, industry files; read once, or taken from saved data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import library
from .errors import ScenarioError
from .industry import Industry
from .proof import prove, prove_rock
from .resolve import resolve
from .schema import BodyEntry, CompositionEntry, RulesEntry
from .toml_errors import Source, finding, plain, validate


class Shelf:
    """Bodies, rock and industries by name, each read at most once.

    Parameters
    ----------
    folder : Path or None
        Beside which files of the scenario's own lie.
    source : Source
        The scenario.
    saved : Mapping or None
        `Scenario.data` that already holds some of it: that is not read again.
    """

    def __init__(
        self, folder: Path | None, source: Source, saved: Mapping[str, Any] | None
    ) -> None:
        self._folder, self._source = folder, source
        self._bodies: dict[str, tuple[BodyEntry, CompositionEntry]] = {}
        self._rocks: dict[str, CompositionEntry] = {}
        self._layers: dict[str, list[Source]] = {}
        if saved:
            of = saved["scenario"]
            more = saved.get("belt") or {"bodies": {}, "compositions": {}, "industries": {}}
            rocks = {saved["body"]["composition"]: saved["composition"], **more["compositions"]}
            for rock, entry in rocks.items():
                at = [Source("saved composition", entry)]
                self._rocks[rock] = validate(CompositionEntry, entry, at)
            for name, entry in {of["body"]: saved["body"], **more["bodies"]}.items():
                body = validate(BodyEntry, entry, [Source("saved body", entry)])
                self._bodies[name] = body, self._rocks[body.composition]
            industries = {_key(of["industry"]): saved["industry"], **more["industries"]}
            self._layers = {k: [Source("saved industry", x)] for k, x in industries.items()}

    def body(self, name: str) -> tuple[BodyEntry, CompositionEntry]:
        """Return a body and its rock."""
        if name not in self._bodies:
            found = library.body_and_composition(name, self._folder, self._source)
            self._bodies[name] = found
            self._rocks.setdefault(found[0].composition, found[1])
        return self._bodies[name]

    def rock(self, composition: str) -> CompositionEntry:
        """Return a class of rock."""
        if composition not in self._rocks:
            self._rocks[composition] = library.composition(
                composition, self._folder, self._source, ("belt", "front", composition)
            )
        return self._rocks[composition]

    def layers(self, files: Sequence[str]) -> list[Source]:
        """Return the contents of industry files."""
        key = _key(files)
        if key not in self._layers:
            self._layers[key] = library.read_industries(files, self._folder, self._source)
        return self._layers[key]

    def industry(
        self,
        files: Sequence[str],
        overrides: Sequence[Source],
        composition: str,
        imported: set[str],
        rules: RulesEntry,
    ) -> Industry:
        """Return an industry, proved on a class of rock.

        Parameters
        ----------
        files : sequence of str
        overrides : sequence of Source
            Merged onto the files, in order.
        composition : str
        imported : set of str
            Materials that come from elsewhere.
        rules : RulesEntry
        """
        layers = [*self.layers(files), *overrides]
        merged = library.industry_file(layers)
        library.check_class(merged, composition, layers)
        industry = resolve(merged, layers, rules.slowdown, tuple(files))
        try:
            prove(industry, imported)
            prove_rock(industry, composition, self.rock(composition))
        except ScenarioError as error:
            raise ScenarioError([_placed(f, layers) for f in error.findings]) from None
        return industry

    def taken(self) -> dict[str, Any]:
        """Return all that was asked for, as plain data."""
        return {
            "bodies": {n: b.model_dump(mode="json") for n, (b, _) in self._bodies.items()},
            "compositions": {n: r.model_dump(mode="json") for n, r in self._rocks.items()},
            "industries": {k: plain(library.merge(x)) for k, x in self._layers.items()},
        }


def _key(files: Sequence[str]) -> str:
    return " + ".join(files)


def _placed(found: str, layers: list[Source]) -> str:
    """Put file and line before a finding that begins with a dotted path."""
    dotted, _, text = found.partition(": ")
    return finding(layers, tuple(dotted.split(".")), text)
