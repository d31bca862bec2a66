"""`SUBMIT(...)` as code calls it: which fields were given.

Knows nothing about types: what was given is checked by who asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Submission"]


class Submission:
    """Takes the first call of `SUBMIT` that fits.

    Args:
        fields: [{"name": …}, …]; None takes one value as it is, or fields by any name.

    Attributes:
        made: Whether it was called.
        output: What was given: a dict of fields, or the one value.
    """

    def __init__(self, fields: Sequence[Mapping[str, Any]] | None) -> None:
        self._names = None if fields is None else [str(field["name"]) for field in fields]
        self.made = False
        self.output: Any = None

    def take(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Take one call.

        Raises:
            TypeError: Fields are missing, unknown or too many; the code that called reads it.
        """
        self.output = self._free(args, kwargs) if self._names is None else self._named(args, kwargs)
        self.made = True

    def _free(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if len(args) > 1 or (args and kwargs) or not (args or kwargs):
            raise TypeError("SUBMIT takes one value, or fields by name")
        return args[0] if args else dict(kwargs)

    def _named(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        names = self._names or []
        usage = f"call SUBMIT({', '.join(f'{name}=…' for name in names)})"
        if len(args) == 1 and not kwargs and isinstance(args[0], dict) and set(args[0]) == set(names):
            return dict(args[0])
        if len(args) > len(names):
            raise TypeError(f"SUBMIT takes {len(names)} values, {len(args)} were given; {usage}")
        found = {**dict(zip(names, args, strict=False)), **kwargs}
        unknown = [name for name in kwargs if name not in names]
        missing = [name for name in names if name not in found]
        if unknown or missing:
            faults = [f"misses {', '.join(missing)}"] if missing else []
            faults += [f"does not know {', '.join(unknown)}"] if unknown else []
            raise TypeError(f"SUBMIT {' and '.join(faults)}; {usage}")
        return found
