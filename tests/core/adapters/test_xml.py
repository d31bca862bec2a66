"""The XML adapter: tags in requests, nested values, and every way in which a model gets tags wrong."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from core.adapters import ChatAdapter, XMLAdapter
from core.foundation.errors import AdapterParseError
from core.lm.scripted import ScriptedLM
from core.signature import InputField, OutputField, Signature

PLAIN = Signature("q -> a, tags: list[str]")


class Part(pydantic.BaseModel):
    name: str
    count: int | None = None


class Nested(Signature):
    """Do it."""

    text: str = InputField()
    name: str = OutputField()
    part: Part = OutputField()
    parts: list[Part] = OutputField()
    sizes: dict[str, int] = OutputField()
    extra: Part | None = OutputField()


def test_values_stand_between_tags_and_parts_are_nested():
    demo = {
        "text": "t",
        "name": "n & <b>",
        "part": Part(name="x", count=1),
        "parts": [{"name": "y", "count": None}],
        "sizes": {"a": 1, "b c": 2},
        "extra": Part(name="z"),
    }
    _, _, answer, request = XMLAdapter().format(Nested, [demo], {"text": "find </text> <i>it</i>"})
    assert answer["content"] == (
        "<name>\nn &amp; &lt;b>\n</name>\n\n"
        "<part><name>x</name><count>1</count></part>\n\n"
        "<parts><item><name>y</name><count /></item></parts>\n\n"
        '<sizes><a>1</a><entry key="b c">2</entry></sizes>\n\n'
        '<extra>\n{"name": "z", "count": null}\n</extra>'
    )
    assert request["content"].startswith("<text>\nfind &lt;/text> <i>it</i>\n</text>\n\nReply with `<name>`")


def test_the_structure_shows_the_elements_of_values_with_parts():
    system = XMLAdapter().format(Nested, [], {"text": "t"})[0]["content"]
    assert "<part><name>...</name><count>a whole number</count></part>" in system
    assert "<parts><item><name>...</name><count>a whole number</count></item></parts>" in system


@pytest.mark.parametrize(
    ("reply", "a", "tags"),
    [
        ("<a>x</a><tags><item>1</item><item>2</item></tags>", "x", ["1", "2"]),
        ("```xml\n<a>\nx\n</a>\n<tags>\n  <item> 1 </item>\n</tags>\n```", "x", ["1"]),
        ('<a>x</a><tags>["1", "2"]</tags>', "x", ["1", "2"]),
        ("<a>x</a><tags>\n- 1\n- 2\n</tags>", "x", ["1", "2"]),
        ("<A>x</A><Tags><tag>1</tag></Tags>", "x", ["1"]),
        ("<a>x <b>y</b></a><tags/>", "x <b>y</b>", []),
        ("<a>x < y & z &copy;</a><tags></tags>", "x < y & z &copy;", []),
        ("<root><a>x &lt; y</a><tags><item>&#49;</item></tags></root>", "x < y", ["1"]),
        ("Sure:\n<a>1</a> <a>2</a><tags><item>q</item></tags> Bye", "1", ["q"]),
        ("<a>x<tags><item>q</item></tags>", "x", ["q"]),
        ("<tags><item>q</item></tags><a>never closed", "never closed", ["q"]),
        ("<a><![CDATA[<tags>]]></a><tags><item>q</item></tags>", "<tags>", ["q"]),
        ("<!-- <a>no</a> --><a>x</a><tags><item>q</item><item>", "x", ["q", ""]),
        ('{"a": "x", "tags": ["q"]}', "x", ["q"]),
        ('[[ ## a ## ]]\nx\n\n[[ ## tags ## ]]\n["q"]', "x", ["q"]),
        ('a: x\ntags: ["q"]', "x", ["q"]),
    ],
)
def test_replies_are_read_by_the_ladder(reply: str, a: str, tags: list[str]):
    assert XMLAdapter().parse(PLAIN, reply) == {"a": a, "tags": tags}


def test_a_member_called_like_an_output_is_none():
    reply = "<part><name>inner</name></part><name>outer</name><parts></parts><sizes><a>1</a></sizes><extra>None</extra>"
    assert XMLAdapter().parse(Nested, reply) == {
        "name": "outer",
        "part": Part(name="inner"),
        "parts": [],
        "sizes": {"a": 1},
        "extra": None,
    }


def test_a_list_whose_tag_is_repeated_for_each_item():
    class Box(pydantic.BaseModel):
        label: list[str]
        size: int

    signature = Signature({"q": (str, InputField()), "box": (Box, OutputField())}, "Do it.")
    reply = "<box><label>a</label><label>b</label><size>3</size></box>"
    assert XMLAdapter().parse(signature, reply)["box"] == Box(label=["a", "b"], size=3)


@pytest.mark.parametrize("reply", ["", "no tags at all", "<a>only this</a>", "<a>x</a><tags><item>"])
def test_what_cannot_be_read_is_an_adapters_error(reply: str):
    if reply.endswith("<item>"):
        assert XMLAdapter().parse(PLAIN, reply)["tags"] == [""]
        return
    with pytest.raises(AdapterParseError) as caught:
        XMLAdapter().parse(PLAIN, reply)
    assert caught.value.adapter_name == "XMLAdapter"


def test_the_repair_turn_asks_for_tags():
    lm = ScriptedLM(["?", "<a>x</a><tags></tags>"])
    assert XMLAdapter()(lm, {}, PLAIN, [], {"q": "?"}) == [{"a": "x", "tags": []}]
    assert lm.requests[1].messages[-1]["content"].endswith("Reply with `<a>`, then `<tags>` (list[str]).")


@pytest.mark.parametrize("adapter", [ChatAdapter()])
def test_nested_tags_are_read_where_markers_were_asked_for(adapter: Any):
    reply = "<a>x</a>\n<tags><item>1</item></tags>"
    assert adapter.parse(PLAIN, reply) == {"a": "x", "tags": ["1"]}
