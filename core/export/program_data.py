"""A program as the plain data that exports carry: wire signatures, demos, settings, the flow of values, the corpus.

Knows nothing about file formats. The form is what `core.export.script_program` runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.adapters.json import response_schema
from core.adapters.signatures import wire_signature
from core.adapters.special import has_parts
from core.foundation.errors import ExportError
from core.modules import ChainOfThought, ChainOfThoughtWithHint, Module, Predict, Retrieve
from core.pipeline import Pipeline, shape_of_field
from core.retrieval import BM25
from core.wire.values import plain_value

__all__ = ["ADAPTERS", "program_data"]

ADAPTERS = ("chat", "json", "xml", "baml")
JSON_ADAPTERS = ("json", "baml")
# Settings of a step that belong to one run of the engine or that a single-answer script has no use for.
_NOT_SENT = frozenset({"n", "rollout_id", "cache", "num_retries", "timeout"})


def program_data(program: Module, *, name: str, adapter: str = "chat") -> dict[str, Any]:
    """Return a program as JSON data.

    Raises:
        ExportError: It is Python, its types exist in Python only, or there is no such adapter.
    """
    if adapter not in ADAPTERS:
        raise ExportError(f"Exports know no adapter '{adapter}'.", hint=f"There are: {', '.join(ADAPTERS)}.")
    data = _pipeline(program, adapter) if isinstance(program, Pipeline) else _single(program, adapter)
    return {"format": 1, "name": name, "adapter": adapter, "repair_turns": 1, **data}


def _single(program: Module, adapter: str) -> dict[str, Any]:
    if not isinstance(program, (Predict, ChainOfThought)):
        raise ExportError(
            f"A {type(program).__name__} is Python and cannot become a file that runs alone.",
            hint="Export a Predict, a ChainOfThought or a Pipeline.",
        )
    step = _step("predict", program, adapter)
    fields = step["signature"]["fields"]
    inputs = [field for field in fields if field["role"] == "input"]
    outputs = {field["name"]: f"predict.{field['name']}" for field in fields if field["role"] == "output"}
    step["inputs"] = {field["name"]: field["name"] for field in inputs}
    return {
        "description": "",
        "inputs": [_program_input(field) for field in inputs],
        "steps": [step],
        "outputs": outputs,
        "corpus": None,
    }


def _pipeline(program: Pipeline, adapter: str) -> dict[str, Any]:
    spec = program.spec
    retrieves = any(isinstance(getattr(program, step.name), Retrieve) for step in spec.steps)
    if retrieves and not spec.corpus:
        raise ExportError(
            "The program retrieves from the retriever in the settings, which a file cannot carry.",
            hint="Give the program a corpus of its own.",
        )
    steps: list[dict[str, Any]] = []
    for step in spec.steps:
        made = _step(step.name, getattr(program, step.name), adapter)
        steps.append({**made, "inputs": {key: _source(given) for key, given in step.inputs.items()}})
    inputs = [{"name": item.name, "shape": shape_of_field(item), "desc": item.desc} for item in spec.inputs]
    return {
        "description": spec.description,
        "inputs": inputs,
        "steps": steps,
        "outputs": {key: _source(given) for key, given in spec.outputs.items()},
        "corpus": list(spec.corpus) if spec.corpus and retrieves else None,
    }


def _source(given: str | Sequence[str]) -> str | list[str]:
    return given if isinstance(given, str) else list(given)


def _program_input(field: Mapping[str, Any]) -> dict[str, Any]:
    return {key: field[key] for key in ("name", "shape", "desc", "default") if key in field}


def _step(name: str, module: Any, adapter: str) -> dict[str, Any]:
    if isinstance(module, Retrieve):
        if not isinstance(module.rm, BM25 | None):
            raise ExportError(
                f"Step '{name}' retrieves by {type(module.rm).__name__}, which a file cannot carry.",
                hint="Choose a step of kind 'retrieve', which finds by words.",
            )
        return {"name": name, "kind": "retrieve", "k": module.k}
    predictor = module.predict if isinstance(module, ChainOfThought) else module
    if not isinstance(predictor, Predict):
        raise ExportError(
            f"Step '{name}' is a {type(module).__name__}, which is Python and cannot become a file that runs alone.",
            hint="Export a Predict, a ChainOfThought or a Pipeline of such steps.",
        )
    if isinstance(module, ChainOfThoughtWithHint):
        raise ExportError(
            f"Step '{name}' may be given a hint, which a file that runs alone does not know.",
            hint="Use a ChainOfThought whose signature has an input 'hint'.",
        )
    signature = module.asked_signature if isinstance(module, ChainOfThought) else predictor.signature
    for field in signature.fields.values():
        if (field.role == "output" and _is_custom(field.shape)) or has_parts(signature, field.name):
            raise ExportError(
                f"Field '{field.name}' of step '{name}' has the type {field.type_name}, which exists in Python only.",
                hint="Use plain types, lists, dicts, literals or records.",
            )
    return {
        "name": name,
        "kind": "predict",
        "signature": wire_signature(signature),
        "demos": [_demo(signature, demo) for demo in predictor.demos],
        "config": plain_value(
            {k: v for k, v in predictor.config.items() if k not in _NOT_SENT and v is not None}
        ),
        "response_formats": _formats(signature) if adapter in JSON_ADAPTERS else [],
    }


def _formats(signature: Any) -> list[dict[str, Any]]:
    schema = response_schema(signature)
    return [*([schema] if schema else []), {"type": "json_object"}]


def _is_custom(shape: Mapping[str, Any]) -> bool:
    if shape["kind"] == "custom":
        return True
    inner = [shape[key] for key in ("items", "values", "of") if isinstance(shape.get(key), dict)]
    inner += shape["of"] if isinstance(shape.get("of"), list) else []
    inner += [member["shape"] for member in shape.get("fields", {}).values()]
    return any("kind" in item and _is_custom(item) for item in inner)


def _demo(signature: Any, demo: Any) -> dict[str, Any]:
    return {name: plain_value(demo[name]) for name in signature.fields if name in demo}
