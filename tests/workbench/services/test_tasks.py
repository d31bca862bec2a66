"""Tasks and versions."""

from __future__ import annotations

from typing import Any

import pytest
from small_task import SPEC, Small

from core.foundation.errors import ConfigurationError, PipelineError, StateError, StoreError
from workbench.services import tasks
from workbench.services.workspace import Workspace

OTHER = {**SPEC, "description": "another"}


def test_a_task_begins_with_its_first_version(ws: Workspace, small: Small) -> None:
    assert [task.name for task in tasks.list_tasks(ws)] == ["Animals"]
    version = tasks.get_version(ws, small.version)
    assert (version.number, version.origin, version.state, version.parent_id) == (1, "form", None, None)
    assert version.spec["name"] == "animals"
    assert version.spec["format"] == 1


def test_a_program_that_cannot_run_makes_no_task(ws: Workspace) -> None:
    broken: dict[str, Any] = {**SPEC, "outputs": {"animal": "nowhere.animal"}}
    with pytest.raises(PipelineError, match="cannot be run") as caught:
        tasks.create_task(ws, "broken", broken)
    assert caught.value.hint
    with pytest.raises(PipelineError, match="unknown key"):
        tasks.create_task(ws, "hostile", {**SPEC, "api_base": "http://evil.example"})
    assert tasks.list_tasks(ws) == []
    assert tasks.check_spec(broken)


def test_versions_are_numbered_have_parents_and_are_not_saved_twice(ws: Workspace, small: Small) -> None:
    second = tasks.save_version(ws, small.task, OTHER, "clearer")
    assert (second.number, second.parent_id, second.name) == (2, small.version, "v2 · clearer")
    assert tasks.save_version(ws, small.task, OTHER, "clearer").id == second.id
    assert [version.number for version in tasks.versions(ws, small.task)] == [2, 1]


def test_a_state_must_fit_the_program(ws: Workspace, small: Small) -> None:
    with pytest.raises(StateError):
        tasks.save_version(ws, small.task, SPEC, state={"other": {}})
    assert len(tasks.versions(ws, small.task)) == 1


def test_a_parent_of_another_task_is_refused(ws: Workspace, small: Small) -> None:
    other = tasks.create_task(ws, "other", OTHER)
    with pytest.raises(StoreError, match="another task"):
        tasks.save_version(ws, other.id, SPEC, parent_id=small.version)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_names_are_checked(ws: Workspace, small: Small, name: str) -> None:
    with pytest.raises(ConfigurationError):
        tasks.rename_task(ws, small.task, name)


def test_archived_tasks_are_put_away_not_deleted(ws: Workspace, small: Small) -> None:
    tasks.archive_task(ws, small.task)
    assert tasks.list_tasks(ws) == []
    assert [task.id for task in tasks.list_tasks(ws, archived=True)] == [small.task]


@pytest.mark.parametrize("task_id", ["nothere", "../../etc/passwd", "' OR 1=1 --"])
def test_unknown_ids_are_clear_errors(ws: Workspace, small: Small, task_id: str) -> None:
    with pytest.raises(StoreError, match="There is no task"):
        tasks.get_task(ws, task_id)
    assert tasks.get_task(ws, small.task).name == "Animals"


def test_overview_counts_what_has_been_done(ws: Workspace, small: Small) -> None:
    seen = tasks.overview(ws, small.task)
    assert (seen.versions, seen.datasets, seen.metrics, seen.evaluations) == (1, 1, 1, 0)
    assert seen.done["data"]
    assert not seen.done["evaluate"]
