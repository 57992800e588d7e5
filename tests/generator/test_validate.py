from dataclasses import replace

import numpy as np
import pytest
import torch

from generator import flow
from generator.codec import PixelCodec
from generator.dit import SIZES
from generator.flow import MIN_TIMESTEP, Denoiser
from generator.settings import TrainSettings, ValidationSettings
from generator.validate import Validation, split_off
from schemas.facts import Facts, ObjectFacts

CPU = torch.device("cpu")


def settings(**validation):
    return TrainSettings(
        size="nano", codec="pixels", max_frames=8, validation=ValidationSettings(**validation)
    )


def named(cached, count):
    """Return clips that differ in their ids alone."""
    one = cached()
    return [replace(one, clip_id=f"clip_{i:04d}") for i in range(count)]


def test_every_clip_is_trained_or_validated_on_and_none_is_both(cached):
    clips = named(cached, 300)
    trained, held = split_off(clips, ValidationSettings(share=0.2, max_clips=300))
    assert sorted(c.clip_id for c in (*trained, *held)) == [c.clip_id for c in clips]
    assert len(held) / 300 == pytest.approx(0.2, abs=0.07)
    for side in (trained, held):
        assert [c.clip_id for c in side] == sorted(c.clip_id for c in side)


def test_the_side_of_a_clip_does_not_depend_on_other_clips(cached):
    clips, how = named(cached, 200), ValidationSettings(share=0.3, max_clips=200)
    held = {c.clip_id for c in split_off(clips, how)[1]}
    for part in (clips[:50], clips[::3], clips[::-1]):
        assert {c.clip_id for c in split_off(part, how)[1]} == held & {c.clip_id for c in part}


def test_more_clips_than_asked_for_are_not_held_out(cached):
    clips = named(cached, 200)
    all_held = split_off(clips, ValidationSettings(share=0.3, max_clips=200))[1]
    trained, held = split_off(clips, ValidationSettings(share=0.3, max_clips=5))
    assert len(held) == 5
    assert len(trained) == 195
    assert set(map(id, held)) < set(map(id, all_held))


@pytest.mark.parametrize(("count", "share"), [(9, 0.9), (200, 0.0)], ids=["few clips", "no share"])
def test_nothing_is_held_out(cached, count, share):
    clips = named(cached, count)
    trained, held = split_off(clips, ValidationSettings(share=share))
    assert (list(trained), held) == (clips, ())


def test_a_clip_is_left_to_train_on(cached):
    trained, held = split_off(named(cached, 10), ValidationSettings(share=0.999))
    assert (len(trained), len(held)) == (1, 9)


def validation(clips, world=None, **how):
    return Validation(clips, settings(**how), PixelCodec(), world, {}, 4.0)


def test_a_fresh_network_has_the_loss_of_predicting_nothing(cached, monkeypatch):
    # The best linear guess aside, which would depend on the noise.
    monkeypatch.setattr(flow, "linear_guess", lambda t: (torch.zeros_like(t), torch.ones_like(t)))
    clips = [cached(i, num_frames=n) for i, n in enumerate((8, 9, 12))]
    measured = validation(clips).measure(Denoiser(SIZES["nano"], 2), CPU, None)
    powers = [np.square(clip.open()[:2].astype(np.float64)).mean() for clip in clips]
    for t in (0.05, 0.45, 0.95):
        expected = np.mean(powers) / max(t, MIN_TIMESTEP) ** 2
        assert measured[f"loss/t={t:.2f}"] == pytest.approx(expected, rel=1e-5)
    by_timestep = [value for name, value in measured.items() if name.startswith("loss/t=")]
    assert len(by_timestep) == 10
    assert measured["loss"] == pytest.approx(np.mean(by_timestep))
    assert measured["loss/2x2x2"] == pytest.approx(measured["loss"])


def test_numbers_are_given_for_each_size(cached):
    clips = [cached(0), cached(1, grid=(1, 3)), cached(2, num_frames=5)]
    measured = validation(clips).measure(Denoiser(SIZES["nano"], 2), CPU, None)
    sizes = {n for n in measured if n.startswith("loss/") and "x" in n}
    assert sizes == {"loss/2x2x2", "loss/2x1x3"}


def test_the_same_network_gives_the_same_numbers_and_is_left_as_it_was(cached, awake):
    clips = [cached(i) for i in range(3)]
    denoiser = awake(Denoiser(SIZES["nano"], 2))
    before = {k: v.clone() for k, v in denoiser.state_dict().items()}
    state = torch.get_rng_state()
    measuring = validation(clips)
    first = measuring.measure(denoiser, CPU, None)
    assert measuring.measure(denoiser, CPU, None) == first
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(v, before[k]) for k, v in denoiser.state_dict().items())
    assert all(p.grad is None for p in denoiser.parameters())


def test_a_caption_is_worth_what_the_loss_rises_under_another_clips_caption(cached, awake):
    denoiser = awake(Denoiser(SIZES["nano"], 2))
    clips = [cached(0, captions={"long": "red"}), cached(1, captions={"long": "to the left"})]
    swapped = [replace(a, captions=b.captions) for a, b in zip(clips, clips[::-1], strict=True)]
    own = validation(clips).measure(denoiser, CPU, None)
    other = validation(swapped).measure(denoiser, CPU, None)
    for t in ("0.05", "0.95"):
        rise = other[f"loss/t={t}"] - own[f"loss/t={t}"]
        assert own[f"text/t={t}"] == pytest.approx(rise, rel=1e-3, abs=1e-6)
        assert own[f"text/t={t}"] != 0
    alike = [replace(clip, captions=clips[0].captions) for clip in clips]
    assert "text/t=0.95" not in validation(alike).measure(denoiser, CPU, None)


def test_clips_with_bad_latents_are_left_out(cached):
    clips = [cached(i) for i in range(3)]
    denoiser = Denoiser(SIZES["nano"], 2)
    without = validation(clips[:2]).measure(denoiser, CPU, None)
    clips[2].path.unlink()
    assert validation(clips).measure(denoiser, CPU, None) == pytest.approx(without)


class RedOnly:
    """A world that sees a red circle in every sample, and remembers the samples."""

    def __init__(self):
        self.seen = []

    def read(self, frames):
        self.seen.append(frames)
        return Facts(objects=(ObjectFacts(colour="red", shape="circle"),))


def test_prompts_are_sampled_and_read_by_the_world(cached, wild):
    loaded, world = wild(), RedOnly()
    captions = ["A red circle.", "A blue circle.", "zxcvb", "A red circle."]
    clips = [
        replace(cached(i, captions={"medium": text}, grid=(2, 1)), num_channels=768)
        for i, text in enumerate(captions)
    ]
    measuring = validation(clips, world, num_prompts=3, num_steps=1)
    found = measuring._read_prompts(loaded.denoiser, CPU, None)
    # Count, colour and shape of the first are right; the second's colour is not; the third has
    # nothing to be right about, and the fourth is not asked for.
    assert found == {"prompt_accuracy": pytest.approx((1 + 2 / 3) / 2)}
    assert [frames.pixels_THWC.shape for frames in world.seen] == [(8, 16, 8, 3)] * 3
    assert world.seen[0].times_s[1] == 1 / 8


def test_without_a_world_or_a_wish_no_prompt_is_sampled(cached, wild):
    denoiser = wild().denoiser
    assert validation([cached()], num_prompts=3)._read_prompts(denoiser, CPU, None) == {}
    world = RedOnly()
    assert validation([cached()], world)._read_prompts(denoiser, CPU, None) == {}
    assert world.seen == []
