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
# Vowel points of Hebrew and Arabic, which writers may leave out, and the stroke that stretches Arabic words.
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u0652\u0670]"
)
_FORMS_WITHOUT_MEANING = (
    "<wide>",
    "<narrow>",
    "<compat>",
    "<initial>",
    "<medial>",
    "<final>",
    "<isolated>",
    "<font>",
)


def fold(
    text: str, *, ignore_case: bool = True, ignore_punctuation: bool = True, ignore_articles: bool = False
) -> str:
    """Return the text as it is compared: forms, case, punctuation and white space evened out.

    Punctuation goes, dashes and underscores become spaces; what sits inside a number or is its sign stays, so that
    -3.5 and 35 differ. Symbols stay. A text of nothing but punctuation is left as it is.

    Args:
        text: Any text.
        ignore_case: Fold case, as Unicode does (ß and ss are one).
        ignore_punctuation: See above.
        ignore_articles: Drop English a, an, the.
    """
    plain = text if text.isascii() else _evened(text)
    if ignore_case:
        plain = plain.casefold() if plain.isascii() else unicodedata.normalize("NFC", plain.casefold())
    if ignore_punctuation:
        plain = _without_punctuation(plain)
    if ignore_articles:
        plain = _ARTICLES.sub(" ", plain)
    return " ".join(plain.split())


def _evened(text: str) -> str:
    """Even out forms, points and digits of any script; ² and ½ stay what they are."""
    plain = "".join(_digit(char) for char in unicodedata.normalize("NFC", text) if not _POINTS.match(char))
    return unicodedata.normalize("NFC", _plain_forms(plain))


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


def normalize_text(s: str) -> str:
    """Return the text as DSPy's metrics compare it, after Rajpurkar et al. 2016 (SQuAD).

    Lower case, no ASCII punctuation, no articles, single spaces; decomposed (NFD). Where all letters are ASCII that is
    all, and equal to DSPy's to the letter. A text with other letters is also folded as its language asks: case folded,
    full-width and ligature forms plain, any script's punctuation and digits evened out, vowel points that writers
    leave out (Arabic, Hebrew) dropped. Accents stay: they tell words apart.
    """
    decomposed = unicodedata.normalize("NFD", s)
    if s.isascii() or _has_only_ascii_letters(decomposed):
        without = "".join(char for char in decomposed.lower() if char not in string.punctuation)
        return " ".join(_ARTICLES.sub(" ", without).split())
    folded = unicodedata.normalize("NFD", _plain_forms(decomposed).casefold())
    kept = (_digit(char) for char in folded if not _is_silent(char))
    return " ".join(word for word in "".join(kept).split() if not _ARTICLES.fullmatch(word))


def _has_only_ascii_letters(text: str) -> bool:
    return all(char.isascii() or unicodedata.category(char)[0] not in "LM" for char in text)


def _plain_forms(text: str) -> str:
    """Replace width, ligature and presentation forms; ² and ½ are other values than 2 and 1/2 and stay."""
    return "".join(
        unicodedata.normalize("NFKD", char)
        if unicodedata.decomposition(char).startswith(_FORMS_WITHOUT_MEANING)
        else char
        for char in text
    )


def _is_silent(char: str) -> bool:
    return (
        char in string.punctuation
        or unicodedata.category(char)[0] == "P"
        or unicodedata.category(char) == "Cf"
        or _POINTS.match(char) is not None
    )


def _digit(char: str) -> str:
    return char if char.isascii() else str(unicodedata.decimal(char, char))
