"""What is said when an optional package is not installed."""

from auxon.sim.errors import UsageError


def lacks(module: str, what: str) -> UsageError:
    """Return the error of something that needs a module of the extra ``learn``."""
    return UsageError(f"{what} needs {module}, which is not installed; pip install 'auxon[learn]'")
