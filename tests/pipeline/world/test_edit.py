import numpy as np
import pytest

from pipeline.world.choose import choose_scene
from pipeline.world.edit import Join, join
from pipeline.world.reel import chain, cut_out
from pipeline.world.scene import draw_scene

SIZE = {"width_px": 80, "height_px": 48}
CUT = Join(kind="cut")


def take(seed, num_frames=20):
    given = {**SIZE, "num_frames": num_frames, "fps": 24.0}
    return draw_scene(choose_scene(seed, motion="moving", **given), **given)


A, B, C = take(1), take(2), take(3, 16)


def spans(reel):
    return [(s.start_frame, s.end_frame, s.transition_out) for s in reel.shots]


def transitions(reel):
    return [(s.transition_start_frame, s.transition_end_frame) for s in reel.shots]


def test_a_cut_loses_and_adds_nothing():
    reel = join([A, B], [CUT])
    assert np.array_equal(reel.pixels_THWC, np.concatenate([A.pixels_THWC, B.pixels_THWC]))
    assert spans(reel) == [(0, 20, "cut"), (20, 40, "end")]
    assert transitions(reel) == [(20, 20), (40, 40)]


@pytest.mark.parametrize(("form", "level"), [("black", 0), ("white", 255)])
def test_a_fade_is_one_boundary_around_its_colour(form, level):
    reel = join([A, B], [Join(kind="fade", form=form, num_frames=5, num_held=4)])
    assert reel.num_frames == 44
    assert transitions(reel) == [(15, 29), (44, 44)]
    assert spans(reel) == [(0, 22, "fade"), (22, 44, "end")]
    assert reel.shots[0].transition_form == form
    distance = np.abs(reel.pixels_THWC.astype(int) - level).mean(axis=(1, 2, 3))
    assert np.all(np.diff(distance[14:21]) < 0)
    assert np.all(distance[20:24] == 0)
    assert np.all(np.diff(distance[23:30]) > 0)
    assert np.array_equal(reel.pixels_THWC[:15], A.pixels_THWC[:15])
    assert np.array_equal(reel.pixels_THWC[29:], B.pixels_THWC[5:])


def test_a_dissolve_overlaps_both_shots():
    reel = join([A, B], [Join(kind="dissolve", num_frames=7)])
    assert reel.num_frames == 33
    assert transitions(reel) == [(13, 20), (33, 33)]
    assert spans(reel) == [(0, 16, "dissolve"), (16, 33, "end")]
    middle = (A.pixels_THWC[16].astype(float) + B.pixels_THWC[3]) / 2
    assert np.abs(reel.pixels_THWC[16] - middle).max() <= 1
    assert np.array_equal(reel.pixels_THWC[20:], B.pixels_THWC[7:])


@pytest.mark.parametrize(
    ("form", "new_first"),
    [
        ("right", (24, 0)),
        ("left", (24, 79)),
        ("down", (0, 40)),
        ("up", (47, 40)),
        ("circle", (24, 40)),
    ],
)
def test_a_wipe_uncovers_the_new_shot_from_its_side(form, new_first):
    reel = join([A, B], [Join(kind="wipe", form=form, num_frames=9)])
    assert (transitions(reel)[0], spans(reel)[0]) == ((11, 20), (0, 15, "wipe"))
    is_new = [
        (reel.pixels_THWC[t] == B.pixels_THWC[t - 11]).all(axis=2) for t in (11, 15, 19)
    ]  # noise-free pictures: what equals neither shot would fail below
    is_old = [(reel.pixels_THWC[t] == A.pixels_THWC[t]).all(axis=2) for t in (11, 15, 19)]
    assert all((new | old).all() for new, old in zip(is_new, is_old, strict=True))
    assert all(new[new_first] for new in is_new)
    shares = [new.mean() for new in is_new]
    assert shares == sorted(shares) and shares[0] < 0.4 and shares[2] > 0.6


def test_lists_are_told_from_the_first_frame_of_their_shot():
    fade = Join(kind="fade", form="black", num_frames=3, num_held=2)
    reel = join([A, B, C], [fade, Join(kind="wipe", form="up", num_frames=4)])
    assert reel.shots[-1].end_frame == reel.num_frames == 20 + 2 + 20 + 16 - 4
    assert {row.shot_index: row.first_frame for row in reel.objects} == {0: 0, 1: 22, 2: 38}
    for row in reel.objects:
        assert row.x_px == (A, B, C)[row.shot_index].truth.objects[row.object_index].x_px
    for row in reel.camera:
        assert row.zoom == (A, B, C)[row.shot_index].truth.camera.zoom


def test_transitions_longer_than_their_shot_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        join([A, B], [Join(kind="dissolve", num_frames=20)])


def test_a_part_counts_frames_and_shots_anew():
    whole = join([A, B, C], [CUT, Join(kind="fade", form="black", num_frames=4, num_held=2)])
    part = cut_out(whole, 25, 45)
    assert np.array_equal(part.pixels_THWC, whole.pixels_THWC[25:45])
    assert spans(part) == [(0, 16, "fade"), (16, 20, "end")]
    assert transitions(part) == [(11, 20), (20, 20)]
    for row in part.objects:
        of_whole = next(
            o
            for o in whole.objects
            if (o.shot_index - 1, o.object_index) == (row.shot_index, row.object_index)
        )
        for frame in (row.first_frame, row.first_frame + len(row.x_px) - 1):
            offset = frame + 25 - of_whole.first_frame
            assert row.x_px[frame - row.first_frame] == of_whole.x_px[offset]


def test_a_shot_of_which_a_part_is_missing_keeps_no_facts():
    whole = join([A, B, C], [CUT, CUT])
    part = cut_out(whole, 5, 45)
    assert [shot.facts is None for shot in part.shots] == [True, False, True]
    assert [shot.left_out is None for shot in part.shots] == [False, True, False]
    assert cut_out(whole, 0, whole.num_frames).shots == whole.shots


def test_a_chain_is_joined_by_cuts_and_counts_on():
    one, other = join([A, B], [CUT]), join([C, A], [Join(kind="dissolve", num_frames=4)])
    reel = chain([one, other])
    assert spans(reel) == [(0, 20, "cut"), (20, 40, "cut"), (40, 54, "dissolve"), (54, 72, "end")]
    assert transitions(reel)[2:] == [(52, 56), (72, 72)]
    assert [shot.shot_index for shot in reel.shots] == [0, 1, 2, 3]
    assert {row.shot_index: row.first_frame for row in reel.camera} == {0: 0, 1: 20, 2: 40, 3: 52}
