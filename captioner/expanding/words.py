"""Words as far as comparing texts needs them: stems, and which words carry no meaning."""

from __future__ import annotations

from functools import cache

from schemas.wording.tokens import words as listed

STOP_WORDS = frozenset(
    listed(
        """a an the this that these those and or but then so as of to in on at by for from with into
    onto is are was were be been being am it its it's itself he she they them their his her him
    there here which who whose what where when while has have had having do does did will would
    can could shall should may might must very really quite just also too some any such i me my
    we us our you your one's own now one's if than about"""
    )
)
ASKING = frozenset(
    listed(
        """please make show draw create generate animate render give produce want wants like let's
    video clip footage movie film animation scene shot picture image want'd i'd need see let
    """
    )
)
"""Words of the request itself, not of what is asked for."""
DENIALS = frozenset(("no", "not", "without", "never", "nobody", "nothing", "none", "neither"))
COLOUR_WORDS = {
    word: word
    for word in listed(
        """red orange yellow green cyan blue purple pink black white brown gold golden
    silver beige violet turquoise magenta teal maroon navy cream crimson scarlet"""
    )
} | {"grey": "grey", "gray": "grey"}
NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        listed(
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen twenty"""
        )
    )
} | {str(number): str(number) for number in range(101)}

_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "mice": "mouse",
    "feet": "foot", "teeth": "tooth", "geese": "goose", "leaves": "leaf", "wolves": "wolf",
    "knives": "knife", "ran": "run", "went": "go", "goes": "go", "gone": "go", "flew": "fly",
    "flown": "fly", "fell": "fall", "fallen": "fall", "swam": "swim", "sat": "sit",
    "stood": "stand", "drove": "drive", "driven": "drive", "rode": "ride", "ridden": "ride",
    "threw": "throw", "thrown": "throw", "ate": "eat", "eaten": "eat", "saw": "see",
    "seen": "see", "took": "take", "taken": "take", "came": "come", "rose": "rise",
    "risen": "rise", "broke": "break", "broken": "break", "lying": "lie", "dying": "die",
    "lit": "light", "spun": "spin", "held": "hold", "left": "left", "colour": "color",
    "colours": "color", "coloured": "color", "centre": "center", "bus": "bus", "glass": "glass",
    "grass": "grass", "his": "his", "leftwards": "left", "rightwards": "right",
    "leftward": "left", "rightward": "right", "upwards": "up", "upward": "up",
    "downwards": "down", "downward": "down",
}  # fmt: skip
_SHORTEST = 3


@cache
def stem(word: str) -> str:
    """Return a key that inflected forms of one word share: `running`, `runs` -> `run`.

    A rule, not a dictionary: it joins forms more readily than it parts words.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for suffix, least in (("ings", 4), ("ing", 3), ("edly", 4), ("ies", 2), ("ied", 2), ("ed", 3),
                          ("sses", 2), ("es", 3), ("ly", 3), ("s", 3)):  # fmt: skip
        if not word.endswith(suffix) or len(word) - len(suffix) < least:
            continue
        if suffix == "s" and word.endswith(("ss", "us", "is")):
            continue
        root = word[: -len(suffix)]
        if suffix in ("ies", "ied"):
            root += "y"
        elif suffix == "sses":
            root += "ss"
        elif len(root) > _SHORTEST and root[-1] == root[-2] and root[-1] not in "lsz":
            root = root[:-1]
        word = root
        break
    if len(word) > _SHORTEST and word.endswith("e"):
        word = word[:-1]
    if len(word) > _SHORTEST and word.endswith("y") and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    return word
