"""Join takes into a reel by cuts, fades, dissolves and wipes, pixels and truth together (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.world.reel import Pixels, Reel
from pipeline.world.state import DrawnScene
from pipeline.world.truth import CameraTruth, EventTruth, ObjectTruth, ShotTruth
from schemas.facts import to_json

WIPE_FORMS = ("left", "right", "up", "down", "circle")
FADE_FORMS = ("black", "white")
_LEVELS = {"black": 0, "white": 255}


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How one shot follows another: `cut`, `fade`, `dissolve` or `wipe`.

    A fade takes `num_frames` to go out, `num_held` of its colour and `num_frames` to come
    in; a dissolve and a wipe show both shots for `num_frames`. `form` is explained in
    `truth.ShotTruth`.
    """

    kind: str
    form: str | None = None
    num_frames: int = 0
    num_held: int = 0

    @property
    def overlaps(self) -> bool:
        """Whether both shots are seen at the same time."""
        return self.kind in {"dissolve", "wipe"}


_CUT = Join(kind="cut")


def join(takes: Sequence[DrawnScene], joins: Sequence[Join]) -> Reel:
    """Join takes of one size and rate, `joins[i]` between takes i and i + 1, into a reel.

    A fade adds the frames that it holds; a dissolve or wipe shortens the reel by its
    overlap. Raises ValueError where transitions would meet within a shot.
    """
    firsts, starts = [0], [0]
    ends: list[tuple[Join, int, int]] = []
    for index, take in enumerate(takes):
        after = firsts[-1] + len(take.pixels_THWC)
        if index == len(joins):
            ends.append((Join(kind="end"), after, after))
            break
        step = joins[index]
        used = step.num_frames + (joins[index - 1].num_frames if index else 0)
        if used >= len(take.pixels_THWC):
            raise ValueError(f"shot {index} is shorter than its transitions")
        until = after + step.num_held + (step.num_frames if step.kind == "fade" else 0)
        ends.append((step, after - step.num_frames, until))
        firsts.append(after - step.num_frames if step.overlaps else after + step.num_held)
        starts.append((after - step.num_frames + until) // 2)
    num_frames = ends[-1][2]
    pixels = np.zeros((num_frames, *takes[0].pixels_THWC.shape[1:]), dtype=np.uint8)
    for index, take in enumerate(takes):
        before = joins[index - 1] if index else _CUT
        after_join = joins[index] if index < len(joins) else _CUT
        _paste(pixels, take.pixels_THWC, firsts[index], before, after_join)
    shots = []
    for index, take in enumerate(takes):
        step, transition_start, transition_end = ends[index]
        shots.append(
            ShotTruth(
                file="",
                shot_index=index,
                start_frame=starts[index],
                end_frame=starts[index + 1] if index + 1 < len(starts) else num_frames,
                transition_out=step.kind,
                transition_form=step.form,
                transition_start_frame=transition_start,
                transition_end_frame=transition_end,
                facts=to_json(take.truth.facts),
            )
        )
    numbered = list(enumerate(zip(takes, firsts, strict=True)))
    return Reel(
        pixels_THWC=pixels,
        fps=takes[0].truth.fps,
        shots=tuple(shots),
        camera=tuple(_camera_row(index, take, first) for index, (take, first) in numbered),
        objects=tuple(row for i, (take, first) in numbered for row in _object_rows(i, take, first)),
        events=tuple(row for i, (take, first) in numbered for row in _event_rows(i, take, first)),
    )


def _paste(reel: Pixels, take: Pixels, first: int, before: Join, after: Join) -> None:
    """Lay a take into the reel, frame `first` onwards, over what an overlap left there."""
    n = before.num_frames
    target = reel[first : first + len(take)]
    previous = target[:n].copy()
    target[:] = take
    if before.kind == "fade":
        previous[:] = _LEVELS[before.form or "black"]
    for t in range(n):
        target[t] = _mixed(previous[t], take[t], before, (t + 1) / (n + 1))
    if after.kind == "fade":
        n, level = after.num_frames, np.uint8(_LEVELS[after.form or "black"])
        end = first + len(take)
        reel[end : end + after.num_held] = level
        for t in range(n):
            colour = np.full_like(take[t - n], level)
            target[t - n] = _mixed(take[t - n], colour, after, (t + 1) / (n + 1))


def _mixed(
    old_HWC: NDArray[np.uint8], new_HWC: NDArray[np.uint8], step: Join, share: float
) -> NDArray[np.uint8]:
    """Return a frame of a transition, of which `share` has passed."""
    if step.kind == "wipe":
        is_new = _uncovered(step.form or "left", share, *old_HWC.shape[:2])
        return np.where(is_new[..., None], new_HWC, old_HWC)
    old = old_HWC.astype(np.float32)
    mixed: NDArray[np.uint8] = np.rint(old + (new_HWC - old) * np.float32(share)).astype(np.uint8)
    return mixed


def _uncovered(form: str, share: float, height: int, width: int) -> NDArray[np.bool_]:
    """Return where a wipe shows the new shot, H x W."""
    y = (np.arange(height)[:, None] + 0.5) / height
    x = (np.arange(width)[None] + 0.5) / width
    if form == "circle":
        aspect = width / height
        radius = np.hypot((x - 0.5) * aspect, y - 0.5) / np.hypot(aspect / 2, 0.5)
        return np.asarray(radius < share)
    edge = {"right": x, "left": 1 - x, "down": y, "up": 1 - y}[form]
    return np.broadcast_to(edge < share, (height, width))


def _camera_row(index: int, take: DrawnScene, first_frame: int) -> CameraTruth:
    camera = take.truth.camera
    return CameraTruth(
        file="",
        shot_index=index,
        first_frame=first_frame,
        move=camera.move,
        speed=camera.speed,
        unit="camera_height" if take.truth.facts.background_kind == "floor" else "px",
        x=camera.x,
        y=camera.y,
        zoom=camera.zoom,
    )


def _object_rows(index: int, take: DrawnScene, first_frame: int) -> list[ObjectTruth]:
    return [
        ObjectTruth(
            file="",
            shot_index=index,
            object_index=item.object_index,
            first_frame=first_frame,
            shape=item.shape,
            x_px=item.x_px,
            y_px=item.y_px,
            diameter_px=item.diameter_px,
            angle_deg=item.angle_deg,
            visibility=item.visibility,
            colour=item.colour,
        )
        for item in take.truth.objects
    ]


def _event_rows(index: int, take: DrawnScene, first_frame: int) -> list[EventTruth]:
    return [
        EventTruth(
            file="",
            shot_index=index,
            kind=event.kind,
            frame=first_frame + event.frame,
            subject=event.subject,
            target=None if event.target is None else str(event.target),
        )
        for event in take.truth.events
    ]
