"""A reel: pixels, sound and what is true of them, and how the truth follows a change (pure).

A reel's truth names no file: `file` is empty until the reel is written. Facts travel as data
and become text only then, so that a change of the picture changes them with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.world.sound import Samples, sample_at
from pipeline.world.truth import CameraTruth, DefectTruth, EventTruth, ObjectTruth, ShotTruth

Pixels = NDArray[np.uint8]
Row = TypeVar("Row", CameraTruth, ObjectTruth)
"""Rows that hold lists, one item per frame."""
Spanned = TypeVar("Spanned", ShotTruth, CameraTruth, ObjectTruth, EventTruth, DefectTruth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """Joined shots: pixels T,H,W,3 uint8 RGB, and mono sound or none."""

    pixels_THWC: Pixels
    fps: float
    shots: tuple[ShotTruth, ...]
    camera: tuple[CameraTruth, ...] = ()
    objects: tuple[ObjectTruth, ...] = ()
    events: tuple[EventTruth, ...] = ()
    defects: tuple[DefectTruth, ...] = ()
    sound: Samples | None = None

    @property
    def num_frames(self) -> int:
        """Frames in the reel."""
        return len(self.pixels_THWC)


def cut_out(reel: Reel, start_frame: int, end_frame: int) -> Reel:
    """Return frames `[start_frame, end_frame)` of a reel; shots are numbered anew.

    A shot of which a part is missing keeps no facts: what they state may lie in that part.
    """
    kept = [s for s in reel.shots if s.start_frame < end_frame and s.end_frame > start_frame]
    numbers = {shot.shot_index: number for number, shot in enumerate(kept)}

    def inside(frame: int) -> int:
        return min(max(frame, start_frame), end_frame) - start_frame

    shots = []
    for shot in kept:
        whole = _first_frame(reel, shot) >= start_frame and _last_frame(reel, shot) <= end_frame
        shots.append(
            replace(
                shot if whole else without_facts(shot, "a part of the shot is not in this file"),
                shot_index=numbers[shot.shot_index],
                start_frame=inside(shot.start_frame),
                end_frame=inside(shot.end_frame),
                transition_start_frame=inside(shot.transition_start_frame),
                transition_end_frame=inside(shot.transition_end_frame),
            )
        )
    length = end_frame - start_frame
    shots[-1] = _ending(shots[-1], length)

    def of_part(row: Row) -> Row | None:
        num = len(row.x if isinstance(row, CameraTruth) else row.x_px)
        part = range(max(start_frame - row.first_frame, 0), min(end_frame - row.first_frame, num))
        if row.shot_index not in numbers or not part:
            return None
        first = row.first_frame + part.start - start_frame
        number = numbers[row.shot_index]
        return replace(at_frames(row, part), shot_index=number, first_frame=first)

    def of_defect(row: DefectTruth) -> DefectTruth | None:
        start, end = inside(row.start_frame), inside(row.end_frame)
        if start == end or (row.shot_index is not None and row.shot_index not in numbers):
            return None
        number = None if row.shot_index is None else numbers[row.shot_index]
        return replace(row, shot_index=number, start_frame=start, end_frame=end)

    sound = reel.sound
    if sound is not None:
        sound = sound[sample_at(start_frame, reel.fps) : sample_at(end_frame, reel.fps)]
    return Reel(
        pixels_THWC=reel.pixels_THWC[start_frame:end_frame],
        fps=reel.fps,
        shots=tuple(shots),
        camera=_present(of_part(row) for row in reel.camera),
        objects=_present(of_part(row) for row in reel.objects),
        events=tuple(
            replace(row, shot_index=numbers[row.shot_index], frame=row.frame - start_frame)
            for row in reel.events
            if row.shot_index in numbers and start_frame <= row.frame < end_frame
        ),
        defects=_present(of_defect(row) for row in reel.defects),
        sound=sound,
    )


def chain(reels: Sequence[Reel]) -> Reel:
    """Return reels of one size and rate one after another, with hard cuts; without sound."""
    first = num_shots = 0
    shots: list[ShotTruth] = []
    rest: dict[str, list[Any]] = {"camera": [], "objects": [], "events": [], "defects": []}
    for index, reel in enumerate(reels):
        moved = [_later(row, first, num_shots) for row in reel.shots]
        if index + 1 < len(reels):
            moved[-1] = replace(moved[-1], transition_out="cut")
        shots += moved
        for name, rows in rest.items():
            rows += [_later(row, first, num_shots) for row in getattr(reel, name)]
        first, num_shots = first + reel.num_frames, num_shots + len(reel.shots)
    return Reel(
        pixels_THWC=np.concatenate([reel.pixels_THWC for reel in reels]),
        fps=reels[0].fps,
        shots=tuple(shots),
        camera=tuple(rest["camera"]),
        objects=tuple(rest["objects"]),
        events=tuple(rest["events"]),
        defects=tuple(rest["defects"]),
    )


def place(
    reel: Reel,
    pixels_THWC: Pixels,
    *,
    scale: tuple[float, float] = (1.0, 1.0),
    shift: tuple[float, float] = (0.0, 0.0),
    is_view_moved: bool = False,
) -> Reel:
    """Return a reel with other pixels, its geometry scaled, then shifted (x, y in pixels).

    `is_view_moved`: the middle of the picture now shows another point of the scene (a crop).
    """
    (scale_x, scale_y), (shift_x, shift_y) = scale, shift
    mean = (scale_x * scale_y) ** 0.5
    _, height, width, _ = reel.pixels_THWC.shape
    _, new_height, new_width, _ = pixels_THWC.shape
    off_x = (new_width - 1) / 2 - ((width - 1) / 2 * scale_x + shift_x + (scale_x - 1) / 2)
    off_y = (new_height - 1) / 2 - ((height - 1) / 2 * scale_y + shift_y + (scale_y - 1) / 2)

    def seen(row: CameraTruth) -> CameraTruth:
        if row.unit != "px":
            return row
        by_x, by_y = (off_x, off_y) if is_view_moved else (0.0, 0.0)
        return replace(
            row,
            x=tuple(x * scale_x + by_x / z for x, z in zip(row.x, row.zoom, strict=True)),
            y=tuple(y * scale_y + by_y / z for y, z in zip(row.y, row.zoom, strict=True)),
        )

    def at(value: float, factor: float, by: float) -> float:
        return (value + 0.5) * factor - 0.5 + by

    def moved(row: DefectTruth) -> DefectTruth:
        if row.x_px is None or row.y_px is None or not row.width_px or not row.height_px:
            return row
        return replace(
            row,
            x_px=round(row.x_px * scale_x + shift_x),
            y_px=round(row.y_px * scale_y + shift_y),
            width_px=round(row.width_px * scale_x),
            height_px=round(row.height_px * scale_y),
        )

    return replace(
        reel,
        pixels_THWC=pixels_THWC,
        camera=tuple(seen(row) for row in reel.camera),
        objects=tuple(
            replace(
                row,
                x_px=tuple(at(x, scale_x, shift_x) for x in row.x_px),
                y_px=tuple(at(y, scale_y, shift_y) for y in row.y_px),
                diameter_px=tuple(d * mean for d in row.diameter_px),
            )
            for row in reel.objects
        ),
        defects=tuple(moved(row) for row in reel.defects),
    )


def at_frames(row: Row, wanted: Sequence[int]) -> Row:
    """Return a row whose lists hold the items of the wanted frames only."""
    lists: dict[str, Any] = {
        field.name: tuple(value[i] for i in wanted)
        for field in fields(row)
        if isinstance(value := getattr(row, field.name), tuple)
    }
    return replace(row, **lists)


def without_facts(shot: ShotTruth, reason: str) -> ShotTruth:
    """Return a shot whose facts are left out; an earlier reason stays."""
    return replace(shot, facts=None, left_out=shot.left_out or reason)


def _first_frame(reel: Reel, shot: ShotTruth) -> int:
    """Return the first frame in which a shot is at all visible."""
    before = [s for s in reel.shots if s.shot_index == shot.shot_index - 1]
    return before[0].transition_start_frame if before else 0


def _last_frame(reel: Reel, shot: ShotTruth) -> int:
    return min(shot.transition_end_frame, reel.num_frames)


def _ending(shot: ShotTruth, length: int) -> ShotTruth:
    return replace(
        shot,
        transition_out="end",
        transition_form=None,
        transition_start_frame=length,
        transition_end_frame=length,
    )


def _later(row: Spanned, frames: int, shots: int) -> Spanned:
    """Return a row moved by some frames and shots."""
    names = {field.name for field in fields(row) if field.name.endswith("frame")}
    changes: dict[str, Any] = {name: getattr(row, name) + frames for name in names}
    if row.shot_index is not None:
        changes["shot_index"] = row.shot_index + shots
    return replace(row, **changes)


def _present(rows: Any) -> tuple[Any, ...]:
    return tuple(row for row in rows if row is not None)
