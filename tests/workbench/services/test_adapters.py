"""Choosing an adapter: every one of the engine's, in forms, runs, previews and estimates."""

from __future__ import annotations

import pytest
from small_task import Small

from core.adapters.base import adapters
from core.foundation.errors import ConfigurationError
from workbench.services import estimates, runs, tasks
from workbench.services.adapters import adapter_kinds, check_adapter, requests_per_call
from workbench.services.previews import preview_messages
from workbench.services.workspace import Workspace


def test_all_adapters_are_offered_with_a_label_and_the_usual_ones_first():
    kinds = adapter_kinds()
    assert [kind.name for kind in kinds][:3] == ["chat", "json", "xml"]
    assert {kind.name for kind in kinds} == set(adapters.names())
    assert all(kind.summary and kind.label[0].isupper() for kind in kinds)


def test_an_unknown_adapter_is_refused_with_the_names():
    with pytest.raises(ConfigurationError) as caught:
        check_adapter("yaml")
    assert "chat or json or xml" in caught.value.hint


@pytest.mark.parametrize("name", [kind.name for kind in adapter_kinds()])
def test_a_run_and_a_preview_take_each_of_them(ws: Workspace, small: Small, name: str):
    run_id = runs.start_evaluation(
        ws, small.version, small.dataset, "validation", small.metric, limit=2, adapter=name
    )
    run = runs.get_run(ws, run_id)
    assert (run.status, run.settings["adapter"], run.done) == ("done", name, 2)
    spec = tasks.get_version(ws, small.version).spec
    messages = preview_messages(spec, spec["steps"][0]["name"], None, name)
    assert [message["role"] for message in messages] == ["system", "user"]


def test_two_requests_a_call_are_estimated_as_such(ws: Workspace, small: Small):
    once, twice = (
        estimates.estimate_evaluation(ws, small.version, small.dataset, "validation", adapter=name)
        for name in ("chat", "two_step")
    )
    assert twice.likely == 2 * once.likely
    assert (requests_per_call("chat"), requests_per_call("two_step")) == (1, 2)
