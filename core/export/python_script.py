"""A program as one Python file that needs the standard library and an OpenAI-compatible endpoint, nothing else.

Knows nothing about running it: the file carries our own sources (`core.wire`, `core.export.script_*`) as they stand and
the program as JSON, so it sends the same messages as the engine and reads replies the same way.
"""

from __future__ import annotations

import json
from typing import Any

from core.export.base import Exporter, ExportFile, exporters, file_stem
from core.export.inlining import joined_source
from core.export.program_data import program_data
from core.modules import Module

__all__ = ["SCRIPT_MODULES", "PythonScript"]

SCRIPT_MODULES = (
    "core.wire.patterns",
    "core.wire.values",
    "core.wire.sections",
    "core.wire.tags",
    "core.wire.mending",
    "core.wire.jsonish",
    "core.wire.scalars",
    "core.wire.choices",
    "core.wire.constraints",
    "core.wire.fits",
    "core.wire.coerce",
    "core.wire.notes",
    "core.wire.layout",
    "core.wire.markup",
    "core.wire.xml_values",
    "core.wire.chat_layout",
    "core.wire.json_layout",
    "core.wire.xml_layout",
    "core.wire.baml_layout",
    "core.wire.repair",
    "core.wire.tokens",
    "core.wire.bm25_rank",
    "core.export.script_program",
    "core.export.script_client",
    "core.export.script_cli",
)

_HEAD = '''\
#!/usr/bin/env python3
# ruff: noqa
"""A program exported by Workbench. It needs Python 3.11 or later and an OpenAI-compatible endpoint.

    python {file} --base-url http://127.0.0.1:8000/v1 --model NAME {inputs}
    python {file} --base-url http://127.0.0.1:8000/v1 --model NAME --input-file rows.csv > answers.jsonl

The key, where the endpoint wants one, is read from the environment variable OPENAI_API_KEY. From Python:

    from {module} import run
    run({{{example}}}, base_url="http://127.0.0.1:8000/v1", model="NAME")

The program itself is the JSON text at the end; everything before it renders, asks and reads.
"""

from __future__ import annotations

'''

_TAIL = '''

# ── the program {bar}
PROGRAM_JSON = r\'\'\'
{program}
\'\'\'

PROGRAM = ExportedProgram(json.loads(PROGRAM_JSON))


def run(
    inputs: Mapping[str, Any], base_url: str, model: str, api_key: str | None = None, **settings: Any
) -> dict[str, Any]:
    """Return the program's outputs for one set of inputs.

    Args:
        settings: Request settings for steps that set none: temperature, max_tokens …

    Raises:
        ProgramError: An input is missing, or a reply could not be read; `.replies` holds what came back.
        EndpointError: The endpoint could not be reached, or it refused.
    """
    key = api_key or os.environ.get("OPENAI_API_KEY")
    return PROGRAM.run(inputs, Endpoint(base_url, model, key, settings=settings).ask)


if __name__ == "__main__":
    sys.exit(script_main(PROGRAM))
'''


@exporters.register("python_script", summary="One Python file that needs nothing but Python and an endpoint")
class PythonScript(Exporter):
    """One file, `<name>.py`. Option `adapter`: "chat" (the default), "json", "xml" or "baml"."""

    def export(self, program: Module, *, name: str = "program", **options: Any) -> list[ExportFile]:
        """Return the script.

        Raises:
            ExportError: The program is more than predictors, retrieval over its own corpus and their wiring.
        """
        data = program_data(program, name=name, adapter=options.get("adapter", "chat"))
        stem = file_stem(name).replace("-", "_")
        stem = stem if stem[:1].isalpha() else f"program_{stem}"
        names = [declared["name"] for declared in data["inputs"]]
        head = _HEAD.format(
            file=f"{stem}.py",
            module=stem,
            inputs=" ".join(f'--input {given}="..."' for given in names),
            example=", ".join(f'"{given}": "..."' for given in names),
        )
        tail = _TAIL.replace("{bar}", "─" * 85).replace("{program}", _raw_json(data))
        return [ExportFile(f"{stem}.py", (head + joined_source(SCRIPT_MODULES) + tail).encode("utf-8"))]


def _raw_json(data: Any) -> str:
    """Return JSON that can stand in a raw Python string between three apostrophes, whatever it holds."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair
        text = json.dumps(data, indent=1)
    # Apostrophes stand in JSON texts only; NEL and friends are spelt out for the sake of editors.
    for character in "'\x7f\x85\u2028\u2029\ufeff":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
