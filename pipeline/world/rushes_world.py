"""The world behind one door: the protocol `World` of `schemas/frames.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.world import footage
from pipeline.world.choose import choose_shot
from pipeline.world.scene import MIN_SIDE_PX, draw_shot
from schemas.errors import UserError
from schemas.frames import DrawnVideo, Frames


class RushesWorld:
    """Draws coloured shapes that move before a textured background; all of it is known."""

    def draw(
        self, *, seed: int, width_px: int, height_px: int, num_frames: int, fps: float
    ) -> tuple[Frames, dict[str, Any]]:
        """Return one shot and its truth, described in `scene.draw_shot`.

        The same arguments give the same pixels. Raises UserError for a frame under
        `MIN_SIDE_PX`, for no frames, for a rate that is not positive and for a negative seed.
        """
        if min(width_px, height_px) < MIN_SIDE_PX:
            raise UserError(
                f"a frame of {width_px}x{height_px} is too small to draw on",
                f"make both sides at least {MIN_SIDE_PX} pixels",
            )
        if num_frames < 1 or not fps > 0 or seed < 0:
            raise UserError(
                f"cannot draw {num_frames} frames at {fps} a second from seed {seed}",
                "ask for at least one frame, a positive rate and a seed of at least 0",
            )
        spec = choose_shot(
            seed, width_px=width_px, height_px=height_px, num_frames=num_frames, fps=fps
        )
        shot = draw_shot(
            spec, width_px=width_px, height_px=height_px, num_frames=num_frames, fps=fps
        )
        times_s = np.arange(num_frames, dtype=np.float64) / fps
        return Frames(pixels_THWC=shot.pixels_THWC, times_s=times_s), {"seed": seed, **shot.truth}

    def draw_footage(self, folder: Path, *, num_videos: int, seed: int) -> list[DrawnVideo]:
        """Write raw videos and their truth; see `footage.draw_footage`."""
        return footage.draw_footage(folder, num_videos=num_videos, seed=seed)
