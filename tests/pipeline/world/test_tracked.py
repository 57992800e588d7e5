import numpy as np
import pytest

from pipeline.world.rushes_world import RushesWorld
from schemas.facts import COLOURS

SHAPE = {"width_px": 96, "height_px": 64, "num_frames": 12, "fps": 8.0}


def clips(count, split="train"):
    return [RushesWorld().draw_tracked(seed=i, split=split, **SHAPE) for i in range(count)]


def test_a_tracked_clip_is_the_scene_that_draw_draws():
    for seed in (0, 7):
        clip = RushesWorld().draw_tracked(seed=seed, split="seen", **SHAPE)
        frames, facts = RushesWorld().draw(seed=seed, split="seen", **SHAPE)
        assert np.array_equal(clip.frames.pixels_THWC, frames.pixels_THWC)
        assert clip.facts == facts


def test_tracks_lie_where_the_objects_are_seen():
    for clip in clips(12):
        assert clip.tracks_OT4.shape == (len(clip.facts.objects), 12, 4)
        assert clip.colours_OT[:, 0].tolist() == [
            COLOURS.index(item.colour) for item in clip.facts.objects
        ]
        for x, y, _, shown in clip.tracks_OT4[:, 0]:
            if shown > 0.9:
                pixel = clip.frames.pixels_THWC[0, round(y * 64 + 31.5), round(x * 64 + 47.5)]
                assert int(pixel.max()) - int(pixel.min()) > 60


def test_the_camera_takes_the_picture_to_the_scene():
    moving = [clip for clip in clips(60) if clip.facts.camera not in ("still", None)]
    known = [clip for clip in moving if not np.isnan(clip.camera_T3).any()]
    assert len(known) > 3
    for clip in known:
        for item, track in zip(clip.facts.objects, clip.tracks_OT4, strict=True):
            if item.action == "rest" and not clip.facts.events:
                zoom = np.exp(clip.camera_T3[:, 2:])
                scene = track[:, :2] / zoom + clip.camera_T3[:, :2]
                assert np.ptp(scene, axis=0) == pytest.approx([0, 0], abs=1e-5)
    for clip in moving:
        if clip.facts.background_kind == "floor":
            assert np.isnan(clip.camera_T3).all()


def test_some_clips_leave_their_split_in_a_mirror():
    for split in ("train", "held_out"):
        found = [clip.can_mirror for clip in clips(60, split)]
        assert 0 < sum(found) < len(found)
