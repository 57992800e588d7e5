"""One true English sentence about a shot, from its truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.world.vocabulary import REST

_PLACES = {
    "plain": "on a plain {colour} background",
    "gradient": "on a {colour} gradient",
    "mottled": "on a mottled {colour} background",
    "checker": "on a {colour} checkerboard",
    "bricks": "in front of a {colour} brick wall",
    "striped": "above a striped {colour} ground with a horizon",
}
_WAYS = {
    "right": "to the right",
    "left": "to the left",
    "up": "upwards",
    "down": "downwards",
    "up_right": "up and to the right",
    "up_left": "up and to the left",
    "down_right": "down and to the right",
    "down_left": "down and to the left",
}
_PACES = {"slow": "slowly", "medium": "steadily", "fast": "quickly"}
_CAMERAS = {
    "still": "the camera is still",
    "pan_left": "the camera pans left",
    "pan_right": "the camera pans right",
    "tilt_up": "the camera tilts up",
    "tilt_down": "the camera tilts down",
    "zoom_in": "the camera zooms in",
    "zoom_out": "the camera zooms out",
}
_DEFECTS = {
    "dark": "The shot is almost black and nothing can be made out.",
    "overexposed": "The shot is overexposed and almost white.",
}


def describe(truth: Mapping[str, Any], defect: str | None = None) -> str:
    """Return one sentence that names every attribute in `truth` (see `scene.draw_shot`).

    A shot whose `defect` hides its content gets a sentence about the defect only.
    """
    if defect in _DEFECTS:
        return _DEFECTS[defect]
    subjects = " and ".join(_act(item) for item in truth["objects"])
    background = truth["background"]
    place = _PLACES[background["kind"]].format(colour=background["colour"])
    return f"{subjects[0].upper()}{subjects[1:]} {place}; {_CAMERAS[truth['camera']['move']]}."


def _act(item: Mapping[str, Any]) -> str:
    subject = f"a {item['size']} {item['colour']} {item['shape']}"
    if item["direction"] == REST:
        return f"{subject} rests"
    turn = ", bouncing off the edges," if item["num_bounces"] else ""
    return f"{subject} moves {_PACES[item['speed']]} {_WAYS[item['direction']]}{turn}"
