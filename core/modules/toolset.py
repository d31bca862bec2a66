"""The tools of an agent by name, from whatever a program calls a tool.

Knows nothing about agents. Tools are shared by copies of a program: what a method or a retriever is bound to stays
one object.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from core.data.example import Example, plain_fields
from core.data.types.tool import Tool
from core.foundation.errors import ConfigurationError
from core.modules.module import Module
from core.modules.retrieve import Retrieve

__all__ = ["Toolset", "listing", "observation_of", "tool_of"]

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Toolset(dict[str, Tool]):
    """Tools by name, in the order given.

    Args:
        tools: See `tool_of`; a mapping names them.
        reserved: Names that the agent itself needs.

    Raises:
        ConfigurationError: Two have one name, one has a reserved name, or something is no tool.
    """

    def __init__(self, tools: Iterable[Any] | Mapping[str, Any] = (), reserved: Iterable[str] = ()) -> None:
        super().__init__()
        named = tools.items() if isinstance(tools, Mapping) else [(None, tool) for tool in tools]
        for name, given in named:
            tool = tool_of(given, name)
            if tool.name in self or tool.name in set(reserved):
                taken = "two tools are" if tool.name in self else "the agent itself has a tool"
                raise ConfigurationError(
                    f"A tool is called '{tool.name}', and {taken} called so.",
                    hint=f"Name it otherwise: Tool(function, name='{tool.name}_2').",
                )
            self[tool.name] = tool

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = type(self)()
        made.update(self)
        return made


def tool_of(given: Any, name: str | None = None) -> Tool:
    """Return a tool made of a `Tool`, a function, a method, a callable object, a module, a retriever, a LangChain
    tool, an object of the 2024 form (`name`, `input_variable`, `desc`), or the name of a built-in one.

    Raises:
        ConfigurationError: It is none of these.
    """
    if isinstance(given, Tool):
        return given if name in (None, given.name) else _renamed(given, name)
    if isinstance(given, str):
        from core.modules.tools import make_tool

        return tool_of(make_tool(given), name)
    if isinstance(given, Module):
        return _of_module(given, name)
    if callable(getattr(given, "invoke", None)) and hasattr(given, "args_schema"):
        return tool_of(Tool.from_langchain(given), name)
    variable = getattr(given, "input_variable", None)
    if isinstance(variable, str) and callable(given):
        return _of_2024(given, variable, name)
    if callable(getattr(given, "search", None)) and not inspect.isroutine(given):
        return _of_retriever(given, name)
    if not callable(given):
        raise ConfigurationError(
            f"{type(given).__name__} is no tool.",
            hint="Pass functions, methods, core.Tool(...), modules, retrievers, or names of built-in tools.",
        )
    return Tool(given, name=name or _function_name(given))


def _renamed(tool: Tool, name: str | None) -> Tool:
    return tool.model_copy(update={"name": name})


def _function_name(function: Any) -> str | None:
    """Return a name that a model can write: a lambda's is none."""
    found = getattr(function, "__name__", None) or _snake(type(function).__name__)
    if found == "<lambda>":
        raise ConfigurationError("A lambda has no name.", hint="Write Tool(lambda ..., name='search').")
    return None if hasattr(function, "func") and not hasattr(function, "__name__") else found


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _of_module(module: Module, name: str | None) -> Tool:
    if isinstance(module, Retrieve):
        return _of_retriever(module, name)
    doc = inspect.getdoc(type(module)) if type(module).__module__.split(".")[0] != "core" else None
    signature: Any = getattr(module, "signature", None) or getattr(
        getattr(module, "predict", None), "signature", None
    )
    name = name or getattr(module, "name", None) or _snake(type(module).__name__)
    if hasattr(signature, "input_fields"):
        types = {key: field.annotation for key, field in signature.input_fields.items()}
        told = {key: field.desc for key, field in signature.input_fields.items() if field.has_desc}
        required = tuple(key for key, field in signature.input_fields.items() if field.required)

        def ask(**inputs: Any) -> Any:
            return module(**inputs)

        desc = doc or signature.instructions
        return Tool(
            ask, name=name, desc=desc, arg_types=types, arg_desc=told, has_kwargs=False, required=required
        )
    entry = getattr(module, "aforward" if "aforward" in vars(type(module)) else "forward")
    parameters = [p for p in inspect.signature(entry).parameters.values() if p.kind is not p.VAR_KEYWORD]
    shape = Tool(entry)
    tool = Tool(module, name=name, desc=doc or shape.desc, args=shape.args, arg_types=shape.arg_types)
    required = tuple(p.name for p in parameters if p.default is p.empty)
    return tool.model_copy(update={"required": required, "has_kwargs": shape.has_kwargs})


def _of_retriever(retriever: Any, name: str | None) -> Tool:
    from core.modules.tools.retrieval import retrieval

    return tool_of(retrieval(retriever), name or "search")


def _of_2024(given: Any, variable: str, name: str | None) -> Tool:
    def ask(**inputs: Any) -> Any:
        return given(inputs[variable])

    named = name or str(getattr(given, "name", None) or _snake(type(given).__name__))
    return Tool(ask, name=named, desc=getattr(given, "desc", None), args={variable: {"type": "string"}})


def listing(tools: Mapping[str, Tool]) -> str:
    """Return the tools as a model reads them: one numbered line each, with what they do and their arguments."""
    return "\n".join(f"{number}. {_line(tool)}" for number, tool in enumerate(tools.values(), start=1))


def _line(tool: Tool) -> str:
    from core.wire.values import json_text

    desc = " ".join((tool.desc or "").split())
    text = f"`{tool.name}`{': ' + desc if desc else ''}"
    if text[-1] not in ".!?":
        text += "."
    return f"{text} Arguments: {json_text(tool.args)}"


def observation_of(result: Any) -> Any:
    """Return what a tool gave as it is kept and shown: predictions, examples and models as their fields."""
    if isinstance(result, Example):
        return plain_fields(result)
    return result


def tool_name_type(names: Iterable[str]) -> Any:
    """Return the type of a field that names one of the tools."""
    return Literal[tuple(names)]
