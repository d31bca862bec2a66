"""What we do with the same cases: signatures, messages, values; and the interpreter of the other side.

Knows nothing about what is compared.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.compat.values import TYPES, json_value, python_value
from core.adapters import adapters
from core.foundation.errors import AdapterParseError
from core.signature import InputField, OutputField, Signature

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chat", "json", "xml")


def signature_of(spec: dict[str, Any]) -> Any:
    """Return the signature that a case describes."""
    fields: dict[str, Any] = {}
    for field in spec["fields"]:
        made = InputField if field["role"] == "input" else OutputField
        fields[field["name"]] = (TYPES[field["type"]], made(desc=field["desc"]) if field["desc"] else made())
    return Signature(fields, spec["instructions"])


def values_of(spec: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return the Python values of a demo or of inputs."""
    kinds = {field["name"]: field["type"] for field in spec["fields"]}
    return {name: python_value(kinds[name], value) for name, value in data.items()}


def messages_of(case: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the messages of the three adapters for a case."""
    signature = signature_of(case)
    demos = [values_of(case, demo) for demo in case["demos"]]
    inputs = values_of(case, case["inputs"])
    return {name: adapters.get(name)().format(signature, demos, inputs) for name in NAMES}


def parsed(adapter: Any, signature: Any, text: str) -> dict[str, Any]:
    """Return {"values"} of a reply as JSON data, or {"error"}; any error but the one allowed passes through."""
    try:
        return {"values": json_value(adapter.parse(signature, text))}
    except AdapterParseError as error:
        return {"error": error.reason}


def ask_dspy(python: str, task: dict[str, Any], timeout: float = 1800) -> dict[str, Any]:
    """Return what the other side makes of a task."""
    done = subprocess.run(
        [python, "-m", "benchmarks.compat.dspy_side"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)
