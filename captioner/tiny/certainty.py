"""Leave out of a caption what is not certain enough, and find out how certain that is (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from captioner.tiny.measure import named_events, pair_by_colour
from captioner.tiny.vocabulary import FIELD_OF
from captioner.tiny.writing import Written
from schemas.facts import EventFacts, Facts

PRECISION = 0.985
"""Of the facts of a field that are stated, so many shall be true."""
MAX_LEFT_OUT = 0.05
"""But no more of them than this are left out for it."""
_PATH = re.compile(r"(objects|events)\[(\d+)\]\.(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Facts, and the chance of each: `style`, `objects[1].colour`, `events[0]`, `views`.

    `spans_s` has start and end of each event in seconds of the clip.
    """

    facts: Facts
    chances: dict[str, float]
    spans_s: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chances:
    scene: dict[str, float]
    objects: list[dict[str, float]]
    events: list[float]


def told(written: Written, least: Mapping[str, float]) -> Told:
    """Return what a caption states with at least the chance that `least` asks of its field.

    `least` has a chance for each field, `events` and `views`; 0 where it has none. An object
    whose colour is not certain is left out, and so are the events that name it.
    """
    chances = _chances(written)
    facts = written.facts
    scene = {
        name: chance for name, chance in chances.scene.items() if chance < least.get(name, 0.0)
    }
    kept = [i for i, own in enumerate(chances.objects) if own["colour"] >= least.get("colour", 0.0)]
    places = {old: new for new, old in enumerate(kept)}
    found = {name: chance for name, chance in chances.scene.items() if name not in scene}
    objects = []
    for i in kept:
        item = facts.objects[i]
        dropped: dict[str, Any] = {}
        for name, chance in chances.objects[i].items():
            if chance >= least.get(name, 0.0):
                if getattr(item, name) not in (None, False):
                    found[f"objects[{places[i]}].{name}"] = chance
            else:
                dropped[name] = False if name in ("bounces", "leaves_trail") else None
        objects.append(replace(item, **dropped))
    events: list[EventFacts] = []
    for event, chance in zip(facts.events, chances.events, strict=False):
        ends = [end for end in (event.subject, event.target) if isinstance(end, int)]
        if chance >= least.get("events", 0.0) and all(end in places for end in ends):
            found[f"events[{len(events)}]"] = chance
            events.append(_renumbered(event, places))
    values: dict[str, Any] = {name: None for name in scene if name != "views"}
    if "prop" in values:
        values["prop_colour"] = None
    facts = replace(
        facts,
        objects=tuple(objects),
        events=tuple(events),
        views=() if "views" in scene else facts.views,
        **values,
    )
    found = {
        name: chance
        for name, chance in found.items()
        if "[" in name or getattr(facts, name) not in (None, ())
    }
    return Told(facts=facts, chances=found)


def calibrate(pairs: Iterable[tuple[Written, Facts]]) -> dict[str, float]:
    """Return the least chance to ask of each field, from captions and the truth beside them.

    The lowest at which `PRECISION` of what is stated is true, or at which `MAX_LEFT_OUT` of it
    are left out, if that comes first.
    """
    found: dict[str, list[tuple[float, bool]]] = {}
    for written, true in pairs:
        for name, chance, is_right in _judged(written, true):
            found.setdefault(name, []).append((chance, is_right))
    return {name: round(_least(judged), 4) for name, judged in sorted(found.items())}


def _least(judged: list[tuple[float, bool]]) -> float:
    judged = sorted(judged)
    right = sum(is_right for _, is_right in judged)
    least = 0.0
    for left_out, (chance, is_right) in enumerate(judged, start=1):
        rest = len(judged) - left_out + 1
        if right >= PRECISION * rest or left_out > MAX_LEFT_OUT * len(judged):
            break
        right -= is_right
        least = chance + 1e-4
    return least


def _judged(written: Written, true: Facts) -> list[tuple[str, float, bool]]:
    chances = _chances(written)
    facts = written.facts
    rows = []
    for name, chance in chances.scene.items():
        if getattr(facts, name) not in (None, ()):
            rows.append((name, chance, getattr(facts, name) == getattr(true, name)))
    for ours, theirs in pair_by_colour(facts, true):
        if ours is None:
            continue
        rows.append(("colour", chances.objects[ours]["colour"], theirs is not None))
        if theirs is None:
            continue
        for name, chance in chances.objects[ours].items():
            value = getattr(facts.objects[ours], name)
            if name != "colour" and value not in (None, False):
                rows.append((name, chance, value == getattr(true.objects[theirs], name)))
    happened = named_events(true)
    for event, chance in zip(named_events(facts), chances.events, strict=False):
        rows.append(("events", chance, event in happened))
    return rows


def _chances(written: Written) -> _Chances:
    scene: dict[str, float] = {}
    objects: list[dict[str, float]] = []
    events: list[float] = []
    parts = zip(written.tokens[1:], written.paths, written.chances, strict=True)
    for token, path, chance in parts:
        name = FIELD_OF[token]
        match = _PATH.fullmatch(path)
        if match is None:
            if name not in ("objects", "events"):
                scene[name] = min(chance, scene.get(name, 1.0))
        elif match[1] == "objects":
            if name == "colour":
                objects.append({})
            objects[-1][name] = chance
        else:
            if name == "kind":
                events.append(1.0)
            events[-1] *= chance
    return _Chances(scene=scene, objects=objects, events=events)


def _renumbered(event: EventFacts, places: Mapping[int, int]) -> EventFacts:
    return replace(
        event,
        subject=None if event.subject is None else places[event.subject],
        target=places[event.target] if isinstance(event.target, int) else event.target,
    )
