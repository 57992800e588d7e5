from fractions import Fraction

import numpy as np
import pytest

from schemas.frames import Box, ClipRef, Frames
from schemas.timing import Span, TimeBase, frame_ends, is_vfr


@pytest.mark.parametrize(
    ("base", "ticks", "seconds"),
    [
        (TimeBase(1001, 30000), 30000, 1001.0),
        (TimeBase(1001, 30000), 1, 1001 / 30000),
        (TimeBase(1, 90000), 8100000000000, 90000000.0),
        (TimeBase(1, 3), 1, 1 / 3),
        (TimeBase(1, 1000), -42, -0.042),
    ],
    ids=["ntsc hour", "ntsc frame", "years of mpeg", "third", "before zero"],
)
def test_ticks_become_seconds_with_one_rounding(base, ticks, seconds):
    assert base.seconds(ticks) == seconds


def test_seconds_do_not_drift_over_an_hour_of_ntsc():
    base = TimeBase(1001, 30000)
    for frame in range(0, 108000, 997):
        assert base.seconds(frame) == float(Fraction(frame * 1001, 30000))


@pytest.mark.parametrize(("num", "den"), [(0, 1), (1, 0), (-1, 25), (1, -25)])
def test_a_time_base_is_a_positive_fraction(num, den):
    with pytest.raises(ValueError, match="positive"):
        TimeBase(num, den)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (6, 5)])
def test_a_span_is_never_empty(start, end):
    with pytest.raises(ValueError, match="not empty"):
        Span(start, end)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((0, 5), (5, 9), False),
        ((0, 6), (5, 9), True),
        ((2, 3), (0, 9), True),
        ((8, 9), (0, 8), False),
        ((0, 1), (0, 1), True),
    ],
)
def test_spans_are_half_open(one, other, overlap):
    assert Span(*one).overlaps(Span(*other)) is overlap
    assert Span(*other).overlaps(Span(*one)) is overlap


def test_a_frame_ends_where_the_next_begins():
    assert frame_ends([0, 10, 25], 40) == [10, 25, 40]
    assert frame_ends([7], 9) == [9]
    assert Span(3, 9).length == 6


@pytest.mark.parametrize(
    ("pts", "expected"),
    [
        ([0, 33, 67, 100, 133], False),
        ([0, 41, 83, 125, 167], False),
        ([0, 512, 1024, 1536], False),
        ([0, 512, 1024, 2048], True),
        ([0, 33, 133, 166], True),
        ([0, 1], False),
        ([5], False),
        ([], False),
    ],
    ids=["30 in ms", "24 in ms", "exact", "a frame left out", "jump", "two", "one", "none"],
)
def test_gaps_vary_when_rounding_to_ticks_does_not_explain_them(pts, expected):
    assert is_vfr(pts) is expected


def ref(**changes):
    values = {
        "clip_id": "clip_1",
        "video_id": "vid_1",
        "uri": "/v.mp4",
        "start_frame": 3,
        "frame_pts": (3003, 4004, 6006),
        "end_pts": 7007,
        "time_base_num": 1,
        "time_base_den": 30000,
        "width_px": 64,
        "height_px": 36,
        "reader": "pyav",
        "crop": Box(x_px=0, y_px=2, width_px=64, height_px=32),
    }
    return ClipRef(**{**values, **changes})


def test_a_clip_counts_its_times_from_its_own_start():
    clip = ref()
    assert clip.num_frames == 3
    assert clip.frame_times_s == pytest.approx([0, 1001 / 30000, 3003 / 30000])
    assert clip.duration_s == pytest.approx(4004 / 30000)


@pytest.mark.parametrize(
    ("shape", "num_times"),
    [((2, 4, 4), 2), ((2, 4, 4, 1), 2), ((2, 4, 4, 3), 3)],
    ids=["grey", "one channel", "times"],
)
def test_frames_refuse_shapes_that_are_none(shape, num_times):
    with pytest.raises(ValueError, match="frames"):
        Frames(pixels_THWC=np.zeros(shape, np.uint8), times_s=np.zeros(num_times))
