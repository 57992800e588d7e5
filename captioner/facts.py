"""Captions against measurements: what is contradicted is put right or dropped. Pure.

Claims are found in every field and in the prose (`captioner.claims`), held against the
evidence, and then against one another. What is not measured clearly is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from captioner.caption import StructuredCaption, Subject
from captioner.claims.amend import correct, drop, drop_segment
from captioner.claims.claim import Claim
from captioner.claims.consistency import find_conflicts
from captioner.claims.evidence import Evidence, gather_evidence
from captioner.claims.judging import Verdict, judge
from captioner.claims.read import PROSE, caption_facts, read_text
from captioner.claims.world import find_clashes, is_world_prose, mend
from schemas.wording.read import read

__all__ = [
    "Checked",
    "Correction",
    "Evidence",
    "caption_facts",
    "check_facts",
    "contradiction_score",
    "gather_evidence",
]

_MAX_EDITS = 40
"""Per text; a text that needs more is dropped."""
_LISTS = ("camera", "light", "style", "setting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One change: where, what was said, what is known, and what was done about it.

    `measured` is empty where it is only known that what was said is not so.
    """

    field: str
    said: str
    measured: str
    action: Literal["corrected", "dropped", "rewritten"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A caption without what is contradicted, and what was changed."""

    caption: StructuredCaption
    corrections: tuple[Correction, ...]


def check_facts(caption: StructuredCaption, evidence: Evidence) -> Checked:
    """Return the caption with every contradicted statement corrected or dropped.

    A prose text of which nothing is left is empty; it is composed anew from the fields by
    `captioner.prose`. Cost: some milliseconds; no picture is touched.
    """
    editor = _Editor(lambda claim, _: judge(claim, evidence), evidence)
    checked = editor.edit(caption)
    told_apart = {
        (item.stated.field, item.stated.claim.value, item.stated.claim.about): item.instead
        for item in find_conflicts(caption_facts(checked))
    }
    if told_apart:

        def side(claim: Claim, field: str) -> Verdict:
            instead = told_apart.get((field, claim.value, claim.about))
            if instead is None:
                return Verdict(outcome="unknown")
            return Verdict(outcome="contradicted", measured=instead)

        second = _Editor(side, None)
        checked = second.edit(checked)
        editor.corrections += second.corrections
    return Checked(caption=checked, corrections=tuple(editor.corrections))


def contradiction_score(caption: StructuredCaption, evidence: Evidence) -> float:
    """Return how much of what can be checked is false: 0 (nothing) .. 1 (all).

    A statement counts once however often the caption makes it, and weighs what it tells: that
    grey occurs is true of most clips. A single false statement stays at 0.5 or below: it is
    an error, while several at once are the mark of another clip's caption.
    """
    wrong: dict[tuple[str, str, str], float] = {}
    right: dict[tuple[str, str, str], float] = {}
    for stated in caption_facts(caption):
        claim = stated.claim
        verdict = judge(claim, evidence)
        key = (claim.topic, claim.value, "")
        if verdict.outcome == "contradicted":
            wrong[key] = verdict.weight
        elif verdict.outcome == "agrees":
            right[key] = verdict.weight
    if evidence.facts is not None:
        for name in PROSE:
            text = getattr(caption, name)
            if text and is_world_prose(text):
                said = read(text)
                for clash in find_clashes(said, evidence.facts):
                    wrong[("world", clash.path.split("[")[0] + clash.said, clash.measured)] = 1.0
    false, true = sum(wrong.values()), sum(right.values())
    if false == 0:
        return 0.0
    score = false / (false + true)
    return score if len(wrong) > 1 else min(0.5, score)


class _Editor:
    """Walks through a caption and edits every text until nothing in it is contradicted."""

    def __init__(self, judged: Callable[[Claim, str], Verdict], evidence: Evidence | None) -> None:
        self.corrections: list[Correction] = []
        self._judged = judged
        self._evidence = evidence

    def edit(self, caption: StructuredCaption) -> StructuredCaption:
        subjects = [
            self._subject(f"subjects[{i}]", subject) for i, subject in enumerate(caption.subjects)
        ]
        events = [
            event.model_copy(update={"text": self._text(f"events[{i}].text", event.text)})
            for i, event in enumerate(caption.events)
        ]
        actions = [self._text(f"actions[{i}]", text) for i, text in enumerate(caption.actions)]
        shown = [
            self._text(f"text_on_screen[{i}]", text)
            for i, text in enumerate(caption.text_on_screen)
        ]
        return caption.model_copy(
            update={
                **{name: self._prose(name, getattr(caption, name)) for name in PROSE},
                **{name: self._text(name, getattr(caption, name)) for name in _LISTS},
                "subjects": tuple(subject for subject in subjects if subject is not None),
                "actions": tuple(text for text in actions if text),
                "text_on_screen": tuple(text for text in shown if text),
                "events": tuple(event for event in events if event.text),
            }
        )

    def _prose(self, name: str, text: str) -> str:
        known = self._evidence.facts if self._evidence is not None else None
        if known is not None and text and is_world_prose(text):
            text, clashes = mend(text, known, name)
            self.corrections += [
                Correction(field=name, said=clash.said, measured=clash.measured, action="rewritten")
                for clash in clashes
            ]
        return self._text(name, text)  # for the sentences that are not in the world's words

    def _subject(self, where: str, subject: Subject) -> Subject | None:
        name = self._text(f"{where}.name", subject.name)
        attributes = [
            self._text(f"{where}.attributes[{j}]", word)
            for j, word in enumerate(subject.attributes)
        ]
        count = subject.count
        noun = name.split()[-1] if name.split() else ""
        claim = Claim(topic="count", value=str(count), start=0, end=0, about=noun)
        verdict = self._judged(claim, f"{where}.count")
        if verdict.outcome == "contradicted" and verdict.measured.isdigit():
            known = int(verdict.measured)
            self._note(f"{where}.count", str(count), verdict, "corrected" if known else "dropped")
            if known == 0:
                return None
            count = known
        if not name:
            return None
        kept = tuple(word for word in attributes if word)
        return Subject(name=name, attributes=kept, count=count)

    def _text(self, field: str, text: str) -> str:
        kind = field.split("[")[0]
        for _ in range(_MAX_EDITS):
            found = next(
                (
                    (claim, verdict)
                    for claim in read_text(text, kind)
                    if (verdict := self._judged(claim, field)).outcome == "contradicted"
                ),
                None,
            )
            if found is None:
                return text
            text = self._amended(field, kind, text, *found)
        return ""

    def _amended(self, field: str, kind: str, text: str, claim: Claim, verdict: Verdict) -> str:
        said = text[claim.start : claim.end]
        new = None
        if not self._is_said_already(field, kind, text, claim, verdict):
            new = correct(text, claim, verdict.measured, is_camera_field=kind == "camera")
        if new is not None and not self._is_still_wrong(field, kind, new, claim):
            self._note(field, said, verdict, "corrected")
            return new
        self._note(field, said, verdict, "dropped")
        if kind == "text_on_screen" or "attributes" in field:
            return ""
        return drop_segment(text, claim) if kind in _LISTS else drop(text, claim)

    def _is_said_already(
        self, field: str, kind: str, text: str, claim: Claim, verdict: Verdict
    ) -> bool:
        """Tell whether the text says of the camera what a correction would say once more."""
        return claim.topic == "camera" and any(
            other.topic == "camera" and other.value == verdict.measured
            for other in read_text(text, kind)
            if self._judged(other, field).outcome != "contradicted"
        )

    def _is_still_wrong(self, field: str, kind: str, text: str, claim: Claim) -> bool:
        """Tell whether the same words still stand at the same place with the same value."""
        return any(
            other.topic == claim.topic
            and other.start == claim.start
            and self._judged(other, field).outcome == "contradicted"
            for other in read_text(text, kind)
        )

    def _note(
        self,
        field: str,
        said: str,
        verdict: Verdict,
        action: Literal["corrected", "dropped", "rewritten"],
    ) -> None:
        self.corrections.append(
            Correction(field=field, said=said, measured=verdict.measured, action=action)
        )
