"""Images, sounds, files, documents: made without I/O, sent as the OpenAI protocol has them, short when shown."""

from __future__ import annotations

import base64
import builtins
import io
import json
import socket
import threading
import wave
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import PIL.Image
import pydantic
import pytest

from core.data import Example
from core.data.types import Audio, Citations, Document, File, Image, media
from core.foundation.errors import DataError
from core.foundation.fingerprint import jsonable

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNg+M8AAAMBAQAY3Y2wAAAAAElFTkSuQmCC"
)
URI = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@pytest.fixture
def no_io(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a file or a socket fails."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("I/O")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(io, "open", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.usefixtures("no_io")
def test_constructing_does_no_io() -> None:
    assert Image("https://a.example/b.png").url == Image(url="https://a.example/b.png").url
    assert Image(PNG).url == Image(URI).url == URI
    assert Image({"url": URI}) == Image(Image(URI))
    assert Audio(data="AAAA", audio_format="wav") == Audio("data:audio/wav;base64,AAAA")
    assert File(PNG).file_data == URI
    with pytest.raises(DataError, match="from_path"):
        Image("/etc/hostname")
    with pytest.raises(DataError, match="from_url"):
        Image("https://a.example/b.png", download=True)


@pytest.mark.parametrize(
    ("made", "part"),
    [
        (Image("https://a/b"), {"type": "image_url", "image_url": {"url": "https://a/b"}}),
        (Image("gs://a/b"), {"type": "image_url", "image_url": {"url": "gs://a/b"}}),
        (Image(PNG), {"type": "image_url", "image_url": {"url": URI}}),
        (Audio("AAAA", "mp3"), {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}),
        (File(file_id="f-1"), {"type": "file", "file": {"file_id": "f-1"}}),
        (
            File.from_bytes(b"abc", "n.txt"),
            {
                "type": "file",
                "file": {"file_data": "data:application/octet-stream;base64,YWJj", "filename": "n.txt"},
            },
        ),
        (
            Document(data="text", title="T"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "text"},
                "citations": {"enabled": True},
                "title": "T",
            },
        ),
    ],
    ids=["url", "bucket", "bytes", "audio", "file id", "file bytes", "document"],
)
def test_the_part_is_that_of_the_protocol(made: Any, part: dict[str, Any]) -> None:
    assert made.format() == [part]


@pytest.mark.parametrize(
    "made", [Image(PNG), Audio("AAAA", "mp3"), File(b"%PDF-1"), Document("text", title="T")]
)
def test_a_round_trip_through_json_gives_the_same(made: Any) -> None:
    kind = type(made)
    assert kind.model_validate_json(made.model_dump_json()) == made
    assert kind.model_validate(json.loads(json.dumps(jsonable(Example(x=made).toDict())))["x"]) == made
    assert hash(kind.model_validate(made.model_dump())) == hash(made)


@pytest.mark.parametrize("made", [Image(PNG * 50), Audio(PNG * 50), File(PNG * 50)])
def test_shown_it_is_short(made: Any) -> None:
    assert len(repr(made)) < 120
    assert "characters" in repr(made)
    assert str(made) == repr(made)


def test_files_are_read_on_request(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "a.mp3").write_bytes(b"ID3abc")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    assert Image.from_path(tmp_path / "a.png") == Image.from_file(str(tmp_path / "a.png")) == Image(PNG)
    assert Audio.from_path(tmp_path / "a.mp3").audio_format == "mp3"
    assert File.from_path(tmp_path / "a.pdf").format()[0]["file"]["filename"] == "a.pdf"
    assert (
        File.from_path(tmp_path / "a.pdf", mime_type="text/x").file_data == "data:text/x;base64,JVBERi0xLjc="
    )
    with pytest.raises(DataError, match="no sound"):
        Audio.from_path(tmp_path / "a.png")
    with pytest.raises(DataError, match="no picture"):
        Image.from_path(tmp_path / "a.mp3")
    with pytest.raises(DataError, match="nosuch"):
        File.from_path(tmp_path / "nosuch")


class _Pictures(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/png" if self.path == "/a" else "audio/x-wav")
        self.end_headers()
        self.wfile.write(PNG if self.path == "/a" else b"RIFFxxxxWAVE")

    def log_message(self, *_: Any) -> None:
        return None


def test_web_addresses_are_read_on_request() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        assert Image.from_url(f"{base}/a") == Image(PNG)
        assert Audio.from_url(f"{base}/b").audio_format == "wav"
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(DataError, match="web address"):
        Image.from_url("file:///etc/hostname")


def test_what_is_too_large_says_so_with_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(media, "MAX_BYTES", 10)
    (tmp_path / "a.png").write_bytes(PNG)
    for make in (
        lambda: Image(PNG),
        lambda: Image.from_path(tmp_path / "a.png"),
        lambda: File.from_bytes(PNG),
    ):
        with pytest.raises(DataError, match="Too large") as told:
            make()
        assert told.value.hint


def test_pil_images_come_and_go() -> None:
    made = Image(PIL.Image.new("RGB", (2, 3)))
    assert made.url.startswith("data:image/png;base64,")
    assert Image.from_PIL(made.to_pil()).to_pil().size == (2, 3)


def test_samples_become_a_wav() -> None:
    made = Audio.from_array([0.0, 0.5, -1.0], 8_000)
    with wave.open(io.BytesIO(made.to_bytes())) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8_000, 1, 3)
        assert file.readframes(3) == b"\x00\x00\x00\x40\x01\x80"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Image, b"xyz"),
        (Image, 3),
        (Audio, "zzz"),
        (Audio, "data:image/png;base64,AAAA"),
        (File, "abc"),
        (File, {}),
    ],
)
def test_what_it_is_not_made_of_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValueError):
        pydantic.TypeAdapter(kind).validate_python(value)


def test_text_values_of_data_files_become_the_type() -> None:
    images = pydantic.TypeAdapter(list[Image]).validate_python(["https://a/b", {"url": URI}, PNG])
    assert [image.url for image in images] == ["https://a/b", URI, URI]


def test_citations_are_a_list_that_a_reply_carries() -> None:
    one = {"cited_text": "a", "document_index": 0, "start_char_index": 0, "end_char_index": 1}
    made = Citations.from_dict_list([one])
    assert (len(made), made[0].cited_text, [item.type for item in made]) == (1, "a", ["char_location"])
    assert (
        Citations.parse_lm_response({"citations": [one]}) == made == Citations.model_validate(made.format())
    )
    assert Citations.parse_lm_response({}) is None
