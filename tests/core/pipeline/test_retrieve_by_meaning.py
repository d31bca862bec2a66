"""The step that retrieves by meaning: whose embedder, from where, as code, and not in files that run alone."""

from __future__ import annotations

import asyncio

import pytest

import core
from core.export.program_data import program_data
from core.foundation.errors import ExportError
from core.pipeline import build, code, validate
from core.retrieval import SettingsEmbeddings

CORPUS = ["The ship sailed at dawn.", "Bread needs flour and water."]
SPEC = {
    "name": "by meaning",
    "inputs": [{"name": "question"}],
    "steps": [
        {"name": "find", "kind": "retrieve_by_meaning", "inputs": {"query": "question"}, "options": {"k": 1}}
    ],
    "outputs": {"passages": "find.passages"},
    "corpus": CORPUS,
}


class Counting:
    """Embeds by length and counts what it was asked."""

    def __init__(self, sign: float = 1.0) -> None:
        self.sign = sign
        self.asked: list[int] = []

    def __call__(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(len(texts))
        return [[self.sign * (len(text) - 26), 1.0] for text in texts]


def test_the_embedded_model_embeds_unless_the_settings_say_otherwise():
    program = build(SPEC)
    assert not validate(program.spec)
    assert program(question="When did ships sail?").passages == [CORPUS[0]]
    assert asyncio.run(program.acall(question="flour for bread")).passages == [CORPUS[1]]


def test_the_embedder_of_the_settings_embeds_the_corpus_once():
    embed = Counting()
    program = build(SPEC)
    with core.context(embedder=core.Embedder(embed)):
        long = "x" * 60
        assert program(question=long).passages == [CORPUS[1]]
        assert program.deepcopy()(question=long).passages == [CORPUS[1]]
    assert embed.asked == [2, 1, 1]


def test_two_embedders_never_mix():
    search = SettingsEmbeddings(CORPUS, k=1)
    one, other = Counting(), Counting(sign=-1.0)
    for embed in (one, other, one):
        with core.context(embedder=embed):
            assert [found.index for found in asyncio.run(search.search("x" * 60))] == [1]
    assert (one.asked, other.asked) == ([2, 1, 1], [2, 1])


def test_as_code_it_gives_the_same_passages():
    source = code(build(SPEC).spec)
    assert 'core.Embeddings(CORPUS, core.settings.embedder or "embedded/in-context")' in source
    space = {}
    exec(compile(source, "program.py", "exec"), space)
    made = next(item for item in space.values() if isinstance(item, type) and issubclass(item, core.Module))
    assert made()(question="When did ships sail?").passages == [CORPUS[0]]


def test_without_a_corpus_the_retriever_of_the_settings_answers():
    program = build({**SPEC, "corpus": None})
    with core.context(rm=core.BM25(["Ostal is small."])):
        assert program(question="Ostal?").passages == ["Ostal is small."]


def test_files_that_run_alone_refuse_it_and_say_what_to_do():
    with pytest.raises(ExportError, match="'find' retrieves by SettingsEmbeddings") as caught:
        program_data(build(SPEC), name="x")
    assert "'retrieve'" in caught.value.hint
