"""Numbers as people write them: "1,200", "1.200,50", "−3", "1e5", "12 %".

Knows nothing about metrics.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["find_numbers", "parse_number"]

_NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d[\d.,' \u00a0\u202f_]*\d|\d|\.\d+)(?:[eE][-+]?\d+)?")
_GROUPS = re.compile(r"\d{1,3}(?:([.,' \u00a0\u202f_])\d{3})(?:\1\d{3})*")
_SIGN_BEFORE_CURRENCY = re.compile(r"([-+−])\s?[$€£¥₹]\s?(?=\d)")
_AROUND = " \t\r\n$€£¥₹%‰"


def parse_number(text: str) -> float | None:
    """Return the number that the text is (currency and per cent signs around it are dropped); None for other text."""
    found = _NUMBER.fullmatch(_clean(text).strip(_AROUND))
    return _value(found.group()) if found else None


def find_numbers(text: str) -> list[float]:
    """Return every number in the text, in order."""
    values: list[float] = []
    for found in _NUMBER.finditer(_clean(text)):
        whole = _value(found.group())
        parts = [whole] if whole is not None else [_value(part) for part in found.group().split()]
        values += [part for part in parts if part is not None]
    return values


def _clean(text: str) -> str:
    """Even out the forms of characters, and let a sign stand before its digits: -$5."""
    return _SIGN_BEFORE_CURRENCY.sub(r"\1", unicodedata.normalize("NFKC", text))


def _value(text: str) -> float | None:
    body, exponent = text, ""
    for mark in "eE":
        if mark in body:
            body, exponent = body.split(mark, 1)
            exponent = f"e{exponent}"
    sign = "-" if body[0] in "-−" else ""
    digits = _plain_digits(body.lstrip("-−+"))
    if digits is None:
        return None
    try:
        return float(f"{sign}{digits}{exponent}")
    except ValueError:
        return None


def _plain_digits(body: str) -> str | None:
    """Take the thousands separators out and make the decimal mark a point.

    With both "." and "," the later one is the decimal mark. One alone is a thousands separator where only groups
    of three follow it ("1,200"), but a single point is a decimal mark ("1.200").
    """
    point, comma = body.rfind("."), body.rfind(",")
    if point >= 0 and comma >= 0:
        thousands, decimal = (",", ".") if point > comma else (".", ",")
        whole, _, rest = body.rpartition(decimal)
        return (
            f"{whole.replace(thousands, '')}.{rest}" if _GROUPS.fullmatch(whole) and rest.isdigit() else None
        )
    if _GROUPS.fullmatch(body) and body.count(".") != 1:
        return re.sub(r"\D", "", body)
    for space in "' \u00a0\u202f_":
        whole, mark, rest = body.replace(",", ".").partition(".")
        if space in whole and _GROUPS.fullmatch(whole):
            body = whole.replace(space, "") + mark + rest
    body = body.replace(",", ".")
    return body if re.fullmatch(r"\d*\.?\d+", body) else None
