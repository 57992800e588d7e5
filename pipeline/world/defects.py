"""Plant a defect of known place and strength into one shot, or all, of a reel (pure).

A planter changes the pixels (or the sound) in the reel's own arrays and returns the reel with
the truth changed along, and a row that names the defect.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.world.reel import Pixels, Reel, Row, at_frames, without_facts
from pipeline.world.sound import sample_at
from pipeline.world.truth import CameraTruth, DefectTruth, ObjectTruth, ShotTruth
from schemas.frames import Box

UNITS: dict[str, str] = {
    "static": "grey levels of noise",
    "slideshow": "s per still",
    "black": "grey level",
    "dark": "share of light left",
    "overexposed": "share of contrast left",
    "blurred": "px sigma",
    "blocky": "quantiser step",
    "letterboxed": "share under bars",
    "pillarboxed": "share under bars",
    "burned_in_text": "px letter height",
    "logo": "opacity",
    "shake": "px rms",
    "silence": "share of sound left",
}
"""The defects and the unit of their strength; less is stronger where it says what is left."""

TEXTS = (
    "MEANWHILE IN TOWN",
    "I HAVE SEEN THIS BEFORE",
    "THE NEXT MORNING",
    "WHERE DID THEY GO?",
    "SUBSCRIBE FOR MORE",
)
_TEXT_SPAN = (0.1, 0.9)
"""A text stands for this part of its shot."""
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_LETTER_PX = 21
"""Height of the font's capitals at scale 1."""


def plant(
    reel: Reel, kind: str, strength: float, shot_index: int, rng: np.random.Generator
) -> Reel:
    """Plant a defect into one shot that has hard cuts, or the file's ends, on both sides."""
    shot = reel.shots[shot_index]
    span = (shot.start_frame, shot.end_frame)
    pixels = reel.pixels_THWC[span[0] : span[1]]
    box: Box | None = None
    if kind == "static":
        reel = _hold(reel, shot, pixels, strength, rng)
    elif kind == "black":
        pixels[:] = round(strength)
        reel = _without_content(reel, shot, "the picture is black")
    elif kind == "dark":
        _through_table(pixels, np.arange(256) * strength)
        reel = _without_shot_facts(reel, shot, "too dark to be told")
    elif kind == "overexposed":
        _through_table(pixels, 255 - (255 - np.arange(256)) * strength)
        reel = _without_shot_facts(reel, shot, "too bright to be told")
    elif kind == "blurred":
        for frame in pixels:
            frame[:] = cv2.GaussianBlur(frame, (0, 0), strength)
    elif kind == "blocky":
        _quantise(pixels, strength)
    elif kind == "burned_in_text":
        length = span[1] - span[0]
        span = (
            span[0] + round(_TEXT_SPAN[0] * length),
            span[0] + round(_TEXT_SPAN[1] * length),
        )
        text = TEXTS[int(rng.integers(len(TEXTS)))]
        box, strength = write_text(reel.pixels_THWC[span[0] : span[1]], text, strength)
    elif kind == "shake":
        reel = _shaken(reel, shot, pixels, strength, rng)
    elif kind == "silence":
        if reel.sound is None:
            raise ValueError("a reel without sound cannot fall silent")
        start, end = (sample_at(frame, reel.fps) for frame in span)
        reel.sound[start:end] *= np.float32(strength)
    else:
        raise ValueError(f"no shot can be {kind!r}")
    return _noted(reel, kind, strength, span, shot_index, box)


def note_slideshow(reel: Reel, first_shot: int, num_stills: int, seconds: float) -> Reel:
    """Name shots that hold one picture each a slideshow; each keeps its own hard cuts."""
    stills = reel.shots[first_shot : first_shot + num_stills]
    span = (stills[0].start_frame, stills[-1].end_frame)
    return _noted(reel, "slideshow", seconds, span, None, None)


def add_logo(reel: Reel, opacity: float, corner: int) -> Reel:
    """Lay a mark over a corner (0 to 3, clockwise from the top left) of every frame."""
    pixels = reel.pixels_THWC
    _, height, width, _ = pixels.shape
    side = round(0.16 * min(height, width))
    gap = round(0.05 * min(height, width))
    x = gap if corner in (0, 3) else width - gap - side
    y = gap if corner in (0, 1) else height - gap - side
    mark = np.zeros((side * 4, side * 4), np.uint8)
    cv2.circle(mark, (side * 2, side * 2), side * 2 - 8, 255, side // 2)
    cv2.line(mark, (side, side * 3), (side * 3, side), 255, side // 2)
    share = cv2.resize(mark, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    alpha = (share * opacity)[..., None]
    for frame in pixels:
        part = frame[y : y + side, x : x + side]
        part[:] = np.rint(part * (1 - alpha) + 255 * alpha)
    box = Box(x_px=x, y_px=y, width_px=side, height_px=side)
    return _noted(reel, "logo", opacity, (0, reel.num_frames), None, box)


def write_text(
    pixels_THWC: Pixels, text: str, letter_px: float, baseline_px: int | None = None
) -> tuple[Box, float]:
    """Write a white, outlined line of text low in the middle, standing on row `baseline_px`.

    Returns its box and the height of its capitals: letters that would not fit are smaller.
    """
    _, height, width, _ = pixels_THWC.shape
    scale = letter_px / _LETTER_PX
    thick = max(1, round(letter_px / 9))
    (text_width, text_height), below = cv2.getTextSize(text, _FONT, scale, thick)
    if text_width > width - 4:
        smaller_px = letter_px * (width - 6) / text_width
        return write_text(pixels_THWC, text, smaller_px, baseline_px)
    x, y = (width - text_width) // 2, baseline_px or round(height * 0.9)
    for frame in pixels_THWC:
        at = (x, y)
        cv2.putText(frame, text, at, _FONT, scale, (0, 0, 0), thick + 2, cv2.LINE_AA)
        cv2.putText(frame, text, at, _FONT, scale, (255, 255, 255), thick, cv2.LINE_AA)
    box = Box(
        x_px=x - 1, y_px=y - text_height - 1, width_px=text_width + 2, height_px=text_height + below
    )
    return box, round(letter_px, 2)


def _noted(
    reel: Reel,
    kind: str,
    strength: float,
    span: tuple[int, int],
    shot_index: int | None,
    box: Box | None,
) -> Reel:
    row = DefectTruth(
        file="",
        shot_index=shot_index,
        kind=kind,
        start_frame=span[0],
        end_frame=span[1],
        strength=strength,
        unit=UNITS[kind],
        x_px=box.x_px if box else None,
        y_px=box.y_px if box else None,
        width_px=box.width_px if box else None,
        height_px=box.height_px if box else None,
    )
    return replace(reel, defects=(*reel.defects, row))


def _through_table(pixels: Pixels, table: NDArray[np.floating[Any]]) -> None:
    pixels[:] = np.rint(table).astype(np.uint8)[pixels]


def _hold(
    reel: Reel, shot: ShotTruth, pixels: Pixels, noise: float, rng: np.random.Generator
) -> Reel:
    """Show the shot's first frame all along, under a sensor's noise."""
    still = pixels[0].astype(np.float32)
    for frame in pixels:
        grain = rng.standard_normal(still.shape[:2], dtype=np.float32)[..., None] * noise
        frame[:] = np.clip(np.rint(still + grain), 0, 255)
    first = [0] * len(pixels)

    def held(row: Row) -> Row:
        return at_frames(row, first) if row.shot_index == shot.shot_index else row

    return replace(
        reel,
        camera=tuple(held(row) for row in reel.camera),
        objects=tuple(held(row) for row in reel.objects),
        events=tuple(row for row in reel.events if row.shot_index != shot.shot_index),
    )


def _without_shot_facts(reel: Reel, shot: ShotTruth, reason: str) -> Reel:
    shots = list(reel.shots)
    shots[shot.shot_index] = without_facts(shot, reason)
    return replace(reel, shots=tuple(shots))


def _without_content(reel: Reel, shot: ShotTruth, reason: str) -> Reel:
    """Drop all that is told of a shot's picture."""
    reel = _without_shot_facts(reel, shot, reason)
    number = shot.shot_index
    return replace(
        reel,
        camera=tuple(row for row in reel.camera if row.shot_index != number),
        objects=tuple(row for row in reel.objects if row.shot_index != number),
        events=tuple(row for row in reel.events if row.shot_index != number),
    )


def _dct_8() -> NDArray[np.float32]:
    """Return the matrix of the orthonormal discrete cosine transform of 8 values."""
    k, n = np.arange(8)[:, None], np.arange(8)[None]
    basis = np.cos(np.pi * (2 * n + 1) * k / 16) / 2
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float32)


def _quantise(pixels: Pixels, step: float) -> None:
    """Quantise every 8 x 8 block of luma and colour, as a starved encoder does."""
    transform = _dct_8()
    steps = (step * (1 + (np.arange(8)[:, None] + np.arange(8)[None]) / 4)).astype(np.float32)
    for frame in pixels:
        height, width, _ = frame.shape
        coded = cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb)
        padded = np.pad(coded, ((0, -height % 8), (0, -width % 8), (0, 0)), mode="edge")
        rows, columns = padded.shape[0] // 8, padded.shape[1] // 8
        blocks = padded.reshape(rows, 8, columns, 8, 3).transpose(0, 2, 4, 1, 3)
        values = transform @ (blocks.astype(np.float32) - 128) @ transform.T
        values = transform.T @ (np.rint(values / steps) * steps) @ transform + 128
        whole = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        whole = whole.transpose(0, 3, 1, 4, 2).reshape(padded.shape)
        frame[:] = cv2.cvtColor(whole[:height, :width], cv2.COLOR_YCrCb2RGB)


def _shaken(
    reel: Reel, shot: ShotTruth, pixels: Pixels, rms_px: float, rng: np.random.Generator
) -> Reel:
    """Jitter the camera; the picture's edge is filled with its mirror image."""
    _, height, width, _ = pixels.shape
    jitter = rng.standard_normal((len(pixels), 2)) * rms_px / np.sqrt(2)
    jitter = np.round(np.clip(jitter, -3 * rms_px, 3 * rms_px), 2)
    for frame, (x, y) in zip(pixels, jitter, strict=True):
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
        frame[:] = cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)

    def moved(row: ObjectTruth) -> ObjectTruth:
        if row.shot_index != shot.shot_index:
            return row
        return replace(
            row,
            x_px=tuple(v + float(x) for v, (x, _) in zip(row.x_px, jitter, strict=True)),
            y_px=tuple(v + float(y) for v, (_, y) in zip(row.y_px, jitter, strict=True)),
        )

    def aimed(row: CameraTruth) -> CameraTruth:
        if row.shot_index != shot.shot_index:
            return row
        if row.unit != "px":
            raise ValueError("a camera that travels cannot be shaken")
        steps = list(zip(jitter, row.zoom, strict=True))
        return replace(
            row,
            x=tuple(v - float(j[0]) / z for v, (j, z) in zip(row.x, steps, strict=True)),
            y=tuple(v - float(j[1]) / z for v, (j, z) in zip(row.y, steps, strict=True)),
        )

    return replace(
        reel,
        camera=tuple(aimed(row) for row in reel.camera),
        objects=tuple(moved(row) for row in reel.objects),
    )
