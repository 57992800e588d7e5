"""Join shots into a reel and change it, pixels and truth together (pure).

A reel's truth names no file: `file` is empty until the reel is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.caption import describe
from pipeline.world.scene import DrawnShot
from pipeline.world.truth import ObjectTruth, ShotTruth

Pixels = NDArray[np.uint8]

DARK_GAIN = 0.05
"""A dark shot keeps this share of its light: no level above 13 of 255."""
GLARE_GAIN = 0.1
"""An overexposed shot keeps this share of its distance from white: no level below 229."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How one shot follows another: `cut`, `fade` or `dissolve`.

    A fade takes `num_frames` to go out, `num_black` of black and `num_frames` to come in;
    a dissolve shows both shots for `num_frames`.
    """

    kind: str
    num_frames: int = 0
    num_black: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """Joined shots: pixels T,H,W,3 uint8 RGB and what is true of them."""

    pixels_THWC: Pixels
    shots: tuple[ShotTruth, ...]
    objects: tuple[ObjectTruth, ...]


def spoil(shot: DrawnShot, defect: str | None) -> DrawnShot:
    """Return the shot with its light changed: `dark` or `overexposed`; otherwise as it is."""
    levels = np.arange(256, dtype=np.float32)
    if defect == "dark":
        table = levels * DARK_GAIN
    elif defect == "overexposed":
        table = 255 - (255 - levels) * GLARE_GAIN
    else:
        return shot
    spoilt = np.rint(table).astype(np.uint8)[shot.pixels_THWC]
    return DrawnShot(pixels_THWC=spoilt, truth=shot.truth)


def join(shots: Sequence[DrawnShot], joins: Sequence[Join], defects: Sequence[str | None]) -> Reel:
    """Join shots of one size, `joins[i]` between shots i and i + 1, into a reel.

    A fade adds its black frames; a dissolve shortens the reel by its overlap. Raises
    ValueError where transitions would meet within a shot.
    """
    firsts, starts = [0], [0]
    ends: list[tuple[str, int, int]] = []
    for index, shot in enumerate(shots):
        after = firsts[-1] + len(shot.pixels_THWC)
        if index == len(joins):
            ends.append(("end", after, after))
            break
        step = joins[index]
        used = step.num_frames + (joins[index - 1].num_frames if index else 0)
        if used >= len(shot.pixels_THWC):
            raise ValueError(f"shot {index} is shorter than its transitions")
        until = after + step.num_black + (step.num_frames if step.kind == "fade" else 0)
        ends.append((step.kind, after - step.num_frames, until))
        firsts.append(
            after - step.num_frames if step.kind == "dissolve" else after + step.num_black
        )
        starts.append((after - step.num_frames + until) // 2)
    pixels = np.zeros((ends[-1][2], *shots[0].pixels_THWC.shape[1:]), dtype=np.uint8)
    for index, shot in enumerate(shots):
        before = joins[index - 1] if index else Join(kind="cut")
        after_join = joins[index] if index < len(joins) else Join(kind="cut")
        _paste(pixels, shot.pixels_THWC, firsts[index], before, after_join)
    return Reel(
        pixels_THWC=pixels,
        shots=tuple(_shot_row(i, shot, starts, ends, defects[i]) for i, shot in enumerate(shots)),
        objects=tuple(
            row for i, shot in enumerate(shots) for row in _object_rows(i, shot, firsts[i])
        ),
    )


def excerpt(reel: Reel, start_frame: int, end_frame: int) -> Reel:
    """Return frames `[start_frame, end_frame)` of a reel; shots are numbered anew."""
    length = end_frame - start_frame

    def shifted(frame: int) -> int:
        return min(max(frame - start_frame, 0), length)

    kept = [
        shot for shot in reel.shots if shot.start_frame < end_frame and shot.end_frame > start_frame
    ]
    numbers = {shot.shot_index: number for number, shot in enumerate(kept)}
    shots = [
        replace(
            shot,
            shot_index=numbers[shot.shot_index],
            start_frame=shifted(shot.start_frame),
            end_frame=shifted(shot.end_frame),
            transition_start_frame=shifted(shot.transition_start_frame),
            transition_end_frame=shifted(shot.transition_end_frame),
        )
        for shot in kept
    ]
    shots[-1] = replace(
        shots[-1], transition_out="end", transition_start_frame=length, transition_end_frame=length
    )
    objects = []
    for item in reel.objects:
        begin = max(start_frame - item.first_frame, 0)
        part = slice(begin, max(end_frame - item.first_frame, 0))
        if item.shot_index in numbers and item.x_px[part]:
            objects.append(
                replace(
                    item,
                    shot_index=numbers[item.shot_index],
                    first_frame=item.first_frame + begin - start_frame,
                    x_px=item.x_px[part],
                    y_px=item.y_px[part],
                    diameter_px=item.diameter_px[part],
                    visibility=item.visibility[part],
                )
            )
    return Reel(
        pixels_THWC=reel.pixels_THWC[start_frame:end_frame],
        shots=tuple(shots),
        objects=tuple(objects),
    )


def shrink(reel: Reel, width_px: int, height_px: int) -> Reel:
    """Return the reel at another size (area-averaged)."""
    _, height, width, _ = reel.pixels_THWC.shape
    size = (width_px, height_px)
    frames = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in reel.pixels_THWC]
    scale_x, scale_y = width_px / width, height_px / height
    objects = tuple(
        replace(
            item,
            x_px=tuple((x + 0.5) * scale_x - 0.5 for x in item.x_px),
            y_px=tuple((y + 0.5) * scale_y - 0.5 for y in item.y_px),
            diameter_px=tuple(d * (scale_x * scale_y) ** 0.5 for d in item.diameter_px),
        )
        for item in reel.objects
    )
    return Reel(pixels_THWC=np.stack(frames), shots=reel.shots, objects=objects)


def letterbox(reel: Reel, bar_px: int) -> Reel:
    """Return the reel with black bars of `bar_px` rows above and below."""
    bars = ((0, 0), (bar_px, bar_px), (0, 0), (0, 0))
    objects = tuple(
        replace(item, y_px=tuple(y + bar_px for y in item.y_px)) for item in reel.objects
    )
    return Reel(pixels_THWC=np.pad(reel.pixels_THWC, bars), shots=reel.shots, objects=objects)


def _paste(reel: Pixels, shot: Pixels, first: int, before: Join, after: Join) -> None:
    """Lay a shot into the reel, frame `first` onwards, over what a dissolve left there."""
    n = before.num_frames
    target = reel[first : first + len(shot)]
    previous = target[:n].copy()
    target[:] = shot
    if n:
        rising = ((np.arange(n, dtype=np.float32) + 1) / (n + 1))[:, None, None, None]
        target[:n] = np.rint(previous + (shot[:n].astype(np.float32) - previous) * rising)
    if after.kind == "fade":
        n = after.num_frames
        falling = (1 - (np.arange(n, dtype=np.float32) + 1) / (n + 1))[:, None, None, None]
        target[-n:] = np.rint(shot[-n:] * falling)


def _shot_row(
    index: int,
    shot: DrawnShot,
    starts: Sequence[int],
    ends: Sequence[tuple[str, int, int]],
    defect: str | None,
) -> ShotTruth:
    kind, transition_start, transition_end = ends[index]
    truth = shot.truth
    return ShotTruth(
        file="",
        shot_index=index,
        start_frame=starts[index],
        end_frame=starts[index + 1] if index + 1 < len(starts) else transition_end,
        transition_out=kind,
        transition_start_frame=transition_start,
        transition_end_frame=transition_end,
        defect=defect,
        camera=truth["camera"]["move"],
        camera_speed=truth["camera"]["speed"],
        background_kind=truth["background"]["kind"],
        background_colour=truth["background"]["colour"],
        caption=describe(truth, defect),
    )


def _object_rows(index: int, shot: DrawnShot, first_frame: int) -> list[ObjectTruth]:
    return [
        ObjectTruth(
            file="",
            shot_index=index,
            object_index=number,
            colour=item["colour"],
            shape=item["shape"],
            size=item["size"],
            direction=item["direction"],
            speed=item["speed"],
            num_bounces=item["num_bounces"],
            first_frame=first_frame,
            x_px=tuple(item["x_px"]),
            y_px=tuple(item["y_px"]),
            diameter_px=tuple(item["diameter_px"]),
            visibility=tuple(item["visibility"]),
        )
        for number, item in enumerate(shot.truth["objects"])
    ]
