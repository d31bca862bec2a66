"""`workbench serve-lm`: the embedded model as an OpenAI-compatible endpoint.

Knows nothing about how it answers.
"""

from __future__ import annotations

import argparse
import sys

from workbench.cli.common import emit
from workbench.jobs.engine import EMBEDDED

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8321, help="default 8321; 0 takes a free one")


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from core.lm.embedded.server import serve

    def say(url: str) -> None:
        emit(options, {"url": url, "model": EMBEDDED}, f"{EMBEDDED} answers at {url} (Ctrl-C ends it)")
        sys.stdout.flush()

    serve(options.host, options.port, on_ready=say)
    return 0
