"""C38, C45, C138–C140: retrievers and LangChain."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

import core
from core.interop.langchain import LangChainModule, LangChainRetriever, as_runnable
from core.lm import ScriptedLM
from tests.fakes.colbert import ColBERTServer

PASSAGES = ["Mira founded Ostal.", "Ostal lies at the river Ven.", "The river Ven is cold."]


class Words:
    """A retriever of 2024: a plain class, called with a query and k, that gives dicts with `long_text`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, query: str, k: int) -> list[dict[str, str]]:
        self.asked.append((query, k))
        words = set(query.lower().split())
        found = [text for text in PASSAGES if words & set(text.lower().strip(".").split())]
        return [{"long_text": text} for text in found][:k]


class Sentences(core.Retrieve):
    """A retriever of 2024: a subclass of Retrieve with `forward`."""

    def forward(self, query_or_queries: str | list[str], k: int | None = None) -> core.Prediction:
        queries = [query_or_queries] if isinstance(query_or_queries, str) else query_or_queries
        found = [text for text in PASSAGES for query in queries if query.lower() in text.lower()]
        return core.Prediction(passages=found[: k or self.k])


def test_c038_queries_are_fused_for_retrievers_that_take_one_query() -> None:
    rm = Words()
    with core.context(rm=rm):
        assert core.Retrieve(k=2)(["founded", "cold river"]).passages == [PASSAGES[0], PASSAGES[1]]
    assert [query for query, _ in rm.asked] == ["founded", "cold river"]


def test_c045_langchain_programs_chains_and_retrievers_serve_each_other() -> None:
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nMira\n\n[[ ## completed ## ]]")
    answering = core.Predict("context: list[str], question -> answer")
    found = RunnableLambda(lambda question: PASSAGES[:1])
    chain = RunnableLambda(
        lambda given: {"context": LangChainRetriever(found)(given["question"]), **given}
    ) | as_runnable(answering)
    module = LangChainModule(chain)
    with core.context(lm=lm):
        assert module(question="Who founded Ostal?").answer == "Mira"
        assert LangChainModule(found, input_key="question", output_key="context")(question="x").context
    assert module.predictors() == [answering], "optimizers reach into the chain"
    assert PASSAGES[0] in str(lm.requests[0].messages)


def test_c138_colbert_over_http_is_everybodys_retriever() -> None:
    with ColBERTServer(PASSAGES) as server:
        colbert = core.ColBERTv2(url=server.url)
        with core.context(rm=colbert):
            assert core.Retrieve(k=1)("who founded Ostal?").passages == [PASSAGES[0]]
        first = colbert("cold river", k=1)[0]
        assert (first.long_text, first["pid"], first.rank) == (PASSAGES[2], 2, 1)
        assert 0 < first.prob <= 1
        assert colbert("cold river", k=1) == [first]
        assert len(server.asked) == 2, "the second time it came from the cache"


@pytest.mark.parametrize("rm", [Words(), Sentences(), lambda query, k: PASSAGES[:k]])
def test_c140_a_retriever_of_ones_own(rm: Any) -> None:
    retrieve = core.Retrieve(k=1)
    with core.context(rm=rm):
        assert retrieve("founded").passages == [PASSAGES[0]]
        assert asyncio.run(retrieve.acall("founded")).passages == [PASSAGES[0]]


def test_c140_a_subclass_of_retrieve_is_called_with_what_it_takes() -> None:
    step = Sentences(k=2)
    assert step("river").passages == PASSAGES[1:]
    assert step(query_or_queries=["founded", "cold"], k=1).passages == [PASSAGES[0]]
    assert asyncio.run(step.acall("river", k=1)).passages == [PASSAGES[1]]
    assert [name for name, _ in step.named_parameters()] == ["self"]


def test_c140_async_retrievers_and_predictions_serve() -> None:
    async def rm(query: str, k: int) -> core.Prediction:
        await asyncio.sleep(0)
        return core.Prediction(passages=PASSAGES)

    step = core.Retrieve(k=2, rm=rm)
    assert step("x").passages == PASSAGES[:2]
    assert asyncio.run(step.acall("x")).passages == PASSAGES[:2]


def test_c140_a_retriever_that_waits_does_not_hold_up_the_event_loop() -> None:
    both = threading.Barrier(2, timeout=10)

    def rm(query: str, k: int) -> list[str]:
        both.wait()  # broken after ten seconds unless two searches are under way at once
        return PASSAGES[:k]

    async def two() -> list[core.Prediction]:
        step = core.Retrieve(k=1, rm=rm)
        return list(await asyncio.gather(step.acall("a"), step.acall("b")))

    assert [found.passages for found in asyncio.run(two())] == [PASSAGES[:1]] * 2


@pytest.mark.parametrize("given", ["one text", None, 3])
def test_c140_what_a_retriever_gets_wrong_is_said(given: Any) -> None:
    with pytest.raises(core.WorkbenchError, match="not passages") as caught:
        core.Retrieve(rm=lambda query, k: given)("x")
    assert caught.value.hint


def test_c140_embeddings_are_a_retriever_and_saved(tmp_path: Path) -> None:
    search = core.Embeddings(PASSAGES, core.Embedder("embedded/in-context"), k=1)
    assert core.Retrieve(k=1, rm=search)("a cold river").passages == [PASSAGES[2]]
    search.save(tmp_path)
    again = core.EmbeddingsWithScores.from_saved(tmp_path, core.Embedder("embedded/in-context"))
    found = again("a cold river")
    assert (found.passages, found.indices) == ([PASSAGES[2]], [2])
    assert 0 < found.scores[0] <= 1


def test_c148_deduplicate_keeps_the_first() -> None:
    assert core.deduplicate(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


def test_c140_an_object_with_search_takes_several_queries_itself() -> None:
    class Index:
        def search(self, queries: str | list[str], k: int) -> list[str]:
            return [f"{k} of {queries}"]

    assert core.Retrieve(k=2, rm=Index())(["a", "b"]).passages == ["2 of ['a', 'b']"]
    assert asyncio.run(core.Retrieve(k=2, rm=Index()).acall("a")).passages == ["2 of a"]
