"""What a reviewer decided, row by row: a decision, nothing, or a problem (pure)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.review_files import ReviewRow

CAPTION_KINDS: tuple[str, ...] = ("source", "short", "medium", "long", "structured")
"""The kinds of caption that can be reviewed."""

CLIP = "clip"
"""The kind of a row that is about the clip itself."""

CLIP_VERDICTS: tuple[str, ...] = ("keep", "drop", "rules")
_VERDICTS = {
    "ok": "ok",
    "approved": "ok",
    "rejected": "rejected",
    "reject": "rejected",
    "skip": "skip",
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_MAX_CHARS = 20_000
_MAX_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCaption:
    """A caption of the catalogue, as far as a review needs it."""

    caption_id: str
    text: str
    status: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a reviewer decided about one row.

    `decision`: approved, corrected or rejected of a caption; keep, drop or rules of a clip.
    `text` is the caption's from now on; of a rejected one, what it was.
    """

    clip_id: str
    kind: str
    decision: str
    text: str
    language: str
    caption_id: str | None
    note: str
    reviewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row that cannot be taken, and why."""

    row: int
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}"


class _RowError(Exception):
    """Why a row cannot be taken."""


def decide(
    rows: Sequence[tuple[int, ReviewRow]],
    clips: Mapping[str, bool],
    captions: Mapping[tuple[str, str, str], KnownCaption],
    *,
    reviewer: str = "",
) -> tuple[list[Decision], list[Problem]]:
    """Return the decisions of numbered rows, and the rows that cannot be taken.

    `clips` are the ids that the catalogue knows, and whether its chosen split holds them;
    `captions` are known by clip, kind and caption id. `reviewer` signs rows without a name.
    Rows that were not touched, or say `skip`, give neither.
    """
    decisions: list[Decision] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in rows:
        key = (row.clip_id, row.kind)
        try:
            if key in seen:
                raise _RowError(
                    f"the {row.kind} of {row.clip_id} stands in row {seen[key]} already"
                )
            seen[key] = number
            decision = _decide(row, clips, captions, reviewer)
        except _RowError as error:
            problems.append(Problem(row=number, message=str(error)))
            continue
        if decision is not None:
            decisions.append(decision)
    return decisions, problems


def same_text(one: str, other: str) -> bool:
    """Return whether two texts differ in nothing but what editors change: line ends, spaces."""
    return _settled(one) == _settled(other)


def _decide(
    row: ReviewRow,
    clips: Mapping[str, bool],
    captions: Mapping[tuple[str, str, str], KnownCaption],
    reviewer: str,
) -> Decision | None:
    if row.clip_id not in clips:
        raise _RowError(f"no clip `{row.clip_id}` in this catalogue")
    if not clips[row.clip_id]:
        raise _RowError(f"{row.clip_id} is gone: the chosen split does not hold it")
    if row.kind == CLIP:
        found = _clip_decision(row)
    elif row.kind in CAPTION_KINDS:
        known = captions.get((row.clip_id, row.kind, row.caption_id))
        if row.caption_id and known is None:
            raise _RowError(f"`{row.caption_id}` is no {row.kind} caption of {row.clip_id}")
        found = _caption_decision(row, known)
    else:
        raise _RowError(f"unknown kind `{row.kind}`: {', '.join((CLIP, *CAPTION_KINDS))}")
    if found is None:
        if row.note.strip() and row.verdict != "skip":
            raise _RowError("a note without a verdict")
        return None
    decision, text, language = found
    name = row.reviewer or reviewer.strip()
    if not name:
        raise _RowError("nobody signed it: fill in the column `reviewer`")
    if len(name) > _MAX_NAME or _has_controls(name):
        raise _RowError("`reviewer` is no name")
    return Decision(
        clip_id=row.clip_id,
        kind=row.kind,
        decision=decision,
        text=text,
        language=language,
        caption_id=None if row.kind == CLIP else row.caption_id or None,
        note=_tidy(row.note),
        reviewer=name,
    )


def _clip_decision(row: ReviewRow) -> tuple[str, str, str] | None:
    if row.text.strip():
        raise _RowError("a clip has no text; write it in the row of its caption")
    verdict = row.verdict.lower()
    if verdict in ("", "skip"):
        return None
    if verdict not in CLIP_VERDICTS:
        raise _RowError(f"unknown verdict `{row.verdict}` on a clip: {', '.join(CLIP_VERDICTS)}")
    return verdict, "", ""


def _caption_decision(row: ReviewRow, known: KnownCaption | None) -> tuple[str, str, str] | None:
    """Return decision, text and language; None for a row that was not touched."""
    verdict = _VERDICTS.get(row.verdict.lower(), "" if not row.verdict else None)
    if verdict is None:
        raise _RowError(f"unknown verdict `{row.verdict}` on a caption: ok, rejected, skip")
    if verdict == "skip":
        return None
    before = known.text if known else ""
    is_same = same_text(row.text, before)
    if verdict == "rejected":
        if known is None:
            raise _RowError("there is no caption to reject")
        if not is_same and row.text.strip():
            raise _RowError(
                "it is rejected and rewritten at once; leave the verdict empty to rewrite"
            )
        return "rejected", known.text, known.language
    if not row.text.strip():
        if known is None and not verdict:
            return None
        raise _RowError("the text is empty; to withdraw a caption write `rejected` as verdict")
    language = row.language or (known.language if known else "en")
    if not _LANGUAGE.fullmatch(language):
        raise _RowError(f"`{language}` is no language; write en, zh, pt-BR")
    if known is not None and is_same and language == known.language:
        # What failed before is not approved by leaving it alone.
        return ("approved", known.text, language) if verdict or known.status == "ok" else None
    return "corrected", _checked(row.kind, _tidy(row.text)), language


def _checked(kind: str, text: str) -> str:
    """Return a text that a person wrote. Raises _RowError for what cannot be a caption."""
    if len(text) > _MAX_CHARS:
        raise _RowError(f"the text has {len(text)} characters, at most {_MAX_CHARS} are taken")
    if "\ufffd" in text or _has_controls(text):
        raise _RowError("the text holds characters that an editor broke; save the file as UTF-8")
    if kind == "structured":
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _RowError(f"a structured caption is JSON: {error}") from error
        if not isinstance(value, dict):
            raise _RowError("a structured caption is a JSON object")
    return text


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _settled(text: str) -> str:
    lines = unicodedata.normalize("NFC", _tidy(text)).split("\n")
    return "\n".join(line.rstrip() for line in lines)


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text)
