"""Claims about how many there are, in free English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captioner.claims.claim import Claim

NUMBERS: dict[str, int] = {
    "one": 1,
    "single": 1,
    "lone": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_WORD = "|".join(NUMBERS)
_COUNT = re.compile(
    rf"(?<![\w.,:-])(?P<number>{_WORD}|\d{{1,2}})"
    r"(?P<between>(?:\s+(?!of\b|and\b|or\b|in\b|on\b|to\b|is\b|are\b|the\b|at\b|by\b|with\b|"
    r"from\b|after\b|another\b)[a-z][a-z-]*,?){0,4}?)\s+(?P<noun>[a-z][a-z-]+)\b"
)
_ONE = re.compile(
    r"\s+(?P<group>[a-z-]+(?:\s+[a-z-]+){0,3}?)(?=\s+(?:is|are|was|stands?|sits?|lies|moves?|walks?|"
    r"runs?|in|on|at|with|against|rests?|drifts?|travels?|glides?|and|that|who)\b|[.,;])"
)
_NOT_THINGS = frozenset(
    [
        "second",
        "seconds",
        "minute",
        "minutes",
        "hour",
        "hours",
        "percent",
        "frame",
        "frames",
        "pixel",
        "pixels",
        "time",
        "times",
        "degree",
        "degrees",
        "meter",
        "meters",
        "metre",
        "metres",
        "foot",
        "feet",
        "side",
        "sides",
        "way",
        "ways",
        "half",
        "part",
        "parts",
        "point",
        "points",
        "end",
        "ends",
        "moment",
        "moments",
        "year",
        "years",
        "day",
        "days",
        "am",
        "pm",
        "fps",
        "by",
        "another",
        "other",
        "others",
        "more",
        "direction",
        "directions",
        "hand",
        "corner",
        "corners",
        "edge",
        "edges",
        "third",
        "thirds",
        "angle",
        "by",
        "step",
        "steps",
        "row",
        "rows",
        "tone",
        "tones",
        "shade",
        "shades",
        "stage",
        "stages",
    ]
)
_STOPS = frozenset(
    [
        "of",
        "and",
        "or",
        "in",
        "on",
        "to",
        "is",
        "are",
        "the",
        "at",
        "by",
        "with",
        "from",
        "after",
        "as",
        "his",
        "her",
        "its",
    ]
)
_IRREGULAR = {
    "men": "man",
    "women": "woman",
    "people": "person",
    "children": "child",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "leaves": "leaf",
    "knives": "knife",
    "wolves": "wolf",
    "shelves": "shelf",
    "loaves": "loaf",
    "sheep": "sheep",
    "fish": "fish",
    "deer": "deer",
}


def singular(noun: str) -> str:
    """Return a noun's singular, roughly; a singular stays as it is."""
    noun = noun.lower()
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if noun.endswith("ies") and len(noun) > 4:
        return f"{noun[:-3]}y"
    if noun.endswith(("ches", "shes", "xes", "sses")):
        return noun[:-2]
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is")):
        return noun[:-1]
    return noun


def plural(noun: str) -> bool:
    """Tell whether a noun is a plural."""
    return noun in _IRREGULAR or singular(noun) != noun


def find_count_claims(text: str) -> Iterator[Claim]:
    """Yield `two dogs` as (2, dog). Times, lengths and shares are no counts of things.

    Between number and noun there may be adjectives; the noun is the first plural, or for
    one the word before a verb. `one of`, `another one` and the like state no number.
    """
    lower = text.lower()
    position = 0
    while match := _COUNT.search(lower, position):
        position = match.start("number") + 1
        word = match.group("number")
        number = NUMBERS[word] if word in NUMBERS else int(word)
        found = _head(lower, match.end("number"), number)
        if found is None or number == 0:
            continue
        yield Claim(
            topic="count",
            value=str(number),
            start=match.start("number"),
            end=match.end("number"),
            about=found,
        )


def _head(lower: str, start: int, number: int) -> str | None:
    words = re.match(r"(?:\s+[a-z][a-z-]*,?){1,5}", lower[start:])
    if words is None:
        return None
    before: list[str] = []
    for word in words.group().replace(",", " ").split():
        if word in _NOT_THINGS or word in _STOPS:
            return None
        if number > 1 and plural(word):
            return " ".join([*before, singular(word)])
        before.append(word)
        if number == 1:
            break
    if number == 1:  # the last word of the group before something that is no noun
        group = _ONE.match(lower[start:])
        if group:
            *adjectives, noun = group.group("group").split()
            return None if noun in _NOT_THINGS else " ".join([*adjectives, singular(noun)])
    return None
