import numpy as np
import pytest
import torch

from generator.codec import PixelCodec, codec_named, grid_of
from generator.pack import pack, unpack
from generator.patchify import patchify, positions, unpatchify

SIZES = [(1, 1, 1), (1, 8, 8), (4, 8, 8), (5, 9, 23), (16, 48, 80), (3, 30, 64)]


@pytest.mark.parametrize(("t", "h", "w"), SIZES)
def test_pixel_codec_gives_back_every_pixel_at_any_size(t, h, w):
    pixels = np.random.default_rng(0).integers(0, 256, (t, h, w, 3), dtype=np.uint8)
    codec = PixelCodec()
    latents = codec.encode(pixels)
    grid = grid_of(codec, num_frames=t, width_px=w, height_px=h)
    assert latents.shape == (codec.num_channels, *grid)
    assert latents.abs().max() <= 1.0
    np.testing.assert_array_equal(
        codec.decode(latents, num_frames=t, width_px=w, height_px=h), pixels
    )


def test_a_latent_depends_on_its_own_group_of_pixels_only():
    pixels = np.zeros((8, 16, 16, 3), np.uint8)
    changed = pixels.copy()
    changed[5, 9, 3] = 255
    differs = (PixelCodec().encode(pixels) != PixelCodec().encode(changed)).any(0)
    assert differs.nonzero().tolist() == [[1, 1, 0]]


def test_a_short_last_group_repeats_the_edge():
    frame = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)
    alone, still = PixelCodec().encode(frame), PixelCodec().encode(frame.repeat(4, 0))
    assert torch.equal(alone, still)


def test_decoded_pixels_are_clamped():
    latents = torch.full((768, 1, 1, 1), 3.0)
    decoded = PixelCodec().decode(latents, num_frames=4, width_px=8, height_px=8)
    assert decoded.min() == 255


def test_an_unknown_codec_is_refused():
    with pytest.raises(KeyError, match="pixels revision 99"):
        codec_named("pixels", "99", (4, 8, 8))


@pytest.mark.parametrize("patch", [(1, 1, 1), (2, 1, 3), (1, 2, 2)])
def test_unpatchify_undoes_patchify(patch):
    latents = torch.randn(5, 2 * patch[0], 3 * patch[1], 4 * patch[2])
    tokens = patchify(latents, patch)
    assert tokens.shape == (24, 5 * patch[0] * patch[1] * patch[2])
    assert torch.equal(unpatchify(tokens, (2, 3, 4), patch), latents)


def test_unpack_undoes_pack():
    clips = [torch.randn(6, 2, 3, 4), torch.randn(6, 1, 5, 2), torch.randn(6, 2, 3, 4)]
    packed = pack(clips, [0.5, 1.0, 0.5])
    assert packed.lengths == (24, 10, 24)
    assert len(packed.positions_N3) == len(packed.tokens_NC) == 58
    for clip, back in zip(clips, unpack(packed.tokens_NC, packed.grids), strict=True):
        assert torch.equal(clip, back)
    assert packed.per_token(torch.tensor([1, 2, 3])).tolist() == [1] * 24 + [2] * 10 + [3] * 24


def test_positions_are_patch_centres_in_seconds_and_heights():
    where = positions((2, 2, 4), seconds_per_token=0.5).reshape(2, 2, 4, 3)
    assert where[:, 0, 0, 0].tolist() == [0.25, 0.75]
    assert where[0, :, 0, 1].tolist() == [-0.25, 0.25]
    assert where[0, 0, :, 2].tolist() == [-0.75, -0.25, 0.25, 0.75]


def test_the_same_scene_at_twice_the_size_keeps_its_positions():
    small = positions((1, 4, 6), seconds_per_token=1.0).reshape(4, 6, 3)
    large = positions((1, 8, 12), seconds_per_token=1.0).reshape(8, 12, 3)
    means = large.reshape(4, 2, 6, 2, 3).mean((1, 3))
    torch.testing.assert_close(means, small)
