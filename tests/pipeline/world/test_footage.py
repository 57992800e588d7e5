from collections import Counter
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.media import Decoding, probe
from pipeline.world.copies import UNITS as COPY_UNITS
from pipeline.world.defects import UNITS as DEFECT_UNITS
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.shoot import draw_reel
from pipeline.world.slots import FORMS, MORE, PLANTED, slots_for, with_codec
from pipeline.world.truth import (
    BETWEEN_COPIES,
    TABLES,
    DuplicateTruth,
    Truth,
    VideoTruth,
    read_truth,
    schema_of,
    true_boundaries,
    true_duplicate_pairs,
)
from pipeline.world.vocabulary import OBJECT_COLOURS
from schemas.errors import MediaError, UserError
from schemas.facts import from_json

UNREADABLE = ("truncated", "corrupt", "empty", "audio_only")


class Footage:
    """Sixteen drawn videos, their truth, and their decoded pixels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drawn = RushesWorld().draw_footage(folder, num_videos=16, seed=0)
        self.truth = read_truth(folder)
        self.pixels = {
            v.file: pixels_of(folder / v.file) for v in self.truth.videos if v.num_frames
        }
        self.video = {video.file: video for video in self.truth.videos}

    def of_kind(self, kind):
        return next(video for video in self.truth.videos if video.kind == kind)

    def shots(self, file):
        return [shot for shot in self.truth.shots if shot.file == file]


def pixels_of(path):
    return np.stack([p.rgb(*p.displayed_size) for p in Decoding(path)])


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    return Footage(tmp_path_factory.mktemp("footage"))


def test_the_files_are_those_that_the_truth_names(footage):
    files = sorted(path.name for path in footage.folder.iterdir() if path.is_file())
    assert files == [video.file for video in footage.truth.videos]
    assert [video.path.name for video in footage.drawn] == files
    kinds = Counter(video.kind for video in footage.truth.videos)
    assert kinds == {"normal": 13, "truncated": 1, "corrupt": 1, "cut_short": 1}
    assert len({Path(file).suffix for file in files}) == 5


def test_the_tables_have_their_columns_and_are_sorted(footage):
    for name, record in TABLES.items():
        table = pq.read_table(footage.folder / "truth" / f"{name}.parquet")
        assert table.schema.equals(schema_of(record))
        assert table.column_names == [field.name for field in fields(record)]
        files = table["file"].to_pylist()
        assert files == sorted(files)
    assert schema_of(VideoTruth).field("fps").nullable is False
    assert footage.truth.camera and footage.truth.events and footage.truth.objects


def test_every_file_decodes_to_the_frames_that_the_truth_counts(footage):
    for video in footage.truth.videos:
        if video.num_frames:
            shape = (video.num_frames, video.height_px, video.width_px, 3)
            assert footage.pixels[video.file].shape == shape
            scan = probe(footage.folder / video.file)
            assert scan.fps == pytest.approx(video.fps, rel=0.01)
            assert scan.has_audio == video.has_audio
    assert {video.has_audio for video in footage.truth.videos if video.num_frames} == {True, False}


def test_shots_fill_their_file_without_gaps(footage):
    for video in footage.truth.videos:
        shots = footage.shots(video.file)
        assert bool(shots) == bool(video.num_frames)
        edges = [(s.start_frame, s.end_frame) for s in shots]
        assert [s.shot_index for s in shots] == list(range(len(shots)))
        assert [e for _, e in edges[:-1]] == [s for s, _ in edges[1:]]
        assert not shots or (edges[0][0], edges[-1][1]) == (0, video.num_frames)
        for shot in shots[:-1]:
            assert shot.transition_start_frame <= shot.end_frame <= shot.transition_end_frame


def test_lists_lie_within_their_file(footage):
    for row in (*footage.truth.camera, *footage.truth.objects):
        lists = [value for value in astuple(row) if isinstance(value, tuple)]
        assert len({len(values) for values in lists}) == 1
        assert row.first_frame >= 0
        assert row.first_frame + len(lists[0]) <= footage.video[row.file].num_frames
    for row in (*footage.truth.events, *footage.truth.defects):
        start = row.frame if hasattr(row, "frame") else row.start_frame
        end = getattr(row, "end_frame", start + 1)
        assert 0 <= start < end <= footage.video[row.file].num_frames


def test_the_picture_jumps_at_the_true_cuts_and_nowhere_else(footage):
    shaken = {row.file for row in footage.truth.defects if row.kind == "shake"}
    for file, pixels in footage.pixels.items():
        if file in shaken:
            continue
        gradual = np.zeros(len(pixels) + 1, dtype=bool)
        cuts = set()
        for boundary in true_boundaries(footage.shots(file)).get(file, []):
            if boundary.kind == "cut":
                cuts.add(boundary.start_frame)
            gradual[boundary.start_frame : boundary.end_frame + 1] = boundary.kind != "cut"
        step = np.abs(np.diff(pixels[:, ::2, ::2].astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
        jumps = {t + 1 for t in np.flatnonzero(step > 16) if not gradual[t + 1]}
        assert jumps == cuts, file


def test_an_object_is_in_the_decoded_pixels_where_the_truth_says(footage):
    """Flat and outlined objects show their colour in their middle; shaded ones nearly do."""
    changed = {(row.file, row.shot_index) for row in footage.truth.defects if row.shot_index}
    shots = {(s.file, s.shot_index): s for s in footage.truth.shots}
    tested = 0
    for row in footage.truth.objects:
        shot = shots[row.file, row.shot_index]
        frame = (shot.start_frame + shot.end_frame) // 2
        i = frame - row.first_frame
        if (row.file, row.shot_index) in changed or (row.visibility[i] or 0) < 0.99:
            continue
        if shot.facts is None or from_json(shot.facts).style == "shaded":
            continue
        seen = footage.pixels[row.file][frame, round(row.y_px[i]), round(row.x_px[i])].astype(int)
        assert np.abs(seen - OBJECT_COLOURS[row.colour[i]]).max() < 70, (row.file, frame)
        tested += 1
    assert tested > 25


def test_captions_are_those_of_the_facts(footage):
    told = [shot for shot in footage.truth.shots if shot.facts is not None]
    assert len(told) > 0.7 * len(footage.truth.shots)
    for shot in footage.truth.shots:
        assert (shot.facts is None) == (shot.caption is None) == (shot.left_out is not None)
    for row in footage.truth.objects:
        shot = next(s for s in footage.shots(row.file) if s.shot_index == row.shot_index)
        if shot.facts is not None:
            assert from_json(shot.facts).objects[row.object_index].shape == row.shape


def test_a_copy_shows_the_span_that_the_truth_names(footage):
    """Light, averaged over the frame, survives scaling, mirroring and encoding."""
    tested = set()
    for row in footage.truth.duplicates:
        assert row.unit == COPY_UNITS[row.kind]
        ours = footage.pixels[row.file][row.start_frame : row.end_frame]
        theirs = footage.pixels[row.reference]
        theirs = theirs[row.reference_start_frame : row.reference_end_frame]
        assert len(ours) == len(theirs)
        light = [np.asarray(p.mean(axis=(1, 2, 3))) for p in (ours, theirs)]
        assert np.abs(light[0] - light[1]).max() < 6, row.kind
        tested.add(row.kind)
    assert tested == {"scaled", "excerpt", "mirrored", "re_encoded"}


def test_copies_share_footage_with_their_original_and_with_each_other():
    def row(file, kind, start, end):
        return DuplicateTruth(
            group_id="g", file=file, reference="o", kind=kind, strength=1.0, unit="",
            start_frame=0, end_frame=end - start, reference_start_frame=start,
            reference_end_frame=end,
        )  # fmt: skip

    video = VideoTruth(
        file="o", kind="normal", fps=10.0, num_frames=100, width_px=2, height_px=2, has_audio=False
    )
    rows = (row("a", "excerpt", 0, 40), row("b", "excerpt", 31, 90), row("c", "scaled", 0, 100))
    assert true_duplicate_pairs(Truth(videos=(video,), duplicates=rows)) == {
        ("a", "o"): "excerpt",
        ("b", "o"): "excerpt",
        ("c", "o"): "scaled",
        ("a", "c"): BETWEEN_COPIES,
        ("b", "c"): BETWEEN_COPIES,
    }


@pytest.mark.parametrize("kind", ["truncated", "corrupt"])
def test_broken_files_cannot_be_opened(footage, kind):
    video = footage.of_kind(kind)
    assert (footage.folder / video.file).stat().st_size > 1000
    assert video.num_frames == 0 and not video.has_audio
    with pytest.raises(MediaError, match="not_readable"):
        probe(footage.folder / video.file)


def test_the_file_cut_short_still_decodes_in_part(footage):
    video = footage.of_kind("cut_short")
    assert video.num_frames == len(footage.pixels[video.file]) > 24


def planned(num_videos):
    """Return each defect and each copy of a draw with its strengths, and what else varies."""
    slots = slots_for(num_videos)
    defects, copies = {}, {}
    for slot in slots:
        for kind, strength in slot.defects:
            defects.setdefault(kind, set()).add(strength)
        if slot.copy:
            copies.setdefault(slot.copy[0], []).append(slot.copy[1])
    return slots, defects, copies


def test_fifty_videos_hold_every_case():
    slots, defects, copies = planned(50)
    assert set(defects) == set(DEFECT_UNITS)
    assert all(len(strengths) >= 2 for strengths in defects.values())
    assert set(copies) == set(COPY_UNITS)
    assert all(len(strengths) >= 2 for strengths in copies.values())
    assert max(copies["cropped"]) <= 0.25 and max(copies["overlaid"]) <= 0.2
    assert set(copies["re_timed"]) == {0.8, 1.25} and min(copies["contained"]) >= 2
    assert {*UNREADABLE, "cut_short", "mislabelled"} < {slot.kind for slot in slots}
    assert {(slot.suffix, slot.codec) for slot in slots} == set(FORMS.values())
    own = [slot for slot in slots if slot.copy is None]
    ratios = {round(slot.width_px / slot.height_px, 2) for slot in own}
    assert {1.78, 0.56, 1.33, 1.0, 2.39} <= ratios
    rates = {round(float(slot.fps), 2) for slot in own}
    assert {12, 15, 23.98, 24, 25, 29.97, 30, 50, 59.94, 60} <= rates
    assert sum(s.num_shots[0] * (s.shot_s[0] - 1) >= 45 for s in own) == 2
    assert {slot.has_sound for slot in own} == {True, False}


def test_few_videos_hold_the_first_cases():
    assert slots_for(3) == PLANTED[:3]
    for index, slot in enumerate(PLANTED):
        assert slot.original is None or slot.original < index
        if slot.original is not None:
            assert not PLANTED[slot.original].defects and PLANTED[slot.original].kind == "normal"
    assert slots_for(len(PLANTED) + 2)[-2:] == MORE[:2]
    _, defects, copies = planned(16)
    assert len(defects) >= 8 and len(copies) == 4


def test_a_missing_encoder_is_replaced_within_the_container():
    slot = PLANTED[11]
    assert slot.codec == "libx265"
    assert with_codec(slot, {"libx265"}).codec == "libx264"
    assert with_codec(slot, set()) is slot


def test_defects_stand_between_hard_cuts():
    for index in (11, 13, 15, 18):
        reel = draw_reel(PLANTED[index], seed=2, index=index)
        assert len(reel.defects) == len(PLANTED[index].defects)
        for row in reel.defects:
            inside = [
                shot
                for shot in reel.shots
                if row.start_frame < shot.end_frame and shot.start_frame < row.end_frame
            ]
            assert (row.shot_index is None) == (len(inside) > 1)
            before = reel.shots[inside[0].shot_index - 1]
            joins = {shot.transition_out for shot in (before, *inside)}
            assert joins <= {"cut", "end"}


def test_a_slideshow_holds_each_still_and_cuts_to_the_next():
    reel = draw_reel(PLANTED[18], seed=0, index=18)
    (row,) = reel.defects
    assert row.kind == "slideshow"
    shots = [s for s in reel.shots if row.start_frame <= s.start_frame < row.end_frame]
    assert len(shots) >= 3
    for shot in shots:
        still = reel.pixels_THWC[shot.start_frame : shot.end_frame]
        assert (still == still[0]).all()
        assert len(still) / reel.fps == pytest.approx(row.strength, abs=0.05)


def test_a_seed_draws_the_same_bytes_again_and_another_seed_others(tmp_path):
    world = RushesWorld()
    for folder, seed in (("a", 4), ("b", 4), ("c", 5)):
        world.draw_footage(tmp_path / folder, num_videos=2, seed=seed)
    world.draw_footage(tmp_path / "a", num_videos=2, seed=4)
    one, again, other = (
        {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*.*")) if p.is_file()}
        for folder in (tmp_path / "a", tmp_path / "b", tmp_path / "c")
    )
    assert one == again and len(one) == 2 + len(TABLES)
    assert one != other


def test_what_cannot_be_drawn_is_a_users_error(tmp_path):
    world = RushesWorld()
    (tmp_path / "file").write_text("x")
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "mine.mp4").write_text("x")
    for folder, num_videos, seed in (
        (tmp_path / "new", 0, 0),
        (tmp_path / "new", 1, -1),
        (tmp_path / "file", 1, 0),
        (tmp_path / "busy", 1, 0),
    ):
        with pytest.raises(UserError) as caught:
            world.draw_footage(folder, num_videos=num_videos, seed=seed)
        assert caught.value.hint
    assert not (tmp_path / "new").exists()
    with pytest.raises(UserError, match="no truth"):
        read_truth(tmp_path)
