import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from generator import learned_codec
from generator.autoencoder import Autoencoder
from generator.codec import grid_of, grouped
from generator.codecs import open_codec
from generator.learned_codec import (
    LearnedCodec,
    group_flags,
    load_codec,
    neighbours,
    save_codec,
)
from schemas.errors import UserError


@pytest.fixture
def network(awake):
    torch.manual_seed(0)
    network = awake(Autoencoder(), 0.03)
    network.basis.normal_(std=0.05, generator=torch.Generator().manual_seed(2))
    return network


@pytest.fixture
def codec(network):
    return LearnedCodec(network, "wild")


def noise(t, h, w):
    return np.random.default_rng(0).integers(0, 256, (t, h, w, 3), dtype=np.uint8)


@pytest.mark.parametrize("layout", [(1,), (4,), (4, 4, 1), (1, 4, 1, 1)], ids=str)
@pytest.mark.parametrize(("h", "w"), [(1, 1), (8, 16), (19, 30)])
def test_every_size_and_layout_comes_back_in_its_own_shape(codec, layout, h, w):
    latents = codec.encode(noise(sum(layout), h, w), layout)
    assert latents.shape == (16, *grid_of(codec, layout, width_px=w, height_px=h))
    assert latents.dtype == torch.float32
    decoded = codec.decode(latents, layout, width_px=w, height_px=h)
    assert decoded.shape == (sum(layout), h, w, 3)
    assert decoded.dtype == np.uint8
    assert decoded.std() > 1.0


@pytest.mark.parametrize(("frame", "group"), [(0, 0), (3, 0), (4, 1), (5, 2), (8, 2)])
def test_a_latent_depends_on_its_own_group_only(codec, frame, group):
    layout, pixels = (4, 1, 4), noise(9, 24, 16)
    changed = pixels.copy()
    changed[frame] = 255 - changed[frame]
    differs = codec.encode(pixels, layout) != codec.encode(changed, layout)
    assert differs.any(0).flatten(1).any(1).nonzero().tolist() == [[group]]


def test_a_group_is_encoded_as_if_it_were_alone(codec):
    pixels, layout = noise(9, 16, 16), (4, 1, 4)
    together = codec.encode(pixels, layout)
    for group, (start, frames) in enumerate([(0, 4), (4, 1), (5, 4)]):
        alone = codec.encode(pixels[start : start + frames], (frames,))
        torch.testing.assert_close(alone[:, 0], together[:, group], atol=1e-5, rtol=1e-5)


def test_the_decoder_looks_exactly_one_group_to_each_side(codec):
    layout = (4, 4, 1, 4, 4)
    latents = codec.encode(noise(17, 16, 16), layout)
    changed = latents.clone()
    changed[:, 2] += 1.0
    before, after = (codec.decode(x, layout, width_px=16, height_px=16) for x in (latents, changed))
    frames = np.flatnonzero((before != after).any((1, 2, 3)))
    groups = np.repeat(np.arange(5), layout)[frames]
    assert sorted(set(groups.tolist())) == [1, 2, 3]


def test_the_decoder_sees_whether_its_neighbours_are_single_frames(codec):
    latents = codec.encode(noise(8, 16, 16), (4, 4))
    beside_group, beside_frame = (
        codec.decode(latents, layout, width_px=16, height_px=16)[:4] for layout in ((4, 4), (4, 1))
    )
    assert (beside_group != beside_frame).any()


def test_neighbours_and_flags_at_both_ends():
    latents = torch.arange(1.0, 4.0)[:, None, None, None]
    before, after = neighbours(latents)
    assert before.flatten().tolist() == [0, 1, 2]
    assert after.flatten().tolist() == [2, 3, 0]
    assert group_flags(torch.tensor([True, False, True])).tolist() == [
        [1, 0, 0, 1, 0],
        [0, 1, 1, 1, 1],
        [1, 1, 0, 0, 0],
    ]
    assert group_flags(torch.tensor([False])).tolist() == [[0, 0, 0, 0, 0]]


@pytest.mark.parametrize("tile", [3, 6])
def test_tiles_give_what_the_whole_picture_gives(awake, network, monkeypatch, tile):
    # Wilder than the others, so that what lies far away still shows in whole grey levels.
    codec = LearnedCodec(awake(network, 0.03), "wilder")
    pixels, layout = noise(5, 9 * 8, 13 * 8 - 3), (4, 1)
    size = {"width_px": pixels.shape[2], "height_px": pixels.shape[1]}
    latents = codec.encode(pixels, layout)
    decoded = codec.decode(latents, layout, **size)
    monkeypatch.setattr(learned_codec, "_TILE", tile)
    monkeypatch.setattr(learned_codec, "_PATCHES_AT_ONCE", 300)
    torch.testing.assert_close(codec.encode(pixels, layout), latents, atol=1e-4, rtol=1e-4)
    tiled = codec.decode(latents, layout, **size)
    assert np.abs(tiled.astype(int) - decoded.astype(int)).max() <= 1
    assert (tiled != decoded).mean() < 1e-3


def test_a_single_frame_goes_in_four_times_and_comes_out_as_their_mean(codec, network):
    pixels = noise(1, 16, 16)
    latents = codec.encode(pixels, (1,))
    groups = grouped(pixels, (1,), 4).float() / 127.5 - 1.0
    with torch.no_grad():
        expected = network.encode(groups, torch.tensor([True]))
        around = torch.zeros(1, 32, 2, 2)
        four = network.decode(expected, around, torch.tensor([[1.0, 0, 0, 0, 0]]))
    torch.testing.assert_close(latents.transpose(0, 1), expected, atol=1e-5, rtol=1e-5)
    mean = ((four[0].mean(0) + 1.0) * 127.5).clamp(0, 255)
    decoded = codec.decode(latents, (1,), width_px=16, height_px=16)
    assert np.abs(decoded[0] - mean.numpy()).max() <= 0.51


def test_a_layout_that_does_not_add_up_is_refused(codec):
    with pytest.raises(ValueError, match="do not go into groups"):
        codec.encode(noise(5, 8, 8), (4,))


def test_a_saved_codec_is_the_one_that_is_loaded(network, codec, tmp_path):
    path = tmp_path / "folder" / "codec.safetensors"
    revision = save_codec(network, path, notes={"steps": "3"})
    loaded = open_codec(str(path))
    assert loaded.revision == revision
    assert loaded.name == codec.name
    assert list(path.parent.iterdir()) == [path]
    network.half().float()
    pixels = noise(5, 16, 16)
    halved = LearnedCodec(network, "half").encode(pixels, (4, 1))
    torch.testing.assert_close(loaded.encode(pixels, (4, 1)), halved)


def test_the_same_weights_have_one_revision_whatever_is_noted_of_them(network, tmp_path):
    notes = ({}, {"steps": "3", "minutes": "1.0"}, {"steps": "4", "minutes": "1.1"})
    found = {save_codec(network, tmp_path / "codec.safetensors", notes=each) for each in notes}
    assert found == {load_codec(tmp_path / "codec.safetensors").revision}


def test_other_weights_have_another_revision(network, tmp_path):
    first = save_codec(network, tmp_path / "one.safetensors", notes={})
    with torch.no_grad():
        network.encode_in.bias[0] += 1.0
    assert save_codec(network, tmp_path / "two.safetensors", notes={}) != first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("missing", "no codec can be read"),
        ("text", "no codec can be read"),
        ("another kind", "no codec of ours"),
        ("another shape", "another shape"),
    ],
)
def test_a_file_that_holds_no_codec_is_refused(tmp_path, content, message):
    path = tmp_path / "file.safetensors"
    if content == "text":
        path.write_text("not weights")
    elif content == "another kind":
        save_file({"x": torch.zeros(1)}, path)
    elif content == "another shape":
        save_file({"x": torch.zeros(1)}, path, metadata={"kind": "rushes-codec"})
    with pytest.raises(UserError, match=message) as caught:
        load_codec(path)
    assert "rushes train codec" in caught.value.hint
