"""Grammar of noun phrases: objects, props, places, backgrounds; each part at a token number.

Every function takes the tokens of one sentence and a number, and returns what it found with
the number of the token after it, or None. Nothing is skipped that is not known.
"""

from schemas.wording.operations import Found, Noun, Operation
from schemas.wording.tokens import Phrases, Tokens, skip, word_at
from schemas.wording.vocabulary import (
    ADJECTIVES,
    COLOURS,
    INTENSIFIERS,
    RANKS,
    SHAPES,
    SIZES,
    WHOLE_NUMBERS,
)

LOOSE_NOUNS = ("ball", "balls", "dot", "dots", "disc", "disk", "discs", "disks")
MAX_ADJECTIVES = 6
_STYLE_ADJECTIVES = ("outlined", "shaded")
_ACTIVE = Phrases(
    [
        (f"{pre}{word}", value)
        for value, group in {
            "action move": ("moving", "drifting", "gliding", "travelling", "traveling", "floating"),
            "action fall": ("falling", "dropping"),
            "action fly": ("flying",),
            "action rest": ("resting", "motionless", "stationary", "unmoving", "still", "static"),
            "change grow": ("growing", "expanding"),
            "change shrink": ("shrinking",),
            "change turn": ("rotating", "spinning", "turning"),
            "bounces yes": ("bouncing",),
        }.items()
        for word in group
        for pre in ("", "slowly ", "slow ", "quickly ", "fast ", "rapidly ")
    ]
)


def noun(tokens: Tokens, i: int) -> tuple[Noun, list[Operation], int] | None:
    """Find a noun phrase for objects, with what its adjectives state."""
    word = word_at(tokens, i)
    if word == "it":
        return Noun(kind="pronoun"), [], i + 1
    if word in ("they", "them"):
        return Noun(kind="pronoun", count=None), [], i + 1
    if word == "one" and (end := skip(tokens, i + 1, "is", "of them is", "being")) > i + 1:
        coloured = COLOURS.at(tokens, end)
        return (Noun(kind="one_of", colour=coloured[0]), [], coloured[1]) if coloured else None
    end = skip(tokens, i, "each other", "one another")
    if end > i:
        return Noun(kind="each_other"), [], end
    kind, count, rank, i = _determiner(tokens, i)
    bare_end = i
    colour = shape = size = None
    loose = False
    more: list[Operation] = []
    while True:
        word = word_at(tokens, i)
        if found := SHAPES.at(tokens, i):
            number, shape = found[0].split()
            loose = colour is None and word in LOOSE_NOUNS
            if shape == "object" and kind == "bare":
                return None
            i = found[1]
            end = skip(tokens, i, "that is", "which is")
            if loose and end > i and (after := COLOURS.at(tokens, end)):
                colour, i, loose = after[0], after[1], False
            break
        if found := COLOURS.at(tokens, i):
            if colour is not None:
                return None
            colour, i = found
            i = skip(tokens, i, "coloured", "colored")
        elif found := _ACTIVE.at(tokens, i):
            name, value = found[0].split()
            more.append(("set", name, True if name == "bounces" else value))
            pace = word_at(tokens, i)
            if name == "action" and value == "move" and found[1] - i > 1:
                more.append(("set", "speed", "slow" if pace.startswith("slow") else "fast"))
            i = found[1]
        elif found := SIZES.at(tokens, i):
            if size is not None:
                return None
            size, i = found
            i = skip(tokens, i, "sized")
        elif word in INTENSIFIERS or word in ADJECTIVES:
            i += 1
        elif word in _STYLE_ADJECTIVES:
            more.append(("scene", "style", word))
            i += 1
        elif (
            i > bare_end
            and word in (",", "and")
            and tokens[i - 1].endswith("ing") is False
            and _is_adjective(tokens, i + 1)
        ):
            i += 1
        elif word in ("one", "ones") and (kind == "other" or rank is not None or i > bare_end):
            number, shape = ("one" if word == "one" else "many"), "object"
            kind = "one_of" if kind == "new" else kind
            i += 1
            break
        elif colour and count == 1 and tokens[bare_end - 1 : bare_end] == ["one"]:
            kind, number, shape = "one_of", "one", "object"
            break
        elif kind in ("other", "pair") or (rank is not None and kind == "known"):
            if i > bare_end:
                return None
            number, shape = "one", "object"
            break
        else:
            return None
    if kind == "pair":
        if number == "many" or i > bare_end:
            kind, count = "known", count
        else:
            return Noun(kind="pronoun", count=count), more, i
    if number == "many" and count == 1:
        if kind in ("new", "other"):
            return None
        count = 1 if kind == "bare" else None
        if kind == "bare":
            return None
    if number == "one" and count not in (1, None):
        return None
    end = skip(tokens, i, "of")
    if end > i and (found := SIZES.at(tokens, end)) and word_at(tokens, found[1]) == "size":
        if size is None:
            size = found[0]
        i = found[1] + 1
    form = None if shape == "object" else shape
    return (
        Noun(kind=kind, count=count, colour=colour, shape=form, size=size, rank=rank, loose=loose),
        more,
        i,
    )


def _is_adjective(tokens: Tokens, i: int) -> bool:
    for _ in range(MAX_ADJECTIVES):
        if COLOURS.at(tokens, i) or SIZES.at(tokens, i):
            return True
        if word_at(tokens, i) not in ADJECTIVES:
            return False
        i += 1
    return False


def _determiner(tokens: Tokens, i: int) -> tuple[str, int | None, int | None, int]:
    """Return kind, count, rank and the number of the token after the determiner."""
    word, after = word_at(tokens, i), word_at(tokens, i + 1)
    if word in ("a", "an", "one"):
        if after in RANKS:
            return "new", 1, None, i + 2
        if after == "pair" and word_at(tokens, i + 2) == "of":
            return "new", 2, None, i + 3
        if word == "one" and after == "other":
            return "new", 1, None, i + 2
        return "new", 1, None, i + 1
    if word in ("another", "some"):
        return "new", 1, None, i + 1
    if word in WHOLE_NUMBERS:
        return "new", WHOLE_NUMBERS[word], None, skip(tokens, i + 1, "other", "more")
    if word in ("both", "all"):
        end = skip(tokens, i + 1, "of the", "of them", "the")
        if word_at(tokens, end) in WHOLE_NUMBERS:
            return "pair", WHOLE_NUMBERS[tokens[end]], None, end + 1
        return "pair", 2 if word == "both" else None, None, end
    if word in ("the", "this", "that", "these", "those"):
        if after == "other":
            return "other", 1, None, i + 2
        if after in RANKS:
            return "known", 1, RANKS[after], i + 2
        if after in WHOLE_NUMBERS and after not in ("1", "one"):
            return "pair", WHOLE_NUMBERS[after], None, i + 2
        return "known", 1, None, i + 1
    return "bare", 1, None, i


def adjective_list(tokens: Tokens, i: int) -> Found:
    """Find colours and sizes that stand alone: `red`, `small and blue`."""
    operations: list[Operation] = []
    while i < len(tokens):
        start = i
        i = i + 1 if tokens[i] in INTENSIFIERS else i
        if found := COLOURS.at(tokens, i):
            operations.append(("set", "colour", found[0]))
        elif found := SIZES.at(tokens, i):
            operations.append(("set", "size", found[0]))
        else:
            i = start
            break
        i = skip(tokens, found[1], "size") if operations[-1][1] == "size" else found[1]
        after = i + 1 if word_at(tokens, i) in ("and", ",") else i
        if after == i or not (COLOURS.at(tokens, after) or SIZES.at(tokens, after)):
            break
        i = after
    return (operations, i) if operations else None
