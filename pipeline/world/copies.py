"""Near-duplicates: a reel changed the way that re-uploads are, its truth changed with it (pure)."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np

from pipeline.world.defects import UNITS as DEFECT_UNITS
from pipeline.world.defects import write_text
from pipeline.world.reel import Pixels, Reel, Row, at_frames, place, without_facts
from pipeline.world.sound import fit
from pipeline.world.truth import CameraTruth, DefectTruth, ObjectTruth, ShotTruth
from schemas.facts import (
    EventFacts,
    Facts,
    ObjectFacts,
    canonical,
    from_json,
    reorder,
    to_json,
)
from schemas.frames import Box

UNITS: dict[str, str] = {
    "re_encoded": "crf",
    "scaled": "scale",
    "cropped": "share cut off",
    "letterboxed": "share under bars",
    "mirrored": "",
    "re_timed": "speed",
    "overlaid": "share covered",
    "greyscale": "share of colour left",
    "contained": "s shared",
    "excerpt": "s shared",
}
"""The kinds of near-duplicates and the unit of their strength."""

_MIRRORED = {
    "left": "right",
    "up_left": "up_right",
    "down_left": "down_right",
    "top_left": "top_right",
    "bottom_left": "bottom_right",
    "pan_left": "pan_right",
    "slide_left": "slide_right",
}
_MIRRORED |= {value: key for key, value in _MIRRORED.items()}


def even(value: float) -> int:
    """Return the nearest even number, at least 2."""
    return max(2, 2 * round(value / 2))


def scale(reel: Reel, width_px: int, height_px: int) -> Reel:
    """Return the reel at another size."""
    _, height, width, _ = reel.pixels_THWC.shape
    way = cv2.INTER_AREA if width_px < width else cv2.INTER_CUBIC
    frames = [cv2.resize(f, (width_px, height_px), interpolation=way) for f in reel.pixels_THWC]
    return place(reel, np.stack(frames), scale=(width_px / width, height_px / height))


def crop(reel: Reel, box: Box) -> Reel:
    """Return what is inside a box; facts name places and sizes in the whole picture: left out."""
    x, y = box.x_px, box.y_px
    pixels = reel.pixels_THWC[:, y : y + box.height_px, x : x + box.width_px].copy()
    placed = place(reel, pixels, shift=(-x, -y), is_view_moved=True)
    shots = (without_facts(shot, "cropped: places and sizes changed") for shot in placed.shots)
    window = Box(x_px=0, y_px=0, width_px=box.width_px, height_px=box.height_px)
    objects = (_seen_through(row, window) for row in placed.objects)
    return replace(placed, shots=tuple(shots), objects=tuple(objects))


def crop_share(reel: Reel, share: float, rng: np.random.Generator) -> Reel:
    """Cut a share of the picture off, unevenly at its four sides."""
    _, height, width, _ = reel.pixels_THWC.shape
    side = (1 - share) ** 0.5
    inner_width, inner_height = even(width * side), even(height * side)
    x = int(rng.integers(0, width - inner_width + 1))
    y = int(rng.integers(0, height - inner_height + 1))
    return crop(reel, Box(x_px=x, y_px=y, width_px=inner_width, height_px=inner_height))


def add_bars(reel: Reel, share: float, *, at_sides: bool = False) -> Reel:
    """Put black bars of equal size above and below (or left and right) of the picture.

    They take `share` of the new, larger picture, and are noted as a defect.
    """
    _, height, width, _ = reel.pixels_THWC.shape
    length = width if at_sides else height
    bar = even(length * share / (1 - share) / 2)
    across, down = (bar, 0) if at_sides else (0, bar)
    pixels = np.pad(reel.pixels_THWC, ((0, 0), (down, down), (across, across), (0, 0)))
    placed = place(reel, pixels, shift=(across, down))
    kind = "pillarboxed" if at_sides else "letterboxed"
    row = DefectTruth(
        file="",
        shot_index=None,
        kind=kind,
        start_frame=0,
        end_frame=reel.num_frames,
        strength=round(2 * bar / (length + 2 * bar), 4),
        unit=DEFECT_UNITS[kind],
        x_px=across,
        y_px=down,
        width_px=width,
        height_px=height,
    )
    return replace(placed, defects=(*placed.defects, row))


def mirror(reel: Reel) -> Reel:
    """Return the reel with left and right exchanged, in the facts too."""
    _, _, width, _ = reel.pixels_THWC.shape
    orders: dict[int, list[int]] = {}

    def turned(shot: ShotTruth) -> ShotTruth:
        if shot.facts is None:
            return shot
        facts, orders[shot.shot_index] = mirror_facts(from_json(shot.facts))
        return replace(shot, facts=to_json(facts))

    shots = tuple(turned(shot) for shot in reel.shots)

    def number(shot_index: int, index: int) -> int:
        return orders[shot_index].index(index) if shot_index in orders else index

    def renamed(target: str | None, shot_index: int) -> str | None:
        if target is not None and target.isdecimal():
            return str(number(shot_index, int(target)))
        return target if target is None else _MIRRORED.get(target, target)

    def seen(row: CameraTruth) -> CameraTruth:
        return replace(row, move=_MIRRORED.get(row.move, row.move), x=tuple(-x for x in row.x))

    def moved(row: ObjectTruth) -> ObjectTruth:
        return replace(
            row,
            object_index=number(row.shot_index, row.object_index),
            x_px=tuple(width - 1 - x for x in row.x_px),
            angle_deg=tuple(-angle for angle in row.angle_deg),
        )

    return replace(
        reel,
        pixels_THWC=np.ascontiguousarray(reel.pixels_THWC[:, :, ::-1]),
        shots=shots,
        camera=tuple(seen(row) for row in reel.camera),
        objects=tuple(moved(row) for row in reel.objects),
        events=tuple(
            replace(
                row,
                subject=None if row.subject is None else number(row.shot_index, row.subject),
                target=renamed(row.target, row.shot_index),
            )
            for row in reel.events
        ),
        defects=tuple(
            row if row.x_px is None else replace(row, x_px=width - row.x_px - (row.width_px or 0))
            for row in reel.defects
        ),
    )


def mirror_facts(facts: Facts) -> tuple[Facts, list[int]]:
    """Return what holds of the mirrored picture, objects in their order, and that order.

    Item i of the order is the index in `facts` of the object that is now in place i.
    """

    def turned(item: ObjectFacts) -> ObjectFacts:
        return replace(
            item,
            place=_MIRRORED.get(item.place or "", item.place),
            direction=_MIRRORED.get(item.direction or "", item.direction),
        )

    def retold(event: EventFacts) -> EventFacts:
        if isinstance(event.target, str):
            return replace(event, target=_MIRRORED.get(event.target, event.target))
        return event

    mirrored = replace(
        facts,
        objects=tuple(turned(item) for item in facts.objects),
        events=tuple(retold(event) for event in facts.events),
        camera=_MIRRORED.get(facts.camera or "", facts.camera),
    )
    wanted = canonical(mirrored)
    for order in itertools.permutations(range(len(facts.objects))):
        if reorder(mirrored, list(order)) == wanted:
            return wanted, list(order)
    raise AssertionError("a canonical order is an order")


def re_time(reel: Reel, speed: float) -> Reel:
    """Play the reel `speed` times as fast at the same frame rate; facts name speeds: left out.

    Frames are left out or shown twice.
    """
    num_frames = round(reel.num_frames / speed)
    source = [min(round(i * speed), reel.num_frames - 1) for i in range(num_frames)]

    def at(frame: int) -> int:
        return next((i for i, s in enumerate(source) if s >= frame), num_frames)

    def of_rows(row: Row) -> Row:
        lists = row.x if isinstance(row, CameraTruth) else row.x_px
        first, end = at(row.first_frame), at(row.first_frame + len(lists))
        wanted = [source[i] - row.first_frame for i in range(first, end)]
        return replace(at_frames(row, wanted), first_frame=first)

    return replace(
        reel,
        pixels_THWC=reel.pixels_THWC[source],
        shots=tuple(
            replace(
                without_facts(shot, "re-timed: speeds changed"),
                start_frame=at(shot.start_frame),
                end_frame=at(shot.end_frame),
                transition_start_frame=at(shot.transition_start_frame),
                transition_end_frame=at(shot.transition_end_frame),
            )
            for shot in reel.shots
        ),
        camera=tuple(replace(of_rows(row), speed=row.speed * speed) for row in reel.camera),
        objects=tuple(of_rows(row) for row in reel.objects),
        events=tuple(replace(row, frame=at(row.frame)) for row in reel.events),
        defects=tuple(
            replace(row, start_frame=at(row.start_frame), end_frame=at(row.end_frame))
            for row in reel.defects
        ),
        sound=None if reel.sound is None else fit(reel.sound, speed, num_frames, reel.fps),
    )


def overlay(reel: Reel, share: float, text: str) -> Reel:
    """Lay a banner with a text over the lower edge; the text is noted as a defect."""
    pixels = reel.pixels_THWC.copy()
    _, height, width, _ = pixels.shape
    rows = round(height * share)
    pixels[:, height - rows :] = pixels[:, height - rows :] // 4 + np.array([20, 30, 90], np.uint8)
    letter_px = max(6.0, rows * 0.5)
    box, letter_px = write_text(pixels, text, letter_px, height - round((rows - letter_px) / 2))
    free = Box(x_px=0, y_px=0, width_px=width, height_px=height - rows)
    row = DefectTruth(
        file="",
        shot_index=None,
        kind="burned_in_text",
        start_frame=0,
        end_frame=reel.num_frames,
        strength=letter_px,
        unit=DEFECT_UNITS["burned_in_text"],
        x_px=box.x_px,
        y_px=box.y_px,
        width_px=box.width_px,
        height_px=box.height_px,
    )
    return replace(
        reel,
        pixels_THWC=pixels,
        objects=tuple(_seen_through(item, free) for item in reel.objects),
        defects=(*reel.defects, row),
    )


def to_grey(reel: Reel, colour_left: float) -> Reel:
    """Return the reel with little or no colour; neither facts nor objects name any."""
    frames: Pixels = np.empty_like(reel.pixels_THWC)
    for target, frame in zip(frames, reel.pixels_THWC, strict=True):
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
        target[:] = np.rint(grey + (frame - grey) * colour_left)
    return replace(
        reel,
        pixels_THWC=frames,
        shots=tuple(without_facts(shot, "without colour") for shot in reel.shots),
        objects=tuple(replace(row, colour=(None,) * len(row.colour)) for row in reel.objects),
    )


def _seen_through(row: ObjectTruth, window: Box) -> ObjectTruth:
    """Return an object of whose picture only a window is left: unknown where its edge may cut."""
    left, top = window.x_px, window.y_px
    right, bottom = left + window.width_px, top + window.height_px

    def seen(visible: float | None, x: float, y: float, reach: float) -> float | None:
        if left + reach <= x < right - reach and top + reach <= y < bottom - reach:
            return visible
        is_out = x < left - reach or x >= right + reach or y < top - reach or y >= bottom + reach
        return 0.0 if is_out else None

    # No shape reaches further from its middle than the diameter of the disc of its area.
    lists = zip(row.visibility, row.x_px, row.y_px, row.diameter_px, strict=True)
    return replace(row, visibility=tuple(seen(*values) for values in lists))
