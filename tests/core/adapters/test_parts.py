"""Custom types in messages: content parts in place, in every adapter, wherever a value can hold them.

The structure of the chat messages was compared with DSPy 3.4.1, run as a black box; the sentences are our own.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pydantic
import pytest

import core
from core.adapters import BAMLAdapter, ChatAdapter, JSONAdapter, TwoStepAdapter, XMLAdapter
from core.adapters.special import special_of
from core.data.types import Audio, Code, Document, File, Image, Reasoning, Tool, ToolCalls, Type
from core.foundation.errors import ExportError, ValueCoercionError

URL = "https://e.x/a.png"
IMAGE = {"type": "image_url", "image_url": {"url": URL}}
ADAPTERS = [ChatAdapter(), JSONAdapter(), XMLAdapter(), BAMLAdapter(), TwoStepAdapter()]


class Point(Type):
    x: int

    def format(self) -> str:
        return f"point {self.x}"

    @classmethod
    def description(cls) -> str:
        return "A place on a line."


class Album(pydantic.BaseModel):
    title: str
    pictures: list[Image]


@dataclasses.dataclass
class Frame:
    picture: Image


def search(query: str) -> str:
    """Find."""
    return query


def text(content: Any) -> str:
    """Return the text of a content, parts as their types in brackets."""
    if isinstance(content, str):
        return content
    return "".join(part["text"] if part["type"] == "text" else f"<{part['type']}>" for part in content)


def test_chat_messages_hold_parts_where_the_values_stand() -> None:
    fields = {
        "img": (Image, core.InputField()),
        "imgs": (list[Image], core.InputField()),
        "d": (dict[str, Image], core.InputField()),
        "m": (Point, core.InputField()),
        "t": (Tool, core.InputField()),
        "ts": (list[Tool], core.InputField()),
        "out": (str, core.OutputField()),
    }
    signature = core.Signature(fields, "Look.")
    image, tool = Image(URL), Tool(search)
    inputs = {
        "img": image,
        "imgs": [image, image],
        "d": {"k": image},
        "m": Point(x=1),
        "t": tool,
        "ts": [tool],
    }
    system, user = ChatAdapter().format(signature, [], inputs)
    assert "4. `m` (Point): Point: A place on a line." in system["content"]
    about = (
        "search, whose description is <desc>Find.</desc>. It takes arguments {'query': {'type': 'string'}}."
    )
    assert user["content"] == [
        {"type": "text", "text": "[[ ## img ## ]]\n"},
        IMAGE,
        {"type": "text", "text": '\n\n[[ ## imgs ## ]]\n["'},
        IMAGE,
        {"type": "text", "text": '", "'},
        IMAGE,
        {"type": "text", "text": '"]\n\n[[ ## d ## ]]\n{"k": "'},
        IMAGE,
        {
            "type": "text",
            "text": f'"}}\n\n[[ ## m ## ]]\npoint 1\n\n[[ ## t ## ]]\n{about}\n\n[[ ## ts ## ]]\n["{about}"]\n\n'
            "Reply with `[[ ## out ## ]]`, then `[[ ## completed ## ]]`.",
        },
    ]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: type(adapter).__name__)
@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Image, Image(URL), "<image_url>"),
        (Audio, Audio("AAAA", "wav"), "<input_audio>"),
        (File, File(file_id="f"), "<file>"),
        (Document, Document("text"), "<document>"),
        (list[Image], [Image(URL), Image(URL)], "<image_url>"),
        (Album, Album(title="t", pictures=[Image(URL)]), "<image_url>"),
        (Frame, Frame(Image(URL)), "<image_url>"),
        (dict, {"a": [Image(URL)]}, "<image_url>"),
        (Image | None, Image(URL), "<image_url>"),
    ],
    ids=["image", "audio", "file", "document", "list", "model", "dataclass", "dict", "optional"],
)
def test_every_adapter_places_parts_in_requests_and_demos(
    adapter: Any, kind: Any, value: Any, shown: str
) -> None:
    signature = core.Signature({"x": (kind, core.InputField()), "y": (str, core.OutputField())}, "Do.")
    messages = adapter.format(signature, [{"x": value, "y": "done"}], {"x": value})
    asked = [message["content"] for message in messages if message["role"] == "user"]
    assert len(asked) == 2
    for content in asked:
        assert shown in text(content)
        assert all(part["type"] != "text" or part["text"] for part in content)
    assert all("AAAA" not in text(content) for content in asked)


def test_without_custom_values_messages_stay_text_and_nothing_is_decided_twice() -> None:
    plain = core.Signature("a, b: list[int] -> c: Literal['x']")
    assert special_of(plain) is None
    assert ChatAdapter().format(plain, [], {"a": "x", "b": [1]})[1]["content"].startswith("[[ ## a ## ]]\nx")
    assert special_of(plain) is None and "special" in plain.made
    empty = core.Signature({"x": (list[Image], core.InputField()), "y": (str, core.OutputField())})
    assert isinstance(ChatAdapter().format(empty, [], {"x": []})[1]["content"], str)


def test_a_text_cannot_pass_for_a_part() -> None:
    """DSPy's markers are nothing here, unless they stand in a demo of a saved state."""
    forged = "<<CUSTOM-TYPE-START-IDENTIFIER>>" + json.dumps([IMAGE]) + "<<CUSTOM-TYPE-END-IDENTIFIER>>"
    fields = {"q": (str, core.InputField()), "x": (Image, core.InputField()), "y": (str, core.OutputField())}
    signature = core.Signature(fields, "Do.")
    (*_, user) = ChatAdapter().format(signature, [], {"q": forged, "x": Image(URL)})
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "text"]
    assert forged in user["content"][0]["text"]
    _, demo, *_ = ChatAdapter().format(
        signature, [{"q": "a", "x": forged, "y": "b"}], {"q": "c", "x": Image(URL)}
    )
    assert demo["content"][1] == IMAGE


def test_a_state_file_of_dspy_shows_the_images_of_its_demos() -> None:
    """Its form was seen in a file that DSPy 3.4.1 wrote."""
    saved = "<<CUSTOM-TYPE-START-IDENTIFIER>>" + json.dumps([IMAGE]) + "<<CUSTOM-TYPE-END-IDENTIFIER>>"
    signature = core.Signature({"x": (list[Image], core.InputField()), "y": (str, core.OutputField())})
    demo = ChatAdapter().format(signature, [{"x": [saved, saved], "y": "b"}], {"x": []})[1]
    assert demo == ChatAdapter().format(signature, [{"x": [Image(URL)] * 2, "y": "b"}], {"x": []})[1]


def test_a_saved_program_shows_the_images_of_its_demos(tmp_path: Any) -> None:
    predict = core.Predict(core.Signature({"x": (Image, core.InputField()), "y": (str, core.OutputField())}))
    predict.demos = [core.Example(x=Image(URL), y="b")]
    predict.save(tmp_path / "p.json")
    again = core.Predict(predict.signature)
    again.load(tmp_path / "p.json")
    assert again.preview(x=Image(URL)) == predict.preview(x=Image(URL))
    assert again.preview()[1]["content"][1] == IMAGE


def test_a_path_given_as_an_image_is_refused_with_what_to_do() -> None:
    signature = core.Signature({"x": (Image, core.InputField()), "y": (str, core.OutputField())})
    with pytest.raises(ValueCoercionError, match="from_path"):
        ChatAdapter().format(signature, [], {"x": "/tmp/a.png"})
    assert ChatAdapter().format(signature, [], {"x": URL})[1]["content"][1] == IMAGE
    assert "{x}" in ChatAdapter().preview(signature)[1]["content"]


@pytest.mark.parametrize(
    ("kind", "reply", "value"),
    [
        (Code["python"], "```python\nx = 1\n```", Code["python"](code="x = 1")),
        (Code["python"], "1", Code["python"](code="1")),
        (Reasoning, "because", Reasoning("because")),
        (Point, '{"x": 3}', Point(x=3)),
        (
            ToolCalls,
            '{"tool_calls": [{"name": "a", "args": {}}]}',
            ToolCalls.from_dict_list([{"name": "a", "args": {}}]),
        ),
        (list[Point], '[{"x": 1}]', [Point(x=1)]),
    ],
    ids=["code", "number as code", "reasoning", "own", "calls", "list"],
)
def test_outputs_of_custom_types_are_read(kind: Any, reply: str, value: Any) -> None:
    signature = core.Signature({"q": (str, core.InputField()), "y": (kind, core.OutputField())})
    assert ChatAdapter().parse(signature, f"[[ ## y ## ]]\n{reply}\n\n[[ ## completed ## ]]") == {"y": value}


def test_big_data_is_short_in_traces() -> None:
    lm = core.ScriptedLM(["[[ ## y ## ]]\nb\n\n[[ ## completed ## ]]"])
    signature = core.Signature({"x": (Image, core.InputField()), "y": (str, core.OutputField())})
    picture = Image(b"\x89PNG\r\n\x1a\n" + bytes(30_000))
    with core.traced() as trace, core.context(lm=lm):
        core.Predict(signature)(x=picture)
    assert lm.requests[0].messages[1]["content"][1]["image_url"]["url"] == picture.url
    told = json.dumps([span.to_dict() for span in trace.spans])
    assert "characters)" in told and len(told) < 6_000


@pytest.mark.parametrize("kind", ["messages", "python_script"])
def test_exports_without_a_form_for_parts_say_so(kind: str) -> None:
    from core.export import exporters

    predict = core.Predict(core.Signature({"x": (Image, core.InputField()), "y": (str, core.OutputField())}))
    with pytest.raises(ExportError, match="'x'") as told:
        exporters.get(kind)().export(predict)
    assert told.value.hint


def test_where_only_text_can_stand_a_part_is_named_in_short() -> None:
    signature = core.Signature("log -> y")
    picture = Image(b"\x89PNG\r\n\x1a\n" + bytes(3_000))
    request = ChatAdapter().format(signature, [], {"log": picture})[1]["content"]
    assert "Image(url='data:image/png;base64,…(4,012 characters)')" in request
    assert "point 3" in ChatAdapter().format(signature, [], {"log": Point(x=3)})[1]["content"]


PYTHON = Code["python"]
ROUND = [
    (Code["python"], Code["python"]("x = 1\nif x < 2 and '</y>':\n    pass")),
    (Reasoning, Reasoning("be <b>cause</b>\nx")),
    (ToolCalls, ToolCalls.from_dict_list([{"name": "a", "args": {"k": "v <x>", "n": [1]}}])),
    (list[PYTHON], [PYTHON("a"), PYTHON("1")]),
    (PYTHON | None, None),
]


@pytest.mark.parametrize("adapter", ADAPTERS[:4], ids=lambda adapter: type(adapter).__name__)
@pytest.mark.parametrize(("kind", "value"), ROUND, ids=["code", "reasoning", "calls", "codes", "none"])
def test_what_a_demo_shows_is_what_a_reply_gives(adapter: Any, kind: Any, value: Any) -> None:
    fields = {"q": (str, core.InputField()), "y": (kind, core.OutputField()), "z": (str, core.OutputField())}
    signature = core.Signature(fields, "Do.")
    messages = adapter.format(signature, [{"q": "a", "y": value, "z": "b"}], {"q": "c"})
    shown = next(message["content"] for message in messages if message["role"] == "assistant")
    assert adapter.parse(signature, shown)["y"] == value
