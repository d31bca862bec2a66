"""A catalogue of named members: adapters, metrics, optimizers, exporters …

Knows nothing about what the members are. The folder is the catalogue: the first look-up imports every module of
the registry's package, then the entry points of installed plug-ins; built-ins register with the same decorator.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from core.foundation.errors import ConfigurationError, UnknownNameError

__all__ = ["Entry", "Registry"]

T = TypeVar("T")
Member = TypeVar("Member")


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One member with what an interface wants to say about it."""

    name: str
    value: T
    summary: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Registry(Generic[T]):
    """Members of one kind by name.

    Args:
        kind: Singular noun for messages; plug-ins use the entry-point group `workbench.<kind>`.
        package: Dotted package whose modules register the built-ins when imported.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._entries: dict[str, Entry[T]] = {}
        self._loaded = False

    def register(self, name: str, *, summary: str = "", **meta: Any) -> Callable[[Member], Member]:
        """Return a decorator that adds its target under `name`.

        Raises:
            ConfigurationError: Another member has that name.
        """

        def add(value: Member) -> Member:
            known = self._entries.get(name)
            if known is not None and getattr(known.value, "__module__", 0) != getattr(value, "__module__", 1):
                raise ConfigurationError(
                    f"Two {self.kind}s are called '{name}'.", hint="Register one of them under another name."
                )
            self._entries[name] = Entry(name, value, summary, meta)  # type: ignore[arg-type]
            return value

        return add

    def get(self, name: str) -> T:
        """Return the member called `name`.

        Raises:
            UnknownNameError: There is none; the message names the nearest.
        """
        return self.entry(name).value

    def entry(self, name: str) -> Entry[T]:
        """Return the member called `name` with its summary."""
        self._load()
        if name not in self._entries:
            near = difflib.get_close_matches(name, self._entries, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(self.names())}."
            raise UnknownNameError(f"There is no {self.kind} called '{name}'.", hint=hint)
        return self._entries[name]

    def names(self) -> list[str]:
        """All names, sorted."""
        self._load()
        return sorted(self._entries)

    def entries(self) -> list[Entry[T]]:
        """All members, sorted by name."""
        return [self._entries[name] for name in self.names()]

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._entries

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        package = importlib.import_module(self.package)
        import pkgutil  # costs more than this module, and only a look through a whole folder needs it

        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self.package}.{module.name}")
        from importlib.metadata import entry_points  # takes longer than most of what imports this module

        for point in entry_points(group=f"workbench.{self.kind}"):
            point.load()
