"""A drawn scene with a floor is read back; what cannot stand still strays from its place."""

import dataclasses

import cv2
import numpy as np
import pytest

from pipeline.media import Decoding, write_video
from pipeline.world.choose import choose_scene
from pipeline.world.parse.on_floor import floor_reprojection, read_floor
from pipeline.world.rushes_world import RushesWorld
from pipeline.world.scene import draw_scene
from schemas.facts import STYLES, differences

SMALL = {"width_px": 64, "height_px": 64, "num_frames": 16, "fps": 8}
SIZES = {
    "64x64x16": SMALL,
    "96x64x32": {"width_px": 96, "height_px": 64, "num_frames": 32, "fps": 8},
    "128x128x24": {"width_px": 128, "height_px": 128, "num_frames": 24, "fps": 12},
    "32x32x16": {"width_px": 32, "height_px": 32, "num_frames": 16, "fps": 8},
    "64x64x8 at 2/s": {"width_px": 64, "height_px": 64, "num_frames": 8, "fps": 2},
}
TIMES = np.arange(16) / 8


def plan(seed, size=SMALL):
    return choose_scene(seed, split="seen", kind="floor", **size)


def draw(spec, size=SMALL):
    return draw_scene(spec, **size)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_drawn_floor_is_read_back(size):
    for seed in range(50, 60):
        drawn = draw(plan(seed, size), size)
        reading = read_floor(drawn.pixels_THWC, np.arange(size["num_frames"]) / size["fps"])
        assert reading is not None, seed
        assert differences(drawn.truth.facts, reading.facts) == (), seed
        assert floor_reprojection(reading) < 0.004 * size["width_px"], seed


def test_a_single_frame_states_no_motion():
    drawn = draw(plan(4))
    reading = read_floor(drawn.pixels_THWC[:1], np.zeros(1))
    objects = tuple(dataclasses.replace(o, action=None) for o in drawn.truth.facts.objects)
    assert reading.facts == dataclasses.replace(drawn.truth.facts, objects=objects, camera=None)
    assert np.isnan(floor_reprojection(reading))


def test_a_compressed_floor_is_read_back(tmp_path):
    for seed in range(100, 105):
        drawn = draw(plan(seed))
        write_video(tmp_path / "floor.mp4", drawn.pixels_THWC, fps=8, crf=30)
        pixels = np.stack([frame.rgb(64, 64) for frame in Decoding(tmp_path / "floor.mp4")])
        reading = read_floor(pixels, TIMES)
        assert differences(drawn.truth.facts, reading.facts) == (), seed


@pytest.mark.parametrize("seed", range(60, 66))
def test_travel_and_places_in_space_are_those_of_the_plan(seed):
    spec = plan(seed)
    drawn = draw(spec)
    reading = read_floor(drawn.pixels_THWC, TIMES)
    assert np.allclose(reading.travel.x, drawn.truth.camera.x, atol=0.02)
    assert np.allclose(reading.travel.z, drawn.truth.camera.y, atol=0.02)
    for item, standing in zip(spec.objects, reading.standings, strict=True):
        assert (standing.x, standing.z) == pytest.approx((item.x, item.y), abs=0.06)
        assert standing.diameter == pytest.approx(item.diameter, rel=0.04)


@pytest.mark.parametrize("style", STYLES)
def test_things_that_pass_before_one_another_keep_their_shapes(style):
    near, far = (
        dataclasses.replace(plan(60).objects[0], colour=colour, shape=shape, x=x, y=y, diameter=d)
        for colour, shape, x, y, d in (
            ("red", "triangle", 0.12, 2.2, 0.5),
            ("cyan", "square", -0.4, 3.8, 0.6),
        )
    )
    spec = dataclasses.replace(
        plan(60),
        objects=(near, far),
        camera_move="slide_right",
        style=style,
        background_colour="charcoal",
    )
    drawn = draw(spec)
    assert min(drawn.truth.objects[1].visibility) < 0.85
    reading = read_floor(drawn.pixels_THWC, TIMES)
    assert differences(drawn.truth.facts, reading.facts) == ()
    assert floor_reprojection(reading) < 0.3
    assert np.isfinite(reading.strays_px[0]).all()
    covered = np.array(drawn.truth.objects[1].visibility) < 0.95
    assert not np.isfinite(np.array(reading.strays_px[1])[covered]).any()


@pytest.mark.parametrize("seed", range(70, 75))
def test_a_thing_that_slides_by_itself_strays_and_does_not_rest(seed):
    spec = plan(seed)
    item = spec.objects[0]
    frames = []
    for t in range(16):
        # 0.4 units a second, towards the middle.
        moved = dataclasses.replace(item, x=item.x - np.sign(item.x) * 0.05 * t)
        twin = dataclasses.replace(spec, objects=(moved,))
        frames.append(draw(twin).pixels_THWC[t])
    reading = read_floor(np.stack(frames), TIMES)
    assert floor_reprojection(reading) > 1.5
    assert [o.action for o in reading.facts.objects] == [None]
    assert reading.facts.camera == spec.camera_move


def others():
    world = RushesWorld()
    for kind in ("free", "gravity", "pillar", "trail", "candle", "spill", "bite", "views", "maze"):
        for seed in range(4):
            yield world.scene(seed=seed, split="seen", kind=kind, **SMALL).pixels_THWC
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (16, 64, 64, 3)).astype(np.uint8)
    yield noise
    yield np.stack([cv2.GaussianBlur(frame, (0, 0), 4) for frame in noise])
    for level in (0, 90, 255):
        yield np.full((16, 64, 64, 3), level, dtype=np.uint8)
    floor = draw(plan(1)).pixels_THWC
    yield floor[:, ::-1]
    yield floor.transpose(0, 2, 1, 3)
    # The horizon is elsewhere.
    yield np.roll(floor, 8, axis=1)
    # The tiles go, but the place of the camera jumps about.
    yield np.stack([draw(plan(s)).pixels_THWC[0] for s in range(16)])


def test_nothing_else_is_a_floor():
    for k, pixels in enumerate(others()):
        assert read_floor(np.ascontiguousarray(pixels), np.arange(len(pixels)) / 8) is None, k


@pytest.mark.parametrize("cover", ["black", "grey", "white", "itself without things"])
def test_faded_things_are_no_objects(cover):
    for seed in range(6):
        spec = plan(seed)
        bare = draw(dataclasses.replace(spec, objects=())).pixels_THWC
        other = {"black": 0, "grey": 128, "white": 255}.get(cover, bare)
        drawn = draw(spec)
        faded = ((drawn.pixels_THWC.astype(int) + other) // 2).astype(np.uint8)
        reading = read_floor(faded, TIMES)
        assert reading is not None
        assert reading.facts.objects == (), seed
        if cover.startswith("itself"):
            assert len(reading.candidates) == len(spec.objects), seed
