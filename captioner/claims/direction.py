"""Claims about where the things in the picture go, in free English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.claim import SENTENCE, Claim

_VERB = (
    r"(?:mov|go|run|walk|fl|roll|slid|driv|travel|head|swim|jump|leap|drift|glid|rid|race|rac|"
    r"rush|dash|crawl|march|float|ris|climb|fall|drop|descend|cross|pass|speed|march|skat|sail|"
    r"trot|gallop|bounc|stroll|proceed|advanc|march|swoop|soar|sink|hurr)"
    r"(?:e|es|ies|y|ys|s|ing|ying|ning|ming|ping|es|oes|ed|ts)?"
)
_ADVERB = (
    r"(?:\s+(?:very|quite|rather|slowly|quickly|rapidly|fast|steadily|smoothly|gently|briskly|"
    r"swiftly|leisurely|at\s+(?:a\s+)?(?:\w+\s+)?(?:speed|pace)|across\s+the\s+(?:frame|scene|"
    r"picture|screen|street|road|grass|field|background)|along|past|straight|diagonally|away|over|"
    r"through\s+the\s+(?:frame|scene)))*"
)
_SIDE = r"(?:left|right|top|bottom|up|down|upper|lower)"
_TO = (
    r"\s+(?P<way>"
    r"(?:to|towards?)\s+the\s+(?P<a1>upper|lower|top|bottom)[-\s](?P<a2>left|right)"
    r"|(?P<b1>up|down)(?:wards?)?(?:\s+and)?\s+(?:to|towards?)\s+the\s+(?P<b2>left|right)"
    r"|(?P<g1>up|down)(?:wards?)?\s+and\s+(?P<g2>left|right)(?:wards?)?"
    r"|from\s+(?:the\s+)?(?:left|right|top|bottom)\s+to\s+(?:the\s+)?(?P<c>left|right|top|bottom)"
    r"|(?:(?:to|towards?)\s+the\s+)(?P<d>left|right|top|bottom)(?!\s+of\b)"
    r"|(?P<e>left|right|up|down)(?:wards?)?(?!\s+(?:of|hand|the|a|from|in|on|side|at|to)\b)"
    r")\b"
)
_MOVES = re.compile(rf"\b(?P<verb>{_VERB})\b{_ADVERB}{_TO}")
_CAMERA = re.compile(r"\b(?:camera|shot|view|viewpoint|lens|frame|footage|perspective)\b")
_NAMES = {"top": "up", "upper": "up", "bottom": "down", "lower": "down"}
_DENIED = re.compile(r"\b(?:not|never|no\s+longer|without)\s+(?:\w+\s+)?$")


def find_direction_claims(text: str) -> Iterator[Claim]:
    """Yield the ways in which things are said to move; not those of the camera.

    `about` is the clause before the verb: it names what moves.
    """
    lower = text.lower()
    for sentence in SENTENCE.finditer(lower):
        part, offset = sentence.group(), sentence.start()
        for match in _MOVES.finditer(part):
            before = part[: match.start()]
            subject = re.split(r"[,;:]|\b(?:as|while|when|whereas|and\s+then)\b", before)[-1]
            if _CAMERA.search(subject) or _DENIED.search(before):
                continue
            yield Claim(
                topic="direction",
                value=_value(match),
                start=offset + match.start("way"),
                end=offset + match.end("way"),
                about=subject.strip() or before.strip(),
            )


def _value(match: re.Match[str]) -> str:
    def name(group: str) -> str:
        word = match.group(group) or ""
        return _NAMES.get(word, word)

    for first, second in (("a1", "a2"), ("b1", "b2"), ("g1", "g2")):
        if match.group(first):
            return f"{name(first)}_{name(second)}"
    return name("c") or name("d") or name("e")
