"""Findings -> the structured caption: prose of three lengths, and the same facts by field."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from captioner.caption import Event, StructuredCaption, Subject
from captioner.measured.areas import Area
from captioner.measured.findings import Findings
from captioner.measured.prose import say_pace, write_long, write_medium, write_short
from captioner.measured.wording import WAYS

_STYLES = {
    "greyscale": "black-and-white",
    "muted": "muted colours",
    "vivid": "vivid colours",
}
_LEVELS = {
    "black": "almost black",
    "dim": "rather dark",
    "medium": "neither dark nor bright",
    "light": "rather bright",
}
_CHANGES = {
    "none": "nothing moves",
    "little": "little moves",
    "modest": "there is a little movement",
    "some": "there is some movement",
    "marked": "there is a fair amount of movement",
    "much": "much changes in the picture",
}


def structure(findings: Findings, clip_id: str) -> StructuredCaption:
    """Return everything that was found, in prose and by field.

    `details` is `plain` of the findings. Fields of which nothing is known are empty.
    """
    return StructuredCaption(
        short=write_short(findings, clip_id),
        medium=write_medium(findings, clip_id),
        long=write_long(findings, clip_id),
        subjects=tuple(_subject(area) for area in findings.areas),
        actions=_actions(findings),
        setting=_setting(findings),
        camera=_camera(findings),
        light=_light(findings),
        style=_style(findings),
        events=tuple(
            Event(start_s=step.start_s, end_s=step.end_s, text=f"the picture grows {step.change}")
            for step in findings.light_steps
        ),
        details=plain(findings),
    )


def plain(findings: Findings) -> dict[str, Any]:
    """Return findings as plain data for JSON; what is not clear is left out."""
    fields: dict[str, Any] = {
        "areas": [
            {
                key: value
                for key, value in {
                    "colour": area.colour,
                    "motion": area.motion,
                    "place": area.place,
                    "share": round(area.share, 3),
                    "size": area.size,
                    "speed": area.speed,
                }.items()
                if value
            }
            for area in findings.areas
        ],
        "background": findings.background,
        "bars": findings.bars,
        "camera": findings.camera,
        "camera_is_fast": findings.camera_is_fast,
        "camera_is_slow": findings.camera_is_slow,
        "camera_is_unsteady": findings.camera_is_unsteady,
        "change": findings.change,
        "colours": {colour.name: round(colour.share, 2) for colour in findings.colours},
        "contrast": findings.contrast,
        "duration_s": round(findings.duration_s, 3),
        "fps": round(findings.fps, 3),
        "half_is_black": findings.half_is_black,
        "has_bursts": findings.has_bursts,
        "height_px": findings.height_px,
        "is_soft": findings.is_soft,
        "light": findings.light,
        "lighter_part": findings.lighter_part,
        "light_change": findings.light_change,
        "light_steps": [asdict(step) for step in findings.light_steps],
        "lower_colour": findings.lower_colour,
        "movement": {key: value for key, value in asdict(findings.movement).items() if value},
        "palette": findings.palette,
        "quarter_is_white": findings.quarter_is_white,
        "shape": findings.shape,
        "tone": findings.tone,
        "upper_colour": findings.upper_colour,
        "width_px": findings.width_px,
        "zoom": findings.zoom,
    }
    return {key: value for key, value in fields.items() if value}


def _subject(area: Area) -> Subject:
    attributes = (area.size, area.place)
    return Subject(
        name=f"{area.colour} area", attributes=tuple(word for word in attributes if word)
    )


def _actions(findings: Findings) -> tuple[str, ...]:
    said = []
    for area in findings.areas:
        if area.motion == "about":
            said.append(f"the {area.colour} area moves there and back")
        elif area.motion not in ("", "none"):
            way = f"{area.speed} {_say_way(area.motion)}".strip()
            said.append(f"the {area.colour} area moves {way}")
    if findings.change:
        place = findings.movement.place if findings.change != "none" else ""
        said.append(f"{_CHANGES[findings.change]}{f', mostly {place}' if place else ''}")
    moving = any(area.motion not in ("", "none") for area in findings.areas)
    if findings.movement.motion and not moving:
        way = f"{findings.movement.speed} {_say_way(findings.movement.motion)}".strip()
        said.append(f"the largest thing that moves goes {way}")
    return tuple(said)


def _setting(findings: Findings) -> str:
    said = []
    if findings.background:
        said.append(f"{findings.background} background")
    if findings.upper_colour and findings.lower_colour:
        said.append(f"{findings.upper_colour} above, {findings.lower_colour} below")
    return "; ".join(said)


def _camera(findings: Findings) -> str:
    said = []
    if findings.camera in ("still", "nearly still"):
        said.append(findings.camera)
    elif findings.camera == "about":
        said.append("moves about")
    elif findings.camera:
        said.append(f"moves {say_pace(findings)}{_say_way(findings.camera)}")
    if findings.zoom:
        said.append(f"zooms {findings.zoom}")
    if findings.camera_is_unsteady:
        said.append("unsteady")
    return ", ".join(said)


def _light(findings: Findings) -> str:
    said = [_LEVELS.get(findings.light, findings.light)]
    if findings.contrast:
        said.append(f"{findings.contrast} contrast")
    if findings.palette != "greyscale" and findings.tone:
        said.append(f"{findings.tone} tones")
    if findings.light_change == "steady":
        said.append("steady")
    elif findings.light_change:
        said.append(f"grows {findings.light_change}")
    return ", ".join(word for word in said if word)


def _style(findings: Findings) -> str:
    said = []
    if findings.palette:
        said.append(_STYLES[findings.palette])
    if findings.palette != "greyscale" and findings.colours:
        said.append(" and ".join(colour.name for colour in findings.colours[:3]))
    return ", ".join(said)


def _say_way(direction: str) -> str:
    return WAYS.get(direction, direction)
