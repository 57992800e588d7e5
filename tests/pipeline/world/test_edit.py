import numpy as np
import pytest

from pipeline.world.choose import choose_shot
from pipeline.world.edit import Join, excerpt, join, letterbox, shrink, spoil
from pipeline.world.scene import draw_shot

SIZE = {"width_px": 80, "height_px": 48}


def shot(seed, num_frames=20):
    given = {**SIZE, "num_frames": num_frames, "fps": 24.0}
    return draw_shot(choose_shot(seed, **given), **given)


A, B, C = shot(1), shot(2), shot(3, 16)


def spans(reel):
    return [(s.start_frame, s.end_frame, s.transition_out) for s in reel.shots]


def transitions(reel):
    return [(s.transition_start_frame, s.transition_end_frame) for s in reel.shots]


def test_a_cut_loses_and_adds_nothing():
    reel = join([A, B], [Join(kind="cut")], [None, None])
    assert np.array_equal(reel.pixels_THWC, np.concatenate([A.pixels_THWC, B.pixels_THWC]))
    assert spans(reel) == [(0, 20, "cut"), (20, 40, "end")]
    assert transitions(reel) == [(20, 20), (40, 40)]


def test_a_fade_is_one_boundary_around_its_black():
    reel = join([A, B], [Join(kind="fade", num_frames=5, num_black=4)], [None, None])
    assert len(reel.pixels_THWC) == 44
    assert transitions(reel) == [(15, 29), (44, 44)]
    assert spans(reel) == [(0, 22, "fade"), (22, 44, "end")]
    light = reel.pixels_THWC.mean(axis=(1, 2, 3))
    assert np.all(np.diff(light[14:21]) < 0)
    assert np.all(light[20:24] == 0)
    assert np.all(np.diff(light[23:30]) > 0)
    assert np.array_equal(reel.pixels_THWC[:15], A.pixels_THWC[:15])
    assert np.array_equal(reel.pixels_THWC[29:], B.pixels_THWC[5:])


def test_a_dissolve_overlaps_both_shots():
    reel = join([A, B], [Join(kind="dissolve", num_frames=7)], [None, None])
    assert len(reel.pixels_THWC) == 33
    assert transitions(reel) == [(13, 20), (33, 33)]
    assert spans(reel) == [(0, 16, "dissolve"), (16, 33, "end")]
    middle = (A.pixels_THWC[16].astype(float) + B.pixels_THWC[3]) / 2
    assert np.abs(reel.pixels_THWC[16] - middle).max() <= 1
    assert np.array_equal(reel.pixels_THWC[20:], B.pixels_THWC[7:])


def test_objects_are_told_from_the_first_frame_of_their_shot():
    joins = [Join(kind="fade", num_frames=3, num_black=2), Join(kind="dissolve", num_frames=4)]
    reel = join([A, B, C], joins, [None, None, None])
    assert [s.end_frame for s in reel.shots][-1] == len(reel.pixels_THWC) == 20 + 2 + 20 + 16 - 4
    firsts = {item.shot_index: item.first_frame for item in reel.objects}
    assert firsts == {0: 0, 1: 22, 2: 38}
    for item in reel.objects:
        drawn = (A, B, C)[item.shot_index].truth["objects"][item.object_index]
        assert list(item.x_px) == drawn["x_px"]


def test_transitions_longer_than_their_shot_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        join([A, B], [Join(kind="dissolve", num_frames=20)], [None, None])


def test_an_excerpt_counts_frames_and_shots_anew():
    joins = [Join(kind="cut"), Join(kind="fade", num_frames=4, num_black=2)]
    whole = join([A, B, C], joins, [None, None, None])
    part = excerpt(whole, 25, 45)
    assert np.array_equal(part.pixels_THWC, whole.pixels_THWC[25:45])
    assert spans(part) == [(0, 16, "fade"), (16, 20, "end")]
    assert transitions(part) == [(11, 20), (20, 20)]
    for item in part.objects:
        of_whole = next(
            o
            for o in whole.objects
            if (o.shot_index - 1, o.object_index) == (item.shot_index, item.object_index)
        )
        for frame in (item.first_frame, item.first_frame + len(item.x_px) - 1):
            offset = frame + 25 - of_whole.first_frame
            assert item.x_px[frame - item.first_frame] == of_whole.x_px[offset]


def test_a_smaller_copy_and_bars_move_the_objects_with_the_pixels():
    reel = join([A], [], [None])
    small = shrink(reel, 40, 24)
    assert small.pixels_THWC.shape == (20, 24, 40, 3)
    assert small.objects[0].x_px[0] == pytest.approx((reel.objects[0].x_px[0] + 0.5) / 2 - 0.5)
    boxed = letterbox(reel, 6)
    assert boxed.pixels_THWC.shape == (20, 60, 80, 3)
    assert not boxed.pixels_THWC[:, :6].any() and not boxed.pixels_THWC[:, -6:].any()
    assert boxed.objects[0].y_px[0] == reel.objects[0].y_px[0] + 6


def test_spoilt_shots_are_dark_or_white_and_say_so():
    assert spoil(A, "dark").pixels_THWC.max() <= 13
    assert spoil(A, "overexposed").pixels_THWC.min() >= 229
    assert spoil(A, "static") is A
    reel = join([A, B], [Join(kind="cut")], ["dark", None])
    assert "black" in reel.shots[0].caption
    assert [s.defect for s in reel.shots] == ["dark", None]
