"""All about the seeds of a scenario, as `auxon seed` finds and writes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from auxon.sim.files import whole, write_json
from auxon.sim.scenario import Scenario
from auxon.sim.seed import Seed
from auxon.sim.seed_search import lightest_seed

from .doubling import doubling_curve
from .regrowth import HORIZON_YEARS, Progress, silent
from .viable import Viable, viable_seed


@dataclass(frozen=True)
class Analysis:
    """All about the seeds of a scenario.

    Attributes
    ----------
    lightest : Seed
        By necessity.
    viable : Viable or None
        Found in simulation; None if nothing that was tried regrew.
    curve : DataFrame
        Of the viable seed, see `doubling_curve`; empty without one.
    policy : str
    """

    lightest: Seed
    viable: Viable | None
    curve: pd.DataFrame
    policy: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        curve = self.curve.astype(object).where(self.curve.notna(), None)
        return {
            "policy": self.policy,
            "lightest": self.lightest.to_dict(),
            "viable": self.viable.to_dict() if self.viable else None,
            "doublings": curve.to_dict("records"),
        }

    def write(self, folder: Path) -> list[Path]:
        """Write ``seed.json``, ``doublings.parquet`` and, if there is a curve, ``doublings.png``.

        Parameters
        ----------
        folder : Path
            Made if missing.
        """
        from auxon.sim.seed_pictures import draw_doublings

        paths = [folder / "seed.json", folder / "doublings.parquet"]
        write_json(paths[0], self.to_dict())
        with whole(paths[1]) as draft:
            self.curve.to_parquet(draft, index=False)
        if self.curve.years.notna().any():
            paths.append(folder / "doublings.png")
            draw_doublings(self.curve, paths[-1])
        return paths


def analyse(scenario: Scenario, policy: str | None = None, progress: Progress = silent) -> Analysis:
    """Find the lightest seed, a viable one and how it doubles.

    Parameters
    ----------
    scenario : Scenario
    policy : str, optional
        None for the scenario's.
    progress : callable
        Called with what is being done.
    """
    policy = policy or scenario.policy
    progress("finding the lightest seed")
    lightest = lightest_seed(scenario)
    years = min(HORIZON_YEARS, scenario.years)
    viable = viable_seed(scenario, lightest, policy, years, progress)
    curve = pd.DataFrame({"seed_kg": [], "factor": [], "doubling": [], "years": []})
    if viable:
        curve = doubling_curve(scenario, viable, policy, progress=progress)
    return Analysis(lightest, viable, curve, policy)
