"""`workbench run`: open the workbench in the browser.

Knows nothing about pages. Listens on this machine only: whoever reaches the page can run programs with your keys.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from core.foundation.errors import ConfigurationError, MissingExtraError
from workbench.cli.common import open_home
from workbench.locate import theme_dir
from workbench.services import samples, tasks

__all__ = ["arguments", "run", "streamlit_command"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--port", type=int, default=8501, help="default 8501")
    parser.add_argument(
        "--host", default="127.0.0.1", help="an address of this machine alone (default 127.0.0.1)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which a reverse proxy serves the workbench; others than this machine's are refused",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    parser.add_argument(
        "--no-sample", action="store_true", help="do not open the sample task in an empty store"
    )


def run(options: argparse.Namespace) -> int:
    """Prepare the store, then become the web server."""
    command = streamlit_command(
        options.host, options.port, headless=options.no_browser, names=options.allow_host
    )
    ws = open_home(options, jobs="worker")
    if not options.no_sample and not tasks.list_tasks(ws, archived=True) and samples.list_samples():
        samples.open_sample(ws, samples.DEFAULT_SAMPLE)
    ws.close()
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, **ws.config.environment(), "PYTHONPATH": os.pathsep.join(paths)}
    os.chdir(theme_dir())
    os.execve(command[0], command, environment)  # noqa: S606 (our own interpreter, a list of arguments)


def streamlit_command(host: str, port: int, *, headless: bool, names: Sequence[str] = ()) -> list[str]:
    """Return the command that serves the app.

    Args:
        names: What it may be called beside this machine's own names. A page elsewhere whose name is made to lead here
            (DNS rebinding) is of the same origin to a browser, so the name itself has to be checked.

    Raises:
        ConfigurationError: The address can be reached from other machines.
        MissingExtraError: Streamlit is not installed.
    """
    from importlib.util import find_spec

    if host not in _LOOPBACK:
        raise ConfigurationError(
            f"The workbench does not listen on {host}: whoever reaches it could use your models and keys.",
            hint="Use 127.0.0.1 and an SSH tunnel, or a reverse proxy that asks for a password (--allow-host).",
        )
    if find_spec("streamlit") is None:
        raise MissingExtraError("streamlit", "workbench", purpose="the browser")
    app = Path(__file__).resolve().parents[1] / "app.py"
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true" if headless or not _has_screen() else "false",
        "server.showEmailPrompt": "false",  # else the first start waits for an address to be typed in
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",  # true: foreign origins are refused
        "browser.gatherUsageStats": "false",
    }
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app),
        *(f"--{name}={value}" for name, value in options.items()),
        *(f"--server.allowedHosts={name}" for name in (*_LOOPBACK, *names)),
    ]


def _has_screen() -> bool:
    """True where a browser window could open."""
    return not sys.platform.startswith("linux") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
