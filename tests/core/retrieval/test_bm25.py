"""The retriever: same ranks and scores as the plain index, deterministic ties, several queries."""

from __future__ import annotations

import asyncio
import copy
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.foundation.errors import ConfigurationError, MissingExtraError
from core.modules import Retrieve
from core.retrieval import BM25, Passage, fuse
from core.wire.bm25_rank import RankedIndex
from core.wire.tokens import search_tokens

CORPUS = ["Mira founded the city of Ostal.", "Ostal lies at the river Ven.", "The river Ven is cold."]


@pytest.fixture(scope="module")
def passages(data_dir):
    lines = (data_dir / "hotpotqa100_passages.jsonl").read_text(encoding="utf-8").splitlines()
    return [f"{record['title']} | {record['text']}" for record in map(json.loads, lines)]


@pytest.fixture(scope="module")
def questions(data_dir):
    lines = (data_dir / "hotpotqa100.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_ranks_and_scores_are_those_of_an_exported_script(passages, questions):
    assert len(questions) == 100
    engine, plain = BM25(passages), RankedIndex([search_tokens(text) for text in passages])
    for record in questions:
        found = [(passage.index, passage.score) for passage in engine.rank(record["question"], 10)]
        assert found == plain.search(search_tokens(record["question"]), 10)
        assert len(found) == 10


def test_an_index_is_built_in_silence(caplog):
    assert BM25(CORPUS).rank("river")
    assert not [record for record in caplog.records if record.name.startswith("bm25s")]


def test_the_matrix_of_bm25s_has_the_same_scores(passages, questions):
    engine = BM25(passages)
    for record in questions[:20]:
        known = [
            word
            for word in search_tokens(record["question"])
            if word in engine._statistics.document_frequency
        ]
        scores = engine._matrix.get_scores(known)
        for passage in engine.rank(record["question"], 5):
            assert scores[passage.index] == pytest.approx(passage.score, rel=1e-6)


def test_gold_passages_are_found(passages, questions):
    engine = BM25(passages, k=10)
    found = 0
    for record in questions:
        titles = {passage.text.split(" | ")[0] for passage in engine.rank(record["question"])}
        found += set(record["gold_titles"]) <= titles
    assert found >= 80


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcde"), max_size=6).map(" ".join), max_size=12),
    st.lists(st.sampled_from("abcdef"), max_size=4).map(" ".join),
    st.integers(1, 4),
)
def test_small_corpora_full_of_ties_rank_as_the_plain_index(corpus, query, k):
    found = [(passage.index, passage.score) for passage in BM25(corpus).rank(query, k)]
    assert found == RankedIndex([search_tokens(text) for text in corpus]).search(search_tokens(query), k)


def test_equal_passages_keep_the_order_of_the_corpus():
    assert [passage.index for passage in BM25(["same words"] * 50).rank("words", 5)] == [0, 1, 2, 3, 4]


def test_a_call_gives_objects_with_long_text():
    assert [found.long_text for found in BM25(CORPUS)("who founded Ostal", k=1)] == [CORPUS[0]]


def test_search_is_a_coroutine():
    found = asyncio.run(BM25(CORPUS, k=2).search("cold river"))
    assert [passage.text for passage in found] == [CORPUS[2], CORPUS[1]]


def test_several_queries_are_fused():
    merged = BM25(CORPUS).rank(["founded", "river Ven lies"], 2)
    assert [passage.index for passage in merged] == [0, 1]


def test_fusion_by_rank():
    first, second = Passage("a", 9.0, 0), Passage("b", 5.0, 1)
    assert [p.text for p in fuse([[first, second], [second]], 2)] == ["b", "a"]


@pytest.mark.parametrize("corpus", [[], ["", " … "]])
def test_a_corpus_without_words_finds_nothing(corpus):
    assert BM25(corpus).rank("anything") == []


def test_a_query_without_known_words_finds_nothing():
    assert BM25(CORPUS).rank("zzz !") == []
    assert BM25(CORPUS).rank("") == []


@pytest.mark.parametrize(
    ("corpus", "k", "message"),
    [("one text", 3, "one text"), (["a", 1], 3, "int"), (["a"], 0, "k is 0"), (["a"], True, "k is True")],
)
def test_what_cannot_work_is_said(corpus, k, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        BM25(corpus, k=k)
    assert caught.value.hint


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(MissingExtraError, match=r"lm-workbench\[retrieval\]"):
        BM25(CORPUS).rank("river")


def test_copies_share_the_index():
    engine = BM25(CORPUS)
    assert copy.deepcopy({"rm": engine})["rm"] is engine


def test_the_module_retrieve_uses_it():
    step = Retrieve(k=1, rm=BM25(CORPUS))
    assert step("Who founded Ostal?").passages == [CORPUS[0]]
    assert asyncio.run(step.acall(["founded", "cold"], k=2)).passages == [CORPUS[0], CORPUS[2]]


@pytest.mark.parametrize(
    ("corpus", "query", "best"),
    [
        (["Das Café öffnet früh.", "Das Kaffeehaus öffnet spät."], "cafe", 0),
        (["cafe noir", "café noir"], "café", 1),
        (["Łódź leży w Polsce.", "Kraków leży w Polsce."], "Lodz", 0),
        (["東京都は日本の首都です。", "大阪は西日本の都市です。"], "首都は東京", 0),
        (["서울은 한국의 수도이다", "부산은 항구 도시이다"], "한국 수도", 0),
        (["กรุงเทพเป็นเมืองหลวง", "เชียงใหม่อยู่ทางเหนือ"], "เมืองหลวง", 0),
        (["Река впадает в море.", "Ёлка стоит в лесу."], "елка", 1),
        (["كِتَابٌ جديد", "بيت قديم"], "كتاب", 0),
        (["שָׁלוֹם עולם", "ספר חדש"], "שלום", 0),
        (["दिल्ली भारत की राजधानी है", "मुंबई बड़ा शहर है"], "भारत राजधानी", 0),
        (["Straße der Nationen", "Platz der Einheit"], "STRASSE", 0),
        (["Ο Σίσυφος κυλά", "Η Αθήνα λάμπει"], "ΑΘΗΝΑ", 1),
        (["عام ٢٠٢٤", "عام ٢٠٢٥"], "2025", 1),
    ],
)
def test_languages_other_than_english_are_found(corpus, query, best):
    found = BM25(corpus).rank(query, 1)
    assert [passage.index for passage in found] == [best]
    plain = RankedIndex([search_tokens(text) for text in corpus]).search(search_tokens(query), 1)
    assert plain == [(found[0].index, found[0].score)]
