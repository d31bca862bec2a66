"""Several demo sets side by side, for searches that choose among them.

Knows nothing about scores. The sets are those of random search: none, labelled rows, traces from the rows in order,
traces from shuffled rows (Opsahl-Ong et al., arXiv:2406.11695, §3.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.foundation.fingerprint import fingerprint
from core.optimizers.bootstrap_few_shot import BootstrapParams
from core.optimizers.demos import Bootstrap, DemoRules, bootstrap_all, labeled_state, summarize
from core.optimizers.labeled_few_shot import draw_labeled
from core.optimizers.random_search import LABELS_ONLY, UNSHUFFLED, ZERO_SHOT
from core.search.problem import Item
from core.search.view import SearchView

__all__ = ["DemoSet", "demo_sets"]

DemoSet = dict[str, Any]
"""{predictor path: its demos}; None for a path: as the student has them."""


async def demo_sets(
    view: SearchView, params: BootstrapParams, settings: Mapping[str, Any], seeds: Sequence[int]
) -> list[DemoSet]:
    """Return the student's own demos and then one set a seed, each set once.

    Args:
        params: How many demos of which kind.
        settings: Settings while the teacher runs.
        seeds: As in random search: -3 none, -2 labelled rows, -1 rows in order, 0 and up shuffled rows.
    """
    boots = {
        seed: Bootstrap(view, _rules(view, params, settings, seed), _rows(view, seed), _label(seed))
        for seed in seeds
        if seed >= UNSHUFFLED
    }
    await bootstrap_all(view, list(boots.values()))
    _tell(view, list(boots.values()), params.rules(settings))
    found: list[DemoSet] = [_own(view)]
    for seed in seeds:
        if seed == ZERO_SHOT:
            found.append({path: [] for path in view.problem.paths})
        elif seed == LABELS_ONLY:
            draw = draw_labeled(params.max_labeled_demos, True, view.problem.seed)
            found.append(_demos(labeled_state(view.problem, draw)))
        else:
            found.append(_demos(boots[seed].state()))
    return _each_once(found)


def _own(view: SearchView) -> DemoSet:
    predictors = dict(view.problem.student.named_predictors())
    return {path: None if predictors[path].demos else [] for path in view.problem.paths}


def _demos(state: Mapping[str, Mapping[str, Any]]) -> DemoSet:
    return {path: part["demos"] for path, part in state.items()}


def _each_once(sets: Sequence[DemoSet]) -> list[DemoSet]:
    first: dict[str, DemoSet] = {}
    for demos in sets:
        first.setdefault(fingerprint(demos), demos)
    return list(first.values())


def _rules(view: SearchView, params: BootstrapParams, settings: Mapping[str, Any], seed: int) -> DemoRules:
    most = params.max_bootstrapped_demos
    size = most if seed == UNSHUFFLED or not most else view.rng("size", seed).randint(1, most)
    return params.model_copy(update={"max_bootstrapped_demos": size}).rules(settings)


def _rows(view: SearchView, seed: int) -> list[Item]:
    rows = list(view.problem.train)
    if seed != UNSHUFFLED:
        view.rng("shuffle", seed).shuffle(rows)
    return rows


def _label(seed: int) -> str:
    return "demo set, rows in order" if seed == UNSHUFFLED else f"demo set, shuffle {seed}"


def _tell(view: SearchView, boots: Sequence[Bootstrap], rules: DemoRules) -> None:
    """Say what was kept; loudly, and once, where nothing was in any set."""
    kept = {attempt.purpose for attempt in view.attempts if attempt.kept}
    fruitful = [boot.label for boot in boots if boot.label in kept]
    for label in fruitful or [boot.label for boot in boots[:1]]:
        summarize(view, label, rules)
