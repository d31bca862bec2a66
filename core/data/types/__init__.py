"""Types with a form of their own in messages: images, audio, files, tools, conversations, code.

Knows nothing about adapters, which put them into messages.
"""

from core.data.types.audio import Audio
from core.data.types.citations import Citations, Document
from core.data.types.code import Code
from core.data.types.file import File
from core.data.types.history import History
from core.data.types.image import Image
from core.data.types.reasoning import Reasoning
from core.data.types.tool import Tool, tool_sources
from core.data.types.tool_calls import ToolCall, ToolCallResults, ToolCalls
from core.data.types.type import Type

__all__ = [
    "Audio",
    "Citations",
    "Code",
    "Document",
    "File",
    "History",
    "Image",
    "Reasoning",
    "Tool",
    "ToolCall",
    "ToolCallResults",
    "ToolCalls",
    "Type",
    "tool_sources",
]
