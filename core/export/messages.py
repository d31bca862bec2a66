"""The exact messages of every predictor, for other languages and tools: texts with typed slots, schema, request body.

Knows nothing about sending them. A slot is a piece of its own in a list, never a placeholder inside a text, so that
nothing a user writes can be taken for one.
"""

from __future__ import annotations

import json
from typing import Any

from core.adapters.base import Adapter, adapters
from core.adapters.json import response_schema
from core.adapters.signatures import layout_of
from core.adapters.special import has_parts
from core.export.base import Exporter, ExportFile, exporters, file_stem
from core.export.program_data import ADAPTERS, JSON_ADAPTERS
from core.foundation.errors import ExportError
from core.modules import ChainOfThoughtWithHint, Module
from core.signature import json_schema
from core.wire.layout import Layout

__all__ = ["Messages", "fill_segments", "request_segments"]

_HOW = (
    "Join the segments of a message. In place of a slot write the value: a text as it is; numbers, true/false as "
    "True/False and null as None; lists and objects as one line of JSON (a list given to a slot of kind str: one item "
    "per line, [1] «item»). In a value, put a backslash before any [[ ## name ## ]] that begins a line; "
    "among tags (adapter xml), write &lt; for the < of a tag that is called like a field. "
    "The reply is read under the same markers, or as a JSON object, by the adapter's name."
)


@exporters.register(
    "messages", summary="Chat messages with typed slots, output schema and request body, as JSON"
)
class Messages(Exporter):
    """One file, `<name>.messages.json`.

    Options: `adapter` ("chat", "json", "xml" or "baml"), `model` (its name in the request body), `inputs` (example
    inputs for the request body; absent ones show as `{name}`).
    """

    def export(self, program: Module, *, name: str = "program", **options: Any) -> list[ExportFile]:
        """Return the file.

        Raises:
            ExportError: There is no such adapter.
        """
        kind = options.get("adapter", "chat")
        if kind not in ADAPTERS:
            raise ExportError(f"Exports know no adapter '{kind}'.", hint=f"There are: {', '.join(ADAPTERS)}.")
        adapter = adapters.get(kind)()
        hints = _hints(program)
        data = {
            "format": 1,
            "name": name,
            "adapter": kind,
            "how_to_fill": _HOW,
            "predictors": {
                path: _predictor(adapter, path, predictor, hints.get(id(predictor)), options)
                for path, predictor in program.named_predictors()
            },
        }
        text = json.dumps(data, ensure_ascii=False, indent=2)
        return [ExportFile(f"{file_stem(name)}.messages.json", text.encode("utf-8", "backslashreplace"))]


def _hints(program: Module) -> dict[int, Any]:
    """Return what a hint adds to the requests of predictors that may get one."""
    steps = [part for _, part in program.named_sub_modules(ChainOfThoughtWithHint)]
    return {id(part.predict): part.hinted for part in steps if "hint" not in part.signature.input_fields}


def _predictor(
    adapter: Adapter, path: str, predictor: Any, hint: Any, options: dict[str, Any]
) -> dict[str, Any]:
    signature = hint.signature(predictor.signature) if hint else predictor.signature
    demos = hint.demos(predictor.demos) if hint else predictor.demos
    name = next((name for name in signature.fields if has_parts(signature, name)), None)
    if name is not None:
        raise ExportError(
            f"Field '{name}' of '{path}' ({signature.signature}) becomes parts of a message, for which this file has "
            "no form.",
            hint="Export the state (JSON), or the program as Python code.",
        )
    layout = layout_of(signature, adapter.layout)
    *before, _request = layout.messages(demos, {})
    messages: list[dict[str, Any]] = [
        {"role": message["role"], "segments": [{"text": message["content"]}]} for message in before
    ]
    messages.append({"role": "user", "segments": request_segments(layout)})
    fields = signature.output_fields
    return {
        "messages": messages,
        "output_schema": {
            "type": "object",
            "properties": {name: json_schema(field.shape) for name, field in fields.items()},
            "required": [name for name, field in fields.items() if field.required],
        },
        "openai_request": _body(adapter, signature, demos, predictor.config, options),
    }


def request_segments(layout: Layout) -> list[dict[str, Any]]:
    """Return the request as segments: {"text": …} and {"slot": field name, "type": …, "shape": …}."""
    segments: list[dict[str, Any]] = []
    text = ""
    for field in layout.inputs:
        before, after = layout.around(field)
        segments.append({"text": text + before})
        segments.append({"slot": field.name, "type": field.type_name, "shape": field.shape})
        text = f"{after}\n\n"
    return [*segments, {"text": text + layout.reminder}]


def fill_segments(layout: Layout, segments: list[dict[str, Any]], inputs: dict[str, Any]) -> str:
    """Return the request that segments and values make: what `how_to_fill` says, in Python."""
    fields = {field.name: field for field in layout.inputs}
    parts: list[str] = []
    for segment in segments:
        if "slot" in segment:
            field = fields[segment["slot"]]
            before, after = layout.around(field)
            parts.append(
                layout.shown_input(field, inputs[field.name]).removeprefix(before).removesuffix(after)
            )
        else:
            parts.append(segment["text"])
    return "".join(parts)


def _body(
    adapter: Adapter, signature: Any, demos: list[Any], config: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    """Return a request body of the chat-completions API, with example inputs."""
    body: dict[str, Any] = {
        "model": options.get("model", "MODEL"),
        "messages": adapter.preview(signature, demos, options.get("inputs")),
    }
    body |= {key: value for key, value in config.items() if value is not None and key != "rollout_id"}
    if adapter.layout.name in JSON_ADAPTERS:
        body["response_format"] = response_schema(signature) or {"type": "json_object"}
    return body
