"""The kinds of run and the body of each; a body's engine is imported when the first run needs it.

Knows nothing about how runs are claimed or ended.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.jobs.base import Body

__all__ = ["bodies"]


def bodies() -> Mapping[str, Body]:
    """Return the body of each kind of run."""
    from workbench.jobs.ablate import run_ablation
    from workbench.jobs.compile import run_compile
    from workbench.jobs.evaluate import run_evaluation

    return {"evaluate": run_evaluation, "compile": run_compile, "ablation": run_ablation}
