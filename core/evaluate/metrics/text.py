"""How answers are compared as text: normalising that works for any language, and words to count.

Knows nothing about examples or scores.
"""

from __future__ import annotations

import re
import string
import unicodedata

__all__ = ["fold", "normalize_text", "occurs", "words"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
# Marks that tell answers apart (C and C++, 50 and 50 %), although Unicode calls them punctuation.
_KEPT = frozenset("#%&@*‰§")
_SIGNS = frozenset("-−+")


def fold(
    text: str, *, ignore_case: bool = True, ignore_punctuation: bool = True, ignore_articles: bool = False
) -> str:
    """Return the text as it is compared: compatibility forms, case, punctuation and white space evened out.

    Punctuation goes, dashes and underscores become spaces; what sits inside a number or is its sign stays, so that
    -3.5 and 35 differ. Symbols stay. A text of nothing but punctuation is left as it is.

    Args:
        text: Any text.
        ignore_case: Fold case, as Unicode does (ß and ss are one).
        ignore_punctuation: See above.
        ignore_articles: Drop English a, an, the.
    """
    plain = unicodedata.normalize("NFKC", text)
    if ignore_case:
        plain = unicodedata.normalize("NFKC", plain.casefold())
    if ignore_punctuation:
        plain = _without_punctuation(plain)
    if ignore_articles:
        plain = _ARTICLES.sub(" ", plain)
    return " ".join(plain.split())


def _without_punctuation(text: str) -> str:
    if text.isascii() and text.replace(" ", "").isalnum():
        return text
    kept = "".join(_kept(text, index) for index in range(len(text)))
    return kept if kept.strip() else text


def _kept(text: str, index: int) -> str:
    """What is left of one character."""
    char = text[index]
    category = unicodedata.category(char)
    if (category[0] != "P" and char not in _SIGNS) or char in _KEPT:
        return char
    before = text[index - 1] if index else " "
    after = text[index + 1] if index + 1 < len(text) else " "
    if after.isdigit() and (before.isdigit() or (char in _SIGNS and not before.isalnum())):
        return "-" if char == "−" else char
    if char == "+":
        return char
    return " " if category in ("Pd", "Pc") or char in "−/" else ""


def words(text: str) -> list[str]:
    """Return the words of a folded text; scripts that write none between spaces give characters."""
    found: list[str] = []
    for chunk in text.split():
        if chunk.isascii():
            found.append(chunk)
        else:
            found.extend(_pieces(chunk))
    return found


def _pieces(chunk: str) -> list[str]:
    """Split off characters of scripts written without spaces (CJK, kana, Thai, Lao, Khmer, Burmese)."""
    pieces, current = list[str](), ""
    for char in chunk:
        if _unspaced(char):
            pieces.extend((current, char) if current else (char,))
            current = ""
        elif unicodedata.category(char) in ("Mn", "Mc") and pieces and not current:
            pieces[-1] += char  # a vowel or tone mark belongs to the character before it
        else:
            current += char
    return [*pieces, current] if current else pieces


def _unspaced(char: str) -> bool:
    code = ord(char)
    return unicodedata.category(char) == "Lo" and (
        0x0E00 <= code <= 0x0EFF
        or 0x1000 <= code <= 0x109F
        or 0x1780 <= code <= 0x17FF
        or 0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )


def occurs(inner: str, outer: str, *, whole_words: bool = True) -> bool:
    """Whether a folded text is found inside another; nothing at all is found only in nothing.

    Args:
        inner: What to look for.
        outer: Where to look.
        whole_words: Neither end of a find may cut through a word; scripts without spaces have no such ends.
    """
    if not inner:
        return not outer
    if not whole_words:
        return inner in outer
    start = outer.find(inner)
    while start >= 0:
        end = start + len(inner)
        if not (_cuts(outer[start - 1 : start], inner[0]) or _cuts(inner[-1], outer[end : end + 1])):
            return True
        start = outer.find(inner, start + 1)
    return False


def _cuts(left: str, right: str) -> bool:
    """Whether a boundary between two characters lies inside a word."""
    return all(char and char.isalnum() and not _unspaced(char) for char in (left, right))


def normalize_text(text: str) -> str:
    """Return the text as DSPy's metrics compare it: for English, after Rajpurkar et al. 2016 (SQuAD)."""
    lowered = unicodedata.normalize("NFD", text).lower()
    without = "".join(char for char in lowered if char not in string.punctuation)
    return " ".join(_ARTICLES.sub(" ", without).split())
