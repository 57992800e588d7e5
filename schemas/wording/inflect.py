"""Forms of English verbs and nouns, by rule, with the exceptions that the lexicon needs."""

from functools import cache

_DOUBLED = frozenset(
    ("begin", "cut", "dip", "drop", "get", "hit", "pan", "put", "run", "set", "sit", "slip", "spin")
)
_PAST = {
    "begin": "began",
    "bite": "bit",
    "break": "broke",
    "come": "came",
    "creep": "crept",
    "do": "did",
    "fall": "fell",
    "fly": "flew",
    "get": "got",
    "go": "went",
    "grow": "grew",
    "hit": "hit",
    "hold": "held",
    "keep": "kept",
    "leave": "left",
    "lie": "lay",
    "make": "made",
    "put": "put",
    "run": "ran",
    "shoot": "shot",
    "shrink": "shrank",
    "sit": "sat",
    "slide": "slid",
    "speed": "sped",
    "spin": "spun",
    "stand": "stood",
    "swell": "swelled",
    "sweep": "swept",
    "take": "took",
    "leap": "leapt",
    "rise": "rose",
    "sink": "sank",
    "eat": "ate",
    "strike": "struck",
    "draw": "drew",
    "become": "became",
    "blow": "blew",
    "hide": "hid",
}
_PARTICIPLE = {"lie": "lying", "be": "being", "dye": "dyeing"}
_PRESENT = {"have": "has", "be": "is", "do": "does", "go": "goes"}


@cache
def present(verb: str) -> str:
    """Return the third person singular: `moves`, `carries`, `passes`."""
    if verb in _PRESENT:
        return _PRESENT[verb]
    if verb.endswith(("s", "x", "ch", "sh", "z")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


@cache
def participle(verb: str) -> str:
    """Return the present participle: `moving`, `hitting`, `lying`."""
    if verb in _PARTICIPLE:
        return _PARTICIPLE[verb]
    if verb.endswith("e") and not verb.endswith(("ee", "oe")):
        return verb[:-1] + "ing"
    return verb + (verb[-1] if verb in _DOUBLED else "") + "ing"


@cache
def past(verb: str) -> str:
    """Return the simple past: `moved`, `hit`, `stopped`."""
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + (verb[-1] if verb in _DOUBLED else "") + "ed"


def split_verb(phrase: str) -> tuple[str, str]:
    """Return the verb, the phrase's first word, and the rest with its leading blank."""
    verb, _, rest = phrase.partition(" ")
    return verb, f" {rest}" if rest else ""


def article(phrase: str) -> str:
    """Return the phrase with `a` or `an` before it."""
    vowel = phrase[:1].lower() in "aeiou" and not phrase.lower().startswith("uni")
    return f"{'an' if vowel else 'a'} {phrase}"
