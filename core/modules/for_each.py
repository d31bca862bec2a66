"""`ForEach`: one signature asked for every item of a list, side by side.

Knows nothing about where the list comes from. `Parallel` runs the items; what this adds is lists of outputs in the
order of the items, and a place for what failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.data.prediction import Prediction
from core.foundation.errors import BatchAborted, ConfigurationError, ValueCoercionError, WorkbenchError
from core.foundation.fingerprint import fingerprint, jsonable
from core.modules.chain_of_thought import ChainOfThought
from core.modules.fields import refuse_fields
from core.modules.module import Module, path_of
from core.modules.overlay import Attempted, attempt_apart
from core.modules.parallel import Parallel
from core.modules.predict import Predict
from core.modules.tool_use import is_ours_to_raise
from core.signature import ensure_signature
from core.trace.tracer import is_tracing, span

__all__ = ["ERRORS", "ForEach"]

ERRORS = "errors"
"""The output that says for each item what failed."""

USUAL_LENGTH = 5
"""Items of a list, where an estimate has to say something."""


class ForEach(Module):
    """Asks for every item of a list at once and gives lists of outputs, in the order of the items.

        sort = ForEach("message, topics -> topic", over="message")
        sort(message=["Where is it?", "Refund me"], topics="delivery, money").topic

    Args:
        signature: What is asked for one item: "question -> answer" or a Signature class.
        over: The inputs that are lists: a name, or several of lists that belong together item by item; empty: the
            first. Every item gets the other inputs as they are.
        reasoning: Let each answer be reasoned first.
        num_threads: Items in flight; None takes the setting of that name.
        max_errors: So many failed items end the call, with the error of the last. Fewer leave None among the outputs.
        config: Request settings, as for `Predict`.

    A call gives a list for every output, and `errors`: for every item None, or in words what failed. What is no item's
    fault (a model out of reach, a spent budget, a wrong configuration) ends the call in any case.

    Attributes:
        each: Asks for one item.

    Raises:
        ConfigurationError: There is no such input, or `max_errors` is below 1.
        SignatureError: The signature has a field `errors` of its own.
    """

    def __init__(
        self,
        signature: Any,
        over: str | Sequence[str] = (),
        *,
        reasoning: bool = False,
        num_threads: int | None = None,
        max_errors: int = 1,
        **config: Any,
    ) -> None:
        super().__init__()
        refuse_fields(ensure_signature(signature), (ERRORS,), "ForEach")
        fields = ensure_signature(signature).input_fields
        self.over = ((over,) if isinstance(over, str) and over else tuple(over)) or tuple(fields)[:1]
        unknown = [name for name in self.over if name not in fields]
        if unknown or not self.over or max_errors < 1:
            raise ConfigurationError(
                f"There is no ForEach over {', '.join(map(repr, unknown or self.over)) or 'nothing'} "
                f"with max_errors={max_errors}.",
                hint=f"Give max_errors=1 or more, and some of the inputs: {', '.join(fields)}.",
            )
        self.each = (ChainOfThought if reasoning else Predict)(signature, **config)
        self.parallel = Parallel(
            num_threads, max_errors, return_failed_examples=True, disable_progress_bar=True
        )

    async def aforward(self, **inputs: Any) -> Prediction:
        """Ask for every item.

        Raises:
            ValueCoercionError: An input is no list, or lists differ in length.
            WorkbenchError: That of an item, where more failed than is borne.
        """
        items = self._items(inputs)
        seen: dict[int, Attempted] = {}
        asked = Item(self, len(items), seen)
        try:
            given, failed, errors = await self.parallel.acall([(asked, item) for item in enumerate(items)])
        except BatchAborted as ended:
            raise ended.__cause__ or ended from None
        for error in errors:
            if is_ours_to_raise(error):
                raise error
        for number in sorted(seen):  # in the order of the items, whatever was answered first
            seen[number].keep()
        reasons: list[str | None] = [None] * len(items)
        for (number, _), error in zip(failed, errors, strict=True):
            reasons[number] = f"{type(error).__name__}: {error}"
        names = self.each.signature.output_fields
        columns = {name: [None if one is None else one.get(name) for one in given] for name in names}
        return Prediction({**columns, ERRORS: reasons})

    def _items(self, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the inputs of each item."""
        lists: dict[str, list[Any]] = {}
        for name in self.over:
            value = inputs.get(name)
            if not isinstance(value, (list, tuple)):
                raise ValueCoercionError(
                    f"'{name}' is a {type(value).__name__}, and every item of a list was to be asked about.",
                    hint="Give a list, or another input as `over`.",
                )
            lists[name] = list(value)
        lengths = {name: len(value) for name, value in lists.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"'{name}' has {length}" for name, length in lengths.items())
            raise ValueCoercionError(
                f"The lists differ in length: {told} items.", hint="Item by item they belong together."
            )
        rows = zip(*lists.values(), strict=True)
        return [{**inputs, **dict(zip(lists, row, strict=True))} for row in rows]

    def calls_with(self, inside: int) -> int:
        """How long lists will be is not known before the run; an estimate takes them to be of a usual length."""
        return USUAL_LENGTH * inside

    def one_of(self, example: Example) -> Example:
        """Return one item of a labelled row, as a demo of what is asked for one; any other row as it is.

        Which one depends on the row alone.
        """
        names = (*self.over, *self.each.signature.output_fields)
        columns = {name: example[name] for name in names if name in example}
        lengths = {len(value) if isinstance(value, (list, tuple)) else 0 for value in columns.values()}
        if len(lengths) != 1 or 0 in lengths:
            return example
        number = int(fingerprint(jsonable(columns))[:8], 16) % lengths.pop()
        chosen = {name: value[number] for name, value in columns.items()}
        return example.copy(**chosen).with_id(example.id)


class Item:
    """Asks for one item; a program for `Parallel`."""

    def __init__(self, owner: ForEach, count: int, seen: dict[int, Attempted]) -> None:
        self._owner, self._count, self._seen = owner, count, seen
        self._path = path_of(owner.predictors()[0]) if is_tracing() else ""

    async def acall(self, number: int, inputs: dict[str, Any]) -> Prediction:
        """Ask, in a span of its own; its calls are kept apart until all are done."""
        with span("item", f"{number + 1} of {self._count}", path=self._path) as opened:
            if opened.recording:
                opened.set(inputs=jsonable({name: inputs[name] for name in self._owner.over}))
            try:
                self._check(inputs)
                with attempt_apart() as seen:
                    prediction = await self._owner.each.acall(**inputs)
            except WorkbenchError as error:
                raise _placed(error, number, self._count) from error
            if opened.recording:
                opened.set(outputs=jsonable(dict(prediction.items())))
        self._seen[number] = seen
        return prediction

    def _check(self, inputs: Mapping[str, Any]) -> None:
        """Refuse an item that is not there: a model asked about None would make something up."""
        fields = self._owner.each.signature.input_fields
        for name in self._owner.over:
            if inputs[name] is None and not _admits_none(fields[name].shape):
                raise ValueCoercionError(
                    f"There is no '{name}' (None), so nothing was asked.",
                    hint="A step before this one may have failed for it.",
                )


def _admits_none(shape: Mapping[str, Any]) -> bool:
    if shape["kind"] == "union":
        return any(_admits_none(item) for item in shape["of"])
    return shape["kind"] in ("optional", "none", "any")


def _placed(error: WorkbenchError, number: int, count: int) -> WorkbenchError:
    """Return the same error with the item that it is about."""
    told = type(error).__new__(
        type(error), *error.args
    )  # a copy: one error may be the answer to several items
    told.__dict__.update(error.__dict__)
    told.message = f"Item {number + 1} of {count}: {error.message}"
    return told
