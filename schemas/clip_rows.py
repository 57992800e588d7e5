"""Rows of the catalogue -> references to clips: one reading of the columns for all who decode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.frames import Box, ClipRef


def crop_of(row: Mapping[str, Any]) -> Box | None:
    """Return the crop of the columns `crop_x_px` and so on; None where they are null."""
    if row["crop_width_px"] is None:
        return None
    return Box(
        x_px=row["crop_x_px"],
        y_px=row["crop_y_px"],
        width_px=row["crop_width_px"],
        height_px=row["crop_height_px"],
    )


def clip_ref_of(row: Mapping[str, Any]) -> ClipRef:
    """Return the reference of a clip from its columns, `uri`, `random_reader` and `frame_pts`."""
    return ClipRef(
        clip_id=row["clip_id"],
        video_id=row["video_id"],
        uri=row["uri"],
        start_frame=row["start_frame"],
        frame_pts=tuple(row["frame_pts"]),
        end_pts=row["end_pts"],
        time_base_num=row["time_base_num"],
        time_base_den=row["time_base_den"],
        width_px=row["width_px"],
        height_px=row["height_px"],
        reader=row["random_reader"],
        crop=crop_of(row),
    )
