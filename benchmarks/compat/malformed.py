"""A seeded grammar of replies as models should not write them: 12 signatures, three layouts, some 50 faults.

Knows nothing about adapters. Each reply comes with what it says, where that can still be told: `said` is None for one
that was cut in the middle, altered or is noise; then only the kind of the outcome counts.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.compat.cases import values, written, xml
from benchmarks.compat.values import text

SIGNATURES: list[dict[str, Any]] = [
    {"instructions": "Do it.", "fields": [{"name": "question", "role": "input", "type": "str", "desc": ""}]
     + [{"name": name, "role": "output", "type": kind, "desc": ""} for name, kind in outputs.items()]}
    for outputs in (
        {"answer": "str"},
        {"reasoning": "str", "answer": "str"},
        {"reasoning": "str", "score": "float", "passed": "bool"},
        {"urgency": "Literal['low', 'medium', 'high']", "mood": "Mood"},
        {"summary": "str", "tags": "list[str]", "count": "int"},
        {"person": "Person"},
        {"people": "list[Person]", "verdict": "str"},
        {"order": "Order", "note": "str"},
        {"sizes": "dict[str, int]", "title": "str", "due": "date"},
        {"numbers": "list[int]"},
        {"first_name": "str", "age": "Optional[int]", "nick_name": "Optional[str]"},
        {"reasoning": "str", "answer": "str", "score": "float", "label": "Literal['low', 'medium', 'high']",
         "tags": "list[str]", "record": "Person", "flag": "bool"},
    )
]  # fmt: skip


@dataclass(frozen=True)
class Reply:
    """One reply.

    Attributes:
        signature: Index into `SIGNATURES`.
        adapter: Whose layout was asked for.
        said: The outputs that it says, as JSON data; None where that cannot be told.
    """

    signature: int
    adapter: str
    fault: str
    text: str
    said: dict[str, Any] | None


Values = dict[str, Any]
Fault = Callable[[random.Random, Values], str]
NASTY = (
    "\x00", "\ufeff", "\u2028", "\r\n", "\u202e", "\ud800", "ﷺ", "\\", "{", "}", "]]", "[[##", "%s", "</answer>",
    "<item>",
    '"', "'", "“", "`", "//", " ",
)  # fmt: skip


def chat(said: Values) -> str:
    """Return a good reply in marked sections."""
    sections = [f"[[ ## {name} ## ]]\n{written(value)}" for name, value in said.items()]
    return "\n\n".join((*sections, "[[ ## completed ## ]]\n"))


def as_json(said: Values) -> str:
    """Return a good reply as JSON."""
    return json.dumps(said, ensure_ascii=False, indent=2)


def as_xml(said: Values) -> str:
    """Return a good reply between tags."""
    return "\n\n".join(f"<{name}>{xml(value)}</{name}>" for name, value in said.items())


GOOD: dict[str, Callable[[Values], str]] = {"chat": chat, "json": as_json, "xml": as_xml}


def _swap(old: str, new: str, times: int = -1) -> Callable[[str], str]:
    return lambda reply: reply.replace(old, new, times)


def _python(said: Values) -> str:
    return repr(said)


def _outside_strings(reply: str, change: Callable[[str], str]) -> str:
    """Change JSON text outside its strings."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', reply)
    return "".join(part if part.startswith('"') else change(part) for part in parts)


def _inside_strings(reply: str, change: Callable[[str], str]) -> str:
    parts = re.split(r'("(?:[^"\\]|\\.)*")', reply)
    return "".join(f'"{change(part[1:-1])}"' if part.startswith('"') else part for part in parts)


def _bare_keys(reply: str) -> str:
    return re.sub(r'"(\w+)": ', r"\1: ", reply)


def _commented(reply: str) -> str:
    return re.sub(r",\n", ",  // as asked\n", reply)


# What leaves the sense of a reply as it is: (layouts it is for, the change).
KEPT: dict[str, tuple[tuple[str, ...], Callable[[random.Random, str], str]]] = {
    "fenced": (("chat", "json", "xml"), lambda r, t: f"```{r.choice(('', 'json', 'text', 'xml'))}\n{t.strip()}\n```"),
    "prose before": (("chat", "json", "xml"), lambda r, t: f"Sure! {text(r)} Here it is:\n\n{t}"),
    "prose after": (("chat", "json", "xml"), lambda r, t: f"{t}\n\nLet me know if that helps."),
    "prose with braces": (("chat", "json", "xml"), lambda r, t: f"I use {{this form}} and [that]:\n{t}"),
    "thinking": (("chat", "json", "xml"), lambda r, t: f"<think>\nhm, {text(r)}\n</think>\n\n{t}"),
    "said twice": (("chat", "json", "xml"), lambda r, t: f"{t}\n\n{t}"),
    "byte order mark": (("chat", "json", "xml"), lambda r, t: f"\ufeff{t}"),
    "carriage returns": (("chat", "xml"), lambda r, t: t.replace("\n", "\r\n")),
    "no closing marker": (("chat",), lambda r, t: t.replace("[[ ## completed ## ]]", "").rstrip()),
    "markers in other case": (("chat",), lambda r, t: re.sub(r"## (\w+) ##", lambda m: f"## {m[1].upper()} ##", t)),
    "markers without blanks": (("chat",), lambda r, t: t.replace("[[ ## ", "[[##").replace(" ## ]]", "##]]")),
    "markers in bold": (("chat",), lambda r, t: re.sub(r"(\[\[ ## \w+ ## \]\])", r"**\1**", t)),
    "markers as headings": (("chat",), lambda r, t: t.replace("[[ ## ", "### [[ ## ")),
    "markers indented": (("chat",), lambda r, t: t.replace("[[ ## ", "  [[ ## ")),
    "values behind markers": (("chat",), lambda r, t: t.replace(" ## ]]\n", " ## ]] ")),
    "marker said twice": (("chat",), lambda r, t: re.sub(r"(\[\[ ## \w+ ## \]\]\n)", r"\1\1", t, count=1)),
    "one hash": (("chat",), lambda r, t: t.replace(" ## ", " # ")),
    "single quotes": (("json",), lambda r, t: _python(json.loads(t))),
    "trailing commas": (("json",), lambda r, t: _outside_strings(t, lambda s: re.sub(r"\n(\s*[}\]])", r",\n\1", s))),
    "missing commas": (("json",), lambda r, t: _outside_strings(t, lambda s: s.replace(",\n", "\n"))),
    "comments": (("json",), lambda r, t: _outside_strings(t, _commented)),
    "bare keys": (("json",), lambda r, t: _bare_keys(t)),
    "typographic quotes": (("json",), lambda r, t: re.sub(r'"((?:[^"\\]|\\.)*)"', r"“\1”", t)),
    "raw line breaks": (("json",), lambda r, t: _inside_strings(t, lambda s: re.sub(r"(?<!\\)\\n", "\n", s))),
    "raw quotes": (("json",), lambda r, t: _inside_strings(t, _swap('\\"', '"'))),
    "raw tabs": (("json",), lambda r, t: _inside_strings(t, lambda s: re.sub(r"(?<!\\)\\t", "\t", s))),
    "python words": (("json",), lambda r, t: _outside_strings(
        t, lambda s: s.replace("true", "True").replace("false", "False").replace("null", "None"))),
    "closing brackets missing": (("json",), lambda r, t: t.rstrip("}] \n")),
    "one bracket too many": (("json",), lambda r, t: f"{t}\n}}"),
    "written as a text": (("json",), lambda r, t: json.dumps(t)),
    "line breaks as \\n": (("json",), lambda r, t: _outside_strings(t, _swap("\n", "\\n"))),
    "alone in a list": (("json",), lambda r, t: f"[{t}]"),
    "under a name": (("json",), lambda r, t: f'{{"{r.choice(("result", "output", "response"))}": {t}}}'),
    "keys in other case": (("json",), lambda r, t: re.sub(
        r'^  "(\w+)":', lambda m: f'  "{m[1].replace("_", " ").title()}":', t, flags=re.MULTILINE)),
    "a key too many": (("json",), lambda r, t: t.replace("{", '{\n  "confidence": "high",', 1)),
    "equals signs": (("json",), lambda r, t: _outside_strings(t, _swap(": ", " = "))),
    "schema quoted first": (("json",), lambda r, t: f'The schema is {{"type": "object"}}.\n{t}'),
    "no outer braces": (("json",), lambda r, t: t.strip().removeprefix("{").removesuffix("}").strip()),
    "non-breaking blanks": (("json",), lambda r, t: _outside_strings(t, _swap("  ", "\u00a0\u00a0"))),
    "tags in other case": (("xml",), lambda r, t: re.sub(
        r"<(/?)(?!\w_key)(\w\w+)>", lambda m: f"<{m[1]}{m[2].title()}>", t)),
    "inside a root": (("xml",), lambda r, t: f"<response>\n{t}\n</response>"),
    "with a declaration": (("xml",), lambda r, t: f'<?xml version="1.0" encoding="UTF-8"?>\n{t}'),
    "attributes": (("xml",), lambda r, t: re.sub(r"<(\w+)>", r'<\1 type="value">', t, count=1)),
    "entities left raw": (("xml",), lambda r, t: t.replace("&amp;", "&")),
    "pretty printed": (("xml",), lambda r, t: t.replace("><", ">\n  <")),
    "last tag open": (("xml",), lambda r, t: re.sub(r"</\w+>\s*$", "", t)),
}  # fmt: skip


def _truncated(rng: random.Random, adapter: str, said: Values) -> str:
    reply = GOOD[adapter](said)
    return reply[: rng.randrange(len(reply))]


def _without_one(rng: random.Random, adapter: str, said: Values) -> str:
    return GOOD[adapter]({name: said[name] for name in list(said) if name != rng.choice(list(said))})


def _wrong_types(rng: random.Random, adapter: str, said: Values) -> str:
    odd = (None, "", "n/a", -1, 10**400, [], {}, [[1]], {"x": None}, "yes", True, "9" * 5000, float("inf"))
    return GOOD[adapter](
        {name: rng.choice(odd) if rng.random() < 0.6 else value for name, value in said.items()}
    )


def _nasty(rng: random.Random, adapter: str, said: Values) -> str:
    reply = GOOD[adapter](said)
    for _ in range(rng.randrange(1, 12)):
        at = rng.randrange(len(reply))
        reply = reply[:at] + rng.choice(NASTY) + reply[at:]
    return reply


def _confusable(rng: random.Random, adapter: str, said: Values) -> str:
    pairs = (
        ("[[", "［［"),
        ("]]", "］］"),
        ("##", "＃＃"),
        ('"', "＂"),
        (":", "："),
        ("<", "＜"),
        ("a", "а"),
        (",", "，"),
    )
    reply = GOOD[adapter](said)
    for old, new in rng.sample(pairs, 2):
        reply = reply.replace(old, new)
    return reply


def _deep(rng: random.Random, adapter: str, said: Values) -> str:
    depth = rng.choice((50, 150, 1_000, 10_000))
    deep = rng.choice(
        (
            '{"a":' * depth + "1" + "}" * depth,
            "[" * depth + "]" * depth,
            "[" * depth,
            "<item>" * depth,
            "(" * depth,
        )
    )
    return rng.choice((deep, GOOD[adapter](said).replace(":", f": {deep}", 1), GOOD[adapter](said) + deep))


def _large(rng: random.Random, adapter: str, said: Values) -> str:
    filler = rng.choice(
        (*NASTY, "a", "[[ ## ", "\n", '{"a": ', "<answer>", "</", "<a ", "<!--", "&", "- item\n", "x: ", " ")
    )
    reply = GOOD[adapter](said)
    return rng.choice(("", reply[:-20])) + filler * (
        rng.choice((5_000, 20_000, 49_000)) // max(1, len(filler))
    )


def _noise(rng: random.Random, adapter: str, said: Values) -> str:
    del adapter, said
    alphabet = "[]{}#\"':,\\\n abc0123.-<>/*&;" + "".join(NASTY)
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(400)))


def _empty(rng: random.Random, adapter: str, said: Values) -> str:
    del adapter, said
    return rng.choice(
        (
            "",
            " ",
            "\n\n",
            "\ufeff",
            "{}",
            "[]",
            "null",
            '""',
            "[[ ## completed ## ]]",
            "```\n```",
            "<think>",
            "</>",
        )
    )


LOST: dict[str, Callable[[random.Random, str, Values], str]] = {
    "truncated": _truncated,
    "a field missing": _without_one,
    "wrong types": _wrong_types,
    "nasty characters": _nasty,
    "confusable characters": _confusable,
    "deep": _deep,
    "large": _large,
    "noise": _noise,
    "empty": _empty,
}


def _other_layout(rng: random.Random, adapter: str, said: Values) -> str:
    return GOOD[rng.choice([name for name in GOOD if name != adapter])](said)


def _other_order(rng: random.Random, adapter: str, said: Values) -> str:
    return GOOD[adapter]({name: said[name] for name in rng.sample(list(said), len(said))})


def _labels(rng: random.Random, adapter: str, said: Values) -> str:
    del adapter
    bold = rng.choice(("", "**"))
    return "\n".join(
        f"{bold}{name.replace('_', ' ').capitalize()}:{bold} {written(value)}" for name, value in said.items()
    )


def _python_values(rng: random.Random, adapter: str, said: Values) -> str:
    del rng
    shown = {name: repr(value) if isinstance(value, (dict, list)) else value for name, value in said.items()}
    return chat(shown) if adapter == "chat" else as_xml({name: str(value) for name, value in shown.items()})


RETOLD: dict[str, tuple[tuple[str, ...], Callable[[random.Random, str, Values], str]]] = {
    "another layout": (("chat", "json", "xml"), _other_layout),
    "another order": (("chat", "json", "xml"), _other_order),
    "labels": (("chat",), _labels),
    "python values": (("chat", "xml"), _python_values),
}

FAULTS: list[tuple[str, str]] = [
    *((adapter, fault) for fault, (layouts, _) in KEPT.items() for adapter in layouts),
    *((adapter, fault) for fault, (layouts, _) in RETOLD.items() for adapter in layouts),
    *((adapter, fault) for fault in LOST for adapter in GOOD),
]


def replies(count: int, seed: int) -> Iterator[Reply]:
    """Give so many replies; every fault of every layout in turn, the signatures in turn within them."""
    rng = random.Random(seed)
    for index in range(count):
        adapter, fault = FAULTS[index % len(FAULTS)]
        at = (index // len(FAULTS) + index) % len(SIGNATURES)
        said = values(SIGNATURES[at], "output", rng)
        if fault in LOST:
            yield Reply(at, adapter, fault, LOST[fault](rng, adapter, said), None)
        elif fault in RETOLD:
            yield Reply(at, adapter, fault, RETOLD[fault][1](rng, adapter, said), said)
        else:
            yield Reply(at, adapter, fault, KEPT[fault][1](rng, GOOD[adapter](said)), said)
