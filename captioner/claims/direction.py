"""Claims about where the things in the picture go, in free English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.camera_words import (
    CROSSES,
    DENIALS,
    DETERMINERS,
    DOWNS,
    GOES,
    PATH,
    PREPOSITIONS,
    UPS,
    forms,
    word_set,
)
from captioner.claims.claim import SENTENCE, Claim
from captioner.claims.clauses import Clause, Word, read_clauses

_LEAVES = forms("exit", "depart", "vanish", "disappear", "escape") | {"leaves", "leaving"}
_OTHERWISE = forms(
    "follow", "scroll", "boom", "crane", "carry", "guide", "track", "transition", "return",
    "circle",
    "continue", "back", "raise", "lift", "lower", "pull", "push", "edge", "hover", "arc", "scan",
    "survey", "whip", "orbit", "pedestal", "lean", "mount",
) | word_set(
    "takes take taking took taken brings bring bringing brought leads lead leading led draws draw "
    "drawing drew gets get getting got bends bend bending pass step track march"
)  # fmt: skip
"""Of a camera they tell its way; of things they tell something else as often."""
_TRAVELS = (
    GOES | UPS | DOWNS | _LEAVES | forms(
        "dart", "dash", "scurry", "scuttle", "stride", "stroll", "saunter", "shuffle", "waddle",
        "hurry", "rumble", "shoot", "zip", "whiz", "stream", "flow", "blow", "billow", "bounce",
        "hop", "leap", "cycle", "jog", "pace", "plod", "limp", "gallop", "trot", "slither", "race",
        "speed", "charge", "surge", "sprint", "skate", "ski", "tumble", "drag", "kick", "cross",
        "navigate", "flit", "flutter", "veer", "steer", "sneak", "flee", "propel", "bowl",
        "dribble", "swirl", "gush",
    ) | word_set(
        "ride rides riding drive drives driving swim swims swimming runs running shot thrown way "
        "zooms zoom zooming sped blown driven"
    )
) - _OTHERWISE  # fmt: skip
_ALONE = forms("continue", "push", "pull", "lift", "carry", "return", "edge", "back")
"""They count where a way follows at once: `is pushed to the right`."""
_TEXT = re.compile(
    r"\b(?:text|words?|letters?|line|lines|row|writing|road|path|street|sentence|stripes?)\s*$"
)
_SIDE = (
    r"(?:[-\s]hand)?(?:\s+(?:side|edge|part|end|border|corner|of\s+the\s+(?:frame|picture|image|"
    r"screen|scene|view)))*"
)
_TO = re.compile(
    r"(?:(?:off|over|out|away|on|back|further|along)\s+)?(?P<way>"
    r"(?:to|towards?)\s+the\s+(?P<a1>upper|lower|top|bottom)[-\s](?P<a2>left|right)"
    r"|(?P<b1>up|down)(?:wards?)?(?:\s+and)?\s+(?:to|towards?)\s+the\s+(?P<b2>left|right)"
    r"|(?P<g1>up|down)(?:wards?)?\s+and\s+(?P<g2>left|right)(?:wards?)?"
    r"|from\s+(?:the\s+)?(?:left|right|top|bottom)(?:\s+side|"
    r"\s+edge)?\s+to\s+(?:the\s+)?(?P<c>left|right|top|bottom)"
    r"|(?:to|towards?)\s+the\s+(?:far\s+)?(?P<d>left|right|top|"
    rf"bottom)(?!\s+of\s+(?!the\s+(?:frame|picture|image|screen|scene|view)))(?:{_SIDE})"
    r"|(?:in\s+an?\s+)?(?P<f>left|right|up|down)wards?(?:\s+direction)?"
    r"|(?P<e>left|right|up|down)(?!\s+(?:of|hand|the|a|from|in|on|side|at|to|by|into|close)\b)"
    r")\b"
)
_ON = re.compile(r"(?P<way>(?:on|at|via|through)\s+the\s+(?P<side>left|right))\b")
_NAMES = {"top": "up", "upper": "up", "bottom": "down", "lower": "down"}
_BEFORE_LEAVES = word_set("and it he she they then which who that")
"""Else they are what grows on trees."""
_MOVES = _TRAVELS | _ALONE
_BEFORE_PASSED = PATH | PREPOSITIONS
_BEFORE_PLACES = DETERMINERS | {"top", "bottom", "upper", "lower", "far", "middle"}
"""Before `left` they make it a place: `from the left`, `in the top right`."""
_PASSES = CROSSES | _LEAVES | forms("cross", "pass", "enter", "navigate") | {"makes", "way"}
"""What stands after them is only passed: `crosses the road to the left`."""


def find_direction_claims(text: str) -> Iterator[Claim]:
    """Yield the ways in which things are said to move; not those of the camera.

    `about` is the clause before the verb: it names what moves.
    """
    for sentence in SENTENCE.finditer(text.lower()):
        part, offset = sentence.group(), sentence.start()
        about = ""
        for clause in read_clauses(part):
            if clause.subject in ("strong", "weak") or clause.denied_from:
                continue
            for verb, value, start, end in _ways(part, clause):
                before = part[clause.words[0].start : verb.start].strip()
                if _TEXT.search(before):
                    continue
                yield Claim(
                    topic="direction",
                    value=value,
                    start=offset + start,
                    end=offset + end,
                    about=before or about or part[: verb.start].strip(),
                )
            if clause.is_own:
                about = part[clause.words[0].start : clause.words[-1].end]


def _ways(part: str, clause: Clause) -> Iterator[tuple[Word, str, int, int]]:
    """Yield (verb, way, start, end) for each way told after a verb of going."""
    verb: Word | None = None
    end, previous = -1, ""
    for word in clause.words:
        before, previous = previous, word.text
        if word.start < end:
            continue
        if word.text in DENIALS:
            return
        if verb is not None and (found := _read(part, word, verb.text, before)):
            value, start, end = found
            yield verb, value, start, end
        elif word.text in _MOVES:
            is_noun = before in DETERMINERS and word.text != "way"
            is_noun |= word.text == "leaves" and before not in _BEFORE_LEAVES
            verb = verb if is_noun else word
        elif word.text in DETERMINERS and before not in _BEFORE_PASSED:
            passes = verb is not None and verb.text in _PASSES
            verb = verb if passes else None  # `turns his head`: another thing follows


def _read(part: str, word: Word, verb: str, before: str) -> tuple[str, int, int] | None:
    """Return (way, start, end) where one is told at `word`, which stands after `before`."""
    if verb in _LEAVES and (on := _ON.match(part, word.start)):
        return on.group("side"), on.start("way"), on.end()
    match = _TO.match(part, word.start)
    if match is None or (match.group("e") and before in _BEFORE_PLACES):
        return None
    if verb in _ALONE and before != verb:
        return None
    return _value(match), match.start("way"), match.end()


def _value(match: re.Match[str]) -> str:
    def name(group: str) -> str:
        word = match.group(group) or ""
        return _NAMES.get(word, word)

    for first, second in (("a1", "a2"), ("b1", "b2"), ("g1", "g2")):
        if match.group(first):
            return f"{name(first)}_{name(second)}"
    return name("c") or name("d") or name("e") or name("f")
