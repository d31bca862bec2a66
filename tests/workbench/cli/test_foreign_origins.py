"""The running app answers pages of this machine alone: requests that pages of elsewhere make are refused."""

from __future__ import annotations

import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from workbench.cli.run_app import streamlit_command

ROOT = Path(__file__).resolve().parents[3]
PROXY = "bench.example.org"
UPLOAD = "/_stcore/upload_file/session/file"


@dataclass(frozen=True)
class App:
    port: int

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                method, path, body, {key.replace("_", "-"): text for key, text in headers.items()}
            )
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}
        finally:
            connection.close()

    def socket(self, **headers: str) -> int:
        """Ask for the web socket by which pages run programs; return the status, 101 where it opens."""
        key = base64.b64encode(os.urandom(16)).decode()
        asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Key": key}
        return self.ask("GET", "/_stcore/stream", **asked, Sec_WebSocket_Version="13", **headers)[0]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`workbench run` in a process of its own."""
    folder = tmp_path_factory.mktemp("app")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [sys.executable, "-m", "workbench", "run", "--no-browser", "--no-sample", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--allow-host", PROXY],
        cwd=ROOT,
        env={
            **os.environ,
            "WORKBENCH_HOME": str(folder / "home"),
            "WORKBENCH_CACHE_DIR": str(folder / "cache"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        made = App(port)
        _await(made, server)
        yield made
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _await(app: App, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert server.poll() is None, f"the app ended with {server.returncode}"
        with suppress(OSError):
            if app.ask("GET", "/_stcore/health")[0] == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the app did not answer within a minute")


def test_pages_of_this_machine_are_served(app: App) -> None:
    for name in ("127.0.0.1", "localhost", "[::1]"):
        at = f"{name}:{app.port}"
        assert app.socket(Origin=f"http://{at}", Host=at) == 101, name


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example:8501",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://evil.example#localhost",
        "null",
        "file://",
    ],
)
def test_a_page_of_elsewhere_opens_no_socket(app: App, origin: str) -> None:
    assert app.socket(Origin=origin) == 403


def test_a_name_of_elsewhere_that_leads_here_opens_no_socket(app: App) -> None:
    """DNS rebinding: to the browser such a page is of one origin with the app."""
    for name in (
        "evil.example",
        f"evil.example:{app.port}",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
    ):
        assert app.socket(Origin=f"http://{name}", Host=name) == 403, name


def test_the_name_of_a_reverse_proxy_is_let_in_where_it_was_named(app: App) -> None:
    assert app.socket(Origin=f"https://{PROXY}", Host=PROXY) == 101
    command = streamlit_command("127.0.0.1", 8501, headless=True)
    hosts = [part.partition("=")[2] for part in command if part.startswith("--server.allowedHosts=")]
    assert hosts == ["127.0.0.1", "localhost", "::1"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_files_are_neither_sent_nor_deleted_from_elsewhere(app: App, method: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\na\r\n--x--\r\n'
    status, headers = app.ask(
        method, UPLOAD, body, Origin="http://evil.example", Content_Type="multipart/form-data; boundary=x"
    )
    assert status in (403, 405)
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/host-config", UPLOAD])
def test_no_answer_may_be_read_from_elsewhere(app: App, path: str) -> None:
    for method in ("GET", "OPTIONS"):
        _, headers = app.ask(method, path, Origin="http://evil.example", Access_Control_Request_Method="PUT")
        allowed = headers.get("access-control-allow-origin", "")
        assert allowed not in ("*", "null") and "evil" not in allowed, (method, path)


def test_nothing_listens_beyond_this_machine(app: App) -> None:
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    listening = {
        row[1].partition(":")[0]
        for row in rows
        if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == app.port
    }
    assert listening <= {"0100007F"}  # 127.0.0.1, as the kernel writes it
