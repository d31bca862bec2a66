"""What every test stands on: private folders, fresh settings, no network but this machine, a browser.

Knows nothing about any one package.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
FULL = os.environ.get("WORKBENCH_TEST_FULL", "") not in {"", "0"}

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts what runs in its background so, and the tests of Ctrl-C would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the browser tests on one worker, and last there.

    They share one server and one browser; and Playwright leaves an event loop running in the thread of the tests, under
    which no later test could start one of its own.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


# ── network ─────────────────────────────────────────────────────────────────────────────────────────────


class NetworkRefused(AssertionError):
    """A test reached for an address outside this machine."""


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket's path
        return True
    host = str(address[0])
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if not _is_local(address):
            raise NetworkRefused(f"tests stay on this machine; refused to connect to {address}")
        return original(self, address)

    return connect


def _guarded_lookup(original: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_local((name,)) and name != socket.gethostname():
            raise NetworkRefused(f"tests stay on this machine; refused to look up {name}")
        return original(host, *args, **kwargs)

    return getaddrinfo


@pytest.fixture(autouse=True, scope="session")
def _network_guard() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
    patch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
    patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
    yield
    patch.undo()


# ── private folders and settings ────────────────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def _private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own store and its own cache; no key of the developer's is in reach."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WORKBENCH_CACHE_DIR", str(tmp_path / "cache"))
    for name in [key for key in os.environ if key.endswith("_API_KEY")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    """What a test configures, settings or cache, ends with it."""
    yield
    settings = sys.modules.get("core.settings")
    if settings is not None:
        settings._Default.value = settings.Settings()
    cache = sys.modules.get("core.lm.cache")
    if cache is not None:
        cache._Active.value.close()
        cache._Active.value, cache._Active.configured = cache.Cache(), False


# ── data and counts ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real datasets (not part of the project): WORKBENCH_DATA, or ../shared/data."""
    folder = Path(os.environ.get("WORKBENCH_DATA", ROOT.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    message = f"no datasets at {folder}; set WORKBENCH_DATA to the folder that holds banking77_train.csv"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def how_many() -> Callable[[int, int], int]:
    """`how_many(sample, full)`: the sample in `make test`, the full count in `make test-full`."""
    return lambda sample, full: full if FULL else sample


# ── browser ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def chromium() -> str:
    """The Chromium that browser tests drive: WORKBENCH_CHROMIUM, or the one on the path."""
    found = os.environ.get("WORKBENCH_CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.fail("browser tests need Chromium; `make test` installs it, WORKBENCH_CHROMIUM names another")
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium: str) -> dict[str, Any]:
    """What pytest-playwright starts the browser with."""
    return {"executable_path": chromium, "args": list(CHROMIUM_FLAGS), "headless": True}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """A laptop's window, in a fixed language and time zone so that screenshots compare."""
    return {"viewport": {"width": 1360, "height": 900}, "locale": "en-GB", "timezone_id": "UTC"}
