"""Text as the embedded model sees it: words, sentences, character n-grams, and the stated rule for counting tokens.

Knows nothing about tasks or prompts. Splits by Unicode properties; the one list of function words serves only to
weigh words down, never to drop a language.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from core.lm.embedded.function_words import FUNCTION_WORDS
from core.wire.tokens import normalized, tokens

__all__ = ["content_words", "count_tokens", "grams", "is_function_word", "plain", "sentences", "words"]


_SENTENCE_END = re.compile("(?<=[.!?…])[\"'”’»)\\]]*(?=\\s+[^\\sa-z])|(?<=[。！？؟।])|\\n")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|No|Nr|vs|etc|ca|approx|e\.g|i\.e|z\.B|d\.h|bzw|Mt|Ft)\.$"
)


def words(text: str) -> list[str]:
    """Return the comparable words of `text` in order; scripts without spaces give characters and their pairs."""
    return tokens(text)


def is_function_word(word: str) -> bool:
    """Return whether a word rather joins than names; single ASCII letters count as such."""
    return word in FUNCTION_WORDS or (len(word) == 1 and "a" <= word <= "z")


def content_words(text: str) -> list[str]:
    """Return the words of `text` that name something."""
    return [word for word in words(text) if not is_function_word(word)]


def plain(text: str) -> str:
    """Return `text` as words joined by spaces: the form in which two spellings are one."""
    return " ".join(tokens(text))


@lru_cache(maxsize=20_000)
def grams(word: str, shortest: int = 3, longest: int = 5) -> tuple[str, ...]:
    """Return the character n-grams of a word with its ends marked."""
    marked = f"<{word}>"
    return tuple(
        marked[start : start + size]
        for size in range(shortest, longest + 1)
        for start in range(len(marked) - size + 1)
    )


def humanized(name: str) -> str:
    """Return a name in code as words: `card_arrival`, `cardArrival` and `Card-Arrival` all give `card arrival`."""
    spaced = re.sub(r"(?<=[a-zß-ÿ0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[_\-/.\s]+", " ", spaced).strip().casefold()


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`, in order, stripped; a line break ends one too."""
    found: list[str] = []
    held = ""
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        piece = held + text[begin : match.end()]
        begin = match.end()
        if "\n" not in match.group() and _ABBREVIATION.search(piece.rstrip()):
            held = piece
            continue
        held = ""
        found.append(piece.strip())
    found.append((held + text[begin:]).strip())
    return [sentence for sentence in found if sentence]


def count_tokens(text: str) -> int:
    """Return the tokens of `text` by this model's rule.

    A run of letters or digits is one token per four characters begun; a character of a script without spaces and
    every other visible character is one token; white space is free.
    """
    count = run = 0
    for character in text:
        if character.isalnum() and not _wide(character):
            run += 1
            continue
        count += (run + 3) // 4
        run = 0
        if not character.isspace():
            count += 1
    return count + (run + 3) // 4


def _wide(character: str) -> bool:
    return character > "\u2e7f" and unicodedata.east_asian_width(character) in "WF"


def same(left: str, right: str) -> bool:
    """Return whether two texts are equal but for case, width and white space."""
    return normalized(left).split() == normalized(right).split()
