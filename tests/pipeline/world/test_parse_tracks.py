"""The parser's measurements: tracks through occlusions, opacity, camera, candidates."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.world.choose import choose_scene
from pipeline.world.parse.read import read_clip
from pipeline.world.scene import draw_scene

FRAME = {"width_px": 64, "height_px": 64, "num_frames": 16, "fps": 8.0}
TIMES = np.arange(16) / 8.0
FIRST_SEED = 600_000


def draw(seed, **kind):
    spec = choose_scene(seed, split="seen", **FRAME, **kind)
    return spec, draw_scene(spec, **FRAME)


def test_tracks_lie_on_the_objects():
    for k in range(10):
        _, drawn = draw(FIRST_SEED + k, kind="free", num_objects=2)
        reading = read_clip(drawn.pixels_THWC, TIMES)
        for state in drawn.truth.objects:
            own = next(item for item in reading.objects if item.colour == state.colour[0])
            assert np.abs(np.subtract(own.x_px, state.x_px)).max() < 0.6
            assert np.abs(np.subtract(own.y_px, state.y_px)).max() < 0.6
            ratio = np.divide(own.diameter_px, state.diameter_px)
            assert ratio.min() > 0.85 and ratio.max() < 1.15
            assert all(own.seen)
            assert min(own.opacity) > 0.9


@pytest.mark.parametrize("kind", ["pillar", "return"])
def test_identity_is_kept_out_of_sight(kind):
    found = 0
    frame = {**FRAME, "num_frames": 32}
    for k in range(60):
        spec = choose_scene(FIRST_SEED + k, split="seen", kind=kind, **frame)
        drawn = draw_scene(spec, **frame)
        if spec.kind != kind or len(drawn.truth.facts.events) < 2:
            continue
        reading = read_clip(drawn.pixels_THWC, np.arange(32) / 8.0)
        assert len(reading.objects) == 1
        away = [not seen for seen in reading.objects[0].seen]
        hidden = [share < 0.02 for share in drawn.truth.objects[0].visibility]
        assert any(hidden)
        assert all(a or not h for a, h in zip(away, hidden, strict=True))
        assert reading.facts.events == drawn.truth.facts.events
        found += 1
        if found == 6:
            break
    assert found >= 3


@pytest.mark.parametrize("other", ["black", "grey", "white", "ground", "noise"])
def test_what_is_half_there_is_a_candidate(other):
    for k in range(8):
        spec, drawn = draw(FIRST_SEED + k, kind="free", num_objects=2)
        ground = {
            "black": 0.0,
            "grey": 128.0,
            "white": 255.0,
            "ground": draw_scene(replace(spec, objects=()), **FRAME).pixels_THWC,
            "noise": np.random.default_rng(k).integers(0, 256, drawn.pixels_THWC.shape),
        }[other]
        half = np.rint(0.5 * drawn.pixels_THWC + 0.5 * np.asarray(ground)).astype(np.uint8)
        reading = read_clip(half, TIMES)
        assert reading.facts.objects == ()
        if other != "noise":
            assert len(reading.candidates) >= 1
            best = max(reading.candidates, key=lambda item: sum(item.seen))
            assert 0.3 < np.nanmedian(best.opacity) < 0.7


@pytest.mark.parametrize("kind", ["uniform", "gaussian", "blank", "vivid", "background"])
def test_nothing_is_read_where_nothing_is(kind):
    for k in range(8):
        rng = np.random.default_rng(k)
        spec, drawn = draw(FIRST_SEED + k, kind="free", num_objects=1)
        shape = drawn.pixels_THWC.shape
        pixels = {
            "uniform": lambda r=rng, s=shape: r.integers(0, 256, s),
            "gaussian": lambda r=rng, s=shape: np.clip(r.normal(128, 40, s), 0, 255),
            "blank": lambda r=rng, s=shape: np.broadcast_to(r.integers(0, 256, 3), s),
            "vivid": lambda s=shape: np.broadcast_to([216, 32, 38], s),
            "background": lambda p=spec: draw_scene(replace(p, objects=()), **FRAME).pixels_THWC,
        }[kind]()
        assert read_clip(np.array(pixels, dtype=np.uint8), TIMES).facts.objects == ()


def test_an_object_that_vanishes_is_told():
    spec, drawn = draw(FIRST_SEED + 1, kind="free", num_objects=1)
    empty = draw_scene(replace(spec, objects=()), **FRAME).pixels_THWC
    pixels = drawn.pixels_THWC.copy()
    pixels[7:10] = empty[7:10]
    reading = read_clip(pixels, TIMES)
    assert reading.num_objects_per_frame == (1,) * 7 + (0,) * 3 + (1,) * 6
    kinds = [event.kind for event in reading.events]
    assert "vanish" in kinds or "leave" in kinds


def test_the_camera_is_measured():
    found = 0
    for k in range(90):
        spec, drawn = draw(FIRST_SEED + k, kind="free", num_objects=1)
        if not spec.camera_move.startswith("pan"):
            continue
        reading = read_clip(drawn.pixels_THWC, TIMES)
        true = -np.diff(drawn.truth.camera.x).mean()
        assert reading.camera.move == spec.camera_move
        assert abs(np.mean(reading.camera.shift_x_px[1:]) - true) < 0.15 * abs(true)
        found += 1
        if found == 5:
            break
    assert found == 5
