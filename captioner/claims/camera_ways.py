"""Ways of the camera: the words for left, up or nearer."""

from __future__ import annotations

import re

from captioner.claims.camera_words import (
    CLOSES,
    DOWNS,
    FORWARD,
    GOES,
    MOTION,
    NAMED,
    OUTS,
    TURNS,
    UPS,
    ZOOMS,
    forms,
)

WAY = r"(?:left(?:wards?)?|right(?:wards?)?|up(?:wards?)?|down(?:wards?)?)"
WAY_NAMES: dict[str, str] = {
    "top": "up", "upper": "up", "sky": "up", "heaven": "up", "ceiling": "up", "skyline": "up",
    "bottom": "down", "lower": "down", "ground": "down", "floor": "down", "earth": "down",
}  # fmt: skip
"""What is named as the goal -> the way there."""
_PICTURE = r"(?:frame|picture|image|scene|shot|screen|view|room|set|place|street)"
_PART = (
    r"(?:[-\s]hand)?(?:\s+(?:side|edge|part|end|border|margin|half|"
    rf"direction))?(?!\s+of\s+(?!the\s+{_PICTURE}\b))"
)
_THERE = (
    r"(?:to|towards?|onto|over\s+to)\s+(?:the|its|our|a)\s+(?:far\s+|very\s+|upper\s+|lower\s+)?"
)
_CROSS = r"(?:left|right|top|bottom|above|below)"
_SIDE = re.compile(
    rf"(?:over\s+|off\s+)?(?:"
    rf"from\s+(?:the\s+)?{_CROSS}(?:[-\s]hand)?(?:\s+side|\s+edge)?\s+(?:over\s+)?(?:to|"
    r"towards?)\s+(?:the\s+)?(?P<a>left|right|top|bottom)"
    rf"|{_CROSS}[-\s]to[-\s](?P<b>left|right|top|bottom)"
    rf"|{_THERE}(?P<c>left|right|top|bottom)(?:wards?)?{_PART}"
    rf"|(?:to|towards?)\s+(?P<d>left|right)"
    r"|(?:in\s+(?:a|the)\s+)?(?P<e>left|right|up|down)[-\s]?wards?(?:\s+direction)?"
    r"|(?P<f>sky|heaven|earth|ground)[-\s]?wards?"
    r"|(?:to|towards?)\s+the\s+(?P<g>sky|ceiling|ground|floor|skyline|heaven)s?"
    r")\b"
)
_BARE_SIDE = re.compile(
    r"(?P<way>left|right|up|down)\b(?!\s+(?:close|against|behind|next|beside|before|until|"
    r"in\s+front|above|below|at\s+the|by\s+the|on\s+the|of\b|(?:the|a)\s+(?:street|road|hall|"
    r"hallway|path|aisle|corridor|stairs|hill|river|track|lane|steps)))"
)
_UP_TO = re.compile(
    r"\s+to\s+(?!(?:the\s+)?(?:left|right|sky|top|roof|ceiling)|show|reveal|see|find|follow|"
    r"take|expose|bring|catch|give|include|uncover|disclose|where|what|present)"
)
"""`moves up to the door` is nearer."""
_HEIGHT = re.compile(
    r"(?:ever\s+|even\s+)?(?:(?P<up>higher)|lower)\b(?!\s+(?:part|half|angle|edge))"
)
_NEAR = re.compile(
    r"(?:(?:in|ever|much|a\s+(?:little|bit|touch)|slightly|still)\s+)?(?:(?P<in>inwards?|"
    r"closer|nearer|tighter|"
    r"forwards?|onwards?|ahead)|(?P<out>outwards?|backwards?|rearwards?|wider|(?:further|"
    r"farther)(?:\s+and\s+"
    r"(?:further|farther))?\s+(?:away|back|out|off)|away))\b(?!\s+(?:look|view|shot|and\s+forth)\b)"
)
_IN = re.compile(
    r"in\b(?=\s*$|\s*[,.;:!?]|\s+(?:on|upon|closer|close|tight|tightly|toward|towards|to|for|"
    r"and|until|"
    r"as|while|from|with|slowly|gently|gradually|smoothly|quickly|steadily|further|nearer|"
    r"past|at|over|"
    r"through|along|then|before|very|so|rapidly|slightly)\b)"
)
_OUT = re.compile(
    r"(?:out|off|back(?!\s+to\s+(?:the|him|her|a)\b))\b(?!\s+(?:of\s+focus|and\s+forth|on\b|up\b))"
)
_OUT_OF = re.compile(r"\s+of\b")
_INTO = re.compile(
    r"(?:into|towards?|up\s+to|in\s+towards?|onto|to(?=\s+(?:the\s+)?(?:subject|face|centre|"
    r"center|middle)))\b"
)
_NEAR_END = re.compile(r"near\b(?=\s*(?:$|[,.;]))")
_GAP = re.compile(r"(?:the|its)\s+(?:distance|gap)\b")
_PULLS = GOES | ZOOMS | OUTS | CLOSES | forms("drop") | {"fall", "falls", "falling", "fell"}
_TAKES = frozenset(("take", "takes", "taking", "taken", "took"))
_LIFTS = TURNS | GOES | UPS | DOWNS
_GOES_IN = (GOES | ZOOMS | CLOSES | NAMED) - _TAKES
BACKS = frozenset(("back", "backs", "backing", "backed"))
_PHRASE_END = re.compile(r"\s*(?:[,.;:!?\u2014]|\b(?:and|to|then|before|while|as|until)\b|$)")


def read_way(part: str, start: int, verb: str) -> tuple[str, int] | None:
    """Return the way told at `start` and where it ends, None where no way is told there.

    `verb` is the verb before it: `in` is a way only after those that can go in.
    """
    if match := _SIDE.match(part, start):
        word = next(name for name in match.groups() if name)
        return WAY_NAMES.get(word, word), match.end()
    if match := _BARE_SIDE.match(part, start):
        if match.group("way") in ("up", "down") and verb not in _LIFTS:
            return None
        if match.group("way") == "up" and verb in GOES and _UP_TO.match(part, match.end()):
            return None
        return match.group("way"), match.end()
    if verb in MOTION and (match := _HEIGHT.match(part, start)):
        return ("up" if match.group("up") else "down"), match.end()
    if match := _NEAR.match(part, start):
        if verb in TURNS:
            return None
        return ("in" if match.group("in") else "out"), match.end()
    if verb in _GOES_IN and (match := _IN.match(part, start)):
        return "in", match.end()
    if verb in _PULLS and (match := _OUT.match(part, start)):
        is_away = match.group() == "out" and verb not in ZOOMS and _OUT_OF.match(part, match.end())
        turned = match.group() == "off" and verb not in BACKS
        return None if is_away or turned else ("out", match.end())
    if verb in FORWARD and (match := _INTO.match(part, start)):
        return "in", phrase_end(part, match.end())
    if match := _NEAR_END.match(part, start):
        return "in", match.end()
    if verb in CLOSES and (match := _GAP.match(part, start)):
        return "in", match.end()
    return None


def phrase_end(part: str, start: int) -> int:
    """Return the end of the words that lean on a movement: up to a mark or the next action."""
    stop = _PHRASE_END.search(part, start)
    return stop.start() if stop else len(part)
