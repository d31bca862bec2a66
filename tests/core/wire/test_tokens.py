"""Tokens of any language, by Unicode alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.tokens import normalized, search_tokens, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The quick, brown FOX!", ["the", "quick", "brown", "fox"]),
        ("call GPT4 on 2024-05-01", ["call", "gpt4", "on", "2024", "05", "01"]),
        ("l'École", ["l", "école"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("ＡＢＣ ﬁne", ["abc", "fine"]),
        ("snake_case-word", ["snake", "case", "word"]),
        ("Привет, мир", ["привет", "мир"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("السلام عليكم", ["السلام", "عليكم"]),
        ("東京都", ["東", "東京", "京", "京都", "都"]),
        ("iPhone東京", ["iphone", "東", "東京", "京"]),
        ("", []),
        ("… — !", []),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


def test_composed_and_decomposed_letters_are_one():
    assert tokens(unicodedata.normalize("NFD", "Café")) == tokens(unicodedata.normalize("NFC", "Café"))


def test_invisible_characters_inside_a_word_do_not_split_it():
    assert tokens("soft\u00adhyphen") == ["softhyphen"]
    assert tokens("می\u200cخواهم") == ["میخواهم"]


def test_a_zero_width_space_splits():
    assert tokens("one\u200btwo é") == ["one", "two", "é"]


def test_a_word_inside_unspaced_text_is_found():
    assert set(tokens("黒猫")) <= set(tokens("白い黒猫がいる"))
    assert set(tokens("서울")) <= set(tokens("서울은 크다"))


def test_a_vowel_sign_is_no_token_of_its_own():
    assert all(unicodedata.category(token[0])[0] != "M" for token in tokens("ที่") if len(token) == 1)


@given(st.text())
def test_tokens_are_already_normal(text):
    found = tokens(text)
    assert all(token and not token.isspace() for token in found)
    assert tokens(normalized(text)) == found


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_takes_the_same_road_as_the_rest(text):
    # The letter forces the general path; it must cut the ASCII part in the same places.
    assert tokens(text + " é") == [*tokens(text), "é"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cafe", ["cafe"]),
        ("Café Ünicode", ["café", "cafe", "ünicode", "unicode"]),
        ("Łódź Ørsted", ["łódź", "lodz", "ørsted", "orsted"]),
        ("Tiếng Việt", ["tiếng", "tieng", "việt", "viet"]),
        ("İstanbul", ["i̇stanbul", "istanbul"]),
        ("Ёлка", ["ёлка", "елка"]),
        ("Αθήνα", ["αθήνα", "αθηνα"]),
        ("كِتَاب", ["كِتَاب", "كتاب"]),
        ("الكـتاب", ["الكـتاب", "الكتاب"]),
        ("שָׁלוֹם", ["שָׁלוֹם", "שלום"]),
        ("٣٤", ["٣٤", "34"]),
        ("हिन्दी", ["हिन्दी"]),
        ("தமிழ்", ["தமிழ்"]),
        ("がぎ", ["が", "がぎ", "ぎ"]),
    ],
)
def test_a_text_is_found_under_its_plain_spelling_too(text, expected):
    assert search_tokens(text) == expected


@given(st.text())
def test_search_tokens_hold_the_tokens(text):
    found = iter(search_tokens(text))
    assert all(token in found for token in tokens(text))
