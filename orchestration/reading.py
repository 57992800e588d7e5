"""What the world's parser sees in a video file."""

from __future__ import annotations

from pathlib import Path

from pipeline.containment import Contained
from pipeline.reader import read_start
from pipeline.world.parse.read import read_clip
from schemas.errors import MediaError, UserError
from schemas.facts import Facts
from schemas.wording.render import render

MAX_FRAMES = 240
MAX_SIDE_PX = 512
TIMEOUT_S = 60.0
MIN_LIKENESS = 0.2
"""Below this `parse.reading.Reading.likeness`, a file is taken for other footage."""
MAX_OBJECTS = 4
"""Scenes of the world have no more."""


def read_file(path: Path) -> Facts:
    """Return the facts that the first `MAX_FRAMES` frames of a file show; none for other footage.

    Decoded in a child process, at most `MAX_SIDE_PX` on the longer side. Raises UserError for
    a file that is not there or cannot be decoded.
    """
    if not path.is_file():
        raise UserError(f"no such file: {path}", "name a video file")
    with Contained() as child:
        try:
            pixels, times_s = child.call(
                read_start, TIMEOUT_S, path, max_frames=MAX_FRAMES, max_side_px=MAX_SIDE_PX
            )
        except MediaError as error:
            raise UserError(f"{path} cannot be read: {error.reason}", str(error)) from error
    reading = read_clip(pixels, times_s)
    is_of_world = reading.likeness >= MIN_LIKENESS and len(reading.objects) <= MAX_OBJECTS
    return reading.facts if is_of_world else Facts()


def as_text(facts: Facts) -> str:
    """Return facts as one description, or say that there are none."""
    if facts == Facts() or not facts.objects:
        return "nothing of the world can be read here"
    return render(facts, length="long")
