"""The labels of the real footage, set by eye, and what they say about a clip's findings.

One entry of `real_labels.json` per clip, named by file and start. What could not be told by
eye is null and judges nothing; where two words fit, both are there. `camera`: whether it
moves, which ways fit (null: no one way) and which zoom.
"""

import json
from pathlib import Path
from typing import Any

LABELS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "real_labels.json").read_text(encoding="utf-8")
)
CAPTIONS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "real_captions.json").read_text(encoding="utf-8")
)
"""True captions of some clips in free prose, written by hand."""
TOPICS = ("camera", "motion", "light", "colours")

MOTION = {
    "none": {"none"},
    "little": {"none", "little"},
    "modest": {"little", "some"},
    "some": {"some"},
    "marked": {"some", "much"},
    "much": {"much"},
}
LIGHT = {
    "black": {"black"},
    "dark": {"dark"},
    "dim": {"dark", "medium"},
    "medium": {"medium"},
    "light": {"medium", "bright"},
    "bright": {"bright"},
}


def find_label(file: str, start_s: float) -> dict[str, Any] | None:
    """Return the label of the clip of a file (`dev/a.mp4`) that starts there, or None."""
    for label in LABELS:
        if label["file"] == file and abs(label["start_s"] - start_s) < 0.3:
            return label
    return None


def judge(
    details: dict[str, Any], label: dict[str, Any] | None
) -> list[tuple[str, str, bool | None]]:
    """Return (topic, statement, right) for what the details state; None: cannot be told."""
    said: list[tuple[str, str, bool | None]] = []
    label = label or {"camera": None, "motion": None, "light": None, "light_change": None}
    said += [("camera", what, right) for what, right in _camera(details, label["camera"])]
    if change := details.get("change"):
        seen = label["motion"]
        said.append(("motion", change, None if seen is None else bool(MOTION[change] & set(seen))))
    if level := details.get("light"):
        seen = label["light"]
        said.append(("light", level, None if seen is None else bool(LIGHT[level] & set(seen))))
    if change := details.get("light_change"):
        seen = label["light_change"]
        said.append(("light", change, None if seen is None else change in seen))
    for colour in details.get("colours", {}):
        seen = label.get("colours")
        name = colour.split()[-1]
        said.append(("colours", colour, None if not seen else name in seen))
    return said


def _camera(details: dict[str, Any], seen: dict[str, Any] | None) -> list[tuple[str, bool | None]]:
    said: list[tuple[str, bool | None]] = []
    way, zoom = details.get("camera"), details.get("zoom")
    moves = None if seen is None else seen["moves"]
    if way in ("still", "nearly still"):
        said.append((way, None if moves is None else not moves))
    elif way:
        right = moves
        if seen and moves and way != "about" and seen["ways"] is not None:
            right = way in seen["ways"]
        said.append((way, right))
    if zoom:
        right = moves
        if seen and moves and seen["zoom"] is not None:
            right = zoom == seen["zoom"]
        said.append((f"zoom {zoom}", right))
    if details.get("camera_is_unsteady"):
        said.append(("unsteady", moves))
    return said
