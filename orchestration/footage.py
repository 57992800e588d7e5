"""Draw the world's footage on all CPUs, with progress."""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.progress import stage_progress
from schemas.frames import DrawnVideo


def draw_footage(
    folder: Path,
    *,
    num_videos: int,
    seed: int,
    split: str = "train",
    form: str = "raw",
    num_workers: int | None = None,
) -> list[DrawnVideo]:
    """Draw footage; see `pipeline.world.footage.draw_footage`. By default one worker per CPU."""
    from pipeline.world.rushes_world import RushesWorld

    with stage_progress("world", num_videos) as progress:
        return RushesWorld().draw_footage(
            folder,
            num_videos=num_videos,
            seed=seed,
            split=split,
            form=form,
            num_workers=num_workers or os.cpu_count() or 1,
            on_drawn=progress.advance,
        )
