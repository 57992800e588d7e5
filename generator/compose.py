"""What a person gives, as a picture of a clip: known frames in their places, the rest noise.

Every task of the sampler ends here as a `Canvas`: how the clip's frames are grouped, which
latents are known, and where the noise starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator.codec import Codec, Layout, layout_of, starts_of
from generator.tasks import box_mask
from schemas.errors import UserError

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""Top, bottom, left and right, as shares of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Frames T,H,W,3 of the size to be sampled that are known, the first at `start_frame`."""

    pixels_THWC: Pixels
    start_frame: int

    @property
    def end_frame(self) -> int:
        """One past its last frame."""
        return self.start_frame + len(self.pixels_THWC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A clip to be sampled: C,G,h,w latents, known where `known_GHW` says (in tokens).

    Where they are not known, latents are what the walk from noise starts with: it begins at
    t = `strength`, with that much noise. `start_s` is the time of its first frame in the video
    that the prompt is about.
    """

    latents_CGHW: Tensor
    known_GHW: Tensor
    layout: Layout
    fps: float
    width_px: int
    height_px: int
    strength: float = 1.0
    start_s: float = 0.0


def canvas(
    codec: Codec,
    patch: int,
    given: Sequence[Given],
    *,
    num_frames: int,
    width_px: int,
    height_px: int,
    fps: float,
) -> Canvas:
    """Return a clip in which the given frames are known and the others are not.

    Each known and each unknown stretch is grouped by itself, so what is known is encoded as if
    nothing else were there. Raises UserError where given frames overlap, lie outside or are
    of another size.
    """
    for one in given:
        _, height, width, _ = one.pixels_THWC.shape
        if (width, height) != (width_px, height_px):
            raise UserError(
                f"given frames are {width}x{height}, the clip is {width_px}x{height_px}",
                "bring them to the clip's size first (generator.make.resized)",
            )
    stretches = _stretches(codec, given, num_frames)
    _, sh, sw = codec.stride
    rows, columns = -(-height_px // (sh * patch)), -(-width_px // (sw * patch))
    layout = tuple(frames for groups, _ in stretches for frames in groups)
    shape = (codec.num_channels, len(layout), rows * patch, columns * patch)
    latents, known = torch.zeros(shape), torch.zeros((len(layout), rows, columns), dtype=torch.bool)
    group = 0
    for groups, source in stretches:
        place = slice(group, group + len(groups))
        if source is not None:
            filled = fill_to(source.pixels_THWC, rows * patch * sh, columns * patch * sw)
            latents[:, place] = codec.encode(filled, groups)
            known[place] = True
        group += len(groups)
    return Canvas(
        latents_CGHW=latents,
        known_GHW=known,
        layout=layout,
        fps=fps,
        width_px=width_px,
        height_px=height_px,
    )


def edit_canvas(
    codec: Codec, patch: int, source: Pixels, *, fps: float, strength: float, box: Box | None
) -> Canvas:
    """Return a clip that starts from a video, with noise up to t = `strength`.

    With a box, everything outside it is known and stays. Half the strength keeps the large forms;
    1 keeps nothing (SDEdit, arXiv 2108.01073).
    """
    num_frames, height_px, width_px, _ = source.shape
    _, sh, sw = codec.stride
    rows, columns = -(-height_px // (sh * patch)), -(-width_px // (sw * patch))
    layout = codec.layout(num_frames)
    latents = codec.encode(fill_to(source, rows * patch * sh, columns * patch * sw), layout)
    known = torch.zeros((len(layout), rows, columns), dtype=torch.bool)
    if box is not None:
        known[:] = torch.from_numpy(box_mask(box, rows, columns))
    return Canvas(
        latents_CGHW=latents,
        known_GHW=known,
        layout=layout,
        fps=fps,
        width_px=width_px,
        height_px=height_px,
        strength=strength,
    )


def _stretches(
    codec: Codec, given: Sequence[Given], num_frames: int
) -> list[tuple[Layout, Given | None]]:
    """Return known and unknown stretches in the order of time, each with its groups."""
    st = codec.stride[0]
    if not given:
        return [(codec.layout(num_frames), None)]
    if not codec.is_local:
        return _causal_stretches(codec, given, num_frames)
    found: list[tuple[Layout, Given | None]] = []
    frame = 0
    for one in sorted(given, key=lambda g: g.start_frame):
        if one.start_frame < frame or one.end_frame > num_frames:
            raise UserError(
                f"given frames {one.start_frame} to {one.end_frame} overlap others or lie "
                f"outside the {num_frames} frames asked for",
                "ask for a longer video, or give fewer frames",
            )
        if one.start_frame > frame:
            found.append((layout_of(one.start_frame - frame, st), None))
        found.append((layout_of(len(one.pixels_THWC), st), one))
        frame = one.end_frame
    if frame < num_frames:
        found.append((layout_of(num_frames - frame, st), None))
    return found


def _causal_stretches(
    codec: Codec, given: Sequence[Given], num_frames: int
) -> list[tuple[Layout, Given | None]]:
    """A causal codec knows frames from the start only: whole groups of its own layout."""
    layout = codec.layout(num_frames)
    if len(given) > 1 or given[0].start_frame != 0:
        raise UserError(
            f"the codec {codec.name} takes known frames at the start only",
            "train with the codec `shipped` for frames known elsewhere",
        )
    starts = [*starts_of(layout), num_frames]
    whole = max(i for i, start in enumerate(starts) if start <= len(given[0].pixels_THWC))
    if whole == 0:
        return [(layout, None)]
    kept = Given(pixels_THWC=given[0].pixels_THWC[: starts[whole]], start_frame=0)
    rest: list[tuple[Layout, Given | None]] = [(layout[whole:], None)] if layout[whole:] else []
    return [(layout[:whole], kept), *rest]


def fill_to(pixels_THWC: Pixels, height_px: int, width_px: int) -> Pixels:
    """Repeat the last row and column up to a size."""
    _, h, w, _ = pixels_THWC.shape
    if (h, w) == (height_px, width_px):
        return pixels_THWC
    below, right = height_px - h, width_px - w
    return np.pad(pixels_THWC, ((0, 0), (0, below), (0, right), (0, 0)), mode="edge")


def paste(pixels_THWC: Pixels, given: Sequence[Given]) -> Pixels:
    """Put the given frames themselves in their places, instead of the codec's reconstruction."""
    out = pixels_THWC.copy()
    for one in given:
        out[one.start_frame : one.end_frame] = one.pixels_THWC
    return out


def paste_outside(pixels_THWC: Pixels, source: Pixels, box: Box) -> Pixels:
    """Put the source's own pixels everywhere but in the box."""
    _, height, width, _ = pixels_THWC.shape
    outside = box_mask(box, height, width)
    out = pixels_THWC.copy()
    out[:, outside] = source[:, outside]
    return out
