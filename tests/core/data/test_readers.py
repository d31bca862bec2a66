"""Files of every format become tables; what is wrong is said with its row."""

from __future__ import annotations

import io
import json
import sys

import pytest

from core.data.loaders import read_table
from core.data.reader import ReadOptions, read_bytes, readers
from core.data.readers.csv_file import sniffed_delimiter
from core.data.table import Limits
from core.foundation.errors import DataError, MissingExtraError


def rows(table):
    return [dict(row.values) for row in table.rows]


def csv_table(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return read_bytes(data, "data.csv", ReadOptions(**options))


# ── CSV ──


def test_a_plain_csv():
    table = csv_table("text,label\nhello,a\n\nbye,b\n")
    assert table.columns == ("text", "label")
    assert rows(table) == [{"text": "hello", "label": "a"}, {"text": "bye", "label": "b"}]
    assert [row.number for row in table.rows] == [2, 4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end):
    assert rows(csv_table(end.join(["a,b", "1,2", '"x,y",3', ""]))) == [
        {"a": "1", "b": "2"},
        {"a": "x,y", "b": "3"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    lines = [["id", "text", "label"], ["1", "a, b; c", "x"], ["2", "d | e", "y"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert sniffed_delimiter(text) == delimiter
    assert rows(csv_table(text))[0] == {"id": "1", "text": "a, b; c", "label": "x"}


def test_one_column_of_prose_is_one_column():
    assert rows(csv_table("text\nYes; of course\nNo | never\n")) == [
        {"text": "Yes; of course"},
        {"text": "No | never"},
    ]


def test_quoted_cells_may_span_lines_and_rows_are_counted_as_a_spreadsheet_does():
    table = csv_table('text,n\n"first\nsecond\n\nfourth",1\nplain,2\n')
    assert rows(table)[0]["text"] == "first\nsecond\n\nfourth"
    assert [(row.number, row.line) for row in table.rows] == [(2, 2), (3, 6)]


@pytest.mark.parametrize(
    "data",
    [
        "text\ncafé\n".encode("utf-8-sig"),
        "text\ncafé\n".encode("utf-16"),
        "text\ncafé\n".encode("utf-32"),
        "text\ncafé\n".encode(),
    ],
)
def test_byte_order_marks(data):
    table = csv_table(data)
    assert table.columns == ("text",)
    assert rows(table) == [{"text": "café"}]


def test_another_encoding_is_refused_with_the_ones_that_can_read_it():
    data = "text\nplain\nUn café noir\n".encode("cp1252")
    message = r"data\.csv, row 3: .*not UTF-8: byte 0xE9.*cp1252 \(“Un café noir”\)"
    with pytest.raises(DataError, match=message) as caught:
        csv_table(data)
    assert "encoding=" in caught.value.hint
    assert rows(csv_table(data, encoding="cp1252"))[1] == {"text": "Un café noir"}


def test_an_unknown_encoding_is_said():
    with pytest.raises(DataError, match="no encoding called 'latin-one'"):
        csv_table("a\n1\n", encoding="latin-one")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04...", "an Excel or zip file"),
        (b"\x1f\x8b...", "gzip"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
        (b"%PDF-1.7", "a PDF"),
        (b"a,b\n1,\x002\n", "NUL"),
        (b"", "empty"),
        (b" \n \n", "empty"),
        (b"a,a\n1,2\n", "Two columns are called 'a'"),
    ],
)
def test_what_is_no_csv_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        csv_table(data)


def test_ragged_rows_are_all_found():
    table = csv_table('a,b\n1\n"x\ny",2\n1,2,3\n3,4,\n')
    assert [(fault.row, fault.line) for fault in table.problems] == [(2, 2), (4, 5)]
    assert "The row has 1 cells, the header has 2" in table.problems[0].message
    assert rows(table) == [{"a": "x\ny", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize(
    ("text", "row", "message"),
    [
        ('a,b\n1,2\n"open,3\n4,5\n', 3, "never closes"),
        ('a,b\n"x"y,2\n3,4\n', 2, "after its closing"),
        (f"a,b\n1,{'x' * 140_000}\n", 2, "longer than"),
    ],
)
def test_broken_quotes_are_found_where_they_open(text, row, message):
    (fault,) = csv_table(text).problems
    assert fault.row == row
    assert message in fault.message


def test_a_header_alone_is_a_problem():
    assert "no rows" in csv_table("a,b\n").problems[0].message


def test_columns_without_a_name_are_padding_unless_they_hold_something():
    assert rows(csv_table("a,,b\n1,,2\n")) == [{"a": "1", "b": "2"}]
    assert "column without a name" in csv_table("a,,b\n1,x,2\n").problems[0].message


def test_real_data_with_messages_over_several_lines(data_dir):
    table = read_table(data_dir / "banking77_train.csv")
    assert len(table.rows) == 10_003
    assert table.problems == ()
    assert table.rows[-1].number == 10_004


# ── JSON and JSON lines ──

RECORDS = [{"q": "one", "n": 1}, {"q": "two", "tags": ["a"]}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", json.dumps(RECORDS)),
        ("x.json", json.dumps({"data": RECORDS, "version": 3})),
        ("x.jsonl", "\n".join(map(json.dumps, RECORDS))),
        ("x.ndjson", "\n\n" + "\r\n".join(map(json.dumps, RECORDS)) + "\n"),
    ],
)
def test_json(name, text):
    table = read_bytes(text.encode("utf-8-sig"), name)
    assert table.columns == ("q", "n", "tags")
    assert rows(table) == [{"q": "one", "n": 1, "tags": None}, {"q": "two", "n": None, "tags": ["a"]}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1, column 2"),
        ('{"rows": []}', "no list of records"),
        ('[{"a": NaN}]', "NaN is no JSON value"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": 1}\n{"a": 2}', r"JSON lines: give it the ending \.jsonl"),
    ],
)
def test_what_is_no_json_table_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        read_bytes(text.encode(), "x.json")


def test_items_that_are_no_objects_are_found():
    table = read_bytes(b'[{"a": 1}, [2], "three", null]', "x.json")
    assert [(fault.row, fault.message.split(",")[0]) for fault in table.problems] == [
        (2, "This is a list"),
        (3, "This is a text"),
        (4, "This is null"),
    ]


def test_broken_lines_are_all_found():
    table = read_bytes(b'{"a": 1}\n{"a": \n\n[1]\n{"a": 4}\n', "x.jsonl")
    assert [fault.row for fault in table.problems] == [2, 4]


def test_a_unicode_separator_inside_a_line_does_not_cut_it():
    data = json.dumps({"a": "x\u2028y"}, ensure_ascii=False).encode()
    assert rows(read_bytes(data, "x.jsonl")) == [{"a": "x\u2028y"}]


# ── Parquet ──


def parquet(columns):
    import pyarrow
    from pyarrow import parquet as files

    sink = io.BytesIO()
    files.write_table(pyarrow.table(columns), sink)
    return sink.getvalue()


def test_parquet():
    data = parquet({"text": ["a", None], "tags": [["x"], []], "score": [1.5, float("nan")]})
    assert rows(read_bytes(data, "x.parquet")) == [
        {"text": "a", "tags": ["x"], "score": 1.5},
        {"text": None, "tags": [], "score": None},
    ]


def test_what_is_no_parquet_is_refused():
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_bytes(b"PAR1 but no more", "x.parquet")


# ── Excel ──


def workbook(lines, title="Sheet"):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = title
    for line in lines:
        book.active.append(line)
    book.create_sheet("Other").append(["only", "header"])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def test_excel():
    data = workbook([[None], ["text", "n", None], ["hello", 3, None], [None, None, None], ["bye", 4.5, None]])
    table = read_bytes(data, "x.xlsx")
    assert rows(table) == [{"text": "hello", "n": 3}, {"text": "bye", "n": 4.5}]
    assert [row.number for row in table.rows] == [3, 5]


def test_a_sheet_is_chosen_by_name():
    data = workbook([["text"], ["x"]])
    other = read_bytes(data, "x.xlsx", ReadOptions(sheet="Other"))
    assert other.columns == ("only", "header")
    assert "no rows" in other.problems[0].message
    with pytest.raises(DataError, match=r"no sheet called 'Third'.*Sheet, Other"):
        read_bytes(data, "x.xlsx", ReadOptions(sheet="Third"))


def test_cells_that_hold_an_error_are_found():
    table = read_bytes(workbook([["a", "b"], ["x", "#REF!"]]), "x.xlsx")
    assert (table.problems[0].row, table.problems[0].field) == (2, "b")


EMPTY_ARCHIVE = b"PK\x05\x06" + b"\0" * 18


@pytest.mark.parametrize(
    ("data", "message"), [(b"text", "no Excel workbook"), (EMPTY_ARCHIVE, "cannot be read")]
)
def test_what_is_no_workbook_is_refused(data, message):
    with pytest.raises(DataError, match=message):
        read_bytes(data, "x.xlsx")


# ── all formats ──


def test_the_format_goes_by_the_ending():
    with pytest.raises(DataError, match=r"'\.docx'.*\.csv.*\.xlsx"):
        read_bytes(b"x", "x.docx")
    assert {entry.name for entry in readers.entries()} >= {"csv", "json", "jsonl", "parquet", "xlsx"}


@pytest.mark.parametrize(("name", "library"), [("x.parquet", "pyarrow"), ("x.xlsx", "openpyxl")])
def test_a_missing_library_names_its_extra(monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"lm-workbench\[data\]"):
        read_bytes(b"x", name)


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.jsonl", "x.parquet", "x.xlsx"])
def test_too_many_rows_are_refused(name):
    values = ["1", "2", "3"]
    data = {
        "x.csv": b"a\n1\n2\n3\n",
        "x.json": json.dumps([{"a": v} for v in values]).encode(),
        "x.jsonl": b'{"a": 1}\n{"a": 2}\n{"a": 3}',
        "x.parquet": parquet({"a": values}),
        "x.xlsx": workbook([["a"], *[[v] for v in values]]),
    }[name]
    with pytest.raises(DataError, match=r"more than 2 rows|has 3 rows"):
        read_bytes(data, name, ReadOptions(limits=Limits(rows=2))).checked()
    assert len(read_bytes(data, name, ReadOptions(limits=Limits(rows=3))).checked().rows) == 3


def test_too_large_files_are_refused_before_they_are_read(tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n2\n")
    options = ReadOptions(limits=Limits(size=4))
    with pytest.raises(DataError, match="too large"):
        read_table(tmp_path / "x.csv", options=options)
    with pytest.raises(DataError, match="at most"):
        read_bytes(b"a\n1\n2\n", "x.csv", options)


def test_a_workbook_that_unpacks_to_too_much_is_refused():
    data = workbook([["a"], ["x" * 10_000]])
    with pytest.raises(DataError, match="unpacks to"):
        read_bytes(data, "x.xlsx", ReadOptions(limits=Limits(unpacked=5_000)))


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(DataError, match="Cannot open"):
        read_table(tmp_path / "none.csv")
