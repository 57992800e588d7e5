"""The forms of an English word: who looks for `moving` finds `moves` and `moved`, too.

A stemmer cuts words down until strangers meet (`stare` and `star`). Here a word's possible
base forms are inflected by rule instead; forms that are no words find nothing and do no harm.
"""

from __future__ import annotations

from functools import lru_cache

_IRREGULAR = (
    "be am is are was were been being",
    "begin began begun",
    "bite bit bitten",
    "blow blew blown",
    "break broke broken",
    "bring brought",
    "build built",
    "catch caught",
    "child children",
    "come came",
    "do does did done",
    "draw drew drawn",
    "drink drank drunk",
    "drive drove driven",
    "eat ate eaten",
    "fall fell fallen",
    "fight fought",
    "fly flies flew flown",
    "foot feet",
    "get got gotten",
    "give gave given",
    "go goes went gone",
    "grow grew grown",
    "hide hid hidden",
    "hold held",
    "knife knives",
    "leaf leaves",
    "leave left",
    "lie lay lain lying",
    "life lives",
    "make made",
    "man men",
    "mouse mice",
    "person people",
    "ride rode ridden",
    "ring rang rung",
    "rise rose risen",
    "run ran",
    "see saw seen",
    "shake shook shaken",
    "shine shone",
    "shrink shrank shrunk",
    "sing sang sung",
    "sink sank sunk",
    "sit sat",
    "speak spoke spoken",
    "spin spun",
    "spring sprang sprung",
    "stand stood",
    "swim swam swum",
    "swing swung",
    "take took taken",
    "throw threw thrown",
    "tooth teeth",
    "wear wore worn",
    "wind wound",
    "woman women",
    "write wrote written",
)
_SPELLINGS = (
    "centre center",
    "chequered checkered",
    "colour color",
    "coloured colored",
    "grey gray",
    "theatre theater",
    "tyre tire",
)
_AMBIGUOUS = frozenset({"left", "lay", "lives", "rose", "saw", "wound", "rung", "lying", "leaves"})
"""Forms that more often mean something else: they stand for themselves."""
_VOWELS = "aeiou"
_SIBILANTS = ("s", "x", "z", "ch", "sh")
MIN_LETTERS = 3
"""Shorter words have no forms but themselves."""


def _groups(lines: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {word: tuple(line.split()) for line in lines for word in line.split()}


_OTHER_FORMS = _groups(_IRREGULAR)
_OTHER_SPELLINGS = _groups(_SPELLINGS)


@lru_cache(maxsize=4096)
def forms_of(word: str) -> tuple[str, ...]:
    """Return the forms of a lower-case word, itself first, the rest sorted.

    Plural and singular, the verb's forms, the adverb in -ly, British and American spelling.
    A word with other letters than a to z has one form.
    """
    if len(word) < MIN_LETTERS or not (word.isascii() and word.isalpha()) or word in _AMBIGUOUS:
        return (word,)
    found = {word}
    for base in _bases(word):
        for spelling in _OTHER_SPELLINGS.get(base, (base,)):
            found |= _inflected(spelling)
    found -= _AMBIGUOUS
    return (word, *sorted(found - {word}))


def _bases(word: str) -> set[str]:
    """Return what a word may be a form of."""
    irregular = _OTHER_FORMS.get(word)
    if irregular is not None:
        return {irregular[0]}
    found = {word}
    if word.endswith("ies") and len(word) > 4:
        found.add(word[:-3] + "y")
    elif word.endswith("es") and word[:-2].endswith((*_SIBILANTS, "o")):
        found |= {word[:-2], word[:-1]}
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        found.add(word[:-1])
    if word.endswith("ied") and len(word) > 4:
        found.add(word[:-3] + "y")
    for ending in ("ed", "ing"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 2 and any(letter in "aeiouy" for letter in rest):
            found.add(rest + "e")
            if rest[-1] == rest[-2] and rest[-1] not in "aeiou":
                found.add(rest[:-1])
                if rest[-1] in "lsz":
                    found.add(rest)
            else:
                found.add(rest)
    if word.endswith("ly") and len(word) > 4:
        found.add(word[:-2])
        if word.endswith("ily"):
            found.add(word[:-3] + "y")
    return found


def _inflected(base: str) -> set[str]:
    """Return the regular forms of a base, and the irregular ones where there are any."""
    irregular = _OTHER_FORMS.get(base, ())
    if irregular and irregular[0] == "be":
        return set(irregular)
    found = {base, *irregular}
    if len(base) < 2:
        return found
    ends_in_consonant_y = base.endswith("y") and base[-2] not in _VOWELS
    if ends_in_consonant_y:
        found |= {base[:-1] + ending for ending in ("ies", "ied", "ily")}
        found.add(base + "ing")
    elif base.endswith("e"):
        found |= {base + "s", base + "d", base + "ly"}
        found.add(base[:-1] + "ing")
    else:
        found.add(base + ("es" if base.endswith(_SIBILANTS) else "s"))
        found.add(base + "ly")
        stems = {base}
        if _doubles(base):
            stems = {base + base[-1]}
        if base.endswith("l"):
            stems = {base, base + "l"}
        found |= {stem + ending for stem in stems for ending in ("ed", "ing")}
    if base.endswith("o"):
        found.add(base + "es")
    return found


def _doubles(base: str) -> bool:
    """Return whether the last letter is doubled before -ed: `stop`, not `look`, `fix`, `open`."""
    if len(base) < 3 or base[-1] in "aeiouwxy" or base[-2] not in _VOWELS:
        return False
    if base[-3] in _VOWELS and not base.endswith(("quit", "quiz")):
        return False
    return sum(letter in _VOWELS for letter in base) == 1
