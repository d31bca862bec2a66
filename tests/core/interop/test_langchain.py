"""LangChain's tools, retrievers and chains with our programs, on the installed langchain-core."""

from __future__ import annotations

import asyncio
from typing import Annotated

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import InjectedToolArg, StructuredTool, tool
from langchain_core.vectorstores import InMemoryVectorStore

import core
from core.data.types.tool import Tool
from core.foundation.errors import ConfigurationError, ValueCoercionError
from core.interop.langchain import LangChainModule, LangChainRetriever, as_runnable
from core.modules import Predict, Retrieve


@tool
def add(a: int, b: int = 3) -> int:
    """Add two numbers."""
    return a + b


@tool
async def shout(text: str, user: Annotated[str, InjectedToolArg] = "nobody") -> str:
    """Say it loudly."""
    return f"{text.upper()} ({user})"


def fail(text: str) -> str:
    raise OSError(f"no {text}")


class Documents(BaseRetriever):
    """Finds documents that hold a word of the query."""

    texts: list[str]

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        words = set(query.split())
        return [Document(page_content=text) for text in self.texts if words & set(text.split())]


TEXTS = ["red apples", "green apples", "blue sky"]


def test_a_tool():
    made = Tool.from_langchain(add)
    assert (made.name, made.desc) == ("add", "Add two numbers.")
    assert made.args == {"a": {"type": "integer"}, "b": {"type": "integer", "default": 3}}
    assert asyncio.run(made.acall(a=1)) == 4
    assert asyncio.run(made.acall(a="2", b=2)) == 4
    with pytest.raises(ValueCoercionError, match="'a'"):
        asyncio.run(made.acall(b=1))
    with core.context(allow_tool_async_sync_conversion=True):
        assert made(a=1) == 4


def test_arguments_that_langchain_injects_are_not_the_models():
    made = Tool.from_langchain(shout)
    assert list(made.args) == ["text"]
    assert asyncio.run(made.acall(text="hi")) == "HI (nobody)"


def test_what_a_tool_raises_is_raised():
    made = Tool.from_langchain(StructuredTool.from_function(fail, name="fail", description="Fails."))
    with pytest.raises(OSError, match="no luck"):
        asyncio.run(made.acall(text="luck"))


def test_a_tool_given_as_json_schema():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    given = StructuredTool(name="double", description="Doubles.", args_schema=schema, func=lambda n: 2 * n)
    made = Tool.from_langchain(given)
    assert made.args == {"n": {"type": "integer"}}
    assert asyncio.run(made.acall(n=4)) == 8


def test_what_is_no_tool():
    with pytest.raises(ConfigurationError, match="no LangChain tool"):
        Tool.from_langchain(len)


def test_a_retriever_is_an_rm():
    rm = LangChainRetriever(Documents(texts=TEXTS))
    assert [found.long_text for found in rm("apples", k=1)] == ["red apples"]
    step = Retrieve(k=2, rm=rm)
    assert step("sky").passages == ["blue sky"]
    assert asyncio.run(step.acall(["green", "apples"])).passages == ["green apples", "red apples"]


def test_a_retriever_over_a_store_is_told_k():
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_texts([f"text {number}" for number in range(9)])
    assert len(LangChainRetriever(store.as_retriever(), k=7)("text")) == 7


def test_a_program_in_a_chain():
    program = Predict("question -> answer")
    lm = core.ScriptedLM(lambda request: "[[ ## answer ## ]]\nfour\n\n[[ ## completed ## ]]")
    with core.context(lm=lm):
        chain = RunnableLambda(lambda text: {"question": text}) | as_runnable(program)
        assert chain.invoke("2 + 2?") == {"answer": "four"}
        assert asyncio.run((as_runnable(program, output="answer") | str.upper).ainvoke("2 + 2?")) == "FOUR"


def test_a_bare_text_needs_one_input():
    with pytest.raises(ConfigurationError, match="by name"):
        as_runnable(Predict("a, b -> c")).invoke("x")


def test_a_chain_is_a_module_whose_parts_compile():
    answering = Predict("context, question -> answer")
    chain = (
        RunnableParallel(
            context=RunnableLambda(lambda given: given["question"]) | Documents(texts=TEXTS) | str,
            question=RunnableLambda(lambda given: given["question"]),
        )
        | RunnablePassthrough()
        | as_runnable(answering)
    )
    module = LangChainModule(chain)
    assert [name for name, _ in module.named_predictors()] == ["parts[0]"]
    lm = core.ScriptedLM(lambda request: "[[ ## answer ## ]]\nblue\n\n[[ ## completed ## ]]")
    trainset = [core.Example(question="which sky", answer="blue").with_inputs("question")]
    with core.context(lm=lm):
        assert module(question="which sky").answer == "blue"
        assert asyncio.run(module.acall(question="which sky")).answer == "blue"
        compiled = core.BootstrapFewShot(
            metric=lambda example, pred, trace=None: pred.answer == "blue", max_labeled_demos=0
        ).compile(module, trainset=trainset)
        assert len(compiled.predictors()[0].demos) == 1
        assert answering.demos == [], "the student stays as it was"
        compiled(question="a sky")
    assert "which sky" in str(lm.requests[-1].messages), "the compiled chain runs the compiled part"


def test_results_that_are_no_dict_get_a_name():
    assert LangChainModule(RunnableLambda(lambda x: x + 1), input_key="n")(n=1).output == 2
    chain = RunnableLambda(lambda given: given["n"])
    assert LangChainModule(chain, output_key="m")(n=1).m == 1
