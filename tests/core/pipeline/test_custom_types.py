"""Custom types in program files: declared by name, built, written as code, filled from data."""

from __future__ import annotations

from typing import Any

import pytest

import core
from core.data.convert import converted
from core.data.types import Code, File, History, Image
from core.foundation.errors import SignatureError
from core.pipeline import build, parse_signature_string, signature_string
from core.pipeline.code import code
from core.pipeline.fields import signature_spec_of
from core.signature import shape_of

LINE = "q, img: Image, many: list[Image], h: Optional[History], f: File -> c: Code['python'], r: Reasoning"


def test_a_line_names_them_and_comes_back_the_same() -> None:
    spec = parse_signature_string(LINE)
    assert signature_string(spec) == LINE
    assert spec.outputs[0].type == "Code['python']"


def test_a_line_names_nothing_of_the_code_that_reads_it() -> None:
    class Local:
        pass

    with pytest.raises(SignatureError, match="Local"):
        parse_signature_string("q: Local -> a")


def _spec() -> dict[str, Any]:
    inputs = [{"name": "img", "type": "Image"}, {"name": "doc", "type": "Document"}]
    signature = {"inputs": inputs, "outputs": [{"name": "c", "type": "Code['python']"}]}
    step = {"name": "s", "signature": signature, "inputs": {"img": "img", "doc": "doc"}}
    return {"name": "x", "inputs": inputs, "steps": [step], "outputs": {"c": "s.c"}}


def test_a_program_takes_addresses_as_images_and_gives_code() -> None:
    lm = core.ScriptedLM(["[[ ## c ## ]]\n```python\nx = 1\n```\n\n[[ ## completed ## ]]"])
    program = build(_spec())
    with core.context(lm=lm):
        assert program(img="https://a/b.png", doc="hello").c == Code["python"]("x = 1")
    parts = lm.requests[0].messages[1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url", "text", "document", "text"]
    spec = signature_spec_of(program.s.signature)
    assert [field.type for field in (*spec.inputs, *spec.outputs)] == ["Image", "Document", "Code['python']"]


def test_as_code_it_says_where_the_types_come_from(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = code(core.ProgramSpec.model_validate(_spec()))
    assert "img: core.Image" in text and "c: core.Code['python']" in text
    (tmp_path / "written_program.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib

    made = importlib.import_module("written_program").program
    assert made.s.signature.equals(build(_spec()).s.signature)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (Image, "https://a/b", Image("https://a/b")),
        (Image | None, "", None),
        (list[Image], '["https://a/b"]', [Image("https://a/b")]),
        (File, "data:text/plain;base64,YQ==", File("data:text/plain;base64,YQ==")),
        (History, '[{"q": "a"}]', History(messages=[{"q": "a"}])),
        (Code["python"], "x = 1", Code["python"]("x = 1")),
    ],
    ids=["image", "none", "list", "file", "history", "code"],
)
def test_cells_become_the_type_that_was_asked_for(kind: Any, cell: str, value: Any) -> None:
    assert converted(cell, shape_of(kind)) == value


@pytest.mark.parametrize("cell", ["/etc/hostname", "cat.png", ""])
def test_a_path_in_a_cell_is_refused_and_not_read(cell: str) -> None:
    with pytest.raises(ValueError, match="Not an image"):
        converted(cell, shape_of(Image))
