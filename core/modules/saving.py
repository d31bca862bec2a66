"""Program state as a JSON file: what DSPy writes we read, what we write DSPy reads.

Knows nothing about what the leaves hold. A file holds no class names, import paths, endpoints or keys; DSPy's own
`dependency_versions` may be empty, and what we want to remember stands in `metadata.core`.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any, Protocol

from core.foundation.errors import StateError, WorkbenchError
from core.foundation.files import atomic_write
from core.foundation.state_errors import StateLacksError, StateNotFoundError
from core.modules.old_state import modernised

__all__ = ["FORMAT", "lm_from_state", "load", "load_program", "load_state", "save"]

FORMAT = 1
_MOST = {"num_retries": 100, "n": 1_000}
_LM_SETTINGS: dict[str, Any] = {
    "model": str,
    "model_type": str,
    "cache": bool | str,
    "num_retries": int,
    "temperature": int | float,
    "max_tokens": int,
    "top_p": int | float,
    "n": int,
    "stop": (str, list),
    "seed": int,
    "presence_penalty": int | float,
    "frequency_penalty": int | float,
    "reasoning_effort": str,
    "rollout_id": int,
}
"""What is taken over of a saved language model, and of which type it must be."""
_PLACES: dict[str, Any] = {"api_base": str, "base_url": str}


class Stateful(Protocol):
    """What is asked of a program here."""

    def dump_state(self) -> dict[str, Any]:
        """Return {path: state of the leaf}."""
        ...

    def named_parameters(self) -> list[tuple[str, Any]]:
        """Return the leaves by path."""
        ...

    def deepcopy(self) -> Any:
        """Return an independent copy."""
        ...


def save(module: Stateful, path: str | os.PathLike[str], *, save_program: bool = False) -> None:
    """Write the state of `module` to `path`; see `Module.save`."""
    target = Path(path)
    if save_program:
        raise StateError(
            "A program's code is not saved: that would be a pickle, which runs whatever it holds when it is opened.",
            hint=f"Keep the class in your code, call program.save('{target.stem or 'program'}.json'), and load it into "
            "a new instance; a pipeline's spec saves structure and state together.",
        )
    if target.suffix != ".json":
        raise StateError(
            f"Programs are saved as JSON state, not as '{target.name}'.",
            hint="Give a path that ends in .json; pickled programs are never written or read.",
        )
    state: dict[str, Any] = module.dump_state()
    state["metadata"] = {
        "dependency_versions": {"python": ".".join(platform.python_version_tuple()[:2])},
        "core": {"format": FORMAT},
    }
    atomic_write(target, json.dumps(state, indent=2, ensure_ascii=False) + "\n")


def load(module: Stateful, path: str | os.PathLike[str], *, allow_unsafe_lm_state: bool = False) -> None:
    """Read a state file into `module`; see `Module.load`."""
    source = Path(path)
    if source.is_dir() or source.suffix in {".pkl", ".pickle"}:
        raise StateError(
            f"'{source.name}' is a pickled program, and opening one runs whatever code it holds.",
            hint="In DSPy, call program.save('program.json') and load that file here.",
        )
    if source.suffix != ".json":
        raise StateError(
            f"'{source.name}' is not a JSON file.", hint="Save the program to a path that ends in .json."
        )
    try:
        state = json.loads(source.read_text("utf-8"))
    except FileNotFoundError as error:
        raise StateNotFoundError(f"There is no file '{source}'.", hint="Check the path.") from error
    except OSError as error:
        raise StateError(f"Cannot read '{source}': {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise StateError(f"'{source.name}' is not valid JSON: {error}.") from error
    if not isinstance(state, dict):
        raise StateError(f"'{source.name}' holds no program state.")
    _check_format(source.name, state)
    load_state(module, state, allow_unsafe_lm_state=allow_unsafe_lm_state)


def load_program(path: str | os.PathLike[str], allow_pickle: bool = False) -> Any:
    """Refuse what DSPy's `load(folder)` does: a whole program is a pickle there.

    Raises:
        StateError: Always; says what to do instead.
    """
    del allow_pickle
    raise StateError(
        f"'{Path(path).name}' would be a whole program, which only a pickle holds; pickles are never read.",
        hint="Make the program with its class, then call program.load('program.json').",
    )


def _check_format(name: str, state: dict[str, Any]) -> None:
    metadata = state.get("metadata")
    ours = metadata.get("core") if isinstance(metadata, dict) else None
    version = ours.get("format", FORMAT) if isinstance(ours, dict) else FORMAT
    if version != FORMAT:
        raise StateError(
            f"'{name}' has another format ({version!r}) than this version reads ({FORMAT}).",
            hint="If a newer version wrote it, update first.",
        )


def load_state(module: Stateful, state: dict[str, Any], *, allow_unsafe_lm_state: bool = False) -> None:
    """Load every leaf, first into a copy, so that an error changes nothing; names that are not ours are ignored."""
    names = [name for name, _ in module.named_parameters()]
    if len(names) == 1 and names[0] not in state and "demos" in state:
        state = {names[0]: state}  # a bare predictor is saved without its path
    state = modernised(state, module.named_parameters())
    missing = [name for name in names if name not in state]
    if missing:
        raise StateLacksError(
            f"The state has nothing for {', '.join(missing)}.",
            hint=f"It was saved from a program with: {', '.join(key for key in state if key != 'metadata')}.",
        )
    trial = module.deepcopy()
    for target in (trial, module):
        for name, part in target.named_parameters():
            try:
                part.load_state(state[name], allow_unsafe_lm_state=allow_unsafe_lm_state)
            except (WorkbenchError, TypeError, AttributeError, ValueError) as error:
                raise StateError(f"The state of '{name}' does not fit: {error}") from error


def lm_from_state(state: dict[str, Any], *, allow_unsafe: bool = False) -> Any:
    """Return the language model that a state names.

    Endpoints in it are ignored unless `allow_unsafe`: a file must not send requests, and keys, to a place of its own.

    Raises:
        StateError: It names no model, or a class that is not DSPy's LM.
    """
    from core.lm import LM
    from core.lm.cache import cache_mode

    if not isinstance(state.get("model"), str):
        raise StateError("The saved language model has no name.")
    cls = state.get("_dspy_lm_class", "dspy.clients.lm.LM")
    if cls != "dspy.clients.lm.LM" and not allow_unsafe:
        raise StateError(
            f"The state asks for a class of its own, '{cls}'.", hint="Only plain models are loaded."
        )
    allowed = _LM_SETTINGS | (_PLACES if allow_unsafe else {})
    taken = {key: value for key, value in state.items() if key in allowed and value is not None}
    for key, value in taken.items():
        if not isinstance(value, allowed[key]) or (key in _MOST and value > _MOST[key]):
            raise StateError(f"The saved language model has {key}={value!r}.", hint="Correct or remove it.")
    cache_mode(taken.get("cache", True))
    return LM(**taken)
