"""Pieces of a text that could be an answer: numbers, dates, names, quotations, addresses, phrases.

Knows nothing about questions or fields; it says what kind of thing each piece looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.lm.embedded.text import is_function_word

__all__ = ["Piece", "kind_of", "pieces"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text: what it says, where, and what it looks like."""

    text: str
    start: int
    end: int
    kind: str


_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|"
    "aug|sept|sep|oct|nov|dec|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|"
    "juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|"
    "octubre|noviembre|diciembre"
)
_DAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|"
    "sonntag|tomorrow|today|yesterday|tonight"
)
_CURRENCY = r"(?:[$€£¥₹₽₩]|USD|EUR|GBP|CHF|JPY|dollars?|euros?|pounds?|cents?|crowns?|coins?)"
_NUMBER = r"(?<!\d)(?:\d{1,3}(?:[,.'\u00a0 ]\d{3}){1,8}(?:[.,]\d{1,20})?|\d{1,30}(?:[.,]\d{1,20})?)"
_LONGEST = 20_000  # characters looked through: what stands beyond is not an answer to a question
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("email", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}"),
    ("url", r"https?://[^\s<>\"']+|www\.[^\s<>\"']+"),
    ("date", r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?"),
    ("date", r"\d{1,2}[./]\d{1,2}[./]\d{2,4}"),
    ("date", r"\d{4}年\d{1,2}月\d{1,2}日"),
    (
        "date",
        rf"(?i:(?:(?:{_DAYS}),?\s+)?(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?(?:{_MONTHS})\b\.?"
        rf"(?:,?\s+(?:de\s+)?\d{{4}})?)",
    ),
    ("date", rf"(?i:\b(?:{_MONTHS})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+\d{{4}})?)"),
    ("date", rf"(?i:\b(?:{_MONTHS})\s+\d{{4}}\b)"),
    ("time", r"\b\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]\.?m\.?)?|\b\d{1,2}\s*[ap]\.?m\b\.?"),
    ("phone", r"\+\d[\d\s().-]{6,}\d|\(\d{2,5}\)\s*\d[\d\s-]{4,}\d|\b\d{3}[-.]\d{3,4}[-.]?\d{3,4}\b"),
    ("money", rf"{_CURRENCY}\s?(?:{_NUMBER})|(?:{_NUMBER})\s?{_CURRENCY}(?!\w)"),
    ("percent", rf"(?:{_NUMBER})\s?%"),
    (
        "code",
        r"(?<![\w-])(?=[\w-]{0,40}\d)(?=[\w-]{0,40}[A-Za-z])#?[A-Za-z0-9]{1,40}(?:-[A-Za-z0-9]{1,40}){0,8}|"
        r"#\d{1,20}",
    ),
    ("year", r"(?<![\d.,])(?:1\d{3}|20\d{2})(?![\d]|[.,]\d)"),
    ("number", rf"(?<![\w.,])[-+]?(?:{_NUMBER})(?![\w])"),
    ("day", rf"(?i:\b(?:next\s+|this\s+)?(?:{_DAYS})\b)"),
    ("quoted", r"[\"“«„]([^\"“”«»„\n]{1,120})[\"”»“]|‘([^‘’\n]{1,120})’|「([^」\n]{1,80})」"),
)
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)
_WORD = re.compile(r"[^\W_](?:[\w'’]|[-‐](?=\w)|\.(?=\w\.))*", re.UNICODE)
_JOINERS = {
    "of", "the", "de", "la", "le", "von", "van", "der", "den", "du", "di", "da", "del", "and", "&", "al", "el", "bin",
    "für", "und", "des", "zu", "on", "in", "for", "y", "et",
}  # fmt: skip
_SENTENCE_START = re.compile(r"(?:^|[.!?:\n»”\"]\s*)$")
_UNSPACED_RUN = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+")


def pieces(text: str) -> list[Piece]:
    """Return the pieces of `text` in order, the specific kinds first where several begin together."""
    text = text[:_LONGEST]
    found: list[Piece] = []
    taken = bytearray(len(text))
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(text):
            group = next((index for index in range(1, (match.re.groups or 0) + 1) if match[index]), 0)
            start, end = match.span(group)
            if kind != "quoted":
                if any(taken[start:end]):
                    continue
                taken[start:end] = b"\x01" * (end - start)
            found.append(_trimmed(text, start, end, kind))
    found += _names(text, taken)
    found += _phrases(text)
    found.sort(key=lambda piece: (piece.start, piece.end))
    return _distinct(found)


def _trimmed(text: str, start: int, end: int, kind: str) -> Piece:
    raw = text[start:end]
    stripped = raw.strip(" \t,;:")
    if kind in {"url", "phone"}:
        stripped = stripped.rstrip(".)")
    start += raw.find(stripped)
    return Piece(stripped, start, start + len(stripped), kind)


def _names(text: str, taken: bytearray) -> list[Piece]:
    """Return runs of capitalised words, small joining words inside them allowed."""
    found: list[Piece] = []
    run: list[re.Match[str]] = []

    def close() -> None:
        while run and not _capital(run[-1][0]):
            run.pop()
        first_is_plain = bool(run) and is_function_word(run[0][0].casefold()) and len(run[0][0]) > 1
        if first_is_plain and _SENTENCE_START.search(text[: run[0].start()]):
            run.pop(0)
            while run and not _capital(run[0][0]):
                run.pop(0)
        if run and not (len(run) == 1 and is_function_word(run[0][0].casefold())):
            start, end = run[0].start(), run[-1].end()
            found.append(Piece(_without_possessive(text[start:end]), start, end, "name"))
        run.clear()

    for match in _WORD.finditer(text):
        word = match[0]
        gap = text[run[-1].end() : match.start()] if run else ""
        if (run and not re.fullmatch(r"[ \u00a0]|\. ?|[-–&]| & ", gap)) or (
            run and gap.startswith(".") and len(run[-1][0]) > 3
        ):
            close()
        if run and run[-1][0].endswith(("'s", "’s")):
            close()
        if _capital(word) or (run and word in _JOINERS) or (run and word.isdigit()):
            run.append(match)
        else:
            close()
    close()
    return [piece for piece in found if not all(taken[piece.start : piece.end])]


def _without_possessive(text: str) -> str:
    return text[:-2] if text.endswith(("'s", "’s")) else text


def _capital(word: str) -> bool:
    return word[:1].isupper() or word[:1].istitle()


def _phrases(text: str) -> list[Piece]:
    """Return runs of content words, and runs of characters of scripts without spaces."""
    found: list[Piece] = [
        Piece(run[0], run.start(), run.end(), "phrase") for run in _UNSPACED_RUN.finditer(text)
    ]
    run: list[re.Match[str]] = []
    for match in (*_WORD.finditer(text), None):
        joined = match is not None and (
            not run or re.fullmatch(r"\s", text[run[-1].end() : match.start()]) is not None
        )
        if match is None or is_function_word(match[0].casefold()) or not joined:
            if run and len(run) <= 8:
                found.append(
                    Piece(text[run[0].start() : run[-1].end()], run[0].start(), run[-1].end(), "phrase")
                )
            run = [match] if match is not None and not is_function_word(match[0].casefold()) else []
        else:
            run.append(match)
    return found


def _distinct(found: Iterable[Piece]) -> list[Piece]:
    kept: dict[tuple[int, int], Piece] = {}
    for piece in found:
        if (piece.text and (piece.start, piece.end) not in kept) or (
            piece.text and kept[piece.start, piece.end].kind == "phrase"
        ):
            kept[piece.start, piece.end] = piece
    return list(kept.values())


def kind_of(text: str) -> str:
    """Return what a whole text looks like."""
    text = text.strip()
    for piece in pieces(text):
        if piece.start == 0 and piece.end == len(text):
            return piece.kind
    return "phrase" if len(text.split()) <= 8 else "sentence"
