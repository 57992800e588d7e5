import json

import numpy as np
import pytest
import torch

from generator.sample import SampleSettings, load_checkpoint, sample, sample_batch
from generator.train import TrainSettings, train
from schemas.errors import UserError

PROMPT = "A red circle moves up."


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One folder for the module: the first test trains into it, the others find it done."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def loaded(trained, footage):
    drawn = footage(4)
    how = TrainSettings(
        size="nano",
        max_pixels=256,
        max_frames=8,
        token_budget=24,
        steps=30,
        warmup=0,
        num_threads=1,
    )
    return load_checkpoint(train(drawn.dataset(), drawn, how, trained, resume=True).checkpoint_path)


def quick(**changes):
    options = {"width_px": 16, "height_px": 16, "seconds": 1.0, "num_steps": 2}
    return SampleSettings(**{**options, **changes})


@pytest.mark.parametrize(
    ("width", "height", "seconds", "frames"),
    [(16, 16, 1.0, 8), (33, 17, 0.9, 7), (8, 40, 0.01, 1), (1, 1, 1.5, 12)],
)
def test_samples_have_exactly_the_size_and_length_asked_for(loaded, width, height, seconds, frames):
    video = sample(loaded, PROMPT, quick(width_px=width, height_px=height, seconds=seconds))
    assert video.shape == (frames, height, width, 3)
    assert video.dtype == np.uint8


def test_the_same_seed_gives_the_same_pixels(loaded):
    first, again = (sample(loaded, PROMPT, quick(seed=3)) for _ in range(2))
    other = sample(loaded, PROMPT, quick(seed=4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_batch_gives_what_single_prompts_give(loaded):
    prompts = [PROMPT, "", "A blue square."]
    together = sample_batch(loaded, prompts, quick(), seeds=[5, 6, 7])
    for prompt, seed, video in zip(prompts, (5, 6, 7), together, strict=True):
        alone = sample(loaded, prompt, quick(seed=seed))
        assert np.abs(alone.astype(int) - video.astype(int)).max() <= 2


def test_guidance_scale_one_equals_no_guidance(loaded):
    one = sample(loaded, PROMPT, quick(guidance_scale=1.0))
    nearly = sample(loaded, PROMPT, quick(guidance_scale=1.0 + 1e-7))
    assert np.abs(one.astype(int) - nearly.astype(int)).max() <= 2
    zero, null = (
        sample(loaded, PROMPT, quick(guidance_scale=0.0)),
        sample(loaded, "", quick(guidance_scale=1.0)),
    )
    assert np.abs(zero.astype(int) - null.astype(int)).max() <= 2


def test_sampling_uses_the_averaged_weights(loaded):
    from generator.checkpoint import load

    found = load(loaded.path, with_optimizer=False)
    name = "dit.head.weight"
    assert torch.equal(dict(loaded.denoiser.named_parameters())[name].cpu(), found.ema[name])
    assert not torch.equal(found.ema[name], found.weights[name])


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(UserError, match="no checkpoint at"):
        load_checkpoint(tmp_path)


def test_a_checkpoint_of_an_unknown_codec_is_refused(loaded, tmp_path):
    copy = tmp_path / "step_00000003"
    copy.mkdir()
    for file in loaded.path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    state = json.loads((copy / "checkpoint.json").read_text())
    state["codec"]["name"] = "another"
    (copy / "checkpoint.json").write_text(json.dumps(state))
    with pytest.raises(UserError, match="codec another"):
        load_checkpoint(copy)
