"""notebooks/intro.ipynb runs as it stands, gives what it shows, and walks C141–C150."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest

from tests.notebooks.execute import NOTEBOOKS, executed

NOTEBOOK = NOTEBOOKS / "intro.ipynb"
TIMES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d+(\.\d+)? (ms|s|seconds)\b|0x[0-9a-f]+")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return executed(NOTEBOOK, tmp_path_factory.mktemp("cache"))


def said(cell: Any) -> str:
    """What a cell prints and gives, as text, without times and addresses."""
    parts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.get("outputs", ())
        if output["output_type"] in {"stream", "execute_result", "display_data"}
    ]
    return TIMES.sub("…", "".join(parts))


def part(notebook: Any, heading: str) -> str:
    """Source and output of everything under a heading."""
    found: list[str] = []
    inside = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            inside = heading in cell.source.splitlines()[0]
        if inside:
            found.append(f"{cell.source}\n{said(cell)}")
    assert found, heading
    return "\n".join(found)


@pytest.mark.timeout(280)
def test_it_gives_what_it_shows(run: Any) -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    for shown, now in zip(stored.cells, run.cells, strict=True):
        if shown.cell_type == "code":
            assert said(shown) == said(now), f"Run: python -m tests.notebooks.execute\n{shown.source}"


def test_every_cell_was_run_and_none_failed() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output["output_type"] == "error"]


def test_what_it_shows_as_html_fetches_nothing() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    shown = [
        output["data"]["text/html"]
        for cell in stored.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    assert len(shown) >= 5
    assert not [text for text in shown if "<script" in text or re.search(r"src=|https?://", text)]


def test_c141_setup_and_splits(run: Any) -> None:
    text = part(run, "A model, a retriever, examples")
    assert "'train': 20" in text
    assert "'test': 50" in text
    assert "inputs: ['question']" in text


def test_c142_basic_qa_and_its_history(run: Any) -> None:
    text = part(run, "One step")
    assert "core.Predict(BasicQA)" in text
    assert "[[ ## question ## ]]" in text


def test_c143_the_same_signature_with_a_chain_of_thought(run: Any) -> None:
    assert re.search(r"reasoning: \S", part(run, "with a chain of thought"))


def test_c144_three_passages(run: Any) -> None:
    assert "[3] " in part(run, "Retrieval")


def test_c145_the_rag_module(run: Any) -> None:
    assert "generate_answer.predict" in part(run, "A program of two steps")


def test_c146_rag_compiled_with_demos_to_read(run: Any) -> None:
    text = part(run, "Compile it")
    assert "traces kept" in text
    assert re.search(r"generate_answer.predict has \d+ demos", text)


def test_c147_scores_by_answer_and_by_passages(run: Any) -> None:
    assert re.search(r"answers: [\d.]+ %   both passages found: [\d.]+ %", part(run, "Evaluate"))


def test_c148_the_two_hop_program_and_its_three_calls(run: Any) -> None:
    text = part(run, "Two hops")
    assert all(f"{path} ->" in text for path in ("generate_query[0].predict", "generate_query[1].predict"))


def test_c149_compiled_with_a_metric_over_its_hops(run: Any) -> None:
    text = part(run, "Compile the two-hop program")
    assert "passages_per_hop=2" in text
    assert re.search(r"\d+ traces kept", text)


def test_c150_retrieval_is_compared(run: Any) -> None:
    figures = dict(
        re.findall(
            r"^(RAG, compiled|Baleen, compiled|Baleen) +both passages +([\d.]+) %",
            part(run, "Compare"),
            re.M,
        )
    )
    assert float(figures["Baleen"]) > float(figures["RAG, compiled"])
