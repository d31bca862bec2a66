"""Free text: taken from the input, never made up.

Knows nothing about questions; it takes what the input itself says most, at about the length that demos teach.
"""

from __future__ import annotations

from core.lm.embedded.context import Context
from core.lm.embedded.options import Option
from core.lm.embedded.task import Slot
from core.lm.embedded.text import content_words, humanized, sentences
from core.lm.embedded.vectors import Weights, dot, features, normalized

__all__ = ["solve_freetext"]


def solve_freetext(context: Context, slot: Slot) -> list[Option]:
    """Return sentences of the input, those nearest its middle and the field's name first."""
    task = context.task
    found = sentences(task.text)
    if not found:
        return [Option("", 0.0, "the input is empty")]
    raw = [features(sentence) for sentence in found]
    weights = Weights(raw)
    vectors = [weights.weigh(one) for one in raw]
    middle: dict[str, float] = {}
    for vector in vectors:
        for key, value in vector.items():
            middle[key] = middle.get(key, 0.0) + value
    middle = normalized(middle)
    wish = normalized(features(f"{humanized(slot.name)} {slot.description}"))
    lengths = [len(content_words(value)) for _, value in task.taught(slot.name)]
    options = [
        Option(
            _cut(sentence, lengths),
            3.0 * dot(vector, middle) + 2.0 * dot(normalized(one), wish) - 0.05 * index,
            f'the input says "{sentence}"',
            sentence,
        )
        for index, (sentence, vector, one) in enumerate(zip(found, vectors, raw, strict=True))
    ]
    return sorted(options, key=lambda option: -option.score)


def _cut(sentence: str, lengths: list[int]) -> str:
    """Shorten a sentence to about the length of the demos' answers, where those are much shorter."""
    if not lengths:
        return sentence
    usual = sorted(lengths)[len(lengths) // 2]
    parts = sentence.split()
    return " ".join(parts[: max(usual * 2, 3)]) if usual and len(parts) > 3 * usual + 3 else sentence
