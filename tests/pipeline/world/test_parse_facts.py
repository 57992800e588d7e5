"""The parser reads the facts of drawn scenes back, clean and after compression."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from pipeline.media import Decoding, write_video
from pipeline.world.choose import choose_scene
from pipeline.world.parse.read import read_clip
from pipeline.world.scene import draw_scene
from schemas.facts import Facts, ObjectFacts, canonical, differences

FRAME = {"width_px": 64, "height_px": 64, "num_frames": 16, "fps": 8.0}
TIMES = np.arange(16) / 8.0
FIRST_SEED = 500_000


def plan(seed, frame=FRAME, **kind):
    return choose_scene(seed, split="seen", **frame, **kind)


def share_right(specs, frame=FRAME, change=lambda pixels: pixels):
    """Return the share of scenes whose facts are all read right, and what was wrong how often."""
    wrong = Counter()
    right = 0
    times = np.arange(frame["num_frames"]) / frame["fps"]
    for spec in specs:
        drawn = draw_scene(spec, **frame)
        found = differences(drawn.truth.facts, read_clip(change(drawn.pixels_THWC), times).facts)
        right += not found
        wrong.update(item.path for item in found)
    return right / len(specs), wrong


@pytest.mark.parametrize(("count", "least"), [(1, 0.95), (2, 0.9), (3, 0.9), (4, 0.85)])
def test_free_scenes_are_read_back(count, least):
    specs = [plan(FIRST_SEED + k, kind="free", num_objects=count) for k in range(30)]
    share, wrong = share_right(specs)
    assert share >= least, wrong


@pytest.mark.parametrize(
    "kind",
    ["gravity", "pillar", "return", "trail", "bite", "candle", "spill", "views", "floor", "maze"],
)
def test_every_kind_is_read_back(kind):
    found = (plan(FIRST_SEED + k, kind=kind) for k in range(60))
    specs = [spec for spec in found if spec.kind == kind][:12]
    share, wrong = share_right(specs)
    assert len(specs) >= 8
    assert share >= 0.8, wrong


@pytest.mark.parametrize(
    "size_and_span",
    [(32, 32, 16, 8.0), (96, 64, 16, 8.0), (160, 160, 8, 6.0), (64, 64, 24, 24.0)],
    ids=str,
)
def test_sizes_and_rates_are_read_back(size_and_span):
    width, height, count, fps = size_and_span
    frame = {"width_px": width, "height_px": height, "num_frames": count, "fps": fps}
    specs = [plan(FIRST_SEED + k, frame, kind="free", num_objects=1 + k % 2) for k in range(12)]
    share, wrong = share_right(specs, frame)
    assert share >= 0.8, wrong


def test_facts_survive_compression(tmp_path):
    def coded(pixels):
        path = tmp_path / "clip.mp4"
        write_video(path, pixels, fps=8.0, codec="libx264", crf=30)
        return np.stack([picture.rgb(64, 64) for picture in Decoding(path)])

    specs = [plan(FIRST_SEED + k, kind="free", num_objects=1 + k % 2) for k in range(24)]
    share, wrong = share_right(specs, change=coded)
    assert share >= 0.8, wrong


def test_a_single_frame_has_no_motion():
    frame = {**FRAME, "num_frames": 1}
    specs = [plan(FIRST_SEED + k, frame, kind="free", num_objects=1) for k in range(20)]
    share, wrong = share_right(specs, frame)
    assert share >= 0.85, wrong
    reading = read_clip(draw_scene(specs[0], **frame).pixels_THWC, np.zeros(1))
    assert reading.facts.camera is None
    assert reading.facts.objects[0].action is None


def test_a_frozen_clip_rests():
    for k in range(8):
        drawn = draw_scene(plan(FIRST_SEED + k, kind="free", num_objects=2), **FRAME)
        facts = read_clip(np.repeat(drawn.pixels_THWC[:1], 16, axis=0), TIMES).facts
        assert [item.action for item in facts.objects] == ["rest", "rest"]
        assert facts.camera == "still"
        assert facts.events == ()


@pytest.mark.parametrize(
    ("attribute", "other"),
    [("colour", {"red": "green", "green": "red"}), ("shape", {"star": "square", "circle": "star"})],
)
def test_a_planted_wrong_attribute_is_noticed(attribute, other):
    noticed = tried = 0
    for k in range(120):
        spec = plan(FIRST_SEED + k, kind="free", num_objects=1)
        value = getattr(spec.objects[0], attribute)
        if value not in other:
            continue
        wrong = replace(spec, objects=(replace(spec.objects[0], **{attribute: other[value]}),))
        facts = read_clip(draw_scene(wrong, **FRAME).pixels_THWC, TIMES).facts
        stated = draw_scene(spec, **FRAME).truth.facts
        tried += 1
        noticed += f"objects[0].{attribute}" in [d.path for d in differences(stated, facts)]
        if tried == 12:
            break
    assert noticed >= tried - 1


def test_facts_are_canonical():
    for k in range(6):
        drawn = draw_scene(plan(FIRST_SEED + k, kind="free", num_objects=3), **FRAME)
        reading = read_clip(drawn.pixels_THWC, TIMES)
        assert reading.facts == canonical(reading.facts)
        assert [item.colour for item in reading.objects] == [
            item.colour for item in reading.facts.objects
        ]


def test_a_clip_of_noise_says_nothing():
    noise = np.random.default_rng(1).integers(0, 256, (16, 64, 64, 3), dtype=np.uint8)
    assert read_clip(noise, TIMES).facts == Facts()
    assert read_clip(noise, TIMES).facts.objects != (ObjectFacts(),)
