"""Numbers and dates as people write them, read to values.

Knows nothing about questions or fields.
"""

from __future__ import annotations

import datetime
import re

__all__ = ["NUMBER_WORDS", "plain_number", "read_date", "read_number"]

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "dozen": 12,
}  # fmt: skip
_FOREIGN = {
    "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11,
    "zwölf": 12, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "dos": 2,
    "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "due": 2, "tre": 3,
    "quattro": 4, "cinque": 5, "sei": 6, "sette": 7, "otto": 8, "nove": 9, "dieci": 10,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "hundert": 100, "tausend": 1000}
NUMBER_WORDS = {**_UNITS, **_FOREIGN}

_ENGLISH_MONTHS = {
    name[:3]: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december"), start=1,
    )
}  # fmt: skip
_FOREIGN_MONTHS = {
    "mär": 3, "mai": 5, "okt": 10, "dez": 12, "fév": 2, "avr": 4, "aoû": 8, "déc": 12, "ene": 1, "abr": 4, "ago": 8,
    "dic": 12, "fev": 2, "out": 10, "set": 9, "gen": 1, "mag": 5, "giu": 6, "lug": 7, "ott": 10,
}  # fmt: skip
_MONTHS = {**_ENGLISH_MONTHS, **_FOREIGN_MONTHS}
_DIGITS = re.compile(r"[-+−]?\d[\d,.'\u00a0 ]*")


def read_number(text: str) -> float | None:
    """Return the first number in `text`, in digits or words; None without one.

    A comma or point followed by three digits groups them; before one or two digits it is the decimal mark.
    """
    if match := _DIGITS.search(text):
        return _digits(match[0])
    return _number_of_words(re.findall(r"[^\W\d_]+", text.casefold()))


def _digits(text: str) -> float | None:
    cleaned = (
        text.strip().rstrip(".,'").replace("−", "-").replace("\u00a0", "").replace(" ", "").replace("'", "")
    )
    if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", cleaned):
        cleaned = cleaned.replace(",", "")
    elif re.fullmatch(r"[-+]?\d{1,3}(?:\.\d{3})+(?:,\d+)?", cleaned) and (
        "," in cleaned or cleaned.count(".") > 1
    ):
        cleaned = cleaned.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[-+]?\d+,\d{1,2}", cleaned):
        cleaned = cleaned.replace(",", ".")
    try:
        return float(cleaned.replace(",", ""))
    except ValueError:
        return None


def _number_of_words(found: list[str]) -> float | None:
    total = current = 0
    seen = False
    for word in found:
        if word in NUMBER_WORDS:
            current += NUMBER_WORDS[word]
            seen = True
        elif word in _SCALES and seen:
            current = max(current, 1) * _SCALES[word]
            if _SCALES[word] > 100:
                total, current = total + current, 0
        elif seen and word != "and":
            break
    return float(total + current) if seen else None


def plain_number(value: float) -> int | float:
    """Return a whole number as int, another one as it is, without the noise of binary fractions."""
    return int(value) if value == int(value) and abs(value) < 1e15 else round(value, 6)


def read_date(text: str) -> str | None:
    """Return a date as ISO text: of ISO, day-first, and spelled-out dates; None where a part is missing."""
    if match := re.search(r"(\d{4})-(\d{2})-(\d{2})", text):
        return _iso(match[1], match[2], match[3])
    if match := re.search(r"(\d{4})年(\d{1,2})月(\d{1,2})日", text):
        return _iso(match[1], match[2], match[3])
    if match := re.search(r"(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})", text):
        year = match[3] if len(match[3]) == 4 else "20" + match[3]
        return _iso(year, match[2], match[1]) or _iso(year, match[1], match[2])
    month = next(
        (_MONTHS[w[:3]] for w in re.findall(r"[^\W\d_]{3,}", text.casefold()) if w[:3] in _MONTHS), None
    )
    year = re.search(r"\b(\d{4})\b", text)
    day = re.search(r"\b(\d{1,2})(?:st|nd|rd|th|\.)?\b(?!\d)", text)
    if month and year and day:
        return _iso(year[1], str(month), day[1])
    return None


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
