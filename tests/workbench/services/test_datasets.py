"""Uploads, mapping, splits, edits and the doctor."""

from __future__ import annotations

import pytest
from small_task import CSV, SPEC, Small

from core.foundation.errors import ConfigurationError, DataError, StoreError, WorkbenchError
from workbench.services import datasets, doctor, previews, tasks
from workbench.services.workspace import Workspace


def test_an_upload_is_rows_with_columns_and_notes() -> None:
    table = datasets.read_table(b"text,animal\nhello,\nworld,cat\n", "a.csv")
    assert table.columns == ["text", "animal"]
    assert table.rows[1] == {"text": "world", "animal": "cat"}
    assert table.notes == ["Column 'animal' is empty in 1 of 2 rows."]


@pytest.mark.parametrize(
    ("data", "name"), [(b"", "a.csv"), (b"{", "a.json"), (b"x", "a.exe"), (b"PK\x03\x04junk", "a.xlsx")]
)
def test_what_cannot_be_read_is_a_clear_error(data: bytes, name: str) -> None:
    with pytest.raises(WorkbenchError) as caught:
        datasets.read_table(data, name).parsed.checked()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["text", "animal"], {"text": "text", "animal": "animal"}),
        (["Text", "Animal", "note"], {"Text": "text", "Animal": "animal"}),
        (["utterance", "intent"], {"utterance": "text", "intent": "animal"}),
        (["foo", "animal"], {"foo": "text", "animal": "animal"}),
        (["id", "text", "animal"], {"id": "id", "text": "text", "animal": "animal"}),
        ([], {}),
    ],
)
def test_columns_find_their_fields(columns: list[str], expected: dict[str, str]) -> None:
    assert datasets.suggest_mapping(columns, SPEC) == expected


def test_import_keeps_ids_and_the_same_rows_get_the_same_ids(ws: Workspace, small: Small) -> None:
    table = datasets.read_table(CSV.encode(), "again.csv")
    again = datasets.import_dataset(ws, small.task, "again", table, {"text": "text", "animal": "animal"})
    first = [item.id for item in datasets.get_rows(ws, small.dataset)]
    assert first == [item.id for item in datasets.get_rows(ws, again.id)]
    assert len(set(first)) == 30


def test_a_value_outside_the_type_names_row_and_field_and_stores_nothing(ws: Workspace, small: Small) -> None:
    table = datasets.read_table(b"text,animal\nok,cat\nbad,horse\n", "zoo.csv")
    with pytest.raises(DataError, match="row 3") as caught:
        datasets.import_dataset(ws, small.task, "zoo", table, {"text": "text", "animal": "animal"})
    assert "animal" in str(caught.value)
    assert len(datasets.list_datasets(ws, small.task)) == 1


def test_an_input_must_be_mapped(ws: Workspace, small: Small) -> None:
    table = datasets.read_table(CSV.encode(), "a.csv")
    with pytest.raises(DataError, match="text"):
        datasets.import_dataset(ws, small.task, "x", table, {"animal": "animal"})


def test_splits_follow_the_seed_are_spread_and_are_not_in_file_order(ws: Workspace, small: Small) -> None:
    from workbench.jobs.engine import load_examples

    info = datasets.get_dataset(ws, small.dataset)
    assert info.counts == {"train": 12, "validation": 12, "test": 6}
    train = load_examples(ws.store, small.dataset, "train")
    assert sorted(example.animal for example in train) == ["bird"] * 4 + ["cat"] * 4 + ["dog"] * 4
    assert [example.animal for example in train] != sorted(example.animal for example in train)
    before = [example.id for example in train]
    datasets.split_dataset(ws, small.dataset, seed=1, stratify="animal")
    assert [example.id for example in load_examples(ws.store, small.dataset, "train")] != before
    datasets.split_dataset(ws, small.dataset, seed=0, stratify="animal")
    assert [example.id for example in load_examples(ws.store, small.dataset, "train")] == before


def test_another_order_within_a_split_is_another_dataset(ws: Workspace, small: Small) -> None:
    from workbench.jobs.engine import load_examples

    before = datasets.get_dataset(ws, small.dataset).fingerprint
    order = [example.id for example in load_examples(ws.store, small.dataset, "train")]
    moved = datasets.set_split(ws, small.dataset, [order[0]], "train")
    assert [example.id for example in load_examples(ws.store, small.dataset, "train")] == [
        *order[1:],
        order[0],
    ]
    assert moved.fingerprint != before, "a run that is resumed numbers its rows by this order"


def test_shares_that_cannot_be_met_change_nothing(ws: Workspace, small: Small) -> None:
    with pytest.raises(DataError):
        datasets.split_dataset(ws, small.dataset, train=0.9, validation=0.9)
    assert datasets.get_dataset(ws, small.dataset).counts["train"] == 12
    with pytest.raises(ConfigurationError, match="no split"):
        datasets.get_rows(ws, small.dataset, "holdout")


def test_edits_are_all_or_nothing_and_ids_stay(ws: Workspace, small: Small) -> None:
    rows = datasets.get_rows(ws, small.dataset)
    before = datasets.get_dataset(ws, small.dataset).fingerprint
    info = datasets.update_rows(
        ws,
        small.dataset,
        changed={rows[0].id: {"animal": "bird"}},
        added=[{"text": "It swims.", "animal": "bird"}],
        removed=[rows[1].id],
        split="test",
    )
    after = {item.id: item for item in datasets.get_rows(ws, small.dataset)}
    assert after[rows[0].id].data["animal"] == "bird"
    assert rows[1].id not in after
    assert info.rows == 30
    assert info.counts["test"] == 7
    assert info.fingerprint != before
    with pytest.raises(DataError):
        datasets.update_rows(
            ws, small.dataset, changed={rows[2].id: {"animal": "horse"}}, removed=[rows[3].id]
        )
    with pytest.raises(StoreError, match="no row 'gone'"):
        datasets.update_rows(ws, small.dataset, removed=[rows[3].id, "gone"])
    assert datasets.get_dataset(ws, small.dataset).fingerprint == info.fingerprint


def test_the_doctor_finds_leaks_conflicts_and_gaps(ws: Workspace, small: Small) -> None:
    assert [f.kind for f in doctor.doctor(ws, small.dataset) if f.severity != "note"] == []
    rows = datasets.get_rows(ws, small.dataset)
    test_row = next(item for item in rows if item.split == "test")
    train_row = next(
        item for item in rows if item.split == "train" and item.data["animal"] != test_row.data["animal"]
    )
    datasets.update_rows(ws, small.dataset, changed={train_row.id: {"text": test_row.data["text"].upper()}})
    found = {finding.kind: finding for finding in doctor.doctor(ws, small.dataset)}
    assert found["exact_leakage"].severity == "error"
    assert found["exact_leakage"].removable == [train_row.id]
    assert set(found["label_conflicts"].rows) == {train_row.id, test_row.id}


def test_the_doctor_offers_copies_for_removal_and_keeps_the_first(ws: Workspace, small: Small) -> None:
    copied = next(item for item in datasets.get_rows(ws, small.dataset) if item.split == "train")
    datasets.update_rows(ws, small.dataset, added=[copied.data, copied.data], split="train")
    found = {finding.kind: finding for finding in doctor.doctor(ws, small.dataset)}
    assert len(found["duplicates"].removable) == 2
    assert copied.id not in found["duplicates"].removable


def test_the_doctor_says_when_nothing_is_split(ws: Workspace, small: Small) -> None:
    table = datasets.read_table(CSV.encode(), "a.csv")
    info = datasets.import_dataset(ws, small.task, "raw", table, {"text": "text", "animal": "animal"})
    assert "no_split" in [finding.kind for finding in doctor.doctor(ws, info.id)]


def test_images_and_conversations_in_cells_go_to_the_model(ws: Workspace) -> None:
    fields = [{"name": "picture", "type": "Image"}, {"name": "talk", "type": "History"}]
    signature = {"inputs": fields, "outputs": [{"name": "caption", "type": "str"}]}
    step = {"name": "see", "signature": signature, "inputs": {"picture": "picture", "talk": "talk"}}
    spec = {"name": "sees", "inputs": fields, "steps": [step], "outputs": {"caption": "see.caption"}}
    task = tasks.create_task(ws, "Sees", spec).id
    names = {name: name for name in ("picture", "talk", "caption")}
    cells = b'picture,talk,caption\nhttps://a/b.png,"[{""caption"": ""x""}]",cat\n'
    made = datasets.import_dataset(ws, task, "pictures", datasets.read_table(cells, "a.csv"), names)
    (row,) = datasets.get_rows(ws, made.id)
    assert row.data["picture"] == {"url": "https://a/b.png"}
    messages = previews.preview_messages(tasks.newest_version(ws, task).spec, "see", row.data, "chat")
    assert [message["role"] for message in messages] == ["system", "assistant", "user"]
    assert messages[-1]["content"][1]["image_url"] == row.data["picture"]
    table = datasets.read_table(b'picture,talk,caption\n/etc/hostname,"[]",cat\n', "a.csv")
    with pytest.raises(DataError, match="row 2, field 'picture'"):
        datasets.import_dataset(ws, task, "path", table, names)
