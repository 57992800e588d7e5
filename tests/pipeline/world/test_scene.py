import json
from collections import Counter

import numpy as np
import pytest

from pipeline.world.choose import choose_shot
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.scene import ObjectSpec, ShotSpec, cover, draw_shot
from pipeline.world.vocabulary import (
    BACKGROUND_COLOURS,
    BACKGROUND_KINDS,
    CAMERA_MOVES,
    DIRECTIONS,
    OBJECT_COLOURS,
    REST,
    SHAPES,
    SIZES,
    SPEEDS,
)
from schemas.errors import UserError
from schemas.frames import World

SIZE = {"width_px": 160, "height_px": 96}
WORLD: World = RushesWorld()


def one_object(camera_move="still", background_kind="bricks", **changes):
    item = {
        "colour": "orange",
        "shape": "star",
        "size": "medium",
        "direction": "right",
        "speed": "medium",
        "start": (0.4, 0.6),
    }
    return ShotSpec(
        background_kind=background_kind,
        background_colour="navy",
        camera_move=camera_move,
        objects=(ObjectSpec(**{**item, **changes}),),
        texture_seed=3,
    )


def centroid(frame_HWC, background, colour):
    """Where the object's colour is, weighted by how much of it covers each pixel."""
    background, colour = np.asarray(background, float), np.asarray(colour, float)
    along = (frame_HWC - background) @ (colour - background) / np.sum((colour - background) ** 2)
    weight = np.clip(along, 0, 1) * (along > 0.5)
    y, x = np.indices(weight.shape)
    return (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()


def test_a_seed_gives_its_pixels_again_and_another_seed_gives_others():
    first, truth = WORLD.draw(seed=5, num_frames=9, fps=24, **SIZE)
    again, truth_again = WORLD.draw(seed=5, num_frames=9, fps=24, **SIZE)
    other, _ = WORLD.draw(seed=6, num_frames=9, fps=24, **SIZE)
    assert first.pixels_THWC.tobytes() == again.pixels_THWC.tobytes()
    assert truth == truth_again == json.loads(json.dumps(truth))
    assert first.pixels_THWC.tobytes() != other.pixels_THWC.tobytes()
    assert first.times_s.tolist() == [i / 24 for i in range(9)]


@pytest.mark.parametrize("camera_move", CAMERA_MOVES)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_object_is_where_the_truth_says(camera_move, shape):
    spec = one_object(camera_move, shape=shape, direction="down_left", speed="fast")
    shot = draw_shot(spec, num_frames=48, fps=24, **SIZE)
    item = shot.truth["objects"][0]
    for t in range(0, 48, 6):
        x, y = centroid(shot.pixels_THWC[t], BACKGROUND_COLOURS["navy"], OBJECT_COLOURS["orange"])
        assert abs(x - item["x_px"][t]) < 0.5
        assert abs(y - item["y_px"][t]) < 0.5


@pytest.mark.parametrize("width_px,height_px", [(160, 96), (90, 160), (64, 64), (16, 33)])
def test_objects_stay_in_view(width_px, height_px):
    for seed in range(40):
        _, truth = WORLD.draw(
            seed=seed, width_px=width_px, height_px=height_px, num_frames=60, fps=12
        )
        for item in truth["objects"]:
            radius = np.array(item["diameter_px"]) / 2
            assert np.all(np.array(item["x_px"]) > radius - 0.6)
            assert np.all(np.array(item["x_px"]) < width_px - radius - 0.4)
            assert np.all(np.array(item["y_px"]) > radius - 0.6)
            assert np.all(np.array(item["y_px"]) < height_px - radius - 0.4)
            assert len(item["visibility"]) == 60


@pytest.mark.parametrize(
    "move,step_x,step_y",
    [("pan_right", -1, 0), ("pan_left", 1, 0), ("tilt_up", 0, 1), ("tilt_down", 0, -1)],
)
def test_the_whole_picture_moves_with_the_camera(move, step_x, step_y):
    """A pan shifts background and resting object alike, by the speed that the truth names."""
    spec = one_object(move, background_kind="mottled", direction=REST, speed=REST)
    shot = draw_shot(spec, num_frames=49, fps=24, **SIZE)
    item, speed = shot.truth["objects"][0], shot.truth["camera"]["speed"]
    shift = speed * 96 * 48 / 24
    assert item["x_px"][48] - item["x_px"][0] == pytest.approx(step_x * shift)
    assert item["y_px"][48] - item["y_px"][0] == pytest.approx(step_y * shift)
    whole = round(shift)
    first, last = shot.pixels_THWC[0].astype(int), shot.pixels_THWC[48].astype(int)
    moved = np.roll(first, (step_y * whole, step_x * whole), axis=(0, 1))
    inside = np.s_[whole:-whole, whole:-whole]
    assert np.abs(moved[inside] - last[inside]).mean() < 3
    assert np.abs(first[inside] - last[inside]).mean() > 8


def test_a_zoom_magnifies_the_object():
    for move, sign in (("zoom_in", 1), ("zoom_out", -1)):
        truth = draw_shot(one_object(move), num_frames=49, fps=24, **SIZE).truth
        diameter = truth["objects"][0]["diameter_px"]
        assert sign * (diameter[-1] - diameter[0]) > 3
        assert diameter[24] == pytest.approx(SIZES["medium"] * 96)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_size_has_the_same_area(shape):
    share, left, top = cover(shape, x=20.3, y=17.8, diameter=16)
    assert share.sum() == pytest.approx(np.pi * 64, rel=0.04)
    y, x = np.indices(share.shape)
    assert (share * x).sum() / share.sum() + left == pytest.approx(20.3, abs=0.1)
    assert (share * y).sum() / share.sum() + top == pytest.approx(17.8, abs=0.1)


def test_visibility_tells_how_much_another_object_hides():
    item = one_object(direction=REST, speed=REST, start=(0.5, 0.5), shape="square", size="small")
    over = ObjectSpec(
        colour="red", shape="square", size="large", direction=REST, speed=REST, start=(0.5, 0.5)
    )
    spec = ShotSpec(
        background_kind="plain",
        background_colour="navy",
        camera_move="still",
        objects=(*item.objects, over),
        texture_seed=0,
    )
    under_truth, over_truth = draw_shot(spec, num_frames=1, fps=24, **SIZE).truth["objects"]
    assert (under_truth["visibility"], over_truth["visibility"]) == ([0.0], [1.0])


def test_every_attribute_occurs_and_contrasts_with_its_background():
    seen = Counter()
    for seed in range(400):
        spec = choose_shot(seed, num_frames=30, fps=24, **SIZE)
        seen.update([spec.background_kind, spec.background_colour, spec.camera_move])
        for item in spec.objects:
            seen.update([item.colour, item.shape, item.size, item.direction, item.speed])
            base = BACKGROUND_COLOURS[spec.background_colour]
            assert np.linalg.norm(np.subtract(OBJECT_COLOURS[item.colour], base)) >= 110
        if spec.background_kind in ("plain", "gradient"):
            assert spec.camera_move == "still"
    wanted = {
        *OBJECT_COLOURS,
        *BACKGROUND_COLOURS,
        *BACKGROUND_KINDS,
        *CAMERA_MOVES,
        *SHAPES,
        *SIZES,
        *DIRECTIONS,
        *SPEEDS,
        REST,
    }
    assert wanted == set(seen)
    assert min(seen[name] for name in DIRECTIONS) >= 20


def test_a_static_shot_and_a_single_frame_hold_still():
    spec = choose_shot(3, num_frames=20, fps=24, motion="static", **SIZE)
    pixels = draw_shot(spec, num_frames=20, fps=24, **SIZE).pixels_THWC
    assert np.all(pixels == pixels[0])
    for seed in range(20):
        _, truth = WORLD.draw(seed=seed, num_frames=1, fps=24, **SIZE)
        assert truth["camera"]["move"] == "still"
        assert {item["direction"] for item in truth["objects"]} == {REST}


def test_the_caption_names_every_attribute():
    _, truth = WORLD.draw(seed=0, num_frames=24, fps=24, **SIZE)
    for item in truth["objects"]:
        assert f"{item['size']} {item['colour']} {item['shape']}" in truth["caption"].lower()
    assert truth["background"]["colour"] in truth["caption"]
    assert truth["caption"].endswith(".")
    shot = draw_shot(one_object("pan_left"), num_frames=24, fps=24, **SIZE)
    assert shot.truth["caption"] == (
        "A medium orange star moves steadily to the right in front of a navy brick wall; "
        "the camera pans left."
    )


@pytest.mark.parametrize(
    "change",
    [{"width_px": 8}, {"height_px": 0}, {"num_frames": 0}, {"fps": 0.0}, {"seed": -1}],
    ids=lambda change: next(iter(change)),
)
def test_what_cannot_be_drawn_is_a_users_error(change):
    with pytest.raises(UserError) as caught:
        WORLD.draw(**{"seed": 0, "num_frames": 2, "fps": 24.0, **SIZE, **change})
    assert caught.value.hint
