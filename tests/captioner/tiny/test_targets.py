import numpy as np
import pytest
import torch

from captioner.tiny.sequence import decode
from captioner.tiny.shards import load_shard, pack, save_shard
from captioner.tiny.targets import IGNORE, mirrored, take
from schemas.facts import COLOURS
from tests.captioner.tiny.scenes import drawn


def batch_of(count, mirror=False):
    shard = pack(list(drawn(count)))
    rows = np.arange(count)
    return shard, take(shard, rows, np.full(count, mirror), ["long"] * count)


def test_mirrored_twice_is_the_same_again():
    for clip in drawn(60):
        assert mirrored(mirrored(clip.facts)) == clip.facts


def test_a_mirror_turns_left_to_right_and_leaves_the_rest():
    some = [clip.facts for clip in drawn(60) if clip.facts.camera == "pan_left"]
    assert some
    for facts in some:
        turned = mirrored(facts)
        assert turned.camera == "pan_right"
        for one, other in zip(facts.objects, turned.objects, strict=True):
            assert (one.colour, one.shape, one.size) == (other.colour, other.shape, other.size)
            assert (one.direction or "").replace("left", "x").replace("right", "left").replace(
                "x", "right"
            ) == (other.direction or "")


def test_take_mirrors_pixels_tracks_and_caption_together():
    shard, plain = batch_of(12)
    _, turned = batch_of(12, mirror=True)
    assert torch.equal(turned.frames_BTHWC, plain.frames_BTHWC.flip(3))
    assert torch.allclose(turned.state_BMCK[..., 0], -plain.state_BMCK[..., 0], equal_nan=True)
    assert torch.allclose(
        turned.state_BMCK[..., 3], -plain.state_BMCK[..., 3], equal_nan=True, atol=1e-5
    )
    for tokens, facts in zip(turned.tokens_BN.tolist(), shard.facts, strict=True):
        written = [token for token in tokens if token]
        assert decode(written) == mirrored(facts)


def test_the_cell_of_an_object_holds_its_colour():
    _, batch = batch_of(40)
    hits = misses = 0
    for b, m, c in (batch.visible_BMC > 0).nonzero().tolist():
        x, y = ((batch.state_BMCK[b, m, c, :2] * 64 + 31.5).round().long()).tolist()
        cell = batch.cells_BMC[b, m, c].item()
        assert cell != IGNORE
        assert (
            (cell // 8, cell % 8) == (min(y // 8, 7), min(x // 8, 7))
            or x % 8 in (0, 7)
            or (y % 8 in (0, 7))
        )
        if 0 <= x < 64 and 0 <= y < 64:
            red, green, blue = batch.frames_BTHWC[b, 2 * m, y, x].float().tolist()
            vivid = max(red, green, blue) - min(red, green, blue) > 60
            hits, misses = hits + vivid, misses + (not vivid)
    assert hits > 20 * misses


def test_velocities_are_those_of_the_scene_whatever_the_camera_does():
    speeds = {"slow": 0.12, "medium": 0.25, "fast": 0.5}
    _, batch = batch_of(60)
    checked = 0
    for b, clip in enumerate(drawn(60)):
        for item in clip.facts.objects:
            if item.action != "move" or item.speed is None or clip.facts.views:
                continue
            # Until something happens an object keeps its speed: look at the first moments.
            found = batch.state_BMCK[b, :3, COLOURS.index(item.colour), 3:].norm(dim=-1)
            assert found[~found.isnan()].tolist() == pytest.approx(
                [speeds[item.speed]] * int((~found.isnan()).sum()), abs=2e-3
            )
            checked += 1
    assert checked > 20


def test_a_shard_reads_back_as_it_was_written(tmp_path):
    shard = pack(list(drawn(6)))
    save_shard(tmp_path, 3, shard)
    again = load_shard(tmp_path, 3)
    assert again.facts == shard.facts
    for name in ("frames_NTHWC", "tracks_NOT4", "colours_NOT", "can_mirror_N", "times_T"):
        assert np.array_equal(getattr(again, name), getattr(shard, name))
    assert np.array_equal(again.camera_NT3, shard.camera_NT3, equal_nan=True)
