"""`workbench serve-lm`: the embedded model as an OpenAI-compatible endpoint.

Knows nothing about how it answers.
"""

from __future__ import annotations

import argparse

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="default 8765; 0 takes a free one")


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from core.lm.embedded.server import serve

    serve(options.host, options.port)
    return 0
