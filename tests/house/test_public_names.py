"""The front door: what `__all__` promises exists, and changing it is a deliberate act."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import core

PINNED = Path(__file__).with_name("public_names.txt")


def test_the_names_of_core_are_pinned():
    assert sorted(core.__all__) == PINNED.read_text(encoding="utf-8").split()


def test_each_name_of_core_resolves():
    missing = [name for name in core.__all__ if getattr(core, name, None) is None and name != "settings"]
    assert not missing


def test_each_name_is_listed_by_dir():
    assert set(core.__all__) <= set(dir(core))


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(core, "no_such_name")


def test_every_module_keeps_the_promise_of_its_all():
    broken = []
    for found in pkgutil.walk_packages(core.__path__, "core."):
        module = importlib.import_module(found.name)
        promised = getattr(module, "__all__", [])
        broken += [f"{found.name}.{name}" for name in promised if not hasattr(module, name)]
        if len(set(promised)) != len(promised):
            broken.append(f"{found.name}: a name twice")
    assert not broken


def test_public_classes_say_where_they_come_from():
    strays = [
        name
        for name in core.__all__
        if inspect.isclass(value := getattr(core, name)) and value.__module__.split(".")[0] != "core"
    ]
    assert not strays
