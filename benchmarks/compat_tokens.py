"""Prompt tokens per call, ours against DSPy's, and the structure of DSPy's messages as a golden file for the tests.

Knows nothing about DSPy's source: the installed package is run in a process of its own and its messages are looked at.

    python -m benchmarks.compat_tokens --dspy-python /path/to/python
    python -m benchmarks.compat_tokens --dspy-python ... --write-structure tests/golden/dspy_structure.json

Tokens are those of `cl100k_base` over the contents of all messages (the few that a provider adds per message are the
same on both sides). The encoding comes with DSPy's environment; nothing is downloaded.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.harness import options
from core.adapters import ChatAdapter, JSONAdapter
from core.signature import Signature
from core.wire.sections import split_sections

INTENTS = [
    f"{verb}_{noun}"
    for verb in ("lost", "declined", "pending", "wrong")
    for noun in ("card", "transfer", "top_up")
]
TICKETS = f"text -> reasoning, urgency: Literal['low', 'medium', 'high'], intent: Literal{INTENTS!r}"
DEMO = {"question": "What is the capital of France?", "answer": "Paris"}

CASES: list[dict[str, Any]] = [
    {
        "name": "question -> answer",
        "signature": "question -> answer",
        "inputs": {"question": "Who wrote Faust?"},
    },
    {
        "name": "the same, 8 demos",
        "signature": "question -> answer",
        "inputs": {"question": "Who wrote Faust?"},
        "demos": [DEMO] * 8,
    },
    {
        "name": "reasoning, instructions",
        "signature": "question -> reasoning, answer",
        "instructions": "Answer in one word.\nNever guess.",
        "inputs": {"question": "Who wrote Faust?"},
    },
    {
        "name": "passages, 2 incomplete demos",
        "signature": "context: list[str], question -> reasoning, answer",
        "inputs": {"context": ["Goethe wrote Faust.", "Faust is\na play."], "question": "Who wrote Faust?"},
        "demos": [
            {
                "context": ["Paris is in France."],
                "question": "Where is Paris?",
                "reasoning": "It says so.",
                "answer": "France",
            },
            {"question": "Where is Rome?", "answer": "Italy"},
            {"context": [], "question": "Who?", "reasoning": None, "answer": "Me"},
            {"answer": "no input"},
        ],
    },
    {
        "name": "passages in a text field",
        "signature": "context, question -> answer",
        "inputs": {"context": ["a", "b\nc"], "question": "q"},
    },
    {"name": "two closed outputs", "signature": TICKETS, "inputs": {"text": "My card is gone!"}},
    {
        "name": "numbers, lists, optional",
        "signature": "text, count: int -> score: float, n: int, ok: bool, tags: list[str], "
        "extra: Optional[int], data: dict[str, int]",
        "inputs": {"text": "Größe «x»", "count": 3},
        "demos": [
            {
                "text": "t",
                "count": 1,
                "score": 0.5,
                "n": 2,
                "ok": True,
                "tags": ["a", "ü"],
                "extra": 4,
                "data": {"k": 1},
            }
        ],
    },
]

DSPY_SIDE = """
import json, os, sys
import litellm
os.environ["TIKTOKEN_CACHE_DIR"] = os.path.join(os.path.dirname(litellm.__file__), "litellm_core_utils", "tokenizers")
import dspy, tiktoken
encoding = tiktoken.get_encoding("cl100k_base")
def tokens(messages):
    return sum(len(encoding.encode(message["content"], disallowed_special=())) for message in messages)
told = []
for case in json.load(sys.stdin):
    signature = dspy.Signature(case["signature"], case.get("instructions"))
    demos = [dspy.Example(**demo) for demo in case.get("demos", [])]
    row = {}
    for name, adapter in (("chat", dspy.ChatAdapter()), ("json", dspy.JSONAdapter())):
        messages = adapter.format(signature, demos, case["inputs"])
        row[name] = {"messages": messages, "tokens": tokens(messages), "ours": tokens(case["ours"][name])}
    told.append(row)
print(json.dumps({"version": dspy.__version__, "cases": told}))
"""


def our_messages(case: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the messages of both adapters for a case."""
    signature = Signature(case["signature"], case.get("instructions"))
    arguments = (signature, case.get("demos", []), case["inputs"])
    return {"chat": ChatAdapter().format(*arguments), "json": JSONAdapter().format(*arguments)}


def neutral(value: Any) -> Any:
    """Return a value of a demo; the words for one that is absent are each side's own."""
    own_words = ("(not given)", "Not supplied for this")
    return "(absent)" if isinstance(value, str) and value.startswith(own_words) else value


def structure(messages: list[dict[str, Any]], adapter: str) -> list[dict[str, Any]]:
    """Return what is the same whatever the sentences are: roles, markers in order, values."""
    shape: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        text = message["content"]
        if message["role"] == "assistant" and adapter == "json":
            values = json.loads(text)
            shape.append(
                {"role": "assistant", "object": {name: neutral(value) for name, value in values.items()}}
            )
            continue
        last = index == len(messages) - 1
        sections = split_sections(text[: text.rindex("\n\n")] if last else text)[1:]
        if message["role"] == "system":
            shape.append({"role": "system", "markers": [name for name, _ in sections]})
        else:
            shape.append(
                {"role": message["role"], "sections": [[name, neutral(value)] for name, value in sections]}
            )
    return shape


def measure(python: str) -> dict[str, Any]:
    """Return DSPy's messages and both sides' tokens for every case."""
    sent = json.dumps([{**case, "ours": our_messages(case)} for case in CASES])
    done = subprocess.run([python, "-c", DSPY_SIDE], input=sent, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def table(told: dict[str, Any]) -> str:
    """Return the tokens as a Markdown table."""
    lines = [
        f"| request | chat: ours | dspy {told['version']} | share | JSON: ours | dspy {told['version']} | share |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case, row in zip(CASES, told["cases"], strict=True):
        cells = [
            f"{side['ours']} | {side['tokens']} | {side['ours'] / side['tokens']:.2f}"
            for side in row.values()
        ]
        lines.append(f"| {case['name']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_structure(path: Path, told: dict[str, Any]) -> None:
    """Write what is DSPy's in its messages whatever the sentences are."""
    cases = [
        {**case, "structure": {name: structure(side["messages"], name) for name, side in row.items()}}
        for case, row in zip(CASES, told["cases"], strict=True)
    ]
    golden = {"dspy": told["version"], "cases": cases}
    path.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> None:
    """Count, and write what was asked for."""
    parser = options(__doc__ or "", rounds=1)
    parser.add_argument("--write-structure", type=Path, help="write the structure of DSPy's messages here")
    arguments = parser.parse_args()
    if not arguments.dspy_python:
        text, told = "Not counted: no `--dspy-python` was given.\n", {}
    else:
        told = measure(arguments.dspy_python)
        text = table(told)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text, "utf-8")
    if arguments.json:
        arguments.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    if arguments.write_structure and told:
        write_structure(arguments.write_structure, told)


if __name__ == "__main__":
    main()
