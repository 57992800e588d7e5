import numpy as np
import pytest
import torch

from generator.codec import (
    PixelCodec,
    check_layout,
    grid_of,
    grouped,
    layout_of,
    starts_of,
    ungrouped,
)
from generator.codecs import open_codec
from schemas.errors import UserError

LAYOUTS = [(1,), (4,), (4, 1), (1, 4), (1, 1, 1), (4, 4, 1, 1, 1), (1, 4, 1, 4)]
SIZES = [(1, 1), (8, 8), (9, 23), (48, 80)]


def noise(t, h, w, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (t, h, w, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("num_frames", "layout"),
    [
        (1, (1,)),
        (3, (1, 1, 1)),
        (4, (4,)),
        (5, (4, 1)),
        (11, (4, 4, 1, 1, 1)),
        (16, (4, 4, 4, 4)),
    ],
)
def test_a_layout_is_full_groups_then_single_frames(num_frames, layout):
    assert PixelCodec().layout(num_frames) == layout_of(num_frames, 4) == layout


def test_every_length_has_a_layout_that_adds_up():
    for num_frames in range(1, 60):
        layout = layout_of(num_frames, 4)
        check_layout(layout, num_frames, 4)
        assert starts_of(layout) == np.cumsum([0, *layout])[:-1].tolist()
        assert layout.count(1) == num_frames % 4


@pytest.mark.parametrize("num_frames", [0, -1])
def test_no_frames_have_no_layout(num_frames):
    with pytest.raises(ValueError, match="no layout"):
        layout_of(num_frames, 4)


@pytest.mark.parametrize("layout", [(4,), (4, 2), (1,) * 5, (6,), (4, 1, 1, 0)])
def test_a_layout_of_other_groups_or_another_length_is_refused(layout):
    with pytest.raises(ValueError, match="do not go into groups"):
        PixelCodec().encode(noise(6, 8, 8), layout)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize(("h", "w"), SIZES)
def test_pixel_codec_gives_back_every_pixel_at_any_size_and_layout(layout, h, w):
    pixels = noise(sum(layout), h, w)
    codec = PixelCodec()
    latents = codec.encode(pixels, layout)
    grid = grid_of(codec, layout, width_px=w, height_px=h)
    assert latents.shape == (codec.num_channels, *grid)
    assert latents.abs().max() <= 1.0
    np.testing.assert_array_equal(codec.decode(latents, layout, width_px=w, height_px=h), pixels)


@pytest.mark.parametrize(("frame", "group"), [(0, 0), (3, 0), (4, 1), (5, 2), (8, 2)])
def test_a_latent_depends_on_its_own_group_of_pixels_only(frame, group):
    layout, pixels = (4, 1, 4), np.zeros((9, 16, 16, 3), np.uint8)
    changed = pixels.copy()
    changed[frame, 9, 3] = 255
    differs = (PixelCodec().encode(pixels, layout) != PixelCodec().encode(changed, layout)).any(0)
    assert differs.nonzero().tolist() == [[group, 1, 0]]


def test_a_single_frame_has_the_latents_of_four_of_it():
    frame = noise(1, 8, 8)
    codec = PixelCodec()
    alone, still = codec.encode(frame, (1,)), codec.encode(frame.repeat(4, 0), (4,))
    assert torch.equal(alone, still)


def test_what_lies_beyond_the_edge_repeats_it():
    pixels = noise(4, 9, 23)
    whole = np.pad(pixels, ((0, 0), (0, 7), (0, 1), (0, 0)), mode="edge")
    assert torch.equal(PixelCodec().encode(pixels, (4,)), PixelCodec().encode(whole, (4,)))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_ungrouped_undoes_grouped(layout):
    pixels = noise(sum(layout), 3, 5)
    groups = grouped(pixels, layout, 4)
    assert groups.shape == (len(layout), 4, 3, 5, 3)
    assert (ungrouped(groups.float(), layout).numpy() == pixels).all()


def test_decoded_pixels_are_clamped():
    latents = torch.full((768, 1, 1, 1), 3.0)
    decoded = PixelCodec().decode(latents, (4,), width_px=8, height_px=8)
    assert decoded.min() == 255


@pytest.mark.parametrize("source", ["pixel", "no/such/file.safetensors", "", "vae:folder"])
def test_an_unknown_codec_is_refused(source):
    with pytest.raises(UserError, match="no codec") as caught:
        open_codec(source)
    assert "`shipped`, `pixels`" in caught.value.hint


def test_pixels_are_opened_by_name():
    codec = open_codec("pixels")
    assert (codec.name, codec.stride, codec.is_local) == ("pixels", (4, 8, 8), True)
