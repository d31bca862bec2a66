"""LangChain in both directions: its tools, retrievers and runnables here, our programs as runnables there.

Knows nothing about any one of them. The package is needed only for `as_runnable`; the rest works with whatever has
LangChain's methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.data.prediction import Prediction
from core.data.types.arguments import inlined
from core.data.types.tool import Tool, tool_sources
from core.foundation.drive import awaited, drive
from core.foundation.errors import ConfigurationError, MissingExtraError
from core.foundation.fingerprint import jsonable
from core.modules import Module
from core.retrieval.arguments import positive
from core.retrieval.fusion import FUSION_DEPTH, fuse_texts
from core.retrieval.passage import Passage

__all__ = ["LangChainModule", "LangChainRetriever", "as_runnable", "from_langchain"]


def from_langchain(tool: Any) -> Tool:
    """Return a LangChain tool; what it raises is raised here.

    Raises:
        ConfigurationError: It is none.
    """
    if not hasattr(tool, "ainvoke") or not hasattr(tool, "name"):
        raise ConfigurationError(
            f"A {type(tool).__name__} is no LangChain tool.", hint="Give what `@tool` or a BaseTool makes."
        )
    schema = inlined(_schema_of(tool))

    async def call(**arguments: Any) -> Any:
        return await tool.ainvoke(arguments)

    return Tool(
        call,
        name=tool.name,
        desc=tool.description or "",
        args=dict(schema.get("properties") or {}),
        required=tuple(schema.get("required") or ()),
    )


tool_sources["langchain"] = from_langchain


def _schema_of(tool: Any) -> Mapping[str, Any]:
    """Return the JSON schema of what a model gives; arguments that LangChain injects are not in it."""
    given: Any = getattr(tool, "tool_call_schema", None)
    if isinstance(given, Mapping):
        return given
    if hasattr(given, "model_json_schema"):
        return given.model_json_schema()
    return {"properties": tool.args, "required": [k for k, v in tool.args.items() if "default" not in v]}


class LangChainRetriever:
    """A LangChain retriever as `rm`: `core.configure(rm=LangChainRetriever(retriever))`.

    Args:
        retriever: Has `ainvoke(query)`, which gives documents or texts. One over a vector store is told `k`; others
            give what they give, cut after `k`.
        k: How many passages a search gives unless it asks for another number.
    """

    def __init__(self, retriever: Any, k: int = 3) -> None:
        self.retriever = retriever
        self.k = positive(k)

    def __deepcopy__(self, _memo: object) -> LangChainRetriever:
        return self  # stores and connections are shared

    def __call__(self, query: str | Sequence[str], k: int | None = None) -> list[Passage]:
        """Return at most `k` passages, best first."""
        return drive(self.search(query, k))

    async def search(self, query: str | Sequence[str], k: int | None = None) -> list[Passage]:
        """Do the same from async code; several queries are fused. Scores are reciprocal ranks."""
        wanted = self.k if k is None else positive(k)
        if isinstance(query, str):
            texts = await self._one(query, wanted)
        else:
            texts = fuse_texts([await self._one(item, wanted * FUSION_DEPTH) for item in query], wanted)
        return [Passage(text, 1.0 / (place + 1), place) for place, text in enumerate(texts)]

    async def _one(self, query: str, k: int) -> list[str]:
        options = {"k": k} if hasattr(self.retriever, "search_kwargs") else {}
        found = await awaited(self.retriever.ainvoke(query, **options))
        return [str(getattr(item, "page_content", item)) for item in found][:k]


class LangChainModule(Module):
    """A LangChain runnable as a module, so that it can be evaluated, and its parts of ours compiled.

    Every program that `as_runnable` put into the chain is a part of this module: optimizers see its predictors.

    Args:
        runnable: Has `ainvoke(inputs)`. It is given the inputs as a dict, or the one input itself where `input_key`
            is set.
        input_key: The only input, passed bare.
        output_key: The prediction's field for a result that is no dict.
    """

    def __init__(self, runnable: Any, *, input_key: str | None = None, output_key: str = "output") -> None:
        super().__init__()
        self.runnable = runnable
        self.input_key = input_key
        self.output_key = output_key
        self.parts = [step.program for step in _steps(runnable) if hasattr(step, "program")]

    async def aforward(self, **inputs: Any) -> Prediction:
        """Run the chain."""
        given = inputs[self.input_key] if self.input_key else inputs
        result = await awaited(self.runnable.ainvoke(given))
        if isinstance(result, Example):
            return Prediction(result)
        if isinstance(result, Mapping):
            return Prediction({str(key): value for key, value in result.items()})
        return Prediction({self.output_key: getattr(result, "content", result)})


def _steps(runnable: Any) -> Iterator[Any]:
    """Yield the parts of a chain: sequences have `steps`, parallels too, bindings are `bound`."""
    yield runnable
    inner = getattr(runnable, "steps", None) or getattr(runnable, "steps__", None) or ()
    for step in inner.values() if isinstance(inner, Mapping) else inner:
        yield from _steps(step)
    for name in ("bound", "mapper"):
        if (bound := getattr(runnable, name, None)) is not None:
            yield from _steps(bound)


def as_runnable(program: Module, *, output: str | None = None) -> Any:
    """Return the program as a LangChain runnable: dict in, dict out (or one field).

    Args:
        program: Called with the dict's items; a bare text goes to the signature's only input.
        output: The field of the prediction to pass on; None passes all as a dict.

    Raises:
        MissingExtraError: langchain-core is not installed.
    """
    try:
        from langchain_core.runnables import Runnable
    except ImportError as error:
        raise MissingExtraError("langchain-core", "langchain", purpose="runnables") from error

    class ProgramRunnable(Runnable[Any, Any]):
        """A program of ours inside a chain."""

        def __init__(self, program: Module) -> None:
            self.program = program

        def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
            return _passed_on(self.program(**_inputs(self.program, input), **kwargs), output)

        async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
            return _passed_on(await self.program.acall(**_inputs(self.program, input), **kwargs), output)

    return ProgramRunnable(program)


def _inputs(program: Module, given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return {str(name): value for name, value in given.items()}
    predictors = program.predictors()
    names = list(predictors[0].signature.input_fields) if len(predictors) == 1 else []
    if len(names) != 1:
        raise ConfigurationError(
            f"The program was given a {type(given).__name__}; it takes several inputs by name.",
            hint='Give a dict: {"question": ...}.',
        )
    return {names[0]: given}


def _passed_on(prediction: Any, output: str | None) -> Any:
    if output is not None:
        return prediction[output]
    return {name: jsonable(value) for name, value in prediction.items()}
