"""Clips drawn for the captioner's tests: their truth is what was drawn."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from captioner.request import CaptionRequest, StoredFrame

PLAIN_SCORES = {
    "motion": 30.0,
    "motion_peak": 40.0,
    "still_share": 0.0,
    "camera_motion": 0.001,
    "pan_x": 0.0,
    "pan_y": 0.0,
    "zoom": 0.0,
    "shake": 0.0,
    "sharpness": 0.1,
    "brightness": 110.0,
    "contrast": 45.0,
    "dark_share": 0.0,
    "bright_share": 0.0,
    "saturation": 60.0,
    "border_share": 0.0,
    "num_sampled_frames": 4.0,
}
"""A clip with a still camera, some movement and moderate light."""

Rgb = tuple[int, int, int]
DARK_GREEN: Rgb = (0, 90, 20)
GREY: Rgb = (120, 120, 120)
RED: Rgb = (220, 20, 30)


def to_jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def draw_disc(
    background: Rgb,
    colour: Rgb | None,
    x: float = 0.5,
    y: float = 0.5,
    radius: float = 0.08,
    size: tuple[int, int] = (256, 144),
) -> bytes:
    """A disc at shares (x, y) of the frame, its radius a share of the longer side; noise on top."""
    picture = Image.new("RGB", size, background)
    if colour is not None:
        r, cx, cy = radius * max(size), x * size[0], y * size[1]
        ImageDraw.Draw(picture).ellipse((cx - r, cy - r, cx + r, cy + r), fill=colour)
    pixels = np.asarray(picture).astype(np.int16)
    noise = np.random.default_rng(7).integers(-3, 4, pixels.shape)
    return to_jpeg(Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)))


def make_request(
    jpegs: Sequence[bytes] = (), clip_id: str = "clip_a", duration_s: float = 4.0, **scores: float
) -> CaptionRequest:
    """A request with these frames, one a second; `scores` replace those of `PLAIN_SCORES`."""
    return CaptionRequest(
        request_id=clip_id,
        clip_id=clip_id,
        video_id="vid_a",
        start_s=10.0,
        end_s=10.0 + duration_s,
        duration_s=duration_s,
        width_px=1280,
        height_px=720,
        fps=25.0,
        num_frames=round(25.0 * duration_s),
        scores={**PLAIN_SCORES, **scores},
        frames=tuple(StoredFrame(time_s=float(i), jpeg=jpeg) for i, jpeg in enumerate(jpegs)),
    )
