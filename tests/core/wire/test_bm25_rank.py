"""BM25 in plain Python: the formula, the ties, the fusion; and it stands alone."""

from __future__ import annotations

import ast
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.bm25_rank import CorpusStatistics, RankedIndex, best_scores, fused_ranks

DOCUMENTS = [["red", "cat"], ["red", "red", "dog", "runs"], ["blue", "bird"], []]
words = st.sampled_from("abcdefg")
texts = st.lists(words, max_size=8)


def test_the_score_is_the_formula():
    statistics = CorpusStatistics(DOCUMENTS)
    rarity = math.log(1 + (4 - 2 + 0.5) / (2 + 0.5))
    share = 2 / (2 + 1.5 * (1 - 0.75 + 0.75 * 4 / 2.0))
    assert statistics.score(["red"], DOCUMENTS[1]) == pytest.approx(rarity * share, rel=1e-15)


def test_a_token_asked_for_twice_counts_twice():
    statistics = CorpusStatistics(DOCUMENTS)
    once = statistics.score(["cat"], DOCUMENTS[0])
    assert once > 0
    assert statistics.score(["cat", "cat"], DOCUMENTS[0]) == 2 * once


def test_search_leaves_out_what_shares_nothing():
    assert [index for index, _ in RankedIndex(DOCUMENTS).search(["red", "green"], 10)] == [1, 0]


def test_equal_texts_come_in_their_order():
    index = RankedIndex([["x"], ["a", "b"], ["b", "a"], ["a", "b"]])
    assert [position for position, _ in index.search(["a"], 2)] == [1, 2]


@given(st.lists(texts, max_size=12), texts, st.integers(1, 5))
def test_the_index_gives_exactly_the_scores_of_one_by_one(documents, query, k):
    statistics = CorpusStatistics(documents)
    every = [(i, statistics.score(query, document)) for i, document in enumerate(documents)]
    assert RankedIndex(documents).search(query, k) == best_scores(every, k)


def test_fusion_prefers_what_several_rankings_name():
    merged = fused_ranks([[7, 1, 2], [9, 2, 1]], 3)
    assert [position for position, _ in merged] == [1, 2, 7]
    assert merged[0][1] == pytest.approx(1 / 62 + 1 / 63)


@pytest.mark.parametrize("name", ["tokens", "bm25_rank"])
def test_the_file_runs_alone(root, tmp_path, name):
    source = (root / "core" / "wire" / f"{name}.py").read_text(encoding="utf-8")
    imported = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert not {module for module in imported if module and module.startswith("core")}
    (tmp_path / "carried.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-I", str(tmp_path / "carried.py")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
