"""One program of a task for either library: `make(core, task)` and `make(dspy, task)` differ in nothing else.

Knows nothing about optimizers. Passages are ranked by the same BM25 on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from core.wire.bm25_rank import RankedIndex
from core.wire.tokens import search_tokens


def python_type(kind: Any, name: str = "") -> Any:
    """Return the Python type of a field."""
    if isinstance(kind, str):
        return {"str": str, "int": int, "float": float, "bool": bool, "list[str]": list[str]}[kind]
    if "literal" in kind:
        return Literal[tuple(kind["literal"])]  # type: ignore[misc]
    from pydantic import Field, create_model

    fields: dict[str, Any] = {
        part: (python_type(field["type"], part), Field(description=field.get("desc") or None))
        for part, field in kind["record"].items()
    }
    return create_model(name.title(), **fields)


@lru_cache(maxsize=4)
def index(corpus: tuple[str, ...]) -> RankedIndex:
    """Return the index over a corpus; it is no part of the program, which is copied for every candidate."""
    return RankedIndex([search_tokens(text) for text in corpus])


def signature(lib: Any, step: Mapping[str, Any]) -> Any:
    """Return a step's signature."""
    fields: dict[str, Any] = {}
    for role, made in (("inputs", lib.InputField), ("outputs", lib.OutputField)):
        for field in step[role]:
            described = made(desc=field["desc"]) if field.get("desc") else made()
            fields[field["name"]] = (python_type(field["type"], field["name"]), described)
    return lib.Signature(fields, step["instructions"])


def make(lib: Any, task: Mapping[str, Any]) -> Any:
    """Return the program of a task."""
    corpus = tuple(task.get("corpus") or ())
    steps, outputs = task["steps"], task["outputs"]

    class Steps(lib.Module):
        """Runs the steps in order; each reads the task's inputs and what earlier steps gave."""

        def __init__(self) -> None:
            super().__init__()
            for step in steps:
                if "instructions" in step:
                    setattr(self, step["name"], lib.Predict(signature(lib, step)))

        def forward(self, **known: Any) -> Any:
            for step in steps:
                read = {name: _value(source, known) for name, source in step["reads"].items()}
                if "instructions" in step:
                    given = getattr(self, step["name"])(**read)
                    known |= {
                        f"{step['name']}.{field['name']}": given[field["name"]] for field in step["outputs"]
                    }
                else:
                    found = index(corpus).search(search_tokens(str(read["query"] or "")), step["k"])
                    known[f"{step['name']}.passages"] = [corpus[position] for position, _ in found]
            return lib.Prediction(**{name: known[source] for name, source in outputs.items()})

    return Steps()


def _value(source: str | list[str], known: Mapping[str, Any]) -> Any:
    if isinstance(source, str):
        return known[source]
    return list(dict.fromkeys(text for part in source for text in known[part]))


def examples(lib: Any, task: Mapping[str, Any], part: str) -> list[Any]:
    """Return the rows of a part as the library's examples: what is given and what is scored.

    Other columns (an id, the reason of a label) are left out, so that no optimizer reads them to its model.
    """
    fields = [*task["inputs"], *task["metric"]["fields"]]
    return [
        lib.Example(**{name: row[name] for name in fields}).with_inputs(*task["inputs"]) for row in task[part]
    ]
