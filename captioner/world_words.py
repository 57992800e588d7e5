"""World facts -> a structured caption, in the one wording that captions and prompts share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from captioner.caption import Event, Relation, StructuredCaption, Subject
from schemas.facts import EventFacts, Facts, ObjectFacts, to_plain
from schemas.wording.render import Length, render, render_event

_MEETINGS = {"collide": "collides with", "bite": "takes a bite of"}
_WITH_PROPS = {
    "hide": "is hidden behind",
    "reappear": "comes out from behind",
    "put_out": "puts out",
    "break": "breaks",
    "collect": "collects",
}


def tell(
    facts: Facts,
    *,
    key: str,
    language: str = "en",
    spans_s: Sequence[tuple[float, float]] = (),
    **details: Any,
) -> StructuredCaption:
    """Return facts as prose and fields; `details` join them as plain data.

    `spans_s` has start and end of each event of the facts, where they are known. `key` (an id
    of the clip) picks the wording. `language` is `en` or `zh`: Chinese prose has
    two lengths, and no relations. Raises ValueError for facts without an object.
    """
    if not facts.objects:
        raise ValueError("facts without an object are no caption")
    words = _Words(key, "zh" if language == "zh" else "en")
    return StructuredCaption(
        short=words.prose(facts, "short"),
        medium=words.prose(facts, "medium"),
        long=words.prose(facts, "long"),
        subjects=tuple(words.subject(item) for item in facts.objects),
        actions=tuple(words.action(item) for item in facts.objects if item.action),
        setting=words.setting(facts),
        camera=words.camera(facts),
        style=f"{facts.style} drawing" if facts.style and language != "zh" else "",
        events=tuple(
            Event(start_s=round(start_s, 3), end_s=round(end_s, 3), text=words.event(facts, number))
            for number, (start_s, end_s) in enumerate(spans_s)
        ),
        relations=tuple(dict.fromkeys(_relations(facts))) if language != "zh" else (),
        details={"facts": to_plain(facts), **details},
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """Words for one clip in one language, all of them from `schemas.wording`."""

    key: str
    language: Literal["en", "zh"]

    def prose(self, facts: Facts, length: Length) -> str:
        """Return the caption of one length."""
        digest = hashlib.sha256(f"{self.key} {length}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big")
        return render(facts, length=length, language=self.language, seed=seed)

    def subject(self, item: ObjectFacts) -> Subject:
        """Return what an object is."""
        if self.language == "en":
            return Subject(name=_name(item), attributes=(item.size,) if item.size else ())
        named = ObjectFacts(colour=item.colour, shape=item.shape)
        return Subject(name=self._phrase(Facts(objects=(named,))))

    def action(self, item: ObjectFacts) -> str:
        """Return what an object does, as a plain clause."""
        return self._phrase(Facts(objects=(replace(item, size=None, place=None),)))

    def event(self, facts: Facts, number: int) -> str:
        """Return one event as a sentence that names who takes part."""
        return render_event(facts, number, language=self.language)

    def setting(self, facts: Facts) -> str:
        """Return the background as a phrase, empty where none is known."""
        if facts.background_kind is None and facts.background_colour is None:
            return ""
        kind, colour = facts.background_kind, facts.background_colour
        return self._phrase(Facts(background_kind=kind, background_colour=colour))

    def camera(self, facts: Facts) -> str:
        """Return how the camera moves, empty where that is not known."""
        if facts.camera is None:
            return ""
        if self.language == "en":
            return facts.camera.replace("_", " ")
        return self._phrase(Facts(camera=facts.camera), "medium")

    def _phrase(self, facts: Facts, length: Length = "short") -> str:
        return render(facts, length=length, language=self.language).rstrip(".\u3002")


def _name(item: ObjectFacts) -> str:
    return " ".join(word for word in (item.colour, item.shape or "object") if word)


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
