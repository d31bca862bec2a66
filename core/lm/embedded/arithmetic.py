"""Arithmetic in words: one- and two-step problems, and expressions as they stand.

Knows nothing about layouts. Each sentence's verbs and particles say what is done with its numbers; what the question
asks for decides what is done last. Longer problems are beyond it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.lm.embedded.numbers import NUMBER_WORDS, plain_number, read_number
from core.lm.embedded.options import Option
from core.lm.embedded.text import sentences, words

__all__ = ["is_problem", "solve_arithmetic"]

_EXPRESSION = re.compile(r"[\d(][\d\s.,+\-*/×÷^()−–x]*[\d)]")
_SPOKEN = (
    (r"\bplus\b|\bund\b(?=\s*\d)|\badded to\b|\bplus grand\b", "+"),
    (r"\bminus\b|\bless\b", "-"),
    (r"\btimes\b|\bmultiplied by\b|\bmal\b|\bfois\b|\bpor\b", "*"),
    (r"\bdivided by\b|\bover\b|\bgeteilt durch\b|\bdivisé par\b|\bentre\b", "/"),
)
_LESS = {
    "gives", "gave", "give", "loses", "lost", "lose", "eats", "ate", "eat", "spends", "spent", "spend", "sells", "sold",
    "sell", "fewer", "less", "uses", "used", "breaks", "broke", "away", "takes", "took", "leaves", "leave", "donates",
    "donated", "returns", "returned", "dies", "died", "removes", "removed", "gibt", "verliert", "isst", "weniger",
}  # fmt: skip
_TIMES = {"each", "per", "every", "apiece", "jede", "jeder", "jedes", "chaque", "cada", "times"}
_SHARED = {
    "equally",
    "shares",
    "shared",
    "share",
    "split",
    "splits",
    "divides",
    "divided",
    "evenly",
    "teilt",
    "groups",
}
_MOST_WORDS = 14
_LONGEST_EXPRESSION = 300
_FACTORS = {
    "twice": 2.0,
    "double": 2.0,
    "doubles": 2.0,
    "triple": 3.0,
    "thrice": 3.0,
    "half": 0.5,
    "third": 1 / 3,
    "quarter": 0.25,
}
_ASKS = re.compile(
    r"how (?:many|much)|what is|total|wie ?viele?|combien|cuánt|altogether|in all", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Quantity:
    value: float
    clause: tuple[str, ...]
    relative: bool = False


def is_problem(text: str) -> bool:
    """Return whether a text asks for a number to be worked out from the numbers in it."""
    if _expression(text) is not None:
        return True
    numbers = sum(1 for word in words(text) if word[:1].isdigit() or word in NUMBER_WORDS or word in _FACTORS)
    return numbers >= 2 and bool(_ASKS.search(text)) and len(text) < 1500


def solve_arithmetic(text: str) -> list[Option]:
    """Return the worked-out number with its steps; empty when there is nothing to work out."""
    if (found := _expression(text)) is not None:
        written, value = found
        return [Option(_shown(value), 0.0, f"{written} = {_shown(value)}")]
    parts = sentences(text)
    asking = next(
        (part for part in reversed(parts) if "?" in part or _ASKS.search(part)), parts[-1] if parts else ""
    )
    quantities = [quantity for part in parts for quantity in _quantities(part)]
    if not quantities:
        return []
    value, steps = _work(quantities, set(words(asking)))
    because = "; ".join(steps) or f"the only number is {_shown(value)}"
    return [Option(_shown(value), 0.0, because)]


def _shown(value: float) -> str:
    return str(plain_number(value))


def _expression(text: str) -> tuple[str, float] | None:
    if len(text) > _LONGEST_EXPRESSION:
        return None
    spoken = text.casefold()
    for pattern, sign in _SPOKEN:
        spoken = re.sub(rf"(?<=[\d)\s])\s*(?:{pattern})\s*(?=[\s\d(])", f" {sign} ", spoken)
    if len(re.findall(r"[^\W\d_]+", spoken)) > _MOST_WORDS:
        return None  # a story: `1/4 of those cards` is no expression to work out
    for match in _EXPRESSION.finditer(spoken):
        written = re.sub(r"\s+", " ", match[0]).strip()
        if re.search(r"[\d)]\s*[-+*/×÷^−–]\s*[(\d]|\d\s*x\s*\d", written) and not re.fullmatch(
            r"[\d\s-]+", written.replace(" - ", "§")
        ):
            value = _evaluate(
                written.replace("×", "*")
                .replace("x", "*")
                .replace("÷", "/")
                .replace("−", "-")
                .replace("–", "-")
            )
            if value is not None:
                return written, value
    return None


def _evaluate(written: str) -> float | None:
    """Return an expression's value by recursive descent; None where it is none."""
    marks: list[str] = re.findall(r"\d[\d,]*(?:\.\d+)?|[-+*/^()]", written)
    position = 0

    def peek() -> str:
        return marks[position] if position < len(marks) else ""

    def take() -> str:
        nonlocal position
        position += 1
        return marks[position - 1]

    def atom() -> float:
        if peek() == "-":
            take()
            return -atom()
        if peek() == "(":
            take()
            value = level(0)
            if peek() != ")":
                raise ValueError
            take()
            return value
        if not peek()[:1].isdigit():
            raise ValueError
        return float(take().replace(",", ""))

    def level(depth: int) -> float:
        if depth == len(_LEVELS):
            return atom()
        value = level(depth + 1)
        while peek() and peek() in _LEVELS[depth]:
            value = _LEVELS[depth][take()](value, level(depth + 1))
        return value

    try:
        value = level(0)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if position == len(marks) else None


def _power(left: float, right: float) -> float:
    if abs(right) > 64 or abs(left) > 1e6:
        raise ValueError
    result = left**right
    if isinstance(result, complex):
        raise ValueError
    return result


_LEVELS: tuple[dict[str, Callable[[float, float], float]], ...] = (
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: a / b},
    {"^": _power},
)


def _quantities(sentence: str) -> list[_Quantity]:
    """Return the numbers of a sentence, each with the words of its clause."""
    found: list[_Quantity] = []
    for clause in re.split(r",\s|;|\band then\b|\bthen\b|\bbut\b|\band\b", sentence):
        own = words(clause)
        for word in re.findall(r"[$€£]?\d[\d,]*(?:\.\d+)?%?(?!\w)|[^\W\d_]+", clause.casefold()):
            if word in _FACTORS:
                found.append(_Quantity(_FACTORS[word], tuple(own), relative=True))
            elif (word[-1].isdigit() or word in NUMBER_WORDS or word[:1] in "$€£") and not _article(
                word, own
            ):
                value = read_number(word)
                if value is not None:
                    found.append(_Quantity(value, tuple(own)))
    return found


def _article(word: str, clause: list[str]) -> bool:
    return word == "one" and ("of" in clause or "another" in clause)


def _work(quantities: list[_Quantity], asking: set[str]) -> tuple[float, list[str]]:
    """Fold the quantities into one, in order."""
    total = quantities[0].value
    steps: list[str] = []
    previous = total
    rate = bool(_TIMES & set(quantities[0].clause)) and not _SHARED & set(quantities[0].clause)
    for quantity in quantities[1:]:
        sign, value, remembered = _operation(quantity, asking, previous)
        if rate and sign == "+":  # `6 eggs each` comes before the number of boxes
            sign, rate = "*", False
        result = _apply(total, sign, value)
        steps.append(f"{_shown(total)} {sign} {_shown(value)} = {_shown(result)}")
        total, previous = result, remembered
    return total, steps


def _operation(quantity: _Quantity, asking: set[str], previous: float) -> tuple[str, float, float]:
    """Return the sign, the operand, and the number that a later `twice as many` refers to."""
    clause = set(quantity.clause)
    if quantity.relative:
        derived = previous * quantity.value
        adds = bool(asking & {"altogether", "total", "all", "together", "both", "combined"})
        return ("+", derived, derived) if adds else ("*", quantity.value, derived)
    if clause & _SHARED:
        return "/", quantity.value, quantity.value
    if clause & _TIMES:
        return "*", quantity.value, quantity.value
    if clause & _LESS or (
        asking & {"left", "remain", "remaining", "übrig"} and not clause & {"more", "buys", "gets", "finds"}
    ):
        return "-", quantity.value, quantity.value
    if asking & {"difference", "more", "fewer"} and not clause & {"more", "buys", "gets"}:
        return "-", quantity.value, quantity.value
    return "+", quantity.value, quantity.value


def _apply(total: float, sign: str, value: float) -> float:
    if sign == "/":
        return total / value if value else total
    return {"+": total + value, "-": total - value, "*": total * value}[sign]
