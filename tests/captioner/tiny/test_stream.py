from pathlib import Path

import numpy as np
import torch

from captioner.tiny.settings import TinySettings
from captioner.tiny.shards import draw_shard, plan_shard, save_shard
from captioner.tiny.stream import Drawer, Stream, damaged
from pipeline.world.rushes_world import RushesWorld
from tests.captioner.tiny.scenes import drawn

SETTINGS = TinySettings(
    batch_size=4, scenes_per_shard=6, shards_in_use=2, views_per_scene=2, match_scenes=12
)


def pool(folder, settings=SETTINGS, count=4):
    for number in range(count):
        save_shard(folder, number, draw_shard(RushesWorld(), settings, number))


def test_a_batch_depends_on_its_step_alone(tmp_path):
    pool(tmp_path)
    one, other = Stream(SETTINGS, tmp_path), Stream(SETTINGS, tmp_path)
    one.batch(0)
    a, b = one.batch(3), other.batch(3)
    assert torch.equal(a.frames_BTHWC, b.frames_BTHWC)
    assert torch.equal(a.tokens_BN, b.tokens_BN)
    assert not torch.equal(a.tokens_BN, one.batch(4).tokens_BN) or not torch.equal(
        a.frames_BTHWC, one.batch(4).frames_BTHWC
    )


def test_the_shards_move_on_so_that_each_scene_is_shown_a_few_times(tmp_path):
    stream = Stream(SETTINGS, tmp_path)
    # Two views of each of six scenes, four a step: a shard lasts three steps.
    assert [stream.shards_of(step).start for step in (0, 2, 3, 6)] == [0, 0, 1, 2]
    assert len(stream.shards_of(100)) == 2


def test_training_begins_with_few_shards_and_takes_more_in():
    settings = TinySettings(shards_in_use=40, shards_at_first=4, grow_every=60)
    stream = Stream(settings, folder=Path("nowhere"))
    assert [len(stream.shards_of(step)) for step in (0, 59, 60, 600, 99_999)] == [4, 4, 5, 14, 40]


def test_rare_kinds_are_drawn_as_often_as_asked():
    settings = SETTINGS.model_copy(update={"rare_share": 1.0, "rare_kinds": ("maze", "views")})
    facts = draw_shard(RushesWorld(), settings, 0).facts
    assert {bool(item.views) for item in facts} == {True, False}
    assert all(item.views or item.background_kind == "maze" for item in facts)
    none = SETTINGS.model_copy(update={"rare_share": 0.0})
    plan = plan_shard(none, 0)
    first = RushesWorld().draw_tracked(
        seed=plan.first_seed, split="train", width_px=64, height_px=64, num_frames=16, fps=8
    )
    assert draw_shard(RushesWorld(), none, 0).facts[0] == first.facts


def test_every_second_shard_is_of_the_main_size():
    settings = TinySettings()
    plans = [plan_shard(settings, number) for number in range(60)]
    sizes = {(plan.width_px, plan.height_px) for plan in plans}
    assert all(
        (plan.width_px, plan.height_px, plan.num_frames, plan.fps) == (64, 64, 16, 8)
        for plan in plans[::2]
    )
    assert len(sizes) > 4
    seeds = [plan.first_seed for plan in plans]
    assert np.diff(seeds).tolist() == [settings.scenes_per_shard] * 59


def test_negatives_are_marked_and_take_the_batch_s_size(tmp_path):
    settings = SETTINGS.model_copy(update={"negative_share": 1.0})
    pool(tmp_path, settings)
    batch = Stream(settings, tmp_path).batch(1)
    assert batch.is_world_B.tolist() == [0] * 4
    with_none = Stream(SETTINGS.model_copy(update={"negative_share": 0.0}), tmp_path).batch(1)
    assert with_none.is_world_B.tolist() == [1] * 4
    assert with_none.frames_BTHWC.shape == batch.frames_BTHWC.shape


def test_given_footage_is_among_the_negatives(tmp_path):
    settings = SETTINGS.model_copy(update={"negative_share": 1.0, "damage_share": 0.0})
    pool(tmp_path, settings)
    footage = np.full((30, 70, 90, 3), 77, dtype=np.uint8)
    batches = [Stream(settings, tmp_path, negatives=[footage]).batch(step) for step in range(3)]
    shown = torch.cat([(batch.frames_BTHWC == 77).flatten(1).all(dim=1) for batch in batches])
    assert 0 < shown.sum() < len(shown)


def test_the_drawer_draws_ahead_and_removes_what_is_used(tmp_path):
    drawer = Drawer(RushesWorld(), SETTINGS, tmp_path, 0)
    try:
        stream = Stream(SETTINGS, tmp_path, drawer=drawer)
        first = stream.batch(0)
        assert first.frames_BTHWC.shape[0] == 4
        stream.batch(9)
        assert stream.shards_of(9).start == 3
        stream.open(6)
        assert not (tmp_path / "shard_000000.npz").exists()
        assert not (tmp_path / "shard_000000.npy").exists()
    finally:
        drawer.stop()


def test_damage_is_slight():
    rng = np.random.default_rng(0)
    for clip in drawn(20):
        frames = clip.frames.pixels_THWC
        hurt = damaged(rng, frames)
        assert hurt.shape == frames.shape
        assert hurt.dtype == np.uint8
        assert np.abs(hurt.astype(float) - frames).mean() < 25
