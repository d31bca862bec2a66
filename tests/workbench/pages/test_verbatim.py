"""Texts from outside are shown as they stand: no HTML, no Markdown, no formulas, wherever they turn up."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.components.errors import verbatim
from workbench.components.table import cell
from workbench.services import datasets, metrics, runs, tasks
from workbench.services.downloads import csv_bytes
from workbench.services.signature_form import single_step

Open = Callable[..., AppTest]

HOSTILE = (
    "<script>alert(1)</script> **bold** [x](javascript:alert(1)) ![i](http://x/i.png) $a$ :red[hot] `c` # h"
)
FORMULA = '=HYPERLINK("http://x","y")'
MARKDOWN = ("markdown", "caption", "error", "warning", "info", "success", "title", "header", "subheader")
LABELLED = (
    "button",
    "selectbox",
    "text_input",
    "text_area",
    "expander",
    "metric",
    "page_link",
    "segmented_control",
)


@pytest.fixture
def hostile(ws: Any) -> dict[str, str]:
    """A task whose every text is hostile, scored once."""
    spec = single_step(
        "risky",
        HOSTILE,
        [{"name": "text", "type": "str", "desc": HOSTILE}],
        [{"name": "label", "type": "str", "desc": HOSTILE}],
    )
    task = tasks.create_task(ws, HOSTILE, spec, description=HOSTILE)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["text", "label"])
    writer.writerows([[f"{HOSTILE} {number}", FORMULA] for number in range(4)])
    table = datasets.read_table(text.getvalue().encode(), f"{HOSTILE}.csv")
    info = datasets.import_dataset(ws, task.id, HOSTILE, table, {"text": "text", "label": "label"})
    datasets.split_dataset(ws, info.id, train=2, validation=2, test=0)
    metric = metrics.save_metric(ws, task.id, {"kind": "exact_match", "params": {}}, HOSTILE)
    version = tasks.newest_version(ws, task.id)
    run = runs.start_evaluation(ws, version.id, info.id, "validation", metric.id, name=HOSTILE)
    found = runs.start_compile(ws, version.id, info.id, metric.id, "labeled_few_shot", {"k": 1}, name=HOSTILE)
    return {"task": task.id, "run": run, "compile": found}


def interpreted(at: AppTest) -> list[str]:
    """Texts that Streamlit reads as Markdown and that hold something of ours that would act."""
    shown = [str(item.value) for kind in MARKDOWN for item in at.get(kind)]
    shown += [str(item.label) for kind in LABELLED for item in at.get(kind)]
    acting = [re.sub(r"\\.", "", text) for text in shown]  # an escaped mark does nothing
    marks = ("](javascript", "**bold**", ":red[hot]", "<script>", "![")
    return [text for text in acting if any(mark in text for mark in marks)]


@pytest.mark.parametrize(
    "name", ["home", "task", "data", "metric", "explore", "evaluate", "compile", "export", "runs"]
)
def test_no_page_interprets_them(name: str, hostile: dict[str, str], app: Open) -> None:
    params = {"task": hostile["task"]}
    if name == "evaluate":
        params |= {"run": hostile["run"], "row": "1"}
    at = app(name, **params)
    assert not at.exception
    assert interpreted(at) == []
    assert not at.get("html")


def test_the_trace_shows_them_as_code(hostile: dict[str, str], app: Open) -> None:
    at = app("explore", task=hostile["task"])
    next(button for button in at.button if button.label == "Run").click().run()
    assert any(HOSTILE in code.value for code in at.code)
    assert interpreted(at) == []


def test_errors_show_them(hostile: dict[str, str], app: Open) -> None:
    at = app("data", task=hostile["task"])
    at.file_uploader[0].upload("<b>x</b>**y**.csv", b"").run()
    assert at.error
    assert interpreted(at) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_downloads_hold_no_formula(start: str) -> None:
    rows = list(
        csv.reader(io.StringIO(csv_bytes([{f"{start}head": f"{start}cmd|'/c calc'!A0"}]).decode("utf-8-sig")))
    )
    assert all(not value.startswith(start) for row in rows for value in row)


def test_a_column_name_and_a_list_are_text() -> None:
    assert cell(["<b>", 1]) == '["<b>", 1]'
    assert cell(None) is None
    assert cell(2.5) == 2.5


def test_verbatim_escapes_every_mark_once() -> None:
    assert verbatim("a*b") == "a\\*b"
    assert verbatim("\\*") == "\\\\\\*"
    assert verbatim("plain text, 3.5 %") == "plain text, 3.5 %"
