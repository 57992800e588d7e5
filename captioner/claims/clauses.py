"""Sentences -> clauses, each with who does something in it: the camera, or something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from captioner.claims.camera_words import (
    AUXILIARY,
    BARE,
    COMPOUND,
    DENIALS,
    DETERMINERS,
    FILMS,
    FOLLOWS,
    MERGED,
    MOTION,
    PREPOSITIONS,
    PRONOUNS,
    SHOWS,
    STILL_ADJECTIVE,
    STRONG,
    WEAK,
    word_set,
)

Subject = Literal["strong", "weak", "none", "other"]
"""`strong`: the camera; `weak`: what it sees, as `shot` or `we`; `none`: not told."""

_TOKEN = re.compile(rf"{MERGED.pattern}|[a-z]+(?:['\u2019][a-z]+)?|\d+|[,;:()\u2013\u2014]")
_SUBORDINATE = word_set(
    "as while when whereas which who that because until where if though although but whose"
)
_WAYS = word_set(
    "to toward towards left right up down leftward leftwards rightward rightwards upward upwards "
    "downward downwards"
)
_OPENERS = MOTION | AUXILIARY | PREPOSITIONS | DENIALS | SHOWS | {"it"}
"""With them a clause begins that has no subject of its own."""
_TURNED = DENIALS | {"does", "did", "do", "is", "once"}
"""`at no point does the camera move`."""
_JOINS = word_set("and or nor then yet")
_NOT_THE_CAMERA = word_set(
    "crew bag strap flash flashes phone phones team store shop shutter flare flares cap glass of "
    "app feed monitor screen rate"
)
"""`camera bag` and `frame of a bicycle` are things in the picture."""
_VIEWED = frozenset(("shot", "view", "footage", "shots", "video", "camera"))
_PARTICIPLE = re.compile(
    r"(?!(?:build|ceil|paint|even|morn|cloth|draw|wedd|light)ing)[a-z]{3,}(?:ed|ing)"
)
_OWN_EYES = frozenset(("gaze", "eye", "eyes", "focus"))
_MAX_ADJECTIVES = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A word in lower case; `n't` at its end reads `not`. The place is that in the sentence."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """`first` is where what is said of the subject begins; `head` the subject's noun, or None."""

    words: tuple[Word, ...]
    subject: Subject = "other"
    head: Word | None = None
    first: int = 0
    denied_from: Word | None = None
    """The word that denies the whole clause: `at no point does the camera move`."""
    is_own: bool = False


def read_clauses(sentence: str, earlier: Subject = "none") -> list[Clause]:
    """Return the clauses of a sentence in lower case; `earlier` is whom it may mean by `it`."""
    clauses: list[Clause] = []
    for words, opener in _split(_words(sentence)):
        clause = _with_subject(words)
        before = clauses[-1] if clauses else None
        if clause.subject == "none":
            clause = _inherited(clause, before, opener, earlier)
        elif clause.subject == "other" and opener in ("which", "that") and before is not None:
            last = before.words[-1].text if before.words else ""
            kind = _kind(last)
            if kind != "other" and words[0].text in MOTION | AUXILIARY:
                clause = replace(clause, subject=kind, head=before.words[-1])
        clauses.append(clause)
    if len(clauses) > 1 and clauses[0].subject == "none" and clauses[1].is_own:
        verb = next((word.text for word in clauses[0].words if not _is_bare(word.text)), "")
        if verb in MOTION and verb.endswith("ing"):  # `while moving right, the camera ...`
            clauses[0] = replace(clauses[0], subject=clauses[1].subject)
    return clauses


def _inherited(clause: Clause, before: Clause | None, opener: str, earlier: Subject) -> Clause:
    """Return a clause without a subject with that of the clause it continues."""
    if opener in ("who", "whose"):
        return replace(clause, subject="other")
    if opener in ("which", "that") and before is not None and before.words:
        return replace(clause, subject=_kind(before.words[-1].text), head=before.words[-1])
    if before is None:
        is_it = any(word.text == "it" for word in clause.words[:2])
        return replace(clause, subject=earlier if is_it else "none")
    denied = clause.denied_from
    if before.subject == "strong" and _shows_something(before):
        return replace(clause, subject="none")
    start = clause.words[clause.first].text if clause.first < len(clause.words) else ""
    told = next((word for word in before.words if word.text in DENIALS), before.denied_from)
    if denied is None and told and not start.endswith(("s", "ing")):
        denied = told
    return replace(clause, subject=before.subject, head=before.head, denied_from=denied)


def _shows_something(clause: Clause) -> bool:
    """Tell whether a clause has a thing that may do what follows: `films a man, walking left`."""
    texts = [word.text for word in clause.words[clause.first :]]
    return any(
        text in FILMS | FOLLOWS and set(texts[i + 1 :]) & DETERMINERS
        for i, text in enumerate(texts)
    )


def _words(sentence: str) -> list[Word]:
    found = []
    for match in _TOKEN.finditer(sentence):
        text = match.group().replace("\u2019", "'")
        is_denial = text.endswith("n't") or text == "cannot"
        text = "not" if is_denial else re.sub(r"'[a-z]+$", "", text)
        found.append(Word(re.sub(r"[-\s]+", " ", text), match.start(), match.end()))
    return found


def _split(words: list[Word]) -> Iterator[tuple[list[Word], str]]:
    """Yield (words of a clause, the word or mark that opens it)."""
    part: list[Word] = []
    opener = ""
    for i, word in enumerate(words):
        following = words[i + 1].text if i + 1 < len(words) else ""
        if not _opens(words, i, following):
            part.append(word)
            continue
        if part:
            yield part, opener
        part, opener = [], word.text
        if word.text in _JOINS | DENIALS:
            part.append(word)
    if part:
        yield part, opener


def _opens(words: list[Word], i: int, following: str) -> bool:
    text = words[i].text
    if text == "," and following in _WAYS:
        return False  # `moves sideways, to the left`
    if text in _SUBORDINATE or not text[0].isalnum():
        return True
    if text in _JOINS:
        return following in DETERMINERS | PRONOUNS | {"it", "we"}
    if text in ("before", "after", "without", "by"):
        return following.endswith("ing")
    return text == "with" and _is_absolute(words[i + 1 : i + 6])


def _is_absolute(words: list[Word]) -> bool:
    """Tell whether `with` opens a clause of its own: `with the camera panning left`."""
    for i, word in enumerate(words):
        if word.text in STRONG:
            rest = [after.text for after in words[i + 1 :] if not after.text.endswith("ly")]
            moves = bool(rest) and rest[0] in MOTION and not rest[0].endswith("s")
            stays = bool(rest) and bool(
                re.match(rf"held|still|steady|set|{STILL_ADJECTIVE}", rest[0])
            )
            return moves or stays or (bool(rest) and rest[0].endswith("ing"))
        if word.text not in DETERMINERS and i > 1:
            return False
    return False


def _kind(text: str) -> Subject:
    if text in STRONG:
        return "strong"
    return "weak" if text in WEAK else "other"


def _with_subject(words: list[Word]) -> Clause:
    """Return the clause with its own subject, `none` where it begins with a verb or adverbs."""
    for i, word in enumerate(words):
        kind = _kind(word.text)
        if kind == "other":
            continue
        start = _phrase_start(words, i)
        end = i + 1
        while (
            end < len(words) and words[end].text in COMPOUND | STRONG and words[end].text != "move"
        ):
            end += 1
        if not _leads(words, start) or not _is_camera(words, i, end, start):
            continue
        denied = next((w for w in words[:start] if w.text in DENIALS), None)
        if words[start].text in DENIALS:
            denied = words[start]
        strong = "strong" if any(w.text in STRONG for w in words[i:end]) else kind
        return Clause(words=tuple(words), subject=strong, head=word, first=end,
                      denied_from=denied, is_own=True)  # fmt: skip
    first = 0
    while first < len(words) and _is_bare(words[first].text):
        first += 1
    text = words[first].text if first < len(words) else ""
    open_start = not text or text in _OPENERS
    open_start |= bool(_PARTICIPLE.fullmatch(text))
    denied = next((w for w in words[: first + 1] if w.text in DENIALS), None)
    kind = "none" if open_start else "other"
    return Clause(
        words=tuple(words), subject=kind, first=0, denied_from=denied, is_own=kind == "other"
    )


def _phrase_start(words: list[Word], i: int) -> int:
    """Return where the noun phrase that ends with word `i` begins."""
    for j in range(i - 1, max(-1, i - 2 - _MAX_ADJECTIVES), -1):
        text = words[j].text
        if text in DETERMINERS or text in ("no", "neither"):
            return j
        if text in PREPOSITIONS:
            return j + 1
    return i


def _leads(words: list[Word], start: int) -> bool:
    """Tell whether what stands before a noun phrase leaves it the subject."""
    if start == 0:
        return True
    if words[start - 1].text in PREPOSITIONS:
        return False
    before = [word.text for word in words[:start]]
    if before[1:2] == ["by"] and before[0] == before[-1]:
        return True  # `step by step the camera ...`
    if before[0] in PREPOSITIONS:
        return before[-1] not in MOTION or before[-1] in ("left", "right")
    return all(_is_bare(text) or text in _TURNED for text in before)


def _is_camera(words: list[Word], i: int, end: int, start: int) -> bool:
    after = words[end].text if end < len(words) else ""
    if after in _NOT_THE_CAMERA and not (after == "of" and words[i].text in _VIEWED):
        return False
    if after == "on" and words[i].text in WEAK:
        return False  # `the picture on the wall`
    if words[i].text in _OWN_EYES:
        return words[start].text in ("our", "its") or words[i - 1].text in ("viewer", "camera")
    return words[start].text not in ("his", "her", "my", "their")


def _is_bare(text: str) -> bool:
    return text in BARE or text.endswith("ly")
