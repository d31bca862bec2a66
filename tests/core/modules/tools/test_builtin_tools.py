"""The built-in tools: exact arithmetic, dates, passages; all found by name."""

import contextlib
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.types import Tool
from core.foundation.errors import ConfigurationError, UnknownNameError
from core.modules.retrieve import Retrieve
from core.modules.tools import make_tool, tools
from core.modules.tools.calculator import calculate
from core.modules.tools.calendar import shifted, time_between
from core.retrieval import BM25


class TestRegistry:
    def test_every_tool_has_a_summary_and_makes_a_tool(self):
        assert tools.names() == ["calculator", "calendar", "retrieval"]
        for entry in tools.entries():
            assert entry.summary
            made = make_tool(entry.name)
            assert isinstance(made, Tool)
            assert made.desc
            assert made.args

    def test_an_unknown_name_says_the_nearest(self):
        with pytest.raises(UnknownNameError, match="calculator"):
            make_tool("calculater")


class TestCalculator:
    @pytest.mark.parametrize(
        ("expression", "result"),
        [
            ("0.1 + 0.2", "0.3"),
            ("1/3*3", "1"),
            ("1/3", "0.333333333333333 (exactly 1/3)"),
            ("2**100", "1267650600228229401496703205376"),
            ("(3 + 4.5) × 2^10", "7680"),
            ("sqrt(16) + cbrt(-27)", "1"),
            ("sqrt(2)", "1.4142135623731"),
            ("8**(2/3)", "4"),
            ("15% of 80", "12"),
            ("50% + 10%", "0.6"),
            ("17 % 5", "2"),
            ("10 % (3)", "1"),
            ("1,234,567 * 2", "2469134"),
            ("max(100,200)", "200"),
            ("mean([1, 2, 4.5])", "2.5"),
            ("round(2.5) + round(-2.675, 2)", "0.32"),
            ("-7 // 2", "-4"),
            ("comb(5, 2) + factorial(5)", "130"),
            ("log(100, 10) + ln(e)", "3"),
            ("12 * 12 = ?", "144"),
            ("007 + 1", "8"),
            ("2.5e3", "2500"),
            ("-0.05", "-0.05"),
            ("0x10", "16"),
        ],
    )
    def test_values(self, expression, result):
        assert calculate(expression) == result

    @pytest.mark.parametrize(
        ("expression", "words"),
        [
            ("1/0", "division by zero"),
            ("10**10**10", "digits"),
            ("9**99999", "digits"),
            ("1e99999999", "too large"),
            ("factorial(10**6)", "factorial"),
            ("comb(10**9, 5)", "up to"),
            ("exp(10000)", "large"),
            ("sqrt(-1)", "negative"),
            ("round(1, 2, 3)", "number of values"),
            ("factorial(1.5)", "whole"),
            ("3 apples", "no arithmetic expression"),
            ("(" * 900, "no arithmetic expression"),
            ("1" * 2000, "longer than"),
            ("", "no arithmetic expression"),
            ("__import__('os')", "no arithmetic"),
            ("().__class__", "no arithmetic"),
            ("(lambda: 1)()", "no arithmetic"),
            ("'a' * 10", "no arithmetic"),
            ("[1][0]", "no arithmetic"),
            ("open('x')", "no arithmetic"),
            ("secret", "no arithmetic"),
            ("1 if 1 else 2", "no arithmetic"),
            ("max(x=1)", "no arithmetic"),
        ],
    )
    def test_what_it_refuses(self, expression, words):
        with pytest.raises(ValueError, match=words):
            calculate(expression)

    @given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.sampled_from("+-*/"))
    def test_it_computes_what_fractions_give(self, a, b, operator):
        wanted = {"+": Fraction(a) + b, "-": Fraction(a) - b, "*": Fraction(a) * b, "/": Fraction(a) / b}[
            operator
        ]
        shown = calculate(f"{a} {operator} {b}").split(" (exactly ")
        got = Fraction(shown[-1].rstrip(")"))
        assert got == wanted or abs(float(got) - float(wanted)) <= 1e-14 * abs(float(wanted))

    @given(st.text(max_size=40))
    def test_any_text_is_a_value_or_a_refusal(self, text):
        with contextlib.suppress(ValueError):
            assert isinstance(calculate(text), str)


class TestCalendar:
    def look(self, **asked):
        return make_tool("calendar", today=date(2024, 2, 28))(**asked)

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"action": "today"}, "2024-02-28 (Wednesday)"),
            ({"action": "weekday", "day": "1999-12-31"}, "1999-12-31 (Friday)"),
            ({"action": "weekday", "day": "tomorrow"}, "2024-02-29 (Thursday)"),
            ({"action": "add", "days": 2}, "2024-03-01 (Friday)"),
            ({"action": "add", "day": "2024-01-31", "months": 1}, "2024-02-29 (Thursday)"),
            ({"action": "add", "day": "2024-02-29", "years": -1, "weeks": 1}, "2023-03-07 (Tuesday)"),
            (
                {"action": "difference", "day": "2024-01-15", "other_day": "2025-03-01"},
                "411 days (58 weeks 5 days; 1 year 1 month 14 days)",
            ),
            ({"action": "difference", "other_day": "yesterday"}, "-1 day"),
            ({"action": "difference"}, "0 days"),
        ],
    )
    def test_look_ups(self, asked, found):
        assert self.look(**asked) == found

    def test_today_may_be_asked_for_each_time(self):
        days = iter([date(2024, 1, 1), date(2024, 1, 2)])
        tool = make_tool("calendar", today=lambda: next(days))
        assert tool(action="today") != tool(action="today")
        assert make_tool("calendar")(action="today").startswith("2")

    @pytest.mark.parametrize(
        "asked",
        [{"action": "weekday", "day": "soon"}, {"action": "add", "years": 9000}, {"action": "nothing"}],
    )
    def test_what_it_refuses(self, asked):
        with pytest.raises(ValueError, match=r"date|years|action"):
            self.look(**asked)

    @given(st.dates(date(1, 1, 1), date(9998, 1, 1)), st.dates(date(1, 1, 1), date(9998, 1, 1)))
    def test_the_time_between_leads_from_one_day_to_the_other(self, first, second):
        early, late = sorted((first, second))
        words = time_between(early, late).split("; ")[-1].split("(")[-1].rstrip(")").split()
        counts = {unit.rstrip("s"): int(number) for number, unit in zip(words[::2], words[1::2], strict=True)}
        if "week" not in counts:
            months = counts.get("year", 0) * 12 + counts.get("month", 0)
            assert shifted(shifted(early, months=months), days=counts.get("day", 0)) == late


class TestRetrieval:
    def test_any_retriever_is_searched(self):
        tool = make_tool("retrieval", rm=BM25(["red fox", "blue hen"]), k=1)
        assert (tool.name, tool(query="hen")) == ("search", ["blue hen"])
        assert make_tool("retrieval", rm=Retrieve(rm=BM25(["red fox"])))(query="fox") == ["red fox"]

    def test_without_one_the_settings_are_asked(self):
        with pytest.raises(ConfigurationError, match="retriever"):
            make_tool("retrieval")(query="x")
