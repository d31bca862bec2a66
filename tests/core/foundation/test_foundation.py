"""Errors, registry, fingerprints, files, randomness."""

import datetime
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy
import pydantic
import pytest

from core.foundation import errors
from core.foundation.errors import (
    AdapterParseError,
    ConfigurationError,
    DataError,
    LMError,
    MissingExtraError,
    SettingsError,
    UnknownNameError,
)
from core.foundation.files import atomic_write
from core.foundation.fingerprint import canonical_json, fingerprint, jsonable
from core.foundation.randomness import derive_seed, rng
from core.foundation.registry import Registry


def test_every_error_has_a_hint_and_is_in_the_drawn_tree() -> None:
    drawing = errors.__doc__ or ""
    for name in errors.__all__:
        member = getattr(errors, name)
        if isinstance(member, type) and issubclass(member, errors.WorkbenchError):
            assert member.__name__ in drawing
            assert isinstance(member.retryable, bool)


def test_a_hint_follows_the_message() -> None:
    error = errors.WorkbenchError("It broke.", hint="Mend it.")
    assert str(error) == "It broke. Mend it."
    assert error.hint == "Mend it."


def test_a_data_error_says_where() -> None:
    error = DataError("not a number", file="rows.csv", row=7, field="age", hint="Write 12.")
    assert str(error) == "rows.csv, row 7, field 'age': not a number Write 12."


def test_a_parse_error_keeps_the_raw_text_and_shortens_what_it_shows() -> None:
    error = AdapterParseError("ChatAdapter", None, "x" * 5000, "no fields")
    assert error.lm_response == "x" * 5000
    assert len(str(error)) < 800


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (errors.LMRateLimitError("slow down"), True),
        (errors.LMServerError("500"), True),
        (errors.LMTransportError("gone"), True),
        (errors.LMTimeoutError("late"), True),
        (errors.LMAuthError("no"), False),
        (errors.LMInvalidRequestError("bad"), False),
        (ValueError("x"), False),
    ],
)
def test_which_errors_are_worth_another_try(error: Exception, retryable: bool) -> None:
    assert errors.is_retryable_lm_error(error) is retryable


def test_the_model_stands_in_front_of_its_errors() -> None:
    assert str(LMError("gone", model="openai/x")) == "[openai/x] gone"


def test_a_registry_finds_names_and_suggests_near_ones() -> None:
    registry: Registry[type] = Registry("thing", "core.trace")

    @registry.register("first", summary="the first", order=1)
    class First:
        pass

    assert registry.get("first") is First
    assert "first" in registry
    assert [(entry.name, entry.summary, entry.meta["order"]) for entry in registry.entries()] == [
        ("first", "the first", 1)
    ]
    with pytest.raises(UnknownNameError, match="Did you mean 'first'"):
        registry.get("frist")


def test_two_strangers_cannot_share_a_name() -> None:
    registry: Registry[object] = Registry("thing", "core.trace")
    registry.register("a")(Path)
    with pytest.raises(ConfigurationError, match="Two things"):
        registry.register("a")(Registry)


def test_wrong_arguments_are_value_errors_too_as_dspys_are() -> None:
    for kind in (ConfigurationError, SettingsError, UnknownNameError, MissingExtraError):
        assert issubclass(kind, ValueError)
    registry: Registry[object] = Registry("thing", "core.trace")
    registry.register("a")(Path)
    with pytest.raises(ValueError, match="Two things"):
        registry.register("a")(Registry)


def test_fingerprints_ignore_order_and_see_every_value() -> None:
    value = {"b": [1, 2.5, None], "a": datetime.date(2024, 1, 2), "c": {"é": True}}
    assert canonical_json(value) == '{"a":"2024-01-02","b":[1,2.5,null],"c":{"é":true}}'
    assert fingerprint(value) == fingerprint(dict(reversed(value.items())))
    assert fingerprint(value) != fingerprint({**value, "b": [1, 2.5, 0]})
    assert canonical_json(float("nan")) == '"nan"'


def test_fingerprints_do_not_depend_on_the_hash_seed() -> None:
    code = "from core.foundation.fingerprint import fingerprint; print(fingerprint({'x': {1, 2, 'z'}, 'y': 'ü'}))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "state.json"
    atomic_write(target, "old")
    atomic_write(target, "new é")
    assert target.read_bytes() == "new é".encode()
    with pytest.raises(TypeError):
        atomic_write(target, 5)  # type: ignore[arg-type]
    assert target.read_text("utf-8") == "new é"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert stat.S_ISREG(target.stat().st_mode)


def test_randomness_belongs_to_a_purpose() -> None:
    assert derive_seed(1, "a") == derive_seed(1, "a") != derive_seed(1, "b")
    first = rng(0, "demos").sample(range(100), 5)
    rng(0, "other").random()
    assert rng(0, "demos").sample(range(100), 5) == first


def test_whatever_stands_in_a_record_becomes_data() -> None:
    class Holder(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        thing: object
        count: int = 1

    numbers = {"i": numpy.int64(5), "f": numpy.float32(1.5), "many": numpy.arange(3)}
    assert jsonable(numbers) == {"i": 5, "f": 1.5, "many": [0, 1, 2]}
    assert jsonable(Holder(thing=lambda: 1))["count"] == 1
    assert "Holder" in jsonable(Holder)
    first, second = numpy.zeros(5000), numpy.zeros(5000)
    second[2500] = 1
    assert fingerprint(first) != fingerprint(second)
