import contextlib
import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace

import pyarrow as pa
import pytest

from schemas.catalog import MARK_FILE, Catalog
from schemas.errors import UserError
from schemas.lens import VIEWS
from schemas.tables import FORMAT_VERSION, TABLES


def run_python(repository, code, *arguments, **options):
    """Run code in a process of its own that finds our packages and nothing lying about."""
    script = f"import sys; sys.path.insert(0, {str(repository)!r})\n{textwrap.dedent(code)}"
    command = [sys.executable, "-P", "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def kinds(catalog, *tables):
    catalog.refresh()
    return [catalog.column(f"select count(*) from {table}")[0] for table in tables]


# -- the commit rule ---------------------------------------------------------------------------


def test_an_empty_catalogue_has_every_table_and_view(tmp_path):
    catalog = Catalog.create(tmp_path / "c")
    for name in (*TABLES, *VIEWS):
        empty = catalog.rows(f"select * from {name}")
        assert all(row["num_clips"] == 0 for row in empty), name
    assert catalog.choices() == {}
    assert catalog.done("ingest") == set()


def test_columns_keep_their_types_whether_a_table_has_rows_or_not(tmp_path, make):
    empty = Catalog.create(tmp_path / "empty")
    full = make.catalog(tmp_path / "full")
    for table in ("surveys", "clips", "clip_scores", "sources", "commits", "choices"):
        types = f"select column_name, column_type from (describe {table})"
        assert empty.rows(types) == full.rows(types), table


def test_rows_without_their_commit_are_seen_by_nobody(tmp_path, make, monkeypatch):
    catalog = make.catalog(tmp_path / "c", names=["a"])
    before = catalog.snapshot()
    everything = "select * from {name} order by all"
    seen = {name: catalog.rows(everything.format(name=name)) for name in (*TABLES, *VIEWS)}
    appended = []
    append = Catalog._append

    def all_but_the_commit(self, table, rows):
        appended.append(table)
        if table != "commits":
            append(self, table, rows)

    monkeypatch.setattr(Catalog, "_append", all_but_the_commit)
    make.catalog(tmp_path / "c", names=["b"])
    assert {"sources", "videos", "clips", "clip_scores", "commits"} < set(appended)
    catalog = Catalog.open(tmp_path / "c")
    for name, rows in seen.items():
        assert catalog.rows(everything.format(name=name)) == rows, name
    assert catalog.snapshot() == before


def test_the_commit_is_the_last_row_of_a_batch(tmp_path, make, monkeypatch):
    order = []
    append = Catalog._append
    monkeypatch.setattr(
        Catalog,
        "_append",
        lambda self, table, rows: (order.append(table), append(self, table, rows)),
    )
    make.catalog(tmp_path / "c")
    assert order[-1] == "commits"
    assert order.count("commits") == 1
    assert order == sorted(order, key=list(TABLES).index)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests_conftest import Make
from schemas.catalog import Catalog

root, fatal, how = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
append, count = Catalog._append, 0

def append_and_die(self, table, rows):
    global count
    if count == fatal:
        os._exit(7) if how == "exit" else os.kill(os.getpid(), signal.SIGKILL)
    append(self, table, rows)
    count += 1

Catalog._append = append_and_die
Make.catalog(root, names=["b"])
"""


@pytest.mark.parametrize("fatal", [0, 1, 4, 8, 9])
def test_a_batch_that_is_killed_between_two_tables_is_absent_and_can_be_done_again(
    tmp_path, make, repository, fatal
):
    (tmp_path / "tests_conftest.py").write_bytes((repository / "tests/conftest.py").read_bytes())
    root = tmp_path / "c"
    catalog = make.catalog(root, names=["a"])
    tables = ("sources", "videos", "surveys", "clips", "splits", "offcuts", "clip_scores")
    whole = kinds(catalog, *tables)
    code = f"sys.path.insert(0, {str(tmp_path)!r})\n{KILLED}"
    how = "exit" if fatal % 2 else "kill"
    done = run_python(repository, code, root, fatal, how)
    died = done.returncode != 0
    assert died == (fatal < 9), done.stderr
    assert kinds(catalog, *tables) == (whole if died else [2 * count for count in whole])
    make.catalog(root, names=["b"])
    assert kinds(catalog, *tables) == [2 * count for count in whole]
    assert catalog.column("select count(*) from survivors") == [4]
    assert catalog.column("select sum(unaccounted_ticks) from ledger") == [0]


def test_two_runs_that_did_the_same_work_show_it_once(tmp_path, make):
    catalog = Catalog.create(tmp_path / "c")
    video = make.video("a")
    work = make.work("video a", sources=[make.source(video, "/a.mp4")], videos=[video])
    other = make.work("video b", videos=[make.video("b")])
    catalog.commit([work], "run_1")
    catalog.commit([work, other], "run_2")
    Catalog.open(tmp_path / "c").commit([work], "run_3")
    assert kinds(catalog, "sources", "videos", "commits") == [1, 2, 2]
    assert catalog.done("ingest") == {"work_video a", "work_video b"}
    first = catalog.column("select run_id from commits where work_id = 'work_video a'")
    assert first == ["run_1"]


def test_the_same_video_or_clip_written_by_two_recipes_is_one_row(tmp_path, make):
    catalog = Catalog.create(tmp_path / "c")
    video = make.video("a")
    clip = make.clip(video, 0, 24)
    for name in ("one", "two"):
        catalog.commit([make.work(name, videos=[video], clips=[clip])], "run_1")
    assert kinds(catalog, "videos", "clips", "commits") == [1, 1, 2]


def test_a_catalogue_looks_again_only_when_told(tmp_path, make):
    reader = make.catalog(tmp_path / "c", names=["a"])
    assert reader.column("select count(*) from videos") == [1]
    make.catalog(tmp_path / "c", names=["b"])
    assert reader.column("select count(*) from videos") == [1]
    assert reader.column("select count(*) from surveys") == [1]
    reader.refresh()
    assert reader.column("select count(*) from videos") == [2]


def test_a_reader_beside_a_writer_sees_whole_batches_only(tmp_path, make, repository):
    (tmp_path / "tests_conftest.py").write_bytes((repository / "tests/conftest.py").read_bytes())
    root = tmp_path / "c"
    catalog = make.catalog(root, names=["first"])
    code = f"""
    sys.path.insert(0, {str(tmp_path)!r})
    from pathlib import Path
    from tests_conftest import Make
    for index in range(8):
        sys.stdin.read(1)
        Make.catalog(Path(sys.argv[1]), names=[f"v{{index}}"])
    """
    script = f"import sys; sys.path.insert(0, {str(repository)!r})\n{textwrap.dedent(code)}"
    command = [sys.executable, "-P", "-c", script, str(root)]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0)
    seen = set()
    try:
        while True:
            is_over = writer.poll() is not None
            # For every batch a reading first: a writer much faster than the reader would be done
            # before two of them.
            with contextlib.suppress(BrokenPipeError):
                writer.stdin.write(b".")
            catalog.refresh()
            counts = catalog.rows(
                """
                select (select count(*) from videos) as videos,
                    (select count(*) from sources) as sources,
                    (select count(*) from clips) as clips,
                    (select count(*) from clip_scores) as scores,
                    (select count(*) from offcuts) as offcuts,
                    (select count(*) from survivors) as survivors
                """
            )[0]
            number = counts["videos"]
            seen.add(number)
            assert counts == {
                "videos": number,
                "sources": number,
                "clips": 2 * number,
                "scores": 2 * number,
                "offcuts": number,
                "survivors": 2 * number,
            }
            if is_over:
                break
    finally:
        writer.kill()
        writer.stdin.close()
    assert writer.wait() == 0
    assert max(seen) == 9
    assert len(seen) > 2


def test_two_writers_at_once_lose_nothing(tmp_path, make, repository):
    (tmp_path / "tests_conftest.py").write_bytes((repository / "tests/conftest.py").read_bytes())
    root = tmp_path / "c"
    make.catalog(root, names=["first"])
    code = f"""
    sys.path.insert(0, {str(tmp_path)!r})
    from pathlib import Path
    from tests_conftest import Make
    for index in range(4):
        Make.catalog(Path(sys.argv[1]), names=[f"{{sys.argv[2]}}{{index}}"])
    """
    script = f"import sys; sys.path.insert(0, {str(repository)!r})\n{textwrap.dedent(code)}"
    writers = [
        subprocess.Popen([sys.executable, "-P", "-c", script, str(root), name]) for name in "xy"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    catalog = Catalog.open(root)
    assert kinds(catalog, "videos", "survivors") == [9, 18]


def test_no_work_writes_no_file(tmp_path, world_files):
    catalog = Catalog.create(tmp_path / "c")
    before = world_files()
    catalog.commit([], "run_1")
    catalog.choose({}, "run_1")
    assert world_files() == before


# -- snapshots ---------------------------------------------------------------------------------


def test_a_snapshot_shows_the_rows_of_its_time(tmp_path, make):
    root = tmp_path / "c"
    catalog = make.catalog(root, names=["a"])
    first = catalog.snapshot()
    assert catalog.snapshot() == first
    make.catalog(root, names=["b"])
    catalog.refresh()
    second = catalog.snapshot()
    assert second != first
    old = Catalog.open(root, snapshot=first)
    assert kinds(old, "videos", "survivors", "commits") == [1, 2, 2]
    assert old.snapshot() == first
    assert kinds(Catalog.open(root, snapshot=second), "videos", "survivors") == [2, 4]


def test_a_snapshot_that_is_not_there_is_named_with_those_that_are(tmp_path, make):
    catalog = make.catalog(tmp_path / "c", names=["a"])
    known = catalog.snapshot()
    with pytest.raises(UserError, match="no snapshot `snap_x`") as error:
        Catalog.open(tmp_path / "c", snapshot="snap_x")
    assert known in error.value.hint


# -- choices -----------------------------------------------------------------------------------


def test_the_latest_choice_of_a_stage_wins(tmp_path):
    catalog = Catalog.create(tmp_path / "c")
    catalog.choose({"split": ("set_1", {}), "judge": ("set_2", {"a": 1})}, "run_1")
    catalog.choose({"split": ("set_3", {})}, "run_2")
    assert catalog.choices() == {"split": "set_3", "judge": "set_2"}
    catalog.choose({"split": ("set_1", {})}, "run_3")
    assert catalog.choices() == {"split": "set_1", "judge": "set_2"}
    values = catalog.column("select settings_json from choices where stage = 'judge'")
    assert [json.loads(value) for value in values] == [{"a": 1}]


def test_all_stages_change_at_once(tmp_path):
    catalog = Catalog.create(tmp_path / "c")
    catalog.choose({stage: ("set_1", {}) for stage in ("survey", "split", "judge")}, "run_1")
    assert kinds(catalog, "commits") == [1]


def test_choosing_what_is_chosen_writes_nothing(tmp_path, world_files):
    catalog = Catalog.create(tmp_path / "c")
    catalog.choose({"split": ("set_1", {})}, "run_1")
    before = world_files()
    catalog.choose({"split": ("set_1", {})}, "run_2")
    assert world_files() == before


def test_current_views_show_the_chosen_settings_and_others_stand_beside_them(tmp_path, make):
    catalog = make.catalog(tmp_path / "c", names=["a"])
    video = make.video("a")
    longer = make.clip(video, 0, 240)
    work = make.work(
        "other split",
        "split",
        clips=[longer],
        splits=[make.split(longer, settings_hash="set_other")],
        clip_scores=[make.scores(longer)],
    )
    catalog.commit([work], "run_2")
    mine = catalog.column("select clip_id from current_clips order by start_frame")
    assert len(mine) == 2
    assert catalog.column("select count(*) from clips") == [3]
    choices = {**catalog.choices(), "split": "set_other"}
    other = catalog.lens(choices).sql("select clip_id from survivors").fetchall()
    assert other == [(longer.clip_id,)]
    assert catalog.column("select clip_id from current_clips order by start_frame") == mine
    catalog.choose({"split": ("set_other", {})}, "run_2")
    assert catalog.column("select clip_id from current_clips") == [longer.clip_id]
    catalog.choose({"split": (make.HASHES["split"], {})}, "run_3")
    assert catalog.column("select clip_id from current_clips order by start_frame") == mine


def test_scores_of_another_version_do_not_count(tmp_path, make):
    catalog = make.catalog(tmp_path / "c", names=["a"])
    clip = make.clip(make.video("a"), 40, 140)
    again = make.work(
        "again", "score", clip_scores=[make.scores(clip, version="set_9", motion=99.0)]
    )
    catalog.commit([again], "run_2")
    assert catalog.column("select motion from current_scores") == [20.0, 20.0]
    catalog.choose({"score": ("set_9", {})}, "run_2")
    assert catalog.column("select motion from current_scores") == [99.0]
    assert catalog.rows("select reason, num_clips from funnel where stage = 'judge'") == [
        {"reason": "not_scored", "num_clips": 1}
    ]


# -- opening -----------------------------------------------------------------------------------


def test_there_is_no_catalogue_where_there_is_none(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="no catalogue"):
            Catalog.open(place)
    assert list(tmp_path.iterdir()) == []


def test_creating_again_opens_what_is_there(tmp_path, make):
    make.catalog(tmp_path / "deep" / "c", names=["a"])
    again = Catalog.create(tmp_path / "deep" / "c")
    assert again.column("select count(*) from videos") == [1]


def a_file(root):
    root.write_text("x")


def other_content(root):
    root.mkdir()
    (root / "holiday.txt").write_text("x")


def newer_format(root):
    Catalog.create(root)
    (root / MARK_FILE).write_text(json.dumps({"format_version": FORMAT_VERSION + 1}))


def below_a_file(root):
    root.parent.joinpath("file").write_text("x")
    root.symlink_to(root.parent / "file" / "c")


def mark_with(content):
    def spoil(root):
        Catalog.create(root)
        (root / MARK_FILE).write_bytes(content)

    return spoil


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (a_file, "not a folder"),
        (other_content, "not empty and is no catalogue"),
        (newer_format, "has format 2, this Rushes reads up to 1"),
        (below_a_file, "cannot write"),
        (mark_with(b""), "damaged"),
        (mark_with(b'{"format_ver'), "damaged"),
        (mark_with(b"{}"), "damaged"),
        (mark_with(b"[]"), "damaged"),
        (mark_with(b"\xff\xfe\x00"), "damaged"),
        (mark_with(b'{"format_version": "soon"}'), "damaged"),
        (mark_with(b'{"format_version": null}'), "damaged"),
    ],
    ids=[
        "file",
        "content",
        "newer",
        "below",
        "empty",
        "cut",
        "no version",
        "list",
        "binary",
        "word",
        "null",
    ],
)
def test_what_is_no_catalogue_is_refused_and_left_alone(tmp_path, world_files, prepare, message):
    prepare(tmp_path / "c")
    before = world_files()
    with pytest.raises(UserError, match=message) as error:
        Catalog.create(tmp_path / "c")
    assert error.value.hint
    assert world_files() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(UserError, match="cannot write"):
            Catalog.create(tmp_path / "c")
    finally:
        tmp_path.chmod(0o755)


# -- views -------------------------------------------------------------------------------------


def test_a_dropped_clip_never_takes_its_group_with_it(tmp_path, make):
    rules = [make.rule(0, "motion", "too_static", minimum=5.0)]
    catalog = make.catalog(tmp_path / "c", names=["a", "b", "c"], rules=rules)
    big = make.video("big", width_px=1920, height_px=1080)
    best = make.clip(big, 0, 240)
    rest = [make.clip(make.video(name), 40, 140) for name in "abc"]
    catalog.commit(
        [
            make.work(
                "group",
                "dedupe",
                videos=[big],
                clips=[best],
                splits=[make.split(best)],
                clip_scores=[make.scores(best, motion=0.0)],
                duplicates=[make.duplicate(clip, "grp_1") for clip in (best, *rest)],
            )
        ],
        "run_2",
    )
    assert catalog.rows("select keep, reason from verdicts where clip_id = ?", [best.clip_id]) == [
        {"keep": False, "reason": "too_static"}
    ]
    group = catalog.rows("select clip_id, num_in_group from keepers where group_id = 'grp_1'")
    assert group == [{"clip_id": min(clip.clip_id for clip in rest), "num_in_group": 3}]
    assert catalog.column("select count(*) from survivors") == [4]


@pytest.mark.parametrize(
    ("best", "scores"),
    [
        ({"width_px": 640, "height_px": 360}, {}),
        ({"duration_s": 9.0}, {}),
        ({}, {"sharpness": 0.9}),
    ],
    ids=["most pixels", "longest", "sharpest"],
)
def test_the_best_of_a_group_is_kept(tmp_path, make, best, scores):
    catalog = Catalog.create(tmp_path / "c")
    clips = [make.clip(make.video(f"v{index}"), 0, 100) for index in range(5)]
    clips[3] = replace(clips[3], **best)
    rows = [make.scores(clip, **(scores if clip is clips[3] else {})) for clip in clips]
    catalog.commit(
        [
            make.work(
                "all",
                choices=make.chosen(),
                clips=clips,
                splits=[make.split(clip) for clip in clips],
                clip_scores=rows,
                duplicates=[make.duplicate(clip, "grp_1") for clip in clips],
            )
        ],
        "run_1",
    )
    assert catalog.column("select clip_id from keepers") == [clips[3].clip_id]


def test_a_group_that_grew_counts_by_its_newest_row(tmp_path, make):
    catalog = make.catalog(tmp_path / "c", names=["a", "b"])
    clips = [make.clip(make.video(name), 40, 140) for name in "ab"]
    catalog.commit(
        [make.work("1", "dedupe", duplicates=[make.duplicate(clips[0], "grp_old")])], "run_1"
    )
    newer = [make.duplicate(clip, "grp_new") for clip in clips]
    catalog.commit([make.work("2", "dedupe", duplicates=newer)], "run_2")
    assert catalog.column("select distinct group_id from current_duplicates") == ["grp_new"]
    assert catalog.column("select count(*) from survivors") == [3]


def test_the_funnel_adds_up(tmp_path, make):
    rules = [
        make.rule(0, "motion", "too_static", minimum=5.0),
        make.rule(1, "contrast", "too_flat", minimum=5.0),
    ]
    catalog = make.catalog(tmp_path / "c", names=["a", "b"], rules=rules)
    video = make.video("c")
    clips = [make.clip(video, start, start + 48) for start in (0, 48, 96, 144, 192)]
    changes = [{"motion": 1.0}, {"motion": 1.0, "contrast": 1.0}, {"contrast": 1.0}, {}, {}]
    catalog.commit(
        [
            make.work(
                "c",
                sources=[make.source(video, "/c.mp4"), make.source(video, "/copy.mp4")],
                videos=[video],
                surveys=[make.survey(video)],
                clips=clips,
                splits=[make.split(clip) for clip in clips],
                clip_scores=[
                    make.scores(clip, **change) for clip, change in zip(clips, changes, strict=True)
                ],
                duplicates=[make.duplicate(clip, "grp_1") for clip in clips[2:]],
                failures=[make.failure("/x.mp4", "not_readable")],
            ),
            make.work(
                "survey c",
                "survey",
                make.HASHES["survey"],
                failures=[make.failure("/c.mp4", "cut_short", stage="survey", lost_s=1.5)],
            ),
            make.work(
                "older survey c",
                "survey",
                "set_older",
                failures=[make.failure("/c.mp4", "timeout", stage="survey", lost_s=9.0)],
            ),
        ],
        "run_2",
    )
    rows = catalog.rows("select * from funnel")
    table = {(row["stage"], row["reason"]): (row["num_clips"], row["duration_s"]) for row in rows}
    assert table == {
        ("ingest", "found"): (4, None),
        ("ingest", "not_readable"): (1, 0.0),
        ("survey", "surveyed"): (3, 30.0),
        ("survey", "cut_short"): (1, 1.5),
        ("split", "transition"): (2, pytest.approx(80 / 24)),
        ("split", "clips"): (9, pytest.approx(400 / 24 + 10)),
        ("judge", "too_static"): (2, 4.0),
        ("judge", "too_flat"): (1, 2.0),
        ("dedupe", "near_duplicate"): (1, 2.0),
        ("kept", "kept"): (5, pytest.approx(400 / 24 + 2)),
    }
    lost = sum(s for (stage, _), (_, s) in table.items() if stage in {"judge", "dedupe"})
    assert lost + table["kept", "kept"][1] == pytest.approx(table["split", "clips"][1])


def test_the_ledger_balances_to_the_tick(tmp_path, make):
    catalog = make.catalog(tmp_path / "c", names=["a", "b"])
    catalog.commit([make.work("lone", videos=[make.video("lone")])], "run_2")
    rows = catalog.rows("select state, unaccounted_ticks from ledger order by state")
    assert rows == [
        {"state": "missing", "unaccounted_ticks": 0},
        {"state": "surveyed", "unaccounted_ticks": 0},
        {"state": "surveyed", "unaccounted_ticks": 0},
    ]


def test_the_ledger_shows_a_clip_that_is_missing_and_one_that_is_too_many(tmp_path, make):
    catalog = Catalog.create(tmp_path / "c")
    works = [make.work("choose", choices=make.chosen())]
    for name, spans in {"gap": [(0, 100)], "twice": [(0, 240), (0, 10)]}.items():
        video = make.video(name)
        clips = [make.clip(video, *span) for span in spans]
        works.append(
            make.work(
                name,
                videos=[video],
                surveys=[make.survey(video)],
                clips=clips,
                splits=[make.split(clip) for clip in clips],
            )
        )
    catalog.commit(works, "run_1")
    ticks = catalog.column("select unaccounted_ticks from ledger order by unaccounted_ticks")
    assert ticks == [-10, 140]


def test_the_best_caption_is_the_chosen_captioners_else_the_newest(tmp_path, make):
    from datetime import timedelta

    catalog = make.catalog(tmp_path / "c", names=["a"])
    clip = make.clip(make.video("a"), 40, 140)
    later = make.START + timedelta(hours=1)
    captions = [
        make.caption(clip, "old"),
        make.caption(clip, "new", settings_hash="set_other", created_at=later),
        make.caption(clip, "bad", status="repeats itself", created_at=later + timedelta(hours=1)),
        make.caption(clip, "short one", kind="short"),
    ]
    catalog.commit([make.work("captions", "caption", captions=captions)], "run_2")
    best = "select text from best_captions where kind = 'long'"
    assert catalog.column(best) == ["new"]
    assert catalog.column("select caption from survivors where caption is not null") == ["new"]
    catalog.choose({"caption": ("set_caption", {})}, "run_2")
    assert catalog.column(best) == ["old"]
    assert catalog.column("select count(*) from best_captions") == [2]


def test_a_column_that_older_files_lack_reads_as_null(tmp_path, make, monkeypatch):
    catalog = make.catalog(tmp_path / "c", names=["a"])
    wider = TABLES["videos"].append(pa.field("mood", pa.string(), metadata={"doc": "new"}))
    monkeypatch.setitem(TABLES, "videos", wider)
    catalog.refresh()
    assert catalog.column("select mood from videos") == [None]
    assert catalog.column("select count(*) from survivors") == [2]
