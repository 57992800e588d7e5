"""Curation as a whole, on drawn footage, through Ray Data."""

import shutil
from contextlib import contextmanager

import numpy as np
import pytest

from orchestration.curate import curate
from orchestration.recipe import load_recipe
from orchestration.run import open_run
from pipeline.dedupe.alignment import HashIndex
from pipeline.media import write_video
from schemas.catalog import Catalog

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def footage(tmp_path_factory, draw):
    """Five files: a reel of three shots, a small copy of it, bars, a still picture, no video."""
    folder = tmp_path_factory.mktemp("footage")
    shots = [draw.shot(70 + i, 36, width=160, height=90, pan_px=1.5, ball_px=3) for i in range(3)]
    reel = [frame for shot in shots for frame in shot]
    write_video(folder / "reel.mp4", reel, fps=24)
    write_video(folder / "copy.mkv", [f[::2, ::2] for f in reel], fps=24, crf=30)
    shutil.copy(folder / "reel.mp4", folder / "again.mp4")
    still = [draw.texture(80, 160, 90, contrast=10)] * 48
    write_video(folder / "still.mp4", still, fps=24, crf=10)
    bars = [frame.copy() for frame in draw.shot(81, 48, width=160, height=90, ball_px=4)]
    for frame in bars:
        np.clip(frame, 40, 255, out=frame)
        frame[:14] = frame[76:] = 0
    write_video(folder / "bars.avi", bars, fps=24, codec="mpeg4")
    (folder / "text.mp4").write_text("no video\n" * 50)
    return folder


@contextmanager
def run_of(root, *overrides, workers=1):
    recipe = load_recipe(None, [f"run.num_workers={workers}", *overrides])
    with open_run(Catalog.create(root), "curate", recipe) as run:
        yield run


def curated_by(root, footage, *overrides, workers=1):
    with run_of(root, *overrides, workers=workers) as run:
        curate(run, [footage])
    return Catalog.open(root)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory, footage, local_ray):
    return curated_by(tmp_path_factory.mktemp("curated") / "c", footage, workers=2)


def counts(catalog, *tables):
    catalog.refresh()
    return {table: catalog.column(f"select count(*) from {table}")[0] for table in tables}


MEASURED = ("sources", "videos", "surveys", "frames", "signatures", "failures")
DECIDED = ("shots", "clips", "splits", "offcuts", "scores", "clip_scores", "crops")
RULED = ("rules", "duplicates", "choices", "runs", "commits")


def test_every_file_is_accounted_for(catalog):
    rows = catalog.rows("select stage, reason, num_clips from funnel")
    funnel = {(row["stage"], row["reason"]): row["num_clips"] for row in rows}
    assert funnel["ingest", "found"] == 6
    assert funnel["ingest", "not_readable"] == 1
    assert funnel["survey", "surveyed"] == 4
    assert funnel["split", "clips"] == 8
    assert sum(count for (stage, _), count in funnel.items() if stage == "judge") == 1
    assert {reason for stage, reason in funnel if stage == "judge"} <= {"frozen", "too_static"}
    assert funnel["dedupe", "near_duplicate"] == 3
    assert funnel["kept", "kept"] == 4
    assert set(catalog.column("select unaccounted_ticks from ledger")) == {0}


def test_copies_share_a_video(catalog):
    assert counts(catalog, "sources", "videos") == {"sources": 6, "videos": 4}
    assert catalog.column("select count(*) from survivors where uri like '%again.mp4'") == [3]


def test_the_larger_of_near_duplicates_is_kept(catalog):
    assert set(catalog.column("select width_px from keepers join clips using (clip_id)")) == {160}
    groups = catalog.rows("select group_id, count(*) as n from current_duplicates group by all")
    assert [row["n"] for row in groups] == [2, 2, 2]


def test_bars_are_cropped_not_dropped(catalog):
    (crop,) = catalog.rows("select y_px, height_px, width_px from crops")
    assert abs(crop["y_px"] - 14) <= 2
    assert abs(crop["height_px"] - 62) <= 4
    assert crop["width_px"] == 160


def test_curating_again_commits_nothing(catalog, footage, world_files):
    before = world_files(catalog.root)
    curated_by(catalog.root, footage)
    assert world_files(catalog.root) == before


def test_the_stages_tallies_are_the_views_counts(catalog):
    (judge,) = catalog.rows("select * from commits where stage = 'judge'")
    (view,) = catalog.rows(
        """
        select count(*) as num_in, count(*) filter (where keep) as num_out,
            sum(duration_s) as seconds_in, sum(duration_s) filter (where keep) as seconds_out
        from verdicts join current_clips using (clip_id)
        """
    )
    assert (judge["num_in"], judge["num_out"]) == (view["num_in"], view["num_out"])
    assert judge["num_rejected"] == view["num_in"] - view["num_out"]
    assert judge["seconds_in"] == pytest.approx(view["seconds_in"])
    assert judge["seconds_out"] == pytest.approx(view["seconds_out"])


def test_every_batch_balances(catalog):
    for row in catalog.rows("select * from commits where stage in ('survey', 'split', 'judge')"):
        parts = row["num_out"] + row["num_rejected"] + row["num_failed"]
        assert row["num_in"] == parts, row["stage"]
        seconds = row["seconds_out"] + row["seconds_rejected"] + row["seconds_failed"]
        assert row["seconds_in"] == pytest.approx(seconds), row["stage"]


def test_the_judges_worker_equals_the_view_batch_by_batch(catalog):
    from pipeline.judge.rules import JudgeSettings, rules_of
    from pipeline.stage import JudgeWorker

    clips = catalog.column("select clip_id from current_clips order by clip_id")
    settings = JudgeSettings(contrast_min=30, motion_min=10)
    worker = JudgeWorker(catalog.root, rules_of(settings, "set_x"), catalog.choices())
    whole = {tally.reason: tally.num_clips for tally in worker(clips)}
    parts = {}
    for start in range(0, len(clips), 3):
        for tally in worker(clips[start : start + 3]):
            parts[tally.reason] = parts.get(tally.reason, 0) + tally.num_clips
    assert whole == parts
    assert sum(whole.values()) == len(clips)


def test_the_dedupes_worker_equals_one_index_over_all(catalog):
    from pipeline.dedupe.alignment import DedupeSettings
    from pipeline.stage import DedupeWorker, load_hashes

    settings = DedupeSettings()
    clips = load_hashes(catalog.root, catalog.choices(), settings)
    index = HashIndex(clips, settings)
    expected = [match for clip in clips for match in index.matches(clip)]
    worker = DedupeWorker(catalog.root, catalog.choices(), settings)
    found = [m for matches in worker([clip.clip_id for clip in clips]) for m in matches]
    assert found == expected
    assert len(found) == 3


def test_a_changed_split_redoes_what_builds_on_it_and_decodes_nothing(catalog, footage, tmp_path):
    root = tmp_path / "c"
    shutil.copytree(catalog.root, root)
    before = counts(Catalog.open(root), *MEASURED, *DECIDED, *RULED)
    changed = curated_by(root, footage, "split.edge_trim_s=0.25")
    after = counts(changed, *MEASURED, *DECIDED, *RULED)
    assert {name: after[name] for name in MEASURED} == {name: before[name] for name in MEASURED}
    assert after["splits"] == 2 * before["splits"]
    assert after["shots"] == 2 * before["shots"]
    newest = changed.column("select run_id from runs order by started_at desc")[0]
    stages = changed.column("select distinct stage from commits where run_id = ?", [newest])
    assert set(stages) == {"run", "split", "score", "judge", "dedupe", "choose"}
    assert set(changed.column("select unaccounted_ticks from ledger")) == {0}
    works = "select count(*) from commits where stage not in ('choose', 'run')"
    before = changed.column(works)
    back = curated_by(root, footage)
    assert back.column(works) == before
    assert back.query("from survivors order by clip_id").equals(
        catalog.query("from survivors order by clip_id")
    )


def test_one_worker_gives_what_two_give(catalog, footage, tmp_path):
    alone = curated_by(tmp_path / "c", footage, workers=1)
    for view in ("survivors", "funnel", "ledger", "verdicts"):
        order = "clip_id" if view in {"survivors", "verdicts"} else "all"
        seconds = "replace (round(duration_s, 6) as duration_s)" if view == "funnel" else ""
        sql = f"select * {seconds} from {view} order by {order}"
        assert alone.rows(sql) == catalog.rows(sql), view
    sql = "select * exclude (batch_id) from surveys order by video_id"
    assert alone.rows(sql) == catalog.rows(sql)
