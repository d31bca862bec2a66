"""The calls that a model answered last, in a ring of bounded length.

Knows nothing about how they were answered. An entry keeps request and response as they were and becomes
DSPy's dict only when somebody looks, so remembering costs next to nothing.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TextIO, overload

from core.messages import LMOutput, LMRequest, LMResponse, Message

__all__ = ["Entry", "History", "inspect_history", "recent"]

KEEP = 1_000
"""Calls kept per model: some megabytes at most, whatever `max_history_size` allows beyond it."""


class Entry:
    """One answered call."""

    __slots__ = ("_dict", "request", "response", "timestamp")

    def __init__(self, request: LMRequest, response: LMResponse) -> None:
        self.request = request
        self.response = response
        self.timestamp = time.time()
        self._dict: dict[str, Any] | None = None

    @classmethod
    def given(cls, entry: Mapping[str, Any]) -> Entry:
        """Make an entry of a dict under DSPy's names, for models that keep their own books."""
        messages = entry.get("messages") or [{"role": "user", "content": str(entry.get("prompt") or "")}]
        outputs = [
            LMOutput(item if isinstance(item, str) else str(item.get("text", "")))
            for item in entry.get("outputs") or ()
        ]
        made = cls(
            LMRequest(str(entry.get("model", "")), messages, dict(entry.get("kwargs") or {})),
            LMResponse(outputs),
        )
        made._dict = dict(entry)
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return it under DSPy's names; the same dict each time."""
        if self._dict is None:
            request, response = self.request, self.response
            self._dict = {
                "prompt": _prompt(request.messages),
                "messages": request.messages,
                "kwargs": dict(request.params),
                "response": response,
                "outputs": [output.text for output in response.outputs],
                "usage": response.usage.to_dict(),
                "cost": response.cost,
                "cached": response.cached,
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(self.timestamp)),
                "uuid": str(uuid.uuid4()),
                "model": request.model,
                "response_model": response.model,
                "model_type": request.model_type,
            }
        return self._dict


def _prompt(messages: list[Message]) -> str | None:
    """Return the text that was asked with, where it was one text."""
    content = messages[0].get("content") if len(messages) == 1 else None
    return content if isinstance(content, str) and messages[0].get("role") == "user" else None


class History(Sequence[dict[str, Any]]):
    """A sequence of calls, oldest first, that forgets the oldest beyond its length."""

    __slots__ = ("_entries",)

    def __init__(self, keep: int = KEEP) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)

    def add(self, entry: Entry, limit: int = KEEP) -> None:
        """Remember a call; keep at most `limit`."""
        entries = self._entries
        entries.append(entry)
        while len(entries) > limit:
            entries.popleft()

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [entry.to_dict() for entry in list(self._entries)[index]]
        return self._entries[index].to_dict()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (entry.to_dict() for entry in list(self._entries))

    def __repr__(self) -> str:
        return f"History({len(self)} calls)"

    def show(self, n: int = 1, file: TextIO | None = None) -> None:
        """Print the last `n` calls, messages and replies."""
        out = file or sys.stdout
        for entry in list(islice(self._entries, max(0, len(self) - n), None)):
            out.write(_page(entry))


recent = History()
"""The last calls of the whole process, for `core.inspect_history`."""


def inspect_history(n: int = 1, file: TextIO | None = None) -> None:
    """Print the last `n` calls of any model of this process."""
    recent.show(n, file)


def _page(entry: Entry) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.timestamp))
    cached = ", from the cache" if entry.response.cached else ""
    parts = [f"\n── {entry.request.model}, {moment}{cached} ──\n"]
    parts += [
        f"\n{str(message.get('role', '?')).capitalize()}:\n\n{_text(message)}\n"
        for message in entry.request.messages
    ]
    for number, output in enumerate(entry.response.outputs, 1):
        title = "Response" if len(entry.response.outputs) == 1 else f"Response {number}"
        parts.append(f"\n{title}:\n\n{output.text}\n")
        if output.tool_calls:
            parts.append(f"Tool calls: {output.tool_calls}\n")
    return "".join(parts) + "\n"


def _text(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, str) or content is None:
        return content or ""
    return "\n".join(_part(part) for part in content)


def _part(part: Any) -> str:
    if isinstance(part, dict) and part.get("type") == "text":
        return str(part.get("text", ""))
    kind = part.get("type", "part") if isinstance(part, dict) else type(part).__name__
    return f"<{kind}>"
