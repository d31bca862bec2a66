"""The bulk of images and sounds in traces: shown short, texts untouched."""

from __future__ import annotations

import base64

from core.trace import redact


def test_long_runs_of_base64_are_cut_and_texts_are_not() -> None:
    data = base64.b64encode(bytes(range(256)) * 20).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
    shown = redact(part)["image_url"]["url"]
    assert shown.startswith("data:image/png;base64,AAECAwQF") and f"({len(data):,} characters)" in shown
    assert len(shown) < 100
    assert redact({"data": data, "format": "wav"})["format"] == "wav"
    text = "A long answer in words. " * 500
    assert redact(text) == text
    assert redact(data[:900]) == data[:900]
