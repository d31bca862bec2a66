"""Retrieval by vectors: ranks, ties, fusion, who embeds when, saved folders, FAISS beyond a threshold."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import sys
import threading
import types

import numpy as np
import pytest

from core.data import Example
from core.foundation.errors import ConfigurationError, StateError
from core.lm import Embedder
from core.modules import KNN, Retrieve
from core.retrieval import Embeddings, EmbeddingsWithScores
from core.retrieval.nearest import BLOCK, Exact, Narrowed, nearest_in
from tests.fakes.server import FakeServer

CORPUS = ["red", "green", "blue", "yellow"]
COLOURS = {"red": (3, 0, 0), "green": (0, 2, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0), "crimson": (5, 1, 0)}


class Colours:
    """Embeds by a table and counts what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked.append(list(texts))
        return [COLOURS.get(text, (1, 1, 1)) for text in texts]


def test_the_nearest_first():
    found = Embeddings(CORPUS, Colours(), k=2)("crimson")
    assert found.passages == ["red", "yellow"]
    assert found.indices == [0, 3]
    assert "scores" not in found


def test_scores_are_cosines_or_inner_products():
    cosines = EmbeddingsWithScores(CORPUS, Colours(), k=2)("crimson").scores
    assert cosines == pytest.approx([5 / math.sqrt(26), 6 / math.sqrt(52)])
    products = EmbeddingsWithScores(CORPUS, Colours(), k=2, normalize=False)("crimson")
    assert products.scores == [15.0, 6.0]
    assert products.passages == ["red", "yellow"]


def test_equal_scores_keep_the_order_of_the_corpus_across_blocks():
    vectors = np.ones((2 * BLOCK + 5, 2), dtype=np.float32)
    vectors[BLOCK + 3] *= 2
    found = Exact(vectors).search(np.array([1, 0], dtype=np.float32), 4)
    assert [row for row, _ in found] == [BLOCK + 3, 0, 1, 2]


def test_blocks_change_nothing():
    draw = np.random.default_rng(3)
    vectors = draw.standard_normal((BLOCK + 500, 8)).astype(np.float32)
    query = vectors[7]
    found = Exact(vectors).search(query, 10)
    assert [row for row, _ in found] == np.argsort(-(vectors @ query), kind="stable")[:10].tolist()


def test_the_corpus_is_embedded_once_and_not_before_it_is_needed():
    embed = Colours()
    search = Embeddings(CORPUS, embed)
    assert embed.asked == []
    search("crimson")
    search("red", k=1)
    copy.deepcopy({"rm": search})["rm"]("red")
    assert embed.asked == [CORPUS, ["crimson"], ["red"], ["red"]]


def test_kept_queries_are_not_embedded_again():
    embed = Colours()
    search = Embeddings(CORPUS, embed, cache=True)
    assert search("crimson").indices == search("crimson").indices
    assert embed.asked == [CORPUS, ["crimson"]]


def test_many_who_ask_at_once_embed_the_corpus_once():
    embed, started, go = Colours(), threading.Event(), threading.Event()

    def slow(texts):
        if list(texts) == CORPUS:
            started.set()
            assert go.wait(10)
        return embed(texts)

    search = Embeddings(CORPUS, slow, k=1)
    found = []
    threads = [threading.Thread(target=lambda: found.append(search("red").passages)) for _ in range(5)]
    threads[0].start()
    assert started.wait(10)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert found == [["red"]] * 5
    assert embed.asked.count(CORPUS) == 1


def test_a_failed_embedding_is_tried_again():
    failures = [OSError("down")]

    def flaky(texts):
        if failures:
            raise failures.pop()
        return Colours()(texts)

    search = Embeddings(CORPUS, flaky, k=1)
    with pytest.raises(OSError, match="down"):
        search("red")
    assert search("red").passages == ["red"]


def test_async_code_and_async_functions():
    async def embed(texts):
        await asyncio.sleep(0)
        return [COLOURS[text] for text in texts]

    search = Embeddings(CORPUS, embed, k=1)
    assert search("crimson").passages == ["red"]
    assert asyncio.run(search.acall("crimson")).passages == ["red"]

    async def notebook():
        return search("green").passages, Retrieve(k=1, rm=search)("blue").passages

    assert asyncio.run(notebook()) == (["green"], ["blue"])


class Lengths(Embedder):
    """As subclasses written for DSPy are: `__call__` alone, an array with a row per text, for one text too."""

    def __init__(self):
        super().__init__(lambda texts: [[1.0, 0.0] for _ in texts])

    def __call__(self, inputs, *args, **kwargs):
        texts = [inputs] if isinstance(inputs, str) else inputs
        return np.array([[len(text), 1.0] for text in texts])


def test_a_subclass_that_overrides_the_call_alone_is_heard():
    assert Embeddings(["r", "gg", "yyyyyyy"], Lengths(), k=1, normalize=False)("blue").passages == ["yyyyyyy"]
    found = asyncio.run(Embeddings(["r", "gg", "yyyyyyy"], Lengths(), k=1, normalize=False).acall("blue"))
    assert found.passages == ["yyyyyyy"]
    rows = [Example(text=text).with_inputs("text") for text in ("r", "gg", "yyyyyyy")]
    assert asyncio.run(KNN(1, rows, Lengths()).acall(text="blue")) == [rows[2]]


def test_a_subclass_that_overrides_the_async_call_is_heard():
    class Later(Lengths):
        async def acall(self, inputs, *args, **kwargs):
            return [[1.0, float(text == "gg")] for text in inputs]

    assert Embeddings(["r", "gg", "yyy"], Later(), k=1)("gg").passages == ["gg"]


def test_one_vector_for_one_text_is_one_row():
    class Flat(Lengths):
        def __call__(self, inputs, *args, **kwargs):
            return np.squeeze(super().__call__(inputs))

    assert Embeddings(["r", "gg"], Flat(), k=1, normalize=False)("blue").passages == ["gg"]


def test_vectors_of_different_lengths_are_an_error_that_says_so():
    class Ragged(Lengths):
        def __call__(self, inputs, *args, **kwargs):
            return [[1.0] * len(text) for text in inputs]

    with pytest.raises(ConfigurationError, match="all of one length"):
        Embeddings(["r", "gg"], Ragged())("blue")


def test_several_queries_are_fused():
    found = EmbeddingsWithScores(CORPUS, Colours(), k=2)(["red", "green"])
    assert found.passages == ["red", "green"]
    assert found.scores == pytest.approx([1 / 61 + 1 / 63, 1 / 61 + 1 / 63]), (
        "first for one, third for the other"
    )
    assert asyncio.run(Embeddings(CORPUS, Colours()).search([], k=2)) == []


def test_an_endpoint_and_the_embedded_model_embed_too():
    with FakeServer() as server:
        search = Embeddings(["a", "bbb"], Embedder("openai/e", api_base=server.url), k=1)
        assert len(search("a").passages) == 1
        assert [call.body["input"] for call in server.calls] == [["a", "bbb"]], "the query is known already"
    boats = Embeddings(["The ship sailed at dawn.", "Bread needs flour."], "embedded/in-context", k=1)
    assert boats("ships that sail").indices == [0]


def test_the_module_retrieve_uses_it():
    step = Retrieve(k=1, rm=Embeddings(CORPUS, Colours()))
    assert step("crimson").passages == ["red"]
    assert set(asyncio.run(step.acall(["red", "blue"], k=2)).passages) <= set(CORPUS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Embeddings("red", Colours()), "one text"),
        (lambda: Embeddings(CORPUS, Colours(), k=0), "k is 0"),
        (lambda: Embeddings(["a"], lambda texts: [[float("nan")]])("a"), "NaN"),
        (lambda: Embeddings(CORPUS, lambda t: [[1.0] * (len(t) % 2 + 1)] * len(t))("a"), "dimensions"),
    ],
)
def test_what_cannot_work_is_said(make, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        make()
    assert caught.value.hint


def test_an_empty_corpus_finds_nothing():
    assert Embeddings([], Colours())("red").passages == []


# ── saved folders ───────────────────────────────────────────────────────────────────────────────────────


def test_saved_and_loaded(tmp_path):
    folder = tmp_path / "deep" / "colours"
    Embeddings(CORPUS, Colours(), k=2).save(folder)
    embed = Colours()
    loaded = EmbeddingsWithScores.from_saved(folder, embed, corpus=CORPUS)
    assert loaded("crimson").passages == ["red", "yellow"]
    assert embed.asked == [["crimson"]]
    assert (loaded.k, loaded.normalize, loaded.corpus) == (2, True, tuple(CORPUS))
    assert Embeddings(["x"], embed).load(folder)("crimson").indices == [0, 3]


def test_nothing_in_a_folder_can_become_code(tmp_path):
    Embeddings(CORPUS, Colours()).save(tmp_path)
    vectors = next(tmp_path.glob("*.npy"))
    np.save(vectors, np.array([{"a": object}], dtype=object), allow_pickle=True)
    with pytest.raises(StateError, match="not the file that was saved"):
        Embeddings.from_saved(tmp_path, Colours())
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    import hashlib

    config["vectors"]["sha256"] = hashlib.sha256(vectors.read_bytes()).hexdigest()
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(StateError, match="cannot be read"):
        Embeddings.from_saved(tmp_path, Colours())


def test_saving_again_replaces_and_an_interrupted_save_leaves_the_old(tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    Embeddings(CORPUS, Colours()).save(tmp_path)
    from core.retrieval import saved_vectors

    real = saved_vectors.atomic_write

    def broken(path, data):
        if path.name == "config.json":
            raise OSError(28, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(saved_vectors, "atomic_write", broken)
    with pytest.raises(StateError, match="No space left"):
        Embeddings(["red", "blue"], Colours()).save(tmp_path)
    assert len(Embeddings.from_saved(tmp_path, Colours())) == 4
    monkeypatch.undo()
    Embeddings(["red", "blue"], Colours()).save(tmp_path)
    assert len(Embeddings.from_saved(tmp_path, Colours())) == 2
    assert len(list(tmp_path.glob("*.npy"))) == 1
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"corpus": ["red", "green", "blue", "pink"]}, "not the one that was saved"),
        ({"corpus": "red"}, "no list of texts"),
        ({"format": 2}, "newer version"),
        ({"vectors": {"file": "../secret.npy"}}, "names no vectors"),
        ({"vectors": {"file": "gone.npy"}}, "cannot be read"),
    ],
)
def test_damage_is_noticed(tmp_path, change, message):
    Embeddings(CORPUS, Colours()).save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text("utf-8")) | change
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(StateError, match=message):
        Embeddings.from_saved(tmp_path, Colours())


def test_the_folder_has_to_fit(tmp_path):
    with pytest.raises(StateError, match="no saved embeddings"):
        Embeddings.from_saved(tmp_path / "nowhere", Colours())
    Embeddings(CORPUS, "embedded/in-context").save(tmp_path)
    with pytest.raises(StateError, match="another corpus"):
        Embeddings.from_saved(tmp_path, Colours(), corpus=["other"])
    with pytest.raises(StateError, match="embedded/in-context"):
        Embeddings.from_saved(tmp_path, "openai/text-embedding-3-small")


def test_folders_of_dspy_are_read(tmp_path):
    np.save(tmp_path / "corpus_embeddings.npy", np.array([[1, 0], [0, 1]], dtype=np.float32))
    config = {"k": 1, "normalize": True, "corpus": ["x", "y"], "has_faiss_index": False}
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    assert Embeddings.from_saved(tmp_path, lambda texts: [[0.1, 2.0]])("up").passages == ["y"]


# ── beyond the threshold ────────────────────────────────────────────────────────────────────────────────


class FlatFaiss(types.ModuleType):
    """The part of FAISS that is used, answered exactly."""

    METRIC_INNER_PRODUCT = 0

    class IndexFlatIP:
        def __init__(self, dimensions):
            self.dimensions = dimensions

    class IndexIVFFlat:
        def __init__(self, coarse, dimensions, cells, metric):
            self.cells, self.nprobe, self.trained, self.rows = cells, 1, False, None

        def train(self, rows):
            self.trained = True

        def add(self, rows):
            assert self.trained
            self.rows = rows

        def search(self, queries, k):
            scores = queries @ self.rows.T
            order = np.argsort(-scores, axis=1)[:, :k]
            order[:, -1] = -1  # FAISS pads with -1 where its cells hold too few
            return scores, order


def test_faiss_narrows_down_where_it_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", FlatFaiss("faiss"))
    vectors = np.random.default_rng(1).standard_normal((400, 6)).astype(np.float32)
    index = nearest_in(vectors, 399)
    assert isinstance(index, Narrowed)
    assert (index._index.cells, index._index.nprobe) == (20, 3)
    found, exact = index.search(vectors[5], 3), Exact(vectors).search(vectors[5], 3)
    assert [row for row, _ in found] == [row for row, _ in exact]
    assert [score for _, score in found] == pytest.approx([score for _, score in exact])
    assert isinstance(nearest_in(vectors, 400), Exact)


def test_without_faiss_every_passage_is_scored(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    search = Embeddings(CORPUS, Colours(), k=1, brute_force_threshold=1)
    assert search("crimson").passages == ["red"]
    assert isinstance(nearest_in(np.ones((3, 1), dtype=np.float32), 1), Exact)
