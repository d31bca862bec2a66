"""A seeded grammar of replies as models should not write them.

Knows nothing about adapters: `replies(seed, count)` gives texts, each with the name of its fault.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

GOOD: dict[str, Any] = {
    "reasoning": "Because the user asked, twice.\nAnd politely.",
    "answer": "Paris – la «ville» \U0001f5fc",
    "score": 0.25,
    "label": "billing",
    "tags": ["a", "ü", 'say "hi"'],
    "record": {"name": "Zoë", "age": 7},
    "flag": True,
}
NAMES = list(GOOD)
NASTY = [
    "\x00",
    "\ufeff",
    "\u2028",
    "\r\n",
    "\r",
    "\u202e",
    "\ud800",
    "🏳️‍🌈",
    "ﷺ",
    "\\",
    "{",
    "}",
    "]]",
    "[[ ##",
    "%s",
    "</answer>",
]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def chat(values: dict[str, Any]) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{_text(value)}" for name, value in values.items())
        + "\n\n[[ ## completed ## ]]\n"
    )


def as_json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2)


def _base(rng: random.Random) -> str:
    return rng.choice((chat, as_json))(GOOD)


def truncated(rng: random.Random) -> str:
    text = _base(rng)
    return text[: rng.randrange(len(text))]


def wrong_order(rng: random.Random) -> str:
    names = rng.sample(NAMES, len(NAMES))
    return rng.choice((chat, as_json))({name: GOOD[name] for name in names})


def fenced(rng: random.Random) -> str:
    return f"```{rng.choice(('', 'json', 'text'))}\n{_base(rng)}\n{rng.choice(('```', ''))}"


def with_prose(rng: random.Random) -> str:
    return f"Sure! Here {{it}} is:\n\n{_base(rng)}\n\nLet me know [if] that helps {{}}."


def nasty_characters(rng: random.Random) -> str:
    text = _base(rng)
    for _ in range(rng.randrange(1, 12)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(NASTY) + text[at:]
    return text


def not_finite(rng: random.Random) -> str:
    return _base(rng).replace("0.25", rng.choice(("NaN", "Infinity", "-Infinity", "nan", "1e999", "-0")))


def nested(rng: random.Random) -> str:
    depth = rng.choice((50, 150, 1_000, 10_000))
    deep = rng.choice(
        (
            '{"a":' * depth + "1" + "}" * depth,
            "[" * depth + "]" * depth,
            "[" * depth,
            '{"record":' * depth,
            "(" * depth,
        )
    )
    return rng.choice((chat({**GOOD, "record": deep}), deep, as_json(GOOD).replace("0.25", deep)))


def huge(rng: random.Random) -> str:
    filler = rng.choice(
        (
            "a",
            "[",
            "[[",
            "{",
            "[[ ## ",
            "\n",
            "\\",
            '"',
            "word ",
            "- item\n",
            "[[ ## answer ## ]] ",
            "\n[[ ## answer ## ]]\n",
            "{}",
            "<answer>",
            "a: ",
        )
    )
    return (
        rng.choice(("", chat(GOOD), as_json(GOOD)[:-3]))
        + filler * (5_000_000 // len(filler))
        + rng.choice(("", chat(GOOD)))
    )


def large(rng: random.Random) -> str:
    filler = rng.choice(
        (
            "a",
            "[",
            "[[",
            "{",
            "[[ ## ",
            "\n",
            "\\",
            '"',
            "word ",
            "- item\n",
            "[[ ## answer ## ]] ",
            '{"a": ',
            "'",
            "x: ",
            "<answer>",
            "//",
            "/*",
            " ",
        )
    )
    return rng.choice(("", chat(GOOD)[:-20], as_json(GOOD)[:-3])) + filler * (
        rng.choice((20_000, 49_000, 120_000)) // len(filler)
    )


def empty(rng: random.Random) -> str:
    return rng.choice(
        (
            "",
            " ",
            "\n\n",
            "\t\r\n",
            "\ufeff",
            "{}",
            "[]",
            "null",
            '""',
            "[[ ## completed ## ]]",
            "```\n```",
            "<think>",
        )
    )


def duplicated(rng: random.Random) -> str:
    return rng.choice(
        (
            chat(GOOD) + chat(GOOD),
            chat(GOOD).replace("]]\n", "]]\n[[ ## answer ## ]]\n"),
            '{"answer": 1, "answer": 2}',
            chat({"answer": "x"}) * 3,
        )
    )


def mangled_json(rng: random.Random) -> str:
    text = as_json(GOOD)
    for _ in range(rng.randrange(1, 5)):
        old, new = rng.choice(
            (
                (",\n", "\n"),
                ('"', "'"),
                ("true", "True"),
                ("}", ",}"),
                ("]", ",]"),
                (": ", " = "),
                ('"', "“"),
                ("\n", "\\n"),
                (":", ""),
            )
        )
        text = text.replace(old, new, rng.choice((1, 2, -1)))
    return text


def mangled_markers(rng: random.Random) -> str:
    old, new = rng.choice(
        (
            ("[[ ## ", "[[##"),
            (" ## ]]", "##]]"),
            ("[[ ## ", "**[[ ## "),
            ("answer", "Answer"),
            ("[[ ## ", "  [[ ## "),
            ("## ]]\n", "## ]] "),
            ("[[ ## completed ## ]]", ""),
            ("[[ ## ", "### [[ ## "),
            ("[[", "["),
            ("\n", "\r\n"),
            ("\n\n", " "),
        )
    )
    return chat(GOOD).replace(old, new)


def wrong_values(rng: random.Random) -> str:
    values = dict(GOOD)
    for name in rng.sample(NAMES, rng.randrange(1, 5)):
        values[name] = rng.choice(
            (
                None,
                "",
                "n/a",
                -1,
                10**400,
                [],
                {},
                [[1]],
                {"x": None},
                "yes",
                True,
                "9" * 5000,
                "1,2,3",
                float("inf"),
            )
        )
    return rng.choice((chat, as_json))(values)


def thinking(rng: random.Random) -> str:
    return f"<think>{rng.choice(('hm', chat(GOOD), '[[ ## answer ## ]]'))}{rng.choice(('</think>', ''))}{_base(rng)}"


def noise(rng: random.Random) -> str:
    alphabet = "[]{}#\"':,\\\n abc0123.-<>/*" + "".join(NASTY)
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(400)))


FAULTS: dict[str, Callable[[random.Random], str]] = {
    fault.__name__: fault
    for fault in (
        truncated, wrong_order, fenced, with_prose, nasty_characters, not_finite, nested, large, empty, duplicated,
        mangled_json, mangled_markers, wrong_values, thinking, noise,
    )
}  # fmt: skip


def replies(seed: int, count: int, huge_every: int = 100) -> Iterator[tuple[str, str]]:
    """Give `count` faulty replies, every `huge_every`-th of 5 MB, each with the name of its fault."""
    rng = random.Random(seed)
    names = list(FAULTS)
    for index in range(count):
        name = "huge" if index % huge_every == huge_every - 1 else names[index % len(names)]
        yield name, (huge if name == "huge" else FAULTS[name])(rng)
