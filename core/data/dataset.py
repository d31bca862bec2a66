"""Examples in a fixed order, each with a stable name; splits, samples and a fingerprint that depend on nothing else.

Knows nothing about files, models or metrics. Immutable: every change is a new dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

from core.data.example import Example, plain_fields
from core.data.split import Size, assign, sizes_in_rows
from core.foundation.errors import DataError
from core.foundation.fingerprint import canonical_json, fingerprint
from core.foundation.randomness import derive_seed

__all__ = ["Dataset", "input_key"]

_ID_LENGTH = 12

SHOWN_ROWS = 10
"""Rows that a notebook shows."""


class Dataset(Sequence[Example]):
    """A sequence of examples.

    Args:
        examples: Examples or mappings. One without an `id` is named by its content, and by its count where the same
            content stands several times.
        name: For people.
        inputs: Which fields a program gets; the others are labels. Empty keeps what the examples say themselves.

    Raises:
        DataError: Two examples have the same id, or one lacks an input.
    """

    def __init__(
        self, examples: Iterable[Example | Mapping[str, Any]], *, name: str = "", inputs: Sequence[str] = ()
    ) -> None:
        self.name = name
        made = [item if isinstance(item, Example) else Example(item) for item in examples]
        if inputs:
            made = [_with_inputs(item, inputs, place) for place, item in enumerate(made, start=1)]
        self._examples: tuple[Example, ...] = tuple(_named(made))

    @classmethod
    def from_records(
        cls, records: Iterable[Mapping[str, Any]], *, name: str = "", inputs: Sequence[str] = ()
    ) -> Dataset:
        """Return the dataset that `to_records` wrote: `id` is the name of an example, not a field."""
        made: list[Example] = []
        for record in records:
            fields = {key: value for key, value in record.items() if key != "id"}
            example = Example(fields)
            made.append(example.with_id(str(record["id"])) if record.get("id") is not None else example)
        return cls(made, name=name, inputs=inputs)

    def __len__(self) -> int:
        return len(self._examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self._examples)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> Example | Dataset:
        if isinstance(index, slice):
            return self._of(self._examples[index])
        return self._examples[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        title = f"{self.name!r}, " if self.name else ""
        return f"Dataset({title}{len(self)} examples, fields: {', '.join(self.fields) or 'none'})"

    def _repr_html_(self) -> str:
        from core.foundation import html

        names = self.fields
        shown = [
            (html.text(item.id), *(html.short(item.get(name, "")) for name in names))
            for item in self._examples[:SHOWN_ROWS]
        ]
        rest = len(self) - len(shown)
        more = html.dim(f"… and {rest} more rows") if rest > 0 else ""
        marked = [f"{name} (input)" if name in self.inputs else name for name in names]
        return html.card(repr(self), html.table(("id", *marked), shown), more)

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of the examples, in order; unique."""
        return tuple(example.id for example in self._examples)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """All fields, in order of appearance."""
        return tuple(dict.fromkeys(name for example in self._examples for name in example.keys()))  # noqa: SIM118

    @property
    def inputs(self) -> tuple[str, ...]:
        """The fields that a program gets; none where nobody said."""
        return (self._examples[0].input_keys or ()) if self._examples else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The fields that are not inputs."""
        return tuple(name for name in self.fields if name not in self.inputs)

    @cached_property
    def fingerprint(self) -> str:
        """A stable name for the content: ids, fields, order and inputs."""
        return fingerprint([self.inputs, [[example.id, plain_fields(example)] for example in self._examples]])

    def with_inputs(self, *names: str) -> Dataset:
        """Return the same examples with other inputs.

        Raises:
            DataError: An example lacks one of them.
        """
        return Dataset(self._examples, name=self.name, inputs=names)

    def by_id(self, name: str) -> Example:
        """Return the example of that name.

        Raises:
            DataError: There is none.
        """
        try:
            return self._examples[self._places[name]]
        except KeyError:
            raise DataError(
                f"There is no example '{name}'.", hint="It may be in another dataset or split."
            ) from None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.ids)}

    def select(self, ids: Iterable[str]) -> Dataset:
        """Return the examples of those names, in the order of the names."""
        return self._of([self.by_id(name) for name in ids])

    def where(self, keep: Callable[[Example], bool]) -> Dataset:
        """Return the examples for which `keep` holds."""
        return self._of([example for example in self._examples if keep(example)])

    def sample(self, n: int, seed: int = 0) -> Dataset:
        """Return `n` examples drawn by the seed, all (shuffled) where there are fewer.

        A larger sample with the same seed holds the smaller one.
        """
        order = sorted(self._examples, key=lambda example: derive_seed(seed, "sample", example.id))
        return self._of(order[: max(n, 0)])

    def split(
        self,
        *,
        train: Size | None = None,
        validation: Size | None = None,
        test: Size | None = None,
        seed: int = 0,
        stratify: str | None = None,
        group_duplicates: bool = False,
    ) -> dict[str, Dataset]:
        """Return parts that share no example, each in a shuffled order.

        Args:
            train: A number of rows (200) or a share of all rows (0.5); a part without a size is left out.
            validation: As `train`.
            test: As `train`.
            seed: Another seed gives another split; the same seed the same, whatever the order of the rows.
            stratify: A field whose values should be spread alike over the parts.
            group_duplicates: Keep examples with equal inputs (spaces and case aside) in one part; sizes may then be
                missed by less than a group.

        Raises:
            DataError: No size, sizes that do not fit, or an unknown field.
        """
        given = {"train": train, "validation": validation, "test": test}
        sizes = {name: size for name, size in given.items() if size is not None}
        if not sizes:
            raise DataError(
                "No part has a size.", hint="For example split(train=0.5, validation=0.25, test=0.25)."
            )
        if stratify is not None and stratify not in self.fields:
            raise DataError(f"There is no field '{stratify}'.", hint=f"There are: {', '.join(self.fields)}.")
        classes = [canonical_json(item.get(stratify)) for item in self._examples] if stratify else None
        groups = [input_key(item) for item in self._examples] if group_duplicates else None
        parts = assign(self.ids, sizes_in_rows(sizes, len(self)), seed, classes, groups)
        return {name: self._of([self._examples[place] for place in places]) for name, places in parts.items()}

    def to_records(self) -> list[dict[str, Any]]:
        """Return plain JSON data, one dict per example, `id` first."""
        return [{"id": example.id, **plain_fields(example)} for example in self._examples]

    def _of(self, examples: Iterable[Example]) -> Dataset:
        return Dataset(examples, name=self.name)


def input_key(example: Example) -> str:
    """Return what two examples share when a program cannot tell them apart: their inputs, spaces and case aside."""
    seen = example.inputs() if example.input_keys else example
    return canonical_json({name: _plain(value) for name, value in seen.items()})


def _plain(value: Any) -> Any:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def _with_inputs(example: Example, inputs: Sequence[str], place: int) -> Example:
    missing = [name for name in inputs if name not in example]
    if missing:
        raise DataError(
            f"The example has no field '{missing[0]}', which is an input.",
            row=place,
            hint=f"It has: {', '.join(example.keys())}.",
        )
    return example.with_inputs(*inputs)


def _named(examples: Sequence[Example]) -> Iterator[Example]:
    """Yield the examples with unique names."""
    taken: dict[str, int] = {}
    counts: dict[str, int] = {}
    for place, example in enumerate(examples, start=1):
        given = example.get("id", example._id)
        if given is None:
            content = fingerprint(plain_fields(example))[:_ID_LENGTH]
            counts[content] = counts.get(content, 0) + 1
            example = example.with_id(content if counts[content] == 1 else f"{content}-{counts[content]}")
        name = example.id
        if name in taken:
            raise DataError(
                f"Two examples have the id '{name}': number {taken[name]} and number {place}.",
                hint="Ids are unique; leave them out to have them made.",
            )
        taken[name] = place
        yield example
