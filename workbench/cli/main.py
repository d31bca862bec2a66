"""Reads the command line, finds the command, and turns errors into messages and exit codes.

Knows nothing about any single command. Codes: 0 done, 1 failed, 2 wrong arguments, 3 a score below --fail-under,
130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from core.foundation.errors import WorkbenchError
from workbench.cli.commands import COMMANDS
from workbench.jobs.execute import error_record

__all__ = ["build_parser", "main"]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="workbench", description="Program language models instead of prompting them."
    )
    parser.add_argument("--version", action="version", version=f"workbench {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", help="folder of the store (default: WORKBENCH_HOME, or one in your home)")
    common.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    for name, command in COMMANDS.items():
        child = commands.add_parser(name, help=command.summary, description=command.summary, parents=[common])
        command.arguments(child)
        child.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = build_parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        return int(options.run(options) or 0)
    except WorkbenchError as error:
        _report(error, options.json)
        return 1
    except OSError as error:
        _report(
            WorkbenchError(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")), options.json
        )
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was finished is kept.", file=sys.stderr)
        return 130


def _report(error: WorkbenchError, as_json: bool) -> None:
    record = error_record(error)
    if as_json:
        print(json.dumps({"error": record}, ensure_ascii=False))
    print(f"error: {record['message']}", file=sys.stderr)
    if record["hint"]:
        print(f"hint: {record['hint']}", file=sys.stderr)


def _version() -> str:
    try:
        return version("lm-workbench")
    except PackageNotFoundError:
        return "(not installed)"
