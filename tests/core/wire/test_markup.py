"""Tags in what models write: children, open ends, stray tags, entities; linear on anything."""

from __future__ import annotations

import pytest

from core.wire.markup import children_of, element, escaped_entities, outermost, plain_text, unescaped_entities


def test_children_nest_and_keep_their_source():
    (order, note) = children_of('<order id="1"><item>a</item><item /></order> and <note>n</note>')
    assert (order.name, note.name) == ("order", "note")
    assert order.source == "<item>a</item><item />"
    assert [(child.text(), child.alone) for child in order.children] == [("a", False), ("", True)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("<a>1</b></a>", ["a"]),
        ("</a><a>1", ["a"]),
        ("<a><b>1</a><c/>", ["a", "c"]),
        ("1 < 2 <a>x</a>", ["a"]),
        ("<!-- <x>no</x> --><a><![CDATA[<x>]]></a>", ["a"]),
        ("<!-- never closed <a>1</a>", ["a"]),
        ("<<a>>1</a>", ["a"]),
    ],
)
def test_stray_tags_are_borne(text: str, names: list[str]):
    assert [child.name for child in children_of(text)] == names


def test_depth_is_bounded():
    (deep,) = children_of("<a>" * 5_000)
    levels = 0
    while deep.children and levels < 5_000:
        deep, levels = deep.children[0], levels + 1
    assert levels <= 101


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<a>1</a><b>2</b>", [("a", "1"), ("b", "2")]),
        ("<A>1</A>", [("a", "1")]),
        ("<b><a>in</a></b><a>out</a>", [("b", "<a>in</a>"), ("a", "out")]),
        ("<a><a>in</a></a>", [("a", "<a>in</a>")]),
        ("<a>1<b>2</b>", [("a", "1"), ("b", "2")]),
        ("<a>say <a> twice</a><b>2</b>", [("a", "say <a> twice"), ("b", "2")]),
        ("<a/><b>2", [("a", ""), ("b", "2")]),
        ("<c>x</c>", []),
    ],
)
def test_the_outermost_elements_of_some_names(text: str, found: list[tuple[str, str]]):
    assert list(outermost(text, ["a", "b"])) == found


def test_entities_are_those_of_xml_and_numbers():
    text = "&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&copy;&nbsp &#9999999;"
    assert unescaped_entities(text) == "<>&\"'AB&copy;&nbsp &#9999999;"
    assert plain_text("  <![CDATA[ &lt; ]]> ") == " &lt; "


@pytest.mark.parametrize("text", ["", " a ", "\n", "<b>&amp;</b>", "]]>", "\u2028x", "&#32;"])
def test_what_is_escaped_with_its_edges_comes_back(text: str):
    escaped = escaped_entities(text, edges=True)
    assert "<" not in escaped
    assert plain_text(f" {escaped}\n") == text


def test_a_name_that_names_no_tag_becomes_a_key():
    assert element("a", "1") == "<a>1</a>"
    assert element("a", None) == "<a />"
    written = element('a "b" <c>\n', "1")
    assert written.startswith("<entry key=")
    assert children_of(written)[0].key == 'a "b" <c>\n'


@pytest.mark.parametrize(
    "piece", ["<!--", "<![CDATA[", "<a", "<a ", "<a key=", "</", "<a>", "</a>", "&", "&#", "<a/>"]
)
def test_work_grows_with_the_text_alone(piece: str):
    """The calls end; a quadratic search would need minutes for a megabyte."""
    text = piece * (1_000_000 // len(piece))
    children_of(text)
    list(outermost(text, ["a", "b"]))
    unescaped_entities(text)
