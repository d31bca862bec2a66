"""Normalising text, finding words in any script, and reading numbers."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

import core
from core.evaluate.metrics import EM, F1, answer_passage_match, normalize_text
from core.evaluate.metrics.numbers import find_numbers, parse_number
from core.evaluate.metrics.text import fold, occurs, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The answer.", "the ANSWER"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("Ｆｕｌｌ", "full"),
        ("not_found", "Not found"),
        ("well-known", "well known"),
        ("U.S.", "us"),
        ("“quoted”", "quoted"),
        ("ça  va ?", "Ça va"),
        ("東京。", "東京"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("cafe\u0301", "café"),
        ("−3", "-3"),
        ("٣٤", "34"),
        ("كِتَاب", "كتاب"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_spellings_of_one_answer_fold_alike(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"),
        ("C", "C#"),
        ("-3.5", "3.5"),
        ("3.5", "35"),
        ("50", "50%"),
        ("10:30", "1030"),
        ("café", "cafe"),
        ("5", "$5"),
        ("5²", "52"),
        ("2½", "21⁄2"),
    ],
)
def test_different_answers_stay_different(one, other):
    assert fold(one) != fold(other)


def test_folding_options():
    assert fold("The Cat!", ignore_case=False) == "The Cat"
    assert fold("The Cat!", ignore_punctuation=False) == "the cat!"
    assert fold("the cat and a dog", ignore_articles=True) == "cat and dog"
    assert fold("...") == "..."


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text):
    once = fold(text)
    assert fold(once, ignore_punctuation=False) == once


def test_words_of_scripts_without_spaces_are_characters():
    assert words("東京 tower") == ["東", "京", "tower"]
    assert words("abc東京") == ["abc", "東", "京"]
    assert words("größe café") == ["größe", "café"]
    assert len(words("กินข้าว")) > 1
    assert words("") == []


def test_finding_text_inside_text():
    assert occurs("cat", "a cat sat")
    assert not occurs("cat", "concatenate")
    assert occurs("cat", "concatenate", whole_words=False)
    assert occurs("cat", "concatenate a cat")
    assert occurs("東京", "私は東京に")
    assert occurs("", "")
    assert not occurs("", "something")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,200", 1200), ("1.200,50", 1200.5), ("1,200.50", 1200.5), ("1 200 000,5", 1_200_000.5), ("1'200.5", 1200.5),
        ("1.200.000", 1_200_000), ("1,200,000", 1_200_000), ("−3", -3), ("-$5", -5), ("$1,200", 1200), ("12 %", 12),
        ("1e5", 1e5), ("3.14", 3.14), (".5", 0.5), ("0,5", 0.5), ("٣٤", 34), ("  7 ", 7), ("€ 9", 9), ("1_000", 1000),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text, number):
    assert parse_number(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "text", ["", "abc", "v2", "1.2.3", "12,34,56", "5 10", "ten", "1/2", "--3", "nan", "inf"]
)
def test_what_is_no_number(text):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("about -$5 things", [-5]), ("from 3-5 apples", [3, 5]), ("The answer is 1,200.", [1200]),
        ("2 and 3.5, then 4", [2, 3.5, 4]), ("none", []), ("room B12", []),
    ],
)  # fmt: skip
def test_numbers_in_sentences(text, numbers):
    assert find_numbers(text) == numbers


@given(st.text(max_size=40))
def test_no_text_breaks_the_number_reader(text):
    find_numbers(text)
    parse_number(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(number):
    assert parse_number(str(number)) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat's, a-b.", "cats ab"),
        ("An  apple—pie", "apple—pie"),
        ("“don’t” — a", "“don’t” —"),
        ("U.S.A", "usa"),
    ],
)
def test_dspys_normalising(text, expected):
    assert normalize_text(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("東京、日本。", "東京日本"),
        ("ジョン・スミス", "ジョンスミス"),
        ("ﾄｳｷｮｳ", "トウキョウ"),
        ("«Éclair»", "éclair"),
        ("¿Qué?", "qué"),
        ("Straße", "STRASSE"),
        ("Москва́.", "москва́"),
        ("كِتَاب،", "كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("२०२४ में", "2024 में"),
        ("हिन्दी।", "हिन्दी"),
        ("กรุงเทพฯ", "กรุงเทพฯ"),
        ("the café", "Café"),
    ],
)
def test_answers_in_other_languages_are_one(one, other):
    assert EM(one, [other])
    assert F1(one, [other]) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [("café", "cafe"), ("к", "й"), ("á", "à"), ("किताब", "कताब"), ("5²é", "52é"), ("東京", "京都")],
)
def test_marks_that_tell_words_apart_stay(one, other):
    assert not EM(one, [other])


def test_f1_counts_characters_where_words_are_not_written_apart():
    assert F1("東京都", ["東京"]) == pytest.approx(0.8)
    assert F1("서울 시", ["서울"]) == pytest.approx(2 / 3)


def test_a_passage_is_searched_in_any_script():
    pred = core.Prediction(context=["彼は東京に住んでいる。", "Он живёт в Москве."])
    assert answer_passage_match(core.Example(answer="東京"), pred)
    assert answer_passage_match(core.Example(answer="в Москве"), pred)
    assert not answer_passage_match(core.Example(answer="Моск"), pred)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
def test_english_is_normalised_as_squad_says(text):
    without = "".join(char for char in text.lower() if char not in string.punctuation)
    assert normalize_text(text) == " ".join(re.sub(r"\b(a|an|the)\b", " ", without).split())


@given(st.text(max_size=30))
def test_normalising_twice_is_normalising_once(text):
    once = normalize_text(text)
    if "the" not in once and " a" not in f" {once}":  # what punctuation kept apart may become an article
        assert normalize_text(once) == once
