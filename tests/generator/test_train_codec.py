import csv
import math

import numpy as np
import pytest
import torch

from generator import autoencoder
from generator.autoencoder import Autoencoder
from generator.checkpoint import checkpoints, load
from generator.codecs import open_codec
from generator.learned_codec import ENCODER, read_weights
from generator.train_codec import (
    CodecSettings,
    Crops,
    codec_loss,
    decode,
    reconstruct,
    train_codec,
)
from schemas.datasets import Dataset
from schemas.errors import UserError

SMALL = {
    "max_pixels": 32 * 32,
    "max_frames": 24,
    "crop_px": 16,
    "batch": 2,
    "warmup": 2,
    "num_threads": 1,
}


def settings(**changes):
    return CodecSettings(**{**SMALL, "steps": 4, **changes})


@pytest.fixture
def drawn(footage):
    return footage(4)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Make the network small and start it from few patches, so that a step takes little."""
    for name, value in (("_WIDTH", 24), ("_ENCODER_BLOCKS", 1), ("_DECODER_BLOCKS", 2)):
        monkeypatch.setattr(autoencoder, name, value)
    plain = Autoencoder.start_linear
    monkeypatch.setattr(
        Autoencoder, "start_linear", lambda self, patches: plain(self, patches[:400])
    )


def test_the_loss_falls_on_drawn_footage(drawn, tmp_path):
    losses = []
    result = train_codec(
        drawn.dataset(),
        drawn,
        settings(steps=60, batch=4),
        tmp_path,
        on_step=lambda step: losses.append(step.loss),
    )
    assert np.mean(losses[-20:]) < np.mean(losses[:20]) - 0.1
    assert (result.step, result.num_clips, result.unreadable) == (60, 4, ())
    assert math.isfinite(result.psnr_db)
    codec = open_codec(str(result.path))
    assert codec.revision == result.revision


def test_stop_and_resume_equals_an_unbroken_run(drawn, tmp_path):
    def stop(report):
        if report.step == 3:
            raise KeyboardInterrupt

    how = settings(checkpoint_every=2)
    whole = train_codec(drawn.dataset(), drawn, how, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_codec(drawn.dataset(), drawn, how, tmp_path / "broken", on_step=stop)
    resumed = train_codec(drawn.dataset(), drawn, how, tmp_path / "broken", resume=True)
    assert resumed.revision == whole.revision
    assert resumed.psnr_db == whole.psnr_db
    first, second = (
        load(checkpoints(tmp_path / name / "checkpoints")[-1], with_optimizer=True)
        for name in ("whole", "broken")
    )
    for name in ("weights", "ema", "optimizer"):
        ours, theirs = getattr(first, name), getattr(second, name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours), name
    curves = [
        [(r["step"], r["loss"]) for r in csv.DictReader((tmp_path / n / "losses.csv").open())]
        for n in ("whole", "broken")
    ]
    assert curves[0] == curves[1]
    assert [int(step) for step, _ in curves[0]] == [1, 2, 3, 4]


def test_a_finished_run_resumed_is_the_same_codec(drawn, tmp_path):
    first = train_codec(drawn.dataset(), drawn, settings(steps=2), tmp_path)
    again = train_codec(drawn.dataset(), drawn, settings(steps=2), tmp_path, resume=True)
    assert again == first


def test_clips_are_decoded_once_and_those_that_cannot_be_read_are_named(footage, tmp_path):
    drawn = footage(4, broken={"clip_0002": "decode_timeout"})
    found, unreadable = decode(drawn.dataset(), drawn, settings(), tmp_path)
    assert [clip_id for clip_id, _ in found] == ["clip_0000", "clip_0001", "clip_0003"]
    assert unreadable == ("clip_0002",)
    reads = drawn.num_reads
    assert decode(drawn.dataset(), drawn, settings(), tmp_path)[0] == found
    assert drawn.num_reads == reads + 1
    for _, path in found:
        frames = np.load(path)
        assert len(frames) <= 24
        assert frames.shape[1] % 8 == frames.shape[2] % 8 == 0
        assert frames.shape[1] * frames.shape[2] <= 32 * 32


def test_every_nth_clip_of_a_large_dataset_is_decoded(footage, tmp_path):
    drawn = footage(5)
    found, _ = decode(drawn.dataset(), drawn, settings(max_clips=2), tmp_path)
    assert [clip_id for clip_id, _ in found] == ["clip_0000", "clip_0003"]


def clip_files(folder, *shapes):
    rng = np.random.default_rng(0)
    for number, shape in enumerate(shapes):
        np.save(folder / f"{number}.npy", rng.integers(0, 256, (*shape, 3), dtype=np.uint8))
    return [folder / f"{number}.npy" for number in range(len(shapes))]


def test_a_batch_is_a_function_of_seed_and_step(tmp_path):
    paths = clip_files(tmp_path, (20, 24, 32), (13, 16, 40))
    crops, again = (Crops(paths, settings(), [1.0, 1.0]) for _ in range(2))
    for step in (0, 7):
        assert torch.equal(crops.batch(step)[0], again.batch(step)[0])
    assert not torch.equal(crops.batch(0)[0], crops.batch(1)[0])
    other = Crops(paths, settings(seed=1), [1.0, 1.0])
    assert not torch.equal(crops.batch(0)[0], other.batch(0)[0])


@pytest.mark.parametrize("shape", [(4, 8, 8), (12, 16, 16), (40, 24, 96), (5, 64, 8)], ids=str)
def test_clips_of_any_size_give_crops_of_one(tmp_path, shape):
    crops = Crops(clip_files(tmp_path, shape), settings(batch=20), [1.0])
    pixels, single = crops.batch(0)
    assert pixels.shape == (20, 12, 16, 16, 3)
    assert single.shape == (20, 3)
    assert pixels.abs().max() <= 1.0
    assert pixels.std() > 0.05


def test_clips_are_drawn_by_their_weights(tmp_path):
    paths = clip_files(tmp_path, (12, 16, 16), (12, 16, 16))
    np.save(paths[0], np.zeros((12, 16, 16, 3), np.uint8))
    crops = Crops(paths, settings(batch=400), [3.0, 1.0])
    black = (crops.batch(0)[0] == -1.0).flatten(1).all(1).float().mean()
    assert black == pytest.approx(0.75, abs=0.08)


def test_reconstruction_counts_one_frame_of_single_groups(awake):
    torch.manual_seed(0)
    network = awake(Autoencoder(), 0.03)
    pixels = torch.rand(2, 12, 16, 16, 3) * 2 - 1
    single = torch.tensor([[True, False, False], [False, True, True]])
    with torch.no_grad():
        out, target, latents = reconstruct(network, pixels, single)
    assert out.shape == target.shape == pixels.shape
    assert latents.shape == (6, 16, 2, 2)
    assert torch.equal(target[0, :4], pixels[0, :1].expand(4, -1, -1, -1))
    assert torch.equal(target[0, 4:], pixels[0, 4:])
    assert torch.equal(out[0, 0], out[0, 3])
    assert not torch.equal(out[0, 4], out[0, 7])


def test_crops_of_a_batch_do_not_see_one_another(awake):
    torch.manual_seed(0)
    network = awake(Autoencoder(), 0.03)
    pixels = torch.rand(2, 12, 16, 16, 3) * 2 - 1
    single = torch.zeros(2, 3, dtype=torch.bool)
    with torch.no_grad():
        together, _, _ = reconstruct(network, pixels, single)
        alone, _, _ = reconstruct(network, pixels[:1], single[:1])
    torch.testing.assert_close(together[:1], alone, atol=1e-4, rtol=1e-4)


def test_psnr_is_that_of_the_definition():
    target = torch.zeros(2, 4, 8, 8, 3)
    loss, psnr_db = codec_loss(target + 0.2, target)
    assert psnr_db == pytest.approx(20.0, abs=1e-4)
    better, _ = codec_loss(target + 0.1, target)
    assert better < loss


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"learning_rate": 0.5}, "learning_rate"), ({"seed": 1}, "seed"), ({"batch": 1}, "batch")],
    ids=["rate", "seed", "batch"],
)
def test_resuming_with_other_settings_is_refused(drawn, tmp_path, changes, what):
    train_codec(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    with pytest.raises(UserError, match=rf"cannot resume .*: {what} was .*, is "):
        train_codec(drawn.dataset(), drawn, settings(**changes), tmp_path, resume=True)


def test_resuming_with_another_dataset_is_refused(drawn, footage, tmp_path):
    train_codec(drawn.dataset(), drawn, settings(steps=1), tmp_path)
    other = footage(3)
    with pytest.raises(UserError, match=r"cannot resume .*: dataset was .*, is "):
        train_codec(other.dataset(), other, settings(), tmp_path, resume=True)


@pytest.mark.parametrize("why", ["empty", "unreadable"])
def test_a_dataset_without_footage_is_refused(footage, tmp_path, why):
    drawn = footage(1, broken={"clip_0000": "file_missing"})
    dataset = (
        drawn.dataset() if why == "unreadable" else Dataset(dataset_id="e", name="e", clips=())
    )
    with pytest.raises(UserError, match="no clip of dataset") as caught:
        train_codec(dataset, drawn, settings(), tmp_path)
    assert "longer clips" in caught.value.hint


def test_a_decoder_trained_alone_leaves_latents_as_they_were(drawn, tmp_path):
    first = train_codec(drawn.dataset(), drawn, settings(), tmp_path / "first")
    how = settings(init=str(first.path), decoder_only=True)
    second = train_codec(drawn.dataset(), drawn, how, tmp_path / "second")
    one, two = read_weights(first.path), read_weights(second.path)
    kept = {name for name in one if torch.equal(one[name], two[name])}
    assert {name for name in one if name.startswith(ENCODER)} <= kept
    assert any(name.startswith("decode_") for name in one.keys() - kept)
    assert second.revision == first.revision
    pixels = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    codecs = [open_codec(str(result.path)) for result in (first, second)]
    latents = [codec.encode(pixels, (4, 4)) for codec in codecs]
    torch.testing.assert_close(*latents, atol=0, rtol=0)


def test_training_goes_on_from_a_codec(drawn, tmp_path):
    first = train_codec(drawn.dataset(), drawn, settings(), tmp_path / "first")
    still = {"steps": 1, "learning_rate": 1e-9, "matrix_learning_rate": 1e-9}
    how = settings(init=str(first.path), **still)
    second = train_codec(drawn.dataset(), drawn, how, tmp_path / "second")
    one, two = read_weights(first.path), read_weights(second.path)
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], atol=2e-3, rtol=2e-3)
    with pytest.raises(UserError, match="no codec can be read"):
        train_codec(drawn.dataset(), drawn, settings(init="nowhere"), tmp_path / "third")
