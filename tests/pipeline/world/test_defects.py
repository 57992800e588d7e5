from dataclasses import replace

import numpy as np
import pytest

from pipeline.world.choose import choose_scene
from pipeline.world.copies import add_bars
from pipeline.world.defects import UNITS, add_logo, note_slideshow, plant
from pipeline.world.edit import Join, join
from pipeline.world.scene import draw_scene
from pipeline.world.sound import RATE_HZ, make_sound

SIZE = {"width_px": 160, "height_px": 96}
FPS = 12.0
SHOTS = ("static", "black", "dark", "overexposed", "blurred", "blocky", "burned_in_text", "shake")


def take(seed, background="bricks"):
    given = {**SIZE, "num_frames": 24, "fps": FPS}
    for at in range(seed, seed + 1000):
        spec = choose_scene(at, motion="moving", **given)
        if spec.background_kind == background:
            return draw_scene(spec, **given)
    raise AssertionError(background)


@pytest.fixture(scope="module")
def clean():
    reel = join([take(0), take(1000, "checker"), take(2000)], [Join(kind="cut")] * 2)
    spans = [(shot.start_frame, shot.end_frame) for shot in reel.shots]
    return replace(reel, sound=make_sound(np.random.default_rng(0), spans, 72, FPS))


def planted(clean, kind, strength, shot=1):
    own = replace(clean, pixels_THWC=clean.pixels_THWC.copy(), sound=clean.sound.copy())
    return plant(own, kind, strength, shot, np.random.default_rng(1))


STRENGTHS = {
    "static": (0.0, 1.5),
    "black": (6.0, 0.0),
    "dark": (0.12, 0.05),
    "overexposed": (0.25, 0.1),
    "blurred": (1.5, 4.0),
    "blocky": (60.0, 120.0),
    "burned_in_text": (8.0, 14.0),
    "shake": (3.0, 10.0),
}


@pytest.mark.parametrize("kind", SHOTS)
def test_a_defect_stays_in_its_shot_and_names_it(clean, kind):
    reel = planted(clean, kind, STRENGTHS[kind][0])
    changed = (reel.pixels_THWC != clean.pixels_THWC).any(axis=(1, 2, 3))
    assert not changed[:24].any() and not changed[48:].any()
    (row,) = reel.defects
    assert (row.kind, row.shot_index, row.unit) == (kind, 1, UNITS[kind])
    assert 24 <= row.start_frame < row.end_frame <= 48
    assert changed[row.start_frame + 1 : row.end_frame].all()
    assert np.array_equal(reel.sound, clean.sound)


@pytest.mark.parametrize("kind", SHOTS[1:])
def test_the_stronger_defect_changes_more(clean, kind):
    weak, strong = (planted(clean, kind, strength) for strength in STRENGTHS[kind])
    span = slice(weak.defects[0].start_frame, weak.defects[0].end_frame)
    before = clean.pixels_THWC[span].astype(int)
    change = [np.abs(reel.pixels_THWC[span] - before).mean() for reel in (weak, strong)]
    assert change[0] < change[1]


def test_static_shots_hold_their_first_frame_in_the_truth_too(clean):
    reel = planted(clean, "static", 0.0)
    assert (reel.pixels_THWC[24:48] == clean.pixels_THWC[24]).all()
    held = [row for row in reel.objects if row.shot_index == 1]
    assert held and all(len(set(row.x_px)) == 1 for row in held)
    assert len(set(next(row for row in reel.camera if row.shot_index == 1).x)) == 1
    noisy = planted(clean, "static", 1.5).pixels_THWC[24:48].astype(int)
    assert 0.5 < np.abs(noisy - clean.pixels_THWC[24]).std() < 2


def test_nothing_is_told_of_a_black_picture(clean):
    reel = planted(clean, "black", 0.0)
    assert not reel.pixels_THWC[24:48].any()
    assert reel.shots[1].facts is None and "black" in (reel.shots[1].left_out or "")
    for rows in (reel.objects, reel.camera, reel.events):
        assert all(row.shot_index != 1 for row in rows)


@pytest.mark.parametrize("kind", ["dark", "overexposed"])
def test_light_keeps_the_geometry_and_leaves_the_facts_out(clean, kind):
    reel = planted(clean, kind, STRENGTHS[kind][1])
    part = reel.pixels_THWC[24:48]
    assert part.max() <= 13 if kind == "dark" else part.min() >= 229
    assert reel.objects == clean.objects
    assert [shot.facts is None for shot in reel.shots] == [False, True, False]


def test_blocks_are_flat_where_the_quantiser_is_coarse(clean):
    reel = planted(clean, "blocky", 120.0)
    step = np.abs(np.diff(reel.pixels_THWC[24:48].astype(int), axis=2)).mean(axis=(0, 1, 3))
    at_edges = step[7::8].mean()
    inside = np.delete(step, np.s_[7::8]).mean()
    assert at_edges > 2 * inside


def test_text_is_inside_its_box(clean):
    reel = planted(clean, "burned_in_text", 12.0)
    row = reel.defects[0]
    changed = (reel.pixels_THWC != clean.pixels_THWC).any(axis=(0, 3))
    y, x = np.nonzero(changed)
    assert row.x_px - 3 <= x.min() and x.max() <= row.x_px + row.width_px + 3
    assert row.y_px - 3 <= y.min() and y.max() <= row.y_px + row.height_px + 3
    assert row.end_frame - row.start_frame == 20 and row.strength <= 12


def test_objects_and_camera_shake_with_the_picture(clean):
    reel = planted(clean, "shake", 6.0)
    after = [row for row in reel.objects if row.shot_index == 1]
    before = [row for row in clean.objects if row.shot_index == 1]
    moved = np.subtract(after[0].x_px, before[0].x_px)
    assert 2 < moved.std() < 8
    for one, other in zip(after[1:], before[1:], strict=True):
        assert np.allclose(np.subtract(one.x_px, other.x_px), moved)
    aimed = [np.array(r.camera[1].x) for r in (reel, clean)]
    zoom = np.array(clean.camera[1].zoom)
    assert np.allclose((aimed[1] - aimed[0]) * zoom, moved)


def test_silence_takes_the_sound_of_its_shot(clean):
    reel = planted(clean, "silence", 0.001)
    assert np.array_equal(reel.pixels_THWC, clean.pixels_THWC)
    span = slice(2 * RATE_HZ, 4 * RATE_HZ)
    assert np.abs(reel.sound[span]).max() < 0.001 < 0.1 < np.abs(clean.sound[span]).max()
    assert np.array_equal(reel.sound[: 2 * RATE_HZ], clean.sound[: 2 * RATE_HZ])
    with pytest.raises(ValueError, match="sound"):
        plant(replace(clean, sound=None), "silence", 0.0, 1, np.random.default_rng(0))


def test_a_slideshow_is_of_several_shots(clean):
    row = note_slideshow(clean, 1, 2, 2.0).defects[0]
    assert (row.shot_index, row.start_frame, row.end_frame) == (None, 24, 72)


def test_a_logo_is_inside_its_box_in_every_frame(clean):
    reel = add_logo(replace(clean, pixels_THWC=clean.pixels_THWC.copy()), 0.8, 2)
    row = reel.defects[0]
    changed = (reel.pixels_THWC != clean.pixels_THWC).any(axis=3)
    assert changed.any(axis=(1, 2)).all()
    y, x = np.nonzero(changed.any(axis=0))
    assert row.x_px <= x.min() and x.max() < row.x_px + row.width_px <= 160
    assert row.y_px <= y.min() and y.max() < row.y_px + row.height_px <= 96
    assert row.x_px > 80 and row.y_px > 48


@pytest.mark.parametrize("at_sides", [False, True])
def test_bars_surround_the_picture_that_the_box_names(clean, at_sides):
    reel = add_bars(clean, 0.2, at_sides=at_sides)
    row = reel.defects[0]
    box = np.s_[:, row.y_px : row.y_px + row.height_px, row.x_px : row.x_px + row.width_px]
    assert np.array_equal(reel.pixels_THWC[box], clean.pixels_THWC)
    outside = reel.pixels_THWC.copy()
    outside[box] = 0
    assert not outside.any()
    share = 1 - clean.pixels_THWC.size / reel.pixels_THWC.size
    assert row.strength == pytest.approx(share, abs=1e-3) == pytest.approx(0.2, abs=0.02)
    assert row.kind == ("pillarboxed" if at_sides else "letterboxed")
    shift = np.subtract(reel.objects[0].x_px, clean.objects[0].x_px)
    assert set(np.round(shift, 6)) == {float(row.x_px)}
    assert reel.camera == clean.camera
