import numpy as np
import pytest
import torch

from generator.autoencoder import Autoencoder
from generator.codec import PixelCodec, layout_of, starts_of
from generator.compose import Given, canvas, edit_canvas, fill_to, paste, paste_outside
from generator.learned_codec import LearnedCodec
from generator.tasks import box_mask
from schemas.errors import UserError

WIDTH, HEIGHT = 20, 12


def frames(count, seed=0, *, width=WIDTH, height=HEIGHT):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def given(start, count):
    return Given(pixels_THWC=frames(count, seed=abs(start)), start_frame=start)


def canvas_of(gifts, num_frames, *, codec=None, patch=1):
    return canvas(
        codec or PixelCodec(),
        patch,
        gifts,
        num_frames=num_frames,
        width_px=WIDTH,
        height_px=HEIGHT,
        fps=8.0,
    )


CASES = [
    # name, given (start, frames), length, layout, which groups are known
    ("nothing", [], 10, (4, 4, 1, 1), "...."),
    ("animate", [(0, 1)], 9, (1, 4, 4), "k.."),
    ("animate from the end", [(8, 1)], 9, (4, 4, 1), "..k"),
    ("extend", [(0, 6)], 12, (4, 1, 1, 4, 1, 1), "kkk..."),
    ("before", [(4, 8)], 12, (4, 4, 4), ".kk"),
    ("connect", [(0, 4), (8, 4)], 12, (4, 4, 4), "k.k"),
    ("fill", [(0, 2), (7, 3)], 11, (1, 1, 4, 1, 1, 1, 1, 1), "kk..kkk."),
    ("keyframes", [(0, 1), (5, 1), (10, 1)], 11, (1, 4, 1, 4, 1), "k.k.k"),
    ("everything", [(0, 5)], 5, (4, 1), "kk"),
    ("side by side", [(0, 3), (3, 3)], 10, (1, 1, 1, 1, 1, 1, 4), "kkkkkk."),
]


@pytest.mark.parametrize(
    ("gifts", "num_frames", "layout", "known"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
@pytest.mark.parametrize("kind", ["pixels", "learned"])
def test_known_groups_hold_exactly_what_the_codec_makes_of_them_alone(
    awake, kind, gifts, num_frames, layout, known
):
    codec = PixelCodec()
    if kind == "learned":
        torch.manual_seed(0)
        codec = LearnedCodec(awake(Autoencoder(), 0.03), "wild")
    gifts = [given(*gift) for gift in gifts]
    made = canvas_of(gifts[::-1], num_frames, codec=codec)
    assert made.layout == layout
    assert sum(made.layout) == num_frames
    assert made.latents_CGHW.shape[1:] == made.known_GHW.shape == (len(layout), 2, 3)
    by_group = made.known_GHW.flatten(1)
    assert "".join("k" if row.all() else "." for row in by_group) == known
    assert (by_group.all(1) == by_group.any(1)).all()
    assert (made.latents_CGHW[:, ~by_group.all(1)] == 0).all()
    starts = starts_of(layout)
    for gift in gifts:
        groups = [i for i, s in enumerate(starts) if gift.start_frame <= s < gift.end_frame]
        alone = codec.encode(gift.pixels_THWC, layout_of(len(gift.pixels_THWC), 4))
        torch.testing.assert_close(made.latents_CGHW[:, groups], alone, atol=0, rtol=0)
    assert made.strength == 1.0
    assert (made.fps, made.width_px, made.height_px) == (8.0, WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "gifts",
    [[(0, 4), (3, 2)], [(2, 3), (2, 3)], [(0, 11)], [(9, 2)], [(-1, 2)], [(4, 2), (0, 5)]],
    ids=["overlap", "the same", "too long", "past the end", "before the start", "out of order"],
)
def test_given_frames_that_overlap_or_lie_outside_are_refused(gifts):
    with pytest.raises(UserError, match="overlap others or lie outside the 10 frames") as caught:
        canvas_of([given(*gift) for gift in gifts], 10)
    assert "longer video" in caught.value.hint


def test_sides_are_filled_up_to_whole_tokens():
    made = canvas_of([given(0, 4)], 8, patch=2)
    assert made.latents_CGHW.shape == (768, 2, 2, 4)
    assert made.known_GHW.shape == (2, 1, 2)
    wide = fill_to(frames(4), 16, 32)
    torch.testing.assert_close(made.latents_CGHW[:, :1], PixelCodec().encode(wide, (4,)))
    decoded = PixelCodec().decode(made.latents_CGHW, (4, 4), width_px=WIDTH, height_px=HEIGHT)
    np.testing.assert_array_equal(decoded[:4], frames(4))


def test_filling_repeats_the_edge():
    pixels = frames(2)
    assert fill_to(pixels, HEIGHT, WIDTH) is pixels
    filled = fill_to(pixels, HEIGHT + 3, WIDTH + 2)
    np.testing.assert_array_equal(filled[:, :HEIGHT, :WIDTH], pixels)
    assert (filled[:, -1, :WIDTH] == pixels[:, -1]).all()
    assert (filled[:, :HEIGHT, -1] == pixels[:, :, -1]).all()


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_an_edit_starts_from_the_whole_video(strength):
    source = frames(6)
    made = edit_canvas(PixelCodec(), 1, source, fps=6.0, strength=strength, box=None)
    assert made.layout == (4, 1, 1)
    assert (made.strength, made.fps) == (strength, 6.0)
    assert not made.known_GHW.any()
    torch.testing.assert_close(made.latents_CGHW, PixelCodec().encode(source, (4, 1, 1)))
    assert (made.width_px, made.height_px) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("patch", [1, 2])
def test_an_edit_with_a_box_knows_what_lies_outside(patch):
    source, box = frames(4, width=64, height=32), (0.0, 0.5, 0.5, 1.0)
    made = edit_canvas(PixelCodec(), patch, source, fps=8.0, strength=0.6, box=box)
    expected = box_mask(box, 4 // patch, 8 // patch)
    np.testing.assert_array_equal(made.known_GHW[0].numpy(), expected)
    assert made.known_GHW.float().mean() == 0.75


def test_paste_puts_the_given_pixels_in_their_places():
    pixels = frames(9, seed=99)
    gifts = [given(2, 3), given(7, 2)]
    out = paste(pixels, gifts)
    np.testing.assert_array_equal(out[2:5], frames(3, seed=2))
    np.testing.assert_array_equal(out[7:9], frames(2, seed=7))
    np.testing.assert_array_equal(out[[0, 1, 5, 6]], frames(9, seed=99)[[0, 1, 5, 6]])
    np.testing.assert_array_equal(pixels, frames(9, seed=99))


def test_paste_outside_keeps_the_box_alone():
    made, source = frames(3, seed=1, width=16, height=8), frames(3, seed=2, width=16, height=8)
    out = paste_outside(made, source, (0.5, 1.0, 0.0, 0.25))
    np.testing.assert_array_equal(out[:, 4:, :4], made[:, 4:, :4])
    np.testing.assert_array_equal(out[:, :4], source[:, :4])
    np.testing.assert_array_equal(out[:, :, 4:], source[:, :, 4:])
