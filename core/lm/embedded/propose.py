"""Writes instructions, rules and descriptions of a task from the examples it is shown.

Knows nothing about optimizers. What it writes is what an in-context learner can use: for every label the words that
distinguish its examples, for open answers their format. Without examples it recombines the instructions it is given.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from core.lm.embedded.candidates import kind_of
from core.lm.embedded.context import Context
from core.lm.embedded.options import Option, Sampler
from core.lm.embedded.passages import as_items
from core.lm.embedded.shown import Shown, shown_examples
from core.lm.embedded.task import Slot, Task
from core.lm.embedded.text import humanized, is_function_word, sentences, words

__all__ = ["is_proposal", "solve_proposal"]

_INSTRUCTION = {"instruction", "instructions", "prompt", "rules", "rule", "guidelines", "anweisung"}
_ABOUT = {"observations", "observation", "summary", "insights", "hints", "trends", "dataset", "task"}
_ABOUT_INPUTS = {
    "examples",
    "observations",
    "dataset",
    "data",
    "demos",
    "trajectory",
    "trajectories",
    "samples",
    "program",
}
_MENTIONS = (6, 8, 10, 14)
_WAYS = (
    "Decide by the words that the input shares with each label's name and definition.",
    "Weigh rare words above common ones; the rarest word of the input decides.",
    "Compare the input with each possibility before you choose, and choose the nearest.",
    "Copy the answer from the input, in its own words, and add nothing.",
)


def is_proposal(task: Task, slot: Slot) -> bool:
    """Return whether a field asks for an instruction, or for what examples have in common."""
    if slot.shape.kind not in {"str", "list", "any"}:
        return False
    own = set(humanized(slot.name).split())
    if own & _INSTRUCTION or own & {"prefix"}:
        return True
    inputs = {part for name in task.given for part in humanized(name).split()}
    described = slot.name.endswith(("_description", "description")) and bool(inputs & {"program", "module"})
    return described or bool(own & _ABOUT and inputs & _ABOUT_INPUTS)


def solve_proposal(context: Context, slot: Slot) -> list[Option]:
    """Return one text; at a temperature above 0 its length, its words and their order are drawn."""
    task, sampler = context.task, context.sampler
    own = set(humanized(slot.name).split())
    if "prefix" in own:
        return _prefixes(task)
    base = _base(task, sampler)
    held = _held(task)
    shown = shown_examples(_material(task))
    if shown or held:
        said = _from_examples(base if own & _INSTRUCTION else "", shown, held, sampler)
    elif own & _INSTRUCTION:
        said = _recombined(task, base, sampler)
    else:
        said = " ".join(value for value in task.given.values() if value.strip()) or "Nothing is known."
    option = Option(said, 0.0, f"{len(shown)} examples were shown" if shown else "no examples were shown")
    if slot.shape.kind == "list":
        return [replace(option, value=[line for line in said.splitlines() if line])]
    return [option]


def _material(task: Task) -> list[str]:
    """Return the values that may hold examples, without the definitions that an earlier proposal wrote."""
    return [
        _DEFINITION.sub("", value)
        for name, value in task.given.items()
        if not set(humanized(name).split()) & (_INSTRUCTION | {"code", "tip", "module"})
    ]


def _held(task: Task) -> dict[str, list[str]]:
    """Return the definitions that the values already hold, label by label."""
    found: dict[str, list[str]] = {}
    for value in task.given.values():
        for label, said in _definitions(value).items():
            found.setdefault(label, []).extend(said)
    return {label: list(dict.fromkeys(said)) for label, said in found.items()}


def _prefixes(task: Task) -> list[Option]:
    found = [
        match[1].strip()
        for value in task.given.values()
        for match in re.finditer(r"Prefix #\d+: ([^\n»]+)", value)
    ]
    return [
        Option(text, -0.5 * index)
        for index, text in enumerate(dict.fromkeys([*reversed(found), "Answer:", "The answer is:"]))
    ]


def _base(task: Task, sampler: Sampler) -> str:
    """Return the instruction to start from: the given one, or the best of those tried."""
    tried = _tried(task)
    if tried:
        return sampler.pick([Option(text, score / 5.0) for text, score in tried]).value
    for name, value in task.given.items():
        own = set(humanized(name).split())
        if own & _INSTRUCTION and own & {
            "basic",
            "current",
            "base",
            "original",
            "instruction",
            "old",
            "previous",
        }:
            return value.strip()
    return ""


def _tried(task: Task) -> list[tuple[str, float]]:
    """Return instructions with their scores, where a prompt lists attempts."""
    found: list[tuple[str, float]] = []
    for value in task.given.values():
        text = "\n".join(as_items(value))
        pattern = r"Instruction #(\d+): (.*?)(?=\n?(?:Prefix #|Resulting Score #|Instruction #)|\Z)"
        scores = dict(re.findall(r"Resulting Score #(\d+): (-?[\d.]+)", text))
        matches = re.finditer(pattern, text, re.DOTALL)
        found += [(match[2].strip(), float(scores.get(match[1], 0.0))) for match in matches]
    return found


def _recombined(task: Task, base: str, sampler: Sampler) -> str:
    """Join what the instructions at hand say, and a way of working."""
    parts = sentences(base) or [task.instruction]
    others = [sentence for text, _ in _tried(task) for sentence in sentences(text)]
    others += [s for name, value in task.given.items() if "description" in name for s in sentences(value)]
    pool = [sentence for sentence in dict.fromkeys([*others, *_WAYS]) if sentence not in parts]
    extra = (
        sampler.pick([Option(sentence, -0.2 * index) for index, sentence in enumerate(pool)]).value
        if pool
        else ""
    )
    return "\n".join([*parts, extra]).strip()


def _from_examples(base: str, shown: Sequence[Shown], held: dict[str, list[str]], sampler: Sampler) -> str:
    """Write what the examples teach, field by field, below the instruction to start from."""
    names = list(dict.fromkeys(name for example in shown for name in example.outputs))
    kept = _without_definitions(base)
    lines = [kept] if kept else []
    written = False
    for name in names:
        if humanized(name) in {"reasoning", "rationale"}:
            continue
        rows = [(example.text, example.outputs[name].strip()) for example in shown if name in example.outputs]
        labels = Counter(value for _, value in rows)
        closed = len(labels) >= 2 and (
            len(labels) <= 0.7 * len(rows) or (max(map(len, labels)) <= 30 and _is_code(labels))
        )
        if closed and max(map(len, labels)) <= 60:
            lines += _label_lines(rows, held, sampler)
            written = True
        else:
            lines.append(_format_line(name, [value for _, value in rows]))
    if held and not written:
        lines += _label_lines([], held, sampler)
    return "\n".join(lines)


def _is_code(labels: Counter[str]) -> bool:
    return all(re.fullmatch(r"[\w-]+", label) and ("_" in label or label.islower()) for label in labels)


_DEFINITION = re.compile(r"^[-*] ?[`\"]?([^\n:`\"]{1,60})[`\"]?: mentions ([^\n]+)$", re.MULTILINE)


def _definitions(base: str) -> dict[str, list[str]]:
    """Return the words that an instruction of ours already gives of each label."""
    return {
        match[1]: [word.strip() for word in match[2].rstrip(".").split(",")]
        for match in _DEFINITION.finditer(base)
    }


def _without_definitions(base: str) -> str:
    return re.sub(r"\n{2,}", "\n", _DEFINITION.sub("", base)).strip()


def _label_lines(rows: Sequence[tuple[str, str]], held: dict[str, list[str]], sampler: Sampler) -> list[str]:
    """Return a line per label with the words that distinguish it; words known before are kept."""
    most = int(sampler.pick([Option(number, 0.0 if number == 10 else -0.5) for number in _MENTIONS]).value)
    telling = _telling(rows, sampler)
    lines: list[str] = []
    for label in dict.fromkeys([*held, *sorted({value for _, value in rows})]):
        found = [*telling.get(label, [])[:most], *_kept(held.get(label, []), sampler)]
        if found:
            lines.append(f"- {label}: mentions {', '.join(dict.fromkeys(found))}")
    return lines


def _kept(said: list[str], sampler: Sampler) -> list[str]:
    """Return words known before: all at temperature 0, else most of them, drawn."""
    draw = (Option(True, 1.5), Option(False, 0.0))
    return [word for word in said if sampler.pick(draw).value]


def _telling(rows: Sequence[tuple[str, str]], sampler: Sampler) -> dict[str, list[str]]:
    """Return the words and pairs of each label, the most telling first: frequent in it, rare in the others."""
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    overall: Counter[str] = Counter()
    for text, label in rows:
        terms = _terms(text)
        inside[label].update(terms)
        overall.update(terms)
    found: dict[str, list[str]] = {}
    for label, counts in inside.items():
        options = [
            Option(term, count * count / overall[term] + 0.05 * (" " in term))
            for term, count in sorted(counts.items())
        ]
        ordered = sorted(options, key=lambda option: -option.score)
        found[label] = [str(option.value) for option in _shuffled(ordered, sampler)]
    return found


def _shuffled(options: list[Option], sampler: Sampler) -> list[Option]:
    """Draw an order: the given one at temperature 0."""
    if sampler.temperature <= 0:
        return options
    pool, order = options[:30], []
    while pool:
        chosen = sampler.pick([Option(index, 3.0 * option.score) for index, option in enumerate(pool)])
        order.append(pool.pop(int(chosen.value)))
    return order


def _terms(text: str) -> set[str]:
    own = words(text)
    single = {word for word in own if not is_function_word(word)}
    pairs = {
        f"{a} {b}" for a, b in itertools.pairwise(own) if not (is_function_word(a) or is_function_word(b))
    }
    return single | pairs


def _words(count: int) -> str:
    return "one word" if count == 1 else f"{count} words"


def _format_line(name: str, values: Sequence[str]) -> str:
    """Say what the answers of an open field look like."""
    lengths = sorted(len(value.split()) for value in values)
    kinds = Counter(kind_of(value) for value in values if value)
    usual = kinds.most_common(1)[0][0] if kinds else "phrase"
    spread = f"{lengths[0]} to {lengths[-1]} words" if lengths[0] != lengths[-1] else _words(lengths[0])
    lower = " in lower case" if values and all(value == value.lower() for value in values) else ""
    return f"Give {humanized(name)} as a {usual} of {spread}{lower}, for example {values[0]!r}."
