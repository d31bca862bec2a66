"""The workbench as its user starts it, a browser before it, and the main job walked once.

Knows nothing about the engine. The server is `workbench run` in a process of its own with a real worker; runs,
store and cache are in a folder of this session's.
"""

from __future__ import annotations

import csv
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.walk import Walk, walk_the_job

ROOT = Path(__file__).resolve().parents[2]
STARTUP = 60.0
SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app !== null
    && app.getAttribute('data-test-connection-state') === 'CONNECTED'
    && app.getAttribute('data-test-script-state') !== 'running'
    && document.querySelector('[data-stale=true]') === null;
}"""


@dataclass(frozen=True)
class Banking:
    """Rows of ten intents, as a file that someone would bring."""

    path: Path
    intents: list[str]
    rows: list[dict[str, str]]


@dataclass(frozen=True)
class Served:
    """A running workbench."""

    url: str
    home: Path
    env: dict[str, str]

    def run(self, *arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        """Run the `workbench` command with this workbench's folders."""
        return subprocess.run(
            [sys.executable, "-m", "workbench", *arguments],
            env=self.env,
            cwd=ROOT,
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )


@pytest.fixture(scope="session")
def banking(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Banking:
    """Banking77: ten intents chosen by seed, thirty rows of each."""
    with (data_dir / "banking77_train.csv").open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    chooser = random.Random(1)
    intents = sorted(chooser.sample(sorted({row["category"] for row in known}), 10))
    rows = [
        row
        for intent in intents
        for row in chooser.sample([row for row in known if row["category"] == intent], 30)
    ]
    chooser.shuffle(rows)
    path = tmp_path_factory.mktemp("banking") / "banking_ten.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "category"])
        writer.writeheader()
        writer.writerows({"text": row["text"], "category": row["category"]} for row in rows)
    return Banking(path, intents, rows)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], dict[str, str]]:
    """`environment()`: the variables of a process with a store and a cache of its own."""

    def make() -> dict[str, str]:
        folder = tmp_path_factory.mktemp("workbench")
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
        kept.pop("WORKBENCH_STORE_URL", None)
        return {
            **kept,
            "WORKBENCH_HOME": str(folder / "home"),
            "WORKBENCH_CACHE_DIR": str(folder / "cache"),
            "PYTHONPATH": str(ROOT),
        }

    return make


@pytest.fixture(scope="session")
def served(environment: Callable[[], dict[str, str]]) -> Iterator[Served]:
    """`workbench run` on a free port, as on a fresh machine."""
    env = environment()
    port = free_port()
    command = [sys.executable, "-m", "workbench", "run", "--no-browser", "--port", str(port)]
    with process(command, env) as server:
        url = f"http://127.0.0.1:{port}"
        wait_for_url(f"{url}/_stcore/health", server)
        yield Served(url, Path(env["WORKBENCH_HOME"]), env)
    end_worker(Path(env["WORKBENCH_HOME"]))


@pytest.fixture(scope="session")
def endpoint(environment: Callable[[], dict[str, str]]) -> Iterator[str]:
    """`workbench serve-lm`: the embedded model as an OpenAI-compatible endpoint."""
    port = free_port()
    command = [sys.executable, "-m", "workbench", "serve-lm", "--port", str(port)]
    with process(command, environment()) as server:
        wait_for_url(f"http://127.0.0.1:{port}/v1/models", server)
        yield f"http://127.0.0.1:{port}/v1"


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: WORKBENCH_SCREENSHOTS, or a folder of this session's."""
    named = os.environ.get("WORKBENCH_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Tab:
    """A browser tab on the workbench, with the gestures that a user makes."""

    page: Page
    url: str
    shots: Path
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to an address."""
        self.page.goto(self.url + path)
        self.settle()

    def settle(self, seconds: float = 60) -> None:
        """Wait until the page is drawn and nothing on it is stale; see that nothing went wrong on it."""
        self.page.wait_for_selector("[data-testid=stMain]")
        self.page.wait_for_function(SETTLED, timeout=1000 * seconds)
        for alert in self.page.get_by_test_id("stException").all():
            raise AssertionError(alert.inner_text())

    def nav(self, name: str, title: str | None = None) -> None:
        """Choose a page in the menu."""
        self.page.get_by_test_id("stSidebarNavLink").get_by_text(name, exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title or name)
        self.settle()

    def button(self, name: str) -> Any:
        """The button of that name in the page's body."""
        return self.main.get_by_role("button", name=name)

    @property
    def main(self) -> Any:
        """The page's body."""
        return self.page.get_by_test_id("stMain")

    def metric(self, label: str) -> str:
        """The value of a figure."""
        card = self.main.get_by_test_id("stMetric").filter(
            has=self.page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
        )
        return card.get_by_test_id("stMetricValue").first.inner_text().strip()

    def state(self, name: str, seconds: float) -> None:
        """Wait for a run to be in that state."""
        expect(self.main.get_by_test_id("stMarkdownBadge").or_(self.main.locator(".stMarkdownBadge"))
               .get_by_text(name, exact=True).first).to_be_visible(timeout=1000 * seconds)  # fmt: skip
        self.settle()

    def parameter(self, name: str) -> str:
        """A parameter of the address."""
        from urllib.parse import parse_qs, urlsplit

        return parse_qs(urlsplit(self.page.url).query)[name][0]

    def shot(self, name: str) -> None:
        """Keep a picture of the page."""
        self.page.screenshot(path=self.shots / f"{name}.png")


@pytest.fixture(scope="session")
def new_tab(browser: Browser, served: Served, shots: Path) -> Iterator[Callable[..., Tab]]:
    """`new_tab()`: a browser with no memory of this workbench, on its home page."""
    contexts: list[Any] = []

    def make(path: str = "/", **options: Any) -> Tab:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="UTC", **options
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        tab = Tab(context.new_page(), served.url, shots)
        tab.page.on("requestfailed", lambda request: tab.faults.append(request.url))
        tab.open(path)
        return tab

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def walk(new_tab: Callable[..., Tab], banking: Banking, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The main job, walked once."""
    return walk_the_job(new_tab, banking, tmp_path_factory.mktemp("downloads"))


# ── processes ───────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def process(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server in a group of its own and end it afterwards."""
    server = subprocess.Popen(
        command,
        env=env,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)


def end_worker(home: Path) -> None:
    """End the worker that the app started; it outlives the server by design."""
    note = home / "jobs" / "worker.lock"
    number = note.read_text().split()[:1] if note.exists() else []
    if not number or not number[0].isdigit():
        return
    with suppress(ProcessLookupError):
        os.kill(int(number[0]), signal.SIGTERM)
        for _ in range(100):
            os.kill(int(number[0]), 0)
            time.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for_url(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + STARTUP
    while time.monotonic() < end:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        with suppress(OSError), urllib.request.urlopen(url, timeout=2) as reply:
            if reply.status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {STARTUP:g} s")
