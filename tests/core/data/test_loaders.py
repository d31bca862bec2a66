"""From files to datasets: mapping, types, ids, and errors that say where and what to do."""

from __future__ import annotations

import datetime
import json
from typing import Literal

import pytest

import core
from core.data import loaders
from core.data.convert import converted
from core.data.example import plain_fields
from core.data.loaders import from_dataframe, load_dataset, suggested_mapping
from core.foundation.errors import DataError
from core.signature import shape_of


def load(text, **options):
    return load_dataset(text.encode(), filename="data.csv", **options)


def test_a_csv_becomes_examples():
    data = load("text,label\nhello,a\nbye,b\n", inputs=["text"])
    assert [example.toDict() for example in data] == [
        {"text": "hello", "label": "a"},
        {"text": "bye", "label": "b"},
    ]
    assert data.inputs == ("text",)
    assert data.labels == ("label",)
    assert data.name == "data.csv"


def test_the_public_name():
    assert core.load_dataset is load_dataset


def test_titles_become_names():
    data = load("Customer message,class,Customer  Message\nhello,a,b\n")
    assert data.fields == ("customer_message", "class_", "customer_message_2")


def test_a_mapping_chooses_and_renames():
    data = load("Nr,Message,Junk\n7,hello,x\n8,bye,y\n", mapping={"Nr": "id", "Message": "text"})
    assert data.ids == ("7", "8")
    assert data.fields == ("text",)


def test_a_column_called_id_names_the_examples():
    data = load("id,text\n t1 ,hello\n")
    assert data.ids == ("t1",)
    assert data[0].toDict() == {"text": "hello"}


def test_columns_are_suggested_for_fields():
    columns = ["id", "Customer Message", "Topic", "urgencey", "notes"]
    found = suggested_mapping(columns, ["customer_message", "topic", "urgency"])
    assert found == {
        "Customer Message": "customer_message",
        "Topic": "topic",
        "urgencey": "urgency",
        "id": "id",
    }


TYPES = {
    "n": int,
    "score": float | None,
    "ok": bool,
    "tags": list[str],
    "tone": Literal["calm", "angry"],
    "day": datetime.date,
}


def test_cells_become_values_of_their_types():
    lines = [
        "n,score,ok,tags,tone,day",
        " 3 ,1e-1,Yes,a; b,Calm ,2024-05-31",
        '4.0,,no,"[""x""]",angry,2024-01-01',
    ]
    data = load("\n".join(lines), types=TYPES)
    assert data[0].toDict() | {"day": data[0].day} == {
        "n": 3, "score": 0.1, "ok": True, "tags": ["a", "b"], "tone": "calm", "day": datetime.date(2024, 5, 31),
    }  # fmt: skip
    assert (data[1].n, data[1].score, data[1].ok, data[1].tags) == (4, None, False, ["x"])


def test_every_fault_is_listed_with_its_place_and_nothing_is_loaded():
    text = 'n,Tone of it\n1,calm\n"x\ny",calm\n3,loud\n'
    with pytest.raises(DataError) as caught:
        load(text, mapping={"n": "n", "Tone of it": "tone"}, types=TYPES)
    message = str(caught.value)
    assert "data.csv: 2 problems; nothing was loaded." in message
    assert "row 3, field 'n': 'x\\ny' is no whole number." in message
    assert "row 4 (line 5), field 'tone (column Tone of it)': 'loud' is not one of: calm, angry." in message
    assert [fault.row for fault in caught.value.problems] == [3, 4]


def test_one_fault_is_told_as_one():
    with pytest.raises(DataError, match=r"^data\.csv, row 2, field 'n': 'x' is no whole number\.") as caught:
        load("n\nx\n", types={"n": int})
    assert (caught.value.file, caught.value.row, caught.value.field) == ("data.csv", 2, "n")
    assert caught.value.hint


def test_twenty_faults_are_shown_and_the_rest_is_counted():
    with pytest.raises(DataError) as caught:
        load("n\n" + "x\n" * 50, types={"n": int})
    assert "… and 30 more" in str(caught.value)
    assert str(caught.value).count("is no whole number") == 20
    assert len(caught.value.problems) == 50


def test_faults_of_the_file_come_before_those_of_values():
    with pytest.raises(DataError, match=r"row 2: The row has 1 cells"):
        load("n,m\nx\n1,2\n", types={"n": int})


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a\n1\n", {"mapping": {"b": "x"}}, "no column 'b'"),
        ("text\n1\n", {"mapping": {"txt": "x"}}, "Did you mean 'text'"),
        ("a,b\n1,2\n", {"mapping": {"a": "x", "b": "x"}}, "Two columns are mapped to 'x'"),
        ("a\n1\n", {"mapping": {"a": "my field"}}, "no name"),
        ("a\n1\n", {"inputs": ["question"]}, "No column gives the input 'question'"),
        ("id,a\n1,x\n1,y\n", {}, "row 3, field 'id': The id '1' stands in row 2 already"),
        ("id,a\n ,y\n", {}, "row 2, field 'id': The id is empty"),
    ],
)
def test_what_cannot_be_loaded_is_said(text, options, message):
    with pytest.raises(DataError, match=message) as caught:
        load(text, **options)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (str, 3, "3"),
        (str, True, "true"),
        (str, " kept ", " kept "),
        (int, 4.0, 4),
        (float, "-.5", -0.5),
        (bool, 1, True),
        (Literal[1, 2], "2", 2),
        (list[int], "1\n2", [1, 2]),
        (list[int], "7", [7]),
        (list[str], "", []),
        (list[str], None, []),
        (set[str], "a|b|a", {"a", "b"}),
        (tuple[int, str], '[1, "x"]', (1, "x")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (dict[str, int], '{"a": "1"}', {"a": 1}),
        (int | None, " ", None),
        (int | list[int], "[1]", [1]),
        (datetime.date, datetime.datetime(2024, 5, 31), datetime.date(2024, 5, 31)),
        (datetime.datetime, "2024-05-31T10:00", datetime.datetime(2024, 5, 31, 10)),
        (datetime.time, "10:30", datetime.time(10, 30)),
    ],
)
def test_conversions(annotation, value, expected):
    made = converted(value, shape_of(annotation))
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (str, None, "missing"),
        (str, ["a"], "no text"),
        (int, "1,234", "nothing between thousands"),
        (int, "1.5", "no whole number"),
        (int, True, "no whole number"),
        (float, "1,5", "decimal point"),
        (float, "nan", "no number"),
        (float, "1e999", "no number"),
        (float, "", "no number"),
        (bool, "maybe", "neither true nor false"),
        (Literal["a", "A"], "ä", "not one of: a, A"),
        (Literal["x"], None, "not one of"),
        (list[int], "['a']", "double in JSON"),
        (list[int], "1;x", "Item 2: 'x'"),
        (list[int], 3, "no list"),
        (tuple[int, int], [1], "1 items, 2 are needed"),
        (dict[str, int], '{"a": "b"}', "Member 'a': 'b'"),
        (dict[str, int], "[]", "no JSON object"),
        (datetime.date, "31.05.2024", "date like 2024-05-31"),
        (int | bool, "x", "none of the field's types"),
    ],
)
def test_values_that_do_not_fit(annotation, value, message):
    with pytest.raises(ValueError, match=message):
        converted(value, shape_of(annotation))


RECORD = {
    "kind": "object",
    "name": "Line",
    "fields": {
        "item": {"shape": {"kind": "str"}, "required": True},
        "count": {"shape": {"kind": "int", "constraints": {"ge": 1}}, "required": False, "default": 1},
    },
}


def test_records_are_checked_member_by_member():
    assert converted('{"item": "tea"}', RECORD) == {"item": "tea", "count": 1}
    for text, message in [
        ("{}", "'item' is missing"),
        ('{"item": "tea", "x": 1}', "no member 'x'"),
        ('{"item": "tea", "count": 0}', "Member 'count'.*>= 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            converted(text, RECORD)


def test_constraints_hold_for_labels_too():
    with pytest.raises(DataError, match=r"row 2, field 'n'.*<= 5"):
        load("n\n7\n", types={"n": {"kind": "int", "constraints": {"le": 5}}})


@pytest.mark.parametrize("name", ["from_csv", "from_json", "from_jsonl", "from_parquet", "from_xlsx"])
def test_each_format_has_a_door(name, tmp_path):
    import pandas

    frame = pandas.DataFrame({"text": ["a", "b"], "n": [1, 2]})
    path = tmp_path / "file.bin"
    with path.open("wb") as file:
        {
            "from_csv": lambda: frame.to_csv(file, index=False),
            "from_json": lambda: file.write(frame.to_json(orient="records").encode()),
            "from_jsonl": lambda: file.write(frame.to_json(orient="records", lines=True).encode()),
            "from_parquet": lambda: frame.to_parquet(file),
            "from_xlsx": lambda: frame.to_excel(file, index=False),
        }[name]()
    data = getattr(loaders, name)(path, inputs=["text"], types={"n": int})
    assert [example.toDict() for example in data] == [{"text": "a", "n": 1}, {"text": "b", "n": 2}]


def test_data_frames():
    import pandas
    import pyarrow

    days = pandas.to_datetime(["2024-05-31", None])
    frame = pandas.DataFrame({"text": ["a", None], "n": [1.0, float("nan")], "day": days})
    data = from_dataframe(frame, inputs=["text"])
    assert plain_fields(data[0]) == {"text": "a", "n": 1.0, "day": "2024-05-31T00:00:00"}
    assert data[1].toDict() == {"text": None, "n": None, "day": None}
    table = pyarrow.table({"text": ["a", None], "tags": [["x"], None]})
    assert [example.tags for example in from_dataframe(table)] == [["x"], None]


def test_arrays_in_a_frame_become_lists():
    import numpy
    import pandas

    frame = pandas.DataFrame({"v": [numpy.array([1, 2])], "n": [numpy.int64(3)]})
    assert json.dumps(from_dataframe(frame)[0].toDict()) == '{"v": [1, 2], "n": 3}'


def test_what_is_no_data_frame_is_refused():
    with pytest.raises(DataError, match="A list is no data frame"):
        from_dataframe([{"a": 1}])


def test_two_columns_of_one_name_in_a_frame_are_refused():
    import pandas

    with pytest.raises(DataError, match="Two columns are called 'a'"):
        from_dataframe(pandas.DataFrame([[1, 2]], columns=["a", "a"]))


def test_polars_is_read_by_what_it_can_do():
    class Frame:
        """Has polars' methods."""

        columns = ("a",)

        def to_dict(self, *, as_series):
            assert as_series is False
            return {"a": [1, 2]}

    assert [example.a for example in from_dataframe(Frame())] == [1, 2]
