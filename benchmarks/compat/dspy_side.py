"""What DSPy does with generated cases: run by its own interpreter, tasks in on standard input, results out.

Knows nothing about `core`. {"do": "messages" | "parse" | "save" | "load", ...}; nothing here ever reads its source.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

sys.stdout, _answers = sys.stderr, sys.stdout  # what is printed on the way is no result

import litellm  # noqa: E402

os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(litellm.__file__).parent / "litellm_core_utils" / "tokenizers")

import dspy  # noqa: E402
import json_repair  # noqa: E402
import tiktoken  # noqa: E402

from benchmarks.compat.values import TYPES, json_value, python_value  # noqa: E402

ENCODING = tiktoken.get_encoding("cl100k_base")
ADAPTERS = {"chat": dspy.ChatAdapter(), "json": dspy.JSONAdapter(), "xml": dspy.XMLAdapter()}
SECONDS = 10


class TooSlow(BaseException):
    """A reply took longer than anybody would wait."""


def signature_of(spec: dict[str, Any]) -> Any:
    """Return the signature that a case describes."""
    fields: dict[str, Any] = {}
    for field in spec["fields"]:
        made = dspy.InputField if field["role"] == "input" else dspy.OutputField
        fields[field["name"]] = (TYPES[field["type"]], made(desc=field["desc"]) if field["desc"] else made())
    return dspy.Signature(fields, spec["instructions"])


def values_of(spec: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return the Python values of a demo or of inputs."""
    kinds = {field["name"]: field["type"] for field in spec["fields"]}
    return {name: python_value(kinds[name], value) for name, value in data.items()}


def tokens(messages: list[dict[str, Any]]) -> int:
    """Return how many tokens the contents of messages have."""
    return sum(len(ENCODING.encode(message["content"], disallowed_special=())) for message in messages)


def messages_of(case: dict[str, Any]) -> dict[str, Any]:
    """Return the messages of every adapter, with the tokens of both sides."""
    signature = signature_of(case)
    demos = [dspy.Example(**values_of(case, demo)) for demo in case["demos"]]
    inputs = values_of(case, case["inputs"])
    told: dict[str, Any] = {}
    for name, adapter in ADAPTERS.items():
        made = adapter.format(signature, demos, inputs)
        told[name] = {"messages": made, "tokens": tokens(made), "ours": tokens(case["ours"][name])}
    return told


def parsed(case: dict[str, Any], signature: Any) -> dict[str, Any]:
    """Return the values that a reply gives, or the name of the error; with `repair` also json_repair's reading."""
    signal.alarm(SECONDS)
    begun = time.thread_time()
    try:
        told: dict[str, Any] = {
            "values": json_value(ADAPTERS[case["adapter"]].parse(signature, case["text"]))
        }
    except TooSlow:
        told = {"error": "TooSlow"}
    except Exception as error:
        told = {"error": type(error).__name__}
    finally:
        signal.alarm(0)
    told["ms"] = (time.thread_time() - begun) * 1000
    if case.get("repair"):
        signal.alarm(SECONDS)
        with contextlib.suppress(Exception, TooSlow):
            told["repaired"] = json_repair.loads(case["text"])
        signal.alarm(0)
    return told


def main() -> None:
    """Answer one task."""
    task = json.load(sys.stdin)

    def stop(*_: Any) -> None:
        raise TooSlow

    signal.signal(signal.SIGALRM, stop)
    if task["do"] == "messages":
        found: Any = [messages_of(case) for case in task["cases"]]
    elif task["do"] == "parse":
        signatures = [signature_of(spec) for spec in task["signatures"]]
        found = [parsed(case, signatures[case["signature"]]) for case in task["cases"]]
    elif task["do"] == "save":
        found = []
        for case in task["cases"]:
            program = dspy.Predict(signature_of(case))
            program.demos = [dspy.Example(**values_of(case, demo)) for demo in case["demos"]]
            program.save(case["path"])
            found.append(None)
    else:
        found = []
        for case in task["cases"]:
            program = dspy.Predict(signature_of({**case, "instructions": "Something else."}))
            program.load(case["path"])
            demos = [json_value(dict(demo)) for demo in program.demos]
            found.append({"instructions": program.signature.instructions, "demos": demos})
    json.dump({"version": dspy.__version__, "found": found}, _answers, default=repr)


if __name__ == "__main__":
    main()
