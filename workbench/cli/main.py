"""Reads the command line, finds the command, and turns errors into messages and exit codes.

Knows nothing about any single command. Codes: 0 done, 1 failed, 2 wrong arguments, 3 a score below --fail-under,
130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

from core.foundation.errors import WorkbenchError
from core.trace import redact
from workbench.cli.commands import COMMANDS
from workbench.jobs.execute import error_record

__all__ = ["build_parser", "main"]

log = logging.getLogger(__name__)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in JSON too, where that was asked for."""

    as_json = False
    _mixing = False

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """Let options stand between the words of a command: `runs show --json ID`."""
        if self._mixing or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def error(self, message: str) -> NoReturn:
        """Report wrong arguments and exit with 2."""
        if self.as_json:
            hint = f"See: {self.prog} --help"
            print(json.dumps({"error": {"type": "UsageError", "message": message, "hint": hint}}))
        super().error(message)


def build_parser(*, as_json: bool = False) -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Args:
        as_json: Wrong arguments are also reported as JSON.
    """
    parser = _Parser(prog="workbench", description="Program language models instead of prompting them.")
    parser.as_json = as_json
    parser.add_argument("--version", action="version", version=f"workbench {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    common = _Parser(add_help=False)
    common.add_argument("--home", help="folder of the store (default: WORKBENCH_HOME, or one in your home)")
    common.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    for name, command in COMMANDS.items():
        child = commands.add_parser(name, help=command.summary, description=command.summary, parents=[common])
        child.as_json = as_json
        command.arguments(child)
        child.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = build_parser(as_json="--json" in given).parse_args(given)
    logging.basicConfig(
        level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    try:
        code = int(options.run(options) or 0)
        sys.stdout.flush()
    except (
        BrokenPipeError
    ):  # whoever read the output has seen enough; nothing is left to say at the exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        _report(
            {"type": "Interrupted", "message": "Interrupted; what was finished is kept.", "hint": ""}, options
        )
        return 130
    except Exception as error:
        _report(_record(error), options)
        return 1
    return code


def _record(error: Exception) -> dict[str, str]:
    if isinstance(error, OSError) and not isinstance(error, WorkbenchError):
        text = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        return {"type": type(error).__name__, "message": redact(text), "hint": ""}
    if isinstance(error, WorkbenchError):
        return error_record(error)
    log.error("this was not expected", exc_info=error)
    return {**error_record(error), "hint": "This was not expected: please report it with what stands above."}


def _report(record: dict[str, str], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps({"error": record}, ensure_ascii=False))
    print(f"error: {record['message']}", file=sys.stderr)
    if record["hint"]:
        print(f"hint: {record['hint']}", file=sys.stderr)


def _version() -> str:
    try:
        return version("lm-workbench")
    except PackageNotFoundError:
        return "(not installed)"
