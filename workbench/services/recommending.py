"""Which optimizers fit a task as it stands: its program, its train rows, its metric.

Knows nothing about how they search; the rules are those of `workbench.services.optimizers`.
"""

from __future__ import annotations

from core.foundation.errors import ConfigurationError
from workbench.services.datasets import get_dataset, list_datasets
from workbench.services.metrics import list_metrics
from workbench.services.optimizers import Recommendation, optimizer_kinds, recommended
from workbench.services.tasks import get_version, newest_version
from workbench.services.workspace import Workspace

__all__ = ["recommended_for", "recommended_for_task"]


def recommended_for(
    ws: Workspace, task_id: str, version_id: str, dataset_id: str, metric_id: str
) -> list[Recommendation]:
    """Return optimizers for these, the best first; at least one."""
    metric = next((item.spec for item in list_metrics(ws, task_id) if item.id == metric_id), None)
    spec = get_version(ws, version_id).spec
    rows = get_dataset(ws, dataset_id).counts.get("train", 0)
    names = [kind.name for kind in optimizer_kinds()]
    return recommended(rows, names, inputs=spec["inputs"], metric=metric)


def recommended_for_task(ws: Workspace, task_id: str) -> list[Recommendation]:
    """Return optimizers for a task's newest program, dataset and metric, as its form begins with.

    Raises:
        ConfigurationError: It has no data or no metric yet.
    """
    version = newest_version(ws, task_id, compiled=False) or newest_version(ws, task_id)
    data, known = list_datasets(ws, task_id), list_metrics(ws, task_id)
    if version is None or not data or not known:
        raise ConfigurationError(
            "The task has no program, data or metric yet.",
            hint="A recommendation looks at the number of train rows, the inputs and the metric.",
        )
    return recommended_for(ws, task_id, version.id, data[0].id, known[0].id)
