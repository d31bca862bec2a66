"""`Refine`: several attempts, each after advice on the one before.

Knows nothing about how an attempt is made. After Madaan et al. 2023, "Self-Refine", with a reward instead of the
model's own judgement, and the advice given to each predictor apart.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

from core.data.example import Example
from core.foundation.errors import AdapterParseError, ConfigurationError, LMError
from core.foundation.fingerprint import canonical_json
from core.modules.attempts import Attempt, Rollouts, checked_count
from core.modules.module import Module
from core.modules.overlay import Extension, attempt_apart
from core.modules.parts import named_parts
from core.modules.predict import Predict
from core.signature import InputField, OutputField, Signature

__all__ = ["OfferFeedback", "Refine"]

_log = logging.getLogger("core.refine")

HINT = "hint_"
_FIELD = InputField(desc="advice from an earlier attempt at this task")
_NOTHING = "N/A"


class OfferFeedback(Signature):
    """A program of several modules worked on a task and fell short of its target reward.
    Find which modules are to blame, and tell each what to do differently the next time it gets inputs like these.
    Say it concretely and so that it helps on similar inputs; a module that did well gets "N/A".
    """

    program_description: str = InputField(desc="the program's modules: their fields and instructions")
    program_inputs: str = InputField()
    program_trajectory: str = InputField(desc="what each module got and gave, in order")
    program_outputs: str = InputField()
    reward: str = InputField(desc="how the reward is counted, where it is known, and the value reached")
    module_names: list[str] = InputField(desc="the names to give advice under")
    discussion: str = OutputField(desc="where the reward was lost and which module is to blame")
    advice: dict[str, str] = OutputField(desc="advice by module name")


class Refine(Module):
    """Runs a module up to `N` times at temperature 1; each new attempt gets advice on the last as an input `hint_`.

    Args:
        module: What is run; it is not changed.
        N: Attempts at most.
        reward_fn: `reward_fn(args, prediction)` with the inputs as a dict returns a number; sync or async.
        threshold: An attempt with this reward ends the search.
        fail_count: So many attempts may raise before the error does; None: all N.
        show_source: Show the adviser the source of program and reward. Off, it reads signatures and the docstring of
            the reward, so that no code leaves the process.

    The adviser asks the module's own model, or that in the settings. It is no parameter: state files and optimizers
    leave it alone.
    """

    def __init__(
        self,
        module: Module,
        N: int,  # noqa: N803 - DSPy's name
        reward_fn: Callable[..., Any],
        threshold: float,
        fail_count: int | None = None,
        *,
        show_source: bool = False,
    ) -> None:
        super().__init__()
        self.module = module
        self.N = checked_count(N)
        self.reward_fn = reward_fn
        self.threshold = threshold
        self.fail_count = fail_count
        self.show_source = show_source

    async def aforward(self, **inputs: Any) -> Any:
        """Return the best prediction.

        Raises:
            Exception: The module raised more often than `fail_count` bears, or in every attempt.
        """
        rollouts = Rollouts(self, self.module, self.N, self.reward_fn, self.threshold, self.fail_count)
        hints: dict[int, Extension] = {}
        for number in range(self.N):
            if await rollouts.attempt(number, inputs, hints):
                break
            if number + 1 < self.N and rollouts.last is not None:
                hints = await self._hints(inputs, rollouts.last)
        return rollouts.result()

    def calls_with(self, inside: int) -> int:
        """N attempts, and advice between them."""
        return self.N * inside + self.N - 1

    async def _hints(self, inputs: Mapping[str, Any], attempt: Attempt) -> dict[int, Extension]:
        """Return what every predictor is told in the next attempt; nothing where no advice could be had."""
        predictors = self._predictors()
        try:
            with attempt_apart():
                told = await self._adviser().acall(**self._report(inputs, attempt, list(predictors)))
        except (LMError, AdapterParseError) as error:
            _log.warning("There is no advice for the next attempt: %s", error)
            return {}
        advice: Mapping[str, Any] = told.advice if isinstance(told.advice, Mapping) else {}
        return {
            id(part): Extension(((HINT, _FIELD),), {HINT: str(advice[name])})
            for name, part in predictors.items()
            if str(advice.get(name) or _NOTHING).strip().upper() != _NOTHING
        }

    def _adviser(self) -> Predict:
        adviser = Predict(OfferFeedback)
        try:
            adviser.lm = self.module.get_lm()
        except ConfigurationError:  # its predictors have several models: the one in the settings advises
            adviser.lm = None
        return adviser

    def _predictors(self) -> dict[str, Any]:
        """By path, frozen ones too: what is not tuned may well be advised."""
        return dict(named_parts(self.module, Predict))

    def _report(self, inputs: Mapping[str, Any], attempt: Attempt, names: list[str]) -> dict[str, Any]:
        named = {id(part): name for name, part in self._predictors().items()}
        steps = [
            {
                "module": named.get(id(step.predictor), step.path),
                "inputs": step.inputs,
                "outputs": _fields(step.outputs),
            }
            for step in attempt.seen.steps
        ]
        return {
            "program_description": self._description(),
            "program_inputs": canonical_json(dict(inputs)),
            "program_trajectory": "\n".join(canonical_json(step) for step in steps) or "(no calls)",
            "program_outputs": canonical_json(_fields(attempt.prediction)),
            "reward": f"{self._reward_text()}\nReached: {attempt.reward:g}. Target: {self.threshold:g}.",
            "module_names": names,
        }

    def _description(self) -> str:
        parts = [
            f"{name}: {part.signature.signature}. {part.signature.instructions}"
            for name, part in self._predictors().items()
        ]
        return "\n".join([*parts, *([_source(type(self.module))] if self.show_source else [])])

    def _reward_text(self) -> str:
        told = getattr(self.reward_fn, "description", None)
        if told is None and inspect.isroutine(self.reward_fn):
            told = inspect.getdoc(self.reward_fn)
        return "\n".join(filter(None, [told, _source(self.reward_fn) if self.show_source else ""]))


def _fields(outputs: Any) -> Any:
    return dict(outputs.items()) if isinstance(outputs, Example) else outputs


def _source(thing: Any) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return ""
