"""Every error a user can meet, as one tree.

AuxonError
    ScenarioError        a TOML file says something that cannot be
    ResumeError          a run folder cannot be continued
    ConservationError    an element was made or lost: a defect of the rules, never of the user
    UsageError           an argument of a command or a call cannot be

The text of each names what was found, where, what was expected and what to do, in one sentence per
finding.
"""


class AuxonError(Exception):
    """Base of all errors raised on purpose."""


class ScenarioError(AuxonError):
    """A scenario, body, composition or industry file cannot be used.

    Parameters
    ----------
    findings : list of str
        One sentence per finding, each ``file:line: path: found, expected, remedy``.
    """

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        super().__init__("\n".join(findings))


class ResumeError(AuxonError):
    """A run folder cannot be continued."""


class ConservationError(AuxonError):
    """The grams of an element changed in a step; names phase, site and element."""


class UsageError(AuxonError):
    """An argument cannot be used; names it and what would do."""
