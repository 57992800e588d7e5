"""All that was measured of a clip, and the events that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.world.parse.camera import Steps
from pipeline.world.parse.happenings import Meeting
from pipeline.world.parse.props import Prop
from pipeline.world.parse.reading import EventReading
from pipeline.world.parse.shots import Shots
from pipeline.world.parse.sight import Sight
from pipeline.world.parse.thing import Thing
from pipeline.world.parse.track import Track

EDGE = 0.06
"""Things last seen so near to the frame's edge (shorter sides) have left it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that was measured of one clip; `rest` are tracks that are no sure objects."""

    sight: Sight
    things: Sequence[Thing]
    rest: Sequence[Track]
    meetings: Sequence[Meeting]
    prop: Prop | None
    shots: Shots
    kind: str
    colour: str
    style: str | None
    move: str
    steps: Steps
    confidence: Mapping[str, float]


def events_of(scene: Scene) -> list[EventReading]:
    """Return all that happens, not yet in order."""
    sight = scene.sight
    found = [EventReading(kind="cut", frame=t) for t in scene.shots.cuts]
    bitten = [thing.bitten_at for thing in scene.things]
    for meeting in scene.meetings:
        frame = min(int(np.searchsorted(sight.times_s, meeting.time_s - 1e-9)), sight.count - 1)
        pair = (meeting.one, meeting.other)
        eaten = next((i for i in pair if i is not None and bitten[i] is not None), None)
        if meeting.kind == "collide" and eaten is not None:
            eater = pair[0] if pair[1] == eaten else pair[1]
            found.append(EventReading(kind="bite", frame=frame, subject=eater, target=eaten))
        elif meeting.kind == "kick" and scene.prop is not None and scene.prop.kind == "jar":
            continue
        else:
            found.append(
                EventReading(
                    kind=meeting.kind, frame=frame, subject=meeting.one, target=meeting.other
                )
            )
    found += _gaps(scene)
    return found + _prop_events(scene)


def _gaps(scene: Scene) -> list[EventReading]:
    """Return where things go out of sight and come back: pillar, frame's edge, or no cause."""
    found = []
    count = scene.sight.count
    for i, thing in enumerate(scene.things):
        seen = thing.seen
        last = -1
        for t in range(count + 1):
            if t < count and not seen[t]:
                continue
            if t - last > 1 and last >= 0:
                away, back, target = _cause(scene, thing, last)
                found.append(EventReading(kind=away, frame=last + 1, subject=i, target=target))
                whole = np.flatnonzero(thing.whole[t:])
                if t < count and (whole.size or away == "vanish"):
                    frame = t + (int(whole[0]) if whole.size else 0)
                    found.append(EventReading(kind=back, frame=frame, subject=i, target=target))
            if t < count:
                last = t
        if thing.track.first > 0:
            found.append(EventReading(kind="appear", frame=thing.track.first, subject=i))
    return found


def _cause(scene: Scene, thing: Thing, last: int) -> tuple[str, str, str | None]:
    sight, prop = scene.sight, scene.prop
    width, height = sight.size
    slack = EDGE * sight.unit_px
    left, top, right, bottom = thing.track.blobs[last].box
    is_pillar = prop is not None and prop.kind == "pillar"
    if is_pillar and prop and right >= prop.box[0] - slack and left <= prop.box[2] + slack:
        return "hide", "reappear", "pillar"
    if left <= slack or top <= slack or right >= width - slack or bottom >= height - slack:
        return "leave", "return", None
    return "vanish", "appear", None


def _prop_events(scene: Scene) -> list[EventReading]:
    prop = scene.prop
    if prop is None or prop.changed is None or not scene.things:
        return []
    middle = (prop.box[0] + prop.box[2]) / 2
    frame = prop.changed

    def distance(i: int) -> float:
        x = scene.things[i].x_px[max(frame - 1, 0) : frame + 1]
        return float(np.nanmin(np.abs(x - middle))) if np.isfinite(x).any() else np.inf

    nearest = min(range(len(scene.things)), key=distance)
    if prop.kind == "candle":
        return [EventReading(kind="put_out", frame=frame, subject=nearest, target="candle")]
    found = [EventReading(kind="break", frame=frame, subject=nearest, target="jar")]
    if prop.spilt is not None:
        spilt = max(prop.spilt, frame)
        found.append(EventReading(kind="spill", frame=spilt, target="jar"))
    return found
