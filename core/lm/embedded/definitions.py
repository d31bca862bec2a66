"""What an instruction or a description says of each label.

Knows nothing about inputs or demos. A label's definition is what stands beside its name: `label: …`, `label (…)`,
`use label when …`, `… -> label`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.lm.embedded.text import content_words, humanized

__all__ = ["definitions"]

_CLAUSE = re.compile(r"\n+|(?<=[.!?。；;])\s+|(?<=[。！？])")
_ARROW = re.compile(r"\s*(?:->|→|=>|⇒|=)\s*$")


def definitions(labels: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """Return what `texts` say of each label, joined; labels of which nothing is said are absent."""
    patterns = _patterns(labels)
    found: dict[str, list[str]] = {}
    for text in texts:
        open_label = ""
        for clause in _CLAUSE.split(text):
            clause = clause.strip()
            mentions = _mentions(clause, patterns)
            if not mentions:
                if open_label and clause.startswith(("-", "*", "•", "·")):
                    found.setdefault(open_label, []).append(clause.lstrip("-*•· "))
                continue
            for label, said in _said(clause, mentions):
                found.setdefault(label, []).append(said)
            open_label = mentions[0][2] if len(mentions) == 1 and clause.endswith(":") else ""
    return {label: " . ".join(parts) for label, parts in found.items()}


def _patterns(labels: Sequence[str]) -> list[tuple[str, re.Pattern[str]]]:
    """Return a pattern per label, longest first, so that `card` does not match inside `card arrival`."""
    made: list[tuple[str, re.Pattern[str]]] = []
    for label in sorted(labels, key=len, reverse=True):
        spoken = humanized(label)
        forms = [re.escape(label)]
        if " " in spoken:
            forms.append(r"[\s_-]+".join(re.escape(word) for word in spoken.split()))
        flags = re.IGNORECASE if len(label) > 3 else 0
        made.append((label, re.compile(rf"(?<![\w])(?:{'|'.join(forms)})(?![\w])", flags)))
    return made


def _mentions(clause: str, patterns: list[tuple[str, re.Pattern[str]]]) -> list[tuple[int, int, str]]:
    """Return (begin, end, label) of the labels named in a clause, in order, none inside another."""
    taken: list[tuple[int, int, str]] = []
    for label, pattern in patterns:
        for match in pattern.finditer(clause):
            if all(match.end() <= begin or match.start() >= end for begin, end, _ in taken):
                taken.append((match.start(), match.end(), label))
    return sorted(taken)


def _said(clause: str, mentions: list[tuple[int, int, str]]) -> list[tuple[str, str]]:
    """Share a clause out among the labels it names."""
    if len({label for _, _, label in mentions}) == 1:
        begin, end, label = mentions[0]
        said = f"{clause[:begin]} {clause[end:]}"
        return [(label, said)] if _tells(said) else []
    if not _tells(clause[mentions[0][1] : mentions[1][0]]) and not _defined_after(clause, mentions):
        before = clause[: mentions[0][0]]
        return [(mentions[0][2], before)] if _ARROW.search(before) and _tells(before) else []
    found: list[tuple[str, str]] = []
    for index, (_, end, label) in enumerate(mentions):
        limit = mentions[index + 1][0] if index + 1 < len(mentions) else len(clause)
        said = clause[end:limit]
        if _tells(said):
            found.append((label, said))
    return found


def _defined_after(clause: str, mentions: list[tuple[int, int, str]]) -> bool:
    """Return whether names are followed by a colon, dash, bracket or `=`: a row of definitions, not a list of names."""
    return any(
        re.match(r"[\"'`»)]*\s*(?:[:(=–—：（]|means|if|when|for|-\s)", clause[end:]) for _, end, _ in mentions
    )


def _tells(text: str) -> bool:
    return bool(content_words(text))
