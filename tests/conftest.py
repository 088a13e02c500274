"""What all tests share."""

from collections.abc import Sequence

import pytest


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep the tests of a page of the dashboard in one process: they share runs and servers."""
    for item in items:
        if item.path.name.startswith("test_dashboard_"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
