"""Claims about the camera in free English.

A sentence is cut into clauses, each with a subject (`captioner.claims.clauses`). Where that is
the camera, its verbs and the ways after them are read; of other subjects only what no thing
does but a camera.
"""

from __future__ import annotations

from collections.abc import Iterator

from captioner.claims.camera_nouns import find_told_as_nouns
from captioner.claims.camera_rest import find_rest, find_unsteady
from captioner.claims.camera_walk import Told, Walk
from captioner.claims.camera_words import DENIALS
from captioner.claims.claim import SENTENCE, Claim
from captioner.claims.clauses import Clause, Subject, read_clauses


def find_camera_claims(text: str, *, is_field: bool = False) -> Iterator[Claim]:
    """Yield what a text says of the camera. In the field `camera` every word is about it."""
    earlier: Subject = "none"
    for sentence in SENTENCE.finditer(text.lower()):
        part, offset = sentence.group(), sentence.start()
        clauses = read_clauses(part, earlier)
        for told in sorted(_find_in(part, clauses, is_field=is_field), key=lambda told: told.start):
            yield Claim(
                topic="camera",
                value=told.value,
                start=offset + told.start,
                end=offset + told.end,
            )
        if clauses and clauses[0].subject != "none":
            earlier = clauses[0].subject


def _find_in(part: str, clauses: list[Clause], *, is_field: bool) -> list[Told]:
    """Return what a sentence tells, of overlapping statements the first that was found."""
    found: list[Told] = []

    def add(value: str, start: int, end: int) -> None:
        if all(end <= one.start or start >= one.end for one in found):
            found.append(Told(value, start, end))

    goes = [told for clause in clauses for told in Walk(part, clause, is_field=is_field).read()]
    nouns = [Told(*told) for told in find_told_as_nouns(part) if not _is_denied(clauses, told[1])]
    moves = any(told.value != "still" for told in (*goes, *nouns))
    for start, end in find_rest(part, clauses, moves=moves, is_field=is_field):
        if not _is_denied(clauses, start):
            add("still", start, end)
    for told in (*nouns, *goes):
        add(told.value, told.start, told.end)
    for start, end in find_unsteady(part, clauses, is_field=is_field):
        if not _is_denied(clauses, start):
            add("unsteady", start, end)
    ways = [told for told in found if told.value not in ("moves", "still")]
    return [told for told in found if told.value != "moves" or not ways]


def _is_denied(clauses: list[Clause], start: int) -> bool:
    """Tell whether a denial stands before a place, in the clause that holds it."""
    for clause in clauses:
        if clause.words and clause.words[0].start <= start <= clause.words[-1].end:
            if clause.denied_from and clause.denied_from.start < clause.words[0].start:
                return True
            return any(word.text in DENIALS and word.end <= start for word in clause.words)
    return False
