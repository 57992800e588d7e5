import os

import pytest

from pipeline.containment import Contained
from pipeline.ingest import IngestSettings, find_files, ingest_file
from pipeline.media import write_video
from schemas.errors import UserError


@pytest.fixture(scope="module")
def child():
    with Contained() as contained:
        yield contained


def names(found):
    return [os.path.basename(file.path) for file in found]  # noqa: PTH119


def test_footage_is_found_in_all_subfolders_once_and_sorted(tmp_path):
    for name in ("b.MP4", "a.mkv", "deep/er/c.webm", "notes.txt", ".hidden.mp4", ".git/x.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "b.MP4")
    assert names(find_files([tmp_path])) == ["a.mkv", "b.MP4", "c.webm"]
    twice = [tmp_path, tmp_path / "deep", tmp_path / "a.mkv"]
    assert find_files(twice) == find_files([tmp_path])
    assert names(find_files([tmp_path / "notes.txt"])) == ["notes.txt"]


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="no such file or folder"):
        find_files([tmp_path / "gone.mp4"])
    with pytest.raises(UserError, match="no video files"):
        find_files([tmp_path])


def test_a_changed_file_is_new_work(tmp_path):
    path = tmp_path / "v.mp4"
    path.write_bytes(b"one")
    first = find_files([path])[0].work_id
    assert find_files([path])[0].work_id == first
    path.write_bytes(b"three")
    assert find_files([path])[0].work_id != first


def test_a_file_becomes_a_source_and_a_video(tmp_path, draw, child):
    write_video(tmp_path / "v.mp4", draw.shot(1, 12), fps=24)
    work = ingest_file(find_files([tmp_path])[0], IngestSettings(), "run_1", child)
    (source,), (video,) = work.rows["sources"], work.rows["videos"]
    assert source.video_id == video.video_id
    assert source.uri == str(tmp_path / "v.mp4")
    assert source.num_bytes == (tmp_path / "v.mp4").stat().st_size
    assert (video.num_packets, video.codec, video.duration_s) == (12, "h264", 0.5)
    assert (work.counts.num_in, work.counts.num_out, work.counts.seconds_in) == (1, 1, 0.5)


def test_the_same_bytes_elsewhere_are_the_same_video(tmp_path, draw, child):
    write_video(tmp_path / "v.mp4", draw.shot(1, 12), fps=24)
    (tmp_path / "w.mov").write_bytes((tmp_path / "v.mp4").read_bytes())
    one, other = (
        ingest_file(found, IngestSettings(), "run_1", child) for found in find_files([tmp_path])
    )
    assert one.rows["videos"] == other.rows["videos"]
    assert one.rows["sources"] != other.rows["sources"]
    assert one.work_id != other.work_id


def test_a_file_that_is_no_video_is_a_failure_and_a_source(tmp_path, child):
    (tmp_path / "v.mp4").write_text("no video")
    work = ingest_file(find_files([tmp_path])[0], IngestSettings(), "run_1", child)
    (failure,) = work.rows["failures"]
    assert (failure.stage, failure.reason) == ("ingest", "not_readable")
    assert failure.video_id == work.rows["sources"][0].video_id
    assert "videos" not in work.rows
    assert (work.counts.num_in, work.counts.num_out, work.counts.num_failed) == (1, 0, 1)


def test_a_file_that_went_away_is_a_failure_without_a_source(tmp_path, child):
    (tmp_path / "v.mp4").write_text("x")
    found = find_files([tmp_path])[0]
    (tmp_path / "v.mp4").unlink()
    work = ingest_file(found, IngestSettings(), "run_1", child)
    assert work.rows["failures"][0].reason == "not_readable"
    assert "sources" not in work.rows
