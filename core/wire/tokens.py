"""Splits text of any language into comparable word tokens, by Unicode properties alone.

Knows nothing about English: no stemming, no stop words, no word lists. Standard library only, and it imports
no sibling, so an exported script can carry this file verbatim.
"""

from __future__ import annotations

import re
import unicodedata

# Scripts written without spaces between words, plus Hangul, whose particles are glued to the noun. The ranges
# are those of the Unicode block charts; U+0E40..U+0EFF and friends include the vowel signs of each script.
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u1100-\u11ff\uac00-\ud7ff"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese kana and iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0003ffff"  # Han extensions
    "]+"
)
_PLAIN_WORD = re.compile("[a-z0-9]+")
# Letters that carry their stroke or ligature inside and so never come apart in Unicode's decompositions.
_SOLID = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
)
# Scripts whose marks a writer may leave out (accents, breathings, vowel points). In the Indic scripts and the
# unspaced ones a mark is half of the letter: there nothing is dropped.
_MARKS_OPTIONAL = re.compile(
    "["
    "a-z\u00c0-\u024f\u1e00-\u1eff"  # Latin
    "\u0370-\u03ff\u1f00-\u1fff"  # Greek
    "\u0400-\u052f"  # Cyrillic
    "\u0590-\u05ff"  # Hebrew
    "\u0600-\u06ff\u0750-\u077f"  # Arabic
    "]"
)
_TATWEEL = "\u0640"  # stretches an Arabic word, says nothing
_ZERO_WIDTH_SPACE = "\u200b"


def normalized(text: str) -> str:
    """Return the form in which two spellings of one text are equal: NFKC, then case folding, then NFKC again."""
    if text.isascii():
        return text.lower()
    # Folding can leave a sequence that composes again (Unicode 15, section 3.13, NFKC_Casefold).
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def tokens(text: str) -> list[str]:
    """Return the word tokens of ``text`` in reading order.

    A token is a run of letters, the marks on them, and digits. Runs in a script without spaces become their
    single characters and their character pairs, so that any word inside them can be found.
    """
    text = normalized(text)
    if text.isascii():
        return _PLAIN_WORD.findall(text)
    found: list[str] = []
    for word in _words(text):
        if _UNSPACED.search(word):
            found += _unspaced_tokens(word)
        else:
            found.append(word)
    return found


def search_tokens(text: str) -> list[str]:
    """Return the tokens under which a text is found: ``tokens``, and after each its plainer spelling, if it has one.

    Plainer is a word without accents, vowel points or strokes, and with digits 0 to 9: "café" gives ``café cafe``. A
    query without accents so finds the accented word, and one with them prefers the exact spelling.
    """
    if text.isascii():
        return tokens(text)
    found: list[str] = []
    for token in tokens(text):
        found.append(token)
        plain = token if token.isascii() else plain_spelling(token)
        if plain and plain != token:
            found.append(plain)
    return found


def plain_spelling(word: str) -> str:
    """Return a normalised word without the marks that may be left out where its script is written by hand."""
    parts: list[str] = []
    base_is_free = False
    for character in unicodedata.normalize("NFD", word):
        category = unicodedata.category(character)
        if category == "Nd":
            character = str(unicodedata.decimal(character))
        elif category[0] == "M":
            if base_is_free:
                continue
        else:
            base_is_free = _MARKS_OPTIONAL.match(character) is not None
            if character == _TATWEEL:
                continue
        parts.append(character)
    return unicodedata.normalize("NFC", "".join(parts)).translate(_SOLID)


def _words(text: str) -> list[str]:
    """Split at everything that is no letter, mark or digit; invisible format characters vanish."""
    table: dict[int, str | None] = {}
    for character in set(text):
        category = unicodedata.category(character)
        if category == "Cf" and character != _ZERO_WIDTH_SPACE:
            table[ord(character)] = None
        elif category[0] not in "LMN":
            table[ord(character)] = " "
    return text.translate(table).split()


def _unspaced_tokens(word: str) -> list[str]:
    """Cut a word that holds unspaced script: characters and pairs there, the rest as it stands."""
    found: list[str] = []
    position = 0
    for run in _UNSPACED.finditer(word):
        if position < run.start():
            found.append(word[position : run.start()])
        found += _characters_and_pairs(run.group())
        position = run.end()
    if position < len(word):
        found.append(word[position:])
    return found


def _characters_and_pairs(run: str) -> list[str]:
    """Return each character followed by the pair that begins with it: 東京都 gives 東 東京 京 京都 都."""
    found: list[str] = []
    for index, character in enumerate(run):
        # A mark alone says nothing; it lives in the pair with the letter before it.
        if unicodedata.category(character)[0] != "M":
            found.append(character)
        if index + 1 < len(run):
            found.append(run[index : index + 2])
    return found
