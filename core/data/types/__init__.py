"""Types with a form of their own in messages: images, audio, files, tools, conversations, code.

Knows nothing about adapters, which put them into messages.
"""

from core.data.types.tool import Tool, tool_sources
from core.data.types.tool_calls import ToolCall, ToolCallResults, ToolCalls
from core.data.types.type import Type

__all__ = ["Tool", "ToolCall", "ToolCallResults", "ToolCalls", "Type", "tool_sources"]
