"""Opens a page of the dashboard for tests, without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

import auxon
from auxon.dashboard.context import use_folder

APP = str(Path(auxon.__file__).parent / "dashboard" / "app.py")


def opened(view: str, folder: Path, /, **query: str | list[str]) -> AppTest:
    """Open a page on a folder of runs, with what its address asks for."""
    use_folder(folder)
    at = AppTest.from_file(APP, default_timeout=90).run()
    at.switch_page(f"views/{view}.py")
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()
