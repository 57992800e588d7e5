"""Judge answers: parse, gate, measurements, fit to the pictures. One failure names itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from captioner.aligners import load_aligner
from captioner.backend import Aligner, Captioner
from captioner.caption import StructuredCaption
from captioner.facts import check_facts, contradiction_score, gather_evidence
from captioner.gate import check_caption
from captioner.parse import parse
from captioner.prose import without_filler
from captioner.request import Answer, Attempt, CaptionRequest
from captioner.rows import SPEAK_FROM_PIXELS, Try
from captioner.settings import CaptionSettings
from schemas.errors import UserError

if TYPE_CHECKING:
    from captioner.world_sight import WorldSight

log = logging.getLogger(__name__)

MAX_CONTRADICTION = 0.5
"""Above this `contradiction_score` an answer is taken for one about another clip."""


@dataclass(slots=True)
class Checker:
    """Judges the answers of a batch; see `captioner.asking.Check`."""

    settings: CaptionSettings
    aligner: Aligner | None = None
    sight: WorldSight | None = None
    """Reads the facts of world clips, against which other captioners' words are held."""

    def __call__(
        self,
        captioner: Captioner,
        attempt: Attempt,
        pairs: Sequence[tuple[CaptionRequest, Answer]],
    ) -> list[Try]:
        """Return one try per answer, in order."""
        tries = [self._judge(captioner, attempt, *pair) for pair in pairs]
        return self._aligned(tries)

    def _judge(
        self, captioner: Captioner, attempt: Attempt, request: CaptionRequest, answer: Answer
    ) -> Try:
        one = Try(captioner=captioner, attempt=attempt, request=request, answer=answer, status="ok")
        if answer.status != "ok":
            return replace(one, status=answer.status)
        caption, parsed = answer.caption, "ok"
        if caption is None:
            read = parse(answer.text, attempt.prompting)
            caption, parsed = read.caption, read.status
        if caption is None:
            return replace(one, status=parsed)
        if captioner.name in SPEAK_FROM_PIXELS:
            return replace(one, caption=caption)
        status = self._gate(caption, request, answer)
        if status == "boilerplate":
            # Sentences that praise or conclude can go; what is left may be a description.
            caption = without_filler(caption)
            status = self._gate(caption, request, answer)
        if status == "ok" and parsed != "ok":
            status = parsed
        if status != "ok":
            return replace(one, status=status)
        if not self.settings.check_facts:
            return replace(one, caption=caption)
        return self._measured(one, caption)

    def _gate(self, caption: StructuredCaption, request: CaptionRequest, answer: Answer) -> str:
        return check_caption(
            caption,
            duration_s=request.duration_s,
            language=self.settings.language,
            finish_reason=answer.finish_reason,
            kinds=self.settings.kinds,
        )

    def _measured(self, one: Try, caption: StructuredCaption) -> Try:
        """Correct what the measurements contradict; too much of it fails the answer."""
        facts = None if self.sight is None else self.sight.facts(one.request)
        evidence = gather_evidence(one.request, facts=facts)
        score = contradiction_score(caption, evidence)
        if score > MAX_CONTRADICTION:
            return replace(one, status="contradicted", message=f"contradiction {score:.2f}")
        checked = check_facts(caption, evidence)
        if not (checked.caption.long or checked.caption.medium or checked.caption.short):
            return replace(one, status="contradicted", corrections=checked.corrections)
        return replace(one, caption=checked.caption, corrections=checked.corrections)

    def _aligned(self, tries: list[Try]) -> list[Try]:
        """Score the fit of every caption that has held so far."""
        if self.aligner is None:
            return tries
        held = [i for i, one in enumerate(tries) if one.status == "ok" and one.caption is not None]
        if not held:
            return tries
        texts = [_telling(tries[i].caption) for i in held]
        scores = self.aligner.align([tries[i].request for i in held], texts)
        for i, score in zip(held, scores, strict=True):
            if score is None:
                continue
            one = replace(tries[i], alignment=score, aligner=self.aligner.name)
            limit = self.settings.min_alignment
            if limit is not None and score < limit:
                one = replace(one, status="misaligned", message=f"alignment {score:.3f}")
            tries[i] = one
        return tries


def _telling(caption: StructuredCaption | None) -> str:
    if caption is None:
        return ""
    return caption.medium or caption.long or caption.short


def load_checker(settings: CaptionSettings) -> Checker:
    """Return a checker with what is there to check by; see `caption.aligner`.

    Raises UserError where something is asked for that is not there.
    """
    sight = None
    if settings.check_facts:
        try:
            from captioner.world_sight import load_sight

            sight = load_sight(settings.tiny.weights)
        except UserError as error:
            log.info("no facts of world clips are read: %s", error.message)
    return Checker(settings, load_aligner(settings), sight)
