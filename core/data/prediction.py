"""What a program gives back: fields by name, all completions, and the tokens they cost.

Knows nothing about how it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.errors import DataError

__all__ = ["Completions", "Prediction"]


class Completions:
    """n samples of the same fields: `[0]` is a prediction, `["answer"]` or `.answer` a list.

    Args:
        list_or_dict: {field: [value of each sample]}, or a list of {field: value}.

    Raises:
        DataError: The columns differ in length.
    """

    def __init__(
        self, list_or_dict: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]], signature: Any = None
    ) -> None:
        self.signature = signature
        if isinstance(list_or_dict, Mapping):
            self._columns = {name: list(values) for name, values in list_or_dict.items()}
        else:
            names = list(dict.fromkeys(name for row in list_or_dict for name in row))
            self._columns = {name: [row.get(name) for row in list_or_dict] for name in names}
        if len({len(values) for values in self._columns.values()}) > 1:
            raise DataError("Completions have columns of different lengths.")

    def items(self) -> list[tuple[str, list[Any]]]:
        """(field, values) pairs."""
        return list(self._columns.items())

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, str):
            return self._columns[key]
        if not -len(self) <= key < len(self):
            raise IndexError(f"There are {len(self)} completions.")
        return Prediction(**{name: values[key] for name, values in self._columns.items()})

    def __getattr__(self, name: str) -> list[Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._columns[name]
        except KeyError:
            raise AttributeError(
                f"Completions have no field '{name}'. They have: {', '.join(self._columns)}."
            ) from None

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), []))

    def __iter__(self) -> Iterator[Prediction]:
        return (self[index] for index in range(len(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __repr__(self) -> str:
        return f"Completions({self._columns!r})"


class Prediction(Example):
    """The fields that a module gave; with a field `score` it compares and adds like that number."""

    __slots__ = ("_completions", "_usage")

    _completions: Completions | None
    _usage: dict[str, dict[str, int]]

    def __init__(self, base: Example | Mapping[str, Any] | None = None, **values: Any) -> None:
        super().__init__(base, **values)
        object.__setattr__(self, "_completions", base._completions if isinstance(base, Prediction) else None)
        object.__setattr__(self, "_usage", dict(base._usage) if isinstance(base, Prediction) else {})

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Prediction.__slots__:
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @classmethod
    def from_completions(
        cls, list_or_dict: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]], signature: Any = None
    ) -> Prediction:
        """Return the prediction whose values are those of the first completion."""
        all_of_them = Completions(list_or_dict, signature)
        made = cls({name: values[0] for name, values in all_of_them.items() if values})
        made._completions = all_of_them
        return made

    @property
    def completions(self) -> Completions:
        """All samples; one where only one was asked for."""
        return self._completions or Completions({name: [value] for name, value in self._store.items()})

    def get_lm_usage(self) -> dict[str, dict[str, int]]:
        """Tokens per model: {model: {"prompt_tokens": …, "completion_tokens": …, "total_tokens": …}}."""
        return self._usage

    def set_lm_usage(self, value: Mapping[str, Mapping[str, int]]) -> None:
        """Say what it cost in tokens."""
        self._usage = {model: dict(counts) for model, counts in value.items()}

    def __float__(self) -> float:
        if "score" not in self._store:
            raise DataError(
                "Only a prediction with a field 'score' is a number.", hint="Return Prediction(score=...)."
            )
        return float(self._store["score"])

    def __add__(self, other: Any) -> float:
        return float(self) + float(other)

    __radd__ = __add__

    def __truediv__(self, other: Any) -> float:
        return float(self) / float(other)

    def __rtruediv__(self, other: Any) -> float:
        return float(other) / float(self)

    def __lt__(self, other: Any) -> bool:
        return float(self) < float(other)

    def __le__(self, other: Any) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other: Any) -> bool:
        return float(self) > float(other)

    def __ge__(self, other: Any) -> bool:
        return float(self) >= float(other)

    def _repr_html_(self) -> str:
        from core.foundation import html

        rows = [(html.text(name), html.short(value, 2_000)) for name, value in self._store.items()]
        samples = len(self._completions) if self._completions is not None else 1
        note = html.dim(f"the first of {samples} completions") if samples > 1 else ""
        return html.card("Prediction", html.table(("field", "value"), rows), note)

    def __repr__(self) -> str:
        inner = ",\n    ".join(f"{name}={value!r}" for name, value in self._store.items())
        return f"Prediction(\n    {inner}\n)" if inner else "Prediction()"
