"""Text without a false claim: its word put right where grammar allows, else its clause gone."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from captioner.claims.camera_ways import WAY
from captioner.claims.claim import SENTENCE, Claim
from captioner.claims.count import NUMBERS
from captioner.claims.judging import OPPOSITES

Action = Literal["corrected", "dropped"]

_CAMERA_DOES = {
    "still": "stays still",
    "left": "pans left",
    "right": "pans right",
    "up": "tilts up",
    "down": "tilts down",
    "in": "zooms in",
    "out": "zooms out",
    "moves": "moves about",
}
_CAMERA_SAID = {
    "still": "still",
    "left": "pans left",
    "right": "pans right",
    "up": "tilts up",
    "down": "tilts down",
    "in": "zooms in",
    "out": "zooms out",
    "moves": "moves about",
}
_STILL_WORD = re.compile(
    r"\b(?:static|stationary|fixed|locked[-\s]off|motionless|unmoving|still|steady)\b", re.I
)
_UNSTEADY_WORD = re.compile(r"hand-?\s?held|shaky|unsteady", re.I)
_CAMERA_NOUN = re.compile(
    r"(?:camera(?:work)?|shot|view(?:point)?|frame|framing|footage|lens|perspective|picture|image|"
    r"point of view|vantage point|composition)\b"
)
_GOAL = re.compile(r"^\s+(?:to|from|for|towards?|into|until|and\s+back)\b[^,.;:]*")
"""What belongs to a movement and goes with it: `pans left to reveal a door`."""
_ONE_WAY_VERB = re.compile(r"(?:pull|push|clos|widen)", re.I)
_BACK_AND_FORTH = {
    "in": "out",
    "inwards": "outwards",
    "forward": "backward",
    "forwards": "backwards",
    "out": "in",
    "outwards": "inwards",
    "backward": "forward",
    "backwards": "forwards",
}
_FINITE = re.compile(r"^(?:[a-z]+s|does not [a-z]+|doesn.t [a-z]+)\b")
_NUMBER_WORDS = {number: word for word, number in NUMBERS.items() if word not in ("single", "lone")}
_PHRASES = {
    "left": "to the left",
    "right": "to the right",
    "up": "upwards",
    "down": "downwards",
    "up_left": "up and to the left",
    "up_right": "up and to the right",
    "down_left": "down and to the left",
    "down_right": "down and to the right",
}
_CLAUSE = re.compile(
    r"\s*(?:[,;:]\s+(?:and\s+|but\s+|while\s+|as\s+|with\s+|then\s+)*|\s(?:while|as|whereas|but)\s+|"
    r"\s(?:and|then)\s+(?=(?:the|a|an|it|its)\s))"
)


def correct(text: str, claim: Claim, measured: str, *, is_camera_field: bool = False) -> str | None:
    """Return the text with the claim's words put right, None where that cannot be done."""
    said = text[claim.start : claim.end]
    new: str | None = None
    match claim.topic:
        case "camera":
            new = _camera_words(said, claim.value, measured, is_field=is_camera_field)
        case "direction":
            new = _PHRASES.get(measured)
        case "colour":
            if measured:
                new = measured
            elif _is_adjective(text, claim):
                return _without_adjective(text, claim)
        case "count":
            new = _count_word(said, claim, measured)
        case "light":
            new = _light_words(said, measured)
            if new is None and _adjective_before_noun(said):
                return _without_first_word(text, claim)
        case "text":
            new = None
    if new is None:
        return None
    if said[:1].isupper():
        new = new[:1].upper() + new[1:]
    rest = text[claim.end :]
    if claim.topic == "camera" and measured == "still" and not is_camera_field:
        rest = _GOAL.sub("", rest, count=1)
    return _fix_article(text[: claim.start], new) + rest


def drop(text: str, claim: Claim) -> str:
    """Return the text without the claim's clause, or without its sentence; perhaps empty."""
    for sentence in SENTENCE.finditer(text):
        if sentence.start() <= claim.start < sentence.end():
            start, end = sentence.span()
            kept = _without_clause(text[start:end], claim.start - start, claim.end - start)
            return _tidy(text[:start] + kept + text[end:])
    return ""


def drop_segment(text: str, claim: Claim) -> str:
    """Return a field's list (`still, close shot`) without the entry that holds the claim."""
    pieces, start = [], 0
    for match in (*re.finditer(r"\s*[,;]\s*|\s+and\s+", text), None):
        end = match.start() if match else len(text)
        if not start <= claim.start < max(end, start + 1):
            pieces.append(text[start:end])
        start = match.end() if match else end
    return _tidy(", ".join(piece for piece in pieces if piece.strip()))


def _camera_words(said: str, value: str, measured: str, *, is_field: bool) -> str | None:
    if measured not in _CAMERA_DOES:
        return None
    if OPPOSITES.get(value) == measured:
        swapped = _swap_way(said, value, measured)
        if swapped is not None:
            return swapped
    if is_field:
        return _CAMERA_SAID[measured]
    lower = said.lower()
    if value == "unsteady":
        is_adjective = _UNSTEADY_WORD.match(said) is not None and measured == "still"
        return _UNSTEADY_WORD.sub("static", said) if is_adjective else None
    if value == "still":
        head = _CAMERA_NOUN.match(lower)
        if head:
            return f"{said[: head.end()]} {_CAMERA_DOES[measured]}"
        return _STILL_WORD.sub("moving", said, count=1) if _STILL_WORD.match(said) else None
    if _FINITE.match(lower):
        return _CAMERA_DOES[measured]
    if value == "moves" and measured == "still":
        noun = re.match(r"(?P<noun>[a-z]+)\s", lower)
        return f"{said[: noun.end('noun')]} stays still" if noun else None
    return None


def _swap_way(said: str, value: str, measured: str) -> str | None:
    if value in ("in", "out"):
        last = re.search(r"[a-z]+$", said.lower())
        if last and last.group() in _BACK_AND_FORTH and not _ONE_WAY_VERB.match(said):
            return said[: last.start()] + _BACK_AND_FORTH[last.group()]
        return None
    from_to = re.search(r"from (?:left|right|top|bottom) to", said, re.I)
    if from_to:
        return None
    ways = list(re.finditer(rf"\b(?:{WAY}|top|bottom)\b", said, re.I))
    if not ways:
        return None
    way = ways[-1]
    ending = re.search(r"wards?$", way.group(), re.I)
    return said[: way.start()] + measured + (ending.group() if ending else "") + said[way.end() :]


def _count_word(said: str, claim: Claim, measured: str) -> str | None:
    if not measured.isdigit() or "1" in (claim.value, measured) or measured == "0":
        return None
    number = int(measured)
    return measured if said.isdigit() else _NUMBER_WORDS.get(number, measured)


def _light_words(said: str, measured: str) -> str | None:
    swaps = {
        "brighter": (("darker", "brighter"), ("dimmer", "brighter"), ("darkens", "brightens"),
                     ("dims", "brightens"), ("darkening", "brightening")),
        "darker": (("brighter", "darker"), ("lighter", "darker"), ("brightens", "darkens"),
                   ("lightens", "darkens"), ("brightening", "darkening")),
    }  # fmt: skip
    for old, new in swaps.get(measured, ()):
        changed = re.sub(rf"\b{old}\b", new, said, flags=re.I)
        if changed != said:
            return changed
    return None


def _adjective_before_noun(said: str) -> bool:
    return bool(
        re.match(
            r"(?i)(?:dark|dim|gloomy|murky|shadowy|unlit|bright|sunny|sunlit|radiant|luminous|black[-\s]and[-\s]white|monochrome|"
            r"colou?rful|vibrant)\b(?!\s+colou?rs?\b)",
            said,
        )
    )


def _without_first_word(text: str, claim: Claim) -> str:
    """Return the text without the claim's leading adjective: `a dark room` -> `a room`."""
    said = text[claim.start : claim.end]
    cut = re.sub(r"(?i)^(?:black[-\s]and[-\s]white|[a-z-]+),?\s*(?:and\s+)?", "", said, count=1)
    rest = (cut + text[claim.end :]).lstrip()
    if said[:1].isupper():
        rest = rest[:1].upper() + rest[1:]
    return _tidy(_fix_article(text[: claim.start], rest))


def _is_adjective(text: str, claim: Claim) -> bool:
    """Tell whether a colour stands before its noun, so that it can go without harm."""
    after = text[claim.end :]
    before = text[: claim.start]
    joined = re.match(r"\s*(?:,|and\b|or\b)", after) or re.search(r"\b(?:and|or)\s+$", before)
    is_first = re.search(r"\b(?:is|are|was|were|of|in|mostly|mainly|largely)\s+$", before)
    follows = re.match(
        r"\s+(?!in\b|on\b|and\b|with\b|at\b|as\b|while\b|under\b|over\b|to\b|of\b|is\b|are\b)[a-z]",
        after,
    )
    return bool(follows) and not joined and not (is_first and not follows)


def _without_adjective(text: str, claim: Claim) -> str:
    before, after = text[: claim.start], text[claim.end :].lstrip()
    if text[claim.start : claim.start + 1].isupper():
        after = after[:1].upper() + after[1:]
    return _fix_article(before, after)


def _fix_article(before: str, after: str) -> str:
    """Join two parts, with `a` or `an` before what follows now."""
    vowel = after[:1].lower() in "aeiou"
    fixed = re.sub(
        r"\b(a)n?(\s+)$",
        lambda m: m.group(1) + ("n" if vowel else "") + m.group(2),
        before,
        flags=re.I,
    )
    return fixed + after


def _without_clause(sentence: str, start: int, end: int) -> str:
    """Return a sentence without the clause around [start, end), empty where none would be left."""
    cuts = [0]
    for match in _CLAUSE.finditer(sentence):
        cuts.append(match.start())
    cuts.append(len(sentence))
    spans = list(pairwise(cuts))
    hit = [i for i, (a, b) in enumerate(spans) if a < end and b > start]
    kept = [sentence[a:b] for i, (a, b) in enumerate(spans) if i not in hit]
    left = "".join(kept).strip(" ,;:")
    if 0 in hit or len(left.split()) < 3:
        # What follows a dropped main clause leans on it, unless it is a clause of its own.
        rest = "".join(sentence[a:b] for i, (a, b) in enumerate(spans) if i > max(hit))
        own = re.sub(r"^\s*[,;:]?\s*(?:and|but|while|as|whereas|then)?\s*", "", rest)
        joined = re.match(
            r"^\s*[,;:]?\s*(?:and|but|while|as|whereas)\s+(?:the|a|an|two|three|several)\s", rest
        )
        if hit == [0] and joined and len(own.split()) >= 4:
            return _close(own[:1].upper() + own[1:], sentence)
        return ""
    return _close(left, sentence)


def _close(text: str, sentence: str) -> str:
    mark = re.search(r"[.!?]+[\"')]*\s*$", sentence)
    text = text.rstrip(" ,;:")
    if mark and not re.search(r"[.!?]$", text):
        text += mark.group().strip()
    return (" " if sentence.startswith(" ") else "") + text.lstrip()


def _tidy(text: str) -> str:
    text = re.sub(r"\s+([.,;])", r"\1", " ".join(text.split()))
    return re.sub(r"^[.,;:\s]+", "", text)
