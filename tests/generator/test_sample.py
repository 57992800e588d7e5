import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from generator import dit
from generator.compose import Given, canvas, edit_canvas
from generator.dit import Size
from generator.sample import (
    Request,
    SampleSettings,
    blank,
    denoise,
    load_checkpoint,
    sample,
    sample_batch,
    sample_requests,
)
from generator.settings import TrainSettings
from generator.train import train
from schemas.errors import UserError

PROMPT = "A red circle moves up."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for the module: the first test trains into it, the others find it done."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(folder, footage):
    """Return the folder of a checkpoint of a short training, told the score `motion`."""
    drawn = footage(4)
    how = TrainSettings(
        size="nano",
        codec="pixels",
        max_pixels=256,
        max_frames=8,
        token_budget=64,
        steps=20,
        warmup=0,
        num_threads=1,
        scores=("motion",),
        score_dropout=0.0,
    )
    return train(drawn.dataset(), drawn, how, folder, resume=True).checkpoint_path


def quick(**changes):
    options = {"width_px": 16, "height_px": 16, "seconds": 1.0, "num_steps": 2}
    return SampleSettings(**{**options, **changes})


def differ(one, other):
    """Return the largest difference between two videos, in grey levels."""
    return np.abs(one.astype(int) - other.astype(int)).max()


def frames(count, width=16, height=16, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "seconds", "fps", "num_frames"),
    [
        (16, 16, 1.0, 8.0, 8),
        (33, 17, 0.9, 8.0, 7),
        (8, 40, 0.01, 8.0, 1),
        (1, 1, 1.5, 8.0, 12),
        (16, 16, 0.5, 12.0, 6),
    ],
)
def test_samples_have_exactly_the_size_and_length_asked_for(
    wild, width, height, seconds, fps, num_frames
):
    how = quick(width_px=width, height_px=height, seconds=seconds, fps=fps)
    video = sample(wild(), PROMPT, how)
    assert video.shape == (num_frames, height, width, 3)
    assert video.dtype == np.uint8


def test_the_same_seed_gives_the_same_pixels(wild):
    loaded = wild()
    first, again = (sample(loaded, PROMPT, quick(seed=3)) for _ in range(2))
    other = sample(loaded, PROMPT, quick(seed=4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("changes", [{}, {"guidance": "zero"}, {"window_tokens": 16}], ids=str)
def test_a_batch_gives_what_single_prompts_give(wild, changes):
    loaded = wild()
    how = quick(width_px=32, height_px=32, **changes)
    prompts = [PROMPT, "", "A blue square."]
    together = sample_batch(loaded, prompts, how, seeds=[5, 6, 7])
    for prompt, seed, video in zip(prompts, (5, 6, 7), together, strict=True):
        alone = sample_batch(loaded, [prompt], how, seeds=[seed])[0]
        assert differ(alone, video) <= 2


def test_requests_of_different_sizes_give_what_they_give_alone(wild):
    loaded = wild()
    source = frames(4, seed=1)
    requests = [
        Request(prompt=PROMPT, seed=1, canvas=blank(loaded, quick(num_steps=3))),
        Request(prompt="", seed=2, canvas=blank(loaded, quick(width_px=96, height_px=80))),
        Request(
            prompt=PROMPT,
            seed=3,
            canvas=edit_canvas(loaded.codec, 1, source, fps=8.0, strength=0.4, box=None),
        ),
        Request(prompt=PROMPT, seed=4, canvas=blank(loaded, quick(seconds=0.5))),
    ]
    together = sample_requests(loaded, requests, quick(num_steps=4))
    for request, video in zip(requests, together, strict=True):
        alone = sample_requests(loaded, [request], quick(num_steps=4))[0]
        assert differ(alone, video) <= 2


def test_many_requests_run_in_several_shares(wild, monkeypatch):
    loaded = wild()
    together = sample_batch(loaded, [PROMPT] * 3, quick(), seeds=[1, 2, 3])
    calls = []
    loaded.denoiser.dit.register_forward_pre_hook(lambda _, args: calls.append(args[3]))
    monkeypatch.setattr("generator.sample._TOKENS_AT_ONCE", 32)
    apart = sample_batch(loaded, [PROMPT] * 3, quick(), seeds=[1, 2, 3])
    assert set(calls) == {((2, 2, 2),) * 4, ((2, 2, 2),) * 2}
    assert all(differ(a, b) <= 2 for a, b in zip(together, apart, strict=True))


def test_guidance_scale_one_equals_no_guidance(wild):
    loaded = wild()
    one = sample(loaded, PROMPT, quick(guidance_scale=1.0))
    nearly = sample(loaded, PROMPT, quick(guidance_scale=1.0 + 1e-7))
    assert differ(one, nearly) <= 2
    zero = sample(loaded, PROMPT, quick(guidance_scale=0.0))
    null = sample(loaded, "", quick(guidance_scale=1.0))
    assert differ(zero, null) <= 2
    assert differ(one, null) > 2


@pytest.mark.parametrize("shared", [0.0, 0.8])
def test_sampling_starts_with_the_noise_of_training(wild, monkeypatch, shared):
    loaded = wild()
    settings = loaded.train_settings.model_copy(update={"shared_noise": shared})
    monkeypatch.setattr("generator.sample.walk", lambda state, *_: state)
    how = quick(width_px=64, height_px=64, image_first=False)
    request = Request(prompt="", canvas=blank(loaded, how), seed=3)
    [start] = denoise(replace(loaded, train_settings=settings), [request], how)
    groups = start.transpose(0, 1).flatten(1)
    assert groups.var().item() == pytest.approx(1.0, abs=0.03)
    assert torch.corrcoef(groups)[0, 1].item() == pytest.approx(shared, abs=0.04)


@pytest.mark.parametrize("guidance", ["plain", "zero"])
def test_guidance_away_from_no_prompt_leaves_no_prompt_as_it_is(wild, guidance):
    loaded = wild()
    plain = sample(loaded, "", quick(guidance_scale=1.0))
    guided = sample(loaded, "", quick(guidance_scale=5.0, guidance=guidance))
    assert differ(plain, guided) <= 2


def test_outside_its_interval_guidance_does_nothing(wild):
    loaded = wild()
    none = sample(loaded, PROMPT, quick(guidance_scale=1.0))
    everywhere = sample(loaded, PROMPT, quick(guidance_scale=4.0))
    nowhere = quick(guidance_scale=4.0, guidance_from=0.0, guidance_to=0.0)
    at_first = quick(guidance_scale=4.0, guidance_from=1.0, guidance_to=0.99)
    np.testing.assert_array_equal(sample(loaded, PROMPT, nowhere), none)
    some = sample(loaded, PROMPT, at_first)
    assert differ(some, none) > 2
    assert differ(some, everywhere) > 2


def test_zero_guidance_does_not_depend_on_what_is_predicted_of_known_tokens(wild):
    loaded = wild()
    gift = Given(pixels_THWC=frames(4), start_frame=0)
    clip = canvas(loaded.codec, 1, [gift], num_frames=8, width_px=16, height_px=16, fps=8.0)
    request = Request(prompt=PROMPT, seed=1, canvas=clip)
    how = quick(guidance="zero", guidance_scale=3.0)
    plain = denoise(loaded, [request], how)[0]

    def spoil(_, args, out):
        lost = args[2] == 0
        return torch.where(lost[:, None], torch.rand_like(out) * 100, out)

    loaded.denoiser.dit.register_forward_hook(spoil)
    torch.testing.assert_close(denoise(loaded, [request], how)[0], plain)


def test_auto_guidance_without_a_checkpoint_is_refused(wild):
    with pytest.raises(UserError, match="none is named") as caught:
        sample(wild(), PROMPT, quick(guidance="auto"))
    assert "sample.guide_checkpoint" in caught.value.hint


def test_auto_guidance_by_the_same_checkpoint_changes_nothing(trained):
    loaded = load_checkpoint(trained)
    auto = {"guidance": "auto", "guide_checkpoint": str(trained), "guidance_scale": 3.0}
    for prompt in (PROMPT, ""):
        plain = sample(loaded, prompt, quick(guidance_scale=1.0))
        assert differ(plain, sample(loaded, prompt, quick(**auto))) <= 2


def test_auto_guidance_leads_away_from_another_network(trained, wild, monkeypatch):
    loaded = load_checkpoint(trained)
    other = wild(scores=("motion",))
    monkeypatch.setattr("generator.sample.load_checkpoint", lambda path: other)
    auto = quick(guidance="auto", guide_checkpoint="other", guidance_scale=0.0)
    towards = sample(loaded, PROMPT, auto)
    assert differ(towards, sample(other, PROMPT, quick(guidance_scale=1.0))) <= 2


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"solver": "heun"},
        {"solver": "multistep", "num_steps": 4},
        {"guidance": "zero", "guidance_scale": 4.0},
        {"window_tokens": 16, "window_seconds": 0.5},
        {"cache_threshold": 0.5, "num_steps": 4},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", ["nano", "patched"])
def test_known_latents_come_back_unchanged(wild, monkeypatch, changes, size):
    patched = Size(width=96, depth=2, patch=2, head_width=48, text_buckets=64)
    monkeypatch.setitem(dit.SIZES, "nano", patched if size == "patched" else dit.SIZES["nano"])
    loaded = wild()
    gifts = [
        Given(pixels_THWC=frames(5, 40, 24), start_frame=0),
        Given(pixels_THWC=frames(4, 40, 24, seed=1), start_frame=12),
    ]
    clip = canvas(
        loaded.codec, loaded.patch, gifts, num_frames=16, width_px=40, height_px=24, fps=8.0
    )
    request = Request(prompt=PROMPT, seed=1, canvas=clip)
    (latents,) = denoise(loaded, [request], quick(**changes))
    known = clip.known_GHW.repeat_interleave(loaded.patch, 1).repeat_interleave(loaded.patch, 2)
    assert torch.equal(latents[:, known], clip.latents_CGHW[:, known])
    assert (latents[:, ~known] != clip.latents_CGHW[:, ~known]).any()
    video = sample_requests(loaded, [request], quick(**changes))[0]
    np.testing.assert_array_equal(video[:5], frames(5, 40, 24))
    np.testing.assert_array_equal(video[12:], frames(4, 40, 24, seed=1))


def test_windows_of_known_latents_alone_are_not_run(wild):
    loaded, ran = wild(), []
    loaded.denoiser.dit.register_forward_pre_hook(lambda _, args: ran.append(args[3]))
    gift = Given(pixels_THWC=frames(32), start_frame=0)
    clip = canvas(loaded.codec, 1, [gift], num_frames=40, width_px=16, height_px=16, fps=8.0)
    request = Request(prompt=PROMPT, seed=1, canvas=clip)
    how = quick(num_steps=1, window_seconds=1.0, window_tokens=16, guidance_scale=1.0)
    video = sample_requests(loaded, [request], how)[0]
    # Windows of two groups begin at every group; the last two of them see the end.
    assert ran == [((2, 2, 2), (2, 2, 2))]
    np.testing.assert_array_equal(video[:32], frames(32))
    assert len(video) == 40


def test_a_clip_of_which_everything_is_known_comes_back(wild):
    loaded = wild()
    gift = Given(pixels_THWC=frames(6), start_frame=0)
    clip = canvas(loaded.codec, 1, [gift], num_frames=6, width_px=16, height_px=16, fps=8.0)
    video = sample_requests(loaded, [Request(prompt=PROMPT, seed=1, canvas=clip)], quick())[0]
    np.testing.assert_array_equal(video, frames(6))


def test_known_frames_change_what_is_made_beside_them(wild):
    loaded = wild()
    videos = []
    for seed in (1, 2):
        gift = Given(pixels_THWC=frames(4, seed=seed), start_frame=0)
        clip = canvas(loaded.codec, 1, [gift], num_frames=8, width_px=16, height_px=16, fps=8.0)
        request = Request(prompt=PROMPT, seed=0, canvas=clip)
        videos.append(sample_requests(loaded, [request], quick())[0])
    assert differ(videos[0][4:], videos[1][4:]) > 2


def test_an_edit_of_no_strength_is_the_video_itself(wild):
    loaded, source = wild(), frames(6)
    for strength, close in ((0.0, True), (0.5, False)):
        clip = edit_canvas(loaded.codec, 1, source, fps=8.0, strength=strength, box=None)
        request = Request(prompt=PROMPT, seed=0, canvas=clip)
        video = sample_requests(loaded, [request], quick())[0]
        assert (differ(video, source) == 0) == close


def test_an_edit_within_a_box_leaves_the_rest(wild):
    loaded, source = wild(), frames(4, 32, 16)
    clip = edit_canvas(loaded.codec, 1, source, fps=8.0, strength=1.0, box=(0.0, 1.0, 0.5, 1.0))
    video = sample_requests(loaded, [Request(prompt=PROMPT, seed=0, canvas=clip)], quick())[0]
    np.testing.assert_array_equal(video[:, :, :16], source[:, :, :16])
    assert differ(video[:, :, 16:], source[:, :, 16:]) > 2


def test_sampling_uses_the_averaged_weights(trained):
    from generator.checkpoint import load

    found = load(trained, with_optimizer=False)
    name = "dit.head.weight"
    assert not torch.equal(found.ema[name], found.weights[name])
    for averaged, tensors in ((True, found.ema), (False, found.weights)):
        loaded = load_checkpoint(trained, averaged=averaged)
        assert torch.equal(loaded.denoiser.state_dict()[name].cpu(), tensors[name])
    assert loaded.checkpoint_id == found.checkpoint_id
    assert loaded.score_units == found.state["score_units"]
    assert not loaded.denoiser.training


def test_scores_asked_for_change_the_video_where_they_were_trained(trained):
    loaded = load_checkpoint(trained)
    plain, slow, fast, camera = (
        sample(loaded, PROMPT, quick(**asked))
        for asked in ({}, {"motion": 1.0}, {"motion": 40.0}, {"camera": "left"})
    )
    assert differ(plain, slow) > 0
    assert differ(slow, fast) > 0
    # This one was not told where the camera goes.
    np.testing.assert_array_equal(plain, camera)


@pytest.mark.parametrize(
    "asked",
    [{"camera": "left"}, {"camera": "up"}, {"camera": "in"}, {"motion": 3.0}],
    ids=str,
)
def test_every_score_asked_for_reaches_a_network_that_knows_it(wild, asked):
    loaded = wild(scores=("motion", "pan_x", "pan_y", "zoom"))
    assert differ(sample(loaded, PROMPT, quick()), sample(loaded, PROMPT, quick(**asked))) > 0
    deaf = wild()
    plain = sample(deaf, PROMPT, quick())
    np.testing.assert_array_equal(plain, sample(deaf, PROMPT, quick(**asked)))


@pytest.mark.parametrize(
    ("asked", "scores"),
    [
        ({}, {}),
        ({"motion": 4.0}, {"motion": 4.0}),
        ({"camera": "left"}, {"pan_x": -0.15, "pan_y": 0.0, "zoom": 0.0}),
        ({"camera": "down", "camera_speed": 0.5}, {"pan_x": 0.0, "pan_y": 0.5, "zoom": 0.0}),
        ({"camera": "out"}, {"pan_x": 0.0, "pan_y": 0.0, "zoom": -0.15}),
        ({"camera": "still"}, {"pan_x": 0.0, "pan_y": 0.0, "zoom": 0.0}),
    ],
    ids=str,
)
def test_a_camera_is_asked_for_by_its_scores(asked, scores):
    assert quick(**asked).scores() == scores


def test_scores_are_told_in_the_units_of_training(wild):
    loaded = wild(scores=("motion",))
    double = replace(loaded, score_units={"motion": 4.0})
    one = sample(loaded, PROMPT, quick(motion=3.0))
    np.testing.assert_array_equal(one, sample(double, PROMPT, quick(motion=6.0)))


@pytest.mark.parametrize(
    "changes", [{"num_steps": 0}, {"guidance": "other"}, {"camera": "sideways"}, {"seconds": 0}]
)
def test_settings_that_mean_nothing_are_refused(changes):
    with pytest.raises(ValidationError):
        quick(**changes)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(UserError, match="no checkpoint at"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ({"source": "another"}, "no codec `another`"),
        ({"revision": "99"}, "revision 99 of the codec `pixels`, here is 2"),
    ],
    ids=["codec", "revision"],
)
def test_a_checkpoint_of_another_codec_is_refused(trained, tmp_path, codec, message):
    copy = tmp_path / trained.name
    shutil.copytree(trained, copy)
    state = json.loads((copy / "checkpoint.json").read_text())
    state["codec"] |= codec
    (copy / "checkpoint.json").write_text(json.dumps(state))
    with pytest.raises(UserError, match=message):
        load_checkpoint(copy)


def test_a_checkpoint_of_another_shape_is_refused(trained, tmp_path):
    copy = tmp_path / trained.name
    shutil.copytree(trained, copy)
    state = json.loads((copy / "checkpoint.json").read_text())
    state["settings"]["size"] = "tiny"
    (copy / "checkpoint.json").write_text(json.dumps(state))
    with pytest.raises(UserError, match="another shape than tiny"):
        load_checkpoint(copy)
