"""What differs for the calls inside one attempt: how they are sampled, and further inputs of single predictors.

Knows nothing about who makes attempts (best of n, refine, assertions). Carried in a context variable, so attempts of
one program may run side by side; the program itself is never touched.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from core.settings import context, current
from core.signature import Field, SignatureMeta
from core.trace.collect import TraceStep, add_steps, aside

__all__ = ["Attempted", "Extension", "Overlay", "attempt_apart", "laid_over", "overlay"]

ROLLOUTS = 1_000
"""Attempts inside attempts get sample numbers of their own: the outer number times this, plus the inner one."""

_ABSENT = "(none)"


@dataclass(frozen=True)
class Extension:
    """Further inputs of one predictor: their fields by name, and their values."""

    fields: tuple[tuple[str, Field], ...]
    values: Mapping[str, Any]

    def signature(self, base: SignatureMeta) -> SignatureMeta:
        """Return `base` with the inputs added; made once."""
        key = ("extended", self.fields)
        if key not in base.made:
            made = base
            for name, item in self.fields:
                made = made.append(name, item)
            base.made[key] = made
        return base.made[key]

    def demos(self, demos: list[Any]) -> list[Any]:
        """Return demos that have the further inputs too, or they would show as incomplete."""
        absent = dict.fromkeys((name for name, _ in self.fields), _ABSENT)
        return [{**absent, **dict(demo.items())} for demo in demos]

    def joined(self, other: Extension) -> Extension:
        """Return both as one; of equal names the other's count."""
        return Extension(
            tuple({**dict(self.fields), **dict(other.fields)}.items()), {**self.values, **other.values}
        )


@dataclass(frozen=True)
class Overlay:
    """See the module's docstring.

    Attributes:
        sampling: Request settings under those of the predictors; `rollout_id` numbers the sample.
        extensions: By the identity of the predictor, which is alive while its program runs.
    """

    sampling: Mapping[str, Any] = field(default_factory=dict[str, Any])
    extensions: Mapping[int, Extension] = field(default_factory=dict[int, Extension])

    def config(self, config: Mapping[str, Any], lm: Any) -> dict[str, Any]:
        """Return a predictor's request settings over those of the attempt."""
        if not self.sampling:
            return dict(config)
        merged = {**self.sampling, **config}
        own = config.get("rollout_id", getattr(lm, "kwargs", {}).get("rollout_id"))
        if own is not None and "rollout_id" in self.sampling:
            merged["rollout_id"] = own * ROLLOUTS + self.sampling["rollout_id"]
        return merged

    def over(self, outer: Overlay | None) -> Overlay:
        """Return this inside another one."""
        if outer is None:
            return self
        joined = dict(outer.extensions)
        for key, extension in self.extensions.items():
            joined[key] = joined[key].joined(extension) if key in joined else extension
        sampling = {**outer.sampling, **self.sampling}
        if "rollout_id" in outer.sampling and "rollout_id" in self.sampling:
            sampling["rollout_id"] = outer.sampling["rollout_id"] * ROLLOUTS + self.sampling["rollout_id"]
        return Overlay(sampling, joined)


overlay: ContextVar[Overlay | None] = ContextVar("attempt_overlay", default=None)
"""What is in force here; predictors read it."""


@contextmanager
def laid_over(attempt: Overlay) -> Generator[None]:
    """Run the calls inside the block with these differences, beside those in force already."""
    token = overlay.set(attempt.over(overlay.get()))
    try:
        yield
    finally:
        overlay.reset(token)


@dataclass
class Attempted:
    """The predictor calls of one attempt; `keep` hands them to whoever traces around it."""

    steps: list[TraceStep]
    trace: list[Any] | None
    outer: list[Any] | None
    limit: int

    def conclude(self, outputs: Any) -> None:
        """Let the last call have given `outputs`: what was made of its samples."""
        if self.steps:
            last = self.steps[-1]
            self.steps[-1] = TraceStep(last.predictor, last.inputs, outputs, last.path, last.further)
        if self.trace:
            self.trace[-1] = (*self.trace[-1][:2], outputs)

    def keep(self) -> None:
        """Let this attempt stand in the outer trace as if it had been the only one."""
        add_steps(self.steps)
        if self.outer is not None and self.trace is not None:
            self.outer.extend(self.trace)
            del self.outer[: max(0, len(self.outer) - self.limit)]


@contextmanager
def attempt_apart(attempt: Overlay | None = None) -> Generator[Attempted]:
    """Run one attempt whose predictor calls reach no outer trace unless `keep` says so."""
    now = current()
    if now.trace is None:
        with aside() as steps, laid_over(attempt or Overlay()):
            yield Attempted(steps, None, None, now.max_trace_size)
        return
    inner: list[Any] = []
    with context(trace=inner), aside() as steps, laid_over(attempt or Overlay()):
        yield Attempted(steps, inner, now.trace, now.max_trace_size)
