"""The command line of an exported script: one input, or a file of rows, in; JSON lines out.

Knows nothing about rendering and HTTP. Exported scripts carry this file as it stands.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.export.script_client import Endpoint, EndpointError
from core.export.script_program import ExportedProgram, ProgramError
from core.wire.values import plain_value


def script_main(program: ExportedProgram, arguments: Sequence[str] | None = None) -> int:
    """Run `program` as a command; return the exit status: 0, 1 when a row failed, 2 when nothing could be run."""
    options = _options(program).parse_args(arguments)
    try:
        endpoint = _endpoint(options)
        rows = list(_rows(program, options))
    except (OSError, ValueError, ProgramError, EndpointError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    answer = _answering(program, endpoint)
    failed = False
    with ThreadPoolExecutor(max_workers=max(1, options.concurrency)) as pool:
        for result, error in pool.map(answer, rows):
            if error is not None:
                failed = True
                sys.stderr.write(f"{error}\n")
            line = result if error is None else {"error": error}
            sys.stdout.write(_json_line(line))
            sys.stdout.flush()
    return 1 if failed else 0


def _options(program: ExportedProgram) -> argparse.ArgumentParser:
    names = ", ".join(declared["name"] for declared in program.inputs)
    parser = argparse.ArgumentParser(
        description=program.description or program.name,
        epilog=f"Inputs: {names}. Outputs: {', '.join(program.outputs)}. One JSON object per row on standard output.",
    )
    parser.add_argument(
        "--base-url", default=os.environ.get("OPENAI_BASE_URL"), help="e.g. http://127.0.0.1:8000/v1"
    )
    parser.add_argument("--model", required=True, help="the model's name at the endpoint")
    parser.add_argument(
        "--api-key-env", default="OPENAI_API_KEY", help="environment variable that holds the key"
    )
    parser.add_argument("--input", action="append", default=[], metavar="NAME=VALUE", help="one per input")
    parser.add_argument("--input-file", help="rows as .csv, .jsonl or .json; other columns are ignored")
    parser.add_argument("--temperature", type=float, help="for steps that set none")
    parser.add_argument("--max-tokens", type=int, help="for steps that set none")
    parser.add_argument("--concurrency", type=int, default=4, help="rows in flight")
    parser.add_argument("--retries", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for one answer")
    return parser


def _endpoint(options: argparse.Namespace) -> Endpoint:
    if not options.base_url:
        raise ValueError("Say where the model is: --base-url http://127.0.0.1:8000/v1")
    settings = {"temperature": options.temperature, "max_tokens": options.max_tokens}
    return Endpoint(
        options.base_url,
        options.model,
        os.environ.get(options.api_key_env),
        settings={name: value for name, value in settings.items() if value is not None},
        retries=options.retries,
        timeout=options.timeout,
    )


def _answering(
    program: ExportedProgram, endpoint: Endpoint
) -> Callable[[Mapping[str, Any]], tuple[dict[str, Any], str | None]]:
    """Return a function of one row that gives its outputs and None, or nothing and what went wrong."""

    def answer(row: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        try:
            return program.run(program.read_inputs(row), endpoint.ask), None
        except (ProgramError, EndpointError) as error:
            return {}, str(error)

    return answer


def _rows(program: ExportedProgram, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    given: dict[str, Any] = {}
    for pair in options.input:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--input wants NAME=VALUE, not {pair!r}.")
        given[name] = value
    if not options.input_file:
        yield given
        return
    known = [declared["name"] for declared in program.inputs]
    for row in _file_rows(Path(options.input_file)):
        yield {**{name: row[name] for name in known if name in row}, **given}


def _file_rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 text: {error}.") from None
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if path.suffix == ".json":
        rows = json.loads(text)
    elif path.suffix in (".jsonl", ".ndjson"):
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    else:
        raise ValueError(f"{path.name}: rows are read from .csv, .jsonl or .json.")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path.name}: every row must be a JSON object.")
    return rows


def _json_line(value: Any) -> str:
    """Return one line of JSON that standard output can take."""
    text = json.dumps(plain_value(value), ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(plain_value(value))
    return f"{text}\n"
