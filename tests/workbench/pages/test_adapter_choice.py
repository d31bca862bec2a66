"""An adapter chosen in a form is the one that writes the messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.services import runs, samples

Open = Callable[..., AppTest]


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


@pytest.mark.parametrize(
    ("name", "shown"), [("xml", "<message>"), ("baml", "Reply with a JSON object"), ("two_step", "free text")]
)
def test_the_preview_shows_the_messages_of_each(app: Open, ws: Any, name: str, shown: str) -> None:
    at = app("task", task=samples.open_sample(ws, "support_tickets"))
    before = "\n".join(code.value for code in at.code)
    at.pills(key="preview_adapter").set_value(name).run()
    after = "\n".join(code.value for code in at.code)
    assert not at.exception
    assert shown in after
    assert shown not in before


def test_an_evaluation_is_run_with_it(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "support_tickets")
    at = app("evaluate", task=task)
    at.number_input(key="eval_limit").set_value(2).run()
    at.selectbox(key="eval_adapter").select("xml").run()
    command = next(code.value for code in at.code if code.value.startswith("workbench eval"))
    assert "--adapter xml" in command
    button(at, "Start").click().run()
    assert not at.exception
    (run,) = runs.list_runs(ws, task)
    assert (run.settings["adapter"], run.status) == ("xml", "done")
    span = next(span for span in runs.run_trace(ws, run.id, 0).spans if span["kind"] == "lm")
    assert "<message>" in span["attributes"]["messages"][-1]["content"]


def test_explore_runs_with_it(app: Open, ws: Any) -> None:
    at = app("explore", task=samples.open_sample(ws, "support_tickets"))
    at.selectbox(key="explore_adapter").select("xml").run()
    button(at, "Run").click().run()
    assert not at.exception
    assert any("<message>" in str(code.value) for code in at.code)
