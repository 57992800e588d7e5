"""Codecs of diffusers, by small checkpoints of the real classes with random weights."""

import builtins
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")

from generator.clips import TrainingClip, encode_all, frame_offsets, write_array
from generator.codec import starts_of
from generator.codecs import PRETRAINED, open_codec
from generator.compose import Given, canvas, edit_canvas
from generator.data import DrawSettings, Order, draw, item_of
from generator.pretrained import PretrainedCodec, load_pretrained
from generator.sample import SampleSettings, blank, load_checkpoint, sample, sample_requests
from generator.setup import most_groups
from generator.tasks import FROM_THE_START, TaskMix
from generator.train import TrainSettings, train
from schemas.errors import UserError
from schemas.mix import CaptionMix
from schemas.vision_imports import ready_vision

WAN = {
    "base_dim": 4,
    "dim_mult": [1, 2, 2, 2],
    "num_res_blocks": 1,
    "temperal_downsample": [False, True, True],
}
KL = {"latent_channels": 4, "block_out_channels": (4, 4, 4, 4), "norm_num_groups": 2}
STRIDES = {
    "wan": (4, 8, 8),
    "wan2.2": (4, 16, 16),
    "ltx": (8, 32, 32),
    "ltx0.9.1": (8, 32, 32),
    "hunyuan": (4, 8, 8),
    "cogvideox": (4, 8, 8),
}
LENGTHS = (1, 2, 5, 8, 13)


def network(which: str, seed: int = 0):
    """Return a small autoencoder of the real class; weights wide enough to tell pictures apart."""
    ready_vision()
    import diffusers

    torch.manual_seed(seed)
    if which == "wan":
        units = {"latents_mean": [0.1, -0.2, 0.3, 0.0], "latents_std": [0.5, 1.0, 2.0, 0.25]}
        return diffusers.AutoencoderKLWan(z_dim=4, **WAN, **units)
    if which == "wan2.2":
        return diffusers.AutoencoderKLWan(
            **WAN,
            z_dim=6,
            decoder_base_dim=4,
            is_residual=True,
            patch_size=2,
            in_channels=12,
            out_channels=12,
            scale_factor_spatial=16,
            latents_mean=[0.0] * 6,
            latents_std=[1.0] * 6,
        )
    if which.startswith("ltx"):
        widths, layers = (8, 8, 8, 8), (1, 1, 1, 1, 1)
        noisy = which == "ltx0.9.1"
        found = diffusers.AutoencoderKLLTXVideo(
            latent_channels=8,
            block_out_channels=widths,
            decoder_block_out_channels=widths,
            layers_per_block=layers,
            decoder_layers_per_block=layers,
            timestep_conditioning=noisy,
            decoder_inject_noise=(noisy,) * 5,
        )
        found.latents_mean.normal_()
        found.latents_std.uniform_(0.5, 2.0)
        if noisy:
            for name, parameter in found.named_parameters():
                if "per_channel_scale" in name:
                    parameter.data.fill_(0.5)
        return found
    if which == "hunyuan":
        return diffusers.AutoencoderKLHunyuanVideo(layers_per_block=1, **KL)
    return diffusers.AutoencoderKLCogVideoX(
        layers_per_block=1, sample_height=96, sample_width=160, **KL
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """A saved checkpoint of each kind."""
    root = tmp_path_factory.mktemp("codecs")
    for which in STRIDES:
        network(which).save_pretrained(root / which)
    return {which: root / which for which in STRIDES}


@pytest.fixture(scope="module")
def codecs(folders) -> dict[str, PretrainedCodec]:
    """Each of them, loaded."""
    return {which: load_pretrained(family_of(which), str(folders[which])) for which in STRIDES}


def family_of(which: str) -> str:
    return which.rstrip("0123456789.")


@pytest.fixture(params=STRIDES)
def codec(request, codecs) -> PretrainedCodec:
    return codecs[request.param]


@pytest.fixture
def film(footage):
    """Return a maker of drawn frames T,H,W,3."""

    def make(num_frames: int, height: int = 64, width: int = 64) -> np.ndarray:
        drawing = footage(1).drawings[0]
        return np.stack([drawing.frame(i, width, height) for i in range(num_frames)])

    return make


def test_every_family_that_a_recipe_may_name_is_known():
    assert {family_of(which) for which in STRIDES} == set(PRETRAINED)


@pytest.mark.parametrize("which", STRIDES)
def test_the_stride_is_that_of_the_config(codecs, which):
    codec = codecs[which]
    assert codec.stride == STRIDES[which]
    assert codec.name == family_of(which)
    assert not codec.is_local


def test_the_first_frame_is_a_group_and_the_last_group_holds_what_is_left_over(codec):
    st = codec.stride[0]
    for num_frames in range(1, 4 * st + 3):
        layout = codec.layout(num_frames)
        assert sum(layout) == num_frames
        assert layout[0] == 1
        assert all(frames == st for frames in layout[1:-1])
        assert 1 <= layout[-1] <= st
        assert len(layout) == -(-(num_frames - 1) // st) + 1
    with pytest.raises(ValueError, match="0 frames"):
        codec.layout(0)


@pytest.mark.parametrize("num_frames", LENGTHS)
def test_latents_and_frames_have_the_shapes_that_the_layout_says(codec, film, num_frames):
    _, sh, sw = codec.stride
    layout = codec.layout(num_frames)
    latents = codec.encode(film(num_frames, 40, 50), layout)
    assert latents.shape == (codec.num_channels, len(layout), -(-40 // sh), -(-50 // sw))
    assert latents.dtype == torch.float32
    pixels = codec.decode(latents, layout, width_px=50, height_px=40)
    assert pixels.shape == (num_frames, 40, 50, 3)
    assert pixels.dtype == np.uint8


def test_encoding_and_decoding_are_deterministic(codec, film):
    layout = codec.layout(6)
    first, second = (codec.encode(film(6), layout) for _ in range(2))
    assert torch.equal(first, second)
    torch.manual_seed(1)
    one = codec.decode(first, layout, width_px=64, height_px=64)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two = codec.decode(first, layout, width_px=64, height_px=64)
    assert np.array_equal(one, two)
    assert torch.equal(before, torch.get_rng_state())


def test_another_layout_is_refused(codec, film):
    for layout in ((codec.stride[0],), (1, 1, 1, 1), (1, *codec.layout(4)), ()):
        if layout != codec.layout(4):
            with pytest.raises(ValueError, match="do not go into groups"):
                codec.encode(film(4), layout)


def test_the_first_frame_is_encoded_as_a_still_picture(codec, film):
    frames = film(2 * codec.stride[0] + 1)
    later = frames.copy()
    later[1:] = 255 - later[1:]
    alone = codec.encode(frames[:1], (1,))
    for pixels in (frames, later):
        latents = codec.encode(pixels, codec.layout(len(pixels)))
        torch.testing.assert_close(latents[:, :1], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("which", ["wan", "wan2.2", "ltx"])
def test_latents_do_not_depend_on_later_frames(codecs, film, which):
    codec = codecs[which]
    st = codec.stride[0]
    frames = film(3 * st + 1)
    latents = codec.encode(frames, codec.layout(len(frames)))
    later = frames.copy()
    later[1 + st :] = 255 - later[1 + st :]
    changed = codec.encode(later, codec.layout(len(later)))
    torch.testing.assert_close(changed[:, :2], latents[:, :2], rtol=0, atol=1e-5)
    assert (changed[:, 2:] - latents[:, 2:]).abs().max() > 1e-3
    start = codec.encode(frames[: 1 + st], codec.layout(1 + st))
    torch.testing.assert_close(start, latents[:, :2], rtol=0, atol=1e-5)


def test_frames_left_over_are_a_group_that_stands_still_at_its_end(codec, film):
    frames = film(3)
    st = codec.stride[0]
    still = np.concatenate([frames, np.repeat(frames[-1:], st - 2, 0)])
    short = codec.encode(frames, codec.layout(3))
    assert torch.equal(short, codec.encode(still, codec.layout(1 + st)))
    whole = codec.decode(short, codec.layout(1 + st), width_px=64, height_px=64)
    cut = codec.decode(short, codec.layout(3), width_px=64, height_px=64)
    assert np.array_equal(cut, whole[:3])


@pytest.mark.parametrize("which", ["wan", "cogvideox"])
@pytest.mark.parametrize("num_groups", [2, 4])
def test_an_even_number_of_groups_is_decoded_in_its_time(codecs, film, which, num_groups):
    """A group more, which only goes on with the last, changes nothing before it."""
    codec = codecs[which]
    num_frames = 4 * num_groups - 3
    latents = codec.encode(film(num_frames), codec.layout(num_frames))
    longer = torch.cat((latents, latents[:, -1:]), 1)
    size = {"width_px": 64, "height_px": 64}
    short = codec.decode(latents, codec.layout(num_frames), **size)
    long = codec.decode(longer, codec.layout(num_frames + 4), **size)
    assert np.abs(long[:num_frames].astype(int) - short.astype(int)).max() <= 1


def raw(which: str, film, num_frames: int):
    """Return latents and frames as diffusers itself makes them."""
    model = network(which).eval()
    model.enable_tiling()
    pixels = torch.from_numpy(film(num_frames)).float() / 127.5 - 1
    with torch.no_grad():
        latents = model.encode(pixels.permute(3, 0, 1, 2)[None]).latent_dist.mode()
        frames = model.decode(latents).sample
    return model, latents[0], frames[0]


@pytest.mark.parametrize("which", ["wan", "ltx", "hunyuan", "cogvideox"])
def test_latents_are_those_of_diffusers_in_the_units_of_the_config(codecs, film, which):
    codec = codecs[which]
    num_frames = 2 * codec.stride[0] + 1
    model, raw_latents, raw_frames = raw(which, film, num_frames)
    if which == "wan":
        mean, std = torch.tensor(WAN_MEAN), torch.tensor(WAN_STD)
    elif which == "ltx":
        mean, std = model.latents_mean, model.latents_std / model.config.scaling_factor
    else:
        mean, std = torch.zeros(4), torch.full((4,), 1 / model.config.scaling_factor)
    latents = codec.encode(film(num_frames), codec.layout(num_frames))
    expected = (raw_latents - mean[:, None, None, None]) / std[:, None, None, None]
    later = slice(1 if which in ("hunyuan", "cogvideox") else 0, None)
    torch.testing.assert_close(latents[:, later], expected[:, later], rtol=1e-4, atol=1e-5)
    decoded = codec.decode(expected, codec.layout(num_frames), width_px=64, height_px=64)
    expected_bytes = ((raw_frames.permute(1, 2, 3, 0) + 1) * 127.5).round().clamp(0, 255)
    assert np.abs(decoded.astype(int) - expected_bytes.numpy().astype(int)).max() <= 1


WAN_MEAN, WAN_STD = [0.1, -0.2, 0.3, 0.0], [0.5, 1.0, 2.0, 0.25]


@pytest.mark.parametrize("which", ["wan", "wan2.2", "hunyuan", "cogvideox"])
def test_large_pictures_go_through_in_tiles(codecs, film, which, monkeypatch):
    codec = codecs[which]
    used = []
    for name in ("tiled_encode", "tiled_decode"):
        method = getattr(type(codec._network), name)
        monkeypatch.setattr(
            type(codec._network),
            name,
            lambda *a, _name=name, _method=method, **k: (used.append(_name), _method(*a, **k))[1],
        )
    layout = codec.layout(2)
    sh = codec.stride[1]
    latents = codec.encode(film(2, 264, 128), layout)
    assert latents.shape[2:] == (-(-264 // sh), -(-128 // sh))
    pixels = codec.decode(latents, layout, width_px=128, height_px=264)
    assert pixels.shape == (2, 264, 128, 3)
    assert {"tiled_encode", "tiled_decode"} <= set(used)


def test_the_revision_names_the_weights_wherever_they_lie(folders, codecs, tmp_path):
    shutil.copytree(folders["wan"], tmp_path / "pipeline" / "vae")
    (tmp_path / "pipeline" / "model_index.json").write_text("{}")
    again = load_pretrained("wan", str(tmp_path / "pipeline"))
    assert again.revision == codecs["wan"].revision
    assert len({codec.revision for codec in codecs.values()}) == len(codecs)
    network("wan", seed=1).save_pretrained(tmp_path / "other")
    assert load_pretrained("wan", str(tmp_path / "other")).revision != again.revision
    config = tmp_path / "pipeline" / "vae" / "config.json"
    stated = json.loads(config.read_text())
    config.write_text(json.dumps({**stated, "latents_std": [3.0] * 4}))
    assert load_pretrained("wan", str(tmp_path / "pipeline")).revision != again.revision


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("missing", "there is no config.json"),
        ("empty", "there is no config.json"),
        ("config", "cannot be read"),
        ("no_weights", "cannot be read"),
        ("cut", "cannot be read"),
        ("key", "cannot be read"),
        ("family", "holds a AutoencoderKLLTXVideo, not the AutoencoderKLWan"),
        ("units", "latents_std has 3 numbers for 4 channels"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_a_hint(folders, tmp_path, damage, message):
    folder = tmp_path / "codec"
    if damage == "empty":
        folder.mkdir()
    elif damage != "missing":
        shutil.copytree(folders["ltx" if damage == "family" else "wan"], folder)
    config, weights = folder / "config.json", folder / "diffusion_pytorch_model.safetensors"
    if damage == "config":
        config.write_text("{")
    elif damage == "no_weights":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif damage == "key":
        from safetensors.torch import load_file, save_file

        tensors = load_file(weights)
        tensors.pop("encoder.conv_in.weight")
        save_file(tensors, weights, metadata={"format": "pt"})
    elif damage == "units":
        stated = json.loads(config.read_text())
        config.write_text(json.dumps({**stated, "latents_std": [1.0] * 3}))
    with pytest.raises(UserError, match=message) as caught:
        open_codec(f"wan:{folder}")
    assert caught.value.hint


def test_without_diffusers_the_error_names_the_extra(folders, monkeypatch):
    plain = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "diffusers":
            raise ImportError("No module named 'diffusers'")
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UserError, match="need diffusers") as caught:
        open_codec(f"wan:{folders['wan']}")
    assert "rushes[codecs]" in caught.value.hint


def test_no_name_at_all_is_an_error():
    with pytest.raises(UserError, match="no codec `ltx:`"):
        open_codec("ltx:")


@pytest.mark.parametrize("which", ["wan", "ltx"])
@pytest.mark.parametrize("num_frames", [1, 2, 5, 6, 9, 16])
def test_training_shows_the_groups_that_the_codec_made(codecs, film, tmp_path, which, num_frames):
    """Every task known from the start: groups, their times and latents are the layout's own."""
    codec = codecs[which]
    latents = encode_all(codec, film(num_frames))
    write_array(tmp_path / "clip.npy", latents)
    clip = TrainingClip(
        clip_id="a",
        path=tmp_path / "clip.npy",
        num_frames=num_frames,
        group_frames=codec.stride[0],
        grid=latents.shape[2:],
        num_channels=codec.num_channels,
        fps=8.0,
        captions=(("medium", "A dog."),),
        scores={},
        is_local=False,
    )
    assert clip.open().shape == latents.shape
    layout = codec.layout(num_frames)
    for task in FROM_THE_START:
        how = DrawSettings(
            seed=0,
            max_frames=16,
            caption_dropout=0,
            score_dropout=0,
            mix=CaptionMix(),
            tasks=TaskMix().only((task,)),
        )
        for counter in range(4):
            item = item_of(clip, draw([clip], counter, how, Order(0, 1)))
            shown = 1 if task == "image" else len(layout)
            assert item.layout == layout[:shown]
            assert item.starts == tuple(starts_of(layout))[:shown]
            expected = torch.from_numpy(latents[:shown]).float().transpose(0, 1)
            assert torch.equal(item.latents_CGHW, expected)
            known = item.known_GHW.flatten(1).all(1)
            count = int(known.sum())
            assert known[:count].all() and not known[count:].any()
            few = {"video": 0, "image": 0, "animate": 1}
            if shown > 1 and task in few:
                assert count == few[task]
            elif shown > 1:
                assert 0 < count < shown


SMALL = {
    "size": "nano",
    "max_frames": 9,
    "token_budget": 96,
    "warmup": 1,
    "num_threads": 1,
    "steps": 2,
}


@pytest.mark.parametrize("which", ["wan", "ltx", "hunyuan", "cogvideox"])
def test_training_and_sampling_with_a_pretrained_codec(folders, codecs, footage, tmp_path, which):
    codec = codecs[which]
    drawn = footage(4)
    side = 2 * codec.stride[1]
    source = f"{family_of(which)}:{folders[which]}"
    how = TrainSettings(codec=source, max_pixels=2 * side * side, **SMALL)
    result = train(drawn.dataset(), drawn, how, tmp_path)
    assert result.step == 2
    assert np.isfinite(result.loss)
    assert {clip.clip_id for clip in result.clips} == set(result.account.used)
    lengths = {
        c.ref.clip_id: len(frame_offsets(c.ref, c.fps, how.fps)[0]) for c in drawn.dataset().clips
    }
    longer = {clip_id: n for clip_id, n in lengths.items() if n > how.max_frames}
    assert longer
    assert {t.clip_id: t.of_frames for t in result.account.trimmed} == longer
    loaded = load_checkpoint(result.checkpoint_path)
    assert (loaded.codec.name, loaded.codec.revision) == (codec.name, codec.revision)
    size = {"width_px": side + 8, "height_px": side, "num_steps": 2}
    for seconds, num_frames in ((0.1, 1), (1.0, 8)):
        pixels = sample(loaded, "A red circle.", SampleSettings(seconds=seconds, **size))
        assert pixels.shape == (num_frames, side, side + 8, 3)


def test_a_mix_of_tasks_that_a_causal_codec_cannot_show_is_refused(folders, footage, tmp_path):
    drawn = footage(2)
    codec = f"wan:{folders['wan']}"
    none = dict.fromkeys(FROM_THE_START, 0.0)
    how = TrainSettings(codec=codec, max_pixels=24 * 24, tasks=none, **SMALL)
    with pytest.raises(UserError, match=r"train\.tasks gives none of video, image"):
        train(drawn.dataset(), drawn, how, tmp_path)


def test_a_pack_needs_room_for_the_groups_of_a_causal_codec_and_no_more(codecs):
    for max_frames in (1, 2, 5, 6, 9, 16):
        assert most_groups(max_frames, codecs["wan"]) == len(codecs["wan"].layout(max_frames))


def test_a_sample_goes_on_from_known_frames(folders, footage, film, tmp_path):
    from generator.sample import Request

    drawn = footage(2)
    how = TrainSettings(codec=f"wan:{folders['wan']}", max_pixels=24 * 24, **SMALL)
    loaded = load_checkpoint(train(drawn.dataset(), drawn, how, tmp_path).checkpoint_path)
    given = film(6, 24, 24)
    settings = SampleSettings(num_steps=2)
    place = {"num_frames": 11, "width_px": 24, "height_px": 24, "fps": 8.0}
    known = canvas(loaded.codec, loaded.patch, [Given(pixels_THWC=given, start_frame=0)], **place)
    # Six frames hold two whole groups: the first frame and four.
    assert known.layout == (1, 4, 4, 2)
    assert known.known_GHW.flatten(1).all(1).tolist() == [True, True, False, False]
    expected = loaded.codec.encode(given[:5], (1, 4))
    torch.testing.assert_close(known.latents_CGHW[:, :2], expected)
    edited = edit_canvas(loaded.codec, loaded.patch, given, fps=8.0, strength=0.5, box=None)
    assert edited.layout == (1, 4, 1)
    requests = [
        Request(prompt="A red circle.", seed=0, canvas=c)
        for c in (known, edited, blank(loaded, settings))
    ]
    videos = sample_requests(loaded, requests, settings)
    assert [len(v) for v in videos] == [11, 6, 16]
    with pytest.raises(UserError, match="at the start only"):
        canvas(loaded.codec, loaded.patch, [Given(pixels_THWC=given, start_frame=2)], **place)
