"""Findings -> prose of three lengths."""

from __future__ import annotations

from captioner.measured.areas import Area
from captioner.measured.findings import Findings
from captioner.measured.wording import (
    SHAPES,
    WAYS,
    Writer,
    capital,
    join_words,
    say_seconds,
    with_article,
)

MAX_LONG_WORDS = 120
"""Text encoders of the field cut at 256 or 512 tokens; this stays below 200."""

MIN_LONG_WORDS = 60
"""A long caption that falls short of this also gives size and rate of the frames."""

_HEADS = {
    "black": "almost black",
    "dark": "dark",
    "dim": "rather dark",
    "light": "rather bright",
    "bright": "bright",
}
_PALETTES = {"greyscale": "black-and-white", "muted": "muted", "vivid": "vivid"}


def write_short(findings: Findings, clip_id: str) -> str:
    """Return one sentence with what is most telling."""
    if findings.areas:
        return _say_area(findings, Writer(clip_id), with_background=True)
    return _say_whole(findings)


def write_medium(findings: Findings, clip_id: str) -> str:
    """Return two or three sentences: what stands out, how it moves, how light it is."""
    writer = Writer(f"{clip_id} medium")
    first = _say_area(findings, writer, with_background=True) if findings.areas else ""
    colours = _say_colours(findings, writer)
    move = _say_camera(findings, writer) or _say_change(findings, writer)
    light = _say_light(findings, writer)
    parts = [first or _say_whole(findings, with_movement=False), *move[:1], *light[:1]]
    if len(parts) < 3 and first:
        parts += colours[:1]
    if len(parts) < 2:
        parts.append(writer.say("length", seconds=say_seconds(findings.duration_s)))
    return " ".join(parts[:3])


def write_long(findings: Findings, clip_id: str) -> str:
    """Return every finding as prose; the order of the topics differs from clip to clip.

    Past `MAX_LONG_WORDS` the least telling sentences, those about the format, go first.
    """
    writer = Writer(f"{clip_id} long")
    topics = [
        _say_areas(findings, writer),
        _say_colours(findings, writer),
        _say_light(findings, writer),
        _say_camera(findings, writer) + _say_change(findings, writer),
    ]
    topics = [topic for topic in topics if topic]
    if topics:
        # What stands out stays together at the front or comes after one other topic.
        start = writer.pick("order", len(topics))
        topics = topics[start:] + topics[:start]
    sentences = [sentence for topic in topics for sentence in topic]
    tail = _say_format(findings, writer)
    if _num_words(sentences + tail) < MIN_LONG_WORDS:
        tail.append(
            writer.say(
                "size",
                width=str(findings.width_px),
                height=str(findings.height_px),
                fps=f"{findings.fps:.4g}",
            )
        )
    while tail and _num_words(sentences + tail) > MAX_LONG_WORDS:
        tail.pop()
    while _num_words(sentences) > MAX_LONG_WORDS:
        sentences.pop()
    return " ".join(sentences + tail)


def _num_words(sentences: list[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)


def _say_area(findings: Findings, writer: Writer, *, with_background: bool) -> str:
    """Return the sentence on the area that stands out most."""
    area = findings.areas[0]
    noun = writer.noun(area.colour, area.size, "first")
    words = {"a_area": noun, "A_area": capital(noun), "where": area.place}
    behind = findings.background if with_background else ""
    if area.motion in ("", "none"):
        if behind:
            before = f"against {with_article(behind)} background"
            words["where"] = f"{area.place}, {before}" if area.place else before
        return writer.say("area", **words)
    words["where"] = f"over {with_article(behind)} background" if behind else ""
    if area.motion == "about":
        return writer.say("area_about", **words)
    way = f"{area.speed} {_say_way(area.motion)}".strip()
    return writer.say("area_moves", way=way, **words)


def _say_areas(findings: Findings, writer: Writer) -> list[str]:
    """Return sentences on all areas that stand out."""
    if not findings.areas:
        return []
    first = findings.areas[0]
    said = [_say_area(findings, writer, with_background=False)]
    if first.motion == "none":
        said.append(writer.say("area_none"))
    if first.share >= 0.01:
        said.append(writer.say("area_share", percent=f"{100 * first.share:.0f}"))
    others = [area for area in findings.areas[1:] if area.colour != first.colour]
    said += [_say_other(area, writer) for area in others[:1]]
    return said


def _say_other(area: Area, writer: Writer) -> str:
    noun = writer.noun(area.colour, area.size, "other")
    place = f" {area.place}" if area.place else ""
    return writer.say("also", a_area=noun, A_area=capital(noun), place=place)


def _say_colours(findings: Findings, writer: Writer) -> list[str]:
    said = []
    if findings.palette:
        said.append(writer.say(findings.palette))
    if not findings.colours:
        return said
    first = findings.colours[0]
    names = [colour.name for colour in findings.colours[:4]]
    if findings.palette == "greyscale":
        pass  # after that, "the picture is mostly grey" would say nothing new
    elif findings.extent:
        said.append(writer.say(findings.extent, colour=first.name, Colour=capital(first.name)))
    else:
        key = "colours" if len(names) > 1 else "one_colour"
        said.append(writer.say(key, colours=join_words(names)))
    if findings.background and findings.background != first.name:
        background = findings.background
        said.append(writer.say("background", background=background, Background=capital(background)))
    if findings.upper_colour and findings.lower_colour:
        upper, lower = findings.upper_colour, findings.lower_colour
        said.append(writer.say("bands", upper=upper, Upper=capital(upper), lower=lower))
    if first.share < 0.95:  # else the extent has said it
        percent = f"{100 * first.share:.0f}"
        said.append(
            writer.say("share", percent=percent, colour=first.name, Colour=capital(first.name))
        )
    return said


def _say_light(findings: Findings, writer: Writer) -> list[str]:
    said = []
    if findings.light:
        said.append(writer.say(findings.light))
    if findings.half_is_black and findings.light != "black":
        said.append(writer.say("half_is_black"))
    if findings.quarter_is_white:
        said.append(writer.say("quarter_is_white"))
    if findings.lighter_part and findings.light != "black":
        said.append(writer.say(f"lighter_{findings.lighter_part}"))
    if findings.contrast:
        said.append(writer.say(f"{findings.contrast}_contrast"))
    if findings.tone and findings.palette != "greyscale":
        said.append(writer.say(findings.tone))
    if findings.light_change:
        said.append(writer.say(findings.light_change))
    elif findings.light_steps:
        step = findings.light_steps[0]
        second = f"second {(step.start_s + step.end_s) / 2:.0f}"
        said.append(writer.say(f"step_{step.change}", second=second))
    return said


def _say_camera(findings: Findings, writer: Writer) -> list[str]:
    said = []
    if findings.camera in ("still", "nearly still", "about"):
        said.append(writer.say(f"camera_{findings.camera.replace(' ', '_')}"))
    elif findings.camera:
        way = say_pace(findings) + _say_way(findings.camera)
        said.append(writer.say("camera_moves", way=way))
    if findings.zoom:
        said.append(writer.say(f"zoom_{findings.zoom}"))
    if findings.camera_is_unsteady:
        said.append(writer.say("unsteady"))
    return said


def _say_change(findings: Findings, writer: Writer) -> list[str]:
    said = [writer.say(f"change_{findings.change}")] if findings.change else []
    if findings.has_bursts:
        said.append(writer.say("bursts"))
    movement = findings.movement
    if movement.place and findings.change not in ("", "none"):
        said.append(writer.say("moves_where", where=movement.place))
    if movement.motion and not any(area.motion not in ("", "none") for area in findings.areas):
        way = f"{movement.speed} {_say_way(movement.motion)}".strip()
        said.append(writer.say("mover", way=way))
    return said


def _say_format(findings: Findings, writer: Writer) -> list[str]:
    said = []
    if findings.is_soft:
        said.append(writer.say("soft"))
    if findings.bars == "some":
        said.append(writer.say("some_bars"))
    elif findings.bars:
        said.append(writer.say("bars", bars=findings.bars))
    said.append(writer.say("length", seconds=say_seconds(findings.duration_s)))
    if findings.shape:
        said.append(writer.say("shape", shape=SHAPES[findings.shape]))
    return said


def _say_whole(findings: Findings, *, with_movement: bool = True) -> str:
    """Return one sentence on a picture in which nothing stands out."""
    adjectives = [
        word
        for word in (_HEADS.get(findings.light, ""), _PALETTES.get(findings.palette, ""))
        if word
    ]
    names = [colour.name for colour in findings.colours[:3]]
    head = with_article(f"{', '.join(adjectives)} picture".strip())
    if findings.light == "black" or not names or findings.palette == "greyscale":
        body = head
    elif findings.extent == "nearly_all":
        body = f"{head}, almost entirely {names[0]}"
    elif findings.extent == "most":
        body = f"{head}, mostly {names[0]}"
    else:
        body = f"{head} of {join_words(names)}"
    return f"{capital(body)}{_say_clause(findings) if with_movement else ''}."


def _say_clause(findings: Findings) -> str:
    """Return the most telling thing about movement, as the end of a sentence."""
    if findings.camera == "about":
        return ", seen as the camera moves about"
    if findings.camera not in ("", "still", "nearly still"):
        return f", seen as the camera moves {_say_way(findings.camera)}"
    if findings.zoom:
        return ", seen as the view " + ("closes in" if findings.zoom == "in" else "widens")
    if findings.camera_is_unsteady:
        return ", seen as the view shifts to and fro"
    if findings.change == "none":
        return ", in which nothing moves"
    if findings.change in ("little", "much"):
        return f", in which {findings.change} changes"
    if findings.camera == "nearly still":
        return ", seen by a camera that hardly moves"
    return ", seen by a still camera" if findings.camera == "still" else ""


def say_pace(findings: Findings) -> str:
    """Return `quickly `, `slowly ` or nothing: how fast the camera goes."""
    return "quickly " if findings.camera_is_fast else "slowly " if findings.camera_is_slow else ""


def _say_way(direction: str) -> str:
    return WAYS.get(direction, direction)
