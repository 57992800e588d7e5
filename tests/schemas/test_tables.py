import dataclasses
import re

import pyarrow as pa
import pytest

from schemas import records
from schemas.tables import SCORE_COLUMNS, TABLES, describe_table, to_arrow

RECORDS = {
    "sources": records.Source,
    "videos": records.Video,
    "surveys": records.Survey,
    "frames": records.SampledFrame,
    "signatures": records.Signature,
    "shots": records.Shot,
    "clips": records.Clip,
    "splits": records.Split,
    "offcuts": records.Offcut,
    "crops": records.Crop,
    "scores": records.Score,
    "clip_scores": records.ClipScores,
    "embeddings": records.Embedding,
    "rules": records.Rule,
    "duplicates": records.Duplicate,
    "captions": records.Caption,
    "reviews": records.Review,
    "datasets": records.DatasetRecord,
    "dataset_clips": records.DatasetMember,
    "checkpoints": records.Checkpoint,
    "clip_losses": records.ClipLoss,
    "latents": records.Latent,
    "samples": records.Sample,
    "runs": records.RunRecord,
    "failures": records.Failure,
    "choices": records.Choice,
}
WITHOUT_RECORD = {"rights"}
"""Tables that no step writes yet."""

ARROW_TYPES = {
    "str": {"string"},
    "int": {"int64", "int32"},
    "float": {"double", "float"},
    "bool": {"bool"},
    "bytes": {"binary"},
    "datetime": {"timestamp[us, tz=UTC]"},
    "list[int]": {"list<element: int64>", "list<element: int32>"},
    "list[str]": {"list<element: string>"},
    "list[float]": {"list<element: double>", "list<element: float>"},
}


def test_every_table_has_its_record():
    written = set(TABLES) - WITHOUT_RECORD - {"commits"}
    assert written == set(RECORDS)


@pytest.mark.parametrize("table", RECORDS)
def test_a_record_has_exactly_the_columns_of_its_table(table):
    fields = {field.name for field in dataclasses.fields(RECORDS[table])}
    assert fields == set(TABLES[table].names) - {"batch_id"}


@pytest.mark.parametrize("table", RECORDS)
def test_a_record_has_the_types_of_its_table(table):
    for field in dataclasses.fields(RECORDS[table]):
        kind = str(TABLES[table].field(field.name).type).replace("item:", "element:")
        assert kind in ARROW_TYPES[field.type.removesuffix(" | None")], field.name


@pytest.mark.parametrize("table", RECORDS)
def test_records_are_frozen_slotted_and_keyword_only(table):
    record = RECORDS[table]
    assert record.__dataclass_params__.frozen
    assert hasattr(record, "__slots__")
    assert all(field.kw_only for field in dataclasses.fields(record))


def test_commits_hold_the_counts_of_a_work():
    counts = {field.name for field in dataclasses.fields(records.Counts)}
    assert counts < set(TABLES["commits"].names)
    assert list(TABLES)[-1] == "commits"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_what_it_holds(table):
    described = describe_table(table)
    assert [name for name, _, _ in described] == TABLES[table].names
    assert all(len(meaning) >= 3 for _, _, meaning in described)
    assert described[-1][0] == "batch_id"
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name, _, _ in described)


def test_rows_of_another_table_are_refused(make):
    video = make.video("a")
    for wrong in (video, {"uri": "x"}, None):
        with pytest.raises(ValueError, match="not a row of `sources`"):
            to_arrow("sources", [make.source(video, "/a.mp4"), wrong], "batch_1")


def test_rows_keep_their_values_and_carry_their_batch(make):
    rows = [make.survey(make.video("a"), frame_hash=[-1, 2**63 - 1, -(2**63)] + [0] * 237)]
    table = to_arrow("surveys", rows, "batch_1")
    assert table.schema == TABLES["surveys"]
    row = table.to_pylist()[0]
    assert row.pop("batch_id") == "batch_1"
    assert records.Survey(**row) == rows[0]


def test_a_value_that_does_not_fit_its_column_is_refused(make):
    clip = make.clip(make.video("a"), 0, 24, width_px=2**40)
    with pytest.raises((pa.ArrowInvalid, OverflowError)):
        to_arrow("clips", [clip], "batch_1")


def test_score_columns_are_the_numbers_of_a_clips_scores():
    fields = {field.name for field in dataclasses.fields(records.ClipScores)}
    assert set(SCORE_COLUMNS) == fields - {"clip_id", "version"}
