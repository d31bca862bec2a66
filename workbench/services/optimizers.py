"""The optimizers there are, with what a form needs to know of each, and which one fits the data at hand.

Knows nothing about how they search.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.foundation.words import are, counted
from workbench.services.metrics import asks_a_model
from workbench.services.parameters import Parameter, parameters_of

__all__ = [
    "PYTHON_ONLY",
    "OptimizerKind",
    "checked_params",
    "optimizer_kinds",
    "optimizer_title",
    "recommended",
    "takes_prompt_model",
]

_SEARCH_FROM, _JOINT_FROM = 30, 300
"""Train rows from which several demo sets can be told apart, and instructions searched beside them."""

_PROMPT_MODELS = ("prompt_model", "reflection_lm")
_MEDIA = ("Image", "Audio", "File", "Document")

PYTHON_ONLY = {
    "BetterTogether": "runs optimizers one after another; here, compile a compiled version again",
    "Ensemble": "makes one program of several and searches nothing",
    "KNNFewShot": "makes demos anew for each call from rows and vectors, which no version keeps",
}
"""Optimizers of `core` that are not started here, and why."""


@dataclass(frozen=True)
class OptimizerKind:
    """An optimizer that can be chosen, and its parameters."""

    name: str
    title: str
    """What a person calls it; its class's name where it gives no other."""
    class_name: str
    summary: str
    when: str
    """When to use it, in a sentence."""
    needs: str
    """What it needs beside a program, in a sentence."""
    scores: bool
    """Whether it scores candidates on the validation split."""
    takes_prompt_model: bool
    """Whether it asks a model for instructions, which may be another than the program's."""
    takes_teacher: bool
    """Whether it runs a teacher, which may run on another model."""
    parameters: list[Parameter]

    @property
    def label(self) -> str:
        """Its title, and the name under which papers and DSPy know it."""
        return self.title if self.title == self.class_name else f"{self.title} ({self.class_name})"


@dataclass(frozen=True)
class Recommendation:
    """An optimizer for the data at hand, and why."""

    name: str
    why: str


def optimizer_kinds() -> list[OptimizerKind]:
    """Return all optimizers."""
    from core.optimizers.base import optimizers

    return [_kind(entry) for entry in optimizers.entries()]


def _kind(entry: Any) -> OptimizerKind:
    cls = entry.value
    takes = _arguments(cls)
    return OptimizerKind(
        name=entry.name,
        title=optimizer_title(entry.name),
        class_name=cls.__name__,
        summary=entry.summary,
        when=cls.when,
        needs=cls.needs,
        scores=cls.scores,
        takes_prompt_model=bool(takes & set(_PROMPT_MODELS)),
        takes_teacher=cls.gives_demos and "teacher_settings" in takes,
        parameters=parameters_of(cls.Params),
    )


def _arguments(cls: type[Any]) -> set[str]:
    """Return the constructor's own arguments: what a class does not use, it does not name."""
    return set(inspect.signature(cls).parameters) if cls.__init__ is not object.__init__ else set()


def optimizer_title(name: str) -> str:
    """Return what a person calls the optimizer of that name; the name itself where there is none any more."""
    from core.optimizers.base import optimizers

    if name not in optimizers.names():
        return name
    entry = optimizers.entry(name)
    return str(entry.meta.get("title") or entry.value.__name__)


def takes_prompt_model(optimizer: str) -> bool:
    """Whether that optimizer asks a model for instructions.

    Raises:
        UnknownNameError: There is no such optimizer.
    """
    from core.optimizers.base import optimizers

    return bool(_arguments(optimizers.get(optimizer)) & set(_PROMPT_MODELS))


def recommended(
    rows: int,
    names: Collection[str],
    *,
    inputs: Sequence[Mapping[str, Any]] = (),
    metric: Mapping[str, Any] | None = None,
) -> list[Recommendation]:
    """Return optimizers for the data at hand, the best first; at least one.

    Args:
        rows: Train rows.
        names: The optimizers there are.
        inputs: The program's inputs (as JSON data): demos that hold pictures or files are dear.
        metric: The metric (as JSON data): one that explains itself is something to learn from.
    """
    found = [Recommendation("auto", "it spends a number of calls by itself on what helps most")]
    if any(_is_media(str(field.get("type", "str"))) for field in inputs):
        why = "examples with pictures, sounds or files make every prompt long: better instructions do not"
        found.append(Recommendation("copro", why))
    if rows < _SEARCH_FROM:
        few = f"{counted(rows, 'train row', grouped=True)} {are(rows)}"
        why = f"{few} enough for examples, too few to tell many candidates apart"
        found.append(Recommendation("bootstrap_few_shot", why))
    elif rows < _JOINT_FROM:
        why = f"{rows:,} train rows tell several sets of examples apart"
        found.append(Recommendation("random_search", why))
    else:
        why = f"{rows:,} train rows are enough to search instructions and examples together"
        found += [Recommendation("miprov2", why), Recommendation("random_search", why)]
    if rows >= _SEARCH_FROM and asks_a_model(metric or {}):
        found.append(Recommendation("gepa", "the metric says in words what is wrong, which it learns from"))
    there = [item for item in found if item.name in names and _works(item.name)]
    return there or [Recommendation(next(iter(names)), "")]


def _works(name: str) -> bool:
    """Whether the extra that an optimizer needs is installed."""
    return name != "miprov2" or importlib.util.find_spec("optuna") is not None


def _is_media(kind: str) -> bool:
    return any(name in kind.replace("[", " ").replace("]", " ").split() for name in _MEDIA)


def checked_params(optimizer: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's parameters with defaults filled in.

    Raises:
        UnknownNameError: There is no such optimizer.
        OptimizerError: A parameter is unknown or does not fit.
    """
    from core.optimizers.base import optimizers

    return optimizers.get(optimizer).checked(params).model_dump(mode="json")
