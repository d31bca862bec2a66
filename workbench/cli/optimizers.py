"""`workbench optimizers`: what can improve a program, when to use which, and the parameters of one.

Knows nothing about how they search.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from core.optimizers.base import optimizers as registry
from workbench.cli.common import emit, open_home
from workbench.cli.run_text import table
from workbench.services import samples, tasks
from workbench.services.optimizers import PYTHON_ONLY, OptimizerKind, optimizer_kinds
from workbench.services.parameters import Parameter
from workbench.services.recommending import recommended_for_task

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("name", nargs="?", help="show the parameters of this one")
    parser.add_argument("--task", metavar="ID", help="recommend for this task, its rows and its metric")
    parser.add_argument("--sample", metavar="NAME", help="recommend for a sample task")


def run(options: argparse.Namespace) -> int:
    """List them, or show one."""
    kinds = {kind.name: kind for kind in optimizer_kinds()}
    if options.task or options.sample:
        return _recommend(options, kinds)
    if not options.name:
        rows = [(kind.name, kind.label, kind.when) for kind in kinds.values()]
        others = "\n".join(f"  {name}: {why}" for name, why in PYTHON_ONLY.items())
        text = f"{table(rows, ('name', 'what it is', 'when'))}\n\nfrom Python only:\n{others}"
        emit(options, {"optimizers": list(kinds.values()), "python_only": PYTHON_ONLY}, text)
        return 0
    registry.get(options.name)  # an unknown name is an error that names the nearest
    kind = kinds[options.name]
    emit(options, dataclasses.asdict(kind), _text(kind))
    return 0


def _recommend(options: argparse.Namespace, kinds: dict[str, OptimizerKind]) -> int:
    """Say which fit a task, the best first, and why."""
    ws = open_home(options)
    task_id = (
        samples.open_sample(ws, options.sample) if options.sample else tasks.get_task(ws, options.task).id
    )
    found = recommended_for_task(ws, task_id)
    rows = [(item.name, kinds[item.name].label, item.why) for item in found]
    emit(options, {"task": task_id, "recommended": found}, table(rows, ("name", "what it is", "because")))
    return 0


def _text(kind: OptimizerKind) -> str:
    lines = [kind.label, kind.summary, f"When: {kind.when}", f"Needs: {kind.needs}"]
    if kind.takes_prompt_model:
        lines.append("Writes instructions: --prompt-model names another model for that.")
    if kind.takes_teacher:
        lines.append("Runs a teacher: --teacher-model names another model for it.")
    rows = [(item.name, _span(item), _plain(item.default), item.description) for item in kind.parameters]
    return "\n".join([*lines, "", table(rows, ("--param", "values", "default", "what it is"))])


def _span(item: Parameter) -> str:
    if item.choices:
        return " | ".join(str(choice) for choice in item.choices)
    ends = [_number(end) for end in (item.minimum, item.maximum)]
    return f"{item.type} {ends[0]} to {ends[1]}".rstrip(" to") if ends[0] and ends[1] else item.type


def _number(end: float | None) -> str:
    if end is None:
        return ""
    return f"{int(end):,}" if float(end).is_integer() else f"{end:g}"


def _plain(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)
