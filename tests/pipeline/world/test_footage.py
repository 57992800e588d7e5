from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.media import Decoding, probe
from pipeline.world.footage import BAR_PX, draw_reel
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.slots import PLANTED, slots_for
from pipeline.world.truth import (
    OBJECTS_SCHEMA,
    SHOTS_SCHEMA,
    VIDEOS_SCHEMA,
    read_truth,
    true_boundaries,
    true_duplicate_pairs,
)
from pipeline.world.vocabulary import OBJECT_COLOURS
from schemas.errors import MediaError, UserError


class Footage:
    """Twelve drawn videos, their truth, and their decoded pixels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drawn = RushesWorld().draw_footage(folder, num_videos=12, seed=0)
        self.truth = read_truth(folder)
        self.pixels = {
            v.file: pixels_of(folder / v.file) for v in self.truth.videos if v.num_frames
        }

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
    assert Counter(video.kind for video in footage.truth.videos) == {
        "normal": 6,
        **dict.fromkeys(
            ["near_duplicate", "excerpt", "letterboxed", "truncated", "cut_short", "corrupt"], 1
        ),
    }
    assert len({Path(file).suffix for file in files}) >= 5


def test_the_tables_have_their_schemas(footage):
    schemas = {"videos": VIDEOS_SCHEMA, "shots": SHOTS_SCHEMA, "objects": OBJECTS_SCHEMA}
    for name, schema in schemas.items():
        assert pq.read_schema(footage.folder / "truth" / f"{name}.parquet").equals(schema)


def test_every_file_decodes_to_the_frames_that_the_truth_counts(footage):
    for video in footage.truth.videos:
        if video.num_frames:
            shape = (video.num_frames, video.height_px, video.width_px, 3)
            assert footage.pixels[video.file].shape == shape
            assert probe(footage.folder / video.file).fps == pytest.approx(video.fps, rel=0.01)


def test_there_are_portrait_square_and_four_to_three_videos(footage):
    shapes = {(v.width_px, v.height_px) for v in footage.truth.videos if v.kind == "normal"}
    ratios = {width / height for width, height in shapes}
    assert min(ratios) < 1 and {1, 4 / 3, 16 / 9} <= ratios


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
        if video.kind == "normal":
            assert 3 <= len(shots) <= 6


def test_the_picture_jumps_at_the_true_cuts_and_nowhere_else(footage):
    for file, pixels in footage.pixels.items():
        gradual = np.zeros(len(pixels), dtype=bool)
        cuts = set()
        for boundary in true_boundaries(footage.shots(file)).get(file, []):
            if boundary.kind == "cut":
                cuts.add(boundary.start_frame)
            gradual[boundary.start_frame : boundary.end_frame + 1] = boundary.kind != "cut"
        step = np.abs(np.diff(pixels[:, ::2, ::2].astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
        jumps = {t + 1 for t in np.flatnonzero(step > 20) if not gradual[t + 1]}
        assert jumps == cuts, file


def test_fades_reach_black_in_their_middle_and_all_kinds_of_join_occur(footage):
    for shot in footage.truth.shots:
        if shot.transition_out == "fade":
            light = footage.pixels[shot.file][:, BAR_PX:-BAR_PX].mean(axis=(1, 2, 3))
            span = light[shot.transition_start_frame : shot.transition_end_frame]
            assert light[shot.end_frame] < 2 < span[0]
    kinds = Counter(shot.transition_out for shot in footage.truth.shots)
    assert {"cut", "fade", "dissolve", "end"} == set(kinds)


def test_an_object_is_in_the_decoded_pixels_where_the_truth_says(footage):
    tested = 0
    shots = {(s.file, s.shot_index): s for s in footage.truth.shots}
    for item in footage.truth.objects:
        shot = shots[item.file, item.shot_index]
        if shot.defect in ("dark", "overexposed"):
            continue
        frame = (shot.start_frame + shot.end_frame) // 2
        i = frame - item.first_frame
        if item.visibility[i] < 0.99:
            continue
        x, y = round(item.x_px[i]), round(item.y_px[i])
        seen = footage.pixels[item.file][frame, y, x].astype(int)
        assert np.abs(seen - OBJECT_COLOURS[item.colour]).max() < 60, (item.file, frame)
        tested += 1
    assert tested > 40


def test_the_near_duplicate_is_a_smaller_copy(footage):
    copy = footage.of_kind("near_duplicate")
    ours, theirs = footage.pixels[copy.file], footage.pixels[copy.reference_file]
    assert len(ours) == len(theirs) and ours[0].size < theirs[0].size
    light = [np.asarray(p.mean(axis=(1, 2, 3))) for p in (ours, theirs)]
    assert np.abs(light[0] - light[1]).max() < 4


def test_the_excerpt_starts_at_its_offset(footage):
    part = footage.of_kind("excerpt")
    ours, theirs = footage.pixels[part.file], footage.pixels[part.reference_file]
    start = round(part.offset_s * part.fps)
    assert start > 0 and start + len(ours) < len(theirs)
    same = np.abs(ours.astype(int) - theirs[start : start + len(ours)]).mean()
    late = np.abs(ours.astype(int) - theirs[start + 9 : start + 9 + len(ours)]).mean()
    assert same < 5 < late
    assert Path(part.file).suffix != Path(part.reference_file).suffix


def test_copies_are_the_true_pairs(footage):
    pairs = true_duplicate_pairs(footage.truth.videos)
    copies = [video for video in footage.truth.videos if video.reference_file]
    assert pairs == {tuple(sorted((v.file, v.reference_file))) for v in copies}
    assert len(pairs) == 2


def test_planted_shots_show_their_defect(footage):
    defects = {s.defect: s for s in footage.truth.shots if s.defect}
    assert set(defects) == {"static", "dark", "overexposed"}
    frames = {
        name: footage.pixels[s.file][s.start_frame : s.end_frame] for name, s in defects.items()
    }
    assert frames["dark"].mean() < 14
    assert frames["overexposed"].mean() > 228
    moved = np.abs(frames["static"].astype(int) - frames["static"][0]).mean(axis=(1, 2, 3))
    assert moved.max() < 2
    for shot in footage.truth.shots:
        moving = {i.direction for i in footage.truth.objects if i.file == shot.file} != {"rest"}
        assert moving


def test_bars_have_the_height_that_the_truth_names(footage):
    boxed = footage.of_kind("letterboxed")
    assert boxed.bar_top_px == boxed.bar_bottom_px == BAR_PX
    rows = footage.pixels[boxed.file].max(axis=(0, 2, 3))
    assert rows[: BAR_PX - 1].max() < 24 and rows[1 - BAR_PX :].max() < 24
    assert rows[BAR_PX + 1 : -BAR_PX - 1].min() > 60


@pytest.mark.parametrize("kind", ["truncated", "corrupt"])
def test_broken_files_cannot_be_opened(footage, kind):
    video = footage.of_kind(kind)
    assert (footage.folder / video.file).stat().st_size > 1000
    assert video.num_frames == 0
    with pytest.raises(MediaError, match="not_readable"):
        probe(footage.folder / video.file)


def test_the_file_cut_short_still_decodes_in_part(footage):
    video = footage.of_kind("cut_short")
    assert video.num_frames == len(footage.pixels[video.file]) > 24


def test_a_seed_draws_the_same_footage_again(tmp_path):
    """The drawn pixels are equal; the files are as equal as the encoder makes them."""
    reels = [draw_reel(PLANTED[2], seed=4, index=2) for _ in range(2)]
    assert reels[0].pixels_THWC.tobytes() == reels[1].pixels_THWC.tobytes()
    assert reels[0].objects == reels[1].objects and reels[0].shots == reels[1].shots
    runs = []
    for _ in range(2):
        drawn = RushesWorld().draw_footage(tmp_path, num_videos=1, seed=4)
        runs.append((read_truth(tmp_path), pixels_of(drawn[0].path)))
    assert runs[0][0] == runs[1][0]
    assert np.abs(runs[0][1].astype(np.int16) - runs[1][1]).mean() < 1
    assert len(list(tmp_path.iterdir())) == 2


def test_few_videos_hold_the_first_planted_cases_and_seeds_differ(tmp_path):
    one = RushesWorld().draw_footage(tmp_path / "a", num_videos=1, seed=1)
    other = RushesWorld().draw_footage(tmp_path / "b", num_videos=1, seed=2)
    assert [video.kind for video in read_truth(tmp_path / "a").videos] == ["normal"]
    assert one[0].path.read_bytes() != other[0].path.read_bytes()
    assert slots_for(3) == PLANTED[:3]
    for slot in PLANTED:
        assert slot.original is None or slot.original < PLANTED.index(slot)
    assert [slot.kind for slot in slots_for(20)[11:]] == ["normal"] * 9


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
