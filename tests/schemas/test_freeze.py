import json
import shutil
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.catalog import Catalog
from schemas.datasets import load_dataset
from schemas.errors import UserError
from schemas.frames import Box
from schemas.freeze import freeze
from schemas.ids import content_id
from schemas.mix import CaptionMix, mix_report
from schemas.records import Checkpoint, Crop, Sample


@pytest.fixture
def catalog(tmp_path, make):
    return make.catalog(tmp_path / "c")


def names(catalog):
    return [row["name"] for row in catalog.rows("select name from datasets order by name")]


def test_the_same_rows_under_the_same_name_change_nothing(catalog, world_files):
    first = freeze(catalog, "one", "true", "run_1")
    before = world_files()
    again = freeze(catalog, "one", "duration_s > 1", "run_2")
    assert again.dataset_id == first.dataset_id
    assert world_files() == before
    assert names(catalog) == ["one"]
    assert catalog.column("select count(*) from dataset_clips") == [6]


def test_a_name_stands_for_its_rows_for_ever(catalog, make):
    first = freeze(catalog, "one", "start_frame = 40", "run_1")
    assert first.num_clips == 3
    with pytest.raises(UserError, match="stands for other rows"):
        freeze(catalog, "one", "true", "run_2")
    assert load_dataset(catalog.root / "datasets/one").dataset_id == first.dataset_id
    make.catalog(catalog.root, names=["d"])
    with pytest.raises(UserError, match="stands for other rows"):
        freeze(catalog, "one", "start_frame = 40", "run_3")
    assert freeze(catalog, "two", "start_frame = 40", "run_3").num_clips == 4


def test_the_same_rows_have_the_same_hash_wherever_they_lie(catalog, tmp_path, make):
    here = freeze(catalog, "one", "true", "run_1")
    shutil.copytree(catalog.root, tmp_path / "copied")
    copied = Catalog.open(tmp_path / "copied")
    assert freeze(copied, "two", "true", "run_2").dataset_id == here.dataset_id
    moved = make.catalog(tmp_path / "moved", folder="/mnt/elsewhere", names=["c", "a", "b"])
    assert freeze(moved, "other", "1 = 1", "run_3").dataset_id == here.dataset_id


def test_other_rows_have_another_hash(catalog, tmp_path, make):
    here = freeze(catalog, "one", "true", "run_1")
    clip = make.clip(make.video("a"), 40, 140)
    other = make.catalog(tmp_path / "other")
    other.commit([make.work("cap", "caption", captions=[make.caption(clip, "a cat")])], "run_1")
    assert freeze(other, "one", "true", "run_1").dataset_id != here.dataset_id


def test_a_dataset_holds_all_that_a_reader_needs(catalog, make):
    clip = make.clip(make.video("b"), 140, 240)
    crop = Crop(
        clip_id=clip.clip_id,
        settings_hash=make.HASHES["score"],
        x_px=0,
        y_px=20,
        width_px=320,
        height_px=140,
        reason="border",
    )
    captions = [make.caption(clip, "a dog runs"), make.caption(clip, "dog", kind="short")]
    work = make.work("more", "caption", captions=captions, crops=[crop])
    catalog.commit([work], "run_2")
    record = freeze(catalog, "one", f"clip_id = '{clip.clip_id}'", "run_2")
    dataset = load_dataset(catalog.root / record.path)
    assert (dataset.name, dataset.dataset_id) == ("one", record.dataset_id)
    (found,) = dataset.clips
    assert found.ref.crop == Box(x_px=0, y_px=20, width_px=320, height_px=140)
    assert found.ref.frame_pts == tuple(range(140, 240))
    assert (found.ref.start_frame, found.ref.end_pts, found.ref.num_frames) == (140, 240, 100)
    assert found.ref.duration_s == pytest.approx(clip.duration_s)
    assert (found.ref.uri, found.ref.reader, found.fps) == ("/footage/b.mp4", "pyav", 24.0)
    assert found.captions == {"long": "a dog runs", "short": "dog"}
    assert found.scores["motion"] == 20.0
    assert record.duration_s == pytest.approx(clip.duration_s)


def test_a_dataset_needs_no_catalogue(catalog, tmp_path):
    record = freeze(catalog, "one", "true", "run_1")
    shutil.move(catalog.root / record.path, tmp_path / "alone")
    shutil.rmtree(catalog.root)
    dataset = load_dataset(tmp_path / "alone")
    ids = [clip.ref.clip_id for clip in dataset.clips]
    assert len(ids) == 6
    assert ids == sorted(ids)
    assert all(clip.ref.crop is None and clip.captions == {} for clip in dataset.clips)


def test_the_manifest_says_where_the_rows_came_from(catalog):
    record = freeze(catalog, "one", "motion > 1", "run_1")
    manifest = json.loads((catalog.root / record.path / "dataset.json").read_text())
    assert manifest["where_sql"] == "motion > 1"
    assert Catalog.open(catalog.root, snapshot=manifest["snapshot_id"]).root == catalog.root
    assert content_id("data", manifest["rows_sha256"]) == record.dataset_id


@pytest.mark.parametrize(
    "where",
    [
        "false) union all select 'no clip' where (true",
        "1=1) union select video_id from videos --",
        "true); drop view clips; select (1",
        "true); drop view clips; --",
        "; drop view clips",
        "clip_id in (select content from read_text('/etc/passwd'))",
        "true) returning (1",
        "motionn > 1",
        "",
        "(",
        "true))",
    ],
)
def test_a_condition_that_is_more_than_one_fails_and_writes_nothing(catalog, world_files, where):
    before = world_files()
    with pytest.raises(UserError):
        freeze(catalog, "one", where, "run_1")
    assert world_files() == before
    assert catalog.column("select count(*) from survivors") == [6]


def test_a_comment_in_a_condition_does_not_swallow_the_query(catalog):
    assert freeze(catalog, "one", "start_frame = 40 -- the first halves", "run_1").num_clips == 3


def test_a_condition_that_no_clip_meets_is_refused(catalog, world_files):
    before = world_files()
    with pytest.raises(UserError, match="no clip meets"):
        freeze(catalog, "one", "motion > 1e9", "run_1")
    assert world_files() == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", ".hidden", "a b", "é", "x" * 101])
def test_a_name_is_a_plain_word(catalog, name, world_files):
    before = world_files()
    with pytest.raises(UserError, match="no name for a dataset"):
        freeze(catalog, name, "true", "run_1")
    assert world_files() == before


def test_a_folder_without_a_dataset_is_refused(tmp_path):
    with pytest.raises(UserError, match="no dataset"):
        load_dataset(tmp_path)


def test_half_a_dataset_is_refused(catalog):
    record = freeze(catalog, "one", "true", "run_1")
    (catalog.root / record.path / "dataset.json").write_text("{")
    with pytest.raises(UserError, match="not a whole dataset"):
        freeze(catalog, "one", "true", "run_2")


def test_lineage_is_walked_both_ways(catalog, make):
    record = freeze(catalog, "one", "start_frame = 40", "run_1")
    freeze(catalog, "unused", "start_frame = 140", "run_1")
    checkpoint = Checkpoint(
        checkpoint_id="ckpt_1",
        path="checkpoints/1",
        dataset_id=record.dataset_id,
        step=10,
        num_clips_seen=30,
        loss=0.5,
        settings_hash="set_train",
        settings_json="{}",
        run_id="run_1",
        created_at=make.START,
    )
    sample = Sample(
        sample_id="smp_1",
        checkpoint_id="ckpt_1",
        path="samples/1.mp4",
        sha256="0" * 64,
        prompt="a cat",
        task="text_to_video",
        seed=0,
        num_steps=10,
        guidance_scale=1.0,
        width_px=64,
        height_px=64,
        num_frames=8,
        fps=8.0,
        run_id="run_1",
        created_at=make.START,
    )
    work = make.work("train", "train", checkpoints=[checkpoint], samples=[sample])
    catalog.commit([work], "run_2")
    back = catalog.column("select uri from lineage where sample_id = 'smp_1' order by uri")
    assert back == [f"/footage/{name}.mp4" for name in "abc"]
    forward = "select distinct sample_id, checkpoint_id from lineage where uri = '/footage/b.mp4'"
    assert {"sample_id": "smp_1", "checkpoint_id": "ckpt_1"} in catalog.rows(forward)
    video = make.video("b").video_id
    datasets = "select distinct dataset from lineage where video_id = ? order by dataset"
    assert catalog.column(datasets, [video]) == ["one", "unused"]
    never_trained = catalog.rows("select * from lineage where dataset = 'unused'")
    assert all(row["sample_id"] is None and row["checkpoint_id"] is None for row in never_trained)


def source_caption(make, clip, text, start_s, end_s, **changes):
    return make.caption(
        clip,
        text,
        caption_id=f"cap_{text}_{start_s}_{end_s}",
        clip_id=None,
        kind="source",
        captioner="found",
        start_s=start_s,
        end_s=end_s,
        **changes,
    )


SPANS = {
    "half of the clip is enough": ([("a", 0.0, 1.5)], "a"),
    "less than half is not": ([("a", 0.0, 1.49)], None),
    "the one that covers most wins": ([("a", 0.0, 2.0), ("b", 0.5, 3.1), ("c", 1.4, 9.0)], "b"),
    "the shortest of equals wins": ([("a", 0.0, 10.0), ("b", 0.0, 4.0), ("c", 0.0, 9.0)], "b"),
    "touching is not covering": ([("a", 3.0, 9.0)], None),
    "a caption of the whole video serves": ([("a", None, None)], "a"),
}


@pytest.mark.parametrize(("spans", "expected"), SPANS.values(), ids=SPANS)
def test_a_source_caption_goes_to_the_clips_that_it_covers(catalog, make, spans, expected):
    video = make.video("d")
    clip = make.clip(video, 0, 72)
    rows = [source_caption(make, clip, *span) for span in spans]
    work = make.work(
        "d",
        sources=[make.source(video, "/footage/d.mp4")],
        videos=[video],
        surveys=[make.survey(video)],
        clips=[clip],
        splits=[make.split(clip)],
        clip_scores=[make.scores(clip)],
        captions=rows,
    )
    catalog.commit([work], "run_1")
    record = freeze(catalog, "one", "uri = '/footage/d.mp4'", "run_1")
    (found,) = load_dataset(catalog.root / record.path).clips
    assert found.captions == ({"source": expected} if expected else {})
    best = [c for c in found.all_captions if c.is_best]
    assert [(c.kind, c.captioner) for c in best] == ([("source", "found")] if expected else [])


def test_source_captions_of_other_videos_and_bad_ones_stay_out(catalog, make):
    clip, other = (make.clip(make.video(name), 40, 140) for name in "ab")
    captions = [
        source_caption(make, other, "of another video", 0.0, 99.0),
        source_caption(make, clip, "garbled", 0.0, 99.0, status="not_text"),
    ]
    catalog.commit([make.work("cap", "caption", captions=captions)], "run_1")
    record = freeze(catalog, "one", f"clip_id = '{clip.clip_id}'", "run_1")
    (found,) = load_dataset(catalog.root / record.path).clips
    assert found.captions == {}
    assert [(c.text, c.status) for c in found.all_captions] == [("garbled", "not_text")]


def test_a_dataset_holds_every_caption_with_its_writer_and_status(catalog, make):
    clip = make.clip(make.video("a"), 40, 140)
    captions = [
        make.caption(clip, "a dog runs", captioner="tiny", settings_hash="set_chosen"),
        make.caption(clip, "newer", created_at=make.START + timedelta(days=1)),
        make.caption(clip, "dog dog dog", status="repetition", captioner="tiny"),
        make.caption(clip, "0 s to 2 s", kind="window"),
        make.caption(clip, "2 s to 4 s", kind="window"),
        make.caption(clip, "红狗", kind="short", language="zh"),
    ]
    choices = make.chosen(minutes=1, caption="set_chosen")
    catalog.commit([make.work("cap", "caption", captions=captions, choices=choices)], "run_1")
    record = freeze(catalog, "one", f"clip_id = '{clip.clip_id}'", "run_1")
    (found,) = load_dataset(catalog.root / record.path).clips
    assert found.captions == {"long": "a dog runs", "short": "红狗"}
    assert {(c.kind, c.text, c.status, c.captioner, c.language, c.is_best) for c in
            found.all_captions} == {
        ("long", "a dog runs", "ok", "tiny", "en", True),
        ("short", "红狗", "ok", "test", "zh", True),
        ("long", "newer", "ok", "test", "en", False),
        ("long", "dog dog dog", "repetition", "tiny", "en", False),
        ("window", "0 s to 2 s", "ok", "test", "en", False),
        ("window", "2 s to 4 s", "ok", "test", "en", False),
    }  # fmt: skip
    assert {"a dog runs", "红狗"} == {c.text for c in found.all_captions[:2]}


def test_a_dataset_of_an_earlier_version_still_loads(catalog, make):
    clip = make.clip(make.video("a"), 40, 140)
    work = make.work("cap", "caption", captions=[make.caption(clip, "a dog")])
    catalog.commit([work], "run_1")
    record = freeze(catalog, "one", f"clip_id = '{clip.clip_id}'", "run_1")
    path = catalog.root / record.path / "clips.parquet"
    (row,) = pq.read_table(path).drop_columns(["other_captions"]).to_pylist()
    known = ("kind", "text", "captioner", "caption_id")
    row["captions"] = [{key: item[key] for key in known} for item in row["captions"]]
    pq.write_table(pa.Table.from_pylist([row]), path)
    (found,) = load_dataset(path.parent).clips
    assert found.captions == {"long": "a dog"}
    assert [(c.captioner, c.status, c.is_best) for c in found.all_captions] == [
        ("test", "ok", True)
    ]


def test_a_mix_changes_nothing_that_is_frozen(catalog, world_files):
    record = freeze(catalog, "one", "true", "run_1")
    before = world_files()
    dataset = load_dataset(catalog.root / record.path)
    for mix in (CaptionMix(), CaptionMix(source=1), CaptionMix(structured=2)):
        mix_report(dataset, mix)
        assert freeze(catalog, "one", "true", "run_2").dataset_id == record.dataset_id
    assert world_files() == before
