from dataclasses import asdict, fields

import numpy as np
import pytest

from pipeline.judge.rules import JudgeSettings, rules_of
from pipeline.score.clips import FrameMeasures, ScoreSettings, score_clip
from pipeline.score.motion import measure_camera, measure_motion
from pipeline.score.picture import border_share, measure_sharpness, picture_box
from pipeline.survey.sampled import Borders
from schemas.frames import Box
from schemas.rules import JUDGED_COLUMNS

NO_BARS = Borders(0, 0, 0, 0)


def array(*values):
    return np.array(values, np.float32)


# -- measures ----------------------------------------------------------------------------------


def test_motion_is_per_second_and_leaves_the_first_frame_out():
    slow = measure_motion(array(99, 2, 2, 2), fps=10)
    fast = measure_motion(array(99, 1, 1, 1, 1, 1, 1), fps=20)
    assert (slow.mean, slow.peak) == (20, 20)
    assert (fast.mean, fast.peak) == (20, 20)


@pytest.mark.parametrize(
    ("change", "share"),
    [((0, 0, 0, 0, 0), 1.0), ((9, 1, 1, 1, 1), 0.0), ((9, 0, 0, 0.004, 1), 0.75), ((9,), 1.0)],
    ids=["still", "moving", "mostly", "one frame"],
)
def test_still_share_counts_frames_that_equal_the_one_before(change, share):
    assert measure_motion(array(*change), fps=24).still_share == share


def test_the_cameras_signs_turn_because_content_moves_the_other_way():
    ones = np.ones(5, np.float32)
    found = measure_camera(-0.01 * ones, 0.02 * ones, 0.001 * ones, ones, fps=10)
    assert found.pan_x == pytest.approx(0.1)
    assert found.pan_y == pytest.approx(-0.2)
    assert found.zoom == pytest.approx(0.01)
    assert found.shake == pytest.approx(0, abs=1e-6)


def test_frames_in_which_the_tiles_disagree_are_no_move():
    shifts = array(0, 0.1, 0.1, 0.1, 0.1)
    zeros = np.zeros(5, np.float32)
    found = measure_camera(shifts, zeros, zeros, array(1, 0.5, 0.5, 1, 1), fps=10)
    assert found.pan_x == pytest.approx(-0.5)


def test_shake_is_what_cancels_out():
    shifts, zeros = array(0, 0.1, -0.1, 0.1, -0.1), np.zeros(5, np.float32)
    found = measure_camera(shifts, zeros, zeros, np.ones(5, np.float32), fps=10)
    assert (found.shake, found.pan_x) == (pytest.approx(1.0), pytest.approx(0, abs=1e-6))


@pytest.mark.parametrize(
    ("borders", "box"),
    [
        ([], None),
        ([NO_BARS], None),
        ([Borders(0, 0, 22, 22)] * 3, Box(x_px=0, y_px=22, width_px=320, height_px=136)),
        ([Borders(0, 0, 22, 22), NO_BARS], None),
        ([Borders(0, 0, 90, 90), Borders(0, 0, 22, 22)], Box(x_px=0, y_px=22, width_px=320,
                                                              height_px=136)),
        ([Borders(0, 0, 3, 3)], None),
        ([Borders(41, 0, 0, 0)], Box(x_px=41, y_px=0, width_px=278, height_px=180)),
        ([Borders(160, 159, 0, 0)], None),
    ],
    ids=["no frame", "none", "letterbox", "not always", "dark frame", "thin", "odd", "nothing"],
)  # fmt: skip
def test_a_box_is_what_all_sampled_frames_show(borders, box):
    assert picture_box(borders, 320, 180) == box


def test_border_share_is_of_the_area():
    assert border_share(None, 320, 180) == 0
    assert border_share(Box(x_px=0, y_px=45, width_px=320, height_px=90), 320, 180) == 0.5


def test_sharpness_is_the_median_of_the_sampled_frames():
    assert measure_sharpness([0.1, 0.9, 0.2]) == 0.2
    assert measure_sharpness([]) == 0


def test_a_clip_is_scored_from_its_own_frames(make):
    video = make.video("a")
    luma = [50.0] * 100 + [150.0] * 140
    survey = make.survey(video, luma_mean=luma, local_motion=[0.0] * 100 + [2.0] * 140)
    frames = [FrameMeasures(i, 0.01 * i, NO_BARS) for i in range(0, 240, 24)]
    one, long, crop = score_clip(make.clip(video, 0, 100), survey, frames, "set_1")
    other, _, _ = score_clip(make.clip(video, 100, 240), survey, frames, "set_1")
    assert (one.brightness, other.brightness) == (50, 150)
    assert (one.still_share, other.still_share) == (1, 0)
    assert other.motion == 48
    assert (one.num_sampled_frames, other.num_sampled_frames) == (5, 5)
    assert one.sharpness == pytest.approx(0.48)
    assert crop is None
    wide = asdict(one)
    assert {score.name: score.value for score in long} == {
        f.name: wide[f.name] for f in fields(one) if f.name not in {"clip_id", "version"}
    }


def test_a_clip_between_two_sampled_frames_is_judged_by_the_nearest(make):
    video = make.video("a")
    frames = [FrameMeasures(0, 0.1, NO_BARS), FrameMeasures(100, 0.7, NO_BARS)]
    scores, _, _ = score_clip(make.clip(video, 60, 90), make.survey(video), frames, "set_1")
    assert (scores.num_sampled_frames, scores.sharpness) == (1, 0.7)


def test_bars_give_a_crop_of_the_same_version(make):
    video = make.video("a")
    frames = [FrameMeasures(48, 0.1, Borders(0, 0, 22, 22))]
    clip = make.clip(video, 40, 140)
    scores, _, crop = score_clip(clip, make.survey(video), frames, "set_1")
    assert (crop.x_px, crop.y_px, crop.width_px, crop.height_px) == (0, 22, 320, 136)
    assert (crop.clip_id, crop.settings_hash) == (clip.clip_id, "set_1")
    assert scores.border_share == pytest.approx(44 / 180)


def test_scores_follow_the_survey_that_they_come_from():
    assert ScoreSettings().version("set_1") != ScoreSettings().version("set_2")


# -- every reason ------------------------------------------------------------------------------

SETTINGS = JudgeSettings(
    duration_min=1.0,
    size_min=32,
    dark_share_max=0.9,
    bright_share_max=0.6,
    brightness_max=235.0,
    contrast_min=3.0,
    still_share_max=0.95,
    motion_min=2.0,
    sharpness_min=0.0005,
    shake_max=1.0,
    border_share_max=0.4,
)

EDGES = {
    "too_short": [("duration_s", 0.999, 1.0)],
    "too_small": [("width_px", 31, 32), ("height_px", 31, 32)],
    "too_dark": [("dark_share", 0.901, 0.9)],
    "over_exposed": [("bright_share", 0.601, 0.6), ("brightness", 235.5, 235.0)],
    "too_flat": [("contrast", 2.99, 3.0)],
    "frozen": [("still_share", 0.951, 0.95)],
    "too_static": [("motion", 1.99, 2.0)],
    "too_blurred": [("sharpness", 0.00049, 0.0005)],
    "too_shaky": [("shake", 1.01, 1.0)],
    "border_too_large": [("border_share", 0.41, 0.4)],
}


def test_every_reason_has_its_edge():
    rules = rules_of(SETTINGS, "set_1")
    assert {rule.reason for rule in rules} == set(EDGES)
    assert {(rule.reason, rule.column) for rule in rules} == {
        (reason, column) for reason, edges in EDGES.items() for column, _, _ in edges
    }
    assert [rule.position for rule in rules] == list(range(len(rules)))


def test_each_reason_drops_the_clip_that_earns_it_and_spares_the_one_inside_the_limit(
    make, tmp_path
):
    from schemas.catalog import Catalog

    catalog = Catalog.create(tmp_path / "c")
    clips, scores, expected = [], [], {}
    for reason, edges in EDGES.items():
        for column, outside, inside in edges:
            for value, verdict in ((outside, reason), (inside, None)):
                video = make.video(f"{column} {value}")
                of_clip = column in {f.name for f in fields(make.clip(video, 0, 48))}
                clip = make.clip(video, 0, 48, **({column: value} if of_clip else {}))
                clips.append(clip)
                scores.append(make.scores(clip, **({} if of_clip else {column: value})))
                expected[clip.clip_id] = verdict
    catalog.commit(
        [
            make.work(
                "all",
                choices=make.chosen(),
                clips=clips,
                splits=[make.split(clip) for clip in clips],
                clip_scores=scores,
                rules=rules_of(SETTINGS, make.HASHES["judge"]),
            )
        ],
        "run_1",
    )
    rows = catalog.rows("select clip_id, keep, reason from verdicts")
    assert {row["clip_id"]: row["reason"] for row in rows} == expected
    assert all(row["keep"] == (row["reason"] is None) for row in rows)


@pytest.mark.parametrize("name", list(JudgeSettings.model_fields))
def test_a_limit_of_none_switches_its_rule_off(name):
    every = rules_of(SETTINGS, "set_1")
    rest = rules_of(SETTINGS.model_copy(update={name: None}), "set_1")
    assert {rule.name for rule in every} - {rule.name for rule in rest} == {name}
    assert [rule.position for rule in rest] == list(range(len(rest)))


def test_rules_are_over_columns_that_exist():
    assert {rule.column for rule in rules_of(JudgeSettings(), "set_1")} <= set(JUDGED_COLUMNS)
