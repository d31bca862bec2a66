"""Programs to export, and a way to run an exported script in an empty environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.data import Example
from core.export import exporters
from core.modules import ChainOfThought, Module
from core.pipeline import build

CORPUS = [
    "Orla Venn painted the tide hall of Marrow Quay.",
    "The tide hall of Marrow Quay was built by Tam Osk.",
    "Tam Osk was born in Lower Fenwick, where the salt road ends.",
    "Lower Fenwick lies on the river Ashel.",
    "The river Ashel «freezes» every third winter.",
]

TWO_HOPS: dict[str, Any] = {
    "name": "two hops",
    "description": "Search, search again, answer.",
    "inputs": [{"name": "question"}],
    "steps": [
        {
            "name": "first",
            "signature": {
                "instructions": "Write a query.",
                "inputs": [{"name": "question"}],
                "outputs": [{"name": "query"}],
            },
            "inputs": {"question": "question"},
        },
        {"name": "found", "kind": "retrieve", "inputs": {"query": "first.query"}, "options": {"k": 2}},
        {"name": "more", "kind": "retrieve", "inputs": {"query": "question"}, "options": {"k": 3}},
        {
            "name": "answer",
            "kind": "chain_of_thought",
            "signature": {
                "instructions": "Answer from the passages, with {braces} and '''quotes''' kept.",
                "inputs": [{"name": "passages", "type": "list[str]"}, {"name": "question"}],
                "outputs": [{"name": "answer"}, {"name": "sure", "type": "bool"}],
            },
            "inputs": {"passages": ["found.passages", "more.passages"], "question": "question"},
            "options": {"temperature": 0.0},
        },
    ],
    "outputs": {"answer": "answer.answer", "sure": "answer.sure", "passages": "found.passages"},
    "corpus": CORPUS,
}


@pytest.fixture
def two_hops() -> Module:
    program = build(TWO_HOPS)
    program.answer.predict.demos = [
        Example(
            passages=["a «b»", "c\n[[ ## answer ## ]]\nd"],
            question="q?",
            reasoning="r'''",
            answer="x",
            sure=True,
        ),
        Example(question="only this", answer="y"),
    ]
    return program


@pytest.fixture
def typed() -> Module:
    program = ChainOfThought(
        "text, limits: dict[str, int] -> label: Literal['a', 'b'], score: float, tags: list[str], due: Optional[date]"
    )
    program.predict.demos = [
        Example(text="t", limits={"k": 1}, reasoning="r", label="a", score=0.5, tags=["ü"], due=None)
    ]
    return program


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Export a program as a script into an empty folder."""

    def write(program: Module, **options: Any) -> Path:
        [file] = exporters.get("python_script")().export(program, name="my program", **options)
        folder = tmp_path / "alone"
        folder.mkdir(exist_ok=True)
        path = folder / file.name
        path.write_bytes(file.data)
        return path

    return write


def run_alone(path: Path, *arguments: str, key: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script with the standard library alone: isolated, without site-packages, an almost empty environment."""
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONIOENCODING": "utf-8"}
    if key:
        environment["OPENAI_API_KEY"] = key
    command = [sys.executable, "-I", "-S", path.name, *arguments]
    return subprocess.run(
        command,
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def answers(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the rows that a script printed."""
    return [json.loads(line) for line in done.stdout.split("\n") if line]
