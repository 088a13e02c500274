"""The dashboard's server: Streamlit, told to keep to this machine and to answer nobody else.

It binds to loopback unless told otherwise and takes only names of this machine for hosts, so that
no web page elsewhere can talk to it under a name of its own. Every answer forbids frames and
contents from elsewhere; nothing is reported to anybody.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from .charts import COLOURS
from .context import use_folder
from .live import sweep

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self' ws: data: blob:; worker-src 'self' blob:; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Streamlit compiles its charts in the browser, hence ``unsafe-eval``; all of it is served here."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
UPLOAD_MB = 2

_LOOK: dict[str, Any] = {
    "chartCategoricalColors": list(COLOURS),
    "baseRadius": "small",
    "paddingTop": "1.5rem",
    "headingFontSizes": ["2rem", "1.5rem", "1.25rem"],
}
"""No colours of a base: so that the visitor's own light or dark is kept."""

Scope = MutableMapping[str, Any]
Send = Callable[[Scope], Awaitable[None]]


class Headers:
    """Adds `HEADERS` to every answer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Pass on, and put the headers onto what comes back."""

        async def with_headers(message: Scope) -> None:
            if message["type"] == "http.response.start":
                own = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def config(host: str, port: int) -> dict[str, Any]:
    """Return Streamlit's settings."""
    allowed = [*dict.fromkeys((*LOOPBACK, host))] if host not in ("0.0.0.0", "::") else []
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.allowedHosts": allowed,
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.maxUploadSize": UPLOAD_MB,
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "global.disableWidgetStateDuplicationWarning": True,
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        **{f"theme.{name}": value for name, value in _LOOK.items()},
        "theme.light.primaryColor": "#C4620F",
        "theme.dark.primaryColor": "#F0913A",
    }  # fmt: skip


def serve(runs: Path, host: str = "127.0.0.1", port: int = 8501) -> None:
    """Serve the dashboard until it is interrupted.

    Parameters
    ----------
    runs : Path
        Folder of runs; made if it is not there.
    host : str
        Address to bind to.
    port : int
    """
    runs.mkdir(parents=True, exist_ok=True)
    sweep(runs)
    use_folder(runs.resolve())
    app = st.App(Path(__file__).parent / "app.py", middleware=[Middleware(Headers)])
    app.run(config=config(host, port))
