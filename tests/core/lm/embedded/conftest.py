"""Prompts for the embedded model: our adapters', and those of a stranger with other sentences in the same structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from core.adapters.base import adapters
from core.data.example import Example
from core.lm.embedded import InContextModel
from core.signature import InputField, OutputField, make_signature

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def model() -> InContextModel:
    return InContextModel()


@pytest.fixture
def ask(model: InContextModel) -> Ask:
    """Ask through an adapter of ours: fields in, parsed outputs back."""

    def run(
        fields: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        instructions: str = "",
        demos: Sequence[Mapping[str, Any]] = (),
        adapter: str = "chat",
        **sampling: Any,
    ) -> dict[str, Any]:
        signature = make_signature(_declared(fields, inputs), instructions or "Do the task.")
        made = adapters.get(adapter)()
        messages = made.format(signature, [Example(**demo) for demo in demos], dict(inputs))
        return made.parse(signature, model.complete(messages, **sampling)[0].text)

    return run


@pytest.fixture
def stranger() -> Callable[..., list[dict[str, str]]]:
    """Write messages as another client would: the same markers, other sentences."""

    def write(
        outputs: Sequence[tuple[str, str, str]],
        inputs: Mapping[str, str],
        demos: Sequence[tuple[Mapping[str, str], Mapping[str, str]]] = (),
    ) -> list[dict[str, str]]:
        lines = ["These are your input fields:"]
        lines += [f"{n}. `{name}` (str):" for n, name in enumerate(inputs, 1)]
        lines += ["These are the output fields you produce:"]
        lines += [f"{n}. `{name}` ({kind}): {desc}" for n, (name, kind, desc) in enumerate(outputs, 1)]
        lines += ["Everything is laid out in this format, with values filled in.", ""]
        lines += [
            f"[[ ## {name} ## ]]\n{{{name}}}\n" for name in [*inputs, *(name for name, _, _ in outputs)]
        ]
        lines += ["[[ ## completed ## ]]", "Given this layout, your objective is:", "        Do the task."]
        messages = [{"role": "system", "content": "\n".join(lines)}]
        for given, answered in demos:
            messages.append({"role": "user", "content": _sections(given)})
            messages.append(
                {"role": "assistant", "content": _sections(answered) + "\n\n[[ ## completed ## ]]"}
            )
        names = ", then ".join(f"`[[ ## {name} ## ]]`" for name, _, _ in outputs)
        closing = f"\n\nNow answer with {names}, and close with `[[ ## completed ## ]]`."
        messages.append({"role": "user", "content": _sections(inputs) + closing})
        return messages

    return write


def _declared(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Take `type` or `(type, description)` per field; what is among the inputs is one."""
    made: dict[str, Any] = {}
    for name, said in fields.items():
        kind, desc = said if isinstance(said, tuple) else (said, "")
        made[name] = (kind, InputField(desc=desc) if name in inputs else OutputField(desc=desc))
    return made


def _sections(values: Mapping[str, str]) -> str:
    return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in values.items())
