"""Clean footage: many short takes and hard cuts, nothing spoiled, the same whoever draws it."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from pipeline.media import Decoding, probe
from pipeline.split.boundaries import SplitSettings
from pipeline.split.clips import split_video
from pipeline.survey.survey import SurveySettings, survey_file
from pipeline.world import slots
from pipeline.world.choose import SCENE_KINDS
from pipeline.world.clean import choose_takes, draw_clean_reel
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.slots import CLEAN_RATES, CLEAN_SHOT_S, CLEAN_SIZES, clean_slots
from pipeline.world.splits import SPLITS, fits_split, split_of
from pipeline.world.takes import differ
from pipeline.world.truth import TABLES, read_truth
from pipeline.world.vocabulary import OBJECT_COLOURS
from schemas.errors import UserError
from schemas.facts import from_json

SLOT = replace(clean_slots(1, 0)[0], width_px=80, height_px=64, fps=Fraction(12), num_shots=(6, 6))


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """Two drawn videos of six takes each: their folder and their truth."""
    folder = tmp_path_factory.mktemp("clean")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots, "CLEAN_SHOTS", 6)
        drawn = RushesWorld().draw_footage(folder, num_videos=2, seed=0, form="scenes")
    assert [video.path.name for video in drawn] == ["video_000.mp4", "video_001.mp4"]
    return folder, read_truth(folder)


def takes(num_takes, split="train", seed=0):
    slot = replace(SLOT, split=split, num_shots=(num_takes, num_takes))
    return choose_takes(slot, np.random.default_rng(seed))


def test_frames_are_small_of_many_shapes_and_whole_blocks():
    drawn = clean_slots(400, 3)
    assert {(slot.width_px, slot.height_px) for slot in drawn} == set(CLEAN_SIZES)
    assert all(side % 8 == 0 for size in CLEAN_SIZES for side in size)
    sizes = Counter((slot.width_px, slot.height_px) for slot in drawn)
    rates = Counter(slot.fps for slot in drawn)
    assert set(rates) == set(CLEAN_RATES)
    assert sizes.most_common(1)[0][0] == (112, 112) and rates[Fraction(16)] > 280
    for shares in (CLEAN_SIZES, CLEAN_RATES):
        assert sum(shares.values()) == pytest.approx(1)


def test_more_videos_begin_with_the_same_ones():
    assert clean_slots(9, 4)[:5] == clean_slots(5, 4)
    assert clean_slots(9, 4) != clean_slots(9, 5)
    with pytest.raises(UserError, match="cannot draw 0 videos"):
        clean_slots(0, 0)


def test_nothing_is_planted_and_every_file_is_as_its_truth_says(footage):
    folder, truth = footage
    assert {video.kind for video in truth.videos} == {"normal"}
    assert not truth.defects and not truth.duplicates
    assert truth.objects and truth.camera
    for video in truth.videos:
        pictures = [picture.displayed_size for picture in Decoding(folder / video.file)]
        assert pictures == [(video.width_px, video.height_px)] * video.num_frames
        scan = probe(folder / video.file)
        assert (scan.codec, scan.has_audio, video.has_audio) == ("h264", False, False)
        assert scan.fps == pytest.approx(video.fps)


def test_takes_are_short_and_joined_by_hard_cuts_alone(footage):
    _, truth = footage
    for video in truth.videos:
        shots = [shot for shot in truth.shots if shot.file == video.file]
        assert [shot.transition_out for shot in shots] == ["cut"] * 5 + ["end"]
        assert [shot.end_frame for shot in shots[:-1]] == [shot.start_frame for shot in shots[1:]]
        for shot in shots:
            seconds = (shot.end_frame - shot.start_frame) / video.fps
            assert CLEAN_SHOT_S[0] - 0.05 <= seconds <= CLEAN_SHOT_S[1] + 0.05
            assert shot.facts is not None and shot.caption


def test_a_small_object_keeps_its_colour_through_the_file(footage):
    """Flat and outlined objects show their colour in their middle, however small they are."""
    folder, truth = footage
    shots = {(shot.file, shot.shot_index): shot for shot in truth.shots}
    pixels = {
        video.file: [picture.rgb(*picture.displayed_size) for picture in Decoding(folder / name)]
        for video in truth.videos
        for name in (video.file,)
    }
    tested = 0
    for row in truth.objects:
        if from_json(shots[row.file, row.shot_index].facts).style == "shaded":
            continue
        for i in range(2, len(row.x_px) - 2):
            if row.visibility[i] > 0.99:
                frame, x, y = row.first_frame + i, round(row.x_px[i]), round(row.y_px[i])
                seen = pixels[row.file][frame][y, x].astype(int)
                assert np.abs(seen - OBJECT_COLOURS[row.colour[i]]).max() < 16, (row.file, frame)
                tested += 1
    assert tested > 200


def test_consecutive_takes_stand_on_different_grounds():
    chosen = takes(60)
    assert all(differ(one, other) for one, other in pairwise(chosen))
    assert len({plan.seed for plan in chosen}) == 60


def test_kinds_and_numbers_of_objects_follow_their_shares():
    chosen = takes(240, seed=1)
    kinds = Counter(plan.kind for plan in chosen)
    assert kinds["free"] / 240 == pytest.approx(0.8, abs=0.08)
    # `views` cuts between shots of its own.
    assert set(kinds) == set(SCENE_KINDS) - {"views"}
    counts = Counter(len(plan.objects) for plan in chosen if plan.kind == "free")
    shares = [counts[number] / kinds["free"] for number in (1, 2, 3, 4)]
    assert shares == pytest.approx([0.45, 0.35, 0.12, 0.08], abs=0.1)
    assert min(shares) > 0


@pytest.mark.parametrize("split", SPLITS)
def test_takes_are_of_their_split(split):
    chosen = takes(40, split)
    assert {split_of(plan) for plan in chosen} == {split}
    assert all(fits_split(split, plan.objects) for plan in chosen)


def test_every_take_becomes_one_clip(tmp_path):
    """The shot detector finds each cut to the frame, and nothing between them."""
    (tmp_path / "f").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots, "CLEAN_SHOTS", 8)
        RushesWorld().draw_footage(tmp_path / "f", num_videos=2, seed=1, form="scenes")
    truth = read_truth(tmp_path / "f")
    for video in truth.videos:
        survey, *_ = survey_file(tmp_path / "f" / video.file, "vid_1", SurveySettings())
        rows = split_video(survey, SplitSettings(), "set_1")
        true = [(s.start_frame, s.end_frame) for s in truth.shots if s.file == video.file]
        assert [(shot.start_frame, shot.end_frame) for shot in rows.shots] == true
        assert len(rows.clips) == len(true)
        for clip, (start, end) in zip(rows.clips, true, strict=True):
            assert start <= clip.start_frame <= start + 3 and end - 3 <= clip.end_frame <= end


def test_a_reel_is_the_same_again_and_another_by_its_place():
    slot = replace(SLOT, num_shots=(2, 2))
    one, again = (draw_clean_reel(slot, seed=2, index=5) for _ in range(2))
    other = draw_clean_reel(slot, seed=2, index=6)
    assert np.array_equal(one.pixels_THWC, again.pixels_THWC) and one.shots == again.shots
    assert one.shots != other.shots


def test_the_bytes_do_not_depend_on_the_number_of_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(slots, "CLEAN_SHOTS", 2)
    drawn = []
    for num_workers in (1, 2):
        folder = tmp_path / str(num_workers)
        counted = []
        RushesWorld().draw_footage(
            folder, num_videos=3, seed=4, form="scenes", num_workers=num_workers,
            on_drawn=lambda counted=counted: counted.append(1),
        )  # fmt: skip
        assert len(counted) == 3
        files = [path for path in sorted(folder.rglob("*.*")) if path.is_file()]
        drawn.append({path.relative_to(folder): path.read_bytes() for path in files})
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 3 + len(TABLES)


def test_an_unknown_form_is_a_users_error(tmp_path):
    with pytest.raises(UserError, match="unknown form 'film'") as caught:
        RushesWorld().draw_footage(tmp_path / "new", num_videos=1, seed=0, form="film")
    assert "scenes" in caught.value.hint
    assert not (tmp_path / "new").exists()
