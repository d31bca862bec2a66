"""Compare how agents walk with the installed DSPy: `python -m benchmarks.compat.agents --dspy-python PATH`.

Knows nothing about either side's insides. The same scripted replies go to both; what is compared is which calls are
made, with which roles and fields, the keys of the trajectory, the answer, and state files read by the other side.
Code is not run: a stand-in interpreter answers on both sides, so that only the modules are compared.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["WALKS", "walk"]

_MARKER = re.compile(r"^\\*\[\[ ## (\w+) ## \]\]", re.MULTILINE)

_DONE = {"reasoning": "r", "answer": "42"}


def _step(tool: str, **args: Any) -> dict[str, str]:
    return {"next_thought": "t", "next_tool_name": tool, "next_tool_args": json.dumps(args)}


def _turn(tool: str, **args: Any) -> dict[str, str]:
    return {
        "next_thought": "t",
        "tool_calls": json.dumps({"tool_calls": [{"name": tool, "args": args}]}),
    }


WALKS: dict[str, dict[str, Any]] = {
    "ReAct": {
        "module": "ReAct",
        "replies": [_step("add", a=1, b=2), _step("add", a=1), _step("finish"), _DONE],
    },
    "ReAct, limit": {"module": "ReAct", "replies": [_step("add", a=1, b=2)] * 2 + [_DONE], "max_iters": 2},
    "ProgramOfThought": {
        "module": "ProgramOfThought",
        "replies": [
            {"reasoning": "r", "generated_code": "fail"},
            {"reasoning": "r", "generated_code": "submit"},
            _DONE,
        ],
    },
    "CodeAct": {
        "module": "CodeAct",
        "replies": [
            {"generated_code": "fail", "finished": "False"},
            {"generated_code": "print", "finished": "True"},
            _DONE,
        ],
    },
    "RLM": {
        "module": "RLM",
        "replies": [
            {"reasoning": "r", "code": "fail"},
            {"reasoning": "r", "code": "print"},
            {"reasoning": "r", "code": "submit"},
        ],
    },
    "RLM, limit": {
        "module": "RLM",
        "replies": [{"reasoning": "r", "code": "print"}] * 2 + [{"answer": "42"}],
        "max_iters": 2,
    },
    "ReActV2": {
        "module": "ReActV2",
        "replies": [_turn("add", a=1, b=2), _turn("nope"), _turn("submit", answer="42")],
    },
    "ReActV2, forced": {
        "module": "ReActV2",
        "replies": [_turn("add", a=1, b=2), _turn("submit", answer="42")],
        "max_iters": 1,
    },
}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def interpreter_of(failure: type[Exception], final: Any) -> type[Any]:
    """Return an interpreter that does what the code names: fail, submit, or print."""

    class StandIn:
        def __init__(self) -> None:
            self.tools: dict[str, Any] = {}

        def start(self) -> None: ...

        def shutdown(self) -> None: ...

        def execute(self, code: str, variables: dict[str, Any] | None = None) -> Any:
            if code == "fail":
                raise failure("it failed")
            return final({"answer": "42"}) if code == "submit" else "printed"

    return StandIn


def made(library: Any, walk_: dict[str, Any], interpreter: type[Any]) -> Any:
    """Return the module of a walk."""
    name = walk_["module"]
    options: dict[str, Any] = {"max_iters": walk_["max_iters"]} if "max_iters" in walk_ else {}
    if name in ("ReAct", "CodeAct", "ReActV2"):
        options["tools"] = [add]
    if name in ("ProgramOfThought", "CodeAct", "RLM"):
        options["interpreter_factory"] = interpreter
    return getattr(library, name)("question -> answer", **options)


def walk(module: Any, messages_of: Any) -> dict[str, Any]:
    """Run a module whose model is set; return what can be compared.

    Args:
        messages_of: Gives the messages of all calls so far.
    """
    prediction = module(question="q")
    fields = {name for _, part in module.named_predictors() for name in part.signature.fields}
    calls = [
        [[message["role"], _fields(message["content"], fields)] for message in messages]
        for messages in messages_of()
    ]
    trajectory = prediction.toDict().get("trajectory")
    keys = list(trajectory) if isinstance(trajectory, dict) else [sorted(step) for step in trajectory or ()]
    return {"calls": calls, "trajectory": keys, "answer": prediction.answer}


def _fields(text: str, fields: set[str]) -> list[str]:
    """Return the fields of a module that a message shows, in order; those inside of values are none of them."""
    return [name for name in _MARKER.findall(text or "") if name in fields]


def _ours(walk_: dict[str, Any], folder: Path, name: str) -> dict[str, Any]:
    import core
    from core.modules.sandbox import CodeExecutionError, FinalOutput

    replies = ["\n\n".join(f"[[ ## {k} ## ]]\n{v}" for k, v in reply.items()) for reply in walk_["replies"]]
    lm = core.ScriptedLM(replies)
    module = made(core, walk_, interpreter_of(CodeExecutionError, FinalOutput))
    with core.context(lm=lm):
        found = walk(module, lambda: [request.messages for request in lm.requests])
    module.save(folder / f"{name}.ours.json")
    return found


def main() -> None:
    """Compare and print a table; the exit status is 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dspy-python", required=True, help="the Python that has dspy installed")
    options = parser.parse_args()
    side = Path(__file__).with_name("agents_dspy.py")
    differ = False
    with tempfile.TemporaryDirectory() as made_folder:
        folder = Path(made_folder)
        ours = {name: _ours(walk_, folder, name) for name, walk_ in WALKS.items()}
        command = [options.dspy_python, str(side), made_folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path.cwd())
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        theirs = json.loads(done.stdout)
        print("| walk | calls | fields of the messages | trajectory | answer | states read by the other |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name, walk_ in WALKS.items():
            mine, other = ours[name], theirs[name]
            states = other["loads"] and _loads(walk_, folder / f"{name}.dspy.json")
            same = [mine[key] == other[key] for key in ("calls", "trajectory", "answer")]
            differ = differ or not all((*same, states))
            shown = ["equal" if item else "differ" for item in same]
            both = "both ways" if states else "no"
            print(f"| {name} | {len(mine['calls'])} | {' | '.join(shown)} | {both} |")
            if not all(same):
                print(json.dumps({"ours": mine, "dspy": other}, indent=1), file=sys.stderr)
    raise SystemExit(int(differ))


def _loads(walk_: dict[str, Any], path: Path) -> bool:
    """Whether a state that DSPy saved becomes this module's."""
    import core
    from core.modules.sandbox import CodeExecutionError, FinalOutput

    module = made(core, walk_, interpreter_of(CodeExecutionError, FinalOutput))
    module.load(path)
    saved = json.loads(path.read_text("utf-8"))
    return all(
        part.signature.instructions == saved[name]["signature"]["instructions"]
        for name, part in module.named_predictors()
    )


if __name__ == "__main__":
    main()
