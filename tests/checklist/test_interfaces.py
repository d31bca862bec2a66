"""Every name of the inventory is there, with its parameters in order and their defaults."""

import ast
import importlib
import inspect
from typing import Any

import pytest

import core
from tests.checklist.inventory import MEMBERS, SECTIONS

LINES = [
    pytest.param(name, parameters, id=name)
    for section in SECTIONS.values()
    for name, parameters in section.items()
]


def found(name: str) -> Any:
    value: Any = core
    for place, part in enumerate(name.split(".")):
        if not hasattr(value, part):
            importlib.import_module(".".join(["core", *name.split(".")[: place + 1]]))
        value = getattr(value, part)
    return value


def split(parameters: str) -> list[tuple[str, str | None]]:
    pairs = (part.strip().partition("=") for part in parameters.split(", ") if part.strip())
    return [(name, default if equals else None) for name, equals, default in pairs]


def same(default: Any, said: str) -> bool:
    try:
        return default == ast.literal_eval(said)
    except ValueError:  # the name of a function
        return getattr(default, "__name__", None) == said


@pytest.mark.parametrize(("name", "parameters"), LINES)
def test_interface(name: str, parameters: str) -> None:
    value = found(name)
    assert value is not None
    try:
        own = inspect.signature(value).parameters
    except (ValueError, TypeError):  # a pydantic class with a metaclass of its own
        own = inspect.signature(value.__init__).parameters
    takes_any = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in own.values())
    order = []
    for wanted, default in split(parameters):
        if wanted not in own:
            positional = any(item.kind is inspect.Parameter.VAR_POSITIONAL for item in own.values())
            assert takes_any or positional, f"{name} has no parameter {wanted!r}: {list(own)}"
            continue
        order.append(list(own).index(wanted))
        if default is not None:
            assert same(own[wanted].default, default), f"{name}({wanted}=…)"
    assert order == sorted(order), f"{name}: parameters in another order: {list(own)}"


@pytest.mark.parametrize("owner", [owner for owner in MEMBERS if owner != "errors"])
def test_members(owner: str) -> None:
    missing = [name for name in MEMBERS[owner].split() if not hasattr(found(owner), name)]
    assert not missing


@pytest.mark.parametrize("name", MEMBERS["errors"].split())
def test_errors(name: str) -> None:
    assert inspect.isclass(getattr(core, name))
    assert issubclass(getattr(core, name), BaseException) or name == "FinalOutput"


def test_paths_give_the_same_objects_as_core() -> None:
    assert importlib.import_module("core.utils").BaseCallback is found("utils.callback.BaseCallback")
