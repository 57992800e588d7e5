"""World facts -> a structured caption, in the one wording that captions and prompts share."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from captioner.caption import Relation, StructuredCaption, Subject
from schemas.facts import EventFacts, Facts, ObjectFacts, to_plain
from schemas.wording.render import Length, render

_MEETINGS = {"collide": "collides with", "bite": "takes a bite of"}
_WITH_PROPS = {
    "hide": "is hidden behind",
    "reappear": "comes out from behind",
    "put_out": "puts out",
    "break": "breaks",
    "collect": "collects",
}


def tell(facts: Facts, *, key: str, language: str = "en", **details: Any) -> StructuredCaption:
    """Return facts as prose and fields; `details` join them as plain data.

    `key` (an id of the clip) picks the wording. `language` is `en` or `zh`: Chinese prose has
    two lengths, and the fields stay English. Raises ValueError for facts without an object.
    """
    if not facts.objects:
        raise ValueError("facts without an object are no caption")
    return StructuredCaption(
        short=_prose(facts, "short", key, language),
        medium=_prose(facts, "medium", key, language),
        long=_prose(facts, "long", key, language),
        subjects=tuple(
            Subject(name=_name(item), attributes=(item.size,) if item.size else ())
            for item in facts.objects
        ),
        actions=tuple(_action(item) for item in facts.objects if item.action),
        setting=_setting(facts),
        camera=(facts.camera or "").replace("_", " "),
        style=f"{facts.style} drawing" if facts.style else "",
        relations=tuple(_relations(facts)),
        details={"facts": to_plain(facts), **details},
    )


def _prose(facts: Facts, length: Length, key: str, language: str) -> str:
    seed = int.from_bytes(hashlib.sha256(f"{key} {length}".encode()).digest()[:4], "big")
    return render(facts, length=length, language="zh" if language == "zh" else "en", seed=seed)


def _name(item: ObjectFacts) -> str:
    return " ".join(word for word in (item.colour, item.shape or "object") if word)


def _action(item: ObjectFacts) -> str:
    """Return what an object does, as a plain clause."""
    told = replace(item, size=None, place=None)
    return render(Facts(objects=(told,)), length="short").rstrip(".")


def _setting(facts: Facts) -> str:
    if facts.background_kind is None and facts.background_colour is None:
        return ""
    words = Facts(background_kind=facts.background_kind, background_colour=facts.background_colour)
    return render(words, length="short").rstrip(".")


def _relations(facts: Facts) -> list[Relation]:
    found = []
    for event in facts.events:
        said = _relation(facts, event)
        if said is not None:
            found.append(said)
    return found


def _relation(facts: Facts, event: EventFacts) -> Relation | None:
    if event.subject is None:
        return None
    subject = _name(facts.objects[event.subject])
    if event.kind in _MEETINGS and isinstance(event.target, int):
        other = _name(facts.objects[event.target])
        return Relation(subject=subject, relation=_MEETINGS[event.kind], object=other)
    if event.kind in _WITH_PROPS and isinstance(event.target, str):
        return Relation(subject=subject, relation=_WITH_PROPS[event.kind], object=event.target)
    return None
