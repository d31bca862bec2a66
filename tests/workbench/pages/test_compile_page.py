"""Compile in the browser: every optimizer has its form, other models go along, and a search can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.optimizers.base import optimizers as registry
from workbench.services import datasets, metrics, optimizers, runs, samples, tasks

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]
COPRO = {"breadth": 3, "depth": 2}


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


def test_every_optimizer_is_offered_by_title_and_its_form_says_what_it_takes(
    app: Open, ws: Any, texts: Texts
) -> None:
    at = app("compile", task=samples.open_sample(ws, "support_tickets"))
    kinds = {kind.name: kind for kind in optimizers.optimizer_kinds()}
    choice = at.selectbox(key="compile_optimizer")
    assert sorted(kinds) == registry.names()
    assert len(choice.options) == len(kinds)
    assert choice.options[0] == f"{kinds['auto'].label} · recommended"
    for name, kind in kinds.items():
        at.selectbox(key="compile_optimizer").set_value(name).run()
        assert not at.exception, name
        assert not at.error, (name, at.error)
        shown = texts(at)
        assert kind.summary.split(",")[0] in shown, name
        assert "calls" in shown.partition(":material/calculate:")[2], name
        assert not button(at, "Start compiling").disabled
        labels = {box.label for box in at.selectbox}
        assert ("Prompt model" in labels) == kind.takes_prompt_model, name


def test_the_title_of_an_optimizer_comes_with_its_registration() -> None:
    kinds = {kind.name: kind for kind in optimizers.optimizer_kinds()}
    for name in ("labeled_few_shot", "random_search", "copro", "opro", "miprov2"):
        assert kinds[name].title == registry.entry(name).meta["title"]
        assert kinds[name].label == f"{kinds[name].title} ({registry.get(name).__name__})"


def test_parameters_that_do_not_go_together_are_said_and_nothing_starts(app: Open, ws: Any) -> None:
    at = app("compile", task=samples.open_sample(ws, "support_tickets"))
    at.selectbox(key="compile_optimizer").set_value("miprov2").run()
    at.number_input(key="compile_miprov2_num_candidates").set_value(3).run()
    assert not at.exception
    assert any("num_candidates" in str(item.value).replace("\\", "") for item in at.error)
    assert button(at, "Start compiling").disabled
    at.selectbox(key="compile_miprov2_auto").select_index(3).run()
    assert not at.error, [item.value for item in at.error]
    command = next(code.value for code in at.code if code.value.startswith("workbench compile"))
    assert "--param auto=null" in command
    assert "--param num_candidates=3" in command


def test_instructions_are_searched_and_can_be_read(app: Open, ws: Any, texts: Texts) -> None:
    at = app("compile", task=samples.open_sample(ws, "support_tickets"))
    at.selectbox(key="compile_optimizer").set_value("copro").run()
    for name, value in COPRO.items():
        at.number_input(key=f"compile_copro_{name}").set_value(value)
    at.selectbox(key="compile_prompt_model").set_value("embedded/in-context").run()
    command = next(code.value for code in at.code if code.value.startswith("workbench compile"))
    assert "--prompt-model embedded/in-context" in command
    button(at, "Start compiling").click().run()
    assert not at.exception
    (run,) = runs.list_runs(ws, str(at.query_params["task"]), kind="compile")
    assert (run.settings["prompt_model"], run.status) == ("embedded/in-context", "done")
    header, *events = runs.run_events(ws, run.id, since=-1)
    assert "prompt_model" in header["fingerprints"]
    asked = [event for event in events if event["type"] == "ask"]
    assert "triage" not in asked[0]["asked"] and asked[0]["asked"]
    at = app("compile", task=run.task_id, run=_won_by(ws, run.id, "c1"))
    assert "What the winner c1" in texts(at)
    proposed = asked[0]["samples"][0]["proposed_instruction"]
    assert any(code.value == proposed for code in at.code), "what was proposed stands there as it is"
    assert any(code.value.startswith("--- as given") for code in at.code)
    assert any("asked for proposed instruction" in code.value for code in at.code)
    assert at.get("mermaid_chart") or any("Lineage" in box.label for box in at.expander)


def _won_by(ws: Any, run_id: str, candidate: str) -> str:
    """Let a candidate have won: which one does is the optimizer's affair, and not of this page."""
    from workbench.store.tables import RunRow

    with ws.store.write() as session:
        row = session.get(RunRow, run_id)
        row.result = {**row.result, "report": {**row.result["report"], "best": candidate}}
    return run_id


def test_a_prompt_model_for_an_optimizer_without_a_use_for_one_is_refused(ws: Any) -> None:
    from core.foundation.errors import ConfigurationError

    task = samples.open_sample(ws, "support_tickets")
    version = tasks.newest_version(ws, task)
    (data,), (metric,) = datasets.list_datasets(ws, task), metrics.list_metrics(ws, task)
    with pytest.raises(ConfigurationError, match="no model for instructions"):
        runs.start_compile(
            ws, version.id, data.id, metric.id, "random_search", prompt_model="embedded/in-context"
        )
    assert not runs.list_runs(ws, task)
