"""The texts of signatures that are read otherwise than by DSPy, each as docs/compatibility.md has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Optional

import pytest
from pydantic import BaseModel

import core
from core.foundation.errors import SignatureError
from tests.checklist.inventory import DIFFERS, SIGNATURE_TEXTS


def types_of(text: str) -> dict[str, Any]:
    return {name: field.annotation for name, field in core.Signature(text).fields.items()}


def refused(text: str, because: str) -> Callable[[], None]:
    def check() -> None:
        with pytest.raises(SignatureError, match=because) as caught:
            core.Signature(text)
        assert caught.value.hint

    return check


def read(text: str, **types: Any) -> Callable[[], None]:
    def check() -> None:
        assert types_of(text) == types

    return check


def reads_types_of_the_caller() -> None:
    class Mine(BaseModel):
        count: int

    assert types_of("a -> b: Mine, c: list[Mine], d: Optional[Mine]") == {
        "a": str,
        "b": Mine,
        "c": list[Mine],
        "d": Optional[Mine],  # noqa: UP045 - as it was written
    }
    assert core.ChainOfThought("a -> b: list[Mine]").signature.fields["b"].annotation == list[Mine]


CHECKS = [
    refused("question ->", "no output field"),
    refused("a, a -> b", "'a' stands twice"),
    refused("self -> answer", "'self' cannot be a field name"),
    read("a -> b: Literal['x->y']", a=str, b=Literal["x->y"]),
    reads_types_of_the_caller,
    read("a: object -> b", a=object, b=str),
    read("a: 'int' -> b", a=int, b=str),
    read("a: None -> b", a=None, b=str),
]
"""In the order of the list."""


@pytest.mark.parametrize(
    "check", [pytest.param(check, id=what) for what, check in zip(SIGNATURE_TEXTS, CHECKS, strict=True)]
)
def test_a_text_is_read_as_the_page_says(check: Callable[[], None]) -> None:
    check()


def test_the_page_lists_them() -> None:
    assert set(SIGNATURE_TEXTS) <= set(DIFFERS)


def test_a_model_is_asked_by_such_signatures_too() -> None:
    lm = core.ScriptedLM(["[[ ## b ## ]]\nx->y\n\n[[ ## completed ## ]]"])
    with core.context(lm=lm):
        assert core.Predict("a: object -> b: Literal['x->y', 'z']")(a={"k": 1}).b == "x->y"
