"""Longer clips are read in windows, and what was read is put together again (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from captioner.tiny.certainty import Told
from captioner.tiny.measure import named_events
from captioner.tiny.shards import fit
from schemas.facts import EventFacts, Facts, ObjectFacts
from schemas.frames import Frames

RATE = 8.0
"""Frames per second that a window has about, as most scenes of training do."""
SHOWN_RATES = (4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0)
"""The rates of training. A network takes times between them badly, so a window is told to have
the nearest: its speeds are off by a tenth at most, and the words for speeds lie twice apart."""
MIN_FRAMES = 8
MAX_FRAMES = 24
LONGEST_S = 3.2
"""Windows are no longer than the scenes of training."""
OVERLAP_S = 0.6
_SCENE_FIELDS = ("background_kind", "background_colour", "camera", "style", "prop", "prop_colour")


_HAPPEN_AGAIN = ("go", "collect")
"""Of all other events the first counts, as in the facts of a scene."""


NamedEvent = tuple[str, object, object]
"""As `measure.named_events` tells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Happened:
    event: NamedEvent
    chance: float
    span_s: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a clip that is read at once.

    `frames` are fitted to the network, evenly timed from 0 by the nearest rate of training.
    `start_s`, `end_s`: in the clip's own times.
    """

    frames: Frames
    start_s: float
    end_s: float


def windows_of(clip: Frames) -> list[Window]:
    """Return the windows of a clip, which overlap and cover it evenly.

    Every n-th frame is taken, so that about eight a second remain. A clip of fewer than eight
    frames has them repeated.
    """
    times = clip.times_s - clip.times_s[0]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1 / RATE
    step = max(step, 1e-3)
    clip_end_s = float(clip.times_s[-1]) + step
    stride = max(1, round(1 / (RATE * step)))
    while stride > 1 and len(times) / stride < MIN_FRAMES:
        stride -= 1
    which = np.arange(0, len(times), stride)
    step *= stride
    if len(which) < MIN_FRAMES:
        each = -(-MIN_FRAMES // len(which))
        which, step = np.repeat(which, each), step / each
    step = min((1 / rate for rate in SHOWN_RATES), key=lambda shown: abs(np.log(shown / step)))
    longest = int(np.clip(LONGEST_S / step, MIN_FRAMES, MAX_FRAMES))
    longest -= longest % 2
    count = 1
    if len(which) > longest:
        free = max(longest - round(OVERLAP_S / step), longest // 2)
        count = 1 + -(-(len(which) - longest) // free)
    length = min(longest, len(which))
    starts = np.rint(np.linspace(0, len(which) - length, count)).astype(int)
    found = []
    for start in starts.tolist():
        own = which[start : start + length]
        pixels = fit(clip.pixels_THWC[own])
        frames = Frames(pixels_THWC=pixels, times_s=np.arange(len(pixels), dtype=np.float64) * step)
        first_s, last_s = float(clip.times_s[own[0]]), float(clip.times_s[own[-1]])
        # The last frame lasts as long as the others do.
        end_s = last_s + (last_s - first_s) / max(1, length - 1)
        found.append(Window(frames=frames, start_s=first_s, end_s=min(end_s, clip_end_s)))
    return found


def merge(parts: list[Told]) -> Told:
    """Return one reading of windows that follow one another.

    How things are at first is as the first window says; what they are by the more certain
    one; what happens, in order. An object that changed its colour goes on under the first.
    """
    if len(parts) == 1:
        return parts[0]
    chances: dict[str, float] = {}
    scene: dict[str, str | None] = {}
    for name in _SCENE_FIELDS:
        scene[name], chance = _vote(parts, name)
        if scene[name] is not None:
            chances[name] = chance
    objects: dict[str, ObjectFacts] = {}
    sure: dict[str, dict[str, float]] = {}
    alias: dict[str, str] = {}
    happened: list[_Happened] = []
    for number, part in enumerate(parts):
        for name, later in _recoloured(objects, part.facts, alias):
            alias[str(later.colour)] = name
            if objects[name].change is None:
                objects[name] = replace(objects[name], change="recolour", new_colour=later.colour)
                sure[name]["change"] = sure[name]["new_colour"] = sure[name].get("shape", 0.0)
        for i, item in enumerate(part.facts.objects):
            own = {
                key.rpartition(".")[2]: value
                for key, value in part.chances.items()
                if key.startswith(f"objects[{i}].")
            }
            name = alias.get(str(item.colour), str(item.colour))
            if name not in objects:
                objects[name], sure[name] = item if number == 0 else _later(item), own
            else:
                objects[name] = _joined(objects[name], item, sure[name], own)
        for item in part.facts.objects:
            if item.new_colour is not None:
                alias[item.new_colour] = alias.get(str(item.colour), str(item.colour))
        happened = _with_later(happened, part, alias)
    order = list(objects)
    events = tuple(_renumbered(one.event, order) for one in happened)
    for i, name in enumerate(order):
        chances |= {f"objects[{i}].{key}": value for key, value in sure[name].items()}
    chances |= {f"events[{i}]": one.chance for i, one in enumerate(happened)}
    first = parts[0]
    views = first.facts.views or parts[-1].facts.views
    told = tuple(objects[name] for name in order)
    facts = Facts(objects=told, events=events, views=views, **scene)
    return Told(facts=facts, chances=chances, spans_s=tuple(one.span_s for one in happened))


def _with_later(happened: list[_Happened], part: Told, alias: dict[str, str]) -> list[_Happened]:
    """Return what has happened after the next window.

    What two windows tell of their common seconds is one event.
    """
    fresh = [
        _Happened(
            event=_under_first_names(event, alias),
            chance=part.chances[f"events[{i}]"],
            span_s=part.spans_s[i],
        )
        for i, event in enumerate(named_events(part.facts))
    ]
    if happened and fresh and fresh[0].event == happened[-1].event:
        fresh = fresh[1:]
    known = {one.event for one in happened}
    new = [one for one in fresh if one.event[0] in _HAPPEN_AGAIN or one.event not in known]
    return happened + new


def _recoloured(
    objects: dict[str, ObjectFacts], facts: Facts, alias: dict[str, str]
) -> list[tuple[str, ObjectFacts]]:
    """Return objects that changed their colour between windows: first name, and as seen now.

    Nothing comes from nowhere: where one of the same shape is missing, it is that one.
    """
    now = {alias.get(str(item.colour), str(item.colour)): item for item in facts.objects}
    missing = {name: item for name, item in objects.items() if name not in now}
    found = []
    for name, item in now.items():
        same = [old for old, kept in missing.items() if kept.shape == item.shape]
        if name not in objects and same:
            found.append((same[0], item))
            del missing[same[0]]
    return found


def _vote(parts: list[Told], name: str) -> tuple[str | None, float]:
    votes: dict[str | None, float] = {}
    for part in parts:
        value = getattr(part.facts, name)
        votes[value] = votes.get(value, 0.0) + part.chances.get(name, 0.0)
    best = max(votes, key=lambda value: votes[value])
    return best, votes[best] / len(parts)


def _later(item: ObjectFacts) -> ObjectFacts:
    """Return what can be said of an object that the first window does not tell of."""
    return ObjectFacts(colour=item.colour, shape=item.shape)


def _joined(
    one: ObjectFacts, other: ObjectFacts, sure: dict[str, float], own: dict[str, float]
) -> ObjectFacts:
    if own.get("shape", 0.0) > sure.get("shape", 0.0):
        one, sure["shape"] = replace(one, shape=other.shape), own["shape"]
    if one.change is None and other.change is not None:
        one = replace(one, change=other.change, new_colour=other.new_colour)
        sure |= {key: own[key] for key in ("change", "new_colour") if key in own}
    if one.action != "rest" and other.bounces and not one.bounces:
        one, sure["bounces"] = replace(one, bounces=True), own.get("bounces", 0.0)
    return one


def _under_first_names(event: NamedEvent, alias: dict[str, str]) -> NamedEvent:
    def name(end: object) -> object:
        if isinstance(end, tuple):
            return ("object", alias.get(end[1], end[1]))
        return end

    return (event[0], name(event[1]), name(event[2]))


def _renumbered(event: NamedEvent, order: list[str]) -> EventFacts:
    def number(end: object) -> Any:
        return order.index(end[1]) if isinstance(end, tuple) else end

    kind, subject, target = event
    return EventFacts(kind=kind, subject=number(subject), target=number(target))
