"""What is known of a clip, task by task: every task is a choice of known latents.

Known latents go through the network at t = 0 beside the noisy ones and are not predicted. In
training, a task is drawn for each clip: which groups of frames it shows, which of them
as single frames, and which latents are known. Sampling builds the same pictures of a clip from
what a person gives (`generator/compose.py`).

Single frames are groups of their own, so a frame known alone is encoded as it will be when
nothing but that frame is there. A group split into its frames takes as many tokens as four.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A group of a window: its first frame there, how many it holds, whether it is known."""

    start: int
    frames: int
    is_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A clip as a task shows it: parts in the order of time, and a box (0..1) within them.

    `box` is top, bottom, left and right as shares of the picture; latents outside it are
    known in every part. None: parts are known or not as a whole.
    """

    parts: tuple[Part, ...]
    box: tuple[float, float, float, float] | None = None

    @property
    def num_frames(self) -> int:
        """Frames that it shows."""
        return sum(part.frames for part in self.parts)


class TaskMix(Settings):
    """How often each task is drawn in training; the shares need not add up to one.

    A clip too short for a task shows the next simpler one: one group has no middle to fill.
    """

    video: float = Field(0.5, ge=0)
    """Nothing known: text to video."""
    image: float = Field(0.1, ge=0)
    """One frame, nothing known: text to image."""
    animate: float = Field(0.08, ge=0)
    """The first or the last frame known."""
    extend: float = Field(0.08, ge=0)
    """The beginning known."""
    before: float = Field(0.05, ge=0)
    """The end known."""
    connect: float = Field(0.08, ge=0)
    """Beginning and end known: connecting two videos, and loops."""
    fill: float = Field(0.03, ge=0)
    """Any groups known."""
    keyframes: float = Field(0.05, ge=0)
    """One to three single frames known, anywhere."""
    inside: float = Field(0.03, ge=0)
    """Everything known but a box."""

    @model_validator(mode="after")
    def _something_is_drawn(self) -> TaskMix:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("give a share to one task at least")
        return self

    def names(self) -> tuple[str, ...]:
        """Return the tasks in their order."""
        return tuple(type(self).model_fields)

    def only(self, allowed: tuple[str, ...]) -> TaskMix:
        """Return the mix without the tasks that are not allowed."""
        return TaskMix(**{n: getattr(self, n) if n in allowed else 0.0 for n in self.names()})

    def choose(self, place: float) -> str:
        """Return the task at a place in [0, 1)."""
        shares = np.array([getattr(self, name) for name in self.names()])
        edges = np.cumsum(shares) / shares.sum()
        chosen = int(np.searchsorted(edges, place, side="right"))
        return self.names()[min(chosen, len(edges) - 1)]


ONLY_IMAGES = TaskMix(image=1.0).only(("image",))
FROM_THE_START = ("video", "image", "animate", "extend")
"""Tasks that leave a causal codec's groups as they are: what is known comes first."""

Rng = np.random.Generator


def draw_picture(
    task: str, num_frames: int, group_frames: int, rng: Rng, *, is_local: bool = True
) -> Picture:
    """Return how a window of so many frames is shown under a task.

    Frames left over from full groups stand at the end as single ones. A causal codec
    (`is_local` false) has groups of its own, and tasks that are known `FROM_THE_START`.
    """
    if not is_local:
        return _causal_picture(task, num_frames, group_frames, rng)
    num_groups, rest = divmod(num_frames, group_frames)
    groups = [Part(start=i * group_frames, frames=group_frames) for i in range(num_groups)]
    tail = [Part(start=num_groups * group_frames + i, frames=1) for i in range(rest)]
    if task == "image" or not groups:
        chosen = int(rng.integers(num_frames))
        if task == "image" or num_frames == 1:
            return Picture(parts=(Part(start=chosen, frames=1),))
        return Picture(parts=tuple(tail))
    return _PICTURES[task]([*groups, *tail], rng)


def _causal_picture(task: str, num_frames: int, group_frames: int, rng: Rng) -> Picture:
    """Show the groups of a causal codec: the first frame, then full groups, then the rest."""
    starts = [0, *range(1, num_frames, group_frames)]
    parts = [
        Part(start=start, frames=end - start)
        for start, end in zip(starts, [*starts[1:], num_frames], strict=True)
    ]
    if task == "image":
        return Picture(parts=(parts[0],))
    if task == "video" or len(parts) == 1:
        return Picture(parts=tuple(parts))
    count = 1 if task == "animate" else int(rng.integers(1, len(parts)))
    return Picture(parts=(*map(_known, parts[:count]), *parts[count:]))


def _known(part: Part) -> Part:
    return Part(start=part.start, frames=part.frames, is_known=True)


def _video(parts: list[Part], rng: Rng) -> Picture:
    return Picture(parts=tuple(parts))


def _animate(parts: list[Part], rng: Rng) -> Picture:
    """Know the frame at one end; of the group that it is taken from nothing else is shown."""
    if len(parts) < 2:
        return _keyframes(parts, rng)
    if rng.random() < 0.75:
        first = parts[0]
        frame = Part(start=first.start + first.frames - 1, frames=1, is_known=True)
        return Picture(parts=(frame, *parts[1:]))
    return Picture(parts=(*parts[:-1], Part(start=parts[-1].start, frames=1, is_known=True)))


def _extend(parts: list[Part], rng: Rng) -> Picture:
    if len(parts) < 2:
        return _keyframes(parts, rng)
    count = int(rng.integers(1, len(parts)))
    return Picture(parts=(*map(_known, parts[:count]), *parts[count:]))


def _before(parts: list[Part], rng: Rng) -> Picture:
    if len(parts) < 2:
        return _keyframes(parts, rng)
    count = int(rng.integers(1, len(parts)))
    return Picture(parts=(*parts[:-count], *map(_known, parts[-count:])))


def _connect(parts: list[Part], rng: Rng) -> Picture:
    if len(parts) < 3:
        return _extend(parts, rng)
    head = int(rng.integers(1, len(parts) - 1))
    tail = int(rng.integers(1, len(parts) - head))
    middle = parts[head : len(parts) - tail]
    return Picture(
        parts=(*map(_known, parts[:head]), *middle, *map(_known, parts[len(parts) - tail :]))
    )


def _fill(parts: list[Part], rng: Rng) -> Picture:
    if len(parts) < 2:
        return _keyframes(parts, rng)
    known: NDArray[np.bool_] = rng.random(len(parts)) < 0.5
    one, other = rng.permutation(len(parts))[:2]
    known[one], known[other] = True, False
    return Picture(parts=tuple(_known(p) if k else p for p, k in zip(parts, known, strict=True)))


def _keyframes(parts: list[Part], rng: Rng) -> Picture:
    """Split one to three groups into their frames; one frame of each is known."""
    full = [index for index, part in enumerate(parts) if part.frames > 1]
    count = min(len(full), int(rng.integers(1, 4)))
    chosen = set(rng.permutation(full)[:count].tolist())
    shown: list[Part] = []
    for index, part in enumerate(parts):
        if index not in chosen:
            shown.append(part)
            continue
        key = int(rng.integers(part.frames))
        shown += [
            Part(start=part.start + i, frames=1, is_known=i == key) for i in range(part.frames)
        ]
    return Picture(parts=tuple(shown))


def _inside(parts: list[Part], rng: Rng) -> Picture:
    height, width = rng.uniform(0.3, 0.9, 2)
    top, left = rng.uniform(0, 1 - height), rng.uniform(0, 1 - width)
    return Picture(
        parts=tuple(parts),
        box=(float(top), float(top + height), float(left), float(left + width)),
    )


_PICTURES: dict[str, Callable[[list[Part], Rng], Picture]] = {
    "video": _video,
    "animate": _animate,
    "extend": _extend,
    "before": _before,
    "connect": _connect,
    "fill": _fill,
    "keyframes": _keyframes,
    "inside": _inside,
}


def box_mask(box: tuple[float, float, float, float], rows: int, columns: int) -> NDArray[np.bool_]:
    """Return which of rows x columns patches lie outside a box: True there, at least one False."""
    top, bottom, left, right = box
    y, x = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    inside = ((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))
    if not inside.any():
        inside[int((top + bottom) / 2 * rows), int((left + right) / 2 * columns)] = True
    return ~inside
