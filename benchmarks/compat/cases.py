"""Generates signatures with inputs and demos, and replies that say their outputs, from a seed.

Knows nothing about adapters. A case is JSON data, so that both interpreters can be given the same.
"""

from __future__ import annotations

import json
import random
from typing import Any

from benchmarks.compat.values import TYPES, data_for, text

NAMES = """
question context answer reasoning summary label score person order tags count due text hint topic verdict evidence
title body language rating owner first_name isUrgent step2
""".split()  # noqa: SIM905
INPUT_TYPES = (
    "str",
    "str",
    "str",
    "list[str]",
    "int",
    "dict[str, int]",
    "Person",
    "Optional[int]",
    "date",
    "Mood",
)
DESCRIPTIONS = ("", "", "", "in one word", "as it stands in the text", "0 when unknown; never guess")
INSTRUCTIONS = (
    "Answer the question.",
    "Read the text.\nThen decide, in this order:\n- what it is about\n- how sure you are",
    "Given the fields, produce the others. Use {braces} & <tags> with care.",
)


def signature(rng: random.Random) -> dict[str, Any]:
    """Return the fields and instructions of one signature."""
    inputs, outputs = rng.randrange(1, 5), rng.randrange(1, 6)
    names = rng.sample(NAMES, inputs + outputs)
    fields: list[dict[str, Any]] = []
    for index, name in enumerate(names):
        kind = rng.choice(INPUT_TYPES if index < inputs else list(TYPES))
        role = "input" if index < inputs else "output"
        fields.append({"name": name, "role": role, "type": kind, "desc": rng.choice(DESCRIPTIONS)})
    return {"fields": fields, "instructions": rng.choice(INSTRUCTIONS)}


def values(spec: dict[str, Any], role: str, rng: random.Random) -> dict[str, Any]:
    """Return JSON data for every field of a role."""
    return {field["name"]: data_for(field["type"], rng) for field in spec["fields"] if field["role"] == role}


def request(rng: random.Random) -> dict[str, Any]:
    """Return a signature with inputs and up to three demos, some of them incomplete."""
    spec = signature(rng)
    demos = []
    for _ in range(rng.randrange(4)):
        demo = values(spec, "input", rng) | values(spec, "output", rng)
        if rng.random() < 0.3 and len(demo) > 2:
            demo.pop(rng.choice(list(demo)))
        demos.append(demo)
    return {**spec, "inputs": values(spec, "input", rng), "demos": demos}


def requests(count: int, seed: int) -> list[dict[str, Any]]:
    """Return so many requests."""
    rng = random.Random(seed)
    return [request(rng) for _ in range(count)]


def reply(adapter: str, outputs: dict[str, Any], rng: random.Random) -> str:
    """Return a reply as a model that follows its instructions writes it, in one of the ways in which models differ."""
    if adapter == "json":
        body = json.dumps(outputs, ensure_ascii=rng.random() < 0.3, indent=rng.choice((None, 2)))
        return rng.choice(("{}", "```json\n{}\n```", "Here it is:\n{}")).replace("{}", body)
    if adapter == "xml":
        parts = [f"<{name}>\n{xml(value)}\n</{name}>" for name, value in outputs.items()]
        return rng.choice(("\n", "\n\n")).join(parts)
    sections = [f"[[ ## {name} ## ]]\n{written(value, rng)}" for name, value in outputs.items()]
    closing = rng.choice(("\n\n[[ ## completed ## ]]", "\n\n[[ ## completed ## ]]\n", ""))
    return rng.choice(("", "", "Sure.\n\n")) + "\n\n".join(sections) + closing


def written(value: Any, rng: random.Random | None = None) -> str:
    """Return a value as it stands under a marker."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, indent=2 if rng and rng.random() < 0.3 else None)
    return str(value)


def xml(value: Any) -> str:
    """Return a value as nested elements."""
    if isinstance(value, dict):
        return "".join(f"<{key}>{xml(item)}</{key}>" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return "".join(f"<item>{xml(item)}</item>" for item in value)
    return str(value).replace("&", "&amp;").replace("<", "&lt;")


def replies(count: int, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return signatures, and replies to them for the three adapters in turn."""
    rng = random.Random(seed)
    specs = [signature(rng) for _ in range(max(1, count // 5))]
    made = []
    for index in range(count):
        at = index % len(specs)
        adapter = ("chat", "json", "xml")[index % 3]
        outputs = values(specs[at], "output", rng)
        made.append(
            {"signature": at, "adapter": adapter, "text": reply(adapter, outputs, rng), "said": outputs}
        )
    return specs, made


def sentence(rng: random.Random) -> str:
    """Return prose, as it stands around replies."""
    return f"Sure! {text(rng)} Here is the answer"
