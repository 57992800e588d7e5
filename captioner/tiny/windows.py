"""Longer clips are read in windows, and what was read is put together again (pure)."""

from __future__ import annotations

from dataclasses import replace

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


def windows_of(clip: Frames) -> list[Frames]:
    """Return the parts of a clip that are read, fitted to the network, evenly timed.

    Every n-th frame is taken, so that about eight a second remain. A clip of fewer than eight
    frames has them repeated. Windows overlap and cover the clip evenly. Their times are those
    of the nearest rate of training.
    """
    times = clip.times_s - clip.times_s[0]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1 / RATE
    step = max(step, 1e-3)
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
        pixels = fit(clip.pixels_THWC[which[start : start + length]])
        found.append(
            Frames(pixels_THWC=pixels, times_s=np.arange(len(pixels), dtype=np.float64) * step)
        )
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
    events: list[tuple[str, object, object]] = []
    event_chances: list[float] = []
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
        fresh = [_under_first_names(event, alias) for event in named_events(part.facts)]
        if events and fresh[:1] == events[-1:]:
            fresh = fresh[1:]
        known = [value for key, value in part.chances.items() if key.startswith("events[")]
        events += fresh
        event_chances += known[len(known) - len(fresh) :]
    order = list(objects)
    told = tuple(
        EventFacts(kind=kind, subject=_number(subject, order), target=_number(target, order))  # type: ignore[arg-type]
        for kind, subject, target in events
    )
    for i, name in enumerate(order):
        chances |= {f"objects[{i}].{key}": value for key, value in sure[name].items()}
    chances |= {f"events[{i}]": value for i, value in enumerate(event_chances)}
    first = parts[0]
    views = first.facts.views or parts[-1].facts.views
    facts = Facts(objects=tuple(objects[name] for name in order), events=told, views=views, **scene)
    return Told(facts=facts, chances=chances)


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


def _under_first_names(
    event: tuple[str, object, object], alias: dict[str, str]
) -> tuple[str, object, object]:
    def name(end: object) -> object:
        if isinstance(end, tuple):
            return ("object", alias.get(end[1], end[1]))
        return end

    return (event[0], name(event[1]), name(event[2]))


def _number(end: object, order: list[str]) -> object:
    return order.index(end[1]) if isinstance(end, tuple) else end
