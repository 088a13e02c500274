"""Tuned: the market with numbers that a search found, and thresholds of conduct.

The numbers lie in ``shipped/tuned.toml``; `auxon tune` finds others.
"""

from pathlib import Path

from .market import Market
from .rule_file import read_rule

SHIPPED = Path(__file__).parent / "shipped" / "tuned.toml"


class Tuned(Market):
    """The market by a file of numbers.

    Parameters
    ----------
    file : Path
        As `auxon.policies.rule_file.read_rule` takes it; the shipped one by default.
    """

    def __init__(self, file: Path = SHIPPED) -> None:
        super().__init__(read_rule(file))
