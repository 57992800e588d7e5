import math

import numpy as np
import pytest
import torch

from generator.pack import Item, pack
from generator.patchify import COLUMN, ROW, SECONDS
from generator.sample import SampleSettings, _Part, moved, sample
from generator.windows import Window, weights_of, windows_of

GRIDS = [(1, 1, 1), (5, 8, 8), (8, 6, 10), (3, 40, 2), (3, 2, 40), (30, 1, 1), (17, 13, 29)]
LIMITS = [(2, 16), (4, 64), (8, 100), (8, 4096), (40, 16)]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize(("max_groups", "max_tokens"), LIMITS)
def test_windows_cover_every_token_and_none_is_larger_than_asked(grid, max_groups, max_tokens):
    covered = torch.zeros(grid)
    found = windows_of(grid, max_groups=max_groups, max_tokens=max_tokens)
    for window in found:
        g, h, w = window.shape
        assert g <= max_groups
        assert g * h * w <= max_tokens
        weights = weights_of(window)
        assert weights.shape == (g, h, w)
        assert (weights > 0).all()
        covered[window.groups, window.rows, window.columns] += weights
    assert (covered > 0).all()
    assert len(set(map(repr, found))) == len(found)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_clip_that_fits_is_one_window(grid):
    g, h, w = grid
    (window,) = windows_of(grid, max_groups=g, max_tokens=g * h * w)
    assert window == Window(groups=slice(0, g), rows=slice(0, h), columns=slice(0, w))


def test_neighbouring_windows_overlap_by_about_half():
    found = windows_of((20, 1, 1), max_groups=8, max_tokens=100)
    starts = [window.groups.start for window in found]
    assert [window.shape for window in found] == [(8, 1, 1)] * len(found)
    assert starts == [0, 4, 8, 12]


def test_weights_fall_off_towards_the_edges():
    window = Window(groups=slice(4, 9), rows=slice(0, 1), columns=slice(0, 2))
    assert weights_of(window).tolist() == [[[w, w]] for w in (0.125, 0.375, 0.625, 0.375, 0.125)]


def test_windows_of_a_picture_keep_the_positions_of_the_whole():
    def item(rows, columns):
        return Item(
            latents_CGHW=torch.zeros(2, 2, rows, columns),
            layout=(4, 1),
            fps=8.0,
            known_GHW=torch.zeros(2, rows, columns, dtype=torch.bool),
        )

    rows, columns = 6, 10
    whole = pack([item(rows, columns)]).positions_N5.reshape(2, rows, columns, 5)
    spans = [(0, 4, 0, 5), (2, 6, 5, 10), (1, 3, 2, 9), (0, 6, 0, 10)]
    parts = [
        _Part(item=item(bottom - top, right - left), place=(top, left, rows, columns))
        for top, bottom, left, right in spans
    ]
    packed = moved(pack([part.item for part in parts]), parts)
    assert packed.lengths == tuple(part.item.known_GHW.numel() for part in parts)
    for (top, bottom, left, right), own in zip(
        spans, packed.positions_N5.split(packed.lengths), strict=True
    ):
        expected = whole[:, top:bottom, left:right].reshape(-1, 5)
        torch.testing.assert_close(own, expected)
        assert own[:, [ROW, COLUMN]].abs().max() < columns / rows / 2


@pytest.mark.parametrize(
    ("width", "height", "seconds"), [(80, 48, 1.0), (30, 100, 0.5), (16, 16, 4.1)]
)
def test_a_clip_made_in_windows_has_exactly_the_size_asked_for(wild, width, height, seconds):
    how = SampleSettings(
        width_px=width,
        height_px=height,
        seconds=seconds,
        num_steps=2,
        window_tokens=16,
        window_seconds=1.0,
    )
    video = sample(wild(), "a red circle", how)
    assert video.shape == (how.num_frames, height, width, 3)
    assert video.dtype == np.uint8


def test_every_window_takes_part(wild):
    how = {"width_px": 48, "height_px": 32, "seconds": 1.0, "num_steps": 1, "guidance_scale": 1.0}
    loaded = wild()
    grids = []
    loaded.denoiser.dit.register_forward_pre_hook(lambda _, args: grids.append(args[3]))
    whole = sample(loaded, "a red circle", SampleSettings(**how))
    parts = sample(loaded, "a red circle", SampleSettings(**how, window_tokens=16))
    assert grids[0] == ((2, 4, 6),)
    assert len(grids[1]) > 3
    assert max(math.prod(grid) for grid in grids[1]) <= 16
    assert (whole != parts).any()
    # Each pixel is predicted by a window or two: like what the whole gives, not noise.
    likeness = np.corrcoef(whole.flatten(), parts.flatten())[0, 1]
    assert likeness > 0.5


def test_windows_lie_at_their_times_and_never_later_than_any_clip_that_was_learned_from(wild):
    how = SampleSettings(
        width_px=8, height_px=8, seconds=6.0, num_steps=1, guidance_scale=1.0, window_seconds=2.0
    )
    times = []
    loaded = wild()
    loaded.denoiser.dit.register_forward_pre_hook(lambda _, args: times.append(args[1][:, SECONDS]))
    sample(loaded, "a red circle", how)
    windows = times[0].unflatten(0, (-1, 4))
    firsts = [float(window[0]) for window in windows]
    assert windows[0].tolist() == [0.25, 0.75, 1.25, 1.75]
    # The longest clip lasted 4 s: its last two seconds are the latest that the model knows.
    assert firsts == pytest.approx([min(start, 2.0) + 0.25 for start in range(len(firsts))])
    assert len(firsts) == 5
