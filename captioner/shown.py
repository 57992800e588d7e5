"""The frames of a request as a model is shown them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.backend import pick_evenly
from captioner.request import CaptionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFrames:
    """The frames of one request as a model sees them; times in seconds from its start."""

    pixels_THWC: NDArray[np.uint8]
    times_s: tuple[float, ...]
    indices: tuple[int, ...] | None
    """Places among the frames of the request; None for stored pictures."""


def shown_frames(request: CaptionRequest, limit: int | None) -> ShownFrames | None:
    """Return the clip's frames, else its stored pictures; at most `limit`, spread evenly.

    None where there is no frame. Raises OSError for a picture that cannot be read.
    """
    if request.clip is not None and len(request.clip.times_s):
        kept = pick_evenly(len(request.clip.times_s), limit or len(request.clip.times_s))
        has_indices = len(request.frame_indices) == len(request.clip.times_s)
        return ShownFrames(
            pixels_THWC=request.clip.pixels_THWC[kept],
            times_s=tuple(float(request.clip.times_s[i]) for i in kept),
            indices=tuple(request.frame_indices[i] for i in kept) if has_indices else None,
        )
    if not request.frames:
        return None
    from PIL import Image

    stored = [request.frames[i] for i in pick_evenly(len(request.frames), limit or 1024)]
    pictures = [np.asarray(Image.open(io.BytesIO(f.jpeg)).convert("RGB")) for f in stored]
    return ShownFrames(
        pixels_THWC=np.stack(pictures), times_s=tuple(f.time_s for f in stored), indices=None
    )
