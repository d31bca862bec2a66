"""What programs, their parts and objects in general are made of, before it is read: states, settings, signatures.

Knows nothing about fingerprints or code. A setting is what an object does not change while it runs.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Mapping
from inspect import getattr_static
from typing import Any

from core.foundation.fingerprint import jsonable
from core.modules.parameter import Parameter
from core.modules.parts import Part, walk
from core.search.own_state import Changes, called_by, changes_of
from core.signature.signature import SignatureMeta

__all__ = [
    "model_state",
    "name_of",
    "parts_of",
    "settings_of",
    "settings_of_parts",
    "signature_data",
    "state_of",
]

_MUTABLE = (list, dict, set, deque, bytearray)

_OF_A_PART = frozenset(
    {"_assertions", "_compiled", "_history", "assert_failures", "callbacks", "suggest_failures"}
)
_OF_A_LEAF = frozenset({"demos", "lm", "signature", "traces", "train"})
_MADE = frozenset(
    {"candidate_programs", "detailed_results", "held_out", "held_out_rows", "mb_candidate_programs", "report"}
    | {"results_best", "results_latest", "score", "total_calls", "trial_logs"}
)
"""What optimizers leave on the programs that they made."""

_ENTRIES = frozenset({"__call__", "acall", "aforward", "forward"})


def parts_of(program: Part) -> dict[str, Any]:
    """Return the parts of a program by path, itself as `self`, those inside frozen ones too."""
    return dict(walk(program, "self", Part, skip_compiled=False))


def name_of(kind: type) -> tuple[str, str]:
    """Return the module and the name of a class."""
    return kind.__module__, kind.__qualname__


def settings_of_parts(parts: Mapping[str, Any], own: Iterable[type]) -> dict[str, dict[str, Any]]:
    """Return the settings of the parts of a program by path; parts in parts are left out.

    Args:
        parts: As `parts_of` gives them.
        own: The user's own classes among theirs.
    """
    own = list(own)
    # A method counts as running where it is an entry, or anything of the program calls a method of that name.
    entries = _ENTRIES.union(*(called_by(kind) for kind in own))
    inner = frozenset[str]().union(*(changes_of(kind, entries).inner for kind in own))
    found: dict[str, dict[str, Any]] = {}
    for path, part in parts.items():
        without = _OF_A_PART | inner | (_OF_A_LEAF if isinstance(part, Parameter) else frozenset())
        if "report" in vars(part):
            without |= _MADE
        settings = settings_of(part, changes_of(type(part), entries))
        found[path] = {
            name: item
            for name, item in settings.items()
            if name not in without and not isinstance(item, Part)
        }
    return found


def settings_of(value: Any, changes: Changes) -> dict[str, Any]:
    """Return the attributes of an object that it does not change while it runs, by name; no secrets."""
    kind = type(value)
    slots = [name for base in kind.__mro__ for name in _slots(base) if hasattr(value, name)]
    found = {name: getattr(value, name) for name in slots} | dict(getattr(value, "__dict__", {}))
    return {
        name: item
        for name, item in sorted(found.items())
        if name not in changes.own
        and (changes.readable or not isinstance(item, _MUTABLE))
        and not isinstance(getattr_static(kind, name, None), functools.cached_property)
    }


def _slots(kind: type) -> Iterable[str]:
    names = vars(kind).get("__slots__", ())
    return [name for name in ((names,) if isinstance(names, str) else names) if not name.startswith("__")]


def state_of(part: Any) -> list[Any]:
    """Return the state of a leaf, its model without what is only for caching and retrying."""
    state = part.dump_state()
    signature = getattr(part, "signature", None)
    model = getattr(part, "lm", None)
    return [
        {**state, "lm": model_state(model)} if model is not None else state,
        signature_data(signature) if isinstance(signature, SignatureMeta) else None,
    ]


def model_state(model: Any) -> list[Any]:
    """Return how a language model is asked, without who answers; how it is cached and retried is no part of it."""
    state = model.dump_state() if hasattr(model, "dump_state") else {"model": getattr(model, "model", "")}
    left = {name: value for name, value in state.items() if name not in {"cache", "num_retries"}}
    return [type(model).__qualname__, left]


def signature_data(signature: Any) -> list[Any]:
    """Return a signature as data: its instructions and all that is said of its fields."""
    told: list[Any] = []
    for name, field in signature.fields.items():
        known = [name, field.role, field.type_name, field.desc, field.prefix, jsonable(field.constraints)]
        told.append([*known, _shape(field)])
    return [signature.signature, signature.instructions, told]


def _shape(field: Any) -> Any:
    try:
        return jsonable(field.shape)
    except Exception:  # a type that no schema can be made of
        return None
