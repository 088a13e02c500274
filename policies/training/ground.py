"""Grounds: what policies learn on, scenarios that are like those they are compared on."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from auxon.sim.scenario import Scenario, load
from auxon.sim.schema import Strict


class GroundEntry(Strict):
    """A scenario to train on: another one, with changes."""

    scenario: str
    years: Annotated[float, Field(gt=0, le=1000)]
    """Horizon."""
    changes: Annotated[dict[str, Any], Field(min_length=1)]
    """As `Scenario.replace` takes them. At least one: policies are compared on the shipped ones."""

    def changed(self) -> Scenario:
        """Return the scenario, changed."""
        return load(self.scenario).replace(self.changes)


def world_seed(seed: int, stage: int, number: int) -> int:
    """Return a seed of worlds that no other stage or turn of a training has."""
    return int(np.random.SeedSequence([seed, stage, number]).generate_state(1, np.uint64)[0] >> 1)
