"""Values as nested elements and back: `<tags><item>a</item></tags>`, one element per member of an object.

Knows nothing about messages. Standard library only; exported scripts carry it. Read with the shape at hand, so a list
of one is a list. Where elements alone could be read in two ways (`Optional`, `Union`, `Any`), the value stands as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from core.wire.coerce import coerce
from core.wire.layout import WireField
from core.wire.markup import Element, children_of, element, escaped_entities, outermost, plain_text
from core.wire.scalars import CoercionError, Shape
from core.wire.values import value_text

_LISTS = ("list", "set", "tuple")
_NESTED = (*_LISTS, "dict", "object")
_AMBIGUOUS = ("optional", "union", "any")
_ANY: Shape = {"kind": "any"}


def is_nested(shape: Shape) -> bool:
    """True for shapes that are written as elements within their field's tag."""
    return shape["kind"] in _NESTED


def xml_content(data: Any, shape: Shape) -> str:
    """Return what stands between the tags of a value; `data` is JSON data."""
    kind = shape["kind"]
    if kind in _LISTS and isinstance(data, list):
        return "".join(_child("item", item, _item_shape(shape, index)) for index, item in enumerate(data))
    if kind == "dict" and isinstance(data, dict):
        return "".join(_child(key, item, shape["values"]) for key, item in data.items())
    if kind == "object" and isinstance(data, dict):
        members = shape["fields"]
        return "".join(
            _child(key, item, members.get(key, {}).get("shape", _ANY)) for key, item in data.items()
        )
    if kind in _AMBIGUOUS or not isinstance(data, (str, int, float)):
        return _unambiguous(data, shape)
    return escaped_entities(value_text(data), edges=True)


def _child(name: str, data: Any, shape: Shape) -> str:
    alone = data is None or (data == [] and shape["kind"] in _LISTS)
    return element(name, None if alone else xml_content(data, shape))


def _item_shape(shape: Shape, index: int) -> Shape:
    if "items" in shape:
        return shape["items"]
    return shape["of"][index] if index < len(shape["of"]) else _ANY


def _unambiguous(data: Any, shape: Shape) -> str:
    """Return the plainest content that is read back as `data`."""
    inner = shape["of"] if shape["kind"] == "optional" else shape
    if shape["kind"] == "optional" and inner["kind"] not in _AMBIGUOUS:
        plain = xml_content(data, inner)
    elif isinstance(data, (dict, list)):
        plain = xml_content(
            data, {"kind": "dict" if isinstance(data, dict) else "list", "values": _ANY, "items": _ANY}
        )
    else:
        plain = escaped_entities(value_text(data), edges=True)
    if shape["kind"] in _AMBIGUOUS and _read_back(plain, shape) == (data, type(data)):
        return plain
    return escaped_entities(json.dumps(data, ensure_ascii=False))


def _read_back(content: str, shape: Shape) -> Any:
    found = Element("", "", 0)
    found.source = content
    found.children = children_of(content)
    value = _data(found, shape)
    return value, type(value)


def xml_data(source: str, shape: Shape) -> Any:
    """Return what a source between tags says: texts where `shape` wants plain values, lists and dicts of them."""
    root = Element("", "", 0)
    root.source = source
    if is_nested(shape) or may_hold_elements(source, shape):
        root.children = [] if source.lstrip()[:1] in ("[", "{") else children_of(source)
        return _data(root, shape)
    return plain_text(source)


def may_hold_elements(source: str, shape: Shape) -> bool:
    """True where a value that mostly is JSON or a text may have been written as elements."""
    inner = shape["of"] if shape["kind"] == "optional" else shape
    return (is_nested(inner) or inner["kind"] in _AMBIGUOUS) and source.lstrip().startswith("<")


def _data(found: Element, shape: Shape) -> Any:
    kind = shape["kind"]
    if kind in _AMBIGUOUS:
        return _ambiguous(found, shape)
    if kind in _LISTS:
        return _list_data(found, shape)
    if kind == "dict":
        return _dict_data(found, shape)
    if kind == "object":
        return _object_data(found, shape)
    return found.text()


def _list_data(found: Element, shape: Shape) -> Any:
    if found.children:
        return [_data(child, _item_shape(shape, index)) for index, child in enumerate(found.children)]
    return found.text() or []


def _dict_data(found: Element, shape: Shape) -> Any:
    if found.children:
        return {child.key: _data(child, shape["values"]) for child in found.children}
    return found.text() or {}


def _object_data(found: Element, shape: Shape) -> Any:
    if not found.children:
        return found.text() or {}
    members = {
        _loose_name(name): (name, member["shape"]) for name, member in reversed(shape["fields"].items())
    }
    values: dict[str, Any] = {}
    for child in found.children:
        name, inner = members.get(_loose_name(child.key), (child.key, _ANY))
        value = _data(child, inner)
        if name in values and inner["kind"] in _LISTS and isinstance(values[name], list):
            values[name] += value if isinstance(value, list) else [value]  # a list whose items repeat its tag
        elif name not in values:
            values[name] = value if inner["kind"] not in _LISTS or isinstance(value, list) else _lone(value)
    return values


def _lone(text: str) -> Any:
    """Return a list's text: JSON and the like stay, anything else is its only item."""
    return text if text[:1] in ("[", "(", "{", "-", "*") or not text.strip() else [text]


def _loose_name(name: str) -> str:
    return name.strip().replace("-", "_").casefold()


def _ambiguous(found: Element, shape: Shape) -> Any:
    if found.alone:
        return None
    kind = shape["kind"]
    if kind == "optional":
        inner = shape["of"]
        if inner["kind"] in _AMBIGUOUS or inner["kind"] == "str" or not (found.children or is_nested(inner)):
            return _text_data(found, shape) if not found.children else _data(found, inner)
        text = "" if found.children else found.text()
        return None if text.lower() in ("none", "null") else _data(found, inner)
    if found.children:
        return _children_data(found, shape)
    return _text_data(found, shape)


def _text_data(found: Element, shape: Shape) -> Any:
    text = found.text()
    try:
        return coerce(text, shape)
    except CoercionError:
        return text  # the one who asked says what is wrong


def _children_data(found: Element, shape: Shape) -> Any:
    if shape["kind"] == "any":
        if all(child.name == "item" for child in found.children):
            return [_data(child, _ANY) for child in found.children]
        return {child.key: _data(child, _ANY) for child in found.children}
    for option in shape["of"]:
        if is_nested(option):
            try:
                return coerce(_data(found, option), option)
            except CoercionError:
                continue
    return found.text()


def tagged_values(text: str, fields: Iterable[WireField]) -> dict[str, Any]:
    """Return what stands between the tags of each field; the first of a name wins."""
    by_name = {field.name: field for field in fields}
    found: dict[str, Any] = {}
    for name, source in outermost(text, by_name) if "<" in text else ():
        if name not in found:
            found[name] = xml_data(source, by_name[name].shape)
    return found
