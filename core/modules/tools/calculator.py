"""The tool `calculator`: arithmetic that is exact where arithmetic can be, walked node by node.

Knows nothing about models. Numbers are fractions, so 0.1 + 0.2 is 0.3 and 1/3*3 is 1; roots that do not come out,
logarithms and angles are floats. Nothing is executed: what is not named here is refused, and sizes are capped before
anything is computed.
"""

from __future__ import annotations

import ast
import math
import re
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from core.data.types.tool import Tool
from core.modules.tools import tools

__all__ = ["calculate", "calculator"]

Number = Fraction | float

LONGEST = 1_000
"""Characters of an expression."""
MOST_DIGITS = 4_000
"""Of any number on the way; Python writes 4,300 at most."""
MOST_FACTORIAL = 1_000

_SPELLINGS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "\u00a0": " "})
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%(?!\s*[\w(.])")
_PERCENT_OF = re.compile(r"(\d+(?:\.\d+)?)\s*%\s+of\b")
_NUMBER = re.compile(r"(?<![\w.])(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


@tools.register("calculator", summary="Computes arithmetic expressions exactly.")
def calculator() -> Tool:
    """Return a tool that computes."""
    told = {
        "expression": "+ - * / // % **, parentheses, sqrt, log, sin, round, max, factorial …: (3 + 4.5) * 2"
    }
    return Tool(
        calculate, name="calculator", desc="Computes an arithmetic expression exactly.", arg_desc=told
    )


def calculate(expression: str) -> str:
    """Return the value of an arithmetic expression, as text.

    Raises:
        ValueError: It is no arithmetic, or its numbers grow too large.
    """
    if len(expression) > LONGEST:
        raise ValueError(f"the expression is longer than {LONGEST} characters")
    text = _as_python(expression)
    try:
        body = ast.parse(text, mode="eval").body
        return _written(_value(body, text))
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"'{expression.strip()}' is no arithmetic expression") from None
    except ZeroDivisionError:
        raise ValueError("division by zero") from None
    except OverflowError:
        raise ValueError("the number is too large") from None


def _as_python(expression: str) -> str:
    text = expression.translate(_SPELLINGS).strip(" \t\r\n=?")
    text = _PERCENT_OF.sub(r"(\1/100)*", text)
    text = _PERCENT.sub(r"(\1/100)", text)
    if not re.search(r"[a-z]\w*\s*\(", text):
        text = _THOUSANDS.sub("", text)  # in a call a comma is between arguments
    # As Python reads them, 007 is an error.
    return _NUMBER.sub(lambda found: re.sub(r"^0+(?=\d)", "", found[0]), text)


def _value(node: ast.expr, text: str) -> Number:
    """Return what one node of the expression stands for."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return _number(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand, text)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _small(_OPERATIONS[type(node.op)](_value(node.left, text), _value(node.right, text)))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _called(node.func.id, [_value(item, text) for item in _arguments(node)])
    if isinstance(node, ast.Name) and node.id.casefold() in _CONSTANTS:
        return _CONSTANTS[node.id.casefold()]
    raise ValueError(f"'{ast.get_source_segment(text, node) or text}' is no arithmetic that is known here")


def _arguments(node: ast.Call) -> list[ast.expr]:
    """Return the arguments of a call; those of one list, `max([1, 2])`, as its own."""
    if len(node.args) == 1 and isinstance(node.args[0], (ast.List, ast.Tuple)):
        return node.args[0].elts
    return node.args


def _number(source: str) -> Number:
    """Return a literal as it was written: 0.1 is a tenth."""
    digits = source.replace("_", "")
    if re.search(r"[eE][+-]?\d{5,}", digits):
        raise ValueError("the number is too large")
    return _small(
        Fraction(digits) if digits[:2].lower() not in ("0x", "0b", "0o") else Fraction(int(digits, 0))
    )


def _small(value: Number) -> Number:
    """Return a number that is not too large to go on with."""
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_DIGITS * 3.33:
            raise ValueError(f"the number has more than {MOST_DIGITS:,} digits")
    elif not math.isfinite(value):
        raise ValueError("the result is not a finite number")
    return value


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if bits > 1 and bits * abs(exponent.numerator) > MOST_DIGITS * 3.33:
                raise ValueError(f"the number has more than {MOST_DIGITS:,} digits")
            return base**exponent.numerator
        root = _root(base, exponent.denominator)
        if root is not None:
            return _power(root, Fraction(exponent.numerator))
    result: Any = float(base) ** float(exponent)
    if isinstance(result, complex):
        raise ValueError("a root of a negative number is not real")
    return result


def _root(value: Fraction, degree: int) -> Fraction | None:
    """Return an exact root; None where it does not come out."""
    if value < 0 or degree > 64:
        return None
    parts = [_whole_root(number, degree) for number in (value.numerator, value.denominator)]
    return None if None in parts else Fraction(parts[0] or 0, parts[1] or 1)


def _whole_root(number: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(number)
        return root if root * root == number else None
    if number.bit_length() > 1_000:
        return None
    near = round(number ** (1 / degree))
    return next((root for root in (near - 1, near, near + 1) if root >= 0 and root**degree == number), None)


def _whole(value: Number, name: str) -> int:
    if value != int(value):
        raise ValueError(f"{name} takes whole numbers")
    return int(value)


def _factorial(value: Number) -> Fraction:
    number = _whole(value, "factorial")
    if not 0 <= number <= MOST_FACTORIAL:
        raise ValueError(f"factorial takes 0 to {MOST_FACTORIAL:,}")
    return Fraction(math.factorial(number))


def _chosen(name: str, function: Callable[[int, int], int]) -> Callable[[Number, Number], Fraction]:
    def counted(n: Number, k: Number) -> Fraction:
        if max(n, k) > MOST_FACTORIAL:
            raise ValueError(f"{name} takes numbers up to {MOST_FACTORIAL:,}")
        return Fraction(function(_whole(n, name), _whole(k, name)))

    return counted


def _rounded(value: Number, digits: Number = Fraction(0)) -> Number:
    """Round halves away from zero, as people do; Python rounds them to even."""
    scale = Fraction(10) ** max(-50, min(50, _whole(digits, "round")))
    size = Fraction(math.floor(abs(Fraction(value)) * scale + Fraction(1, 2))) / scale
    return size if value >= 0 else -size


def _log(value: Number, base: Number | None = None) -> float:
    return math.log(value) if base is None else math.log(value) / math.log(base)


def _whole_numbers(name: str, function: Callable[..., int]) -> Callable[..., Fraction]:
    return lambda *values: Fraction(function(*(_whole(value, name) for value in values)))


_OPERATIONS: dict[type, Callable[[Any, Any], Number]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: lambda a, b: a % b,
    ast.Pow: _power,
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "cbrt": lambda value: _power(value, Fraction(1, 3)) if value >= 0 else -_power(-value, Fraction(1, 3)),
    "ceil": lambda value: Fraction(math.ceil(value)),
    "comb": _chosen("comb", math.comb),
    "cos": math.cos,
    "degrees": math.degrees,
    "exp": math.exp,
    "factorial": _factorial,
    "floor": lambda value: Fraction(math.floor(value)),
    "gcd": _whole_numbers("gcd", math.gcd),
    "lcm": _whole_numbers("lcm", math.lcm),
    "ln": math.log,
    "log": _log,
    "log10": math.log10,
    "log2": math.log2,
    "max": lambda *values: max(values),
    "mean": lambda *values: sum(values, Fraction(0)) / len(values),
    "median": lambda *values: statistics.median(values),
    "min": lambda *values: min(values),
    "mod": lambda a, b: a % b,
    "perm": _chosen("perm", math.perm),
    "pow": _power,
    "radians": math.radians,
    "round": _rounded,
    "sin": math.sin,
    "sqrt": lambda value: _power(value, Fraction(1, 2)),
    "sum": lambda *values: sum(values, Fraction(0)),
    "tan": math.tan,
}

_CONSTANTS: dict[str, float] = {"pi": math.pi, "π": math.pi, "e": math.e, "tau": math.tau}


def _called(name: str, values: list[Number]) -> Number:
    function = _FUNCTIONS.get(name.casefold())
    if function is None:
        raise ValueError(f"there is no function {name}; there are: {', '.join(_FUNCTIONS)}")
    try:
        return _small(function(*values))
    except TypeError:
        raise ValueError(f"{name} takes another number of values") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _written(value: Number) -> str:
    """Return a number as text: all digits where they end, else fifteen, and the fraction beside them."""
    if not isinstance(value, Fraction):
        return (
            _written(Fraction(int(value))) if value == int(value) and abs(value) < 1e15 else f"{value:.15g}"
        )
    if value.denominator == 1:
        return str(value.numerator)
    exact = _decimal(value)
    if exact is not None:
        return exact
    return f"{float(value):.15g} (exactly {value})" if len(str(value)) <= 40 else f"{float(value):.15g}"


def _decimal(value: Fraction) -> str | None:
    """Return a fraction whose decimal digits end; None where they do not, or are many."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > 30:
        return None
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"
