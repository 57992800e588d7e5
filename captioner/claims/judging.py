"""A claim held against the evidence: it agrees, it is contradicted, or nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from captioner.claims.claim import Claim
from captioner.claims.colour import FAMILIES, HUES
from captioner.claims.evidence import (
    ANY_SHAPE,
    SHAPE_WORDS,
    Evidence,
    named_objects,
    world_camera,
)
from captioner.claims.screen import same_text

Outcome = Literal["agrees", "contradicted", "unknown"]
OPPOSITES = {"left": "right", "right": "left", "up": "down", "down": "up", "in": "out", "out": "in"}
_WAYS = frozenset({"left", "right", "up", "down"})
_ABSENT = 0.0006
"""Largest share in any frame under which a colour is nowhere: two cells of the grid."""
_NO_BACKGROUND = 0.04
_NOT_OVERALL = 0.08
_NO_ZOOM = 0.03
"""Growth over the whole clip under which there is no zoom."""
_LIT = 110.0
_UNLIT = 72.0
_COLOURED = 25.0
"""Mean luma over which nothing is dark and under which nothing is bright; mean saturation
over which a picture is no black-and-white one."""
_COMMON = frozenset({"black", "grey", "gray", "white", "beige", "brown", "charcoal", "silver"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`measured` is what is known instead, in the words of the claim's topic, where it is.

    `weight` is what the outcome tells about the clip: that grey is somewhere tells little.
    """

    outcome: Outcome
    measured: str = ""
    weight: float = 1.0


_UNKNOWN = Verdict(outcome="unknown")
_AGREES = Verdict(outcome="agrees")


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """Return what the evidence says of a claim. Doubt is `unknown`, never a contradiction."""
    match claim.topic:
        case "camera":
            return _judge_camera(claim.value, evidence)
        case "direction":
            return _judge_direction(claim, evidence)
        case "colour":
            return _judge_colour(claim, evidence)
        case "count":
            return _judge_count(claim, evidence)
        case "light":
            return _judge_light(claim.value, evidence)
        case "text":
            return _judge_text(claim.value, evidence)


def _contradicted(measured: str = "") -> Verdict:
    return Verdict(outcome="contradicted", measured=measured)


def _judge_camera(value: str, evidence: Evidence) -> Verdict:
    world = world_camera(evidence.facts)
    if world:
        if value == world or (value == "moves" and world != "still"):
            return _AGREES
        return _contradicted(world)
    found = evidence.findings
    way, zoom = found.camera, found.zoom
    if way == "still":
        agrees = Verdict(outcome="agrees", weight=0.3)
        return agrees if value == "still" else _contradicted("still")
    if way == "nearly still":
        return _contradicted("still") if value == "unsteady" else _UNKNOWN
    if value in ("in", "out"):
        if zoom:
            return _AGREES if value == zoom else _contradicted(zoom)
        growth = abs(evidence.score("zoom")) * found.duration_s
        is_pan = way not in ("", "about") and growth <= _NO_ZOOM
        return _contradicted(_one_way(way)) if is_pan else _UNKNOWN
    if value == "still":
        if way:
            return _contradicted(_one_way(way))
        return _contradicted(zoom or "moves") if zoom or found.camera_is_unsteady else _UNKNOWN
    if value == "unsteady":
        return _AGREES if found.camera_is_unsteady else _UNKNOWN
    if value == "moves":
        return _AGREES if way else _UNKNOWN
    if way in ("", "about"):
        return _UNKNOWN
    parts = _parts(way)
    if value in parts:
        return _AGREES
    return _contradicted(_one_way(way))


def _parts(way: str) -> set[str]:
    return {word for word in way.replace("_", " ").split() if word in _WAYS}


def _one_way(way: str) -> str:
    """Return the one word for a way, `moves` for none or two."""
    parts = _parts(way)
    return next(iter(parts)) if len(parts) == 1 else "moves"


def _judge_direction(claim: Claim, evidence: Evidence) -> Verdict:
    said = _parts(claim.value)
    if evidence.facts is not None:
        return _judge_world_direction(claim, said, evidence)
    if not claim.is_only:
        return _UNKNOWN
    moving = [
        area
        for area in evidence.findings.areas
        if area.motion not in ("", "none", "about")
        and area.colour.split()[-1] in _families_in(claim.about)
    ]
    ways = {area.motion for area in moving}
    if not ways and evidence.findings.movement.motion:
        ways = {evidence.findings.movement.motion}
    if len(ways) != 1:
        return _UNKNOWN
    way = ways.pop()
    return _compare_ways(said, _parts(way), "_".join(sorted(_parts(way), key=_up_first)))


def _judge_world_direction(claim: Claim, said: set[str], evidence: Evidence) -> Verdict:
    assert evidence.facts is not None
    facts = evidence.facts
    objects = named_objects(facts, claim.about)
    turning = {event.subject for event in facts.events} | {event.target for event in facts.events}
    numbers = {id(item): i for i, item in enumerate(facts.objects)}
    if any(item.bounces or numbers[id(item)] in turning for item in objects):
        return _UNKNOWN
    ways = {
        "down" if item.action == "fall" else item.direction or ""
        for item in objects
        if item.action in ("move", "fall")
    }
    if len(ways) != 1 or any(item.action == "fly" for item in objects) or "" in ways:
        return _UNKNOWN
    way = ways.pop()
    parts = _parts(way)
    return _AGREES if said == parts else _contradicted(way)


def _compare_ways(said: set[str], known: set[str], name: str) -> Verdict:
    opposite = any(OPPOSITES[way] in known for way in said)
    if opposite or not said & known:
        return _contradicted(name)
    return _AGREES


def _up_first(way: str) -> int:
    return 0 if way in ("up", "down") else 1


def _families_in(words: str) -> set[str]:
    return {family for word in words.split() for family in FAMILIES.get(word, ())}


def _judge_colour(claim: Claim, evidence: Evidence) -> Verdict:
    families = FAMILIES[claim.value]
    if evidence.facts is not None:
        world = _judge_world_colour(claim, families, evidence)
        if world.outcome != "unknown":
            return world
    found = evidence.findings
    chromatic = [name for name in families if name in HUES or name in ("brown", "beige")]
    if found.palette == "greyscale" and len(chromatic) == len(families):
        return _contradicted()
    if not found.presence:
        return _UNKNOWN
    share = max(found.presence.get(name, 1.0) for name in families)
    if claim.about == "background":
        known = found.background
        if share < _NO_BACKGROUND:
            return _contradicted(known)
        return _UNKNOWN if known.split()[-1:] != [families[0]] else _AGREES
    if share < (_NOT_OVERALL if claim.about == "picture" else _ABSENT):
        return _contradicted()
    if share >= 0.02:
        return Verdict(outcome="agrees", weight=0.1 if claim.value in _COMMON else 0.4)
    return _UNKNOWN


def _judge_world_colour(claim: Claim, families: tuple[str, ...], evidence: Evidence) -> Verdict:
    facts = evidence.facts
    assert facts is not None
    if claim.about == "background" and facts.background_colour:
        words = facts.background_colour.split("_")
        known = FAMILIES.get(words[-1], ())
        agrees = bool(set(families) & set(known))
        return _AGREES if agrees else _contradicted(facts.background_colour.replace("_", " "))
    shape = SHAPE_WORDS.get(claim.about)
    if shape is None and claim.about not in ANY_SHAPE:
        return _UNKNOWN
    near = [item for item in facts.objects if shape is None or item.shape == shape]
    known_colours = {c for item in near for c in (item.colour, item.new_colour) if c}
    if not known_colours:
        return _UNKNOWN
    if claim.value in known_colours:
        return _AGREES
    return _contradicted(known_colours.pop() if len(known_colours) == 1 else "")


def _judge_count(claim: Claim, evidence: Evidence) -> Verdict:
    facts = evidence.facts
    noun = claim.about.split()[-1] if claim.about else ""
    if facts is None or (noun not in SHAPE_WORDS and noun not in ANY_SHAPE):
        return _UNKNOWN
    number, known = int(claim.value), len(named_objects(facts, claim.about))
    if number == known:
        return Verdict(outcome="agrees", weight=0.5)
    if number == 1 and known > 1:
        return _UNKNOWN  # `one star rests, another moves`
    return _contradicted(str(known))


def _judge_light(value: str, evidence: Evidence) -> Verdict:
    found = evidence.findings
    luma, level, change = found.luma, found.light, found.light_change
    match value:
        case "dark":
            if level in ("black", "dark", "dim"):
                return _AGREES
            is_lit = level in ("light", "bright") or luma >= _LIT
            return _contradicted(level if level != "medium" else "") if is_lit else _UNKNOWN
        case "bright":
            if level in ("light", "bright"):
                return Verdict(outcome="agrees", weight=0.4)
            is_unlit = level in ("black", "dark") or luma <= _UNLIT
            return _contradicted("dark") if is_unlit else _UNKNOWN
        case "greyscale":
            if found.palette == "greyscale":
                return _AGREES
            coloured = evidence.score("saturation") >= _COLOURED or found.palette == "vivid"
            return _contradicted("colour") if coloured and level != "black" else _UNKNOWN
        case "colourful":
            return _contradicted("greyscale") if found.palette == "greyscale" else _UNKNOWN
        case "steady":
            if change == "steady":
                return Verdict(outcome="agrees", weight=0.1)
            return _contradicted(change) if change else _UNKNOWN
        case _:
            if not change or found.light_steps:
                return _UNKNOWN
            return _AGREES if change == value else _contradicted(change)


def _judge_text(value: str, evidence: Evidence) -> Verdict:
    if evidence.texts is None:
        return _UNKNOWN
    whole = " ".join(evidence.texts)
    if any(same_text(value, text) for text in (*evidence.texts, whole)):
        return _AGREES
    return _contradicted()
