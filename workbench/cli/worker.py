"""`workbench worker`: carry out queued runs until told to end.

Knows nothing about what runs do.
"""

from __future__ import annotations

import argparse
import logging
import sys

from workbench.cli.common import emit
from workbench.config import read_config
from workbench.jobs.worker import DEFAULT_WORKER, run_worker

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--name", default=DEFAULT_WORKER, help="give each further worker of a home its own name"
    )
    parser.add_argument("--concurrency", type=int, default=2, metavar="N", help="runs at a time (default 2)")
    parser.add_argument("--idle-exit", type=float, metavar="SECONDS", help="end after so long without work")


def run(options: argparse.Namespace) -> int:
    """Serve; a second worker of the same name leaves at once."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
        force=True,
    )
    logging.getLogger("workbench").setLevel(logging.INFO)
    served = run_worker(
        read_config(options.home),
        name=options.name,
        concurrency=options.concurrency,
        idle_exit=options.idle_exit,
    )
    if not served:
        emit(options, {"served": False}, f"A worker called '{options.name}' is there already.")
    return 0
