from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.media import write_video
from pipeline.split.boundaries import SplitSettings, find_boundaries
from pipeline.split.clips import signals_of, split_video
from pipeline.survey.survey import SurveySettings, survey_file

FPS = 24


@pytest.fixture(scope="module")
def survey_of(tmp_path_factory):
    """Returns a function that writes frames as a video and surveys it."""

    def survey(frames):
        path = tmp_path_factory.mktemp("split") / "v.mp4"
        write_video(path, frames, fps=FPS)
        return survey_file(path, "vid_1", SurveySettings())[0]

    return survey


def boundaries(survey, **changes):
    return find_boundaries(signals_of(survey), SplitSettings(**changes))


def takes(draw, *lengths, **moves):
    return [draw.shot(100 + index, length, **moves) for index, length in enumerate(lengths)]


@pytest.mark.parametrize("moves", [{}, {"pan_px": 2.0}, {"ball_px": 4.0}], ids=str)
def test_hard_cuts_are_found_to_the_frame(draw, survey_of, moves):
    lengths = (30, 25, 48, 12, 40)
    survey = survey_of([frame for take in takes(draw, *lengths, **moves) for frame in take])
    found = boundaries(survey)
    assert [(cut.kind, cut.start) for cut in found] == [
        ("cut", at) for at in np.cumsum(lengths)[:-1]
    ]
    assert all(cut.start == cut.end == cut.middle for cut in found)


def test_a_single_take_has_no_boundary(draw, survey_of):
    for moves in ({"pan_px": 4.0}, {"zoom_per_frame": 0.01}, {"ball_px": 9.0}):
        assert boundaries(survey_of(draw.shot(3, 72, **moves))) == []


def test_out_black_and_in_are_one_boundary_that_covers_them(draw, survey_of):
    first, second = takes(draw, 48, 48)
    frames = [*draw.fade(first, out=12), *draw.black(6), *draw.fade(second, into=12)]
    (fade,) = boundaries(survey_of(frames))
    assert fade.kind == "fade"
    assert abs(fade.start - 36) <= 2
    assert abs(fade.end - 66) <= 2


def test_a_cut_to_black_and_back_is_one_boundary(draw, survey_of):
    first, second = takes(draw, 40, 40)
    (fade,) = boundaries(survey_of([*first, *draw.black(10), *second]))
    assert (fade.kind, fade.start, fade.end) == ("fade", 40, 50)


def test_black_at_the_start_and_at_the_end_is_no_boundary(draw, survey_of):
    shot = draw.fade(draw.shot(5, 72), out=10, into=10)
    survey = survey_of([*draw.black(12), *shot, *draw.black(12)])
    assert boundaries(survey) == []
    rows = split_video(survey, SplitSettings(), "set_1")
    assert len(rows.shots) == 1
    (clip,) = rows.clips
    assert 18 <= clip.start_frame <= 28
    assert 68 <= clip.end_frame <= 78


def test_a_black_video_has_no_clip_of_transitions(draw, survey_of):
    survey = survey_of(draw.black(48))
    rows = split_video(survey, SplitSettings(), "set_1")
    assert len(rows.shots) == 1
    check_tiling(survey, rows)


@pytest.mark.parametrize("light", [60, 100, 120])
@pytest.mark.parametrize("num_frames", [1, 2, 4])
def test_a_flash_is_no_cut(draw, survey_of, num_frames, light):
    frames = draw.shot(6, 72, pan_px=1.0)
    for at in range(30, 30 + num_frames):
        frames[at] = np.clip(frames[at].astype(int) + light, 0, 255).astype(np.uint8)
    assert boundaries(survey_of(frames)) == []


def test_a_dissolve_is_one_boundary(draw, survey_of):
    first, second = takes(draw, 60, 60)
    mixed = []
    for index in range(16):
        share = (index + 1) / 17
        both = first[44 + index] * (1 - share) + second[index] * share
        mixed.append(both.astype(np.uint8))
    (found,) = boundaries(survey_of([*first[:44], *mixed, *second[16:]]))
    assert found.kind == "dissolve"
    assert abs(found.start - 44) <= 4
    assert abs(found.end - 60) <= 4


# -- clips -------------------------------------------------------------------------------------


def spans(rows):
    return [(clip.start_frame, clip.end_frame) for clip in rows.clips]


def with_cuts(make, num_frames, cuts, **changes):
    """Return a survey whose signals jump at `cuts` and nowhere else."""
    rng = np.random.default_rng(1)
    change = np.full(num_frames, 1.0)
    hashes = np.zeros(num_frames, np.int64)
    edges = [0, *cuts, num_frames]
    for start, end in pairwise(edges):
        change[start] = 60.0 if start else 0.0
        hashes[start:end] = rng.integers(-(2**62), 2**62)
    return make.survey(
        make.video("v", **{"fps": float(FPS), **changes}),
        num_frames=num_frames,
        content_change=change.tolist(),
        frame_hash=hashes.tolist(),
    )


def test_clips_keep_off_the_frames_beside_a_cut(make):
    rows = split_video(with_cuts(make, 144, [72]), SplitSettings(), "set_1")
    assert spans(rows) == [(0, 70), (74, 144)]
    assert [(cut.start_frame, cut.end_frame, cut.reason) for cut in rows.offcuts] == [
        (70, 72, "trim"),
        (72, 74, "trim"),
    ]
    rows = split_video(with_cuts(make, 144, [72]), SplitSettings(edge_trim_s=0), "set_1")
    assert spans(rows) == [(0, 72), (72, 144)]


@pytest.mark.parametrize(
    ("num_frames", "num_clips"), [(23, 0), (24, 1), (480, 1), (481, 2), (960, 2), (1000, 3)]
)
def test_clips_are_neither_too_short_nor_too_long(make, num_frames, num_clips):
    survey = with_cuts(make, num_frames, [])
    rows = split_video(survey, SplitSettings(min_clip_s=1, max_clip_s=20), "set_1")
    assert len(rows.clips) == num_clips
    assert all(1 <= clip.duration_s <= 20 for clip in rows.clips)
    check_tiling(survey, rows)
    lengths = [clip.num_frames for clip in rows.clips]
    assert not lengths or max(lengths) - min(lengths) <= 1


def test_a_take_that_is_too_short_is_an_offcut_with_its_reason(make):
    rows = split_video(with_cuts(make, 120, [100]), SplitSettings(), "set_1")
    assert spans(rows) == [(0, 98)]
    assert [(cut.start_frame, cut.end_frame, cut.reason) for cut in rows.offcuts] == [
        (98, 100, "trim"),
        (100, 120, "too_short"),
    ]


def check_tiling(survey, rows):
    """Clips and offcuts lie end to end over the whole video, in frames and in ticks."""
    parts = sorted([*rows.clips, *rows.offcuts], key=lambda part: part.start_frame)
    assert parts[0].start_frame == 0
    assert parts[0].start_pts == survey.pts[0]
    assert parts[-1].end_frame == survey.num_frames
    assert parts[-1].end_pts == survey.end_pts
    for before, after in pairwise(parts):
        assert before.end_frame == after.start_frame
        assert before.end_pts == after.start_pts
    assert all(part.end_pts > part.start_pts for part in parts)
    shots = rows.shots
    assert [shot.shot_index for shot in shots] == list(range(len(shots)))
    assert shots[0].start_frame == 0
    assert shots[-1].end_frame == survey.num_frames
    assert shots[-1].transition_out == "end"
    for before, after in pairwise(shots):
        assert before.end_frame == after.start_frame
        assert before.transition_start_frame <= before.end_frame <= before.transition_end_frame
    assert len({clip.clip_id for clip in rows.clips}) == len(rows.clips)
    assert [split.clip_id for split in rows.splits] == [clip.clip_id for clip in rows.clips]


def random_survey(make, seed):
    """Return a survey of noise: jumps, black runs with ramps, dips, uneven timestamps."""
    rng = np.random.default_rng(seed)
    num_frames = int(rng.integers(1, 600))
    fps = float(rng.choice([5, 12, 24, 29.97, 60]))
    luma = rng.uniform(30, 200) + rng.normal(0, 3, num_frames)
    contrast = np.abs(rng.uniform(10, 60) + rng.normal(0, 1, num_frames))
    change = np.abs(rng.normal(2, 2, num_frames))
    hashes = np.full(num_frames, rng.integers(-(2**62), 2**62))
    for _ in range(int(rng.integers(0, 12))):
        at = int(rng.integers(0, num_frames))
        length = int(rng.integers(1, 80))
        kind = rng.integers(0, 4)
        where = slice(at, min(num_frames, at + length))
        if kind == 0:
            change[at] = rng.uniform(10, 90)
            hashes[at:] = rng.integers(-(2**62), 2**62)
        elif kind == 1:
            luma[where], contrast[where] = rng.uniform(0, 20), rng.uniform(0, 6)
        elif kind == 2:
            contrast[where] *= np.linspace(1, 0.02, where.stop - at)
            luma[where] *= np.linspace(1, 0.02, where.stop - at)
        else:
            curve = 1 - 0.4 * np.sin(np.linspace(0, np.pi, where.stop - at))
            contrast[where] *= curve
            change[where] += 4
            hashes[where.stop :] = rng.integers(-(2**62), 2**62)
    gaps = rng.integers(1, 60, num_frames) if seed % 2 else np.full(num_frames, 40)
    pts = np.cumsum(gaps) - gaps[0] - int(rng.integers(-100, 100))
    return make.survey(
        make.video("v", fps=fps),
        num_frames=num_frames,
        pts=pts.tolist(),
        end_pts=int(pts[-1] + gaps[-1]),
        time_base_num=1,
        time_base_den=int(40 * fps),
        luma_mean=luma.tolist(),
        luma_std=contrast.tolist(),
        content_change=change.tolist(),
        frame_hash=hashes.tolist(),
    )


@pytest.mark.parametrize("seed", range(60))
def test_clips_and_offcuts_tile_every_video(make, seed):
    rng = np.random.default_rng(1000 + seed)
    survey = random_survey(make, seed)
    settings = SplitSettings(
        min_clip_s=float(rng.uniform(0, 2)),
        max_clip_s=float(rng.uniform(2, 20)),
        edge_trim_s=float(rng.choice([0, 0.1, 0.5])),
        min_shot_s=float(rng.choice([0, 0.4, 1])),
        fade_black_max_s=float(rng.choice([0, 0.5, 2])),
    )
    check_tiling(survey, split_video(survey, settings, "set_1"))


def test_the_same_span_is_the_same_clip_whatever_the_settings(make):
    survey = with_cuts(make, 144, [72])
    one = split_video(survey, SplitSettings(), "set_1")
    other = split_video(survey, SplitSettings(content_min=16), "set_2")
    assert one.clips == other.clips
    changed = [replace(row, settings_hash="set_1") for row in other.shots]
    assert changed == one.shots
    assert {row.settings_hash for row in (*other.shots, *other.splits, *other.offcuts)} == {"set_2"}


def test_a_higher_threshold_finds_fewer_cuts(make):
    survey = with_cuts(make, 200, [50, 100, 150])
    assert len(boundaries(survey)) == 3
    assert boundaries(survey, content_min=90) == []


def test_cuts_close_together_are_one(make):
    survey = with_cuts(make, 100, [50, 53])
    assert [cut.start for cut in boundaries(survey)] == [50]
    assert [cut.start for cut in boundaries(survey, min_shot_s=0)] == [50, 53]
