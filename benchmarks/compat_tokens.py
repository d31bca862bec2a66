"""Prompt tokens per call, ours against DSPy's, and the structure of DSPy's messages as a golden file for the tests.

Knows nothing about DSPy's source: the installed package is run in a process of its own and its messages are looked at.

    python benchmarks/compat_tokens.py --dspy-python /path/to/env/bin/python
    python benchmarks/compat_tokens.py --dspy-python ... --write-structure tests/golden/dspy_structure.json

Tokens are those of `cl100k_base` over the contents of all messages (the few that a provider adds per message are the
same on both sides). The encoding comes with DSPy's environment; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.adapters import ChatAdapter, JSONAdapter  # noqa: E402
from core.signature import Signature  # noqa: E402
from core.wire.sections import split_sections  # noqa: E402

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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--dspy-python", required=True, help="the Python of an environment with dspy installed"
    )
    parser.add_argument("--write-structure", type=Path, help="write the structure of DSPy's messages here")
    options = parser.parse_args()
    sent = json.dumps([{**case, "ours": our_messages(case)} for case in CASES])
    done = subprocess.run(
        [options.dspy_python, "-c", DSPY_SIDE], input=sent, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    print(f"prompt tokens per call (cl100k_base), dspy {told['version']}")
    for case, row in zip(CASES, told["cases"], strict=True):
        shown = "   ".join(
            f"{name} {side['ours']:4d} / {side['tokens']:4d} = {side['ours'] / side['tokens']:.2f}"
            for name, side in row.items()
        )
        print(f"  {case['name']:<30} {shown}")
    if options.write_structure:
        golden = {
            "dspy": told["version"],
            "cases": [
                {**case, "structure": {name: structure(side["messages"], name) for name, side in row.items()}}
                for case, row in zip(CASES, told["cases"], strict=True)
            ],
        }
        options.write_structure.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
