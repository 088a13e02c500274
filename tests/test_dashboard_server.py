"""The server keeps to this machine, and answers only what asks for it by name."""

import asyncio
import importlib.util
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from auxon.cli import app

pytest.importorskip("streamlit")

from tests.dashboard_server import serving


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("server") / "runs") as port:
        yield port


def status_of_websocket(port: int, **headers: str) -> int:
    """Return what a websocket's handshake is answered with."""
    websockets: Any = pytest.importorskip("websockets")

    async def ask() -> int:
        try:
            async with websockets.connect(
                f"ws://127.0.0.1:{port}/_stcore/stream",
                additional_headers={k: v for k, v in headers.items() if k != "Origin"},
                origin=headers.get("Origin"),
            ):
                return 101
        except websockets.exceptions.InvalidStatus as refused:
            return int(refused.response.status_code)

    return asyncio.run(ask())


def test_every_answer_forbids_frames_and_contents_from_elsewhere(port: int) -> None:
    for path in ("", "_stcore/health", "belt", "nonsense"):
        with urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
            headers = {k.lower(): v for k, v in answer.headers.items()}
        assert headers["x-frame-options"] == "DENY", path
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_it_listens_to_this_machine_only(port: int) -> None:
    with socket.socket(socket.AF_INET6) as s, pytest.raises(OSError):  # noqa: PT011
        s.connect(("::1", port))
    others = {
        str(a[4][0]) for a in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    } - {"127.0.0.1"}
    for address in others:
        if address.startswith("127."):
            continue
        with socket.socket() as s, pytest.raises(OSError):  # noqa: PT011
            s.connect((address, port))


def test_a_foreign_page_cannot_talk_to_it(port: int) -> None:
    own = f"http://127.0.0.1:{port}"
    assert status_of_websocket(port, Origin=own) == 101
    assert status_of_websocket(port, Origin="http://evil.example") == 403


def test_a_foreign_name_for_it_is_refused(port: int) -> None:
    """DNS rebinding: a page of evil.example whose name was made to point here."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(
            b"GET /_stcore/stream HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://evil.example\r\n\r\n"
        )
        assert s.recv(100).split()[1] == b"403"


def test_nothing_is_reported_and_uploads_are_small() -> None:
    from auxon.dashboard.server import config

    found = config("127.0.0.1", 1)
    assert found["browser.gatherUsageStats"] is False
    assert found["server.enableXsrfProtection"] is True
    assert found["server.maxUploadSize"] <= 2
    assert "127.0.0.1" in found["server.allowedHosts"]
    assert "10.1.2.3" in config("10.1.2.3", 1)["server.allowedHosts"]


def test_without_streamlit_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["dashboard", str(tmp_path)])
    assert done.exit_code == 2
    assert "needs streamlit, which is not installed" in done.stderr


def test_a_file_is_no_folder_of_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["dashboard", str(tmp_path / "file")])
    assert done.exit_code == 2
    assert "is a file; expected a folder of runs" in done.stderr
