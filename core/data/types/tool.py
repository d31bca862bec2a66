"""`Tool`: a callable with a name, a description and the schema of its arguments, for a model to call.

Knows nothing about agents or models. Tools of other systems (MCP, LangChain) come through converters that
`core.interop` registers in `tool_sources`, because this floor imports nothing above it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pydantic

from core.callbacks import reported
from core.data.types.arguments import (
    Parameters,
    checked_arguments,
    json_schema_of,
    parameters_of,
    type_of_schema,
)
from core.data.types.type import Type
from core.foundation.drive import drive_user
from core.foundation.errors import ConfigurationError, MissingExtraError
from core.settings import current
from core.trace import span

__all__ = ["Tool", "tool_sources"]

ToolSource = Callable[..., "Tool"]

tool_sources: dict[str, ToolSource] = {}
"""Converters of other systems' tools by name ("mcp", "langchain"): `(*args, **options) -> Tool`.

`core.interop.<name>` adds its own when imported, and `Tool.from_mcp_tool` / `Tool.from_langchain` import it by name.
"""


class Tool(Type):
    """A callable that a model may call.

    Args:
        func: A function, method or callable object; sync or async.
        name: By default the function's, or the class's of an object.
        desc: What it does; by default the docstring.
        args: JSON schemas by argument; by default from signature and annotations.
        arg_types: Python types by argument; what is given to the tool is checked and coerced against them.
        arg_desc: Descriptions by argument.

    `tool(a=1)` calls it, `await tool.acall(a=1)` from async code. Arguments are given by name only.
    """

    func: Callable[..., Any] = pydantic.Field(exclude=True, repr=False)
    name: str
    desc: str | None = None
    args: dict[str, Any] = pydantic.Field(default_factory=dict[str, Any])
    arg_types: dict[str, Any] = pydantic.Field(default_factory=dict[str, Any], exclude=True, repr=False)
    arg_desc: dict[str, str] | None = pydantic.Field(default=None, exclude=True, repr=False)
    has_kwargs: bool = pydantic.Field(default=False, exclude=True, repr=False)
    required: tuple[str, ...] = pydantic.Field(default=(), exclude=True, repr=False)

    _positional: tuple[str, ...] = ()

    def __init__(
        self,
        func: Callable[..., Any],
        name: str | None = None,
        desc: str | None = None,
        args: dict[str, Any] | None = None,
        arg_types: dict[str, Any] | None = None,
        arg_desc: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        if not callable(func):
            raise ConfigurationError(
                f"A tool is made of a callable, not of {type(func).__name__}.",
                hint="Pass a function: Tool(search).",
            )
        found = _parameters(func, args, arg_types)
        schemas = args if args is not None else found.schemas
        for argument, words in (arg_desc or {}).items():
            if argument in schemas:
                schemas = {**schemas, argument: {**schemas[argument], "description": words}}
        values: dict[str, Any] = {
            "func": func,
            "name": name or _name(func),
            "desc": desc if desc is not None else _doc(func),
            "args": schemas,
            "arg_types": found.types,
            "arg_desc": arg_desc,
            "has_kwargs": more.get("has_kwargs", found.open),
            "required": tuple(more.get("required", found.required)),
        }
        super().__init__(**values)
        self._positional = found.positional

    def __call__(self, **kwargs: Any) -> Any:
        """Call it from sync code.

        Raises:
            ValueCoercionError: An argument is missing, unknown or does not fit; names it.
            ConfigurationError: It is async, and the setting `allow_tool_async_sync_conversion` is off.
        """
        if self._is_async() and not current().allow_tool_async_sync_conversion:
            raise self._refusal()
        asked = {"kwargs": kwargs}
        with reported("tool", self, asked) as call, span("tool", self.name, inputs=kwargs) as opened:
            result = self._start(kwargs)
            if inspect.isawaitable(result):
                result = self._waited(result)
            opened.set(outputs=result)
            return call.gives(result)

    async def acall(self, **kwargs: Any) -> Any:
        """Call it from async code, whether the function is sync or async; errors as for a sync call."""
        asked = {"kwargs": kwargs}
        with reported("tool", self, asked) as call, span("tool", self.name, inputs=kwargs) as opened:
            result = self._start(kwargs)
            if inspect.isawaitable(result):
                result = await result
            opened.set(outputs=result)
            return call.gives(result)

    def _start(self, kwargs: dict[str, Any]) -> Any:
        """Check the arguments and call the function; an async one gives its coroutine."""
        given = checked_arguments(self.name, kwargs, self.arg_types, self.required, self.has_kwargs)
        ordered = [given.pop(name) for name in self._positional if name in given]
        return self.func(*ordered, **given)

    def _is_async(self) -> bool:
        call = getattr(type(self.func), "__call__", None)  # noqa: B004 - the method itself is asked about
        return inspect.iscoroutinefunction(self.func) or inspect.iscoroutinefunction(call)

    def _waited(self, started: Awaitable[Any]) -> Any:
        if not current().allow_tool_async_sync_conversion:
            if inspect.iscoroutine(started):
                started.close()
            raise self._refusal()

        async def wait() -> Any:
            return await started

        return drive_user(wait)

    def _refusal(self) -> ConfigurationError:
        return ConfigurationError(
            f"Tool '{self.name}' is async and was called from sync code.",
            hint="Write `await tool.acall(...)`, or core.configure(allow_tool_async_sync_conversion=True).",
        )

    def parameters_schema(self) -> dict[str, Any]:
        """Return the JSON schema of its arguments, as the OpenAI protocol's `parameters`."""
        schema: dict[str, Any] = {
            "type": "object",
            "properties": dict(self.args),
            "required": [name for name in self.args if name in self.required],
        }
        return {**schema, "additionalProperties": True} if self.has_kwargs else schema

    def as_function(self) -> dict[str, Any]:
        """Return the entry of a request's `tools` list: {"type": "function", "function": {…}}."""
        function = {"name": self.name, "description": self.desc or "", "parameters": self.parameters_schema()}
        return {"type": "function", "function": function}

    def format_as_litellm_function_call(self) -> dict[str, Any]:
        """DSPy's name of `as_function`."""
        return self.as_function()

    def format(self) -> str:
        """Return it as a model reads it in text."""
        return str(self)

    def __str__(self) -> str:
        desc = f", whose description is <desc>{self.desc}</desc>".replace("\n", " ") if self.desc else ""
        return f"{self.name}{desc}. It takes arguments {self.args}."

    @classmethod
    def from_mcp_tool(cls, session: Any, tool: Any, result_mode: str = "text") -> Tool:
        """Return a tool of an MCP server: `session` is the client's, `tool` an entry of its tool list.

        Raises:
            MissingExtraError: The extra `mcp` is not installed.
        """
        return _source("mcp")(session, tool, result_mode=result_mode)

    @classmethod
    def from_langchain(cls, tool: Any) -> Tool:
        """Return a LangChain tool.

        Raises:
            MissingExtraError: The extra `langchain` is not installed.
        """
        return _source("langchain")(tool)


def _parameters(
    func: Callable[..., Any], args: dict[str, Any] | None, arg_types: dict[str, Any] | None
) -> Parameters:
    """Return what the callable takes, as far as the caller did not say."""
    try:
        found = parameters_of(func)
    except ValueError:
        found = Parameters({}, {}, (), open=args is None)
    if (
        args is not None and not found.types.keys() >= args.keys()
    ):  # `def call(**kwargs)` with schemas beside it
        required = tuple(
            name for name, schema in args.items() if name in found.required and "default" not in schema
        )
        types = {name: found.types.get(name, type_of_schema(schema)) for name, schema in args.items()}
        found = Parameters(types, args, required, (), False)
    elif args is not None:
        types = {
            name: type_of_schema(schema) if found.types[name] is Any else found.types[name]
            for name, schema in args.items()
        }
        hidden = {name: kind for name, kind in found.types.items() if name not in args}
        required = tuple(name for name in found.required if name in args or name in hidden)
        found = Parameters(types, args, required, found.positional, found.open)
    if not arg_types:
        return found
    schemas = {**found.schemas}
    if args is None:
        defaults = {name: found.schemas.get(name, {}) for name in arg_types}
        for name, kind in arg_types.items():
            default = {"default": defaults[name]["default"]} if "default" in defaults[name] else {}
            schemas[name] = {**json_schema_of(kind), **default}
    return Parameters({**found.types, **arg_types}, schemas, found.required, found.positional, found.open)


def _name(func: Any) -> str:
    if isinstance(func, functools.partial):
        return _name(func.func)
    return getattr(func, "__name__", None) or type(func).__name__


def _doc(func: Any) -> str | None:
    """Return the docstring of a function or class, of an object's `__call__`, or of what a partial wraps."""
    if isinstance(func, functools.partial):
        return _doc(func.func)
    own = inspect.isroutine(func) or inspect.isclass(func)
    doc = func.__doc__ if own else (type(func).__call__.__doc__ or type(func).__doc__)
    return inspect.cleandoc(doc) if doc else None


def _source(name: str) -> ToolSource:
    import importlib

    if name not in tool_sources:
        try:
            # By name: interop stands above this floor, and adds its converter when imported.
            importlib.import_module(f"core.interop.{name}")
        except ModuleNotFoundError as error:
            raise MissingExtraError(name, name) from error
    return tool_sources[name]
