"""The facts of a scene, from its plan and from what happened in it (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.world.spec import ObjectSpec, SceneSpec
from pipeline.world.state import EventState
from schemas.facts import EVENT_KINDS, EventFacts, Facts, ObjectFacts, canonical


def facts_of(spec: SceneSpec, events: Sequence[EventState], num_frames: int) -> Facts:
    """Return the facts of a scene; one of a single frame has no motion and no camera move.

    Of events that happen again, the first counts. What an impossible scene shows is told as
    if it had stayed possible.
    """
    is_image = num_frames == 1
    happened: list[EventFacts] = []
    for event in events:
        if event.kind in EVENT_KINDS and not is_image:
            stated = EventFacts(kind=event.kind, subject=event.subject, target=event.target)
            if stated not in happened or event.kind in ("go", "collect"):
                happened.append(stated)
    bouncing = {
        event.subject
        for event in events
        if event.kind == "bounce" and spec.objects[event.subject or 0].action != "rest"
    }
    objects = tuple(
        _object_facts(item, i in bouncing, is_image) for i, item in enumerate(spec.objects)
    )
    return canonical(
        Facts(
            objects=objects,
            events=tuple(happened),
            prop=None if spec.prop is None else spec.prop.kind,
            prop_colour=None if spec.prop is None else spec.prop.colour,
            background_kind=spec.background_kind,
            background_colour=spec.background_colour,
            camera=None if is_image else spec.camera_move,
            style=spec.style,
            views=() if is_image else tuple(view.view for view in spec.views),
        )
    )


def place_of(x: float, y: float, width: float, height: float) -> str:
    """Return in which third of the frame a point lies; (0, 0) is its centre."""
    column = ("left", "", "right")[min(max(int((x / width + 0.5) * 3), 0), 2)]
    row = ("top", "", "bottom")[min(max(int((y / height + 0.5) * 3), 0), 2)]
    return "_".join(part for part in (row, column) if part) or "centre"


def _object_facts(item: ObjectSpec, bounces: bool, is_image: bool) -> ObjectFacts:
    if is_image:
        return ObjectFacts(colour=item.colour, shape=item.shape, size=item.size, place=item.place)
    return ObjectFacts(
        colour=item.colour,
        shape=item.shape,
        size=item.size,
        place=item.place,
        action=item.action,
        direction=item.direction,
        speed=item.speed,
        bounces=bounces,
        change=item.change,
        new_colour=item.new_colour,
        leaves_trail=item.leaves_trail,
    )
